/* wire_talk.c - whole exchanges: a command and its answer, in SMTP, IMAP and POP3. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fail.h"
#include "support/wire_int.h"

const char *wire_got(const struct wire *w)
{
    return w->got ? w->got : "";
}

static void forget(struct wire *w)
{
    w->got_n = 0;
}

/* Adds the next line of the answer to what was got; fails the test when none comes. */
static const char *hear(struct wire *w)
{
    size_t n;
    const char *line = wire_line(w, WIRE_PATIENCE_S, &n);
    if (!line)
        fail_now("port %d\n    said: %s\n    got:  %s%s", w->port, w->said, w->got_n ? w->got : "",
                 w->ended ? "(the end)" : "(nothing)");
    if (w->got_n + n + 2 > w->got_cap) {
        w->got_cap = 2 * (w->got_n + n + 2); /* an answer may have ten thousands of lines */
        w->got = realloc(w->got, w->got_cap);
    }
    memcpy(w->got + w->got_n, line, n);
    w->got_n += n;
    w->got[w->got_n++] = '\n';
    w->got[w->got_n] = '\0';
    return line;
}

/* --- SMTP and POP3 ---------------------------------------------------------------------------- */

static int smtp_reply(struct wire *w)
{
    const char *line;
    forget(w);
    do
        line = hear(w);
    while (strlen(line) > 3 && line[3] == '-');
    return (int)strtol(line, NULL, 10);
}

int wire_smtp(struct wire *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (format) wire_vsay(w, format, ap);
    va_end(ap);
    return smtp_reply(w);
}

bool wire_pop3(struct wire *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (format) wire_vsay(w, format, ap);
    va_end(ap);
    forget(w);
    return strncmp(hear(w), "+OK", 3) == 0;
}

/* RFC 5321 4.5.2: a dot that begins a line is doubled. */
static void send_stuffed(struct wire *w, const char *message)
{
    char *text = malloc(strlen(message) * 2 + 8), *to = text;
    for (const char *p = message; *p; p++) {
        if (*p == '.' && (p == message || p[-1] == '\n')) *to++ = '.';
        *to++ = *p;
    }
    memcpy(to, ".\r\n", 3);
    wire_send(w, text, (size_t)(to - text) + 3);
    free(text);
}

int smtp_message(struct wire *w, const char *from, const char *to, const char *message)
{
    int code = wire_smtp(w, "MAIL FROM:<%s>", from);
    if (code == 250) code = wire_smtp(w, "RCPT TO:<%s>", to);
    if (code == 250) code = wire_smtp(w, "DATA");
    if (code != 354) return code;
    send_stuffed(w, message);
    return smtp_reply(w);
}

/* --- IMAP ------------------------------------------------------------------------------------- */

const char *wire_imap(struct wire *w, const char *want, const char *format, ...)
{
    char tag[16], *command = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&command, format, ap) < 0) fail_now("no memory");
    va_end(ap);
    int n = snprintf(tag, sizeof tag, "x%u ", ++w->tag);
    wire_say(w, "%s%s", tag, command);
    forget(w);
    const char *line;
    do
        line = hear(w);
    while (strncmp(line, tag, (size_t)n) != 0);
    if (want && strncmp(line + n, want, strlen(want)) != 0)
        fail_now("said %s\n    wanted %s, got: %s", command, want, line);
    free(command);
    return w->got;
}

int imap_count(struct wire *w, const char *mailbox)
{
    const char *at = strstr(wire_imap(w, "OK", "STATUS %s (MESSAGES)", mailbox), "(MESSAGES ");
    if (!at) fail_now("no count in: %s", w->got);
    return (int)strtol(at + 10, NULL, 10);
}

/* --- logged in -------------------------------------------------------------------------------- */

static struct wire *encrypted(struct server *s, int port, const char *ca)
{
    char host[160];
    struct wire *w = wire_open(server_address(s), port);
    snprintf(host, sizeof host, "mail.%s", server_domain(s));
    wire_tls(w, ca, host);
    return w;
}

struct wire *imap_open(struct server *s, const char *ca, const char *user, const char *password)
{
    struct wire *w = encrypted(s, PORT_IMAPS, ca);
    wire_expect(w, "\\* OK .*");
    wire_imap(w, "OK", "LOGIN %s %s", user, password);
    return w;
}

struct wire *pop3_open(struct server *s, const char *ca, const char *user, const char *password)
{
    struct wire *w = encrypted(s, PORT_POP3S, ca);
    wire_expect(w, "\\+OK .*");
    if (!wire_pop3(w, "USER %s", user) || !wire_pop3(w, "PASS %s", password))
        fail_now("POP3 log-in of %s: %s", user, wire_got(w));
    return w;
}

static size_t base64(const char *from, size_t n, char *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t out = 0;
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned char)from[i] << 16;
        if (i + 1 < n) v |= (unsigned char)from[i + 1] << 8;
        if (i + 2 < n) v |= (unsigned char)from[i + 2];
        for (int k = 0; k < 4; k++)
            to[out++] = i + (size_t)k <= n ? digits[v >> (18 - 6 * k) & 63] : '=';
    }
    to[out] = '\0';
    return out;
}

struct wire *submit_open(struct server *s, const char *ca, const char *user, const char *password)
{
    char plain[256], encoded[400];
    struct wire *w = encrypted(s, PORT_SUBMISSIONS, ca);
    int n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, user, 0, password);
    base64(plain, (size_t)n, encoded);
    if (wire_smtp(w, NULL) != 220 || wire_smtp(w, "EHLO client.test") != 250 ||
        wire_smtp(w, "AUTH PLAIN %s", encoded) != 235)
        fail_now("submission as %s: %s", user, wire_got(w));
    return w;
}
