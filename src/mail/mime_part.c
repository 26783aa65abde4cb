/* mime_part.c - what the fields of one part say: type, encoding, disposition and the rest.
 *
 * RFC 2045 5 and 6, RFC 2046 5.1.5 and 5.2.1, RFC 2183, RFC 3282, RFC 1864, RFC 2557 4.2.
 */
#include "mail/mime_int.h"

#include "base/codec.h"
#include "base/mem.h"
#include "mail/envelope.h"

/* --- fields --------------------------------------------------------------------------------------
 */

static str kept(struct mime *m, str value)
{
    return arena_copy(m->arena, str_take(header_unfold(&m->scratch, value), MIME_FIELD_BYTES));
}

static bool is_token(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || str_has(S("()<>@,;:\\\"/[]?="), s.p[i]))
            return false;
    return s.n > 0 && s.n <= 127; /* RFC 6838 4.2 */
}

/* RFC 2045 5.2: what is no type is text/plain. */
static void content_type(struct mime *m, struct mime_part *part, str value)
{
    str head;
    part->nparams = header_params(m->arena, value, &head, &part->params);
    size_t slash = str_chr(head, '/');
    str type = str_trim(str_take(head, slash));
    str subtype = slash == STR_NPOS ? (str){ 0 } : str_trim(str_from(head, slash + 1));
    if (!is_token(type) || !is_token(subtype)) return;
    type = arena_lower(m->arena, type);
    subtype = arena_lower(m->arena, subtype);
    if (!type.n || !subtype.n) return;
    part->type = type;
    part->subtype = subtype;
}

static const struct {
    str name;
    enum mime_encoding encoding;
} encodings[] = {
    { S_INIT("7bit"), MIME_7BIT },     { S_INIT("8bit"), MIME_8BIT },
    { S_INIT("binary"), MIME_BINARY }, { S_INIT("quoted-printable"), MIME_QP },
    { S_INIT("base64"), MIME_BASE64 },
};

static void transfer_encoding(struct mime *m, struct mime_part *part, str value)
{
    str name, *tokens;
    size_t n = header_tokens(&m->scratch, value, 1, &tokens);
    name = n ? tokens[0] : (str){ 0 };
    if (!is_token(name)) return;
    part->encoding_name = arena_copy(m->arena, name);
    part->encoding = MIME_UNKNOWN;
    for (size_t i = 0; i < COUNT_OF(encodings); i++)
        if (str_ieq(name, encodings[i].name)) part->encoding = encodings[i].encoding;
}

static void disposition(struct mime *m, struct mime_part *part, str value)
{
    str head;
    part->ndisposition_params = header_params(m->arena, value, &head, &part->disposition_params);
    if (is_token(head)) part->disposition = arena_lower(m->arena, head);
}

static void language(struct mime *m, struct mime_part *part, str value)
{
    str *tokens;
    str copy = kept(m, value);
    size_t n = header_tokens(&m->scratch, copy, MIME_LANGUAGES, &tokens);
    part->languages = n ? ARENA_ARRAY(m->arena, n, str) : NULL;
    for (size_t i = 0; part->languages && i < n; i++)
        part->languages[part->nlanguages++] = tokens[i];
}

static void id(struct mime *m, struct mime_part *part, str value)
{
    part->id = kept(m, value);
}

static void description(struct mime *m, struct mime_part *part, str value)
{
    part->description = kept(m, value);
}

static void md5(struct mime *m, struct mime_part *part, str value)
{
    part->md5 = kept(m, value);
}

static void location(struct mime *m, struct mime_part *part, str value)
{
    part->location = kept(m, value);
}

static const struct {
    str name;
    void (*read)(struct mime *m, struct mime_part *part, str value);
} fields[] = {
    { S_INIT("Content-Type"), content_type },
    { S_INIT("Content-Transfer-Encoding"), transfer_encoding },
    { S_INIT("Content-Disposition"), disposition },
    { S_INIT("Content-ID"), id },
    { S_INIT("Content-Description"), description },
    { S_INIT("Content-Language"), language },
    { S_INIT("Content-Location"), location },
    { S_INIT("Content-MD5"), md5 },
};

/* The first of each name counts. Reports whether there was a Content-Type. */
static bool read_fields(struct mime *m, struct mime_part *part, str block)
{
    unsigned seen = 0;
    struct header_field f;
    for (struct header_iter it = header_iter(block); header_next(&it, &f);) {
        if (!str_istarts(f.name, S("Content-"))) continue;
        for (size_t i = 0; i < COUNT_OF(fields); i++) {
            if (seen >> i & 1 || !str_ieq(f.name, fields[i].name)) continue;
            seen |= 1u << i;
            fields[i].read(m, part, f.value);
        }
    }
    return seen & 1;
}

/* --- what a part is ------------------------------------------------------------------------------
 */

static struct header_param us_ascii = { S_INIT("charset"), S_INIT("us-ascii"), false };

