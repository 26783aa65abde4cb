/* reply.c - the one encoder: atoms, strings, literals, flags, names, dates; whole response lines.
 */
#include "imap/reply.h"

#include <assert.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/date.h"
#include "mail/envelope.h"

void reply_checked_words(struct reply *r, str words)
{
    assert(!str_has(words, '\r') && !str_has(words, '\n'));
    buf_add(&r->out, words);
}

static bool atom_char(char c)
{
    static const bool special[0x80] = {
        ['('] = true, [')'] = true, ['{'] = true, ['%'] = true,
        ['*'] = true, ['"'] = true, [']'] = true,
    };
    return c > ' ' && c < 0x7f && !special[(unsigned char)c];
}

void reply_atom(struct reply *r, str atom)
{
    for (size_t i = 0; i < atom.n; i++) {
        bool good = atom_char(atom.p[i]) || (atom.p[i] == '\\' && i == 0);
        r->refused |= !good;
        buf_addc(&r->out, good ? atom.p[i] : '?');
    }
    if (atom.n > 0) return;
    r->refused = true;
    buf_addc(&r->out, '?');
}

void reply_number(struct reply *r, uint64_t number)
{
    buf_u64(&r->out, number);
}

void reply_string(struct reply *r, str s)
{
    imap_string(&r->out, s);
}

void reply_nstring(struct reply *r, str s)
{
    if (s.p)
        imap_string(&r->out, s);
    else
        buf_add(&r->out, S("NIL"));
}

void reply_astring(struct reply *r, str s)
{
    bool atom = s.n > 0;
    for (size_t i = 0; i < s.n && atom; i++)
        atom = atom_char(s.p[i]) && s.p[i] != '\\';
    if (atom)
        buf_add(&r->out, s);
    else
        imap_string(&r->out, s);
}

void reply_literal_head(struct reply *r, uint64_t size_bytes, bool binary)
{
    buf_add(&r->out, binary ? S("~{") : S("{"));
    buf_u64(&r->out, size_bytes);
    buf_add(&r->out, S("}\r\n"));
}

void reply_bytes(struct reply *r, str bytes)
{
    buf_add(&r->out, bytes);
}

void reply_text(struct reply *r, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool good = !ascii_ctl(text.p[i]);
        r->refused |= !good;
        buf_addc(&r->out, good ? text.p[i] : '?');
    }
}

/* RFC 9051 9: QUOTED-CHAR may be UTF-8. Names hold no controls. */
static void quoted_utf8(struct reply *r, str name)
{
    buf_addc(&r->out, '"');
    for (size_t i = 0; i < name.n; i++) {
        bool good = !ascii_ctl(name.p[i]);
        r->refused |= !good;
        if (name.p[i] == '"' || name.p[i] == '\\') buf_addc(&r->out, '\\');
        buf_addc(&r->out, good ? name.p[i] : '?');
    }
    buf_addc(&r->out, '"');
}

void reply_mailbox(struct reply *r, str name)
{
    if (r->utf8) {
        quoted_utf8(r, name);
        return;
    }
    struct buf wire = buf_make(8 * MAILBOX_NAME_BYTES);
    bool good = utf7_encode(&wire, name);
    r->refused |= !good;
    /* Names are validated on their way in; one that is not can only be a fault of the store's. */
    imap_string(&r->out, good ? buf_str(&wire) : S("?"));
    buf_free(&wire);
}

static void flag_names(struct reply *r, struct flags flags, const str *keywords, size_t n)
{
    static const struct {
        str name;
        uint8_t bit;
    } system[] = {
        { S_INIT("\\Answered"), FLAG_ANSWERED }, { S_INIT("\\Flagged"), FLAG_FLAGGED },
        { S_INIT("\\Deleted"), FLAG_DELETED },   { S_INIT("\\Seen"), FLAG_SEEN },
        { S_INIT("\\Draft"), FLAG_DRAFT },
    };
    size_t start = r->out.n;
    for (size_t i = 0; i < COUNT_OF(system); i++) {
        if (!(flags.system & system[i].bit)) continue;
        if (r->out.n > start) buf_addc(&r->out, ' ');
        buf_add(&r->out, system[i].name);
    }
    for (uint64_t left = flags.keywords; left; left &= left - 1) {
        size_t i = (size_t)__builtin_ctzll(left);
        if (i >= n) break;
        if (r->out.n > start) buf_addc(&r->out, ' ');
        reply_atom(r, keywords[i]);
    }
}

void reply_flags(struct reply *r, struct flags flags, const str *keywords, size_t n)
{
    reply_words(r, S("("));
    flag_names(r, flags, keywords, n);
    reply_words(r, S(")"));
}

void reply_permanent_flags(struct reply *r, struct flags flags, const str *keywords, size_t n)
{
    reply_words(r, S("* OK [PERMANENTFLAGS ("));
    flag_names(r, flags, keywords, n);
    /* Who may set \Flagged may set keywords too (RFC 4314 4). */
    if ((flags.system & FLAG_FLAGGED) && n < MAILBOX_KEYWORDS) reply_words(r, S(" \\*"));
    reply_words(r, S(")] kept"));
    reply_end(r);
}

void reply_date_time(struct reply *r, int64_t seconds, int zone_minutes)
{
    buf_addc(&r->out, '"');
    date_write_imap(&r->out, (struct date){ .seconds = seconds, .zone_minutes = zone_minutes });
    buf_addc(&r->out, '"');
}

void reply_uids(struct reply *r, const struct uidset *set)
{
    assert(set->n > 0);
    uidset_text(set, &r->out);
}

void reply_end(struct reply *r)
{
    buf_add(&r->out, S("\r\n"));
}

void reply_count(struct reply *r, uint64_t number, str what)
{
    reply_words(r, S("* "));
    reply_number(r, number);
    reply_words(r, S(" "));
    reply_words(r, what);
    reply_end(r);
}

static void condition_line(struct reply *r, str condition, str code, str text)
{
    reply_words(r, S(" "));
    reply_words(r, condition);
    reply_words(r, S(" "));
    if (code.n) {
        reply_words(r, S("["));
        reply_words(r, code);
        reply_words(r, S("] "));
    }
    /* RFC 9051 9: resp-text is not empty, and does not begin with a bracket that is no code. */
    reply_text(r, text.n ? text : S("done"));
    reply_end(r);
}

void reply_untagged(struct reply *r, str condition, str code, str text)
{
    reply_words(r, S("*"));
    condition_line(r, condition, code, text);
}

/* RFC 9051 9: as an atom, but that a closing bracket may be in it. */
static void reply_tag(struct reply *r, str tag)
{
    for (size_t i = 0; i < tag.n; i++) {
        if (tag.p[i] == ']')
            reply_words(r, S("]"));
        else
            reply_atom(r, str_sub(tag, i, 1));
    }
}

void reply_tagged(struct reply *r, str tag, str condition, str code, str text)
{
    if (tag.n)
        reply_tag(r, tag);
    else
        reply_words(r, S("*"));
    condition_line(r, condition, code, text);
}
