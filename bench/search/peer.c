/* peer.c - the same letters in SQLite's FTS5: trigrams, with positions (full) or without (none).
 *
 * It is given texts that are decoded already, so that its time to build is its own alone. Without
 * positions it gives candidates; a text of one or two characters it cannot look for.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "mail/card.h"
#include "mail/text.h"
#include "search_bench_int.h"

struct letter {
    str bytes;
    struct buf text;
};

static enum err read_letter(void *arg, uint64_t at, size_t n, str *bytes)
{
    *bytes = str_sub(((struct letter *)arg)->bytes, (size_t)at, n);
    return OK;
}

static bool keep(void *arg, const struct text_piece *piece)
{
    struct letter *l = arg;
    if (piece->first) buf_addc(&l->text, '\n');
    buf_add(&l->text, piece->text);
    return true;
}

static void text_of(struct words *w, struct letter *l)
{
    struct buf letter = buf_make(1 << 23), made = buf_make(CARD_BYTES);
    struct card card;
    words_letter(w, &letter);
    l->bytes = buf_str(&letter);
    if (!card_build(&made, l->bytes) || !card_open(buf_str(&made), &card)) bench_die("no card");
    struct text_source source = { &card, read_letter, l };
    buf_reset(&l->text);
    if (text_walk(&source, TEXT_BODY, keep, l)) bench_die("no text");
    buf_free(&letter);
    buf_free(&made);
}

static struct timing build(sqlite3 *db, unsigned letters)
{
    struct words *w = words_new(1);
    struct letter l = { .text = buf_make(1 << 24) };
    sqlite3_stmt *put;
    struct timing spent = { 0 };
    if (sqlite3_prepare_v2(db, "insert into t(rowid, x) values(?, ?)", -1, &put, NULL))
        bench_die("sqlite");
    (void)sqlite3_exec(db, "begin", NULL, NULL, NULL);
    for (unsigned i = 1; i <= letters; i++) {
        text_of(w, &l);
        double before = bench_now_s(), cpu = bench_cpu_s();
        (void)sqlite3_bind_int(put, 1, (int)i);
        (void)sqlite3_bind_text(put, 2, l.text.p, (int)l.text.n, SQLITE_STATIC);
        if (sqlite3_step(put) != SQLITE_DONE) bench_die(sqlite3_errmsg(db));
        (void)sqlite3_reset(put);
        if (i % 1000 == 0) (void)sqlite3_exec(db, "commit; begin", NULL, NULL, NULL);
        spent.ms += (bench_now_s() - before) * 1e3;
        spent.cpu_ms += (bench_cpu_s() - cpu) * 1e3;
    }
    double before = bench_now_s(), cpu = bench_cpu_s();
    (void)sqlite3_exec(db, "commit; pragma wal_checkpoint(truncate)", NULL, NULL, NULL);
    (void)sqlite3_finalize(put);
    words_free(w);
    buf_free(&l.text);
    spent.ms += (bench_now_s() - before) * 1e3;
    spent.cpu_ms += (bench_cpu_s() - cpu) * 1e3;
    return spent;
}

/* The trigrams of a text in quotes, all of which must be there. */
static void add_trigrams(struct buf *out, str text)
{
    size_t at[64], n = 0;
    for (size_t i = 0; i < text.n && n < COUNT_OF(at); i++)
        if (((unsigned char)text.p[i] & 0xc0) != 0x80) at[n++] = i;
    for (size_t i = 0; i + 2 < n; i++) {
        size_t end = i + 3 < n ? at[i + 3] : text.n;
        buf_addf(out, "%s\"%.*s\"", i ? " AND " : "", STR_ARG(str_sub(text, at[i], end - at[i])));
    }
}

static struct timing look(sqlite3 *db, const char *text, bool positions)
{
    struct arena a = arena_make(1 << 16);
    struct buf match = buf_make(4096);
    str form = text_form(&a, str_of(text));
    if (positions)
        buf_addf(&match, "\"%.*s\"", STR_ARG(form));
    else
        add_trigrams(&match, form);
    sqlite3_stmt *q;
    struct timing t = { 0 };
    double before = bench_now_s();
    if (sqlite3_prepare_v2(db, "select rowid from t where t match ?", -1, &q, NULL))
        bench_die("sqlite");
    (void)sqlite3_bind_text(q, 1, match.p, (int)match.n, SQLITE_STATIC);
    while (match.n && sqlite3_step(q) == SQLITE_ROW)
        t.hits++;
    (void)sqlite3_finalize(q);
    t.ms = (bench_now_s() - before) * 1e3;
    buf_free(&match);
    arena_free(&a);
    return t;
}

void peer_run(const char *parent, unsigned letters, const char *detail)
{
    char path[200], sql[200];
    struct stat st = { 0 };
    sqlite3 *db;
    (void)snprintf(path, sizeof path, "%s/ph-bench-fts5.db", parent);
    (void)snprintf(sql, sizeof sql,
                   "create virtual table t using fts5(x, content='', detail=%s,"
                   " tokenize='trigram case_sensitive 1')",
                   detail);
    (void)remove(path);
    if (sqlite3_open(path, &db)) bench_die("sqlite");
    (void)sqlite3_exec(db,
                       "pragma journal_mode=wal; pragma synchronous=off; pragma cache_size=-65536",
                       NULL, NULL, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL)) bench_die(sqlite3_errmsg(db));
    struct timing built = build(db, letters);
    (void)stat(path, &st);
    printf("  FTS5, detail=%s: build %.2f s (processor %.2f s), file %.1f MB\n", detail,
           built.ms / 1e3, built.cpu_ms / 1e3, (double)st.st_size / 1e6);
    for (size_t i = 0; i < queries_n; i++) {
        bool positions = strcmp(detail, "full") == 0;
        struct timing cold = look(db, queries[i].text, positions),
                      warm = look(db, queries[i].text, positions);
        printf("    %-16s %7u %s  %8.2f ms  %8.2f ms\n", queries[i].what, warm.hits,
               positions ? "hits" : "cand", cold.ms, warm.ms);
    }
    fflush(stdout);
    (void)sqlite3_close(db);
    (void)remove(path);
}
