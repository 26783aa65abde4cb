/* pop3_fuzz.c - whole POP3 sessions of a stranger or of a user, over a store in memory.
 *
 * The first byte says which, and how the rest is cut. Whatever is said, lines come back that end
 * with CRLF, the first of them a status, and without QUIT nothing is deleted.
 */
#include <assert.h>
#include <stdlib.h>

#define REQUIRE(x) ((x) ? (void)0 : abort())
#include "pop3/pop3_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES = 16 * 1024, RUNS_A_WORLD = 1000 };

static struct place *fresh(void)
{
    static struct place p;
    static unsigned runs;
    if (runs && place_messages(&p) == 2 && runs++ < RUNS_A_WORLD) return &p;
    if (runs) place_end(&p);
    place_open(&p);
    place_append(&p, S("Subject: one\r\n\r\nHello.\r\n"));
    place_append(&p, S("Subject: two\r\n\r\n.\r\n..dots\r\n.end"));
    runs = 1;
    return &p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > INPUT_BYTES) return 0;
    struct place *p = fresh();
    str rest = { (const char *)data + 1, size - 1 };
    size_t step = 1 + (data[0] >> 1) * 8u;
    int socket = client_open(p);
    buf_reset(&p->heard);
    if (data[0] & 1) client_send(p, socket, S("USER alice@a.test\r\nPASS secret\r\n"));
    for (str left = rest; left.n; left = str_from(left, step))
        client_send(p, socket, str_take(left, step));
    seam_shutdown_write(p->seam, socket);
    (void)client_hear(p, socket);
    seam_socket_close(p->seam, socket);
    run_for(p, 100);

    str heard = buf_str(&p->heard);
    REQUIRE(str_starts(heard, S("+OK ")) && str_ends(heard, S("\r\n")));
    if (str_ifind(rest, S("QUIT")) == STR_NPOS) REQUIRE(place_messages(p) == 2);
    REQUIRE(fiber_stats(p->loop).running == 0);
    return 0;
}
