/* html.h - the visible text of HTML, while it streams by.
 *
 * No browser: tags, comments and what stands in <script>, <style>, <title> and the like are left
 * out; a tag that parts words leaves a space; entities are put in. Linear, with a few bytes of
 * memory, however the HTML is cut or broken.
 */
#ifndef MAIL_HTML_H
#define MAIL_HTML_H

#include "base/buf.h"

struct html {
    int state;     /* zero to begin with; all of it is html.c's own */
    char name[16]; /* of a tag or an entity */
    size_t n;
    bool closing; /* </ */
    bool value;   /* a quotation mark would begin an attribute's value */
    char quote;
    size_t dashes;
    char hidden[16]; /* inside this element */
    size_t hidden_n;
};
/* Append what is to be seen of the next piece, valid UTF-8; an entity may be cut between pieces, a
 * character may not. */
void html_feed(struct html *h, str utf8, struct buf *out);
void html_end(struct html *h, struct buf *out); /* after the last */

#endif
