/* client_fuzz.c - our IMAP and POP3 clients against a server that says what the input says.
 *
 * Moving in reads other people's servers: whatever they say, the client comes to an end, and sends
 * nothing but whole lines.
 */
#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "client/pop3_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES = 64 * 1024, STEP_US = 20000, STEPS = 4000 };

struct talk {
    struct sim_world *world;
    struct seam *client, *server;
    struct loop *loop;
    struct client_options options;
    struct arena arena;
    int listener, socket;
    str rest;
    size_t step;
    struct buf heard, told;
    bool pop3, done;
};

static void tell(void *arg, str response)
{
    struct talk *t = arg;
    buf_add(&t->told, response);
}

static void imap(struct talk *t)
{
    struct imap_client *c;
    str text;
    if (imap_client_open(&t->options, &t->arena, &c)) return;
    (void)!imap_client_login(c, S("alice"), S("secret"), &text);
    (void)!imap_client_command(c, S("LIST \"\" *"), tell, t, &text);
    (void)!imap_client_command(c, S("UID FETCH 1:* (FLAGS BODY.PEEK[])"), tell, t, &text);
    (void)!imap_client_append(c, S("INBOX"), S("a: b\r\n\r\n"), &text);
    (void)!imap_client_idle(c, 1000, tell, t);
    imap_client_close(c);
}

static void pop3(struct talk *t)
{
    struct pop3_client *c;
    str text;
    if (pop3_client_open(&t->options, &t->arena, &c)) return;
    (void)!pop3_client_login(c, S("alice"), S("secret"), &text);
    (void)!pop3_client_command(c, S("UIDL"), &t->told, &text);
    (void)!pop3_client_command(c, S("RETR 1"), &t->told, &text);
    (void)!pop3_client_command(c, S("DELE 1"), NULL, &text);
    pop3_client_close(c, true);
}

static void run(void *arg)
{
    struct talk *t = arg;
    if (t->pop3)
        pop3(t);
    else
        imap(t);
    t->done = true;
}

/* The server listens, says another piece, and in the end goes. */
static void serve(struct talk *t)
{
    struct netaddr peer;
    char piece[4096];
    ssize_t n;
    if (t->socket < 0) t->socket = seam_accept(t->server, t->listener, &peer);
    if (t->socket < 0) return;
    while ((n = seam_recv(t->server, t->socket, piece, sizeof(piece))) > 0)
        buf_add(&t->heard, (str){ piece, (size_t)n });
    if (t->rest.n) n = seam_send(t->server, t->socket, t->rest.p, str_take(t->rest, t->step).n);
    if (n > 0) t->rest = str_from(t->rest, (size_t)n);
    if (!t->rest.n) seam_shutdown_write(t->server, t->socket);
}

static void begin(struct talk *t)
{
    struct netaddr at;
    t->world = sim_world_new(4);
    t->client = sim_machine_new(t->world, "client", "10.0.0.1");
    t->server = sim_machine_new(t->world, "server", "10.0.0.2");
    t->loop = loop_new(t->client, 0);
    assert(!netaddr_parse(S("10.0.0.2:143"), 0, &at));
    t->listener = seam_listen(t->server, &at, 1);
    t->options = (struct client_options){
        .to = at, .host = S("b.test"), .connect_ms = 5000, .command_ms = 5000
    };
}

static void end(struct talk *t)
{
    loop_stop(t->loop, 0);
    sim_world_run(t->world, seam_mono_us(t->client) + STEP_US);
    loop_free(t->loop);
    sim_world_free(t->world);
    arena_free(&t->arena);
    buf_free(&t->heard);
    buf_free(&t->told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_BYTES) return 0;
    struct talk t = { .socket = -1,
                      .arena = arena_make(1 << 20),
                      .heard = buf_make(1 << 20),
                      .told = buf_make(1 << 20),
                      .pop3 = data[0] & 1,
                      .rest = { (const char *)data + 2, size - 2 },
                      .step = data[1] < 64 ? data[1] + 1u : size };
    if (size / t.step > STEPS / 4) t.step = size;
    begin(&t);
    assert(!fiber_start(t.loop, FIBER_SYSTEM, run, &t));
    for (int i = 0; i < STEPS && !t.done; i++) {
        sim_world_run(t.world, seam_mono_us(t.client) + STEP_US);
        serve(&t);
    }
    assert(t.done);
    str heard = buf_str(&t.heard);
    assert(!heard.n || str_ends(heard, S("\r\n")));
    end(&t);
    return 0;
}
