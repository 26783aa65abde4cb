/* dsn.c - a delivery status notification as multipart/report.
 *
 * RFC 3464, RFC 6522, RFC 6533 (where an address is not ASCII). Three parts: words for people,
 * fields for programs, and what came back. What remote hosts said passes through harmless() first.
 */
#include "mail/dsn.h"

#include "base/limits.h"
#include "base/mem.h"
#include "mail/encoded.h"
#include "mail/header.h"

#define DSN_WORD_COLUMNS \
    200 /* a longer run of a reply is broken, so that every line can be folded */

/* What a letter's recipients have in common is told by the first of these that any of them has. */
static const struct {
    enum dsn_action action;
    str name, subject, explanation, status;
} actions[] = {
    { DSN_FAILED, S_INIT("failed"), S_INIT("Your message could not be delivered"),
      S_INIT("Your message could not be delivered to the recipients below.\r\n"
             "It will not be tried again; please look at the reason, and send it once more if\r\n"
             "that can help.\r\n"),
      S_INIT("5.0.0") },
    { DSN_DELAYED, S_INIT("delayed"), S_INIT("Your message is delayed"),
      S_INIT("Your message has not reached the recipients below yet. You need not send it\r\n"
             "again: it stays in the queue and will be tried again.\r\n"),
      S_INIT("4.0.0") },
    { DSN_RELAYED, S_INIT("relayed"), S_INIT("Your message was passed on"),
      S_INIT("Your message was passed on to a server that does not confirm deliveries.\r\n"),
      S_INIT("2.0.0") },
    { DSN_EXPANDED, S_INIT("expanded"), S_INIT("Your message was passed on"),
      S_INIT("Your message was delivered, and passed on to further addresses.\r\n"),
      S_INIT("2.0.0") },
    { DSN_DELIVERED, S_INIT("delivered"), S_INIT("Your message was delivered"),
      S_INIT(
          "Your message was delivered to the recipients below, as you had asked to be told.\r\n"),
      S_INIT("2.0.0") },
};

static size_t action_row(enum dsn_action action)
{
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (actions[i].action == action) return i;
    return 0;
}

static size_t worst_row(const struct dsn *d)
{
    size_t worst = COUNT_OF(actions) - 1;
    for (size_t i = 0; i < d->nrecipients; i++) {
        size_t row = action_row(d->recipients[i].action);
        if (row < worst) worst = row;
    }
    return worst;
}

/* --- texts from outside ----------------------------------------------------------------------- */

/* Printable on one line, with white space often enough to fold it; beyond ASCII only if that is
 * allowed and UTF-8. */
static void printable(struct buf *out, str s, bool utf8)
{
    size_t run = 0;
    bool space = true;
    s = str_take(str_trim(s), DSN_TEXT_BYTES);
    utf8 = utf8 && utf8_valid(s);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool white = ascii_wsp(c) || c == '\r' || c == '\n';
        if (white && space) continue;
        bool cut = run >= DSN_WORD_COLUMNS && ((unsigned char)c & 0xc0) != 0x80;
        if (cut) buf_addc(out, ' ');
        space = white;
        run = white || cut ? 0 : run + 1;
        if (white)
            buf_addc(out, ' ');
        else
            buf_addc(out, (c > 0x20 && c < 0x7f) || (utf8 && (unsigned char)c >= 0x80) ? c : '?');
    }
}

static void harmless(struct buf *out, str s)
{
    printable(out, s, false);
}

static bool status_ok(str status)
{
    str class, part;
    uint64_t number;
    if (str_ends(status, S(".")) || !str_split(&status, '.', &class)) return false;
    if (class.n != 1 || !str_has(S("245"), class.p[0])) return false;
    int parts = 0;
    while (str_split(&status, '.', &part)) {
        if (part.n > 3 || !str_u64(part, 999, &number)) return false;
        parts++;
    }
    return parts == 2;
}

