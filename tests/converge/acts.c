/* acts.c - choosing, sending and ending what a device does. */
#include "converge/acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- chance ----------------------------------------------------------------------------------- */

static uint64_t state;

void pick_seed(uint64_t seed)
{
    state = seed * 0x9E3779B97F4A7C15u + 1;
}

unsigned pick(unsigned n)
{
    uint64_t z = (state += 0x9E3779B97F4A7C15u); /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (unsigned)((z ^ z >> 31) % n);
}

/* --- connections ------------------------------------------------------------------------------ */

void device_connect(struct device *d, const struct shore *shore)
{
    chat_close(d->c);
    d->c = chat_open(shore->address, shore->port);
    if (!d->c || !chat_imap_login(d->c, shore->user, shore->password)) wrong(d, "no log-in");
    d->idling = d->condstore = d->qresync = d->read_only = false;
}

void device_select(struct device *d, int box, bool examine)
{
    d->box = box;
    d->n = 0;
    d->modseq = d->highest_modseq = 0;
    d->read_only = examine;
    if (pick(3) == 0) d->condstore = true;
    device_do(d, "%s %s%s", examine ? "EXAMINE" : "SELECT", box_names[box],
              d->condstore ? " (CONDSTORE)" : "");
    device_ask_unknown(d);
}

/* What is in the cache and was not told anew takes the free places, in order. What is free behind
 * it is new; it was told, unless the device named those it asked about (RFC 7162 3.2.5.2). */
static void merge(struct device *d, bool named)
{
    size_t at = 0, n = d->n;
    for (size_t i = 0; i < d->cache_n; i++) {
        if (device_find(d, d->cache[i].uid) < d->n) continue;
        while (at < d->n && d->known[at].uid)
            at++;
        if (at == d->n) wrong(d, "QRESYNC: more messages than EXISTS says");
        d->known[at] = d->cache[i];
    }
    while (named && n > 0 && !d->known[n - 1].uid)
        n--;
    for (size_t i = 0; i < n; i++) {
        if (!d->known[i].uid) wrong(d, "QRESYNC: nothing was told of message %zu", i + 1);
        if (i && d->known[i - 1].uid >= d->known[i].uid) wrong(d, "QRESYNC: UIDs do not rise");
    }
    device_ask_unknown(d);
}

/* Only what has a UID and flags can be kept. */
static void keep(struct device *d)
{
    d->cache_n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (d->known[i].uid && d->known[i].sure) d->cache[d->cache_n++] = d->known[i];
    for (size_t i = 0; i < d->cache_n; i++)
        d->cache[i].modseq = 0;
    d->n = 0;
}

static void resume_qresync(struct device *d)
{
    char uids[SET_TEXT_BYTES] = "";
    struct set known = { 0 };
    bool named = pick(2) && d->n && d->n <= RANGES_MAX && !device_has_unknown(d);
    keep(d);
    for (size_t i = 0; named && i < d->cache_n; i++)
        set_add(&known, d->cache[i].uid, d->cache[i].uid);
    if (named) uids[0] = ' ';
    if (named) set_write(&known, uids + 1, sizeof uids - 1);
    device_do(d, "ENABLE QRESYNC");
    d->qresync = d->condstore = d->merging = true;
    d->counted = false;
    device_do(d, "SELECT %s (QRESYNC (%u %ju%s))", box_names[d->box], d->uidvalidity,
              (uintmax_t)d->modseq, uids);
    d->merging = false;
    merge(d, named);
}

static void resume_condstore(struct device *d)
{
    uint64_t modseq = d->modseq;
    keep(d);
    d->condstore = true;
    device_do(d, "SELECT %s (CONDSTORE)", box_names[d->box]);
    if (!d->n) return;
    size_t n = d->n; /* later ones may come at any time */
    device_do(d, "FETCH 1:%zu (UID)", n);
    for (size_t i = 0; i < d->cache_n; i++) {
        size_t place = device_find(d, d->cache[i].uid);
        if (place < d->n) d->known[place] = d->cache[i];
    }
    device_do(d, "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %ju)", (uintmax_t)modseq);
    for (size_t i = 0; i < n && i < d->n; i++)
        if (d->known[i].uid && d->known[i].uid < d->uidnext && !d->known[i].sure)
            wrong(d, "CHANGEDSINCE %ju says nothing of UID %u", (uintmax_t)modseq, d->known[i].uid);
}

void device_resume(struct device *d, const struct shore *shore)
{
    unsigned how = pick(3);
    uint32_t uidvalidity = d->uidvalidity;
    d->highest_modseq = d->modseq; /* what it heard since is forgotten */
    device_connect(d, shore);
    if (how == 0 || !d->modseq) {
        device_select(d, d->box, false);
        return;
    }
    device_do(d, "CAPABILITY");
    if (how == 2 && d->offers_qresync)
        resume_qresync(d);
    else
        resume_condstore(d);
    if (d->uidvalidity != uidvalidity) wrong(d, "UIDVALIDITY was %u", uidvalidity);
}

