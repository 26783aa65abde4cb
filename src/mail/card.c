/* card.c - building a card while a message streams by.
 *
 * The format 1. Numbers are varints (LEB128), signed ones zigzag; strings are a varint of
 * their size and their bytes. A card ends with its last part.
 *
 *   byte    format, 1, and 16 * the parser's number, 0
 *   number  flags (MIME_HAS_…, CARD_…)
 *   number  size, header_bytes
 *   signed  date: seconds, zone_minutes
 *   8 bytes message_id, 8 bytes in_reply_to (little-endian)
 *   number  references, and 8 bytes for each
 *   string  base subject, preview, envelope, bodystructure
 *   number  parts, and for each:
 *     byte    kind | encoding << 2 | text << 5 | attachment << 7
 *     number  index - parent (0 for the first), depth, number
 *     number  header_at less that of the part before, header_bytes
 *     number  body_bytes (the body follows the header), lines
 *     string  charset
 */
#include "mail/card.h"

#include "base/map.h"
#include "base/mem.h"
#include "mail/bodystructure.h"
#include "mail/card_int.h"
#include "mail/encoded.h"
#include "mail/envelope.h"
#include "mail/preview.h"
#include "mail/subject.h"

struct card_builder {
    struct mime mime;
    struct arena arena;   /* strings of the parts and of the card */
    struct arena scratch; /* while the header is read */
    struct buf envelope;
    struct buf preview_raw; /* encoded bytes of the part that the preview is made from */
    int preview_part;       /* its index, -1: none yet */
    unsigned flags;         /* CARD_… */
    struct date date;
    str base_subject;
    uint64_t message_id, in_reply_to;
    uint64_t references[MESSAGE_REFERENCES]; /* a ring: the newest are kept */
    size_t nreferences;                      /* seen */
};

uint64_t card_id_hash(str message_id)
{
    static const uint8_t key[16] = "posthorn.msg.id"; /* fixed: cards are compared for years */
    uint64_t hash = siphash13(key, message_id);
    return hash ? hash : 1;
}

/* --- what the message's own header says ------------------------------------------------------- */

static void read_date(struct card_builder *b, str block)
{
    struct header_field f;
    if (header_find(block, S("Date"), &f) &&
        date_parse(str_take(f.value, MIME_FIELD_BYTES), &b->date))
        b->flags |= CARD_HAS_DATE;
}

static void read_subject(struct card_builder *b, str block)
{
    str raw = str_take(header_value(&b->scratch, block, S("Subject")), MIME_FIELD_BYTES);
    bool reply = false;
    b->base_subject = subject_base(&b->arena, encoded_text(&b->scratch, raw), &reply);
    if (reply) b->flags |= CARD_IS_REPLY;
}

static uint64_t first_id(struct card_builder *b, str block, str name)
{
    struct header_field f;
    str id;
    if (!header_find(block, name, &f)) return 0;
    return header_msgid_next(&b->scratch, &f.value, &id) ? card_id_hash(id) : 0;
}

static void read_references(struct card_builder *b, str block)
{
    struct header_field f;
    str id;
    if (!header_find(block, S("References"), &f)) return;
    while (header_msgid_next(&b->scratch, &f.value, &id))
        b->references[b->nreferences++ % MESSAGE_REFERENCES] = card_id_hash(id);
}

static void message_header(struct card_builder *b, str block)
{
    read_date(b, block);
    read_subject(b, block);
    b->message_id = first_id(b, block, S("Message-ID"));
    b->in_reply_to = first_id(b, block, S("In-Reply-To"));
    read_references(b, block);
    arena_reset(&b->scratch);
    envelope_write(&b->envelope, &b->scratch, block);
    arena_reset(&b->scratch);
}

/* --- hooks ------------------------------------------------------------------------------------ */

static enum card_text text_kind(const struct mime_part *p)
{
    if (p->kind != MIME_LEAF || !str_eq(p->type, S("text"))) return CARD_NOT_TEXT;
    if (str_eq(p->subtype, S("plain"))) return CARD_TEXT_PLAIN;
    return str_eq(p->subtype, S("html")) ? CARD_TEXT_HTML : CARD_TEXT_OTHER;
}

static void on_header(void *arg, int index, str block)
{
    struct card_builder *b = arg;
    const struct mime_part *part = &b->mime.parts[index];
    if (index == 0) message_header(b, block);
    if (mime_is_attachment(part)) {
        b->flags |= CARD_HAS_ATTACHMENT;
        return;
    }
    enum card_text text = text_kind(part);
    if (b->preview_part < 0 && (text == CARD_TEXT_PLAIN || text == CARD_TEXT_HTML))
        b->preview_part = index;
}

