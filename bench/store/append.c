/* append.c - durable appends a second, and what the device writes for them.
 *
 * Two ways to append: through the engine alone (a body and about the rows that filing writes, an
 * account a writer), and the real one, store_accept to an INBOX: of an account a writer, or of any
 * of a thousand, whose rows then lie far apart.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "bench_int.h"
#include "mail/card.h"

enum { WRITERS = 64, ACCOUNTS = 1000, LETTERS = 1024 };

struct letter {
    str text, card;
};

struct appends {
    struct bench_place *place;
    struct letter *letters;
    struct account *accounts;
    struct arena arena;
    double until;
    unsigned writers, accounts_n;
    uint64_t sent, dice;
};

/* --- letters -------------------------------------------------------------------------------- */

static void write_letters(struct appends *a, size_t bytes, bool random)
{
    a->arena = arena_make((size_t)1 << 30);
    a->letters = ARENA_ARRAY(&a->arena, LETTERS, struct letter);
    a->accounts = ARENA_ARRAY(&a->arena, ACCOUNTS, struct account);
    struct buf text = buf_make(bytes), card = buf_make(CARD_BYTES);
    for (unsigned i = 0; i < LETTERS; i++) {
        buf_reset(&text);
        buf_reset(&card);
        bench_letter(&text, i, bytes, random);
        if (!card_build(&card, buf_str(&text))) bench_die("card_build");
        a->letters[i].text = arena_copy(&a->arena, buf_str(&text));
        a->letters[i].card = arena_copy(&a->arena, buf_str(&card));
    }
    buf_free(&text);
    buf_free(&card);
}

static uint64_t throw(struct appends * a)
{
    a->dice = a->dice * 6364136223846793005 + 1442695040888963407;
    return a->dice >> 33;
}

static struct body *seal(struct appends *a, const struct letter *l)
{
    struct body *body;
    if (body_begin(a->place->engine, &body)) bench_die("body_begin");
    if (body_write(body, l->text)) bench_die("body_write");
    if (body_seal(body, S(""))) bench_die("body_seal");
    return body;
}

/* --- the engine alone ------------------------------------------------------------------------ */

struct filing {
    struct body *body;
    struct account account;
};

/* About what filing a letter writes: a head row, a card, a change, a bitmap row. */
static enum err file_rows(struct txn *t, void *arg)
{
    static char card[300];
    const struct filing *f = arg;
    struct blob blob;
    str value;
    uint64_t n = 0;
    txn_body(t, f->body, &blob);
    txn_blob_ref(t, blob, 1);
    if (txn_get(t, f->account, S("head"), &value) == OK && !str_u64(value, UINT64_MAX, &n))
        return ERR_CORRUPT;
    struct buf b = buf_make(100);
    buf_addf(&b, "%llu", (unsigned long long)n + 1);
    txn_put(t, f->account, S("head"), buf_str(&b));
    buf_reset(&b);
    buf_addf(&b, "card %010llu", (unsigned long long)n);
    txn_put(t, f->account, buf_str(&b), (str){ card, sizeof card });
    b.p[0] = 'h';
    txn_put(t, f->account, buf_str(&b), (str){ card, 20 });
    txn_put(t, f->account, S("bitmap"), (str){ card, 256 });
    buf_free(&b);
    return OK;
}

static void append_rows(void *arg)
{
    struct appends *a = arg;
    struct filing f = { .account = { 100 + a->writers++ } };
    while (bench_now_s() < a->until) {
        f.body = seal(a, &a->letters[throw(a) % LETTERS]);
        if (engine_commit(a->place->engine, file_rows, &f)) bench_die("engine_commit");
        body_free(f.body);
        a->sent++;
    }
}

/* --- the real filing ------------------------------------------------------------------------- */

static void make_accounts(void *arg)
{
    struct appends *a = arg;
    if (store_domain_add(a->place->store, S("b.test"))) bench_die("store_domain_add");
    for (unsigned i = 0; i < a->accounts_n; i++) {
        struct buf address = buf_make(100);
        buf_addf(&address, "user%u@b.test", i);
        struct user u = { .address = buf_str(&address), .password_hash = S("none") };
        if (store_user_add(a->place->store, &u, &a->accounts[i])) bench_die("store_user_add");
        buf_free(&address);
    }
}

static void append_accept(void *arg)
{
    struct appends *a = arg;
    unsigned me = a->writers++;
    while (bench_now_s() < a->until) {
        uint64_t account = a->accounts_n < ACCOUNTS ? me : throw(a);
        const struct letter *l = &a->letters[throw(a) % LETTERS];
        struct local_rcpt to = { .account = a->accounts[account % a->accounts_n],
                                 .mailbox = S("INBOX"),
                                 .delivered_to = S("bob@b.test") };
        struct accept x = { .id = store_msgid_new(a->place->store), .card = l->card };
        x.sender = S("alice@a.test");
        x.received = S("from client.a.test [192.0.2.1] by ESMTPS TLS1.3 as alice@a.test");
        x.local = &to;
        x.local_n = 1;
        x.body = seal(a, l);
        if (store_accept(a->place->store, &x)) bench_die("store_accept");
        body_free(x.body);
        a->sent++;
    }
}

