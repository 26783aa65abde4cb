/* play.c - says what the input says, and hears what comes back. */
#include "play.h"

#include <errno.h>

#include "base/mem.h"

/* clang-format off */
const struct part play_parts[] = {
    { 'a', DOOR_IMAP }, { 'b', DOOR_IMAP }, { 'c', DOOR_IMAP },
    { 'm', DOOR_MX }, { 'n', DOOR_MX },
    { 's', DOOR_SUBMISSION }, { 't', DOOR_SUBMISSION },
    { 'l', DOOR_LMTP },
    { 'p', DOOR_POP3 }, { 'q', DOOR_POP3 },
    { 'u', DOOR_CONTROL },
    { 'r', DOOR_FAR }, /* whom the house itself calls */
};
/* clang-format on */
const size_t play_parts_n = COUNT_OF(play_parts);

enum {
    KNOCKS_MAX = 16,  /* connections of one input */
    PIECES_MAX = 400, /* then the rest is said whole */
    TRIES_MAX = 50,   /* to say something to somebody who does not listen */
    HEARD_MAX = 4 << 20,
    RESTARTS_MAX = 2,
    PLAYS_A_CHECK = 10,
    SAID_BYTES_MAX = 32 * 1024,
    BEAT_US = 4000, /* longer than a packet takes */
    SECOND_US = 1000000,
    SLEEP_S = 660,
    PATIENCE_S = 3600, /* whoever is left hears the end of the connection by then */
};

struct visitor {
    const struct part *part;
    int socket; /* -1: outside */
    bool deaf, shut;
    struct buf said, heard; /* not sent yet is what lies past sent */
    size_t sent;
};

struct stage {
    struct house *house;
    struct visitor visitors[16];
    struct visitor *speaker;
    size_t piece; /* bytes */
    unsigned knocks, pieces, restarts;
    bool over; /* whoever calls now is not answered */
};

const struct part *play_part(char letter)
{
    for (size_t i = 0; i < play_parts_n; i++)
        if (play_parts[i].letter == letter) return &play_parts[i];
    return NULL;
}

/* --- hearing ---------------------------------------------------------------------------------- */

static void leave(struct stage *g, struct visitor *v)
{
    seam_socket_close(v->part->door == DOOR_FAR ? g->house->far : g->house->seam, v->socket);
    v->socket = -1;
    if (!v->heard.full) hear_check(v->part->door, buf_str(&v->said), buf_str(&v->heard));
}

static void hear(struct stage *g, struct visitor *v)
{
    struct seam *seam = v->part->door == DOOR_FAR ? g->house->far : g->house->seam;
    char piece[16384];
    ssize_t n = -EAGAIN;
    if (v->deaf) return;
    while ((n = seam_recv(seam, v->socket, piece, sizeof(piece))) > 0)
        buf_add(&v->heard, (str){ piece, (size_t)n });
    if (n != -EAGAIN && n != -ENOTCONN) leave(g, v);
}

static void come(struct stage *g, struct visitor *v)
{
    if (g->knocks == KNOCKS_MAX) return;
    v->socket = house_knock(g->house, v->part->door);
    if (v->socket < 0) return;
    g->knocks++;
    v->deaf = v->shut = false;
    v->sent = 0;
    buf_reset(&v->heard);
    if (v->part->door != DOOR_FAR) buf_reset(&v->said);
}

/* The world goes on, and everybody listens. */
static void beat(struct stage *g, uint64_t us)
{
    house_run(g->house, us);
    for (size_t i = 0; i < play_parts_n; i++) {
        struct visitor *v = &g->visitors[i];
        if (v->socket < 0 && v->part->door == DOOR_FAR && v->said.n && !g->over) come(g, v);
        if (v->socket >= 0) hear(g, v);
    }
}

/* --- saying ----------------------------------------------------------------------------------- */

static void say_all(struct stage *g, struct visitor *v)
{
    struct seam *seam = v->part->door == DOOR_FAR ? g->house->far : g->house->seam;
    unsigned tries = 0;
    while (v->socket >= 0 && !v->shut && v->sent < v->said.n && tries < TRIES_MAX) {
        str rest = str_from(buf_str(&v->said), v->sent);
        bool whole = !g->piece || g->pieces++ >= PIECES_MAX;
        if (!whole) rest = str_take(rest, g->piece);
        ssize_t n = seam_send(seam, v->socket, rest.p, rest.n);
        if (n > 0) v->sent += (size_t)n;
        tries = n > 0 ? 0 : tries + 1;
        if (!whole || n <= 0) beat(g, BEAT_US);
    }
}

static void say_everything(struct stage *g)
{
    for (size_t i = 0; i < play_parts_n; i++)
        say_all(g, &g->visitors[i]);
}

/* --- directions ------------------------------------------------------------------------------- */

static void speaks(struct stage *g, const struct part *part)
{
    g->speaker = &g->visitors[part - play_parts];
    if (g->speaker->socket < 0 && part->door != DOOR_FAR) {
        come(g, g->speaker);
        beat(g, 2 * BEAT_US);
    }
}

static void half_close(struct stage *g, struct visitor *v)
{
    if (v->socket < 0 || v->shut) return;
    struct seam *seam = v->part->door == DOOR_FAR ? g->house->far : g->house->seam;
    v->shut = !seam_shutdown_write(seam, v->socket);
}

