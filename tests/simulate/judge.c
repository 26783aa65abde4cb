/* judge.c - after the storm: is every letter in exactly one place, and every store sound?
 *
 * A letter that was accepted (its 250 was read) lies once with each who should get it, or went back
 * to its sender once; from the null sender there is nobody to go back to, and nothing may go back.
 * A second copy is allowed where a server handed a letter over and never learnt that it had (RFC
 * 5321 6.1): where two ways part, one of the two handovers must not have been recorded by who
 * handed over.
 */
#include <stdio.h>
#include <string.h>

#include "simulate/simulate.h"

enum { OUTCOMES_MAX = 2000, STEPS_MAX = 10, STEP_BYTES = 80, BODY_MAX = 200000 };

/* Where a letter, or the report on it, was found, and by which acceptances it came. */
struct outcome {
    struct letter *letter;
    struct aim *aim;
    bool bounce;
    char steps[STEPS_MAX][STEP_BYTES];
    unsigned n;
};

struct place {
    char address[ADDRESS_MAX]; /* whose mailbox */
    struct blob blob;
};

struct judging {
    struct world *world;
    struct server *server;
    struct view *view;
    struct outcome *outcomes;
    unsigned outcomes_n;
    struct place *places; /* of one server */
    unsigned places_n;
    char user[ADDRESS_MAX];
    struct buf body;
};

/* --- what lies there -------------------------------------------------------------------------- */

static bool place_message(void *arg, const struct message *message)
{
    struct judging *j = arg;
    must(j->places_n < OUTCOMES_MAX);
    struct place *p = &j->places[j->places_n++];
    snprintf(p->address, sizeof p->address, "%s", j->user);
    p->blob = message->blob;
    return true;
}

static bool place_box(void *arg, const struct mailbox *box)
{
    struct judging *j = arg;
    return !box->exists || !store_messages(j->view, box, (struct uid_range){ 1, UINT32_MAX },
                                           WANT_CARD, place_message, j);
}

static bool place_user(void *arg, const struct user *u)
{
    struct judging *j = arg;
    snprintf(j->user, sizeof j->user, "%.*s", STR_ARG(u->address));
    return !store_mailboxes(j->view, u->account, place_box, j);
}

static bool read_body(struct judging *j, struct blob blob)
{
    struct body_reader *r;
    buf_reset(&j->body);
    if (body_open(store_engine(j->server->m.store), blob, &r)) return false;
    uint64_t size = body_reader_size(r);
    bool good = true;
    while (good && j->body.n < size) {
        str bytes;
        good = !body_read(r, j->body.n, size - j->body.n, &bytes);
        if (good) buf_add(&j->body, bytes);
        good &= !j->body.full;
    }
    body_close(r);
    return good;
}

/* --- the way it came -------------------------------------------------------------------------- */

static void step_add(struct outcome *o, str step)
{
    must(o->n < STEPS_MAX);
    snprintf(o->steps[o->n++], STEP_BYTES, "%.*s", STR_ARG(str_take(step, STEP_BYTES - 1)));
}

/* The ids of Received lines, the first acceptance first. */
static void steps_of(struct outcome *o, str header)
{
    str ids[STEPS_MAX];
    unsigned n = 0;
    for (size_t at = str_find(header, S("\r\n\tid ")); at != STR_NPOS && n < STEPS_MAX;) {
        header = str_from(header, at + 6);
        size_t end = 0;
        while (end < header.n && ascii_alnum(header.p[end]))
            end++;
        ids[n++] = str_take(header, end);
        at = str_find(header, S("\r\n\tid "));
    }
    while (n > 0)
        step_add(o, ids[--n]);
}

static str header_field(str header, str name)
{
    size_t at = str_ifind(header, name);
    if (at == STR_NPOS) return (str){ 0 };
    str value = str_from(header, at + name.n);
    return str_trim(str_take(value, str_chr(value, '\r')));
}

/* --- one message ------------------------------------------------------------------------------ */

static struct outcome *outcome_new(struct judging *j, struct letter *l, struct aim *a)
{
    must(j->outcomes_n < OUTCOMES_MAX);
    struct outcome *o = &j->outcomes[j->outcomes_n++];
    *o = (struct outcome){ .letter = l, .aim = a };
    return o;
}

