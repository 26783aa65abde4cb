/* guessing.c - who guesses passwords learns nothing, is slowed and then refused, and locks nobody
 * out (docs/security.md, rule 22).
 *
 * Two servers: one judges everybody, with small limits, and people come to it from many loopback
 * addresses; the other trusts the loopback and answers failures at once, so that each kind of
 * failure can be timed: its hash is then what takes the time, if it is made.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143, PORT_CLEAR_POP3 = 3110, PORT_CLEAR_SUBMISSION = 3587 };

static struct world *world;
static struct server *strict, *quick;

/* --- the doors ----------------------------------------------------------------------------------
 */

enum verdict { IN, DENIED, LATER, CLOSED };

/* A try at one door; what was said stays in c->text. */
typedef enum verdict door_fn(struct chat *c, const char *user, const char *password);

static const char *base64(const char *bytes, size_t n)
{
    static __thread char text[4096];
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes, (int)n);
    return text;
}

static const char *plain(const char *user, const char *password)
{
    char message[2500];
    int n = snprintf(message, sizeof message, "%c%s%c%s", 0, user, 0, password);
    return base64(message, (size_t)n);
}

static enum verdict imap_verdict(char answer, const struct chat *c)
{
    if (answer == 'O') return IN;
    if (answer != 'N') return CLOSED;
    return strstr(c->text, "[UNAVAILABLE]") ? LATER : DENIED;
}

static enum verdict imap_login(struct chat *c, const char *user, const char *password)
{
    char line[4096];
    int n = snprintf(line, sizeof line, "LOGIN {%zu+}\r\n%s {%zu+}\r\n%s", strlen(user), user,
                     strlen(password), password);
    (void)n;
    return imap_verdict(chat_imap(c, "%s", line), c);
}

static enum verdict imap_authenticate(struct chat *c, const char *user, const char *password)
{
    return imap_verdict(chat_imap(c, "AUTHENTICATE PLAIN %s", plain(user, password)), c);
}

static enum verdict smtp_verdict(int code)
{
    return code == 235 ? IN : code == 535 ? DENIED : code == 454 ? LATER : CLOSED;
}

static enum verdict smtp_plain(struct chat *c, const char *user, const char *password)
{
    return smtp_verdict(chat_smtp(c, "AUTH PLAIN %s", plain(user, password)));
}

static enum verdict smtp_login(struct chat *c, const char *user, const char *password)
{
    if (chat_smtp(c, "AUTH LOGIN") != 334) return CLOSED;
    if (chat_smtp(c, "%s", base64(user, strlen(user))) != 334) return CLOSED;
    return smtp_verdict(chat_smtp(c, "%s", base64(password, strlen(password))));
}

static enum verdict pop3_verdict(char answer, const struct chat *c)
{
    /* The session before this one may not have ended yet. */
    if (answer == '+' || strstr(c->text, "[IN-USE]")) return IN;
    if (answer != '-') return CLOSED;
    return strstr(c->text, "[SYS/TEMP]") ? LATER : DENIED;
}

static enum verdict pop3_user(struct chat *c, const char *user, const char *password)
{
    if (chat_pop3(c, "USER %s", user) != '+') return CLOSED;
    return pop3_verdict(chat_pop3(c, "PASS %s", password), c);
}

static enum verdict pop3_plain(struct chat *c, const char *user, const char *password)
{
    return pop3_verdict(chat_pop3(c, "AUTH PLAIN %s", plain(user, password)), c);
}

static const struct door {
    const char *name;
    int port;
    door_fn *try;
} doors[] = {
    { "IMAP LOGIN", PORT_CLEAR, imap_login },
    { "IMAP AUTHENTICATE PLAIN", PORT_CLEAR, imap_authenticate },
    { "SMTP AUTH PLAIN", PORT_CLEAR_SUBMISSION, smtp_plain },
    { "SMTP AUTH LOGIN", PORT_CLEAR_SUBMISSION, smtp_login },
    { "POP3 USER and PASS", PORT_CLEAR_POP3, pop3_user },
    { "POP3 AUTH PLAIN", PORT_CLEAR_POP3, pop3_plain },
};
enum { DOORS = sizeof doors / sizeof *doors };

