/* lines.c - line ends while a message streams by: lone LF to CRLF, and CRLF to LF. */
#include "mail/lines.h"

void lines_to_crlf(struct lines *l, str piece, struct buf *out)
{
    size_t lf;
    while ((lf = str_chr(piece, '\n')) != STR_NPOS) {
        bool cr = lf > 0 ? piece.p[lf - 1] == '\r' : l->cr;
        buf_add(out, str_take(piece, lf));
        buf_add(out, cr ? S("\n") : S("\r\n"));
        piece = str_from(piece, lf + 1);
        l->cr = false;
    }
    if (piece.n) l->cr = piece.p[piece.n - 1] == '\r';
    buf_add(out, piece);
}

void lines_to_lf(struct lines *l, str piece, struct buf *out)
{
    if (!piece.n) return;
    if (l->cr && piece.p[0] != '\n') buf_addc(out, '\r');
    l->cr = piece.p[piece.n - 1] == '\r';
    str rest = str_take(piece, piece.n - l->cr);
    size_t lf;
    while ((lf = str_chr(rest, '\n')) != STR_NPOS) {
        bool cr = lf > 0 && rest.p[lf - 1] == '\r';
        buf_add(out, str_take(rest, lf - cr));
        buf_addc(out, '\n');
        rest = str_from(rest, lf + 1);
    }
    buf_add(out, rest);
}

void lines_to_lf_end(struct lines *l, struct buf *out)
{
    if (l->cr) buf_addc(out, '\r');
    l->cr = false;
}