static void found_copy(struct judging *j, const struct place *p, struct letter *l, str header)
{
    struct world *w = j->world;
    struct buf text = buf_make(BODY_MAX);
    letter_write(l, &text);
    if (!str_ends(buf_str(&j->body), buf_str(&text)))
        world_broken(w, "%s: its copy at %s is not the letter", l->token, p->address);
    buf_free(&text);
    count_up(TALLY_DELIVERED, 1);
    for (unsigned i = 0; i < l->n; i++) {
        struct aim *a = &l->aims[i];
        if (strcmp(aim_end(a), p->address) != 0) continue;
        a->copies++;
        steps_of(outcome_new(j, l, a), header);
        return;
    }
    world_broken(w, "%s: lies at %s, whom it was not for", l->token, p->address);
}

static struct aim *aim_with(struct letter *l, str address)
{
    for (unsigned i = 0; i < l->n; i++)
        for (unsigned k = 0; k < l->aims[i].hops; k++)
            if (str_eq(str_of(l->aims[i].path[k]), address)) return &l->aims[i];
    return NULL;
}

static void failed_for(struct judging *j, struct letter *l, str rcpt, str header)
{
    struct aim *a = aim_with(l, rcpt);
    if (!a) {
        world_broken(j->world, "%s: a bounce for %.*s, whom it was not for", l->token,
                     STR_ARG(rcpt));
        return;
    }
    a->bounces++;
    count_up(TALLY_BOUNCES, 1);
    struct outcome *o = outcome_new(j, l, a);
    o->bounce = true;
    steps_of(o, str_from(buf_str(&j->body), header.n));
    step_add(o, header_field(header, S("Message-ID:")));
    steps_of(o, header);
}

static void found_report(struct judging *j, const struct place *p, struct letter *l, str header)
{
    str rest = buf_str(&j->body), line, rcpt = { 0 };
    if (!l->sender[0])
        world_broken(j->world, "%s: a bounce to %s, and it came from the null sender", l->token,
                     p->address);
    else if (strcmp(l->sender, p->address) != 0)
        world_broken(j->world, "%s: a bounce to %s, and it came from %s", l->token, p->address,
                     l->sender);
    while (str_split(&rest, '\n', &line)) {
        if (str_istarts(line, S("Final-Recipient:")))
            rcpt = str_trim(str_from(line, str_chr(line, ';') + 1));
        if (str_istarts(line, S("Action: failed"))) failed_for(j, l, rcpt, header);
    }
}

static void found(struct judging *j, const struct place *p)
{
    str text = buf_str(&j->body);
    struct letter *l = letter_of(j->world, text);
    str header = str_take(text, str_find(text, S("\r\n\r\n")));
    bool report = str_ifind(header, S("multipart/report")) != STR_NPOS;
    if (!l && str_find(header, S("\nSubject: device letter ")) != STR_NPOS)
        return; /* device_book.c */
    if (!l)
        world_broken(j->world, "%s has a message that nobody wrote", p->address);
    else if (report)
        found_report(j, p, l, header);
    else
        found_copy(j, p, l, header);
}

/* --- a store's own check ---------------------------------------------------------------------- */

static void fault(void *arg, str what)
{
    struct judging *j = arg;
    world_broken(j->world, "%s: check: %.*s", j->server->host, STR_ARG(what));
}

static void look_at_server(void *arg)
{
    struct judging *j = arg;
    struct check_report report = { .fault = fault, .arg = j };
    if (store_check(j->server->m.store, &report))
        world_broken(j->world, "%s: check does not end well", j->server->host);
    for (unsigned i = 0; i < j->places_n; i++) {
        if (read_body(j, j->places[i].blob))
            found(j, &j->places[i]);
        else
            world_broken(j->world, "%s: a message of %s cannot be read", j->server->host,
                         j->places[i].address);
    }
    j->server->m.step_done = true;
}

static void gather(struct judging *j)
{
    struct world *w = j->world;
    j->places_n = 0;
    j->view = store_view(j->server->m.store);
    if (!j->view || store_users(j->view, place_user, j)) {
        world_broken(w, "%s: its store cannot be read", j->server->host);
        return;
    }
    if (store_queue_count(j->view)) world_broken(w, "%s: its queue is not empty", j->server->host);
    view_end(j->view);
    on_fiber(&j->server->m, look_at_server, j);
}

