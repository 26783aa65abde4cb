/* seam_sim_int.h - the simulated world from the inside: what its parts share. */
#ifndef RUN_SEAM_SIM_INT_H
#define RUN_SEAM_SIM_INT_H

#include "base/list.h"
#include "base/mem.h"
#include "run/seam_int.h"

struct sim_world {
    uint64_t now_us;
    uint64_t random; /* the generator's state */
    uint64_t digest;
    struct list machines, pollers, services, sockets;
    struct arena arena;  /* DNS records */
    struct list records;
    struct list cuts; /* seam_sim_mishap.c */
    bool dns_fails;
    uint64_t steps_now;  /* since the clock moved */
    uint32_t next_id;
};

enum sim_kind {
    SIM_NONE,   /* closed */
    SIM_FILE,
    SIM_SOCKET,
    SIM_LOST,   /* with the power: a ghost that waits for it is told */
    SIM_SILENT, /* likewise a listener: there is nothing to tell */
};
struct sim_handle {
    enum sim_kind kind;
    void *object;
};

struct sim_machine {
    struct seam seam;
    struct sim_world *world;
    struct list node;
    char name[64];
    struct netaddr ip;
    bool off;
    uint64_t asked, cut_at; /* changes of files and names; at which the power fails, 0: at none */
    int64_t wall_us; /* how far its wall clock has jumped */
    struct sim_trouble trouble;
    uint64_t troubled;
    uint64_t random; /* its own generator: what one machine draws does not disturb the others */
    /* Never used twice, so a handle kept too long is found out. */
    struct sim_handle *handles;
    size_t handles_n, handles_cap;
    /* Files (seam_sim_file.c). */
    struct list names, durable_names, changes;
    uint64_t pages, pages_max;
    char *temp;          /* a real folder, NULL until asked for */
    /* Files in a real folder instead (seam_sim_folder.c); NULL: none. */
    struct seam *folder;
    struct seam_ops *folder_ops;
    uint16_t next_port;
};

static inline struct sim_machine *sim_machine(struct seam *s)
{
    return CONTAINER_OF(s, struct sim_machine, seam);
}

/* At the head of each call that changes a file or a name: counts it; false without power. */
bool sim_may_change(struct sim_machine *m);
/* What a disk in trouble answers to a call of this kind (SIM_READS …), or 0. */
int sim_troubled(struct sim_machine *m, unsigned what);
/* Both: why a change cannot be made, or 0. */
int sim_change_refused(struct sim_machine *m, unsigned what);

/* splitmix64: every state gives a full-period stream, so any seed will do. */
uint64_t sim_draw(uint64_t *state);
/* From 0 to n - 1. */
uint64_t sim_below(struct sim_world *w, uint64_t n);
/* True once in n times. */
bool sim_once_in(struct sim_world *w, uint64_t n);
/* Enters something that happened into the digest. */
void sim_note(struct sim_world *w, uint64_t what);

int sim_handle_new(struct sim_machine *m, enum sim_kind kind, void *object);
void *sim_handle_get(struct sim_machine *m, int handle, enum sim_kind kind); /* or NULL */
void sim_handle_drop(struct sim_machine *m, int handle);

/* --- files: names in seam_sim_name.c, contents in seam_sim_file.c ----------------------------- */
void sim_files_init(struct sim_machine *m);
void sim_files_power_cut(struct sim_machine *m);
void sim_files_free(struct sim_machine *m);

int sim_open(struct seam *s, const char *path, unsigned how);
int sim_close(struct seam *s, int file);
ssize_t sim_pread(struct seam *s, int file, void *p, size_t n, uint64_t at);
ssize_t sim_pread_cached(struct seam *s, int file, void *p, size_t n, uint64_t at);
ssize_t sim_pwritev(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at);
int sim_fdatasync(struct seam *s, int file);
void sim_sync_failed(struct seam *s, int file);
int sim_truncate(struct seam *s, int file, uint64_t size);
int sim_allocate(struct seam *s, int file, uint64_t from, uint64_t size);
int64_t sim_size(struct seam *s, int file);
int sim_lock(struct seam *s, int file);
int64_t sim_free_bytes(struct seam *s, const char *path);
int sim_rename(struct seam *s, const char *from, const char *to);
int sim_rename_new(struct seam *s, const char *from, const char *to);
int sim_look(struct seam *s, const char *path, struct seam_look *out);
int sim_set_modified(struct seam *s, int file, int64_t seconds);
int sim_write_out(struct seam *s, int file, bool wait);
int sim_sync_all(struct seam *s, int file);
int sim_unlink(struct seam *s, const char *path);
int sim_mkdir(struct seam *s, const char *path);
int sim_rmdir(struct seam *s, const char *path);
int sim_symlink(struct seam *s, const char *target, const char *path);
int sim_sync_dir(struct seam *s, const char *path);
int sim_list(struct seam *s, const char *path, bool (*each)(void *, const char *), void *arg);
const char *sim_real_path(struct seam *s, const char *name, struct arena *a);

