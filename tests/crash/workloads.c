/* workloads.c - mail that arrives, is sorted, deleted, queued; one subject each. */
#include "crash/workloads.h"

#include "crash/letters.h"

static size_t some_size(struct life *l)
{
    return 80 + life_draw(l, 2500);
}

static void deliver(struct life *l)
{
    for (unsigned i = 0; i < 14; i++) {
        struct sending s = { .local = 1 + (unsigned)life_draw(l, 7), .size = some_size(l) };
        s.remote = i % 4 == 3;
        s.kind = LETTER_PLAIN;
        if (i % 2) s.local = 3, s.kind = LETTER_TWICE;
        must_or_later(send(l, &s), "a delivery");
        if (i % 5 == 4) life_sleep(1100);
    }
}

static void large_letters(struct life *l)
{
    for (unsigned i = 0; i < 4; i++) {
        must_or_later(append_to(l, 0, S("INBOX"), some_size(l), LETTER_PLAIN), "a small letter");
        must_or_later(append_to(l, i % 2, S("Archive"), 270000 + i * 50000, LETTER_PLAIN),
                      "a large letter");
    }
    must_or_later(copy_all(l, 0, S("Archive"), S("Sent"), 1, 10, false), "a copy");
    must_or_later(read_box(l, 0, S("Sent")), "reading");
    must_or_later(read_box(l, 0, S("INBOX")), "reading");
    must_or_later(expunge_box(l, 0, S("Archive"), true), "an expunge");
    life_sleep(3000);
    must_or_later(store_tidy(l->store), "tidy");
}

static void flags(struct life *l)
{
    for (unsigned i = 0; i < 5; i++)
        must_or_later(append_to(l, 0, i % 2 ? S("INBOX") : S("Sent"), some_size(l), LETTER_PLAIN),
                      "an append");
    for (unsigned i = 0; i < 14; i++) {
        str box = i % 3 ? S("INBOX") : S("Sent"), word = i % 4 ? S("") : S("work");
        must_or_later(flag_all(l, 0, box, i % 3, (uint8_t)life_draw(l, 32), word), "flags");
        if (i % 6 == 5) life_sleep(1100);
    }
}

static void copies_and_moves(struct life *l)
{
    for (unsigned i = 0; i < 6; i++)
        must_or_later(
            append_to(l, 0, S("INBOX"), some_size(l), i % 2 ? LETTER_MOVED : LETTER_PLAIN),
            "an append");
    static const str boxes[] = { S_INIT("INBOX"), S_INIT("Archive"), S_INIT("Trash") };
    for (unsigned i = 0; i < 9; i++) {
        must_or_later(copy_all(l, 0, boxes[i % 3], boxes[(i + 1) % 3], 1, 1000, true), "a move");
        if (i == 4) life_sleep(1100);
    }
    for (unsigned i = 0; i < 3; i++) {
        must_or_later(append_to(l, 0, S("Sent"), some_size(l), LETTER_PLAIN), "an append");
        must_or_later(copy_all(l, 0, S("Sent"), S("Drafts"), 1, 1000, false), "a copy");
    }
}

static void expunges(struct life *l)
{
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++)
            must_or_later(append_to(l, 0, S("INBOX"), some_size(l), LETTER_PLAIN), "an append");
        must_or_later(copy_all(l, 0, S("INBOX"), S("Trash"), 1 + round * 4, 2 + round * 4, false),
                      "a copy");
        must_or_later(flag_all(l, 0, S("Trash"), FLAGS_ADD, FLAG_DELETED, S("")), "flags");
        must_or_later(expunge_box(l, 0, S("Trash"), false), "an expunge");
        must_or_later(expunge_box(l, 0, S("INBOX"), round == 1), "an expunge");
        life_sleep(2500);
        must_or_later(store_tidy(l->store), "tidy");
    }
}

/* Most of what the first segments hold is dead when the compactor comes. */
static void compact(struct life *l)
{
    struct compact_result given;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 8; i++)
            must_or_later(append_to(l, i % 2, S("INBOX"), 4000 + some_size(l), LETTER_PLAIN),
                          "an append");
        if (round == 1)
            must_or_later(append_to(l, 0, S("Sent"), 280000, LETTER_PLAIN), "a large letter");
        must_or_later(copy_all(l, 0, S("INBOX"), S("Sent"), 1 + round * 4, 1 + round * 4, true),
                      "a move");
        must_or_later(expunge_box(l, 0, S("INBOX"), true), "an expunge");
        if (round == 2) must_or_later(expunge_box(l, 0, S("Sent"), true), "an expunge");
        life_sleep(3000);
        must_or_later(store_tidy(l->store), "tidy");
        life_sleep(1500);
        must_or_later(engine_compact(l->engine, &given), "compaction");
    }
}

