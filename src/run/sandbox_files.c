/* sandbox_files.c - Landlock: the folders and files that the process may still touch.
 *
 * Debian's header knows the first versions of the kernel's interface only; the later bits are named
 * here, and asked for where the kernel says that it has them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/sandbox.h"

#define FS_REFER     (UINT64_C(1) << 13) /* version 2: move between folders */
#define FS_TRUNCATE  (UINT64_C(1) << 14) /* version 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* version 5 */
#define SCOPE_ALL    UINT64_C(3)         /* version 6: no abstract sockets, no signals to others */

struct ruleset {
    uint64_t fs, net, scoped; /* as the kernel's newest form has them */
};

static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t writing =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | FS_REFER | FS_TRUNCATE;
/* What may be said of a file; the rest is of folders. */
static const uint64_t of_files =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;

static uint64_t handled(int version)
{
    uint64_t fs = FS_REFER - 1; /* all of version 1 */
    if (version >= 2) fs |= FS_REFER;
    if (version >= 3) fs |= FS_TRUNCATE;
    if (version >= 5) fs |= FS_IOCTL_DEV;
    return fs;
}

static int allow(int rules, const char *path, uint64_t access)
{
    int at = open(path, O_PATH | O_CLOEXEC);
    if (at < 0) return errno == ENOENT || errno == EACCES ? 0 : -errno; /* out of reach anyway */
    struct landlock_path_beneath_attr beneath = { .allowed_access = access, .parent_fd = at };
    long code = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    if (code < 0 && errno == EINVAL) { /* a file, not a folder */
        beneath.allowed_access &= of_files;
        code = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    }
    int error = code < 0 ? -errno : 0;
    close(at);
    return error;
}

static int allow_all(int rules, const struct sandbox *s, uint64_t fs)
{
    int code = 0;
    for (size_t i = 0; s->writes[i] && !code; i++)
        code = allow(rules, s->writes[i], writing & fs);
    for (size_t i = 0; s->reads[i] && !code; i++)
        code = allow(rules, s->reads[i], reading & fs);
    if (!code && syscall(SYS_landlock_restrict_self, rules, 0) < 0) code = -errno;
    return code;
}

int sandbox_limit_files(const struct sandbox *s)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0) return -errno;
    struct ruleset wanted = { .fs = handled((int)version), .scoped = version >= 6 ? SCOPE_ALL : 0 };
    /* An older kernel wants no more than it knows. */
    size_t bytes = version >= 6   ? sizeof(wanted)
                   : version >= 4 ? sizeof(wanted) - sizeof(wanted.scoped)
                                  : sizeof(wanted.fs);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, bytes, 0);
    if (rules < 0) return -errno;
    int code = allow_all(rules, s, wanted.fs);
    close(rules);
    return code ? code : (int)version;
}
