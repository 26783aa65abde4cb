/* bulk.c - a mailbox of 100,000 messages: listing, opening, changing flags, copying, expunging.
 *
 * Every message came by SMTP as far as the store can tell: it has a journey, so that a first \Seen
 * and an EXPUNGE write their event too. While a long command runs, another account appends one
 * message after the other: its longest wait is how long the writer was held.
 */
#include <stdio.h>
#include <time.h>

#include "bench_int.h"
#include "mail/card.h"

enum { MESSAGES = 100000, COPIED = 10000, BATCH = 128, ROUNDS = 5, OPENINGS = 50 };

struct bulk {
    struct bench *bench;
    struct bench_place place;
    struct store *store;
    struct account alice, bob;
    struct arena arena;
    void (*work)(struct bulk *b);
    bool taken, done;      /* the work, by a fiber */
    double took_s, busy_s; /* of the work; of all threads meanwhile */
    double longest_s;      /* another's wait for its 250 */
};

static const struct actor actor = { S_INIT("imap"), S_INIT("192.0.2.1:51022") };

static void must(enum err e, const char *what)
{
    if (e) bench_die(what);
}

static double busy_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- messages ------------------------------------------------------------------------------- */

static void letter(struct buf *out, unsigned i)
{
    buf_addf(out, "From: \"Sender Number %u\" <sender%u@example.org>\r\n", i % 500, i % 500);
    buf_addf(out, "To: Alice <alice@a.test>\r\nSubject: Minutes of meeting %u\r\n", i);
    buf_addf(out, "Date: Mon, 5 Jan 2026 10:%02u:%02u +0100\r\n", i / 60 % 60, i % 60);
    buf_addf(out, "Message-ID: <%u.%x@example.org>\r\n", i, i * 2654435761u);
    buf_add(out, S("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
                   "Dear all,\r\n\r\nthe minutes are on the usual page. See you next week.\r\n"));
}

static struct append item_of(struct bulk *b, struct account a, unsigned i, struct buf *card)
{
    struct append item = { .account = a, .mailbox = S("INBOX"), .internal_date_s = 1767225600 };
    struct buf text = buf_make(4096);
    letter(&text, i);
    must(body_begin(store_engine(b->store), &item.body), "body_begin");
    must(body_write(item.body, buf_str(&text)), "body_write");
    must(body_seal(item.body, S("")), "body_seal");
    if (!card_build(card, buf_str(&text))) bench_die("card_build");
    item.card = buf_str(card);
    item.journey = store_msgid_new(b->store);
    buf_free(&text);
    return item;
}

static void append_some(struct bulk *b, struct account a, unsigned from, unsigned n)
{
    struct append *items = mem_array(n, sizeof *items);
    struct appended *out = mem_array(n, sizeof *out);
    struct buf *cards = mem_array(n, sizeof *cards);
    for (unsigned i = 0; i < n; i++) {
        cards[i] = buf_make(CARD_BYTES);
        items[i] = item_of(b, a, from + i, &cards[i]);
    }
    must(store_append(b->store, items, n, out), "append");
    for (unsigned i = 0; i < n; i++) {
        body_free(items[i].body);
        buf_free(&cards[i]);
    }
    mem_free(items);
    mem_free(out);
    mem_free(cards);
}

static void fill(struct bulk *b)
{
    for (unsigned i = 0; i < MESSAGES; i += BATCH)
        append_some(b, b->alice, i, MESSAGES - i < BATCH ? MESSAGES - i : BATCH);
}

/* --- reading -------------------------------------------------------------------------------- */

struct seen {
    uint64_t n, bytes;
};

static bool look_at(void *arg, const struct message *m)
{
    struct seen *s = arg;
    s->n++;
    s->bytes += m->card.n + m->flags.system + m->modseq.n;
    return true;
}

static struct mailbox open_box(struct bulk *b, struct view *v, str name)
{
    struct mailbox m;
    must(store_mailbox_find(v, b->alice, name, &m), "mailbox");
    m.name = arena_copy(&b->arena, m.name);
    return m;
}

