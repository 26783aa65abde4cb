/* fetch.c - `posthorn fetch`: read a mailbox over IMAP or POP3 and print it. */
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "client/pop3_client.h"
#include "run/once.h"

enum { FETCH_ARENA_BYTES = 1024 * 1024, FETCH_MS = 60000 };

struct fetching {
    struct cli *cli;
    struct cli_server server;
    str user, password_file, mailbox, message;
    bool pop3, trace, delete;
    struct buf password;
    struct arena arena;
    int status;
};

static struct client_options options_of(struct fetching *f)
{
    return (struct client_options){ .to = f->server.at,
                                    .host = f->server.host,
                                    .tls = f->server.encryption,
                                    .tls_client = f->server.tls_client,
                                    .connect_ms = FETCH_MS,
                                    .command_ms = FETCH_MS,
                                    .trace = f->trace ? cli_trace : NULL };
}

static void complain(const char *what, enum err e, str text)
{
    if (text.n)
        cli_complain("%s: %.*s", what, STR_ARG(text));
    else
        cli_complain("%s: %s", what, err_text(e));
}

/* To a file or another program as it is; to a terminal, which would obey it, only shown. */
static void print_message(str text)
{
    if (cli_is_terminal())
        cli_show(text);
    else
        cli_print(text);
}

static void cannot_connect(const struct fetching *f, enum err e)
{
    if (e == ERR_DENIED)
        cli_complain("cannot connect: TLS is refused, or the certificate does not hold");
    else
        cli_complain("cannot connect: nothing at %.*s answers as is due; is --tls right for it?",
                     STR_ARG(f->server.server));
    if (e == ERR_DENIED) cli_note(cli_trust_hint);
}

/* --- IMAP ------------------------------------------------------------------------------------- */

static void print_untagged(void *arg, str response)
{
    (void)arg;
    cli_show(response);
    cli_print(S("\n"));
}

/* Only the literal: the message itself, for a file. *arg: there was one. */
static void print_literal(void *arg, str response)
{
    size_t open = str_chr(response, '{'), line = str_find(response, S("\r\n"));
    uint64_t n;
    if (open == STR_NPOS || line == STR_NPOS || open > line) return;
    if (str_u64(str_sub(response, open + 1, line - open - 2), response.n, &n)) {
        print_message(str_sub(response, line + 2, n));
        *(bool *)arg = true;
    }
}

static enum err imap_steps(struct fetching *f, struct imap_client *c, str *text)
{
    bool one = f->message.n > 0, found = false;
    struct buf name = buf_make(CLIENT_LINE_BYTES);
    buf_addf(&name, "EXAMINE \"%.*s\"", STR_ARG(f->mailbox));
    enum err e = imap_client_login(c, f->user, buf_str(&f->password), text);
    if (!e) e = imap_client_command(c, buf_str(&name), NULL, NULL, text);
    buf_reset(&name);
    buf_addf(&name, "UID FETCH %.*s (BODY.PEEK[])", STR_ARG(f->message));
    str list = S("UID FETCH 1:* (FLAGS RFC822.SIZE ENVELOPE)");
    if (!e)
        e = imap_client_command(c, one ? buf_str(&name) : list,
                                one ? print_literal : print_untagged, &found, text);
    if (!e && one && !found) {
        *text = S("no such message");
        e = ERR_NOTFOUND;
    }
    buf_free(&name);
    return e;
}

static void imap_run(struct fetching *f)
{
    struct client_options o = options_of(f);
    struct imap_client *c;
    str text = { 0 };
    enum err e = imap_client_open(&o, &f->arena, &c);
    if (e) {
        cannot_connect(f, e);
        return;
    }
    e = imap_steps(f, c, &text);
    if (e)
        complain("refused", e, text);
    else
        f->status = 0;
    imap_client_close(c);
}

/* --- POP3 ------------------------------------------------------------------------------------- */