/* --- sets of messages ------------------------------------------------------------------------- */

/* Some of the messages, as UIDs; numbers: the same as the command will have them. */
static void some(const struct device *d, struct act *a, struct set *numbers)
{
    unsigned one_in = 1 + pick(8);
    size_t only = pick((unsigned)d->n);
    a->set.n = numbers->n = 0;
    for (size_t i = 0; i < d->n && numbers->n < 40; i++) {
        if (i != only && pick(one_in)) continue;
        size_t last = i + pick(3);
        if (last >= d->n) last = i;
        if (a->uid) {
            set_add(&a->set, d->known[i].uid, d->known[last].uid);
            set_add(numbers, d->known[i].uid, d->known[last].uid);
        } else {
            for (size_t k = i; k <= last; k++)
                set_add(&a->set, d->known[k].uid, d->known[k].uid);
            set_add(numbers, (uint32_t)i + 1, (uint32_t)last + 1);
        }
    }
    if (numbers->n) return;
    set_add(&a->set, d->known[only].uid, d->known[only].uid);
    set_add(numbers, a->uid ? d->known[only].uid : (uint32_t)only + 1,
            a->uid ? d->known[only].uid : (uint32_t)only + 1);
}

static unsigned some_flags(void)
{
    unsigned flags = 0;
    for (unsigned i = 0, n = pick(4); i < n; i++)
        flags |= 1u << pick(FLAGS_N);
    return flags;
}

static const char *flags_text(unsigned flags)
{
    static char text[256];
    size_t n = 0;
    text[0] = '\0';
    for (int i = 0; i < FLAGS_N; i++)
        if (flags & 1u << i)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "", flag_names[i]);
    return text;
}

unsigned flags_after(unsigned flags, const struct act *a)
{
    if (a->how == STORE_SET) return a->flags;
    return a->how == STORE_ADD ? flags | a->flags : flags & ~a->flags;
}

/* --- beginning -------------------------------------------------------------------------------- */

static void begin_store(struct device *d, struct act *a, const char *numbers)
{
    static const char *const items[] = { "FLAGS", "+FLAGS", "-FLAGS" };
    char since[64] = "";
    a->how = (enum store_how)pick(3);
    a->silent = pick(2);
    a->flags = some_flags();
    if (pick(4) == 0) a->flags |= 1u << FLAG_DELETED_BIT;
    if (!d->read_only && pick(5) == 0) {
        /* Of what it knows, or of long ago: some conflict, some do not. */
        a->unchanged_since = d->known[pick((unsigned)d->n)].modseq + 1;
        d->condstore = true;
        snprintf(since, sizeof since, " (UNCHANGEDSINCE %ju)", (uintmax_t)a->unchanged_since);
    }
    device_send(d, "%sSTORE %s%s %s%s (%s)", a->uid ? "UID " : "", numbers, since, items[a->how],
                a->silent ? ".SILENT" : "", flags_text(a->flags));
}

static void begin_append(struct device *d, struct shore *shore, struct act *a)
{
    char text[200];
    a->box = (int)pick(BOXES);
    a->flags = some_flags();
    a->text = ++shore->texts;
    int n = snprintf(text, sizeof text, "From: a@b.test\r\nSubject: letter\r\n\r\ntext %u.\r\n",
                     a->text);
    device_send(d, "APPEND %s (%s) {%d+}\r\n%s", box_names[a->box], flags_text(a->flags), n, text);
}

static void begin_on_messages(struct device *d, struct act *a)
{
    char numbers[SET_TEXT_BYTES];
    struct set set;
    const char *uid = a->uid ? "UID " : "";
    some(d, a, &set);
    set_write(&set, numbers, sizeof numbers);
    if (a->what == ACT_STORE) begin_store(d, a, numbers);
    if (a->what == ACT_READ) device_send(d, "%sFETCH %s (UID FLAGS BODY.PEEK[TEXT])", uid, numbers);
    if (a->what == ACT_UID_EXPUNGE) device_send(d, "UID EXPUNGE %s", numbers);
    if (a->what != ACT_COPY && a->what != ACT_MOVE) return;
    a->to = (int)pick(BOXES);
    if (a->what == ACT_MOVE) a->to = 1 - d->box;
    device_send(d, "%s%s %s %s", uid, a->what == ACT_MOVE ? "MOVE" : "COPY", numbers,
                box_names[a->to]);
}