/* NULL: sent away at the door. */
static struct chat *enter(const struct door *d, const struct server *s, const char *from)
{
    struct chat *c = chat_open_from(from, server_address(s), d->port);
    if (!c) fail_now("%s: nobody answers", d->name);
    const char *greeting = chat_line(c);
    bool good = greeting &&
                (*greeting == '+' || !strncmp(greeting, "* OK", 4) || !strncmp(greeting, "220", 3));
    if (good && d->port == PORT_CLEAR_SUBMISSION) good = chat_smtp(c, "EHLO c.test") == 250;
    if (good) return c;
    chat_close(c);
    return NULL;
}

static enum verdict try_from(const struct door *d, const char *from, const char *user,
                             const char *password)
{
    struct chat *c = enter(d, strict, from);
    enum verdict v = c ? d->try(c, user, password) : CLOSED;
    chat_close(c);
    return v;
}

static void expect(enum verdict want, const struct door *d, const char *from, const char *user,
                   const char *password)
{
    static const char *const names[] = { "let in", "denied", "told to come later", "sent away" };
    enum verdict v = try_from(d, from, user, password);
    if (v != want)
        fail_now("%s: %s from %s was %s, not %s", d->name, user, from, names[v], names[want]);
}

/* --- what cannot be told apart ------------------------------------------------------------------
 */

static char long_name[900], long_password[1500];

/* What a line of some protocol may not hold is refused before anybody is looked for. */
static const struct kind {
    const char *what, *user, *password;
    int like; /* which kind it must be answered like */
} kinds[] = {
    { "a wrong password", "alice@a.test", "wrong" },
    { "an unknown user", "nobody@a.test", "wrong" },
    { "a suspended user's right password", "gone@a.test", "sesame" },
    { "a domain that is not ours", "alice@elsewhere.test", "wrong" },
    { "no address at all", "alice", "wrong" },
    { "a long password", "alice@a.test", long_password, 5 },
    { "an unknown user's long password", "nobody@a.test", long_password, 5 },
    { "a long name", long_name, "wrong", 7 },
    { "an empty password", "alice@a.test", "" },
    { "an unknown user's empty password", "nobody@a.test", "" },
};
enum { KINDS = sizeof kinds / sizeof *kinds, HASHED = 5 }; /* the first make a hash each */

/* The answer without IMAP's tag. */
static const char *words(const struct chat *c)
{
    return c->text[0] == 't' ? strchr(c->text, ' ') : c->text;
}

static void the_same_words(void **state)
{
    static char said[KINDS][500];
    (void)state;
    for (int d = 0; d < DOORS; d++)
        for (int k = 0; k < KINDS; k++) {
            struct chat *c = enter(&doors[d], quick, NULL);
            enum verdict v = doors[d].try(c, kinds[k].user, kinds[k].password);
            snprintf(said[k], sizeof said[k], "%s", words(c));
            if (v == IN || (v != DENIED && !kinds[k].like))
                fail_now("%s: %s: %s", doors[d].name, kinds[k].what, said[k]);
            if (strcmp(said[kinds[k].like], said[k]))
                fail_now("%s: %s is answered \"%s\", not \"%s\"", doors[d].name, kinds[k].what,
                         said[k], said[kinds[k].like]);
            chat_close(c);
        }
}

enum { TRIES = 100 };
static double took[HASHED][TRIES];

/* Each kind in turn, so that whatever else the machine does meets all of them alike. */
static void time_door(const struct door *d)
{
    struct chat *c = enter(d, quick, NULL);
    for (int i = 0; i < TRIES; i++)
        for (int k = 0; k < HASHED; k++) {
            if (c->dead || (i * HASHED + k) % 20 == 19) {
                chat_close(c);
                c = enter(d, quick, NULL);
            }
            double began = now_s();
            if (d->try(c, kinds[k].user, kinds[k].password) != DENIED)
                fail_now("%s: %s: %s", d->name, kinds[k].what, c->text);
            took[k][i] = now_s() - began;
        }
    chat_close(c);
}

/* How often one of the first takes longer than one of the second: half, when nothing tells them
 * apart. With 100 of each its standard deviation is 0.041. */
static double longer(const double *a, const double *b)
{
    double wins = 0;
    for (int i = 0; i < TRIES; i++)
        for (int k = 0; k < TRIES; k++)
            wins += a[i] > b[k] ? 1 : a[i] == b[k] ? 0.5 : 0;
    return wins / TRIES / TRIES;
}

