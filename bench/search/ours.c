/* ours.c - letters into a store; the first search makes the index, the next ones use it. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "mail/card.h"
#include "mail/text.h"
#include "run/fiber.h"
#include "search/search.h"
#include "search_bench_int.h"

struct ours {
    char folder[200];
    struct seam *seam;
    struct loop *loop;
    struct store *store;
    struct search *search;
    struct account account;
    unsigned letters;
    bool ended;
};

static const struct store_settings keeps = {
    .journey_ms = 86400000,
    .tombstone_ms = 86400000,
    .undelete_ms = 86400000,
    .body_memory_bytes = 256ull << 20,
    .segment_bytes = 256ull << 20,
    .lag_bytes = 64ull << 20,
};
static const struct search_settings settings = { .enabled = true, .message_bytes_max = 4 << 20 };

/* --- filing --------------------------------------------------------------------------------- */
enum { BATCH = 100 };

static void put_body(struct ours *o, struct import_item *item, struct words *w)
{
    struct buf letter = buf_make(1 << 23), card = buf_make(CARD_BYTES);
    words_letter(w, &letter);
    if (!card_build(&card, buf_str(&letter))) bench_die("no card");
    bool side = card.n > STORE_CARD_INLINE_BYTES;
    if (body_begin(store_engine(o->store), &item->body)) bench_die("no body");
    if (body_write(item->body, buf_str(&letter))) bench_die("cannot write");
    if (body_seal(item->body, side ? buf_str(&card) : (str){ 0 })) bench_die("cannot seal");
    item->card = (str){ 0 };
    if (!side) {
        char *copy = mem_new(card.n);
        bytes_copy(copy, card.n, card.p, card.n);
        item->card = (str){ copy, card.n };
    }
    buf_free(&letter);
    buf_free(&card);
}

static void fill(void *arg)
{
    struct ours *o = arg;
    struct words *w = words_new(1);
    struct import_item *items = MEM_ARRAY(BATCH, struct import_item);
    struct user u = { .address = S("alice@a.test"), .password_hash = S("hash") };
    if (store_domain_add(o->store, S("a.test"))) bench_die("no domain");
    if (store_user_add(o->store, &u, &o->account)) bench_die("no user");
    for (unsigned done = 0; done < o->letters;) {
        struct import batch = { .account = o->account, .mailbox = S("INBOX"), .items = items };
        for (; batch.n < BATCH && done < o->letters; batch.n++, done++) {
            items[batch.n] = (struct import_item){ .internal_date_s = 1767225600 };
            put_body(o, &items[batch.n], w);
        }
        if (store_import(o->store, &batch)) bench_die("cannot import");
        for (size_t i = 0; i < batch.n; i++) {
            body_free(items[i].body);
            mem_free((void *)(uintptr_t)items[i].card.p);
        }
    }
    mem_free(items);
    words_free(w);
    o->ended = true;
}

static void run(struct ours *o, fiber_fn *fn)
{
    o->ended = false;
    if (fiber_start(o->loop, FIBER_KNOWN, fn, o)) bench_die("no fiber");
    while (!o->ended)
        loop_run_once(o->loop, true);
}

/* --- asking --------------------------------------------------------------------------------- */
struct counting {
    const struct search_answer *answer;
    unsigned hits, unknown;
};

static bool count(void *arg, const struct message *m)
{
    struct counting *c = arg;
    enum search_verdict v = search_answer_of(c->answer, 0, m);
    c->hits += v == SEARCH_HAS;
    c->unknown += v == SEARCH_UNKNOWN;
    return true;
}

/* With a look at each message's row, as SEARCH does. */
static struct timing ask(struct ours *o, const char *text)
{
    struct arena a = arena_make(256 << 20);
    struct search_text t = { text_form(&a, str_of(text)), true };
    struct search_question q = { .account = o->account, .texts = &t, .n = 1 };
    struct search_answer answer;
    double before = bench_now_s(), cpu = bench_cpu_s();
    if (search_ask(o->search, &q, &a, &answer)) bench_die("cannot ask");
    struct counting c = { .answer = &answer };
    struct mailbox m;
    struct view *v = store_view(o->store);
    if (store_mailbox_find(v, o->account, S("INBOX"), &m)) bench_die("no INBOX");
    struct uid_range all = { 1, UINT32_MAX };
    if (store_messages(v, &m, all, WANT_CARD, count, &c)) bench_die("no messages");
    view_end(v);
    if (c.unknown) bench_die("a message is not in the index");
    struct timing result = { (bench_now_s() - before) * 1e3, (bench_cpu_s() - cpu) * 1e3, c.hits };
    arena_free(&a);
    return result;
}

static void ask_all(void *arg)
{
    struct ours *o = arg;
    struct timing first = ask(o, queries[0].text);
    char path[64];
    (void)snprintf(path, sizeof path, "search/%016llx", (unsigned long long)o->account.n);
    struct seam_look look = { 0 };
    (void)seam_look(o->seam, path, &look);
    printf("  ours: first search %.2f s (processor %.2f s), file %.1f MB\n", first.ms / 1e3,
           first.cpu_ms / 1e3, (double)look.size / 1e6);
    for (size_t i = 0; i < queries_n; i++) {
        struct timing cold = ask(o, queries[i].text), warm = ask(o, queries[i].text);
        printf("    %-16s %7u hits  %8.2f ms  %8.2f ms (processor %.2f ms)\n", queries[i].what,
               warm.hits, cold.ms, warm.ms, warm.cpu_ms);
    }
    fflush(stdout);
    o->ended = true;
}

/* --- the place ------------------------------------------------------------------------------ */

static int erase(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

void ours_run(const char *parent, unsigned letters)
{
    struct ours o = { .letters = letters };
    struct buf why = buf_make(1000);
    (void)snprintf(o.folder, sizeof o.folder, "%s/ph-bench-XXXXXX", parent);
    if (!mkdtemp(o.folder)) bench_die("cannot make a folder");
    o.seam = seam_real_new(o.folder);
    o.loop = loop_new(o.seam, 0);
    if (store_open(o.seam, &keeps, &o.store, &why)) bench_die("cannot open a store");
    if (search_open(o.seam, o.store, &settings, &o.search, &why)) bench_die("cannot open");
    run(&o, fill);
    run(&o, ask_all);
    search_close(o.search);
    store_close(o.store);
    loop_free(o.loop);
    seam_free(o.seam);
    buf_free(&why);
    nftw(o.folder, erase, 16, FTW_DEPTH | FTW_PHYS);
}
