/* parse_sort.c - SORT, THREAD, ESEARCH, CANCELUPDATE: what stands before a SEARCH program.
 *
 * RFC 5256 5, RFC 5957 4, RFC 6203 6; THREAD=REFS draft-ietf-morg-inthread 4; RFC 7377 5 with the
 * sources of RFC 5465 8; RFC 5267 7.
 */
#include "imap/parse_int.h"

#include "base/limits.h"
#include "base/mem.h"

static void charset(struct parse *p, struct search_args *args)
{
    parse_sp(p);
    args->charset = parse_astring(p);
    if (!p->err && args->charset.n == 0) parse_fail(p, "charset expected");
    parse_sp(p);
}

/* --- SORT ----------------------------------------------------------------------------------- */
static void sort_criteria(struct parse *p, struct search_args *args)
{
    static const struct word keys[] = {
        { S_INIT("ARRIVAL"), SORT_ARRIVAL },
        { S_INIT("CC"), SORT_CC },
        { S_INIT("DATE"), SORT_DATE },
        { S_INIT("FROM"), SORT_FROM },
        { S_INIT("SIZE"), SORT_SIZE },
        { S_INIT("SUBJECT"), SORT_SUBJECT },
        { S_INIT("TO"), SORT_TO },
        { S_INIT("DISPLAYFROM"), SORT_DISPLAYFROM },
        { S_INIT("DISPLAYTO"), SORT_DISPLAYTO },
        { S_INIT("RELEVANCY"), SORT_RELEVANCY },
    };
    struct grow list = { 0 };
    parse_want(p, '(');
    do {
        bool reverse = parse_try_word(p, S("REVERSE"));
        if (reverse) parse_sp(p);
        uint32_t by = parse_word(p, keys, COUNT_OF(keys), "unknown sort key");
        struct sort_key *key = parse_grow(p, &list, sizeof(*key), IMAP_SORT_KEYS);
        if (key) *key = (struct sort_key){ (enum sort_by)by, reverse };
    } while (parse_try(p, ' '));
    parse_want(p, ')');
    args->sort = list.items;
    args->sort_n = list.n;
}

void parse_sort_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    if (parse_try_word(p, S("RETURN"))) parse_search_return(p, &c->search);
    sort_criteria(p, &c->search);
    charset(p, &c->search);
    parse_search_program(p, &c->search);
}

/* --- THREAD --------------------------------------------------------------------------------- */
void parse_thread_args(struct parse *p, struct command *c)
{
    static const struct word algorithms[] = {
        { S_INIT("ORDEREDSUBJECT"), THREAD_ORDEREDSUBJECT },
        { S_INIT("REFERENCES"), THREAD_REFERENCES },
        { S_INIT("REFS"), THREAD_REFS },
    };
    parse_sp(p);
    c->search.thread =
        (enum thread_algorithm)parse_word(p, algorithms, COUNT_OF(algorithms), "unknown algorithm");
    charset(p, &c->search);
    parse_search_program(p, &c->search);
}

/* --- ESEARCH -------------------------------------------------------------------------------- */

static void source(struct parse *p, struct grow *list)
{
    static const struct word kinds[] = {
        { S_INIT("selected"), SOURCE_SELECTED },   { S_INIT("inboxes"), SOURCE_INBOXES },
        { S_INIT("personal"), SOURCE_PERSONAL },   { S_INIT("subscribed"), SOURCE_SUBSCRIBED },
        { S_INIT("subtree"), SOURCE_SUBTREE },     { S_INIT("subtree-one"), SOURCE_SUBTREE_ONE },
        { S_INIT("mailboxes"), SOURCE_MAILBOXES },
    };
    struct search_source one = { 0 };
    one.kind = (enum search_source_kind)parse_word(p, kinds, COUNT_OF(kinds), "unknown source");
    if (!p->err && one.kind >= SOURCE_SUBTREE) {
        parse_sp(p);
        one.names = parse_mailboxes(p, IMAP_SEARCH_SOURCES);
    }
    struct search_source *place = parse_grow(p, list, sizeof(*place), IMAP_SEARCH_SOURCES);
    if (place) *place = one;
}

void parse_esearch_args(struct parse *p, struct command *c)
{
    struct grow list = { 0 };
    c->uid = true; /* RFC 7377 2: UIDs throughout */
    parse_sp(p);
    if (parse_try_word(p, S("IN"))) {
        parse_sp(p);
        parse_want(p, '(');
        do
            source(p, &list);
        while (parse_try(p, ' '));
        parse_want(p, ')');
        parse_sp(p);
    }
    c->search.sources = list.items;
    c->search.sources_n = list.n;
    c->search.extended = true;
    if (parse_try_word(p, S("RETURN"))) parse_search_return(p, &c->search);
    if (!c->search.returns) c->search.returns = RETURN_ALL;
    if (parse_try_word(p, S("CHARSET"))) charset(p, &c->search);
    parse_search_program(p, &c->search);
}

/* --- CANCELUPDATE --------------------------------------------------------------------------- */
void parse_cancelupdate_args(struct parse *p, struct command *c)
{
    struct grow list = { 0 };
    do {
        parse_sp(p);
        str tag = parse_string(p);
        str *item = parse_grow(p, &list, sizeof(*item), IMAP_CONTEXTS);
        if (item) *item = tag;
    } while (parse_peek(p) == ' ');
    c->cancel = (struct str_list){ .items = list.items, .n = list.n };
}
