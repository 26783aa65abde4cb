/* story.c - telling the demo's story: chapters, words, claims with a tick or a cross. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "demo/story.h"

enum { RUN_LINES_MAX = 14, LINE_COLUMNS = 100, SECRETS_MAX = 8 };

static bool colour;
static unsigned chapters, checks, failures;
static str secrets[SECRETS_MAX];
static size_t secrets_n;
static bool leaked;

static const char *paint(const char *code)
{
    return colour ? code : "";
}
#define BOLD  paint("\033[1m")
#define DIM   paint("\033[2m")
#define RED   paint("\033[1;31m")
#define GREEN paint("\033[32m")
#define CYAN  paint("\033[36m")
#define PLAIN paint("\033[0m")

void story_begin(void)
{
    colour = isatty(STDOUT_FILENO);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

void title(const char *text)
{
    printf("%s%s%s\n", BOLD, text, PLAIN);
}

void chapter(const char *numbers, const char *title)
{
    printf("\n%s%u. %s%s", BOLD, ++chapters, title, PLAIN);
    printf(*numbers ? "  %s[%s]%s\n" : "%s%s%s\n", DIM, numbers, PLAIN);
}

void say(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fputs("   ", stdout);
    vprintf(format, ap);
    fputc('\n', stdout);
    va_end(ap);
}

void quote(str text)
{
    str line;
    while (str_split(&text, '\n', &line))
        printf("     %s|%s %.*s\n", DIM, PLAIN, STR_ARG(line));
}

bool check(bool ok, const char *numbers, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("   %s%s%s ", ok ? GREEN : RED, ok ? "\xe2\x9c\x93" : "\xe2\x9c\x97 NOT SO:", PLAIN);
    vprintf(format, ap);
    printf(*numbers ? "  %s[%s]%s\n" : "%s%s%s\n", DIM, numbers, PLAIN);
    va_end(ap);
    checks++;
    failures += !ok;
    return ok;
}

unsigned story_checks(void)
{
    return checks;
}

unsigned story_failures(void)
{
    return failures;
}

/* --- the wire --------------------------------------------------------------------------------- */

/* At most n bytes, but never half a character. */
static int whole_characters(const char *text, size_t n, size_t max)
{
    if (n <= max) return (int)n;
    n = max;
    while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return (int)n;
}

static void show_line(const struct wire *w)
{
    printf("     %s%c:%s ", w->direction == '>' ? CYAN : DIM, w->direction == '>' ? 'C' : 'S',
           PLAIN);
    int n = whole_characters(w->line, w->n, LINE_COLUMNS);
    for (int i = 0; i < n; i++)
        putchar(ascii_ctl(w->line[i]) ? ' ' : w->line[i]);
    fputs(w->length > (size_t)n ? "\xe2\x80\xa6" : "", stdout);
    puts(str_eq((str){ w->line, w->n }, S("***")) ? "  (a line with the password: not shown)" : "");
}

static void run_end(struct wire *w)
{
    if (w->skipped)
        printf("     %s   \xe2\x80\xa6 %u more lines, %zu bytes%s\n", DIM, w->skipped,
               w->skipped_bytes, PLAIN);
    w->run = w->skipped = 0;
    w->skipped_bytes = 0;
    w->secret = false;
}

void story_secret(const char *text)
{
    assert(secrets_n < SECRETS_MAX);
    secrets[secrets_n++] = str_of(text);
}

bool story_leaked(void)
{
    return leaked;
}

static void line_end(struct wire *w)
{
    bool secret = str_eq((str){ w->line, w->n }, S("***"));
    for (size_t i = 0; i < secrets_n; i++)
        leaked |= str_find((str){ w->line, w->n }, secrets[i]) != STR_NPOS;
    if (w->run >= (w->run_max ? w->run_max : RUN_LINES_MAX)) {
        w->skipped++;
        w->skipped_bytes += w->length + 2;
    } else if (!secret || !w->secret) {
        show_line(w);
        w->run++;
    }
    w->secret = secret;
    w->n = w->length = 0;
}

static void add_byte(struct wire *w, char c)
{
    if (c == '\n') {
        line_end(w);
        return;
    }
    if (c == '\r') return;
    if (w->n < sizeof w->line) w->line[w->n++] = c;
    w->length++;
}

void wire_trace(void *wire, char direction, str bytes)
{
    struct wire *w = wire;
    if (w->quiet) return;
    if (w->direction != direction) {
        if (w->length) line_end(w);
        run_end(w);
    }
    w->direction = direction;
    for (size_t i = 0; i < bytes.n; i++)
        add_byte(w, bytes.p[i]);
}

void wire_end(struct wire *w)
{
    if (w->length) line_end(w);
    run_end(w);
    w->direction = 0;
}