/* What a file holds, apart from its names. */
enum { SIM_PAGE_BYTES = 4096 };
struct sim_page {
    char *now;     /* NULL: zeros; the same pointer as durable: clean */
    char *durable;
    bool lost;     /* a failed sync took it for written: no later one writes it */
};
struct sim_inode {
    unsigned refs; /* names, changes of names, open files */
    uint64_t size, durable_size;
    int64_t modified_s; /* as it was set: the disk's own times are nobody's concern */
    struct sim_page *pages;
    size_t n;
    int locked_by; /* a handle, or -1 */
    struct sim_machine *machine;
};
struct sim_inode *sim_inode_new(struct sim_machine *m); /* with one reference */
struct sim_inode *sim_inode_keep(struct sim_inode *i);  /* one more; NULL is fine, here and below */
void sim_inode_drop(struct sim_inode *i);
void sim_inode_power_cut(struct sim_inode *i);

void sim_names_power_cut(struct sim_machine *m);
void sim_names_free(struct sim_machine *m);
void sim_names_sync(struct sim_machine *m); /* every name, and what every file holds */
void sim_inode_sync(struct sim_inode *i);
/* The inode that a path names, made if asked for, with a reference for the caller; or why not. */
int sim_name_open(struct sim_machine *m, const char *path, unsigned how, struct sim_inode **out);

/* A private real folder under /tmp, and its end with all that is in it. */
char *real_temp_new(void); /* NULL if it cannot be made; mem_free */
const char *real_temp_folder(const char *temp, const char *name, struct arena *a); /* made if absent */
void real_temp_remove(const char *path);

void sim_folder_free(struct sim_machine *m); /* nothing if it has none */

/* --- network ---------------------------------------------------------------------------------- */
/* Until when no packet passes between two machines; 0: they pass. */
uint64_t sim_cut_until(const struct sim_machine *a, const struct sim_machine *b);
void sim_cuts_forget(struct sim_world *w, const struct sim_machine *m); /* m NULL: all */
void sim_net_settle(struct sim_world *w);       /* what has arrived by now */
uint64_t sim_net_next_us(struct sim_world *w);  /* when something will; UINT64_MAX: nothing */
void sim_net_power_cut(struct sim_machine *m);
void sim_net_power_on(struct sim_machine *m);
void sim_net_forget(struct sim_machine *m);     /* the machine is freed */
unsigned sim_readiness(struct sim_machine *m, int handle);

int sim_listen(struct seam *s, const struct netaddr *at, int backlog);
int sim_accept(struct seam *s, int listener, struct netaddr *peer);
int sim_connect(struct seam *s, const struct netaddr *to, const struct netaddr *source);
int sim_socket_error(struct seam *s, int socket);
ssize_t sim_recv(struct seam *s, int socket, void *p, size_t n);
ssize_t sim_send(struct seam *s, int socket, const void *p, size_t n);
int sim_shutdown_write(struct seam *s, int socket);
int sim_socket_close(struct seam *s, int socket);
int sim_local_addr(struct seam *s, int socket, struct netaddr *out);

/* --- waiting ---------------------------------------------------------------------------------- */
void sim_rouse(struct sim_world *w); /* every loop takes a turn: the caller may have given it timers */
bool sim_step(struct sim_world *w);             /* one turn or step; false: nobody has anything to do */
uint64_t sim_wait_next_us(struct sim_world *w); /* the next timer of anybody */

struct seam_poller *sim_poller_new(struct seam *s);
void sim_poller_free(struct seam_poller *p);
void sim_poller_owner(struct seam_poller *p, struct loop *owner);
int sim_poller_set(struct seam_poller *p, int handle, unsigned what, void *tag, bool exclusive);
void sim_poller_forget(struct seam_poller *p, int handle);
int sim_poller_wait(struct seam_poller *p, struct seam_event *events, int n, uint64_t until);
void sim_poller_wake(struct seam_poller *p);
struct seam_service *sim_service_new(struct seam *s, const char *name, void (*step)(void *),
                                     void *arg);
void sim_service_kick(struct seam_service *service);
void sim_service_kick_at(struct seam_service *service, uint64_t mono_us);
void sim_service_free(struct seam_service *service);

/* --- DNS -------------------------------------------------------------------------------------- */
extern const struct seam_dns_ops sim_dns_ops; /* self is the machine */

#endif
