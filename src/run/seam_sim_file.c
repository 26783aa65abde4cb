/* seam_sim_file.c - what simulated files hold: pages as they are now and as the disk has them.
 *
 * A page is clean while both are the same; fdatasync makes them so. At a power cut each page that
 * differs falls to one side or the other by chance, and the size likewise.
 */
#include "run/seam_sim_int.h"

#include <errno.h>

struct open_file {
    struct sim_inode *inode;
    bool writable;
};

/* --- pages ------------------------------------------------------------------------------------ */

static bool is_dirty(const struct sim_page *page)
{
    return page->now != page->durable;
}

static void set_now(struct sim_machine *m, struct sim_page *page, char *bytes)
{
    if (page->now) m->pages--;
    if (bytes) m->pages++;
    if (is_dirty(page)) mem_free(page->now);
    page->now = bytes;
    page->lost = false;
}

static void set_durable(struct sim_page *page)
{
    if (is_dirty(page)) mem_free(page->durable);
    page->durable = page->now;
    page->lost = false;
}

static void grow(struct sim_inode *i, uint64_t size)
{
    size_t n = (size_t)((size + SIM_PAGE_BYTES - 1) / SIM_PAGE_BYTES);
    if (n <= i->n) return;
    i->pages = mem_resize(i->pages, i->n, n, sizeof(*i->pages));
    i->n = n;
}

/* A page that may be written: its own bytes, no longer the disk's. NULL: the disk is full. */
static char *page_for_write(struct sim_inode *i, size_t n)
{
    struct sim_page *page = &i->pages[n];
    page->lost = false;
    if (page->now && is_dirty(page)) return page->now;
    if (!page->now && i->machine->pages >= i->machine->pages_max) return NULL;
    char *bytes = mem_new(SIM_PAGE_BYTES);
    if (page->now) bytes_copy(bytes, SIM_PAGE_BYTES, page->now, SIM_PAGE_BYTES);
    set_now(i->machine, page, bytes);
    return bytes;
}

static size_t page_part(uint64_t at, size_t n)
{
    size_t room = SIM_PAGE_BYTES - (size_t)(at % SIM_PAGE_BYTES);
    return n < room ? n : room;
}

/* How many bytes were written before the disk was full. */
static size_t write_bytes(struct sim_inode *i, const char *p, size_t n, uint64_t at)
{
    size_t done = 0;
    grow(i, at + n);
    while (done < n) {
        size_t part = page_part(at + done, n - done);
        char *page = page_for_write(i, (size_t)((at + done) / SIM_PAGE_BYTES));
        if (!page) break;
        bytes_copy(page + (at + done) % SIM_PAGE_BYTES, part, p + done, part);
        done += part;
    }
    if (done > 0 && at + done > i->size) i->size = at + done;
    return done;
}

static void read_bytes(const struct sim_inode *i, char *p, size_t n, uint64_t at)
{
    static const char zeros[SIM_PAGE_BYTES];
    for (size_t done = 0, part; done < n; done += part) {
        part = page_part(at + done, n - done);
        size_t page = (size_t)((at + done) / SIM_PAGE_BYTES);
        const char *bytes = page < i->n && i->pages[page].now ? i->pages[page].now : zeros;
        bytes_copy(p + done, part, bytes + (at + done) % SIM_PAGE_BYTES, part);
    }
}

/* Bytes past the end read as zeros if the file grows again. */
static void cut_to(struct sim_inode *i, uint64_t size)
{
    size_t first = (size_t)((size + SIM_PAGE_BYTES - 1) / SIM_PAGE_BYTES);
    for (size_t n = first; n < i->n; n++)
        set_now(i->machine, &i->pages[n], NULL);
    size_t tail = (size_t)(size % SIM_PAGE_BYTES);
    if (tail == 0 || first > i->n || !i->pages[first - 1].now) return;
    /* It has bytes already, so the disk is not asked for a page. */
    char *page = page_for_write(i, first - 1);
    static const char zeros[SIM_PAGE_BYTES];
    bytes_copy(page + tail, SIM_PAGE_BYTES - tail, zeros, SIM_PAGE_BYTES - tail);
}

/* --- inodes ----------------------------------------------------------------------------------- */

struct sim_inode *sim_inode_new(struct sim_machine *m)
{
    struct sim_inode *i = MEM_NEW(struct sim_inode);
    i->machine = m;
    i->refs = 1;
    i->locked_by = -1;
    return i;
}

struct sim_inode *sim_inode_keep(struct sim_inode *i)
{
    if (i) i->refs++;
    return i;
}

