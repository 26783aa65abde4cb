/* search.c - the index as others see it. */
#include "search/search.h"

#include "base/mem.h"

struct search {
    struct seam *seam;
    struct store *store;
    const struct search_settings *settings;
};

enum err search_open(struct seam *seam, struct store *store, const struct search_settings *settings,
                     struct search **out, struct buf *why)
{
    (void)why;
    struct search *s = MEM_NEW(struct search);
    *s = (struct search){ .seam = seam, .store = store, .settings = settings };
    *out = s;
    return OK;
}

void search_close(struct search *s)
{
    mem_free(s);
}

enum err search_ask(struct search *s, const struct search_question *q, struct arena *a,
                    struct search_answer *out)
{
    (void)s;
    (void)q;
    (void)a;
    *out = (struct search_answer){ 0 };
    return OK;
}

enum search_verdict search_answer_of(const struct search_answer *answer, size_t i,
                                     const struct message *m)
{
    (void)answer;
    (void)i;
    (void)m;
    return SEARCH_UNKNOWN;
}
