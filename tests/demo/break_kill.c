/* break_kill.c - kill -9 in the middle of a letter, and right after the 250: half never, lost
 * never. */
#include <string.h>

#include "demo/break_int.h"

static void kill_a(struct demo *d)
{
    server_kill(d->a);
}

static void kill_b(struct demo *d)
{
    server_kill(d->b);
}

static void check_sound(struct server *s)
{
    int status;
    const char *said = CLI(s, NULL, &status, "check");
    check(status == 0, "C20", "%s's store is sound:  posthorn check: %.*s", server_domain(s),
          (int)strcspn(said, "\n"), said);
}

/* Alice's submission to a.test; b.test is off, so that what a.test took must still be there. */
static void sender_side(struct demo *d, str letter)
{
    struct submission s = { .user = "alice@a.test",
                            .password = alice_password,
                            .from = "alice@a.test",
                            .rcpts = { "bob@b.test" },
                            .message = letter,
                            .quiet = true,
                            .halfway = kill_a };
    chapter("C20", "kill -9 of a.test in the middle of Alice's DATA");
    check(server_stop(d->b) == 0, "", "b.test is off meanwhile, so that nothing leaves unseen");
    bool taken = submit(d, d->a, &s);
    check(!taken && s.result == ERR_GONE, "C20",
          "the connection broke; Alice's client has no 250, so it keeps the letter");
    server_restart(d->a);
    check(queue_is_empty(d->a), "C20",
          "after the restart there is no half letter: the queue is empty");
    check_sound(d->a);
    chapter("A8 C20", "She presses send again; kill -9 right after the 250");
    taken = submit(d, d->a, &s);
    server_kill(d->a);
    check(taken, "A8", "250, and a.test is dead: %s", s.text);
    server_restart(d->a);
    check(strstr(ASK(d->a, "queue", "list"), s.id) != NULL, "C20",
          "after the restart the letter is in the queue");
    check_sound(d->a);
    server_restart(d->b);
    check_arrived_once(d, "B11 C20");
}

/* What a client goes by: the folder's identity and its next number. */
static struct buf numbers_of(struct demo *d)
{
    struct device v = { .wire.quiet = true };
    struct buf b = buf_make(8192);
    if (device_open(&v, d, d->b, "bob@b.test", bob_password, PORT_IMAPS) &&
        device_do(&v, "STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)"))
        buf_add(&b, buf_str(&v.heard));
    device_close(&v);
    return b;
}

/* Another server to b.test. */
static void receiver_side(struct demo *d, str letter)
{
    struct submission s = { .port = PORT_SMTP,
                            .from = "someone@c.test",
                            .rcpts = { "bob@b.test" },
                            .message = letter,
                            .quiet = true,
                            .halfway = kill_b };
    struct buf before = numbers_of(d);
    chapter("C20", "kill -9 of b.test in the middle of another server's DATA");
    bool taken = submit(d, d->b, &s);
    check(!taken && s.result == ERR_GONE, "C20", "no 250: the other server will come again");
    server_restart(d->b);
    check(messages_of(d, d->b, "bob@b.test") == 1, "C20", "Bob has what he had, and nothing half");
    struct buf after = numbers_of(d);
    check(before.n && str_eq(buf_str(&before), buf_str(&after)), "D27",
          "its numbers are the same:  S: %.*s", STR_ARG(str_chomp(buf_str(&after))));
    buf_free(&before);
    buf_free(&after);
    check_sound(d->b);
    chapter("C20", "It comes again; kill -9 right after the 250");
    taken = submit(d, d->b, &s);
    server_kill(d->b);
    check(taken, "C20", "250, and b.test is dead: %s", s.text);
    server_restart(d->b);
    check(messages_of(d, d->b, "bob@b.test") == 2, "C20", "it is there, once");
    check_sound(d->b);
}

static void check_bytes(struct demo *d, str letter)
{
    struct device v = { .wire.quiet = true };
    bool same = device_open(&v, d, d->b, "bob@b.test", bob_password, PORT_IMAPS) &&
                device_do(&v, "SELECT INBOX");
    for (unsigned i = 1; i <= 2; i++) {
        same = same && device_do(&v, i == 1 ? "FETCH 1 BODY.PEEK[]" : "FETCH 2 BODY.PEEK[]");
        same = same && str_eq(letter_body(device_literal(&v)), letter_body(letter));
    }
    check(same, "C20", "both letters are whole, byte by byte");
    device_close(&v);
}

void break_kill(struct demo *d)
{
    struct buf letter = letter_write(1, true);
    promise((const char *const[]){
        "250 means: it is on the disk, whatever happens in the next moment",
        "no 250 means: nothing is there, and who sends again sends once", NULL });
    sender_side(d, buf_str(&letter));
    receiver_side(d, buf_str(&letter));
    check_bytes(d, buf_str(&letter));
    buf_free(&letter);
}
