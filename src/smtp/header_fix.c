/* header_fix.c - what changes in a header on its way in: trace lines on top, completion, Bcc. */
#include "smtp/header_fix_int.h"

#include "base/limits.h"
#include "base/mem.h"
#include "deliver/deliver.h"
#include "mail/header.h"

/* Fields that do not stay. A Return-Path that came along is the trace of somewhere else. */
static const struct {
    str name;
    bool submission_only;
} removed[] = {
    { S_INIT("Return-Path"), false },
    { S_INIT("Bcc"), true },
    { S_INIT("Resent-Bcc"), true },
};

static bool is_removed(str name, bool submission)
{
    for (size_t i = 0; i < COUNT_OF(removed); i++)
        if (str_ieq(name, removed[i].name)) return submission || !removed[i].submission_only;
    return false;
}

/* Everything else stays byte for byte, lines that are no field too. */
static bool copy(struct buf *out, str header, bool submission)
{
    struct header_iter it = header_iter(header);
    struct header_field field;
    size_t from = 0;
    while (header_next(&it, &field)) {
        if (!is_removed(field.name, submission)) continue;
        buf_add(out, str_sub(header, from, field.at - from));
        from = field.at + field.n;
    }
    buf_add(out, str_from(header, from));
    return it.seen < HEADER_FIELDS;
}

/* RFC 6409 8.2, 8.3. */
static void complete(struct buf *out, str header, const struct header_fix *fix)
{
    struct header_field field;
    if (!header_find(header, S("Message-ID"), &field)) {
        struct buf id = buf_make(HEADER_LINE_BYTES);
        message_id_make(&id, fix->received->date.seconds, fix->random, fix->id_domain);
        message_id_field_write(out, buf_str(&id));
        buf_free(&id);
    }
    if (!header_find(header, S("Date"), &field)) date_field_write(out, fix->received->date);
}

bool smtp_header_fix(struct buf *out, str header, const struct header_fix *fix)
{
    deliver_return_path_write(out, fix->sender);
    received_write(out, fix->received);
    if (fix->submission) complete(out, header, fix);
    /* A first line that begins with white space would be read as more of our own Received. */
    if (header.n && ascii_wsp(header.p[0])) buf_add(out, S("\r\n"));
    return copy(out, header, fix->submission) && !out->full;
}
