/* place_fixture.h - for relay_test and handling_test: one server of ours among other people's, in
 * simulated time. */
#ifndef RELAY_PLACE_FIXTURE_H
#define RELAY_PLACE_FIXTURE_H

#include <errno.h>

#include "relay/world_fixture.h"
#include "smtp/peer_fixture.h"

static const char letter[] = "From: alice@a.test\r\nSubject: the letter\r\n\r\nText.\r\n";
static const struct peer_rule kind[] = { { NULL, NULL, 0 } };

enum { PEERS_MAX = 3 };
struct place {
    struct sim_world *world;
    struct machine a;
    struct peer peers[PEERS_MAX];
    size_t n;
};

static inline void place_make_set(struct place *p, const char *settings)
{
    *p = (struct place){ .world = sim_world_new(42) };
    dns_add_mx(p->world, "a.test", 10, "mail.a.test");
    dns_add_a(p->world, "mail.a.test", "10.0.0.1");
    machine_make(&p->a, p->world, "a", "10.0.0.1", settings);
    machine_boot(&p->a);
}

static inline void place_make(struct place *p)
{
    place_make_set(p, "");
}

/* The peers are 10.0.0.2, 10.0.0.3 …, named mail.b.test, mail.c.test …. */
static inline struct peer *add_peer(struct place *p, const struct peer_rule *rules)
{
    static const char *const names[] = { "mail.b.test", "mail.c.test", "mail.d.test" };
    static const char *const ips[] = { "10.0.0.2", "10.0.0.3", "10.0.0.4" };
    struct peer *peer = &p->peers[p->n];
    dns_add_a(p->world, names[p->n], ips[p->n]);
    peer_start(peer, p->world, names[p->n], ips[p->n], rules);
    p->n++;
    return peer;
}

/* b.test with one host. */
static inline struct peer *add_b(struct place *p, const struct peer_rule *rules)
{
    dns_add_mx(p->world, "b.test", 10, "mail.b.test");
    return add_peer(p, rules);
}

static inline void place_end(struct place *p)
{
    machine_end(&p->a);
    for (size_t i = 0; i < p->n; i++)
        peer_stop(&p->peers[i], p->world);
    sim_world_free(p->world);
}

static inline void send_as(struct place *p, struct person person)
{
    person.at = &p->a;
    person.letter = letter;
    submit(&person);
    assert_true(person.acked);
}

static inline void send_to(struct place *p, const char *rcpt)
{
    send_as(p, (struct person){ .rcpts = { rcpt } });
}

/* The one report in alice's INBOX holds this text. */
static inline void expect_report(struct place *p, const char *text)
{
    assert_int_equal(count_letters(&p->a, ""), 1);
    if (count_letters(&p->a, text) == 1) return;
    struct mailbox_text *box = inbox(&p->a);
    print_error("no \"%s\" in\n%.*s\n", text, (int)box->bytes[0], box->text[0]);
    mem_free(box);
    fail();
}

static inline void expect_quiet(struct place *p)
{
    assert_int_equal(queue_count(&p->a), 0);
    assert_int_equal(count_letters(&p->a, ""), 0);
}

#endif
