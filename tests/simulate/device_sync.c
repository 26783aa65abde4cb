/* device_sync.c - a device comes back: SELECT, what changed meanwhile, and in the end the truth. */
#include "simulate/device.h"

static struct book_box *box_of(struct device *d, unsigned box)
{
    return &d->book->boxes[box];
}

int64_t device_now(const struct device *d)
{
    return (int64_t)seam_mono_us(d->book->world->people);
}

/* --- the cache -------------------------------------------------------------------------------- */

static struct found *cached(struct cache *c, uint32_t uid)
{
    for (unsigned i = 0; i < c->n; i++)
        if (c->all[i].uid == uid) return &c->all[i];
    return NULL;
}

static void vanished(void *arg, uint32_t uid)
{
    struct cache *c = arg;
    struct found *f = cached(c, uid);
    if (f) *f = c->all[--c->n];
}

static void keep(struct device *d, const struct found *is)
{
    struct cache *c = d->filling;
    struct found *was = cached(c, is->uid);
    if (was && is->modseq && is->modseq < was->modseq)
        world_broken(d->book->world, "the MODSEQ of UID %u went back: %llu, then %llu", is->uid,
                     (unsigned long long)was->modseq, (unsigned long long)is->modseq);
    if (!was && c->n == BOOK_UIDS) return;
    if (!was) {
        was = &c->all[c->n++];
        *was = (struct found){ .uid = is->uid };
    }
    if (is->modseq) was->modseq = is->modseq;
    was->flags = is->flags;
}

static void hear_fetch(struct device *d, str response)
{
    struct found f;
    if (!found_read(response, &f)) return;
    bool flags = str_find(response, S("FLAGS (")) != STR_NPOS;
    if (f.what && d->selected >= 0) book_uid(d->book, (unsigned)d->selected, f.uid, f.what);
    if (d->truth && f.what && d->truth->n < BOOK_UIDS) {
        d->truth->box[d->truth->n] = (unsigned)d->selected;
        d->truth->all[d->truth->n++] = f;
    }
    if (d->filling && flags) keep(d, &f);
}

void device_hears(void *arg, str response)
{
    struct device *d = arg;
    str rest = str_chomp(str_from(response, 2));
    if (str_ends(rest, S(" EXISTS"))) {
        d->heard_us[d->heard_n++ % HEARD_MAX] = device_now(d);
    } else if (str_starts(rest, S("VANISHED "))) {
        str set = str_from(rest, str_rchr(rest, ' ') + 1);
        if (d->filling) uids_each(set, vanished, d->filling);
    } else {
        hear_fetch(d, response);
    }
}

/* --- connecting ------------------------------------------------------------------------------- */

void device_hang_up(struct device *d)
{
    talk_close(&d->talk);
    d->open = false;
    d->selected = -1;
    d->filling = NULL;
}

struct listing {
    struct book_box *box;
    bool name, maybe;
};

static void listed(void *arg, str response)
{
    struct listing *l = arg;
    str line = str_chomp(response), name = str_from(line, str_rchr(line, ' ') + 1);
    if (!str_starts(line, S("* LIST "))) return;
    if (str_starts(name, S("\""))) name = str_sub(name, 1, name.n - 2);
    l->name |= str_eq(name, str_of(l->box->name));
    l->maybe |= l->box->maybe[0] && str_eq(name, str_of(l->box->maybe));
}

/* Its folder may be gone, or have another name, since a command was not answered. */
static bool find_folder(struct device *d)
{
    struct book_box *x = box_of(d, d->number + 1);
    struct listing l = { .box = x };
    if (talk_command(&d->talk, listed, &l, "LIST \"\" Dev%u*", d->number)) return false;
    if (x->maybe[0] && l.name && l.maybe)
        world_broken(d->book->world, "RENAME: both %s and %s are there", x->name, x->maybe);
    if (l.maybe) bytes_copy(x->name, sizeof x->name, x->maybe, sizeof x->maybe);
    x->maybe[0] = '\0';
    if (!l.name && !l.maybe && x->exists)
        world_broken(d->book->world, "acknowledged, and lost: the mailbox %s of %s", x->name,
                     d->book->address);
    if (l.name || l.maybe) return true;
    return talk_command(&d->talk, NULL, NULL, "CREATE %s", x->name) == OK;
}

bool device_connect(struct device *d)
{
    if (!talk_open(&d->talk, d->book->server, d->book->address)) return false;
    d->open = true;
    d->selected = -1;
    if (d->resyncs && talk_command(&d->talk, NULL, NULL, "ENABLE QRESYNC")) {
        device_hang_up(d);
        return false;
    }
    /* What was under way on a connection that broke is over. */
    struct book_box *x = box_of(d, d->number + 1);
    if (x->exists && !x->maybe[0]) return true;
    if (player_sleep(d->player, 2 * SECOND_US) && find_folder(d)) {
        x->exists = true;
        return true;
    }
    device_hang_up(d);
    return false;
}

/* --- selecting -------------------------------------------------------------------------------- */

static struct cache *cache_of(struct device *d, unsigned box)
{
    return &d->cache[box > 0];
}

