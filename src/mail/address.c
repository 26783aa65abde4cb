/* address.c - mailbox addresses: the strict parser, the writer, the forms that compare.
 *
 * RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3, RFC 3461 4. The rules stand in the ABNF's order, bottom
 * up: atoms, local part, domain, literal, mailbox, path.
 */
#include "mail/address.h"

#include <idn2.h>
#include <unicase.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"

#define LABEL_BYTES 63 /* RFC 1035 2.3.4 */

static bool is_utf8_byte(char c, unsigned allow)
{
    return (allow & ADDRESS_UTF8) && ((unsigned char)c & 0x80);
}

static bool is_atext(char c, unsigned allow)
{
    return ascii_alnum(c) || (c && str_has(S("!#$%&'*+-/=?^_`{|}~"), c)) || is_utf8_byte(c, allow);
}

static bool is_let_dig(char c, unsigned allow)
{
    return ascii_alnum(c) || is_utf8_byte(c, allow);
}

static bool is_printable(char c, unsigned allow)
{
    return ((unsigned char)c >= 0x20 && (unsigned char)c < 0x7f) || is_utf8_byte(c, allow);
}

/* --- local part ------------------------------------------------------------------------------- */

static str dot_string(struct scan *s, unsigned allow)
{
    size_t from = s->at;
    bool atom = false; /* something since the last dot */
    for (; s->at < s->in.n; s->at++) {
        char c = s->in.p[s->at];
        if (c == '.' && !atom) break;
        if (c != '.' && !is_atext(c, allow)) break;
        atom = c != '.';
    }
    if (!atom) scan_fail(s);
    return str_sub(s->in, from, s->at - from);
}

/* The bytes between the quotes, undecoded. */
static str quoted_content(struct scan *s, unsigned allow, bool *escapes)
{
    *escapes = false;
    scan_want(s, '"');
    size_t from = s->at;
    for (; s->at < s->in.n && s->in.p[s->at] != '"'; s->at++) {
        if (s->in.p[s->at] == '\\') {
            *escapes = true;
            s->at++;
        }
        if (s->at >= s->in.n || !is_printable(s->in.p[s->at], allow)) {
            scan_fail(s);
            return (str){ 0 };
        }
    }
    str content = s->at > from ? str_sub(s->in, from, s->at - from) : (str){ 0 };
    scan_want(s, '"');
    return content;
}

static str unescape(struct arena *a, str s)
{
    char *out = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; out && i < s.n; i++) {
        if (s.p[i] == '\\') i++;
        out[n++] = s.p[i];
    }
    return (str){ out, n };
}

/* An empty quoted string is grammatical, but names no mailbox anywhere: refused. */
static str local_part(struct scan *s, struct arena *a, unsigned allow)
{
    if (scan_peek(s) != '"') return dot_string(s, allow);
    bool escapes;
    str content = quoted_content(s, allow, &escapes);
    if (escapes && !s->bad) content = unescape(a, content);
    if (!content.n) scan_fail(s);
    return content;
}

/* --- domain ----------------------------------------------------------------------------------- */

static bool label_ok(str label, unsigned allow)
{
    if (!label.n || label.n > LABEL_BYTES) return false;
    if (!is_let_dig(label.p[0], allow) || !is_let_dig(label.p[label.n - 1], allow)) return false;
    for (size_t i = 0; i < label.n; i++)
        if (label.p[i] != '-' && !is_let_dig(label.p[i], allow)) return false;
    return true;
}

bool address_domain_ok(str domain, unsigned allow)
{
    if (!domain.n || domain.n > DOMAIN_BYTES || str_ends(domain, S("."))) return false;
    if ((allow & ADDRESS_UTF8) && (!utf8_valid(domain) || utf8_has_control(domain))) return false;
    str label;
    while (str_split(&domain, '.', &label))
        if (!label_ok(label, allow)) return false;
    return true;
}

static bool ipv4_ok(str s)
{
    int octets = 0;
    uint64_t value;
    str part;
    if (str_ends(s, S("."))) return false;
    while (str_split(&s, '.', &part)) {
        if (++octets > 4 || part.n > 3 || !str_u64(part, 255, &value)) return false;
        if (part.n > 1 && part.p[0] == '0') return false;
    }
    return octets == 4;
}