static struct mailbox box_of(struct bulk *b, str name)
{
    struct view *v = store_view(b->store);
    struct mailbox m = open_box(b, v, name);
    view_end(v);
    return m;
}

static double listing(struct bulk *b, unsigned want)
{
    double best = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct view *v = store_view(b->store);
        struct mailbox m = open_box(b, v, S("INBOX"));
        struct seen seen = { 0 };
        double start = bench_now_s();
        must(store_messages(v, &m, (struct uid_range){ 1, UINT32_MAX }, want, look_at, &seen),
             "list");
        double rate = (double)seen.n / (bench_now_s() - start);
        view_end(v);
        if (seen.n != m.messages) bench_die("messages are missing");
        if (rate > best) best = rate;
    }
    return best;
}

static void list(struct bulk *b, unsigned want, const char *what, double goal)
{
    struct figure f = { what, listing(b, want), goal, "records/s", "wanted", 1 };
    bench_least(b->bench, &f);
}

/* What SELECT asks for. */
static double opening(struct bulk *b)
{
    struct seqmap map;
    struct uid unseen;
    struct mailbox m;
    double start = bench_now_s();
    struct view *v = store_view(b->store);
    must(store_mailbox_find(v, b->alice, S("INBOX"), &m), "open");
    struct told told = { m.id, m.uidvalidity, m.highest_modseq, m.highest_modseq, m.uidnext };
    must(store_seqmap(v, &m, &told, &b->arena, &map), "seqmap");
    must(store_first_unseen(v, &m, &unseen), "first unseen");
    view_end(v);
    if (map.count != m.messages) bench_die("sequence numbers are missing");
    return bench_now_s() - start;
}

static void open_many(struct bulk *b)
{
    double sum = 0;
    for (int i = 0; i < OPENINGS; i++)
        sum += opening(b);
    struct figure f = { "open: counts, first unseen, UIDNEXT, numbers",
                        1000 * sum / OPENINGS,
                        0.5,
                        "ms",
                        "wanted",
                        1 };
    bench_most(b->bench, &f);
}

/* --- changing ------------------------------------------------------------------------------- */

/* The first fiber does the work; the second, if there is one, files Bob's letters meanwhile. */
static void work_or_watch(void *arg)
{
    struct bulk *b = arg;
    if (!b->taken) {
        b->taken = true;
        double start = bench_now_s(), busy = busy_now_s();
        b->work(b);
        b->took_s = bench_now_s() - start;
        b->busy_s = busy_now_s() - busy;
        b->done = true;
        return;
    }
    while (!b->done) {
        double start = bench_now_s();
        append_some(b, b->bob, 0, 1);
        double took = bench_now_s() - start;
        if (took > b->longest_s) b->longest_s = took;
    }
}

static void run(struct bulk *b, void (*work)(struct bulk *b), unsigned fibers)
{
    b->work = work;
    b->taken = b->done = false;
    b->longest_s = 0;
    bench_fibers(&b->place, fibers, work_or_watch, b);
}

static void flag(struct bulk *b, enum flag_op op, uint8_t system)
{
    struct flag_change c = { .account = b->alice, .op = op, .system = system };
    c.mailbox = box_of(b, S("INBOX")).id;
    c.unchanged_since.n = UINT64_MAX;
    c.actor = actor;
    must(store_flags(b->store, &c, NULL), "store_flags");
}

static void flag_flagged(struct bulk *b)
{
    flag(b, FLAGS_ADD, FLAG_FLAGGED);
}
static void flag_seen(struct bulk *b)
{
    flag(b, FLAGS_ADD, FLAG_SEEN);
}
static void flag_deleted(struct bulk *b)
{
    flag(b, FLAGS_ADD, FLAG_DELETED);
}

