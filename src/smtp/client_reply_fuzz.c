/* client_reply_fuzz.c - what another server answers, line by line: parts that lie inside the line,
 * codes that are codes, and nothing kept that a terminal would obey. */
#include <stdlib.h>

#include "smtp/client_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool condition)
{
    if (!condition) abort();
}

static void want_inside(str part, str whole)
{
    want(!part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void one_line(str line, unsigned *extensions)
{
    unsigned code = 0;
    bool last = false;
    str text = { 0 };
    uint64_t size_max = 7;
    if (!client_reply_line(line, &code, &last, &text)) return;
    want(code >= 200 && code < 600);
    want(last == (line.n == 3 || line.p[3] == ' '));
    want_inside(text, line);
    str enhanced = client_enhanced(text);
    want_inside(enhanced, text);
    want(!enhanced.n || (enhanced.n >= 5 && enhanced.n <= 9 && enhanced.p[1] == '.'));
    client_extension(text, extensions, &size_max);
    want(size_max == 7 || str_istarts(text, S("SIZE ")));

    struct buf clean = buf_make(2 * SMTP_LINE_BYTES);
    buf_add_shown(&clean, text);
    want(clean.full || (utf8_valid(buf_str(&clean)) && clean.n <= text.n));
    for (size_t i = 0; i < clean.n; i++) {
        want(!ascii_ctl(clean.p[i]));
        want((unsigned char)clean.p[i] != 0xc2 || (unsigned char)clean.p[i + 1] >= 0xa0);
    }
    buf_free(&clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned extensions = 0;
    str rest = { (const char *)data, size }, line;
    while (str_split(&rest, '\n', &line))
        one_line(str_chomp(line), &extensions);
    return 0;
}
