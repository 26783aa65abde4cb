/* server.c - a server at the other end of the control socket, whether one runs or not. */
#include "cli/server.h"

#include "admin/offline.h"
#include "base/limits.h"
#include "run/beside.h"
#include "run/once.h"
#include "run/process.h"

struct talking {
    cli_talk *talk;
    void *arg;
    struct buf *why;
    enum err result;
};

static void talk(void *arg)
{
    struct talking *t = arg;
    t->result = t->talk(t->arg, t->why);
}

static void say_ready(void *arg)
{
    beside_ready(arg);
}

/* In the process beside: the files that it makes are the server's too. */
static int serve_beside(void *arg, struct beside_self *self)
{
    struct cli *cli = arg;
    struct buf why = buf_make(ADMIN_REASON_BYTES);
    struct admin_offline_server o = { .store = cli->store,
                                      .auth = cli->auth,
                                      .control = &cli->control,
                                      .until = self->until,
                                      .ready = say_ready,
                                      .arg = self };
    enum err e = process_become_owner(seam_data_dir(cli->seam)) ? OK : ERR_DENIED;
    if (e)
        buf_addf(&why, "cannot become the owner of %s", seam_data_dir(cli->seam));
    else
        e = admin_offline_serve(cli->seam, &o, &why);
    if (e) cli_complain("%.*s", STR_ARG(str_chomp(buf_str(&why))));
    buf_free(&why);
    return e ? 1 : 0;
}

static enum err once_talk(struct cli *cli, struct talking *t)
{
    if (once(cli->seam, talk, t) == OK) return t->result;
    buf_addf(t->why, "no room to run");
    return ERR_LIMIT;
}

enum err cli_with_server(struct cli *cli, cli_talk *fn, void *arg, struct buf *why)
{
    struct talking t = { .talk = fn, .arg = arg, .why = why };
    struct beside beside;
    enum err e = once_talk(cli, &t);
    if (e == ERR_GONE && !why->n) buf_add(why, admin_gone_text);
    if (e != ERR_NOTFOUND || why->n) return e;
    if (cli->missing) {
        buf_addf(why, "the data folder %s does not exist; posthorn serve makes it", cli->missing);
        return e;
    }
    if (!beside_start(&beside, serve_beside, cli)) {
        buf_addf(why, "the store cannot be opened");
        return ERR_LATER;
    }
    e = once_talk(cli, &t);
    beside_end(&beside);
    if (e && !why->n) buf_addf(why, "%s", err_text(e));
    return e;
}
