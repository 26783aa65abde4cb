/* parse_test.c - the IMAP grammar: what is accepted, what it means, what is refused and how. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/slice_int.h"

/* --- a command as text, so that a table can say what it must mean ---------------------------- */
static void show_set(struct buf *o, struct seqset set)
{
    const char *comma = "";
    for (size_t i = 0; i < set.n; i++, comma = ",")
        buf_addf(o, "%s%u-%u", comma, set.ranges[i].first, set.ranges[i].last);
    if (set.star_from == UINT32_MAX)
        buf_addf(o, "%s*", comma);
    else if (set.star_from)
        buf_addf(o, "%s%u-*", comma, set.star_from);
}

static void show_list(struct buf *o, struct str_list list)
{
    for (size_t i = 0; i < list.n; i++)
        buf_addf(o, "%s<%.*s>", i ? " " : "", STR_ARG(list.items[i]));
}

static void show_flags(struct buf *o, struct flag_list flags)
{
    buf_addf(o, "%x ", flags.system);
    show_list(o, flags.keywords);
}

static void show_fetch(struct buf *o, const struct fetch_args *fetch)
{
    show_set(o, fetch->set);
    for (size_t i = 0; i < fetch->n; i++) {
        const struct fetch_item *item = &fetch->items[i];
        buf_addf(o, " %d%s", item->kind, item->peek ? "p" : "");
        for (size_t k = 0; k < item->section.parts; k++)
            buf_addf(o, ".%u", item->section.part[k]);
        if (item->section.text) buf_addf(o, "t%d", item->section.text);
        show_list(o, item->section.fields);
        if (item->partial) buf_addf(o, "@%ju+%ju", (uintmax_t)item->offset, (uintmax_t)item->count);
    }
    if (fetch->has_changed_since) buf_addf(o, " since %ju", (uintmax_t)fetch->changed_since);
    if (fetch->vanished) buf_add(o, S(" vanished"));
    const struct partial *places = &fetch->places;
    if (places->from)
        buf_addf(o, " %s%u..%u", places->from_end ? "-" : "", places->from, places->to);
}

static void show_key(struct buf *o, const struct search_key *key)
{
    buf_addf(o, "%d", key->kind);
    if (key->flag) buf_addf(o, "f%x", key->flag);
    if (key->number) buf_addf(o, "n%ju", (uintmax_t)key->number);
    if (key->day) buf_addf(o, "d%d", key->day);
    if (key->field.n) buf_addf(o, "<%.*s>", STR_ARG(key->field));
    if (key->text.n) buf_addf(o, "<%.*s>", STR_ARG(key->text));
    show_set(o, key->set);
    if (!key->child) return;
    buf_addc(o, '(');
    for (const struct search_key *k = key->child; k; k = k->next) {
        if (k != key->child) buf_addc(o, ' ');
        show_key(o, k);
    }
    buf_addc(o, ')');
}

static void show_select(struct buf *o, const struct select_args *a)
{
    buf_addf(o, "<%.*s>%s%s", STR_ARG(a->mailbox), a->condstore ? " condstore" : "",
             a->qresync ? " qresync " : "");
    if (!a->qresync) return;
    buf_addf(o, "%u %ju ", a->uidvalidity, (uintmax_t)a->modseq);
    show_set(o, a->known_uids);
    buf_addc(o, '/');
    show_set(o, a->match_seqs);
    buf_addc(o, '/');
    show_set(o, a->match_uids);
}

/* What APPEND and REPLACE bring. */
static struct buf messages;

static void show_message(void *arg, const struct append_message *m)
{
    struct buf *o = arg;
    buf_addc(o, ' ');
    show_flags(o, m->flags);
    if (m->has_date) buf_addf(o, " %jd %d", (intmax_t)m->date, m->zone_minutes);
    if (m->kind == APPEND_CATENATE) buf_add(o, S(" catenate"));
    if (m->kind == APPEND_CATENATE) return;
    buf_addf(o, "%s {%ju%s}%s", m->kind == APPEND_UTF8 ? " utf8" : "",
             (uintmax_t)m->literal.size_bytes, m->literal.sync ? "" : "+",
             m->literal.binary ? " binary" : "");
}

