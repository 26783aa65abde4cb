/* compact.c - the request that gives the room of deleted mail back at once. */
#include "admin/admin_int.h"

ADMIN_REQUEST(admin_compact)
{
    (void)r, (void)args;
    struct compact_result result;
    enum err e = store_compact(a->store, &result);
    if (e == ERR_LATER) return admin_fail(out, e, "the disk is full or failing: try again later");
    if (e) return admin_fail(out, e, "cannot compact: %s", err_text(e));
    admin_size_text(result.bytes, out);
    buf_addf(out, " came back in %llu files: %llu messages' bytes were needed no more, ",
             (unsigned long long)result.segments, (unsigned long long)result.blobs);
    admin_size_text(result.copied_bytes, out);
    buf_addf(out, " were written again\n");
    return OK;
}
