/* run_plan.h - everything that a run needs, resolved and checked before any traffic.
 *
 * The order is the promise: what the command line says wrong (exit 2) comes before what is missing in
 * the world (exit 1), and both before minutes are spent. */
#pragma once

#include "cli/command.h"
#include "cli/run_judge.h"
#include "cli/run_options.h"
#include "engine/engine.h"
#include "envelope/envelope.h"
#include "hardware/engine_site.h"
#include "load/workload.h"
#include "net/transport_socket.h"
#include "sim/sim_server.h"
#include "suite/dataset.h"
#include "suite/plugin.h"
#include "suite/prices.h"
#include "suite/provider.h"
#include "suite/slo.h"
#include "suite/suite.h"

/* Which of the launches of a run is under way. */
struct run_launch {
    uint32_t index; /* from 1 */
    uint32_t of;    /* 1: the run is not repeated */
    uint64_t base_seed;
};

/* What applies where a provider does not tell what its answers cost. */
struct run_price {
    struct price_list list;          /* of --prices-file, or the one in the binary */
    const struct price_entry *entry; /* of the list; NULL: none applies */
    const struct provider *hosted;   /* whose public endpoint is driven; NULL: none's */
    const char *provider;            /* name by which the list was asked */
    struct price_facts facts;        /* for the metrics; texts live in the plan's arena */
};

/* What all points of a run share.  `options` are those of the launch: its seed, not the run's. */
struct run_plan {
    const struct run_options *options;
    struct run_launch launch;
    const struct cli_context *context;
    struct arena arena;
    struct spec_table specs;
    struct plugin_registry plugins; /* where the benchmark is not built in */
    const struct spec *spec;        /* the one that was named */
    const struct engine_ops *engine;
    struct engine_target target;
    struct engine_identity identity;
    struct address addresses[ENDPOINT_ADDRESSES_MAX];
    size_t n_addresses;
    struct tls_context *tls;
    struct signing_key *key;
    struct sim_server *sim;   /* built-in engine, when this run started one */
    char *faults;             /* text of --sim-faults; owned; NULL: none */
    char *answers;            /* text of --sim-answers; owned; NULL: none */
    struct engine_site site;  /* where the engine runs; all zero in virtual time */
    struct json *fingerprint; /* of the engine's machine where it is known, else this one's */
    struct json
        *client_fingerprint; /* this machine's, where `fingerprint` came from a file; else NULL */
    struct json *provenance; /* once the engine is found */
    struct run_price price;
    struct run_judge judge;
    struct json *warnings; /* array of strings, for every envelope */
    unsigned n_warned;     /* warnings that --strict makes fatal: those of run_plan_warn */
};

/* One benchmark of the run, ready to send. */
struct run_work {
    const struct spec *spec;
    struct request_shape shape;
    struct slo slo;
    const char
        *recipe; /* of the dataset, a revision of the hub made a commit; NULL: not loaded yet */
    struct prompt_set prompts;
    struct workload workload;
    char requests_sha256[65]; /* of workload_digest */
    struct error missing;     /* with --all-benchmarks: why it cannot run; code 0: it can */
};

/* Finds the benchmark that was named. */
MUST_CHECK int run_plan_find_spec(struct run_plan *self, struct error *err);

/* Resolves and checks all but the engine; writes nothing.  Errors carry their exit code's kind. */
MUST_CHECK int run_plan_open(
    struct run_plan *self,
    const struct cli_context *context,
    const struct run_options *options,
    struct error *err);

/* Loads dataset and SLO template of one benchmark.  Sends nothing. */
MUST_CHECK int run_work_open(
    struct run_work *self, struct run_plan *plan, const struct spec *spec, struct error *err);

/* Starts the built-in engine where asked, makes the output folder, probes the engine. */
MUST_CHECK int run_plan_reach_engine(struct run_plan *self, struct error *err);

/* Warns of what the engine cannot do with this benchmark; needs the engine's identity. */
void run_work_check(const struct run_work *self, struct run_plan *plan);

/* Renders the requests; needs the engine's identity. */
MUST_CHECK int run_work_render(struct run_work *self, struct run_plan *plan, struct error *err);

/* Draws prompts and requests anew by the seed of plan->options, for another launch.  After a failure
 * the work has no requests, and this may be tried again. */
MUST_CHECK int run_work_reseed(struct run_work *self, struct run_plan *plan, struct error *err);

void run_work_done(struct run_work *self);
void run_plan_done(struct run_plan *self);

/* Adds a warning: to the log now, to every envelope later. */
PRINTF_LIKE(2, 3) void run_plan_warn(struct run_plan *self, const char *format, ...);

/* The simulated engine's options as the command line gives them. */
struct sim_options run_plan_sim_options(const struct run_plan *self);

/* True when this run is the simulated engine without --base-url. */
bool run_plan_is_built_in(const struct run_options *options);
