/* log_sink_test.c - what strangers cause does not fill the disk, and what matters is written all
 * the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "run/process.h"

static unsigned count_lines(FILE *file, const char *with)
{
    static char line[LOG_LINE_BYTES];
    unsigned n = 0;
    rewind(file);
    while (fgets(line, sizeof line, file))
        n += strstr(line, with) != NULL;
    return n;
}

static void a_flood_of_lines_ends(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    process_log_to_fd(fileno(file));
    for (unsigned i = 0; i < 8 * LOG_RATION_BURST; i++)
        log_event(LOG_WARN, "imap.bad_command", (str){ 0 }, F_NUM("n", i));
    for (unsigned i = 0; i < 2 * LOG_RATION_BURST; i++)
        log_event(LOG_INFO, "smtp.accepted", (str){ 0 }, F_NUM("n", i));
    log_event(LOG_INFO, "tls.failed", (str){ 0 }, F_CSTR("why", "of another kind"));
    process_log_to_fd(-1);
    unsigned bad = count_lines(file, " imap.bad_command ");
    assert_in_range(bad, LOG_RATION_BURST, 2 * LOG_RATION_BURST);
    assert_int_equal(count_lines(file, "log.left_out"), 1);
    assert_int_equal(count_lines(file, "event=imap.bad_command"), 1);
    assert_int_equal(count_lines(file, " smtp.accepted "), 2 * LOG_RATION_BURST);
    assert_int_equal(count_lines(file, " tls.failed "), 1);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_lines_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
