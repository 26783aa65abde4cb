/* return_path.c - the line on top of a stored message that only mailboxes see. RFC 5321 4.4. */
#include "base/limits.h"
#include "deliver/deliver.h"

size_t deliver_return_path_bytes(str first_bytes)
{
    str first = str_take(first_bytes, DELIVER_RETURN_PATH_BYTES);
    if (!str_starts(first, S("Return-Path: <"))) return 0;
    size_t end = str_find(first, S(">\r\n"));
    return end == STR_NPOS ? 0 : end + 3;
}

void deliver_return_path_write(struct buf *out, str sender)
{
    buf_add(out, S("Return-Path: <"));
    buf_add(out, sender);
    buf_add(out, S(">\r\n"));
}
