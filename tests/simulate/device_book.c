/* device_book.c - what the devices of an account were promised, and the judgement. */
#include <stdio.h>

#include "simulate/device.h"

const char *const device_flags[FLAG_BITS] = { "\\Seen", "\\Answered", "\\Flagged", "\\Draft" };

/* --- letters ---------------------------------------------------------------------------------- */

static const uint64_t of_others = UINT64_C(1) << 63;

void letter_text(const struct book *b, unsigned letter, struct buf *out)
{
    buf_addf(out,
             "From: %s\r\nSubject: device letter %u.\r\nMessage-ID: <device-%u@%s>\r\n\r\n"
             "Kept by a device.\r\n",
             b->address, letter, letter, b->user);
}

uint64_t what_of(str header)
{
    uint64_t n, hash = UINT64_C(14695981039346656037); /* FNV-1a */
    if (response_number(header, "Subject: device letter ", &n)) return n + 1;
    for (size_t i = 0; i < header.n; i++)
        hash = (hash ^ (unsigned char)header.p[i]) * UINT64_C(1099511628211);
    return hash | of_others;
}

bool found_read(str response, struct found *out)
{
    uint64_t n;
    *out = (struct found){ 0 };
    if (str_find(response, S(" FETCH (")) == STR_NPOS) return false;
    if (!response_number(response, "UID ", &n)) return false;
    out->uid = (uint32_t)n;
    if (response_number(response, "MODSEQ (", &n)) out->modseq = n;
    size_t at = str_find(response, S("FLAGS ("));
    str flags = at == STR_NPOS ? (str){ 0 } : str_from(response, at + 7);
    flags = str_take(flags, str_chr(flags, ')'));
    for (unsigned i = 0; i < FLAG_BITS; i++)
        if (str_find(flags, str_of(device_flags[i])) != STR_NPOS) out->flags |= 1u << i;
    at = str_find(response, S("}\r\n"));
    if (at != STR_NPOS) out->what = what_of(str_from(response, at + 3));
    return true;
}

struct place *place_add(struct book *b, unsigned letter, unsigned box, uint32_t uid, unsigned flags)
{
    if (b->places_n == BOOK_PLACES) return NULL;
    struct place *p = &b->places[b->places_n++];
    *p = (struct place){ .letter = letter,
                         .box = box,
                         .flags = flags,
                         .uidvalidity = b->boxes[box].uidvalidity,
                         .uid = uid,
                         .state = uid ? THERE : PERHAPS };
    return p;
}

/* --- UIDs ------------------------------------------------------------------------------------- */

static void shout(struct book *b, unsigned box, const char *invariant, uint64_t was, uint64_t is)
{
    world_broken(b->world, "%s: %s in %s: %s (was %llu, is %llu)", invariant, b->boxes[box].name,
                 b->address, "told to a device", (unsigned long long)was, (unsigned long long)is);
}

void book_uid(struct book *b, unsigned box, uint32_t uid, uint64_t what)
{
    struct book_box *x = &b->boxes[box];
    if (uid >= x->uidnext) x->uidnext = uid + 1;
    for (unsigned i = 0; i < b->uids_n; i++) {
        const struct known_uid *k = &b->uids[i];
        if (k->box != box || k->uidvalidity != x->uidvalidity || k->uid != uid) continue;
        if (k->what != what)
            world_broken(b->world, "a UID was reused: UID %u in %s of %s is another message now",
                         uid, x->name, b->address);
        return;
    }
    if (b->uids_n == BOOK_UIDS) return;
    b->uids[b->uids_n++] = (struct known_uid){ box, x->uidvalidity, uid, what };
}

void book_deleted(struct book_box *x, bool surely)
{
    if (x->uidvalidity) x->uidvalidity_above = x->uidvalidity - !surely;
    x->uidvalidity = x->uidnext = 0;
    x->modseq = 0;
}

void book_validity(struct book *b, unsigned box, uint32_t uidvalidity)
{
    struct book_box *x = &b->boxes[box];
    if (!x->uidvalidity) x->uidvalidity = uidvalidity;
    if (x->uidvalidity != uidvalidity)
        shout(b, box, "UIDVALIDITY changed", x->uidvalidity, uidvalidity);
}

static void begins_anew(struct book_box *x, const struct talk *told)
{
    x->uidvalidity = told->uidvalidity;
    x->uidnext = told->uidnext;
    x->modseq = told->modseq;
}

