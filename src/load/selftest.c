/* Two legs at each load: the closed loop, whose events are compared one by one, and the open loop at
 * the same rate, whose dispatch delays are taken.  Each has an engine of its own. */
#include "load/selftest.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "load/selftest_engine.h"
#include "net/limits.h"
#include "net/transport_socket.h"
#include "stats/measurement.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The open loop's window in answers: dispatch delay settles at once, and 3 answers at 1000 streams
 * are 3000 sends, 30 beyond the p99. */
enum {
    OPEN_LOOP_WAVES = 3
};

/* An open loop that the machine cannot carry has ever more requests in flight.  So many times those of a
 * sound one, and it is given up: its dispatch delay is then unknown, which breaks its limit. */
enum {
    OPEN_LOOP_OVERLOAD = 4,
    OPEN_LOOP_OVERLOAD_LEAST = 100
};

/* The loopback always answers within this, or something is wrong. */
#define SELFTEST_TIMEOUT_NS INT64_C(60000000000)

static const char model_name[] = "sim";

static int64_t answer_ns(const struct selftest_recipe *recipe)
{
    return recipe->ttft_ns + (int64_t)(recipe->tokens - 1) * recipe->itl_ns;
}

double selftest_rate_rps(const struct selftest_recipe *recipe)
{
    return recipe->streams / ((double)answer_ns(recipe) / (double)NS_PER_S);
}

double selftest_events_per_s(const struct selftest_recipe *recipe)
{
    return selftest_rate_rps(recipe) * recipe->tokens;
}

#define FIGURE(member) offsetof(struct selftest_row, member)

/* Sources: the goals for TTFT and ITL; MEASUREMENT.md for the rest: in-flight and flow are the
 * floor's row of "Figures to beat", dispatch delay is a limit of validity. */
const struct selftest_limit selftest_limits[] = {
    {"ttft_error_p99_ms", "TTFT error p99", 1.0, false, FIGURE(ttft.p99_ms)},
    {"itl_error_p99_ms", "ITL error p99", 0.5, false, FIGURE(itl.p99_ms)},
    {"in_flight_share", "share of the streams in flight at the engine", 0.98, true,
     FIGURE(in_flight_share)},
    {"events_share", "share of the offered token flow", 0.98, true, FIGURE(events_share)},
    {"dispatch_delay_p99_us", "dispatch delay p99", 1000.0, false, FIGURE(dispatch_delay_p99_us)},
};

const size_t n_selftest_limits = ARRAY_LEN(selftest_limits);

double selftest_figure(const struct selftest_row *row, const struct selftest_limit *limit)
{
    double figure = 0.0;
    memcpy(&figure, (const char *)row + limit->offset, sizeof(figure));
    return figure;
}

const struct selftest_limit *selftest_broken_limit(const struct selftest_row *row)
{
    for (size_t i = 0; i < n_selftest_limits; i++) {
        const struct selftest_limit *limit = &selftest_limits[i];
        const double figure = selftest_figure(row, limit);
        const bool good = limit->at_least ? figure >= limit->limit : figure <= limit->limit;
        if (!good) {
            return limit;
        }
    }
    return NULL;
}

static void open_workload(const struct selftest_recipe *recipe, unsigned port, struct workload *out)
{
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", port);
    struct engine_target target = {.base_url = url, .model = model_name};
    const struct message message = {.role = "user", .content = "How exact is this client?"};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    const struct request_shape shape = {
        .chat = true,
        .stream = true,
        .max_tokens = recipe->tokens,
        .salt = true,
        .seed = recipe->seed,
    };
    const struct workload_source source = {
        .engine = engine_find("vllm"),
        .target = &target,
        .shape = &shape,
        .prompts = &prompt,
        .n_prompts = 1,
    };
    struct error err = {0};
    int result = endpoint_parse(url, &target.endpoint, &err);
    assert(result == 0);
    result = workload_init(out, &source, &err);
    assert(result == 0);
    (void)result;
}

struct loopback {
    struct address address;
    int64_t spin_ns;
};

static int open_socket(void *context, unsigned worker, struct transport **out, struct error *err)
{
    (void)worker;
    const struct loopback *loopback = context;
    const struct transport_socket_options options = {
        .addresses = &loopback->address,
        .n_addresses = 1,
        .connect_timeout_ns = SELFTEST_TIMEOUT_NS,
        .spin_ns = loopback->spin_ns,
    };
    return transport_socket_open(&options, out, err);
}

