/* deliver_int.h - what the files of deliver share. */
#ifndef DELIVER_DELIVER_INT_H
#define DELIVER_DELIVER_INT_H

#include "deliver/deliver.h"

struct deliver {
    struct seam *seam;
    struct store *store;
    const struct deliver_settings *settings;
};

/* accept.c */
void deliver_log(const struct accept *message);

#endif
