/* journey_end.c - the story's end: POP3 takes the letter away, and the servers tell all of it. */
#include <stdio.h>
#include <string.h>

#include "demo/journey.h"
#include "demo/letter.h"

/* --- 8: POP3 ---------------------------------------------------------------------------------- */

struct till {
    struct pop3_client *pop3;
    struct wire wire;
    struct buf body;
    str text;
};

static bool till_open(struct till *t, struct demo *d)
{
    struct client_options o = { .to = address_of(d, d->b, PORT_POP3),
                                .host = S("mail.b.test"),
                                .tls = CLIENT_STARTTLS,
                                .tls_client = d->tls,
                                .connect_ms = DEMO_WAIT_MS,
                                .command_ms = DEMO_WAIT_MS,
                                .trace = wire_trace,
                                .trace_arg = &t->wire };
    t->body = buf_make(4 * PHOTO_BYTES);
    if (pop3_client_open(&o, &d->arena, &t->pop3)) {
        t->pop3 = NULL;
        return false;
    }
    return !pop3_client_login(t->pop3, S("bob@b.test"), str_of(bob_password), &t->text);
}

static bool till_do(struct till *t, const char *command, bool lines)
{
    if (!t->pop3) return false;
    buf_reset(&t->body);
    enum err e = pop3_client_command(t->pop3, str_of(command), lines ? &t->body : NULL, &t->text);
    conn_write(pop3_client_conn(t->pop3), (str){ 0 }); /* shows the last line now */
    wire_end(&t->wire);
    return !e;
}

static void till_close(struct till *t)
{
    if (t->pop3) pop3_client_close(t->pop3, false);
    t->pop3 = NULL;
    wire_end(&t->wire);
    buf_free(&t->body);
}

/* The connection breaks after DELE, before QUIT. uidl: what the letter is called. */
static void cut(struct demo *d, struct buf *uidl)
{
    struct till t = { .wire.quiet = true };
    bool marked = till_open(&t, d) && till_do(&t, "UIDL", true);
    buf_add(uidl, buf_str(&t.body));
    marked = marked && till_do(&t, "DELE 1", false);
    till_close(&t);
    nap_ms(50);
    check(marked && messages_of(d, d->b, "bob@b.test") == 1, "E32",
          "a first try broke off after DELE, before QUIT: nothing was deleted");
}

static void second_login(struct demo *d)
{
    struct till t = { .wire.quiet = true };
    bool in = till_open(&t, d);
    check(!in && str_find(t.text, S("[IN-USE]")) != STR_NPOS, "E34",
          "a second POP3 log-in meanwhile is told:  -ERR %.*s", STR_ARG(t.text));
    till_close(&t);
}

bool journey_pop3(struct journey *j)
{
    struct demo *d = j->demo;
    struct till t = { 0 };
    chapter("E32 E34 E35", "Bob's old PC takes the letter home: POP3, STLS");
    struct buf uidl = buf_make(4096);
    cut(d, &uidl);
    bool ok = till_open(&t, d) && till_do(&t, "STAT", false) && till_do(&t, "UIDL", true);
    check(ok && uidl.n && str_eq(buf_str(&t.body), buf_str(&uidl)), "E33",
          "UIDL is what it was in the session before: \"leave on server\" works");
    buf_free(&uidl);
    ok = ok && till_do(&t, "TOP 1 1", true);
    check(ok && str_find(buf_str(&t.body), S("--outer")) != STR_NPOS && t.body.n < 4096, "E33",
          "TOP looks ahead: %zu bytes", t.body.n);
    ok = ok && till_do(&t, "RETR 1", true);
    check(ok && str_eq(letter_body(buf_str(&t.body)), letter_body(buf_str(&j->letter))) &&
              t.body.n == j->letter_bytes,
          "E32", "the PC has all %zu bytes; it is the mail that IMAP showed", t.body.n);
    second_login(d);
    device_news_reset(&j->phone);
    ok = ok && till_do(&t, "DELE 1", false);
    nap_ms(30);
    check(ok && j->phone.news.n == 0, "E32",
          "after DELE it is still in the inbox; QUIT makes it true:");
    double began = now_s();
    ok = ok && till_do(&t, "QUIT", false);
    bool heard = device_hears(&j->phone, "EXPUNGE", 2000);
    j->gone_s = j->phone.news_at_s - began;
    till_close(&t);
    check(heard && j->gone_s < 1, "E34", "the phone heard  S: * 1 EXPUNGE  %.0f ms after QUIT",
          j->gone_s * 1000);
    return check(ok && messages_of(d, d->b, "bob@b.test") == 0, "E32", "and the inbox is empty");
}

/* --- 9: the trace ----------------------------------------------------------------------------- */

/* The milliseconds of the day of the first event of that name; -1: none. */
static long event_ms(const char *trace, const char *name)
{
    char what[16];
    long ms;
    for (; event_of(trace, what, &ms); trace = strchr(trace, '\n') + 1)
        if (!strcmp(what, name)) return ms;
    return -1;
}

bool journey_trace(struct journey *j)
{
    struct demo *d = j->demo;
    chapter("F36", "Ask for the whole journey, any time later");
    const char *trace = ASK(d->a, "trace", j->submission.id);
    long received = event_ms(trace, "received"), delivered = event_ms(trace, "delivered");
    say("posthorn trace %s   at a.test", j->submission.id);
    quote(str_of(trace));
    check(received >= 0 && delivered >= received, "F36", "a.test: received, queued, delivered");
    trace = ASK(d->b, "trace", j->id_b);
    long received_b = event_ms(trace, "received"), filed = event_ms(trace, "filed"),
         seen = event_ms(trace, "seen"), deleted = event_ms(trace, "deleted"),
         fetched = event_ms(trace, "fetched");
    say("posthorn trace %s   at b.test", j->id_b);
    quote(str_of(trace));
    check(received_b >= 0 && filed >= 0 && seen >= filed && fetched >= seen && deleted >= fetched,
          "F36", "b.test: received, filed, seen, fetched over POP3, deleted");
    say("How long each hop took:");
    say("   %5d ms   Alice's client to a.test, connecting, TLS, log-in, %zu bytes, 250",
        j->hop_ms[0], j->letter.n);
    say("   %5ld ms   a.test: stored, MX looked up, to b.test over TLS, b.test's 250 recorded",
        delivered - received);
    say("   %5.0f ms   from Alice's 250 until Bob's phone rang", j->relayed_s * 1000);
    say("   %5.0f ms   from the laptop's \\Seen until the phone showed it", j->seen_s * 1000);
    say("   %5.0f ms   from POP3's QUIT until the phone saw it go", j->gone_s * 1000);
    return true;
}
