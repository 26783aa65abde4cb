/* scene.c - a server under mixed load, compared with the ledger. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crash/scene.h"
#include "support/fail.h"

enum { ARRIVE_S = 60 };

unsigned scene_chance(struct scene *s, unsigned below)
{
    s->random = s->random * 1664525 + 1013904223;
    return (s->random >> 8) % below;
}

void scene_pause(unsigned ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 },
              NULL);
}

/* --- the servers */

static void make_users(struct scene *s)
{
    char name[32];
    for (int user = 0; user < USERS; user++) {
        snprintf(name, sizeof name, "u%d@b.test", user);
        server_user(s->server, name, PASSWORD);
        struct chat *c = load_imap(server_address(s->server), user);
        if (!c) fail_now("%s cannot log in", name);
        for (enum box box = WORK; box < BOXES; box++)
            if (chat_imap(c, "CREATE %s", box_names[box]) != 'O') fail_now("CREATE: %s", c->text);
        chat_close(c);
    }
}

/* Letters say that they are from ann@a.test: here that is u0, who may then submit them. */
static void make_ann(struct scene *s)
{
    int status;
    const char *said = CLI(s->server, NULL, &status, "domain", "add", "a.test");
    if (!status) said = CLI(s->server, NULL, &status, "alias", "add", "ann@a.test", "u0@b.test");
    if (status) fail_now("ann@a.test: %s", said);
}

static void start_sink(struct scene *s)
{
    char extra[256], address[16];
    make_ann(s);
    snprintf(extra, sizeof extra,
             "[listener imap-clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = "
             "yes\n",
             world_address(s->world, 3, address), PORT_IMAP_CLEAR);
    s->sink = server_start(s->world, "c.test", extra);
    server_user(s->sink, "sink@c.test", PASSWORD);
    s->outgoing = outgoing_new();
}

void scene_begin(struct scene *s)
{
    char extra[2048], here[16], there[16];
    if (!s->world) s->world = world_new();
    world_address(s->world, 2, here);
    snprintf(
        extra, sizeof extra,
        "[route c]\ndomains = c.test\nvia = %s:%d\n"
        "[listener imap-clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
        "[listener pop3-clear]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = yes\n"
        "[listener submit-clear]\naddress = %s:%d\nprotocol = submission\ntls = none\n"
        "auth_in_clear = yes\n[store]\nsegment = 4M\nundelete = 1s\n%s",
        world_address(s->world, 3, there), PORT_SMTP, here, PORT_IMAP_CLEAR, here, PORT_POP3_CLEAR,
        here, PORT_SUBMIT_CLEAR, s->more ? s->more : "");
    if (s->supervised) world_supervise(s->world);
    s->server = server_start(s->world, "b.test", extra);
    s->ledger = ledger_new();
    make_users(s);
    if (s->relays) start_sink(s);
}

/* --- load */

void scene_work(struct scene *s, bool refusals)
{
    s->stop = false;
    int before = ledger_count(s->ledger);
    for (int i = 0; i < WORKERS; i++) {
        s->loads[i] = (struct load){ .ledger = s->ledger,
                                     .address = server_address(s->server),
                                     .large = s->large,
                                     .seed = scene_chance(s, 1u << 24),
                                     .worker = i,
                                     .outgoing = s->outgoing,
                                     .refusals = refusals,
                                     .stop = &s->stop };
        pthread_create(&s->threads[i], NULL, load_run, &s->loads[i]);
    }
    /* At least something is under way: the moment counts from the first answer. */
    while (ledger_count(s->ledger) == before)
        scene_pause(1);
}

void scene_rest(struct scene *s)
{
    s->stop = true;
    for (int i = 0; i < WORKERS; i++)
        pthread_join(s->threads[i], NULL);
}

/* --- comparing */

