/* backup_fixture.h - a store on a disk, its backup folder, and letters that can be told apart: for
 * the tests of backup and restore. */
#ifndef STORE_BACKUP_FIXTURE_H
#define STORE_BACKUP_FIXTURE_H

#include "store/testing_int.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "run/fiber.h"
#include "run/once.h"
#include "store/backup.h"

/* A machine's store; the machine is real, with a folder in /tmp, or simulated. */
struct place {
    char folder[64];
    struct seam *seam;
    struct world world;
};

static inline void place_make(struct place *p)
{
    *p = (struct place){ .folder = "/tmp/ph-backup-XXXXXX" };
    if (!mkdtemp(p->folder)) abort();
    p->seam = seam_real_new(p->folder);
}

static inline enum err place_open(struct place *p, uint64_t segment_bytes, struct buf *why)
{
    struct store_settings settings = test_settings;
    settings.segment_bytes = segment_bytes;
    p->world.arena = arena_make(64 << 20);
    enum err e = store_open(p->seam, &settings, &p->world.store, why);
    if (!e) p->world.engine = store_engine(p->world.store);
    if (e) arena_free(&p->world.arena);
    return e;
}

static inline void place_open_well(struct place *p, uint64_t segment_bytes)
{
    struct buf why = buf_make(1000);
    enum err e = place_open(p, segment_bytes, &why);
    if (e) print_error("open: %.*s\n", STR_ARG(buf_str(&why)));
    assert_int_equal(e, OK);
    buf_free(&why);
}

static inline void place_close(struct place *p)
{
    store_close(p->world.store);
    arena_free(&p->world.arena);
    p->world.store = NULL;
}

static inline int erase_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static inline void place_remove(struct place *p)
{
    if (p->world.store) place_close(p);
    seam_free(p->seam);
    if (nftw(p->folder, erase_one, 16, FTW_DEPTH | FTW_PHYS)) abort();
}

/* --- letters ---------------------------------------------------------------------------------- */

/* The n-th: every seventh is large enough for a segment of its own, and none can be compressed
 * away. */
static inline void add_letter(struct buf *b, unsigned n)
{
    size_t bytes = n % 7 == 3 ? 300000 : 200 + n * 131 % 5000;
    uint32_t x = n + 1;
    buf_addf(b, "From: ann@c.test\r\nMessage-ID: <%u@c.test>\r\nSubject: letter %u\r\n\r\n", n, n);
    for (size_t column = 0; b->n < bytes; column++) {
        x = x * 1664525 + 1013904223;
        buf_addc(b, (char)(x >> 26 | 0x40));
        if (column % 76 == 75) buf_add(b, S("\r\n"));
    }
    buf_add(b, S("\r\n"));
}

static inline struct uid append_letter(struct world *w, str mailbox, unsigned n)
{
    struct buf text = buf_make(400000);
    add_letter(&text, n);
    struct uid uid = append(w, mailbox, buf_str(&text), n % 2 ? FLAG_SEEN : FLAG_FLAGGED);
    buf_free(&text);
    return uid;
}

static inline void user_make(struct world *w)
{
    assert_int_equal(store_domain_add(w->store, S("a.test")), OK);
    w->alice = add_user(w, S("alice@a.test"));
}

static inline void user_find(struct world *w)
{
    struct user u;
    struct view *v = store_view(w->store);
    assert_int_equal(store_user_find(v, S("alice@a.test"), &u), OK);
    w->alice = u.account;
    view_end(v);
}

static inline void expect_bytes(struct world *w, struct blob blob, str wanted)
{
    struct body_reader *r;
    str part;
    assert_int_equal(body_open(w->engine, blob, &r), OK);
    assert_int_equal(body_reader_size(r), wanted.n);
    for (size_t at = 0; at < wanted.n; at += part.n) {
        assert_int_equal(body_read(r, at, 65536, &part), OK);
        assert_true(part.n > 0 && str_eq(part, str_sub(wanted, at, part.n)));
    }
    body_close(r);
}

/* The message with this UID of INBOX is the n-th letter. */
static inline void expect_letter(struct world *w, struct uid uid, unsigned n)
{
    struct buf text = buf_make(400000);
    struct mailbox m = box_of(w, S("INBOX"));
    struct message message;
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &m, uid, &message), OK);
    struct blob blob = message.blob;
    assert_int_equal(message.flags.system, n % 2 ? FLAG_SEEN : FLAG_FLAGGED);
    view_end(v);
    add_letter(&text, n);
    expect_bytes(w, blob, buf_str(&text));
    buf_free(&text);
}

/* --- backups ---------------------------------------------------------------------------------- */

/* How a backup of a test is made, and what came of it. */
struct taking {
    struct place *place;
    const char *folder;
    struct seam *disk;  /* where the folder is; NULL: where the store is */
    unsigned reads_max; /* then the source fails; 0: never */
    struct backup *backup;
    unsigned reads;
    struct backup_run run; /* its counts */
    struct buf why;
    enum err result;
};

static inline enum err taking_read(void *arg, size_t i, uint64_t offset, size_t n, str *bytes)
{
    struct taking *t = arg;
    t->reads++;
    if (t->reads_max && t->reads > t->reads_max) return ERR_GONE;
    return backup_read(t->backup, i, offset, n, bytes);
}

static inline void take_backup(void *arg)
{
    struct taking *t = arg;
    struct backup_manifest point;
    uint8_t identity[STORE_IDENTITY_BYTES];
    t->why = buf_make(4096);
    t->reads = 0;
    assert_int_equal(store_identity(t->place->world.store, identity), OK);
    assert_int_equal(engine_backup_begin(t->place->world.engine, &t->backup), OK);
    manifest_of_point(backup_point(t->backup), identity, &point);
    t->run = (struct backup_run){
        .seam = t->disk ? t->disk : t->place->seam, .folder = t->folder, .point = &point, .source = { taking_read, t }
    };
    t->result = backup_write(&t->run, &t->why);
    backup_end(t->backup);
    manifest_free(&point);
}

struct faults {
    unsigned n;
    struct buf text;
};

static inline void count_fault(void *arg, str what)
{
    struct faults *f = arg;
    f->n++;
    buf_add(&f->text, what);
    buf_addc(&f->text, '\n');
}

static inline struct backup_manifest manifest_of(struct seam *seam, const char *folder)
{
    struct backup_manifest m = { 0 };
    struct buf why = buf_make(1000);
    enum err e = manifest_load(seam, folder, &m, &why);
    if (e) print_error("manifest: %.*s\n", STR_ARG(buf_str(&why)));
    assert_int_equal(e, OK);
    buf_free(&why);
    return m;
}

#endif
