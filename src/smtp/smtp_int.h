/* smtp_int.h - what the files of the SMTP server share: a session, its transaction, replies.
 *
 * The fields of struct smtp are what survives a park: RFC 5321's state diagram. Everything else is
 * a local or lies in the command arena.
 */
#ifndef SMTP_SMTP_INT_H
#define SMTP_SMTP_INT_H

#include "smtp/data_scan_int.h"
#include "smtp/params_int.h"
#include "smtp/smtp.h"

struct intake;

/* What one RCPT added to the transaction's lists. */
struct rcpt_share { size_t local_at, local_n, queue_n, told_at, told_n; bool full; };

/* From MAIL to the end of the message. Its strings lie in the transaction's arena. */
struct transaction {
    struct mail_params mail;
    str sender;                  /* as written, without angle brackets; empty: the null sender */
    struct address first_rcpt;   /* named in Received when it is the only one */
    unsigned rcpts;              /* accepted RCPT commands */
    struct local_rcpt *local; size_t local_n;   /* cap ACCEPT_RCPTS */
    struct queue_rcpt *queue; size_t queue_n;   /* likewise */
    struct delivered *told; size_t told_n;      /* filed here, and NOTIFY=SUCCESS asked to say so */
    struct rcpt_share *shares;   /* one an accepted RCPT, where each is answered (LMTP) */
    int64_t release_us;          /* not before (RFC 4865); 0: now */
    struct deliver_by by;        /* RFC 2852 */
    int priority;                /* RFC 6710, as granted */
    struct intake *intake;       /* while chunks come (BDAT) */
};

/* Where a session is; a command's row names those in which it may be given. */
enum smtp_state {
    SMTP_START = 1,  /* no EHLO yet */
    SMTP_READY = 2,  /* greeted, no transaction */
    SMTP_MAIL = 4,   /* sender given */
    SMTP_RCPT = 8,   /* and at least one recipient */
    SMTP_CHUNKS = 16, /* and a part of the message */
};

struct smtp {
    struct conn *conn;
    const struct smtp_server *server;
    enum smtp_state state;
    bool esmtp;              /* EHLO, not HELO */
    bool closing;            /* after the replies that are on their way */
    bool logged_in;
    bool may_xclient;        /* it came from a network of the setting */
    struct buf helo;         /* what the peer calls itself; at most SMTP_HELO_BYTES */
    struct login login;      /* its address in the session's arena */
    struct auth_stay stay;   /* it ends when the user may no longer be here */
    unsigned errors;         /* 5xx so far */
    unsigned auth_failures;
    unsigned fruitless;      /* commands since the last message, RCPT not among them */
    uint64_t opened_us;      /* monotonic */
    unsigned last_code;      /* of the reply to the command being served */
    str last_text;           /* likewise, in the command arena */
    struct arena session;
    struct arena command;    /* reset after each command */
    struct arena tx_arena;
    struct transaction tx;
};

/* --- replies (reply.c): the only way out ------------------------------------------------------------
 * One reply line with an enhanced code (RFC 2034), "" for none. The text is printable ASCII; one
 * that is not (response injection) is never sent. Returns OK for 2xx and 3xx, ERR_LATER for 4xx,
 * ERR_DENIED for 5xx: so that a command can end with `return smtp_reply(…)`. */
enum err smtp_reply(struct smtp *s, unsigned code, const char *enhanced, str text);
/* The answer to a whole message: in LMTP one for each accepted RCPT (RFC 2033 4.2). */
enum err smtp_reply_each(struct smtp *s, unsigned code, const char *enhanced, str text);
/* A line of a reply that goes on: "250-text". */
void smtp_reply_more(struct smtp *s, unsigned code, str text);
/* 421, and the session ends. RFC 5321 3.8. */
enum err smtp_bare_lf(struct smtp *s); /* 500, and the end */
enum err smtp_bye(struct smtp *s, const char *enhanced, str why);

/* --- session (session.c) ---------------------------------------------------------------------- */
void smtp_forget_transaction(struct smtp *s); /* RSET's effect; the state is READY if greeted */
/* All that was said so far, the greeting included, is forgotten (STARTTLS, XCLIENT). */
void smtp_forget_all(struct smtp *s);
enum err smtp_greet(struct smtp *s);
enum err smtp_stay_over(struct smtp *s); /* 421, and the end, for a log-in that has ended */
void smtp_log_peer(struct smtp *s);

/* strangers.c: what is too much for one address; nothing to those who logged in. Waits: the more
 * was asked, the later the answer. OK; ERR_LATER: refused, and answered; ERR_GONE. */
