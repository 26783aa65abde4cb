/* append_test.c - APPEND's limits in number and time, and parts that BINARY decodes in pieces. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/limits.h"
#include "imap/server_fixture.h"

static void expect_start(const char *start)
{
    const char *line = client_line(0, 5000);
    if (!line || strncmp(line, start, strlen(start)) != 0)
        fail_msg("%s: expected: %s…\n got: %.300s", w.playing, start, line ? line : "(nothing)");
}

static void say(const char *line)
{
    client_send(0, str_of(line), false);
}

static void log_in(const char *test)
{
    w.playing = test;
    client_open(0);
    expect_start("* OK ");
    say("l LOGIN alice@a.test secret");
    expect_start("l OK ");
}

static void begin(const char *test)
{
    world_begin();
    log_in(test);
}

static void open_drafts(void)
{
    const char *line;
    say("s SELECT Drafts");
    while ((line = client_line(0, 5000)) && strncmp(line, "* ", 2) == 0)
        ;
    assert_non_null(line);
    assert_memory_equal(line, "s OK", 4);
}

static void pause_ms(unsigned ms)
{
    for (uint64_t until = seam_mono_us(w.seam) + ms * 1000ull; seam_mono_us(w.seam) < until;)
        spin();
}

/* --- number --------------------------------------------------------------------------------- */
static void append_many(size_t n)
{
    struct buf all = buf_make(1 << 20);
    buf_add(&all, S("a APPEND Drafts"));
    for (size_t i = 0; i < n; i++)
        buf_add(&all, S(" {16+}\r\nSubject: x\r\n\r\nab"));
    client_send(0, buf_str(&all), false);
    buf_free(&all);
}

static void a_command_has_so_many_messages(void **state)
{
    (void)state;
    begin("many");
    append_many(IMAP_APPEND_MESSAGES + 1);
    expect_start("a NO [LIMIT] ");
    say("b STATUS Drafts (MESSAGES)");
    expect_start("* STATUS \"Drafts\" (MESSAGES 0)");
    expect_start("b OK ");
    append_many(IMAP_APPEND_MESSAGES);
    expect_start("a OK [APPENDUID ");
    say("c STATUS Drafts (MESSAGES UIDNEXT)");
    expect_start("* STATUS \"Drafts\" (MESSAGES 150 UIDNEXT 151)");
    expect_start("c OK ");
    world_end();
}

static void set_quota(uint64_t bytes)
{
    struct user user;
    struct view *v = store_view(w.store);
    struct arena a = arena_make(1 << 20);
    assert_int_equal(store_user_find(v, S("alice@a.test"), &user), OK);
    user.address = arena_copy(&a, user.address);
    user.password_hash = arena_copy(&a, user.password_hash);
    view_end(v);
    user.quota_bytes = bytes;
    assert_int_equal(store_user_update(w.store, &user), OK);
    arena_free(&a);
}

/* The sum counts: the third of three has no room, and none is filed. */
static void quota_is_that_of_all(void **state)
{
    (void)state;
    world_begin();
    set_quota(40);
    log_in("quota");
    append_many(3);
    expect_start("a NO [OVERQUOTA] ");
    say("b STATUS Drafts (MESSAGES)");
    expect_start("* STATUS \"Drafts\" (MESSAGES 0)");
    expect_start("b OK ");
    append_many(2);
    expect_start("a OK ");
    open_drafts();
    /* What goes makes room for what comes: RFC 8508. */
    say("d REPLACE 1 Drafts {20+}\r\nSubject: x\r\n\r\nabcdef");
    expect_start("* OK [APPENDUID ");
    expect_start("* 1 EXPUNGE");
    expect_start("* 2 EXISTS");
    expect_start("d OK ");
    say("e REPLACE 1 Drafts {30}");
    expect_start("e NO [OVERQUOTA] ");
    world_end();
}

