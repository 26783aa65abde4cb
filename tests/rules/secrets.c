/* secrets.c - what must not be found in the server's memory: the text of its private key, and
 * anybody's password once it was checked.
 *
 * The memory is read from outside, as a debugger does. Each way to say a password has one of its
 * own, so that what is found tells which way left it behind; the test's first search, while the
 * server waits for the rest of a line, shows that it would be found.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/wire.h"

/* --- reading a process ------------------------------------------------------------------------ */

/* The number of places, in all that it may write to. */
static unsigned found(pid_t pid, const void *what, size_t what_n)
{
    char path[64], line[512];
    unsigned times = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int mem = open(path, O_RDONLY);
    if (!maps || mem < 0) fail_now("the memory of %d: %m", (int)pid);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char rights[8];
        enum { MOST = 256 << 20 }; /* the store's map of its index is larger, and read only */
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3) continue;
        if (rights[1] != 'w' || to - from > MOST) continue;
        char *copy = malloc(to - from);
        ssize_t n = pread(mem, copy, to - from, (off_t)from);
        for (char *at = copy; n > 0 && (at = memmem(at, (size_t)(copy + n - at), what, what_n));
             at++)
            times++;
        free(copy);
    }
    fclose(maps);
    close(mem);
    return times;
}

static void is_gone(pid_t pid, const char *what, const char *why)
{
    unsigned times = found(pid, what, strlen(what));
    if (times) fail_now("%s: %u copies are in the memory of the server", why, times);
}

/* --- base64, of what SASL PLAIN says ---------------------------------------------------------- */

static const char *base64(const char *bytes, size_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char text[400];
    char *out = text;
    for (size_t i = 0; i < n; i += 3) {
        unsigned b[3] = { (unsigned char)bytes[i], i + 1 < n ? (unsigned char)bytes[i + 1] : 0,
                          i + 2 < n ? (unsigned char)bytes[i + 2] : 0 };
        unsigned all = b[0] << 16 | b[1] << 8 | b[2];
        *out++ = letters[all >> 18];
        *out++ = letters[all >> 12 & 63];
        *out++ = i + 1 < n ? letters[all >> 6 & 63] : '=';
        *out++ = i + 2 < n ? letters[all & 63] : '=';
    }
    *out = '\0';
    return text;
}

static const char *plain(const char *user, const char *password)
{
    char message[200];
    int n = snprintf(message, sizeof message, "%c%s%c%s", '\0', user, '\0', password);
    return base64(message, (size_t)n);
}

/* --- the ways to say a password --------------------------------------------------------------- */

static struct world *world;
static struct server *server;

static struct wire *secure(int port)
{
    struct wire *w = wire_open(server_address(server), port);
    wire_tls(w, world_ca(world), "mail.a.test");
    wire_line(w, 10, NULL); /* the greeting */
    return w;
}

static struct wire *imap_login(const char *user, const char *password)
{
    struct wire *w = secure(PORT_IMAPS);
    wire_imap(w, NULL, "LOGIN %s %s", user, password);
    return w;
}
static struct wire *imap_literal(const char *user, const char *password)
{
    struct wire *w = secure(PORT_IMAPS);
    wire_say(w, "x LOGIN %s {%zu}", user, strlen(password));
    wire_expect(w, "\\+.*");
    wire_say(w, "%s", password);
    wire_line(w, 10, NULL);
    return w;
}
static struct wire *imap_plain(const char *user, const char *password)
{
    struct wire *w = secure(PORT_IMAPS);
    wire_imap(w, NULL, "AUTHENTICATE PLAIN %s", plain(user, password));
    return w;
}
static struct wire *imap_plain_later(const char *user, const char *password)
{
    struct wire *w = secure(PORT_IMAPS);
    wire_say(w, "x AUTHENTICATE PLAIN");
    wire_expect(w, "\\+.*");
    wire_say(w, "%s", plain(user, password));
    wire_line(w, 10, NULL);
    return w;
}
static struct wire *pop3_pass(const char *user, const char *password)
{
    struct wire *w = secure(PORT_POP3S);
    wire_pop3(w, "USER %s", user);
    wire_pop3(w, "PASS %s", password);
    return w;
}
static struct wire *pop3_plain(const char *user, const char *password)
{
    struct wire *w = secure(PORT_POP3S);
    wire_pop3(w, "AUTH PLAIN %s", plain(user, password));
    return w;
}
static struct wire *smtp_plain(const char *user, const char *password)
{
    struct wire *w = secure(PORT_SUBMISSIONS);
    wire_smtp(w, "EHLO e.test");
    wire_smtp(w, "AUTH PLAIN %s", plain(user, password));
    return w;
}
static struct wire *smtp_login(const char *user, const char *password)
{
    struct wire *w = secure(PORT_SUBMISSIONS);
    wire_smtp(w, "EHLO e.test");
    wire_smtp(w, "AUTH LOGIN");
    wire_smtp(w, "%s", base64(user, strlen(user)));
    wire_smtp(w, "%s", base64(password, strlen(password)));
    return w;
}
/* A line that comes in two halves is kept while nobody is there to read it. */
static struct wire *in_two_halves(const char *user, const char *password)
{
    char half[100];
    struct wire *w = secure(PORT_IMAPS);
    int n = snprintf(half, sizeof half, "x LOGIN %s %s", user, password);
    wire_send(w, half, (size_t)n);
    for (int tries = 0; !found(server_pid(server), password, strlen(password)); tries++)
        if (tries == 100) fail_now("a password that is being said is not found: the search is bad");
    wire_say(w, "%s", "");
    wire_line(w, 10, NULL);
    return w;
}

