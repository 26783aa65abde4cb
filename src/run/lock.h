/* lock.h - a mutex for the few short sections that threads share (never held over a wait).
 *
 * Protocol code has none: a session never changes thread. This serves tables that belong to the
 * process: the store's watches, the cache of verified passwords, maildrop locks.
 */
#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include <pthread.h>

#include "base/mem.h"

struct lock { pthread_mutex_t mutex; };

static inline void lock_init(struct lock *l) { pthread_mutex_init(&l->mutex, NULL); }
static inline void lock_take(struct lock *l) { pthread_mutex_lock(&l->mutex); }
static inline void lock_drop(struct lock *l) { pthread_mutex_unlock(&l->mutex); }
static inline void lock_end(struct lock *l) { pthread_mutex_destroy(&l->mutex); }

#endif
