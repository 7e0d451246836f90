/* Moments lie on a grid of each sampler's period.  A moment that passed while something else was read
 * is missed and counted, never made up for. */
#include "telemetry/recorder.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct recorder {
    struct sampler *const *samplers;
    uint32_t n_samplers;
    int64_t *due_ns; /* next moment of each sampler */
    int64_t *period_ns;
    struct telemetry telemetry;
    uint64_t *capacity; /* samples of each track */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;    /* under the lock */
    bool running; /* the thread is there */
};

static void grow(struct track *track, uint64_t *capacity)
{
    *capacity = *capacity == 0 ? 256 : *capacity * 2;
    track->at_ns = mem_resize(track->at_ns, *capacity, sizeof(*track->at_ns));
    for (uint32_t c = 0; c < track->n_columns; c++) {
        struct track_column *column = &track->columns[c];
        column->values = mem_resize(column->values, *capacity, sizeof(*column->values));
    }
}

static void
record_source(struct sampler *sampler, uint32_t source, struct track *track, uint64_t *capacity)
{
    double values[TRACK_COLUMNS_MAX];
    const int64_t before_ns = clock_mono_ns();
    const bool told = sampler->ops->sample(sampler, source, values);
    const int64_t at_ns = before_ns + (clock_mono_ns() - before_ns) / 2;
    if (!told) {
        track->n_failed++;
        return;
    }
    if (track->n >= TRACK_SAMPLES_MAX || (track->n > 0 && at_ns <= track->at_ns[track->n - 1])) {
        track->n_missed++;
        return;
    }
    if (track->n >= *capacity) {
        grow(track, capacity);
    }
    track->at_ns[track->n] = at_ns;
    for (uint32_t c = 0; c < track->n_columns; c++) {
        track->columns[c].values[track->n] = values[c];
    }
    track->n++;
}

/* Reads the sources of samplers that are due; all of them when `now_ns` is CLOCK_NEVER. */
static void record_due(struct recorder *self, int64_t now_ns)
{
    uint32_t t = 0;
    for (uint32_t s = 0; s < self->n_samplers; s++) {
        struct sampler *sampler = self->samplers[s];
        if (self->due_ns[s] > now_ns) {
            t += sampler->n_sources;
            continue;
        }
        const bool last = now_ns == CLOCK_NEVER;
        const int64_t passed = last ? 0 : (now_ns - self->due_ns[s]) / self->period_ns[s];
        self->due_ns[s] += (passed + 1) * self->period_ns[s];
        for (uint32_t i = 0; i < sampler->n_sources; i++, t++) {
            struct track *track = &self->telemetry.tracks[t];
            track->n_missed += (uint64_t)passed;
            record_source(sampler, i, track, &self->capacity[t]);
        }
    }
}

static int64_t next_due(const struct recorder *self)
{
    int64_t due_ns = CLOCK_NEVER;
    for (uint32_t s = 0; s < self->n_samplers; s++) {
        due_ns = self->due_ns[s] < due_ns ? self->due_ns[s] : due_ns;
    }
    return due_ns;
}

/* False when the recorder shall end. */
static bool wait_until(struct recorder *self, int64_t due_ns)
{
    const struct timespec until = {
        .tv_sec = (time_t)(due_ns / NS_PER_S), .tv_nsec = (long)(due_ns % NS_PER_S)};
    (void)pthread_mutex_lock(&self->lock);
    int result = 0;
    while (!self->stop && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&self->wake, &self->lock, &until);
    }
    const bool go_on = !self->stop;
    (void)pthread_mutex_unlock(&self->lock);
    return go_on;
}

static void *record(void *context)
{
    struct recorder *self = context;
    while (wait_until(self, next_due(self))) {
        record_due(self, clock_mono_ns());
    }
    record_due(self, CLOCK_NEVER);
    return NULL;
}

/* The source with room for samples of its own. */
static void make_track(struct track *out, const struct track *source, int64_t period_ns)
{
    *out = *source;
    assert(out->n_columns <= TRACK_COLUMNS_MAX);
    out->period_ns = period_ns;
    struct track_column *columns = mem_alloc(out->n_columns, sizeof(*columns));
    for (uint32_t c = 0; c < out->n_columns; c++) {
        columns[c] = out->columns[c];
        columns[c].values = NULL;
    }
    out->columns = columns;
}

static void make_tracks(struct recorder *self)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < self->n_samplers; s++) {
        n += self->samplers[s]->n_sources;
    }
    assert(n <= TRACKS_MAX);
    self->telemetry.n_tracks = n;
    self->telemetry.tracks = mem_alloc(n, sizeof(*self->telemetry.tracks));
    self->capacity = mem_alloc(n, sizeof(*self->capacity));
    uint32_t t = 0;
    for (uint32_t s = 0; s < self->n_samplers; s++) {
        const struct sampler *sampler = self->samplers[s];
        for (uint32_t i = 0; i < sampler->n_sources; i++, t++) {
            make_track(&self->telemetry.tracks[t], &sampler->sources[i], self->period_ns[s]);
        }
    }
}

int recorder_start(
    struct sampler *const *samplers,
    uint32_t n_samplers,
    int64_t period_ns,
    struct recorder **out,
    struct error *err)
{
    struct recorder *self = MEM_NEW(struct recorder);
    *self = (struct recorder){.samplers = samplers, .n_samplers = n_samplers};
    self->due_ns = mem_alloc(n_samplers, sizeof(*self->due_ns));
    self->period_ns = mem_alloc(n_samplers, sizeof(*self->period_ns));
    const int64_t now_ns = clock_mono_ns();
    for (uint32_t s = 0; s < n_samplers; s++) {
        self->due_ns[s] = now_ns;
        self->period_ns[s] = period_ns > 0 ? period_ns : samplers[s]->ops->period_ns;
    }
    make_tracks(self);
    record_due(self, now_ns);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&self->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&self->lock, NULL);
    const int result = pthread_create(&self->thread, NULL, record, self);
    if (result != 0) {
        recorder_free(self);
        return error_set_os(err, ERROR_IO, result, "the recorder's thread cannot be started");
    }
    self->running = true;
    *out = self;
    return 0;
}

void recorder_stop(struct recorder *self)
{
    if (self->running) {
        (void)pthread_mutex_lock(&self->lock);
        self->stop = true;
        (void)pthread_cond_signal(&self->wake);
        (void)pthread_mutex_unlock(&self->lock);
        (void)pthread_join(self->thread, NULL);
        self->running = false;
    }
}

const struct telemetry *recorder_telemetry(struct recorder *self, int64_t origin_ns)
{
    assert(!self->running);
    for (uint32_t t = 0; t < self->telemetry.n_tracks; t++) {
        struct track *track = &self->telemetry.tracks[t];
        for (uint64_t i = 0; i < track->n; i++) {
            track->at_ns[i] -= origin_ns;
        }
    }
    return &self->telemetry;
}

void recorder_free(struct recorder *self)
{
    if (self == NULL) {
        return;
    }
    recorder_stop(self);
    for (uint32_t t = 0; t < self->telemetry.n_tracks; t++) {
        struct track *track = &self->telemetry.tracks[t];
        for (uint32_t c = 0; c < track->n_columns; c++) {
            free(track->columns[c].values);
        }
        free(track->columns);
        free(track->at_ns);
    }
    free(self->telemetry.tracks);
    free(self->capacity);
    free(self->due_ns);
    free(self->period_ns);
    (void)pthread_cond_destroy(&self->wake);
    (void)pthread_mutex_destroy(&self->lock);
    free(self);
}
