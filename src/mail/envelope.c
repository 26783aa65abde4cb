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

struct found {
    str values[NFIELDS]; /* raw; the first of each name */
    bool there[NFIELDS];
};

static struct found find_fields(str block)
{
    struct found found = { 0 };
    struct header_field f;
    for (struct header_iter it = header_iter(block); header_next(&it, &f);) {
        for (int i = 0; i < NFIELDS; i++) {
            if (found.there[i] || !str_ieq(f.name, names[i])) continue;
            found.there[i] = true;
            found.values[i] = str_take(f.value, ENVELOPE_FIELD_BYTES);
        }
    }
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

static size_t add_addresses(struct buf *out, struct arena *scratch, str value, size_t before)
{
    struct arena_mark mark = arena_mark(scratch);
    struct header_address *list;
    size_t n = header_addresses(scratch, value, &list);
    if (before && n > ENVELOPE_ADDRESSES - before) n = 0; /* a group stays whole */
    if (n && !before) buf_addc(out, '(');
    for (size_t i = 0; i < n; i++)
        address_item(out, &list[i]);
    arena_rewind(scratch, mark);
    return before + n;
}

/* RFC 5322 4.5.3: several fields of one destination are one list. */
static void address_list(struct buf *out, struct arena *scratch, str block, str value, int which)
{
    size_t n = add_addresses(out, scratch, value, 0);
    struct header_field f;
    struct header_iter it = header_iter(block);
    while (which >= TO && which <= BCC && n < ENVELOPE_ADDRESSES && header_next(&it, &f)) {
        if (!str_ieq(f.name, names[which]) || f.value.p == value.p) continue;
        n = add_addresses(out, scratch, str_take(f.value, ENVELOPE_FIELD_BYTES), n);
    }
    buf_add(out, n ? S(")") : S("NIL"));
}

static bool is_blank(str value)
{
    return str_trim(value).n == 0;
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
    struct found found = find_fields(block);
    if (is_blank(found.values[SENDER])) found.values[SENDER] = found.values[FROM];
    if (is_blank(found.values[REPLY_TO])) found.values[REPLY_TO] = found.values[FROM];
    for (int i = 0; i < NFIELDS; i++) {
        buf_addc(out, i ? ' ' : '(');
        if (i >= FROM && i <= BCC)
            address_list(out, scratch, block, found.values[i], i);
        else
            text(out, scratch, &found, i);
    }
    buf_addc(out, ')');
}
