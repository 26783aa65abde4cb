/* config_value.c - the values of settings: what each type accepts, and how an error puts it. */
#include "run/config_int.h"

#include <assert.h>

#include "base/mem.h"

/* --- numbers with units ----------------------------------------------------------------------- */

struct unit {
    str name;
    uint64_t factor;
};

/* Largest first, so that a number is printed in the largest unit that divides it. */
static const struct unit size_units[] = {
    { S_INIT("T"), UINT64_C(1) << 40 }, { S_INIT("G"), 1 << 30 }, { S_INIT("M"), 1 << 20 },
    { S_INIT("K"), 1 << 10 },           { S_INIT(""), 1 },
};
static const struct unit duration_units[] = {
    { S_INIT("d"), 86400000 }, { S_INIT("h"), 3600000 }, { S_INIT("m"), 60000 },
    { S_INIT("s"), 1000 },     { S_INIT("ms"), 1 },
};
static const struct unit count_units[] = { { S_INIT(""), 1 } };

static const struct unit *units_of(enum setting_type type, size_t *n)
{
    if (type == SET_SIZE) {
        *n = COUNT_OF(size_units);
        return size_units;
    }
    if (type == SET_DURATION) {
        *n = COUNT_OF(duration_units);
        return duration_units;
    }
    *n = COUNT_OF(count_units);
    return count_units;
}

static void add_number(enum setting_type type, uint64_t value, struct buf *out)
{
    size_t n;
    const struct unit *units = units_of(type, &n), *best = &units[n - 1];
    for (size_t i = 0; i < n && value > 0; i++) {
        if (value % units[i].factor == 0) {
            best = &units[i];
            break;
        }
    }
    buf_u64(out, value / best->factor);
    buf_add(out, best->name);
}

/* Digits, then a unit of the type. ERR_LIMIT past 64 bits. */
static enum err parse_number(enum setting_type type, str text, uint64_t *out)
{
    size_t digits = 0, n;
    while (digits < text.n && ascii_digit(text.p[digits]))
        digits++;
    if (digits == 0) return ERR_SYNTAX;

    str name = str_from(text, digits);
    const struct unit *units = units_of(type, &n), *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (str_ieq(name, units[i].name)) found = &units[i];
    }
    if (!found) return ERR_SYNTAX;
    uint64_t value;
    if (!str_u64(str_take(text, digits), UINT64_MAX / found->factor, &value)) return ERR_LIMIT;
    *out = value * found->factor;
    return OK;
}

enum err config_duration(str text, uint64_t *ms)
{
    return parse_number(SET_DURATION, text, ms);
}

enum err config_size(str text, uint64_t *bytes)
{
    return parse_number(SET_SIZE, text, bytes);
}

static bool has_range(const struct setting *row)
{
    return row->min != 0 || row->max != 0;
}

static enum err read_number(const struct setting *row, str value, const struct setting_place *place,
                            void *field, struct buf *why)
{
    (void)place;
    uint64_t number;
    enum err e = parse_number(row->type, value, &number);
    if (e == ERR_SYNTAX) return e;
    uint64_t max = row->max ? row->max : UINT64_MAX;
    if (e || number > max) {
        buf_add(why, S("must be at most "));
        add_number(row->type, max, why);
        return ERR_LIMIT;
    }
    if (number < row->min) {
        buf_add(why, S("must be at least "));
        add_number(row->type, row->min, why);
        return ERR_LIMIT;
    }
    *(uint64_t *)field = number;
    return OK;
}

/* --- the other types -------------------------------------------------------------------------- */

static enum err read_bool(const struct setting *row, str value, const struct setting_place *place,
                          void *field, struct buf *why)
{
    static const struct {
        str word;
        bool value;
    } words[] = {
        { S_INIT("yes"), true },  { S_INIT("no"), false },  { S_INIT("on"), true },
        { S_INIT("off"), false }, { S_INIT("true"), true }, { S_INIT("false"), false },
    };
    (void)row;
    (void)place;
    (void)why;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!str_ieq(value, words[i].word)) continue;
        *(bool *)field = words[i].value;
        return OK;
    }
    return ERR_SYNTAX;
}

static enum err read_text(const struct setting *row, str value, const struct setting_place *place,
                          void *field, struct buf *why)
{
    (void)row;
    (void)why;
    *(str *)field = arena_copy(place->arena, value);
    return OK;
}

static enum err read_path(const struct setting *row, str value, const struct setting_place *place,
                          void *field, struct buf *why)
{
    if (value.n == 0 || value.p[0] == '/' || place->folder.n == 0)
        return read_text(row, value, place, field, why);
    const str parts[] = { place->folder, S("/"), value };
    *(str *)field = arena_concat(place->arena, parts, COUNT_OF(parts));
    return OK;
}

