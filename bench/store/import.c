/* import.c - a Maildir of 200,000 messages comes in, by the real `posthorn import` into a real
 * `posthorn serve`.
 *
 * The limit is what the disk lets anybody do who reads the same files and appends them, with an
 * fdatasync for as many as one commit of an import holds: half of them before and half after. How
 * far the command is, is what it has read (/proc/PID/io). Memory is what no file stands behind:
 * pages of the index and of the program are page cache.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "bench_int.h"

enum { MESSAGES = 200000, MESSAGES_BRIEF = 20000, LETTER_BYTES = 4096, LOOK_US = 10000 };
enum { MEMORY_MB = 64, MARKS = 11, DELIVERED_S = 1500000000 };

struct watched {
    pid_t pid;
    double most_mb, marks_mb[MARKS]; /* at the start and after each tenth */
};

struct importing {
    struct bench *bench;
    struct bench_place place;
    struct bench_server server;
    unsigned messages;
    uint64_t bytes; /* of all files */
    char maildir[300];
    struct watched serving, command;
    double marks_s[MARKS], server_cpu_s, command_cpu_s;
    unsigned marks;
};

/* --- a Maildir ------------------------------------------------------------------------------- */

static void name_of(const struct importing *im, unsigned i, char *out, size_t room)
{
    static const char *const flags[] = { "S", "", "RS", "FS", "S", "S", "", "S" };
    snprintf(out, room, "%s/cur/%u.M%uP7.mail:2,%s", im->maildir, DELIVERED_S + i, i, flags[i % 8]);
}

static void write_whole(const char *path, str text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 || write(file, text.p, text.n) != (ssize_t)text.n)
        bench_die("cannot write a file");
    close(file);
}

/* Files have LF; an import makes CRLF of it. */
static void without_cr(struct buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (b->p[i] != '\r') b->p[n++] = b->p[i];
    buf_truncate(b, n);
}

static void make_maildir(struct importing *im)
{
    static const char *const parts[] = { "", "/cur", "/new", "/tmp" };
    char path[400];
    struct buf text = buf_make(LETTER_BYTES);
    snprintf(im->maildir, sizeof im->maildir, "%s/Maildir", im->place.folder);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        snprintf(path, sizeof path, "%s%s", im->maildir, parts[i]);
        if (mkdir(path, 0700)) bench_die("cannot make a folder");
    }
    for (unsigned i = 0; i < im->messages; i++) {
        buf_reset(&text);
        bench_letter(&text, i, LETTER_BYTES, false);
        without_cr(&text);
        name_of(im, i, path, sizeof path);
        write_whole(path, buf_str(&text));
        im->bytes += text.n;
    }
    buf_free(&text);
    bench_caught_up(&im->place);
}

/* --- the bare loop ---------------------------------------------------------------------------- */

static size_t read_whole(const char *path, char *to, size_t room)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = file < 0 ? -1 : read(file, to, room);
    if (n <= 0) bench_die("cannot read a file");
    close(file);
    return (size_t)n;
}

/* Seconds for some of the messages. */
static double bare_s(const struct importing *im, unsigned from, unsigned to)
{
    char path[400];
    char *group = mem_new((size_t)IMPORT_MESSAGES * LETTER_BYTES);
    size_t n = 0;
    off_t at = 0;
    snprintf(path, sizeof path, "%s/bare", im->place.folder);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    double start = bench_now_s();
    for (unsigned i = from; i < to; i++) {
        name_of(im, i, path, sizeof path);
        n += read_whole(path, group + n, LETTER_BYTES);
        if ((i + 1) % IMPORT_MESSAGES && i + 1 < to) continue;
        if (pwrite(file, group, n, at) != (ssize_t)n || fdatasync(file)) bench_die("cannot write");
        at += (off_t)n;
        n = 0;
    }
    double took_s = bench_now_s() - start;
    close(file);
    snprintf(path, sizeof path, "%s/bare", im->place.folder);
    unlink(path);
    mem_free(group);
    return took_s;
}

/* --- watching --------------------------------------------------------------------------------- */

/* The number after a name in a file of /proc; 0: the process has ended. */
static double proc_number(pid_t pid, const char *file, const char *name)
{
    char path[64], line[200];
    double n = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0) n = strtod(line + strlen(name), NULL);
    if (f) fclose(f);
    return n;
}

static void look_at(struct watched *w, unsigned mark)
{
    double mb = proc_number(w->pid, "status", "RssAnon:") / 1024;
    if (mb > w->most_mb) w->most_mb = mb;
    if (mark < MARKS) w->marks_mb[mark] = mb;
}