static bool boundary_ok(const struct dsn *d)
{
    for (size_t i = 0; i < d->boundary.n; i++)
        if (!ascii_alnum(d->boundary.p[i])) return false;
    if (!d->boundary.n || d->boundary.n > 60) return false;
    return str_find(d->original, d->boundary) == STR_NPOS;
}

static bool names_beyond_ascii(const struct dsn *d)
{
    for (size_t i = 0; i < d->nrecipients; i++) {
        const struct dsn_recipient *r = &d->recipients[i];
        if (!str_is_ascii(r->final.local) || !str_is_ascii(r->final.domain)) return true;
    }
    return false;
}

/* RFC 6533 3: only who takes internationalised mail is sent a report in that form. */
static bool is_international(const struct dsn *d)
{
    if (d->ascii) return false;
    for (size_t i = 0; i < d->nrecipients; i++) {
        const struct dsn_recipient *r = &d->recipients[i];
        if (!str_is_ascii(r->final.local) || !str_is_ascii(r->final.domain)) return true;
        if (!str_is_ascii(r->orcpt)) return true;
    }
    return !str_is_ascii(d->to.local) || !str_is_ascii(d->to.domain);
}

/* --- fields ----------------------------------------------------------------------------------- */

/* "Name: prefix value", through the door that refuses injection; nothing if value is empty. */
static void field(struct buf *out, str name, str prefix, str value)
{
    if (!value.n) return;
    struct buf b = buf_make(prefix.n + value.n);
    buf_add(&b, prefix);
    buf_add(&b, value);
    if (!header_write(out, name, buf_str(&b))) out->full = true;
    buf_free(&b);
}

static void outside_field(struct buf *out, str name, str prefix, str value)
{
    struct buf b = buf_make(2 * DSN_TEXT_BYTES);
    harmless(&b, value);
    field(out, name, prefix, buf_str(&b));
    buf_free(&b);
}

static void address_field(struct buf *out, str name, str prefix, struct address address)
{
    struct buf b = buf_make(4 * ADDRESS_BYTES);
    address_write(&b, address);
    field(out, name, prefix, buf_str(&b));
    buf_free(&b);
}

static void date_field(struct buf *out, str name, struct date date)
{
    struct buf b = buf_make(64);
    if (date.seconds) date_write(&b, date);
    field(out, name, S(""), buf_str(&b));
    buf_free(&b);
}

/* --- the message's header --------------------------------------------------------------------- */

static void from_field(struct buf *out, const struct dsn *d)
{
    struct buf b = buf_make(8192);
    encoded_phrase(&b, d->from_name.n ? str_take(d->from_name, 200) : S("Mail Delivery System"));
    buf_addc(&b, ' ');
    address_write_path(&b, d->from);
    field(out, S("From"), S(""), buf_str(&b));
    buf_free(&b);
}

static void write_header(struct buf *out, const struct dsn *d)
{
    from_field(out, d);
    address_field(out, S("To"), S(""), d->to);
    field(out, S("Subject"), S(""), actions[worst_row(d)].subject);
    date_field(out, S("Date"), d->now);
    buf_add(out, S("Message-ID: <"));
    harmless(out, d->message_id);
    buf_add(out, S(">\r\nAuto-Submitted: auto-replied\r\n" /* RFC 3834 5 */
                   "MIME-Version: 1.0\r\n"
                   "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                   "\tboundary=\""));
    buf_add(out, d->boundary);
    buf_add(out, S("\"\r\n\r\n"));
}

static void open_part(struct buf *out, const struct dsn *d, str type, bool has_8bit)
{
    buf_add(out, S("--"));
    buf_add(out, d->boundary);
    buf_add(out, S("\r\nContent-Type: "));
    buf_add(out, type);
    buf_add(out, has_8bit ? S("\r\nContent-Transfer-Encoding: 8bit\r\n\r\n") : S("\r\n\r\n"));
}

/* --- words for people ------------------------------------------------------------------------- */