void book_selected(struct book *b, unsigned box, const struct book_box *before,
                   const struct talk *told)
{
    struct book_box *x = &b->boxes[box];
    if (!before->uidvalidity) {
        if (told->uidvalidity <= before->uidvalidity_above)
            shout(b, box, "UIDVALIDITY of a new mailbox does not ascend", before->uidvalidity_above,
                  told->uidvalidity);
        begins_anew(x, told);
        return;
    }
    if (told->uidvalidity != before->uidvalidity) {
        shout(b, box, "UIDVALIDITY changed", before->uidvalidity, told->uidvalidity);
        begins_anew(x, told);
        return;
    }
    if (told->uidnext < before->uidnext)
        shout(b, box, "UIDNEXT went back, so UIDs will be reused", before->uidnext, told->uidnext);
    if (told->modseq < before->modseq)
        shout(b, box, "HIGHESTMODSEQ went back", before->modseq, told->modseq);
    if (told->uidnext > x->uidnext) x->uidnext = told->uidnext;
    if (told->modseq > x->modseq) x->modseq = told->modseq;
}

/* --- the judgement ---------------------------------------------------------------------------- */

static const struct found *find(const struct truth *t, unsigned box, uint32_t uid)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->box[i] == box && t->all[i].uid == uid) return &t->all[i];
    return NULL;
}

static void judge_place(struct book *b, const struct place *p, const struct truth *truth)
{
    const struct letter_made *l = &b->letters[p->letter];
    const struct found *f = find(truth, p->box, p->uid);
    const char *box = b->boxes[p->box].name;
    bool same = p->uidvalidity == b->boxes[p->box].uidvalidity;
    if (p->state == PERHAPS) return;
    if (p->state == AWAY) {
        if (same && f && f->what == p->letter + 1)
            world_broken(b->world,
                         "an acknowledged expunge is undone: letter %u, UID %u in %s of %s",
                         p->letter, p->uid, box, b->address);
        return;
    }
    if (!f || f->what != p->letter + 1) {
        world_broken(b->world, "acknowledged, and lost: letter %u of a device, UID %u in %s of %s",
                     p->letter, p->uid, box, b->address);
        return;
    }
    if (!l->unsure && f->flags != p->flags)
        world_broken(
            b->world,
            "an acknowledged flag change is lost: letter %u, UID %u in %s of %s has %x, not %x",
            p->letter, p->uid, box, b->address, f->flags, p->flags);
}

void book_judge(struct book *b, unsigned owner, const struct truth *truth)
{
    for (unsigned i = 0; i < b->letters_n; i++) {
        const struct letter_made *l = &b->letters[i];
        unsigned n = 0;
        if (l->owner != owner) continue;
        for (unsigned k = 0; k < truth->n; k++)
            n += truth->all[k].what == i + 1;
        if (n < l->least || n > l->most)
            world_broken(b->world,
                         "exactly once is broken: letter %u of a device of %s is there %u times, "
                         "not %u to %u",
                         i, b->address, n, l->least, l->most);
    }
    for (unsigned i = 0; i < b->places_n; i++)
        if (b->letters[b->places[i].letter].owner == owner) judge_place(b, &b->places[i], truth);
}

/* --- whose it is ------------------------------------------------------------------------------ */

static struct book *book_new(struct player *a, unsigned account)
{
    struct book *b = MEM_NEW(struct book);
    b->world = a->world;
    b->account = account;
    b->server = world_server(a->world, account);
    b->user = user_names[account % 3];
    snprintf(b->address, sizeof b->address, "%s@%c.test", b->user,
             'a' + (int)(account % a->world->servers_n));
    for (unsigned i = 0; i < DEVICE_BOXES; i++)
        snprintf(b->boxes[i].name, sizeof b->boxes[i].name, i ? "Dev%u" : "INBOX", i - 1);
    b->boxes[0].exists = true;
    return b;
}

struct book *book_take(struct player *a, unsigned account)
{
    struct book *b = NULL;
    for (unsigned i = 0; i < a->world->players_n && !b; i++) {
        struct player *other = &a->world->players[i];
        const struct device *d = other->self;
        if (other != a && other->kind == &imap_device_kind && d->book->account == account)
            b = d->book;
    }
    if (!b) b = book_new(a, account);
    b->users++;
    return b;
}

void book_leave(struct book *b)
{
    if (--b->users == 0) mem_free(b);
}