static bool hex_group_ok(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'f'))
            return false;
    return s.n >= 1 && s.n <= 4;
}

/* Count the groups of one side of "::"; -1 if one is bad. Only the last may be an IPv4 address. */
static int ipv6_groups(str s, bool may_end_in_ipv4)
{
    int groups = 0;
    if (!s.n) return 0;
    if (str_ends(s, S(":"))) return -1;
    str part;
    while (str_split(&s, ':', &part)) {
        bool last = !s.n;
        if (last && may_end_in_ipv4 && ipv4_ok(part)) return groups + 2;
        if (++groups > 8 || !hex_group_ok(part)) return -1;
    }
    return groups;
}

/* RFC 4291 2.2. */
static bool ipv6_ok(str s)
{
    size_t gap = str_find(s, S("::"));
    if (gap == STR_NPOS) return ipv6_groups(s, true) == 8;
    int before = ipv6_groups(str_take(s, gap), false);
    int after = ipv6_groups(str_from(s, gap + 2), true);
    return before >= 0 && after >= 0 && before + after <= 7;
}

/* RFC 5321 4.1.3: "tag:content". */
static bool general_literal_ok(str s)
{
    size_t colon = str_chr(s, ':');
    if (colon == STR_NPOS || !label_ok(str_take(s, colon), 0) || colon + 1 == s.n) return false;
    for (size_t i = colon + 1; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] == 0x7f || s.p[i] == '[' || s.p[i] == ']' || s.p[i] == '\\')
            return false;
    return true;
}

bool address_literal_ok(str literal)
{
    if (literal.n < 3 || literal.n > DOMAIN_BYTES) return false;
    if (literal.p[0] != '[' || literal.p[literal.n - 1] != ']') return false;
    str inner = str_sub(literal, 1, literal.n - 2);
    if (str_istarts(inner, S("IPv6:"))) return ipv6_ok(str_from(inner, 5));
    return ipv4_ok(inner) || general_literal_ok(inner);
}

static str domain(struct scan *s, unsigned allow)
{
    size_t from = s->at;
    if (scan_peek(s) == '[') {
        scan_until(s, ']');
        scan_want(s, ']');
        str literal = s->bad ? (str){ 0 } : str_sub(s->in, from, s->at - from);
        if (!address_literal_ok(literal)) scan_fail(s);
        return literal;
    }
    while (s->at < s->in.n &&
           (is_let_dig(s->in.p[s->at], allow) || str_has(S("-."), s->in.p[s->at])))
        s->at++;
    str name = str_sub(s->in, from, s->at - from);
    if (!address_domain_ok(name, allow)) scan_fail(s);
    return name;
}

/* --- mailbox, path ---------------------------------------------------------------------------- */

static struct address mailbox(struct scan *s, struct arena *a, unsigned allow)
{
    size_t from = s->at;
    struct address addr = { 0 };
    addr.local = local_part(s, a, allow);
    bool bare =
        (allow & ADDRESS_POSTMASTER) && scan_peek(s) != '@' && str_ieq(addr.local, S("postmaster"));
    if (!bare) {
        scan_want(s, '@');
        addr.domain = domain(s, allow);
    }
    if (s->bad || s->at - from > ADDRESS_BYTES || addr.local.n > LOCAL_PART_BYTES) scan_fail(s);
    bool text = utf8_valid(addr.local) && !utf8_has_control(addr.local);
    if ((allow & ADDRESS_UTF8) && !text) scan_fail(s);
    return addr;
}

bool address_parse(struct arena *a, str text, unsigned allow, struct address *out)
{
    struct scan s = scan_make(text);
    struct address addr = mailbox(&s, a, allow);
    scan_want_end(&s);
    if (s.bad) return false;
    *out = addr;
    return true;
}

/* RFC 5321 4.1.2 A-d-l. */
static void source_route(struct scan *s, unsigned allow)
{
    do {
        scan_want(s, '@');
        domain(s, allow);
    } while (!s->bad && scan_try(s, ','));
    scan_want(s, ':');
}

