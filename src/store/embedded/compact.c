/* compact.c - the compactor: which log is next, at what pace, and for whom.
 *
 * In the background a log is rewritten when half of it is dead, with pauses in between. What is
 * dead is known of bodies as their references end, and of rows by counting: first when a log is
 * an hour old, then each time its age has doubled. Whoever asks (engine_compact) gets all logs
 * counted and rewritten at once.
 */
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/compact_int.h"

enum step {
    STEP_DONE, /* look what is next */
    STEP_SENT, /* the answer to a request will make the next one */
    STEP_IDLE, /* there is nothing to do now */
};

static struct compactor *compactor_of(struct request *r)
{
    return CONTAINER_OF(r, struct compactor, request);
}

/* --- what is known of the logs ---------------------------------------------------------------- */

void care_put(struct txn *t, const struct log *log, const struct log_care *care)
{
    struct blob_key key = blob_key(LOG_CARE, log->number);
    struct log_care_bytes bytes = log_care_pack(care);
    embedded_txn_put(t, ACCOUNT_ENGINE, blob_key_str(&key),
                     (str){ bytes.bytes, sizeof bytes.bytes });
}

static bool load_care(void *arg, str key, str value)
{
    struct compactor *c = arg;
    struct log *log = logs_find(&c->logs, blob_key_number(key));
    struct log_care care;
    if (!log)
        c->removed = blob_key_number(key); /* one at a time: the others at the next start */
    else if (log_care_unpack(value, &care))
        log->care = care;
    return true;
}

struct compactor *compactor_new(struct embedded *e, const struct catalog *catalog)
{
    struct compactor *c = MEM_NEW(struct compactor);
    c->e = e;
    c->chunk.bytes = buf_make(4 * (size_t)STORE_RECORD_BYTES);
    logs_load(&c->logs, catalog);
    struct snapshot *s = snapshot_take(e);
    enum err err = s ? merge_scan(&s->sources, ACCOUNT_ENGINE, S("l"), S(""), load_care, c) : OK;
    if (s) snapshot_give(e, s);
    (void)err; /* it is only what spares work */
    return c;
}

void compactor_free(struct compactor *c)
{
    if (!c) return;
    chunk_free(&c->chunk);
    logs_free(&c->logs);
    mem_free(c);
}

static void count_dead(struct compactor *c)
{
    uint64_t dead = 0;
    for (size_t i = 0; i < c->logs.n; i++)
        dead += log_dead(&c->logs.at[i]);
    atomic_store(&c->dead_bytes, dead);
}

void compactor_stats(struct compactor *c, struct engine_stats *out)
{
    out->dead_bytes = atomic_load(&c->dead_bytes);
    out->compacted_bytes = atomic_load(&c->bytes);
    out->segments = segments_files(&c->e->segments);
}

/* --- requests --------------------------------------------------------------------------------- */

static void answered(struct request *r)
{
    struct compactor *c = compactor_of(r);
    struct embedded *e = c->e;
    atomic_store(&c->in_flight, false); /* from here on it is the compactor's again */
    kick(e, &e->compactor_service);
}

void compactor_submit(struct compactor *c, txn_fn *fn, void (*settle)(struct compactor *c))
{
    c->settle = settle;
    c->request_at_us = seam_mono_us(c->e->seam);
    c->request = (struct request){ .fn = fn, .arg = c, .answered = answered };
    atomic_store(&c->in_flight, true);
    writer_enqueue(c->e, &c->request);
}

static void leave_work(struct compactor *c)
{
    c->work = 0;
    chunk_free(&c->chunk);
    c->chunk.bytes = buf_make(4 * (size_t)STORE_RECORD_BYTES);
}

/* Those who asked are told; the rest is tried again. */
static void fail(struct compactor *c, enum err e)
{
    atomic_store(&c->round_result, e);
    atomic_store(&c->answered, c->round);
    c->not_before_us = seam_mono_us(c->e->seam) + STORE_RETRY_MS * 1000ULL;
}

static void keep_as_it_is(struct compactor *c)
{
    struct log *log = logs_find(&c->logs, c->work);
    log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "a segment to be compacted"),
              F_NUM("segment", c->work), F_NUM("at", c->work_at));
    log->damaged = true;
    leave_work(c);
}