static void show(struct buf *o, const struct command *c)
{
    buf_addf(o, "%.*s %s%.*s ", STR_ARG(c->tag), c->uid ? "UID " : "", STR_ARG(verb_name(c->what)));
    switch (c->what) {
    case VERB_ID: show_list(o, c->id); break;
    case VERB_COMPRESS: buf_addf(o, "<%.*s>", STR_ARG(c->compress)); break;
    case VERB_NOTIFY:
        buf_addf(o, "%d%d", c->notify.set, c->notify.status);
        for (size_t i = 0; i < c->notify.n; i++) {
            const struct notify_group *g = &c->notify.groups[i];
            buf_addf(o, " %u:%x:%zu", g->filter, g->events, g->fetch.n);
            show_list(o, g->names);
        }
        break;
    case VERB_ENABLE: show_list(o, c->enable); break;
    case VERB_AUTHENTICATE:
        buf_addf(o, "%.*s %.*s", STR_ARG(c->authenticate.mechanism),
                 STR_ARG(c->authenticate.initial));
        break;
    case VERB_LOGIN:
        buf_addf(o, "<%.*s> <%.*s>", STR_ARG(c->login.user), STR_ARG(c->login.password));
        break;
    case VERB_SELECT:
    case VERB_EXAMINE: show_select(o, &c->select); break;
    case VERB_CREATE:
        buf_addf(o, "<%.*s> %d %d", STR_ARG(c->mailbox.mailbox), c->mailbox.trailing_separator,
                 c->mailbox.use);
        break;
    case VERB_DELETE:
    case VERB_SUBSCRIBE:
    case VERB_UNSUBSCRIBE: buf_addf(o, "<%.*s>", STR_ARG(c->mailbox.mailbox)); break;
    case VERB_RENAME:
        buf_addf(o, "<%.*s> <%.*s>", STR_ARG(c->mailbox.mailbox), STR_ARG(c->mailbox.to));
        break;
    case VERB_LIST:
    case VERB_LSUB:
        buf_addf(o, "%x <%.*s> ", c->list.select, STR_ARG(c->list.reference));
        show_list(o, c->list.patterns);
        buf_addf(o, " %x %x", c->list.returns, c->list.status_items);
        break;
    case VERB_STATUS: buf_addf(o, "<%.*s> %x", STR_ARG(c->status.mailbox), c->status.items); break;
    case VERB_REPLACE: show_set(o, c->append.replaced); /* fallthrough */
    case VERB_APPEND:
        buf_addf(o, "<%.*s>%.*s", STR_ARG(c->append.mailbox), STR_ARG(buf_str(&messages)));
        break;
    case VERB_EXPUNGE: show_set(o, c->expunge); break;
    case VERB_UIDBATCHES:
        buf_addf(o, "%u %u %u", c->batches.size, c->batches.from, c->batches.to);
        break;
    case VERB_SEARCH:
        if (c->search.charset.n) buf_addf(o, "%.*s ", STR_ARG(c->search.charset));
        if (c->search.extended) buf_addf(o, "return %x ", c->search.returns);
        show_key(o, c->search.program);
        break;
    case VERB_FETCH: show_fetch(o, &c->fetch); break;
    case VERB_STORE:
        show_set(o, c->store.set);
        buf_addf(o, " %d%s ", c->store.op, c->store.silent ? " silent" : "");
        show_flags(o, c->store.flags);
        if (c->store.has_unchanged_since)
            buf_addf(o, " since %ju", (uintmax_t)c->store.unchanged_since);
        break;
    case VERB_COPY:
    case VERB_MOVE:
        show_set(o, c->mailbox.set);
        buf_addf(o, " <%.*s>", STR_ARG(c->mailbox.to));
        break;
    default: break;
    }
}

/* --- parsing one input ------------------------------------------------------------------------ */
static struct arena arena;
static const char *why;

static enum err read_command(str input, const struct parse_limits *limits, struct command *c)
{
    struct slice slice = { .rest = input };
    arena_reset(&arena);
    struct parse p = parse_begin(slice_line(&slice), &arena, limits, slice_literal, &slice);
    enum err e = parse_name(&p, c);
    if (!e) e = parse_arguments(&p, c);
    why = p.why;
    buf_reset(&messages);
    if (e || (c->what != VERB_APPEND && c->what != VERB_REPLACE)) return e;
    e = slice_messages(&slice, &arena, c->append.rest, show_message, &messages);
    if (e) why = "in a message";
    return e;
}

