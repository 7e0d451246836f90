/* Entries live in blocks that are allocated as they fill.  The writer wakes a few times a second; the
 * adding thread tells it nothing, so adding costs a copy and one store. */
#include "sim/sim_truth.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BLOCK_ENTRIES = 1 << 14,
    BLOCKS_MAX = 1 << 14,
    FLUSH_BYTES = 1 << 20,
    FLUSH_PERIOD_MS = 200
};

struct sim_truth_log {
    _Atomic uint64_t n;
    struct sim_truth *blocks[BLOCKS_MAX]; /* a ring: block b of the run is at b % BLOCKS_MAX */
    bool keep;
    /* The writer's own. */
    char *path;
    int fd;         /* -1: no file */
    int file_errno; /* of the first failed write; 0: none */
    uint64_t n_written;
    struct bytes text;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `stop` alone */
    pthread_cond_t wake;
    bool stop;
};

static void add_member(struct bytes *out, const char *name, int64_t value)
{
    bytes_add_text(out, name);
    bytes_add_i64(out, value);
}

static void add_line(struct bytes *out, const struct sim_truth *entry)
{
    if (entry->request == UINT64_MAX) {
        bytes_add_text(out, "{\"request\":null");
    } else {
        add_member(out, "{\"request\":", (int64_t)entry->request);
    }
    add_member(out, ",\"token\":", entry->token);
    if (entry->tokens > 1) {
        add_member(out, ",\"tokens\":", entry->tokens);
    }
    add_member(out, ",\"due_ns\":", entry->due_ns);
    add_member(out, ",\"write_ns\":", entry->write_ns);
    if (entry->request != UINT64_MAX && entry->token == entry->tokens) {
        /* Once or twice a request: the head and the first token. */
        add_member(out, ",\"arrived_ns\":", entry->arrived_ns);
        bytes_add_format(out, ",\"body\":\"%016llx\"", (unsigned long long)entry->body_hash);
    }
    bytes_add_text(out, "}\n");
}

static void flush_text(struct sim_truth_log *self)
{
    size_t at = 0;
    while (at < self->text.len && self->file_errno == 0) {
        const ssize_t n = write(self->fd, self->text.data + at, self->text.len - at);
        if (n > 0) {
            at += (size_t)n;
        } else if (n < 0 && errno != EINTR) {
            self->file_errno = errno;
        }
    }
    bytes_clear(&self->text);
}

/* Writes out all entries that are there. */
static void write_entries(struct sim_truth_log *self)
{
    const uint64_t n = atomic_load_explicit(&self->n, memory_order_acquire);
    while (self->n_written < n) {
        const uint64_t block = self->n_written / BLOCK_ENTRIES;
        struct sim_truth **slot = &self->blocks[block % BLOCKS_MAX];
        add_line(&self->text, &(*slot)[self->n_written % BLOCK_ENTRIES]);
        self->n_written++;
        if (self->n_written % BLOCK_ENTRIES == 0 && !self->keep) {
            free(*slot);
            *slot = NULL;
        }
        if (self->text.len >= FLUSH_BYTES) {
            flush_text(self);
        }
    }
    flush_text(self);
}

static void *writer_main(void *argument)
{
    struct sim_truth_log *self = argument;
    pthread_mutex_lock(&self->lock);
    while (!self->stop) {
        const int64_t until_ns = clock_mono_ns() + FLUSH_PERIOD_MS * NS_PER_MS;
        const struct timespec until = {
            .tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
        (void)pthread_cond_clockwait(&self->wake, &self->lock, CLOCK_MONOTONIC, &until);
        pthread_mutex_unlock(&self->lock);
        write_entries(self);
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

MUST_CHECK static int start_writer(struct sim_truth_log *self, struct error *err)
{
    self->fd = open(self->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (self->fd < 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot write the truth log %s", self->path);
    }
    const int failed = pthread_create(&self->thread, NULL, writer_main, self);
    if (failed != 0) {
        (void)close(self->fd);
        self->fd = -1;
        return error_set_os(err, ERROR_IO, failed, "cannot start the truth log's thread");
    }
    return 0;
}

static void log_free(struct sim_truth_log *self)
{
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        free(self->blocks[i]);
    }
    bytes_done(&self->text);
    free(self->path);
    free(self);
}

int sim_truth_open(const char *path, bool keep, struct sim_truth_log **out, struct error *err)
{
    struct sim_truth_log *self = MEM_NEW(struct sim_truth_log);
    self->fd = -1;
    self->keep = keep || path == NULL;
    bytes_init(&self->text, BYTES_MAX_DEFAULT);
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->wake, NULL);
    self->path = path != NULL ? mem_copy_text(path) : NULL;
    const int result = path != NULL ? start_writer(self, err) : 0;
    if (result != 0) {
        log_free(self);
        return result;
    }
    *out = self;
    return 0;
}

void sim_truth_add(struct sim_truth_log *self, const struct sim_truth *entry)
{
    const uint64_t n = atomic_load_explicit(&self->n, memory_order_relaxed);
    struct sim_truth **slot = &self->blocks[n / BLOCK_ENTRIES % BLOCKS_MAX];
    if (n % BLOCK_ENTRIES == 0) {
        assert(*slot == NULL); /* 2^28 entries wait to be written or are kept: hours of full load */
        *slot = mem_alloc(BLOCK_ENTRIES, sizeof(**slot));
    }
    (*slot)[n % BLOCK_ENTRIES] = *entry;
    atomic_store_explicit(&self->n, n + 1, memory_order_release);
}

uint64_t sim_truth_count(const struct sim_truth_log *self)
{
    return atomic_load_explicit(&self->n, memory_order_acquire);
}

const struct sim_truth *sim_truth_at(const struct sim_truth_log *self, uint64_t index)
{
    assert(self->keep && index < sim_truth_count(self));
    return &self->blocks[index / BLOCK_ENTRIES % BLOCKS_MAX][index % BLOCK_ENTRIES];
}

int sim_truth_close(struct sim_truth_log *self, struct error *err)
{
    if (self == NULL) {
        return 0;
    }
    int result = 0;
    if (self->fd >= 0) {
        pthread_mutex_lock(&self->lock);
        self->stop = true;
        pthread_cond_signal(&self->wake);
        pthread_mutex_unlock(&self->lock);
        (void)pthread_join(self->thread, NULL);
        write_entries(self);
        if (close(self->fd) != 0 && self->file_errno == 0) {
            self->file_errno = errno;
        }
        if (self->file_errno != 0) {
            result = error_set_os(
                err, ERROR_IO, self->file_errno, "cannot write the truth log %s", self->path);
        }
    }
    (void)pthread_mutex_destroy(&self->lock);
    (void)pthread_cond_destroy(&self->wake);
    log_free(self);
    return result;
}
