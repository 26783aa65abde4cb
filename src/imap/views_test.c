/* views_test.c - three devices change one mailbox at random; each keeps the view that it is told,
 * and in the end all views are the mailbox.
 *
 * RFC 9051 7.4.1, 7.5.1: message numbers, expunges that wait, flags of others, while idling too. It
 * is the same run every time; a failure names its seed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/server_fixture.h"

enum { DEVICES = 3, UIDS = 2000, STEPS = 500, SEEDS = 20 };

static struct view_of_one {
    unsigned uids[UIDS]; /* by sequence number - 1; 0: not told yet */
    unsigned n;
    char flags[UIDS][100]; /* by UID, as last told */
    bool idling, no_expunge;
} views[DEVICES];

static unsigned seed, random_state;

static unsigned below(unsigned n)
{
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 16) % n;
}

/* --- hearing ------------------------------------------------------------------------------------
 */
static void hear_fetch(struct view_of_one *v, unsigned seq, const char *line)
{
    unsigned uid = v->uids[seq - 1];
    const char *at = strstr(line, "UID "), *flags = strstr(line, "FLAGS (");
    if (at) {
        unsigned told = (unsigned)strtoul(at + 4, NULL, 10);
        if (uid && uid != told) fail_msg("seed %u: message %u was %u: %s", seed, seq, uid, line);
        assert_true(told < UIDS);
        v->uids[seq - 1] = uid = told;
    }
    if (!flags || !uid) return;
    size_t n = strcspn(flags + 7, ")");
    assert_true(n < sizeof(v->flags[0]));
    memcpy(v->flags[uid], flags + 7, n);
    v->flags[uid][n] = '\0';
}

static void hear(int i, const char *line)
{
    struct view_of_one *v = &views[i];
    str rest = str_of(line + 2), word, what;
    uint64_t number;
    if (strncmp(line, "* BYE", 5) == 0) fail_msg("seed %u: %s", seed, line);
    if (!str_split(&rest, ' ', &word) || !str_u64(word, UINT32_MAX, &number)) return;
    if (!str_split(&rest, ' ', &what)) return;
    if (str_eq(what, S("EXISTS"))) {
        if (number < v->n || number > UIDS) fail_msg("seed %u: had %u: %s", seed, v->n, line);
        while (v->n < number)
            v->uids[v->n++] = 0;
        return;
    }
    if (str_eq(what, S("RECENT"))) return;
    if (number == 0 || number > v->n) fail_msg("seed %u: has %u: %s", seed, v->n, line);
    if (str_eq(what, S("FETCH"))) hear_fetch(v, (unsigned)number, line);
    if (!str_eq(what, S("EXPUNGE"))) return;
    if (v->no_expunge) fail_msg("seed %u: too early: %s", seed, line);
    v->n--;
    memmove(v->uids + number - 1, v->uids + number, (v->n - number + 1) * sizeof(*v->uids));
}

/* Until the tagged answer, which is OK (NO too, where messages may be gone). */
static void hear_answer(int i, bool may_fail)
{
    for (;;) {
        const char *line = client_line(i, 10000);
        if (!line) {
            fail_msg("seed %u: silence", seed);
            return;
        }
        if (strncmp(line, "a OK", 4) == 0 || (may_fail && strncmp(line, "a NO", 4) == 0)) return;
        if (strncmp(line, "a ", 2) == 0) fail_msg("seed %u: %s", seed, line);
        if (line[0] == '*') hear(i, line); /* the rest is a letter's text */
    }
}

static void stop_idling(int i)
{
    if (!views[i].idling) return;
    views[i].idling = false;
    client_send(i, S("DONE"), false);
    hear_answer(i, false);
}

static void ask(int i, const char *line)
{
    stop_idling(i);
    bool numbers =
        !strncmp(line, "FETCH", 5) || !strncmp(line, "STORE", 5) || !strncmp(line, "SEARCH", 6);
    char whole[200];
    snprintf(whole, sizeof(whole), "a %s", line);
    views[i].no_expunge = numbers;
    client_send(i, str_of(whole), false);
    hear_answer(i, numbers);
    views[i].no_expunge = false;
}

/* --- doing --------------------------------------------------------------------------------------
 */
