/* row_fuzz.c - rows of the store, and manifests of backups, as a damaged disk has them: they read
 * as what was written, or not at all. */
#include <assert.h>

#include "base/mem.h"
#include "store/backup_int.h"
#include "store/row_int.h"
#include "store/store_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 20 };

static void fields(str in)
{
    struct row r = row_open(in);
    for (size_t i = 0; i < in.n && !r.bad; i++) {
        (void)row_u64(&r);
        (void)row_i64(&r);
        assert(row_str(&r).n <= in.n);
    }
    (void)!row_end(&r);
}

static void structs(str in)
{
    struct head head;
    struct name_row name;
    struct title_row title = { 0 };
    struct tombstone_row tombstone;
    struct dying_row dying;
    struct message message = { 0 };
    struct flags_row flags;
    (void)!head_read(in, &head);
    if (!name_read(in, &name)) assert(name.name.n <= in.n);
    if (!title_read(in, &title)) assert(title.name.n <= in.n && title.use <= USE_TRASH);
    if (!tombstone_read(in, &tombstone)) assert(tombstone.how <= GONE_RESTORED);
    (void)!dying_read(in, &dying);
    if (!message_read(in, &message)) assert(message.card.n <= in.n);
    (void)!flags_read(in, &flags);
}

static void keys(str in)
{
    uint32_t m;
    struct grantee to;
    struct account owner;
    struct annotation annotation;
    size_t half = in.n / 2;
    (void)!key_grant_read(in, &m, &to);
    (void)!key_shared_read(in, &owner, &m);
    if (entry_read((struct account){ 3 }, str_take(in, half), str_from(in, half), &annotation))
        assert(annotation.name.n <= in.n && annotation.value.n <= in.n);
}

/* One that is taken is written as it was read. */
static void manifest(str in)
{
    struct backup_manifest m = { 0 }, again = { 0 };
    struct backup_segment segment;
    struct buf why = buf_make(4096), out = buf_make(ROOM);
    (void)!segment_line_read(in, &segment);
    if (!manifest_read(in, &m, &why)) {
        manifest_write(&m, &out);
        assert(!manifest_read(buf_str(&out), &again, &why) && again.n == m.n);
        manifest_free(&again);
    }
    manifest_free(&m);
    buf_free(&why);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = { (const char *)data, size };
    fields(in);
    structs(in);
    keys(in);
    manifest(in);
    return 0;
}
