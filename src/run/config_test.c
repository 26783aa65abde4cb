/* config_test.c - the configuration file: values, defaults, and the errors people read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "run/config.h"

/* --- tables as directories have them ---------------------------------------------------------- */

struct smtp {
    str hostname;
    uint64_t size_max, recipients_max;
    bool verify;
    int tls;
    struct setting_nets trusted;
    struct setting_list words;
};

struct queue {
    uint64_t retry_ms;
    str folder;
};

struct listener {
    struct netaddr address;
    int protocol;
};

/* clang-format off */
#define AT(type, field) offsetof(struct type, field)
static const struct setting smtp_rows[] = {
    { "hostname",       SET_TEXT,     AT(smtp, hostname),       "localhost", 0, 0, NULL, "Our name." },
    { "size_max",       SET_SIZE,     AT(smtp, size_max),       "50M", 1024, UINT64_C(1) << 40, NULL, "The largest message." },
    { "recipients_max", SET_COUNT,    AT(smtp, recipients_max), "100", 1, 1000, NULL, "Recipients a message." },
    { "verify",         SET_BOOL,     AT(smtp, verify),         "no", 0, 0, NULL, "Whether to verify." },
    { "tls",            SET_CHOICE,   AT(smtp, tls),            "may", 0, 0, "may|encrypt|verify", "How to encrypt." },
    { "trusted",        SET_NETWORKS, AT(smtp, trusted),        "127.0.0.0/8, ::1", 0, 0, NULL, "Whom to trust." },
    { "words",          SET_LIST,     AT(smtp, words),          "", 0, 0, NULL, "Words." },
};
static const struct setting queue_rows[] = {
    { "retry",  SET_DURATION, AT(queue, retry_ms), "15m", 1000, 30 * UINT64_C(86400000), NULL, "The first gap." },
    { "folder", SET_PATH,     AT(queue, folder),   "spool", 0, 0, NULL, "Where it is.\n.And a dot, a \\ too." },
};
static const struct setting listener_rows[] = {
    { "address",  SET_ADDRESS, AT(listener, address),  NULL,   0, 0, NULL, "Where to listen." },
    { "protocol", SET_CHOICE,  AT(listener, protocol), "smtp", 0, 0, "smtp|imap", "What to speak." },
};
static const struct settings_section smtp = { "smtp", false, sizeof(struct smtp), smtp_rows, COUNT_OF(smtp_rows), "Receiving.", NULL };
static const struct settings_section queue = { "queue", false, sizeof(struct queue), queue_rows, COUNT_OF(queue_rows), "Sending.", NULL };
static const struct settings_section listener = { "listener", true, sizeof(struct listener), listener_rows, COUNT_OF(listener_rows), "Ports.",
                                                  "[listener mx]\naddress = 0.0.0.0:25\n" };
/* clang-format on */
static const struct settings_section *const sections[] = { &smtp, &queue, &listener };

static struct config *parse(str text)
{
    struct config *c = NULL;
    struct buf why = buf_make(4096);
    enum err e = config_parse(S("etc/p.conf"), text, sections, COUNT_OF(sections), &c, &why);
    buf_addc(&why, '\0');
    if (e) print_message("%s\n", why.p);
    assert_int_equal(e, OK);
    assert_int_equal(why.n, 1);
    buf_free(&why);
    return c;
}

/* --- values ----------------------------------------------------------------------------------- */

static void nothing_gives_the_defaults(void **state)
{
    (void)state;
    struct config *c = parse(S(""));
    const struct smtp *s = config_section(c, "smtp");
    const struct queue *q = config_section(c, "queue");
    assert_true(str_eq(s->hostname, S("localhost")));
    assert_int_equal(s->size_max, 50 * 1024 * 1024);
    assert_int_equal(s->recipients_max, 100);
    assert_false(s->verify);
    assert_int_equal(s->tls, 0);
    assert_int_equal(s->trusted.n, 2);
    assert_int_equal(s->trusted.items[0].bits, 8);
    assert_int_equal(s->words.n, 0);
    assert_int_equal(q->retry_ms, 15 * 60 * 1000);
    assert_true(str_eq(q->folder, S("etc/spool")));
    assert_int_equal(config_named_count(c, "listener"), 0);
    config_free(c);
}

