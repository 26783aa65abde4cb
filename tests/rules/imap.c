/* imap.c - rules 12 to 19: commands, numbers, names, patterns, replies and letters. */
#include <ftw.h>

#include "rules/rules.h"

#define OUT  "z LOGOUT\r\n"
#define END  "\\* BYE [^\n]*\nz OK [^\n]*\n"
#define BAD  "a BAD [^\n]*\n" END
#define NO   "a NO [^\n]*\n" END
#define GONE "(a BAD [^\n]*\n)?\\* BYE [^\n]*\n"

void rule_12_too_big_is_said_before_the_plus(void **state)
{
    static const struct say rows[] = {
        { PORT_IMAP, SAY("a LOGIN {4097}\r\n" OUT), "a BAD \\[TOOBIG\\][^\n]*\n" END },
        { PORT_IMAP, SAY("a ID (\"name\" {4097}\r\n" OUT), "a BAD [^\n]*\n" END },
        { PORT_IMAP, SAY("a LOGIN {4096}\r\n"), "\\+ go on\n" },
        { PORT_IMAPS, SAY("a APPEND INBOX {999999999}\r\n" OUT), "a NO \\[TOOBIG\\][^\n]*\n" END },
        { PORT_IMAPS, SAY("a SEARCH TEXT {1048577}\r\n" OUT), "a BAD [^\n]*\n" END },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (i != 2) {
            says(&rows[i], 1);
            continue;
        }
        /* The largest that a stranger may send is asked for. */
        struct wire *w = stranger(PORT_IMAP);
        wire_send(w, rows[i].say, rows[i].n);
        wire_expect(w, "\\+ .*");
        wire_close(w);
    }
}