static void settle(struct compactor *c)
{
    if (!c->settle) return;
    enum err e = c->request.result;
    if (!e) c->settle(c);
    if (e == ERR_LATER) fail(c, e);
    if (e == ERR_LATER && c->work) leave_work(c); /* perhaps there is room for another */
    if (e && e != ERR_LATER && c->work) keep_as_it_is(c);
    c->settle = NULL;
}

/* --- one log ---------------------------------------------------------------------------------- */

static bool hurried(const struct compactor *c)
{
    return atomic_load(&c->asked) != atomic_load(&c->answered) || atomic_load(&c->e->disk_full);
}

static void begin_work(struct compactor *c, const struct log *log, bool copying)
{
    c->work = log->number;
    c->copying = copying;
    c->work_at = copying ? log->care.copied_to : SEGMENT_HEADER_BYTES;
    if (c->work_at < SEGMENT_HEADER_BYTES) c->work_at = SEGMENT_HEADER_BYTES;
    c->work_live_bytes = 0;
    c->chunk.n = c->chunk.next = 0;
    lock_take(&c->e->lock);
    c->work_end = c->e->published_mark.segment == log->number ? c->e->published_mark.offset : 0;
    lock_drop(&c->e->lock);
    if (log_closed(log)) c->work_end = log->end;
    if (c->work_end < SEGMENT_HEADER_BYTES) c->work_end = SEGMENT_HEADER_BYTES;
}

static void surveyed(struct compactor *c)
{
    leave_work(c);
}

/* The newest is left for a new one when that is worth it: it can be rewritten then. */
static enum err put_survey(struct txn *t, void *arg)
{
    struct compactor *c = arg;
    struct log *log = logs_find(&c->logs, c->work);
    uint64_t all = c->work_end - SEGMENT_HEADER_BYTES;
    log->care.dead_bytes = all > c->work_live_bytes ? all - c->work_live_bytes : 0;
    log->care.surveyed_us = txn_wall_us(t);
    log->round = c->round;
    if (!log_closed(log) && log->care.dead_bytes >= STORE_COMPACT_LEAVE_BYTES)
        c->e->journal.leave = true;
    care_put(t, log, &log->care);
    return OK;
}

static enum step end_work(struct compactor *c)
{
    const struct log *log = logs_find(&c->logs, c->work);
    if (!c->copying) {
        compactor_submit(c, put_survey, surveyed);
        return STEP_SENT;
    }
    if (!log || log_emptied(log)) return leave_work(c), STEP_DONE;
    c->chunk.n = c->chunk.next = 0; /* there was nothing in it, which must be said all the same */
    c->chunk.to = c->work_end;
    chunk_submit(c);
    return STEP_SENT;
}

static enum step work_on(struct compactor *c)
{
    struct chunk *k = &c->chunk;
    if (c->work_at >= c->work_end) return end_work(c);
    chunk_read(c);
    if (k->failed == ERR_LATER) return fail(c, ERR_LATER), STEP_DONE;
    if (k->failed || k->damaged) return keep_as_it_is(c), STEP_DONE;
    c->work_live_bytes += k->live_bytes;
    if (c->copying && (k->n || k->to >= c->work_end)) {
        chunk_submit(c);
        return STEP_SENT;
    }
    c->work_at = k->to;
    return STEP_DONE;
}

/* --- taking logs away ------------------------------------------------------------------------- */

static enum err forget_care(struct txn *t, void *arg)
{
    struct compactor *c = arg;
    struct blob_key key = blob_key(LOG_CARE, c->removed);
    embedded_txn_delete(t, ACCOUNT_ENGINE, blob_key_str(&key));
    return OK;
}

static void forgotten(struct compactor *c)
{
    c->removed = 0;
}

/* An emptied log that the index needs no more. */
static struct log *removable(const struct compactor *c, bool *waiting)
{
    lock_take(&c->e->lock);
    struct mark applied = c->e->applied;
    lock_drop(&c->e->lock);
    uint64_t now = seam_mono_us(c->e->seam);
    *waiting = false;
    for (size_t i = 0; i < c->logs.n; i++) {
        struct log *log = &c->logs.at[i];
        if (!log_emptied(log) || log->not_before_us > now) continue;
        if (log->emptied_seq <= applied.seq && log->number < applied.segment) return log;
        *waiting = true;
    }
    return NULL;
}

