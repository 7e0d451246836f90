/* run_options.h - what `bench run` was asked for, read and checked against itself.
 *
 * Everything that can be judged from the command line alone is judged here, before anything is
 * opened: bad values, exclusive flags, unknown names. */
#pragma once

#include "base/cpu_list.h"
#include "cli/option.h"
#include "envelope/records_file.h"
#include "net/source.h"
#include "stats/gate.h"
#include "stats/record.h"
#include "telemetry/gpu_list.h"
#include "telemetry/sample_periods.h"

#include <stdint.h>

enum {
    RUN_POINTS_MAX = OPTION_LIST_MAX,
    RUN_HEADERS_MAX = OPTION_LIST_MAX,
    /* Launches of a point.  At 100 Student's t is within 1.3 % of the normal distribution's, and
     * halving the interval would take 300 more: that is a campaign, not a run. */
    RUN_REPEAT_MAX = 100
};

enum run_mode {
    RUN_CLOSED,    /* one closed-loop point: --concurrency, or the spec's first */
    RUN_OPEN,      /* one open-loop point: --rps */
    RUN_SWEEP,     /* --sweep */
    RUN_RPS_SWEEP, /* --rps-sweep */
    RUN_ALL,       /* --all-benchmarks */
    RUN_LIST,      /* --list */
};

/* --judge-*.  Texts are borrowed; "" where not given. */
struct run_judge_options {
    const char
        *given; /* the first option of the judge that was given, without dashes; NULL: none */
    const char *model;
    const char *base_url; /* "": the engine's own */
    const char *engine;   /* a name of the engine table */
    const char *api_key_env;
    uint32_t max_questions; /* 0: all */
    double max_rps;         /* 0: no limit */
    uint32_t concurrency;
    uint32_t max_tokens;
    double timeout_s;
};

/* Texts are borrowed from argv; "" where not given. */
struct run_options { // NOLINT(clang-analyzer-optin.performance.Padding): ordered by meaning
    const char *suite;
    const char *spec_dir; /* "": none */
    struct option_texts plugin_dirs;
    const char *model;
    const char *model_revision;
    const char *engine;
    const char *hardware;
    const char *quant;
    enum run_mode mode;
    uint32_t concurrency[RUN_POINTS_MAX]; /* --concurrency (first used) or --sweep */
    uint32_t n_concurrency;               /* 0: not given: the spec's first point */
    double rates_rps[RUN_POINTS_MAX];     /* --rps or --rps-sweep */
    uint32_t n_rates;
    bool sweep_of_spec; /* --sweep spec / --rps-sweep spec */
    const char *dataset;
    double duration_s;
    bool duration_given;
    uint64_t requests;        /* --requests N instead of a duration; 0: not given */
    const char *slo_template; /* "" : the spec's */
    const char *prices_file;  /* "": none */
    double price_per_hour;    /* USD; NAN: not given */
    uint64_t seed;
    const char *base_url;
    const char *api_key_env;
    const char *headers[RUN_HEADERS_MAX]; /* "Name: value" as given "Name:value" */
    size_t n_headers;
    const char *cacert;
    bool insecure;
    const char *engine_host_file; /* "": none */
    const char *output;
    const char *signing_mode;
    const char *dev_key;
    const char *dev_key_pass_env;
    bool strict;
    bool offline;
    int64_t max_tokens; /* -1: the spec's */
    double temperature; /* NAN: the spec's */
    bool ignore_eos;
    bool no_stream;
    const char *extra_body;
    enum arrival arrival;
    double burstiness;
    uint32_t max_concurrency;
    bool salt;       /* --cache-policy salt (default) or as-is */
    bool salt_given; /* else quality benchmarks have none */
    int64_t warmup;  /* requests per stream; -1: the spec's */
    enum gate_mode gate;
    bool gate_given;
    double warmup_timeout_s;
    bool warmup_timeout_given;
    double grace_s;
    double timeout_s;
    uint32_t workers;    /* 0: automatic */
    struct cpu_list pin; /* --pin; n 0: not given */
    double spin_us;
    uint32_t busy_poll_us;
    struct source_list sources; /* --source-address; n 0: not given */
    const char *source_address; /* as given */
    uint32_t repeat;            /* launches of each point, 1 .. RUN_REPEAT_MAX */
    enum records_level records;
    bool save_text;
    struct gpu_list gpus;   /* --gpus; neither all nor n: not given */
    const char *gpus_given; /* as given; "" */
    double idle_baseline_s;
    struct sample_periods sample_periods; /* --profile, --sample-ms */
    const char *sample_ms;                /* as given; "" */
    bool profile;
    bool dry_run;
    bool json;
    bool selftest;
    struct run_judge_options judge;
    bool
        virtual_time; /* --virtual-time: the simulated engine in virtual time (with --engine sim) */
    /* The built-in simulated engine (--engine sim without --base-url): --sim-ttft-ms, ... */
    double sim_ttft_ms;
    double sim_itl_ms;
    uint32_t sim_tokens;
    uint32_t sim_max_batch;
    double sim_jitter;
    const char *sim_faults;
    const char *sim_answers;
};

