/* journey_folders.c - the story in folders: Alice's Sent, and Bob who tidies up and takes it back.
 */
#include <string.h>

#include "demo/journey.h"

static bool heard(const struct device *v, const char *what)
{
    return str_find(buf_str(&v->heard), str_of(what)) != STR_NPOS;
}

/* --- Alice's Sent ----------------------------------------------------------------------------- */

bool journey_sent(struct journey *j)
{
    struct demo *d = j->demo;
    struct device laptop = { .wire.quiet = true }, phone = { 0 };
    chapter("A7 D26", "Alice's client keeps a copy, and her phone sees it");
    bool ok = device_open(&laptop, d, d->a, "alice@a.test", alice_password, PORT_IMAP);
    str text;
    ok = ok && !imap_client_append(laptop.imap, S("Sent (\\Seen)"), buf_str(&j->letter), &text);
    check(ok && str_find(text, S("APPENDUID")) != STR_NPOS, "A7", "APPEND to Sent:  S: %.*s",
          STR_ARG(text));
    device_close(&laptop);
    ok = ok && device_open(&phone, d, d->a, "alice@a.test", alice_password, PORT_IMAPS) &&
         device_do(&phone, "LIST \"\" \"*\" RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))");
    check(ok && heard(&phone, "\\Sent") && heard(&phone, "\\Drafts") && heard(&phone, "\\Trash") &&
              heard(&phone, "\\Junk") && heard(&phone, "\\Archive"),
          "D26", "each folder says what it is for");
    check(heard(&phone, "STATUS \"Sent\" (MESSAGES 1 UNSEEN 0)"), "A7",
          "her phone finds the copy in Sent");
    phone.wire.quiet = true;
    device_close(&phone);
    return true;
}

/* --- Bob tidies up ---------------------------------------------------------------------------- */

bool journey_tidy(struct journey *j)
{
    struct device *v = &j->laptop;
    chapter("D26 D27", "Bob tidies up: folders; to the Trash, and back");
    bool ok = device_do(v, "CREATE Ferien/Z&APw-rich") && device_do(v, "RENAME Ferien Reisen") &&
              device_do(v, "SUBSCRIBE Reisen/Z&APw-rich") && device_do(v, "LIST \"\" Reisen*");
    check(ok && heard(v, "\"/\" \"Reisen/Z&APw-rich\""), "D26",
          "a folder in a folder, Z\xc3\xbcrich by name, renamed, subscribed");
    ok = device_do(v, "DELETE Reisen/Z&APw-rich") && device_do(v, "DELETE Reisen") &&
         device_do(v, "LIST \"\" Reisen*");
    check(ok && !heard(v, "Reisen"), "D26", "and deleted");
    device_news_reset(&j->phone);
    ok = device_do(v, "MOVE 1 Trash");
    check(ok && device_hears(&j->phone, "EXPUNGE", 1000), "D27",
          "the letter is in the Trash; the phone saw it go");
    device_news_reset(&j->phone);
    ok = device_do(v, "SELECT Trash") && device_do(v, "MOVE 1 INBOX") &&
         device_do(v, "SELECT INBOX");
    return check(ok && device_hears(&j->phone, "1 EXISTS", 1000), "D27",
                 "he takes it back; the phone saw it come");
}