static void become(struct mime_part *part, str type, str subtype)
{
    part->type = type;
    part->subtype = subtype;
    part->params = NULL;
    part->nparams = 0;
}

static bool in_digest(const struct mime *m, const struct mime_part *part)
{
    if (part->parent < 0) return false;
    const struct mime_part *parent = &m->parts[part->parent];
    return parent->kind == MIME_MULTIPART && str_eq(parent->subtype, S("digest"));
}

static bool is_message(const struct mime_part *part)
{
    return str_eq(part->type, S("message")) &&
           (str_eq(part->subtype, S("rfc822")) || str_eq(part->subtype, S("global")));
}

static str boundary_of(const struct mime_part *part)
{
    const struct header_param *p = header_param_find(part->params, part->nparams, S("boundary"));
    return p ? str_trim(p->value) : (str){ 0 };
}

/* RFC 2046 5.1: without a usable boundary all of it is text to whoever reads it. */
static void multipart(struct mime *m, struct mime_part *part, bool may_contain)
{
    part->boundary = boundary_of(part);
    if (part->boundary.n > 0 && part->boundary.n <= MIME_BOUNDARY_BYTES && may_contain) {
        part->kind = MIME_MULTIPART;
        return;
    }
    if (part->boundary.n) m->flags |= MIME_WAS_CAPPED;
    if (part->boundary.n)
        become(part, S("application"), S("octet-stream"));
    else
        become(part, S("text"), S("plain"));
    part->boundary = (str){ 0 };
}

/* RFC 2046 5.2.1: an inner message is never encoded; one that is, or is too deep, is a file. */
static void message(struct mime *m, struct mime_part *part, bool may_contain)
{
    bool encoded = part->encoding > MIME_BINARY;
    if (!encoded && may_contain) {
        part->kind = MIME_MESSAGE;
        return;
    }
    if (!encoded) m->flags |= MIME_WAS_CAPPED;
    become(part, S("application"), S("octet-stream"));
}

static void keep_envelope(struct mime *m, struct mime_part *around, str block)
{
    struct buf b = buf_make(4 * HEADER_BYTES);
    envelope_write(&b, &m->scratch, block);
    if (!b.full) around->envelope = arena_copy(m->arena, buf_str(&b));
    buf_free(&b);
}

void mime_part_read(struct mime *m, struct mime_part *part, bool may_contain)
{
    str block = buf_str(&m->header);
    bool digest = in_digest(m, part);
    part->type = digest ? S("message") : S("text");
    part->subtype = digest ? S("rfc822") : S("plain");
    bool typed = read_fields(m, part, block);
    if (!typed && !digest) {
        part->params = &us_ascii; /* RFC 2045 5.2 */
        part->nparams = 1;
    }
    if (str_eq(part->type, S("multipart")))
        multipart(m, part, may_contain);
    else if (is_message(part))
        message(m, part, may_contain);
    if (part->parent >= 0 && m->parts[part->parent].kind == MIME_MESSAGE)
        keep_envelope(m, &m->parts[part->parent], block);
    arena_reset(&m->scratch);
}

/* --- for readers of the table ----------------------------------------------------------------- */

void mime_decode(struct buf *out, enum mime_encoding encoding, str body)
{
    if (encoding == MIME_BASE64)
        base64_decode_lenient(out, body);
    else if (encoding == MIME_QP)
        qp_decode_lenient(out, body);
    else
        buf_add(out, body);
}

static const struct header_param *name_param(const struct mime_part *p)
{
    const struct header_param *found =
        header_param_find(p->disposition_params, p->ndisposition_params, S("filename"));
    return found ? found : header_param_find(p->params, p->nparams, S("name"));
}

str mime_filename(struct arena *a, const struct mime_part *p)
{
    const struct header_param *name = name_param(p);
    return name ? header_param_text(a, name) : (str){ 0 };
}

str mime_charset(const struct mime_part *p)
{
    const struct header_param *charset = header_param_find(p->params, p->nparams, S("charset"));
    return charset ? charset->value : (str){ 0 };
}

/* Parts that belong to how a message is made, not to what somebody attached. */
static bool is_machinery(const struct mime_part *p)
{
    return str_ends(p->subtype, S("-signature")) || str_eq(p->subtype, S("pgp-encrypted")) ||
           str_eq(p->subtype, S("delivery-status")) ||
           str_eq(p->subtype, S("disposition-notification"));
}

bool mime_is_attachment(const struct mime_part *p)
{
    if (p->kind == MIME_MULTIPART || is_machinery(p)) return false;
    if (str_eq(p->disposition, S("attachment"))) return true;
    bool is_inline = str_eq(p->disposition, S("inline"));
    if (str_eq(p->type, S("text"))) return name_param(p) && !is_inline;
    if (str_eq(p->type, S("image")) && p->id.n) return false; /* shown within the text */
    return !is_inline || name_param(p);
}
