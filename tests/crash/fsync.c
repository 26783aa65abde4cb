/* fsync.c - syncs fail beneath a server under load, and lose what they were to write.
 *
 *   fsync [--rounds N] [--seed S]
 *
 * The shim lets the next few syncs fail with EIO at a random moment and overwrites what was not yet
 * synced with zeros, as a disk does whose kernel then calls the pages clean. Who was answered OK is
 * owed his message all the same; who was refused must not find it. Every other round the server is
 * killed afterwards, so that what it says comes from the files.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/options.h"
#include "crash/scene.h"
#include "crash/trouble.h"
#include "support/fail.h"

enum { FAILS_MAX = 4, RECOVER_S = 20 };

static int rounds = 6;
static unsigned seed;

static bool takes_mail(void *arg)
{
    struct scene *s = arg;
    int before = ledger_count(s->ledger);
    scene_pause(20);
    return ledger_count(s->ledger) > before + 5;
}

static void one_round(struct scene *s, struct trouble *t, int round)
{
    unsigned struck = t->syncs_struck;
    scene_work(s, true);
    scene_pause(50 + scene_chance(s, 150));
    t->sync_fails = 1 + (int)scene_chance(s, FAILS_MAX);
    for (int i = 0; t->sync_fails > 0 && i < 200; i++)
        scene_pause(10);
    if (t->syncs_struck == struck) fail_now("no sync came to fail");
    if (!wait_until(takes_mail, s, RECOVER_S))
        fail_now("no mail is taken after failed syncs: %s", file_read(server_log(s->server), NULL));
    scene_rest(s);
    scene_compare(s);
    if (round % 2) {
        server_kill(s->server);
        server_restart(s->server);
        scene_compare(s);
    }
    scene_check(s);
    scene_tidy(s);
}

static void test_failed_syncs(void **state)
{
    (void)state;
    struct scene s = { .random = seed, .world = world_new(), .relays = true };
    struct trouble *t = trouble_begin(s.world);
    printf("# seed %u, %d rounds\n", seed, rounds);
    fflush(stdout);
    scene_begin(&s);
    for (int i = 0; i < rounds; i++)
        one_round(&s, t, i);
    printf("# %u syncs failed\n", t->syncs_struck);
    scene_end(&s, "syncs failed", rounds);
    trouble_end(t);
}

int main(int argc, char **argv)
{
    options_read(argc, argv, &rounds, &seed);
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_failed_syncs) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
