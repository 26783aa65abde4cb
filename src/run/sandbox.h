/* sandbox.h - what the process may still do once it is about to meet strangers.
 *
 * Five layers, each of use without the others: an unprivileged user, no new privileges, a filter of
 * system calls (seccomp), the files that may be touched (Landlock), and no core dumps. What the
 * kernel lacks is named in the log, never passed over in silence.
 */
#ifndef RUN_SANDBOX_H
#define RUN_SANDBOX_H

#include "base/buf.h"
#include "base/err.h"

struct sandbox {
    const char *user;           /* root becomes this user and its group; NULL: the folder's owner */
    const char *folder;
    const char *const *writes;  /* folders in which files are made, written and removed; NULL ends */
    const char *const *reads;   /* files and folders; those that are not there are passed over; NULL ends */
    bool cores;                 /* leave core dumps as the shell set them */
    bool filters;               /* false: neither seccomp nor Landlock, for who looks for a fault */
};

/* Before the process has a second thread. Everything that needs privileges (ports below 1024, keys that
 * only root reads) is open by then. What is in force is logged as sandbox.on, what is not as
 * sandbox.off with the reason. ERR_NOTFOUND: no such user; ERR_DENIED: the system does not let us
 * become it, or keeps privileges back; *why says which, and the process must end. */
enum err sandbox_enter(const struct sandbox *s, struct buf *why) MUST_CHECK;

/* Whether root will be somebody else inside. */
bool sandbox_changes_user(const struct sandbox *s);
/* More than an ordinary user may do: root, or some capability. */
bool sandbox_is_privileged(void);

/* --- the layers (each in its file); they return what was reached, 0 or less when nothing ---------- */
/* The calls that are allowed, and how many they are; -errno. (sandbox_calls.c) */
int sandbox_filter_calls(void);
/* The version of Landlock in force; -errno. (sandbox_files.c) */
int sandbox_limit_files(const struct sandbox *s);

#endif
