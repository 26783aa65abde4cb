/* search_index_test.c - SEARCH says the same with the text index and without it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/server_fixture.h"

enum { ANSWER_MAX = 4000, ROUNDS = 7 };

static const struct search_settings settings = { .enabled = true, .message_bytes_max = 20000 };
static char folder[] = "/tmp/ph-imap-search-XXXXXX";
static struct seam *place;
static struct search *index_;

static const char *const letters[] = {
    "Subject: Lunch\r\n\r\nThe quick brown fox\r\n",
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe und Gr=FC=DFe, lunch\r\n",
    "Subject: two parts\r\nContent-Type: multipart/mixed; boundary=zz\r\n\r\n--zz\r\n\r\nfox, plain"
    "\r\n--zz\r\nContent-Type: text/html\r\n\r\n<p>hidden <b>bro</b>wn</p>\r\n--zz--\r\n",
    "Subject: a letter within\r\nContent-Type: message/rfc822\r\n\r\nSubject: lunch again\r\n\r\n"
    "inner text\r\n",
    "Subject: empty\r\n\r\n",
    "Subject: coded\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\n5Lit5paH5Zu95a62IGZveA==\r\n",
};
static const char *const programs[] = {
    "BODY lunch",
    "TEXT lunch",
    "BODY \"brown fox\"",
    "BODY brown",
    "NOT BODY fox",
    "OR BODY fox TEXT lunch",
    "TEXT \"subject: l\"",
    "BODY \"subject: l\"",
    "BODY x",
    "BODY \"\"",
    "TEXT \"\"",
    "BODY nowhere",
    "UNSEEN BODY fox",
    "BODY end-of-it",
    "BODY line BODY dull",
    "CHARSET UTF-8 BODY {6+}\r\n中文",
    "TEXT fox BODY bro",
    "CHARSET ISO-8859-1 BODY strasse",
    "ESEARCH IN (personal) BODY fox",
    "ESEARCH IN (mailboxes (INBOX Archive)) RETURN (ALL COUNT) NOT BODY lunch",
    "FUZZY BODY \"fox brown cow\"",
};

static const char *ask(const char *command, char *answer)
{
    const char *line;
    size_t n = 0;
    answer[0] = '\0';
    client_send(0, str_of(command), false);
    while ((line = client_line(0, 5000)) && !strstr(line, "a OK") && !strstr(line, "a NO") &&
           !strstr(line, "a BAD"))
        if (strstr(line, "SEARCH") && n < ANSWER_MAX - 1)
            n += (size_t)snprintf(answer + n, ANSWER_MAX - n, "%.*s\n", ANSWER_MAX, line);
    assert_non_null(line);
    if (!strstr(line, "a OK")) (void)snprintf(answer, ANSWER_MAX, "%.*s", ANSWER_MAX - 1, line);
    return answer;
}

static void append(const char *letter)
{
    static char command[64], answer[ANSWER_MAX];
    (void)snprintf(command, sizeof command, "a APPEND INBOX {%zu+}", strlen(letter));
    client_send(0, str_of(command), false);
    (void)ask(letter, answer);
    assert_string_equal(answer, "");
}

static void compare(const char *when)
{
    static char without[ANSWER_MAX], with[ANSWER_MAX], command[128];
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        (void)snprintf(command, sizeof command, "a %s%s",
                       strncmp(programs[i], "ESEARCH", 7) ? "UID SEARCH " : "", programs[i]);
        w.server.search = NULL;
        (void)ask(command, without);
        w.server.search = index_;
        if (strcmp(ask(command, with), without) != 0)
            fail_msg("%s: %s: '%s' with the index, '%s' without", when, programs[i], with, without);
    }
}

static void append_long(void)
{
    struct buf text = buf_make(1 << 20);
    buf_add(&text, S("Subject: long\r\n\r\n"));
    while (text.n < 60000)
        buf_add(&text, S("one line is as dull as another\r\n"));
    buf_add(&text, S("end-of-it\r\n\0"));
    append(text.p);
    buf_free(&text);
}

static void says_the_same(void **unused)
{
    (void)unused;
    static char answer[ANSWER_MAX];
    client_open(0);
    assert_non_null(client_line(0, 5000));
    (void)ask("a LOGIN alice@a.test secret", answer);
    for (size_t i = 0; i < ROUNDS * (sizeof letters / sizeof *letters); i++)
        append(letters[i % (sizeof letters / sizeof *letters)]);
    (void)ask("a SELECT INBOX", answer);
    compare("at first");
    assert_string_equal(ask("a SEARCH BODY \"quick brown\"", answer),
                        "* SEARCH 1 7 13 19 25 31 37\n");
    append_long();
    append(letters[0]);
    (void)ask("a COPY 1:40 Archive", answer);
    (void)ask("a STORE 2 +FLAGS (\\Deleted \\Seen)", answer);
    (void)ask("a EXPUNGE", answer);
    compare("after changes");
    (void)ask("a SELECT Archive", answer);
    compare("among copies");
    struct seam_look look; /* the first user's */
    assert_int_equal(seam_look(place, "search/0000000000000010", &look), 0);
    assert_true(look.size > 500);
}

