/* mbox.c - the mbox format: where one message ends and the next begins, and what its headers say.
 */
#include "mail/mbox.h"

#include "base/limits.h"
#include "base/mem.h"
#include "mail/date.h"
#include "mail/maildir.h"

static const str from_ = S_INIT("From ");

/* --- From lines ------------------------------------------------------------------------------- */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

static bool three_of(const char *names, str word)
{
    if (word.n != 3) return false;
    size_t at = str_find(str_of(names), word);
    return at != STR_NPOS && at % 3 == 0;
}

/* The next word; several spaces are one, as in "Nov  2". */
static str next_word(str *rest)
{
    while (rest->n && ascii_wsp(rest->p[0]))
        *rest = str_from(*rest, 1);
    size_t n = str_chr(*rest, ' ');
    str word = str_take(*rest, n == STR_NPOS ? rest->n : n);
    *rest = str_from(*rest, word.n);
    return word;
}

/* "Nov  2 09:05[:11] [zone] 2026 [zone]", as asctime and its variants have it: put in the order of
 * mail's own dates and read as one. */
static bool read_asctime(str rest, int64_t *date_s)
{
    str month = next_word(&rest), day = next_word(&rest), time = next_word(&rest);
    str year = next_word(&rest), zone = next_word(&rest);
    uint64_t number;
    struct date date;
    if (!three_of(months, month) || !str_has(time, ':')) return false;
    if (!str_u64(year, 9999, &number)) {
        str swapped = year;
        year = zone;
        zone = swapped;
    }
    if (year.n != 4 || !str_u64(year, 9999, &number)) return false;
    struct buf b = buf_make(256);
    buf_addf(&b, "%.*s %.*s %.*s %.*s %.*s", STR_ARG(day), STR_ARG(month), STR_ARG(year),
             STR_ARG(time), STR_ARG(zone.n ? zone : S("+0000")));
    bool good = date_parse(buf_str(&b), &date);
    buf_free(&b);
    if (good) *date_s = date.seconds;
    return good;
}

/* The sender may hold spaces if it is quoted: so the day's name is looked for. */
bool mbox_from_line(str line, int64_t *date_s)
{
    int64_t unused;
    line = str_chomp(line);
    if (!str_starts(line, from_) || line.n > 1000) return false;
    str rest = str_from(line, from_.n);
    while (rest.n) {
        str word = next_word(&rest);
        if (three_of(days, str_take(word, 3)) && read_asctime(rest, date_s ? date_s : &unused))
            return true;
    }
    return false;
}

void mbox_write_from(struct buf *out, int64_t date_s)
{
    struct buf b = buf_make(64);
    date_write(&b, (struct date){ .seconds = date_s }); /* "Fri, 21 Nov 1997 09:55:06 +0000" */
    str text = buf_str(&b);
    str day, number, month, year, time;
    bool whole = str_split(&text, ',', &day);
    text = str_trim(text);
    whole = whole && str_split(&text, ' ', &number) && str_split(&text, ' ', &month) &&
            str_split(&text, ' ', &year) && str_split(&text, ' ', &time);
    if (whole)
        buf_addf(out, "From MAILER-DAEMON %.*s %.*s %2.*s %.*s %.*s\n", STR_ARG(day),
                 STR_ARG(month), STR_ARG(number), STR_ARG(time), STR_ARG(year));
    buf_free(&b);
}

/* --- splitting -------------------------------------------------------------------------------- */

void mbox_begin(struct mbox *m, mbox_fn *fn, void *arg)
{
    *m = (struct mbox){
        .fn = fn, .arg = arg, .line = buf_make(MBOX_LINE_BYTES), .blank = buf_make(2)
    };
}

static void tell(struct mbox *m, enum mbox_kind kind, str text)
{
    if (!m->stopped) m->stopped = !m->fn(m->arg, kind, m->offset, text);
}

static void flush_blank(struct mbox *m)
{
    if (m->blank.n) tell(m, MBOX_TEXT, buf_str(&m->blank));
    buf_reset(&m->blank);
}

static bool begins_message(const struct mbox *m, str line)
{
    return (m->blank.n || !m->in_message) && mbox_from_line(line, NULL);
}

static bool is_quoted(str line)
{
    size_t n = 0;
    while (n < line.n && line.p[n] == '>')
        n++;
    return n > 0 && str_starts(str_from(line, n), from_);
}

bool mbox_must_quote(str line)
{
    return str_starts(line, from_) || is_quoted(line);
}

static void start(struct mbox *m, str line)
{
    if (m->in_message) tell(m, MBOX_END, (str){ 0 });
    buf_reset(&m->blank); /* it belonged to the From line */
    m->in_message = true;
    tell(m, MBOX_START, line);
}

/* A whole line, or the first MBOX_LINE_BYTES of one that is longer. */
static void take_line(struct mbox *m, str line)
{
    if (begins_message(m, line)) {
        start(m, line);
    } else if (!m->in_message) {
        tell(m, MBOX_NO_MBOX, (str){ 0 });
        m->stopped = true;
    } else if (str_eq(line, S("\n")) || str_eq(line, S("\r\n"))) {
        flush_blank(m);
        buf_add(&m->blank, line);
    } else {
        flush_blank(m);
        tell(m, MBOX_TEXT, is_quoted(line) ? str_from(line, 1) : line);
    }
    m->offset += line.n;
}

