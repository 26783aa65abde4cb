/* seam.h - the whole outside world: clock, randomness, files, sockets, waiting, threads, DNS.
 *
 * Nothing else in the program may reach outside (tools/lint_banned enforces it). There are two
 * implementations: the real one (seam_real.c) and the simulated one (seam_sim.c), in which time
 * moves when everybody waits, the network is in memory, and a file keeps only what was synced when
 * its machine loses power. One simulated world holds several machines, each with a seam of its own.
 *
 * Handles are ints >= 0. Errors of files and sockets are negative errno values (-EAGAIN, -ENOSPC):
 * callers map them once, to enum err, where they know what they mean.
 * Every call is thread-safe unless it says otherwise. None of them suspends a fiber.
 */
#ifndef RUN_SEAM_H
#define RUN_SEAM_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "run/netaddr.h"

struct loop;
struct seam;

/* The system's words for an errno of either sign, never NULL; 0 gives "no error". */
const char *seam_error_text(int error);

/* --- clock and randomness --------------------------------------------------------------------- */
uint64_t seam_mono_us(struct seam *s); /* never goes back; for deadlines and durations */
int64_t seam_wall_us(struct seam *s);  /* since 1970 UTC; may jump; for dates only */
void seam_random(struct seam *s, void *p, size_t n);

/* --- files --------------------------------------------------------------------------------------
 * Paths are absolute or relative to the data folder given to the constructor. */
enum seam_open {
    SEAM_READ = 0,
    SEAM_WRITE = 1,     /* read and write */
    SEAM_CREATE = 2,    /* with WRITE: make it, mode 0600 */
    SEAM_EXCLUSIVE = 4, /* with CREATE: -EEXIST if it is there */
    SEAM_NOFOLLOW = 8,  /* -ELOOP if the name is a symbolic link's */
};
int seam_open(struct seam *s, const char *path, unsigned how);
int seam_close(struct seam *s, int file);
ssize_t seam_pread(struct seam *s, int file, void *p, size_t n, uint64_t at); /* short only at the end */
ssize_t seam_pread_cached(struct seam *s, int file, void *p, size_t n, uint64_t at); /* -EAGAIN if it would wait for the disk (preadv2 RWF_NOWAIT); short if only a part would not */
ssize_t seam_pwritev(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at); /* may be short */
int seam_fdatasync(struct seam *s, int file);
int seam_truncate(struct seam *s, int file, uint64_t size);
int seam_allocate(struct seam *s, int file, uint64_t from, uint64_t size); /* fallocate, size grows */
int64_t seam_size(struct seam *s, int file);
int seam_rename(struct seam *s, const char *from, const char *to);
int seam_rename_new(struct seam *s, const char *from, const char *to); /* -EEXIST: to is taken, and stays */
/* What has the name; a symbolic link is not followed, and is SEAM_OTHER as devices and pipes are. */
enum seam_kind { SEAM_FILE, SEAM_FOLDER, SEAM_OTHER };
struct seam_look { enum seam_kind kind; uint64_t size; int64_t modified_s; };
int seam_look(struct seam *s, const char *path, struct seam_look *out);
int seam_set_modified(struct seam *s, int file, int64_t seconds); /* since 1970 */
int seam_write_out(struct seam *s, int file, bool wait); /* begins to hand the bytes to the disk; wait: it has them, if only in its cache */
int seam_sync_all(struct seam *s, int file);  /* every file of this one's file system, names too */
int seam_unlink(struct seam *s, const char *path);
int seam_mkdir(struct seam *s, const char *path); /* mode 0700 */
int seam_rmdir(struct seam *s, const char *path); /* -ENOTEMPTY */
/* A symbolic link; the simulation gives the file a second name instead, and it must be there. */
int seam_symlink(struct seam *s, const char *target, const char *path);
int seam_sync_dir(struct seam *s, const char *path);
/* Calls back with each name but . and .., in no order; stops when it returns false. */
int seam_list(struct seam *s, const char *path, bool (*each)(void *arg, const char *name), void *arg);
/* Take the kernel's exclusive lock on an open file without waiting; -EAGAIN if another has it. */
int seam_lock(struct seam *s, int file);
int64_t seam_free_bytes(struct seam *s, const char *path); /* room left for us on its file system */
/* The data folder as it was given; lives as long as the seam. */
const char *seam_data_dir(const struct seam *s);
/* A real folder for a library that maps its files itself (LMDB), made with mode 0700 if absent;
 * the path is in the arena, NULL if it cannot be made. Real seam: NAME in the data folder.
 * Simulation: a private temporary folder of the machine, emptied by a power cut, so whatever lies
 * in it must be rebuilt from what was synced through the seam. */
const char *seam_real_path(struct seam *s, const char *name, struct arena *a);

