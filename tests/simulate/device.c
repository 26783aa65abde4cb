/* device.c - IMAP devices: two or three of an account, which change it while everything goes wrong.
 */
#include <stdio.h>

#include "run/seam_sim_int.h"
#include "simulate/device.h"

/* --- letters that may be changed -------------------------------------------------------------- */

static struct letter_made *letter_at(struct device *d, const struct place *p)
{
    return &d->book->letters[p->letter];
}

/* One of its own, for certain there, in the selected mailbox; NULL. */
static struct place *place_draw(struct device *d)
{
    struct place *drawn = NULL;
    uint64_t n = 0;
    for (unsigned i = 0; i < d->book->places_n; i++) {
        struct place *p = &d->book->places[i];
        const struct letter_made *l = letter_at(d, p);
        if (l->owner != d->number || l->unsure || p->state != THERE) continue;
        if ((int)p->box != d->selected) continue;
        if (once_in(&d->player->chance, ++n)) drawn = p;
    }
    return drawn;
}

/* No answer, or NO, which a crash may turn into yes. */
static void unsure(struct device *d, struct place *p)
{
    letter_at(d, p)->unsure = true;
    p->state = PERHAPS;
}

static const char *flags_text(unsigned flags, struct buf *b)
{
    buf_reset(b);
    for (unsigned i = 0; i < FLAG_BITS; i++)
        if (flags & 1u << i) buf_addf(b, "%s%s", b->n ? " " : "", device_flags[i]);
    buf_addc(b, '\0');
    return b->p;
}

/* --- acts ------------------------------------------------------------------------------------- */

static void last_uid(void *arg, uint32_t uid)
{
    *(uint32_t *)arg = uid;
}

/* The UID that APPENDUID or COPYUID gives the letter in that mailbox; 0: it gives none. */
static uint32_t coded_uid(struct device *d, unsigned box, unsigned letter)
{
    uint32_t uid = 0;
    uint64_t uidvalidity;
    str code = buf_str(&d->talk.code), word;
    if (!str_split(&code, ' ', &word) || !str_split(&code, ' ', &word)) return 0;
    if (!str_u64(word, UINT32_MAX, &uidvalidity)) return 0;
    uids_each(str_from(code, str_rchr(code, ' ') + 1), last_uid, &uid);
    book_validity(d->book, box, (uint32_t)uidvalidity);
    if (uid) book_uid(d->book, box, uid, letter + 1);
    return uid;
}

static enum err append(struct device *d)
{
    struct book *b = d->book;
    if (b->letters_n == BOOK_LETTERS) return OK;
    bool inbox = !once_in(&d->player->chance, 3);
    unsigned number = b->letters_n++, box = inbox ? 0 : d->number + 1;
    struct letter_made *l = &b->letters[number];
    bool for_pop3 = inbox && b->has_pop3 && once_in(&d->player->chance, 3);
    unsigned flags = for_pop3 ? 0 : (unsigned)below(&d->player->chance, 1u << FLAG_BITS);
    *l = (struct letter_made){ .owner = for_pop3 ? OWNER_POP3 : d->number,
                               .most = 1,
                               .unsure = true,
                               .begun_us = device_now(d) };
    struct buf text = buf_make(1000), words = buf_make(100);
    letter_text(b, number, &text);
    enum err e =
        talk_command(&d->talk, device_hears, d, "APPEND %s (%s) {%zu+}\r\n%.*s", b->boxes[box].name,
                     flags_text(flags, &words), text.n, STR_ARG(buf_str(&text)));
    buf_free(&text);
    buf_free(&words);
    uint32_t uid = e ? 0 : coded_uid(d, box, number);
    if (!uid) return e ? e : ERR_DENIED;
    l->least = 1;
    l->unsure = false;
    if (inbox) l->acked_us = device_now(d);
    place_add(b, number, box, uid, flags);
    return OK;
}

