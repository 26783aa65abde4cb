/* tree.h - what a program and all that descend from it use: a system of many processes is one. */
#ifndef SUPPORT_TREE_H
#define SUPPORT_TREE_H

#include <stddef.h>
#include <sys/types.h>

double tree_cpu_s(const pid_t *roots, size_t n); /* also of those that ended and were waited for */
/* Proportional set size; without the shells and namespaces in which peers.sh puts a peer. */
double tree_pss_kb(const pid_t *roots, size_t n);

#endif
