/* parse_mailbox.c - arguments of the commands about mailboxes: SELECT, CREATE, LIST, STATUS…
 *
 * RFC 9051 6.3; LIST-EXTENDED RFC 5258, LIST-STATUS RFC 5819, SPECIAL-USE RFC 6154, CONDSTORE and
 * QRESYNC RFC 7162.
 */
#include "imap/parse_int.h"

#include "base/limits.h"
#include "base/mem.h"
#include "imap/name.h"

/* --- SELECT, EXAMINE ------------------------------------------------------------------------ */

/* seq-match-data = "(" known-sequence-set SP known-uid-set ")", RFC 7162 3.2.5.2 */
static void seq_match_data(struct parse *p, struct select_args *select)
{
    parse_want(p, '(');
    select->match_seqs = parse_sequence_set(p);
    parse_sp(p);
    select->match_uids = parse_sequence_set(p);
    parse_want(p, ')');
}

/* "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")" */
static void qresync(struct parse *p, struct select_args *select)
{
    select->qresync = true;
    parse_sp(p);
    parse_want(p, '(');
    select->uidvalidity = parse_nz_number(p);
    parse_sp(p);
    select->modseq = parse_mod_sequence(p);
    bool more = parse_try(p, ' ');
    if (more && parse_peek(p) != '(') {
        select->known_uids = parse_sequence_set(p);
        more = parse_try(p, ' ');
    }
    if (more) seq_match_data(p, select);
    if (select->known_uids.star_from || select->match_uids.star_from ||
        select->match_seqs.star_from)
        parse_fail(p, "a known set names numbers, not *");
    parse_want(p, ')');
}

static void select_param(struct parse *p, struct select_args *select)
{
    if (parse_try_word(p, S("CONDSTORE")))
        select->condstore = true;
    else if (parse_try_word(p, S("QRESYNC")))
        qresync(p, select);
    else
        parse_fail(p, "unknown parameter");
}

void parse_select_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->select.mailbox = parse_mailbox(p);
    if (!parse_try(p, ' ')) return;
    parse_want(p, '(');
    do
        select_param(p, &c->select);
    while (parse_try(p, ' '));
    parse_want(p, ')');
}

/* --- CREATE, DELETE, RENAME, SUBSCRIBE ------------------------------------------------------ */
const struct word parse_special_uses[] = {
    { S_INIT("All"), USE_ALL },       { S_INIT("Archive"), USE_ARCHIVE },
    { S_INIT("Drafts"), USE_DRAFTS }, { S_INIT("Flagged"), USE_FLAGGED },
    { S_INIT("Junk"), USE_JUNK },     { S_INIT("Sent"), USE_SENT },
    { S_INIT("Trash"), USE_TRASH },
};
const size_t parse_special_uses_count = COUNT_OF(parse_special_uses);

static enum special_use special_use(str name)
{
    for (size_t i = 0; i < COUNT_OF(parse_special_uses); i++)
        if (str_ieq(name, parse_special_uses[i].name))
            return (enum special_use)parse_special_uses[i].value;
    return USE_NONE;
}

/* "USE" SP "(" [use-attr *(SP use-attr)] ")", RFC 6154 6 */
static void use(struct parse *p, struct mailbox_args *create)
{
    if (!parse_try_word(p, S("USE"))) parse_fail(p, "unknown parameter");
    parse_sp(p);
    parse_want(p, '(');
    if (parse_try(p, ')')) return;
    do {
        parse_want(p, '\\');
        enum special_use one = special_use(parse_atom(p));
        create->use_refused |= one == USE_NONE || create->use != USE_NONE;
        create->use = one;
    } while (parse_try(p, ' '));
    parse_want(p, ')');
}

void parse_create_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    str name = parse_mailbox(p);
    c->mailbox.trailing_separator = name.n > 1 && name.p[name.n - 1] == IMAP_SEPARATOR;
    c->mailbox.mailbox = c->mailbox.trailing_separator ? str_take(name, name.n - 1) : name;
    if (!parse_try(p, ' ')) return;
    parse_want(p, '(');
    use(p, &c->mailbox);
    parse_want(p, ')');
}

void parse_mailbox_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->mailbox.mailbox = parse_mailbox(p);
}

struct str_list parse_mailboxes(struct parse *p, size_t max)
{
    struct grow list = { 0 };
    bool many = parse_try(p, '(');
    do {
        str name = parse_mailbox(p);
        str *place = parse_grow(p, &list, sizeof(*place), max);
        if (place) *place = name;
    } while (many && parse_try(p, ' '));
    if (many) parse_want(p, ')');
    return (struct str_list){ list.items, list.n };
}

void parse_rename_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->mailbox.mailbox = parse_mailbox(p);
    parse_sp(p);
    c->mailbox.to = parse_mailbox(p);
}

