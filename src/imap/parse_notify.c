/* parse_notify.c - arguments of NOTIFY, RFC 5465 8.
 *
 * Which events belong together is judged by the command: the grammar takes any, also one that it
 * does not know, which is refused with the list of those that there are.
 */
#include "imap/parse_int.h"

#include "base/limits.h"

static const struct word filters[] = {
    { S_INIT("selected"), HEAR_SELECTED },     { S_INIT("selected-delayed"), HEAR_DELAYED },
    { S_INIT("inboxes"), HEAR_INBOXES },       { S_INIT("personal"), HEAR_PERSONAL },
    { S_INIT("subscribed"), HEAR_SUBSCRIBED }, { S_INIT("subtree"), HEAR_SUBTREE },
    { S_INIT("mailboxes"), HEAR_MAILBOXES },
};

static const struct word events[] = {
    { S_INIT("MessageNew"), HEAR_NEW },
    { S_INIT("MessageExpunge"), HEAR_EXPUNGE },
    { S_INIT("FlagChange"), HEAR_FLAGS },
    { S_INIT("MailboxName"), HEAR_NAMES },
    { S_INIT("SubscriptionChange"), HEAR_SUBSCRIPTIONS },
    { S_INIT("MailboxMetadataChange"), HEAR_METADATA },
    { S_INIT("ServerMetadataChange"), HEAR_SERVER },
};

static uint32_t event(struct parse *p)
{
    str name = parse_atom(p);
    for (size_t i = 0; !p->err && i < COUNT_OF(events); i++)
        if (str_ieq(name, events[i].name)) return events[i].value;
    return HEAR_UNKNOWN;
}

/* events = ( "(" event *(SP event) ")" ) / "NONE". RFC 5465's own examples leave the brackets out.
 */
static void parse_events(struct parse *p, struct notify_group *g)
{
    parse_sp(p);
    if (parse_try_word(p, S("NONE"))) return;
    bool many = parse_try(p, '('), more = true;
    while (more && !p->err) {
        uint32_t e = event(p);
        g->events |= e;
        more = parse_try(p, ' ');
        if (!more || e != HEAR_NEW || parse_peek(p) != '(') continue;
        parse_fetch_atts(p, &g->fetch);
        more = parse_try(p, ' ');
    }
    if (many) parse_want(p, ')');
}

static void group(struct parse *p, struct notify_group *g)
{
    parse_want(p, '(');
    g->filter = parse_word(p, filters, COUNT_OF(filters), "no such choice of mailboxes");
    if (g->filter == HEAR_SUBTREE || g->filter == HEAR_MAILBOXES) {
        parse_sp(p);
        g->names = parse_mailboxes(p, IMAP_NOTIFY_NAMES);
    }
    parse_events(p, g);
    parse_want(p, ')');
}

void parse_notify_args(struct parse *p, struct command *c)
{
    struct grow groups = { 0 };
    parse_sp(p);
    if (parse_try_word(p, S("NONE"))) return;
    if (!parse_try_word(p, S("SET"))) {
        parse_fail(p, "SET or NONE expected");
        return;
    }
    c->notify.set = true;
    parse_sp(p);
    c->notify.status = parse_try_word(p, S("STATUS"));
    if (c->notify.status) parse_sp(p);
    do {
        struct notify_group *g = parse_grow(p, &groups, sizeof(*g), IMAP_NOTIFY_GROUPS);
        if (g) group(p, g);
    } while (parse_try(p, ' '));
    c->notify.groups = groups.items;
    c->notify.n = groups.n;
}