static enum act_what choose(const struct device *d, const struct shore *shore)
{
    static const struct {
        enum act_what what;
        unsigned weight;
    } acts[] = {
        { ACT_STORE, 30 }, { ACT_APPEND, 12 },  { ACT_COPY, 4 },        { ACT_MOVE, 5 },
        { ACT_NOOP, 8 },   { ACT_EXPUNGE, 4 },  { ACT_UID_EXPUNGE, 4 }, { ACT_SELECT, 4 },
        { ACT_CLOSE, 2 },  { ACT_UNSELECT, 1 }, { ACT_IDLE, 8 },        { ACT_READ, 8 },
        { ACT_SEARCH, 4 }, { ACT_DROP, 6 },
    };
    if (d->box < 0) return pick(4) ? ACT_SELECT : ACT_APPEND;
    if (d->n > shore->population_max && pick(2)) return pick(2) ? ACT_EXPUNGE : ACT_CLOSE;
    unsigned at = pick(100), i = 0;
    while (i + 1 < sizeof acts / sizeof *acts && at >= acts[i].weight)
        at -= acts[i++].weight;
    return acts[i].what;
}

static bool needs_messages(enum act_what what)
{
    return what == ACT_STORE || what == ACT_COPY || what == ACT_MOVE || what == ACT_READ ||
           what == ACT_UID_EXPUNGE;
}

/* What needs more than one command is done at once. */
static void begin_session(struct device *d, struct shore *shore, struct act *a)
{
    switch (a->what) {
    case ACT_SELECT: device_select(d, (int)pick(BOXES), pick(4) == 0); break;
    case ACT_DROP: device_resume(d, shore); break;
    case ACT_IDLE: device_idle(d); break;
    default: return;
    }
    a->what = ACT_NONE;
}

void act_begin(struct device *d, struct shore *shore, struct act *a)
{
    device_idle_end(d);
    *a = (struct act){ .what = choose(d, shore), .box = d->box, .uid = pick(2) };
    if (needs_messages(a->what)) {
        device_ask_unknown(d);
        if (!d->n) a->what = ACT_NOOP;
    }
    if (a->what == ACT_UID_EXPUNGE) a->uid = true;
    if (needs_messages(a->what)) begin_on_messages(d, a);
    if (a->what == ACT_APPEND) begin_append(d, shore, a);
    if (a->what == ACT_EXPUNGE) device_send(d, "EXPUNGE");
    if (a->what == ACT_CLOSE) device_send(d, "CLOSE");
    if (a->what == ACT_UNSELECT) device_send(d, "UNSELECT");
    if (a->what == ACT_NOOP) device_send(d, "NOOP");
    if (a->what == ACT_SEARCH) device_send(d, "SEARCH UNDELETED");
    begin_session(d, shore, a);
}

/* --- ending ----------------------------------------------------------------------------------- */

/* Of a silent STORE the device knows itself what came of it, but for what it was told meanwhile and
 * for those that others had changed. */
static void apply_silent(struct device *d, const struct act *a)
{
    struct set modified = { 0 };
    if (strncmp(d->code, "MODIFIED ", 9) == 0) set_read(&modified, d->code + 9);
    for (size_t i = 0; i < d->n; i++) {
        struct known *k = &d->known[i];
        if (!set_has(&a->set, k->uid) || k->heard_at == d->command) continue;
        if (set_has(&modified, a->uid ? k->uid : (uint32_t)i + 1)) continue;
        k->flags = flags_after(k->flags, a);
    }
}

/* RFC 2180 4.1.2, 4.2.2, 4.4.1; RFC 7162 3.1.3: what is gone, and not told yet, may be refused. */
static bool refused_rightly(const struct device *d, const struct act *a, bool read_only)
{
    bool writes = a->what == ACT_STORE || a->what == ACT_MOVE || a->what == ACT_EXPUNGE ||
                  a->what == ACT_UID_EXPUNGE;
    if (read_only && writes) return true;
    if (a->what != ACT_STORE && a->what != ACT_READ && (a->what != ACT_COPY || a->uid))
        return false;
    return strcmp(d->code, "EXPUNGEISSUED") == 0 ||
           (a->unchanged_since && strncmp(d->code, "MODIFIED ", 9) == 0);
}

void act_end(struct device *d, struct act *a)
{
    if (a->what == ACT_NONE) return;
    a->answer = device_hear(d);
    bool right = a->answer == 'O' || (a->answer == 'N' && refused_rightly(d, a, d->read_only));
    if (!right) wrong(d, "answered %c", a->answer);
    a->applied = a->answer == 'O' || d->code[0] == 'M';
    if (a->what == ACT_STORE && a->silent && a->applied) apply_silent(d, a);
    if (a->what != ACT_CLOSE && a->what != ACT_UNSELECT) return;
    d->box = -1;
    d->n = 0;
    d->modseq = d->highest_modseq = 0;
}
