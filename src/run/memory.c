/* memory.c - how much memory the process has: /proc, control groups, the allocator's own figures.
 */
#include "run/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/purse.h"
#include "base/scan.h"
#include "run/seam.h"

static int statm = -1; /* stays open: what the process has is asked for every second */

void memory_open(void)
{
    if (statm < 0) statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

/* "size resident shared …" in pages, proc(5); shared: files and what is shared with others. */
uint64_t memory_resident(void)
{
    char text[128];
    ssize_t n = statm < 0 ? -1 : pread(statm, text, sizeof text, 0);
    if (n <= 0) return 0;
    struct scan s = scan_make((str){ text, (size_t)n });
    scan_u64(&s, UINT64_MAX);
    scan_want(&s, ' ');
    uint64_t resident = scan_u64(&s, UINT32_MAX);
    scan_want(&s, ' ');
    uint64_t shared = scan_u64(&s, UINT32_MAX);
    if (s.bad || shared > resident) return 0;
    return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* --- the machine ------------------------------------------------------------------------------ */

enum { TEXT_BYTES = 1024 };

static str read_text(const char *path, char *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_BYTES);
    if (fd >= 0) close(fd);
    return (str){ text, n > 0 ? (size_t)n : 0 };
}

/* "max", or a number of bytes. */
static uint64_t limit_of(const char *path)
{
    char text[TEXT_BYTES];
    uint64_t bytes;
    return str_u64(str_trim(str_chomp(read_text(path, text))), UINT64_MAX, &bytes) ? bytes
                                                                                   : UINT64_MAX;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The group's own limit and those of all that it lies in, cgroups(7) version 2. */
static uint64_t group_limit(str group)
{
    uint64_t limit = UINT64_MAX;
    struct buf path = buf_make(4 * TEXT_BYTES);
    while (group.n) {
        buf_reset(&path);
        buf_addf(&path, "/sys/fs/cgroup%.*s/memory.max", STR_ARG(group));
        buf_addc(&path, '\0');
        if (!path.full) limit = least(limit, limit_of(path.p));
        while (group.n && group.p[group.n - 1] != '/')
            group.n--;
        if (group.n) group.n--;
    }
    buf_free(&path);
    return least(limit, limit_of("/sys/fs/cgroup/memory.max"));
}

uint64_t memory_of_machine(void)
{
    char text[TEXT_BYTES];
    str groups = read_text("/proc/self/cgroup", text), line;
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    bytes = least(bytes, limit_of("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    while (str_split(&groups, '\n', &line))
        if (str_starts(line, S("0::/"))) bytes = least(bytes, group_limit(str_from(line, 3)));
    return bytes;
}

/* --- figures ---------------------------------------------------------------------------------- */

void memory_measure(void)
{
    struct mallinfo2 heap = mallinfo2();
    metric_set(METRIC_MEMORY_HEAP_USED, heap.uordblks + heap.hblkhd);
    metric_set(METRIC_MEMORY_HEAP_FREE, heap.fordblks);
    metric_set(METRIC_MEMORY_RESIDENT, memory_resident());
}

/* --- the watch -------------------------------------------------------------------------------- */

struct memory_watch {
    struct seam *seam;
    struct seam_service *service;
    bool short_of;
    uint64_t last, lowest; /* resident bytes: a second ago; the least, or what the last trim left */
    uint64_t looked_us;    /* when the heap was last gone through */
    uint64_t gap_us;       /* until the next time, longer after each that found nothing */
    uint64_t large;        /* METRIC_MEMORY_LARGE then */
};

/* Going through the heap takes its locks: not too often, but at once after much was freed. */
static bool worth_a_look(const struct memory_watch *w, uint64_t resident)
{
    bool grows = resident > w->last + MEMORY_IDLE_BYTES;
    if (resident < w->lowest + MEMORY_TRIM_BYTES || (grows && !w->short_of)) return false;
    bool freed = metric_value(METRIC_MEMORY_LARGE) + MEMORY_IDLE_BYTES < w->large;
    uint64_t since = seam_mono_us(w->seam) - w->looked_us;
    return since >= w->gap_us || (freed && since >= MEMORY_TRIM_GAP_US);
}

/* The allocator keeps what was freed: in its arenas, and at the heap's end up to twice its largest
 * piece. A step that gives it back costs as much as there is, so it is taken when that is worth
 * something and nobody is just taking more. True: it was. */
static bool give_back(struct memory_watch *w, uint64_t resident)
{
    if (!w->lowest || resident < w->lowest) w->lowest = resident;
    if (!worth_a_look(w, resident)) return false;
    w->looked_us = seam_mono_us(w->seam);
    w->large = metric_value(METRIC_MEMORY_LARGE);
    bool much = mallinfo2().fordblks >= MEMORY_TRIM_BYTES;
    bool longer = !much && w->gap_us < MEMORY_TRIM_GAP_MAX_US;
    w->gap_us = longer ? 2 * w->gap_us : w->gap_us;
    if (!much) return false;
    malloc_trim(0);
    w->gap_us = MEMORY_TRIM_GAP_US;
    w->lowest = memory_resident();
    metric_add(METRIC_MEMORY_TRIMS, 1);
    return true;
}

static void say(struct memory_watch *w, bool short_of, uint64_t resident)
{
    if (short_of == w->short_of) return;
    w->short_of = short_of;
    log_event(short_of ? LOG_WARN : LOG_INFO, short_of ? "server.memory_short" : "server.memory_ok",
              (str){ 0 }, F_NUM("bytes", resident),
              F_NUM("max", metric_value(METRIC_MEMORY_CEILING)));
}

static void look(void *arg)
{
    struct memory_watch *w = arg;
    uint64_t resident = memory_resident();
    if (give_back(w, resident)) resident = memory_resident();
    /* Who was refused between two measurements finds it in the log, even if it is over by now. */
    say(w, metric_value(METRIC_MEMORY_SHORT) != 0, resident);
    say(w, ceiling_measured(resident), resident);
    w->last = resident;
    seam_service_kick_at(w->service, seam_mono_us(w->seam) + MEMORY_LOOK_US);
}

struct memory_watch *memory_watch_start(struct seam *seam, uint64_t ceiling_bytes)
{
    struct memory_watch *w = MEM_NEW(struct memory_watch);
    w->seam = seam;
    w->gap_us = MEMORY_TRIM_GAP_US;
    ceiling_set(ceiling_bytes);
    w->service = seam_service_new(seam, "memory", look, w);
    if (w->service)
        seam_service_kick(w->service);
    else
        log_event(LOG_ERROR, "server.no_workers", (str){ 0 },
                  F_CSTR("why", "no thread to measure the memory: there is no ceiling"));
    return w;
}

void memory_watch_end(struct memory_watch *w)
{
    if (!w) return;
    if (w->service) seam_service_free(w->service);
    ceiling_set(0);
    mem_free(w);
}
