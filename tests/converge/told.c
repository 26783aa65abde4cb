/* told.c - reading responses, and keeping what they say. */
#include "converge/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const flag_names[FLAGS_N] = { "\\Seen",     "\\Answered", "\\Flagged",
                                          "\\Deleted",  "\\Draft",    "$Junk",
                                          "$Forwarded", "Red",        "blue" };
const char *const box_names[BOXES] = { "INBOX", "Archive" };
const char *wrong_again = "";
bool tracing;

_Noreturn void wrong(const struct device *d, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("not ok 1 - ");
    vprintf(format, ap);
    va_end(ap);
    printf("\n# device %d, %s%s%s%s, knows %zu messages\n# sent: %.500s\n# heard: %.500s\n# again: "
           "%s\n",
           d->number, d->box < 0 ? "no mailbox" : box_names[d->box],
           d->read_only ? " read-only" : "", d->condstore ? " CONDSTORE" : "",
           d->qresync ? " QRESYNC" : "", d->n, d->sent, d->line, wrong_again);
    fflush(stdout);
    exit(1);
}

/* --- sets ------------------------------------------------------------------------------------- */

bool set_has(const struct set *s, uint32_t number)
{
    for (size_t i = 0; i < s->n; i++)
        if (number >= s->ranges[i][0] && number <= s->ranges[i][1]) return true;
    return false;
}

void set_add(struct set *s, uint32_t from, uint32_t to)
{
    if (s->n == RANGES_MAX) abort();
    s->ranges[s->n][0] = from;
    s->ranges[s->n++][1] = to;
}

const char *set_read(struct set *s, const char *text)
{
    s->n = 0;
    for (;; text++) {
        char *end;
        uint32_t from = (uint32_t)strtoul(text, &end, 10), to = from;
        if (end == text) return text;
        if (*end == ':') to = (uint32_t)strtoul(end + 1, &end, 10);
        set_add(s, from < to ? from : to, from < to ? to : from);
        text = end;
        if (*text != ',') return text;
    }
}

void set_write(const struct set *s, char *text, size_t size)
{
    size_t at = 0;
    *text = '\0';
    for (size_t i = 0; i < s->n && at < size; i++) {
        const char *comma = i ? "," : "";
        if (s->ranges[i][0] == s->ranges[i][1])
            at += (size_t)snprintf(text + at, size - at, "%s%u", comma, s->ranges[i][0]);
        else
            at += (size_t)snprintf(text + at, size - at, "%s%u:%u", comma, s->ranges[i][0],
                                   s->ranges[i][1]);
    }
    if (at >= size) abort();
}

/* --- what is known ---------------------------------------------------------------------------- */

size_t device_find(const struct device *d, uint32_t uid)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->known[i].uid == uid) return i;
    return d->n;
}

bool device_has_unknown(const struct device *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (!d->known[i].uid || !d->known[i].sure) return true;
    return false;
}

static void forget(struct device *d, size_t place)
{
    memmove(&d->known[place], &d->known[place + 1], (--d->n - place) * sizeof *d->known);
}

static void exists(struct device *d, unsigned long n)
{
    if (n < d->n) wrong(d, "EXISTS %lu, though %zu are known", n, d->n);
    if (n > MESSAGES_MAX) wrong(d, "EXISTS %lu", n);
    memset(&d->known[d->n], 0, (n - d->n) * sizeof *d->known);
    /* What has come since would be counted by a HIGHESTMODSEQ, and never told. */
    if (d->merging && d->counted) wrong(d, "EXISTS twice in one answer to SELECT");
    d->counted = true;
    d->n = n;
}

static void expunged(struct device *d, unsigned long n)
{
    if (d->qresync) wrong(d, "EXPUNGE where VANISHED is due");
    if (d->numbers_in_use) wrong(d, "EXPUNGE while numbers are in use");
    if (n < 1 || n > d->n) wrong(d, "EXPUNGE of %lu, and %zu are known", n, d->n);
    forget(d, n - 1);
}

/* One UID that vanished. Of messages whose UID was never told, one in the gap where it lies is
 * gone. */
static void vanished(struct device *d, uint32_t uid)
{
    size_t place = device_find(d, uid);
    bool found = place < d->n;
    for (size_t i = 0; !found && i < d->n && d->known[i].uid < uid; i++) {
        if (d->known[i].uid)
            place = d->n; /* the gap lies behind it */
        else if (place == d->n)
            place = i;
    }
    if (place == d->n) wrong(d, "VANISHED %u, which is not there", uid);
    forget(d, place);
}

static void vanished_earlier(struct device *d, const struct set *uids)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->cache_n; i++)
        if (!set_has(uids, d->cache[i].uid)) d->cache[kept++] = d->cache[i];
    d->cache_n = kept;
}

