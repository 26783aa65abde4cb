/* parse.c - the IMAP grammar's floor: primitives, budgets, the table of commands.
 *
 * RFC 9051 9, RFC 3501 9. What a command may hold is in parse_mailbox.c, parse_append.c,
 * parse_fetch.c, parse_search.c and parse_session.c; strings, numbers, sets and dates are in
 * parse_rules.c.
 */
#include "imap/parse_int.h"

#include "base/limits.h"
#include "base/mem.h"

/* clang-format off */
const struct parse_limits parse_limits_anyone = {
    .literal_bytes = IMAP_LITERAL_UNAUTH_BYTES, .command_bytes = IMAP_LINE_BYTES,
    .tokens = IMAP_TOKENS, .depth = IMAP_DEPTH,
};
const struct parse_limits parse_limits_user = {
    .literal_bytes = IMAP_COMMAND_BYTES, .command_bytes = IMAP_COMMAND_BYTES,
    .tokens = IMAP_TOKENS, .depth = IMAP_DEPTH,
};

typedef void rule_fn(struct parse *p, struct command *c);
enum { UID_FORM = 1 }; /* may stand behind "UID " */

static const struct { str name; rule_fn *arguments; int how; } rules[VERBS] = {
    [VERB_CAPABILITY]   = { S_INIT("CAPABILITY"),   NULL, 0 },
    [VERB_NOOP]         = { S_INIT("NOOP"),         NULL, 0 },
    [VERB_LOGOUT]       = { S_INIT("LOGOUT"),       NULL, 0 },
    [VERB_ID]           = { S_INIT("ID"),           parse_id_args, 0 },
    [VERB_STARTTLS]     = { S_INIT("STARTTLS"),     NULL, 0 },
    [VERB_AUTHENTICATE] = { S_INIT("AUTHENTICATE"), parse_authenticate_args, 0 },
    [VERB_LOGIN]        = { S_INIT("LOGIN"),        parse_login_args, 0 },
    [VERB_COMPRESS]     = { S_INIT("COMPRESS"),     parse_compress_args, 0 },
    [VERB_ENABLE]       = { S_INIT("ENABLE"),       parse_enable_args, 0 },
    [VERB_SELECT]       = { S_INIT("SELECT"),       parse_select_args, 0 },
    [VERB_EXAMINE]      = { S_INIT("EXAMINE"),      parse_select_args, 0 },
    [VERB_CREATE]       = { S_INIT("CREATE"),       parse_create_args, 0 },
    [VERB_DELETE]       = { S_INIT("DELETE"),       parse_mailbox_args, 0 },
    [VERB_RENAME]       = { S_INIT("RENAME"),       parse_rename_args, 0 },
    [VERB_SUBSCRIBE]    = { S_INIT("SUBSCRIBE"),    parse_mailbox_args, 0 },
    [VERB_UNSUBSCRIBE]  = { S_INIT("UNSUBSCRIBE"),  parse_mailbox_args, 0 },
    [VERB_LIST]         = { S_INIT("LIST"),         parse_list_args, 0 },
    [VERB_LSUB]         = { S_INIT("LSUB"),         parse_lsub_args, 0 },
    [VERB_NAMESPACE]    = { S_INIT("NAMESPACE"),    NULL, 0 },
    [VERB_STATUS]       = { S_INIT("STATUS"),       parse_status_args, 0 },
    [VERB_APPEND]       = { S_INIT("APPEND"),       parse_append_args, 0 },
    [VERB_IDLE]         = { S_INIT("IDLE"),         NULL, 0 },
    [VERB_UNAUTHENTICATE] = { S_INIT("UNAUTHENTICATE"), NULL, 0 },
    [VERB_NOTIFY]       = { S_INIT("NOTIFY"),       parse_notify_args, 0 },
    [VERB_CLOSE]        = { S_INIT("CLOSE"),        NULL, 0 },
    [VERB_UNSELECT]     = { S_INIT("UNSELECT"),     NULL, 0 },
    [VERB_CHECK]        = { S_INIT("CHECK"),        NULL, 0 },
    [VERB_EXPUNGE]      = { S_INIT("EXPUNGE"),      parse_expunge_args, UID_FORM },
    [VERB_SEARCH]       = { S_INIT("SEARCH"),       parse_search_args, UID_FORM },
    [VERB_SORT]         = { S_INIT("SORT"),         parse_sort_args, UID_FORM },
    [VERB_THREAD]       = { S_INIT("THREAD"),       parse_thread_args, UID_FORM },
    [VERB_ESEARCH]      = { S_INIT("ESEARCH"),      parse_esearch_args, 0 },
    [VERB_CANCELUPDATE] = { S_INIT("CANCELUPDATE"), parse_cancelupdate_args, 0 },
    [VERB_FETCH]        = { S_INIT("FETCH"),        parse_fetch_args, UID_FORM },
    [VERB_STORE]        = { S_INIT("STORE"),        parse_store_args, UID_FORM },
    [VERB_COPY]         = { S_INIT("COPY"),         parse_copy_args, UID_FORM },
    [VERB_MOVE]         = { S_INIT("MOVE"),         parse_copy_args, UID_FORM },
    [VERB_GETMETADATA]  = { S_INIT("GETMETADATA"),  parse_getmetadata_args, 0 },
    [VERB_SETMETADATA]  = { S_INIT("SETMETADATA"),  parse_setmetadata_args, 0 },
    [VERB_SETACL]       = { S_INIT("SETACL"),       parse_acl_args, 0 },
    [VERB_DELETEACL]    = { S_INIT("DELETEACL"),    parse_acl_args, 0 },
    [VERB_GETACL]       = { S_INIT("GETACL"),       parse_mailbox_args, 0 },
    [VERB_LISTRIGHTS]   = { S_INIT("LISTRIGHTS"),   parse_acl_args, 0 },
    [VERB_MYRIGHTS]     = { S_INIT("MYRIGHTS"),     parse_mailbox_args, 0 },
    [VERB_GETQUOTA]     = { S_INIT("GETQUOTA"),     parse_getquota_args, 0 },
    [VERB_GETQUOTAROOT] = { S_INIT("GETQUOTAROOT"), parse_mailbox_args, 0 },
    [VERB_SETQUOTA]     = { S_INIT("SETQUOTA"),     parse_setquota_args, 0 },
    [VERB_REPLACE]      = { S_INIT("REPLACE"),      parse_replace_args, UID_FORM },
    [VERB_UIDBATCHES]   = { S_INIT("UIDBATCHES"),   parse_batches_args, 0 },
};
/* clang-format on */

