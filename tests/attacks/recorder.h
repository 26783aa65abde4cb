/* recorder.h - another mail server that takes everything and keeps every byte as it came. */
#ifndef ATTACKS_RECORDER_H
#define ATTACKS_RECORDER_H

#include <stddef.h>

struct recorder;
struct recorder *recorder_start(const char *address, int port);
/* From now on the first step of that name (GREETING, EHLO, MAIL, RCPT, DATA, END, QUIT) of every
 * session is answered with these bytes, borrowed, whatever they are. NULL: as usual. */
void recorder_answers(struct recorder *r, const char *step, const char *bytes, size_t n);
/* How often it was answered so since. */
size_t recorder_asked(struct recorder *r);
/* Ends it; what was recorded lives until recorder_free. */
void recorder_stop(struct recorder *r);
void recorder_free(struct recorder *r);

/* Of each letter the bytes between the answer to DATA and the first CRLF.CRLF, that included. */
size_t recorder_letters(const struct recorder *r);
const char *recorder_letter(const struct recorder *r, size_t i, size_t *n);
/* Every command line of every session, with LF for CRLF. */
const char *recorder_commands(const struct recorder *r);

#endif
