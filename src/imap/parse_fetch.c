/* parse_fetch.c - arguments of the commands about messages: FETCH, STORE, COPY, MOVE, EXPUNGE.
 *
 * RFC 9051 6.4.5 to 6.4.9; BINARY RFC 3516; CHANGEDSINCE, UNCHANGEDSINCE, VANISHED RFC 7162;
 * EMAILID, THREADID RFC 8474; SAVEDATE RFC 8514; PREVIEW RFC 8970.
 */
#include "imap/parse_int.h"

#include "base/limits.h"
#include "base/mem.h"

/* --- FETCH ---------------------------------------------------------------------------------- */

/* header-list = "(" header-fld-name *(SP header-fld-name) ")" */
static struct str_list header_list(struct parse *p)
{
    struct grow fields = { 0 };
    parse_sp(p);
    parse_want(p, '(');
    do {
        str name = parse_astring(p);
        str *place = parse_grow(p, &fields, sizeof(str), IMAP_FETCH_FIELDS);
        if (place) *place = name;
    } while (parse_try(p, ' '));
    parse_want(p, ')');
    return (struct str_list){ fields.items, fields.n };
}

/* section-msgtext / section-text */
static void section_text(struct parse *p, struct section *section)
{
    static const struct word texts[] = {
        { S_INIT("HEADER"), SECTION_HEADER },
        { S_INIT("HEADER.FIELDS"), SECTION_HEADER_FIELDS },
        { S_INIT("HEADER.FIELDS.NOT"), SECTION_HEADER_FIELDS_NOT },
        { S_INIT("TEXT"), SECTION_TEXT },
        { S_INIT("MIME"), SECTION_MIME },
    };
    section->text = (enum section_text)parse_word(p, texts, COUNT_OF(texts), "unknown section");
    if (section->text == SECTION_MIME && section->parts == 0)
        parse_fail(p, "MIME needs a part number");
    if (section->text == SECTION_HEADER_FIELDS || section->text == SECTION_HEADER_FIELDS_NOT)
        section->fields = header_list(p);
}

/* section-part = nz-number *("." nz-number); false if a text follows its last dot */
static bool section_part(struct parse *p, struct section *section)
{
    struct grow parts = { 0 };
    bool text = false;
    do {
        uint32_t number = parse_nz_number(p);
        uint32_t *place = parse_grow(p, &parts, sizeof(uint32_t), IMAP_SECTION_PARTS);
        if (place) *place = number;
        text = parse_try(p, '.');
    } while (text && ascii_digit(parse_peek(p)));
    section->part = parts.items;
    section->parts = parts.n;
    return !text;
}

/* section = "[" [section-spec] "]"; binary sections have part numbers alone */
void parse_section(struct parse *p, struct fetch_item *item)
{
    bool binary = item->kind != FETCH_SECTION;
    parse_want(p, '[');
    if (parse_try(p, ']')) return;
    bool whole = ascii_digit(parse_peek(p)) && section_part(p, &item->section);
    if (!whole) section_text(p, &item->section);
    if (binary && item->section.text != SECTION_ALL) parse_fail(p, "BINARY takes a part number");
    parse_want(p, ']');
}

/* partial = "<" number64 "." nz-number64 ">" */
static void partial(struct parse *p, struct fetch_item *item)
{
    if (!parse_try(p, '<')) return;
    item->partial = true;
    item->offset = parse_number64(p);
    parse_want(p, '.');
    item->count = parse_number64(p);
    if (item->count == 0) parse_fail(p, "a partial fetch asks for at least 1 byte");
    parse_want(p, '>');
}