void sim_inode_drop(struct sim_inode *i)
{
    if (!i || --i->refs > 0) return;
    for (size_t n = 0; n < i->n; n++) {
        set_now(i->machine, &i->pages[n], NULL);
        mem_free(i->pages[n].durable);
    }
    mem_free(i->pages);
    mem_free(i);
}

static void page_power_cut(struct sim_inode *i, struct sim_page *page)
{
    if (!is_dirty(page)) return;
    if (!page->lost && sim_once_in(i->machine->world, 2)) {
        set_durable(page);
        return;
    }
    set_now(i->machine, page, NULL);
    page->now = page->durable;
    if (page->now) i->machine->pages++;
}

void sim_inode_power_cut(struct sim_inode *i)
{
    for (size_t n = 0; n < i->n; n++)
        page_power_cut(i, &i->pages[n]);
    if (i->size != i->durable_size && sim_once_in(i->machine->world, 2)) i->size = i->durable_size;
    grow(i, i->size);
    cut_to(i, i->size);
    for (size_t n = 0; n < i->n; n++)
        set_durable(&i->pages[n]);
    i->durable_size = i->size;
    i->locked_by = -1;
}

/* --- open files ------------------------------------------------------------------------------- */

static int get(struct seam *s, int file, struct open_file **out)
{
    struct sim_machine *m = sim_machine(s);
    if (m->off) return -EIO;
    *out = sim_handle_get(m, file, SIM_FILE);
    return *out ? 0 : -EBADF;
}

static int get_to_change(struct seam *s, int file, struct open_file **out)
{
    return sim_may_change(sim_machine(s)) ? get(s, file, out) : -EIO;
}

int sim_open(struct seam *s, const char *path, unsigned how)
{
    struct sim_machine *m = sim_machine(s);
    if (m->off) return -EIO;
    struct sim_inode *inode = NULL;
    int e = sim_name_open(m, path, how, &inode);
    if (e) return e;
    struct open_file *f = MEM_NEW(struct open_file);
    f->inode = inode;
    f->writable = how & SEAM_WRITE;
    return sim_handle_new(m, SIM_FILE, f);
}

int sim_close(struct seam *s, int file)
{
    struct open_file *f;
    int e = get(s, file, &f);
    if (e) return e;
    if (f->inode->locked_by == file) f->inode->locked_by = -1;
    sim_inode_drop(f->inode);
    mem_free(f);
    sim_handle_drop(sim_machine(s), file);
    return 0;
}

ssize_t sim_pread(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    struct open_file *f;
    int e = get(s, file, &f);
    if (!e) e = sim_troubled(sim_machine(s), SIM_READS);
    if (e) return e;
    if (at >= f->inode->size) return 0;
    if (n > f->inode->size - at) n = (size_t)(f->inode->size - at);
    read_bytes(f->inode, p, n, at);
    return (ssize_t)n;
}

ssize_t sim_pread_cached(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    struct sim_machine *m = sim_machine(s);
    if (!m->off && sim_once_in(m->world, 4)) return -EAGAIN;
    if (!m->off && n > 1 && sim_once_in(m->world, 8)) n = 1 + (size_t)sim_below(m->world, n - 1);
    return sim_pread(s, file, p, n, at);
}

static ssize_t write_pieces(struct sim_inode *i, const struct iovec *iov, int n, uint64_t at)
{
    size_t done = 0;
    for (int piece = 0; piece < n; piece++) {
        size_t put = write_bytes(i, iov[piece].iov_base, iov[piece].iov_len, at + done);
        done += put;
        if (put < iov[piece].iov_len) break;
    }
    return (ssize_t)done;
}

ssize_t sim_pwritev(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at)
{
    struct open_file *f;
    int e = get_to_change(s, file, &f);
    if (!e) e = sim_troubled(sim_machine(s), SIM_WRITES);
    if (e) return e;
    if (!f->writable) return -EBADF;
    /* Short only when the disk is full, as Linux does with files; seam_faults plans others. */
    ssize_t put = write_pieces(f->inode, iov, n, at);
    bool empty = n == 0 || (n == 1 && iov[0].iov_len == 0);
    if (empty) return 0;
    return put > 0 ? put : -ENOSPC;
}

void sim_inode_sync(struct sim_inode *i)
{
    for (size_t n = 0; n < i->n; n++)
        if (!i->pages[n].lost) set_durable(&i->pages[n]);
    i->durable_size = i->size;
}

/* Some pages reached the disk; the others Linux marks clean and forgets: the next sync says OK and
 * writes none of them. */
