/* url.c - reading IMAP URLs: "/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2/;PARTIAL=0.1024".
 */
#include "imap/url.h"

#include "base/limits.h"
#include "base/scan.h"
#include "imap/name.h"

/* --- percent-encoding, RFC 3986 2.1 --------------------------------------------------------- */
static int digit(char c)
{
    if (ascii_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(str in, struct arena *arena, str *out)
{
    char *place = arena_alloc(arena, in.n + 1);
    size_t n = 0;
    if (!place) return false;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.n ? digit(in.p[i + 1]) : -1;
            int low = high >= 0 ? digit(in.p[i + 2]) : -1;
            if (low < 0) return false;
            c = (char)(uint8_t)(high << 4 | low);
            i += 2;
        }
        place[n++] = c;
    }
    *out = (str){ place, n };
    return utf8_valid(*out) && !utf8_has_control(*out);
}

/* --- its parts ------------------------------------------------------------------------------ */
/* What stands before the next ";", or all. */
static str until_parameter(struct scan *s)
{
    str rest = scan_rest(s);
    return scan_n(s, str_take(rest, str_chr(rest, ';')).n);
}

static uint32_t nz_number(struct scan *s)
{
    uint64_t n = scan_u64(s, UINT32_MAX);
    if (n == 0) scan_fail(s);
    return (uint32_t)n;
}

/* [uidvalidity] iuid, behind the mailbox; closed: a "/" stands before iuid already */
static void message(struct scan *s, bool closed, struct imap_url *url)
{
    scan_want(s, ';');
    if (!closed) {
        scan_want_lit(s, S("UIDVALIDITY="));
        url->uidvalidity = nz_number(s);
        scan_want_lit(s, S("/;"));
    }
    scan_want_lit(s, S("UID="));
    url->uid = nz_number(s);
}

/* isection = "/;SECTION=" enc-section; its "/" at the end belongs to what follows */
static void section(struct scan *s, struct arena *arena, struct imap_url *url)
{
    if (!scan_try_lit(s, S("SECTION="))) return;
    str text = until_parameter(s);
    bool more = !scan_end(s);
    if (more && !str_ends(text, S("/"))) scan_fail(s);
    if (more && text.n) text.n--;
    if (!decode(text, arena, &url->section) || url->section.n == 0) scan_fail(s);
    if (more) scan_want(s, ';');
}

/* ipartial = "/;PARTIAL=" number ["." nz-number] */
static void partial(struct scan *s, struct imap_url *url)
{
    if (!scan_try_lit(s, S("PARTIAL="))) return;
    url->partial = true;
    url->offset = scan_u64(s, INT64_MAX);
    url->count = INT64_MAX;
    if (!scan_try(s, '.')) return;
    url->count = scan_u64(s, INT64_MAX);
    if (url->count == 0) scan_fail(s);
}

bool imap_url_parse(str text, struct arena *arena, struct imap_url *out)
{
    struct imap_url url = { 0 };
    if (text.n > IMAP_URL_BYTES || !str_is_ascii(text)) return false;
    struct scan s = scan_make(text);
    bool named = scan_try(&s, '/'), closed = !named;
    str mailbox = until_parameter(&s);
    if (named && str_ends(mailbox, S("/"))) {
        closed = true;
        mailbox.n--;
    }
    if (named != (mailbox.n > 0)) return false;
    message(&s, closed, &url);
    if (scan_try_lit(&s, S("/;"))) {
        section(&s, arena, &url);
        partial(&s, &url);
        if (!url.section.n && !url.partial) return false;
    }
    scan_want_end(&s);
    if (s.bad || !decode(mailbox, arena, &mailbox)) return false;
    if (named && imap_name_decode(mailbox, NAME_UTF8, arena, &url.mailbox)) return false;
    *out = url;
    return true;
}
