/* Makes the workers, starts their clock together, watches them, and gathers what they recorded. */
#include "load/point.h"

#include "base/clock.h"
#include "base/mem.h"
#include "codec/digest.h"
#include "load/worker.h"

#include <assert.h>
#include <math.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Period of the caller's tick. */
#define POINT_TICK_NS INT64_C(100000000)

/* Between the last worker's readiness and the common start. */
#define POINT_START_LEAD_NS INT64_C(1000000)

struct point {
    const struct point_options *options;
    struct control control;
    struct point_progress progress;
    unsigned n_workers;
    struct worker *workers;
    pthread_t threads[POINT_WORKERS_MAX];
    unsigned n_threads;
    atomic_uint n_ready; /* workers whose connections have opened */
    atomic_uint n_finished;
    sem_t finished;           /* posted by each worker at its end */
    _Atomic int64_t start_ns; /* absolute; 0 until all are ready */
};

struct point_thread {
    struct point *point;
    struct worker *worker;
};

unsigned point_workers(const struct point_options *options)
{
    if (options->virtual_time) {
        return 1;
    }
    unsigned n = options->n_workers;
    if (n == 0) {
        const double streams =
            options->driver == DRIVER_CLOSED ? options->concurrency : options->rate_rps / 4.0;
        n = 1 + (unsigned)(streams / (POINT_STREAMS_PER_WORKER + 1));
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);
        const unsigned most = cores > 3 ? (unsigned)cores / 2 : 1;
        n = n < most ? n : most;
    }
    if (options->driver == DRIVER_CLOSED && n > options->concurrency) {
        n = options->concurrency;
    }
    if (options->max_concurrency > 0 && n > options->max_concurrency) {
        n = options->max_concurrency;
    }
    return n < POINT_WORKERS_MAX ? n : POINT_WORKERS_MAX;
}

uint64_t point_connections(const struct point_options *options)
{
    const unsigned n_workers = point_workers(options);
    uint64_t streams = 0;
    for (unsigned i = 0; i < n_workers; i++) {
        streams += worker_slots_prepared(options, n_workers, i);
    }
    return 2 * streams; /* each with its spare: see worker_links.c */
}

uint64_t point_requests(const struct point_options *options)
{
    if (options->n_requests > 0 || options->driver == DRIVER_CLOSED) {
        return options->n_requests;
    }
    return (uint64_t)(options->rate_rps * (double)options->duration_ns / (double)NS_PER_S);
}

static void *point_thread_main(void *argument)
{
    struct point_thread *thread = argument;
    struct point *point = thread->point;
    const struct cpu_list *pin = &point->options->pin;
    if (pin->n > 0) {
        (void)cpu_pin(pin->cpus[thread->worker->index % pin->n]); /* checked before the run */
    }
    worker_connect(thread->worker);
    (void)atomic_fetch_add(&point->n_ready, 1);
    int64_t start_ns = atomic_load(&point->start_ns);
    while (start_ns == 0) {
        clock_sleep_until(clock_mono_ns() + POINT_START_LEAD_NS / 4);
        start_ns = atomic_load(&point->start_ns);
    }
    clock_sleep_until(start_ns);
    worker_run(thread->worker, start_ns);
    (void)atomic_fetch_add(&point->n_finished, 1);
    (void)sem_post(&point->finished);
    return NULL;
}

static double progress_ttft_p50_ms(const struct point_progress *progress)
{
    uint64_t lag[LAG_BUCKETS];
    for (int i = 0; i < LAG_BUCKETS; i++) {
        lag[i] = atomic_load_explicit(&progress->ttft[i], memory_order_relaxed);
    }
    return lag_histogram_quantile(lag, 0.5) / 1e6;
}

static const char *phase_now(struct point *point, int64_t elapsed_ns)
{
    if (atomic_load(&point->start_ns) == 0) {
        return "connect";
    }
    if (elapsed_ns < control_window_start(&point->control)) {
        return "warm-up";
    }
    if (atomic_load(&point->control.n_busy) == 0) {
        return "drain";
    }
    return elapsed_ns < control_window_end(&point->control) ? "window" : "tail";
}