static void told_vanished(struct device *d, const char *text)
{
    struct set uids;
    bool earlier = strncmp(text, "(EARLIER) ", 10) == 0;
    if (!d->qresync) wrong(d, "VANISHED without QRESYNC");
    set_read(&uids, earlier ? text + 10 : text);
    if (earlier) {
        if (!d->merging) wrong(d, "VANISHED (EARLIER) outside of SELECT");
        vanished_earlier(d, &uids);
        return;
    }
    if (d->merging) wrong(d, "VANISHED in the answer to SELECT");
    if (d->numbers_in_use) wrong(d, "VANISHED while numbers are in use");
    for (size_t i = 0; i < uids.n; i++)
        for (uint32_t uid = uids.ranges[i][0]; uid <= uids.ranges[i][1]; uid++)
            vanished(d, uid);
}

/* --- FETCH ------------------------------------------------------------------------------------ */

static unsigned flags_read(struct device *d, const char **text)
{
    unsigned flags = 0;
    const char *p = *text;
    while (*p && *p != ')') {
        size_t n = strcspn(p, " )"), i = 0;
        while (i < FLAGS_N && (strlen(flag_names[i]) != n || strncasecmp(p, flag_names[i], n)))
            i++;
        if (i == FLAGS_N) wrong(d, "an unknown flag: %.*s", (int)n, p);
        flags |= 1u << i;
        p += n;
        p += *p == ' ';
    }
    *text = p + (*p == ')');
    return flags;
}

struct fetched {
    uint32_t uid;
    unsigned flags;
    uint64_t modseq;
    bool has_flags;
    const char *literal;
    size_t literal_n;
};

static const char *after(const char *p, const char *word)
{
    size_t n = strlen(word);
    return strncmp(p, word, n) == 0 ? p + n : NULL;
}

/* One item of "(UID 3 FLAGS () MODSEQ (7) BODY[TEXT] {n}…)"; what follows it, or NULL. */
static const char *item_read(struct device *d, const char *p, struct fetched *f)
{
    const char *q;
    char *end;
    if ((q = after(p, "UID "))) {
        f->uid = (uint32_t)strtoul(q, &end, 10);
        return end;
    }
    if ((q = after(p, "MODSEQ ("))) {
        f->modseq = strtoull(q, &end, 10);
        return end + 1;
    }
    if ((q = after(p, "FLAGS ("))) {
        f->has_flags = true;
        f->flags = flags_read(d, &q);
        return q;
    }
    if ((q = after(p, "BODY[TEXT] {"))) {
        f->literal_n = strtoul(q, &end, 10);
        f->literal = end + 3; /* "}" CR LF */
        return f->literal + f->literal_n;
    }
    return NULL;
}