static enum err read_address(const struct setting *row, str value,
                             const struct setting_place *place, void *field, struct buf *why)
{
    (void)row;
    (void)place;
    (void)why;
    struct netaddr a, b;
    if (netaddr_parse(value, 0, &a) || netaddr_parse(value, 1, &b)) return ERR_SYNTAX;
    if (!netaddr_eq(&a, &b)) return ERR_SYNTAX; /* the default showed: no port was written */
    *(struct netaddr *)field = a;
    return OK;
}

static bool next_item(str *rest, str *item)
{
    while (rest->n > 0 && (ascii_wsp(rest->p[0]) || rest->p[0] == ','))
        *rest = str_from(*rest, 1);
    size_t n = 0;
    while (n < rest->n && !ascii_wsp(rest->p[n]) && rest->p[n] != ',')
        n++;
    *item = str_take(*rest, n);
    *rest = str_from(*rest, n);
    return n > 0;
}

static size_t count_items(str value)
{
    size_t n = 0;
    for (str item; next_item(&value, &item);)
        n++;
    return n;
}

static enum err read_list(const struct setting *row, str value, const struct setting_place *place,
                          void *field, struct buf *why)
{
    (void)row;
    (void)why;
    size_t n = count_items(value);
    str *items = ARENA_ARRAY(place->arena, n, str);
    if (!items) return OK; /* the arena is full, and the reader asks it at the end */
    for (size_t i = 0; i < n; i++) {
        str item;
        next_item(&value, &item);
        items[i] = arena_copy(place->arena, item);
    }
    *(struct setting_list *)field = (struct setting_list){ items, n };
    return OK;
}

static enum err read_networks(const struct setting *row, str value,
                              const struct setting_place *place, void *field, struct buf *why)
{
    (void)row;
    (void)why;
    size_t n = count_items(value);
    struct netblock *items = ARENA_ARRAY(place->arena, n, struct netblock);
    if (!items) return OK;
    for (size_t i = 0; i < n; i++) {
        str item;
        next_item(&value, &item);
        if (netblock_parse(item, &items[i])) return ERR_SYNTAX;
    }
    *(struct setting_nets *)field = (struct setting_nets){ items, n };
    return OK;
}

static enum err read_choice(const struct setting *row, str value, const struct setting_place *place,
                            void *field, struct buf *why)
{
    (void)place;
    (void)why;
    str rest = str_of(row->choices), word;
    for (int i = 0; str_split(&rest, '|', &word); i++) {
        if (!str_ieq(word, value)) continue;
        *(int *)field = i;
        return OK;
    }
    return ERR_SYNTAX;
}

/* --- the types -------------------------------------------------------------------------------- */

typedef enum err read_fn(const struct setting *row, str value, const struct setting_place *place,
                         void *field, struct buf *why);

/* clang-format off */
static const struct {
    read_fn *read;
    const char *wants;
} types[] = {
    [SET_BOOL]     = { read_bool,     "yes or no" },
    [SET_COUNT]    = { read_number,   "a whole number, like 100" },
    [SET_SIZE]     = { read_number,   "a size in bytes, like 50M" },
    [SET_DURATION] = { read_number,   "a duration, like 15m" },
    [SET_TEXT]     = { read_text,     "a text" },
    [SET_PATH]     = { read_path,     "a path" },
    [SET_ADDRESS]  = { read_address,  "an address with its port, like 127.0.0.1:25 or [::1]:25" },
    [SET_LIST]     = { read_list,     "words with commas between them" },
    [SET_NETWORKS] = { read_networks, "networks, like 127.0.0.0/8, 2001:db8::/32" },
    [SET_CHOICE]   = { read_choice,   "one of " },
};
/* clang-format on */

void setting_wants(const struct setting *row, struct buf *out)
{
    buf_add(out, str_of(types[row->type].wants));
    if (row->type != SET_CHOICE) return;
    str rest = str_of(row->choices), word;
    for (bool first = true; str_split(&rest, '|', &word); first = false) {
        if (!first) buf_add(out, rest.n > 0 ? S(", ") : S(" or "));
        buf_add(out, word);
    }
}

void setting_range(const struct setting *row, struct buf *out)
{
    if (!has_range(row)) return;
    buf_add(out, S(" (from "));
    add_number(row->type, row->min, out);
    if (row->max) {
        buf_add(out, S(" to "));
        add_number(row->type, row->max, out);
    } else {
        buf_add(out, S(" up"));
    }
    buf_addc(out, ')');
}

enum err setting_read(const struct setting *row, str value, const struct setting_place *place,
                      void *values, struct buf *why)
{
    assert(row->type < COUNT_OF(types));
    void *field = (char *)values + row->offset;
    enum err e = types[row->type].read(row, value, place, field, why);
    if (e != ERR_SYNTAX) return e ? ERR_SYNTAX : OK;
    buf_add(why, S("wants "));
    setting_wants(row, why);
    return ERR_SYNTAX;
}
