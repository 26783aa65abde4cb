/* engine_int.h - what an engine implements: engine.h as a table of functions.
 *
 * The calls of engine.h find the table through the engine that every handle begins with. An
 * engine's own structs have these as their first member.
 */
#ifndef STORE_ENGINE_INT_H
#define STORE_ENGINE_INT_H

#include "store/engine.h"

struct engine      { const struct engine_ops *ops; };
struct view        { struct engine *engine; };
struct txn         { struct engine *engine; };
struct body        { struct engine *engine; };
struct body_reader { struct engine *engine; };
struct backup      { struct engine *engine; };

/* Each as the call of engine.h with the same name says. */
/* clang-format off */
struct engine_ops {
    const char *name; /* "embedded" */
    void (*close)(struct engine *e);

    struct view *(*view)(struct engine *e);
    void (*view_end)(struct view *v);
    enum err (*view_get)(struct view *v, struct account a, str key, str *value);
    enum err (*view_scan)(struct view *v, struct account a, str from, str to, engine_each *each, void *arg);
    enum err (*view_accounts)(struct view *v, bool (*each)(void *arg, struct account a), void *arg);
    enum err (*view_blob)(struct view *v, struct blob blob, struct blob_facts *out);
    enum err (*view_blobs)(struct view *v, struct blob from, struct blob to, engine_each_blob *each, void *arg);

    enum err (*commit)(struct engine *e, txn_fn *fn, void *arg);
    void (*commit_lazy)(struct engine *e, txn_fn *fn, void *arg, void (*done)(void *arg));
    enum err (*txn_get)(struct txn *t, struct account a, str key, str *value);
    enum err (*txn_scan)(struct txn *t, struct account a, str from, str to, engine_each *each, void *arg);
    void (*txn_put)(struct txn *t, struct account a, str key, str value);
    void (*txn_delete)(struct txn *t, struct account a, str key);
    void (*txn_fail)(struct txn *t, enum err why);
    size_t (*txn_room)(const struct txn *t);
    size_t (*txn_room_bytes)(const struct txn *t);
    bool (*txn_awaited)(const struct txn *t);
    int64_t (*txn_wall_us)(const struct txn *t);
    struct arena *(*txn_arena)(struct txn *t);
    void (*txn_body)(struct txn *t, struct body *b, struct blob *out);
    void (*txn_blob_ref)(struct txn *t, struct blob blob, int delta);
    void (*txn_blob_recount)(struct txn *t, struct blob blob, int64_t refs);

    enum err (*body_begin)(struct engine *e, struct body **out);
    enum err (*body_write)(struct body *b, str bytes);
    uint64_t (*body_size)(const struct body *b);
    enum err (*body_seal)(struct body *b, str side);
    void (*body_free)(struct body *b);
    enum err (*body_open)(struct engine *e, struct blob blob, struct body_reader **out);
    uint64_t (*body_reader_size)(const struct body_reader *r);
    enum err (*body_read)(struct body_reader *r, uint64_t offset, size_t n, str *bytes);
    enum err (*body_side)(struct body_reader *r, str *side);
    void (*body_close)(struct body_reader *r);

    void (*watch)(struct engine *e, struct watch *w);
    void (*unwatch)(struct engine *e, struct watch *w);
    enum err (*lease)(struct engine *e, str name, uint64_t *fence);
    void (*unlease)(struct engine *e, str name);

    enum err (*check)(struct engine *e, struct check_report *report);
    enum err (*compact)(struct engine *e, struct compact_result *out);
    void (*keep_up)(struct engine *e, size_t lag_bytes); /* NULL: its index is never behind */
    struct engine_stats (*stats)(struct engine *e);

    /* All four or none: an engine that keeps nothing has nothing to copy. */
    enum err (*backup_begin)(struct engine *e, struct backup **out);
    const struct backup_point *(*backup_point)(const struct backup *b);
    enum err (*backup_read)(struct backup *b, size_t i, uint64_t offset, size_t n, str *bytes);
    void (*backup_end)(struct backup *b);
};
/* clang-format on */

#endif
