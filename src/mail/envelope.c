/* envelope.c - a message's header as IMAP's ENVELOPE. RFC 9051 7.5.2. */
#include "mail/envelope.h"

#include "base/limits.h"
#include "base/mem.h"
#include "mail/header.h"

/* --- IMAP strings --------------------------------------------------------------------------------
 */

/* RFC 9051 9 quoted: CHAR but CR and LF; NUL never gets here. */
static bool is_quotable(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80 || s.p[i] == '\r' || s.p[i] == '\n') return false;
    return true;
}

static void quoted(struct buf *out, str s)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') buf_addc(out, '\\');
        if (s.p[i]) buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

static void literal(struct buf *out, str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] != '\0';
    buf_addf(out, "{%zu}\r\n", n);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i]) buf_addc(out, s.p[i]);
}

void imap_string(struct buf *out, str s)
{
    if (is_quotable(s))
        quoted(out, s);
    else
        literal(out, s);
}

void imap_nstring(struct buf *out, str s)
{
    if (s.n)
        imap_string(out, s);
    else
        buf_add(out, S("NIL"));
}

/* --- the envelope ----------------------------------------------------------------------------- */

enum { DATE, SUBJECT, FROM, SENDER, REPLY_TO, TO, CC, BCC, IN_REPLY_TO, MESSAGE_ID, NFIELDS };

/* In the order of the envelope. */
static const str names[NFIELDS] = { S_INIT("Date"),      S_INIT("Subject"),  S_INIT("From"),
                                    S_INIT("Sender"),    S_INIT("Reply-To"), S_INIT("To"),
                                    S_INIT("Cc"),        S_INIT("Bcc"),      S_INIT("In-Reply-To"),
                                    S_INIT("Message-ID") };

struct again {
    int which;
    str value;
};

struct found {
    str values[NFIELDS]; /* raw; the first of each name */
    bool there[NFIELDS];
    struct again *again; /* further fields with addresses, in order; ENVELOPE_REPEATS at most */
    size_t nagain;
};

static bool has_addresses(int which)
{
    return which >= FROM && which <= BCC;
}

/* RFC 5322 4.5.3: where an address field stands again, its addresses count too: who wrote and who
 * got a letter is not hidden by a second line. Of the others the first counts. */
static void take_field(struct found *found, struct arena *scratch, int which, str value)
{
    if (!found->there[which]) {
        found->there[which] = true;
        found->values[which] = value;
        return;
    }
    if (!has_addresses(which) || found->nagain == ENVELOPE_REPEATS) return;
    if (!found->again) found->again = ARENA_ARRAY(scratch, ENVELOPE_REPEATS, struct again);
    if (found->again) found->again[found->nagain++] = (struct again){ which, value };
}

static struct found find_fields(struct arena *scratch, str block)
{
    struct found found = { 0 };
    struct header_field f;
    for (struct header_iter it = header_iter(block); header_next(&it, &f);)
        for (int i = 0; i < NFIELDS; i++)
            if (str_ieq(f.name, names[i]))
                take_field(&found, scratch, i, str_take(f.value, ENVELOPE_FIELD_BYTES));
    return found;
}

/* A host of NIL would say "group" (RFC 9051 7.5.2), so what a mailbox lacks is the empty string. */
static void address_item(struct buf *out, const struct header_address *a)
{
    bool mailbox = a->kind == HEADER_MAILBOX;
    buf_addc(out, '(');
    imap_nstring(out, mailbox ? a->name : (str){ 0 });
    buf_add(out, S(" NIL ")); /* source routes mean nothing any more */
    if (a->kind == HEADER_GROUP_END)
        buf_add(out, S("NIL"));
    else
        imap_string(out, mailbox ? a->local : a->name);
    buf_addc(out, ' ');
    if (mailbox)
        imap_string(out, a->domain);
    else
        buf_add(out, S("NIL"));
    buf_addc(out, ')');
}

/* A list that is being written: the parenthesis comes with the first address. */
struct list {
    struct buf *out;
    struct arena *scratch;
    size_t items, bytes; /* of all fields so far, so that repeats bring no more than one may */
};

static void add_addresses(struct list *l, str value)
{
    if (l->items >= ENVELOPE_ADDRESSES) return;
    struct arena_mark mark = arena_mark(l->scratch);
    struct header_address *addresses;
    value = str_take(value, ENVELOPE_FIELD_BYTES - l->bytes);
    l->bytes += value.n;
    size_t n = header_addresses(l->scratch, value, &addresses);
    for (size_t i = 0; i < n; i++) {
        if (!l->items++) buf_addc(l->out, '(');
        address_item(l->out, &addresses[i]);
    }
    arena_rewind(l->scratch, mark);
}

static bool add_field(struct list *l, const struct found *found, int which)
{
    add_addresses(l, found->values[which]);
    for (size_t i = 0; i < found->nagain; i++)
        if (found->again[i].which == which) add_addresses(l, found->again[i].value);
    return l->items > 0;
}

static void address_list(struct buf *out, struct arena *scratch, const struct found *found,
                         int which)
{
    struct list l = { .out = out, .scratch = scratch };
    bool any = add_field(&l, found, which);
    if (!any && (which == SENDER || which == REPLY_TO)) {
        l.bytes = 0;
        any = add_field(&l, found, FROM);
    }
    buf_add(out, any ? S(")") : S("NIL"));
}

static void text(struct buf *out, struct arena *scratch, const struct found *found, int which)
{
    struct arena_mark mark = arena_mark(scratch);
    str value = header_unfold(scratch, found->values[which]);
    if (found->there[which])
        imap_string(out, value);
    else
        buf_add(out, S("NIL"));
    arena_rewind(scratch, mark);
}

void envelope_write(struct buf *out, struct arena *scratch, str block)
{
    struct arena_mark mark = arena_mark(scratch);
    struct found found = find_fields(scratch, block);
    for (int i = 0; i < NFIELDS; i++) {
        buf_addc(out, i ? ' ' : '(');
        if (has_addresses(i))
            address_list(out, scratch, &found, i);
        else
            text(out, scratch, &found, i);
    }
    buf_addc(out, ')');
    arena_rewind(scratch, mark);
}
