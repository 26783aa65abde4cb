/* whole_fuzz.c - whole sessions, several at once, against a whole server over the embedded store.
 *
 * An input is a play (play.h); FIRST, the first visitor's letter, is what makes the targets. After
 * each play everybody has gone, replies were in order and another client is answered; now and then
 * the store is checked as `posthorn check` does it. A house serves several plays, for opening one
 * takes longer than most of them: a finding is kept with all that its house has seen, as one play.
 */
#include <stdio.h>
#include <stdlib.h>

#include "play.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Called by the sanitizers: before they end the process, and to look for leaks. */
void __asan_on_error(void);
void __ubsan_on_report(void);
int __lsan_do_recoverable_leak_check(void);

enum { PLAYS_A_HOUSE = 40, HOUSES_A_LEAK_CHECK = 20, HISTORY_BYTES = 2 << 20 };

static struct {
    struct house *house;
    unsigned plays, houses;
    struct buf history;
} now;

/* --- what led here ---------------------------------------------------------------------------- */

static void keep_history(void)
{
    const char *path = getenv("FUZZ_HISTORY");
    FILE *f = path && now.plays > 1 ? fopen(path, "wb") : NULL;
    if (!f) return;
    fwrite(now.history.p, 1, now.history.n, f);
    fclose(f);
    fprintf(stderr, "%u plays of this house: %s\n", now.plays, path);
}

void __asan_on_error(void)
{
    keep_history();
}

void __ubsan_on_report(void)
{
    keep_history();
}

void finding(const char *what)
{
    fprintf(stderr, "not so: %s\n", what);
    keep_history();
    abort();
}

static void note(str input)
{
    static const char next[] = { DIRECTION, PLAY_NEXT };
    if (now.history.n) buf_add(&now.history, (str){ next, sizeof(next) });
    buf_add(&now.history, input);
}

/* --- a house for some plays ------------------------------------------------------------------- */

static void close_house(void)
{
    if (!now.house) return;
    if (!now.house->damaged) house_check(now.house);
    house_close(now.house);
    now.house = NULL;
    if (++now.houses % HOUSES_A_LEAK_CHECK == 0) REQUIRE(!__lsan_do_recoverable_leak_check());
}

static void at_end(void)
{
    close_house();
    buf_free(&now.history);
}

static void open_house(void)
{
    if (now.house) return;
    if (!now.history.max) REQUIRE(!atexit(at_end)); /* before leaks are looked for */
    now.house = house_open(1);
    now.plays = 0;
    now.history.max = HISTORY_BYTES;
    buf_reset(&now.history);
}

/* Users may be others now, or many things were kept: the next play begins in a new house. */
static bool worn_out(str input)
{
    static const char control[] = { DIRECTION, 'u' };
    return now.plays == PLAYS_A_HOUSE || now.house->damaged || now.history.n > HISTORY_BYTES / 2 ||
           str_find(input, (str){ control, sizeof(control) }) != STR_NPOS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str input = { (const char *)data, size };
    if (size > HISTORY_BYTES) return 0;
    open_house();
    note(input);
    now.plays++;
    play(now.house, FIRST, input);
    if (worn_out(input)) close_house();
    return 0;
}
