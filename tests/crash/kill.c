/* kill.c - kill -9 at random moments under load: what was answered is there, once, and whole.
 *
 *   kill [--rounds N] [--seed S]    rounds of each test; the seed of an earlier run
 *
 * Each round lets eight clients work (three to five deliver, two sort mail over IMAP, one downloads
 * over POP3, one hangs in the middle of DATA) while posthorn compact and posthorn import run in a
 * loop, kills the server, starts it again, and compares all it has with a ledger of what was asked
 * and what was answered. A kill cannot take back what the
 * kernel has; what fdatasync is owed is tested beside the store.
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

#include "crash/care.h"
#include "crash/load.h"
#include "support/fail.h"
#include "support/server.h"

static int rounds;
static unsigned seed;

struct scene {
    struct world *world;
    struct server *server;
    struct ledger *ledger;
    struct care care;
    bool large;
    unsigned random;
    double killed_s, checked_s;
};

static unsigned chance(struct scene *s, unsigned below)
{
    s->random = s->random * 1664525 + 1013904223;
    return (s->random >> 8) % below;
}

static void set_scene(struct scene *s)
{
    char extra[1024], address[16], name[32];
    s->world = world_new();
    world_address(s->world, 2, address);
    snprintf(
        extra, sizeof extra,
        "[listener imap-clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
        "[listener pop3-clear]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = yes\n"
        "[store]\nsegment = 4M\nundelete = 1s\n",
        address, PORT_IMAP_CLEAR, address, PORT_POP3_CLEAR);
    s->server = server_start(s->world, "b.test", extra);
    s->ledger = ledger_new();
    s->care = (struct care){ s->ledger, s->world, s->server, s->large };
    for (int user = 0; user < USERS; user++) {
        snprintf(name, sizeof name, "u%d@b.test", user);
        server_user(s->server, name, PASSWORD);
        struct chat *c = load_imap(address, user);
        if (!c) fail_now("%s cannot log in", name);
        for (enum box box = WORK; box < BOXES; box++)
            if (chat_imap(c, "CREATE %s", box_names[box]) != 'O') fail_now("CREATE: %s", c->text);
        chat_close(c);
    }
}

/* --- comparing */