static void mailboxes(struct life *l)
{
    struct mailbox_id id;
    struct account a = l->people[1];
    static const str names[] = { S_INIT("work"), S_INIT("work/plans/2026"), S_INIT("home") };
    for (unsigned i = 0; i < 3; i++) {
        must_or_later(store_mailbox_create(l->store, a, names[i], USE_NONE, &id), "create");
        for (unsigned k = 0; k < 3; k++)
            must_or_later(append_to(l, 1, names[i], some_size(l), LETTER_PLAIN), "an append");
    }
    must_or_later(append_to(l, 1, S("INBOX"), some_size(l), LETTER_PLAIN), "an append");
    must_or_later(store_mailbox_rename(l->store, a, S("work"), S("job")), "rename");
    must_or_later(store_mailbox_rename(l->store, a, S("INBOX"), S("old mail")), "rename INBOX");
    life_sleep(1100);
    must_or_later(store_mailbox_delete(l->store, a, S("home")), "delete");
    must_or_later(store_mailbox_create(l->store, a, S("home"), USE_NONE, &id), "create again");
    must_or_later(append_to(l, 1, S("home"), some_size(l), LETTER_PLAIN), "an append");
    must_or_later(store_mailbox_delete(l->store, a, S("job/plans/2026")), "delete");
    must_or_later(store_mailbox_delete(l->store, a, S("old mail")), "delete");
}

static void queue(struct life *l)
{
    struct sending s = { .remote = 3, .kind = LETTER_PLAIN };
    for (unsigned i = 0; i < 5; i++) {
        s.local = i % 2;
        s.size = some_size(l);
        must_or_later(send(l, &s), "a letter to others");
        must_or_later(queue_answer(l, QUEUE_DEFERRED, false), "deferred");
        must_or_later(queue_answer(l, QUEUE_DELIVERED, false), "delivered");
        must_or_later(queue_answer(l, QUEUE_BOUNCED, true), "bounced");
        if (i == 2) life_sleep(1100);
    }
}

static void users(struct life *l)
{
    struct account a;
    struct user u = { .address = S("dan@a.test"), .password_hash = S("hash") };
    u.quota_bytes = 3000;
    must_or_later(store_user_add(l->store, &u, &a), "a user");
    must_or_later(store_alias_add(l->store, S("sales@a.test"), S("dan@a.test")), "an alias");
    must_or_later(store_alias_add(l->store, S("sales@a.test"), S("eve@b.test")), "an alias");
    l->people[2] = a;
    enum err e = OK;
    for (unsigned i = 0; !e && i < 8; i++)
        e = append_to(l, 2, S("INBOX"), 900, LETTER_PLAIN); /* up to the quota */
    if (e != ERR_LIMIT) must_or_later(e, "an append");
    must_or_later(expunge_box(l, 2, S("INBOX"), true), "an expunge");
    must_or_later(append_to(l, 2, S("INBOX"), 900, LETTER_PLAIN), "an append");
    u.suspended = true;
    must_or_later(store_user_update(l->store, &u), "a change");
    life_sleep(1100);
    must_or_later(store_user_remove(l->store, u.address), "a removal");
    must_or_later(store_alias_remove(l->store, S("sales@a.test"), S("")), "an alias's removal");
    people_find(l);
}

/* --- several at once: groups */

static void crowd_deliver(struct life *l)
{
    for (unsigned i = 0; i < 8; i++) {
        struct sending s = {
            .local = 3, .remote = i % 2, .size = some_size(l), .kind = LETTER_TWICE
        };
        must_or_later(send(l, &s), "a delivery");
    }
}

static void crowd_sort(struct life *l)
{
    for (unsigned i = 0; i < 8; i++) {
        must_or_later(append_to(l, 2, S("INBOX"), some_size(l), LETTER_MOVED), "an append");
        must_or_later(copy_all(l, 2, S("INBOX"), S("Archive"), 1, 1000, true), "a move");
    }
}

static void crowd_flag(struct life *l)
{
    for (unsigned i = 0; i < 10; i++)
        must_or_later(flag_all(l, i % 3, S("INBOX"), i % 3, (uint8_t)life_draw(l, 8), S("")),
                      "flags");
}

static void crowd(struct life *l)
{
    life_start(l, crowd_deliver);
    life_start(l, crowd_deliver);
    life_start(l, crowd_sort);
    life_start(l, crowd_flag);
}

const struct workload workloads[] = {
    { "deliver", deliver },       { "large", large_letters }, { "flags", flags },
    { "move", copies_and_moves }, { "expunge", expunges },    { "mailboxes", mailboxes },
    { "queue", queue },           { "users", users },         { "crowd", crowd },
    { "compact", compact },
};
const unsigned workloads_n = sizeof workloads / sizeof *workloads;
