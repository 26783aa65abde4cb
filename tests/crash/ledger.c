/* ledger.c - what the servers owe us, and whether they have it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/ledger.h"
#include "support/fail.h"

const char *const box_names[BOXES] = { "INBOX", "Work", "Copies", "Moved" };
const char *const flag_names[FLAGS] = { "\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "Kept" };

enum change { NONE, BROUGHT, TAKEN, FLAGGING };

struct copy {
    struct letter letter;
    int user;
    enum box box;
    unsigned uid; /* 0: not yet known */
    unsigned flags, flags_then;
    bool gone;     /* kept, so that it would be known if it came back */
    unsigned deed; /* that is under way for it; 0: none */
    enum change change;
    bool found;
};

struct place {
    unsigned uidvalidity, uid_floor; /* every UID below it was given out */
};

struct ledger {
    pthread_mutex_t lock;
    struct copy *copies;
    int n, size, done, refused;
    unsigned tokens, deeds;
    struct place places[USERS][BOXES];
};

struct ledger *ledger_new(void)
{
    struct ledger *l = calloc(1, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void ledger_free(struct ledger *l)
{
    free(l->copies);
    free(l);
}

/* --- letters */

struct letter ledger_letter(struct ledger *l, size_t size)
{
    pthread_mutex_lock(&l->lock);
    struct letter t = { ++l->tokens, size };
    pthread_mutex_unlock(&l->lock);
    return t;
}

/* Lines of many lengths, some with dots in front; what they say depends on the token alone. */
char *letter_bytes(struct letter t, size_t *n)
{
    const size_t head_max = 512;
    char *bytes = malloc(t.size + head_max);
    uint32_t x = t.token * 2654435761u + 1;
    int head = snprintf(bytes, head_max,
                        "X-Letter: %u %zu\r\nFrom: Ann <ann@a.test>\r\nTo: someone@b.test\r\n"
                        "Subject: letter %u\r\nDate: Sat, 01 Jan 2022 10:00:00 +0000\r\n"
                        "Message-ID: <%u@c.test>\r\n\r\n",
                        t.token, t.size, t.token, t.token);
    char *p = bytes + head, *end = p + t.size;
    while (end - p > 80) {
        x = x * 1664525 + 1013904223;
        for (unsigned line = x >> 26, i = 0; i < line; i++, x = x * 1664525 + 1013904223)
            *p++ = ".abcdefghijklmnopqrstuvwxyz 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ="[x >> 26];
        *p++ = '\r';
        *p++ = '\n';
    }
    p += snprintf(p, 6, "end\r\n");
    *n = (size_t)(p - bytes);
    return bytes;
}

struct letter letter_of(const char *bytes, size_t n)
{
    struct letter t = { 0 };
    const char *at = memmem(bytes, n, "X-Letter: ", 10);
    if (at) sscanf(at, "X-Letter: %u %zu", &t.token, &t.size);
    return t;
}

/* Behind what the server put in front (Return-Path, Received): every byte as sent. */
static bool is_whole(struct letter t, enum box box, const char *bytes, size_t n)
{
    size_t want;
    char *sent = letter_bytes(t, &want);
    size_t front = n - want;
    bool whole = n >= want && memcmp(bytes + front, sent, want) == 0;
    if (whole && front > 0)
        whole = box != WORK && !memmem(bytes, front, "\r\n\r\n", 4) &&
                strncmp(bytes, "Return-Path: ", 13) == 0;
    free(sent);
    return whole;
}

/* --- deeds */

unsigned deed_begin(struct ledger *l)
{
    pthread_mutex_lock(&l->lock);
    unsigned deed = ++l->deeds;
    pthread_mutex_unlock(&l->lock);
    return deed;
}

static int add(struct ledger *l, struct copy c)
{
    if (l->n == l->size) {
        l->size = l->size ? 2 * l->size : 1024;
        l->copies = realloc(l->copies, (size_t)l->size * sizeof *l->copies);
    }
    l->copies[l->n] = c;
    return l->n++;
}

int deed_brings(struct ledger *l, unsigned deed, struct letter t, int user, enum box box,
                unsigned flags)
{
    struct copy c = {
        .letter = t, .user = user, .box = box, .flags = flags, .deed = deed, .change = BROUGHT
    };
    pthread_mutex_lock(&l->lock);
    int copy = add(l, c);
    pthread_mutex_unlock(&l->lock);
    return copy;
}

void deed_takes(struct ledger *l, unsigned deed, int copy)
{
    pthread_mutex_lock(&l->lock);
    l->copies[copy].deed = deed;
    l->copies[copy].change = TAKEN;
    pthread_mutex_unlock(&l->lock);
}

void deed_flags(struct ledger *l, unsigned deed, int copy, unsigned flags)
{
    pthread_mutex_lock(&l->lock);
    l->copies[copy].deed = deed;
    l->copies[copy].change = FLAGGING;
    l->copies[copy].flags_then = flags;
    pthread_mutex_unlock(&l->lock);
}

static void settle(struct copy *c, bool happened)
{
    if (c->change == BROUGHT && !happened) c->gone = true;
    if (c->change == TAKEN && happened) c->gone = true;
    if (c->change == FLAGGING && happened) c->flags = c->flags_then;
    c->deed = 0;
    c->change = NONE;
}

void deed_done(struct ledger *l, unsigned deed)
{
    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->n; i++)
        if (l->copies[i].deed == deed) settle(&l->copies[i], true);
    l->done++;
    pthread_mutex_unlock(&l->lock);
}

void deed_refused(struct ledger *l, unsigned deed)
{
    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->n; i++)
        if (l->copies[i].deed == deed) settle(&l->copies[i], false);
    l->refused++;
    pthread_mutex_unlock(&l->lock);
}

