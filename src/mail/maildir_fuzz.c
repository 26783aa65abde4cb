/* maildir_fuzz.c - names that nobody vouches for: a folder's name never leads elsewhere, and what
 * is written reads back. */
#include <assert.h>

#include "mail/maildir.h"

static void file(str name)
{
    struct maildir_name m = maildir_name(name);
    struct buf letters = buf_make(64);
    unsigned flags = 0, letter;
    uint32_t keywords = 0;
    str word;
    maildir_letters(m.flags, m.keywords, &letters);
    maildir_letters_read(buf_str(&letters), &flags, &keywords);
    assert(flags == m.flags && keywords == m.keywords && m.base.n <= m.unique.n);
    (void)maildir_keyword(name, &letter, &word);
    buf_free(&letters);
}

static void folder(str name)
{
    struct buf mailbox = buf_make(4096), again = buf_make(8192), back = buf_make(4096);
    if (maildir_folder_read(name, &mailbox)) {
        assert(utf8_valid(buf_str(&mailbox)) && !str_has(buf_str(&mailbox), '\0'));
        if (maildir_folder_write(buf_str(&mailbox), &again)) {
            assert(!str_has(buf_str(&again), '/') && again.n > 1 && again.p[1] != '.');
            assert(maildir_folder_read(buf_str(&again), &back));
            assert(str_eq(buf_str(&back), buf_str(&mailbox)));
        }
    }
    buf_free(&mailbox);
    buf_free(&again);
    buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    str in = { (const char *)data, n };
    file(in);
    folder(in);
    return 0;
}
