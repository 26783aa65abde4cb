/* thread_fuzz.c - THREAD's algorithms against any references: every message once, well-formed.
 *
 * First byte: the algorithm. Then for each message its id, its subject, its date, how many
 * references, and those; ids are small, so that they collide, lie and loop.
 */
#include <assert.h>

#include "imap/thread_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGES = 200 };

static uint8_t take(const uint8_t **data, size_t *size)
{
    if (*size == 0) return 0;
    (*size)--;
    return *(*data)++;
}

static void check(str text, size_t n)
{
    uint64_t seen[MESSAGES + 1] = { 0 };
    int depth = 0;
    for (size_t i = 0; i < text.n; i++) {
        depth += (text.p[i] == '(') - (text.p[i] == ')');
        assert(depth >= 0);
        if (!ascii_digit(text.p[i])) continue;
        uint64_t number = 0;
        size_t from = i;
        while (i + 1 < text.n && ascii_digit(text.p[i + 1]))
            i++;
        assert(depth > 0 && str_u64(str_sub(text, from, i + 1 - from), n, &number));
        assert(number && !seen[number]++);
    }
    assert(depth == 0);
    for (size_t i = 1; i <= n; i++)
        assert(seen[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str subjects[] = { S_INIT(""), S_INIT("A"), S_INIT("B"), S_INIT("C") };
    struct arena a = arena_make(16 << 20);
    struct thread_message *list = ARENA_ARRAY(&a, MESSAGES, struct thread_message);
    struct thread_tree tree;
    struct buf out = buf_make(1 << 20);
    size_t n = 0;
    enum thread_algorithm algorithm = take(&data, &size) % 3;
    for (; n < MESSAGES && size; n++) {
        struct thread_message m = { .number = (uint32_t)n + 1, .id = take(&data, &size) % 64 };
        uint8_t bits = take(&data, &size);
        m.subject = subjects[bits & 3];
        m.reply = bits & 4;
        m.sent_s = bits >> 3;
        m.arrived_s = bits >> 5;
        m.refs_n = take(&data, &size) % 8;
        uint64_t *refs = ARENA_ARRAY(&a, 8, uint64_t);
        for (size_t i = 0; i < m.refs_n; i++)
            refs[i] = take(&data, &size) % 64 + 1;
        m.refs = refs;
        list[n] = m;
    }
    assert(thread_build(&a, algorithm, list, n, &tree));
    for (uint32_t i = tree.nodes[THREAD_ROOT].first; i; i = tree.nodes[i].next)
        thread_write(&out, &tree, i);
    assert(!out.full);
    check(buf_str(&out), n);
    buf_free(&out);
    arena_free(&a);
    return 0;
}
