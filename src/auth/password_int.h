/* password_int.h - password hashes as text: making and checking them, on whatever thread. */
#ifndef AUTH_PASSWORD_INT_H
#define AUTH_PASSWORD_INT_H

#include "auth/auth.h"

/* Argon2id over a password. salt is 16 random bytes. The text goes to out. ERR_LATER: no memory. */
enum err password_make(const struct auth_settings *s, str password, const uint8_t salt[16], struct buf *out) MUST_CHECK;
/* Does this password give this hash text ($argon2id$…, or what crypt(3) knows)? */
bool password_matches(const char *hash, str password);

#endif
