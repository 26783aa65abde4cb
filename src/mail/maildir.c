/* maildir.c - the names of the Maildir format: files with flags, folders of Maildir++, keywords. */
#include "mail/maildir.h"

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"

/* In the order of their letters. */
static const char letters[] = "DFPRST";

/* --- files ------------------------------------------------------------------------------------ */

void maildir_letters_read(str text, unsigned *flags, uint32_t *keywords)
{
    for (size_t i = 0; i < text.n; i++) {
        size_t flag = str_chr(str_of(letters), text.p[i]);
        if (flag != STR_NPOS) *flags |= 1u << flag;
        if (text.p[i] >= 'a' && text.p[i] <= 'z') *keywords |= UINT32_C(1) << (text.p[i] - 'a');
    }
}

void maildir_letters(unsigned flags, uint32_t keywords, struct buf *out)
{
    for (unsigned i = 0; letters[i]; i++)
        if (flags >> i & 1) buf_addc(out, letters[i]);
    for (unsigned i = 0; i < MAILDIR_KEYWORDS; i++)
        if (keywords >> i & 1) buf_addc(out, (char)('a' + i));
}

static uint64_t leading_number(str text)
{
    size_t n = 0;
    uint64_t number = 0;
    while (n < text.n && ascii_digit(text.p[n]))
        n++;
    return n && str_u64(str_take(text, n), UINT64_MAX, &number) ? number : 0;
}

/* The last ":2,": a unique part may hold a colon of its own. Some file systems cannot have colons;
 * their programs write ";2," or "!2,". */
static size_t info_at(str file)
{
    for (size_t i = file.n; i >= 3; i--) {
        str three = str_sub(file, i - 3, 3);
        if (str_eq(three, S(":2,")) || str_eq(three, S(";2,")) || str_eq(three, S("!2,")))
            return i - 3;
    }
    return file.n;
}

struct maildir_name maildir_name(str file)
{
    struct maildir_name name = { .unique = str_take(file, info_at(file)) };
    size_t comma = str_chr(name.unique, ',');
    name.base = str_take(name.unique, comma == STR_NPOS ? name.unique.n : comma);
    name.order = leading_number(name.base);
    maildir_letters_read(str_from(file, name.unique.n + 3), &name.flags, &name.keywords);
    return name;
}

bool maildir_keyword(str line, unsigned *letter, str *name)
{
    uint64_t n;
    str number;
    line = str_chomp(line);
    if (!str_split(&line, ' ', &number) || !str_u64(number, MAILDIR_KEYWORDS - 1, &n)) return false;
    if (line.n == 0 || line.n > KEYWORD_BYTES) return false;
    *letter = (unsigned)n;
    *name = line;
    return true;
}

/* --- folders ---------------------------------------------------------------------------------- */

static const str dot = S_INIT("&AC4-");
enum { FOLDER_BYTES = 250 }; /* a file's name may have 255 */

static bool decode_piece(str piece, struct buf *out)
{
    if (str_has(piece, '/')) return false;
    if (utf7_decode(out, piece)) return true;
    if (!utf8_valid(piece) || str_has(piece, '\0')) return false;
    buf_add(out, piece);
    return true;
}

bool maildir_level_read(str level, struct buf *out)
{
    size_t at;
    if (!level.n) return false;
    while ((at = str_find(level, dot)) != STR_NPOS) {
        if (!decode_piece(str_take(level, at), out)) return false;
        buf_addc(out, '.');
        level = str_from(level, at + dot.n);
    }
    return decode_piece(level, out);
}

bool maildir_folder_read(str folder, struct buf *mailbox)
{
    str level;
    if (folder.n < 2 || folder.p[0] != '.' || folder.p[folder.n - 1] == '.') return false;
    str rest = str_from(folder, 1);
    for (bool first = true; str_split(&rest, '.', &level); first = false) {
        if (!first) buf_addc(mailbox, '/');
        if (!maildir_level_read(level, mailbox)) return false;
    }
    return mailbox->n && mailbox->n <= MAILBOX_NAME_BYTES && !mailbox->full;
}

static bool encode_level(str level, struct buf *out)
{
    str piece;
    bool ends = str_ends(level, S("."));
    for (bool first = true; str_split(&level, '.', &piece); first = false) {
        if (!first) buf_add(out, dot);
        if (!utf7_encode(out, piece)) return false;
    }
    if (ends) buf_add(out, dot);
    return true;
}

bool maildir_folder_write(str mailbox, struct buf *folder)
{
    str level;
    while (str_split(&mailbox, '/', &level)) {
        buf_addc(folder, '.');
        if (!encode_level(level, folder)) return false;
    }
    return folder->n <= FOLDER_BYTES && !folder->full;
}
