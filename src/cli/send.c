/* send.c - `posthorn send`: submit a message from a file or standard input, as a mail client would.
 */
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "mail/address.h"
#include "run/once.h"
#include "smtp/smtp_client.h"

enum {
    SEND_ARENA_BYTES = 4 * 1024 * 1024,
    SEND_MESSAGE_BYTES = 256 * 1024 * 1024,
    SEND_MS = 60000,
    SEND_RCPTS = 1000
};

struct sending {
    struct cli *cli;
    struct cli_server server;
    str from, user, password_file, hello;
    struct smtp_client_rcpt *rcpts;
    size_t n;
    bool trace;
    struct buf message, password;
    size_t given; /* of the message, to the client */
    struct arena arena;
    int status;
};

static bool add_rcpt(void *arg, str address)
{
    struct sending *s = arg;
    struct address to;
    if (s->n == SEND_RCPTS || !address_parse(&s->arena, address, ADDRESS_UTF8, &to)) {
        cli_complain(s->n == SEND_RCPTS ? "too many recipients" : "--to '%.*s' is no mail address",
                     STR_ARG(address));
        return false;
    }
    s->rcpts[s->n++] = (struct smtp_client_rcpt){ .address = address };
    return true;
}

static enum err give(void *arg, str *bytes, bool *end)
{
    struct sending *s = arg;
    *bytes = str_sub(buf_str(&s->message), s->given, CONN_OUTPUT_BYTES);
    s->given += bytes->n;
    *end = s->given >= s->message.n;
    return OK;
}

/* Files have bare LF; a message in SMTP has CRLF (RFC 5321 2.3.8). */
static bool with_crlf(struct buf *b)
{
    struct buf out = buf_make(SEND_MESSAGE_BYTES);
    str rest = buf_str(b), line;
    while (str_split(&rest, '\n', &line)) {
        buf_add(&out, str_ends(line, S("\r")) ? str_take(line, line.n - 1) : line);
        buf_add(&out, S("\r\n"));
    }
    buf_free(b);
    *b = out;
    return !out.full;
}

static void say_reply(const struct sending *s, const char *what, const struct smtp_reply *r)
{
    (void)s;
    if (r->code)
        cli_complain("%s: %u %.*s", what, r->code, STR_ARG(r->text));
    else
        cli_complain("%s: %.*s", what, STR_ARG(r->text.n ? r->text : S("no answer")));
}

static void transact(struct sending *s, struct smtp_client *c)
{
    struct smtp_reply reply = { 0 };
    bool ascii = str_is_ascii(buf_str(&s->message));
    struct smtp_client_message m = { .sender = s->from,
                                     .eight_bit = !ascii,
                                     .size_bytes = s->message.n,
                                     .utf8 = !str_is_ascii(s->from),
                                     .rcpts = s->rcpts,
                                     .n = s->n,
                                     .source = give,
                                     .source_arg = s };
    enum err e = smtp_client_send(c, &m, &reply);
    if (e) {
        say_reply(s, "not sent", &reply);
        return;
    }
    s->status = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct buf line = buf_make(SMTP_REPLY_BYTES);
        buf_addf(&line, "%.*s: %u %.*s\n", STR_ARG(s->rcpts[i].address), s->rcpts[i].reply.code,
                 STR_ARG(s->rcpts[i].reply.text));
        cli_show(buf_str(&line));
        buf_free(&line);
        if (!s->rcpts[i].accepted) s->status = 1;
    }
}

static void send_run(void *arg)
{
    struct sending *s = arg;
    static const enum smtp_tls tls[] = { [CLIENT_CLEAR] = SMTP_TLS_NONE,
                                         [CLIENT_STARTTLS] = SMTP_TLS_VERIFY,
                                         [CLIENT_TLS] = SMTP_TLS_IMPLICIT };
    struct smtp_client_options o = {
        .to = s->server.at,
        .host = s->server.host,
        .hello = s->hello.n ? s->hello : S("localhost"),
        .tls = tls[s->server.encryption],
        .tls_client = s->server.tls_client,
        .user = s->user,
        .password = buf_str(&s->password),
        .connect_ms = SEND_MS,
        .greeting_ms = SEND_MS,
        .command_ms = SEND_MS,
        .data_ms = SEND_MS,
        .end_ms = SEND_MS,
        .trace = s->trace ? cli_trace : NULL,
    };
    struct smtp_client *c;
    struct smtp_reply reply;
    bool tls_failed = false;
    if (smtp_client_open(&o, &s->arena, &c, &reply, &tls_failed)) {
        say_reply(s, "cannot send", &reply);
        if (tls_failed) cli_note(cli_trust_hint);
        return;
    }
    transact(s, c);
    smtp_client_close(c);
}

/* The message is the file named, or standard input after the password's line. */
static bool read_all(struct sending *s, str file)
{
    if (s->user.n) {
        bool got = s->password_file.n ? cli_read_file(s->cli->seam, s->password_file, &s->password)
                                      : cli_secret("Password: ", &s->password);
        if (!got) return cli_no_password(s->password_file), false;
        buf_truncate(&s->password, str_chomp(buf_str(&s->password)).n);
    }
    bool got =
        file.n ? cli_read_file(s->cli->seam, file, &s->message) : cli_read_input(&s->message);
    if (!got || !with_crlf(&s->message))
        return cli_complain("%.*s cannot be read, or is too large",
                            STR_ARG(file.n ? file : S("standard input"))),
               false;
    return true;
}

static bool prepare(struct sending *s, const str *args, size_t n)
{
    bool help = false;
    str file = { 0 };
    const struct cli_option options[] = {
        { "--server", "ADDRESS:PORT of the submission server", .value = &s->server.server },
        { "--host", "the server's name, as in its certificate", .value = &s->server.host },
        { "--tls", "starttls (default), implicit, or none", .value = &s->server.tls },
        { "--ca", "file with the authorities to trust; 'insecure': any certificate",
          .value = &s->server.ca_file },
        { "--from", "the sender's address", .value = &s->from },
        { "--to", "a recipient's address; may come many times", .each = add_rcpt, .arg = s },
        { "--user", "log in as; the password is the first line of standard input",
          .value = &s->user },
        { "--password", "file with the password instead", .value = &s->password_file },
        { "--hello", "what we call ourselves", .value = &s->hello },
        { "--trace", "show the conversation on standard error", .flag = &s->trace },
        { "--help", "this text", .flag = &help },
    };
    bool ok = cli_options(options, COUNT_OF(options), args, n, &file);
    if (help || !ok || !s->from.n || !s->n) {
        cli_options_usage("send --server ADDRESS:PORT --from SENDER --to RECIPIENT [FILE]", options,
                          COUNT_OF(options));
        s->status = help ? 0 : 2;
        return false;
    }
    return cli_server_resolve(&s->server, &s->arena) && read_all(s, file);
}

int cli_send(struct cli *cli, const str *args, size_t n)
{
    struct sending s = { .cli = cli,
                         .arena = arena_make(SEND_ARENA_BYTES),
                         .message = buf_make(SEND_MESSAGE_BYTES),
                         .password = buf_make(AUTH_PASSWORD_BYTES + 2),
                         .status = 1 };
    s.rcpts = ARENA_ARRAY(&s.arena, SEND_RCPTS, struct smtp_client_rcpt);
    if (s.rcpts && prepare(&s, args, n) && once(cli->seam, send_run, &s))
        cli_complain("no room to run");
    tls_client_free(s.server.tls_client);
    buf_wipe(&s.password);
    buf_free(&s.message);
    arena_free(&s.arena);
    return s.status;
}
