/* conn_compress_fuzz.c - any bytes as the compressed input of a connection: it ends, its answers
 * are whole blocks that inflate, and no more is taken from it than the limits allow.
 *
 * The first byte says how the rest is cut, and whether it is plain text that is compressed first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <zlib.h>

#define assert_true(condition)        ((condition) ? (void)0 : abort())
#define assert_int_equal(a, b)        assert_true((a) == (b))
#define assert_in_range(a, low, high) assert_true((a) >= (low) && (a) <= (high))
#define assert_string_equal(a, b)     assert_true(str_eq(str_of(a), str_of(b)))
#define assert_non_null(p)            assert_true((p) != NULL)

#include "run/conn_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLAIN_BYTES = 64 * 1024, OUT_BYTES = 1 << 20 };

static struct toy_server server;

/* What the server says inflates. */
static void check_answers(struct buf *heard)
{
    static char plain[OUT_BYTES];
    z_stream z = { .next_in = (Bytef *)heard->p, .avail_in = (uInt)heard->n };
    bool cleared = false; /* the toy was told PLAIN: what follows is clear text */
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    for (int r = Z_OK; r == Z_OK && z.avail_in;) {
        z.next_out = (Bytef *)plain;
        z.avail_out = sizeof(plain);
        r = inflate(&z, Z_SYNC_FLUSH);
        cleared |= str_find((str){ plain, OUT_BYTES - z.avail_out }, S("CLEAR\r\n")) != STR_NPOS;
        assert_true(r == Z_OK || r == Z_BUF_ERROR || cleared);
    }
    inflateEnd(&z);
}

/* True at the end of the connection. */
static bool hear(int socket, struct buf *heard)
{
    char piece[4096];
    ssize_t r = seam_recv(server.seam, socket, piece, sizeof(piece));
    if (r > 0) buf_add(heard, (str){ piece, (size_t)r });
    return r == 0 || (r < 0 && r != -EAGAIN);
}

static void converse(int socket, str rest, size_t step, struct buf *heard)
{
    bool shut = false, open = true;
    while (!hear(socket, heard)) {
        if (open && rest.n) {
            ssize_t r = seam_send(server.seam, socket, rest.p, rest.n < step ? rest.n : step);
            if (r > 0) rest = str_from(rest, (size_t)r);
            open = r > 0 || r == -EAGAIN;
        }
        if ((!open || !rest.n) && !shut) shut = !seam_shutdown_write(server.seam, socket);
        loop_run_once(server.loop, false);
    }
}

static size_t squeeze(const uint8_t *data, size_t size, uint8_t how, char *to)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size };
    z.next_out = (Bytef *)to;
    z.avail_out = 2 * PLAIN_BYTES;
    assert_int_equal(deflateInit2(&z, how % 10, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    deflate(&z, how & 16 ? Z_PARTIAL_FLUSH : Z_SYNC_FLUSH);
    deflateEnd(&z);
    return 2 * PLAIN_BYTES - z.avail_out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char squeezed[2 * PLAIN_BYTES];
    if (size < 2 || size > PLAIN_BYTES) return 0;
    if (!server.seam) toy_start(&server, (struct listener_config){ 0 });
    str input = { (const char *)data + 1, size - 1 };
    if (data[0] & 128) input = (str){ squeezed, squeeze(data + 1, size - 1, data[0], squeezed) };

    int socket = client_open(&server);
    struct buf heard = buf_make(64 << 20);
    client_send(&server, socket, S("COMPRESS\r\n"));
    client_expect(&server, socket, "HELLO\r\nGO\r\n");
    converse(socket, input, data[0] & 32 ? 1 + (data[0] & 15) : SIZE_MAX, &heard);
    check_answers(&heard);
    buf_free(&heard);
    seam_socket_close(server.seam, socket);
    return 0;
}