/* --- sockets, all non-blocking ---------------------------------------------------------------- */
int seam_listen(struct seam *s, const struct netaddr *at, int backlog); /* SO_REUSEADDR, close-on-exec, V6ONLY; unix: mode 0600 */
int seam_accept(struct seam *s, int listener, struct netaddr *peer);
/* So few handles can be opened after this socket that files and the relay need them: give it back. */
bool seam_handles_short(struct seam *s, int socket);
/* Begins; writable when done, then seam_socket_error says how it went. source may be NULL. */
int seam_connect(struct seam *s, const struct netaddr *to, const struct netaddr *source);
int seam_socket_error(struct seam *s, int socket);
ssize_t seam_recv(struct seam *s, int socket, void *p, size_t n);       /* 0 at the end */
ssize_t seam_send(struct seam *s, int socket, const void *p, size_t n); /* no SIGPIPE */
int seam_shutdown_write(struct seam *s, int socket);
int seam_socket_close(struct seam *s, int socket);
int seam_local_addr(struct seam *s, int socket, struct netaddr *out);

/* --- waiting: one poller a loop; only its own thread calls it, but for wake ------------------- */
enum { SEAM_READABLE = 1, SEAM_WRITABLE = 2, SEAM_HUP = 4 };
struct seam_event { void *tag; unsigned what; };
struct seam_poller;
struct seam_poller *seam_poller_new(struct seam *s);
void seam_poller_free(struct seam_poller *p);
/* Says whose turns wait here, so that the simulation can run them (loop_new does it). */
void seam_poller_owner(struct seam_poller *p, struct loop *owner);
/* Level-triggered. what == 0 keeps it registered but silent; forget before closing.
 * exclusive: of several pollers that watch one listener only one is woken. */
int seam_poller_set(struct seam_poller *p, int handle, unsigned what, void *tag, bool exclusive);
void seam_poller_forget(struct seam_poller *p, int handle);
/* Waits (the thread, not a fiber) until something happens, a wake, or the monotonic time given
 * (UINT64_MAX: for ever). Returns how many events it filled in; 0 after a wake or at the time. */
int seam_poller_wait(struct seam_poller *p, struct seam_event *events, int n, uint64_t until_mono_us);
void seam_poller_wake(struct seam_poller *p); /* any thread */

/* --- services: threads of their own that do one kind of work ------------------------------------
 * A service runs step(arg) once after each kick (kicks while it runs are remembered as one). In the
 * simulation a step runs when the world's scheduler says, on the one thread there is, so a step
 * must finish without waiting for another service. */
struct seam_service;
struct seam_service *seam_service_new(struct seam *s, const char *name, void (*step)(void *arg), void *arg);
void seam_service_kick(struct seam_service *service);                      /* any thread */
/* Ask for a step at this monotonic time at the latest; UINT64_MAX withdraws. Own step only. */
void seam_service_kick_at(struct seam_service *service, uint64_t mono_us);
void seam_service_free(struct seam_service *service); /* lets a running step end, joins */

/* --- DNS ------------------------------------------------------------------------------------------
 * The records of one name and type. The real resolver is src/dns/unbound.c, put in at wiring; the
 * simulation answers from a table. Callbacks come on the loop that asked, on its own stack. */
enum seam_dns_status {
    DNS_ANSWER,   /* at least one record of the type */
    DNS_NODATA,   /* the name exists, not with this type */
    DNS_NXDOMAIN,
    DNS_FAILED,   /* SERVFAIL, timeout, bogus: try later */
};
struct seam_dns_reply {
    enum seam_dns_status status;
    bool secure;       /* DNSSEC-validated */
    bool bogus;        /* validation failed (status is DNS_FAILED) */
    uint32_t ttl_s;
    const str *rdata;  /* records in wire form, valid during the callback */
    size_t n;
    str canonical;     /* the name after CNAMEs, empty if the same */
};
typedef void seam_dns_fn(void *arg, const struct seam_dns_reply *reply);
struct seam_dns_ops {
    /* Begins a query; *query names it for cancel. The callback may come before this returns. */
    enum err (*query)(void *self, struct loop *loop, str name, uint16_t rrtype, seam_dns_fn *fn, void *arg, void **query);
    void (*cancel)(void *self, void *query); /* the callback will not come */
    void (*renew)(void *self);               /* as seam_dns_renew; may be NULL: nothing is remembered */
};
void seam_dns_set(struct seam *s, const struct seam_dns_ops *ops, void *self);
enum err seam_dns_query(struct seam *s, struct loop *loop, str name, uint16_t rrtype, seam_dns_fn *fn, void *arg, void **query) MUST_CHECK;
void seam_dns_cancel(struct seam *s, void *query);
/* Forget what is remembered of earlier answers and failures, and ask again what is not answered yet:
 * for a person who says "now". Any thread. */
void seam_dns_renew(struct seam *s);

/* --- the two implementations ------------------------------------------------------------------ */
/* Makes the folder (mode 0700) if it is absent; if that fails, every relative path answers why. */
struct seam *seam_real_new(const char *data_dir); /* copies the path */
void seam_free(struct seam *s);

