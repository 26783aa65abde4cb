/* str.h - a borrowed run of bytes: passed by value, never NUL-terminated, never owned.
 *
 * A str is valid for as long as what it points into: an arena until its reset, a buf until it
 * grows, the connection's input until the next read. An empty str may have p == NULL.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *p;
    size_t n;
} str;

/* A str of a string literal; S_INIT is the form that static tables need. */
#define S(lit)      ((str){ "" lit, sizeof(lit) - 1 })
#define S_INIT(lit) { "" lit, sizeof(lit) - 1 }
/* For printf's %.*s, in buf_addf and arena_fmt only: never for protocol output. */
#define STR_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

str str_of(const char *cstr); /* a str of a NUL-terminated string; NULL gives the empty str */
str str_range(const char *from, const char *to);

bool str_eq(str a, str b);
bool str_ieq(str a, str b);   /* ASCII case folded: protocol keywords, domains */
int str_cmp(str a, str b);    /* bytewise: <0, 0, >0; a prefix sorts first */
bool str_starts(str s, str prefix);
bool str_istarts(str s, str prefix);
bool str_ends(str s, str suffix);
bool str_iends(str s, str suffix);

#define STR_NPOS ((size_t)-1)
size_t str_chr(str s, char c);       /* index of the first c, or STR_NPOS */
size_t str_rchr(str s, char c);      /* index of the last c, or STR_NPOS */
size_t str_find(str s, str needle);  /* index of needle, or STR_NPOS; linear time */
size_t str_ifind(str s, str needle);
bool str_has(str s, char c);

str str_from(str s, size_t at);            /* from at to the end; empty past the end */
str str_take(str s, size_t n);             /* at most the first n bytes */
str str_sub(str s, size_t at, size_t n);
str str_trim(str s);                       /* without SP, HTAB, CR, LF at both ends */
str str_chomp(str s);                      /* without one trailing CRLF or LF */

/* Split off the part before the first sep: *rest keeps what follows it. False at the end. The sep
 * is a terminator: "a,,b," gives "a", "" and "b". */
bool str_split(str *rest, char sep, str *part);

/* The one door to integers: all of s is decimal digits and the value is at most max. */
bool str_u64(str s, uint64_t max, uint64_t *out) __attribute__((warn_unused_result));

/* Bytes copied with a checked size, for the few structs that hold a fixed key or address.
 * Asserts that n fits cap. */
void bytes_copy(void *to, size_t cap, const void *from, size_t n);
void bytes_wipe(void *p, size_t n); /* zero that the compiler may not remove: secrets */
bool bytes_equal_secret(const void *a, const void *b, size_t n); /* constant time */

bool utf8_valid(str s);   /* RFC 3629; NUL is valid UTF-8, refuse it where it may not be */
bool str_is_ascii(str s); /* no byte above 0x7f and no NUL */
/* C0, DEL, or C1 (0xc2 0x80 to 0xc2 0x9f in UTF-8): nobody can type them and terminals obey them. */
bool utf8_has_control(str s);

/* ASCII classes, blind to the locale. */
static inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static inline char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }
static inline bool ascii_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool ascii_alpha(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
static inline bool ascii_alnum(char c) { return ascii_digit(c) || ascii_alpha(c); }
static inline bool ascii_ctl(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }
static inline bool ascii_wsp(char c) { return c == ' ' || c == '\t'; }

#endif
