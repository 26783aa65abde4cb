/* recorder.h - another mail server that takes everything and keeps every byte as it came. */
#ifndef ATTACKS_RECORDER_H
#define ATTACKS_RECORDER_H

#include <stddef.h>

struct recorder;
struct recorder *recorder_start(const char *address, int port);
/* Ends it; what was recorded lives until recorder_free. */
void recorder_stop(struct recorder *r);
void recorder_free(struct recorder *r);

/* Of each letter the bytes between the answer to DATA and the first CRLF.CRLF, that included. */
size_t recorder_letters(const struct recorder *r);
const char *recorder_letter(const struct recorder *r, size_t i, size_t *n);
/* Every command line of every session, with LF for CRLF. */
const char *recorder_commands(const struct recorder *r);

#endif