static void on_body(void *arg, int index, str bytes)
{
    struct card_builder *b = arg;
    if (index != b->preview_part) return;
    buf_add(&b->preview_raw, str_take(bytes, PREVIEW_TEXT_BYTES - b->preview_raw.n));
}

/* --- the card --------------------------------------------------------------------------------- */

static void put_string(struct buf *out, str s)
{
    buf_varint(out, s.n);
    buf_add(out, s);
}

static void put_signed(struct buf *out, int64_t value)
{
    buf_varint(out, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

static str make_preview(struct card_builder *b)
{
    if (b->preview_part < 0) return (str){ 0 };
    const struct mime_part *part = &b->mime.parts[b->preview_part];
    struct buf bytes = buf_make(2 * PREVIEW_TEXT_BYTES), text = buf_make(8 * PREVIEW_TEXT_BYTES);
    struct buf preview = buf_make(PREVIEW_BYTES);
    mime_decode(&bytes, part->encoding, buf_str(&b->preview_raw));
    charset_to_utf8(&text, mime_charset(part), buf_str(&bytes));
    preview_write(&preview, buf_str(&text), text_kind(part) == CARD_TEXT_HTML);
    str out = arena_copy(&b->arena, buf_str(&preview));
    buf_free(&bytes);
    buf_free(&text);
    buf_free(&preview);
    return out;
}

static void put_part(struct buf *out, const struct mime *m, int index)
{
    const struct mime_part *p = &m->parts[index];
    unsigned text = text_kind(p), attachment = mime_is_attachment(p);
    buf_addc(out, (char)(p->kind | p->encoding << 2 | text << 5 | attachment << 7));
    buf_varint(out, index ? (uint64_t)(index - p->parent) : 0);
    buf_varint(out, (uint64_t)p->depth);
    buf_varint(out, (uint64_t)p->number);
    buf_varint(out, p->header_at - (index ? m->parts[index - 1].header_at : 0));
    buf_varint(out, p->header_bytes);
    buf_varint(out, p->body_bytes);
    buf_varint(out, p->lines);
    put_string(out, text ? str_take(mime_charset(p), CARD_CHARSET_BYTES) : (str){ 0 });
}

static void put_references(struct buf *out, const struct card_builder *b)
{
    size_t kept = b->nreferences < MESSAGE_REFERENCES ? b->nreferences : MESSAGE_REFERENCES;
    buf_varint(out, kept);
    for (size_t i = b->nreferences - kept; i < b->nreferences; i++)
        buf_le64(out, b->references[i % MESSAGE_REFERENCES]);
}

static void put_card(struct buf *out, struct card_builder *b)
{
    const struct mime *m = &b->mime;
    buf_addc(out, CARD_FIRST_BYTE);
    buf_varint(out, m->flags | b->flags);
    buf_varint(out, m->size);
    buf_varint(out, m->parts[0].header_bytes);
    put_signed(out, b->date.seconds);
    put_signed(out, b->date.zone_minutes);
    buf_le64(out, b->message_id);
    buf_le64(out, b->in_reply_to);
    put_references(out, b);
    put_string(out, b->base_subject);
    put_string(out, make_preview(b));
    put_string(out, buf_str(&b->envelope));
    struct buf structure = buf_make(CARD_BYTES);
    bodystructure_write(&structure, m, true);
    if (structure.full) out->full = true;
    put_string(out, buf_str(&structure));
    buf_free(&structure);
    buf_varint(out, (uint64_t)m->nparts);
    for (int i = 0; i < m->nparts; i++)
        put_part(out, m, i);
}

struct card_builder *card_begin(void)
{
    struct card_builder *b = MEM_NEW(struct card_builder);
    b->arena = arena_make(CARD_STRINGS_BYTES);
    b->scratch = arena_make(4 * HEADER_BYTES);
    b->envelope = buf_make(4 * HEADER_BYTES);
    b->preview_raw = buf_make(PREVIEW_TEXT_BYTES);
    b->preview_part = -1;
    struct mime_hooks hooks = { .arg = b, .header = on_header, .body = on_body };
    mime_begin(&b->mime, &b->arena, &hooks);
    return b;
}

void card_feed(struct card_builder *b, str chunk)
{
    mime_feed(&b->mime, chunk);
}

bool card_end(struct card_builder *b, struct buf *out)
{
    mime_end(&b->mime);
    if (b->envelope.full) return false;
    put_card(out, b);
    return !out->full;
}

void card_free(struct card_builder *b)
{
    if (!b) return;
    mime_free(&b->mime);
    arena_free(&b->arena);
    arena_free(&b->scratch);
    buf_free(&b->envelope);
    buf_free(&b->preview_raw);
    mem_free(b);
}

bool card_build(struct buf *out, str message)
{
    struct card_builder *b = card_begin();
    card_feed(b, message);
    bool ok = card_end(b, out);
    card_free(b);
    return ok;
}
