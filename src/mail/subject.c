/* subject.c - the base subject, by the steps of RFC 5256 2.1 and in their order. */
#include "mail/subject.h"

#include <unicase.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

/* Step 1, second half: one space for any run of white space. */
static str squeeze(struct arena *a, str s)
{
    char *out = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; out && i < s.n; i++) {
        bool space = ascii_wsp(s.p[i]) || s.p[i] == '\r' || s.p[i] == '\n';
        if (!space)
            out[n++] = s.p[i];
        else if (n && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    return (str){ out, n };
}

/* subj-trailer = "(fwd)" / WSP */
static str without_trailers(str s, bool *reply)
{
    for (;;) {
        s = str_trim(s);
        if (!str_iends(s, S("(fwd)"))) return s;
        s.n -= sizeof("(fwd)") - 1;
        *reply = true;
    }
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP; returns its size, 0 if s does not begin with one. */
static size_t blob(str s)
{
    if (!str_starts(s, S("["))) return 0;
    size_t i = 1;
    while (i < s.n && s.p[i] != '[' && s.p[i] != ']')
        i++;
    if (i == s.n || s.p[i] != ']') return 0;
    for (i++; i < s.n && ascii_wsp(s.p[i]);)
        i++;
    return i;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static size_t refwd(str s)
{
    size_t i = str_istarts(s, S("fwd"))                             ? 3
               : str_istarts(s, S("fw")) || str_istarts(s, S("re")) ? 2
                                                                    : 0;
    if (!i) return 0;
    while (i < s.n && ascii_wsp(s.p[i]))
        i++;
    i += blob(str_from(s, i));
    return i < s.n && s.p[i] == ':' ? i + 1 : 0;
}

/* subj-leader = (*subj-blob subj-refwd) / WSP */
static bool take_leader(str *s)
{
    size_t blobs = 0, n;
    while ((n = blob(str_from(*s, blobs))))
        blobs += n;
    n = refwd(str_from(*s, blobs));
    if (!n) return false;
    *s = str_trim(str_from(*s, blobs + n));
    return true;
}

/* Step 4: a blob goes unless nothing were left. */
static bool take_blob(str *s)
{
    size_t n = blob(*s);
    if (!n || n == s->n) return false;
    *s = str_from(*s, n);
    return true;
}

static bool take_fwd_brackets(str *s)
{
    if (!str_istarts(*s, S("[fwd:")) || !str_ends(*s, S("]"))) return false;
    *s = str_sub(*s, 5, s->n - 6);
    return true;
}

static str lower(struct arena *a, str s)
{
    if (str_is_ascii(s) || !utf8_valid(s)) return arena_lower(a, s);
    size_t n = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)s.p, s.n, NULL, UNINORM_NFC, NULL, &n);
    if (!folded) return arena_lower(a, s);
    str out = arena_copy(a, (str){ (const char *)folded, n });
    mem_free(folded);
    return out;
}

/* At most MIME_FIELD_BYTES, whole characters. */
static str limited(str s)
{
    if (s.n <= MIME_FIELD_BYTES) return s;
    size_t n = MIME_FIELD_BYTES;
    while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_take(s, n);
}

str subject_base(struct arena *a, str subject, bool *reply)
{
    bool marked = false;
    str s = squeeze(a, limited(subject));
    do {
        s = without_trailers(s, &marked);
        for (bool again = true; again;) {
            bool leader = take_leader(&s);
            marked |= leader;
            again = take_blob(&s) || leader;
        }
    } while (take_fwd_brackets(&s) && (marked = true));
    *reply = marked;
    return lower(a, s);
}
