/* relay.c - both servers are killed while mail is on its way from one to the other.
 *
 *   relay [--rounds N] [--seed S]
 *
 * Each letter that a.test answered with 250 reaches b.test whole, however often either died. It may
 * come twice when one of the two died between b's answer and a's note of it (RFC 5321 6.1 has the
 * sender try again), so a letter too many is only allowed for a kill.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crash/ledger.h"
#include "crash/options.h"
#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum {
    PORT_SUBMIT_CLEAR = 3587,
    PORT_IMAP_CLEAR = 3143,
    SENDERS = 3,
    LETTERS_MAX = 20000,
    ARRIVE_S = 40
};

static int rounds = 8;
static unsigned seed;

struct scene {
    struct world *world;
    struct server *a, *b;
    struct ledger *ledger; /* gives out the letters */
    unsigned random;
    int kills;
    pthread_mutex_t lock;
    struct letter answered[LETTERS_MAX];
    int n;
};

static unsigned chance(unsigned *random, unsigned below)
{
    *random = *random * 1664525 + 1013904223;
    return (*random >> 8) % below;
}

static void set_scene(struct scene *s)
{
    char extra[256], address[16];
    s->world = world_new();
    world_dns_start(s->world);
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = submission\ntls = none\nauth_in_clear "
             "= yes\n",
             world_address(s->world, 2, address), PORT_SUBMIT_CLEAR);
    s->a = server_start(s->world, "a.test", extra);
    snprintf(
        extra, sizeof extra,
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n",
        world_address(s->world, 3, address), PORT_IMAP_CLEAR);
    s->b = server_start(s->world, "b.test", extra);
    server_user(s->a, "ann@a.test", "pw");
    server_user(s->b, "bob@b.test", "pw");
    s->ledger = ledger_new();
    pthread_mutex_init(&s->lock, NULL);
}

/* --- sending until the connection breaks */

struct sending {
    struct scene *scene;
    unsigned random;
};

static bool send_letter(struct sending *o, struct chat *c)
{
    struct scene *s = o->scene;
    struct letter t =
        ledger_letter(s->ledger, 100 + chance(&o->random, chance(&o->random, 6) ? 4000 : 400000));
    if (chat_smtp(c, "MAIL FROM:<ann@a.test>") != 250 ||
        chat_smtp(c, "RCPT TO:<bob@b.test>") != 250 || chat_smtp(c, "DATA") != 354)
        return false;
    size_t size;
    char *bytes = letter_bytes(t, &size);
    bool ok = chat_data(c, bytes, size) == 250;
    free(bytes);
    pthread_mutex_lock(&s->lock);
    if (ok && s->n < LETTERS_MAX) s->answered[s->n++] = t;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static void *sender(void *arg)
{
    struct sending *o = arg;
    struct chat *c = chat_open(server_address(o->scene->a), PORT_SUBMIT_CLEAR);
    if (c && chat_smtp_reply(c) == 220 && chat_smtp(c, "EHLO c.test") == 250 &&
        chat_smtp(c, "AUTH PLAIN AGFubkBhLnRlc3QAcHc=") == 235)
        while (send_letter(o, c)) {}
    if (c && !c->dead) fail_now("a.test refused: %s", c->text);
    chat_close(c);
    return NULL;
}

static void pause_by_chance(struct scene *s, unsigned ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = (long)chance(&s->random, ms * 1000) * 1000 }, NULL);
}

static void one_round(struct scene *s)
{
    pthread_t threads[SENDERS];
    struct sending sendings[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        sendings[i] = (struct sending){ s, chance(&s->random, 1u << 24) };
        pthread_create(&threads[i], NULL, sender, &sendings[i]);
    }
    pause_by_chance(s, 200);
    if (chance(&s->random, 2)) { /* the receiver first: the sender goes on taking mail */
        server_kill(s->b);
        s->kills++;
        pause_by_chance(s, 100);
        server_restart(s->b);
    }
    pause_by_chance(s, 100);
    server_kill(s->a);
    s->kills++;
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    server_restart(s->a);
}

