/* record.h - the raw facts of one request, and of the point they belong to.
 *
 * load/ fills these while measuring, the records file stores them, stats/ computes everything else
 * from them: every metric of an envelope is a pure function of struct point_facts and struct
 * record_set.  Nothing here is derived.
 * Time: ns of CLOCK_MONOTONIC since the start of the point (point_facts.start_mono_ns);
 * RECORD_NONE where the thing did not happen.
 * Source: MEASUREMENT.md "Clocks and stamps", "Records". */
#pragma once

#include "base/attr.h"
#include "stats/judgement.h"
#include "stats/track.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORD_NONE INT64_C(-1)

/* Counts that the engine did not tell. */
enum {
    RECORD_COUNT_UNKNOWN = -1
};

enum phase {
    PHASE_WARMUP,
    PHASE_WINDOW, /* scheduled (open loop) or sent (closed loop) inside the window: counted */
    PHASE_TAIL,   /* load that keeps the pressure until the counted requests have ended */
};

/* How a request ended.  Names in the records file: record_outcome_name. */
enum outcome {
    OUTCOME_OK,
    OUTCOME_CONNECT,   /* no connection could be made */
    OUTCOME_TLS,       /* TLS handshake or record failure */
    OUTCOME_TIMEOUT,   /* --timeout for the whole request */
    OUTCOME_STATUS,    /* HTTP status other than 200: http_status */
    OUTCOME_TRUNCATED, /* the connection ended before the answer did, by EOF or reset */
    OUTCOME_MALFORMED, /* HTTP, SSE or JSON that breaks its format, or an error event in a stream */
    OUTCOME_EMPTY,     /* 200 and a proper end, but no token */
    OUTCOME_UNFINISHED, /* not ended when the grace period ran out or the run was interrupted */
};

enum {
    OUTCOME_COUNT = OUTCOME_UNFINISHED + 1
};

enum token_kind {
    TOKEN_CONTENT,
    TOKEN_REASONING,
    TOKEN_TOOL,
};

enum {
    RECORD_FINISH_SIZE = 16,
    RECORD_TEXT_SHA_SIZE = 32,
    RECORD_ERROR_BODY_MAX = 500
};

/* The method of items that a judge was to decide and that were not drawn (--judge-max-questions): they count
 * for nothing, also when they failed. */
#define RECORD_SCORING_NOT_DRAWN "not_drawn"

/* What a request of a quality benchmark asked, and how its answer was scored. */
struct record_item {
    const char *id;       /* of the item in its dataset */
    const char *category; /* NULL: none */
    const char *scoring;  /* name of the method */
    double score;         /* 0..1; NAN: not scored */
};

struct record {
    uint64_t index;        /* of the request in its point, from 0; draws prompt and salt */
    uint32_t prompt_index; /* into the dataset's pool */
    uint16_t worker;
    uint8_t phase;   /* enum phase */
    uint8_t outcome; /* enum outcome */

    int64_t scheduled_ns; /* open loop: from the schedule; closed loop: when its slot became free */
    int64_t sent_ns;      /* just before the first send */
    int64_t headers_ns;   /* arrival of the first response byte */
    int64_t role_ns;      /* first role-only or empty delta */
    int64_t reasoning_ns; /* first reasoning token */
    int64_t content_ns;   /* first content token: TTFO counts to here */
    int64_t tool_ns;      /* first tool-call delta */
    int64_t first_token_ns; /* first generated text of any kind: TTFT counts to here */
    int64_t last_token_ns;
    int64_t end_ns; /* end of the response, or of the attempt */
    int64_t
        connect_ns; /* duration that this request waited for a connect; 0 when none was needed */

    int32_t prompt_tokens;                     /* engine's usage; RECORD_COUNT_UNKNOWN */
    int32_t output_tokens;                     /* engine's usage, else the sum over events */
    int32_t cached_tokens;                     /* prompt tokens served from the engine's cache */
    int32_t reasoning_tokens;                  /* as the engine reports; RECORD_COUNT_UNKNOWN */
    bool output_tokens_usage;                  /* output_tokens is the engine's own count */
    double cost_usd;                           /* as the provider told it; NAN: it did not */
    uint16_t http_status;                      /* 0 when no status line came */
    uint64_t bytes_received;                   /* of the response, as on the wire (decrypted) */
    char finish[RECORD_FINISH_SIZE];           /* finish_reason, cut; "" unknown */
    uint8_t text_sha256[RECORD_TEXT_SHA_SIZE]; /* of the generated text, all kinds in order */

    uint32_t n_events;
    const uint32_t *event_words; /* token events, packed: read with token_reader_of
                                    (token_events.h); borrowed from the record_set's memory; NULL
                                    when n_events is 0 */
    const char
        *error_body; /* up to RECORD_ERROR_BODY_MAX bytes of an error's body, or the reason of
                               a failure in words; borrowed; NULL when there is none */
    const struct judgement
        *judgement;   /* what a judge said of it; borrowed; NULL: it was not to be judged */
    const char *text; /* generated text with --save-text and of quality benchmarks; borrowed; NULL
                         otherwise */
    const char *content; /* of `text` the content alone, where it holds reasoning or tool calls too;
                            borrowed; NULL otherwise */
    const struct record_item *item; /* borrowed; NULL: of a perf benchmark */
};

/* All requests of a point, ordered by index. */
struct record_set {
    struct record *records;
    uint64_t n;
    bool has_events; /* false when the records file was written with --records requests */
};

enum driver {
    DRIVER_CLOSED,
    DRIVER_OPEN,
};

