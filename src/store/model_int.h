/* model_int.h - the model that model_test.c compares the store with: names, mailboxes as arrays. */
#ifndef STORE_MODEL_INT_H
#define STORE_MODEL_INT_H

#include "store/testing_int.h"

enum { LETTERS = 3, LEVELS = 4, ROOTS = 3, NAMES = ROOTS + 3 + 9 + 27 + 81 };
enum { SESSIONS = 3, WORDS = 5, MARKS = 16, IMPORTS = 64, DEAD = 4096, QUEUED = 4096 };
static const str words[WORDS] = { S_INIT("$Forwarded"), S_INIT("work"), S_INIT("later"),
                                  S_INIT("$Junk"), S_INIT("a.b") };

enum fate { LIVE, EXPUNGED, MOVED, RESTORED }; /* only what was expunged can be brought back */

struct model_message {
    uint32_t uid;
    uint8_t system, words;
    unsigned text; /* its number: see text_of_number */
    uint64_t size;
    uint64_t changed; /* the step of its last change */
    enum fate fate;
    unsigned day;  /* when it went */
    uint64_t gone; /* the order in which they went */
};

struct model_box {
    unsigned number; /* in the order of their making */
    unsigned name;   /* that it has, or had */
    bool dead;
    unsigned day; /* when it was deleted */
    uint32_t uidnext;
    struct model_message *messages;
    size_t n, room;
};

/* A name has a row while it has a mailbox, is subscribed, or others lie below it. */
struct model_name {
    char text[16];
    str name;
    bool row, subscribed;
    struct model_box *box;
};

/* A client that keeps a copy of one mailbox: index by uid. */
struct session {
    const struct model_box *box; /* NULL: it has none open */
    struct told told;
    unsigned day;
    struct model_message *copy;
    size_t n, room;
};

/* What the highest modseq of a mailbox was, and when. */
struct model_mark {
    const struct model_box *box;
    struct modseq modseq;
    uint64_t step;
};

struct model_entry {
    struct queue_key key;
    unsigned to;
    uint32_t attempts;
    bool held;
    int64_t next_us; /* 0: whenever the commit was */
};

struct model {
    struct world world;
    uint64_t seed, random, step;
    unsigned steps; /* of each round */
    const char *doing;
    struct model_name names[NAMES];
    struct model_box *dead[DEAD];
    size_t dead_n;
    unsigned boxes; /* made so far */
    unsigned texts; /* written so far */
    uint64_t gone;  /* messages, so far */
    unsigned day;
    struct quota limits; /* the max fields */
    struct session session[SESSIONS];
    struct model_mark mark[MARKS];
    struct model_entry queue[QUEUED];
    size_t queued;
    bool imported[IMPORTS];
    struct msgid last_id;
    bool in_memory;
    bool failing; /* the next commit is made to fail */
    bool keeps;   /* bodies stay long enough for undelete */
};

static inline uint32_t draw(struct model *m, uint32_t below)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (uint32_t)((m->random >> 16) % below);
}

static inline void demand(struct model *m, bool what, const char *why)
{
    if (what) return;
    fail_msg("step %llu, %s: %s\nagain: store_model_test --seed %llu --seeds 1 --steps %u%s",
             (unsigned long long)m->step, m->doing, why, (unsigned long long)m->seed, m->steps,
             m->in_memory ? "" : " --embedded");
}

static inline struct actor tester(void)
{
    return (struct actor){ S("test"), S("model") };
}

/* --- a call that may be made to fail -------------------------------------------------------- */

/* Now and then its first commit fails: then nothing may have changed. */
static inline void arm(struct model *m)
{
    m->failing = m->in_memory && draw(m, 12) == 0;
    if (m->failing) engine_memory_fail(m->world.engine, 1);
}

/* Whether it was done, and the model is to follow. */
static inline bool done(struct model *m, enum err e, enum err wanted)
{
    bool failed = m->failing && e == ERR_LATER;
    if (m->failing) engine_memory_fail(m->world.engine, 0);
    m->failing = false;
    if (failed) return false;
    if (e != wanted) print_error("%s instead of %s\n", err_text(e), err_text(wanted));
    demand(m, e == wanted, "the answer");
    return e == OK;
}

/* --- names ------------------------------------------------------------------------------------ */

static inline void make_names(struct model *m)
{
    static const char *const roots[ROOTS] = { "INBOX", "Sent", "Trash" };
    size_t n = 0;
    for (; n < ROOTS; n++)
        m->names[n].name = str_of(roots[n]);
    for (size_t from = n, level = 0; level < LEVELS; level++) {
        size_t to = n;
        for (size_t above = level ? from : 0; above < (level ? to : 1); above++)
            for (char c = 'a'; c < 'a' + LETTERS; c++, n++) {
                struct model_name *one = &m->names[n];
                size_t at = 0;
                for (str p = level ? m->names[above].name : S(""); at < p.n; at++)
                    one->text[at] = p.p[at];
                if (level) one->text[at++] = '/';
                one->text[at++] = c;
                one->name = (str){ one->text, at };
            }
        from = to;
    }
    assert_int_equal(n, NAMES);
}

