/* kill.c - kill -9 at random moments under load: what was answered is there, once, and whole.
 *
 *   kill [--rounds N] [--seed S]    rounds in all; the seed of an earlier run
 *
 * Each round lets nine clients work (four deliver, one submits mail to people here and elsewhere,
 * two sort mail over IMAP, one downloads over POP3, one hangs in the middle of DATA) while posthorn
 * compact and posthorn import run in a loop, kills the server, starts it again, and compares all it
 * has with a ledger of what was asked and what was answered. Then the same beneath a parent, where
 * either is killed. A kill cannot take back what the kernel has; what fdatasync is owed is tested
 * beside the store.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/care.h"
#include "crash/options.h"
#include "crash/scene.h"
#include "support/fail.h"

static int rounds = 30;
static unsigned seed;

struct killing {
    struct scene scene;
    struct care care;
    double killed_s;
    bool beneath_parent, child_died;
};

/* --- killing */

static bool is_gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0;
}

static bool is_started_again(void *arg)
{
    struct scene *s = arg;
    struct chat *c = load_imap(server_address(s->server), 0);
    chat_close(c);
    return c != NULL;
}

/* The parent stays and starts it again: nobody does anything. */
static void kill_child(struct scene *s)
{
    pid_t child = server_child(s->server);
    kill(child, SIGKILL);
    if (!wait_until(is_gone, &child, 5)) fail_now("the child does not die");
}

/* The child hears of it, says goodbye and ends; then somebody starts both again. */
static void kill_parent(struct scene *s)
{
    pid_t child = server_child(s->server);
    server_kill(s->server);
    if (!wait_until(is_gone, &child, 15)) fail_now("the child lives on without its parent");
}

static void kill_some(struct killing *k, bool *restart)
{
    *restart = true;
    if (!k->beneath_parent)
        server_kill(k->scene.server);
    else if (k->child_died)
        kill_parent(&k->scene);
    else
        kill_child(&k->scene);
    /* One after the other: a child that dies again and again is started after growing pauses. */
    k->child_died = k->beneath_parent && !k->child_died;
    *restart = !k->child_died;
}

static void start_again(struct killing *k, bool restart)
{
    if (restart) server_restart(k->scene.server);
    if (!wait_until(is_started_again, &k->scene, 20))
        fail_now("the server is not there again: %s", file_read(server_log(k->scene.server), NULL));
}

/* --- a round */

static bool work_and_kill(struct killing *k)
{
    struct scene *s = &k->scene;
    pthread_t care[2];
    bool restart;
    k->care.killed = false;
    pthread_create(&care[0], NULL, care_compact, &k->care);
    pthread_create(&care[1], NULL, care_import, &k->care);
    scene_work(s, k->beneath_parent); /* a child that lost its parent says goodbye */
    scene_pause(scene_chance(s, s->large ? 150 : 250));
    k->care.killed = true;
    kill_some(k, &restart);
    scene_rest(s);
    for (int i = 0; i < 2; i++)
        pthread_join(care[i], NULL);
    return restart;
}

static void one_round(struct killing *k)
{
    struct scene *s = &k->scene;
    bool restart = work_and_kill(k);
    if (restart && scene_chance(s, 4) == 0) scene_check(s); /* without a server: replays first */
    double began = now_s();
    start_again(k, restart);
    while (scene_chance(s, 4) == 0) { /* again, just after the start */
        kill_some(k, &restart);
        start_again(k, restart);
    }
    k->killed_s += now_s() - began;
    scene_compare(s);
    care_settle(&k->care);
    scene_check(s);
    scene_tidy(s);
}

static void run(struct killing *k, const char *what, int n)
{
    struct scene *s = &k->scene;
    double began = now_s();
    s->random = seed + s->large + 2u * k->beneath_parent;
    s->relays = true;
    s->supervised = k->beneath_parent;
    printf("# seed %u, %d rounds\n", seed, n);
    fflush(stdout);
    scene_begin(s);
    k->care = (struct care){ s->ledger, s->world, s->server, s->large };
    for (int i = 0; i < n; i++) {
        int before = ledger_count(s->ledger);
        one_round(k);
        printf("# round %d: %d answers kept\n", i + 1, ledger_count(s->ledger) - before);
        fflush(stdout);
    }
    printf("# %.1f s, of them %.1f s starting again, %.1f s posthorn check\n", now_s() - began,
           k->killed_s, s->checked_s);
    printf("# %u compactions and %u imports to their end, %u imports gone on with\n",
           k->care.compactions, k->care.imports, k->care.resumed);
    scene_end(s, what, n);
}

static void test_kill_under_load(void **state)
{
    (void)state;
    run(&(struct killing){ 0 }, "killed", rounds / 2);
}

static void test_kill_with_large_messages(void **state)
{
    (void)state;
    run(&(struct killing){ .scene.large = true }, "killed with large messages", rounds / 4);
}

static void test_kill_beneath_a_parent(void **state)
{
    (void)state;
    run(&(struct killing){ .beneath_parent = true }, "killed, child or parent,",
        rounds - rounds / 2 - rounds / 4);
}

int main(int argc, char **argv)
{
    options_read(argc, argv, &rounds, &seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill_under_load),
        cmocka_unit_test(test_kill_with_large_messages),
        cmocka_unit_test(test_kill_beneath_a_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
