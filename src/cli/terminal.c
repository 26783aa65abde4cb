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

/* Line ends are ours; what is between them is shown. */
static void show_lines(int fd, str text)
{
    struct buf b = buf_make(text.n + 1);
    bool whole = str_ends(text, S("\n"));
    str line;
    while (str_split(&text, '\n', &line)) {
        buf_add_shown(&b, str_ends(line, S("\r")) ? str_take(line, line.n - 1) : line);
        if (text.n || whole) buf_addc(&b, '\n');
    }
    (void)!write_all(fd, buf_str(&b));
    buf_free(&b);
}

bool cli_is_terminal(void)
{
    return isatty(STDOUT_FILENO);
}

bool cli_is_watched(void)
{
    return isatty(STDERR_FILENO);
}

void cli_draw(str line)
{
    struct buf b = buf_make(1024);
    buf_add(&b, S("\r"));
    buf_add_shown(&b, line);
    buf_add(&b, S("\x1b[K")); /* what of the old line is left */
    (void)!write_all(STDERR_FILENO, buf_str(&b));
    buf_free(&b);
}

void cli_show(str text)
{
    show_lines(STDOUT_FILENO, text);
}

void cli_note(str text)
{
    show_lines(STDERR_FILENO, text);
}

void cli_complain(const char *format, ...)
{
    struct buf text = buf_make(ADMIN_REASON_BYTES);
    va_list ap;
    va_start(ap, format);
    buf_addv(&text, format, ap);
    va_end(ap);
    write_all(STDERR_FILENO, S("posthorn: "));
    show_lines(STDERR_FILENO, buf_str(&text));
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

const char *cli_full_path(str path, struct arena *a)
{
    if (str_starts(path, S("/"))) return arena_cstr(a, path);
    char *here = get_current_dir_name();
    str full = arena_fmt(a, "%s/%.*s", here ? here : "", STR_ARG(path));
    mem_free(here); /* the C library allocated it with malloc, which mem_free undoes */
    return arena_cstr(a, full);
}

bool cli_read_file(struct seam *seam, str path, struct buf *out)
{
    enum { PIECE_BYTES = 64 * 1024 };
    struct arena a = arena_make(16 * 1024);
    const char *name = cli_full_path(path, &a);
    int file = name ? seam_open(seam, name, SEAM_READ) : -1;
    arena_free(&a);
    if (file < 0) return false;
    char *piece = mem_new(PIECE_BYTES);
    ssize_t n = 1;
    for (uint64_t at = 0; n > 0; at += (uint64_t)n) {
        n = seam_pread(seam, file, piece, PIECE_BYTES, at);
        if (n > 0) buf_add(out, (str){ piece, (size_t)n });
    }
    mem_free(piece);
    seam_close(seam, file);
    return n == 0 && !out->full;
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
    (void)buf_reserve(out, out->max); /* it never moves */
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