static int setup(void **state)
{
    (void)state;
    arena = arena_make(4 * 1024 * 1024);
    messages = buf_make(64 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    buf_free(&messages);
    return 0;
}

/* --- accepted, and what it means -------------------------------------------------------------- */
/* clang-format off */
static const struct { const char *in, *means; } good[] = {
    { "a NOOP", "a NOOP " },
    { "A.1 capability", "A.1 CAPABILITY " },
    { "a]1 NOOP", "a]1 NOOP " },
    { "a ID NIL", "a ID " },
    { "a ID (\"name\" \"mutt\" \"os\" NIL)", "a ID <name> <mutt> <os> <>" },
    { "a AUTHENTICATE PLAIN", "a AUTHENTICATE PLAIN " },
    { "a AUTHENTICATE PLAIN AGEAYg==", "a AUTHENTICATE PLAIN AGEAYg==" },
    { "a AUTHENTICATE PLAIN =", "a AUTHENTICATE PLAIN =" },
    { "a LOGIN joe secret", "a LOGIN <joe> <secret>" },
    { "a LOGIN joe@a.test \"a\\\"b\\\\c d\"", "a LOGIN <joe@a.test> <a\"b\\c d>" },
    { "a LOGIN \"\\\"\" \"\"", "a LOGIN <\"> <>" },
    { "a LOGIN joe pass]word", "a LOGIN <joe> <pass]word>" },
    { "a LOGIN {3}\r\njoe {6+}\r\nse ret\r\n", "a LOGIN <joe> <se ret>" },
    { "a LOGIN {0}\r\n {4}\r\n\"\\\r\n", "a LOGIN <> <\"\\\r\n>" },
    { "a COMPRESS DEFLATE", "a COMPRESS <DEFLATE>" },
    { "a NOTIFY NONE", "a NOTIFY 00" },
    { "a NOTIFY SET (selected NONE)", "a NOTIFY 10 0:0:0" },
    { "a notify set status (Selected-Delayed (messagenew (UID BODY.PEEK[HEADER.FIELDS (From)]) "
      "MessageExpunge flagchange)) (subtree Lists (MailboxName SubscriptionChange XNew))",
      "a NOTIFY 11 1:7:2 5:38:0<Lists>" },
    { "a NOTIFY SET (mailboxes (INBOX \"a b\") MessageNew MessageExpunge) (personal (MessageNew "
      "(FLAGS)))", "a NOTIFY 10 6:3:0<INBOX> <a b> 3:1:1" },
    { "a ENABLE CONDSTORE QRESYNC", "a ENABLE <CONDSTORE> <QRESYNC>" },

    { "a SELECT inbox", "a SELECT <INBOX>" },
    { "a SELECT inBox/Work", "a SELECT <INBOX/Work>" },
    { "a SELECT \"inbox2\"", "a SELECT <inbox2>" },
    { "a EXAMINE {5}\r\nINbox", "a EXAMINE <INBOX>" },
    { "a SELECT &ZeVnLIqe-", "a SELECT <\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e>" },
    { "a SELECT \"\xc3\xa9t\xc3\xa9\"", "a SELECT <\xc3\xa9t\xc3\xa9>" },
    { "a SELECT \"R&-D\"", "a SELECT <R&D>" },
    { "a SELECT x (CONDSTORE)", "a SELECT <x> condstore" },
    { "a SELECT x (QRESYNC (67890007 90060115194045000 41,43:211 (1,3 41,5)))",
      "a SELECT <x> qresync 67890007 90060115194045000 41-41,43-211/1-1,3-3/5-5,41-41" },
    { "a SELECT x (QRESYNC (1 2 (1 1)))", "a SELECT <x> qresync 1 2 /1-1/1-1" },

    { "a CREATE a/b/", "a CREATE <a/b> 1 0" },
    { "a CREATE Gesendet (USE (\\Sent))", "a CREATE <Gesendet> 0 6" },
    { "a DELETE x", "a DELETE <x>" },
    { "a RENAME x \"y z\"", "a RENAME <x> <y z>" },
    { "a SUBSCRIBE #news", "a SUBSCRIBE <#news>" },
    { "a STATUS x (MESSAGES unseen UIDNEXT)", "a STATUS <x> 15" },
    { "a LIST \"\" *", "a LIST 0 <> <*> 0 0" },
    { "a LIST \"\" \"\"", "a LIST 0 <> <> 0 0" },
    { "a LSUB x/ %/&AOk-*", "a LSUB 0 <x/> <%/\xc3\xa9*> 0 0" },
    { "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (INBOX Sent/%) RETURN (CHILDREN STATUS (MESSAGES SIZE))",
      "a LIST 5 <> <INBOX> <Sent/%> 30 41" },
    { "a LIST () \"\" * RETURN ()", "a LIST 0 <> <*> 0 0" },
    { "a LIST (SPECIAL-USE) \"\" *", "a LIST 8 <> <*> 0 0" },

    { "a APPEND x {310}", "a APPEND <x> 0  {310}" },
    { "a APPEND x (\\Seen $Work \\Draft $WORK) \" 7-Feb-1994 21:52:25 -0800\" {10+}",
      "a APPEND <x> 11 <$Work> 760686745 -480 {10+}" },
    { "a APPEND x () \"31-Dec-1969 23:59:59 +0000\" ~{4}", "a APPEND <x> 0  -1 0 {4} binary" },
    { "a APPEND {1}\r\nx {9223372036854775807}", "a APPEND <x> 0  {9223372036854775807}" },
    { "a APPEND x {1+}\r\ny (\\Seen) {2}\r\nzz", "a APPEND <x> 0  {1+} 1  {2}" },
    { "a APPEND x UTF8 (~{3+}\r\nabc) {1}", "a APPEND <x> 0  utf8 {3+} binary 0  {1}" },
    { "a APPEND x CATENATE (URL \"/y;UID=1\" TEXT {2}\r\nab URL {1}\r\nz) () {1}",
      "a APPEND <x> 0  catenate 0  {1}" },
    { "a REPLACE 4 x (\\Draft) {2}", "a REPLACE 4-4<x> 10  {2}" },
    { "a UID REPLACE * x {2}", "a UID REPLACE *<x> 0  {2}" },

    { "a FETCH 1 FLAGS", "a FETCH 1-1 0" },
    { "a FETCH 5:3,1,2,* (UID)", "a FETCH 1-5,* 1" },
    { "a FETCH *:7,9:*,1 ALL", "a FETCH 1-1,7-* 0 2 3 4" },
    { "a FETCH 4294967295 FAST", "a FETCH 4294967295-4294967295 0 2 3" },
    { "a FETCH 4294967295:4294967294,*:4294967295 FULL", "a FETCH 4294967294-4294967295,* 0 2 3 4 5" },
    { "a FETCH 1 (BODY BODYSTRUCTURE MODSEQ RFC822 RFC822.HEADER RFC822.TEXT)",
      "a FETCH 1-1 5 6 7 8 9p 10" },
    { "a FETCH 1 BODY[]", "a FETCH 1-1 11" },
    { "a UID FETCH 1 (BODY.PEEK[1.2.HEADER]<0.100> body[3.MIME])", "a UID FETCH 1-1 11p.1.2t1@0+100 11.3t5" },
    { "a FETCH 1:*,4 (FLAGS BODY.PEEK[HEADER.FIELDS (From \"Reply To\" {1}\r\nx)]<7.1>)",
      "a FETCH 4-4,1-* 0 11pt2<From> <Reply To> <x>@7+1" },
    { "a FETCH 1 BODY[1.HEADER.FIELDS.NOT (Date)]", "a FETCH 1-1 11.1t3<Date>" },
    { "a FETCH 1 BODY[TEXT]<4294967296.9223372036854775807>",
      "a FETCH 1-1 11t4@4294967296+9223372036854775807" },
    { "a FETCH 1 (BINARY[1.2]<0.5> BINARY.PEEK[] BINARY.SIZE[2])", "a FETCH 1-1 12.1.2@0+5 12p 13p.2" },
    { "a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)", "a UID FETCH 1-* 0 since 12345 vanished" },
    { "a UID FETCH 1:* UID (PARTIAL 5:1)", "a UID FETCH 1-* 1 1..5" },
    { "a FETCH 1:* UID (PARTIAL -1:-5 CHANGEDSINCE 7)", "a FETCH 1-* 1 since 7 -1..5" },
    { "a FETCH 1 (PREVIEW (LAZY) UID)", "a FETCH 1-1 17 1" },
    { "a FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 7)", "a FETCH 1-1 17 since 7" },
    { "a FETCH 1 PREVIEW (CHANGEDSINCE 7)", "a FETCH 1-1 17 since 7" },
    { "a FETCH 1 (EMAILID THREADID SAVEDATE)", "a FETCH 1-1 14 15 16" },
    { "a UIDBATCHES 2000", "a UIDBATCHES 2000 0 0" },
    { "a UIDBATCHES 2000 1:3", "a UIDBATCHES 2000 1 3" },
    { "a FETCH 1 ALL (CHANGEDSINCE 0)", "a FETCH 1-1 0 2 3 4 since 0" },

    { "a STORE 1 FLAGS (\\Deleted)", "a STORE 1-1 0 8 " },
    { "a STORE 1 FLAGS ()", "a STORE 1-1 0 0 " },
    { "a STORE 1:2 +FLAGS.SILENT \\Seen \\answered work", "a STORE 1-2 1 silent 3 <work>" },
    { "a UID STORE 1 (UNCHANGEDSINCE 18446744073) -flags (\\Flagged)", "a UID STORE 1-1 2 4  since 18446744073" },
    { "a COPY 2:4 MEETING", "a COPY 2-4 <MEETING>" },
    { "a UID MOVE 42:69 foo", "a UID MOVE 42-69 <foo>" },
    { "a EXPUNGE", "a EXPUNGE " },
    { "a UID EXPUNGE 3000:3002", "a UID EXPUNGE 3000-3002" },

    { "a SEARCH ALL", "a SEARCH 0(0)" },
    { "a SEARCH 1:3 UID 4,5 UNSEEN", "a SEARCH 0(31-3 44-5 2(5f1))" },
    { "a SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"", "a SEARCH 0(5f4 10d8797 2(19<From><Smith>))" },
    { "a SEARCH OR (ANSWERED DRAFT) OR TO x NOT DELETED", "a SEARCH 0(1(0(5f2 5f10) 1(19<To><x> 2(5f8))))" },
    { "a SEARCH CHARSET UTF-8 TEXT {4}\r\n\xf0\x9f\x99\x82", "a SEARCH UTF-8 0(21<\xf0\x9f\x99\x82>)" },
    { "a SEARCH RETURN (MIN COUNT) KEYWORD $Junk UNKEYWORD a", "a SEARCH return 9 0(6<$Junk> 2(6<a>))" },
    { "a SEARCH RETURN () HEADER X-A \"\" BODY b", "a SEARCH return 4 0(19<X-A> 20<b>)" },
    { "a SEARCH ON \"29-Feb-2000\" BEFORE 1-Jan-1970 SENTON 1-Mar-1970 SENTSINCE 2-Jan-1970 SENTBEFORE 3-Jan-1970",
      "a SEARCH 0(9d11016 8 12d59 13d1 11d2)" },
    { "a SEARCH LARGER 5000000000 SMALLER 7 YOUNGER 60 OLDER 61", "a SEARCH 0(14n5000000000 15n7 18n60 17n61)" },
    { "a SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338", "a SEARCH 0(16n620162338)" },
    { "a SEARCH NEW OLD RECENT SEEN UNANSWERED", "a SEARCH 0(7 2(7) 7 5f1 2(5f2))" },
    { "a SEARCH ((((ALL))))", "a SEARCH 0(0(0(0(0(0)))))" },
};

/* --- refused ---------------------------------------------------------------------------------- */
static const struct { const char *in; enum err err; const char *why; } bad[] = {
    { "", ERR_SYNTAX, "nothing at all" },
    { "a", ERR_SYNTAX, "no command" },
    { "a ", ERR_SYNTAX, "no command" },
    { " NOOP", ERR_SYNTAX, "no tag" },
    { "+a NOOP", ERR_SYNTAX, "tag with +" },
    { "a+ NOOP", ERR_SYNTAX, "tag with +" },
    { "{1}\r\na NOOP", ERR_SYNTAX, "tag as a literal" },
    { "a  NOOP", ERR_SYNTAX, "two spaces" },
    { "a NOOP ", ERR_SYNTAX, "trailing space" },
    { "a NOOPE", ERR_SYNTAX, "unknown command" },
    { "a UID NOOP", ERR_SYNTAX, "no UID form" },
    { "a UID", ERR_SYNTAX, "UID alone" },
    { "a UID EXPUNGE", ERR_SYNTAX, "UID EXPUNGE wants a set" },
    { "a EXPUNGE 1", ERR_SYNTAX, "EXPUNGE takes none" },
    { "a LOGIN joe", ERR_SYNTAX, "password missing" },
    { "a LOGIN joe \"x", ERR_SYNTAX, "quote not closed" },
    { "a LOGIN joe \"x\\y\"", ERR_SYNTAX, "only \\ and \" are escaped" },
    { "a LOGIN joe \"\xff\"", ERR_SYNTAX, "quoted string not UTF-8" },
    { "a LOGIN joe caf\xc3\xa9", ERR_SYNTAX, "an atom is ASCII" },
    { "a LOGIN joe {3}x", ERR_SYNTAX, "literal not at the line's end" },
    { "a LOGIN joe {3", ERR_SYNTAX, "literal not closed" },
    { "a LOGIN joe {-1}", ERR_SYNTAX, "negative literal" },
    { "a LOGIN joe {}", ERR_SYNTAX, "literal without a size" },
    { "a LOGIN joe {18446744073709551617}", ERR_SYNTAX, "2^64+1" },
    { "a LOGIN joe {4294967296}", ERR_LIMIT, "4 GiB" },
    { "a LOGIN joe {2000000}", ERR_LIMIT, "more than a command may hold" },
    { "a LOGIN joe {9}\r\nab", ERR_GONE, "literal cut short" },
    { "a LOGIN joe ~{1}\r\nx", ERR_SYNTAX, "literal8 outside APPEND" },
    { "a ID (\"a\")", ERR_SYNTAX, "field without a value" },
    { "a COMPRESS", ERR_SYNTAX, "compress how" },
    { "a NOTIFY", ERR_SYNTAX, "SET or NONE" },
    { "a NOTIFY SET", ERR_SYNTAX, "what" },
    { "a NOTIFY SET STATUS", ERR_SYNTAX, "of what" },
    { "a NOTIFY SET (selected)", ERR_SYNTAX, "which events" },
    { "a NOTIFY SET (selected ())", ERR_SYNTAX, "no events in brackets" },
    { "a NOTIFY SET (selected (MessageNew ()))", ERR_SYNTAX, "nothing to fetch" },
    { "a NOTIFY SET (subtree (MessageNew))", ERR_SYNTAX, "a subtree of what" },
    { "a NOTIFY SET (mailboxes () (MessageNew))", ERR_SYNTAX, "no mailboxes in brackets" },
    { "a NOTIFY SET (all NONE)", ERR_SYNTAX, "no such choice" },
    { "a NOTIFY NONE (selected NONE)", ERR_SYNTAX, "none, and some" },
    { "a COMPRESS DEFLATE now", ERR_SYNTAX, "more than the algorithm" },
    { "a ENABLE", ERR_SYNTAX, "enable what" },
    { "a SELECT \"\"", ERR_SYNTAX, "empty name" },
    { "a SELECT &", ERR_SYNTAX, "UTF-7 not closed" },
    { "a SELECT &AGE-", ERR_SYNTAX, "UTF-7 of a plain letter is not canonical" },
    { "a SELECT \"a\x7f\"", ERR_SYNTAX, "control" },
    { "a SELECT \"a\xc2\x85\"", ERR_SYNTAX, "C1 control" },
    { "a SELECT {2}\r\na\n", ERR_SYNTAX, "line feed in a name" },
    { "a SELECT x ()", ERR_SYNTAX, "empty parameters" },
    { "a UID FETCH 1 UID (PARTIAL 1:-5)", ERR_SYNTAX, "from one end" },
    { "a UIDBATCHES 500 1", ERR_SYNTAX, "a range of batches" },
    { "a FETCH 1 (PREVIEW (EAGER))", ERR_SYNTAX, "LAZY is all there is" },
    { "a SELECT x (QRESYNC (1 2 1:*))", ERR_SYNTAX, "known UIDs are numbers" },
    { "a LIST (RECURSIVEMATCH) \"\" *", ERR_SYNTAX, "RFC 5258 3.1" },
    { "a LIST (CHILDREN) \"\" *", ERR_SYNTAX, "no selection option" },
    { "a LIST (STATUS (MESSAGES)) \"\" *", ERR_SYNTAX, "no selection option" },
    { "a LIST \"\" ()", ERR_SYNTAX, "no pattern" },
    { "a LIST \"\" * RETURN (REMOTE)", ERR_SYNTAX, "no return option" },
    { "a STATUS x ()", ERR_SYNTAX, "no items" },
    { "a STATUS x (FOO)", ERR_SYNTAX, "unknown item" },
    { "a APPEND x", ERR_SYNTAX, "no literal" },
    { "a APPEND x ", ERR_SYNTAX, "no literal" },
    { "a APPEND x {1}\r\ny {1}\r\nzz", ERR_SYNTAX, "a space between two messages" },
    { "a APPEND x UTF8 {1}", ERR_SYNTAX, "UTF8 has brackets" },
    { "a APPEND x UTF8 ({1}", ERR_SYNTAX, "UTF8 takes a literal8" },
    { "a APPEND x UTF8 (~{1+}\r\na {1}", ERR_SYNTAX, "UTF8's bracket is closed" },
    { "a APPEND x CATENATE ()", ERR_SYNTAX, "a message has parts" },
    { "a APPEND x CATENATE (FILE y)", ERR_SYNTAX, "TEXT or URL" },
    { "a APPEND x CATENATE (URL y", ERR_SYNTAX, "CATENATE's bracket is closed" },
    { "a REPLACE 1:2 x {1}", ERR_SYNTAX, "REPLACE takes one message" },
    { "a REPLACE 1:* x {1}", ERR_SYNTAX, "REPLACE takes one message" },
    { "a REPLACE x {1}", ERR_SYNTAX, "REPLACE names a message" },
    { "a APPEND x (\\Recent) {1}", ERR_SYNTAX, "\\Recent is the server's" },
    { "a APPEND x \"30-Feb-1994 21:52:25 -0800\" {1}", ERR_SYNTAX, "no such day" },
    { "a APPEND x \"07-Feb-1994 24:00:00 -0800\" {1}", ERR_SYNTAX, "no such hour" },
    { "a APPEND x \"07-Feb-1994 21:52:25 PST\" {1}", ERR_SYNTAX, "zones are numbers" },
    { "a FETCH 0 FLAGS", ERR_SYNTAX, "sequence numbers start at 1" },
    { "a FETCH 1:0 FLAGS", ERR_SYNTAX, "sequence numbers start at 1" },
    { "a FETCH 4294967296 FLAGS", ERR_SYNTAX, "2^32" },
    { "a FETCH 18446744073709551617 FLAGS", ERR_SYNTAX, "2^64+1 is not 1" },
    { "a FETCH 1, FLAGS", ERR_SYNTAX, "comma without a number" },
    { "a FETCH 1:2:3 FLAGS", ERR_SYNTAX, "two colons" },
    { "a FETCH 1 ()", ERR_SYNTAX, "no items" },
    { "a FETCH 1 (ALL)", ERR_SYNTAX, "a macro stands alone" },
    { "a FETCH 1 (FLAGS", ERR_SYNTAX, "not closed" },
    { "a FETCH 1 BODY[", ERR_SYNTAX, "not closed" },
    { "a FETCH 1 BODY[MIME]", ERR_SYNTAX, "MIME wants a part" },
    { "a FETCH 1 BODY[0]", ERR_SYNTAX, "parts start at 1" },
    { "a FETCH 1 BODY[1.]", ERR_SYNTAX, "dot without a part" },
    { "a FETCH 1 BODY[HEADER.FIELDS]", ERR_SYNTAX, "no fields" },
    { "a FETCH 1 BODY[HEADER.FIELDS ()]", ERR_SYNTAX, "no fields" },
    { "a FETCH 1 BODY[]<0>", ERR_SYNTAX, "partial without a count" },
    { "a FETCH 1 BODY[]<0.0>", ERR_SYNTAX, "partial of nothing" },
    { "a FETCH 1 BINARY[HEADER]", ERR_SYNTAX, "BINARY is of parts" },
    { "a FETCH 1 ALL (VANISHED)", ERR_SYNTAX, "RFC 7162 3.2.6" },
    { "a STORE 1 FLAGS", ERR_SYNTAX, "no flags" },
    { "a STORE 1 FLAG (\\Seen)", ERR_SYNTAX, "FLAGS" },
    { "a STORE 1 +FLAGS (\\Foo)", ERR_SYNTAX, "unknown system flag" },
    { "a STORE 1 +FLAGS (\\*)", ERR_SYNTAX, "a wildcard is no flag" },
    { "a SEARCH", ERR_SYNTAX, "no key" },
    { "a SEARCH ()", ERR_SYNTAX, "no key" },
    { "a SEARCH OR ALL", ERR_SYNTAX, "OR of one" },
    { "a SEARCH FOO", ERR_SYNTAX, "unknown key" },
    { "a SEARCH ON 29-Feb-1900", ERR_SYNTAX, "no leap year" },
    { "a SEARCH YOUNGER 0", ERR_SYNTAX, "RFC 5032 wants nz-number" },
    { "a SEARCH MODSEQ 9223372036854775808", ERR_SYNTAX, "63 bits" },
    { "a SEARCH CHARSET UTF-8", ERR_SYNTAX, "no key" },
};
/* clang-format on */

static void accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct command c;
        struct buf text = buf_make(64 * 1024);
        enum err e = read_command(str_of(good[i].in), &parse_limits_user, &c);
        if (e) fail_msg("%s: %s (%s)", good[i].in, err_text(e), why);
        show(&text, &c);
        if (!str_eq(buf_str(&text), str_of(good[i].means)))
            fail_msg("%s: means %.*s, not %s", good[i].in, STR_ARG(buf_str(&text)), good[i].means);
        buf_free(&text);
    }
}

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct command c;
        enum err e = read_command(str_of(bad[i].in), &parse_limits_user, &c);
        if (e != bad[i].err) fail_msg("%s: %s, because %s", bad[i].in, err_text(e), bad[i].why);
        assert_non_null(why);
    }
}

