/* engine.h - the field on which attacks are played, for main.c and engine.c. */
#ifndef ATTACKS_ENGINE_H
#define ATTACKS_ENGINE_H

#include <sys/types.h>

#include "attacks/attack.h"

enum { FILES_MORE = 8 /* descriptors that a class may leave: the store keeps files open */ };

struct field {
    struct world *world;
    struct server *server;
    const char *ca;
    pid_t parent, pid; /* who was started, and who serves */
    struct wire *bob;  /* another client, there all the time */
    int bobs;          /* messages that came to him: each was reported */
    bool sanitized;
    long kb;                    /* memory after warming up */
    long class_kb, class_files; /* as the class began */
    const struct class *class;
    char name[160]; /* of the attack that is played */
    double began_s, slowest_s;
    size_t played;
    bool failed;
};

void field_open(struct field *f);
void field_play(struct field *f, const struct class *class);
void field_close(struct field *f);

#endif
