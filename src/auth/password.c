/* password.c - password hashes: Argon2id for our own (RFC 9106), crypt(3) for those brought along.
 *
 * Both take tens of milliseconds and megabytes by design, so callers run them in a work pool.
 */
#include <argon2.h>
#include <crypt.h>

#include "auth/password_int.h"
#include "base/limits.h"

enum { SALT_BYTES = 16, TAG_BYTES = 32, HASH_TEXT_BYTES = 256 };

enum err password_make(const struct auth_settings *s, str password, const uint8_t salt[16],
                       struct buf *out)
{
    char *text = buf_reserve(out, HASH_TEXT_BYTES);
    if (!text) return ERR_LIMIT;

    int rc =
        argon2id_hash_encoded((uint32_t)s->argon2_passes, (uint32_t)(s->argon2_memory_bytes / 1024),
                              (uint32_t)s->argon2_lanes, password.p, password.n, salt, SALT_BYTES,
                              TAG_BYTES, text, HASH_TEXT_BYTES);
    if (rc != ARGON2_OK) return ERR_LATER;
    buf_commit(out, str_of(text).n);
    return OK;
}

/* crypt(3) wants a NUL-terminated password, and its state is 32 KiB: too much for a stack frame. */
static bool crypt_matches(const char *hash, str password)
{
    struct arena a = arena_make(sizeof(struct crypt_data) + AUTH_PASSWORD_BYTES + 4096);
    const char *secret = arena_cstr(&a, password);
    struct crypt_data *data = ARENA_NEW(&a, struct crypt_data);
    bool same = false;

    if (secret && data) {
        /* Unlike crypt_r it answers NULL, not a text, to a hash that is none. */
        str got = str_of(crypt_rn(secret, hash, data, sizeof *data)), want = str_of(hash);
        same = got.n && got.n == want.n && bytes_equal_secret(got.p, want.p, want.n);
        bytes_wipe(data, sizeof *data);
        bytes_wipe((char *)secret, password.n);
    }
    arena_free(&a);
    return same;
}

bool password_matches(const char *hash, str password)
{
    if (str_starts(str_of(hash), S("$argon2id$")))
        return argon2id_verify(hash, password.p, password.n) == ARGON2_OK;
    return crypt_matches(hash, password);
}
