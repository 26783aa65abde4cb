/* progress.c - how far a long command is: one line that changes on a terminal, else a line now and
 * then, on standard error. */
#include "cli/progress.h"

#include "cli/cli.h"

enum { TERMINAL_US = 200000, LOG_US = 10000000, LOOK_EVERY = 16, BAR_CELLS = 24 };

void progress_begin(struct progress *p, struct seam *seam, const char *done_word)
{
    *p = (struct progress){ .seam = seam,
                            .done_word = done_word,
                            .began_us = seam_mono_us(seam),
                            .terminal = cli_is_watched() };
    p->told_us = p->began_us;
}

static void add_time(struct buf *out, uint64_t seconds)
{
    if (seconds >= 3600)
        buf_addf(out, "%ju h %02ju min", (uintmax_t)(seconds / 3600),
                 (uintmax_t)(seconds / 60 % 60));
    else if (seconds >= 60)
        buf_addf(out, "%ju min %02ju s", (uintmax_t)(seconds / 60), (uintmax_t)(seconds % 60));
    else
        buf_addf(out, "%ju s", (uintmax_t)seconds);
}

static void add_bar(struct buf *out, uint64_t done, uint64_t total)
{
    size_t cells = (size_t)(done * BAR_CELLS / total);
    buf_addc(out, '[');
    buf_fill(out, '#', cells);
    buf_fill(out, '.', BAR_CELLS - cells);
    buf_addc(out, ']');
}

static void add_rate(const struct progress *p, uint64_t us, struct buf *out)
{
    buf_addc(out, ' ');
    admin_size_text(p->done, out);
    buf_addf(out, " %s, ", p->done_word);
    admin_size_text((uint64_t)((double)p->done * 1e6 / (double)us), out);
    buf_add(out, S("/s"));
}

static void add_line(const struct progress *p, uint64_t now_us, struct buf *out)
{
    uint64_t us = now_us - p->began_us + 1;
    uint64_t done = p->done < p->total ? p->done : p->total;
    if (p->terminal && p->total) add_bar(out, done, p->total);
    if (p->bytes)
        add_rate(p, us, out);
    else
        buf_addf(out, " %ju messages %s, %ju/s", (uintmax_t)p->messages, p->done_word,
                 (uintmax_t)(p->messages * 1000000 / us));
    if (!p->total || !done) return;
    buf_addf(out, ", %ju%%, ", (uintmax_t)(done * 100 / p->total));
    add_time(out, (uint64_t)((double)us / (double)done * (double)(p->total - done) / 1e6));
    buf_addf(out, " left");
}

static void look(struct progress *p)
{
    uint64_t now_us = seam_mono_us(p->seam);
    if (now_us - p->told_us < (p->terminal ? TERMINAL_US : LOG_US)) return;
    p->told_us = now_us;
    struct buf line = buf_make(512);
    add_line(p, now_us, &line);
    if (p->terminal)
        cli_draw(buf_str(&line));
    else
        cli_complain("%.*s", STR_ARG(str_trim(buf_str(&line))));
    p->shown = p->terminal;
    buf_free(&line);
}

void progress_step(struct progress *p)
{
    p->messages++;
    if (p->messages % LOOK_EVERY == 0) look(p);
}

void progress_bytes(struct progress *p, uint64_t done, uint64_t total)
{
    p->bytes = true;
    p->done = done;
    p->total = total;
    look(p);
}

void progress_clear(struct progress *p)
{
    if (p->shown) cli_draw((str){ 0 });
    p->shown = false;
}