static void the_same_time(void **state)
{
    static const double APART_MAX = 0.3;
    (void)state;
    for (int d = 0; d < DOORS; d++) {
        double worst = 0.5;
        time_door(&doors[d]);
        for (int k = 1; k < HASHED; k++) {
            double p = longer(took[k], took[0]);
            if (p - 0.5 > worst - 0.5 || 0.5 - p > worst - 0.5) worst = p > 0.5 ? p : 1 - p;
            if (p < 0.5 - APART_MAX || p > 0.5 + APART_MAX)
                fail_now("%s: %s takes longer than %s with a probability of %.2f", doors[d].name,
                         kinds[k].what, kinds[0].what, p);
        }
        printf("# %s: kinds of failures are told apart by time with a probability of %.2f\n",
               doors[d].name, worst);
    }
}

/* --- too many -----------------------------------------------------------------------------------
 */

/* An address of another network (/24) for each first number. */
static const char *address(int network, int host)
{
    static __thread char text[4][16];
    static __thread unsigned turn;
    char *at = text[turn++ % 4];
    snprintf(at, sizeof text[0], "127.%d.%d.%d", 200 + network / 250, 1 + network % 250, host);
    return at;
}

static void slowed_then_refused(void **state)
{
    double first = 0, last = 0;
    int tries = 0;
    enum verdict v;
    (void)state;
    do {
        double began = now_s();
        v = try_from(&doors[tries % DOORS], address(1, 1), "alice@a.test", "guess");
        double time = now_s() - began;
        if (tries == 0) first = time;
        if (v == DENIED) last = time;
        tries++;
    } while (v == DENIED && tries < 50);
    printf("# refused after %d guesses; the first took %.0f ms, the last %.0f ms\n", tries - 1,
           first * 1000, last * 1000);
    assert_int_equal(v, LATER);
    assert_in_range(tries - 1, 8, 9);
    assert_true(last > first + 0.1);
    /* And the right password, and any other name, at every door. */
    for (int d = 0; d < DOORS; d++) {
        expect(LATER, &doors[d], address(1, 1), "alice@a.test", "sesame");
        expect(LATER, &doors[d], address(1, 1), "nobody@a.test", "sesame");
    }
    expect(IN, &doors[0], address(2, 1), "alice@a.test", "sesame");
}

/* Whoever guesses from everywhere locks the account for strangers, not for its owner. */
static void the_owner_gets_in(void **state)
{
    (void)state;
    expect(IN, &doors[0], address(9, 9), "carol@a.test", "sesame");
    for (int i = 0; i < 40; i++) {
        enum verdict v = try_from(&doors[i % DOORS], address(20 + i, 1), "carol@a.test", "guess");
        assert_int_equal(v, i < 21 ? DENIED : LATER);
    }
    for (int d = 0; d < DOORS; d++) {
        expect(LATER, &doors[d], address(90 + d, 1), "carol@a.test", "sesame");
        expect(IN, &doors[d], address(9, 9), "carol@a.test", "sesame");
        expect(IN, &doors[d], address(90 + d, 1), "dora@a.test", "sesame");
    }
}

/* Quotes and capitals make no other account of a name. */
static void spellings_are_one(void **state)
{
    static const char *const names[] = { "erin@a.test", "ERIN@a.test", "\"erin\"@a.test",
                                         "\"\\er\\in\"@A.TEST" };
    (void)state;
    for (int i = 0; i < 21; i++) {
        enum verdict v = try_from(&doors[1], address(120 + i, 1), names[i % 4], "guess");
        assert_int_equal(v, DENIED);
    }
    expect(LATER, &doors[1], address(150, 1), "erin@a.test", "sesame");
}

/* A network of guessers and of callers: strangers in it are refused, who is known there is not. */
static void neighbours(void **state)
{
    (void)state;
    expect(IN, &doors[0], address(160, 200), "dora@a.test", "sesame");
    for (int i = 0; i < 30; i++)
        (void)try_from(&doors[0], address(160, 1 + i % 5), "nobody@a.test", "guess");
    expect(LATER, &doors[0], address(160, 100), "dora@a.test", "sesame");
    for (int d = 0; d < DOORS; d++)
        expect(IN, &doors[d], address(160, 200), "dora@a.test", "sesame");

    for (int i = 0; i < 200; i++) {
        struct chat *c = enter(&doors[0], strict, address(160, 1 + i % 5));
        chat_close(c);
    }
    expect(CLOSED, &doors[0], address(160, 100), "dora@a.test", "sesame");
    for (int d = 0; d < DOORS; d++)
        expect(IN, &doors[d], address(160, 200), "dora@a.test", "sesame");
}