/* --- a run ------------------------------------------------------------------------------------ */

struct run {
    unsigned writers;
    size_t bytes;
    bool random;
    unsigned accept; /* into so many accounts; 0: through the engine */
    double seconds;
};
struct result {
    double rate, cpu_us;      /* messages a second, processor time each */
    double commits_per_group; /* or 0 */
    double device, journal;   /* bytes a byte of message, caught up */
    double lag_bytes;
};

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void measure(struct appends *a, const struct run *r, struct result *out)
{
    struct bench_place *p = a->place;
    bench_caught_up(p);
    struct engine_stats before = engine_stats(p->engine);
    uint64_t device = bench_device_bytes(p->folder);
    double start = bench_now_s(), cpu = cpu_s();
    a->until = start + r->seconds;
    a->sent = 0;
    a->writers = 0;
    bench_fibers(p, r->writers, r->accept ? append_accept : append_rows, a);
    double sent = (double)a->sent, bytes = sent * (double)r->bytes;
    out->rate = sent / (bench_now_s() - start);
    struct engine_stats after = engine_stats(p->engine);
    out->lag_bytes = (double)after.lag_bytes;
    out->commits_per_group =
        (double)(after.commits - before.commits) / (double)(after.groups - before.groups);
    bench_caught_up(p);
    out->cpu_us = (cpu_s() - cpu) / sent * 1e6;
    out->device = (double)(bench_device_bytes(p->folder) - device) / bytes;
    out->journal = (double)(after.journal_bytes - before.journal_bytes) / bytes;
}

static void run(struct bench *b, const struct run *r, double bare_seconds,
                double (*bare)(const struct bare *b), struct result *out, double *limit)
{
    struct bench_place p;
    struct appends a = { .place = &p, .dice = 1 };
    bench_place_make(b, &p);
    write_letters(&a, r->bytes, r->random);
    a.accounts_n = r->accept;
    if (r->accept) bench_fibers(&p, 1, make_accounts, &a);
    struct bare limits = { p.folder, r->bytes, r->writers, bare_seconds };
    *limit = bare ? bare(&limits) : 0;
    measure(&a, r, out);
    if (bare) *limit = (*limit + bare(&limits)) / 2; /* before and after: the disk has moods */
    bench_place_free(&p);
    arena_free(&a.arena);
}

static void rate_row(struct bench *b, const char *what, unsigned writers, unsigned accept)
{
    struct run r = { writers, 4096, false, accept, b->brief ? 3 : writers == 1 ? 20 : 60 };
    struct result got;
    struct figure f = { .what = what, .unit = "msg/s" };
    run(b, &r, b->brief ? 1.5 : 10, writers == 1 ? bare_hand_off : bare_groups, &got, &f.limit);
    f.ours = got.rate;
    f.limit_name = writers == 1 ? "bare hand-off" : "bare loop";
    f.goal = writers == 1 ? 0.8 : 0.6;
    bench_least(b, &f);
    bench_note("commits a group", got.commits_per_group, "");
    bench_note("processor time a message", got.cpu_us, "us");
    bench_note("index behind at the end", got.lag_bytes / 1048576, "MiB");
    bench_note("device bytes a message byte", got.device, "");
}

static void device_row(struct bench *b, const char *what, unsigned accept)
{
    struct run r = { WRITERS, 8192, true, accept, b->brief ? 4 : 30 };
    struct result got;
    struct figure f = { .what = what, .limit = 1, .limit_name = "message", .goal = 1.6 };
    double none;
    run(b, &r, 0, NULL, &got, &none);
    f.ours = got.device;
    f.unit = "bytes";
    bench_most(b, &f);
    bench_note("of it journal records", got.journal, "");
    bench_note("index, rounding, file system", got.device - got.journal, "");
    bench_note("messages a second", got.rate, "");
}

void bench_append(struct bench *b)
{
    rate_row(b, "1 writer, 4 KiB, engine", 1, 0);
    rate_row(b, "64 writers, 4 KiB, engine", WRITERS, 0);
}

void bench_append_filed(struct bench *b)
{
    rate_row(b, "1 writer, 4 KiB, filed", 1, 1);
    rate_row(b, "64 writers, 4 KiB, filed to 64", WRITERS, WRITERS);
    rate_row(b, "64 writers, 4 KiB, filed to 1000", WRITERS, ACCOUNTS);
}

void bench_device(struct bench *b)
{
    device_row(b, "device, 64 writers, 8 KiB, engine", 0);
}

void bench_device_filed(struct bench *b)
{
    device_row(b, "device, 64 writers, 8 KiB, filed to 64", WRITERS);
    device_row(b, "device, 64 writers, 8 KiB, filed to 1000", ACCOUNTS);
}