static enum err store(struct device *d)
{
    struct place *p = place_draw(d);
    struct buf words = buf_make(100);
    if (!p) return OK;
    unsigned flags = 1 + (unsigned)below(&d->player->chance, (1u << FLAG_BITS) - 1);
    bool add = once_in(&d->player->chance, 2);
    enum err e = talk_command(&d->talk, device_hears, d, "UID STORE %u %cFLAGS%s (%s)", p->uid,
                              add ? '+' : '-', once_in(&d->player->chance, 2) ? ".SILENT" : "",
                              flags_text(flags, &words));
    buf_free(&words);
    p->flags = add ? p->flags | flags : p->flags & ~flags;
    if (e) unsure(d, p);
    return e;
}

static enum err expunge(struct device *d)
{
    struct place *p = place_draw(d);
    if (!p) return OK;
    struct letter_made *l = letter_at(d, p);
    if (!p->box) l->leaving_us = device_now(d);
    enum err e = talk_command(&d->talk, device_hears, d, "UID STORE %u +FLAGS (\\Deleted)", p->uid);
    if (!e) e = talk_command(&d->talk, device_hears, d, "UID EXPUNGE %u", p->uid);
    if (l->least > 0) l->least--;
    if (e)
        unsure(d, p);
    else
        l->most--;
    if (!e) p->state = AWAY;
    return e;
}

static enum err copy(struct device *d, bool move)
{
    struct book *b = d->book;
    struct place *p = place_draw(d);
    if (!p || b->places_n == BOOK_PLACES) return OK;
    struct letter_made *l = letter_at(d, p);
    unsigned to = d->selected ? 0 : d->number + 1;
    if (move && !p->box) l->leaving_us = device_now(d);
    enum err e = talk_command(&d->talk, device_hears, d, "UID %s %u %s", move ? "MOVE" : "COPY",
                              p->uid, b->boxes[to].name);
    uint32_t uid = e ? 0 : coded_uid(d, to, p->letter);
    if (!move) l->most++;
    if (!move && uid) l->least++;
    if (move || !uid) p->state = move && uid ? AWAY : p->state;
    if (!uid) unsure(d, p);
    if (!uid) return e;
    place_add(b, p->letter, to, uid, p->flags);
    return OK;
}

static enum err rename_folder(struct device *d)
{
    struct book_box *x = &d->book->boxes[d->number + 1];
    char other[sizeof x->name];
    bool longer = str_ends(str_of(x->name), S("x"));
    snprintf(other, sizeof other, longer ? "Dev%u" : "Dev%ux", d->number);
    bytes_copy(x->maybe, sizeof x->maybe, other, sizeof other);
    enum err e = talk_command(&d->talk, device_hears, d, "RENAME %s %s", x->name, other);
    if (e) return e;
    bytes_copy(x->name, sizeof x->name, other, sizeof other);
    x->maybe[0] = '\0';
    return OK;
}

/* What lay in the folder is gone, or may be. */
static void emptied(struct device *d, bool surely)
{
    struct book *b = d->book;
    for (unsigned i = 0; i < b->letters_n; i++)
        if (b->letters[i].owner == d->number && b->letters[i].unsure) b->letters[i].least = 0;
    for (unsigned i = 0; i < b->places_n; i++) {
        struct place *p = &b->places[i];
        struct letter_made *l = letter_at(d, p);
        if (p->box != d->number + 1 || p->state != THERE) continue;
        if (l->least > 0) l->least--;
        if (surely) l->most--;
        l->unsure |= !surely;
        p->state = surely ? AWAY : PERHAPS;
    }
}

static enum err delete_folder(struct device *d)
{
    struct book_box *x = &d->book->boxes[d->number + 1];
    if (d->selected > 0 && talk_command(&d->talk, device_hears, d, "UNSELECT")) return ERR_GONE;
    if (d->selected > 0) d->selected = -1;
    x->exists = false;
    enum err e = talk_command(&d->talk, device_hears, d, "DELETE %s", x->name);
    emptied(d, !e);
    book_deleted(x, !e);
    if (e) return e;
    e = talk_command(&d->talk, device_hears, d, "CREATE %s", x->name);
    x->exists = !e;
    return e;
}