static void refuses_nul(void **state)
{
    (void)state;
    static const char quoted[] = "a SELECT \"x\0y\"", literal[] = "a SELECT {3}\r\nx\0y",
                      atom[] = "a SELECT x\0y";
    struct command c;
    assert_int_equal(read_command((str){ quoted, sizeof(quoted) - 1 }, &parse_limits_user, &c),
                     ERR_SYNTAX);
    assert_int_equal(read_command((str){ literal, sizeof(literal) - 1 }, &parse_limits_user, &c),
                     ERR_SYNTAX);
    assert_int_equal(read_command((str){ atom, sizeof(atom) - 1 }, &parse_limits_user, &c),
                     ERR_SYNTAX);
}

static void strangers_send_little(void **state)
{
    (void)state;
    struct command c;
    assert_int_equal(read_command(S("a LOGIN {4097+}\r\n"), &parse_limits_anyone, &c), ERR_LIMIT);
    assert_int_equal(read_command(S("a LOGIN {4096+}\r\n"), &parse_limits_anyone, &c), ERR_GONE);
}

/* n times the piece between a head and a tail */
static enum err repeated(const char *head, const char *piece, size_t n, const char *tail)
{
    struct command c;
    struct buf text = buf_make(2 * 1024 * 1024);
    buf_add(&text, str_of(head));
    for (size_t i = 0; i < n; i++)
        buf_add(&text, str_of(piece));
    buf_add(&text, str_of(tail));
    enum err e = read_command(buf_str(&text), &parse_limits_user, &c);
    buf_free(&text);
    return e;
}

