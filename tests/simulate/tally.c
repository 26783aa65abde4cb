/* tally.c - what happened over all seeds: shows that the mishaps really did. */
#include "simulate/simulate.h"

const struct tally_row tally_rows[TALLY_N] = {
    [TALLY_LETTERS] = { "letters", true },
    [TALLY_ACCEPTED] = { "accepted", true },
    [TALLY_UNDECIDED] = { "undecided", true },
    [TALLY_REFUSED] = { "refused", true },
    [TALLY_DELIVERED] = { "delivered", true },
    [TALLY_BOUNCES] = { "bounces", true },
    [TALLY_DUPLICATES] = { "allowed duplicates", true },
    [TALLY_POWER_CUTS] = { "power cuts", true },
    [TALLY_POWER_CUTS_INSIDE] = { "of these inside a change", true },
    [TALLY_RESTARTS] = { "restarts", true },
    [TALLY_DISKS_FULL] = { "full disks", true },
    [TALLY_DISK_FAULTS] = { "calls that the disk failed", true },
    [TALLY_DNS_FAILURES] = { "DNS failures", true },
    [TALLY_DROPS] = { "broken connections", true },
    [TALLY_CUTS] = { "cut networks", true },
    [TALLY_CLOCK_JUMPS] = { "clock jumps", true },
    [TALLY_DEVICES] = { "acts of devices", false },
};