/* --- comparing */

static bool is_delivered(void *arg)
{
    struct scene *s = arg;
    int status;
    return strstr(CLI(s->a, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

static int by_token(const void *x, const void *y)
{
    unsigned a = ((const struct letter *)x)->token, b = ((const struct letter *)y)->token;
    return (a > b) - (a < b);
}

static bool is_whole(struct letter t, const char *bytes, size_t n)
{
    size_t want;
    char *sent = letter_bytes(t, &want);
    bool whole = n > want && memcmp(bytes + n - want, sent, want) == 0;
    free(sent);
    return whole;
}

/* Everything at Bob's, a copy counted for each letter. */
static unsigned char *copies_at_bob(struct scene *s, unsigned tokens)
{
    unsigned char *copies = calloc(tokens + 1, 1);
    struct chat *c = chat_open(server_address(s->b), PORT_IMAP_CLEAR);
    if (!c || !chat_imap_login(c, "bob@b.test", "pw") || chat_imap(c, "SELECT INBOX") != 'O')
        fail_now("Bob cannot look");
    if (chat_imap(c, "FETCH 1:* (BODY.PEEK[])") != 'O') fail_now("FETCH: %s", c->text);
    for (const char *at = c->text; strncmp(at, "* ", 2) == 0;) {
        const char *end = strstr(at, "\r\n"), *brace = memrchr(at, '{', (size_t)(end - at));
        size_t n = brace ? strtoul(brace + 1, NULL, 10) : 0;
        struct letter t = letter_of(end + 2, n);
        if (brace && (t.token == 0 || t.token > tokens || !is_whole(t, end + 2, n)))
            fail_now("letter %u came damaged (%zu bytes): %.300s", t.token, n, end + 2);
        copies[t.token] += brace != NULL;
        at = brace ? strstr(end + 2 + n, "\r\n") + 2 : end + 2;
    }
    chat_close(c);
    return copies;
}

static void compare(struct scene *s)
{
    int again = 0, unanswered = 0, next = 0, status;
    if (!wait_until(is_delivered, s, ARRIVE_S))
        fail_now("still queued: %s", CLI(s->a, NULL, &status, "queue", "list"));
    unsigned tokens = ledger_letter(s->ledger, 0).token;
    unsigned char *copies = copies_at_bob(s, tokens);
    qsort(s->answered, (size_t)s->n, sizeof *s->answered, by_token);
    for (unsigned t = 1; t <= tokens; t++) {
        bool was_answered = next < s->n && s->answered[next].token == t;
        next += was_answered;
        if (was_answered && copies[t] == 0)
            fail_now("letter %u was answered with 250 and never arrived", t);
        unanswered += !was_answered && copies[t] > 0;
        again += copies[t] > 1 ? copies[t] - 1 : 0;
    }
    free(copies);
    printf("# %d letters answered, all arrived; %d unanswered ones too; %d came again after %d "
           "kills\n",
           s->n, unanswered, again, s->kills);
    /* A kill can repeat what was under way at that moment: the conversations with one domain. */
    assert_true(again <= 10 * s->kills);
}

static void test_kill_on_the_way(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    int status;
    (void)state;
    s->random = seed;
    printf("# seed %u, %d rounds\n", seed, rounds);
    fflush(stdout);
    set_scene(s);
    for (int i = 0; i < rounds; i++)
        one_round(s);
    compare(s);
    const char *said = CLI(s->a, NULL, &status, "check");
    if (status) fail_now("posthorn check at a.test: %s", said);
    said = CLI(s->b, NULL, &status, "check");
    if (status) fail_now("posthorn check at b.test: %s", said);
    assert_int_equal(server_stop(s->a), 0);
    assert_int_equal(server_stop(s->b), 0);
    world_free(s->world);
    ledger_free(s->ledger);
    free(s);
}

int main(int argc, char **argv)
{
    options_read(argc, argv, &rounds, &seed);
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_kill_on_the_way) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