void address_path(struct scan *s, struct arena *a, unsigned allow, struct address *out)
{
    scan_want(s, '<');
    if (!s->bad && (allow & ADDRESS_NULL) && scan_try(s, '>')) {
        *out = (struct address){ 0 };
        return;
    }
    if (!s->bad && scan_peek(s) == '@') source_route(s, allow);
    if (s->bad) return;
    struct address addr = mailbox(s, a, allow);
    scan_want(s, '>');
    if (!s->bad) *out = addr;
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool is_dot_string(str local)
{
    struct scan s = scan_make(local);
    dot_string(&s, ADDRESS_UTF8);
    return !s.bad && scan_end(&s);
}

void address_write(struct buf *out, struct address addr)
{
    if (address_is_null(addr)) return;
    if (is_dot_string(addr.local)) {
        buf_add(out, addr.local);
    } else {
        buf_addc(out, '"');
        for (size_t i = 0; i < addr.local.n; i++) {
            if (addr.local.p[i] == '"' || addr.local.p[i] == '\\') buf_addc(out, '\\');
            buf_addc(out, addr.local.p[i]);
        }
        buf_addc(out, '"');
    }
    if (addr.domain.n) {
        buf_addc(out, '@');
        buf_add(out, addr.domain);
    }
}

void address_write_path(struct buf *out, struct address addr)
{
    buf_addc(out, '<');
    address_write(out, addr);
    buf_addc(out, '>');
}

str address_text(struct arena *a, struct address addr)
{
    struct buf b = buf_make(2 * (addr.local.n + addr.domain.n) + 3);
    address_write(&b, addr);
    str text = arena_copy(a, buf_str(&b));
    buf_free(&b);
    return text;
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool fold_utf8(struct arena *a, str s, str *out)
{
    if (!utf8_valid(s)) return false;
    size_t n = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)s.p, s.n, NULL, UNINORM_NFC, NULL, &n);
    if (!folded) return false;
    *out = arena_copy(a, (str){ (const char *)folded, n });
    mem_free(folded);
    return !a->full;
}

static bool fold(struct arena *a, str s, str *out)
{
    if (!str_is_ascii(s)) return fold_utf8(a, s, out);
    *out = arena_lower(a, s);
    return !a->full;
}

bool address_fold(struct arena *a, struct address in, struct address *out)
{
    struct address folded;
    if (!fold(a, in.local, &folded.local)) return false;
    if (str_ends(in.domain, S("."))) in.domain.n--;
    if (str_is_ascii(in.domain) || !address_domain_ascii(a, in.domain, &folded.domain))
        if (!fold(a, in.domain, &folded.domain)) return false;
    *out = folded;
    return true;
}

bool address_domain_ascii(struct arena *a, str name, str *out)
{
    if (name.n && name.p[0] == '[') {
        if (!address_literal_ok(name)) return false;
        *out = arena_lower(a, name);
        return !a->full;
    }
    if (str_ends(name, S("."))) name.n--;
    if (!address_domain_ok(name, ADDRESS_UTF8)) return false;
    if (str_is_ascii(name)) {
        *out = arena_lower(a, name);
        return !a->full;
    }
    const char *utf8 = arena_cstr(a, name);
    uint8_t *ascii = NULL;
    int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    if (!utf8 || idn2_lookup_u8((const uint8_t *)utf8, &ascii, flags) != IDN2_OK) return false;
    str found = arena_lower(a, str_of((const char *)ascii));
    idn2_free(ascii);
    if (a->full || !address_domain_ok(found, 0)) return false;
    *out = found;
    return true;
}

/* --- xtext ------------------------------------------------------------------------------------ */

bool address_xtext(struct arena *a, str in, unsigned allow, size_t max, str *out)
{
    struct buf b = buf_make(max);
    bool ok = xtext_decode(&b, in) && !b.full;
    str decoded = buf_str(&b);
    for (size_t i = 0; ok && i < decoded.n; i++)
        ok = is_printable(decoded.p[i], allow);
    ok = ok && utf8_valid(decoded);
    if (ok) {
        str copy = arena_copy(a, decoded);
        ok = copy.n == decoded.n;
        if (ok) *out = copy;
    }
    buf_free(&b);
    return ok;
}