/* clang-format off */
static const struct fetch_name { str name; struct fetch_item item; } fetch_names[] = {
    { S_INIT("FLAGS"),         { .kind = FETCH_FLAGS } },
    { S_INIT("UID"),           { .kind = FETCH_UID } },
    { S_INIT("INTERNALDATE"),  { .kind = FETCH_INTERNALDATE } },
    { S_INIT("ENVELOPE"),      { .kind = FETCH_ENVELOPE } },
    { S_INIT("BODYSTRUCTURE"), { .kind = FETCH_BODYSTRUCTURE } },
    { S_INIT("BODY"),          { .kind = FETCH_BODY } },
    { S_INIT("BODY.PEEK"),     { .kind = FETCH_SECTION, .peek = true } },
    { S_INIT("RFC822"),        { .kind = FETCH_RFC822 } },
    { S_INIT("RFC822.SIZE"),   { .kind = FETCH_RFC822_SIZE } },
    { S_INIT("RFC822.HEADER"), { .kind = FETCH_RFC822_HEADER, .peek = true } },
    { S_INIT("RFC822.TEXT"),   { .kind = FETCH_RFC822_TEXT } },
    { S_INIT("MODSEQ"),        { .kind = FETCH_MODSEQ } },
    { S_INIT("EMAILID"),       { .kind = FETCH_EMAILID } },
    { S_INIT("THREADID"),      { .kind = FETCH_THREADID } },
    { S_INIT("SAVEDATE"),      { .kind = FETCH_SAVEDATE } },
    { S_INIT("PREVIEW"),       { .kind = FETCH_PREVIEW } },
    { S_INIT("BINARY"),        { .kind = FETCH_BINARY } },
    { S_INIT("BINARY.PEEK"),   { .kind = FETCH_BINARY, .peek = true } },
    { S_INIT("BINARY.SIZE"),   { .kind = FETCH_BINARY_SIZE, .peek = true } },
};

static const struct fetch_item macro_full[] = { /* FAST is its first 3, ALL its first 4 */
    { .kind = FETCH_FLAGS }, { .kind = FETCH_INTERNALDATE }, { .kind = FETCH_RFC822_SIZE },
    { .kind = FETCH_ENVELOPE }, { .kind = FETCH_BODY },
};
static const struct { str name; size_t n; } macros[] = {
    { S_INIT("ALL"), 4 }, { S_INIT("FAST"), 3 }, { S_INIT("FULL"), 5 },
};
/* clang-format on */

/* An item's name ends where a section begins: "[" is an atom's character, so it is cut here. */
static str fetch_att_name(struct parse *p)
{
    /* digits, "-", "." and letters */
    static const struct byteset name_char = { .bits = { 0, 0x03ff6000, 0x07fffffe, 0x07fffffe } };
    return parse_span(p, &name_char);
}

/* "PREVIEW" [SP "(" "LAZY" ")"], RFC 8970 6. Previews are always at hand: LAZY changes nothing.
 * What follows a PREVIEW outside a list may be the command's own modifiers. */
static void preview_modifiers(struct parse *p, bool in_list)
{
    str rest = p->err ? (str){ 0 } : scan_rest(&p->scan);
    if (!str_istarts(rest, in_list ? S(" (") : S(" (LAZY"))) return;
    parse_sp(p);
    parse_want(p, '(');
    do
        if (!parse_try_word(p, S("LAZY"))) parse_fail(p, "unknown modifier");
    while (parse_try(p, ' '));
    parse_want(p, ')');
}

static void fetch_att(struct parse *p, struct fetch_item *item, bool in_list)
{
    str name = fetch_att_name(p);
    const struct fetch_name *row = NULL;
    for (size_t i = 0; !p->err && i < COUNT_OF(fetch_names); i++)
        if (str_ieq(name, fetch_names[i].name)) row = &fetch_names[i];
    if (!row) {
        parse_fail(p, "unknown data item");
        return;
    }
    *item = row->item;
    if (item->kind == FETCH_BODY && parse_peek(p) == '[') item->kind = FETCH_SECTION;
    bool sectioned = item->kind == FETCH_SECTION || item->kind == FETCH_BINARY ||
                     item->kind == FETCH_BINARY_SIZE;
    if (item->kind == FETCH_PREVIEW) preview_modifiers(p, in_list);
    if (!sectioned) return;
    parse_section(p, item);
    if (item->kind != FETCH_BINARY_SIZE) partial(p, item);
}

static bool fetch_macro(struct parse *p, struct fetch_args *fetch)
{
    for (size_t i = 0; i < COUNT_OF(macros); i++) {
        if (!parse_try_word(p, macros[i].name)) continue;
        fetch->items = macro_full;
        fetch->n = macros[i].n;
        return true;
    }
    return false;
}