/* --- faults, for tests: on either implementation ---------------------------------------------- */
struct seam_fault {
    uint64_t nth;   /* the first call to fail, 1 being the next one; 0: none fails */
    uint64_t times; /* how many fail from there on */
    int error;      /* -ENOSPC, -EIO, -EMFILE …; 0: a write puts half its first piece, a recv takes half */
};
/* read: pread and pread_cached, which never get less than there is, so its error is never 0. */
struct seam_faults { struct seam_fault write, sync, allocate, open, read, recv, accept, connect; };
/* From now on the calls named fail as planned; NULL: no longer. The counts begin anew. The first call
 * must come before other threads use the seam. */
void seam_faults(struct seam *s, const struct seam_faults *plan);
uint64_t seam_faults_struck(struct seam *s); /* how many calls failed by the plan so far */

/* --- the simulated world ----------------------------------------------------------------------------
 * All of it lives on one thread and follows from its seed: the same program with the same seed makes
 * the same steps at the same times. (Not what libraries draw themselves: TLS keys.) Packets are cut
 * anywhere and take their time; recv, send and pread_cached sometimes do less than they could, and
 * pread_cached sometimes says -EAGAIN, as they may. Time stands still while anybody has something to
 * do. Addresses are IPv4 or IPv6; loopback ones mean the machine itself. */
struct sim_world;
struct sim_world *sim_world_new(uint64_t seed);
void sim_world_free(struct sim_world *w); /* with the machines that are left; free loops and services first */
/* A machine with its own files and an address in the world's network; loop threads do not exist:
 * sim_world_run drives every loop, service and timer of every machine on the caller's thread.
 * To end a loop: loop_stop, sim_world_run, loop_free. */
struct seam *sim_machine_new(struct sim_world *w, const char *name, const char *ip);
/* Its files are real ones in this folder from now on (first call on the machine, but for faults);
 * no power cut then: what the disk keeps is for who looks on to say. */
void sim_machine_folder(struct seam *machine, const char *folder);
/* Writes past this many bytes of pages fail with -ENOSPC. Unlimited at first. */
void sim_machine_disk(struct seam *machine, uint64_t bytes);
/* One record for all machines' resolvers; rdata in wire form, without compression. */
void sim_dns_add(struct sim_world *w, str name, uint16_t rrtype, str rdata);
void sim_dns_fail(struct sim_world *w, bool fail); /* every query ends in DNS_FAILED */
/* Runs until nothing is left to do or the world's clock reaches this; true if it went quiet, the
 * clock then standing where it was. */
bool sim_world_run(struct sim_world *w, uint64_t until_mono_us);
/* What has happened so far, as a number: equal for equal histories. */
uint64_t sim_world_digest(const struct sim_world *w);
/* Power cut: files keep what was synced, and each unsynced 4-KiB page with probability 1/2; names
 * that no sync_dir followed survive up to a random one, in order; the folders of seam_real_path are
 * emptied; the network falls silent. The machine's loops and services go on as ghosts whose every
 * call fails with -EIO, so that a test can end them in good order; then power_on, and start anew. */
void sim_machine_power_cut(struct seam *machine);
void sim_machine_power_on(struct seam *machine);
/* Cut the power in the middle of things: when the n-th change of a file, name or sync from now on
 * (1: the next) is asked for, and instead of it. 0 withdraws. Run once without, ask how many changes
 * there were, and try each. */
void sim_machine_power_cut_at(struct seam *machine, uint64_t change);
uint64_t sim_machine_changes(struct seam *machine); /* asked for so far */
bool sim_machine_has_power(struct seam *machine);

/* --- what goes wrong in it -------------------------------------------------------------------- */
/* Breaks at most n connections of the machine with others, drawn by chance; what is under way is
 * lost. Returns how many broke. */
enum sim_drop {
    SIM_DROP_RESET,  /* both ends hear of it when they next read or write */
    SIM_DROP_SILENT, /* nobody hears anything any more: only a deadline ends it */
};
size_t sim_machine_drop(struct seam *machine, enum sim_drop how, size_t n);
/* No packet passes between the two until then (other NULL: between this one and everybody else); what
 * is sent meanwhile arrives afterwards, as TCP sends it again. A cut may be renewed, not shortened. */
void sim_cut(struct seam *machine, struct seam *other, uint64_t until_mono_us);
/* The wall clock jumps, forward or back; it outlives power cuts. The monotonic one never moves so. */
void sim_machine_clock(struct seam *machine, int64_t jump_us);
/* The disk is out of order until then: of the calls named one in so many fails with the error; a zeroed
 * one ends it. A failed sync of a file leaves each of its unsynced pages either written or lost: a lost
 * one can still be read, the next sync says that all is well, and a power cut shows that it is not. */
enum { SIM_READS = 1, SIM_WRITES = 2 /* names too */, SIM_SYNCS = 4 };
struct sim_trouble { unsigned what; int error; unsigned one_in; uint64_t until_mono_us; };
void sim_machine_trouble(struct seam *machine, const struct sim_trouble *trouble);
uint64_t sim_machine_troubled(struct seam *machine); /* calls that failed so, since it was made */

#endif