static enum err pop3_steps(struct fetching *f, struct pop3_client *c, str *text)
{
    struct buf body = buf_make(CLIENT_RESPONSE_BYTES);
    enum err e = pop3_client_login(c, f->user, buf_str(&f->password), text);
    bool one = f->message.n > 0;
    if (!e)
        e = pop3_client_command(
            c, one ? arena_fmt(&f->arena, "RETR %.*s", STR_ARG(f->message)) : S("LIST"), &body,
            text);
    if (!e) print_message(buf_str(&body));
    if (!e && one && f->delete)
        e = pop3_client_command(c, arena_fmt(&f->arena, "DELE %.*s", STR_ARG(f->message)), NULL,
                                text);
    if (!e) e = pop3_client_command(c, S("QUIT"), NULL, text);
    buf_free(&body);
    return e;
}

static void pop3_run(struct fetching *f)
{
    struct client_options o = options_of(f);
    struct pop3_client *c;
    str text = { 0 };
    enum err e = pop3_client_open(&o, &f->arena, &c);
    if (e) {
        cannot_connect(f, e);
        return;
    }
    e = pop3_steps(f, c, &text);
    if (e)
        complain("refused", e, text);
    else
        f->status = 0;
    pop3_client_close(c, false);
}

static void fetch_run(void *arg)
{
    struct fetching *f = arg;
    if (f->pop3)
        pop3_run(f);
    else
        imap_run(f);
}

/* --- words ------------------------------------------------------------------------------------ */

static bool is_number(str s)
{
    uint64_t n;
    return str_u64(s, UINT32_MAX, &n) && n;
}

static bool words_ok(const struct fetching *f)
{
    if (f->message.n && !is_number(f->message))
        return cli_complain("a message is named by its number"), false;
    bool plain = str_is_ascii(f->mailbox);
    for (size_t i = 0; i < f->mailbox.n; i++)
        plain = plain && !ascii_ctl(f->mailbox.p[i]);
    if (!plain || str_has(f->mailbox, '"') || str_has(f->mailbox, '\\'))
        return cli_complain("the mailbox is named in IMAP's own form: ASCII without quotes"), false;
    return true;
}

static bool read_password(struct fetching *f)
{
    bool got = f->password_file.n ? cli_read_file(f->cli->seam, f->password_file, &f->password)
                                  : cli_secret("Password: ", &f->password);
    if (!got) return cli_no_password(f->password_file), false;
    buf_truncate(&f->password, str_chomp(buf_str(&f->password)).n);
    return true;
}

static bool prepare(struct fetching *f, const str *args, size_t n)
{
    bool help = false;
    const struct cli_option options[] = {
        { "--server", "ADDRESS:PORT of the server", .value = &f->server.server },
        { "--host", "the server's name, as in its certificate", .value = &f->server.host },
        { "--tls", "starttls (default), implicit, or none", .value = &f->server.tls },
        { "--ca", "file with the authorities to trust; 'insecure': any certificate",
          .value = &f->server.ca_file },
        { "--user", "log in as; the password is the first line of standard input",
          .value = &f->user },
        { "--password", "file with the password instead", .value = &f->password_file },
        { "--mailbox", "IMAP mailbox, INBOX if none is named", .value = &f->mailbox },
        { "--pop3", "speak POP3 instead of IMAP", .flag = &f->pop3 },
        { "--delete", "POP3: delete the message that is fetched", .flag = &f->delete },
        { "--trace", "show the conversation on standard error", .flag = &f->trace },
        { "--help", "this text", .flag = &help },
    };
    bool ok = cli_options(options, COUNT_OF(options), args, n, &f->message);
    if (help || !ok || !f->user.n) {
        cli_options_usage("fetch --server ADDRESS:PORT --user USER [NUMBER]", options,
                          COUNT_OF(options));
        f->status = help ? 0 : 2;
        return false;
    }
    if (!f->mailbox.n) f->mailbox = S("INBOX");
    return words_ok(f) && cli_server_resolve(&f->server, &f->arena) && read_password(f);
}

int cli_fetch(struct cli *cli, const str *args, size_t n)
{
    struct fetching f = { .cli = cli,
                          .arena = arena_make(FETCH_ARENA_BYTES),
                          .password = buf_make(AUTH_PASSWORD_BYTES + 2),
                          .status = 1 };
    if (prepare(&f, args, n) && once(cli->seam, fetch_run, &f)) cli_complain("no room to run");
    tls_client_free(f.server.tls_client);
    buf_wipe(&f.password);
    arena_free(&f.arena);
    return f.status;
}
