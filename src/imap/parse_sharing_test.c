/* parse_sharing_test.c - the grammar of METADATA, ACL and QUOTA: what is accepted, what it means,
 * what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/slice_int.h"

static struct arena arena;

static enum err read_command(str input, struct command *c)
{
    struct slice slice = { .rest = input };
    arena_reset(&arena);
    struct parse p =
        parse_begin(slice_line(&slice), &arena, &parse_limits_user, slice_literal, &slice);
    enum err e = parse_name(&p, c);
    return e ? e : parse_arguments(&p, c);
}

static void show_metadata(struct buf *o, const struct metadata_args *m)
{
    buf_addf(o, "<%.*s>", STR_ARG(m->mailbox));
    for (size_t i = 0; i < m->entries.n; i++) {
        buf_addf(o, " %.*s", STR_ARG(m->entries.items[i]));
        if (!m->values) continue;
        if (m->values[i].p)
            buf_addf(o, "=%zu<%.*s>", m->values[i].n, STR_ARG(m->values[i]));
        else
            buf_add(o, S("=NIL"));
    }
    if (m->depth) buf_addf(o, " depth %u", m->depth);
    if (m->max_bytes && m->max_bytes != UINT64_MAX)
        buf_addf(o, " max %ju", (uintmax_t)m->max_bytes);
}

static void show_quota(struct buf *o, const struct quota_args *q)
{
    buf_addf(o, "<%.*s>", STR_ARG(q->root));
    if (q->has_storage) buf_addf(o, " storage %ju", (uintmax_t)q->storage_kib);
    if (q->has_messages) buf_addf(o, " messages %ju", (uintmax_t)q->messages);
    if (q->has_other) buf_add(o, S(" other"));
}

static void show(struct buf *o, const struct command *c)
{
    switch (c->what) {
    case VERB_GETMETADATA:
    case VERB_SETMETADATA: show_metadata(o, &c->metadata); break;
    case VERB_GETQUOTA:
    case VERB_SETQUOTA: show_quota(o, &c->quota); break;
    case VERB_SETACL:
    case VERB_DELETEACL:
    case VERB_LISTRIGHTS:
        buf_addf(o, "<%.*s> <%.*s> <%.*s>", STR_ARG(c->acl.mailbox), STR_ARG(c->acl.identifier),
                 STR_ARG(c->acl.rights));
        break;
    case VERB_GETACL:
    case VERB_MYRIGHTS:
    case VERB_GETQUOTAROOT: buf_addf(o, "<%.*s>", STR_ARG(c->mailbox.mailbox)); break;
    case VERB_LIST:
        buf_addf(o, "%x", c->list.returns);
        for (size_t i = 0; i < c->list.entries.n; i++)
            buf_addf(o, " %.*s", STR_ARG(c->list.entries.items[i]));
        break;
    default: break;
    }
}

/* clang-format off */
static const struct { const char *in, *means; } good[] = {
    { "a GETMETADATA \"\" /shared/comment", "<> /shared/comment" },
    { "a GETMETADATA inbox (/Shared/Comment /private/vendor/X/y)", "<INBOX> /shared/comment /private/vendor/x/y" },
    { "a GETMETADATA (DEPTH infinity) x /private", "<x> /private depth 4294967295" },
    { "a GETMETADATA (MAXSIZE 1024 DEPTH 1) x (/shared)", "<x> /shared depth 1 max 1024" },
    { "a GETMETADATA x (MAXSIZE 0) (/shared/a)", "<x> /shared/a" },
    { "a GETMETADATA x (\"/shared/a b\")", "<x> /shared/a b" },
    { "a GETMETADATA x ({9}\r\n/shared/a)", "<x> /shared/a" },
    { "a SETMETADATA \"\" (/private/a NIL)", "<> /private/a=NIL" },
    { "a SETMETADATA x (/private/a \"\" /shared/b {3}\r\na\r\n)", "<x> /private/a=0<> /shared/b=3<a\r\n>" },
    { "a SETMETADATA x (/private/a ~{2+}\r\nbc)", "<x> /private/a=2<bc>" },
    { "a LIST \"\" * RETURN (METADATA (/shared/a /private/b) MYRIGHTS)", "c0 /shared/a /private/b" },
    { "a LIST \"\" * RETURN (METADATA /shared/a)", "80 /shared/a" },
    { "a SETACL x alice@a.test +lrs", "<x> <alice@a.test> <+lrs>" },
    { "a SETACL x -alice@a.test \"\"", "<x> <-alice@a.test> <>" },
    { "a DELETEACL INBOX/Drafts {3}\r\nbob", "<INBOX/Drafts> <bob> <>" },
    { "a LISTRIGHTS x anyone", "<x> <anyone> <>" },
    { "a GETACL inbox", "<INBOX>" },
    { "a MYRIGHTS Shared/b@a.test/x", "<Shared/b@a.test/x>" },
    { "a GETQUOTA \"\"", "<>" },
    { "a GETQUOTA #user/alice", "<#user/alice>" },
    { "a GETQUOTAROOT inbox", "<INBOX>" },
    { "a SETQUOTA x ()", "<x>" },
    { "a SETQUOTA x (STORAGE 512 message 9223372036854775807)", "<x> storage 512 messages 9223372036854775807" },
    { "a SETQUOTA x (MAILBOX 1 STORAGE 2)", "<x> storage 2 other" },
};
static const struct { const char *in; enum err err; const char *why; } bad[] = {
    { "a GETMETADATA", ERR_SYNTAX, "no mailbox" },
    { "a GETMETADATA x", ERR_SYNTAX, "no entry" },
    { "a GETMETADATA x ()", ERR_SYNTAX, "no entry in the list" },
    { "a GETMETADATA x (/shared/a", ERR_SYNTAX, "list not closed" },
    { "a GETMETADATA x shared/a", ERR_SYNTAX, "no slash before it" },
    { "a GETMETADATA x /other/a", ERR_SYNTAX, "neither shared nor private" },
    { "a GETMETADATA x /sharedx/a", ERR_SYNTAX, "nor something like it" },
    { "a GETMETADATA x /shared//a", ERR_SYNTAX, "empty level" },
    { "a GETMETADATA x /shared/a/", ERR_SYNTAX, "slash at the end" },
    { "a GETMETADATA x /", ERR_SYNTAX, "slash alone" },
    { "a GETMETADATA x \"\"", ERR_SYNTAX, "empty entry" },
    { "a GETMETADATA x \"/shared/a*\"", ERR_SYNTAX, "wildcard" },
    { "a GETMETADATA x \"/shared/\xc3\xa9\"", ERR_SYNTAX, "not ASCII" },
    { "a GETMETADATA x {10}\r\n/shared/\x01" "a", ERR_SYNTAX, "control character" },
    { "a GETMETADATA (DEPTH 2) x /shared", ERR_SYNTAX, "depth 2" },
    { "a GETMETADATA (MAXSIZE -1) x /shared", ERR_SYNTAX, "negative size" },
    { "a GETMETADATA (WIDTH 2) x /shared", ERR_SYNTAX, "unknown option" },
    { "a GETMETADATA () x /shared", ERR_SYNTAX, "no option" },
    { "a GETMETADATA (/shared) x /shared", ERR_SYNTAX, "entries in the place of options" },
    { "a SETMETADATA x /shared/a \"b\"", ERR_SYNTAX, "no list" },
    { "a SETMETADATA x (/shared/a)", ERR_SYNTAX, "no value" },
    { "a SETMETADATA x (/shared/a b)", ERR_SYNTAX, "an atom is no value" },
    { "a SETMETADATA x (/shared/a {1}\r\n" , ERR_GONE, "literal cut short" },
    { "a SETMETADATA x (/shared/a ~{9999999})", ERR_SYNTAX, "literal not at the line's end" },
    { "a SETMETADATA x (/shared/a ~{9999999}", ERR_LIMIT, "more than a command may hold" },
    { "a SETACL x bob", ERR_SYNTAX, "no rights" },
    { "a SETACL x", ERR_SYNTAX, "no identifier" },
    { "a DELETEACL x bob lr", ERR_SYNTAX, "rights where none belong" },
    { "a GETACL", ERR_SYNTAX, "no mailbox" },
    { "a MYRIGHTS \"\"", ERR_SYNTAX, "empty mailbox" },
    { "a SETQUOTA x", ERR_SYNTAX, "no list" },
    { "a SETQUOTA x (STORAGE)", ERR_SYNTAX, "no limit" },
    { "a SETQUOTA x (STORAGE 9223372036854775808)", ERR_SYNTAX, "2^63" },
    { "a LIST \"\" * RETURN (METADATA)", ERR_SYNTAX, "no entries" },
    { "a LIST (METADATA (/shared/a)) \"\" *", ERR_SYNTAX, "it selects nothing" },
};
/* clang-format on */

