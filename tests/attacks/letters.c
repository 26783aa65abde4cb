/* letters.c - delivers a letter to alice, and lets her client ask for all that is made of it. */
#include "attacks/letters.h"

/* Each must be answered OK; the last two leave the mailbox as it was. */
static const char *const questions[] = {
    "FETCH * (ENVELOPE BODYSTRUCTURE RFC822.SIZE)",
    "FETCH * (BODY PREVIEW)",
    "FETCH * (BODY.PEEK[1] BODY.PEEK[1.1.1.1.MIME])",
    "SEARCH OR HEADER SUBJECT zzz OR TO zzz BODY zzz",
    "SORT (ARRIVAL FROM TO SUBJECT) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "STORE * +FLAGS.SILENT (\\Deleted)",
    "EXPUNGE",
};

static void read_it(struct field *f)
{
    struct wire *w = imap_open(field_server(f), field_ca(f), "alice@a.test", "secret");
    wire_imap(w, "OK", "SELECT INBOX");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        wire_imap(w, "OK", "%s", questions[i]);
        attack_others(f);
    }
    wire_close(w);
}

static void play(struct field *f, const struct letter *letter)
{
    static const struct say end = SAY("\r\n.\r\n");
    attack_begin(f, letter->name);
    struct wire *w = attack_open(f, MX);
    wire_smtp(w, "EHLO evil.test");
    wire_smtp(w, "MAIL FROM:<x@evil.test>");
    wire_smtp(w, "RCPT TO:<alice@a.test>");
    if (wire_smtp(w, "DATA") != 354) attack_fail(f, "DATA: %s", wire_got(w));
    attack_send(w, &letter->text);
    attack_send(w, &end);
    int code = wire_smtp(w, NULL);
    if (code != letter->code) attack_fail(f, "the letter was answered %s", wire_got(w));
    wire_close(w);
    if (code == 250) read_it(f);
    attack_end(f);
}

void letters_play(struct field *f, const struct letter *letters, size_t n)
{
    for (size_t i = 0; i < n; i++)
        play(f, &letters[i]);
}