static void loopback_init(struct loopback *out, unsigned port, int64_t spin_ns)
{
    *out = (struct loopback){.spin_ns = spin_ns};
    const struct sockaddr_in in = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    memcpy(&out->address.storage, &in, sizeof(in));
    out->address.len = sizeof(in);
}

/* Watches one leg for the caller. */
struct leg_watch {
    const struct selftest_watch *caller; /* may be NULL */
    int64_t in_flight_max;
    bool overloaded;
    bool stopped; /* by the caller */
};

static int leg_tick(void *context, const struct point_snapshot *snapshot)
{
    struct leg_watch *self = context;
    if (snapshot->in_flight > self->in_flight_max) {
        self->overloaded = true;
        return 2;
    }
    const int wish = self->caller != NULL ? self->caller->tick(self->caller->context, snapshot) : 0;
    self->stopped = self->stopped || wish > 0;
    return wish;
}

static struct leg_watch
leg_watch_of(const struct selftest_recipe *recipe, const struct selftest_watch *watch)
{
    return (struct leg_watch){
        .caller = watch,
        .in_flight_max = OPEN_LOOP_OVERLOAD * (int64_t)recipe->streams + OPEN_LOOP_OVERLOAD_LEAST,
    };
}

static double open_rate_rps(const struct selftest_recipe *recipe)
{
    return recipe->rate_rps > 0.0 ? recipe->rate_rps : selftest_rate_rps(recipe);
}

static struct point_options leg_options(
    const struct selftest_recipe *recipe,
    bool open_loop,
    const struct workload *workload,
    struct leg_watch *watch)
{
    const uint32_t waves = open_loop ? OPEN_LOOP_WAVES : recipe->waves;
    return (struct point_options){
        .driver = open_loop ? DRIVER_OPEN : DRIVER_CLOSED,
        .concurrency = open_loop ? 0 : recipe->streams,
        .arrival = open_loop ? ARRIVAL_POISSON : ARRIVAL_NONE,
        .rate_rps = open_loop ? open_rate_rps(recipe) : 0.0,
        .burstiness = 1.0,
        .duration_ns = waves * answer_ns(recipe),
        .warmup_per_stream = 1,
        .gate = GATE_MODE_OFF,
        .warmup_timeout_ns = SELFTEST_TIMEOUT_NS,
        .grace_ns = SELFTEST_TIMEOUT_NS,
        .timeout_ns = SELFTEST_TIMEOUT_NS,
        .n_workers = recipe->n_workers,
        .pin = recipe->pin,
        .stream = true,
        .workload = workload,
        .open_transport = open_socket,
        .tick = leg_tick,
        .tick_context = watch,
    };
}

/* The peak of this process's memory counts from now on.  Source: proc(5), clear_refs. */
static void forget_peak(void)
{
    const int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        const ssize_t n = write(fd, "5", 1);
        (void)n;
        (void)close(fd);
    }
}

static double peak_mb(void)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    if (file_read("/proc/self/status", (size_t)1 << 16, &text, &len, &err) < 0) {
        return (double)NAN;
    }
    const char *at = strstr(text, "VmHWM:");
    return at != NULL ? strtod(at + strlen("VmHWM:"), NULL) * 1024.0 / 1e6 : (double)NAN;
}

/* CPU of the workers inside the window, by the events that arrived in it. */
static double cpu_us_per_event(const struct point_result *result, double events_per_s)
{
    int64_t cpu_ns = 0;
    int64_t wall_ns = 0;
    for (uint32_t i = 0; i < result->facts.n_workers; i++) {
        cpu_ns += result->facts.workers[i].cpu_ns;
        wall_ns = result->facts.workers[i].wall_ns;
    }
    const double n_events = events_per_s * (double)wall_ns / (double)NS_PER_S;
    return n_events > 0.0 ? (double)cpu_ns / (double)NS_PER_US / n_events : (double)NAN;
}

static int64_t first_sent_ns(const struct point_result *result)
{
    int64_t first_ns = CLOCK_NEVER;
    for (uint64_t i = 0; i < result->records.n; i++) {
        const int64_t sent_ns = result->records.records[i].sent_ns;
        first_ns = sent_ns != RECORD_NONE && sent_ns < first_ns ? sent_ns : first_ns;
    }
    return result->facts.start_mono_ns + first_ns;
}