static const struct {
    const char *name;
    struct wire *(*say)(const char *user, const char *password);
} ways[] = {
    { "LOGIN", imap_login },         { "LOGIN with a literal", imap_literal },
    { "IMAP PLAIN", imap_plain },    { "IMAP PLAIN on a line of its own", imap_plain_later },
    { "PASS", pop3_pass },           { "POP3 PLAIN", pop3_plain },
    { "SMTP PLAIN", smtp_plain },    { "SMTP LOGIN", smtp_login },
    { "two halves", in_two_halves },
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Right or wrong, the password is gone when the answer is there; in base64 too, up to the last
 * letters, which depend on what follows. */
static void passwords_are_wiped(bool right)
{
    static struct wire *open[WAYS];
    for (size_t i = 0; i < WAYS; i++) {
        char user[40], password[60];
        snprintf(user, sizeof user, "user%zu@a.test", i);
        snprintf(password, sizeof password, "%s-sesame-of-%zu", right ? "right" : "wrong", i);
        if (right) server_user(server, user, password);
        open[i] = ways[i].say(user, password);
    }
    for (size_t i = 0; i < WAYS; i++) {
        char user[40], password[60], encoded[400];
        snprintf(user, sizeof user, "user%zu@a.test", i);
        snprintf(password, sizeof password, "%s-sesame-of-%zu", right ? "right" : "wrong", i);
        is_gone(server_pid(server), password, ways[i].name);
        snprintf(encoded, sizeof encoded, "%.24s", plain(user, password));
        is_gone(server_pid(server), encoded, ways[i].name);
        snprintf(encoded, sizeof encoded, "%.20s", base64(password, strlen(password)));
        is_gone(server_pid(server), encoded, ways[i].name);
        wire_close(open[i]);
    }
}

static void right_passwords(void **state)
{
    (void)state;
    passwords_are_wiped(true);
}

static void wrong_passwords(void **state)
{
    (void)state;
    passwords_are_wiped(false);
}

/* --- the key ---------------------------------------------------------------------------------- */

/* The secret number, as the file has it; OpenSSL keeps it in another order. */
static void number_is_gone(pid_t pid, const char *path)
{
    static const unsigned char before[] = { 0x02, 0x01, 0x01, 0x04, 0x20 };
    enum { NUMBER_BYTES = 32 };
    char der[1000], path_of_der[400];
    size_t n;
    snprintf(path_of_der, sizeof path_of_der, "%s/key.der", world_dir(world));
    assert_int_equal(RUN(der, sizeof der, 10, NULL, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in",
                         path, "-outform", "DER", "-out", path_of_der),
                     0);
    char *text = file_read(path_of_der, &n);
    char *at = memmem(text, n, before, sizeof before);
    assert_non_null(at);
    unsigned times = found(pid, at + sizeof before, NUMBER_BYTES);
    if (times) fail_now("the private key's number: %u copies as the file has it", times);
    free(text);
}

/* The lines of a file in PEM, each as it is there. */
static void lines_are_gone(pid_t pid, const char *path)
{
    enum { LETTERS_MIN = 32 };
    char *text = file_read(path, NULL);
    int lines = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (line[0] == '-' || end - line < LETTERS_MIN) continue;
        lines++;
        is_gone(pid, line, "the private key's text");
    }
    assert_true(lines >= 2);
    free(text);
}

static bool reloaded(void *arg)
{
    (void)arg;
    return file_has(server_log(server), "server.reloaded");
}

static void the_key(void **state)
{
    char path[300];
    (void)state;
    snprintf(path, sizeof path, "%s/mail.a.test.key", world_dir(world));
    lines_are_gone(server_pid(server), path);
    number_is_gone(server_pid(server), path);
    kill(server_pid(server), SIGHUP);
    assert_true(wait_until(reloaded, NULL, 10));
    lines_are_gone(server_pid(server), path);
    number_is_gone(server_pid(server), path);
}

/* Else only root might. */
static void may_be_looked_at(void)
{
    static char config[10000];
    char *text = file_read(server_config(server), NULL);
    snprintf(config, sizeof config, "[server]\ncore_dumps = yes\n%s", text + strlen("[server]\n"));
    file_write(server_config(server), config);
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    server = server_start(world, "a.test", NULL);
    assert_int_equal(server_stop(server), 0);
    may_be_looked_at();
    server_restart(server);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(server_stop(server), 0);
    world_free(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key),
        cmocka_unit_test(right_passwords),
        cmocka_unit_test(wrong_passwords),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
