/* workloads.h - what a store is at when the power fails. */
#ifndef CRASH_WORKLOADS_H
#define CRASH_WORKLOADS_H

#include "crash/life.h"

struct workload {
    const char *name;
    void (*run)(struct life *l); /* a fiber */
};
extern const struct workload workloads[];
extern const unsigned workloads_n;

#endif
