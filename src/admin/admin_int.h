/* admin_int.h - the requests, one function each, named after their words. */
#ifndef ADMIN_ADMIN_INT_H
#define ADMIN_ADMIN_INT_H

#include "admin/admin.h"
#include "mail/address.h"

#define ADMIN_REQUEST(name) \
    enum err name(struct admin *a, const struct admin_request *r, const str *args, struct buf *out)
ADMIN_REQUEST(admin_domain_add);
ADMIN_REQUEST(admin_domain_list);
ADMIN_REQUEST(admin_domain_remove);
ADMIN_REQUEST(admin_user_add);
ADMIN_REQUEST(admin_user_passwd);
ADMIN_REQUEST(admin_user_quota);
ADMIN_REQUEST(admin_user_admin);
ADMIN_REQUEST(admin_user_list);
ADMIN_REQUEST(admin_user_suspend);
ADMIN_REQUEST(admin_user_remove);
ADMIN_REQUEST(admin_alias_add);
ADMIN_REQUEST(admin_alias_list);
ADMIN_REQUEST(admin_alias_remove);
ADMIN_REQUEST(admin_queue_list);
ADMIN_REQUEST(admin_queue_show);
ADMIN_REQUEST(admin_queue_retry);
ADMIN_REQUEST(admin_queue_hold);
ADMIN_REQUEST(admin_queue_release);
ADMIN_REQUEST(admin_queue_drop);
ADMIN_REQUEST(admin_trace);
ADMIN_REQUEST(admin_compact);
ADMIN_REQUEST(admin_undelete);
ADMIN_REQUEST(admin_metrics);
ADMIN_REQUEST(admin_ping);

/* Says why in the answer and returns e, so that a request can end with it. */
enum err admin_fail(struct buf *out, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An address or domain as the directory keeps it; on failure the answer says what is wrong. */
enum err admin_address(str text, struct arena *a, str *folded, struct buf *out) MUST_CHECK;
enum err admin_domain(str text, struct arena *a, str *folded, struct buf *out) MUST_CHECK;

/* The user of that address; on failure the answer says what is wrong. */
enum err admin_account(struct admin *a, str address, struct account *account, struct buf *out) MUST_CHECK;

#endif
