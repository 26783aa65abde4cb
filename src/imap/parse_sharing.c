/* parse_sharing.c - arguments of the commands about access and quota.
 *
 * RFC 4314 7, RFC 9208 7.
 */
#include "imap/parse_int.h"

#include "base/mem.h"

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