str verb_name(enum verb verb)
{
    return rules[verb].name;
}

struct parse parse_begin(str line, struct arena *arena, const struct parse_limits *limits,
                         parse_literal_fn *source, void *arg)
{
    struct parse p = {
        .scan = scan_make(line),
        .arena = arena,
        .source = source,
        .source_arg = arg,
        .left = *limits,
    };
    if (line.n > p.left.command_bytes)
        parse_fail_as(&p, ERR_LIMIT, "command too large");
    else
        p.left.command_bytes -= line.n;
    return p;
}

/* --- the primitives ------------------------------------------------------------------------- */
void parse_fail_as(struct parse *p, enum err err, const char *why)
{
    if (p->err) return;
    p->err = err;
    p->why = why;
    scan_fail(&p->scan);
}

void parse_fail(struct parse *p, const char *why)
{
    parse_fail_as(p, ERR_SYNTAX, why);
}

/* Each token costs one: a command of many tiny things is as large as one of many bytes. */
static void token(struct parse *p)
{
    if (p->err) return;
    if (p->left.tokens == 0)
        parse_fail_as(p, ERR_LIMIT, "too many arguments");
    else
        p->left.tokens--;
}

char parse_peek(const struct parse *p)
{
    return p->err ? '\0' : scan_peek(&p->scan);
}

bool parse_try(struct parse *p, char c)
{
    return !p->err && scan_try(&p->scan, c);
}

void parse_want(struct parse *p, char c)
{
    if (p->err || scan_try(&p->scan, c)) return;
    switch (c) {
    case ' ': parse_fail(p, "a space expected"); break;
    case ')': parse_fail(p, "a closing parenthesis expected"); break;
    case ']': parse_fail(p, "a closing bracket expected"); break;
    default: parse_fail(p, "unexpected character"); break;
    }
}

