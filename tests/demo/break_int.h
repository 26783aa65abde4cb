/* break_int.h - the things that the demo lets go wrong, and what they share. */
#ifndef DEMO_BREAK_INT_H
#define DEMO_BREAK_INT_H

#include "demo/journey.h"
#include "demo/letter.h"

void break_unknown_recipient(struct demo *d);
void break_relay_attempt(struct demo *d);
void break_receiver_down(struct demo *d);
void break_no_dns(struct demo *d);
void break_full(struct demo *d);
void break_kill(struct demo *d);

/* Says what is promised: lines of text, NULL at the end. */
void promise(const char *const *lines);
/* Is this many messages in the INBOX, and does it become so? Waits. */
bool inbox_becomes(struct demo *d, const char *user, unsigned n);
/* Does `posthorn trace ID` become to say this? Waits. */
bool trace_becomes(struct server *s, const char *id, const char *words);
/* The queue is empty, Bob has one letter and Alice no bounce. Waits. */
void check_arrived_once(struct demo *d, const char *numbers);
/* Attempts of the letter that a.test wrote down. */
unsigned attempts_of(struct demo *d, const char *id);

#endif
