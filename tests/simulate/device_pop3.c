/* device_pop3.c - a POP3 device beside the IMAP ones: it downloads the letters that they made for
 * it, and deletes them. What QUIT was answered for is gone for good; until then it is there. */
#include <stdio.h>

#include "simulate/device.h"

enum { POP3_VISITS = 8, VISIT_LINE_BYTES = 2000, POP3_SEEN = 200, POP3_NAME_BYTES = 72 };

struct seen {
    char name[POP3_NAME_BYTES]; /* as UIDL gives it */
    uint64_t what;
};
struct pop3_device {
    struct player *player;
    struct book *book;
    struct seen seen[POP3_SEEN];
    unsigned seen_n, visits;
    struct place *taken[BOOK_LETTERS]; /* DELE was answered */
    unsigned taken_n;
};

/* --- talking ---------------------------------------------------------------------------------- */

static bool answered(struct conn *c)
{
    str line;
    return !conn_line(c, VISIT_LINE_BYTES, &line) && str_starts(line, S("+OK"));
}

static bool ask(struct conn *c, const char *command, unsigned argument)
{
    conn_deadline(c, DEVICE_COMMAND_MS);
    if (argument)
        conn_writef(c, "%s %u\r\n", command, argument);
    else
        conn_writef(c, "%s\r\n", command);
    return !conn_flush(c) && answered(c);
}

/* The lines after an answer, up to the dot. */
static bool lines(struct conn *c, struct buf *out)
{
    str line;
    buf_reset(out);
    while (!conn_line(c, VISIT_LINE_BYTES, &line)) {
        if (str_eq(line, S(".\r\n"))) return true;
        buf_add(out, line);
    }
    return false;
}

static bool log_in(struct pop3_device *d, struct conn *c)
{
    conn_deadline(c, DEVICE_COMMAND_MS);
    if (!answered(c)) return false;
    conn_writef(c, "USER %s\r\n", d->book->address);
    if (conn_flush(c) || !answered(c)) return false;
    conn_write(c, S("PASS secret\r\n"));
    return !conn_flush(c) && answered(c);
}

/* --- one message ------------------------------------------------------------------------------ */

/* The same name is the same message, for ever: RFC 1939 7. */
static void recognise(struct pop3_device *d, str name, uint64_t what)
{
    for (unsigned i = 0; i < d->seen_n; i++) {
        if (!str_eq(str_of(d->seen[i].name), name)) continue;
        if (d->seen[i].what != what)
            world_broken(d->book->world, "a UIDL was reused: %s of %s is another message now",
                         d->seen[i].name, d->book->address);
        return;
    }
    if (d->seen_n == POP3_SEEN || name.n >= POP3_NAME_BYTES) return;
    struct seen *s = &d->seen[d->seen_n++];
    s->what = what;
    bytes_copy(s->name, sizeof s->name - 1, name.p, name.n);
}

static struct place *place_of(struct pop3_device *d, uint64_t what)
{
    for (unsigned i = 0; i < d->book->places_n; i++) {
        struct place *p = &d->book->places[i];
        if (p->letter + 1 == what && d->book->letters[p->letter].owner == OWNER_POP3) return p;
    }
    return NULL;
}

static bool take(struct pop3_device *d, struct conn *c, unsigned number, uint64_t what)
{
    struct place *p = place_of(d, what);
    if (!p || d->book->letters[p->letter].unsure) return true;
    if (p->state == AWAY)
        world_broken(d->book->world, "an acknowledged DELE is undone: letter %u of %s is back",
                     p->letter, d->book->address);
    if (p->state != THERE || !ask(c, "DELE", number)) return c != NULL;
    d->taken[d->taken_n++] = p;
    return true;
}

static bool look_at(struct pop3_device *d, struct conn *c, unsigned number, str name,
                    struct buf *text)
{
    conn_deadline(c, DEVICE_COMMAND_MS);
    conn_writef(c, "TOP %u 0\r\n", number);
    if (conn_flush(c) || !answered(c) || !lines(c, text)) return false;
    uint64_t what = what_of(buf_str(text));
    recognise(d, name, what);
    return take(d, c, number, what);
}

/* --- a visit ---------------------------------------------------------------------------------- */

static bool look_at_all(struct pop3_device *d, struct conn *c)
{
    struct buf list = buf_make(64 * 1024), text = buf_make(64 * 1024);
    bool good = ask(c, "UIDL", 0) && lines(c, &list);
    str rest = buf_str(&list), line, word;
    uint64_t number;
    while (good && str_split(&rest, '\n', &line) && line.n) {
        line = str_chomp(str_trim(line));
        if (!str_split(&line, ' ', &word) || !str_u64(word, UINT32_MAX, &number)) break;
        good = look_at(d, c, (unsigned)number, line, &text);
    }
    buf_free(&list);
    buf_free(&text);
    return good;
}

/* Said before it is asked: an IDLE device need not hear of what goes at once. */
static void leave(struct pop3_device *d)
{
    for (unsigned i = 0; i < d->taken_n; i++) {
        struct letter_made *l = &d->book->letters[d->taken[i]->letter];
        l->leaving_us = (int64_t)seam_mono_us(d->book->world->people);
        l->least = 0;
    }
}

static void left(struct pop3_device *d, bool surely)
{
    for (unsigned i = 0; i < d->taken_n; i++) {
        struct place *p = d->taken[i];
        struct letter_made *l = &d->book->letters[p->letter];
        p->state = surely ? AWAY : PERHAPS;
        l->unsure = !surely;
        if (surely) l->most = 0;
    }
}

static void visit(struct pop3_device *d)
{
    struct conn *c = world_connect(d->book->server, PORT_POP3);
    if (!c) return;
    d->taken_n = 0;
    bool good = log_in(d, c) && look_at_all(d, c);
    bool quits = good && !once_in(&d->player->chance, 5); /* else nothing is deleted */
    if (quits) leave(d);
    if (quits) left(d, ask(c, "QUIT", 0));
    if (quits) count_up(TALLY_DEVICES, d->taken_n);
    tell(d->book->world, "POP3 device of %s: %s, %u letters", d->book->address,
         !good   ? "broke off"
         : quits ? "QUIT"
                 : "hung up",
         d->taken_n);
    conn_close(c);
}

static void act(struct player *a)
{
    struct pop3_device *d = a->self;
    while (!world_is_calm(a->world) && d->visits < POP3_VISITS) {
        int64_t left_us = (int64_t)(a->world->storm_end_us - seam_mono_us(a->world->people));
        if (left_us < SECOND_US) left_us = SECOND_US;
        uint64_t even_us = (uint64_t)left_us / (POP3_VISITS - d->visits);
        if (!player_sleep(a, (int64_t)below(&a->chance, 2 * even_us))) break;
        visit(d);
        d->visits++;
    }
}

/* --- making them: one for the first account, most of the time --------------------------------- */

static unsigned how_many(struct world *w, struct chance *c)
{
    (void)w;
    return !once_in(c, 4);
}

static void make(struct player *a)
{
    struct pop3_device *d = MEM_NEW(struct pop3_device);
    d->player = a;
    d->book = book_take(a, 0);
    d->book->has_pop3 = true;
    a->self = d;
}

static void end(struct player *a)
{
    struct pop3_device *d = a->self;
    book_leave(d->book);
    mem_free(d);
}

const struct player_kind pop3_device_kind = {
    .name = "POP3 device",
    .how_many = how_many,
    .make = make,
    .act = act,
    .end = end,
};
