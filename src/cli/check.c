/* check.c - posthorn check: verify the store, through the server if one runs, else by ourselves;
 * and repair it, which needs it alone.
 */
#include "admin/check.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "run/once.h"

enum { ANSWER_BYTES = 64 * 1024 * 1024, DRAW_US = 100000 };

struct checking {
    struct cli *cli;
    bool repair;
    struct buf answer;
    enum err result;
    uint64_t drawn_us;
};

static void show_line(void *arg, str line)
{
    (void)arg;
    if (cli_is_watched()) cli_draw(S(""));
    cli_show(line);
}

static void show_progress(void *arg, const char *what, uint64_t done, uint64_t of)
{
    struct checking *c = arg;
    uint64_t now = seam_mono_us(c->cli->seam);
    if (!cli_is_watched() || now - c->drawn_us < DRAW_US) return;
    struct buf line = buf_make(200);
    c->drawn_us = now;
    buf_addf(&line, "%s", what);
    if (done || of) buf_addf(&line, " %llu", (unsigned long long)done);
    if (of) buf_addf(&line, " of %llu", (unsigned long long)of);
    cli_draw(buf_str(&line));
    buf_free(&line);
}

static void by_ourselves(struct checking *c, const struct admin_check *check)
{
    c->result = admin_check_offline(check, &c->answer);
    if (cli_is_watched()) cli_draw(S(""));
}

static enum err ask_server(struct checking *c, const struct admin_check *check)
{
    str ping = S("ping");
    struct admin_request r = { .words = &ping, .n = 1 };
    if (c->repair) return admin_call(&c->cli->control, &r, &c->answer, &c->result);
    enum err e = admin_check_online(&c->cli->control, check, &c->answer, &c->result);
    if (e != ERR_NOTFOUND && cli_is_watched()) cli_draw(S(""));
    return e;
}

static void run(void *arg)
{
    struct checking *c = arg;
    struct admin_check check = { .seam = c->cli->seam,
                                 .store = c->cli->store,
                                 .repair = c->repair,
                                 .line = show_line,
                                 .progress = show_progress,
                                 .arg = c };
    enum err e = ask_server(c, &check);
    if (e == ERR_NOTFOUND && c->cli->missing) {
        buf_addf(&c->answer, "the data folder %s does not exist; posthorn serve makes it\n",
                 c->cli->missing);
        c->result = e;
    } else if (e == ERR_NOTFOUND) {
        by_ourselves(c, &check);
    } else if (e) {
        c->result = e;
    } else if (c->repair) {
        buf_reset(&c->answer);
        buf_addf(&c->answer,
                 "the server runs, and a store is repaired only while nobody uses it: stop "
                 "it, run posthorn check --repair, start it again\n");
        c->result = ERR_EXISTS;
    }
}

static int answer(const struct checking *c)
{
    if (!c->result || c->result == ERR_CORRUPT) {
        cli_show(buf_str(&c->answer));
        return c->result ? 1 : 0;
    }
    if (c->answer.n)
        cli_complain("%.*s", STR_ARG(str_chomp(buf_str(&c->answer))));
    else
        cli_complain("%s", err_text(c->result));
    return 1;
}

int cli_check(struct cli *cli, const str *args, size_t n)
{
    struct checking c = { .cli = cli, .answer = buf_make(ANSWER_BYTES) };
    bool help = false;
    str rest = { 0 };
    const struct cli_option options[] = {
        { "--repair",
          "make the index again from the journal, mend what can be mended, name what is lost",
          .flag = &c.repair },
        { "--help", "these lines", .flag = &help },
    };
    if (!cli_options(options, COUNT_OF(options), args, n, &rest)) return 2;
    if (help || rest.n) {
        cli_options_usage("check [--repair]", options, COUNT_OF(options));
        return help ? 0 : 2;
    }
    enum err e = once(cli->seam, run, &c);
    if (e) c.result = e;
    int status = answer(&c);
    buf_free(&c.answer);
    return status;
}