/* --- IDLE ------------------------------------------------------------------------------------- */

/* So that an answer may come late. */
static bool is_troubled(const struct device *d)
{
    const struct server *s = d->book->server;
    struct sim_machine *m = sim_machine(s->m.seam);
    bool disk = m->pages >= m->pages_max || (uint64_t)device_now(d) < m->trouble.until_mono_us;
    if (s->state != SERVER_UP || m->off || disk) return true;
    return sim_cut_until(sim_machine(d->book->world->people), m) > 0;
}

static bool heard_between(const struct device *d, int64_t from_us, int64_t to_us)
{
    for (unsigned i = 0; i < d->heard_n && i < HEARD_MAX; i++)
        if (d->heard_us[i] >= from_us && d->heard_us[i] <= to_us) return true;
    return false;
}

/* Every letter that came while it idled, and stayed for long enough, was told in time. */
static void judge_idle(const struct device *d, int64_t began_us, int64_t done_us)
{
    for (unsigned i = 0; i < d->book->letters_n; i++) {
        const struct letter_made *l = &d->book->letters[i];
        int64_t due_us = l->acked_us + IDLE_HEARS_US;
        if (l->begun_us < began_us || !l->acked_us || due_us > done_us) continue;
        if (l->leaving_us && l->leaving_us < due_us) continue;
        if (!heard_between(d, l->begun_us, due_us))
            world_broken(d->book->world,
                         "a wake-up was lost: %s idled and did not hear of letter %u within %u s",
                         d->book->address, i, (unsigned)(IDLE_HEARS_US / SECOND_US));
    }
}

/* Listens in slices of a second; false: something was wrong meanwhile, so nothing can be said. */
static bool idle_listen(struct device *d, int64_t until_us, enum err *e)
{
    bool right = true;
    while (!*e && device_now(d) < until_us && !world_is_calm(d->book->world)) {
        right &= !is_troubled(d);
        *e = conn_await(d->talk.conn, 1000);
        conn_deadline(d->talk.conn, DEVICE_COMMAND_MS);
        if (!*e) *e = talk_read(&d->talk);
        if (!*e) device_hears(d, buf_str(&d->talk.response));
        if (*e == ERR_LATER) *e = OK;
    }
    return right && !is_troubled(d);
}

static enum err idle(struct device *d)
{
    d->heard_n = 0;
    conn_deadline(d->talk.conn, DEVICE_COMMAND_MS);
    conn_writef(d->talk.conn, "t%u IDLE\r\n", ++d->talk.tag);
    enum err e = conn_flush(d->talk.conn);
    do {
        if (!e) e = talk_read(&d->talk);
        if (!e) device_hears(d, buf_str(&d->talk.response));
    } while (!e && str_starts(buf_str(&d->talk.response), S("* ")));
    int64_t began_us = device_now(d), long_us = (int64_t)below(&d->player->chance, 20 * SECOND_US);
    bool right = idle_listen(d, began_us + long_us, &e);
    int64_t done_us = device_now(d);
    if (!e) conn_deadline(d->talk.conn, DEVICE_COMMAND_MS);
    if (!e) conn_write(d->talk.conn, S("DONE\r\n"));
    if (!e) e = conn_flush(d->talk.conn);
    if (e)
        talk_close(&d->talk);
    else
        e = talk_finish(&d->talk, device_hears, d);
    if (!e && right && !d->selected && !is_troubled(d)) judge_idle(d, began_us, done_us);
    return e;
}

/* --- its life --------------------------------------------------------------------------------- */

static enum err look(struct device *d)
{
    return talk_command(&d->talk, device_hears, d, "NOOP");
}

static enum err copy_one(struct device *d)
{
    return copy(d, false);
}