static unsigned some_uid(int i)
{
    unsigned uid = views[i].n ? views[i].uids[below(views[i].n)] : 0;
    return uid ? uid : 1;
}

static void append_one(int i)
{
    stop_idling(i);
    client_send(i, S("a APPEND INBOX {24+}"), false);
    client_send(i, S("Subject: letter\r\n\r\nhello"), false);
    hear_answer(i, false);
}

static void change_flags(int i)
{
    static const char *const flags[] = { "\\Seen", "\\Flagged", "\\Deleted", "work", "$Junk" };
    char line[100];
    const char *sign = &"+-"[below(2)];
    snprintf(line, sizeof(line), "UID STORE %u %.1sFLAGS (%s)", some_uid(i), sign,
             flags[below(COUNT_OF(flags))]);
    ask(i, line);
}

static void by_number(int i, const char *verb, const char *rest)
{
    char line[100];
    if (views[i].n == 0) return;
    snprintf(line, sizeof(line), "%s %u %s", verb, 1 + below(views[i].n), rest);
    ask(i, line);
}

static void start_idling(int i)
{
    if (views[i].idling) return;
    views[i].idling = true;
    client_send(i, S("a IDLE"), false);
    for (const char *line; (line = client_line(i, 10000)) && line[0] != '+';)
        hear(i, line);
}

static void look(int i)
{
    stop_idling(i);
    memset(&views[i], 0, sizeof(views[i]));
    ask(i, "SELECT INBOX");
    ask(i, "UID FETCH 1:* FLAGS");
}

static void act(int i)
{
    char line[100];
    unsigned what = below(12);
    if (what != 10) stop_idling(i); /* first: what it hears then may change the numbers */
    switch (what) {
    case 0:
    case 1:
    case 2: append_one(i); return;
    case 3:
    case 4: change_flags(i); return;
    case 5: by_number(i, "STORE", "+FLAGS (\\Deleted)"); return;
    case 6: by_number(i, "FETCH", "(UID FLAGS BODY[])"); return;
    case 7: ask(i, "EXPUNGE"); return;
    case 8:
        snprintf(line, sizeof(line), "UID MOVE %u Trash", some_uid(i));
        ask(i, line);
        return;
    case 9: ask(i, below(2) ? "NOOP" : "SEARCH UNSEEN"); return;
    case 10: start_idling(i); return;
    default:
        if (below(4) == 0) look(i);
    }
}

static void compare(int i, int j)
{
    const struct view_of_one *a = &views[i], *b = &views[j];
    if (a->n != b->n) fail_msg("seed %u: %u messages, not %u", seed, a->n, b->n);
    for (unsigned k = 0; k < a->n; k++) {
        if (a->uids[k] != b->uids[k])
            fail_msg("seed %u: message %u is %u, not %u", seed, k + 1, a->uids[k], b->uids[k]);
        if (strcmp(a->flags[a->uids[k]], b->flags[a->uids[k]]) != 0)
            fail_msg("seed %u: UID %u has %s, not %s", seed, a->uids[k], a->flags[a->uids[k]],
                     b->flags[a->uids[k]]);
    }
}

/* A message that is new is only counted; what it is one must ask. */
static void ask_for_new(int i)
{
    char line[100];
    ask(i, "NOOP");
    for (unsigned k = 0; k < views[i].n; k++) {
        if (views[i].uids[k]) continue;
        snprintf(line, sizeof(line), "FETCH %u (UID FLAGS)", k + 1);
        ask(i, line);
    }
}

static void all_views_are_the_mailbox(void **state)
{
    (void)state;
    for (seed = 1; seed <= SEEDS; seed++) {
        random_state = seed;
        world_begin();
        for (int i = 0; i < DEVICES; i++) {
            client_open(i);
            assert_non_null(client_line(i, 5000));
            ask(i, "LOGIN alice@a.test secret");
            look(i);
        }
        for (int step = 0; step < STEPS; step++)
            act((int)below(DEVICES));
        for (int i = 0; i < DEVICES; i++)
            ask_for_new(i);
        compare(0, 1);
        compare(0, 2);
        look(2); /* as one who has just come sees it */
        compare(0, 2);
        world_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_views_are_the_mailbox) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
