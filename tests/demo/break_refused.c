/* break_refused.c - what is refused: a recipient who does not exist, and a stranger who wants to
 * relay. */
#include <string.h>

#include "demo/break_int.h"

/* --- unknown-recipient ------------------------------------------------------------------------ */

static void refused_at_once(struct demo *d)
{
    struct talk t = { 0 };
    chapter("C15", "A server from elsewhere asks b.test for nobody@b.test");
    bool ok = talk_open(&t, d, d->b, PORT_SMTP) && talk_say(&t, "EHLO mail.c.test", "250") &&
              talk_say(&t, "MAIL FROM:<someone@c.test>", "250");
    check(
        ok && talk_say(&t, "RCPT TO:<nobody@b.test>", "550 5.1.1"), "C15",
        "550 5.1.1 while the sender's server is on the line: nothing is taken, nothing to bounce");
    talk_close(&t);
}

static void one_of_two(struct demo *d, str letter)
{
    struct submission s = { .user = "alice@a.test",
                            .password = alice_password,
                            .from = "alice@a.test",
                            .rcpts = { "nobody@a.test", "dave@a.test" },
                            .message = letter,
                            .quiet = true };
    chapter("A6", "Alice writes to nobody@a.test and to Dave");
    bool taken = submit(d, d->a, &s);
    check(taken && s.rcpt_codes[0] == 550 && s.rcpt_codes[1] == 250 &&
              inbox_becomes(d, "dave@a.test", 1),
          "A6",
          "her own server knows its people: only the bad one is refused (%u), Dave has the letter",
          s.rcpt_codes[0]);
}

static void read_bounce(struct demo *d)
{
    struct device v = { .wire.quiet = true };
    bool ok = device_open(&v, d, d->a, "alice@a.test", alice_password, PORT_IMAPS) &&
              device_do(&v, "SELECT INBOX") && device_do(&v, "FETCH 1 BODY.PEEK[1]");
    say("What Alice reads:");
    quote(device_literal(&v));
    ok = ok && device_do(&v, "FETCH 1 BODY.PEEK[]");
    str all = device_literal(&v);
    check(ok && str_starts(all, S("Return-Path: <>\r\n")), "B12",
          "it comes from <>, so that nobody can bounce it");
    check(str_ifind(all, S("multipart/report")) != STR_NPOS &&
              str_find(all, S("Status: 5.1.1")) != STR_NPOS &&
              str_find(all, S("nobody@b.test")) != STR_NPOS,
          "B12",
          "a program can read it too: RFC 3464, Status: 5.1.1, who it was, what b.test said");
    check(str_find(all, S("To: Bob <bob@b.test>")) != STR_NPOS &&
              str_find(all, S("Bcc:")) == STR_NPOS,
          "B12", "her letter's own header is in it");
    device_close(&v);
}

static void no_bounce_to_a_bounce(struct demo *d)
{
    struct talk t = { .wire.quiet = true };
    char id[ID_BYTES];
    chapter("B12", "And a bounce that cannot be delivered?");
    ASK(d->a, "alias", "add", "away@a.test", "nobody@b.test");
    bool ok = talk_open(&t, d, d->a, PORT_SMTP) && talk_say(&t, "EHLO mail.c.test", "250") &&
              talk_say(&t, "MAIL FROM:<>", "250") && talk_say(&t, "RCPT TO:<away@a.test>", "250") &&
              talk_say(&t, "DATA", "354") &&
              talk_say(&t, "Subject: Undelivered\r\n\r\nsorry\r\n.", "250");
    id_after(buf_str(&t.reply), "ok, id ", id);
    talk_close(&t);
    say("away@a.test leads to nobody@b.test; a bounce (from <>) comes for it, and b.test refuses "
        "it.");
    ok = ok && trace_becomes(d->a, id, "  bounced ");
    quote(str_of(ASK(d->a, "trace", id)));
    check(ok && queue_is_empty(d->a) && messages_of(d, d->a, "alice@a.test") == 1, "B12",
          "it ends there: no bounce to a bounce");
}

/* The counterpart: who is reached though no account is called so. */
static void who_is_reached(struct demo *d)
{
    struct talk t = { .wire.quiet = true };
    chapter("C16", "Names that are no account's, and still somebody's");
    ASK(d->b, "alias", "add", "info@b.test", "bob@b.test");
    bool on = talk_open(&t, d, d->b, PORT_SMTP) && talk_say(&t, "EHLO mail.c.test", "250") &&
              talk_say(&t, "MAIL FROM:<someone@c.test>", "250");
    check(on && talk_say(&t, "RCPT TO:<bob+shop@b.test>", "250"), "C16",
          "bob+shop@b.test is Bob's");
    check(talk_say(&t, "RCPT TO:<info@b.test>", "250"), "C16", "info@b.test, an alias, is Bob's");
    ASK(d->b, "alias", "add", "@b.test", "carol@b.test");
    check(talk_say(&t, "RCPT TO:<nobody@b.test>", "250"), "C16",
          "with a catch-all, nobody@b.test is Carol's");
    bool sent =
        talk_say(&t, "DATA", "354") && talk_say(&t, "Subject: all of you\r\n\r\nhello\r\n.", "250");
    talk_close(&t);
    check(sent && messages_of(d, d->b, "bob@b.test") == 2 &&
              messages_of(d, d->b, "carol@b.test") == 1,
          "C16", "one letter to all three: Bob and Carol have it, once each");
}

