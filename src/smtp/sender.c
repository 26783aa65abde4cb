/* sender.c - with which addresses a user may send. RFC 6409 6.1.
 *
 * With one's own and with each whose mail reaches one: tags, aliases at any depth, catch-alls. So
 * an administrator grants an identity by an alias.
 */
#include "base/limits.h"
#include "mail/header.h"
#include "smtp/smtp_int.h"

/* A session may outlive its account. */
static bool is_alive(struct smtp *s)
{
    struct user self;
    struct view *v = store_view(s->server->store);
    bool alive = v && !store_user_by_account(v, s->login.account, &self) && !self.suspended;
    if (v) view_end(v);
    return alive;
}

bool smtp_may_send_as(struct smtp *s, struct address sender)
{
    struct address folded;
    if (!is_alive(s)) return false;
    if (address_is_null(sender)) return true;
    if (!address_fold(&s->command, sender, &folded)) return false;
    if (str_eq(address_text(&s->command, folded), s->login.address)) return true;
    return route_reaches(s->server->deliver, &folded, s->login.account);
}

static bool is_from_own(struct smtp *s, struct arena *a, str value, size_t *seen)
{
    struct header_address *list;
    size_t n = header_addresses(a, value, &list);
    for (size_t i = 0; i < n; i++) {
        struct address from = { list[i].local, list[i].domain };
        if (list[i].kind != HEADER_MAILBOX || !from.domain.n) continue;
        if (++*seen > SMTP_FROM_ADDRESSES || !smtp_may_send_as(s, from)) return false;
    }
    return !a->full;
}

bool smtp_may_say_from(struct smtp *s, str header)
{
    struct arena a = arena_make(SMTP_TX_BYTES);
    struct header_iter it = header_iter(header);
    struct header_field field;
    size_t seen = 0;
    bool may = true;
    while (may && header_next(&it, &field))
        if (str_ieq(field.name, S("From"))) may = is_from_own(s, &a, field.value, &seen);
    arena_free(&a);
    return may;
}
