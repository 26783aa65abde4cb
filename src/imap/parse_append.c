/* parse_append.c - arguments of APPEND and REPLACE, message by message.
 *
 * RFC 9051 9 (append), RFC 3502 6.3.11 (several messages), RFC 4466 2.4, RFC 4469 5 (CATENATE),
 * RFC 8508 5 (REPLACE), RFC 9755 4 (UTF8). A message's bytes stream to the store and never pass
 * through the grammar: it is asked again for what follows them.
 */
#include "imap/parse_int.h"

#include "base/limits.h"

/* "APPEND" SP mailbox 1*(SP append-message): what follows the mailbox is read by append.c. */
void parse_append_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->append.mailbox = parse_mailbox(p);
    parse_sp(p);
    str rest = p->err ? (str){ 0 } : scan_rest(&p->scan);
    if (rest.n == 0) parse_fail(p, "a message expected");
    c->append.rest = rest;
    (void)scan_n(&p->scan, rest.n);
}

/* "REPLACE" SP seq-number SP mailbox SP append-message; with UID: a unique id */
void parse_replace_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    struct seqset set = parse_sequence_set(p);
    bool one = set.n == 1 && !set.star_from && set.ranges[0].first == set.ranges[0].last;
    bool last = set.n == 0 && set.star_from == UINT32_MAX;
    if (!p->err && !one && !last) parse_fail(p, "REPLACE takes one message");
    parse_append_args(p, c);
    c->append.replaced = set;
}

/* [flag-list SP] [date-time SP] */
static void options(struct parse *p, struct append_message *m)
{
    if (parse_peek(p) == '(') {
        m->flags = parse_flag_list(p);
        parse_sp(p);
    }
    if (parse_peek(p) == '"') {
        m->has_date = true;
        m->date = parse_date_time(p, &m->zone_minutes);
        parse_sp(p);
    }
}

/* append-data = literal / literal8 / "UTF8" SP "(" literal8 ")" / "CATENATE" SP "(" … ")" */
void parse_append_message(struct parse *p, struct append_message *m)
{
    *m = (struct append_message){ 0 };
    options(p, m);
    if (parse_try_word(p, S("CATENATE"))) {
        m->kind = APPEND_CATENATE;
        parse_sp(p);
        parse_want(p, '(');
        return;
    }
    if (parse_try_word(p, S("UTF8"))) {
        m->kind = APPEND_UTF8;
        parse_sp(p);
        parse_want(p, '(');
        if (parse_peek(p) != '~') parse_fail(p, "UTF8 takes a binary literal");
    }
    m->literal = parse_literal_head(p);
}

void parse_append_message_end(struct parse *p, const struct append_message *m)
{
    if (m->kind == APPEND_UTF8) parse_want(p, ')');
}

bool parse_append_more(struct parse *p)
{
    if (p->err || scan_end(&p->scan)) return false;
    parse_sp(p);
    return !p->err;
}

void parse_cat_part(struct parse *p, struct cat_part *part)
{
    *part = (struct cat_part){ 0 };
    if (parse_try_word(p, S("URL"))) {
        part->kind = CAT_URL;
        parse_sp(p);
        part->url = parse_astring(p);
        return;
    }
    if (!parse_try_word(p, S("TEXT"))) parse_fail(p, "TEXT or URL expected");
    part->kind = CAT_TEXT;
    parse_sp(p);
    bool utf8 = parse_try_word(p, S("UTF8"));
    if (utf8) {
        parse_sp(p);
        parse_want(p, '(');
    }
    part->utf8 = utf8;
    part->literal = parse_literal_head(p);
}

void parse_cat_part_end(struct parse *p, const struct cat_part *part)
{
    if (part->utf8) parse_want(p, ')');
}

bool parse_cat_more(struct parse *p)
{
    if (parse_try(p, ')')) return false;
    parse_sp(p);
    return !p->err;
}
