/* request.c - administrative commands: through the server if one runs, else on the store itself. */
#include "admin/offline.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "run/once.h"

enum { ANSWER_BYTES = 64 * 1024 * 1024 };

struct request {
    struct cli *cli;
    struct admin_request words;
    struct buf answer;
    enum err result;
};

static void request_run(void *arg)
{
    struct request *r = arg;
    enum err e = admin_call(&r->cli->control, &r->words, &r->answer, &r->result);
    str about = r->words.words[0];
    bool running = str_eq(about, S("ping")) || str_eq(about, S("metrics"));
    if (e == ERR_NOTFOUND && running) {
        buf_addf(&r->answer, "no server runs on this data folder; posthorn serve starts one\n");
        r->result = e;
    } else if (e == ERR_NOTFOUND && r->cli->missing) {
        buf_addf(&r->answer, "the data folder %s does not exist; posthorn serve makes it\n",
                 r->cli->missing);
        r->result = e;
    } else if (e == ERR_NOTFOUND) {
        r->result = admin_offline(r->cli->seam, r->cli->store, r->cli->auth, &r->words, &r->answer);
    } else if (e) {
        r->result = e;
    }
}

static int answer(const struct request *r, enum err e)
{
    if (!e) e = r->result;
    if (!e) {
        cli_show(buf_str(&r->answer));
        return 0;
    }
    if (r->answer.n)
        cli_complain("%.*s", STR_ARG(str_chomp(buf_str(&r->answer))));
    else
        cli_complain("%s", err_text(e));
    return e == ERR_SYNTAX ? 2 : 1;
}

int cli_admin(struct cli *cli, const str *words, size_t n)
{
    struct buf secret = buf_make(AUTH_PASSWORD_BYTES + 1);
    struct request r = { .cli = cli,
                         .words = { .words = words, .n = n },
                         .answer = buf_make(ANSWER_BYTES) };
    int status = 1;

    if (admin_check_words(&r.words, &r.answer)) {
        status = answer(&r, ERR_SYNTAX);
    } else if (admin_wants_secret(&r.words) && !cli_secret("Password: ", &secret)) {
        cli_complain("no password on standard input");
    } else {
        r.words.secret = buf_str(&secret);
        status = answer(&r, once(cli->seam, request_run, &r));
    }
    buf_wipe(&secret);
    buf_free(&r.answer);
    return status;
}
