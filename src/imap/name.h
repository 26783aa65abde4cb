/* name.h - mailbox names: as they stand on the wire, as keys in the store, and what may be made.
 *
 * Inside, a name is canonical UTF-8 (NFC) with "/" between its levels. On the wire it is modified
 * UTF-7 (RFC 3501 5.1.3), with UTF-8 understood where it cannot be taken for it, or UTF-8 alone once
 * the client enabled that (RFC 9051 5.1, RFC 9755 3). A name is a key, never a path.
 */
#ifndef IMAP_NAME_H
#define IMAP_NAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define IMAP_SEPARATOR '/'

enum name_coding { NAME_UTF7, NAME_UTF8 };

/* From the wire to UTF-8, in the arena (or borrowed from wire if nothing changes). INBOX, alone or
 * as the first level, is folded to upper case. ERR_SYNTAX: neither encoding, or control characters;
 * ERR_LIMIT: longer than MAILBOX_NAME_BYTES. */
enum err imap_name_decode(str wire, enum name_coding coding, struct arena *arena, str *name) MUST_CHECK;

/* Likewise for a LIST pattern or reference: "%" and "*" pass, INBOX is not folded. */
enum err imap_pattern_decode(str wire, enum name_coding coding, struct arena *arena,
                             str *pattern) MUST_CHECK;

/* May a mailbox of this name be made? Levels are not empty, at most MAILBOX_DEPTH, and hold none of
 * the wildcards. NULL: yes; otherwise why not, for the reply's text. */
const char *imap_name_refused(str name);

/* Is it below that one, at any depth? */
bool imap_name_is_below(str name, str top);

/* LIST's matching, RFC 9051 6.3.9: "*" matches anything, "%" anything but the separator. Takes
 * name.n times pattern.n steps whatever they hold: no recursion, no backtracking. */
bool imap_name_matches(str pattern, str name);

#endif