static void point_tick(struct point *point)
{
    const struct point_options *options = point->options;
    if (options->tick == NULL) {
        return;
    }
    struct point_progress *progress = &point->progress;
    const int64_t start_ns = atomic_load(&point->start_ns);
    const int64_t elapsed_ns = start_ns == 0 ? 0 : clock_mono_ns() - start_ns;
    const int64_t window_ns = control_window_start(&point->control);
    const struct point_snapshot snapshot = {
        .phase = phase_now(point, elapsed_ns),
        .elapsed_ns = elapsed_ns,
        .window_elapsed_ns = elapsed_ns > window_ns ? elapsed_ns - window_ns : 0,
        .n_sent = atomic_load_explicit(&progress->n_sent, memory_order_relaxed),
        .n_ended = atomic_load_explicit(&progress->n_ended, memory_order_relaxed),
        .n_failed = atomic_load_explicit(&progress->n_failed, memory_order_relaxed),
        .n_tokens = atomic_load_explicit(&progress->n_tokens, memory_order_relaxed),
        .in_flight = atomic_load_explicit(&progress->in_flight, memory_order_relaxed),
        .ttft_p50_ms = progress_ttft_p50_ms(progress),
    };
    const int wish = options->tick(options->tick_context, &snapshot);
    if (wish > atomic_load(&point->control.stop)) {
        control_interrupt(&point->control, elapsed_ns);
        atomic_store(&point->control.stop, wish);
    }
}

/* Until a worker has finished, a signal came, or the time is over.  One wake-up a tick: the watching thread's work is part of
 * what the client costs. */
static void wait_finished(struct point *point, int64_t until_ns)
{
    const struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    (void)sem_clockwait(&point->finished, CLOCK_MONOTONIC, &until);
}

static void point_watch(struct point *point)
{
    while (atomic_load(&point->n_finished) < point->n_workers) {
        if (atomic_load(&point->start_ns) == 0 &&
            atomic_load(&point->n_ready) == point->n_workers) {
            atomic_store(&point->start_ns, clock_mono_ns() + POINT_START_LEAD_NS);
        }
        point_tick(point);
        /* Short steps while waiting for the start, ticks from then on. */
        const bool started = atomic_load(&point->start_ns) != 0;
        wait_finished(point, clock_mono_ns() + (started ? POINT_TICK_NS : POINT_START_LEAD_NS));
    }
}

/* Ends the first `n` threads: those that exist when another could not be started. */
static void point_give_up(struct point *point, unsigned n)
{
    atomic_store(&point->control.stop, 2);
    atomic_store(&point->start_ns, clock_mono_ns());
    for (unsigned i = 0; i < n; i++) {
        (void)pthread_join(point->threads[i], NULL);
    }
}

static int run_threads(struct point *point, struct error *err)
{
    struct point_thread threads[POINT_WORKERS_MAX];
    for (unsigned i = 0; i < point->n_workers; i++) {
        threads[i] = (struct point_thread){.point = point, .worker = &point->workers[i]};
        const int result = pthread_create(&point->threads[i], NULL, point_thread_main, &threads[i]);
        if (result != 0) {
            point_give_up(point, i);
            return error_set_os(err, ERROR_IO, result, "cannot start worker thread %u", i);
        }
    }
    point_watch(point);
    for (unsigned i = 0; i < point->n_workers; i++) {
        (void)pthread_join(point->threads[i], NULL);
    }
    return 0;
}

static int point_run_threads(struct point *point, struct error *err)
{
    const int made = sem_init(&point->finished, 0, 0);
    assert(made == 0);
    (void)made;
    const int result = run_threads(point, err);
    (void)sem_destroy(&point->finished);
    return result;
}

static void point_run_virtual(struct point *point)
{
    struct worker *worker = &point->workers[0];
    worker_connect(worker);
    const int64_t start_ns = worker->transport->ops->now(worker->transport);
    atomic_store(&point->start_ns, start_ns);
    worker_run(worker, start_ns);
}

static int64_t record_start_ns(const struct record *record, enum driver driver)
{
    return driver == DRIVER_OPEN ? record->scheduled_ns : record->sent_ns;
}

