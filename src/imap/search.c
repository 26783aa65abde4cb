/* search.c - SEARCH: look through the selected mailbox, and tell which messages match.
 *
 * RFC 9051 6.4.4, RFC 3501 6.4.4; ESEARCH RFC 4731; SEARCHRES RFC 5182; FUZZY RFC 6203; WITHIN RFC
 * 5032; MODSEQ RFC 7162 3.1.5.
 */
#include "imap/search_int.h"

#include "base/limits.h"

enum err imap_search_selected(struct imap *s, const struct command *c, struct search_walk *w)
{
    struct search_program *program = ARENA_NEW(&s->arena, struct search_program);
    if (!program) return ERR_LIMIT;
    /* RFC 5267 4.3: what is told of two searches could not be told apart. */
    if ((c->search.returns & RETURN_UPDATE) && imap_context_exists(s, c->tag))
        return imap_bad(s, S("this tag has a search that is kept up to date"));
    if (c->search.modseq) imap_enable_now(s, ENABLED_CONDSTORE);
    enum err e = imap_search_compile(&s->arena, &c->search, program);
    if (e == ERR_DENIED) return imap_search_bad_charset(s);
    w->s = s;
    w->selected = true;
    w->program = program;
    if (!e) e = imap_search_begin(w);
    return e ? e : imap_search_run(w);
}

enum err imap_search(struct imap *s, const struct command *c)
{
    struct arena kept = imap_paid(s, arena_make(IMAP_MEMORY_BYTES));
    struct found f = imap_found_none(c, &kept);
    struct search_walk w = { .hit = imap_found_add, .arg = &f };
    w.enough = imap_search_enough(c->search.returns);
    enum err e = imap_search_selected(s, c, &w);
    if (!e && kept.full) e = ERR_LIMIT;
    if (!e) e = imap_found_save(s, &f);
    /* RFC 5182 2.1: a search that fails leaves nothing saved; one that is not understood, what was.
     */
    if (e && e != ERR_SYNTAX && (c->search.returns & RETURN_SAVE)) imap_saved_clear(s);
    if (!e && c->search.extended) imap_tell_esearch(s, &f, (str){ 0 });
    if (!e && !c->search.extended) imap_tell_search(s, &f);
    if (!e) imap_context_keep(s, c, &f.uids);
    arena_free(&kept);
    return e;
}