/* False: somebody has a pin. */
static bool remove_log(struct compactor *c, const struct log *log)
{
    struct segments *t = &c->e->segments;
    uint64_t number = log->number, bytes = log->end;
    if (!segments_removal_begin(t)) return false;
    bool removed = logs_remove(&c->logs, t, number);
    segments_removal_end(t);
    if (!removed) {
        logs_find(&c->logs, number)->not_before_us =
            seam_mono_us(c->e->seam) + STORE_COMPACT_RETRY_MS * 1000ULL;
        fail(c, ERR_LATER);
        return true;
    }
    c->removed = number;
    atomic_fetch_add(&c->segments, 1);
    atomic_fetch_add(&c->bytes, bytes);
    return true;
}

/* --- what is next ----------------------------------------------------------------------------- */

/* What lives is written again before its old room is given back. */
static bool room_for(const struct log *log, int64_t room, bool full)
{
    uint64_t live = log_content(log) - log_dead(log);
    uint64_t kept = full ? STORE_EXTENT_BYTES : 2ULL * STORE_RESERVE_BYTES;
    return room >= 0 && (uint64_t)room >= live + kept;
}

/* Of those that are worth it the one with the largest dead share. */
static struct log *worst(const struct compactor *c, unsigned percent, int64_t room)
{
    bool full = atomic_load(&c->e->disk_full);
    struct log *found = NULL;
    for (size_t i = 0; i < c->logs.n; i++) {
        struct log *log = &c->logs.at[i];
        if (!log_closed(log) || log_emptied(log) || log->damaged) continue;
        uint64_t dead = log_dead(log);
        if (dead * 100 < log_content(log) * percent || !room_for(log, room, full)) continue;
        if (!found || dead * log_content(found) > log_dead(found) * log_content(log)) found = log;
    }
    return found;
}

/* When its rows are counted (again): its age has doubled. */
static int64_t survey_due_us(const struct log *log)
{
    int64_t least = STORE_SURVEY_MS * 1000LL;
    if (!log_closed(log) || log_emptied(log) || log->damaged) return INT64_MAX;
    if (!log->care.surveyed_us) return log->created_us + least;
    int64_t age = log->care.surveyed_us - log->created_us;
    return log->care.surveyed_us + (age > least ? age : least);
}

static struct log *unsurveyed(const struct compactor *c, bool asked, int64_t *due_us)
{
    int64_t now = seam_wall_us(c->e->seam);
    for (size_t i = 0; i < c->logs.n; i++) {
        struct log *log = &c->logs.at[i];
        if (asked && log->round < c->round && !log->damaged && !log_emptied(log)) return log;
        int64_t at = survey_due_us(log);
        if (at <= now) return log;
        if (at < *due_us) *due_us = at;
    }
    return NULL;
}

static void plan(struct compactor *c, int64_t due_us)
{
    if (due_us == INT64_MAX) return;
    int64_t wait = due_us - seam_wall_us(c->e->seam);
    uint64_t at = seam_mono_us(c->e->seam) + (wait > 0 ? (uint64_t)wait : 0);
    kick_at(c->e, &c->e->compactor_service, at);
}

static enum step pick(struct compactor *c, int64_t due_us)
{
    bool asked = atomic_load(&c->asked) != atomic_load(&c->answered);
    struct log *log = unsurveyed(c, asked, &due_us);
    if (log) return begin_work(c, log, false), STEP_DONE;
    int64_t room = seam_free_bytes(c->e->seam, ".");
    bool short_of_room = room >= 0 && room < STORE_COMPACT_SHORT_BYTES;
    unsigned percent = asked || short_of_room ? STORE_COMPACT_SOON_PERCENT : STORE_COMPACT_PERCENT;
    log = worst(c, percent, room);
    if (log) return begin_work(c, log, true), STEP_DONE;
    plan(c, due_us);
    return STEP_IDLE;
}

/* Nothing is left to do but to wait for the index, or for who holds a pin. */
static void rest(struct compactor *c, bool waiting)
{
    struct embedded *e = c->e;
    bool pinned = segments_pinned(&e->segments);
    if (waiting && pinned)
        kick_at(e, &e->compactor_service, seam_mono_us(e->seam) + STORE_RETRY_MS * 1000ULL);
    if (waiting && !pinned && atomic_load(&e->index_failing)) {
        fail(c, ERR_LATER);
        return;
    }
    if (waiting && !pinned && hurried(c)) {
        atomic_store(&e->freeze_wanted, true);
        kick(e, &e->writer);
        return;
    }
    atomic_store(&c->round_result, OK);
    atomic_store(&c->answered, c->round);
}