/* Begins with a new line. */
static void indented(struct buf *out, str rest)
{
    str word;
    size_t column = 72;
    while (str_split(&rest, ' ', &word)) {
        bool fits = column + 1 + word.n <= 72;
        buf_add(out, fits ? S(" ") : S("\r\n    "));
        buf_add(out, word);
        column = (fits ? column + 1 : 4) + word.n;
    }
}

static void reason(struct buf *out, const struct dsn_recipient *r)
{
    struct buf text = buf_make(2 * DSN_TEXT_BYTES);
    harmless(&text, r->remote_mta);
    if (text.n) buf_add(&text, S(" answered: "));
    size_t before = text.n;
    harmless(&text, r->diagnostic);
    if (text.n == before) buf_add(&text, S("no reason was given"));
    indented(out, buf_str(&text));
    buf_free(&text);
}

static void write_journey(struct buf *out, str journey)
{
    str line;
    if (journey.n) buf_add(out, S("\r\nWhat happened before:"));
    bool told = journey.n;
    while (str_split(&journey, '\n', &line)) {
        struct buf text = buf_make(2 * DSN_TEXT_BYTES);
        printable(&text, line, true);
        indented(out, buf_str(&text));
        buf_free(&text);
    }
    buf_add(out, told ? S("\r\n\r\n") : S("\r\n"));
}

/* These words may be in UTF-8 whoever reads them: header fields may not (RFC 6531 3.2). */
static void write_words(struct buf *out, const struct dsn *d, bool has_8bit)
{
    open_part(out, d, S("text/plain; charset=utf-8"), has_8bit);
    buf_add(out, S("This is the mail system at "));
    harmless(out, d->reporting_mta);
    buf_add(out, S(".\r\n\r\n"));
    buf_add(out, actions[worst_row(d)].explanation);
    for (size_t i = 0; i < d->nrecipients; i++) {
        const struct dsn_recipient *r = &d->recipients[i];
        buf_add(out, S("\r\n"));
        address_write_path(out, r->final);
        buf_add(out, S(": "));
        buf_add(out, actions[action_row(r->action)].name);
        if (r->action == DSN_FAILED || r->action == DSN_DELAYED) reason(out, r);
        if (r->action == DSN_DELAYED && r->retry_until) {
            buf_add(out, S("\r\n    It will be tried until "));
            date_write(out, (struct date){ r->retry_until, 0 });
        }
        buf_add(out, S("\r\n"));
    }
    write_journey(out, d->journey);
}

/* --- fields for programs ---------------------------------------------------------------------- */

/* RFC 6533 3: beyond ASCII in a report that is not international stands \x{HEX}. */
static void typed_field(struct buf *out, str name, str type, str address, bool ascii)
{
    struct buf b = buf_make(8 * ADDRESS_BYTES), before = buf_make(DSN_TEXT_BYTES + 1);
    buf_add(&before, type);
    buf_addc(&before, ';');
    if (ascii && !str_is_ascii(address))
        address_utf8_xtext(&b, address, true);
    else
        buf_add(&b, address);
    field(out, name, buf_str(&before), buf_str(&b));
    buf_free(&b);
    buf_free(&before);
}

static void final_field(struct buf *out, struct address address, bool international)
{
    struct buf b = buf_make(4 * ADDRESS_BYTES), escaped = buf_make(8 * ADDRESS_BYTES);
    address_write(&b, address);
    bool beyond = !str_is_ascii(buf_str(&b));
    if (beyond && !international)
        address_utf8_xtext(&escaped, buf_str(&b), true);
    else
        buf_add(&escaped, buf_str(&b));
    field(out, S("Final-Recipient"), beyond || international ? S("utf-8; ") : S("rfc822; "),
          buf_str(&escaped));
    buf_free(&b);
    buf_free(&escaped);
}

