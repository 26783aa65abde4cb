/* limit.c - MESSAGELIMIT: how many messages one command is about, at most.
 *
 * RFC 9738 3. Of more than imap.messages_max those with the highest UIDs are taken, and the answer
 * names the lowest of them: the client goes on below it. What is done whole or not at all (COPY,
 * APPEND, SORT, THREAD) is refused. EXPUNGE and CLOSE have no limit: nobody named their messages.
 */
#include "imap/session_int.h"

/* The lowest UID from which on there are as many messages as may be; 0: there are no more. */
static struct uid lowest_of(const struct imap *s, const struct named *named)
{
    uint64_t left = s->server->settings->messages_max;
    struct uid lowest = { 0 };
    for (size_t i = left ? named->uids.n : 0; i-- > 0;) {
        uint32_t first = 0, n = imap_numbers_of(&named->map, named->uids.ranges[i], &first);
        if (n > left && left == 0) return lowest;
        if (n > left) return seqmap_uid(&named->map, (struct seq){ (uint32_t)(first + n - left) });
        left -= n;
        if (n) lowest = seqmap_uid(&named->map, (struct seq){ first });
    }
    return (struct uid){ 0 };
}

static void cut_below(struct uidset *uids, struct uid lowest)
{
    size_t kept = 0;
    for (size_t i = 0; i < uids->n; i++) {
        struct uid_range range = uids->ranges[i];
        if (range.to < lowest.n) continue;
        if (range.from < lowest.n) range.from = lowest.n;
        uids->ranges[kept++] = range;
    }
    uids->n = kept;
}

bool imap_limit_passed(const struct imap *s, const struct named *named)
{
    return lowest_of(s, named).n != 0;
}

void imap_limit_cut(struct imap *s, struct named *named)
{
    struct uid lowest = lowest_of(s, named);
    if (lowest.n == 0) return;
    s->limited_to = lowest;
    cut_below(&named->uids, lowest);
}

static str code_of(struct imap *s, struct uid lowest)
{
    uintmax_t max = s->server->settings->messages_max;
    return arena_fmt(&s->arena, "MESSAGELIMIT %ju %u", max, lowest.n);
}

enum err imap_limit_whole(struct imap *s, const struct named *named)
{
    struct uid lowest = lowest_of(s, named);
    if (lowest.n == 0) return OK;
    return imap_no(s, ERR_LIMIT, code_of(s, lowest), S("too many messages, name fewer"));
}

enum err imap_limit_count(struct imap *s, uint64_t n, uint64_t max)
{
    if (max == 0 || n <= max) return OK;
    str code = S("LIMIT"); /* what is not announced has no code of its own */
    if (s->server->settings->messages_max)
        code = arena_fmt(&s->arena, "MESSAGELIMIT %ju", (uintmax_t)max);
    return imap_no(s, ERR_LIMIT, code, S("too many messages in one command"));
}

/* RFC 9738 3.1: where the tagged answer says something else, an untagged NO has the code. */
void imap_limit_tell(struct imap *s, enum err e)
{
    bool some = e == OK || e == ERR_NOTFOUND || e == ERR_CONFLICT || e == ERR_CORRUPT;
    if (s->limited_to.n == 0 || !some) return;
    str code = code_of(s, s->limited_to), text = S("there are more, with lower UIDs");
    if (e || s->answer.code.n) {
        reply_untagged(&s->reply, S("NO"), code, text);
        return;
    }
    imap_ok_code(s, code);
    s->answer.text = text;
}