/* A command of n times the same piece. */
static void repeated(int port, const char *head, const char *piece, size_t n, const char *want)
{
    struct wire *w = port == PORT_IMAP ? stranger(port) : alice(port);
    size_t piece_n = strlen(piece);
    char *all = malloc(n * piece_n + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(all + i * piece_n, piece, piece_n);
    wire_send(w, head, strlen(head));
    wire_send(w, all, n * piece_n);
    wire_say(w, "\r\nz LOGOUT");
    const char *got = hear_all(w);
    if (!text_matches(got, want)) fail_now("%s%s, %zu times: %s", head, piece, n, got);
    free(all);
    wire_close(w);
}

void rule_13_one_budget_a_command(void **state)
{
    (void)state;
    repeated(PORT_IMAP, "a ID ", "(", 1000, BAD);
    repeated(PORT_IMAP, "a ID (", "\"a\" \"b\" ", 500, BAD);
    repeated(PORT_IMAP, "a ID (", "\"a\" \"b\" ", 5000, GONE);
    /* Literals of an allowed size each, more of them than a command may have. */
    char literal[1100];
    snprintf(literal, sizeof literal, "\"a\" {1024+}\r\n%01024d ", 0);
    repeated(PORT_IMAP, "a ID (", literal, 200,
             "(a BAD [^\n]*\n)?(\\* BYE [^\n]*\n)(z OK [^\n]*\n)?");
    repeated(PORT_IMAPS, "s SELECT INBOX\r\na SEARCH ", "(", 60000, ".*a BAD [^\n]*\n" END);
    repeated(PORT_IMAPS, "s SELECT INBOX\r\na SEARCH ", "NOT ", 10000, ".*a BAD [^\n]*\n" END);
    repeated(PORT_IMAPS, "s SELECT INBOX\r\na SEARCH ", "(OR NOT (", 1000, ".*a BAD [^\n]*\n" END);
    repeated(PORT_IMAPS, "s SELECT INBOX\r\na FETCH 1 (", "BODY[1.", 5000, ".*a BAD [^\n]*\n" END);
    repeated(PORT_IMAPS, "s SELECT INBOX\r\na FETCH 1 (", "BODY.PEEK[HEADER.FIELDS (", 100,
             ".*a BAD [^\n]*\n" END);
    repeated(PORT_IMAPS, "s SELECT INBOX\r\na SEARCH ", "ALL ", 15000, ".*a BAD [^\n]*\n" END);
}

void rule_14_numbers_do_not_wrap(void **state)
{
#define FETCH(numbers)                                                        \
    {                                                                         \
        PORT_IMAPS, SAY("s SELECT INBOX\r\na FETCH " numbers " UID\r\n" OUT), \
            ".*\na BAD [^\n]*\n" END                                          \
    }
#define POP3(line)                                                          \
    {                                                                       \
        PORT_POP3S, SAY(line "\r\nQUIT\r\n"), "-ERR [^\n]*\n\\+OK [^\n]*\n" \
    }
#define MAIL(size)                                                                  \
    {                                                                               \
        PORT_SMTP, SAY("EHLO e\r\nMAIL FROM:<x@e.test> SIZE=" size "\r\nQUIT\r\n"), \
            "(250[ -][^\n]*\n)+(501|552) [^\n]*\n221 [^\n]*\n"                      \
    }
    static const struct say rows[] = {
        FETCH("0"),
        FETCH("4294967296"),
        FETCH("4294967297"),
        FETCH("18446744073709551617"),
        FETCH("-1"),
        POP3("RETR 0"),
        POP3("RETR 4294967297"),
        POP3("RETR 18446744073709551617"),
        POP3("DELE 18446744073709551617"),
        POP3("LIST 18446744073709551617"),
        POP3("TOP 1 18446744073709551617"),
        POP3("UIDL 18446744073709551617"),
        MAIL("18446744073709551617"),
        MAIL("-1"),
        MAIL("18446744073709551616"),
        MAIL("9223372036854775808"),
    };
    (void)state;
    struct wire *w = alice(PORT_IMAPS);
    append(w, "Subject: one\r\n\r\nx\r\n", 19);
    wire_close(w);
    SAYS(rows);
}

static bool found_outside;
static int named(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s, (void)type, (void)at;
    if (strstr(path, "smuggled")) found_outside = true;
    return 0;
}

void rule_15_names_are_keys(void **state)
{
#define MAKE(name, answer)                                   \
    {                                                        \
        PORT_IMAPS, SAY("a CREATE " name "\r\n" OUT), answer \
    }
    static const struct say rows[] = {
        MAKE("../smuggled", "a OK [^\n]*\n" END),
        MAKE("\"/smuggled\"", NO),
        MAKE("a/../../smuggled", "a OK [^\n]*\n" END),
        MAKE("a//smuggled", NO),
        MAKE("{10+}\r\nsmuggled\0x", BAD),
        MAKE("&AAA-smuggled", BAD),
        MAKE("&AGE-smuggled", BAD),
        MAKE("&smuggled", BAD),
        MAKE("\"smuggled\xc0\xaf\"", BAD),
        MAKE("\"smuggled\xed\xa0\x80\"", BAD),
        MAKE("\"smuggled\xff\"", BAD),
        MAKE("{11+}\r\nsmuggled\r\nx", BAD),
        MAKE("smuggled", "a OK [^\n]*\n" END), /* a fine name: and it is no file */
    };
    (void)state;
    SAYS(rows);
    enum { FOLDERS_OPEN = 20 };
    nftw(server_data_dir(server), named, FOLDERS_OPEN, FTW_PHYS);
    assert_false(found_outside);

    /* Where names do become files, they go nowhere. */
    char folder[300], output[4000];
    int status;
    snprintf(folder, sizeof folder, "%s/out", world_dir(world));
    assert_int_equal(RUN(output, sizeof output, 10, NULL, "mkdir", folder), 0);
    snprintf(folder, sizeof folder, "%s/out/in", world_dir(world));
    CLI(server, NULL, &status, "export", "alice@a.test", folder, "--format", "eml");
    assert_int_equal(status, 0);
    snprintf(folder, sizeof folder, "%s/out", world_dir(world));
    assert_int_equal(RUN(output, sizeof output, 10, NULL, "ls", "-A", folder), 0);
    assert_string_equal(output, "in\n");
}

/* --- what it costs ---------------------------------------------------------------------------- */

struct asking {
    struct wire *imap;
    const char *head, *piece, *tail;
    size_t pieces, times;
};

static void ask(void *arg)
{
    struct asking *a = arg;
    static char line[70000];
    size_t n = (size_t)snprintf(line, sizeof line, "%s", a->head);
    for (size_t i = 0; i < a->pieces; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s", a->piece);
    snprintf(line + n, sizeof line - n, "%s", a->tail);
    for (size_t i = 0; i < a->times; i++)
        wire_imap(a->imap, "OK", "%s", line);
}

static uint64_t asked(const struct asking *a, size_t pieces)
{
    struct asking b = *a;
    b.pieces = pieces;
    return cost_of(ask, &b);
}

void rule_16_patterns_and_programs_are_bounded(void **state)
{
    (void)state;
    struct wire *w = alice(PORT_IMAPS);
    wire_imap(w, "OK", "SELECT INBOX");
    wire_imap(
        w, NULL,
        "CREATE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    struct asking list = {
        .imap = w, .head = "LIST \"\" ", .piece = "*a%a", .tail = "b", .times = 50
    };
    is_linear("LIST", asked(&list, 100), asked(&list, 200));
    struct asking search = {
        .imap = w, .head = "SEARCH ", .piece = "OR SUBJECT a NOT ALL ", .tail = "ALL", .times = 10
    };
    assert_true(asked(&search, 10) > 0);
    wire_imap(w, "BAD",
              "SEARCH NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT "
              "NOT NOT NOT "
              "NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT ALL");
    wire_close(w);
}

/* Two messages, however many numbers are said. */
void rule_17_sequence_sets_cost_what_they_match(void **state)
{
    (void)state;
    struct wire *w = alice(PORT_IMAPS);
    append(w, "Subject: two\r\n\r\nx\r\n", 19);
    wire_imap(w, "OK", "SELECT INBOX");
    struct asking few = {
        .imap = w, .head = "UID FETCH 1:2", .piece = "", .tail = " UID", .times = 50
    };
    struct asking all = {
        .imap = w, .head = "UID FETCH 1:4294967295", .piece = "", .tail = " UID", .times = 50
    };
    is_linear("UID FETCH 1:4294967295", asked(&few, 0), asked(&all, 0));
    struct asking again = {
        .imap = w, .head = "UID FETCH 1", .piece = ",1:4294967295", .tail = " UID", .times = 20
    };
    is_linear("1:4294967295 again and again", asked(&again, 500), asked(&again, 1000));
    const char *got = wire_imap(w, "OK", "UID FETCH 1:4294967295,1:*,*:1,1:4294967295 UID");
    assert_null(strstr(strstr(got, "* 1 FETCH") + 1, "* 1 FETCH"));
    wire_close(w);
}

/* --- what comes back -------------------------------------------------------------------------- */

void rule_18_replies_are_always_valid(void **state)
{
    static const char letter[] = "Subject: a \"quoted\" \\ thing\r\nFrom: \"x\\\"y\" <x@b.test>\r\n"
                                 "Message-ID: <\xff\xfe@x>\r\n\r\nx\r\n";
    (void)state;
    struct wire *w = alice(PORT_IMAPS);
    wire_imap(w, "OK", "CREATE \"q\\\"u\\\\o\"");
    const char *got = wire_imap(w, "OK", "LIST \"\" q*");
    assert_non_null(strstr(got, "\"q\\\"u\\\\o\""));
    append(w, letter, sizeof letter - 1);
    wire_imap(w, "OK", "SELECT INBOX");
    got = wire_imap(w, "OK", "FETCH * ENVELOPE");
    assert_non_null(strstr(got, "\"a \\\"quoted\\\" \\\\ thing\""));
    assert_non_null(strstr(got, "((\"x\\\"y\" NIL \"x\" \"b.test\"))"));
    if (strstr(got, "\"<\xff\xfe@x>\"")) fail_now("8-bit in a quoted string: %s", got);
    wire_close(w);

    /* A name of somebody's choosing in a reply of SMTP: one line, printable. */
    static const struct say rows[] = {
        { PORT_SMTP, SAY("EHLO \x1b[31m\r\nRCPT \x1b]0;x\x07\r\nQUIT\r\n"), "[ -~\n]*" },
        { PORT_POP3, SAY("USER \x1b[31m\r\nQUIT\r\n"), "[ -~\n]*" },
        { PORT_IMAP, SAY("\x1b[31m NOOP\r\n" OUT), "[ -~\n]*" },
    };
    SAYS(rows);
}

/* --- letters ---------------------------------------------------------------------------------- */

struct letter {
    struct wire *imap;
    char *text;
    size_t n;
};

/* Filed, which makes its card, and shown. */
static void file_and_show(void *arg)
{
    struct letter *l = arg;
    append(l->imap, l->text, l->n);
    wire_imap(l->imap, "OK", "FETCH * (ENVELOPE RFC822.SIZE)");
}

static uint64_t letter_of(struct wire *imap, const char *head, const char *piece, size_t n,
                          const char *tail)
{
    size_t head_n = strlen(head), piece_n = strlen(piece), tail_n = strlen(tail);
    struct letter l = { .imap = imap, .n = head_n + n * piece_n + tail_n };
    l.text = malloc(l.n);
    memcpy(l.text, head, head_n);
    for (size_t i = 0; i < n; i++)
        memcpy(l.text + head_n + i * piece_n, piece, piece_n);
    memcpy(l.text + l.n - tail_n, tail, tail_n);
    uint64_t cost = cost_of(file_and_show, &l);
    free(l.text);
    return cost;
}

void rule_19_headers_and_mime_are_linear(void **state)
{
    static const struct {
        const char *what, *head, *piece, *tail;
        size_t n;
    } rows[] = {
        { "address groups", "To: ", "g:;,", "\r\n\r\nx\r\n", 50000 },
        { "addresses", "To: ", "a@b.test,", "\r\n\r\nx\r\n", 20000 },
        { "comments", "To: ", "(", "\r\n\r\nx\r\n", 100000 },
        { "header fields", "Subject: x\r\n", "X-Y: z\r\n", "\r\nx\r\n", 20000 },
        { "folded lines", "Subject: x\r\n", " y\r\n", "\r\nx\r\n", 50000 },
        { "encoded words", "Subject: ", "=?utf-8?q?a?=\r\n ", "x\r\n\r\nx\r\n", 10000 },
        { "parameters", "Content-Type: text/plain", ";a=b", "\r\n\r\nx\r\n", 50000 },
        { "multiparts in each other", "Subject: x\r\n",
          "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", "", 5000 },
        { "parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\nx\r\n",
          "--b--\r\n", 20000 },
        { "ends that are none", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--\r\n",
          "--b--\r\n", 50000 },
    };
    (void)state;
    struct wire *w = alice(PORT_IMAPS);
    wire_imap(w, "OK", "SELECT INBOX");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        is_linear(rows[i].what, letter_of(w, rows[i].head, rows[i].piece, rows[i].n, rows[i].tail),
                  letter_of(w, rows[i].head, rows[i].piece, 2 * rows[i].n, rows[i].tail));
    wire_imap(w, "OK", "STORE 1:* +FLAGS.SILENT (\\Deleted)");
    wire_imap(w, "OK", "CLOSE");
    wire_close(w);
}
