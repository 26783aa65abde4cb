/* options_test.c - the words after send and fetch, and what is shown of what others wrote. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/options.h"

/* Standard output and error of what runs between the two calls. */
struct caught {
    int pipe[2], old[2];
    struct buf text;
};

static void catch_begin(struct caught *c)
{
    *c = (struct caught){ .text = buf_make(100000) };
    assert_int_equal(pipe(c->pipe), 0);
    assert_true(fcntl(c->pipe[0], F_SETFL, O_NONBLOCK) == 0);
    for (int fd = 1; fd <= 2; fd++) {
        c->old[fd - 1] = dup(fd);
        dup2(c->pipe[1], fd);
    }
}

static const char *catch_end(struct caught *c)
{
    for (int fd = 1; fd <= 2; fd++) {
        dup2(c->old[fd - 1], fd);
        close(c->old[fd - 1]);
    }
    close(c->pipe[1]);
    char *room = buf_reserve(&c->text, 60000);
    ssize_t n = read(c->pipe[0], room, 60000);
    if (n > 0) buf_commit(&c->text, (size_t)n);
    close(c->pipe[0]);
    buf_addc(&c->text, '\0');
    return c->text.p;
}

struct given {
    str server, from;
    bool trace;
    unsigned to;
};

static bool each_to(void *arg, str value)
{
    struct given *g = arg;
    g->to++;
    return !str_eq(value, S("bad"));
}

static bool read_words(const char *line, struct given *g, str *rest)
{
    const struct cli_option options[] = {
        { "--server", "", .value = &g->server },
        { "--from", "", .value = &g->from },
        { "--to", "", .each = each_to, .arg = g },
        { "--trace", "", .flag = &g->trace },
    };
    str words[16], left = str_of(line), word;
    size_t n = 0;
    while (n < COUNT_OF(words) && str_split(&left, ' ', &word))
        words[n++] = word;
    return cli_options(options, COUNT_OF(options), words, n, rest);
}

static void words_and_what_they_mean(void **state)
{
    (void)state;
    static const struct {
        const char *line, *server, *rest;
        unsigned to;
        bool ok, trace;
        const char *complaint;
    } cases[] = {
        { "", "", "", 0, true, false, "" },
        { "--server x --to a --to b file", "x", "file", 2, true, false, "" },
        { "file --trace --server x", "x", "file", 0, true, true, "" },
        { "--server x --server y", "y", "", 0, true, false, "" },
        { "--server --trace", "--trace", "", 0, true, false, "" }, /* a value is any word */
        { "--server", "", "", 0, false, false, "posthorn: --server: wants a value\n" },
        { "--to a --to bad --to c", "", "", 2, false, false, "" },
        { "--fly", "", "", 0, false, false, "posthorn: --fly: no such option\n" },
        { "one two", "", "one", 0, false, false, "posthorn: two: one word too many\n" },
        { "one \x1b[2J", "", "one", 0, false, false, "posthorn: ?[2J: one word too many\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct given g = { 0 };
        struct caught c;
        str rest = { 0 };
        catch_begin(&c);
        bool ok = read_words(cases[i].line, &g, &rest);
        const char *said = catch_end(&c);
        if (ok != cases[i].ok || g.trace != cases[i].trace || g.to != cases[i].to ||
            !str_eq(rest, str_of(cases[i].rest)) || !str_eq(g.server, str_of(cases[i].server)))
            fail_msg("\"%s\"", cases[i].line);
        assert_string_equal(said, cases[i].complaint);
        buf_free(&c.text);
    }
}

static void what_others_wrote_is_shown(void **state)
{
    (void)state;
    struct caught c;
    catch_begin(&c);
    cli_show(S("one\r\ntwo \x1b]0;title\a\n\xc2\x9b"
               "31m gr\xc3\xbc\xc3\x9f\nno end"));
    cli_complain("%s", "a\rb\nc");
    cli_trace(NULL, '<', S("220 \x1b[31mhi\r\n"));
    cli_print(S("\x1b as it is"));
    const char *said = catch_end(&c);
    assert_string_equal(said, "one\ntwo ?]0;title?\n?31m gr\xc3\xbc\xc3\x9f\nno end"
                              "posthorn: a?b\nc\n< 220 ?[31mhi\n\x1b as it is");
    buf_free(&c.text);
}

static void servers_and_how_to_reach_them(void **state)
{
    (void)state;
    static const struct {
        const char *server, *tls, *host;
        bool ok;
        enum client_tls encryption;
    } cases[] = {
        { "127.0.0.1:587", "", "127.0.0.1", true, CLIENT_STARTTLS },
        { "127.0.0.1:465", "implicit", "127.0.0.1", true, CLIENT_TLS },
        { "[::1]:143", "none", "::1", true, CLIENT_CLEAR },
        { "127.0.0.1:587", "maybe", "", false, CLIENT_CLEAR },
        { "127.0.0.1", "", "", false, CLIENT_CLEAR },
        { "127.0.0.1:99999", "", "", false, CLIENT_CLEAR },
        { "mail.a.test:25", "", "", false, CLIENT_CLEAR },
        { "", "", "", false, CLIENT_CLEAR },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena a = arena_make(100000);
        struct cli_server s = { .server = str_of(cases[i].server),
                                .tls = str_of(cases[i].tls),
                                .ca_file = S("insecure") };
        struct caught c;
        catch_begin(&c);
        bool ok = cli_server_resolve(&s, &a);
        const char *said = catch_end(&c);
        if (ok != cases[i].ok || ok != (said[0] == '\0')) fail_msg("%s: %s", cases[i].server, said);
        if (ok && (s.encryption != cases[i].encryption || !str_eq(s.host, str_of(cases[i].host))))
            fail_msg("%s: %.*s", cases[i].server, STR_ARG(s.host));
        tls_client_free(s.tls_client);
        buf_free(&c.text);
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_what_they_mean),
        cmocka_unit_test(what_others_wrote_is_shown),
        cmocka_unit_test(servers_and_how_to_reach_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