/* --- time ----------------------------------------------------------------------------------- */
static void who_stops_sending_is_told(void **state)
{
    (void)state;
    begin("stops");
    w.settings.command_ms = 100;
    say("a APPEND INBOX {100}");
    expect_start("+ ");
    send_piece(0, S("Subject: x\r\n"));
    expect_start("* BYE the message came too slowly");
    assert_null(client_line(0, 1000));
    world_end();
}

/* Each byte comes in time, and the whole never would: 200 ms and a quarter of a second for the
 * size. */
static void who_dribbles_is_told(void **state)
{
    (void)state;
    begin("dribbles");
    w.settings.command_ms = 200;
    say("a APPEND INBOX {1024}");
    expect_start("+ ");
    for (int i = 0; i < 12; i++) {
        send_piece(0, S("x"));
        pause_ms(50);
    }
    expect_start("* BYE the message came too slowly");
    assert_null(client_line(0, 1000));
    world_end();
}

/* --- BINARY --------------------------------------------------------------------------------- */
enum { PART_BYTES = 300 * 1000 };

static void append_part(const char *encoding, str coded)
{
    struct buf all = buf_make(1 << 20), message = buf_make(1 << 20);
    buf_addf(&message, "Content-Transfer-Encoding: %s\r\n\r\n", encoding);
    buf_add(&message, coded);
    buf_addf(&all, "a APPEND Drafts ~{%zu+}\r\n", message.n);
    buf_add(&all, buf_str(&message));
    client_send(0, buf_str(&all), false);
    buf_free(&all);
    buf_free(&message);
    expect_start("a OK ");
}

static void part_is(int number, str decoded)
{
    char line[200];
    snprintf(line, sizeof line, "b FETCH %d (BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[1]<1000.9>)",
             number);
    say(line);
    snprintf(line, sizeof line, "* %d FETCH (BINARY.SIZE[1] %zu BINARY[1] {%zu}", number, decoded.n,
             decoded.n);
    expect_start(line);
    const char *got = client_line(0, 5000);
    assert_non_null(got);
    assert_memory_equal(got, decoded.p, decoded.n);
    assert_string_equal(got + decoded.n, " BINARY[1]<1000> {9}");
    got = client_line(0, 5000);
    assert_non_null(got);
    assert_memory_equal(got, decoded.p + 1000, 9);
    assert_string_equal(got + 9, ")");
    expect_start("b OK ");
}

static void parts_are_decoded_in_pieces(void **state)
{
    (void)state;
    struct buf text = buf_make(PART_BYTES), coded = buf_make(1 << 20);
    for (size_t i = 0; text.n < PART_BYTES - 20; i++)
        buf_addf(&text, "%zu=%c ", i, 'a' + (char)(i % 26));
    buf_add(&text, S("end"));
    begin("pieces");
    base64_encode_lines(&coded, buf_str(&text));
    append_part("base64", buf_str(&coded));
    buf_reset(&coded);
    base64_encode(&coded, buf_str(&text)); /* one line, longer than a piece */
    append_part("base64", buf_str(&coded));
    buf_reset(&coded);
    qp_encode(&coded, buf_str(&text));
    append_part("quoted-printable", buf_str(&coded));
    buf_reset(&coded);
    for (size_t i = 0; i < text.n; i++)
        buf_addf(&coded, "=%02X", (unsigned)(uint8_t)text.p[i]); /* likewise */
    append_part("quoted-printable", buf_str(&coded));
    append_part("8bit", buf_str(&text));
    open_drafts();
    for (int i = 1; i <= 5; i++)
        part_is(i, buf_str(&text));
    buf_free(&text);
    buf_free(&coded);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_has_so_many_messages), cmocka_unit_test(quota_is_that_of_all),
        cmocka_unit_test(who_stops_sending_is_told),      cmocka_unit_test(who_dribbles_is_told),
        cmocka_unit_test(parts_are_decoded_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