/* What the parser fills from the table, member by member as given: option_parse with
 * run_option_table.  `given` tells a value that was given from a default. */
struct run_flags { // NOLINT(clang-analyzer-optin.performance.Padding): ordered by meaning
    struct option_given given;
    const char *spec_dir;
    struct option_texts plugin_dirs;
    const char *model;
    const char *model_revision;
    int engine; /* index into engine_table */
    const char *hardware;
    const char *quant;
    struct option_u32_list concurrency;
    double rps;
    struct option_u32_list sweep;
    struct option_f64_list rps_sweep;
    bool all_benchmarks;
    bool list;
    const char *dataset;
    double duration_s;
    int64_t requests;
    const char *slo_template;
    const char *prices_file;
    double price_per_hour;
    int64_t seed;
    const char *base_url;
    const char *api_key_env;
    struct option_texts headers;
    const char *cacert;
    bool insecure;
    const char *engine_host_file;
    const char *output;
    int signing_mode;
    const char *dev_key;
    const char *dev_key_pass_env;
    bool strict;
    bool offline;
    int64_t max_tokens;
    double temperature;
    bool ignore_eos;
    bool no_stream;
    const char *extra_body;
    int arrival; /* enum arrival less one: a choice is never ARRIVAL_NONE */
    double burstiness;
    uint32_t max_concurrency;
    int cache_policy;
    int64_t warmup;
    int gate;
    double warmup_timeout_s;
    double grace_s;
    double timeout_s;
    uint32_t workers;
    const char *pin;
    double spin_us;
    uint32_t busy_poll_us;
    const char *source_address;
    uint32_t repeat;
    int records;
    bool save_text;
    const char *gpus;
    double idle_baseline_s;
    const char *sample_ms;
    bool profile;
    bool dry_run;
    bool json;
    bool selftest;
    bool virtual_time;
    double sim_ttft_ms;
    double sim_itl_ms;
    uint32_t sim_tokens;
    uint32_t sim_max_batch;
    double sim_jitter;
    const char *sim_faults;
    const char *sim_answers;
    const char *judge_model;
    const char *judge_base_url;
    int judge_engine; /* index into engine_table */
    const char *judge_api_key_env;
    uint32_t judge_max_questions;
    double judge_rps;
    uint32_t judge_concurrency;
    uint32_t judge_max_tokens;
    double judge_timeout_s;
};

/* The options of `bench run`, in the order of help. */
extern const struct option_table run_option_table;

/* Checks the flags against each other and fills the options.  Opens nothing.
 * Errors: ERROR_USAGE, one line that names flag and value. */
MUST_CHECK int run_options_resolve(
    const struct run_flags *flags, const char *suite, struct run_options *out, struct error *err);

/* Checks one "NAME:VALUE" of --header.  Errors: ERROR_USAGE naming it and what is wrong. */
MUST_CHECK int run_header_check(const char *header, struct error *err);
