/* compress.c - COMPRESS: from the answer on both sides speak in DEFLATE.
 *
 * RFC 4978 3. The work is the connection's (run/conn_compress.c). TLS never compresses here, so
 * the one thing that can be active already is this command's.
 */
#include "imap/session_int.h"

enum err imap_compress(struct imap *s, const struct command *c)
{
    if (!str_ieq(c->compress, S("DEFLATE"))) return imap_bad(s, S("no such compression"));
    if (conn_compressed(s->conn)) {
        enum err e = imap_bad(s, S("DEFLATE is active already"));
        s->answer.code = S("COMPRESSIONACTIVE");
        return e;
    }
    /* What came along may be compressed or not: the client was to wait. */
    if (conn_buffered(s->conn))
        return imap_bad(s, S("nothing may follow COMPRESS before its answer"));
    s->answer.text = S("DEFLATE from here on");
    imap_answer(s, c->tag, imap_commands[c->what].name, OK);
    s->answer.sent = true;
    return conn_compress(s->conn, S("* BYE [CLIENTBUG] what was sent is no DEFLATE data, or grows "
                                    "beyond all bounds\r\n"));
}