/* Behind one address is a whole office: what one does there shuts nobody out who logged in there.
 */
static void one_roof(void **state)
{
    (void)state;
    expect(IN, &doors[0], address(180, 1), "dora@a.test", "sesame");
    for (int i = 0; i < 20; i++)
        (void)try_from(&doors[0], address(180, 1), "nobody@a.test", "guess");
    for (int i = 0; i < 200; i++)
        chat_close(enter(&doors[i % DOORS], strict, address(180, 1)));
    for (int d = 0; d < DOORS; d++)
        expect(IN, &doors[d], address(180, 1), "dora@a.test", "sesame");
}

/* --- all at once --------------------------------------------------------------------------------
 */

enum { AT_ONCE = 40 };

static void *guess_once(void *arg)
{
    return (void *)(intptr_t)try_from(&doors[*(int *)arg % DOORS], address(170, 1), "frank@a.test",
                                      "guess");
}

static void at_once_is_not_more(void **state)
{
    pthread_t threads[AT_ONCE];
    int numbers[AT_ONCE], judged = 0;
    (void)state;
    for (int i = 0; i < AT_ONCE; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, guess_once, &numbers[i]);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        void *v;
        pthread_join(threads[i], &v);
        judged += (intptr_t)v == DENIED;
    }
    printf("# %d of %d guesses at once were judged\n", judged, AT_ONCE);
    assert_in_range(judged, 8, 8 + 5);
}

/* --- the world ----------------------------------------------------------------------------------
 */

static struct server *start(const char *domain, int host, const char *more)
{
    static const char listeners[] =
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
        "[listener clear3]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = yes\n"
        "[listener clear5]\naddress = %s:%d\nprotocol = submission\ntls = none\n"
        "auth_in_clear = yes\n%s";
    char extra[1500], at[16];
    world_address(world, host, at);
    snprintf(extra, sizeof extra, listeners, at, PORT_CLEAR, at, PORT_CLEAR_POP3, at,
             PORT_CLEAR_SUBMISSION, more);
    return server_start(world, domain, extra);
}

static int set_up(void **state)
{
    static const char *const users[] = { "alice@a.test", "carol@a.test", "dora@a.test",
                                         "erin@a.test", "frank@a.test" };
    int status;
    (void)state;
    memset(long_name, 'n', sizeof long_name - 1);
    memset(long_password, 'p', sizeof long_password - 1);
    world = world_new();
    strict = start("a.test", 2,
                   "[guard]\ntrusted = 192.0.2.0/24\nfailures = 8\naccount_failures = 20\n"
                   "connections = 80\nnetwork_factor = 2\ndelay_max = 300ms\n"
                   "[auth]\nargon2_memory = 64K\nargon2_passes = 1\nfail_delay = 20ms\n");
    quick = start(
        "b.test", 3,
        "[auth]\nfail_delay = 0s\nfailures_max = 100\nargon2_memory = 1M\nstranger_commands = 0\n"
        "[imap]\nerrors_max = 1000\n[pop3]\nerrors_max = 1000\n[smtp]\nerrors_max = 1000\n");
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        server_user(strict, users[i], "sesame");
    CLI(quick, NULL, &status, "domain", "add", "a.test");
    server_user(quick, "alice@a.test", "sesame");
    if (status) fail_now("domain add: %d", status);
    server_user(quick, "gone@a.test", "sesame");
    const char *said = CLI(quick, NULL, &status, "user", "suspend", "gone@a.test", "yes");
    if (status) fail_now("user suspend: %s", said);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(server_stop(strict), 0);
    assert_int_equal(server_stop(quick), 0);
    world_free(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_words),
        cmocka_unit_test(the_same_time),
        cmocka_unit_test(slowed_then_refused),
        cmocka_unit_test(the_owner_gets_in),
        cmocka_unit_test(spellings_are_one),
        cmocka_unit_test(neighbours),
        cmocka_unit_test(one_roof),
        cmocka_unit_test(at_once_is_not_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