static void a_file_sets_values(void **state)
{
    (void)state;
    struct config *c = parse(S("\xef\xbb\xbf# a comment\r\n"
                               "[smtp]\r\n"
                               "  hostname = \"mail # one\"   # quoted\n"
                               "size_max=2G\n"
                               "verify = YES\n"
                               "tls = verify # the strictest\n"
                               "words = one, two three,,four\n"
                               "trusted =\n"
                               "[listener sub.mission-1]\n"
                               "address = [::1]:587\n"
                               "[queue]\n"
                               "retry = 250s\n"
                               "folder = /var/q#1\n"
                               "[ listener   mx ]\n"
                               "protocol = imap\n"
                               "address = unix:/run/x"));
    const struct smtp *s = config_section(c, "smtp");
    const struct queue *q = config_section(c, "queue");
    assert_true(str_eq(s->hostname, S("mail # one")));
    assert_int_equal(s->size_max, UINT64_C(2) << 30);
    assert_true(s->verify);
    assert_int_equal(s->tls, 2);
    assert_int_equal(s->trusted.n, 0);
    assert_int_equal(s->words.n, 4);
    assert_true(str_eq(s->words.items[2], S("three")) && str_eq(s->words.items[3], S("four")));
    assert_int_equal(q->retry_ms, 250000);
    assert_true(str_eq(q->folder, S("/var/q#1")));

    str name;
    assert_int_equal(config_named_count(c, "listener"), 2);
    const struct listener *l = config_named(c, "listener", 0, &name);
    assert_true(str_eq(name, S("sub.mission-1")));
    assert_int_equal(l->address.port, 587);
    l = config_named(c, "listener", 1, &name);
    assert_true(str_eq(name, S("mx")));
    assert_int_equal(l->protocol, 1);
    assert_int_equal(l->address.family, NET_UNIX);
    config_free(c);
}

/* --- errors ----------------------------------------------------------------------------------- */