void deed_uid(struct ledger *l, int copy, unsigned uid, unsigned uidvalidity)
{
    pthread_mutex_lock(&l->lock);
    struct copy *c = &l->copies[copy];
    struct place *p = &l->places[c->user][c->box];
    if (p->uidvalidity && p->uidvalidity != uidvalidity)
        fail_now("user %d %s: UIDVALIDITY %u, was %u", c->user, box_names[c->box], uidvalidity,
                 p->uidvalidity);
    if (uid < p->uid_floor)
        fail_now("user %d %s: UID %u was given again", c->user, box_names[c->box], uid);
    p->uidvalidity = uidvalidity;
    p->uid_floor = uid + 1;
    c->uid = uid;
    pthread_mutex_unlock(&l->lock);
}

/* --- what is there for sure */

static bool is_sure(const struct copy *c, int user, enum box box)
{
    return c->user == user && c->box == box && !c->gone && !c->deed;
}

static int by_uid(const void *a, const void *b)
{
    unsigned x = ((const struct known *)a)->uid, y = ((const struct known *)b)->uid;
    return (x > y) - (x < y);
}

int ledger_pick(struct ledger *l, int user, enum box box, int max, unsigned random,
                struct known *out)
{
    int n = 0;
    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->n && n < max; i++) {
        int at = (int)((random + (unsigned)i) % (unsigned)l->n);
        const struct copy *c = &l->copies[at];
        if (is_sure(c, user, box) && c->uid)
            out[n++] = (struct known){ at, c->uid, c->flags, c->letter };
    }
    pthread_mutex_unlock(&l->lock);
    qsort(out, (size_t)n, sizeof *out, by_uid);
    return n;
}

int ledger_find(struct ledger *l, int user, enum box box, unsigned token)
{
    int found = -1;
    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->n && found < 0; i++)
        if (is_sure(&l->copies[i], user, box) && l->copies[i].letter.token == token) found = i;
    pthread_mutex_unlock(&l->lock);
    return found;
}

int ledger_count(struct ledger *l)
{
    pthread_mutex_lock(&l->lock);
    int done = l->done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

int ledger_refused(struct ledger *l)
{
    pthread_mutex_lock(&l->lock);
    int refused = l->refused;
    pthread_mutex_unlock(&l->lock);
    return refused;
}

int ledger_copies(struct ledger *l)
{
    int n = 0;
    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->n; i++)
        n += !l->copies[i].gone && !l->copies[i].deed;
    pthread_mutex_unlock(&l->lock);
    return n;
}

/* --- after the crash */

