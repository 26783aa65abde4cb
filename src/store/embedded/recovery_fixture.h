/* recovery_fixture.h - for tests that look at a store's files: read and write them, fill a few
 * rows. */
#ifndef STORE_EMBEDDED_RECOVERY_FIXTURE_H
#define STORE_EMBEDDED_RECOVERY_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

static inline int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_make(p);
    *state = p;
    return place_open(p) == OK ? 0 : -1;
}

static inline int tear_down(void **state)
{
    place_remove(*state);
    mem_free(*state);
    return 0;
}

static inline struct buf path_of(struct place *p, const char *name)
{
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/%s", p->folder, name);
    buf_addc(&path, 0);
    return path;
}

static inline struct buf file_read(struct place *p, const char *name)
{
    struct buf path = path_of(p, name), bytes = buf_make(64 * 1024 * 1024);
    FILE *f = fopen(path.p, "r");
    assert_non_null(f);
    size_t n = 1;
    while (n) {
        char *room = buf_reserve(&bytes, 65536);
        n = fread(room, 1, 65536, f);
        buf_commit(&bytes, n);
    }
    fclose(f);
    buf_free(&path);
    return bytes;
}

static inline void file_write(struct place *p, const char *name, str bytes)
{
    struct buf path = path_of(p, name);
    FILE *f = fopen(path.p, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
    buf_free(&path);
}

static inline void three_puts(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 20, S("a"), S("first")), OK);
    assert_int_equal(put(p, 20, S("b"), S("second")), OK);
    assert_int_equal(put(p, 20, S("c"), S("third")), OK);
}

static const char segment_1[] = "journal/0000000001.seg";
static inline void put_answers(struct place *p, void *arg)
{
    const struct put *put_this = arg;
    enum err e = put(p, put_this->a.n, put_this->key, put_this->value);
    assert_int_equal(e, put_this->value.n ? OK : ERR_LATER);
}

static inline void try_put(struct place *p, str key, str value)
{
    struct put put_this = { { 20 }, key, value };
    place_run(p, put_answers, &put_this);
}

static inline void reopen_without_index(struct place *p)
{
    place_close(p);
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
}

static const struct seam_faults no_faults;

#endif
