/* mutate.c - libFuzzer's mutator for plays: builds them from the grammars, changes them by lines
 * and words, and damages them.
 *
 * FUZZ_BYTES_ONLY in the environment leaves all to libFuzzer's own, to compare.
 */
#include <stdlib.h>
#include <string.h>

#include "grammar.h"
#include "play.h"

#include "base/mem.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n,
                                 uint8_t *out, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

enum { LINES_MAX = 512, ADDED_BYTES_MAX = 16 * 1024, STEPS_MAX = 4 };

/* An input in pieces: lines with their end, and directions. */
struct script {
    str lines[LINES_MAX];
    size_t n;
    uint64_t chance;
    struct buf added; /* what lines may point into */
};

static size_t below(struct script *s, size_t n)
{
    return grammar_below(&s->chance, n);
}

/* --- to and from pieces ----------------------------------------------------------------------- */

static size_t direction_bytes(str rest)
{
    size_t n = rest.n < 2 ? 1 : rest.p[1] == PLAY_CUT ? 3 : rest.p[1] == PLAY_DAMAGE ? 5 : 2;
    return n < rest.n ? n : rest.n;
}

static size_t piece_bytes(str rest)
{
    if (rest.p[0] == DIRECTION) return direction_bytes(rest);
    size_t line = str_chr(rest, '\n'), direction = str_chr(rest, DIRECTION);
    if (line != STR_NPOS && line < direction) return line + 1;
    return direction < rest.n ? direction : rest.n;
}

static void take_apart(struct script *s, str input)
{
    for (s->n = 0; input.n && s->n < LINES_MAX - 1; s->n++) {
        s->lines[s->n] = str_take(input, piece_bytes(input));
        input = str_from(input, s->lines[s->n].n);
    }
    if (input.n) s->lines[s->n++] = input;
}

static size_t put_together(struct script *s, char *out, size_t max)
{
    struct buf all = buf_make(max);
    for (size_t i = 0; i < s->n; i++)
        if (s->lines[i].n <= max - all.n) buf_add(&all, s->lines[i]);
    size_t n = all.n;
    if (n) memcpy(out, all.p, n);
    buf_free(&all);
    return n;
}

/* --- who speaks ------------------------------------------------------------------------------- */

static bool is_direction(str line)
{
    return line.n > 1 && line.p[0] == DIRECTION;
}

static const struct grammar *spoken_at(struct script *s, size_t at)
{
    const struct part *part = NULL;
    while (at-- > 0 && !part)
        if (is_direction(s->lines[at])) part = play_part(s->lines[at].p[1]);
    return grammar_of((part ? part : play_part(FIRST))->door);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void insert(struct script *s, size_t at, str line)
{
    if (s->n == LINES_MAX || !line.n) return;
    memmove(s->lines + at + 1, s->lines + at, (s->n - at) * sizeof(*s->lines));
    s->lines[at] = line;
    s->n++;
}

static void remove_some(struct script *s, size_t at, size_t n)
{
    if (at + n > s->n) n = s->n - at;
    memmove(s->lines + at, s->lines + at + n, (s->n - at - n) * sizeof(*s->lines));
    s->n -= n;
}

/* What was added since, as a str. The buffer never moves: it has all its memory from the beginning.
 */
static str added_since(struct script *s, size_t from)
{
    return str_from(buf_str(&s->added), from);
}

static void add_command(struct script *s, size_t at, const char *rule)
{
    size_t from = s->added.n;
    grammar_say(spoken_at(s, at), rule, &s->chance, &s->added);
    insert(s, at, added_since(s, from));
}

static void add_direction(struct script *s, size_t at)
{
    static const char others[] = { PLAY_WAIT,  PLAY_WAIT,    PLAY_WAIT, PLAY_PAUSE,
                                   PLAY_SLEEP, PLAY_CUT,     PLAY_HALF, PLAY_LEAVE,
                                   PLAY_DEAF,  PLAY_RESTART, PLAY_POWER };
    size_t from = s->added.n, which = below(s, play_parts_n + sizeof(others));
    const struct part *part = which < play_parts_n ? &play_parts[which] : NULL;
    if (DAMAGE && below(s, 2)) part = NULL;
    char letter = part                    ? part->letter
                  : which >= play_parts_n ? others[which - play_parts_n]
                                          : PLAY_DAMAGE;
    buf_addc(&s->added, DIRECTION);
    buf_addc(&s->added, letter);
    for (int i = 0; letter == PLAY_DAMAGE && i < 3; i++)
        buf_addc(&s->added, (char)below(s, i == 1 ? 24 : 256));
    if (letter == PLAY_CUT) buf_addc(&s->added, (char)below(s, below(s, 2) ? 4 : 256));
    insert(s, at, added_since(s, from));
    if (!part) return;
    if (below(s, 4)) add_command(s, at + 1, "command");
    if (below(s, 4)) add_command(s, at + 1, "opening");
}

/* A word of the line becomes something that a command is made of. */
static void change_word(struct script *s, size_t at)
{
    str line = s->lines[at];
    size_t words = 1, from = s->added.n;
    for (size_t i = 0; i < line.n; i++)
        words += line.p[i] == ' ';
    size_t which = below(s, words), begin = 0;
    while (which-- > 0)
        begin += str_chr(str_from(line, begin), ' ') + 1;
    str rest = str_from(line, begin);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != ' ' && rest.p[end] != '\r' && rest.p[end] != '\n')
        end++;
    buf_add(&s->added, str_take(line, begin));
    grammar_say_part(spoken_at(s, at), &s->chance, &s->added);
    buf_add(&s->added, str_from(rest, end));
    s->lines[at] = added_since(s, from);
}

