/* journey_read.c - the story at Bob's: the list, the text, two devices in step, POP3, the trace. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "demo/journey.h"
#include "demo/letter.h"

/* --- 4: the list ------------------------------------------------------------------------------ */

bool journey_list(struct journey *j)
{
    struct demo *d = j->demo;
    chapter("D22", "Bob's laptop lists the inbox: IMAP, STARTTLS");
    if (!device_open(&j->laptop, d, d->b, "bob@b.test", bob_password, PORT_IMAP)) return false;
    if (!device_do(&j->laptop, "SELECT INBOX") ||
        !device_do(&j->laptop, "FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)"))
        return false;
    str heard = buf_str(&j->laptop.heard);
    size_t at = str_find(heard, S("RFC822.SIZE "));
    uint64_t size = 0;
    str number = str_from(heard, at == STR_NPOS ? heard.n : at + 12);
    if (!str_u64(str_take(number, str_chr(number, ' ')), UINT32_MAX, &size)) size = 0;
    j->letter_bytes = size;
    j->list_bytes = conn_bytes_in(imap_client_conn(j->laptop.imap));
    check(str_find(heard, S("\"image\" \"jpeg\"")) != STR_NPOS ||
              str_ifind(heard, S("see.jpg")) != STR_NPOS,
          "D22", "sender, subject, date, size and the attachment's name are there");
    return check(
        size > PHOTO_BYTES && j->list_bytes < 8192, "D22",
        "for that the laptop has read %llu bytes of IMAP, log-in and all; the letter has %llu",
        (unsigned long long)j->list_bytes, (unsigned long long)size);
}

/* --- 5: opening it ---------------------------------------------------------------------------- */

bool journey_open(struct journey *j)
{
    struct device *v = &j->laptop;
    chapter("D23", "Bob opens the letter: only the text comes");
    uint64_t before = conn_bytes_in(imap_client_conn(v->imap));
    if (!device_do(v, "FETCH 1 BODY.PEEK[1.1]")) return false;
    uint64_t cost = conn_bytes_in(imap_client_conn(v->imap)) - before;
    str text = device_literal(v);
    check(str_eq(text, letter_text()), "A4 D23",
          "accents, emoji and all as Alice wrote them; that cost %llu bytes",
          (unsigned long long)cost);
    say("A click on the photo: its first kilobyte, then the rest, as after a broken download.");
    struct buf photo = buf_make(2 * PHOTO_BYTES);
    v->wire.run_max = 3;
    bool ok = device_do(v, "FETCH 1 BODY.PEEK[2]<0.1024>");
    buf_add(&photo, device_literal(v));
    ok = ok && photo.n == 1024 && device_do(v, "FETCH 1 BODY.PEEK[2]<1024.99999999>");
    buf_add(&photo, device_literal(v));
    v->wire.run_max = 0;
    ok = ok && letter_photo_is(buf_str(&photo));
    buf_free(&photo);
    return check(ok, "D23", "both pieces together are the photo, all %d bytes", PHOTO_BYTES);
}

/* --- 6: in step ------------------------------------------------------------------------------- */

bool journey_in_step(struct journey *j)
{
    chapter("D24 E35", "The phone sees that the laptop has read it");
    device_news_reset(&j->phone);
    double began = now_s();
    if (!device_do(&j->laptop, "STORE 1 +FLAGS (\\Seen)")) return false;
    bool heard = device_hears(&j->phone, "\\Seen", 2000);
    j->seen_s = j->phone.news_at_s - began;
    if (heard) say("the idling phone:");
    quote(buf_str(&j->phone.news));
    return check(heard && j->seen_s < 1, "D24",
                 "it heard \\Seen %.0f ms after the laptop's command", j->seen_s * 1000);
}

/* --- 7: the copies ---------------------------------------------------------------------------- */

/* A copy is the letter as Alice wrote it, under headers that say its way; nobody sees the Bcc. */
static bool check_copy(struct journey *j, struct server *s, const char *user, const char *password)
{
    struct device v = { .wire.quiet = true };
    struct demo *d = j->demo;
    bool ok = device_open(&v, d, s, user, password, PORT_IMAPS) && device_do(&v, "SELECT INBOX") &&
              device_do(&v, "FETCH 1 BODY.PEEK[]");
    str copy = device_literal(&v), header = letter_header(copy);
    bool same = ok && str_eq(letter_body(copy), letter_body(buf_str(&j->letter)));
    check(same, "A4 C20 D30", "%s, on a new device: every byte of the body as sent", user);
    bool hidden = ok && str_ifind(header, S("\nBcc:")) == STR_NPOS &&
                  (s == d->a || str_find(header, S("dave@")) == STR_NPOS);
    check(hidden, "A4", "%s cannot see that Dave has one too", user);
    if (str_eq(str_of(user), S("bob@b.test"))) {
        say("The top of Bob's copy, added on the way:");
        quote(str_take(header, str_find(header, S("\r\nMIME-Version"))));
        check(str_starts(header, S("Return-Path: <alice@a.test>\r\n")), "C20",
              "Return-Path is the envelope's sender");
        check(str_find(header, S("\nDate: ")) != STR_NPOS &&
                  str_ifind(header, S("\nMessage-ID: ")) != STR_NPOS,
              "A5", "Alice's client sent no Date and no Message-ID; a.test added them");
    }
    device_close(&v);
    return ok;
}

bool journey_copies(struct journey *j)
{
    struct demo *d = j->demo;
    chapter("A4 A5 C20", "The copies: Bob, Carol, and Dave, whom nobody sees");
    check_copy(j, d->b, "bob@b.test", bob_password);
    check_copy(j, d->b, "carol@b.test", bob_password);
    check_copy(j, d->a, "dave@a.test", alice_password);
    check(messages_of(d, d->b, "bob@b.test") == 1, "B11", "exactly one at Bob's");
    return true;
}
