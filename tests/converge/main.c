/* main.c - many devices on the same mailboxes, at random: in the end all know the same.
 *
 *   converge [--seed N] [--seeds N] [--steps N] [--devices N] [--trace]
 *
 * For each seed twice: one act at a time, where a model says after each what the mailboxes hold and
 * what whoever asks must hear; and all devices at once, where in the end each knows what the server
 * has. A device keeps only what it was told. Prints TAP; when something is wrong, the seed too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "converge/model.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143, DEVICES_MAX = 50, POPULATION_MAX = 40 };

static struct options {
    unsigned seed, seeds, steps, devices;
} options = { .seed = 1, .seeds = 1, .steps = 300, .devices = 10 };

struct sea {
    struct server *server;
    struct shore shore;
    struct model model;
    struct device devices[DEVICES_MAX], witness;
    struct act acts[DEVICES_MAX];
    unsigned n;
};

static struct sea sea; /* large */

/* --- one seed --------------------------------------------------------------------------------- */

/* Everybody is there, looking at something. */
static void begin(unsigned seed, const char *user)
{
    pick_seed(seed);
    memset(&sea.model, 0, sizeof sea.model);
    sea.shore = (struct shore){ .address = server_address(sea.server),
                                .user = user,
                                .password = "sesame",
                                .port = PORT_CLEAR,
                                .population_max = POPULATION_MAX };
    server_user(sea.server, user, "sesame");
    for (unsigned i = 0; i <= sea.n; i++) {
        struct device *d = i < sea.n ? &sea.devices[i] : &sea.witness;
        memset(d, 0, sizeof *d);
        d->number = (int)i;
        d->box = -1;
        device_connect(d, &sea.shore);
        if (i < sea.n) device_select(d, (int)pick(BOXES), false);
    }
}

static void end(void)
{
    for (unsigned i = 0; i <= sea.n; i++) {
        struct device *d = i < sea.n ? &sea.devices[i] : &sea.witness;
        chat_close(d->c);
        d->c = NULL;
    }
}

/* All ask for news, and must know what there is. */
static void all_converge(void)
{
    for (unsigned i = 0; i < sea.n; i++) {
        struct device *d = &sea.devices[i];
        device_idle_end(d);
        if (d->box < 0) continue;
        device_do(d, "NOOP");
        device_ask_unknown(d);
        model_compare(&sea.model, d);
        if (device_has_unknown(d)) wrong(d, "some stay unknown");
    }
}

/* The text of a letter says which it is: the same in every copy. */
static void hear_text(struct device *d, uint32_t uid, const char *text)
{
    struct box *box = &sea.model.boxes[d->box];
    char line[40];
    for (size_t i = 0; i < box->n; i++) {
        if (box->letters[i].uid != uid || !box->letters[i].text) continue;
        snprintf(line, sizeof line, "text %u.\r\n", box->letters[i].text);
        if (strncmp(text, line, strlen(line)) != 0) wrong(d, "UID %u should be %s", uid, line);
    }
}

static void one_at_a_time(void)
{
    for (unsigned i = 0; i < sea.n; i++)
        sea.devices[i].message = hear_text;
    for (unsigned step = 0; step < options.steps; step++) {
        struct device *d = &sea.devices[pick(sea.n)];
        struct act a;
        act_begin(d, &sea.shore, &a);
        act_end(d, &a);
        model_apply(&sea.model, d, &a);
        model_check(&sea.model, &sea.witness);
        if (a.what == ACT_NOOP) model_compare(&sea.model, d);
        struct device *other = &sea.devices[pick(sea.n)];
        if (other->idling) device_listen(other);
    }
}

/* Each round some act: all are sent before any answer is read, in another order. */
static void all_at_once(void)
{
    unsigned order[DEVICES_MAX];
    for (unsigned step = 0; step < options.steps; step += sea.n) {
        for (unsigned i = 0; i < sea.n; i++) {
            unsigned at = pick(i + 1);
            order[i] = order[at];
            order[at] = i;
            sea.acts[i].what = ACT_NONE;
            if (pick(5)) act_begin(&sea.devices[i], &sea.shore, &sea.acts[i]);
        }
        for (unsigned i = 0; i < sea.n; i++) {
            struct device *d = &sea.devices[order[i]];
            if (sea.acts[order[i]].what != ACT_NONE)
                act_end(d, &sea.acts[order[i]]);
            else if (d->idling)
                device_listen(d);
        }
    }
    for (unsigned i = 0; i < sea.n; i++) /* from here on nobody changes anything */
        device_idle_end(&sea.devices[i]);
    model_take(&sea.model, &sea.witness);
}

static void run(unsigned number, unsigned seed, unsigned devices)
{
    static const struct {
        const char *name;
        void (*play)(void);
    } ways[] = { { "one act at a time", one_at_a_time }, { "all at once", all_at_once } };
    static char again[200];
    sea.n = devices;
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        char user[64];
        double began = now_s();
        snprintf(again, sizeof again, "converge --seed %u --steps %u --devices %u", seed,
                 options.steps, devices);
        wrong_again = again;
        snprintf(user, sizeof user, "d%u-%u-%u@b.test", seed, devices, i);
        begin(seed, user);
        ways[i].play();
        all_converge();
        end();
        printf("ok %u - seed %u, %u devices, %u steps, %s (%.1f s)\n", number + i, seed, devices,
               options.steps, ways[i].name, now_s() - began);
        fflush(stdout);
    }
}

/* --- all of it -------------------------------------------------------------------------------- */

static void read_options(int argc, char **argv)
{
    static const struct {
        const char *name;
        unsigned *value;
    } known[] = { { "--seed", &options.seed },
                  { "--seeds", &options.seeds },
                  { "--steps", &options.steps },
                  { "--devices", &options.devices } };
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        if (strcmp(argv[i], "--trace") == 0) {
            tracing = true;
            continue;
        }
        while (k < sizeof known / sizeof *known && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == sizeof known / sizeof *known || ++i == argc)
            fail_now("unknown option: %s", argv[i - 1]);
        *known[k].value = (unsigned)strtoul(argv[i], NULL, 10);
    }
    if (options.devices < 2 || options.devices > DEVICES_MAX)
        fail_now("2 to %d devices", DEVICES_MAX);
}

int main(int argc, char **argv)
{
    char extra[256], address[16];
    read_options(argc, argv);
    struct world *w = world_new();
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
             "conns_per_address_max = 0\n",
             world_address(w, 2, address), PORT_CLEAR);
    sea.server = server_start(w, "b.test", extra);
    /* Two devices, as most people have; and as many as the option says. */
    unsigned crowds = options.devices == 2 ? 1 : 2;
    printf("1..%u\n", options.seeds * crowds * 2);
    for (unsigned i = 0; i < options.seeds * crowds; i++)
        run(2 * i + 1, options.seed + i / crowds, i % crowds ? 2 : options.devices);
    int status = server_stop(sea.server);
    if (status) fail_now("the server ended with %d", status);
    world_free(w);
    return 0;
}
