/* trouble.h - what a test lets go wrong beneath a server that runs.
 *
 * The server is started with trouble_shim.so before the C library; both map one file, through which
 * the test says what fails from now on. A kernel would not do these on request: it remounts nothing
 * read-only while files are open for writing, but does so itself when a disk fails under it; and it
 * loses what a failed fsync was to write (the shim overwrites it with zeros).
 */
#ifndef CRASH_TROUBLE_H
#define CRASH_TROUBLE_H

#include <stdint.h>

#define TROUBLE_FILE "POSTHORN_TEST_TROUBLE" /* the environment's name for it */

struct trouble {
    _Atomic int sync_fails; /* so many syncs from now on fail with EIO, and lose what they had */
    _Atomic int read_only;  /* every change of a file fails with EROFS */
    _Atomic int threads_refused; /* pthread_create fails with EAGAIN from this one on, 1: the next;
                                    0: none */
    _Atomic int64_t wall_us;     /* the wall clock is so much ahead, or behind */
    _Atomic unsigned syncs_struck; /* syncs that failed so far */
    _Atomic unsigned changes_struck;
    _Atomic unsigned threads_struck;
};

struct world;
/* Servers that are started between these two run on the shim, now and when they are started again.
 */
struct trouble *trouble_begin(struct world *w);
void trouble_end(struct trouble *t);

#endif
