/* parse_find_test.c - the grammar of SORT, THREAD, ESEARCH, CANCELUPDATE, and of what SEARCH
 * returns.
 *
 * RFC 5256 5, RFC 5267 7, RFC 7377 5, RFC 5182 4, RFC 6203 6, RFC 9394 4.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "imap/slice_int.h"

static void show(struct buf *o, const struct command *c)
{
    const struct search_args *s = &c->search;
    if (c->what == VERB_CANCELUPDATE) {
        for (size_t i = 0; i < c->cancel.n; i++)
            buf_addf(o, "<%.*s>", STR_ARG(c->cancel.items[i]));
        return;
    }
    buf_addf(o, "%x", s->returns);
    if (s->returns & RETURN_PARTIAL)
        buf_addf(o, " %s%u-%u", s->places.from_end ? "last " : "", s->places.from, s->places.to);
    for (size_t i = 0; i < s->sort_n; i++)
        buf_addf(o, " %s%d", s->sort[i].reverse ? "-" : "", s->sort[i].by);
    for (size_t i = 0; i < s->sources_n; i++) {
        buf_addf(o, " in%d", s->sources[i].kind);
        for (size_t n = 0; n < s->sources[i].names.n; n++)
            buf_addf(o, "<%.*s>", STR_ARG(s->sources[i].names.items[n]));
    }
    if (c->what == VERB_THREAD) buf_addf(o, " thread%d", s->thread);
    buf_addf(o, " %.*s%s%s", STR_ARG(s->charset), s->fuzzy ? " fuzzy" : "",
             s->program->child->set.saved ? " saved" : "");
}

/* clang-format off */
static const struct { const char *in, *out; } good[] = {
    { "a SEARCH RETURN (SAVE) $", "10  saved" },
    { "a SEARCH RETURN (UPDATE CONTEXT) UID $", "60  saved" },
    { "a SEARCH RETURN (UPDATE (UID BODY.PEEK[HEADER.FIELDS (From)]) CONTEXT) UID $", "60  saved" },
    { "a SEARCH RETURN (UPDATE(UID)) UID $", "20  saved" },
    { "a SEARCH RETURN (PARTIAL 10:1 COUNT) ALL", "108 1-10 " },
    { "a SEARCH RETURN (PARTIAL -1:-100) ALL", "100 last 1-100 " },
    { "a SEARCH RETURN (RELEVANCY) FUZZY (TO a FROM b)", "80  fuzzy" },
    { "a SORT (DATE) UTF-8 ALL", "0 2 UTF-8" },
    { "a UID SORT RETURN (MIN) (REVERSE SUBJECT REVERSE CC ARRIVAL) {5}\r\nUTF-8 1", "1 -5 -1 0 UTF-8" },
    { "a SORT (DISPLAYFROM DISPLAYTO RELEVANCY SIZE FROM TO) US-ASCII NOT FUZZY TEXT x",
      "0 7 8 9 4 3 6 US-ASCII fuzzy" },
    { "a THREAD REFS utf-8 UNSEEN", "0 thread2 utf-8" },
    { "a UID THREAD ORDEREDSUBJECT \"UTF-8\" ALL", "0 thread0 UTF-8" },
    { "a ESEARCH ALL", "4 " },
    { "a ESEARCH IN (selected) RETURN (COUNT) ALL", "8 in0 " },
    { "a ESEARCH IN (personal subtree (A \"B C\") subtree-one inbox mailboxes (D) subscribed) ALL",
      "4 in2 in4<A><B C> in5<INBOX> in6<D> in3 " },
    { "a ESEARCH IN (inboxes) CHARSET UTF-8 ALL", "4 in1 UTF-8" },
    { "a CANCELUPDATE \"x\" \"y\"", "<x><y>" },
    { "a FETCH $ FLAGS", NULL },
    { "a STORE $ +FLAGS x", NULL },
    { "a COPY $ b", NULL },
    { "a UID EXPUNGE $", NULL },
};
static const char *const bad[] = {
    "a SEARCH UIDAFTER", "a SEARCH UIDAFTER 1:2", "a SEARCH UIDBEFORE 0", "a SEARCH UIDBEFORE *",
    "a SEARCH $,1", "a SEARCH 1,$", "a SEARCH RETURN (PARTIAL) ALL", "a SEARCH RETURN (PARTIAL 0:1) ALL",
    "a SEARCH RETURN (PARTIAL 1:-2) ALL", "a SEARCH RETURN (PARTIAL -1:2) ALL",
    "a SEARCH RETURN (PARTIAL 1:2 ALL) ALL", "a SEARCH RETURN (RELEVANCY) ALL", "a SEARCH FUZZY",
    "a SORT ALL", "a SORT () UTF-8 ALL", "a SORT (REVERSE) UTF-8 ALL", "a SORT (DATE) ALL",
    "a SORT (DATE)  ALL", "a SORT (REVERSE REVERSE DATE) UTF-8 ALL", "a THREAD UTF-8 ALL",
    "a THREAD REFS ALL", "a UID ESEARCH ALL", "a ESEARCH IN () ALL", "a ESEARCH IN (mailboxes) ALL",
    "a ESEARCH IN (subtree ()) ALL", "a ESEARCH IN (selected)", "a CANCELUPDATE", "a CANCELUPDATE x",
    "a SELECT b (QRESYNC (1 1 $))",
};
/* clang-format on */

static enum err parse_one(struct arena *a, const char *in, struct command *c)
{
    struct slice slice = { .rest = str_of(in) };
    struct parse p = parse_begin(slice_line(&slice), a, &parse_limits_user, slice_literal, &slice);
    enum err e = parse_name(&p, c);
    return e ? e : parse_arguments(&p, c);
}

static void good_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct arena a = arena_make(1 << 20);
        struct buf out = buf_make(10000);
        struct command c;
        if (parse_one(&a, good[i].in, &c)) fail_msg("%s", good[i].in);
        if (good[i].out) show(&out, &c);
        if (good[i].out && !str_eq(buf_str(&out), str_of(good[i].out)))
            fail_msg("%s: %.*s", good[i].in, STR_ARG(buf_str(&out)));
        buf_free(&out);
        arena_free(&a);
    }
}

static void bad_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct arena a = arena_make(1 << 20);
        struct command c;
        if (parse_one(&a, bad[i], &c) != ERR_SYNTAX) fail_msg("%s", bad[i]);
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_commands),
        cmocka_unit_test(bad_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
