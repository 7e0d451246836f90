/* Moments lie on a grid of each sampler's period.  A moment that passed while something else was read
 * is missed and counted, never made up for.  Samplers that may wait for others have a lane, a thread, of
 * their own; all others share the first. */
#include "telemetry/recorder.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* A sampler and what is recorded of it. */
struct slot {
    struct sampler *sampler;
    uint32_t lane;
    int64_t period_ns;
    int64_t due_ns; /* its next moment */
    struct track *tracks;
    uint64_t *capacity; /* samples of each track */
};

struct lane {
    struct recorder *recorder;
    uint32_t index;
    pthread_t thread;
    bool running; /* the thread is there */
    int64_t cpu_ns;
};

struct recorder {
    uint32_t n_slots;
    struct slot *slots;
    uint32_t n_lanes;
    struct lane *lanes;
    struct telemetry telemetry;
    uint64_t *capacity; /* of all tracks */
    int64_t start_ns;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop; /* under the lock */
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

/* A value that is no number was not told: records files have no infinity. */
static void keep_sample(struct track *track, int64_t at_ns, const double *values)
{
    track->at_ns[track->n] = at_ns;
    for (uint32_t c = 0; c < track->n_columns; c++) {
        track->columns[c].values[track->n] = isfinite(values[c]) ? values[c] : (double)NAN;
    }
    track->n++;
}

static void
record_source(struct sampler *sampler, uint32_t source, struct track *track, uint64_t *capacity)
{
    double values[TRACK_COLUMNS_MAX];
    const int64_t cpu_ns = clock_thread_cpu_ns();
    const int64_t before_ns = clock_mono_ns();
    const bool told = sampler->ops->sample(sampler, source, values);
    const int64_t at_ns = before_ns + (clock_mono_ns() - before_ns) / 2;
    track->cpu_ns += clock_thread_cpu_ns() - cpu_ns;
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
    keep_sample(track, at_ns, values);
}

/* Reads all sources of a sampler; `passed` moments went by unread. */
static void record_slot(struct slot *slot, int64_t passed)
{
    for (uint32_t i = 0; i < slot->sampler->n_sources; i++) {
        slot->tracks[i].n_missed += (uint64_t)passed;
        record_source(slot->sampler, i, &slot->tracks[i], &slot->capacity[i]);
    }
}

/* Reads the samplers of the lane that are due; all of them when `now_ns` is CLOCK_NEVER. */
static void record_due(struct recorder *self, uint32_t lane, int64_t now_ns)
{
    for (uint32_t s = 0; s < self->n_slots; s++) {
        struct slot *slot = &self->slots[s];
        if (slot->lane != lane || slot->due_ns > now_ns) {
            continue;
        }
        const bool last = now_ns == CLOCK_NEVER;
        const int64_t passed = last ? 0 : (now_ns - slot->due_ns) / slot->period_ns;
        slot->due_ns += (passed + 1) * slot->period_ns;
        record_slot(slot, passed);
    }
}

static int64_t next_due(const struct recorder *self, uint32_t lane)
{
    int64_t due_ns = CLOCK_NEVER;
    for (uint32_t s = 0; s < self->n_slots; s++) {
        if (self->slots[s].lane == lane && self->slots[s].due_ns < due_ns) {
            due_ns = self->slots[s].due_ns;
        }
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
    struct lane *lane = context;
    struct recorder *self = lane->recorder;
    while (wait_until(self, next_due(self, lane->index))) {
        record_due(self, lane->index, clock_mono_ns());
    }
    record_due(self, lane->index, CLOCK_NEVER);
    lane->cpu_ns += clock_thread_cpu_ns();
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
    for (uint32_t s = 0; s < self->n_slots; s++) {
        n += self->slots[s].sampler->n_sources;
    }
    assert(n <= TRACKS_MAX);
    self->telemetry.n_tracks = n;
    self->telemetry.tracks = mem_alloc(n, sizeof(*self->telemetry.tracks));
    self->capacity = mem_alloc(n, sizeof(*self->capacity));
    uint32_t t = 0;
    for (uint32_t s = 0; s < self->n_slots; s++) {
        struct slot *slot = &self->slots[s];
        slot->tracks = &self->telemetry.tracks[t];
        slot->capacity = &self->capacity[t];
        for (uint32_t i = 0; i < slot->sampler->n_sources; i++) {
            make_track(&slot->tracks[i], &slot->sampler->sources[i], slot->period_ns);
        }
        t += slot->sampler->n_sources;
    }
}

/* Lane 0 is shared; it is there even when nothing shares it. */
static void make_slots(
    struct recorder *self,
    struct sampler *const *samplers,
    uint32_t n_samplers,
    const int64_t *periods_ns)
{
    self->n_slots = n_samplers;
    self->slots = mem_alloc(n_samplers, sizeof(*self->slots));
    self->n_lanes = 1;
    for (uint32_t s = 0; s < n_samplers; s++) {
        const int64_t given_ns = periods_ns == NULL ? 0 : periods_ns[s];
        self->slots[s] = (struct slot){
            .sampler = samplers[s],
            .lane = samplers[s]->ops->waits ? self->n_lanes++ : 0,
            .period_ns = given_ns > 0 ? given_ns : samplers[s]->ops->period_ns,
            .due_ns = self->start_ns,
        };
    }
    self->lanes = mem_alloc(self->n_lanes, sizeof(*self->lanes));
}

static void init_wake(struct recorder *self)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&self->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&self->lock, NULL);
}