static void add_closed(
    const struct point_result *result, const struct selftest_truth *truth, struct selftest_row *out)
{
    CLEANUP(mem_freep) struct measurement *measurement = MEM_NEW(struct measurement);
    measurement_compute(&result->facts, &result->records, measurement);
    out->shared_read_share = measurement->shared_read_share;
    out->client_lag_p50_us = measurement->client_lag_p50_us;
    out->client_lag_p99_us = measurement->client_lag_p99_us;
    out->client_lag_max_us = measurement->client_lag_max_us;
    out->kernel_stamps = measurement->stamp_kernel;
    out->cpu_us_per_event = cpu_us_per_event(result, out->events_per_s);
    out->engine_cpu_us_per_event =
        (double)truth->cpu_ns / (double)NS_PER_US / (double)truth->n_tokens;
}

static void add_open(const struct point_result *result, bool overloaded, struct selftest_row *out)
{
    if (overloaded) {
        out->dispatch_delay_p50_us = (double)NAN;
        out->dispatch_delay_p99_us = (double)NAN;
        out->dispatch_delay_max_us = (double)NAN;
        return;
    }
    CLEANUP(mem_freep) struct measurement *measurement = MEM_NEW(struct measurement);
    measurement_compute(&result->facts, &result->records, measurement);
    out->dispatch_delay_p50_us = measurement->dispatch_delay_p50_us;
    out->dispatch_delay_p99_us = measurement->dispatch_delay_p99_us;
    out->dispatch_delay_max_us = measurement->dispatch_delay_max_us;
}

/* One leg from its engine's start to its stop. */
static int run_leg(
    const struct selftest_recipe *recipe,
    bool open_loop,
    const struct selftest_watch *watch,
    struct selftest_row *out,
    struct error *err)
{
    const struct sim_options sim = {
        .style = SIM_STYLE_VLLM,
        .model = model_name,
        .ttft_ns = recipe->ttft_ns,
        .itl_ns = recipe->itl_ns,
        .tokens = recipe->tokens,
        .seed = recipe->seed,
    };
    struct selftest_engine *engine = NULL;
    int status = selftest_engine_start(&sim, &engine, err);
    if (status < 0) {
        return status;
    }
    const int64_t called_ns = clock_mono_ns();
    struct workload workload;
    open_workload(recipe, selftest_engine_port(engine), &workload);
    struct loopback loopback;
    loopback_init(&loopback, selftest_engine_port(engine), open_loop ? recipe->spin_ns : 0);
    struct leg_watch leg_watch = leg_watch_of(recipe, watch);
    struct point_options options = leg_options(recipe, open_loop, &workload, &leg_watch);
    options.context = &loopback;
    struct point_result result = {0};
    forget_peak();
    status = point_run(&options, &result, err);
    const double memory_mb = peak_mb();
    struct selftest_truth truth = {0};
    struct error stop_err = {0};
    const int stopped = selftest_engine_stop(engine, &truth, &stop_err);
    if (status == 0 && stopped < 0) {
        status = error_set(err, stop_err.code, "%s", stop_err.text);
    } else if (status == 0 && leg_watch.stopped) {
        status = error_set(err, ERROR_INTERRUPTED, "interrupted");
    } else if (status == 0 && open_loop) {
        add_open(&result, leg_watch.overloaded, out);
    } else if (status == 0) {
        selftest_compare(recipe, &result, &workload, truth.entries, truth.n, out);
        add_closed(&result, &truth, out);
        out->memory_mb = memory_mb;
        out->start_ms = (double)(first_sent_ns(&result) - called_ns) / (double)NS_PER_MS;
    }
    selftest_truth_done(&truth);
    point_result_done(&result);
    workload_done(&workload);
    return status;
}

int selftest_run(
    const struct selftest_recipe *recipe,
    const struct selftest_watch *watch,
    struct selftest_row *out,
    struct error *err)
{
    assert(recipe->streams > 0 && recipe->tokens >= 2 && recipe->waves > 0);
    struct selftest_row row = {0};
    /* The engine's process inherits the limit, and has as many connections. */
    int status = limits_check_descriptors(
        limits_raise_descriptors(), (uint64_t)OPEN_LOOP_OVERLOAD * recipe->streams, err);
    if (status == 0) {
        status = run_leg(recipe, false, watch, &row, err);
    }
    if (status == 0) {
        status = run_leg(recipe, true, watch, &row, err);
    }
    if (status == 0) {
        *out = row;
    }
    return status;
}
