/* senders.c - who sends letters: users by submission, and strangers to the MX. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "simulate/simulate.h"

enum { SESSIONS_OF_ONE = 8, RCPTS_MAX = 4, LINE_MAX_BYTES = 1000, ANSWER_MS = 60000 };

/* --- talking ---------------------------------------------------------------------------------- */

/* The class of the reply, '2' to '5'; 0: none came. */
static char hear(struct conn *c, str *last)
{
    str line;
    do {
        if (conn_line(c, LINE_MAX_BYTES, &line)) return 0;
    } while (line.n > 3 && line.p[3] == '-');
    *last = line;
    return line.n ? line.p[0] : 0;
}

static char say(struct conn *c, const char *verb, const char *word, const char *end)
{
    str ignored;
    conn_deadline(c, ANSWER_MS);
    conn_writef(c, "%s%s%s\r\n", verb, word, end);
    return hear(c, &ignored);
}

static bool log_in(struct conn *c, const char *user)
{
    struct buf secret = buf_make(200), line = buf_make(400);
    buf_addc(&secret, '\0');
    buf_add(&secret, str_of(user));
    buf_add(&secret, (str){ "\0secret", 7 });
    base64_encode(&line, buf_str(&secret));
    buf_addc(&line, '\0');
    char class = say(c, "AUTH PLAIN ", line.p, "");
    buf_free(&secret);
    buf_free(&line);
    return class == '2';
}

static struct conn *greeted(struct server *s, enum server_port port, const char *user)
{
    str ignored;
    struct conn *c = world_connect(s, port);
    if (!c) return NULL;
    conn_deadline(c, ANSWER_MS);
    bool ok = hear(c, &ignored) == '2' && say(c, "EHLO ", "there.test", "") == '2';
    if (ok && port == PORT_SUBMISSION) ok = log_in(c, user);
    if (ok) return c;
    conn_close(c);
    return NULL;
}

/* --- one transaction -------------------------------------------------------------------------- */

static bool rcpt_taken(struct conn *c, const char *address)
{
    return say(c, "RCPT TO:<", address, ">") == '2';
}

/* One RCPT a way: all aims that begin with the same address are taken or refused with it. */
static bool say_rcpts(struct letter *l, struct conn *c)
{
    bool any = false, before = false;
    for (unsigned i = 0; i < l->n; i++) {
        bool same = i > 0 && strcmp(l->aims[i].path[0], l->aims[i - 1].path[0]) == 0;
        if (!same) before = rcpt_taken(c, l->aims[i].path[0]);
        l->aims[i].taken = before;
        any |= before;
    }
    return any;
}

static void write_dotted(struct conn *c, str text)
{
    str line;
    while (str_split(&text, '\n', &line)) {
        if (str_starts(line, S("."))) conn_write(c, S("."));
        conn_write(c, line);
        conn_write(c, S("\n"));
    }
}

enum manner { PATIENT, LEAVES_INSIDE, LEAVES_AT_END };

/* True: the connection is as good as before. */
static bool send_body(struct world *w, struct letter *l, struct conn *c, enum manner manner)
{
    struct buf text = buf_make(1 << 20);
    str reply = { 0 };
    letter_write(l, &text);
    bool chunk = l->number % 4 == 1; /* BDAT, RFC 3030 */
    if (!chunk && say(c, "DATA", "", "") != '3') {
        buf_free(&text);
        return false;
    }
    conn_deadline(c, ANSWER_MS);
    if (chunk) conn_writef(c, "BDAT %zu LAST\r\n", text.n);
    if (manner == LEAVES_INSIDE) buf_truncate(&text, text.n / 2);
    if (chunk && manner != LEAVES_INSIDE)
        l->state = LETTER_UNDECIDED; /* some of it may be gone already */
    if (chunk)
        conn_write(c, buf_str(&text));
    else
        write_dotted(c, buf_str(&text));
    buf_free(&text);
    if (manner == LEAVES_INSIDE) {
        enum err ignored = conn_flush(c);
        (void)ignored;
        tell(w, "%s: its sender leaves in the middle", l->token);
        return false;
    }
    l->state = LETTER_UNDECIDED;
    if (!chunk) conn_write(c, S(".\r\n"));
    bool sent = conn_flush(c) == OK;
    char class = 0;
    if (sent && manner == PATIENT) class = hear(c, &reply);
    letter_decided(w, l, class, reply);
    return class != 0;
}