enum arrival {
    ARRIVAL_NONE, /* closed loop */
    ARRIVAL_POISSON,
    ARRIVAL_CONSTANT,
    ARRIVAL_GAMMA,
    ARRIVAL_TRACE, /* at recorded times; rate_rps is their number over their span */
};

/* Which rule ended the warm-up. */
enum gate_result {
    GATE_OFF,
    GATE_COV,        /* coefficient of variation below the limit */
    GATE_STATIONARY, /* medians agree and no trend */
    GATE_TIMEOUT,
};

/* Histogram of durations: bucket b counts [2^(b/8), 2^((b+1)/8)) ns, eight buckets an octave, so a
 * percentile read from it is right within 9 %.  Bucket 0 also takes everything below 1 ns. */
enum {
    LAG_BUCKETS = 8 * 40
};

/* What one worker thread observed of itself. */
struct worker_facts {
    int64_t cpu_ns;   /* CPU time of the thread inside the window */
    int64_t awake_ns; /* of it, spent awake until something was due, with nothing to do */
    int64_t wall_ns;  /* wall time it covers */
    uint64_t n_token_events;
    uint64_t n_shared_reads;  /* token events that shared a read with an earlier one */
    uint64_t n_kernel_stamps; /* reads with a kernel stamp */
    uint64_t n_user_stamps;   /* reads without */
    int64_t
        gap_max_ns; /* longest time between two looks at its connections, from the window's start
                           until it sent no more; a worker that is well looks at least every
                           WORKER_LOOK_NS (load/worker.c) */
    int64_t lag_max_ns;
    uint64_t lag[LAG_BUCKETS]; /* arrival -> handled, for every read with token events or
                                  an answer's end; without a kernel stamp from when the worker's wait
                                  was over, which is all that can be seen */
    uint64_t n_connects;       /* connections opened after the clock started */
    uint64_t n_clock_steps;    /* steps of the real-time clock over 1 ms seen while converting */
};

/* Limits of a service level, already scaled by the hardware class; INFINITY: no limit. */
struct slo_limits {
    double ttft_ms;
    double tpot_ms;
    double total_ms;
};

/* What a price is for. */
enum price_basis {
    PRICE_NONE,
    PRICE_TOKENS, /* of input and output tokens: a provider's list */
    PRICE_HOUR,   /* of an hour of the whole deployment */
};

/* The price that applies to a point, where the provider did not tell what its answers cost. */
struct price_facts {
    enum price_basis basis;
    const char
        *source; /* "prices-file:NAME@DATE", "embedded:DATE", "price-per-hour"; borrowed; NULL
                           without a price */
    double input_usd_per_mtok;        /* PRICE_TOKENS; a million tokens */
    double cached_input_usd_per_mtok; /* of input tokens from the provider's cache; NAN: as input */
    double output_usd_per_mtok;
    double usd_per_hour; /* PRICE_HOUR */
};

/* Everything about a point that its metrics depend on besides the requests. */
struct point_facts {
    uint64_t seed;
    enum driver driver;
    enum arrival arrival;
    double rate_rps;          /* open loop */
    double burstiness;        /* gamma: shape of the gaps; 1 = poisson */
    uint32_t concurrency;     /* closed loop */
    uint32_t max_concurrency; /* open loop cap; 0 = none */
    int64_t start_mono_ns;    /* CLOCK_MONOTONIC of the point's start */
    int64_t start_real_ns;    /* wall time of the same moment */
    int64_t window_start_ns;  /* [window_start, window_end), since the start of the point */
    int64_t window_end_ns;
    int64_t requested_duration_ns; /* 0 when the window was given as a number of requests */
    int64_t end_ns;                /* when the drain was over */
    int64_t cold_start_ns;         /* TTFT of the very first request after connect; RECORD_NONE */
    bool interrupted;              /* Ctrl-C: the window was cut short */
    bool streaming;                /* answers are event streams: TTFT, TPOT and ITL exist */
    enum gate_result gate;
    double gate_cov;   /* coefficient of variation when the gate ended; NAN unknown */
    uint32_t n_warmup; /* completions discarded before the window */
    struct slo_limits slo;
    struct price_facts price;
    bool engine_changed;     /* engine identity differs before and after */
    bool tokens_from_events; /* at least one ok request had no usage: tokens_source "events" */
    uint32_t n_workers;
    struct worker_facts *workers;      /* borrowed */
    const struct telemetry *telemetry; /* borrowed; NULL: nothing was sampled */
};

/* Names as they stand in records files; parse returns false for an unknown name. */
const char *record_outcome_name(enum outcome outcome);
bool record_outcome_parse(const char *name, enum outcome *out);
const char *record_phase_name(enum phase phase);
bool record_phase_parse(const char *name, enum phase *out);
const char *record_token_kind_name(enum token_kind kind);
const char *driver_name(enum driver driver);
bool driver_parse(const char *name, enum driver *out);
const char *arrival_name(enum arrival arrival);
bool arrival_parse(const char *name, enum arrival *out);
const char *gate_result_name(enum gate_result result);
bool gate_result_parse(const char *name, enum gate_result *out);
const char *price_basis_name(enum price_basis basis);

/* Adds a duration to a lag histogram. */
void lag_histogram_add(uint64_t lag[LAG_BUCKETS], int64_t duration_ns);

/* The p-quantile (0..1) of a lag histogram in ns (geometric middle of its bucket), NAN when empty. */
double lag_histogram_quantile(const uint64_t lag[LAG_BUCKETS], double p);
