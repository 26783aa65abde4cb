/* parse_sharing.c - arguments of the commands about metadata, access and quota.
 *
 * RFC 5464 5, RFC 9590 5; RFC 4314 7; RFC 9208 7.
 */
#include "imap/parse_int.h"

#include "base/limits.h"

#include "base/mem.h"

/* --- METADATA ------------------------------------------------------------------------------- */

/* RFC 5464 3.2: case does not count. */
static str lower(struct parse *p, str name)
{
    char *copy = parse_alloc(p, name.n + 1, 1);
    if (!copy) return (str){ 0 };
    for (size_t i = 0; i < name.n; i++)
        copy[i] = ascii_lower(name.p[i]);
    return (str){ copy, name.n };
}

static bool entry_ok(str name)
{
    str rest = name, level;
    if (!str_is_ascii(name) || str_has(name, '*') || str_has(name, '%')) return false;
    for (size_t i = 0; i < name.n; i++)
        if (ascii_ctl(name.p[i])) return false;
    if (!str_split(&rest, '/', &level) || level.n) return false;
    if (!str_split(&rest, '/', &level)) return false;
    if (!str_eq(level, S("shared")) && !str_eq(level, S("private"))) return false;
    while (str_split(&rest, '/', &level))
        if (level.n == 0) return false;
    return !str_ends(name, S("/"));
}

/* entry = astring, a path below /shared or /private */
static str entry(struct parse *p)
{
    str name = lower(p, parse_astring(p));
    if (p->err) return name;
    if (name.n > METADATA_NAME_BYTES)
        parse_fail_as(p, ERR_LIMIT, "entry name too long");
    else if (!entry_ok(name))
        parse_fail(p, "an entry is a path below /shared or /private");
    return name;
}

struct str_list parse_entries(struct parse *p)
{
    struct grow list = { 0 };
    bool many = parse_try(p, '(');
    do {
        str name = entry(p);
        str *place = parse_grow(p, &list, sizeof(str), METADATA_ENTRIES);
        if (place) *place = name;
    } while (many && parse_try(p, ' '));
    if (many) parse_want(p, ')');
    return (struct str_list){ list.items, list.n };
}

static uint32_t depth(struct parse *p)
{
    static const struct word depths[] = { { S_INIT("0"), 0 },
                                          { S_INIT("1"), 1 },
                                          { S_INIT("infinity"), UINT32_MAX } };
    return parse_word(p, depths, COUNT_OF(depths), "DEPTH is 0, 1 or infinity");
}

/* getmetadata-options, behind their "(": false if it is the list of entries that begins so. */
static bool metadata_options(struct parse *p, struct metadata_args *m)
{
    if (!ascii_alpha(parse_peek(p))) return false;
    do {
        if (parse_try_word(p, S("MAXSIZE"))) {
            parse_sp(p);
            m->max_bytes = parse_number64(p);
        } else if (parse_try_word(p, S("DEPTH"))) {
            parse_sp(p);
            m->depth = depth(p);
        } else {
            parse_fail(p, "unknown option");
        }
    } while (parse_try(p, ' '));
    parse_want(p, ')');
    parse_sp(p);
    return true;
}

/* The empty name is the server's. */
static str metadata_mailbox(struct parse *p)
{
    if (!str_starts(scan_rest(&p->scan), S("\"\""))) return parse_mailbox(p);
    parse_want(p, '"');
    parse_want(p, '"');
    return S("");
}

/* RFC 5464 5 has the options before the mailbox, its examples behind: both are taken. */
void parse_getmetadata_args(struct parse *p, struct command *c)
{
    struct metadata_args *m = &c->metadata;
    m->max_bytes = UINT64_MAX;
    parse_sp(p);
    if (parse_try(p, '(') && !metadata_options(p, m)) parse_fail(p, "unknown option");
    m->mailbox = metadata_mailbox(p);
    parse_sp(p);
    struct scan before = p->scan;
    if (parse_try(p, '(') && !metadata_options(p, m)) p->scan = before;
    m->entries = parse_entries(p);
}

/* entry-values = "(" entry SP value *(SP entry SP value) ")" */
void parse_setmetadata_args(struct parse *p, struct command *c)
{
    struct grow names = { 0 }, values = { 0 };
    parse_sp(p);
    c->metadata.mailbox = metadata_mailbox(p);
    parse_sp(p);
    parse_want(p, '(');
    do {
        str name = entry(p);
        parse_sp(p);
        str value = parse_nstring8(p);
        str *place = parse_grow(p, &names, sizeof(str), METADATA_ENTRIES);
        if (place) *place = name;
        place = parse_grow(p, &values, sizeof(str), METADATA_ENTRIES);
        if (place) *place = value;
    } while (parse_try(p, ' '));
    parse_want(p, ')');
    c->metadata.entries = (struct str_list){ names.items, names.n };
    c->metadata.values = values.items;
}

/* --- ACL ------------------------------------------------------------------------------------ */
void parse_acl_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->acl.mailbox = parse_mailbox(p);
    parse_sp(p);
    c->acl.identifier = parse_astring(p);
    if (c->what != VERB_SETACL) return;
    parse_sp(p);
    c->acl.rights = parse_astring(p);
}

/* --- QUOTA ---------------------------------------------------------------------------------- */
void parse_getquota_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->quota.root = parse_astring(p);
}

/* setquota-resource = resource-name SP resource-limit */
static void setquota_resource(struct parse *p, struct quota_args *quota)
{
    str name = parse_atom(p);
    parse_sp(p);
    uint64_t limit = parse_number64(p);
    if (str_ieq(name, S("STORAGE"))) {
        quota->has_storage = true;
        quota->storage_kib = limit;
    } else if (str_ieq(name, S("MESSAGE"))) {
        quota->has_messages = true;
        quota->messages = limit;
    } else {
        quota->has_other = true;
    }
}

void parse_setquota_args(struct parse *p, struct command *c)
{
    parse_getquota_args(p, c);
    parse_sp(p);
    parse_want(p, '(');
    if (parse_try(p, ')')) return;
    do
        setquota_resource(p, &c->quota);
    while (parse_try(p, ' '));
    parse_want(p, ')');
}
