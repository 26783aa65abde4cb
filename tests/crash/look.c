/* look.c - after a crash: the rows of one moment, none too early; letters whole; and life goes on.
 */
#include "crash/look.h"

#include <stdio.h>
#include <string.h>

#include "crash/disklog.h"

static char said[600];
static struct look *looking;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list args;
    if (said[0]) return; /* the first one is the cause */
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
}

/* --- rows */

static void compare_picture(struct life *l)
{
    const struct ledger_of_life *ledger = looking->ledger;
    struct buf now = buf_make(64 << 20);
    bool found = false;
    size_t older = SIZE_MAX;
    if (!life_picture(l, &now)) say("the rows cannot be read");
    for (size_t i = 0; i < ledger->pictures_n; i++) {
        if (!str_eq(buf_str(&ledger->pictures[i]), buf_str(&now))) continue;
        found = found || i >= looking->least;
        older = i;
    }
    if (!found && older != SIZE_MAX)
        say("commit %zu was answered, and the newest there is is %zu", looking->least, older);
    if (!found) say("the rows are those of no moment (promised: commit %zu)", looking->least);
    buf_free(&now);
}

/* --- letters */

enum { SERIALS = 4096 };
struct places {
    struct life *life;
    struct blob blobs[SERIALS];
    unsigned person[SERIALS];
    size_t n;
    unsigned at;                                                   /* person */
    unsigned char inboxes[SERIALS], count[SERIALS], kind[SERIALS]; /* by serial */
};
static struct places places;

static bool take_message(void *arg, const struct message *m)
{
    (void)arg;
    if (places.n == SERIALS) return false;
    places.person[places.n] = places.at;
    places.blobs[places.n++] = m->blob;
    return true;
}

static bool take_box(void *arg, const struct mailbox *box)
{
    struct view *v = arg;
    struct uid_range all = { 1, UINT32_MAX };
    if (!box->exists) return true;
    if (store_messages(v, box, all, WANT_CARD, take_message, NULL)) say("a mailbox cannot be read");
    return true;
}

static bool take_entry(void *arg, const struct queue_entry *e)
{
    (void)arg;
    if (places.n == SERIALS) return false;
    places.person[places.n] = PEOPLE;
    places.blobs[places.n++] = e->blob;
    return true;
}

static void gather(struct life *l)
{
    places = (struct places){ .life = l };
    struct view *v = store_view(l->store);
    for (places.at = 0; places.at < PEOPLE; places.at++)
        if (l->people[places.at].n && store_mailboxes(v, l->people[places.at], take_box, v))
            say("the mailboxes cannot be listed");
    if (store_queue_list(v, take_entry, NULL)) say("the queue cannot be listed");
    view_end(v);
}

static void read_letter(struct life *l, size_t i)
{
    struct buf text = buf_make(1 << 20);
    unsigned serial = 0;
    char kind = 0;
    enum err e = letter_fetch(l, places.blobs[i], &text);
    if (e || !letter_read(buf_str(&text), &serial, &kind) || serial >= SERIALS)
        say("letter %u is not as it was sent (%s)", serial, err_text(e));
    else if (places.person[i] < PEOPLE) {
        places.kind[serial] = (unsigned char)kind;
        places.count[serial]++;
        places.inboxes[serial] |= (unsigned char)(1u << places.person[i]);
    }
    buf_free(&text);
}

static void read_letters(struct life *l)
{
    gather(l);
    for (size_t i = 0; i < places.n; i++)
        read_letter(l, i);
    for (unsigned s = 0; s < SERIALS; s++) {
        if (places.kind[s] == LETTER_MOVED && places.count[s] > 1)
            say("letter %u was moved, and is in %u places", s, places.count[s]);
        if (places.kind[s] == LETTER_TWICE && (places.inboxes[s] & 3) != 3)
            say("letter %u was for two, and one has it", s);
    }
}

/* --- check, and life goes on */

static void take_fault(void *arg, str what)
{
    (void)arg;
    say("check: %.*s", STR_ARG(what));
}

static void check(struct life *l)
{
    struct check_report report = { .fault = take_fault };
    enum err e = store_check(l->store, &report);
    if (e) say("check: %s", err_text(e));
}

static uint32_t next_uid(struct life *l)
{
    struct mailbox box;
    struct view *v = store_view(l->store);
    enum err e = store_mailbox_find(v, l->people[0], S("INBOX"), &box);
    view_end(v);
    return e ? 0 : box.uidnext.n;
}

static void go_on(struct life *l)
{
    if (!l->people[0].n) return;
    l->serial = SERIALS / 2;
    uint32_t before = next_uid(l);
    enum err e = append_to(l, 0, S("INBOX"), 600, LETTER_PLAIN);
    if (e) say("an append after the crash: %s", err_text(e));
    if (!e && next_uid(l) != before + 1) say("the uid after the crash");
}

static void judge(struct life *l)
{
    looking->opening_ops = disklog_count();
    people_find(l);
    compare_picture(l);
    read_letters(l);
    check(l);
    if (said[0]) return;
    go_on(l);
    if (looking->seed % 8) return;
    if (store_tidy(l->store)) say("tidy after the crash"); /* what it left of a removal */
    read_letters(l);
    check(l);
}

const char *look_at(struct look *look, const char *folder)
{
    struct life l;
    said[0] = 0;
    looking = look;
    enum err e = life_open(&l, folder, look->seed, NULL);
    if (e) say("it does not open: %s: %.*s", err_text(e), STR_ARG(buf_str(&l.why)));
    if (!e) life_run(&l, judge);
    life_close(&l);
    return said[0] ? said : NULL;
}
