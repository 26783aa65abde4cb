/* catalog_int.h - which segments there are, and what of each log counts. */
#ifndef STORE_EMBEDDED_CATALOG_INT_H
#define STORE_EMBEDDED_CATALOG_INT_H

#include "store/embedded/embedded_int.h"

/* One file of the journal's folder. */
struct found {
    uint64_t number;
    bool committed; /* the index knows it as a large body's: its header was not read */
    enum err state; /* of its header, as segment_open says */
    struct segment_head head;
    uint64_t size;  /* of the file */
    bool abandoned; /* a log that a later one passes over: nothing in it counts */
    uint64_t end;   /* of a log: what of it counts; 0: it is the newest, the walk will tell */
};
struct catalog {
    struct found *found; /* by number */
    size_t n, cap;
};

enum err catalog_list(struct embedded *e, struct catalog *c) MUST_CHECK; /* numbers. ERR_LATER */
void catalog_head(struct embedded *e, struct found *f); /* fills committed, state and head */
void catalog_link(struct catalog *c); /* fills abandoned and end, from the heads */
void catalog_free(struct catalog *c);
bool found_is_log(const struct found *f);
/* Whether a commit names this large body's segment, as far as the index and memory know. */
bool stream_is_committed(struct embedded *e, uint64_t segment);

#endif