static unsigned number_behind(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    if (!at) fail_now("no %s in: %s", word, text);
    return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

static unsigned flags_of(const char *list)
{
    unsigned flags = 0;
    const char *end = strchr(list, ')');
    for (int i = 0; i < FLAGS; i++) {
        const char *at = strstr(list, flag_names[i]);
        if (at && at < end) flags |= 1u << i;
    }
    return flags;
}

/* One "* n FETCH (UID u FLAGS (…) BODY[] {size}" and its literal; what follows it, NULL at the end.
 */
static const char *compare_one(struct scene *s, int user, enum box box, const char *at, int *unseen)
{
    if (strncmp(at, "* ", 2) != 0) return NULL;
    const char *line_end = strstr(at, "\r\n"), *fetch = strstr(at, " FETCH (");
    if (!fetch || fetch > line_end) return line_end + 2;
    const char *flags = strstr(at, "FLAGS ("), *brace = memrchr(at, '{', (size_t)(line_end - at));
    if (!flags || flags > line_end || !brace) fail_now("not as asked: %.200s", at);
    size_t size = strtoul(brace + 1, NULL, 10);
    unsigned set = flags_of(flags);
    *unseen += !(set & SEEN);
    found_message(s->ledger, user, box, number_behind(at, "UID "), set, line_end + 2, size);
    at = strstr(line_end + 2 + size, "\r\n");
    return at + 2;
}

static void compare_box(struct scene *s, struct chat *c, int user, enum box box)
{
    if (chat_imap(c, "STATUS %s (UIDVALIDITY UIDNEXT MESSAGES UNSEEN)", box_names[box]) != 'O')
        fail_now("STATUS: %s", c->text);
    unsigned messages = number_behind(c->text, "MESSAGES "),
             unseen = number_behind(c->text, "UNSEEN ");
    found_box(s->ledger, user, box, number_behind(c->text, "UIDVALIDITY "),
              number_behind(c->text, "UIDNEXT "));
    if (chat_imap(c, "EXAMINE %s", box_names[box]) != 'O') fail_now("EXAMINE: %s", c->text);
    if (chat_imap(c, "UID FETCH 1:* (UID FLAGS BODY.PEEK[])") != 'O')
        fail_now("FETCH: %s", c->text);
    unsigned n = 0;
    int not_seen = 0;
    for (const char *at = c->text, *next; (next = compare_one(s, user, box, at, &not_seen));
         at = next)
        n += strstr(at, " FETCH (") && strstr(at, " FETCH (") < strstr(at, "\r\n");
    if (n != messages || (unsigned)not_seen != unseen)
        fail_now("user %d %s: STATUS says %u messages, %u unseen; there are %u, %d", user,
                 box_names[box], messages, unseen, n, not_seen);
}

void scene_compare(struct scene *s)
{
    for (int user = 0; user < USERS; user++) {
        struct chat *c = load_imap(server_address(s->server), user);
        if (!c) fail_now("user %d cannot log in after what happened", user);
        for (enum box box = 0; box < BOXES; box++)
            compare_box(s, c, user, box);
        chat_close(c);
    }
    found_all(s->ledger);
}

void scene_check(struct scene *s)
{
    int status;
    double began = now_s();
    const char *said = CLI(s->server, NULL, &status, "check");
    if (status) fail_now("posthorn check: %s", said);
    s->checks++;
    s->checked_s += now_s() - began;
}

void scene_tidy(struct scene *s)
{
    for (int user = 0; user < USERS; user++) {
        struct chat *c = load_imap(server_address(s->server), user);
        if (!c) fail_now("user %d cannot log in to tidy", user);
        for (enum box box = 0; box < BOXES; box++)
            load_tidy(s->ledger, c, user, box, s->large ? 4 : 60);
        chat_close(c);
    }
}

/* --- the end */

static bool queue_is_empty(void *arg)
{
    struct scene *s = arg;
    int status;
    return strstr(CLI(s->server, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

static int compare_outgoing(struct scene *s)
{
    int status;
    CLI(s->server, NULL, &status, "queue", "retry");
    if (!wait_until(queue_is_empty, s, ARRIVE_S))
        fail_now("still queued: %s", CLI(s->server, NULL, &status, "queue", "list"));
    struct chat *c = chat_open(server_address(s->sink), PORT_IMAP_CLEAR);
    if (!c || !chat_imap_login(c, "sink@c.test", PASSWORD)) fail_now("sink@c.test cannot look");
    int again = outgoing_compare(s->outgoing, c);
    chat_close(c);
    return again;
}

void scene_end(struct scene *s, const char *what, int rounds)
{
    scene_compare(s);
    int again = s->outgoing ? compare_outgoing(s) : 0;
    scene_check(s);
    printf("# %s %d times: %d answers kept, %d refused; lost 0, doubled 0; %d checks clean\n", what,
           rounds, ledger_count(s->ledger), ledger_refused(s->ledger), s->checks);
    if (s->outgoing)
        printf("# relayed: %d answered, lost 0; %d came again (RFC 5321 6.1)\n",
               outgoing_count(s->outgoing), again);
    fflush(stdout);
    if (server_stop(s->server) != 0) fail_now("the server did not end well");
    ledger_free(s->ledger);
    outgoing_free(s->outgoing);
    world_free(s->world);
}
