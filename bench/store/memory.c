/* memory.c - what the server holds in memory while it rests on a store of a million messages.
 *
 * The real program, started on a store that was filled before; PSS of everything but the mapping of
 * the index, which is page cache: the kernel takes it back when others need it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench_int.h"
#include "mail/card.h"

enum { MESSAGES = 1000000, MESSAGES_BRIEF = 100000, ACCOUNTS = 10, BATCH = 128, LETTERS = 100 };
enum { REST_S = 5 };

struct filling {
    struct bench_place place;
    struct account accounts[ACCOUNTS];
    struct buf texts[LETTERS], cards[LETTERS];
    unsigned messages, begun;
};

/* --- a store with a million messages -------------------------------------------------------- */

static void must(enum err e, const char *what)
{
    if (e) bench_die(what);
}

static void write_letters(struct filling *f)
{
    for (unsigned i = 0; i < LETTERS; i++) {
        f->texts[i] = buf_make(4096);
        f->cards[i] = buf_make(CARD_BYTES);
        buf_addf(&f->texts[i], "From: \"Sender Number %u\" <sender%u@example.org>\r\n", i, i);
        buf_addf(&f->texts[i], "To: a@a.test\r\nSubject: Minutes of meeting %u\r\n", i);
        buf_addf(&f->texts[i], "Message-ID: <%u@example.org>\r\n\r\nDear all, see above.\r\n", i);
        if (!card_build(&f->cards[i], buf_str(&f->texts[i]))) bench_die("card_build");
    }
}

static void make_users(void *arg)
{
    struct filling *f = arg;
    must(store_domain_add(f->place.store, S("a.test")), "domain");
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        struct buf address = buf_make(100);
        buf_addf(&address, "user%u@a.test", i);
        struct user u = { .address = buf_str(&address), .password_hash = S("x") };
        must(store_user_add(f->place.store, &u, &f->accounts[i]), "user");
        buf_free(&address);
    }
}

static void append_batch(struct filling *f, struct account a, struct append *items,
                         struct appended *out)
{
    for (unsigned i = 0; i < BATCH; i++) {
        const unsigned letter = i % LETTERS;
        items[i] = (struct append){ .account = a, .mailbox = S("INBOX") };
        must(body_begin(f->place.engine, &items[i].body), "body_begin");
        must(body_write(items[i].body, buf_str(&f->texts[letter])), "body_write");
        must(body_seal(items[i].body, S("")), "body_seal");
        items[i].card = buf_str(&f->cards[letter]);
        items[i].internal_date_s = 1767225600;
    }
    must(store_append(f->place.store, items, BATCH, out), "append");
    for (unsigned i = 0; i < BATCH; i++)
        body_free(items[i].body);
}

static void fill_one(void *arg)
{
    struct filling *f = arg;
    struct account a = f->accounts[f->begun++];
    struct append *items = mem_array(BATCH, sizeof *items);
    struct appended *out = mem_array(BATCH, sizeof *out);
    for (unsigned n = 0; n < f->messages / ACCOUNTS; n += BATCH)
        append_batch(f, a, items, out);
    mem_free(items);
    mem_free(out);
}

static void fill(struct filling *f)
{
    double start = bench_now_s();
    write_letters(f);
    bench_fibers(&f->place, 1, make_users, f);
    bench_fibers(&f->place, ACCOUNTS, fill_one, f);
    bench_note("appends of small messages, 10 mailboxes", f->messages / (bench_now_s() - start),
               "messages/s");
    bench_caught_up(&f->place);
    store_close(f->place.store);
    f->place.store = NULL;
    for (unsigned i = 0; i < LETTERS; i++) {
        buf_free(&f->texts[i]);
        buf_free(&f->cards[i]);
    }
}

/* --- the server ----------------------------------------------------------------------------- */

struct shares {
    double index, program, own; /* MB: LMDB's mapping, files of the program, everything else */
};

static double *share_of(struct shares *s, const char *mapping)
{
    if (strstr(mapping, "/data.mdb")) return &s->index;
    return strchr(mapping, '/') ? &s->program : &s->own;
}

static struct shares look(pid_t pid)
{
    struct shares s = { 0 };
    char path[64], line[1000];
    snprintf(path, sizeof path, "/proc/%d/smaps", pid);
    FILE *f = fopen(path, "r");
    if (!f) bench_die("cannot read smaps");
    double *now = &s.own, kb;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "Pss: %lf", &kb) == 1)
            *now += kb / 1024;
        else if (strchr(line, '-') && strchr(line, '-') < strchr(line, ' '))
            now = share_of(&s, line); /* "7f12…-7f13… r--p … /path" */
    }
    fclose(f);
    return s;
}

void bench_memory(struct bench *b)
{
    struct filling *f = MEM_NEW(struct filling);
    struct bench_server server;
    f->messages = b->brief ? MESSAGES_BRIEF : MESSAGES;
    bench_place_make(b, &f->place);
    fill(f);
    bench_server_start(&server, f->place.folder);
    sleep(REST_S);
    struct shares s = look(server.pid);
    struct figure figure = {
        "memory at rest, the index's pages apart", s.own + s.program, 32, "MB", "wanted", 1
    };
    bench_most(b, &figure);
    bench_note("of it the program's own", s.own, "MB");
    bench_note("of it files of program and libraries", s.program, "MB");
    bench_note("the index's pages", s.index, "MB");
    bench_server_stop(&server);
    bench_place_free(&f->place);
    mem_free(f);
}