/* A window of a number of requests ends with the last of them. */
static int64_t window_end_of_requests(const struct point *point, const struct record_set *records)
{
    const int64_t window_start_ns = atomic_load(&point->control.window_start_ns);
    int64_t end_ns = window_start_ns;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (record_start_ns(record, point->options->driver) >= window_start_ns &&
            record->end_ns >= end_ns) {
            end_ns = record->end_ns + 1;
        }
    }
    return end_ns;
}

static void set_phases(const struct point_facts *facts, struct record_set *records)
{
    for (uint64_t i = 0; i < records->n; i++) {
        struct record *record = &records->records[i];
        int64_t start_ns = record_start_ns(record, facts->driver);
        if (start_ns == RECORD_NONE) {
            start_ns = record->scheduled_ns; /* closed loop, never sent: when its slot was free */
        }
        if (start_ns < facts->window_start_ns) {
            record->phase = PHASE_WARMUP;
        } else if (start_ns < facts->window_end_ns) {
            record->phase = PHASE_WINDOW;
        } else {
            record->phase = PHASE_TAIL;
        }
    }
}

/* Cold start: the first request that was sent after connecting, if it got a token. */
static int64_t cold_start_of(const struct record_set *records, bool stream)
{
    const struct record *first = NULL;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (record->sent_ns != RECORD_NONE && (first == NULL || record->sent_ns < first->sent_ns)) {
            first = record;
        }
    }
    if (first == NULL || first->outcome != OUTCOME_OK) {
        return RECORD_NONE;
    }
    return (stream ? first->first_token_ns : first->end_ns) - first->sent_ns;
}

static void digest_schedule(struct point_result *result)
{
    if (result->facts.driver != DRIVER_OPEN) {
        return;
    }
    struct digest *digest = digest_new();
    for (uint64_t i = 0; i < result->records.n; i++) {
        /* Little-endian bytes, so that the digest is the same on every machine. */
        uint8_t bytes[8];
        const uint64_t at_ns = (uint64_t)result->records.records[i].scheduled_ns;
        for (unsigned k = 0; k < sizeof(bytes); k++) {
            bytes[k] = (uint8_t)(at_ns >> (8 * k));
        }
        digest_add(digest, bytes, sizeof(bytes));
    }
    uint8_t hash[DIGEST_SIZE];
    digest_finish(digest, hash);
    digest_free(digest);
    digest_hex(hash, result->schedule_sha256);
}

static bool any_tokens_from_events(const struct record_set *records)
{
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (record->outcome == OUTCOME_OK && !record->output_tokens_usage) {
            return true;
        }
    }
    return false;
}

/* Takes from the workers what outlives them. */
static void point_take(const struct point *point, struct point_result *out)
{
    *out = (struct point_result){.n_stores = point->n_workers};
    out->stores = mem_alloc(point->n_workers, sizeof(*out->stores));
    out->facts.workers = mem_alloc(point->n_workers, sizeof(*out->facts.workers));
    for (unsigned i = 0; i < point->n_workers; i++) {
        out->stores[i] = point->workers[i].store;
        out->facts.workers[i] = point->workers[i].facts;
    }
}

static void point_gather(const struct point *point, int64_t end_ns, struct point_result *out)
{
    const struct point_options *options = point->options;
    record_store_merge(out->stores, out->n_stores, &out->records);
    const int64_t start_ns = atomic_load(&point->start_ns);
    const int64_t mono_ns = clock_mono_ns();
    out->facts = (struct point_facts){
        .seed = options->workload->seed,
        .driver = options->driver,
        .arrival = options->driver == DRIVER_OPEN ? options->arrival : ARRIVAL_NONE,
        .rate_rps = options->rate_rps,
        .burstiness = options->burstiness,
        .concurrency = options->concurrency,
        .max_concurrency = options->max_concurrency,
        .start_mono_ns = start_ns,
        .start_real_ns = options->virtual_time ? 0 : clock_real_ns() - (mono_ns - start_ns),
        .window_start_ns = atomic_load(&point->control.window_start_ns),
        .window_end_ns = atomic_load(&point->control.window_end_ns),
        .requested_duration_ns = options->n_requests > 0 ? 0 : options->duration_ns,
        .end_ns = end_ns,
        .interrupted = atomic_load(&point->control.stop) != 0,
        .streaming = options->stream,
        .gate = point->control.gate,
        .gate_cov = point->control.gate_cov,
        .n_warmup = (uint32_t)point->control.n_warmup,
        .slo = {(double)INFINITY, (double)INFINITY, (double)INFINITY},
        .n_workers = point->n_workers,
        .workers = out->facts.workers,
    };
    if (out->facts.window_end_ns == CLOCK_NEVER) {
        out->facts.window_end_ns = window_end_of_requests(point, &out->records);
    }
    out->facts.cold_start_ns = cold_start_of(&out->records, options->stream);
    out->facts.tokens_from_events = any_tokens_from_events(&out->records);
    set_phases(&out->facts, &out->records);
    digest_schedule(out);
}

