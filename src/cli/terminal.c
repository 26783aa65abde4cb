/* terminal.c - standard input, output and error, and a prompt that does not echo. */
#include <stdarg.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/cli.h"

static bool write_all(int fd, str text)
{
    while (text.n) {
        ssize_t n = write(fd, text.p, text.n);
        if (n <= 0) return false;
        text = str_from(text, (size_t)n);
    }
    return true;
}

void cli_print(str text)
{
    (void)!write_all(STDOUT_FILENO, text);
}

void cli_complain(const char *format, ...)
{
    struct buf text = buf_make(ADMIN_REASON_BYTES);
    va_list ap;
    va_start(ap, format);
    buf_addv(&text, format, ap);
    va_end(ap);
    write_all(STDERR_FILENO, S("posthorn: "));
    write_all(STDERR_FILENO, buf_str(&text));
    write_all(STDERR_FILENO, S("\n"));
    buf_free(&text);
}

bool cli_read_input(struct buf *out)
{
    enum { PIECE_BYTES = 64 * 1024 };
    for (;;) {
        char *room = buf_reserve(out, PIECE_BYTES);
        if (!room) return false;
        ssize_t n = read(STDIN_FILENO, room, PIECE_BYTES);
        if (n < 0) return false;
        if (n == 0) return true;
        buf_commit(out, (size_t)n);
    }
}

/* Byte by byte: what follows the line is not ours to take. */
static bool read_line(struct buf *out)
{
    char c;
    while (read(STDIN_FILENO, &c, 1) == 1) {
        if (c == '\n') return !out->full;
        buf_addc(out, c);
    }
    return out->n && !out->full;
}

bool cli_secret(const char *prompt, struct buf *out)
{
    struct termios old, quiet;
    bool terminal = tcgetattr(STDIN_FILENO, &old) == 0;
    if (terminal) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        write_all(STDERR_FILENO, str_of(prompt));
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool got = read_line(out);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        write_all(STDERR_FILENO, S("\n"));
    }
    if (got && out->n && out->p[out->n - 1] == '\r') buf_truncate(out, out->n - 1);
    return got && out->n;
}
