/* uidonly.c - UIDONLY: a client that gives up message sequence numbers neither sends nor gets any.
 *
 * RFC 9586 3. UIDFETCH stands for FETCH, VANISHED for EXPUNGE; what names numbers is BAD.
 */
#include "imap/session_int.h"

static bool names_numbers(
    const struct search_key *key) /* as deep as the grammar allows: IMAP_DEPTH */
{
    if (key->kind == SEARCH_SEQ && !key->set.saved) return true; /* "$" is no number */
    for (const struct search_key *k = key->child; k; k = k->next)
        if (names_numbers(k)) return true;
    return false;
}

static bool is_about_numbers(const struct command *c)
{
    const struct command_row *row = &imap_commands[c->what];
    if ((row->how & UID_ONLY) && !c->uid) return true;
    bool searches = c->what == VERB_SEARCH || c->what == VERB_SORT || c->what == VERB_THREAD ||
                    c->what == VERB_ESEARCH;
    if (searches) return names_numbers(c->search.program);
    bool selects = c->what == VERB_SELECT || c->what == VERB_EXAMINE;
    return selects && c->select.qresync && c->select.match_seqs.n > 0;
}

enum err imap_numbers_allowed(struct imap *s, const struct command *c)
{
    if (!(s->enabled & ENABLED_UIDONLY) || !is_about_numbers(c)) return OK;
    enum err e = imap_bad(s, S("message numbers were given up for UIDs"));
    s->answer.code = S("UIDREQUIRED");
    return e;
}

void imap_fetch_head(struct imap *s, struct seq seq, struct uid uid)
{
    bool uids = s->enabled & ENABLED_UIDONLY;
    reply_words(&s->reply, S("* "));
    reply_number(&s->reply, uids ? uid.n : seq.n);
    reply_words(&s->reply, uids ? S(" UIDFETCH (") : S(" FETCH ("));
}
