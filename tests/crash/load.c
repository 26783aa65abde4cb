/* load.c - clients who work until the server is killed under them: what they do, by chance. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crash/load.h"
#include "support/fail.h"

static unsigned chance(struct load *o, unsigned below)
{
    o->seed = o->seed * 1664525 + 1013904223;
    return (o->seed >> 8) % below;
}

static size_t size_by_chance(struct load *o)
{
    static const size_t large[] = { 1048576, 1048576, 262100, 262200, 131072, 900 };
    if (o->large) return large[chance(o, 6)] + chance(o, 200);
    return chance(o, 8) ? 100 + chance(o, 6000) : 20000 + chance(o, 100000);
}

/* "Later" in the protocol's words: 4xx, NO with a code that says so, -ERR [SYS/TEMP]. */
static bool is_later(const char *text)
{
    const char *no = strstr(text, " NO [");
    return text[0] == '4' || strncmp(text, "-ERR [SYS/TEMP]", 15) == 0 ||
           strstr(text, "* BYE [UNAVAILABLE]") ||
           (no && (strncmp(no + 5, "UNAVAILABLE]", 12) == 0 || strncmp(no + 5, "INUSE]", 6) == 0 ||
                   strncmp(no + 5, "LIMIT]", 6) == 0));
}

/* Is the answer the one wanted? False: the server is gone, or it refused, which it may only while
 * its machine is in trouble; then nothing of the deed has happened. */
static bool answered(const struct load *o, const struct chat *c, bool ok, const char *what,
                     unsigned deed)
{
    if (ok || c->dead) return ok;
    if (!o->refusals || !is_later(c->text)) fail_now("%s was refused: %s", what, c->text);
    if (deed) deed_refused(o->ledger, deed);
    return false;
}

static bool stopped(const struct load *o)
{
    return o->stop && *o->stop;
}

/* --- SMTP: to one, two or three users at once */

static bool send_letter(struct load *o, struct chat *c)
{
    struct letter t = ledger_letter(o->ledger, size_by_chance(o));
    unsigned first = chance(o, USERS), n = 1 + chance(o, 3), deed = deed_begin(o->ledger);
    if (!answered(o, c, chat_smtp(c, "MAIL FROM:<ann@c.test>") == 250, "MAIL", 0)) return false;
    for (unsigned i = 0; i < n; i++)
        if (!answered(o, c, chat_smtp(c, "RCPT TO:<u%u@b.test>", (first + i) % USERS) == 250,
                      "RCPT", 0))
            return false;
    for (unsigned i = 0; i < n; i++)
        deed_brings(o->ledger, deed, t, (int)((first + i) % USERS), INBOX, 0);
    size_t size;
    char *bytes = letter_bytes(t, &size);
    bool ok;
    if (chance(o, 3)) {
        ok = answered(o, c, chat_smtp(c, "DATA") == 354, "DATA", deed) &&
             answered(o, c, chat_data(c, bytes, size) == 250, "the message", deed);
    } else {
        chat_say(c, "BDAT %zu LAST", size);
        chat_send(c, bytes, size);
        ok = answered(o, c, chat_smtp_reply(c) == 250, "BDAT", deed);
    }
    free(bytes);
    if (ok) deed_done(o->ledger, deed);
    return ok;
}

static void sender(struct load *o)
{
    struct chat *c = chat_open(o->address, PORT_SMTP);
    if (c && chat_smtp_reply(c) == 220 && chat_smtp(c, "EHLO c.test") == 250)
        while (!stopped(o) && send_letter(o, c)) {}
    chat_close(c);
}

/* --- submission: to a user elsewhere, and now and then to one here in the same letter */

