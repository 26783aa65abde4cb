/* main.c - ./do demo: one letter's whole journey, or one thing going wrong, told and checked. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "demo/journey.h"
#include "run/once.h"

struct wish {
    bool stay, help;
    const char *broken;
    double began_s;
};

static void introduce(void)
{
    title("Posthorn: one letter, from Alice's click to Bob's devices");
    puts(
        "\n"
        "   Alice's client --submission--> a.test --DNS, MX, SMTP--> b.test --IMAP--> Bob's phone\n"
        "                                                              |----IMAP--> Bob's laptop\n"
        "                                                              `----POP3--> Bob's old PC\n"
        "\n"
        "   Everything below happens now, on this machine, and is checked: a tick is a claim that\n"
        "   held. [A4] and the like are the lines of docs/journey.md.");
}

/* A sanitizer's findings and leaks show in the status too. */
static void check_clean_end(struct demo *d)
{
    bool a = server_stop(d->a) == 0, b = server_stop(d->b) == 0;
    check(a && b, "", "SIGTERM: both servers end cleanly");
}

static void run(void *arg)
{
    struct wish *wish = arg;
    struct demo d = { 0 };
    if (!wish->broken) introduce();
    stage_set(&d);
    if (wish->broken)
        break_tell(&d, wish->broken);
    else
        journey_tell(&d);
    if (!wish->stay) check_clean_end(&d);
    printf("\n%u checks, %u failed, %.1f s\n", story_checks(), story_failures(),
           now_s() - wish->began_s);
    if (story_failures()) {
        say("the servers' logs are in %s", world_dir(d.world));
        world_keep(d.world);
    }
    if (wish->stay) stay(&d);
    stage_clear(&d);
}

static bool words(int argc, char **argv, struct wish *wish)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--stay"))
            wish->stay = true;
        else if (!strcmp(argv[i], "--help"))
            wish->help = true;
        else if (strcmp(argv[i], "--break"))
            return fprintf(stderr, "demo: %s: no such option\n", argv[i]), false;
        else if (i + 1 == argc)
            return fputs("demo: --break wants a name\n", stderr), false;
        else if (!break_known(argv[++i]))
            return fprintf(stderr, "demo: --break %s: nothing of that name\n", argv[i]), false;
        else
            wish->broken = argv[i];
    }
    return true;
}

static int usage(FILE *to)
{
    struct buf names = buf_make(1024);
    break_names(&names);
    fprintf(to, "usage: ./do demo [--stay] [--break NAME]; NAME is one of:\n%.*s",
            STR_ARG(buf_str(&names)));
    buf_free(&names);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    struct wish wish = { .began_s = now_s() };
    if (!words(argc, argv, &wish)) return usage(stderr);
    if (wish.help) return usage(stdout);
    signal(SIGPIPE, SIG_IGN);
    story_begin();
    struct seam *seam = seam_real_new("/");
    bool told = !once(seam, run, &wish);
    seam_free(seam);
    return told && story_checks() && !story_failures() ? 0 : 1;
}
