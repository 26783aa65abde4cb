/* bare.c - what the disk itself can do: append and fdatasync, with nothing around it. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "bench_int.h"

struct appender {
    int file;
    char *bytes;
    size_t n;
    uint64_t at;
    char path[256];
};

static void begin(struct appender *a, const struct bare *b)
{
    snprintf(a->path, sizeof a->path, "%s/bare", b->folder);
    a->file = open(a->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (a->file < 0) bench_die("cannot make a file");
    a->n = b->message_bytes * b->writers;
    a->at = 0;
    a->bytes = mem_new(a->n);
    bench_random(a->bytes, a->n, 1);
}

static void end(struct appender *a)
{
    close(a->file);
    unlink(a->path);
    mem_free(a->bytes);
}

static void append(struct appender *a)
{
    if (pwrite(a->file, a->bytes, a->n, (off_t)a->at) != (ssize_t)a->n || fdatasync(a->file) < 0)
        bench_die("cannot write");
    a->at += a->n;
}

double bare_groups(const struct bare *b)
{
    struct appender a;
    begin(&a, b);
    double start = bench_now_s(), now = start;
    for (; now - start < b->seconds; now = bench_now_s())
        append(&a);
    end(&a);
    return (double)(a.at / b->message_bytes) / (now - start);
}

struct hand_off {
    struct appender appender;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool asked, done, ending;
};

static void *appending(void *arg)
{
    struct hand_off *h = arg;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        while (!h->asked && !h->ending)
            pthread_cond_wait(&h->changed, &h->lock);
        if (h->ending) break;
        h->asked = false;
        pthread_mutex_unlock(&h->lock);
        append(&h->appender);
        pthread_mutex_lock(&h->lock);
        h->done = true;
        pthread_cond_broadcast(&h->changed);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static void ask(struct hand_off *h)
{
    pthread_mutex_lock(&h->lock);
    h->asked = true;
    h->done = false;
    pthread_cond_broadcast(&h->changed);
    while (!h->done)
        pthread_cond_wait(&h->changed, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

static void stop(struct hand_off *h, pthread_t thread)
{
    pthread_mutex_lock(&h->lock);
    h->ending = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    pthread_join(thread, NULL);
}

double bare_hand_off(const struct bare *b)
{
    struct hand_off h = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    pthread_t thread;
    begin(&h.appender, b);
    if (pthread_create(&thread, NULL, appending, &h)) bench_die("cannot start a thread");
    double start = bench_now_s(), now = start;
    for (; now - start < b->seconds; now = bench_now_s())
        ask(&h);
    stop(&h, thread);
    end(&h.appender);
    return (double)(h.appender.at / b->message_bytes) / (now - start);
}
