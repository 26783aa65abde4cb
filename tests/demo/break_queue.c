/* break_queue.c - what makes mail wait: a receiver that is down, no DNS, a full mailbox. */
#include <stdio.h>
#include <string.h>

#include "demo/break_int.h"

/* Alice writes to Bob; says so. */
static bool alice_sends(struct demo *d, struct submission *s, unsigned number, bool photo)
{
    struct buf letter = letter_write(number, photo);
    bool taken = submit_letter(d, s, "bob@b.test", buf_str(&letter));
    buf_free(&letter);
    return check(taken, "A8", "Alice sends; a.test has it on its disk: %u %s", s->code, s->text);
}

static bool waits(struct demo *d, const struct submission *s, unsigned attempts)
{
    for (double end = now_s() + DEMO_WAIT_MS / 1000.0; attempts_of(d, s->id) < attempts; nap_ms(50))
        if (now_s() > end) return false;
    say("posthorn queue show %s", s->id);
    quote(str_of(ASK(d->a, "queue", "show", s->id)));
    return true;
}

/* --- receiver-down ---------------------------------------------------------------------------- */

static bool gaps_grow(struct demo *d, const char *id)
{
    long at[3];
    size_t n = 0;
    const char *line = ASK(d->a, "trace", id);
    for (char what[16]; n < 3 && event_of(line, what, &at[n]); line = strchr(line, '\n') + 1)
        n += !strcmp(what, "deferred");
    if (n < 3) return false;
    say("The gaps: %ld ms, then %ld ms. (Here they begin at 1 s; unless set otherwise, at 5 "
        "minutes.)",
        at[1] - at[0], at[2] - at[1]);
    return at[2] - at[1] > at[1] - at[0];
}

/* What an administrator can do with a letter that waits. */
static void orders(struct demo *d, const struct submission *s)
{
    struct submission other;
    chapter("B14", "Meanwhile: hold, release, drop");
    ASK(d->a, "queue", "hold", s->id);
    const char *list = ASK(d->a, "queue", "list");
    quote(str_of(list));
    check(strstr(list, "held by the administrator") != NULL, "B14",
          "held: not tried until it is released");
    check(strstr(ASK(d->a, "queue", "release", s->id), "goes on") != NULL, "B14", "released");
    if (!alice_sends(d, &other, 2, false)) return;
    check(strstr(ASK(d->a, "queue", "drop", other.id), "dropped") != NULL &&
              !strstr(ASK(d->a, "queue", "list"), other.id),
          "B14", "that one is dropped, without a bounce");
}

void break_receiver_down(struct demo *d)
{
    struct submission s;
    promise((const char *const[]){ "mail waits, and is tried again after growing gaps",
                                   "the queue survives even a.test's sudden death",
                                   "when b.test is back the letter arrives exactly once", NULL });
    chapter("B11", "b.test is switched off");
    check(server_stop(d->b) == 0, "B11", "b.test has ended (SIGTERM; it ends cleanly)");
    if (!alice_sends(d, &s, 1, true)) return;
    check(waits(d, &s, 3), "B11 B14", "tried three times, nothing lost, and the queue says why");
    check(!strstr(ASK(d->a, "trace", s.id), "in clear"), "F36",
          "nor does it say how it spoke where nobody answered");
    check(gaps_grow(d, s.id), "B11", "the second gap is longer than the first");
    orders(d, &s);
    chapter("B11", "a.test dies too, and comes back");
    server_kill(d->a);
    server_restart(d->a);
    check(strstr(ASK(d->a, "queue", "list"), s.id) != NULL, "B11",
          "kill -9, restart: the letter is in the queue as before");
    chapter("B11", "b.test is switched on again");
    server_restart(d->b);
    check_arrived_once(d, "B11");
    quote(str_of(ASK(d->a, "trace", s.id)));
}

/* --- no-dns ----------------------------------------------------------------------------------- */

void break_no_dns(struct demo *d)
{
    struct submission s;
    promise((const char *const[]){ "a name server that does not answer says nothing about b.test:",
                                   "mail waits, and no letter bounces for it", NULL });
    chapter("B9 B11", "The name server is gone");
    world_dns_stop(d->world);
    if (!alice_sends(d, &s, 1, false)) return;
    check(waits(d, &s, 1), "B11", "it could not be looked up, so it waits");
    check(messages_of(d, d->a, "alice@a.test") == 0, "B11", "Alice got no bounce");
    chapter("B11", "The name server is back");
    world_dns_start(d->world);
    ASK(d->a, "queue", "retry", s.id);
    check_arrived_once(d, "B11");
    quote(str_of(ASK(d->a, "trace", s.id)));
}

/* --- full ------------------------------------------------------------------------------------- */

static void refused_when_full(struct demo *d)
{
    struct talk t = { 0 };
    bool on = talk_open(&t, d, d->b, PORT_SMTP) && talk_say(&t, "EHLO mail.c.test", "250") &&
              talk_say(&t, "MAIL FROM:<someone@c.test> SIZE=1000000", "250");
    check(on && talk_say(&t, "RCPT TO:<bob@b.test>", "452 4.2.2"), "C16",
          "any server is told so at RCPT, before it sends a byte");
    check(talk_say(&t, "RCPT TO:<carol@b.test>", "250"), "C16",
          "others at b.test are as reachable as ever");
    talk_close(&t);
}

static void too_big(struct demo *d)
{
    struct talk t = { 0 };
    chapter("A6", "A letter of 100 gigabytes");
    bool on = talk_open(&t, d, d->b, PORT_SMTP) && talk_say(&t, "EHLO mail.c.test", "250");
    check(on && talk_say(&t, "MAIL FROM:<someone@c.test> SIZE=100000000000", "552 5.3.4"), "A6",
          "refused before a byte of it is sent");
    talk_close(&t);
}

static bool make_room(struct demo *d)
{
    struct device v = { 0 };
    v.wire.quiet = true;
    bool ok = device_open(&v, d, d->b, "bob@b.test", bob_password, PORT_IMAPS);
    v.wire.quiet = false;
    ok = ok && device_do(&v, "SELECT INBOX") && device_do(&v, "STORE 1 +FLAGS (\\Deleted)") &&
         device_do(&v, "EXPUNGE");
    device_close(&v);
    return ok;
}

void break_full(struct demo *d)
{
    struct submission first, second;
    promise((const char *const[]){
        "a full mailbox is a matter of time: 452, and the sender's server keeps the letter",
        "what cannot fit is refused by the size it announces, before a byte of it is sent",
        "when Bob makes room the letter arrives, once", NULL });
    chapter("C16", "Bob may keep two megabytes");
    quote(str_of(ASK(d->b, "user", "quota", "bob@b.test", "2M")));
    if (!alice_sends(d, &first, 1, true)) return;
    check(inbox_becomes(d, "bob@b.test", 1), "C16", "the first letter, 1.4 megabytes, is in");
    quote(str_of(ASK(d->b, "user", "list")));
    chapter("C16", "Another letter");
    refused_when_full(d);
    if (!alice_sends(d, &second, 2, true)) return;
    check(waits(d, &second, 1) && strstr(ASK(d->a, "queue", "show", second.id), "452 4.2.2"),
          "C16 B14", "it waits at a.test, which knows the reason");
    chapter("C16", "Bob makes room");
    check(make_room(d), "C16", "deleting works in a full box");
    ASK(d->a, "queue", "retry", second.id);
    check_arrived_once(d, "C16");
    too_big(d);
}