/* clang-format off */
static const struct { str text, why; } errors[] = {
    { S_INIT("[queue]\nretry = soon"),    S_INIT("etc/p.conf:2: queue.retry wants a duration, like 15m, not \"soon\"") },
    { S_INIT("[queue]\nretry = 15"),      S_INIT("etc/p.conf:2: queue.retry wants a duration, like 15m, not \"15\"") },
    { S_INIT("[queue]\nretry = -5m"),     S_INIT("etc/p.conf:2: queue.retry wants a duration, like 15m, not \"-5m\"") },
    { S_INIT("[queue]\nretry = 1h30m"),   S_INIT("etc/p.conf:2: queue.retry wants a duration, like 15m, not \"1h30m\"") },
    { S_INIT("[queue]\nretry = 31d"),     S_INIT("etc/p.conf:2: queue.retry must be at most 30d, not \"31d\"") },
    { S_INIT("[queue]\nretry = 999ms"),   S_INIT("etc/p.conf:2: queue.retry must be at least 1s, not \"999ms\"") },
    { S_INIT("[queue]\nretry = 213503982335d"), S_INIT("etc/p.conf:2: queue.retry must be at most 30d, not \"213503982335d\"") },
    { S_INIT("[smtp]\nsize_max = 18446744073709551617"), S_INIT("etc/p.conf:2: smtp.size_max must be at most 1T, not \"18446744073709551617\"") },
    { S_INIT("[smtp]\nsize_max = 16777216T"), S_INIT("etc/p.conf:2: smtp.size_max must be at most 1T, not \"16777216T\"") },
    { S_INIT("[smtp]\nsize_max = 25MB"),  S_INIT("etc/p.conf:2: smtp.size_max wants a size in bytes, like 50M, not \"25MB\"") },
    { S_INIT("[smtp]\nrecipients_max = 0"), S_INIT("etc/p.conf:2: smtp.recipients_max must be at least 1, not \"0\"") },
    { S_INIT("[smtp]\nrecipients_max = "), S_INIT("etc/p.conf:2: smtp.recipients_max wants a whole number, like 100, not \"\"") },
    { S_INIT("[smtp]\nverify = maybe"),   S_INIT("etc/p.conf:2: smtp.verify wants yes or no, not \"maybe\"") },
    { S_INIT("[smtp]\ntls = never"),      S_INIT("etc/p.conf:2: smtp.tls wants one of may, encrypt or verify, not \"never\"") },
    { S_INIT("[smtp]\ntrusted = ::1, 10.0.0.0/40"), S_INIT("etc/p.conf:2: smtp.trusted wants networks, like 127.0.0.0/8, 2001:db8::/32, not \"::1, 10.0.0.0/40\"") },
    { S_INIT("[smtp]\nhostnme = a"),      S_INIT("etc/p.conf:2: there is no setting smtp.hostnme; did you mean hostname?") },
    { S_INIT("[smtp]\nzie_max = 1M"),     S_INIT("etc/p.conf:2: there is no setting smtp.zie_max; did you mean size_max?") },
    { S_INIT("[queue]\ncolour = red"),    S_INIT("etc/p.conf:2: there is no setting queue.colour; [queue] has retry, folder") },
    { S_INIT("\n[smpt]"),                 S_INIT("etc/p.conf:2: there is no section [smpt]; did you mean [smtp]?") },
    { S_INIT("[database]"),               S_INIT("etc/p.conf:1: there is no section [database]; there are [smtp], [queue], [listener]") },
    { S_INIT("[listener]"),               S_INIT("etc/p.conf:1: [listener] needs a name, like [listener main]") },
    { S_INIT("[listener a b]"),           S_INIT("etc/p.conf:1: a section's name is of letters, digits, '-', '_' and '.'") },
    { S_INIT("[smtp mx]"),                S_INIT("etc/p.conf:1: [smtp] takes no name") },
    { S_INIT("[smtp"),                    S_INIT("etc/p.conf:1: a section is written [name], alone on its line") },
    { S_INIT("[smtp]\nverify = no\n\nverify = yes"), S_INIT("etc/p.conf:4: smtp.verify was already given in line 2") },
    { S_INIT("[smtp]\n[queue]\n[smtp]"),  S_INIT("etc/p.conf:3: this section was already begun in line 1") },
    { S_INIT("[listener a]\naddress = [::]:1\n[listener a]"), S_INIT("etc/p.conf:3: this section was already begun in line 1") },
    { S_INIT("[listener a]\naddress = 127.0.0.1"), S_INIT("etc/p.conf:2: listener a.address wants an address with its port, like 127.0.0.1:25 or [::1]:25, not \"127.0.0.1\"") },
    { S_INIT("[listener a]\naddress = 127.0.0.1:99999"), S_INIT("etc/p.conf:2: listener a.address wants an address with its port, like 127.0.0.1:25 or [::1]:25, not \"127.0.0.1:99999\"") },
    { S_INIT("[smtp]\n\n[listener a]\n"), S_INIT("etc/p.conf:3: listener a.address must be given: an address with its port, like 127.0.0.1:25 or [::1]:25") },
    { S_INIT("hostname = a"),             S_INIT("etc/p.conf:1: hostname stands before the first [section]") },
    { S_INIT("[smtp]\nhostname a"),       S_INIT("etc/p.conf:2: a setting is written name = value") },
    { S_INIT("[smtp]\nhostname = \"a"),   S_INIT("etc/p.conf:2: a value that begins with \" ends with one") },
    { S_INIT("[smtp]\nhostname = \"a\" b"), S_INIT("etc/p.conf:2: a value that begins with \" ends with one") },
    { S_INIT("[smtp]\nhostname = a\0b"),  S_INIT("etc/p.conf:2: this line is not text in UTF-8") },
    { S_INIT("[smtp]\nhostname = \xff"),  S_INIT("etc/p.conf:2: this line is not text in UTF-8") },
    { S_INIT("[smtp]\nverify = a\tb\x1b[2J"), S_INIT("etc/p.conf:2: smtp.verify wants yes or no, not \"a?b?[2J\"") },
};
/* clang-format on */

static void errors_say_what_would_be_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        struct config *c = NULL;
        struct buf why = buf_make(4096);
        enum err e =
            config_parse(S("etc/p.conf"), errors[i].text, sections, COUNT_OF(sections), &c, &why);
        if (!str_eq(buf_str(&why), errors[i].why))
            print_error("got  %.*s\nnot  %.*s\n", STR_ARG(buf_str(&why)), STR_ARG(errors[i].why));
        assert_true(str_eq(buf_str(&why), errors[i].why));
        assert_int_equal(e, ERR_SYNTAX);
        assert_null(c);
        buf_free(&why);
    }
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct buf why = buf_make(4096), text = buf_make(2 * CONFIG_FILE_BYTES);
    buf_fill(&text, '\n', CONFIG_FILE_BYTES + 1);
    assert_int_equal(config_parse(S("p"), buf_str(&text), sections, 3, &c, &why), ERR_LIMIT);
    assert_true(str_eq(buf_str(&why), S("p: is too large; at most 262144 bytes are read")));

    buf_reset(&text); /* small text, many structs */
    for (int i = 0; text.n < CONFIG_FILE_BYTES - 100; i++)
        buf_addf(&text, "[listener n%d]\naddress=[::]:1\n", i);
    buf_reset(&why);
    assert_int_equal(config_parse(S("p"), buf_str(&text), sections, 3, &c, &why), ERR_LIMIT);
    buf_free(&text);
    buf_free(&why);
}

