/* ids.h - numbers that get confused, each a struct of its own, and sets of UIDs. */
#ifndef STORE_IDS_H
#define STORE_IDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct account { uint64_t n; };    /* the atomic unit of the store */
struct mailbox_id { uint64_t n; }; /* unique in the store, never reused; RFC 8474 MAILBOXID */
struct uid { uint32_t n; };        /* RFC 9051 2.3.1.1; never 0 in a message */
struct seq { uint32_t n; };        /* message sequence number, 1-based */
struct modseq { uint64_t n; };     /* RFC 7162; strictly ascending in an account */
struct blob { uint64_t n; };       /* a message's stored bytes, shared by its copies */
struct msgid { uint64_t n; };      /* a message on its journey: queue id, trace id */

/* Accounts that are nobody's: the directory of domains and users, the queue, the journeys. */
#define ACCOUNT_DIRECTORY   ((struct account){ 1 })
#define ACCOUNT_QUEUE       ((struct account){ 2 })
#define ACCOUNT_JOURNEY     ((struct account){ 3 })
#define ACCOUNT_FIRST_USER  16

/* A message's id as people see it: 13 lower-case letters and digits without look-alikes,
 * ascending with time. */
void msgid_text(struct msgid id, struct buf *out);
bool msgid_parse(str text, struct msgid *out);

/* A set of UIDs as sorted, disjoint, non-adjacent ranges; built in any order, then normalised. */
struct uid_range { uint32_t from, to; }; /* both included */
struct uidset { struct uid_range *ranges; size_t n, cap; struct arena *arena; };
struct uidset uidset_make(struct arena *a);
bool uidset_add(struct uidset *s, uint32_t from, uint32_t to); /* false: the arena is spent */
void uidset_normalise(struct uidset *s);  /* linear when added in order */
bool uidset_has(const struct uidset *s, struct uid uid);       /* normalised; binary search */
uint64_t uidset_count(const struct uidset *s);
void uidset_text(const struct uidset *s, struct buf *out);      /* "1:3,7"; RFC 9051 uid-set */

#endif
