/* judge_fuzz.c - any SEARCH against any message: decided, the same each time, and NOT is its
 * contrary.
 *
 * The command's keys up to an empty line, then the message.
 */
#include <assert.h>

#include "imap/judge_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum verdict judged(const char *around, str keys, str message, str card, bool *understood)
{
    struct arena a = arena_make(64 << 20);
    struct search_program program;
    unsigned score = 0;
    struct buf command = buf_make(IMAP_COMMAND_BYTES);
    buf_addf(&command, "a SEARCH %s", around);
    buf_add(&command, keys);
    if (around[0]) buf_addc(&command, ')');
    buf_add(&command, S("\r\n"));
    enum verdict verdict = UNSURE;
    *understood = judge_compile(buf_str(&command), &a, &program) == OK;
    if (*understood) verdict = judge_message(&program, &a, message, card, &score);
    assert(!*understood || verdict != MATCH || (score >= 1 && score <= 100));
    buf_free(&command);
    arena_free(&a);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str all = { (const char *)data, size };
    size_t end = str_find(all, S("\n\n"));
    if (end == STR_NPOS || end > 10000 || size > 100000) return 0;
    str keys = str_take(all, end), message = str_from(all, end + 2);
    struct buf card = buf_make(CARD_BYTES);
    bool understood, again, contrary;
    assert(card_build(&card, message));
    enum verdict verdict = judged("", keys, message, buf_str(&card), &understood);
    if (understood) {
        assert(verdict != UNSURE);
        assert(judged("", keys, message, buf_str(&card), &again) == verdict && again);
        enum verdict not = judged("NOT (", keys, message, buf_str(&card), &contrary);
        if (contrary) assert(not == (verdict == MATCH ? NO_MATCH : MATCH));
    }
    buf_free(&card);
    return 0;
}