static bool submit_letter(struct load *o, struct chat *c)
{
    struct letter t = ledger_letter(o->ledger, size_by_chance(o));
    unsigned here = chance(o, USERS), deed = deed_begin(o->ledger);
    bool both = chance(o, 2);
    if (!answered(o, c, chat_smtp(c, "MAIL FROM:<u0@b.test>") == 250, "MAIL", 0) ||
        !answered(o, c, chat_smtp(c, "RCPT TO:<sink@c.test>") == 250, "RCPT", 0) ||
        (both && !answered(o, c, chat_smtp(c, "RCPT TO:<u%u@b.test>", here) == 250, "RCPT", 0)) ||
        !answered(o, c, chat_smtp(c, "DATA") == 354, "DATA", 0))
        return false;
    if (both) deed_brings(o->ledger, deed, t, (int)here, INBOX, 0);
    size_t size;
    char *bytes = letter_bytes(t, &size);
    bool ok = answered(o, c, chat_data(c, bytes, size) == 250, "the message", deed);
    free(bytes);
    if (!ok) return false;
    deed_done(o->ledger, deed);
    outgoing_add(o->outgoing, t);
    return true;
}

static void submitter(struct load *o)
{
    if (!o->outgoing) return;
    struct chat *c = chat_open(o->address, PORT_SUBMIT_CLEAR);
    if (c && chat_smtp_reply(c) == 220 && chat_smtp(c, "EHLO c.test") == 250 &&
        chat_smtp(c, "AUTH PLAIN AHUwQGIudGVzdABzZXNhbWU=") == 235)
        while (!stopped(o) && submit_letter(o, c)) {}
    chat_close(c);
}

/* In the middle of DATA until the end: it must never be seen. */
static void halfway(struct load *o)
{
    struct letter t = ledger_letter(o->ledger, o->large ? 1048576 : 3000);
    struct chat *c = chat_open(o->address, PORT_SMTP);
    size_t size;
    char *bytes = letter_bytes(t, &size);
    if (c && chat_smtp_reply(c) == 220 && chat_smtp(c, "EHLO c.test") == 250 &&
        chat_smtp(c, "MAIL FROM:<ann@c.test>") == 250 &&
        chat_smtp(c, "RCPT TO:<u0@b.test>") == 250 && chat_smtp(c, "DATA") == 354) {
        chat_send(c, bytes, size / 2);
        while (!stopped(o) && !chat_waits(c, 20)) {}
        if (!stopped(o) && chat_line(c) && !o->refusals)
            fail_now("an answer in the middle of DATA");
    }
    free(bytes);
    chat_close(c);
}

/* --- IMAP: one user's client at work */

struct chat *load_imap(const char *address, int user)
{
    char name[32];
    struct chat *c = chat_open(address, PORT_IMAP_CLEAR);
    snprintf(name, sizeof name, "u%d@b.test", user);
    if (c && chat_imap_login(c, name, PASSWORD)) return c;
    chat_close(c);
    return NULL;
}

static void set_text(const struct known *k, int n, char *text, size_t size)
{
    size_t at = 0;
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%u", i ? "," : "", k[i].uid);
}

/* The numbers of a set like "1,4:6". */
static int set_numbers(const char **text, unsigned *out, int max)
{
    int n = 0;
    for (;;) {
        char *end;
        unsigned from = (unsigned)strtoul(*text, &end, 10), to = from;
        if (*end == ':') to = (unsigned)strtoul(end + 1, &end, 10);
        for (; from <= to && n < max; from++)
            out[n++] = from;
        *text = end;
        if (**text != ',') return n;
        ++*text;
    }
}

static bool append(struct load *o, struct chat *c, int user)
{
    struct letter t = ledger_letter(o->ledger, size_by_chance(o));
    unsigned deed = deed_begin(o->ledger), seen = chance(o, 2) ? SEEN : 0, uidvalidity, uid;
    int copy = deed_brings(o->ledger, deed, t, user, WORK, seen);
    size_t size;
    char *bytes = letter_bytes(t, &size);
    bool ok = answered(o, c, chat_append(c, seen ? "Work (\\Seen)" : "Work", bytes, size) == 'O',
                       "APPEND", deed);
    free(bytes);
    if (!ok) return false;
    const char *at = strstr(c->text, "[APPENDUID ");
    if (!at || sscanf(at, "[APPENDUID %u %u]", &uidvalidity, &uid) != 2)
        fail_now("no APPENDUID: %s", c->text);
    deed_uid(o->ledger, copy, uid, uidvalidity);
    deed_done(o->ledger, deed);
    return true;
}