void found_box(struct ledger *l, int user, enum box box, unsigned uidvalidity, unsigned uidnext)
{
    struct place *p = &l->places[user][box];
    if (p->uidvalidity && p->uidvalidity != uidvalidity)
        fail_now("user %d %s: UIDVALIDITY %u, was %u", user, box_names[box], uidvalidity,
                 p->uidvalidity);
    if (uidnext < p->uid_floor)
        fail_now("user %d %s: UIDNEXT %u, though %u was given", user, box_names[box], uidnext,
                 p->uid_floor - 1);
    p->uidvalidity = uidvalidity;
}

/* The copy with this UID; or one of that letter whose UID was never told, brought since. */
static struct copy *match(struct ledger *l, int user, enum box box, unsigned uid, unsigned token)
{
    struct copy *untold = NULL;
    for (int i = 0; i < l->n; i++) {
        struct copy *c = &l->copies[i];
        if (c->user != user || c->box != box) continue;
        if (c->uid == uid) return c;
        if (!c->uid && !c->found && c->letter.token == token && !untold) untold = c;
    }
    if (untold && uid < l->places[user][box].uid_floor)
        fail_now("user %d %s: letter %u came as UID %u, which was given before", user,
                 box_names[box], token, uid);
    return untold;
}

void found_message(struct ledger *l, int user, enum box box, unsigned uid, unsigned flags,
                   const char *bytes, size_t n)
{
    struct letter t = letter_of(bytes, n);
    struct copy *c = match(l, user, box, uid, t.token);
    if (!c)
        fail_now("user %d %s UID %u: letter %u should not be there", user, box_names[box], uid,
                 t.token);
    if (c->gone)
        fail_now("user %d %s UID %u: letter %u came back", user, box_names[box], uid, t.token);
    if (c->found)
        fail_now("user %d %s UID %u: letter %u is there twice", user, box_names[box], uid, t.token);
    if (c->letter.token != t.token || !is_whole(c->letter, box, bytes, n))
        fail_now("user %d %s UID %u: letter %u is not as it was sent (%zu bytes, is letter %u)",
                 user, box_names[box], uid, c->letter.token, n, t.token);
    bool may_differ = c->change == FLAGGING && flags == c->flags_then;
    if (flags != c->flags && !may_differ)
        fail_now("user %d %s UID %u: flags %u, must be %u", user, box_names[box], uid, flags,
                 c->flags);
    if (c->change == FLAGGING && c->flags != c->flags_then) c->flags = flags;
    c->uid = uid;
    c->found = true;
}

/* What an unanswered deed did to this copy: 1 it happened, 0 it did not, -1 cannot be seen. */
static int happened(const struct copy *c)
{
    if (c->change == BROUGHT) return c->found;
    if (c->change == TAKEN) return !c->found;
    return -1;
}

static void judge_deed(struct ledger *l, const struct copy *first)
{
    for (const struct copy *c = first + 1; c < l->copies + l->n; c++)
        if (c->deed == first->deed && happened(c) >= 0 && happened(c) != happened(first))
            fail_now(
                "an unanswered deed was done by half: letter %u of user %d in %s is %s, letter %u "
                "of user %d in %s is %s",
                first->letter.token, first->user, box_names[first->box],
                first->found ? "there" : "not there", c->letter.token, c->user, box_names[c->box],
                c->found ? "there" : "not there");
}

void found_all(struct ledger *l)
{
    int kept = 0;
    for (struct copy *c = l->copies; c < l->copies + l->n; c++) {
        if (!c->found && !c->gone && c->change != BROUGHT && c->change != TAKEN)
            fail_now("user %d %s UID %u: letter %u is lost", c->user, box_names[c->box], c->uid,
                     c->letter.token);
        if (c->deed && happened(c) >= 0) judge_deed(l, c);
    }
    for (int i = 0; i < l->n; i++) {
        struct copy *c = &l->copies[i];
        if (c->deed) settle(c, c->change == FLAGGING ? false : happened(c) == 1);
        c->found = false;
        if (c->uid >= l->places[c->user][c->box].uid_floor)
            l->places[c->user][c->box].uid_floor = c->uid + 1;
        if (!c->gone || c->uid) l->copies[kept++] = *c;
    }
    l->n = kept;
}