/* RFC 3461 4.2 wants at most 500 characters of the whole parameter. */
enum { ORCPT_BYTES = 500 };

static int hex_value(char c)
{
    if (ascii_digit(c)) return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* "\x{F6}" at the front: the code point, and what is behind it. */
static bool embedded(str *rest, uint32_t *c)
{
    if (!str_starts(*rest, S("\\x{"))) return false;
    size_t end = str_chr(*rest, '}');
    if (end == STR_NPOS || end < 4 || end > 9) return false;
    uint32_t value = 0;
    for (size_t i = 3; i < end; i++) {
        int digit = hex_value(rest->p[i]);
        if (digit < 0) return false;
        value = value << 4 | (uint32_t)digit;
    }
    *rest = str_from(*rest, end + 1);
    *c = value;
    return true;
}

static void add_code_point(struct buf *out, uint32_t c)
{
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    buf_addc(out, (char)(first[n] | c >> 6 * (n - 1)));
    while (--n)
        buf_addc(out, (char)(0x80 | (c >> 6 * (n - 1) & 0x3f)));
}

/* RFC 6533 3: as it is, or with \x{HEX}; and with +HEX, as older software has it. */
static bool orcpt_utf8(struct arena *a, str in, unsigned allow, str *out)
{
    struct buf b = buf_make(ORCPT_BYTES);
    bool ok = true;
    while (ok && in.n) {
        uint32_t c = (unsigned char)in.p[0];
        bool was = embedded(&in, &c);
        if (was) {
            ok = c <= 0x10ffff && !(c < 0x80 && !is_printable((char)c, 0) && c != ' ');
            if (ok) add_code_point(&b, c);
            continue;
        }
        if (c == '+') {
            ok = xtext_decode(&b, str_take(in, 3));
            in = str_from(in, 3);
            continue;
        }
        ok = is_printable((char)c, allow) && c != '=' && c != ' ';
        buf_addc(&b, (char)c);
        in = str_from(in, 1);
    }
    ok = ok && !b.full && utf8_valid(buf_str(&b));
    for (size_t i = 0; ok && i < b.n; i++)
        ok = is_printable(b.p[i], ADDRESS_UTF8);
    if (ok) *out = arena_copy(a, buf_str(&b));
    buf_free(&b);
    return ok && !a->full;
}

bool address_orcpt(struct arena *a, str in, unsigned allow, str *type, str *text)
{
    size_t semicolon = str_chr(in, ';');
    if (semicolon == STR_NPOS || !semicolon) return false;
    str kind = str_take(in, semicolon);
    for (size_t i = 0; i < kind.n; i++)
        if (!ascii_alnum(kind.p[i]) && kind.p[i] != '-') return false;
    str decoded;
    str value = str_from(in, semicolon + 1);
    bool ok = str_ieq(kind, S("utf-8")) ? orcpt_utf8(a, value, allow, &decoded)
                                        : address_xtext(a, value, allow, ORCPT_BYTES, &decoded);
    if (!ok || !decoded.n) return false;
    *type = kind;
    *text = decoded;
    return true;
}

/* --- RFC 6533 3 ------------------------------------------------------------------------------- */

/* The code point at the front of valid UTF-8, and how many bytes it takes. */
static uint32_t code_point(str s, size_t *n)
{
    unsigned char first = (unsigned char)s.p[0];
    *n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t c = *n == 1 ? first : first & (0x7fu >> *n);
    for (size_t i = 1; i < *n && i < s.n; i++)
        c = c << 6 | ((unsigned char)s.p[i] & 0x3fu);
    return c;
}

/* QCHAR, and the backslash of what is written so already. */
static bool stands_for_itself(uint32_t c, bool ascii)
{
    if (c >= 0x80) return !ascii;
    return c > 0x20 && c < 0x7f && c != '+' && c != '=';
}

void address_utf8_xtext(struct buf *out, str text, bool ascii)
{
    size_t n;
    for (; text.n; text = str_from(text, n)) {
        uint32_t c = code_point(text, &n);
        if (stands_for_itself(c, ascii))
            buf_add(out, str_take(text, n));
        else
            buf_addf(out, "\\x{%X}", (unsigned)c);
    }
}
