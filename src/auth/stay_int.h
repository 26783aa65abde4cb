/* stay_int.h - what auth.c and stay.c share. Private to auth/. */
#ifndef AUTH_STAY_INT_H
#define AUTH_STAY_INT_H

#include "auth/auth.h"
#include "base/map.h"
#include "run/lock.h"

enum { AUTH_TAG_BYTES = 32 };
struct remembered {
    uint8_t tag[AUTH_TAG_BYTES];
    uint64_t until_us;
};

struct stays;

struct auth {
    struct seam *seam;
    struct store *store;
    const struct auth_settings *settings;
    struct pool *pool;
    struct guard *guard; /* or NULL */
    uint8_t key[32];
    struct buf nobody;             /* the hash that an unknown user's password is checked against */
    struct lock lock;              /* guards the tables below */
    struct remembered *remembered; /* AUTH_REMEMBERED slots, by a hash of the address */
    struct map *uses;              /* account number -> struct auth_use */
    struct stays *stays;           /* one a loop on which somebody logged in */
};

/* A number that stands for an address or a stored hash, under the process's key. */
uint64_t stay_stamp(const struct auth *a, str text);
void stays_changed(struct auth *a, str user); /* any thread */
void stays_free(struct stays *all);
void uses_free(struct map *uses);

#endif