/* Signals are for the threads that were there before. */
static int start_lanes(struct recorder *self)
{
    sigset_t all;
    sigset_t before;
    int result = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (uint32_t i = 0; i < self->n_lanes && result == 0; i++) {
        struct lane *lane = &self->lanes[i];
        lane->recorder = self;
        lane->index = i;
        result = pthread_create(&lane->thread, NULL, record, lane);
        lane->running = result == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

int recorder_start(
    struct sampler *const *samplers,
    uint32_t n_samplers,
    const int64_t *periods_ns,
    struct recorder **out,
    struct error *err)
{
    struct recorder *self = MEM_NEW(struct recorder);
    self->start_ns = clock_mono_ns();
    make_slots(self, samplers, n_samplers, periods_ns);
    make_tracks(self);
    init_wake(self);
    const int64_t cpu_ns = clock_thread_cpu_ns();
    record_due(self, 0, self->start_ns);
    self->lanes[0].cpu_ns = clock_thread_cpu_ns() - cpu_ns;
    const int result = start_lanes(self);
    if (result != 0) {
        recorder_free(self);
        return error_set_os(err, ERROR_IO, result, "the recorder's thread cannot be started");
    }
    *out = self;
    return 0;
}

void recorder_mark_idle(struct recorder *self, int64_t start_ns, int64_t end_ns)
{
    self->telemetry.idle_start_ns = start_ns;
    self->telemetry.idle_end_ns = end_ns;
}

void recorder_stop(struct recorder *self)
{
    if (self->stop) {
        return; /* only this thread sets it */
    }
    (void)pthread_mutex_lock(&self->lock);
    self->stop = true;
    (void)pthread_cond_broadcast(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
    for (uint32_t i = 0; i < self->n_lanes; i++) {
        if (self->lanes[i].running) {
            (void)pthread_join(self->lanes[i].thread, NULL);
            self->telemetry.recorder_cpu_ns += self->lanes[i].cpu_ns;
        }
    }
    self->telemetry.recorder_wall_ns = clock_mono_ns() - self->start_ns;
}

const struct telemetry *recorder_telemetry(struct recorder *self, int64_t origin_ns)
{
    assert(self->stop);
    if (self->telemetry.idle_end_ns > self->telemetry.idle_start_ns) {
        self->telemetry.idle_start_ns -= origin_ns;
        self->telemetry.idle_end_ns -= origin_ns;
    }
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
    free(self->slots);
    free(self->lanes);
    (void)pthread_cond_destroy(&self->wake);
    (void)pthread_mutex_destroy(&self->lock);
    free(self);
}