static bool flag(struct load *o, struct chat *c, int user, enum box box)
{
    static const struct {
        const char *words;
        unsigned set;
    } some[] = { { "\\Seen", SEEN },
                 { "\\Flagged Kept", FLAGGED | KEPT },
                 { "\\Answered", ANSWERED },
                 { "Kept", KEPT } };
    struct known k[SET_MAX];
    char set[SET_MAX * 11];
    int n = ledger_pick(o->ledger, user, box, 1 + (int)chance(o, 5), chance(o, 1 << 20), k);
    unsigned which = chance(o, 4), how = chance(o, 3), deed = deed_begin(o->ledger);
    if (n == 0) return true;
    for (int i = 0; i < n; i++) {
        unsigned now = how == 0   ? k[i].flags | some[which].set
                       : how == 1 ? k[i].flags & ~some[which].set
                                  : some[which].set;
        deed_flags(o->ledger, deed, k[i].copy, now);
    }
    set_text(k, n, set, sizeof set);
    if (!answered(o, c,
                  chat_imap(c, "UID STORE %s %sFLAGS (%s)", set,
                            how == 0   ? "+"
                            : how == 1 ? "-"
                                       : "",
                            some[which].words) == 'O',
                  "STORE", deed))
        return false;
    deed_done(o->ledger, deed);
    return true;
}

static bool copy_or_move(struct load *o, struct chat *c, int user, enum box box)
{
    struct known k[SET_MAX];
    int brought[SET_MAX];
    unsigned from[SET_MAX], to[SET_MAX], uidvalidity;
    char set[SET_MAX * 11];
    bool move = chance(o, 2);
    enum box target = move ? MOVED : COPIES;
    int n = ledger_pick(o->ledger, user, box, 1 + (int)chance(o, 5), chance(o, 1 << 20), k), at = 0;
    unsigned deed = deed_begin(o->ledger);
    if (n == 0) return true;
    for (int i = 0; i < n; i++) {
        brought[i] = deed_brings(o->ledger, deed, k[i].letter, user, target, k[i].flags);
        if (move) deed_takes(o->ledger, deed, k[i].copy);
    }
    set_text(k, n, set, sizeof set);
    if (!answered(o, c,
                  chat_imap(c, "UID %s %s %s", move ? "MOVE" : "COPY", set, box_names[target]) ==
                      'O',
                  move ? "MOVE" : "COPY", deed))
        return false;
    const char *code = strstr(c->text, "[COPYUID ");
    if (!code || sscanf(code, "[COPYUID %u %n", &uidvalidity, &at) != 1)
        fail_now("no COPYUID: %s", c->text);
    code += at;
    int m = set_numbers(&code, from, SET_MAX);
    code++;
    if (m != n || set_numbers(&code, to, SET_MAX) != n)
        fail_now("COPYUID of %d messages: %s", n, c->text);
    for (int i = 0; i < n; i++)
        deed_uid(o->ledger, brought[i], to[i], uidvalidity);
    deed_done(o->ledger, deed);
    return true;
}

static bool expunge(const struct load *o, struct chat *c, const struct known *k, int n)
{
    struct ledger *l = o->ledger;
    char set[SET_MAX * 11];
    unsigned deed = deed_begin(l);
    set_text(k, n, set, sizeof set);
    for (int i = 0; i < n; i++)
        deed_flags(l, deed, k[i].copy, k[i].flags | DELETED);
    if (!answered(o, c, chat_imap(c, "UID STORE %s +FLAGS.SILENT (\\Deleted)", set) == 'O', "STORE",
                  deed))
        return false;
    deed_done(l, deed);
    deed = deed_begin(l);
    for (int i = 0; i < n; i++)
        deed_takes(l, deed, k[i].copy);
    if (!answered(o, c, chat_imap(c, "UID EXPUNGE %s", set) == 'O', "EXPUNGE", deed)) return false;
    deed_done(l, deed);
    return true;
}

static bool expunge_some(struct load *o, struct chat *c, int user, enum box box)
{
    struct known k[SET_MAX];
    int n = ledger_pick(o->ledger, user, box, 1 + (int)chance(o, 4), chance(o, 1 << 20), k);
    return n == 0 || expunge(o, c, k, n);
}

