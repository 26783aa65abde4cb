/* name_fuzz.c - mailbox names: whatever a client calls one, it is one name, and is told back as
 * that.
 *
 * RFC 3501 5.1.3, RFC 9051 5.1. The first byte picks the wire's coding and whether it is a pattern.
 */
#include <assert.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/str.h"
#include "imap/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Well-formed, in one of the codings, and the same name when it comes back from the wire. */
static void check_told(str name, enum name_coding coding, struct arena *arena)
{
    struct buf wire = buf_make(4 * MAILBOX_NAME_BYTES);
    str again;
    if (coding == NAME_UTF8)
        buf_add(&wire, name);
    else
        assert(utf7_encode(&wire, name) && str_is_ascii(buf_str(&wire)));
    assert(!wire.full);
    assert(imap_name_decode(buf_str(&wire), coding, arena, &again) == OK);
    assert(str_eq(again, name));
    buf_free(&wire);
}

static void check_name(str name, struct arena *arena)
{
    assert(name.n <= MAILBOX_NAME_BYTES && utf8_valid(name));
    for (size_t i = 0; i < name.n; i++)
        assert(!ascii_ctl(name.p[i]));
    assert(!str_ieq(name, S("INBOX")) || str_eq(name, S("INBOX")));
    check_told(name, NAME_UTF7, arena);
    check_told(name, NAME_UTF8, arena);
    if (imap_name_refused(name)) return;
    assert(name.n && imap_name_matches(S("*"), name) && imap_name_matches(name, name));
    assert(imap_name_matches(S("%"), name) == (str_chr(name, IMAP_SEPARATOR) == STR_NPOS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 64 * 1024) return 0;
    struct arena arena = arena_make(16 * 1024 * 1024);
    str wire = { (const char *)data + 1, size - 1 }, out;
    enum name_coding coding = data[0] & 1 ? NAME_UTF8 : NAME_UTF7;
    if (data[0] & 2) {
        if (imap_pattern_decode(wire, coding, &arena, &out) == OK)
            (void)imap_name_matches(out, S("INBOX/Work/\xc3\xa4"));
    } else if (imap_name_decode(wire, coding, &arena, &out) == OK) {
        check_name(out, &arena);
    }
    arena_free(&arena);
    return 0;
}