/* --- files and printing ----------------------------------------------------------------------- */

static void files_are_loaded(void **state)
{
    (void)state;
    char dir[] = "/tmp/config_test_XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct seam *s = seam_real_new(dir);
    int file = seam_open(s, "p.conf", SEAM_WRITE | SEAM_CREATE);
    struct iovec text = { (void *)"[queue]\nretry = 2h\n", 19 };
    assert_int_equal(seam_pwritev(s, file, &text, 1, 0), 19);
    seam_close(s, file);

    struct config *c = NULL;
    struct buf why = buf_make(4096);
    assert_int_equal(config_load(s, "p.conf", sections, 3, &c, &why), OK);
    assert_int_equal(((const struct queue *)config_section(c, "queue"))->retry_ms, 7200000);
    config_free(c);
    assert_int_equal(config_load(s, NULL, sections, 3, &c, &why), OK);
    config_free(c);
    assert_int_equal(config_load(s, "q.conf", sections, 3, &c, &why), ERR_NOTFOUND);
    assert_true(str_eq(buf_str(&why), S("q.conf: there is no such file")));
    buf_reset(&why);
    assert_int_equal(config_load(s, ".", sections, 3, &c, &why), ERR_DENIED);
    assert_true(str_eq(buf_str(&why), S(".: it is a folder")));
    buf_free(&why);
    seam_unlink(s, "p.conf");
    seam_free(s);
    assert_int_equal(rmdir(dir), 0);
}

/* Every line of a setting or an example without its mark: what the printed file offers. */
static void uncomment(str text, struct buf *out)
{
    for (str line; str_split(&text, '\n', &line);) {
        if (str_starts(line, S("#[listener NAME]"))) continue;
        bool offer = line.n > 1 && line.p[0] == '#' && line.p[1] != ' ';
        if (offer && str_find(line, S("#address =")) == 0 && str_ends(line, S("="))) continue;
        if (offer && str_starts(line, S("#protocol"))) continue;
        buf_add(out, offer ? str_from(line, 1) : line);
        buf_addc(out, '\n');
    }
}

static void the_default_file_can_be_read_again(void **state)
{
    (void)state;
    struct buf text = buf_make(65536), open = buf_make(65536);
    config_print_defaults(sections, COUNT_OF(sections), &text);
    struct config *c = parse(buf_str(&text));
    config_free(c);
    assert_true(
        str_find(buf_str(&text), S("\n# The first gap.\n# Wants a duration, like 15m (from 1s "
                                   "to 30d).\n#retry = 15m\n")) != STR_NPOS);
    assert_true(str_find(buf_str(&text), S("; must be given.\n#address =\n")) != STR_NPOS);
    uncomment(buf_str(&text), &open);
    c = parse(buf_str(&open));
    assert_int_equal(((const struct smtp *)config_section(c, "smtp"))->trusted.n, 2);
    assert_int_equal(config_named_count(c, "listener"), 1);
    config_free(c);
    buf_free(&text);
    buf_free(&open);
}

static void the_man_page_names_every_setting(void **state)
{
    (void)state;
    struct buf text = buf_make(65536);
    config_print_man(sections, COUNT_OF(sections), &text);
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        for (size_t row = 0; row < sections[i]->n; row++)
            assert_true(str_find(buf_str(&text), str_of(sections[i]->rows[row].name)) != STR_NPOS);
    }
    assert_true(str_find(buf_str(&text), S("\n\\&.And a dot, a \\e too.\n")) != STR_NPOS);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_the_defaults),
        cmocka_unit_test(a_file_sets_values),
        cmocka_unit_test(errors_say_what_would_be_right),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(files_are_loaded),
        cmocka_unit_test(the_default_file_can_be_read_again),
        cmocka_unit_test(the_man_page_names_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