/* Messages that have no name yet in the book. */
static bool identify(struct device *d, unsigned box)
{
    const struct book_box *x = box_of(d, box);
    uint32_t first = UINT32_MAX;
    const struct cache *c = cache_of(d, box);
    for (unsigned i = 0; i < c->n; i++) {
        bool known = false;
        for (unsigned k = 0; k < d->book->uids_n && !known; k++) {
            const struct known_uid *u = &d->book->uids[k];
            known = u->box == box && u->uid == c->all[i].uid && u->uidvalidity == x->uidvalidity;
        }
        if (!known && c->all[i].uid < first) first = c->all[i].uid;
    }
    if (first == UINT32_MAX) return true;
    return !talk_command(&d->talk, device_hears, d,
                         "UID FETCH %u:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT MESSAGE-ID)])",
                         first);
}

/* Nor is it resynchronised, until all was read again. */
static void cache_forget(struct cache *c)
{
    c->n = 0;
    c->modseq = 0;
}

static enum err ask_select(struct device *d, unsigned box, bool knows)
{
    struct book_box *x = box_of(d, box);
    struct cache *c = cache_of(d, box);
    if (!knows) cache_forget(c);
    d->talk.uidvalidity = d->talk.uidnext = 0;
    d->talk.modseq = 0;
    d->selected = (int)box;
    d->filling = d->resyncs ? c : NULL;
    if (knows)
        return talk_command(&d->talk, device_hears, d, "SELECT %s (QRESYNC (%u %llu))", x->name,
                            c->uidvalidity, (unsigned long long)c->modseq);
    return talk_command(&d->talk, device_hears, d, "SELECT %s", x->name);
}

bool device_select(struct device *d, unsigned box)
{
    struct book_box before = *box_of(d, box);
    struct cache *c = cache_of(d, box);
    if (d->selected >= 0 && (unsigned)d->selected == box) return true;
    bool knows = d->resyncs && c->modseq && c->uidvalidity == before.uidvalidity;
    d->selected = -1;
    enum err e = ask_select(d, box, knows);
    if (e == ERR_DENIED) d->selected = -1;
    if (e) return false;
    book_selected(d->book, box, &before, &d->talk);
    bool renewed = c->uidvalidity != d->talk.uidvalidity;
    if (renewed) cache_forget(c);
    c->uidvalidity = d->talk.uidvalidity;
    uint64_t modseq = d->talk.modseq;
    if (d->resyncs && (!knows || renewed))
        e = talk_command(&d->talk, device_hears, d, "UID FETCH 1:* (FLAGS)");
    if (!e) c->modseq = modseq;
    return !e && identify(d, box);
}

/* --- in the end ------------------------------------------------------------------------------- */

/* A cache that was kept through everything, against what the server says now. */
static void compare(struct device *d, unsigned box, struct cache *knew)
{
    struct cache *is = cache_of(d, box);
    const char *name = box_of(d, box)->name;
    for (unsigned i = 0; i < is->n; i++) {
        const struct found *f = cached(knew, is->all[i].uid);
        if (!f)
            world_broken(d->book->world,
                         "devices do not converge: UID %u in %s of %s was never told",
                         is->all[i].uid, name, d->book->address);
        else if (f->flags != is->all[i].flags)
            world_broken(
                d->book->world,
                "devices do not converge: the flags of UID %u in %s of %s are %x, told were %x",
                f->uid, name, d->book->address, is->all[i].flags, f->flags);
    }
    for (unsigned i = 0; i < knew->n; i++)
        if (!cached(is, knew->all[i].uid))
            world_broken(d->book->world,
                         "devices do not converge: UID %u in %s of %s is gone, untold",
                         knew->all[i].uid, name, d->book->address);
}

static bool converges(struct device *d, unsigned box)
{
    struct cache *c = cache_of(d, box), *knew = MEM_NEW(struct cache);
    bool told = device_select(d, box);
    *knew = *c;
    c->n = 0;
    if (told) told = !talk_command(&d->talk, device_hears, d, "UID FETCH 1:* (FLAGS)");
    if (told) compare(d, box, knew);
    mem_free(knew);
    return told;
}

static bool read_box(struct device *d, unsigned box)
{
    d->selected = (int)box;
    if (talk_command(&d->talk, NULL, NULL, "SELECT %s", box_of(d, box)->name)) return false;
    return !talk_command(&d->talk, device_hears, d,
                         "UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT MESSAGE-ID)])");
}

static bool tell_truth(struct device *d)
{
    unsigned own = d->number + 1;
    struct truth *truth = MEM_NEW(struct truth);
    d->filling = NULL;
    d->truth = truth;
    bool read = read_box(d, 0) && read_box(d, own);
    d->truth = NULL;
    if (read) book_judge(d->book, d->number, truth);
    if (read && d->number == 0) book_judge(d->book, OWNER_POP3, truth);
    mem_free(truth);
    return read;
}

void device_settle(struct device *d)
{
    bool right = false;
    for (int tries = 0; tries < 5 && !right; tries++) {
        device_hang_up(d);
        right = device_connect(d);
        if (!right) player_sleep(d->player, 10 * SECOND_US);
    }
    if (!right) {
        world_broken(d->book->world, "%s cannot log in, and nothing is wrong any more",
                     d->book->address);
        return;
    }
    if (d->resyncs) right = converges(d, 0) && converges(d, d->number + 1);
    if (!right || !tell_truth(d))
        world_broken(d->book->world, "%s cannot be read, and nothing is wrong any more",
                     d->book->address);
    device_hang_up(d);
}
