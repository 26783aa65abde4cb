/* params_fuzz.c - the arguments of MAIL, RCPT and BDAT: whatever is accepted is well-formed. */
#include <stdlib.h>

#include "base/limits.h"
#include "smtp/params_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_text(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ascii_ctl(s.p[i])) abort();
}

/* What was taken for an address must be taken again in its written form. */
static void want_address(struct arena *a, struct address addr)
{
    struct address again;
    if (address_is_null(addr) || !addr.domain.n) return;
    if (!address_parse(a, address_text(a, addr), ADDRESS_UTF8, &again) && !a->full) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SMTP_LINE_BYTES) return 0;
    str in = { (const char *)data, size };
    struct arena a = arena_make(SMTP_COMMAND_BYTES);
    struct mail_params mail;
    struct rcpt_params rcpt;
    uint64_t n;
    bool last;
    if (!smtp_mail_params(&a, in, &mail)) {
        want_text(mail.envid);
        want_address(&a, mail.sender);
        if (mail.priority < -9 || mail.priority > 9) abort();
        if (mail.by && !mail.by_notify && mail.by_s <= 0) abort();
        if (mail.hold_for_s < 0 || (mail.hold_for_s && mail.hold_until_s)) abort();
        if (mail.binary && !mail.eight_bit) abort();
    }
    for (int utf8 = 0; utf8 < 2; utf8++) {
        if (smtp_rcpt_params(&a, in, utf8, &rcpt)) continue;
        want_text(rcpt.orcpt);
        want_address(&a, rcpt.rcpt);
        if (!utf8 && !(str_is_ascii(rcpt.rcpt.local) && str_is_ascii(rcpt.rcpt.domain))) abort();
    }
    if (smtp_bdat_params(in, &n, &last) && !(in.n && ascii_digit(in.p[0]))) abort();
    arena_free(&a);
    return 0;
}
