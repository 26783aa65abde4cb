/* check.c - the request that verifies the whole store and names each fault. */
#include "admin/admin_int.h"

struct faults {
    struct buf *out;
    size_t n;
};

static void fault_line(void *arg, str what)
{
    struct faults *f = arg;
    f->n++;
    buf_addf(f->out, "fault: ");
    buf_add_shown(f->out, what);
    buf_addc(f->out, '\n');
}

ADMIN_REQUEST(admin_check)
{
    (void)r, (void)args;
    struct faults faults = { .out = out };
    struct check_report report = { .fault = fault_line, .arg = &faults };
    enum err e = store_check(a->store, &report);
    if (e && e != ERR_CORRUPT) return admin_fail(out, e, "cannot check: %s", err_text(e));
    buf_addf(out, "%llu records, %llu messages' bytes, ", (unsigned long long)report.records,
             (unsigned long long)report.blobs);
    admin_size_text(report.bytes, out);
    if (faults.n)
        buf_addf(out, ": %zu faults\n", faults.n);
    else
        buf_addf(out, ": all is well\n");
    return faults.n ? ERR_CORRUPT : OK;
}