static inline struct model_name *name_find(struct model *m, str name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (str_eq(m->names[i].name, name)) return &m->names[i];
    return NULL;
}

static inline bool below(const struct model_name *child, const struct model_name *parent)
{
    str c = child->name, p = parent->name;
    return c.n > p.n && str_starts(c, p) && c.p[p.n] == '/';
}

/* Few names are drawn often, so that they meet. */
static inline struct model_name *any_name(struct model *m)
{
    return &m->names[draw(m, draw(m, 4) ? ROOTS + 3 + 9 : NAMES)];
}

static inline struct model_name *existing(struct model *m)
{
    for (int tries = 0; tries < 4; tries++) {
        struct model_name *n = any_name(m);
        if (n->box) return n;
    }
    return &m->names[0];
}

static inline struct model_name *mostly_existing(struct model *m)
{
    return draw(m, 12) ? existing(m) : any_name(m);
}

/* --- mailboxes and messages ------------------------------------------------------------------- */

/* What stands in the n-th text: now and then more than is kept in memory. */
static inline str text_of_number(struct model *m, unsigned n)
{
    size_t lines = n % 97 == 0 ? 6000 : n % 7 * 9 + n % 11;
    struct buf b = buf_make(1 << 20);
    buf_addf(&b, "Subject: number %u\r\nMessage-ID: <%u@model.test>\r\n\r\n", n, n);
    for (size_t i = 0; i < lines; i++)
        buf_addf(&b, "line %zu of number %u, which nobody will ever read\r\n", i, n);
    str text = arena_copy(&m->world.arena, buf_str(&b));
    assert_false(m->world.arena.full);
    buf_free(&b);
    return text;
}

static inline struct model_message *model_add(struct model *m, struct model_box *box,
                                              struct model_message message)
{
    if (box->n == box->room) {
        size_t room = box->room ? 2 * box->room : 64;
        box->messages = mem_resize(box->messages, box->room, room, sizeof *box->messages);
        box->room = room;
    }
    message.uid = box->uidnext++;
    message.fate = LIVE;
    message.changed = m->step;
    box->messages[box->n] = message;
    return &box->messages[box->n++];
}

static inline void model_remove(struct model *m, struct model_message *one, enum fate fate)
{
    one->fate = fate;
    one->day = m->day;
    one->gone = ++m->gone;
}

static inline struct quota used(const struct model *m)
{
    struct quota q = m->limits;
    for (size_t i = 0; i < NAMES; i++) {
        const struct model_box *box = m->names[i].box;
        for (size_t k = 0; box && k < box->n; k++) {
            if (box->messages[k].fate != LIVE) continue;
            q.messages++;
            q.bytes += box->messages[k].size;
        }
    }
    return q;
}

static inline bool fits(uint64_t have, uint64_t more, uint64_t max)
{
    return max == 0 || (have <= max && more <= max - have);
}

static inline bool has_room(const struct quota *q, uint64_t bytes, uint64_t messages)
{
    return fits(q->bytes, bytes, q->bytes_max) && fits(q->messages, messages, q->messages_max);
}

static inline struct uidset some_uids(struct model *m, const struct model_box *box)
{
    struct uidset set = uidset_make(&m->world.arena);
    unsigned ranges = 1 + draw(m, 3);
    for (unsigned k = 0; k < ranges; k++) {
        uint32_t from = 1 + draw(m, box->uidnext);
        assert_true(uidset_add(&set, from, from + draw(m, 20)));
    }
    uidset_normalise(&set);
    return set;
}

static inline struct mailbox open_box(struct model *m, const struct model_name *name)
{
    struct mailbox box;
    struct view *v = store_view(m->world.store);
    enum err e = store_mailbox_find(v, m->world.alice, name->name, &box);
    view_end(v);
    demand(m, e == OK, "a mailbox is missing");
    box.name = name->name;
    return box;
}

static inline uint8_t words_of(struct model *m, struct view *v, const struct mailbox *box,
                               uint64_t bits)
{
    const str *names;
    size_t n;
    uint8_t found = 0;
    demand(m, store_keywords(v, box, &m->world.arena, &names, &n) == OK, "keywords");
    for (size_t i = 0; i < n; i++)
        for (unsigned w = 0; w < WORDS; w++)
            if ((bits >> i & 1) && str_ieq(names[i], words[w])) found |= (uint8_t)(1u << w);
    return found;
}

/* n of them from the first on, as bits. */
static inline uint8_t words_from(unsigned first, size_t n)
{
    return (uint8_t)(((1u << n) - 1) << first);
}

static inline void draw_words(struct model *m, unsigned *first, size_t *n)
{
    *n = draw(m, 3);
    *first = draw(m, WORDS - 1);
}

#endif
