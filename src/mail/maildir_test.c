/* maildir_test.c - names of Maildir files and folders, both ways, hostile ones too. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/maildir.h"

/* clang-format off */
static const struct {
    const char *file, *base, *letters; /* letters as they are written again */
    uint64_t order;
} files[] = {
    { "1500000000.M1P2Q3.host:2,S",                    "1500000000.M1P2Q3.host", "S",      1500000000 },
    { "1500000000.M1P2Q3.host",                        "1500000000.M1P2Q3.host", "",       1500000000 },
    { "1355543030.15049_0.foo,S=2048,W=2099:2,FRSTab", "1355543030.15049_0.foo", "FRSTab", 1355543030 },
    { "1355543030.15049_0.foo,U=7:2,",                 "1355543030.15049_0.foo", "",       1355543030 },
    { "1.a!2,SR",                                      "1.a",                    "RS",     1 },
    { "a:b:2,DFPRST",                                  "a:b",                    "DFPRST", 0 },
    { "a:2,S:2,F",                                     "a:2",                    "F",      0 },
    { "x:2,SZ9?z",                                     "x",                      "Sz",     0 },
    { "99999999999999999999999.x:1,S",                 "99999999999999999999999.x:1", "",  0 },
    { ":2,S",                                          "",                       "S",      0 },
    { "",                                              "",                       "",       0 },
};

static const struct {
    const char *folder, *mailbox; /* NULL: no mailbox's */
    bool written; /* it is what the other way gives */
} folders[] = {
    { ".Archive.2019",       "Archive/2019",  true },
    { ".Entw&APw-rfe",       "Entwürfe",      true },
    { ".Entwürfe",           "Entwürfe",      false }, /* as Dovecot has it with UTF-8 names */
    { ".R&-D",               "R&D",           true },
    { ".R&D",                "R&D",           false }, /* not modified UTF-7, so as it is */
    { ".a&AC4-b",            "a.b",           true },
    { ".&AC4-&AC4-",         "..",            true },
    { ".&AC4-&AC4-.x",       "../x",          true },
    { ".&AC8-etc",           "&AC8-etc",      false }, /* a coded slash stays coded */
    { ".a.b/c",              NULL,            false },
    { ".a\xff",              NULL,            false },
    { ".",                   NULL,            false },
    { "..",                  NULL,            false },
    { "..a",                 NULL,            false },
    { ".a..b",               NULL,            false },
    { ".a.",                 NULL,            false },
    { "a",                   NULL,            false },
    { "",                    NULL,            false },
};
/* clang-format on */

static void assert_str(str got, const char *wanted)
{
    if (!str_eq(got, str_of(wanted))) print_error("'%.*s' for '%s'\n", STR_ARG(got), wanted);
    assert_true(str_eq(got, str_of(wanted)));
}

static void files_say_what_they_mean(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct maildir_name name = maildir_name(str_of(files[i].file));
        struct buf letters = buf_make(64);
        maildir_letters(name.flags, name.keywords, &letters);
        assert_str(name.base, files[i].base);
        assert_str(buf_str(&letters), files[i].letters);
        assert_int_equal(name.order, files[i].order);
        buf_free(&letters);
    }
}

static void folders_are_mailboxes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        struct buf mailbox = buf_make(2000), folder = buf_make(2000);
        bool good = maildir_folder_read(str_of(folders[i].folder), &mailbox);
        assert_int_equal(good, folders[i].mailbox != NULL);
        if (good) assert_str(buf_str(&mailbox), folders[i].mailbox);
        if (folders[i].written) {
            assert_true(maildir_folder_write(str_of(folders[i].mailbox), &folder));
            assert_str(buf_str(&folder), folders[i].folder);
        }
        buf_free(&mailbox);
        buf_free(&folder);
    }
}

/* Whatever a mailbox is called, its folder's name is one file name below where it is put. */
static void no_name_leads_elsewhere(void **state)
{
    static const char *const names[] = {
        "..", "../..", "../etc/passwd", ".", "a/../b", ".a", "a."
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buf folder = buf_make(2000), back = buf_make(2000);
        assert_true(maildir_folder_write(str_of(names[i]), &folder));
        assert_false(str_has(buf_str(&folder), '/'));
        assert_true(folder.n > 2);
        assert_true(maildir_folder_read(buf_str(&folder), &back));
        assert_str(buf_str(&back), names[i]);
        buf_free(&folder);
        buf_free(&back);
    }
}

static void a_name_too_long_is_refused(void **state)
{
    (void)state;
    struct buf name = buf_make(1000), folder = buf_make(2000);
    buf_fill(&name, 'x', 260);
    assert_false(maildir_folder_write(buf_str(&name), &folder));
    buf_free(&name);
    buf_free(&folder);
}

static void keywords_have_letters(void **state)
{
    unsigned letter = 99;
    str name = { 0 };
    (void)state;
    assert_true(maildir_keyword(S("0 $Forwarded\n"), &letter, &name));
    assert_int_equal(letter, 0);
    assert_str(name, "$Forwarded");
    assert_true(maildir_keyword(S("25 x\r\n"), &letter, &name));
    assert_int_equal(letter, 25);
    assert_false(maildir_keyword(S("26 x"), &letter, &name));
    assert_false(maildir_keyword(S("x y"), &letter, &name));
    assert_false(maildir_keyword(S("3"), &letter, &name));
    assert_false(maildir_keyword(S(""), &letter, &name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_say_what_they_mean), cmocka_unit_test(folders_are_mailboxes),
        cmocka_unit_test(no_name_leads_elsewhere),  cmocka_unit_test(a_name_too_long_is_refused),
        cmocka_unit_test(keywords_have_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