void sim_sync_failed(struct seam *s, int file)
{
    struct open_file *f;
    if (get(s, file, &f)) return;
    for (size_t n = 0; n < f->inode->n; n++) {
        struct sim_page *page = &f->inode->pages[n];
        if (!is_dirty(page) || page->lost) continue;
        if (sim_once_in(sim_machine(s)->world, 2))
            set_durable(page);
        else
            page->lost = true;
    }
}

int sim_fdatasync(struct seam *s, int file)
{
    struct open_file *f;
    int e = get_to_change(s, file, &f);
    if (e) return e;
    e = sim_troubled(sim_machine(s), SIM_SYNCS);
    if (e)
        sim_sync_failed(s, file);
    else
        sim_inode_sync(f->inode);
    return e;
}

int sim_sync_all(struct seam *s, int file)
{
    struct open_file *f;
    int e = get_to_change(s, file, &f);
    if (!e) e = sim_troubled(sim_machine(s), SIM_SYNCS);
    if (!e) sim_names_sync(sim_machine(s));
    return e;
}

/* A promise: the disk has it only after a sync. */
int sim_write_out(struct seam *s, int file, bool wait)
{
    (void)wait;
    struct open_file *f;
    return get_to_change(s, file, &f);
}

int sim_set_modified(struct seam *s, int file, int64_t seconds)
{
    struct open_file *f;
    int e = get_to_change(s, file, &f);
    if (!e) f->inode->modified_s = seconds;
    return e;
}

int sim_truncate(struct seam *s, int file, uint64_t size)
{
    struct open_file *f;
    int e = get_to_change(s, file, &f);
    if (!e) e = sim_troubled(sim_machine(s), SIM_WRITES);
    if (e) return e;
    if (!f->writable) return -EINVAL;
    if (size < f->inode->size) cut_to(f->inode, size);
    grow(f->inode, size);
    f->inode->size = size;
    return 0;
}

/* Room is promised, not kept: pages are counted when they are written. */
int sim_allocate(struct seam *s, int file, uint64_t from, uint64_t size)
{
    struct open_file *f;
    int e = get_to_change(s, file, &f);
    if (!e) e = sim_troubled(sim_machine(s), SIM_WRITES);
    if (e) return e;
    if (!f->writable) return -EBADF;
    if ((int64_t)size > sim_free_bytes(s, ".")) return -ENOSPC;
    if (from + size <= f->inode->size) return 0;
    grow(f->inode, from + size);
    f->inode->size = from + size;
    return 0;
}

int64_t sim_size(struct seam *s, int file)
{
    struct open_file *f;
    int e = get(s, file, &f);
    return e ? e : (int64_t)f->inode->size;
}

int sim_lock(struct seam *s, int file)
{
    struct open_file *f;
    int e = get(s, file, &f);
    if (e) return e;
    if (f->inode->locked_by >= 0 && f->inode->locked_by != file) return -EAGAIN;
    f->inode->locked_by = file;
    return 0;
}

int64_t sim_free_bytes(struct seam *s, const char *path)
{
    (void)path;
    const struct sim_machine *m = sim_machine(s);
    if (m->off) return -EIO;
    if (m->pages >= m->pages_max) return 0;
    return (int64_t)((m->pages_max - m->pages) * SIM_PAGE_BYTES);
}

/* --- the whole disk --------------------------------------------------------------------------- */

static void close_all(struct sim_machine *m)
{
    for (size_t i = 0; i < m->handles_n; i++) {
        struct open_file *f = sim_handle_get(m, (int)i, SIM_FILE);
        if (!f) continue;
        sim_inode_drop(f->inode);
        mem_free(f);
        m->handles[i] = (struct sim_handle){ SIM_LOST, NULL };
    }
}

static void temp_end(struct sim_machine *m)
{
    if (!m->temp) return;
    real_temp_remove(m->temp);
    mem_free(m->temp);
    m->temp = NULL;
}

const char *sim_real_path(struct seam *s, const char *name, struct arena *a)
{
    struct sim_machine *m = sim_machine(s);
    if (m->off) return NULL;
    if (!m->temp) m->temp = real_temp_new();
    if (!m->temp) return NULL;
    return real_temp_folder(m->temp, name, a);
}

void sim_files_power_cut(struct sim_machine *m)
{
    close_all(m);
    temp_end(m);
    sim_names_power_cut(m);
}

void sim_files_free(struct sim_machine *m)
{
    close_all(m);
    temp_end(m);
    sim_names_free(m);
}
