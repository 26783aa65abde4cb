/* vrfy.c - VRFY, EXPN, HELP: answers that tell an address harvester nothing. RFC 5321 3.5.3, 7.3.
 *
 * Whoever logged in may be told more, if the setting says so.
 */
#include "base/limits.h"
#include "smtp/smtp_int.h"

static bool may_ask(const struct smtp *s)
{
    return s->logged_in && s->server->settings->verify == VERIFY_USERS;
}

/* "alice@a.test" or "<alice@a.test>". */
static bool parse(struct smtp *s, str text, struct address *out)
{
    if (str_starts(text, S("<")) && str_ends(text, S(">"))) text = str_sub(text, 1, text.n - 2);
    return address_parse(&s->command, text, 0, out);
}

static str in_brackets(struct smtp *s, str address)
{
    return arena_concat(&s->command, (str[]){ S("<"), address, S(">") }, 3);
}

enum err smtp_vrfy(struct smtp *s, str args)
{
    struct address to;
    struct route route;
    if (!args.n) return smtp_reply(s, 501, "5.5.4", S("VRFY whom?"));
    if (!may_ask(s)) return smtp_reply(s, 252, "2.1.5", S("RCPT will tell"));
    if (!parse(s, args, &to)) return smtp_reply(s, 501, "5.1.3", S("that is no address"));
    struct arena_mark before = arena_mark(&s->tx_arena);
    enum err e = route_find(s->server->deliver, &to, &s->tx_arena, &route);
    arena_rewind(&s->tx_arena, before);
    if (e) return smtp_refuse_route(s, e);
    if (route.kind == ROUTE_REMOTE)
        return smtp_reply(s, 252, "2.1.5", S("that is for another server to say"));
    return smtp_reply(s, 250, "2.1.5", in_brackets(s, address_text(&s->command, to)));
}

/* A reply of so many lines; the last one has the enhanced code's space. */
static enum err list(struct smtp *s, const str *targets, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        smtp_reply_more(
            s, 250,
            arena_concat(&s->command, (str[]){ S("2.1.5 "), in_brackets(s, targets[i]) }, 2));
    return smtp_reply(s, 250, "2.1.5", in_brackets(s, targets[n - 1]));
}

enum err smtp_expn(struct smtp *s, str args)
{
    struct address of, folded;
    const str *targets;
    size_t n = 0;
    if (!may_ask(s)) return smtp_reply(s, 502, "5.5.1", S("lists are not shown"));
    if (!parse(s, args, &of) || !address_fold(&s->command, of, &folded))
        return smtp_reply(s, 501, "5.1.3", S("that is no address"));
    struct arena a = arena_make(DELIVER_ARENA_BYTES);
    struct view *v = store_view(s->server->store);
    if (v) (void)!store_alias_targets(v, address_text(&s->command, folded), &a, &targets, &n);
    if (v) view_end(v);
    enum err e = n ? list(s, targets, n) : smtp_reply(s, 550, "5.1.1", S("no such list here"));
    arena_free(&a);
    return e;
}

enum err smtp_help(struct smtp *s, str args)
{
    (void)args;
    smtp_reply_more(s, 214, arena_concat(&s->command, (str[]){ S("2.0.0 "), smtp_verbs(s) }, 2));
    return smtp_reply(s, 214, "2.0.0", smtp_is_lmtp(s) ? S("see RFC 2033") : S("see RFC 5321"));
}