static enum step next(struct compactor *c)
{
    bool waiting;
    int64_t due_us;
    struct log *log = removable(c, &waiting);
    if (c->chunk.next < c->chunk.n) return chunk_submit(c), STEP_SENT;
    if (c->removed) return compactor_submit(c, forget_care, forgotten), STEP_SENT;
    if (log && remove_log(c, log)) return STEP_DONE;
    if (log) waiting = true;
    if (!c->garbage_stuck) garbage_find(c, &due_us);
    if (c->garbage_stuck) due_us = INT64_MAX;
    if (c->garbage_n) return garbage_submit(c), STEP_SENT;
    if (c->work) return work_on(c);
    enum step step = pick(c, due_us);
    if (step == STEP_IDLE) rest(c, waiting);
    return step;
}

/* --- the pace --------------------------------------------------------------------------------- */

/* As long as the last piece took, some times over: a busy disk slows it down. */
static void pause_for(struct compactor *c, uint64_t began_us)
{
    uint64_t now = seam_mono_us(c->e->seam);
    if (hurried(c)) return;
    uint64_t at = now + (now - began_us) * STORE_COMPACT_PAUSE;
    if (at > c->not_before_us) c->not_before_us = at;
}

static bool follow(struct compactor *c)
{
    lock_take(&c->e->lock);
    uint64_t newest = c->e->published_mark.segment;
    lock_drop(&c->e->lock);
    size_t known = c->logs.n;
    bool all = logs_follow(&c->logs, &c->e->segments, newest);
    for (size_t i = known; i < c->logs.n; i++)
        c->logs.at[i].round = c->round; /* who asked before it was there does not wait for it */
    return all;
}

void compactor_step(void *arg)
{
    struct embedded *e = arg;
    struct compactor *c = e->compactor;
    uint64_t now = seam_mono_us(e->seam);
    if (atomic_load(&c->in_flight)) return;
    kick_at(e, &e->compactor_service, UINT64_MAX);
    bool was_sent = c->settle != NULL;
    settle(c);
    if (was_sent) pause_for(c, c->request_at_us);
    if (now < c->not_before_us) {
        kick_at(e, &e->compactor_service, c->not_before_us);
        return;
    }
    if (!follow(c)) fail(c, ERR_LATER);
    bool full = atomic_load(&e->disk_full);
    if (full && !c->was_full) atomic_fetch_add(&c->asked, 1); /* it asks by itself, once */
    c->was_full = full;
    if (c->round == atomic_load(&c->answered)) c->round = atomic_load(&c->asked);
    enum step step = next(c);
    if (step != STEP_SENT) count_dead(c); /* what was sent is the writer's until it is answered */
    if (step != STEP_DONE) return;
    pause_for(c, now);
    kick(e, &e->compactor_service);
}

/* --- for those who ask ------------------------------------------------------------------------ */

static void figures(struct compactor *c, struct compact_result *out)
{
    *out = (struct compact_result){ atomic_load(&c->segments), atomic_load(&c->bytes),
                                    atomic_load(&c->blobs), atomic_load(&c->copied_bytes) };
}

enum err embedded_compact(struct engine *engine, struct compact_result *out)
{
    struct embedded *e = embedded_of(engine);
    struct compactor *c = e->compactor;
    struct compact_result before;
    assert_no_view();
    figures(c, &before);
    uint64_t mine = atomic_fetch_add(&c->asked, 1) + 1;
    kick(e, &e->compactor_service);
    while (atomic_load(&c->answered) < mine) {
        enum err gone = fiber_sleep_until(seam_mono_us(e->seam) + STORE_COMPACT_POLL_MS * 1000ULL);
        if (gone) return gone;
    }
    figures(c, out);
    out->segments -= before.segments;
    out->bytes -= before.bytes;
    out->blobs -= before.blobs;
    out->copied_bytes -= before.copied_bytes;
    return (enum err)atomic_load(&c->round_result);
}
