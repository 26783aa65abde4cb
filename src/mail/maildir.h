/* maildir.h - the names of the Maildir format: files with flags, folders of Maildir++, keywords.
 *
 * A file's name is UNIQUE, then perhaps ",S=bytes" and ",W=bytes" (its size, and that with CRLF lines),
 * then ":2," and letters: D draft, F flagged, P passed on, R replied, S seen, T trashed, and a to z for
 * the keywords of the folder's file "dovecot-keywords". Folders lie beside each other, ".Work.2019" for
 * Work/2019, in modified UTF-7 or UTF-8.
 */
#ifndef MAIL_MAILDIR_H
#define MAIL_MAILDIR_H

#include "base/arena.h"
#include "base/buf.h"

enum { MAILDIR_KEYWORDS = 26 };
enum { /* flags of a name */
    MAILDIR_DRAFT = 1,
    MAILDIR_FLAGGED = 2,
    MAILDIR_PASSED = 4,
    MAILDIR_REPLIED = 8,
    MAILDIR_SEEN = 16,
    MAILDIR_TRASHED = 32,
};
struct maildir_name {
    str unique;        /* borrowed: up to ":2," or the name's end */
    str base;          /* borrowed: of unique, what is before the first ",": never changes */
    uint64_t order;    /* the number that it begins with: seconds, by custom; 0 if none */
    unsigned flags;
    uint32_t keywords; /* bit n: the n-th letter of a to z */
};
/* Any name is one: what is not understood is unique, or a letter without meaning. */
struct maildir_name maildir_name(str file);
/* The letters of flags and keywords, in ASCII order. */
void maildir_letters(unsigned flags, uint32_t keywords, struct buf *out);
void maildir_letters_read(str letters, unsigned *flags, uint32_t *keywords);

/* A line "3 $Label1" of dovecot-keywords. False: it is none. name is borrowed. */
bool maildir_keyword(str line, unsigned *letter, str *name);

/* ".Work.2019" to "Work/2019". False: no folder's name ("." and ".." and what has no dot first), or
 * no mailbox can have it. */
bool maildir_folder_read(str folder, struct buf *mailbox);
/* One level alone, appended: of folders that lie in each other, where a dot is a dot. */
bool maildir_level_read(str level, struct buf *out);
/* The other way, in modified UTF-7; a dot within a level is "&AC4-". False: the name is too long for
 * a file's. INBOX is the Maildir itself: not asked here. */
bool maildir_folder_write(str mailbox, struct buf *folder);

#endif
