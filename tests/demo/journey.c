/* journey.c - the story from Alice's click to the bell on Bob's phone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/journey.h"
#include "demo/letter.h"

void journey_tell(struct demo *d)
{
    static bool (*const chapters[])(struct journey *) = {
        journey_stage,   journey_submit, journey_relay,  journey_sent, journey_list,  journey_open,
        journey_in_step, journey_tidy,   journey_copies, journey_pop3, journey_trace,
    };
    struct journey j = { .demo = d };
    bool on = true;
    for (size_t i = 0; i < sizeof chapters / sizeof *chapters && on; i++)
        on = chapters[i](&j);
    if (!on) check(false, "", "the story could be told to its end");
    check(!story_leaked(), "A2", "no password was in any line shown above");
    j.laptop.wire.quiet = true;
    device_close(&j.phone);
    device_close(&j.laptop);
    buf_free(&j.letter);
}

/* --- 1: the stage ----------------------------------------------------------------------------- */

static void show_zone(struct demo *d)
{
    char path[512];
    snprintf(path, sizeof path, "%s/dns/zones/b.test.zone", world_dir(d->world));
    char *zone = file_read(path, NULL);
    str rest = str_of(zone), line;
    while (str_split(&rest, '\n', &line))
        if (str_starts(line, S("@ IN MX")) || str_starts(line, S("mail IN A")))
            say("    b.test zone:  %.*s", STR_ARG(line));
    free(zone);
}

bool journey_stage(struct journey *j)
{
    struct demo *d = j->demo;
    char dns[16];
    chapter("A2 B9", "The stage");
    say("Two complete mail servers, both this program, each with its own folder of data:");
    say("    a.test  on %s   alice@a.test, dave@a.test", server_address(d->a));
    say("    b.test  on %s   bob@b.test, carol@b.test", server_address(d->b));
    say("A name server (nsd) on %s answers for both; certificates are from a CA made just now.",
        world_address(d->world, 1, dns));
    show_zone(d);
    say("Bob's phone is on his desk. It has his inbox open (IMAP, TLS) and listens with IDLE.");
    bool on = device_open(&j->phone, d, d->b, "bob@b.test", bob_password, PORT_IMAPS);
    on = on && device_do(&j->phone, "SELECT INBOX");
    return check(on && device_listen(&j->phone), "D21", "the phone listens; the inbox is empty");
}

/* --- 2: Alice sends --------------------------------------------------------------------------- */

static bool clear_text(struct demo *d)
{
    struct talk t = { .wire.quiet = true };
    bool ok = talk_open(&t, d, d->a, PORT_SUBMISSION) && talk_say(&t, "EHLO laptop", "250") &&
              str_find(buf_str(&t.reply), S("AUTH")) == STR_NPOS &&
              str_find(buf_str(&t.reply), S("STARTTLS")) != STR_NPOS &&
              talk_say(&t, "AUTH PLAIN AGFsaWNlAHg=", "5");
    talk_close(&t);
    return ok;
}

static void refused_logins(struct demo *d)
{
    struct submission s = { .user = "alice@a.test", .password = "guess", .quiet = true };
    submit(d, d->a, &s);
    check(s.code == 535, "A2", "a guessed password is refused:  535 %s", s.text);
    check(clear_text(d), "A2",
          "without TLS, AUTH is neither offered nor accepted: no password in clear");
}

bool journey_submit(struct journey *j)
{
    struct demo *d = j->demo;
    chapter("A2 A4 A5 A8", "Alice sends: her mail client to a.test, submission port, STARTTLS");
    j->letter = letter_write(0, true);
    refused_logins(d);
    say("To Bob, Cc Carol (both at b.test), Bcc Dave (at a.test). Text and HTML with accents and");
    say("emoji, and a photo of %d bytes: %zu bytes in all.", PHOTO_BYTES, j->letter.n);
    say("What went over the wire, inside TLS from STARTTLS on; C is her client, S is a.test:");
    j->submission = (struct submission){ .user = "alice@a.test",
                                         .password = alice_password,
                                         .from = "alice@a.test",
                                         .rcpts = { "bob@b.test", "carol@b.test", "dave@a.test" },
                                         .message = buf_str(&j->letter) };
    bool taken = submit(d, d->a, &j->submission);
    check(taken && j->submission.code == 250, "A8",
          "a.test answered %u: the letter is on its disk; its id there is %s", j->submission.code,
          j->submission.id);
    j->hop_ms[0] = (int)((j->submission.answered_s - j->submission.began_s) * 1000);
    if (!taken || !*j->submission.id) return false;
    return true;
}

/* --- 3: a.test to b.test ---------------------------------------------------------------------- */

struct asking {
    struct server *server;
    const char *id, *word;
};

static bool trace_has(void *arg)
{
    struct asking *q = arg;
    return strstr(ASK(q->server, "trace", q->id), q->word) != NULL;
}

bool journey_relay(struct journey *j)
{
    struct demo *d = j->demo;
    struct asking delivered = { d->a, j->submission.id, "  delivered " };
    chapter("B9 B10 C20 D21", "a.test carries it to b.test: DNS, MX, SMTP");
    bool rang = device_hears(&j->phone, "EXISTS", DEMO_WAIT_MS);
    j->relayed_s = j->phone.news_at_s - j->submission.answered_s;
    bool done = eventually(trace_has, &delivered, DEMO_WAIT_MS);
    str trace = str_of(ASK(d->a, "trace", j->submission.id));
    say("What a.test wrote down (`posthorn trace %s`):", j->submission.id);
    quote(trace);
    id_after(str_from(trace, str_find(trace, S("  delivered "))), "ok, id ", j->id_b);
    check(done && str_find(trace, S("mail.b.test")) != STR_NPOS, "B9",
          "the MX record led to mail.b.test");
    check(str_find(trace, S("TLSv1.3")) != STR_NPOS, "B10", "STARTTLS was offered and used");
    check(str_find(trace, S("  filed ")) != STR_NPOS, "B9", "Dave, who is local, had it at once");
    if (!check(*j->id_b, "C20",
               "b.test answered 250 to a.test after storing it; its id there is %s", j->id_b))
        return false;
    say("What b.test wrote down:");
    quote(str_of(ASK(d->b, "trace", j->id_b)));
    check(strstr(ASK(d->b, "trace", j->id_b), "filed") != NULL, "C20",
          "one conversation, filed for Bob and Carol");
    check(strstr(ASK(d->b, "check"), " 1 bodies") != NULL, "C20",
          "on b.test's disk the letter's bytes are there once, for both");
    check(rang && j->relayed_s < 1, "D21",
          "Bob's phone rang %.0f ms after Alice's 250:  S: * 1 EXISTS", j->relayed_s * 1000);
    return rang;
}
