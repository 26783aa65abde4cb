/* parse_session.c - arguments of the commands about the session: ID, AUTHENTICATE, LOGIN, ENABLE.
 *
 * RFC 2971; RFC 9051 6.2.2, 6.2.3, 6.3.1; initial responses RFC 4959; COMPRESS RFC 4978 5.
 */
#include "imap/parse_int.h"

#include "base/limits.h"

/* id_params_list = "(" *(string SP nstring) ")" / nil; the limits are RFC 2971 3.3's own. */
void parse_id_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    if (parse_try_word(p, S("NIL"))) return;
    parse_want(p, '(');
    if (parse_try(p, ')')) return;
    struct grow list = { 0 };
    do {
        str name = parse_string(p);
        parse_sp(p);
        str value = parse_nstring(p);
        if (name.n > IMAP_ID_NAME_BYTES || value.n > IMAP_ID_VALUE_BYTES)
            parse_fail_as(p, ERR_LIMIT, "ID field too long");
        str *first = parse_grow(p, &list, sizeof(str), 2 * IMAP_ID_FIELDS);
        if (first) *first = name;
        str *second = parse_grow(p, &list, sizeof(str), 2 * IMAP_ID_FIELDS);
        if (second) *second = value;
    } while (parse_try(p, ' '));
    parse_want(p, ')');
    c->id = (struct str_list){ list.items, list.n };
}

/* base64, or "=" for a response that is empty */
void parse_authenticate_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->authenticate.mechanism = parse_atom(p);
    c->authenticate.has_initial = parse_try(p, ' ');
    if (c->authenticate.has_initial) c->authenticate.initial = parse_atom(p);
}

void parse_login_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->login.user = parse_astring(p);
    parse_sp(p);
    c->login.password = parse_astring(p);
}

void parse_compress_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->compress = parse_atom(p);
}

void parse_enable_args(struct parse *p, struct command *c)
{
    struct grow list = { 0 };
    parse_sp(p);
    do {
        str capability = parse_atom(p);
        str *place = parse_grow(p, &list, sizeof(str), IMAP_ENABLES);
        if (place) *place = capability;
    } while (parse_try(p, ' '));
    c->enable = (struct str_list){ list.items, list.n };
}
