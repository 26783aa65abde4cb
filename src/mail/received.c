/* received.c - trace fields and the fields that submission adds. RFC 5321 4.4, RFC 5322 3.6. */
#include "mail/received.h"

#include "base/limits.h"

#define RECEIVED_WORD_BYTES 255 /* kept of anything that a stranger said */

/* A stranger's word, fit for a header outside or inside a comment: RFC 5321 4.4 wants a domain or a
 * literal; whatever is neither becomes '?'. */
static void harmless(struct buf *out, str word)
{
    if (!word.n) buf_add(out, S("unknown"));
    word = str_take(word, RECEIVED_WORD_BYTES);
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        buf_addc(out, ascii_alnum(c) || str_has(S(".-_:[]"), c) ? c : '?');
    }
}

/* Our own words: what cannot stand in a comment or a header at all is left out. */
static void own_text(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!ascii_ctl(text.p[i]) && !str_has(S("()\\;"), text.p[i])) buf_addc(out, text.p[i]);
}

/* RFC 5321 4.1.3: an IPv6 literal carries its tag. */
static void ip_literal(struct buf *out, str ip)
{
    buf_add(out, str_has(ip, ':') ? S("[IPv6:") : S("["));
    harmless(out, ip);
    buf_addc(out, ']');
}

static void from_clause(struct buf *out, const struct received *r)
{
    buf_add(out, S("from "));
    harmless(out, r->helo);
    if (!r->peer_ip.n) return;
    buf_add(out, S(" ("));
    ip_literal(out, r->peer_ip);
    buf_addc(out, ')');
}

static void clause(struct buf *out, str keyword, str value)
{
    buf_add(out, keyword);
    own_text(out, value);
}

void received_write(struct buf *out, const struct received *r)
{
    buf_add(out, S("Received: "));
    from_clause(out, r);
    clause(out, S("\r\n\tby "), r->by);
    clause(out, S(" with "), r->with);
    if (r->tls.n) {
        clause(out, S("\r\n\t("), r->tls);
        buf_addc(out, ')');
    }
    if (r->id.n) clause(out, S("\r\n\tid "), r->id);
    if (!address_is_null(r->for_)) {
        buf_add(out, S("\r\n\tfor "));
        address_write_path(out, r->for_);
    }
    if (r->priority) buf_addf(out, "\r\n\tPRIORITY %d", r->priority);
    buf_add(out, S(";\r\n\t"));
    date_write(out, r->date);
    buf_add(out, S("\r\n"));
}

void date_field_write(struct buf *out, struct date d)
{
    buf_add(out, S("Date: "));
    date_write(out, d);
    buf_add(out, S("\r\n"));
}

/* Five bits a letter; the alphabet leaves out what people confuse. */
static void letters(struct buf *out, const uint8_t *bytes, size_t n)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 5; held -= 5)
            buf_addc(out, alphabet[bits >> (held - 5) & 31]);
        bits &= (1u << held) - 1;
    }
    if (held) buf_addc(out, alphabet[bits << (5 - held) & 31]);
}

void message_id_make(struct buf *out, int64_t seconds, const uint8_t random[12], str domain)
{
    uint8_t time[5];
    for (int i = 0; i < 5; i++)
        time[i] = (uint8_t)((uint64_t)seconds >> (32 - 8 * i));
    letters(out, time, sizeof(time));
    buf_addc(out, '.');
    letters(out, random, 12);
    buf_addc(out, '@');
    buf_add(out, domain);
}

void message_id_field_write(struct buf *out, str message_id)
{
    buf_add(out, S("Message-ID: <"));
    for (size_t i = 0; i < message_id.n; i++) /* ids come from elsewhere too: no injection */
        if (message_id.p[i] > 0x20 && message_id.p[i] < 0x7f && !str_has(S("<>"), message_id.p[i]))
            buf_addc(out, message_id.p[i]);
    buf_add(out, S(">\r\n"));
}