static void write_recipient(struct buf *out, const struct dsn_recipient *r, bool international)
{
    size_t row = action_row(r->action);
    buf_add(out, S("\r\n"));
    if (r->orcpt.n) {
        struct buf type = buf_make(DSN_TEXT_BYTES);
        harmless(&type, r->orcpt_type);
        typed_field(out, S("Original-Recipient"), buf_str(&type), r->orcpt, !international);
        buf_free(&type);
    }
    final_field(out, r->final, international);
    field(out, S("Action"), S(""), actions[row].name);
    field(out, S("Status"), S(""), status_ok(r->status) ? r->status : actions[row].status);
    outside_field(out, S("Remote-MTA"), S("dns; "), r->remote_mta);
    outside_field(out, S("Diagnostic-Code"), S("smtp; "), r->diagnostic);
    date_field(out, S("Last-Attempt-Date"), (struct date){ r->last_attempt, 0 });
    date_field(out, S("Will-Retry-Until"), (struct date){ r->retry_until, 0 });
}

static void write_status(struct buf *out, const struct dsn *d, bool international)
{
    str type = international ? S("message/global-delivery-status") : S("message/delivery-status");
    open_part(out, d, type, international);
    outside_field(out, S("Original-Envelope-Id"), S(""), d->envid);
    outside_field(out, S("Reporting-MTA"), S("dns; "), d->reporting_mta);
    date_field(out, S("Arrival-Date"), d->arrival);
    for (size_t i = 0; i < d->nrecipients; i++)
        write_recipient(out, &d->recipients[i], international);
    buf_add(out, S("\r\n"));
}

/* --- what came back --------------------------------------------------------------------------- */

static bool has_8bit(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80) return true;
    return false;
}

/* CRLF lines without NUL: fit to go out through DATA as they are. */
static bool is_plain_mail(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool cr_before = i && s.p[i - 1] == '\r';
        if (!s.p[i] || (s.p[i] == '\n') != cr_before) return false;
    }
    return !str_ends(s, S("\r"));
}

/* The lines of a header block, made plain: other line ends become CRLF, NUL goes, and no line is
 * longer than SMTP allows. */
static void write_header_lines(struct buf *out, str block)
{
    str line;
    while (str_split(&block, '\n', &line)) {
        line = str_take(str_chomp(line), HEADER_LINE_BYTES);
        if (str_ends(line, S("\r"))) line.n--;
        if (!line.n) return;
        for (size_t i = 0; i < line.n; i++)
            if (line.p[i] && line.p[i] != '\r') buf_addc(out, line.p[i]);
        buf_add(out, S("\r\n"));
    }
}

/* False: what was left out of it (a NUL) has made it say the boundary. */
static bool write_original(struct buf *out, const struct dsn *d, bool international)
{
    size_t at;
    str header = str_take(d->original, header_block_size(d->original));
    if (d->full && is_plain_mail(d->original)) {
        open_part(out, d, international ? S("message/global") : S("message/rfc822"),
                  has_8bit(d->original));
        at = out->n;
        buf_add(out, d->original);
    } else {
        open_part(out, d, international ? S("message/global-headers") : S("text/rfc822-headers"),
                  has_8bit(header));
        at = out->n;
        write_header_lines(out, header);
    }
    if (!str_ends(buf_str(out), S("\n"))) buf_add(out, S("\r\n"));
    return str_find(str_from(buf_str(out), at), d->boundary) == STR_NPOS;
}

bool dsn_write(struct buf *out, const struct dsn *d)
{
    if (!boundary_ok(d)) return false;
    bool international = is_international(d);
    write_header(out, d);
    write_words(out, d, names_beyond_ascii(d) || !str_is_ascii(d->journey));
    write_status(out, d, international);
    if (!write_original(out, d, international)) return false;
    buf_add(out, S("--"));
    buf_add(out, d->boundary);
    buf_add(out, S("--\r\n"));
    return !out->full;
}

/* RFC 3834 2, 5. */
bool dsn_is_automatic(str block)
{
    struct header_field f;
    if (header_find(block, S("Auto-Submitted"), &f)) {
        str value = str_trim(f.value);
        if (!str_ieq(str_trim(str_take(value, str_chr(value, ';'))), S("no"))) return true;
    }
    return header_find(block, S("Content-Type"), &f) &&
           str_istarts(str_trim(f.value), S("multipart/report"));
}
