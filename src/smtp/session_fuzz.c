/* session_fuzz.c - whole sessions of a stranger, of a client or over LMTP, over loopback and a
 * store in memory.
 *
 * The first byte says which listener, the second how the rest is cut. Whatever is said, the server
 * answers in well-formed reply lines and lets go of everything when the peer is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#define assert_true(condition) ((condition) ? (void)0 : abort())
#define assert_int_equal(a, b) assert_true((a) == (b))
#define fail_msg(format, ...)  abort()

#include "smtp/smtp_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES = 64 * 1024, RUNS_A_WORLD = 2000 };

static struct world *fresh(void)
{
    static struct world *w;
    static unsigned runs;
    if (w && runs++ < RUNS_A_WORLD) return w;
    if (w) world_free(w);
    runs = 0;
    w = world_new();
    assert_int_equal(store_domain_add(w->store, S("a.test")), OK);
    world_user(w, S("alice@a.test"), S("secret"));
    assert_int_equal(store_alias_add(w->store, S("team@a.test"), S("alice@a.test")), OK);
    assert_int_equal(store_alias_add(w->store, S("team@a.test"), S("far@b.test")), OK);
    return w;
}

/* "250 text" or "250-text", printable, with CRLF. */
static void want_reply_line(str line)
{
    assert_true(line.n >= 6 && str_ends(line, S("\r\n")));
    assert_true(line.p[0] >= '2' && line.p[0] <= '5' && ascii_digit(line.p[1]) &&
                ascii_digit(line.p[2]));
    assert_true(line.p[3] == ' ' || line.p[3] == '-');
    for (size_t i = 4; i < line.n - 2; i++)
        assert_true(line.p[i] >= ' ' && line.p[i] <= '~');
}

/* True at the end of the connection. */
static bool hear(struct world *w, int socket, struct buf *heard)
{
    char piece[4096];
    ssize_t r = seam_recv(w->seam, socket, piece, sizeof(piece));
    if (r > 0) buf_add(heard, (str){ piece, (size_t)r });
    return r == 0 || (r < 0 && r != -EAGAIN);
}

static bool say(struct world *w, int socket, str *rest, size_t step)
{
    ssize_t r = seam_send(w->seam, socket, rest->p, rest->n < step ? rest->n : step);
    if (r > 0) *rest = str_from(*rest, (size_t)r);
    return r > 0 || r == -EAGAIN || r == -ENOTCONN;
}

static void converse(struct world *w, int which, str rest, size_t step, struct buf *heard)
{
    int socket = client_open(w, which);
    uint64_t until = seam_mono_us(w->seam) + PATIENCE_US;
    bool open = true, shut = false;
    while (!hear(w, socket, heard)) {
        if (open && rest.n) open = say(w, socket, &rest, step);
        if (!rest.n && !shut) shut = !seam_shutdown_write(w->seam, socket);
        loop_run_once(w->loop, false);
        assert_true(seam_mono_us(w->seam) < until);
    }
    seam_socket_close(w->seam, socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_BYTES) return 0;
    struct world *w = fresh();
    struct buf heard = buf_make(1 << 20);
    size_t step = data[1] < 64 ? data[1] + 1u : size;
    converse(w, data[0] & 2 ? LMTP : data[0] & 1, (str){ (const char *)data + 2, size - 2 }, step,
             &heard);

    str rest = buf_str(&heard);
    while (rest.n) {
        size_t end = str_chr(rest, '\n');
        assert_true(end != STR_NPOS);
        want_reply_line(str_take(rest, end + 1));
        rest = str_from(rest, end + 1);
    }
    buf_free(&heard);
    return 0;
}
