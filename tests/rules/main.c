/* main.c - one test a rule of docs/security.md, on a live server: short witnesses, whose deeper
 * proofs the document names.
 */
#include <dirent.h>
#include <unistd.h>

#include "rules/rules.h"

enum { ANSWER_BYTES = 1 << 20 };

struct world *world;
struct server *server;

/* --- talking ---------------------------------------------------------------------------------- */

struct wire *stranger(int port)
{
    struct wire *w = wire_open(server_address(server), port);
    if (!wire_line(w, 10, NULL)) fail_now("port %d: no greeting", port);
    return w;
}

struct wire *alice(int port)
{
    const char *ca = world_ca(world);
    if (port == PORT_IMAPS) return imap_open(server, ca, "alice@a.test", "secret");
    if (port == PORT_POP3S) return pop3_open(server, ca, "alice@a.test", "secret");
    return submit_open(server, ca, "alice@a.test", "secret");
}

const char *hear_all(struct wire *w)
{
    static char all[ANSWER_BYTES];
    size_t n = 0;
    for (const char *line; (line = wire_line(w, 5, NULL));) {
        size_t more = strlen(line);
        assert_true(n + more + 2 < ANSWER_BYTES);
        memcpy(all + n, line, more);
        n += more;
        all[n++] = '\n';
    }
    all[n] = '\0';
    if (!wire_ended(w, 5)) fail_now("still open after:\n%s", all);
    return all;
}

static bool is_for_users(int port)
{
    return port == PORT_IMAPS || port == PORT_POP3S || port == PORT_SUBMISSIONS;
}

void says(const struct say *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct wire *w = is_for_users(rows[i].port) ? alice(rows[i].port) : stranger(rows[i].port);
        wire_send(w, rows[i].say, rows[i].n);
        const char *all = hear_all(w);
        if (!text_matches(all, rows[i].want))
            fail_now("row %zu: said\n%s\nwas answered\n%s\ninstead of\n%s", i, rows[i].say, all,
                     rows[i].want);
        wire_close(w);
    }
}

int messages_of(const char *user)
{
    struct wire *w = imap_open(server, world_ca(world), user, "secret");
    int n = imap_count(w, "INBOX");
    wire_close(w);
    return n;
}

void append(struct wire *imap, const char *bytes, size_t n)
{
    wire_say(imap, "a APPEND INBOX {%zu+}", n);
    wire_send(imap, bytes, n);
    wire_send(imap, "\r\n", 2);
    const char *line;
    do
        line = wire_line(imap, 20, NULL);
    while (line && line[0] == '*');
    if (!line || strncmp(line, "a OK", 4) != 0) fail_now("APPEND: %s", line ? line : "(nothing)");
}

/* --- what it costs ---------------------------------------------------------------------------- */

uint64_t cpu_ns(void)
{
    char folder[64], path[400];
    uint64_t all = 0;
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)server_pid(server));
    DIR *threads = opendir(folder);
    for (struct dirent *e; threads && (e = readdir(threads));) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s/schedstat", folder, e->d_name);
        char *text = file_read(path, NULL);
        if (text) all += strtoull(text, NULL, 10);
        free(text);
    }
    if (threads) closedir(threads);
    return all;
}

uint64_t memory_bytes(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)server_pid(server));
    char *text = file_read(path, NULL), *at = text ? strstr(text, "RssAnon:") : NULL;
    if (!at) fail_now("%s", path);
    uint64_t kib = strtoull(at + strlen("RssAnon:"), NULL, 10);
    free(text);
    return kib * 1024;
}

uint64_t cost_of(void (*act)(void *arg), void *arg)
{
    enum { TRIES = 3 };
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = cpu_ns();
        act(arg);
        uint64_t spent = cpu_ns() - before;
        if (spent < least) least = spent;
    }
    return least;
}

void is_linear(const char *what, uint64_t once, uint64_t twice)
{
    if (once == 0 || twice > 3 * once)
        fail_now("%s: %llu ns of the processor, twice as much %llu ns", what,
                 (unsigned long long)once, (unsigned long long)twice);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    char lmtp[200], address[16];
    (void)state;
    world = world_new();
    world_dns_start(world);
    snprintf(lmtp, sizeof lmtp, "\n[listener lmtp]\naddress = %s:%d\nprotocol = lmtp\ntls = none\n",
             world_address(world, 2, address), PORT_LMTP);
    server = server_start(world, "a.test", lmtp);
    server_user(server, "alice@a.test", "secret");
    server_user(server, "bob@a.test", "secret");
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
#define CASE(name) cmocka_unit_test(name),
    const struct CMUnitTest tests[] = { RULES(CASE) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
