/* url.h - IMAP URLs, as far as CATENATE needs them: a message of this account, or a section of it.
 *
 * RFC 5092 6.2, 7; RFC 4469 3. Only relative ones are read: what lies on another server, and what
 * somebody else has signed (URLAUTH), is not ours to fetch.
 */
#ifndef IMAP_URL_H
#define IMAP_URL_H

#include "base/arena.h"

struct imap_url {
    str mailbox;          /* UTF-8; empty: the selected one (";UID=20") */
    uint32_t uidvalidity; /* 0: whatever it is */
    uint32_t uid;
    str section;          /* "1.2.MIME"; empty: the whole message */
    bool partial;
    uint64_t offset, count; /* bytes, with partial */
};
/* False if it is none. The result lives in the arena or borrows from url. */
bool imap_url_parse(str url, struct arena *arena, struct imap_url *out);

#endif