/* Of all its threads. */
static double cpu_s(pid_t pid)
{
    unsigned long long user = 0, system = 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
                     &system) != 2)
        bench_die("cannot read /proc");
    fclose(f);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* The start is when the first letters are read: names are listed and sorted before. */
static void look(struct importing *im)
{
    double share = proc_number(im->command.pid, "io", "rchar:") / (double)im->bytes;
    unsigned mark = MARKS;
    if (im->marks < MARKS && share > (im->marks ? im->marks / 10.0 : 0.005)) {
        mark = im->marks++;
        im->marks_s[mark] = bench_now_s();
    }
    look_at(&im->serving, mark);
    look_at(&im->command, mark);
}

/* --- the command ------------------------------------------------------------------------------ */

static pid_t posthorn(const struct importing *im, int input, const char *const words[4])
{
    pid_t pid = fork();
    if (pid < 0) bench_die("fork");
    if (pid) return pid;
    if (input >= 0) dup2(input, 0);
    execl(bench_program(), bench_program(), "--config", im->server.config, words[0], words[1],
          words[2], words[3], (char *)NULL);
    _exit(127);
}

static void must_end(pid_t pid, const char *what)
{
    int status;
    if (waitpid(pid, &status, 0) != pid || status) bench_die(what);
}

static void make_user(const struct importing *im)
{
    static const char *const domain[4] = { "domain", "add", "a.test" };
    static const char *const user[4] = { "user", "add", "alice@a.test" };
    int ends[2];
    must_end(posthorn(im, -1, domain), "domain add");
    if (pipe2(ends, O_CLOEXEC) || write(ends[1], "secret\n", 7) != 7) bench_die("pipe");
    close(ends[1]);
    must_end(posthorn(im, ends[0], user), "user add");
    close(ends[0]);
}

/* Seconds that the command took. */
static double import_s(struct importing *im)
{
    const char *const words[4] = { "import", "alice@a.test", im->maildir };
    int status = 0;
    struct rusage used = { 0 };
    double cpu = cpu_s(im->server.pid), start = bench_now_s();
    im->serving.pid = im->server.pid;
    im->command.pid = posthorn(im, -1, words);
    while (wait4(im->command.pid, &status, WNOHANG, &used) == 0) {
        look(im);
        usleep(LOOK_US);
    }
    double end = bench_now_s();
    if (status) bench_die("the import failed");
    im->server_cpu_s = cpu_s(im->server.pid) - cpu;
    im->command_cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                        (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    for (; im->marks < MARKS; im->marks++)
        im->marks_s[im->marks] = end;
    return end - start;
}

/* --- the row ---------------------------------------------------------------------------------- */

static void memory_row(struct bench *b, const char *what, const struct watched *w)
{
    struct figure f = { what, w->most_mb, MEMORY_MB, "MB", "wanted", 1 };
    bench_most(b, &f);
    bench_note("after the first tenth", w->marks_mb[1], "MB");
    bench_note("after nine tenths", w->marks_mb[9], "MB");
}

static void show(struct importing *im, double took_s, double bare)
{
    struct bench *b = im->bench;
    double n = im->messages;
    struct figure rate = {
        "import, real command and server", n / took_s, n / bare, "msg/s", "bare loop", 0.6
    };
    /* The first begins with the first half per cent read. */
    struct figure last = { .what = "import, its last tenth", .unit = "msg/s", .goal = 0.9 };
    last.ours = 0.1 * n / (im->marks_s[10] - im->marks_s[9]);
    last.limit = 0.095 * n / (im->marks_s[1] - im->marks_s[0]);
    last.limit_name = "the first";
    bench_least(b, &rate);
    bench_note("read", (double)im->bytes / took_s / 1048576, "MiB/s");
    bench_note("processor time a message, server", im->server_cpu_s / n * 1e6, "us");
    bench_note("processor time a message, command", im->command_cpu_s / n * 1e6, "us");
    bench_least(b, &last);
    memory_row(b, "import, memory of the server", &im->serving);
    memory_row(b, "import, memory of the command", &im->command);
}

void bench_import(struct bench *b)
{
    struct importing im = { .bench = b, .messages = b->brief ? MESSAGES_BRIEF : MESSAGES };
    bench_place_make(b, &im.place);
    make_maildir(&im);
    store_close(im.place.store);
    im.place.store = NULL;
    bench_server_start(&im.server, im.place.folder);
    make_user(&im);
    double bare = bare_s(&im, 0, im.messages / 2);
    double took_s = import_s(&im);
    bare += bare_s(&im, im.messages / 2, im.messages);
    show(&im, took_s, bare);
    bench_server_stop(&im.server);
    bench_place_free(&im.place);
}