static void copy(struct bulk *b, bool move, str from_name, str to)
{
    struct uidset from = uidset_make(&b->arena);
    struct copied out = { .from = uidset_make(&b->arena), .to = uidset_make(&b->arena) };
    if (!uidset_add(&from, 1, COPIED)) bench_die("memory");
    struct copy c = { .account = b->alice, .uids = &from, .to = to, .move = move };
    c.from = box_of(b, from_name).id;
    c.actor = actor;
    must(store_copy(b->store, &c, &out), "store_copy");
    if (uidset_count(&out.to) != COPIED) bench_die("copies are missing");
}

static void copy_10000(struct bulk *b)
{
    copy(b, false, S("INBOX"), S("Archive"));
}
static void move_10000(struct bulk *b)
{
    copy(b, true, S("INBOX"), S("Trash"));
}

static void move_back(struct bulk *b)
{
    copy(b, true, S("Trash"), S("INBOX"));
}

static void expunge(struct bulk *b)
{
    struct expunge x = { .account = b->alice, .mailbox = box_of(b, S("INBOX")).id };
    x.actor = actor;
    must(store_expunge(b->store, &x, NULL), "store_expunge");
    if (box_of(b, S("INBOX")).messages) bench_die("messages are left");
}

static void measure(struct bulk *b, void (*work)(struct bulk *b), const char *what, double goal_s)
{
    uint64_t commits = engine_stats(b->place.engine).commits;
    run(b, work, 1);
    struct figure f = { what, b->took_s, goal_s, "s", "wanted", 1 };
    bench_most(b->bench, &f);
    bench_note("processor time, all threads", b->busy_s, "s");
    bench_note("commits", (double)(engine_stats(b->place.engine).commits - commits), "");
    bench_caught_up(&b->place);
}

static void watch(struct bulk *b, void (*work)(struct bulk *b), const char *what)
{
    run(b, work, 2);
    bench_note(what, 1000 * b->longest_s, "ms");
    bench_caught_up(&b->place);
}

static void sleep_a_while(struct bulk *b)
{
    must(fiber_sleep_until(seam_mono_us(b->place.seam) + 300000), "sleep");
}

static void begin(struct bulk *b)
{
    struct user alice = { .address = S("alice@a.test"), .password_hash = S("x") };
    struct user bob = { .address = S("bob@a.test"), .password_hash = S("x") };
    must(store_domain_add(b->store, S("a.test")), "domain");
    must(store_user_add(b->store, &alice, &b->alice), "user");
    must(store_user_add(b->store, &bob, &b->bob), "user");
}

static void read_rows(struct bulk *b)
{
    list(b, WANT_FLAGS, "list flags of 100,000", 4e6);
    list(b, WANT_FLAGS | WANT_CARD, "list flags and cards of 100,000", 2e6);
    open_many(b);
}

static void change_rows(struct bulk *b)
{
    measure(b, flag_flagged, "+FLAGS \\Flagged of 100,000", 1);
    measure(b, flag_seen, "+FLAGS \\Seen of 100,000, first reading", 1);
    measure(b, copy_10000, "COPY of 10,000", 1);
    measure(b, move_10000, "MOVE of 10,000", 1);
    run(b, move_back, 1);
    measure(b, flag_deleted, "+FLAGS \\Deleted of 100,000", 1);
    measure(b, expunge, "EXPUNGE of 100,000", 1);
    run(b, fill, 1);
    bench_caught_up(&b->place);
    watch(b, sleep_a_while, "another's longest wait: nothing happens");
    watch(b, flag_flagged, "while \\Flagged is added to 100,000");
    watch(b, flag_deleted, "while \\Deleted is added to 100,000");
    watch(b, expunge, "while 100,000 are expunged");
}

void bench_bulk(struct bench *bench)
{
    struct bulk b = { .bench = bench, .arena = arena_make(1 << 28) };
    bench_place_make(bench, &b.place);
    b.store = b.place.store;
    run(&b, begin, 1);
    run(&b, fill, 1);
    bench_note("appends in batches of 128", MESSAGES / b.took_s, "messages/s");
    list(&b, WANT_FLAGS, "list flags while the index is behind", 2e6);
    bench_caught_up(&b.place);
    read_rows(&b);
    change_rows(&b);
    bench_place_free(&b.place);
    arena_free(&b.arena);
}