static void told_fetch(struct device *d, unsigned long n, const char *text)
{
    struct fetched f = { 0 };
    if (n < 1 || n > d->n) wrong(d, "FETCH of %lu, and %zu are known", n, d->n);
    struct known *k = &d->known[n - 1];
    for (const char *p = text; *p != ')'; p += *p == ' ')
        if (!(p = item_read(d, p, &f))) wrong(d, "cannot read this FETCH");
    if (f.uid && k->uid && f.uid != k->uid) wrong(d, "UID %u of %lu was %u", f.uid, n, k->uid);
    bool asked = strstr(d->sent, "FETCH ") != NULL;
    if (f.has_flags && !asked && d->condstore && !f.modseq) wrong(d, "FLAGS without MODSEQ");
    if (f.has_flags && !asked && d->qresync && !f.uid) wrong(d, "FLAGS without UID");
    if (f.modseq && f.modseq < k->modseq) wrong(d, "MODSEQ of %lu goes back", n);
    if (f.uid) k->uid = f.uid;
    if (f.modseq) k->modseq = f.modseq;
    if (f.has_flags) {
        k->flags = f.flags;
        k->sure = true;
        k->heard_at = d->command;
    }
    for (size_t i = 0; f.uid && i < d->n; i++)
        if (&d->known[i] != k && d->known[i].uid && (d->known[i].uid < f.uid) != (&d->known[i] < k))
            wrong(d, "UIDs do not rise: %u at %lu, %u at %zu", f.uid, n, d->known[i].uid, i + 1);
    if (f.literal && d->message && k->uid) d->message(d, k->uid, f.literal);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void told_code(struct device *d, const char *text)
{
    const char *code = after(text, "["), *end = code ? strchr(code, ']') : NULL, *number;
    if (!end) return;
    if ((number = after(code, "UIDVALIDITY ")))
        d->uidvalidity = (uint32_t)strtoul(number, NULL, 10);
    if ((number = after(code, "UIDNEXT "))) d->uidnext = (uint32_t)strtoul(number, NULL, 10);
    if ((number = after(code, "HIGHESTMODSEQ "))) d->highest_modseq = strtoull(number, NULL, 10);
    if (after(code, "EXPUNGEISSUED") || after(code, "COPYUID ") || after(code, "APPENDUID ") ||
        after(code, "MODIFIED "))
        snprintf(d->code, sizeof d->code, "%.*s", (int)(end - code), code);
}

static const char *const ignored[] = {
    "FLAGS ", "CAPABILITY ", "ENABLED ", "SEARCH", "LIST ", "ID "
};

static void told(struct device *d, const char *text)
{
    const char *p;
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (end > text) {
        if (strcmp(end, " EXISTS") == 0)
            exists(d, n);
        else if (strcmp(end, " EXPUNGE") == 0)
            expunged(d, n);
        else if ((p = after(end, " FETCH (")))
            told_fetch(d, n, p);
        else if (strcmp(end, " RECENT") != 0)
            wrong(d, "an unknown response");
        return;
    }
    if ((p = after(text, "OK "))) {
        told_code(d, p);
        return;
    }
    if ((p = after(text, "VANISHED "))) {
        told_vanished(d, p);
        return;
    }
    if (after(text, "CAPABILITY ")) d->offers_qresync = strstr(text, " QRESYNC") != NULL;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (after(text, ignored[i])) return;
    wrong(d, "an unknown response");
}

/* A whole response into d->line: lines, and the literals between them as they came. */
static void read_response(struct device *d)
{
    size_t at = 0;
    for (;;) {
        const char *line = chat_line(d->c);
        if (!line) wrong(d, "the connection ended, or no answer came");
        at += (size_t)snprintf(d->line + at, sizeof d->line - at, "%s", line);
        if (at >= sizeof d->line) abort();
        const char *brace = strrchr(d->line, '{');
        char *end;
        size_t n = brace ? strtoul(brace + 1, &end, 10) : 0;
        if (!brace || strcmp(end, "}") != 0) break;
        d->c->text_n = 0;
        if (at + n + 2 >= sizeof d->line || !chat_take(d->c, n)) wrong(d, "no literal");
        memcpy(d->line + at, "\r\n", 2);
        memcpy(d->line + at + 2, d->c->text, n);
        at += 2 + n;
        d->line[at] = '\0';
    }
    if (tracing) fprintf(stderr, "%d S: %s\n", d->number, d->line);
}

static void send_line(struct device *d, const char *line)
{
    if (tracing) fprintf(stderr, "%d C: %s\n", d->number, line);
    if (!chat_send(d->c, line, strlen(line)) || !chat_send(d->c, "\r\n", 2))
        wrong(d, "the connection ended");
}

static bool uses_numbers(const char *command)
{
    return strstr(command, " FETCH ") == command || strstr(command, " STORE ") == command ||
           strstr(command, " SEARCH ") == command;
}

static void __attribute__((format(printf, 2, 0)))
send_command(struct device *d, const char *format, va_list ap)
{
    int n = snprintf(d->sent, sizeof d->sent, "t%u ", ++d->c->tag);
    vsnprintf(d->sent + n, sizeof d->sent - (size_t)n, format, ap);
    d->command++;
    d->code[0] = '\0';
    d->numbers_in_use = uses_numbers(d->sent + n - 1);
    send_line(d, d->sent);
}

void device_send(struct device *d, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    send_command(d, format, ap);
    va_end(ap);
}

char device_hear(struct device *d)
{
    char tag[16];
    size_t n = (size_t)snprintf(tag, sizeof tag, "t%u ", d->c->tag);
    for (;;) {
        read_response(d);
        if (strncmp(d->line, tag, n) == 0) break;
        if (strncmp(d->line, "* ", 2) != 0) wrong(d, "an unknown line");
        told(d, d->line + 2);
    }
    d->numbers_in_use = false;
    const char *text = strchr(d->line + n, ' ');
    if (text) told_code(d, text + 1);
    if (!device_has_unknown(d)) d->modseq = d->highest_modseq;
    return d->line[n];
}

void device_do(struct device *d, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    send_command(d, format, ap);
    va_end(ap);
    if (device_hear(d) != 'O') wrong(d, "refused");
}

void device_listen(struct device *d)
{
    while (chat_waits(d->c, 0)) {
        read_response(d);
        if (strncmp(d->line, "* ", 2) != 0) wrong(d, "an unknown line");
        told(d, d->line + 2);
    }
}

void device_idle(struct device *d)
{
    device_send(d, "IDLE");
    for (;;) {
        read_response(d);
        if (d->line[0] == '+') break;
        if (strncmp(d->line, "* ", 2) != 0) wrong(d, "IDLE is refused");
        told(d, d->line + 2);
    }
    d->idling = true;
}

void device_idle_end(struct device *d)
{
    if (!d->idling) return;
    d->idling = false;
    send_line(d, "DONE");
    if (device_hear(d) != 'O') wrong(d, "DONE is refused");
}

void device_ask_unknown(struct device *d)
{
    /* While it is told of some, others may come. */
    for (unsigned turn = 0; device_has_unknown(d); turn++) {
        size_t from = 0, to = d->n;
        while (d->known[from].uid && d->known[from].sure)
            from++;
        while (d->known[to - 1].uid && d->known[to - 1].sure)
            to--;
        if (turn == ASK_MAX) wrong(d, "some stay unknown");
        device_do(d, "FETCH %zu:%zu (UID FLAGS)", from + 1, to);
    }
}