static void is_bounded(void **state)
{
    (void)state;
    assert_int_equal(repeated("a SEARCH ", "NOT ", IMAP_DEPTH - 1, "ALL"), OK);
    assert_int_equal(repeated("a SEARCH ", "NOT ", IMAP_DEPTH, "ALL"), ERR_LIMIT);
    assert_int_equal(repeated("a SEARCH ", "(", 100000, ""), ERR_LIMIT);
    assert_int_equal(repeated("a SEARCH ", "OR ALL ", IMAP_DEPTH, "ALL"), ERR_LIMIT);
    assert_int_equal(repeated("a SEARCH ALL", " ALL", IMAP_SEARCH_KEYS - 2, ""), OK);
    assert_int_equal(repeated("a SEARCH ALL", " ALL", IMAP_SEARCH_KEYS - 1, ""), ERR_LIMIT);
    assert_int_equal(repeated("a FETCH 1", ",3", IMAP_SEQUENCE_RANGES - 1, " UID"), OK);
    assert_int_equal(repeated("a FETCH 1", ",3", IMAP_SEQUENCE_RANGES, " UID"), ERR_LIMIT);
    assert_int_equal(repeated("a FETCH *", ",*", 70000, " UID"), OK);
    assert_int_equal(repeated("a FETCH 1 (UID", " UID", IMAP_FETCH_ITEMS, ")"), ERR_LIMIT);
    assert_int_equal(repeated("a FETCH 1 BODY[1", ".1", IMAP_SECTION_PARTS, "]"), ERR_LIMIT);
    assert_int_equal(repeated("a STORE 1 FLAGS (a", " b", 1000, ")"), OK);
    assert_int_equal(repeated("a LOGIN x \"", "\\\"", 70000, "\""), OK);
    assert_int_equal(repeated("a LOGIN x \"", "a\\\"", 70000, "\""), ERR_LIMIT);
    assert_int_equal(repeated("a LOGIN x ", "x", IMAP_COMMAND_BYTES, ""), ERR_LIMIT);
    assert_int_equal(repeated("", "t", IMAP_TAG_BYTES + 1, " NOOP"), ERR_LIMIT);
    assert_int_equal(repeated("a SELECT ", "n", MAILBOX_NAME_BYTES + 1, ""), ERR_LIMIT);
}

