/* process.h - the process as a whole: worker threads with their loops, signals, the log's sink.
 *
 * SIGTERM and SIGINT drain and end; SIGHUP reloads (certificates, configuration where it can
 * change); SIGPIPE is ignored. Signals arrive on one thread (signalfd in the first loop).
 */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

#include "run/loop.h"

struct process_hooks {
    /* On each worker's own thread, before its loop runs: attach listeners, start system fibers. */
    enum err (*worker_start)(void *arg, struct loop *loop, unsigned index);
    void (*worker_end)(void *arg, struct loop *loop, unsigned index);
    void (*reload)(void *arg); /* SIGHUP; on the first worker, may not wait */
    void (*ready)(void *arg);  /* every worker runs */
    unsigned turn_ms;          /* a worker that is busy with one turn for so long has broken down; 0: never */
};
/* For a start that waits, before there are loops. */
void process_pause(unsigned ms);
/* Runs workers (0: one a core) until a signal or process_stop, and drains for at most grace_ms; a
 * second signal cuts that short. Returns 0, or 1 if a worker could not start. */
int process_run(struct seam *seam, unsigned workers, unsigned grace_ms, const struct process_hooks *hooks, void *arg);
void process_stop(void); /* any thread: as SIGTERM */

/* Log lines to a descriptor, each with its time in front, written whole; the descriptor stays the caller's. */
void process_log_to_fd(int fd);
/* Root becomes the owner of that folder, so that the files it makes there are the server's too; anybody
 * else, and root on a folder of its own or none, stays. False: the system did not let it. */
bool process_become_owner(const char *dir) MUST_CHECK;
/* Root gives that folder's owner all that lies in it; for anybody else nothing is to be done. False:
 * the system did not let it. */
bool process_give_to_owner(const char *dir) MUST_CHECK;
/* From here on a read of a mapped file that the disk or another process took away ends the process with
 * a line on standard error that names the file (lost_page.c). */
void process_name_lost_pages(void);
unsigned process_raise_fd_limit(void); /* RLIMIT_NOFILE to its hard maximum, which it returns */

#endif