/* --- STATUS --------------------------------------------------------------------------------- */
uint32_t parse_status_items(struct parse *p)
{
    static const struct word items[] = {
        { S_INIT("MESSAGES"), STATUS_MESSAGES },
        { S_INIT("RECENT"), STATUS_RECENT },
        { S_INIT("UIDNEXT"), STATUS_UIDNEXT },
        { S_INIT("UIDVALIDITY"), STATUS_UIDVALIDITY },
        { S_INIT("UNSEEN"), STATUS_UNSEEN },
        { S_INIT("DELETED"), STATUS_DELETED },
        { S_INIT("SIZE"), STATUS_SIZE },
        { S_INIT("HIGHESTMODSEQ"), STATUS_HIGHESTMODSEQ },
        { S_INIT("DELETED-STORAGE"), STATUS_DELETED_STORAGE },
        { S_INIT("MAILBOXID"), STATUS_MAILBOXID },
        { S_INIT("APPENDLIMIT"), STATUS_APPENDLIMIT },
    };
    uint32_t all = 0;
    parse_want(p, '(');
    do
        all |= parse_word(p, items, COUNT_OF(items), "unknown status item");
    while (parse_try(p, ' '));
    parse_want(p, ')');
    return all;
}

void parse_status_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->status.mailbox = parse_mailbox(p);
    parse_sp(p);
    c->status.items = parse_status_items(p);
}

/* --- LIST, LSUB ----------------------------------------------------------------------------- */
static str pattern(struct parse *p)
{
    str decoded = { 0 };
    str wire = parse_list_mailbox(p);
    if (p->err) return decoded;
    enum err e = imap_pattern_decode(wire, parse_coding(p), p->arena, &decoded);
    if (e == ERR_LIMIT)
        parse_fail_as(p, e, "pattern too long");
    else if (e)
        parse_fail(p, "pattern is neither modified UTF-7 nor UTF-8, or holds controls");
    return decoded;
}

/* mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")" */
static void mbox_or_pat(struct parse *p, struct list_args *list)
{
    struct grow patterns = { 0 };
    bool many = parse_try(p, '(');
    do {
        str one = pattern(p);
        str *place = parse_grow(p, &patterns, sizeof(str), IMAP_LIST_PATTERNS);
        if (place) *place = one;
    } while (many && parse_try(p, ' '));
    if (many) parse_want(p, ')');
    list->extended |= many;
    list->patterns = (struct str_list){ patterns.items, patterns.n };
}

static const struct word list_options[] = {
    { S_INIT("SUBSCRIBED"), LIST_SUBSCRIBED },
    { S_INIT("REMOTE"), LIST_REMOTE },
    { S_INIT("RECURSIVEMATCH"), LIST_RECURSIVEMATCH },
    { S_INIT("SPECIAL-USE"), LIST_SPECIAL_USE },
    { S_INIT("CHILDREN"), LIST_CHILDREN },
    { S_INIT("STATUS"), LIST_STATUS },
    { S_INIT("MYRIGHTS"), LIST_MYRIGHTS },
    { S_INIT("METADATA"), LIST_METADATA },
};
#define LIST_SELECTS (LIST_SUBSCRIBED | LIST_REMOTE | LIST_RECURSIVEMATCH | LIST_SPECIAL_USE)
#define LIST_RETURNS                                                                    \
    (LIST_SUBSCRIBED | LIST_CHILDREN | LIST_SPECIAL_USE | LIST_STATUS | LIST_MYRIGHTS | \
     LIST_METADATA)

/* "(" [option *(SP option)] ")" */
static uint32_t options(struct parse *p, uint32_t allowed, struct list_args *list)
{
    uint32_t all = 0;
    parse_want(p, '(');
    if (parse_try(p, ')')) return 0;
    do {
        uint32_t option = parse_word(p, list_options, COUNT_OF(list_options), "unknown option");
        if (!(option & allowed)) parse_fail(p, "option not allowed here");
        if (!p->err && option == LIST_STATUS) {
            parse_sp(p);
            list->status_items = parse_status_items(p);
        }
        if (!p->err && option == LIST_METADATA) {
            parse_sp(p);
            list->entries = parse_entries(p);
        }
        all |= option;
    } while (parse_try(p, ' '));
    parse_want(p, ')');
    return all;
}

static str reference(struct parse *p)
{
    str decoded = { 0 };
    str wire = parse_astring(p);
    if (p->err) return decoded;
    if (imap_pattern_decode(wire, parse_coding(p), p->arena, &decoded))
        parse_fail(p, "bad reference name");
    return decoded;
}

void parse_list_args(struct parse *p, struct command *c)
{
    struct list_args *list = &c->list;
    parse_sp(p);
    if (parse_peek(p) == '(') {
        list->extended = true;
        list->select = options(p, LIST_SELECTS, list);
        parse_sp(p);
    }
    list->reference = reference(p);
    parse_sp(p);
    mbox_or_pat(p, list);
    if (parse_try(p, ' ')) {
        list->extended = true;
        if (!parse_try_word(p, S("RETURN"))) parse_fail(p, "RETURN expected");
        parse_sp(p);
        list->returns = options(p, LIST_RETURNS, list);
    }
    /* RFC 5258 3.1: it needs an option whose match it could recurse into. */
    if ((list->select & LIST_RECURSIVEMATCH) && !(list->select & LIST_SUBSCRIBED))
        parse_fail(p, "RECURSIVEMATCH needs SUBSCRIBED");
}

void parse_lsub_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->list.reference = reference(p);
    parse_sp(p);
    str one = pattern(p);
    str *place = parse_alloc(p, 1, sizeof(str));
    if (!place) return;
    *place = one;
    c->list.patterns = (struct str_list){ place, 1 };
}