static enum err move_one(struct device *d)
{
    return copy(d, true);
}

static enum err drop(struct device *d)
{
    device_hang_up(d);
    return OK;
}

static enum err change_box(struct device *d)
{
    unsigned box = d->selected ? 0 : d->number + 1;
    return device_select(d, box) || d->talk.conn ? OK : ERR_GONE;
}

static const struct {
    unsigned weight;
    enum err (*run)(struct device *d);
    const char *name;
} acts[] = {
    { 8, append, "append" },
    { 6, store, "store" },
    { 4, expunge, "expunge" },
    { 2, copy_one, "copy" },
    { 3, move_one, "move" },
    { 7, idle, "idle" },
    { 2, look, "noop" },
    { 3, drop, "drop" },
    { 3, change_box, "change mailbox" },
    { 1, rename_folder, "rename" },
    { 1, delete_folder, "delete" },
};

static size_t act_draw(struct device *d)
{
    unsigned all = 0;
    size_t i = 0;
    for (size_t k = 0; k < COUNT_OF(acts); k++)
        all += acts[k].weight;
    uint64_t drawn = below(&d->player->chance, all);
    while (drawn >= acts[i].weight)
        drawn -= acts[i++].weight;
    return i;
}

static void one_act(struct device *d)
{
    if (!d->open && !device_connect(d)) return;
    if (d->selected < 0 && !device_select(d, once_in(&d->player->chance, 4) ? d->number + 1 : 0)) {
        device_hang_up(d);
        return;
    }
    size_t i = act_draw(d);
    d->talk.hasty = once_in(&d->player->chance, 25);
    enum err e = acts[i].run(d);
    d->talk.hasty = false;
    tell(d->book->world, "device %u of %s: %s in %s, %s", d->number, d->book->address, acts[i].name,
         d->selected < 0 ? "nothing" : d->book->boxes[d->selected].name, e ? err_text(e) : "ok");
    d->acts++;
    count_up(TALLY_DEVICES, 1);
    if (e || !d->talk.conn) device_hang_up(d);
}

/* Bursts, and long silence between them, over the whole storm. */
static int64_t pause_us(struct device *d)
{
    const struct world *w = d->book->world;
    int64_t left_us = (int64_t)w->storm_end_us - device_now(d);
    if (left_us < SECOND_US) left_us = SECOND_US;
    uint64_t even_us = (uint64_t)left_us / (DEVICE_ACTS - d->acts + 1);
    uint64_t most = once_in(&d->player->chance, 3) ? 3 * even_us : (uint64_t)SECOND_US;
    return (int64_t)below(&d->player->chance, most + 1);
}

static void device_act(struct player *a)
{
    struct device *d = a->self;
    while (!world_is_calm(a->world) && d->acts < DEVICE_ACTS) {
        one_act(d);
        if (!player_sleep(a, pause_us(d))) break;
    }
    device_hang_up(d);
}

static void settle(struct player *a)
{
    device_settle(a->self);
}

/* --- making them ------------------------------------------------------------------------------ */

static unsigned how_many(struct world *w, struct chance *c)
{
    (void)w;
    return DEVICES_OF_ACCOUNT * (unsigned)below(c, 2) + 2 + (unsigned)below(c, 2);
}

static void make(struct player *a)
{
    struct device *d = MEM_NEW(struct device);
    d->player = a;
    d->number = a->index % DEVICES_OF_ACCOUNT;
    d->book = book_take(a, a->index / DEVICES_OF_ACCOUNT);
    d->resyncs = !once_in(&a->chance, 4);
    d->selected = -1;
    a->self = d;
}

static void end(struct player *a)
{
    struct device *d = a->self;
    device_hang_up(d);
    book_leave(d->book);
    mem_free(d);
}

const struct player_kind imap_device_kind = {
    .name = "IMAP device",
    .how_many = how_many,
    .make = make,
    .act = device_act,
    .settle = settle,
    .end = end,
};
