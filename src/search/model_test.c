/* model_test.c - random mail, random texts: the index says what reading says, whatever happens.
 *
 * Seeded. What reading says is made here from mail/text.h alone.
 */
#include "base/codec.h"
#include "search/search_fixture.h"

enum { ROUNDS = 400, WORD_BYTES = 40 };

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

/* --- mail ----------------------------------------------------------------------------------- */
static const char *const syllables[] = { "ba", "lo", "ne", "Ti", "ü",  "ß", "ж", "Я",
                                         "中", "文", "国", "q",  "xy", "😀", ".", "1" };

static void add_words(struct buf *b, uint64_t words)
{
    for (uint64_t i = 0; i < words; i++) {
        for (uint64_t n = 1 + draw(4); n; n--)
            buf_add(b, str_of(syllables[draw(sizeof syllables / sizeof *syllables)]));
        buf_add(b, draw(12) ? S(" ") : S("\r\n"));
    }
}

static void add_part(struct buf *b, str kind, uint64_t words)
{
    struct buf text = buf_make(1 << 20);
    add_words(&text, words);
    buf_addf(b, "Content-Type: %.*s; charset=utf-8\r\n", STR_ARG(kind));
    bool coded = draw(2);
    if (coded) buf_add(b, S("Content-Transfer-Encoding: base64\r\n"));
    buf_add(b, S("\r\n"));
    if (coded)
        base64_encode_lines(b, buf_str(&text));
    else
        buf_add(b, buf_str(&text));
    buf_free(&text);
}

static void add_mail(struct buf *b)
{
    uint64_t words = draw(20) ? draw(120) : draw(8000);
    buf_add(b, S("From: ann@c.test\r\nSubject: "));
    for (uint64_t n = draw(4); n; n--)
        buf_add(b, str_of(syllables[draw(4)]));
    buf_add(b, S("\r\n"));
    if (draw(3)) {
        add_part(b, S("text/plain"), words);
        return;
    }
    buf_add(b, S("Content-Type: multipart/alternative; boundary=zz\r\n\r\n--zz\r\n"));
    add_part(b, S("text/plain"), words);
    buf_add(b, S("\r\n--zz\r\n"));
    add_part(b, S("text/html"), words);
    buf_add(b, S("\r\n--zz--\r\n"));
}

/* --- what reading says ---------------------------------------------------------------------- */
struct reading {
    struct arena *arena;
    str message;
    str needle;
    bool body_only;
    struct buf run; /* one text, put together */
    bool covered, found;
};

static void judge(struct reading *r)
{
    if (r->covered && str_find(buf_str(&r->run), r->needle) != STR_NPOS) r->found = true;
    buf_reset(&r->run);
}

static bool hear(void *arg, const struct text_piece *piece)
{
    struct reading *r = arg;
    if (piece->first) judge(r);
    r->covered = !r->body_only || piece->where == TEXT_BODY;
    if (piece->first && piece->field.n) {
        buf_add(&r->run, text_form(r->arena, piece->field));
        buf_add(&r->run, S(": "));
    }
    buf_add(&r->run, piece->text);
    return true;
}

static enum err read_message(void *arg, uint64_t at, size_t n, str *bytes)
{
    *bytes = str_sub(((struct reading *)arg)->message, (size_t)at, n);
    return OK;
}

static str bytes_of(struct place *p, struct blob blob)
{
    struct body_reader *reader;
    struct buf all = buf_make(16 << 20);
    assert_int_equal(body_open(p->engine, blob, &reader), OK);
    while (all.n < body_reader_size(reader)) {
        str piece;
        assert_int_equal(body_read(reader, all.n, 1 << 20, &piece), OK);
        buf_add(&all, piece);
    }
    body_close(reader);
    str message = arena_copy(&p->arena, buf_str(&all));
    buf_free(&all);
    return message;
}

static bool reading_finds(struct place *p, const struct message *m, const struct search_text *t)
{
    struct arena_mark mark = arena_mark(&p->arena);
    struct reading r = { .arena = &p->arena, .needle = t->folded, .body_only = t->body_only };
    struct card card;
    struct buf made = buf_make(CARD_BYTES);
    r.run = buf_make(16 << 20);
    r.message = bytes_of(p, m->blob);
    assert_true(card_build(&made, r.message) && card_open(buf_str(&made), &card));
    struct text_source source = { &card, read_message, &r };
    assert_int_equal(text_walk(&source, TEXT_ALL, hear, &r), OK);
    judge(&r);
    buf_free(&r.run);
    buf_free(&made);
    arena_rewind(&p->arena, mark);
    return r.found;
}