/* The rest of a line of which the beginning was told. */
static str take_rest(struct mbox *m, str piece)
{
    size_t lf = str_chr(piece, '\n');
    str rest = lf == STR_NPOS ? piece : str_take(piece, lf + 1);
    tell(m, MBOX_TEXT, rest);
    m->offset += rest.n;
    m->in_line = lf == STR_NPOS;
    return str_from(piece, rest.n);
}

static str take_some(struct mbox *m, str piece)
{
    if (m->in_line) return take_rest(m, piece);
    size_t lf = str_chr(piece, '\n');
    str part = str_take(piece, lf == STR_NPOS ? piece.n : lf + 1);
    if (!m->line.n && lf != STR_NPOS) {
        take_line(m, part);
        return str_from(piece, part.n);
    }
    part = str_take(part, MBOX_LINE_BYTES - m->line.n);
    buf_add(&m->line, part);
    bool whole = part.n && part.p[part.n - 1] == '\n';
    if (whole || m->line.n == MBOX_LINE_BYTES) {
        take_line(m, buf_str(&m->line));
        buf_reset(&m->line);
        m->in_line = !whole;
    }
    return str_from(piece, part.n);
}

void mbox_feed(struct mbox *m, str piece)
{
    while (piece.n && !m->stopped)
        piece = take_some(m, piece);
}

void mbox_end(struct mbox *m)
{
    if (m->line.n && !m->stopped) take_line(m, buf_str(&m->line));
    if (m->in_message) tell(m, MBOX_END, (str){ 0 });
    buf_free(&m->line);
    buf_free(&m->blank);
}

/* --- header fields of the file's own ---------------------------------------------------------- */

static void take_status(struct mbox_header *h, str value)
{
    if (str_has(value, 'R')) h->flags |= MAILDIR_SEEN;
}

static void take_x_status(struct mbox_header *h, str value)
{
    static const struct {
        char letter;
        unsigned flag;
    } letters[] = { { 'A', MAILDIR_REPLIED },
                    { 'F', MAILDIR_FLAGGED },
                    { 'D', MAILDIR_TRASHED },
                    { 'T', MAILDIR_DRAFT } };
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (str_has(value, letters[i].letter)) h->flags |= letters[i].flag;
}

static void take_words(struct mbox_header *h, str value)
{
    str word;
    while ((word = next_word(&value)).n) {
        if (word.n > KEYWORD_BYTES) continue;
        buf_addc(&h->words, ' ');
        buf_add(&h->words, word);
    }
    h->words_go_on = true;
}

static void take_internal(struct mbox_header *h, str value)
{
    (void)value;
    h->flags |= MBOX_INTERNAL;
}

static const struct {
    str name;
    void (*take)(struct mbox_header *h, str value); /* NULL: only left out */
} fields[] = {
    { S_INIT("Status:"), take_status },    { S_INIT("X-Status:"), take_x_status },
    { S_INIT("X-Keywords:"), take_words }, { S_INIT("X-IMAP:"), take_internal },
    { S_INIT("X-IMAPbase:"), NULL },       { S_INIT("X-UID:"), NULL },
};

void mbox_header_begin(struct mbox_header *h)
{
    *h = (struct mbox_header){ .words = buf_make(MAILBOX_KEYWORDS * (KEYWORD_BYTES + 1)) };
}

static bool take_field(struct mbox_header *h, str line)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (!str_istarts(line, fields[i].name)) continue;
        if (fields[i].take) fields[i].take(h, str_trim(str_from(line, fields[i].name.n)));
        return true;
    }
    return false;
}

void mbox_header_line(struct mbox_header *h, str line, struct buf *out)
{
    str text = str_chomp(line);
    h->over = text.n == 0;
    if (text.n && ascii_wsp(text.p[0])) { /* of the field before */
        if (h->words_go_on) take_words(h, str_trim(text));
    } else {
        h->words_go_on = false;
        h->ours = take_field(h, line);
    }
    if (!h->ours) buf_add(out, line);
}

void mbox_header_write(unsigned flags, str words, struct buf *out)
{
    buf_add(out, flags & MAILDIR_SEEN ? S("Status: RO\n") : S("Status: O\n"));
    unsigned rest = flags & (MAILDIR_REPLIED | MAILDIR_FLAGGED | MAILDIR_TRASHED | MAILDIR_DRAFT);
    if (rest) buf_add(out, S("X-Status: "));
    if (flags & MAILDIR_REPLIED) buf_addc(out, 'A');
    if (flags & MAILDIR_FLAGGED) buf_addc(out, 'F');
    if (flags & MAILDIR_DRAFT) buf_addc(out, 'T');
    if (flags & MAILDIR_TRASHED) buf_addc(out, 'D');
    if (rest) buf_addc(out, '\n');
    if (words.n) buf_add(out, S("X-Keywords:"));
    buf_add(out, words);
    if (words.n) buf_addc(out, '\n');
}
