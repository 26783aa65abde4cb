/* devices.c - people's devices at work: what comes is read, flagged, searched, filed and in the end
 * expunged, so that the store does not grow by it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/fail.h"

enum { KEEP = 200, ROUND_MS = 300, ROUNDS_A_CONNECTION = 60, DROP_MAX = 10000 };

struct device {
    char user[32];
    struct chat *c;
    unsigned seed, last_uid, moved, expunged;
};

static void must(struct device *d, char answer, const char *what)
{
    if (answer != 'O') fail_now("%s: %s: %.2000s", d->user, what, d->c->text);
}

/* --- INBOX --------------------------------------------------------------------------------------
 */

/* Reads the numbers of the letters that came, which is what their delivery is judged by. */
static unsigned read_news(struct device *d)
{
    unsigned from = d->last_uid + 1, news = 0;
    must(d, chat_imap(d->c, "UID FETCH %u:* (BODY.PEEK[HEADER.FIELDS (X-Soak)])", from), "FETCH");
    for (const char *at = d->c->text; (at = strstr(at, "FETCH (")); at++) {
        const char *uid = strstr(at, "UID ");
        unsigned u = uid ? (unsigned)strtoul(uid + 4, NULL, 10) : 0;
        if (u < from) continue; /* "n:*" is also the last one, whatever n is (RFC 9051 9) */
        letter_found(letter_id(at));
        if (u > d->last_uid) d->last_uid = u;
        news++;
    }
    if (news) must(d, chat_imap(d->c, "UID STORE %u:* +FLAGS (\\Seen soaked)", from), "STORE");
    return news;
}

static void append_one(struct device *d)
{
    unsigned id;
    size_t n;
    char *text = letter_new(2000 + chance(&d->seed, 30000), &id, &n);
    must(d, chat_append(d->c, "INBOX (\\Draft)", text, n), "APPEND");
    letter_acknowledged(id);
    free(text);
}

static void look_around(struct device *d)
{
    static const char *const looks[] = {
        "SEARCH TEXT \"soak 1\"",
        "SEARCH BODY \"abcdefg\"",
        "SORT (REVERSE DATE) UTF-8 ALL",
        "THREAD REFERENCES UTF-8 ALL",
        "FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)",
        "FETCH * BODY.PEEK[]",
        "LIST \"\" * RETURN (STATUS (MESSAGES UNSEEN))",
    };
    const char *look = looks[chance(&d->seed, sizeof looks / sizeof *looks)];
    /* "*" of an empty mailbox is refused, and rightly. */
    if (chat_imap(d->c, "%s", look) == 0) fail_now("%s: %s: the end", d->user, look);
}

/* --- Archive ------------------------------------------------------------------------------------
 */

static unsigned number_before(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    while (at && at > text && at[-1] != '\n')
        at--;
    return at ? (unsigned)strtoul(at + 2, NULL, 10) : 0;
}

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;
    for (; (text = strstr(text, word)); text++)
        n++;
    return n;
}

static void file_away(struct device *d)
{
    must(d, chat_imap(d->c, "UID MOVE 1:%u Archive", d->last_uid), "MOVE");
    d->moved += count(d->c->text, " EXPUNGE\r\n");
    must(d, chat_imap(d->c, "SELECT Archive"), "SELECT");
    unsigned exists = number_before(d->c->text, " EXISTS");
    if (exists != d->moved - d->expunged)
        fail_now("%s: %u were moved, %u expunged, and %u are there", d->user, d->moved, d->expunged,
                 exists);
    if (exists > KEEP) {
        must(d, chat_imap(d->c, "STORE 1:%u +FLAGS.SILENT (\\Deleted)", exists - KEEP), "STORE");
        must(d, chat_imap(d->c, "EXPUNGE"), "EXPUNGE");
        d->expunged += count(d->c->text, " EXPUNGE\r\n");
    }
    must(d, chat_imap(d->c, "SELECT INBOX"), "SELECT");
}

/* --- a device -----------------------------------------------------------------------------------
 */

static void rounds(struct device *d)
{
    for (int i = 0; i < ROUNDS_A_CONNECTION && !atomic_load(&soak.drained); i++) {
        unsigned news = read_news(d), what = chance(&d->seed, 8);
        if (atomic_load(&soak.over)) {
            usleep(100000);
            continue;
        }
        if (what == 0) append_one(d);
        if (what < 4) look_around(d);
        if (news && i % 8 == 0) file_away(d);
        nap_ms(ROUND_MS);
    }
}

void *imap_device(void *arg)
{
    int number = *(const int *)arg;
    struct device d = { .seed = (unsigned)number + 10 };
    snprintf(d.user, sizeof d.user, "d%d@a.test", number);
    while (!atomic_load(&soak.drained)) {
        d.c = imap_as(d.user, number % 2);
        must(&d, chat_imap(d.c, "SELECT INBOX"), "SELECT");
        rounds(&d);
        chat_imap(d.c, "LOGOUT");
        chat_close(d.c);
    }
    return NULL;
}

/* --- POP3: fetch and delete ---------------------------------------------------------------------
 */

static unsigned fetch_all(struct chat *c, unsigned *ids, const char *user)
{
    unsigned n = 0;
    if (chat_pop3(c, "STAT") == '+') n = (unsigned)strtoul(c->text + 4, NULL, 10);
    if (n > DROP_MAX) n = DROP_MAX;
    for (unsigned i = 0; i < n; i++) {
        if (chat_pop3(c, "RETR %u", i + 1) != '+' || !chat_pop3_lines(c))
            fail_now("%s: RETR: %.200s", user, c->text);
        ids[i] = letter_id(c->text);
        if (chat_pop3(c, "DELE %u", i + 1) != '+') fail_now("%s: DELE: %s", user, c->text);
    }
    return n;
}

void *pop3_device(void *arg)
{
    const struct drop *drop = arg;
    unsigned *ids = calloc(DROP_MAX, sizeof *ids);
    while (!atomic_load(&soak.drained)) {
        struct chat *c = chat_open(server_address(*drop->server), drop->port);
        if (!c || !chat_pop3_login(c, drop->user, "sesame"))
            fail_now("POP3 log-in of %s: %s", drop->user, c ? c->text : "nobody answers");
        unsigned n = fetch_all(c, ids, drop->user);
        if (chat_pop3(c, "QUIT") != '+') fail_now("%s: QUIT: %s", drop->user, c->text);
        for (unsigned i = 0; i < n; i++)
            letter_found(ids[i]);
        chat_close(c);
        usleep(100000);
        nap_ms(1500);
    }
    free(ids);
    return NULL;
}