str parse_span(struct parse *p, const struct byteset *set)
{
    token(p);
    if (p->err) return (str){ 0 };
    str run = scan_while(&p->scan, set);
    if (run.n == 0) parse_fail(p, scan_end(&p->scan) ? "argument missing" : "unexpected character");
    return run;
}

uint64_t parse_number(struct parse *p, uint64_t max)
{
    static const struct byteset digits = { .bits = { 0, 0x03ff0000 } };
    uint64_t value = 0;
    str run = parse_span(p, &digits);
    if (p->err) return 0;
    if (!str_u64(run, max, &value)) parse_fail(p, "number too large");
    return value;
}

bool parse_enter(struct parse *p)
{
    if (p->err) return false;
    if (p->left.depth == 0) {
        parse_fail_as(p, ERR_LIMIT, "nested too deep");
        return false;
    }
    p->left.depth--;
    return true;
}

void parse_leave(struct parse *p)
{
    p->left.depth++;
}

void *parse_alloc(struct parse *p, size_t n, size_t size)
{
    if (p->err) return NULL;
    void *memory = arena_array(p->arena, n, size);
    if (!memory) parse_fail_as(p, ERR_LIMIT, "command too large");
    return memory;
}

void *parse_grow(struct parse *p, struct grow *list, size_t size, size_t max)
{
    if (p->err) return NULL;
    if (list->n == max) {
        parse_fail_as(p, ERR_LIMIT, "too many arguments");
        return NULL;
    }
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 8;
        void *items = parse_alloc(p, cap, size);
        if (!items) return NULL;
        bytes_copy(items, cap * size, list->items, list->n * size);
        list->items = items;
        list->cap = cap;
    }
    return (char *)list->items + list->n++ * size;
}

/* --- a command ------------------------------------------------------------------------------ */

/* tag = 1*<any ASTRING-CHAR except "+">, RFC 9051 9 */
static str tag(struct parse *p)
{
    if (parse_peek(p) == '+') parse_fail(p, "a tag may not hold a plus sign");
    str t = parse_astring_atom(p);
    if (str_has(t, '+')) parse_fail(p, "a tag may not hold a plus sign");
    if (t.n > IMAP_TAG_BYTES) parse_fail_as(p, ERR_LIMIT, "tag too long");
    return t;
}

static enum verb verb(struct parse *p, bool uid)
{
    str name = parse_atom(p);
    for (int i = 0; !p->err && i < VERBS; i++) {
        if (!str_ieq(name, rules[i].name)) continue;
        if (uid && !(rules[i].how & UID_FORM)) break;
        return (enum verb)i;
    }
    parse_fail(p, "unknown command");
    return VERB_NOOP;
}

enum err parse_name(struct parse *p, struct command *command)
{
    *command = (struct command){ 0 };
    str name = tag(p);
    if (p->err) return p->err;
    command->tag = name;
    parse_sp(p);
    command->uid = parse_try_word(p, S("UID"));
    if (command->uid) parse_sp(p);
    command->what = verb(p, command->uid);
    return p->err;
}

enum err parse_arguments(struct parse *p, struct command *command)
{
    rule_fn *arguments = rules[command->what].arguments;
    if (arguments) arguments(p, command);
    command->respelled = p->respelled;
    if (!p->err && !scan_end(&p->scan)) parse_fail(p, "too many arguments or unexpected character");
    return p->err;
}

bool parse_literal_follows(str line, struct literal *literal)
{
    size_t open = str_rchr(line, '{');
    if (open == STR_NPOS || !str_ends(line, S("+}"))) return false;
    uint64_t size = 0;
    str digits = str_sub(line, open + 1, line.n - open - 3);
    size_t n = 0;
    while (n < digits.n && ascii_digit(digits.p[n]))
        n++;
    if (n == 0 || n < digits.n) return false;
    /* A number past all bounds is still a literal: more than anybody passes over. */
    if (!str_u64(digits, INT64_MAX, &size)) size = INT64_MAX;
    *literal = (struct literal){ .size_bytes = size, .sync = false };
    return true;
}