/* RFC 9585: while the index is made, too. */
static void progress_is_told(void **unused)
{
    (void)unused;
    static char answer[ANSWER_MAX];
    const char *line;
    unsigned told = 0;
    for (unsigned i = 0; i < 100; i++)
        append(letters[0]);
    w.settings.progress_ms = 0;
    client_send(0, S("a SEARCH NOT BODY nowhere BODY quick"), false);
    while ((line = client_line(0, 5000)) && !strstr(line, "a OK"))
        told += strstr(line, "* OK [INPROGRESS (\"a\" NIL NIL)]") != NULL;
    assert_non_null(line);
    assert_true(told > 0);
    w.settings.progress_ms = 60000;
    (void)ask("a NOOP", answer);
}

/* How many signs of life a search gave that tells of each message it reads. */
static unsigned reads(const char *command, char *answer)
{
    const char *line;
    unsigned told = 0;
    answer[0] = '\0';
    client_send(0, str_of(command), false);
    while ((line = client_line(0, 5000)) && strncmp(line, "a ", 2) != 0) {
        told += strstr(line, "INPROGRESS") != NULL;
        const char *found = strstr(line, ") UID ");
        if (found) (void)snprintf(answer, ANSWER_MAX, "%s", found + 6);
    }
    assert_non_null(line);
    return told;
}

/* RFC 4731: who asks for the first match alone, or the last, waits for no other. */
static void one_end_is_soon_found(void **unused)
{
    (void)unused;
    static const char *const some[] = { "ALL",          "NOT ALL",        "BODY fox",
                                        "NOT BODY fox", "1:20 BODY dull", "DELETED",
                                        "7 BODY quick", "BODY nowhere" };
    static char first[ANSWER_MAX], last[ANSWER_MAX], both[ANSWER_MAX], joined[2 * ANSWER_MAX + 1],
        ask_[128];
    (void)ask("a SELECT INBOX", both);
    w.server.search = NULL;
    w.settings.progress_ms = 0;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        (void)snprintf(ask_, sizeof ask_, "a UID SEARCH RETURN (MIN MAX) %s", some[i]);
        unsigned all = reads(ask_, both);
        (void)snprintf(ask_, sizeof ask_, "a UID SEARCH RETURN (MIN SAVE) %s", some[i]);
        unsigned of_first = reads(ask_, first);
        (void)snprintf(ask_, sizeof ask_, "a UID SEARCH RETURN (MAX) %s", some[i]);
        unsigned of_last = reads(ask_, last);
        (void)snprintf(joined, sizeof joined, "%s%s%s", first, *first ? " " : "", last);
        if (strcmp(joined, both) != 0) fail_msg("%s: '%s', not '%s'", some[i], joined, both);
        if (strcmp(some[i], "BODY fox") == 0)
            assert_true(all > 50 && of_first < 20 && of_last < 50);
    }
    w.settings.progress_ms = 60000;
}

static int erase(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static int begin(void **unused)
{
    (void)unused;
    struct buf why = buf_make(1000);
    world_begin();
    assert_non_null(mkdtemp(folder));
    place = seam_real_new(folder);
    assert_int_equal(search_open(place, w.store, &settings, &index_, &why), OK);
    buf_free(&why);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    loop_stop(w.loop, 3000);
    loop_run(w.loop);
    search_close(index_);
    seam_free(place);
    assert_int_equal(nftw(folder, erase, 16, FTW_DEPTH | FTW_PHYS), 0);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_the_same),
        cmocka_unit_test(progress_is_told),
        cmocka_unit_test(one_end_is_soon_found),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
