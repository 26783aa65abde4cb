/* data.c - DATA: the message, up to CRLF.CRLF. RFC 5321 4.1.1.4.
 *
 * Whatever goes wrong on the way, the bytes are read to their end before the answer, so that none
 * of them is ever taken for a command.
 */
#include "base/limits.h"
#include "smtp/smtp_int.h"

/* The next piece must come within the gap allowed, and the whole within SMTP_MESSAGE_MS. */
enum err smtp_read_piece(struct smtp *s, size_t n, uint64_t until_us, str *bytes)
{
    uint64_t now = loop_now_us(conn_loop(s->conn));
    uint64_t left_ms = until_us > now ? (until_us - now) / 1000 : 0;
    uint64_t gap_ms = s->server->settings->data_ms;
    conn_deadline(s->conn, (unsigned)(gap_ms < left_ms ? gap_ms : left_ms));
    enum err e = conn_read_in_time(s->conn, n, bytes);
    if (s->stay.over) {
        (void)smtp_stay_over(s);
        return ERR_GONE;
    }
    if (!e || conn_gone(s->conn)) return e;
    /* RFC 5321 3.8: what was not answered was not taken, and the client learns why. */
    (void)(e == ERR_LATER ? smtp_bye(s, "4.4.2", S("the message did not come in time"))
                          : smtp_bye(s, "4.3.2", S("going down, try again soon")));
    return ERR_GONE;
}

/* Read to CRLF.CRLF. What follows it in the buffer is the next command. Waits. */
static enum err read_message(struct smtp *s, struct intake *in)
{
    uint64_t until_us = loop_now_us(conn_loop(s->conn)) + SMTP_MESSAGE_MS * UINT64_C(1000);
    bool ended = false;
    while (!ended) {
        str bytes;
        size_t used = 0;
        if (smtp_read_piece(s, CONN_INPUT_BYTES, until_us, &bytes)) return ERR_GONE;
        ended = intake_data(in, bytes, &used);
        conn_unread(s->conn, bytes.n - used);
        if (!ended && intake_is_hopeless(in)) {
            (void)intake_refuse(in, true);
            return smtp_bye(s, "4.7.0", S("that message does not end"));
        }
    }
    return intake_finish(in);
}

enum err smtp_no_recipients(struct smtp *s)
{
    return smtp_reply(s, smtp_is_lmtp(s) ? 503 : 554, "5.5.1", S("no valid recipients"));
}

enum err smtp_data(struct smtp *s, str args)
{
    if (args.n) return smtp_reply(s, 501, "5.5.4", S("DATA takes no argument"));
    if (s->state == SMTP_MAIL) return smtp_no_recipients(s);
    if (s->tx.mail.binary) return smtp_reply(s, 503, "5.5.1", S("BODY=BINARYMIME comes by BDAT"));

    struct intake *in;
    if (intake_new(s, &in)) {
        smtp_forget_transaction(s);
        return smtp_reply(s, 452, "4.3.1", S("no room for a message now, try again"));
    }
    (void)smtp_reply(s, 354, "", S("send it, and end with <CRLF>.<CRLF>"));
    enum err e = read_message(s, in);
    intake_free(in);
    smtp_forget_transaction(s);
    return e;
}