/* A mailbox that comes and goes, with mail in it: its rows are taken away later, by bits. */
static bool passing_mailbox(struct load *o, struct chat *c)
{
    unsigned name = ledger_letter(o->ledger, 0).token;
    return answered(o, c, chat_imap(c, "CREATE Passing-%u", name) == 'O', "CREATE", 0) &&
           answered(o, c, chat_imap(c, "COPY 1:* Passing-%u", name) != 'B', "COPY", 0) &&
           answered(o, c, chat_imap(c, "DELETE Passing-%u", name) == 'O', "DELETE", 0);
}

static void client(struct load *o, int user)
{
    struct chat *c = load_imap(o->address, user);
    bool going = c != NULL;
    while (going && !stopped(o)) {
        enum box box = chance(o, 3) ? WORK : INBOX;
        going = answered(o, c, chat_imap(c, "SELECT %s", box_names[box]) == 'O', "SELECT", 0);
        for (unsigned n = 3 + chance(o, 10); going && n > 0 && !stopped(o); n--)
            switch (chance(o, 13)) {
            case 0:
            case 1:
            case 2:
            case 3: going = append(o, c, user); break;
            case 4:
            case 5: going = expunge_some(o, c, user, box); break;
            case 6:
            case 7: going = copy_or_move(o, c, user, box); break;
            case 8: going = passing_mailbox(o, c); break;
            default: going = flag(o, c, user, box);
            }
    }
    chat_close(c);
}

void load_tidy(struct ledger *l, struct chat *c, int user, enum box box, int keep)
{
    struct known k[SET_MAX];
    const struct load o = { .ledger = l };
    if (!answered(&o, c, chat_imap(c, "SELECT %s", box_names[box]) == 'O', "SELECT", 0))
        fail_now("SELECT");
    for (int n; (n = ledger_pick(l, user, box, SET_MAX, 0, k)) > keep;)
        if (!expunge(&o, c, k, n - keep)) fail_now("the server went while nobody killed it");
}

/* --- POP3: downloads some, deletes them, QUIT */

static bool take_some(struct load *o, struct chat *c, int user)
{
    unsigned deed = deed_begin(o->ledger);
    int n, taken = 0;
    if (!answered(o, c, chat_pop3(c, "STAT") == '+', "STAT", 0) ||
        sscanf(c->text, "+OK %d", &n) != 1)
        return false;
    for (int i = 1; i <= n && i <= 5; i++) {
        if (!answered(o, c, chat_pop3(c, "RETR %d", i) == '+', "RETR", deed) || !chat_pop3_lines(c))
            return false;
        int copy = ledger_find(o->ledger, user, INBOX, letter_of(c->text, c->text_n).token);
        if (copy < 0) continue; /* its sender has not heard the 250 yet */
        if (!answered(o, c, chat_pop3(c, "DELE %d", i) == '+', "DELE", deed)) return false;
        /* A cut connection deletes nothing, so the deed begins with QUIT; nobody else takes it. */
        deed_takes(o->ledger, deed, copy);
        taken++;
    }
    if (!answered(o, c, chat_pop3(c, "QUIT") == '+', "QUIT", deed)) return false;
    if (taken)
        deed_done(o->ledger, deed);
    else
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    return true;
}

static void downloader(struct load *o, int user)
{
    char name[32];
    snprintf(name, sizeof name, "u%d@b.test", user);
    for (bool going = true; going && !stopped(o);) {
        struct chat *c = chat_open(o->address, PORT_POP3_CLEAR);
        going = c && chat_pop3_login(c, name, PASSWORD) && take_some(o, c, user);
        chat_close(c);
    }
}

static void run_once(struct load *o)
{
    switch (o->worker) {
    case 0: client(o, 0); break;
    case 1: client(o, 1); break;
    case 2: downloader(o, 3); break;
    case 3: halfway(o); break;
    case 4: submitter(o); break;
    default: sender(o);
    }
}

void *load_run(void *arg)
{
    struct load *o = arg;
    run_once(o);
    while (o->refusals && !stopped(o)) { /* as a client does: again, a little later */
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
        run_once(o);
    }
    return NULL;
}
