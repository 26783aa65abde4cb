/* people.c - the stage: two servers, a name server, a certificate authority, and the accounts. */
#include <stdio.h>
#include <string.h>

#include "demo/people.h"
#include "support/fail.h"

const char alice_password[] = "correct horse", bob_password[] = "battery staple";

static const struct {
    const char *address, *password;
    bool at_b;
} accounts[] = {
    { "alice@a.test", alice_password, false },
    { "dave@a.test", alice_password, false },
    { "bob@b.test", bob_password, true },
    { "carol@b.test", bob_password, true },
};

void stage_set(struct demo *d)
{
    d->arena = arena_make(16 << 20);
    d->world = world_new();
    world_dns_start(d->world);
    d->a = server_start(d->world, "a.test", NULL);
    d->b = server_start(d->world, "b.test", NULL);
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
        server_user(accounts[i].at_b ? d->b : d->a, accounts[i].address, accounts[i].password);
    story_secret(alice_password);
    story_secret(bob_password);
    story_secret("AGFsaWNlQGEudGVzdABjb3JyZWN0IGhvcnNl"); /* how AUTH PLAIN writes Alice's */
    str why;
    if (tls_client_new(TLS_VERIFY_NAME, world_ca(d->world), &d->arena, &d->tls, &why))
        fail_now("TLS: %.*s", STR_ARG(why));
}

void stage_clear(struct demo *d)
{
    tls_client_free(d->tls);
    world_free(d->world);
    arena_free(&d->arena);
}

struct netaddr address_of(struct demo *d, const struct server *s, int port)
{
    struct netaddr at;
    (void)d;
    if (netaddr_parse(str_of(server_address(s)), (uint16_t)port, &at))
        fail_now("%s is no address", server_address(s));
    return at;
}

void nap_ms(unsigned ms)
{
    if (fiber_sleep_until(loop_now_us(loop_self()) + ms * UINT64_C(1000))) fail_now("interrupted");
}

bool eventually(bool (*is_so)(void *arg), void *arg, unsigned ms)
{
    for (double end = now_s() + ms / 1000.0; !is_so(arg); nap_ms(5))
        if (now_s() > end) return false;
    return true;
}

bool queue_is_empty(void *server)
{
    return strstr(ASK(server, "queue", "list"), "the queue is empty") != NULL;
}

bool event_of(const char *line, char what[16], long *ms)
{
    unsigned h, m, s, thousandths;
    if (sscanf(line, "%*[^T]T%u:%u:%u.%uZ %15s", &h, &m, &s, &thousandths, what) != 5) return false;
    *ms = ((h * 60L + m) * 60 + s) * 1000 + (long)thousandths;
    return true;
}
