/* keys_int.h - every key of the upper floor: what lies where.
 *
 * A key is one letter, then numbers in big-endian and at most one text, so that rows sort by what
 * they are about. A text that does not fit keeps its beginning and ends in a hash; the row's value
 * always holds the whole text, and a reader compares it. Keys may hold NUL: engine.h allows it.
 *
 * In ACCOUNT_DIRECTORY
 *   n                             the last account number given out
 *   d domain                      a domain of ours
 *   a address                     a user
 *   u account                     the address of a user
 *   l address target-hash         one target of an alias
 *   i                             what tells this store from any other
 *   V owner m                     a mailbox that is shared with everybody
 *   P 0 0 name                    an annotation of the server that everybody sees
 *   z account                     a user who was removed and whose mail is still being removed
 * In a user's account (m: the mailbox's number in the account, 4 bytes)
 *   A                             counters: modseq, mailboxes, email ids, uidvalidity, quota used
 *   N name                        a mailbox by name, its subscription
 *   M m                           its head: uidvalidity, uidnext, modseq, counts
 *   T m                           its title: name and special use
 *   K m bit                       one of its keywords
 *   B m block, U m block, D m block   bitmaps of the live, the unseen and the \Deleted
 *   G m uid                       a message: all that never changes, its card
 *   F m uid                       its flags and the modseq of its last change
 *   C m modseq uid                its last change (live messages)
 *   X m modseq uid                its expunge; the value is the time
 *   H id-hash                     the thread that a Message-ID belongs to
 *   R order hash                  a message that was imported: never twice
 *   L m who negative              what somebody else may do with it (acl.c)
 *   V owner m                     a mailbox of somebody else's that has an L row for this account
 *   P m who name                  an annotation (metadata.c); m 0: of the server
 *   W number which                a rename of many names that has begun: from, to
 *   Z m                           a mailbox that was deleted and is still being removed
 * In ACCOUNT_QUEUE
 *   n                             how many recipients wait
 *   E msgid                       a queued message: sender, blob, recipients left
 *   Q msgid rcpt                  one recipient of it
 *   S time msgid rcpt             when it is due
 * In ACCOUNT_JOURNEY
 *   I msgid                       the id is taken; when
 *   J msgid time n                one event
 */
#ifndef STORE_KEYS_INT_H
#define STORE_KEYS_INT_H

#include "base/limits.h"
#include "store/engine.h"

enum tag {
    TAG_NEXT = 'n',
    TAG_IDENTITY = 'i',
    TAG_DOMAIN = 'd',
    TAG_USER = 'a',
    TAG_USER_OF = 'u',
    TAG_ALIAS = 'l',
    TAG_LEAVING = 'z',
    TAG_LEDGER = 'A',
    TAG_NAME = 'N',
    TAG_HEAD = 'M',
    TAG_TITLE = 'T',
    TAG_KEYWORD = 'K',
    TAG_LIVE = 'B',
    TAG_UNSEEN = 'U',
    TAG_DELETED = 'D',
    TAG_MESSAGE = 'G',
    TAG_FLAGS = 'F',
    TAG_CHANGE = 'C',
    TAG_TOMBSTONE = 'X',
    TAG_THREAD = 'H',
    TAG_IMPORTED = 'R',
    TAG_DYING = 'Z',
    TAG_RENAME = 'W',
    TAG_GRANT = 'L',
    TAG_SHARED = 'V',
    TAG_ENTRY = 'P',
    TAG_QUEUED = 'E',
    TAG_RCPT = 'Q',
    TAG_DUE = 'S',
    TAG_ID = 'I',
    TAG_EVENT = 'J',
};

struct key {
    char p[STORE_KEY_BYTES - 8];
    uint8_t n;
};

/* Of key_box, key_box_u32, key_change, and of a rename, of a thread: a row whose key has another length is
 * damaged. */
enum { KEY_BOX_BYTES = 5, KEY_BOX_U32_BYTES = 9, KEY_CHANGE_BYTES = 17, KEY_RENAME_BYTES = 13, KEY_THREAD_BYTES = 9 };

struct key key_of(enum tag tag);
void key_u32(struct key *k, uint32_t value);
void key_u64(struct key *k, uint64_t value);
/* The text as it is if it has at most room bytes, else its beginning and a hash, room bytes in all.
 */
void key_text(struct key *k, str text, size_t room);
void key_hash(struct key *k, str text); /* 16 bytes */
/* The first key that does not start with k: the end of a scan over a prefix, for those that stop.
 */
struct key key_after(struct key k);

struct key key_name(enum tag tag, str text);        /* d a N */
struct key key_name_prefix(enum tag tag, str text); /* what all names that start so share */
struct key key_box(enum tag tag, uint32_t m);       /* M T Z, and the prefix of the rest */
struct key key_box_u32(enum tag tag, uint32_t m, uint32_t n); /* B U D G F */
struct key key_change(enum tag tag, uint32_t m, struct modseq modseq, struct uid uid); /* C X */

static inline str key_str(const struct key *k)
{
    return (str){ k->p, k->n };
}

#endif
