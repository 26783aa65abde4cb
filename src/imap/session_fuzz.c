/* session_fuzz.c - whole IMAP sessions over loopback and a store in memory.
 *
 * The first byte says whether the client has logged in and selected before the input begins, the
 * second how the input is cut. Whatever is said, the server answers in well-formed lines and lets
 * go of everything when the client is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#define assert_true(condition) ((condition) ? (void)0 : abort())
#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_non_null(p)     assert_true((p) != NULL)

#include "imap/server_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES = 64 * 1024, RUNS_A_WORLD = 500, PATIENCE_US = 20 * 1000 * 1000 };

static const char start[] = "l LOGIN alice@a.test secret\r\ns SELECT INBOX\r\n";
static const char letter[] =
    "l LOGIN alice@a.test secret\r\n"
    "p APPEND INBOX (\\Flagged work) {169+}\r\n"
    "From: Bob <bob@b.test>\r\nTo: alice@a.test\r\nSubject: fuzz\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx\r\n--b--\r\n\r\nq LOGOUT\r\n";

/* True at the end of the connection. */
static bool hear(int socket, struct buf *heard)
{
    char piece[1024];
    ssize_t r = seam_recv(w.seam, socket, piece, sizeof(piece));
    if (r > 0) buf_add(heard, (str){ piece, (size_t)r });
    return r == 0 || (r < 0 && r != -EAGAIN);
}

static bool say(int socket, str *rest, size_t step)
{
    ssize_t r = seam_send(w.seam, socket, rest->p, rest->n < step ? rest->n : step);
    if (r > 0) *rest = str_from(*rest, (size_t)r);
    return r > 0 || r == -EAGAIN || r == -ENOTCONN;
}

static void converse(str rest, size_t step, struct buf *heard)
{
    int socket = seam_connect(w.seam, listener_addr(w.listener), NULL);
    uint64_t until = seam_mono_us(w.seam) + PATIENCE_US;
    bool open = true, shut = false;
    while (!hear(socket, heard)) {
        if (open && rest.n) open = say(socket, &rest, step);
        if ((!rest.n || !open) && !shut) shut = !seam_shutdown_write(w.seam, socket);
        loop_run_once(w.loop, false);
        assert_true(seam_mono_us(w.seam) < until);
    }
    seam_socket_close(w.seam, socket);
}

static void fresh(void)
{
    static unsigned runs;
    static bool made;
    if (made && runs++ < RUNS_A_WORLD) return;
    if (made) world_end();
    world_begin();
    made = true;
    runs = 0;
    for (int i = 0; i < 3; i++) {
        struct buf heard = buf_make(1 << 16);
        converse(str_of(letter), sizeof(letter), &heard);
        assert_true(str_find(buf_str(&heard), S("[APPENDUID")) != STR_NPOS);
        buf_free(&heard);
    }
}

/* The bytes of the literal that ends this line; 0 if none does. */
static size_t literal_after(str line)
{
    uint64_t n = 0;
    size_t open = str_rchr(line, '{');
    if (open == STR_NPOS || !str_ends(line, S("}"))) return 0;
    return str_u64(str_sub(line, open + 1, line.n - open - 2), SIZE_MAX, &n) ? (size_t)n : 0;
}

/* RFC 9051 9: printable outside of literals, each line ends in CRLF, and begins with "*",
 * "+" or a tag. The end of the connection may cut the last one. */
static void check_replies(str rest)
{
    bool begins = true;
    while (rest.n) {
        size_t end = str_chr(rest, '\n');
        if (end == STR_NPOS) return;
        str line = str_take(rest, end);
        assert_true(str_ends(line, S("\r")));
        line.n--;
        for (size_t i = 0; i < line.n; i++)
            assert_true((uint8_t)line.p[i] >= ' ' || line.p[i] == '\t'); /* UTF-8 once enabled */
        assert_true(!str_has(line, 0x7f));
        if (begins) assert_true(str_chr(line, ' ') != STR_NPOS && line.p[0] != ' ');
        size_t literal = literal_after(line);
        begins = literal == 0 && !str_ends(line, S("{0}"));
        rest = str_from(rest, end + 1);
        if (literal > rest.n) return;
        rest = str_from(rest, literal);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_BYTES) return 0;
    fresh();
    struct buf heard = buf_make(8 << 20), input = buf_make(2 * INPUT_BYTES);
    size_t step = data[1] < 64 ? data[1] + 1u : size;
    if (data[0] & 1) buf_add(&input, str_of(start));
    buf_add(&input, (str){ (const char *)data + 2, size - 2 });
    converse(buf_str(&input), step, &heard);
    if (!heard.full) check_replies(buf_str(&heard));
    buf_free(&heard);
    buf_free(&input);
    return 0;
}