static int point_check_connected(const struct point *point, struct error *err)
{
    for (unsigned i = 0; i < point->n_workers; i++) {
        if (point->workers[i].store.n > 0 || point->workers[i].connect_failure[0] == '\0') {
            return 0;
        }
    }
    return error_set(err, ERROR_UNAVAILABLE, "%s", point->workers[0].connect_failure);
}

static uint64_t warmup_completions(const struct point_options *options)
{
    /* An open loop has no streams: as many as would be in flight at one second each. */
    const double streams =
        options->driver == DRIVER_CLOSED ? options->concurrency : ceil(options->rate_rps);
    return (uint64_t)((double)options->warmup_per_stream * streams);
}

static void point_free_workers(struct point *point, unsigned n, bool with_stores)
{
    for (unsigned i = 0; i < n; i++) {
        if (with_stores) {
            record_store_done(&point->workers[i].store);
        }
        worker_done(&point->workers[i]);
    }
    free(point->workers);
    point->workers = NULL;
}

static void point_free(struct point *point)
{
    control_done(&point->control);
    free(point);
}

static int point_make_workers(struct point *point, unsigned *out_n, struct error *err)
{
    for (unsigned i = 0; i < point->n_workers; i++) {
        struct transport *transport = NULL;
        const int result =
            point->options->open_transport(point->options->context, i, &transport, err);
        if (result < 0) {
            return result;
        }
        worker_init(
            &point->workers[i], point->options, &point->control, &point->progress, transport, i);
        *out_n = i + 1;
    }
    return 0;
}

int point_run(const struct point_options *options, struct point_result *out, struct error *err)
{
    struct point *point = MEM_NEW(struct point);
    point->options = options;
    point->n_workers = point_workers(options);
    point->workers = mem_alloc(point->n_workers, sizeof(*point->workers));
    const struct control_options control = {
        .gate = options->gate,
        .warmup_completions = warmup_completions(options),
        .warmup_timeout_ns = options->warmup_timeout_ns,
        .duration_ns = options->n_requests > 0 ? CLOCK_NEVER : options->duration_ns,
        .grace_ns = options->grace_ns,
        .n_workers = point->n_workers,
    };
    control_init(&point->control, &control);

    unsigned n_made = 0;
    int result = point_make_workers(point, &n_made, err);
    if (result == 0) {
        if (options->virtual_time) {
            point_run_virtual(point);
        } else {
            result = point_run_threads(point, err);
        }
    }
    if (result == 0) {
        result = point_check_connected(point, err);
    }
    if (result < 0) {
        point_free_workers(point, n_made, true);
        point_free(point);
        return result;
    }
    int64_t end_ns = 0;
    for (unsigned i = 0; i < point->n_workers; i++) {
        const int64_t now_ns = worker_now(&point->workers[i]);
        end_ns = now_ns > end_ns ? now_ns : end_ns;
    }
    /* What the workers held is free before the records are put in order, and what computes with them
     * needs more: so the memory of the busiest moment is that of the load. */
    point_take(point, out);
    point_free_workers(point, n_made, false);
    mem_give_back();
    point_gather(point, end_ns, out);
    point_free(point);
    return 0;
}

void point_result_done(struct point_result *self)
{
    for (unsigned i = 0; i < self->n_stores; i++) {
        record_store_done(&self->stores[i]);
    }
    free(self->stores);
    free(self->records.records);
    free(self->facts.workers);
    *self = (struct point_result){0};
}