static void good_commands_mean_this(void **state)
{
    (void)state;
    struct buf out = buf_make(65536);
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct command c;
        enum err e = read_command(str_of(good[i].in), &c);
        if (e) fail_msg("%s: %s", good[i].in, err_text(e));
        buf_reset(&out);
        show(&out, &c);
        if (!str_eq(buf_str(&out), str_of(good[i].means)))
            fail_msg("%s\n means %.*s\n not   %s", good[i].in, STR_ARG(buf_str(&out)),
                     good[i].means);
    }
    buf_free(&out);
}

static void bad_commands_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct command c;
        enum err e = read_command(str_of(bad[i].in), &c);
        if (e != bad[i].err) fail_msg("%s (%s): %s", bad[i].in, bad[i].why, err_text(e));
    }
}

static void lists_have_an_end(void **state)
{
    (void)state;
    struct buf line = buf_make(1 << 20);
    struct command c;
    for (int more = 0; more < 2; more++) {
        buf_reset(&line);
        buf_add(&line, S("a GETMETADATA x (/shared/a"));
        for (int i = 1; i < METADATA_ENTRIES + more; i++)
            buf_addf(&line, " /shared/a%d", i);
        buf_addc(&line, ')');
        assert_int_equal(read_command(buf_str(&line), &c), more ? ERR_LIMIT : OK);
    }
    buf_reset(&line);
    buf_add(&line, S("a GETMETADATA x /shared/"));
    buf_fill(&line, 'x', METADATA_NAME_BYTES);
    assert_int_equal(read_command(buf_str(&line), &c), ERR_LIMIT);
    buf_free(&line);
}

static int setup(void **state)
{
    (void)state;
    arena = arena_make(4 * 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_commands_mean_this),
        cmocka_unit_test(bad_commands_are_refused),
        cmocka_unit_test(lists_have_an_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
