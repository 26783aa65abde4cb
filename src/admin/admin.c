/* admin.c - the table of requests, finding the one that is meant, and what they share. */
#include <stdarg.h>
#include <stdio.h>

#include "admin/admin_int.h"
#include "base/limits.h"
#include "base/log.h"
#include "mail/date.h"

/* clang-format off */
const struct admin_command admin_commands[] = {
    { S_INIT("domain"), S_INIT("add"),     "DOMAIN",            "take mail for a domain",                              1, 1, false, admin_domain_add },
    { S_INIT("domain"), S_INIT("list"),    "",                  "the domains we take mail for",                        0, 0, false, admin_domain_list },
    { S_INIT("domain"), S_INIT("remove"),  "DOMAIN",            "no longer take mail for a domain without users",      1, 1, false, admin_domain_remove },
    { S_INIT("user"),   S_INIT("add"),     "ADDRESS [QUOTA]",   "make a user; the password comes from standard input", 1, 2, true,  admin_user_add },
    { S_INIT("user"),   S_INIT("passwd"),  "ADDRESS",           "set a user's password, from standard input",          1, 1, true,  admin_user_passwd },
    { S_INIT("user"),   S_INIT("quota"),   "ADDRESS QUOTA",     "set how many bytes a user may keep (512M, 0: any)",   2, 2, false, admin_user_quota },
    { S_INIT("user"),   S_INIT("admin"),   "ADDRESS yes|no",    "may a user set the quota of others (IMAP)",    2, 2, false, admin_user_admin },
    { S_INIT("user"),   S_INIT("suspend"), "ADDRESS yes|no",    "end a user's sessions and refuse log-ins and mail",   2, 2, false, admin_user_suspend },
    { S_INIT("user"),   S_INIT("list"),    "",                  "users, with what they keep",                          0, 0, false, admin_user_list },
    { S_INIT("user"),   S_INIT("remove"),  "ADDRESS",           "remove a user with all mail",                         1, 1, false, admin_user_remove },
    { S_INIT("alias"),  S_INIT("add"),     "ADDRESS TARGET",    "pass mail on; @DOMAIN catches all",                   2, 2, false, admin_alias_add },
    { S_INIT("alias"),  S_INIT("list"),    "",                  "aliases and their targets",                           0, 0, false, admin_alias_list },
    { S_INIT("alias"),  S_INIT("remove"),  "ADDRESS [TARGET]",  "remove an alias, or one of its targets",              1, 2, false, admin_alias_remove },
    { S_INIT("queue"),  S_INIT("list"),    "",                  "mail that waits for other servers",                   0, 0, false, admin_queue_list },
    { S_INIT("queue"),  S_INIT("show"),    "ID",                "one queued message: why it waits, what happens next", 1, 1, false, admin_queue_show },
    { S_INIT("queue"),  S_INIT("retry"),   "ID",                "try it now",                                          1, 1, false, admin_queue_retry },
    { S_INIT("queue"),  S_INIT("hold"),    "ID",                "keep it until released",                              1, 1, false, admin_queue_hold },
    { S_INIT("queue"),  S_INIT("release"), "ID",                "let a held message go on",                            1, 1, false, admin_queue_release },
    { S_INIT("queue"),  S_INIT("drop"),    "ID",                "remove it from the queue without a bounce",           1, 1, false, admin_queue_drop },
    { S_INIT("trace"),  S_INIT(""),        "ID | --address IP", "everything that happened to a message; or what an address did too much of", 1, 2, false, admin_trace },
    { S_INIT("compact"), S_INIT(""),       "",                  "give the room of deleted mail back now",              0, 0, false, admin_compact },
    { S_INIT("undelete"), S_INIT(""),      "USER [--list] [--mailbox NAME] [--since AGE]", "bring deleted mail back", 1, 6, false, admin_undelete },
    { S_INIT("metrics"), S_INIT(""),       "",                  "figures of the running server, as Prometheus reads them", 0, 0, false, admin_metrics },
    { S_INIT("ping"),   S_INIT(""),        "",                  "is the server there?",                                0, 0, false, admin_ping },
};
/* clang-format on */
const size_t admin_commands_count = COUNT_OF(admin_commands);

static size_t words_of(const struct admin_command *c)
{
    return c->verb.n ? 2 : 1;
}

static const struct admin_command *find(const struct admin_request *r)
{
    for (size_t i = 0; i < admin_commands_count; i++) {
        const struct admin_command *c = &admin_commands[i];
        if (r->n < words_of(c) || !str_eq(r->words[0], c->group)) continue;
        if (!c->verb.n || str_eq(r->words[1], c->verb)) return c;
    }
    return NULL;
}

static void usage_line(const struct admin_command *c, struct buf *out)
{
    size_t from = out->n;
    buf_addf(out, "  posthorn %.*s", STR_ARG(c->group));
    if (c->verb.n) buf_addf(out, " %.*s", STR_ARG(c->verb));
    if (c->args[0]) buf_addf(out, " %s", c->args);
    size_t column = out->n - from;
    buf_fill(out, ' ', column < 40 ? 40 - column : 1);
    buf_addf(out, "%s\n", c->help ? c->help : "");
}

void admin_usage(struct buf *out)
{
    for (size_t i = 0; i < admin_commands_count; i++)
        if (admin_commands[i].help) usage_line(&admin_commands[i], out);
}

