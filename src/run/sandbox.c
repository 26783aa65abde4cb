/* sandbox.c - entering the sandbox: who the process is, what it may gain, and what it leaves
 * behind.
 */
#include "run/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "run/seam.h"

/* Version 3 of the interface has two words of each set. */
struct capabilities {
    struct __user_cap_header_struct head;
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
};

bool sandbox_is_privileged(void)
{
    struct capabilities now = { .head = { .version = _LINUX_CAPABILITY_VERSION_3 } };
    if (syscall(SYS_capget, &now.head, now.sets) < 0) return geteuid() == 0;
    return now.sets[0].effective || now.sets[1].effective;
}

/* --- the user --------------------------------------------------------------------------------- */

struct who {
    uid_t uid;
    gid_t gid;
};

/* False: no such user. Nobody else than root can choose. */
static bool who_will_be(const struct sandbox *s, struct who *who)
{
    struct stat folder;
    *who = (struct who){ geteuid(), getegid() };
    if (who->uid != 0) return true;
    if (!s->user) {
        if (stat(s->folder, &folder) == 0) *who = (struct who){ folder.st_uid, folder.st_gid };
        return true;
    }
    const struct passwd *user = getpwnam(s->user);
    if (user) *who = (struct who){ user->pw_uid, user->pw_gid };
    return user != NULL;
}

bool sandbox_changes_user(const struct sandbox *s)
{
    struct who who;
    return who_will_be(s, &who) && who.uid != geteuid();
}

/* An empty folder that root has just made is given to who will keep mail in it. */
static void give_folder(const struct sandbox *s, const struct who *who)
{
    struct stat folder;
    enum { EMPTY_LINKS = 2 };
    if (stat(s->folder, &folder) == 0 && folder.st_uid == 0 && folder.st_nlink == EMPTY_LINKS)
        (void)!chown(s->folder, who->uid, who->gid);
}

static bool become(const struct who *who)
{
    return setgroups(0, NULL) == 0 && setresgid(who->gid, who->gid, who->gid) == 0 &&
           setresuid(who->uid, who->uid, who->uid) == 0 && setuid(0) < 0;
}

static enum err change_user(const struct sandbox *s, struct buf *why)
{
    struct who who;
    if (!who_will_be(s, &who)) {
        buf_addf(why, "server.user: there is no user %s on this machine", s->user);
        return ERR_NOTFOUND;
    }
    if (who.uid == geteuid()) return OK;
    give_folder(s, &who);
    if (become(&who)) return OK;
    buf_addf(why, "the system does not let us become user %u: %s", (unsigned)who.uid,
             seam_error_text(errno));
    return ERR_DENIED;
}

/* Also what a service manager lent for the ports: they are open. */
static bool drop_capabilities(void)
{
    struct capabilities none = { .head = { .version = _LINUX_CAPABILITY_VERSION_3 } };
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &none.head, none.sets) == 0 && !sandbox_is_privileged();
}

/* --- entering --------------------------------------------------------------------------------- */

static bool forbid_cores(void)
{
    struct rlimit none = { 0, 0 };
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* why: when it was not tried */
static void tell(const char *layer, int reached, const char *what, const char *why)
{
    if (reached > 0)
        log_event(LOG_INFO, "sandbox.on", (str){ 0 }, F_CSTR("layer", layer),
                  F_NUM(what, (uint64_t)reached));
    else
        log_event(LOG_WARN, "sandbox.off", (str){ 0 }, F_CSTR("layer", layer),
                  F_CSTR("why", reached < 0 ? seam_error_text(-reached) : why));
}

static int told(bool done)
{
    return done ? 1 : -errno;
}

enum err sandbox_enter(const struct sandbox *s, struct buf *why)
{
    enum err e = change_user(s, why);
    if (e) return e;
    tell("user", geteuid() == 0 ? 0 : (int)geteuid(), "uid",
         "root, and server.user names nobody else");
    if (geteuid() != 0 && !drop_capabilities()) {
        buf_addf(why, "capabilities cannot be given up: %s", seam_error_text(errno));
        return ERR_DENIED;
    }
    tell("no_new_privileges", told(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0), "on", "");
    if (!s->cores) tell("no_core_dumps", told(forbid_cores()), "on", "");
    tell("files", s->filters ? sandbox_limit_files(s) : 0, "landlock", "server.sandbox = no");
    tell("calls", s->filters ? sandbox_filter_calls() : 0, "allowed", "server.sandbox = no");
    return OK;
}