void break_unknown_recipient(struct demo *d)
{
    struct submission s = { .user = "alice@a.test",
                            .password = alice_password,
                            .from = "alice@a.test",
                            .rcpts = { "nobody@b.test", "bob@b.test" },
                            .quiet = true };
    struct buf letter = letter_write(1, false);
    promise((const char *const[]){
        "an unknown recipient is refused during the conversation, not bounced later",
        "of several recipients only the bad one is refused",
        "who asked through his own server gets a bounce he can read", NULL });
    refused_at_once(d);
    one_of_two(d, buf_str(&letter));
    chapter("B12", "Alice writes to nobody@b.test and to Bob");
    s.message = buf_str(&letter);
    bool taken = submit(d, d->a, &s);
    check(taken && inbox_becomes(d, "bob@b.test", 1), "A6",
          "a.test takes it (it cannot know b.test's people); Bob has his");
    if (check(inbox_becomes(d, "alice@a.test", 1), "B12",
              "b.test refused the other; Alice has a bounce"))
        read_bounce(d);
    check(eventually(queue_is_empty, d->a, DEMO_WAIT_MS), "B12", "nothing is left in the queue");
    no_bounce_to_a_bounce(d);
    who_is_reached(d);
    buf_free(&letter);
}

/* --- relay-attempt ---------------------------------------------------------------------------- */

static void stranger(struct demo *d)
{
    static const struct {
        const char *line, *expected, *why;
    } attempts[] = {
        { "RCPT TO:<victim@d.test>", "550 5.7.1", "mail for others is not taken from strangers" },
        { "RCPT TO:<@a.test:victim@d.test>", "550 5.7.1", "a source route does not help" },
        { "RCPT TO:<victim%d.test@a.test>", "550 5.1.1",
          "nor does a percent sign: nobody here is called so" },
        { "RCPT TO:<\"victim@d.test\"@a.test>", "550 5.1.1", "nor do quotes" },
    };
    struct talk t = { 0 };
    chapter("B13", "A stranger on a.test's port for other servers");
    bool on = talk_open(&t, d, d->a, PORT_SMTP) && talk_say(&t, "EHLO spam.example", "250") &&
              talk_say(&t, "MAIL FROM:<alice@a.test>", "250");
    check(on, "", "he may say that he is Alice, here anybody may; it gains him nothing:");
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        check(talk_say(&t, attempts[i].line, attempts[i].expected), "B13", "%s", attempts[i].why);
    check(talk_say(&t, "DATA", "554"), "B13", "without a recipient there is no DATA");
    talk_close(&t);
}

static void without_login(struct demo *d)
{
    struct talk t = { 0 };
    struct submission s = { .user = "alice@a.test", .password = "guess", .quiet = true };
    chapter("A2", "The same on the submission port");
    bool on = talk_open(&t, d, d->a, PORT_SUBMISSION) && talk_say(&t, "EHLO spam.example", "250");
    check(on && talk_say(&t, "MAIL FROM:<alice@a.test>", "530 5.7.0"), "A2", "log in first");
    talk_close(&t);
    double began = now_s();
    submit(d, d->a, &s);
    check(s.code == 535 && !strncmp(s.text, "5.7.8", 5), "A2",
          "with TLS and a guessed password: %u %s  (after %.0f ms)", s.code, s.text,
          (now_s() - began) * 1000);
}

static void as_another(struct demo *d)
{
    struct buf letter = letter_write(1, false);
    struct submission s = { .user = "dave@a.test",
                            .password = alice_password,
                            .from = "alice@a.test",
                            .rcpts = { "bob@b.test" },
                            .message = buf_str(&letter),
                            .quiet = true };
    chapter("A3", "Dave, logged in, wants to write as Alice");
    bool taken = submit(d, d->a, &s);
    check(!taken && s.code == 550 && !strncmp(s.text, "5.7.1", 5), "A3", "in the envelope: %u %s",
          s.code, s.text);
    s.from = "dave@a.test";
    taken = submit(d, d->a, &s);
    check(!taken && s.code == 550 && !strncmp(s.text, "5.7.1", 5), "A3", "in the From line: %u %s",
          s.code, s.text);
    buf_free(&letter);
}

void break_relay_attempt(struct demo *d)
{
    promise((const char *const[]){ "who has not logged in can reach our own people and nobody else",
                                   "who has logged in writes as himself and nobody else", NULL });
    stranger(d);
    without_login(d);
    as_another(d);
    check(queue_is_empty(d->a) && messages_of(d, d->b, "bob@b.test") == 0, "B13",
          "after all this: nothing queued, nothing sent");
}
