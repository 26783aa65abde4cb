/* name.c - mailbox names: decoding, what may be made, LIST's matching. */
#include "imap/name.h"

#include <assert.h>

#include "base/codec.h"
#include "base/limits.h"
#include "mail/fold.h"

static enum err from_utf7(str wire, struct arena *arena, str *utf8)
{
    struct buf decoded = buf_make(MAILBOX_NAME_BYTES);
    bool good = utf7_decode(&decoded, wire);
    bool full = decoded.full;
    *utf8 = arena_copy(arena, buf_str(&decoded));
    buf_free(&decoded);
    if (full || arena->full) return ERR_LIMIT;
    return good ? OK : ERR_SYNTAX;
}

enum err imap_pattern_decode(str wire, enum name_coding coding, struct arena *arena, str *pattern)
{
    enum err e = OK;
    if (wire.n > 2 * MAILBOX_NAME_BYTES) return ERR_LIMIT;
    str utf8 = wire;
    if (coding == NAME_UTF7 && str_is_ascii(wire) && str_has(wire, '&'))
        e = from_utf7(wire, arena, &utf8);
    if (e) return e;
    if (!utf8_valid(utf8) || utf8_has_control(utf8)) return ERR_SYNTAX;
    /* RFC 9051 5.1: names are Net-Unicode (RFC 5198), however a client composes its letters. */
    utf8 = text_nfc(arena, utf8);
    if (arena->full || utf8.n > MAILBOX_NAME_BYTES) return ERR_LIMIT;
    *pattern = utf8;
    return OK;
}

enum err imap_name_decode(str wire, enum name_coding coding, struct arena *arena, str *name)
{
    str utf8;
    enum err e = imap_pattern_decode(wire, coding, arena, &utf8);
    if (e) return e;
    /* RFC 9051 5.1: INBOX is this name in any case; we read that of its children too. */
    str first = str_take(utf8, str_chr(utf8, IMAP_SEPARATOR));
    if (str_ieq(first, S("INBOX")) && !str_eq(first, S("INBOX"))) {
        utf8 = arena_concat(arena, (str[]){ S("INBOX"), str_from(utf8, first.n) }, 2);
        if (arena->full) return ERR_LIMIT;
    }
    *name = utf8;
    return OK;
}

const char *imap_name_refused(str name)
{
    if (name.n == 0) return "mailbox name is empty";
    if (str_has(name, '*') || str_has(name, '%')) return "mailbox name holds a wildcard";
    str rest = name, level;
    size_t depth = 0;
    while (str_split(&rest, IMAP_SEPARATOR, &level)) {
        if (level.n == 0) return "mailbox name has an empty level";
        if (++depth > MAILBOX_DEPTH) return "mailbox name has too many levels";
    }
    if (str_ends(name, S("/"))) return "mailbox name has an empty level";
    return NULL;
}

bool imap_name_is_below(str name, str top)
{
    return name.n > top.n && str_starts(name, top) && name.p[top.n] == IMAP_SEPARATOR;
}

static bool is_wildcard(char c)
{
    return c == '*' || c == '%';
}

/* A wildcard also matches nothing: what stands before it reaches past it. */
static void pass_wildcards(str pattern, bool *reached)
{
    for (size_t j = 0; j < pattern.n; j++)
        if (reached[j] && is_wildcard(pattern.p[j])) reached[j + 1] = true;
}

/* reached[j]: the first j bytes of the pattern match what was read of the name. All alternatives
 * move on together, one byte of the name at a time. */
static void step(str pattern, bool *reached, char c)
{
    for (size_t j = pattern.n + 1; j-- > 0;) {
        char here = j < pattern.n ? pattern.p[j] : '\0';
        char before = j > 0 ? pattern.p[j - 1] : '\0';
        bool stays = reached[j] && (here == '*' || (here == '%' && c != IMAP_SEPARATOR));
        bool comes = j > 0 && reached[j - 1] && before == c && !is_wildcard(before);
        reached[j] = stays || comes;
    }
    pass_wildcards(pattern, reached);
}

bool imap_name_matches(str pattern, str name)
{
    bool reached[MAILBOX_NAME_BYTES + 1] = { true };
    assert(pattern.n <= MAILBOX_NAME_BYTES);
    pass_wildcards(pattern, reached);
    for (size_t i = 0; i < name.n; i++)
        step(pattern, reached, name.p[i]);
    return reached[pattern.n];
}