static bool send_letter(struct world *w, struct letter *l, struct conn *c, enum manner manner)
{
    if (say(c, "MAIL FROM:<", l->sender, ">") != '2') return false;
    if (say_rcpts(l, c)) return send_body(w, l, c, manner);
    return say(c, "RSET", "", "") == '2';
}

/* --- what kind of sender ---------------------------------------------------------------------- */

/* at: whose recipients; NULL: anybody's. */
static struct letter *compose(struct player *a, struct server *at, const char *sender)
{
    struct chance *c = &a->chance;
    struct world *w = a->world;
    struct letter *l = letter_new(a->world, sender, once_in(c, 12) ? 30000 : below(c, 900));
    unsigned rcpts = 1 + (once_in(c, 2) ? (unsigned)below(c, RCPTS_MAX) : 0);
    for (unsigned i = 0; i < rcpts; i++) {
        struct aim aims[2];
        struct server *to = at ? at : world_server(w, (unsigned)below(c, w->servers_n));
        unsigned n = aims_draw(c, to, aims, COUNT_OF(aims));
        bool room = l->n + n <= AIMS_MAX;
        for (unsigned k = 0; k < l->n && room; k++)
            for (unsigned x = 0; x < n; x++)
                room &= strcmp(aim_end(&l->aims[k]), aim_end(&aims[x])) != 0;
        for (unsigned x = 0; x < n && room; x++)
            must(letter_to(l, &aims[x]));
    }
    tell(a->world, "%s: %s[%u] writes from <%s> to %s%s", l->token, a->kind->name, a->index, sender,
         l->aims[0].path[0], l->n > 1 ? " and others" : "");
    return l;
}

static enum manner manner_draw(struct chance *c)
{
    if (once_in(c, 15)) return LEAVES_INSIDE;
    return once_in(c, 15) ? LEAVES_AT_END : PATIENT;
}

static void session(struct player *a, enum server_port port)
{
    struct world *w = a->world;
    struct server *s = world_server(w, (unsigned)below(&a->chance, w->servers_n));
    char user[ADDRESS_MAX];
    struct server *home =
        port == PORT_SUBMISSION ? s : world_server(w, (unsigned)below(&a->chance, w->servers_n));
    snprintf(user, sizeof user, "%s@%s", user_names[below(&a->chance, USER_FULL)], home->domain);
    struct conn *c = greeted(s, port, user);
    unsigned letters = 1 + (unsigned)below(&a->chance, 3);
    for (bool good = c != NULL; good && letters > 0; letters--) {
        bool null = port == PORT_MX && once_in(&a->chance, 3);
        struct letter *l = compose(a, port == PORT_MX ? s : NULL, null ? "" : user);
        l->to = s;
        good = send_letter(w, l, c, manner_draw(&a->chance));
    }
    if (c) conn_close(c);
}

static void send_now_and_then(struct player *a, enum server_port port)
{
    for (unsigned i = 0; i < SESSIONS_OF_ONE && !world_is_calm(a->world); i++) {
        int64_t most = (int64_t)a->world->storm_end_us / SESSIONS_OF_ONE;
        if (!player_sleep(a, (int64_t)below(&a->chance, 2 * (uint64_t)most))) return;
        session(a, port);
    }
}

static void submitter_act(struct player *a)
{
    send_now_and_then(a, PORT_SUBMISSION);
}
static void stranger_act(struct player *a)
{
    send_now_and_then(a, PORT_MX);
}

static unsigned one_to_three(struct world *w, struct chance *c)
{
    (void)w;
    return 1 + (unsigned)below(c, 3);
}

const struct player_kind submitter_kind = { .name = "submitter",
                                            .how_many = one_to_three,
                                            .act = submitter_act };
const struct player_kind stranger_kind = { .name = "stranger",
                                           .how_many = one_to_three,
                                           .act = stranger_act };
