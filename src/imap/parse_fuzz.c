/* parse_fuzz.c - the IMAP grammar against anything: first byte chooses the limits. */
#include <assert.h>

#include "base/limits.h"
#include "imap/name.h"
#include "imap/slice_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_set(struct seqset set, struct arena *arena)
{
    uint32_t last = 0;
    for (size_t i = 0; i < set.n; i++) {
        assert(set.ranges[i].first > last || i == 0);
        assert(i == 0 || set.ranges[i].first > last + 1);
        assert(set.ranges[i].first && set.ranges[i].first <= set.ranges[i].last);
        last = set.ranges[i].last;
    }
    struct seqset resolved = seqset_resolve(set, 1000, arena);
    if (set.star_from && !arena->full) assert(seqset_has(resolved, 1000));
    assert(seqset_largest(resolved) <= 1000);
    assert(seqset_count(resolved) <= 1000);
}

static void check_name(str name)
{
    assert(name.n > 0 && name.n <= MAILBOX_NAME_BYTES && utf8_valid(name));
    for (size_t i = 0; i < name.n; i++)
        assert(!ascii_ctl(name.p[i]));
    assert(imap_name_matches(S("*"), name));
}

static void check(const struct command *c, struct arena *arena)
{
    assert(c->tag.n > 0 && c->tag.n <= IMAP_TAG_BYTES && str_is_ascii(c->tag));
    if (c->what == VERB_FETCH) check_set(c->fetch.set, arena);
    if (c->what == VERB_STORE) check_set(c->store.set, arena);
    if (c->what == VERB_COPY) check_set(c->mailbox.set, arena);
    if (c->what == VERB_SELECT) check_name(c->select.mailbox);
    if (c->what == VERB_RENAME) check_name(c->mailbox.to);
    if (c->what == VERB_LIST)
        for (size_t i = 0; i < c->list.patterns.n; i++)
            (void)imap_name_matches(c->list.patterns.items[i], S("INBOX/a/b"));
}

static void check_message(void *arg, const struct append_message *m)
{
    (void)arg;
    assert(m->flags.keywords.n <= MAILBOX_KEYWORDS);
    assert(m->kind != APPEND_UTF8 || m->literal.binary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct slice slice = { .rest = { (const char *)data + 1, size - 1 } };
    struct arena arena = arena_make(4 * 1024 * 1024);
    const struct parse_limits *limits = data[0] & 1 ? &parse_limits_user : &parse_limits_anyone;
    struct parse p = parse_begin(slice_line(&slice), &arena, limits, slice_literal, &slice);
    struct command c;
    enum err e = parse_name(&p, &c);
    if (!e) e = parse_arguments(&p, &c);
    assert((e == OK) == (p.why == NULL));
    if (!e) check(&c, &arena);
    if (!e && (c.what == VERB_APPEND || c.what == VERB_REPLACE))
        (void)slice_messages(&slice, &arena, c.append.rest, check_message, NULL);
    struct literal literal;
    (void)parse_literal_follows(p.scan.in, &literal);
    arena_free(&arena);
    return 0;
}