void parse_fetch_atts(struct parse *p, struct fetch_args *fetch)
{
    struct grow items = { 0 };
    bool many = parse_try(p, '(');
    do {
        struct fetch_item *item = parse_grow(p, &items, sizeof(*item), IMAP_FETCH_ITEMS);
        if (item) fetch_att(p, item, many);
    } while (many && parse_try(p, ' '));
    if (many) parse_want(p, ')');
    fetch->items = items.items;
    fetch->n = items.n;
}

/* fetch-modifiers, RFC 4466 2.4, RFC 7162 3.1.4.1 and 3.2.6, RFC 9394 3.3 */
static void fetch_modifiers(struct parse *p, struct command *c)
{
    struct fetch_args *fetch = &c->fetch;
    parse_want(p, '(');
    do {
        if (parse_try_word(p, S("VANISHED"))) {
            fetch->vanished = true;
            continue;
        }
        if (parse_try_word(p, S("PARTIAL"))) {
            fetch->places = parse_partial_range(p);
            continue;
        }
        if (!parse_try_word(p, S("CHANGEDSINCE"))) parse_fail(p, "unknown modifier");
        parse_sp(p);
        fetch->has_changed_since = true;
        fetch->changed_since = parse_mod_sequence(p);
    } while (parse_try(p, ' '));
    parse_want(p, ')');
    if (fetch->vanished && (!c->uid || !fetch->has_changed_since))
        parse_fail(p, "VANISHED goes with UID FETCH and CHANGEDSINCE");
}

void parse_fetch_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->fetch.set = parse_message_set(p);
    parse_sp(p);
    if (!fetch_macro(p, &c->fetch)) parse_fetch_atts(p, &c->fetch);
    if (!parse_try(p, ' ')) return;
    fetch_modifiers(p, c);
}

/* --- STORE ---------------------------------------------------------------------------------- */

/* "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")", RFC 7162 3.1.3 */
static void store_modifier(struct parse *p, struct store_args *store)
{
    parse_want(p, '(');
    if (!parse_try_word(p, S("UNCHANGEDSINCE"))) parse_fail(p, "unknown modifier");
    parse_sp(p);
    store->has_unchanged_since = true;
    store->unchanged_since = parse_mod_sequence(p);
    parse_want(p, ')');
    parse_sp(p);
}

/* store-att-flags = ["+" / "-"] "FLAGS" [".SILENT"] SP (flag-list / (flag *(SP flag))) */
void parse_store_args(struct parse *p, struct command *c)
{
    struct store_args *store = &c->store;
    parse_sp(p);
    store->set = parse_message_set(p);
    parse_sp(p);
    if (parse_peek(p) == '(') store_modifier(p, store);

    if (parse_try(p, '+'))
        store->op = STORE_ADD;
    else if (parse_try(p, '-'))
        store->op = STORE_REMOVE;
    store->silent = parse_try_word(p, S("FLAGS.SILENT"));
    if (!store->silent && !parse_try_word(p, S("FLAGS"))) parse_fail(p, "FLAGS expected");
    parse_sp(p);
    if (parse_peek(p) == '(') {
        store->flags = parse_flag_list(p);
        return;
    }
    struct grow keywords = { 0 };
    do
        parse_flag(p, &store->flags, &keywords);
    while (parse_try(p, ' '));
}

/* --- COPY, MOVE, UID EXPUNGE ---------------------------------------------------------------- */
void parse_copy_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->mailbox.set = parse_message_set(p);
    parse_sp(p);
    c->mailbox.to = parse_mailbox(p);
}

/* "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number], RFC 10022 4 */
void parse_batches_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    c->batches.size = parse_nz_number(p);
    if (!parse_try(p, ' ')) return;
    c->batches.from = parse_nz_number(p);
    parse_want(p, ':');
    c->batches.to = parse_nz_number(p);
}

/* EXPUNGE alone has no arguments; UID EXPUNGE names the messages, RFC 4315 2.1 */
void parse_expunge_args(struct parse *p, struct command *c)
{
    if (!c->uid) return;
    parse_sp(p);
    c->expunge = parse_message_set(p);
}
