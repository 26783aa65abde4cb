/* import_int.h - an import on its way: what the three formats share. */
#ifndef CLI_IMPORT_INT_H
#define CLI_IMPORT_INT_H

#include "cli/moving.h"

struct importing {
    struct cli *cli;
    struct move_import out;
    struct progress progress;
    str user, where, format_word, prefix;
    enum moving_format format;
    struct path path;       /* of what is being read */
    size_t root;            /* bytes of it that the person named: not shown again */
    struct buf box;         /* the mailbox that it goes to */
    struct buf text;        /* of a message, with CRLF */
    char *piece;            /* as it was read */
    struct arena arena;     /* of one folder: keywords */
    uint64_t passed_over;   /* by us, beside those that the server did not take */
    uint64_t nuls;          /* messages that held NUL */
    bool counting;          /* the first walk: how much is there */
    bool ended;             /* the server takes no more */
};

void import_maildir(struct importing *s);
void import_mbox(struct importing *s);
void import_eml(struct importing *s);

/* Names what stands at the path (part: of it, or empty) and says why it is passed over. */
void import_fail(struct importing *s, str part, const char *why);
/* The mailbox is s->box from here on; INBOX if that is empty. False: nothing can go there. */
bool import_to_box(struct importing *s, bool subscribed);
/* The file at the path, which is one message. facts: all but label and mark, of which the order is
 * used; unique tells it from others of its mailbox. */
void import_file(struct importing *s, struct move_message *facts, str unique);
/* The mark of a message: unique in its mailbox by these. head: its beginning, where names and places
 * may be another message's in another file; empty: they may not. */
struct import_mark import_mark(const struct importing *s, uint64_t order, str unique, str head);
/* Sends bytes that have CRLF; NUL, which IMAP cannot carry, becomes 0x80. */
void import_bytes(struct importing *s, struct buf *bytes, bool *had_nul);
/* A small file beside the mail, whole, at the path and this name; false: there is none. */
bool import_side_file(struct importing *s, str name, struct buf *out);
/* A level under s->box, to be taken away again with buf_truncate to what this returns. */
size_t import_push_level(struct importing *s);
/* The keywords of a dovecot-keywords file at the path, by letter; of the arena. */
void import_letters(struct importing *s, str words[26]);
/* Flags and keywords that letters of a name stand for; room for 27 keywords. */
void import_meaning(unsigned flags, uint32_t letters, const str words[26], struct move_message *m,
                    str *keywords);

#endif