bool admin_wants_secret(const struct admin_request *r)
{
    const struct admin_command *c = find(r);
    return c && c->secret;
}

/* With what begins like it, so that `posthorn queue` shows what can be asked of the queue. */
static enum err unknown(const struct admin_request *r, struct buf *out)
{
    bool group = false;
    for (size_t i = 0; i < admin_commands_count && r->n; i++)
        group = group || str_eq(admin_commands[i].group, r->words[0]);
    buf_addf(out, group ? "these there are:\n" : "no such command: ");
    if (!group) buf_add_shown(out, r->n ? r->words[0] : S("(none)"));
    if (!group) buf_addf(out, "; posthorn help lists them\n");
    for (size_t i = 0; group && i < admin_commands_count; i++)
        if (str_eq(admin_commands[i].group, r->words[0])) usage_line(&admin_commands[i], out);
    return ERR_SYNTAX;
}

enum err admin_check_words(const struct admin_request *r, struct buf *out)
{
    const struct admin_command *c = find(r);
    if (!c) return unknown(r, out);
    size_t args = r->n - words_of(c);
    str first = args ? r->words[words_of(c)] : S("");
    bool help = str_starts(first, S("-")) && str_find(str_of(c->args), first) == STR_NPOS;
    if (args >= c->args_min && args <= c->args_max && !help) return OK;
    buf_addf(out, "usage:\n");
    usage_line(c, out);
    return ERR_SYNTAX;
}

enum err admin_run(struct admin *a, const struct admin_request *r, struct buf *out)
{
    enum err e = admin_check_words(r, out);
    if (e) return e;
    const struct admin_command *c = find(r);
    log_event(LOG_INFO, "admin.request", (str){ 0 }, F_STR("command", c->group),
              F_STR("verb", c->verb));
    return c->run(a, r, r->words + words_of(c), out);
}

enum err admin_fail(struct buf *out, enum err e, const char *format, ...)
{
    struct buf text = buf_make(ADMIN_REASON_BYTES);
    va_list ap;
    va_start(ap, format);
    buf_addv(&text, format, ap);
    va_end(ap);
    buf_add_shown(out, buf_str(&text));
    buf_addc(out, '\n');
    buf_free(&text);
    return e;
}

enum err admin_address(str text, struct arena *a, str *folded, struct buf *out)
{
    struct address who;
    if (!address_parse(a, text, ADDRESS_UTF8, &who) || !address_fold(a, who, &who))
        return admin_fail(out, ERR_SYNTAX, "'%.*s' is no mail address; one looks like alice@a.test",
                          STR_ARG(text));
    *folded = address_text(a, who);
    return OK;
}

enum err admin_domain(str text, struct arena *a, str *folded, struct buf *out)
{
    struct address who = { .local = S("x"), .domain = text };
    if (!address_domain_ok(text, ADDRESS_UTF8) || !address_fold(a, who, &who))
        return admin_fail(out, ERR_SYNTAX, "'%.*s' is no domain name; one looks like a.test",
                          STR_ARG(text));
    *folded = who.domain;
    return OK;
}

enum err admin_account(struct admin *a, str address, struct account *account, struct buf *out)
{
    struct arena arena = arena_make(64 * 1024);
    struct user user;
    str folded;
    enum err e = admin_address(address, &arena, &folded, out);
    struct view *v = e ? NULL : store_view(a->store);
    if (!e && !v) e = admin_fail(out, ERR_LATER, "the store cannot be read now");
    if (!e) e = store_user_find(v, folded, &user);
    if (e == ERR_NOTFOUND) admin_fail(out, e, "no such user: %.*s", STR_ARG(folded));
    if (!e) *account = user.account;
    if (v) view_end(v);
    arena_free(&arena);
    return e;
}

static const struct {
    char letter;
    unsigned shift;
} units[] = {
    { 'K', 10 },
    { 'M', 20 },
    { 'G', 30 },
    { 'T', 40 },
};

enum err admin_size(str text, uint64_t *bytes, struct buf *out)
{
    unsigned shift = 0;
    str digits = text;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (text.n && ascii_upper(text.p[text.n - 1]) == units[i].letter) {
            shift = units[i].shift;
            digits = str_take(text, text.n - 1);
        }
    uint64_t n;
    if (!str_u64(digits, UINT64_MAX >> shift, &n))
        return admin_fail(out, ERR_SYNTAX,
                          "'%.*s' is no size; one looks like 512M or 2G, 0 is no limit",
                          STR_ARG(text));
    *bytes = n << shift;
    return OK;
}

void admin_size_text(uint64_t bytes, struct buf *out)
{
    size_t i = COUNT_OF(units);
    while (i > 0 && bytes < (uint64_t)1 << units[i - 1].shift)
        i--;
    if (i == 0)
        buf_addf(out, "%llu bytes", (unsigned long long)bytes);
    else
        buf_addf(out, "%.1f %ciB", (double)bytes / (double)((uint64_t)1 << units[i - 1].shift),
                 units[i - 1].letter);
}

ADMIN_REQUEST(admin_ping)
{
    (void)a, (void)r, (void)args;
    buf_addf(out, "posthorn %s\n", PH_VERSION);
    return OK;
}
