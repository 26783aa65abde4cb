/* attack.h - attacks as tables: what a stranger or a user sends, and all that may come back. */
#ifndef ATTACKS_ATTACK_H
#define ATTACKS_ATTACK_H

#include <stddef.h>

#include "support/wire.h"

struct attack {
    const char *guards; /* the rule of docs/security.md, or the hole that it repeats */
    const char *say;    /* sent at once; the session ends by itself or by its last command */
    size_t say_n;       /* it may hold NULs */
    const char *want;   /* everything answered, lines joined by LF: a whole extended expression */
};
#define SAY(literal) (literal), sizeof(literal) - 1

/* bomb.c: compressed sessions; other is somebody else's, logged in. */
void play_bomb(struct server *s, const char *ca, struct wire *other);
void play_damage(struct server *s, const char *ca);

extern const struct attack smtp_attacks[], imap_stranger_attacks[], imap_user_attacks[], imap_sharing_attacks[],
    pop3_stranger_attacks[], pop3_user_attacks[];
extern const size_t smtp_attacks_n, imap_stranger_attacks_n, imap_user_attacks_n, imap_sharing_attacks_n,
    pop3_stranger_attacks_n, pop3_user_attacks_n;

#endif