static unsigned number_behind(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    if (!at) fail_now("no %s in: %s", word, text);
    return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

static unsigned flags_of(const char *list)
{
    unsigned flags = 0;
    const char *end = strchr(list, ')');
    for (int i = 0; i < FLAGS; i++) {
        const char *at = strstr(list, flag_names[i]);
        if (at && at < end) flags |= 1u << i;
    }
    return flags;
}

/* One "* n FETCH (UID u FLAGS (…) BODY[] {size}" and its literal; what follows it, NULL at the end.
 */
static const char *compare_one(struct scene *s, int user, enum box box, const char *at, int *unseen)
{
    if (strncmp(at, "* ", 2) != 0) return NULL;
    const char *line_end = strstr(at, "\r\n"), *fetch = strstr(at, " FETCH (");
    if (!fetch || fetch > line_end) return line_end + 2;
    const char *flags = strstr(at, "FLAGS ("), *brace = memrchr(at, '{', (size_t)(line_end - at));
    if (!flags || flags > line_end || !brace) fail_now("not as asked: %.200s", at);
    size_t size = strtoul(brace + 1, NULL, 10);
    unsigned set = flags_of(flags);
    *unseen += !(set & SEEN);
    found_message(s->ledger, user, box, number_behind(at, "UID "), set, line_end + 2, size);
    at = strstr(line_end + 2 + size, "\r\n");
    return at + 2;
}

static void compare_box(struct scene *s, struct chat *c, int user, enum box box)
{
    if (chat_imap(c, "STATUS %s (UIDVALIDITY UIDNEXT MESSAGES UNSEEN)", box_names[box]) != 'O')
        fail_now("STATUS: %s", c->text);
    unsigned messages = number_behind(c->text, "MESSAGES "),
             unseen = number_behind(c->text, "UNSEEN ");
    found_box(s->ledger, user, box, number_behind(c->text, "UIDVALIDITY "),
              number_behind(c->text, "UIDNEXT "));
    if (chat_imap(c, "EXAMINE %s", box_names[box]) != 'O') fail_now("EXAMINE: %s", c->text);
    if (chat_imap(c, "UID FETCH 1:* (UID FLAGS BODY.PEEK[])") != 'O')
        fail_now("FETCH: %s", c->text);
    unsigned n = 0;
    int not_seen = 0;
    for (const char *at = c->text, *next; (next = compare_one(s, user, box, at, &not_seen));
         at = next)
        n += strstr(at, " FETCH (") && strstr(at, " FETCH (") < strstr(at, "\r\n");
    if (n != messages || (unsigned)not_seen != unseen)
        fail_now("user %d %s: STATUS says %u messages, %u unseen; there are %u, %d", user,
                 box_names[box], messages, unseen, n, not_seen);
}

static void compare(struct scene *s)
{
    for (int user = 0; user < USERS; user++) {
        struct chat *c = load_imap(server_address(s->server), user);
        if (!c) fail_now("user %d cannot log in after the crash", user);
        for (enum box box = 0; box < BOXES; box++)
            compare_box(s, c, user, box);
        chat_close(c);
    }
    found_all(s->ledger);
}

/* --- a round */

static void check_store(struct scene *s)
{
    int status;
    double began = now_s();
    const char *said = CLI(s->server, NULL, &status, "check");
    if (status) fail_now("posthorn check: %s", said);
    s->checked_s += now_s() - began;
}

static void work_and_kill(struct scene *s)
{
    pthread_t threads[WORKERS], care[2];
    struct load loads[WORKERS];
    s->care.killed = false;
    pthread_create(&care[0], NULL, care_compact, &s->care);
    pthread_create(&care[1], NULL, care_import, &s->care);
    for (int i = 0; i < WORKERS; i++) {
        loads[i] =
            (struct load){ s->ledger, server_address(s->server), s->large, chance(s, 1u << 24), i };
        pthread_create(&threads[i], NULL, load_run, &loads[i]);
    }
    /* At least something is under way: the moment counts from the first answer. */
    for (int before = ledger_count(s->ledger); ledger_count(s->ledger) == before;)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    unsigned ms = chance(s, s->large ? 150 : 250);
    nanosleep(&(struct timespec){ .tv_nsec = (long)ms * 1000000 + (long)chance(s, 1000000) }, NULL);
    s->care.killed = true;
    server_kill(s->server);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(care[i], NULL);
}

static void tidy(struct scene *s)
{
    for (int user = 0; user < USERS; user++) {
        struct chat *c = load_imap(server_address(s->server), user);
        for (enum box box = 0; box < BOXES; box++)
            load_tidy(s->ledger, c, user, box, s->large ? 4 : 60);
        chat_close(c);
    }
}

static void one_round(struct scene *s)
{
    work_and_kill(s);
    if (chance(s, 4) == 0) check_store(s); /* without the server: replays first */
    double began = now_s();
    server_restart(s->server);
    while (chance(s, 4) == 0) { /* again, just after the start */
        server_kill(s->server);
        server_restart(s->server);
    }
    s->killed_s += now_s() - began;
    compare(s);
    care_settle(&s->care);
    check_store(s);
    tidy(s);
}

static void run(bool large, int n)
{
    struct scene s = { .large = large, .random = seed + large };
    double began = now_s();
    printf("# seed %u, %d rounds\n", seed, n);
    fflush(stdout);
    set_scene(&s);
    for (int i = 0; i < n; i++) {
        int before = ledger_count(s.ledger);
        one_round(&s);
        printf("# round %d: %d answers kept\n", i + 1, ledger_count(s.ledger) - before);
        fflush(stdout);
    }
    printf("# %d answers, all kept; %.1f s, of them %.1f s starting again, %.1f s posthorn check\n",
           ledger_count(s.ledger), now_s() - began, s.killed_s, s.checked_s);
    printf("# %u compactions and %u imports to their end, %u imports gone on with\n",
           s.care.compactions, s.care.imports, s.care.resumed);
    ledger_free(s.ledger);
    world_free(s.world);
}

static void test_kill_under_load(void **state)
{
    (void)state;
    run(false, rounds);
}

static void test_kill_with_large_messages(void **state)
{
    (void)state;
    run(true, rounds / 2);
}

int main(int argc, char **argv)
{
    rounds = 20;
    seed = (unsigned)time(NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0) rounds = (int)strtol(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0) seed = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill_under_load),
        cmocka_unit_test(test_kill_with_large_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
