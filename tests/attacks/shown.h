/* shown.h - judges what people see: output of commands, the log, letters that the server wrote. */
#ifndef ATTACKS_SHOWN_H
#define ATTACKS_SHOWN_H

#include "attacks/attack.h"

/* Text for a terminal: nothing in it moves the cursor, colours, turns direction, or ends a line
 * where no line ends. what: whose text, for the failure. */
void shown_judge(struct field *f, const char *what, const char *text);
/* The whole log, of which each line begins as log lines do. */
void shown_log(struct field *f);
/* Output of `posthorn WORDS`, judged and handed out; a word "ID" stands for the id. */
const char *shown_command(struct field *f, const char *const *words, const char *id);

#endif