/* --- questions ------------------------------------------------------------------------------ */

/* A piece of what some message says, or words that may be nowhere. */
static str draw_needle(struct place *p, uint32_t uids)
{
    struct buf b = buf_make(1 << 20);
    if (draw(3) == 0) add_words(&b, 1 + draw(2));
    if (!b.n) {
        str form = text_form(
            &p->arena,
            bytes_of(p,
                     place_message(p, S("INBOX"), (struct uid){ 1 + (uint32_t)draw(uids) }).blob));
        size_t from = draw(form.n), to = from + 1 + draw(WORD_BYTES);
        if (to > form.n) to = form.n;
        while (from && ((unsigned char)form.p[from] & 0xc0) == 0x80)
            from--;
        while (to < form.n && ((unsigned char)form.p[to] & 0xc0) == 0x80)
            to++;
        buf_add(&b, str_sub(form, from, to - from));
    }
    str needle = text_form(&p->arena, buf_str(&b));
    buf_free(&b);
    return needle;
}

struct tally {
    unsigned has, has_not, unknown;
};

static void compare(struct place *p, const struct asked *a, str mailbox, struct tally *t)
{
    struct mailbox box = place_box(p, mailbox);
    for (uint32_t uid = 1; uid < box.uidnext.n; uid++) {
        struct message m = place_message(p, mailbox, (struct uid){ uid });
        enum search_verdict said = search_answer_of(&a->answer, 0, &m);
        t->unknown += said == SEARCH_UNKNOWN;
        if (said == SEARCH_UNKNOWN) continue;
        bool wanted = reading_finds(p, &m, &a->texts[0]);
        t->has += wanted;
        t->has_not += !wanted;
        if ((said == SEARCH_HAS) != wanted)
            fail_msg("message %u, text '%.*s': %d, reading says %d", uid,
                     STR_ARG(a->texts[0].folded), said, wanted);
    }
}

static void one_question(struct place *p, struct tally *t)
{
    struct asked a = { .p = p, .n = 1 };
    a.texts[0].folded = draw_needle(p, place_box(p, S("INBOX")).uidnext.n - 1);
    a.texts[0].body_only = draw(2);
    if (!a.texts[0].folded.n) return;
    place_run(p, ask_fiber, &a);
    assert_int_equal(a.result, OK);
    compare(p, &a, S("INBOX"), t);
    compare(p, &a, S("Archive"), t);
}

static void copy_some(struct place *p, bool move)
{
    uint32_t from = 1 + (uint32_t)draw(place_box(p, S("INBOX")).uidnext.n - 1);
    struct uidset some = uidset_make(&p->arena);
    assert_true(uidset_add(&some, from, from + 3));
    struct copy c = { .account = p->alice, .from = place_box(p, S("INBOX")).id, .uids = &some };
    c.to = S("Archive");
    c.move = move;
    assert_int_equal(store_copy(p->store, &c, NULL), OK);
}

static void tend_fiber(void *arg)
{
    struct place *p = arg;
    assert_int_equal(search_tend_once(p->search, draw(2) ? 0 : UINT64_MAX), OK);
    search_unwatch(p->search);
}

static void append_some(struct place *p)
{
    struct buf b = buf_make(1 << 20);
    for (uint64_t n = 1 + draw(5); n; n--) {
        buf_reset(&b);
        add_mail(&b);
        (void)place_append(p, buf_str(&b));
    }
    buf_free(&b);
}

static void says_what_reading_says(void **unused)
{
    (void)unused;
    struct place p;
    struct tally t = { 0 };
    place_make(&p);
    state = 20261122;
    append_some(&p);
    for (unsigned round = 0; round < ROUNDS; round++) {
        arena_reset(&p.arena);
        uint64_t what = draw(40);
        if (what < 8 && place_box(&p, S("INBOX")).uidnext.n < 60) append_some(&p);
        if (what == 8 || what == 9) copy_some(&p, what == 9);
        if (what == 10) place_run(&p, tend_fiber, &p);
        if (what == 11) {
            search_close(p.search);
            place_open_index(&p);
        }
        if (what > 11) one_question(&p, &t);
    }
    print_message("%u found, %u not, %u unknown\n", t.has, t.has_not, t.unknown);
    assert_true(t.has > 100 && t.has_not > 1000);
    assert_true(t.unknown < t.has); /* what was moved away, and swept out */
    place_remove(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(says_what_reading_says) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