static void finds_literals_to_swallow(void **state)
{
    (void)state;
    struct literal literal;
    assert_true(parse_literal_follows(S("a FOO x {17+}"), &literal));
    assert_int_equal(literal.size_bytes, 17);
    assert_false(parse_literal_follows(S("a FOO x {17}"), &literal));
    assert_false(parse_literal_follows(S("a FOO x {+}"), &literal));
    assert_false(parse_literal_follows(S("+}"), &literal));
    assert_false(parse_literal_follows(S("a {9x+}"), &literal));
    /* Too large for any number, and still bytes that follow: never commands. */
    assert_true(parse_literal_follows(S("a {99999999999999999999+}"), &literal));
    assert_true(literal.size_bytes == INT64_MAX);
    assert_false(parse_literal_follows(S("a FOO {17+} "), &literal));
}

static void keeps_the_tag(void **state)
{
    (void)state;
    struct command c;
    assert_int_equal(read_command(S("x7 FOO"), &parse_limits_user, &c), ERR_SYNTAX);
    assert_true(str_eq(c.tag, S("x7")));
    assert_int_equal(read_command(S("(7 FOO"), &parse_limits_user, &c), ERR_SYNTAX);
    assert_int_equal(c.tag.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accepts, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_send_little, setup, teardown),
        cmocka_unit_test_setup_teardown(is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_literals_to_swallow, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_the_tag, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