/* --- the verdict ------------------------------------------------------------------------------ */

static bool excused(const struct world *w, const struct outcome *a, const struct outcome *b)
{
    unsigned i = 0;
    while (i < a->n && i < b->n && strcmp(a->steps[i], b->steps[i]) == 0)
        i++;
    bool a_known = i == a->n || hearing_recorded(w, str_of(a->steps[i]));
    bool b_known = i == b->n || hearing_recorded(w, str_of(b->steps[i]));
    if (a->bounce && i < a->n && str_chr(str_of(a->steps[i]), '@') != STR_NPOS) a_known = true;
    if (b->bounce && i < b->n && str_chr(str_of(b->steps[i]), '@') != STR_NPOS) b_known = true;
    return !(a_known && b_known);
}

static void judge_twice(struct judging *j)
{
    struct world *w = j->world;
    for (unsigned i = 0; i < j->outcomes_n; i++)
        for (unsigned k = 0; k < i; k++) {
            const struct outcome *a = &j->outcomes[i], *b = &j->outcomes[k];
            if (a->aim != b->aim || a->aim->may_double) continue;
            count_up(TALLY_DUPLICATES, 1);
            if (w->untroubled || !excused(w, a, b))
                world_broken(w, "%s: twice for %s (%s, %s)", a->letter->token, aim_end(a->aim),
                             a->bounce ? "bounce" : "copy", b->bounce ? "bounce" : "copy");
        }
}

/* Letters may expire when wall clocks jump, or a mailbox is full. */
static void judge_aim(struct world *w, const struct letter *l, const struct aim *a)
{
    unsigned found = a->copies + a->bounces;
    bool may_be = a->taken && (l->state == LETTER_ACCEPTED || l->state == LETTER_UNDECIDED);
    const char *to = aim_end(a);
    if (!may_be && found > 0)
        world_broken(w, "%s: is there for %s, and was never taken", l->token, to);
    if (!may_be || l->state != LETTER_ACCEPTED || a->may_vanish) return;
    bool may_expire = a->may_fail || w->jumped_us >= 4 * DAY_US;
    bool nowhere_to_go = !l->sender[0] && (!a->reachable || may_expire);
    if (!found && !nowhere_to_go) world_broken(w, "%s: is lost for %s", l->token, to);
    if (a->copies && !a->reachable) world_broken(w, "%s: reached %s, who is nobody", l->token, to);
    if (a->bounces && a->reachable && !may_expire)
        world_broken(w, "%s: bounced for %s, who is there", l->token, to);
}

/* Whole or nowhere. */
static void judge_undecided(struct world *w, const struct letter *l)
{
    unsigned there = 0, should = 0;
    for (unsigned i = 0; i < l->n; i++) {
        const struct aim *a = &l->aims[i];
        if (!a->taken || a->may_fail || a->may_vanish || w->jumped_us >= 4 * DAY_US) continue;
        if (!l->sender[0] && !a->reachable) continue;
        should++;
        there += a->copies + a->bounces > 0;
    }
    if (there && there != should) world_broken(w, "%s: reached %u of %u", l->token, there, should);
}

static void judge_letters(struct world *w)
{
    for (unsigned i = 0; i < w->letters_n; i++) {
        const struct letter *l = &w->letters[i];
        for (unsigned k = 0; k < l->n; k++)
            judge_aim(w, l, &l->aims[k]);
        if (l->state == LETTER_UNDECIDED) judge_undecided(w, l);
    }
}

void judge(struct world *w)
{
    struct judging j = { .world = w, .body = buf_make(BODY_MAX) };
    j.outcomes = MEM_ARRAY(OUTCOMES_MAX, struct outcome);
    j.places = MEM_ARRAY(OUTCOMES_MAX, struct place);
    for (unsigned i = 0; i < w->servers_n; i++) {
        j.server = &w->servers[i];
        if (j.server->state == SERVER_UP) gather(&j);
    }
    observer_look(w);
    judge_twice(&j);
    judge_letters(w);
    for (unsigned i = 0; i < w->players_n; i++)
        if (w->players[i].kind->check) w->players[i].kind->check(&w->players[i]);
    buf_free(&j.body);
    mem_free(j.outcomes);
    mem_free(j.places);
}