static void damage(struct script *s, size_t at)
{
    str line = s->lines[at];
    size_t room = line.n + 64, from = s->added.n;
    char *p = buf_reserve(&s->added, room);
    if (!p) return;
    memcpy(p, line.p, line.n);
    buf_commit(&s->added, LLVMFuzzerMutate((uint8_t *)p, line.n, room));
    s->lines[at] = added_since(s, from);
}

/* A stage direction in the middle of a line: the packet ends there. */
static void cut(struct script *s, size_t at)
{
    static const char wait[] = { DIRECTION, PLAY_WAIT };
    str line = s->lines[at];
    if (line.n < 2 || is_direction(line)) return;
    size_t where = 1 + below(s, line.n - 1);
    s->lines[at] = str_take(line, where);
    insert(s, at + 1, str_from(line, where));
    insert(s, at + 1, (str){ wait, sizeof(wait) });
}

static void change(struct script *s)
{
    size_t at = below(s, s->n + 1), what = below(s, 16);
    if (!s->n) add_command(s, 0, "opening");
    if (what < 5) add_command(s, at, "command");
    if (what == 5) add_direction(s, at);
    if (at >= s->n) return;
    if (what == 6) add_command(s, at, "opening");
    if (what == 7) remove_some(s, at, 1 + below(s, 4) * below(s, 4));
    if (what == 8) insert(s, below(s, s->n), s->lines[at]);
    if (what >= 9 && what < 12) change_word(s, at);
    if (what == 12) remove_some(s, at, 1), add_command(s, at, "command");
    if (what == 13) cut(s, at);
    if (what >= 14) damage(s, at);
}

/* --- libFuzzer's side ------------------------------------------------------------------------- */

static struct script *script_new(unsigned seed)
{
    static struct script s;
    s.n = 0;
    s.chance = seed;
    if (!s.added.p) {
        s.added = buf_make(ADDED_BYTES_MAX);
        REQUIRE(buf_reserve(&s.added, ADDED_BYTES_MAX));
    }
    buf_reset(&s.added);
    return &s;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct script *s = script_new(seed);
    if (getenv("FUZZ_BYTES_ONLY") || below(s, 16) == 0) return LLVMFuzzerMutate(data, size, max);
    char *before = mem_array(size + 1, 1);
    memcpy(before, data, size);
    take_apart(s, (str){ before, size });
    for (size_t n = 1 + below(s, STEPS_MAX); n > 0; n--)
        change(s);
    size = put_together(s, (char *)data, max);
    mem_free(before);
    return size;
}

/* Some of the one, some of the other in the middle of it. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n,
                                 uint8_t *out, size_t max, unsigned seed)
{
    static struct script other;
    struct script *s = script_new(seed);
    take_apart(s, (str){ (const char *)a, a_n });
    take_apart(&other, (str){ (const char *)b, b_n });
    size_t at = below(s, s->n + 1), from = below(s, other.n + 1);
    size_t n = other.n - from ? 1 + below(s, other.n - from) : 0;
    if (below(s, 2)) remove_some(s, at, below(s, s->n + 1));
    for (size_t i = 0; i < n; i++)
        insert(s, at + i, other.lines[from + i]);
    return put_together(s, (char *)out, max);
}