enum err smtp_guard(struct smtp *s, enum guard_kind kind);
void smtp_guard_error(struct smtp *s);   /* after a refusal; may end the session. Waits. */
/* After each command: who has not logged in to submission by auth.stranger_commands, or says
 * SMTP_FRUITLESS_COMMANDS without a message, is told goodbye. */
void smtp_judge_stranger(struct smtp *s);
bool smtp_awaits_login(const struct smtp *s);    /* on submission */
unsigned smtp_patience_ms(const struct smtp *s); /* for the next command, or for the log-in */
void smtp_timeout(struct smtp *s);               /* that is over */
bool smtp_guard_welcome(struct smtp *s); /* false: the session was ended. Waits. */
str smtp_hostname(const struct smtp *s);
bool smtp_is_lmtp(const struct smtp *s);
int64_t smtp_now_us(const struct smtp *s); /* the wall clock */
bool smtp_can_hold(const struct smtp *s);  /* FUTURERELEASE is offered */
str smtp_verbs(struct smtp *s);            /* those that are served here, for HELP */
enum err smtp_say_hello_first(struct smtp *s); /* 503 */

/* --- commands: each gets what follows its verb, trimmed --------------------------------------- */
typedef enum err smtp_command_fn(struct smtp *s, str args);
smtp_command_fn smtp_ehlo, smtp_helo, smtp_lhlo, smtp_starttls, smtp_auth, smtp_mail, smtp_rcpt, smtp_data,
    smtp_bdat, smtp_rset, smtp_noop, smtp_quit, smtp_vrfy, smtp_expn, smtp_help, smtp_xclient;

/* At most n bytes of a message that must be whole by until_us (data.c). Waits. */
enum err smtp_read_piece(struct smtp *s, size_t n, uint64_t until_us, str *bytes) MUST_CHECK;
enum err smtp_no_recipients(struct smtp *s); /* 554; in LMTP 503 (RFC 2033 4.2) */
/* Has one of these mailboxes room for so many bytes more? */
bool smtp_has_room(struct view *v, const struct local_rcpt *to, size_t n, uint64_t bytes);
enum err smtp_refuse_route(struct smtp *s, enum err why); /* what route_find said */
bool smtp_auth_offered(const struct smtp *s);

/* --- how much a user sends (rates.c) ----------------------------------------------------------- */
enum smtp_rate { RATE_MESSAGES, RATE_RCPTS, RATE_KINDS };
/* One more of it; false, and nothing counted, if the hour's are used up. Any thread. */
bool smtp_rate_take(struct smtp_rates *r, struct account who, enum smtp_rate kind, uint64_t now_us);
/* OK, or 450 with what the limit is; nobody's mail but a user's is counted. */
enum err smtp_rate(struct smtp *s, enum smtp_rate kind);

/* --- LMTP (lmtp.c) ---------------------------------------------------------------------------- */
/* Drops those whose mailbox has no room for so many bytes; false if nobody is left. Never waits. */
bool lmtp_drop_full(struct smtp *s, uint64_t bytes);
enum err lmtp_answer(struct smtp *s, str taken); /* a reply for each: taken, or that it is full */

/* --- who sends (sender.c); both never wait ----------------------------------------------------- */
bool smtp_may_send_as(struct smtp *s, struct address sender);
/* RFC 6409 6.1 as people read it: not only the envelope, also each From is the user's own. */
bool smtp_may_say_from(struct smtp *s, str header);

/* --- a message on its way in (intake.c) ------------------------------------------------------- */
/* Begin to take a message for the open transaction. Waits. ERR_LATER: no room (452 4.3.1). */
enum err intake_new(struct smtp *s, struct intake **out) MUST_CHECK;
void intake_free(struct intake *in); /* NULL is fine; what was not accepted is swept */
/* Bytes as they come from DATA: *used of them belong to the message, the rest to the next command.
 * True when CRLF.CRLF came. What is wrong is remembered; from then on nothing is kept. Waits. */
bool intake_data(struct intake *in, str bytes, size_t *used);
void intake_chunk(struct intake *in, str bytes); /* the same from BDAT: all of them. Waits. */
bool intake_failed(const struct intake *in);
/* Failed, and so much came since that reading on until its end is no longer polite but foolish. */
bool intake_is_hopeless(const struct intake *in);
/* The end: stores the message and gives the one answer to the transaction. Waits until durable. */
enum err intake_finish(struct intake *in);
/* The answer to what intake_failed says; last: to the whole message, not to one of its chunks. */
enum err intake_refuse(struct intake *in, bool last);

#endif