static void restart(struct stage *g, bool power_cut)
{
    if (g->restarts++ >= RESTARTS_MAX) return;
    house_restart(g->house, power_cut);
    beat(g, BEAT_US);
}

static void direct(struct stage *g, char what)
{
    struct visitor *v = g->speaker;
    const struct part *part = play_part(what);
    if (part) speaks(g, part);
    if (what == PLAY_WAIT) beat(g, 5 * BEAT_US);
    if (what == PLAY_PAUSE) beat(g, SECOND_US);
    if (what == PLAY_SLEEP) beat(g, (uint64_t)SLEEP_S * SECOND_US);
    if (what == PLAY_HALF) half_close(g, v);
    if (what == PLAY_LEAVE && v->socket >= 0) leave(g, v);
    if (what == PLAY_DEAF) v->deaf = true;
    if (what == PLAY_RESTART || what == PLAY_POWER) restart(g, what == PLAY_POWER);
}

/* --- the play --------------------------------------------------------------------------------- */

/* Takes its three bytes. */
static str suffer(struct stage *g, str input)
{
    const unsigned char *p = (const unsigned char *)input.p;
    if (DAMAGE) house_damage(g->house, p[0], p[1], p[2]);
    return str_from(input, 3);
}

static void act(struct stage *g, str input)
{
    while (input.n) {
        size_t to = str_chr(input, DIRECTION);
        if (g->speaker->said.n + str_take(input, to).n <= SAID_BYTES_MAX)
            buf_add(&g->speaker->said, str_take(input, to));
        say_all(g, g->speaker);
        if (to == STR_NPOS || to + 1 >= input.n) return;
        char what = input.p[to + 1];
        input = str_from(input, to + 2);
        direct(g, what);
        if (what == PLAY_DAMAGE && input.n >= 3) input = suffer(g, input);
        if (what != PLAY_CUT || !input.n) continue;
        g->piece = (unsigned char)input.p[0];
        input = str_from(input, 1);
    }
}

static bool somebody_is_here(const struct stage *g)
{
    for (size_t i = 0; i < play_parts_n; i++)
        if (g->visitors[i].socket >= 0) return true;
    return false;
}

/* Nobody says any more: every session must end by itself. */
static void curtain(struct stage *g)
{
    beat(g, 5 * BEAT_US);
    say_everything(g);
    g->over = true;
    for (size_t i = 0; i < play_parts_n; i++) {
        half_close(g, &g->visitors[i]);
        g->visitors[i].deaf = false;
    }
    for (int s = 0; s < PATIENCE_S && somebody_is_here(g); s++)
        beat(g, s < 10 ? SECOND_US / 10 : SECOND_US);
    REQUIRE(!somebody_is_here(g));
    house_run(g->house, SECOND_US / 10);
    REQUIRE(fiber_stats(g->house->loop).running <= g->house->fibers + house_queue(g->house));
}

static void stage_open(struct stage *g, struct house *h)
{
    *g = (struct stage){ .house = h };
    for (size_t i = 0; i < play_parts_n; i++)
        g->visitors[i] = (struct visitor){ .part = &play_parts[i],
                                           .socket = -1,
                                           .said = buf_make(SAID_BYTES_MAX),
                                           .heard = buf_make(HEARD_MAX) };
}

static void stage_close(struct stage *g)
{
    for (size_t i = 0; i < play_parts_n; i++) {
        buf_free(&g->visitors[i].said);
        buf_free(&g->visitors[i].heard);
    }
}

/* For whoever the house calls: a reason to call. */
static const char submission[] =
    "EHLO x\r\nAUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\r\n"
    "MAIL FROM:<alice@a.test> BODY=8BITMIME\r\n"
    "RCPT TO:<far@b.test>\r\nRCPT TO:<two@b.test>\r\n"
    "DATA\r\nSubject: hi\r\n\r\n.. gr\xc3\xbc\xc3\x9f\r\n.\r\nQUIT\r\n";

static void perform(struct stage *g, char first, str input)
{
    if (play_part(first)->door == DOOR_FAR) {
        speaks(g, play_part('t'));
        act(g, str_of(submission));
        beat(g, 5 * BEAT_US);
    }
    speaks(g, play_part(first));
    act(g, input);
    curtain(g);
}

/* Somebody looks at the INBOX, and must be told, whatever it was that was played. */
static void another_client(struct house *h)
{
    struct stage g;
    stage_open(&g, h);
    perform(&g, 'a',
            S("a LOGIN alice@a.test secret\r\nb SELECT INBOX\r\nc FETCH 1:* (UID FLAGS)\r\n"
              "d LOGOUT\r\n"));
    REQUIRE(str_find(buf_str(&g.visitors[0].heard), S("d OK")) != STR_NPOS);
    stage_close(&g);
}

/* Also what is looked at afterwards is part of the play: it takes its time, as all else does. */
static void look_after(struct house *h)
{
    if (h->damaged) {
        house_mend(h);
        return;
    }
    another_client(h);
    if (++h->plays % PLAYS_A_CHECK == 0) house_check(h);
}

void play(struct house *h, char first, str input)
{
    static const char next[] = { DIRECTION, PLAY_NEXT };
    for (size_t to = 0; to != STR_NPOS; input = str_from(input, to + sizeof(next))) {
        struct stage g;
        to = str_find(input, (str){ next, sizeof(next) });
        stage_open(&g, h);
        perform(&g, first, str_take(input, to));
        stage_close(&g);
        look_after(h);
        if (to == STR_NPOS) return;
    }
}
