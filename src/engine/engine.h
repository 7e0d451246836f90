/* engine.h - the engines that can be driven: one row each over a shared OpenAI reader.
 *
 * probe and describe talk over net/web.h, before and after measuring.  render_request runs before the
 * clock starts.  read_event and read_body run on the measured path: no memory, no lock, no copy.
 * Source of the engines' habits: REAL-ENGINES.md. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "codec/json.h"
#include "engine/prompt.h"
#include "net/endpoint.h"

/* How to reach an engine.  All borrowed. */
struct engine_target {
    struct endpoint endpoint; /* path is the API base, e.g. "/v1" */
    const char *base_url;
    const char *api_key;        /* NULL: none.  Never logged, never written */
    const char *const *headers; /* "Name: value" of --header */
    size_t n_headers;
    const char *ca_file;
    bool insecure;
    const char *model;         /* model id to send; "" until the probe has chosen one */
    const char *option_prefix; /* of the options that messages name: "judge-"; NULL: none */
};

/* What goes between "--" and "base-url", "model", "api-key-env" in messages. */
const char *engine_option_prefix(const struct engine_target *target);

enum {
    ENGINE_VERSION_MAX = 128,
    ENGINE_MODEL_MAX = 256
};

/* What the engine says of itself.  Strings are "" and counts 0 where it does not say. */
struct engine_identity {
    char version[ENGINE_VERSION_MAX];
    char model[ENGINE_MODEL_MAX]; /* the model that will be asked: given, or the only one served */
    uint32_t max_model_len;       /* context in tokens; 0 unknown */
    uint32_t n_models;
    char server[ENGINE_VERSION_MAX]; /* Server header */
    struct json *config; /* what it tells of its configuration, for config_hash; in the arena */
};

/* One event of a stream, or a whole non-streamed answer. */
enum answer_what {
    ANSWER_ROLE = 1 << 0,      /* role-only or empty delta: never a token */
    ANSWER_CONTENT = 1 << 1,   /* generated text */
    ANSWER_REASONING = 1 << 2, /* reasoning text */
    ANSWER_TOOL = 1 << 3,      /* tool-call delta */
    ANSWER_FINISH = 1 << 4,    /* finish_reason is set */
    ANSWER_USAGE = 1 << 5,     /* completion_tokens is set; the last one of a stream wins */
    ANSWER_DONE = 1 << 6,      /* "[DONE]" */
    ANSWER_ERROR = 1 << 7,     /* the engine reports an error inside the stream */
    ANSWER_NOTHING = 1 << 8,   /* data: null, progress, an event without meaning here */
};

/* A stream event has one or two pieces of text; a whole answer with tool calls has two for each
 * call.  An answer with more pieces is refused: a count must not silently lack some. */
enum {
    ANSWER_TEXTS_MAX = 64,
    ANSWER_FINISH_SIZE = 16
};

/* A piece of generated text, raw as in the JSON (without quotes): json_unescape decodes it. */
struct answer_text {
    const char *raw;
    size_t len;
    bool escaped;
    bool content; /* neither reasoning nor a tool call */
};

/* Counts may come several times in one stream (vLLM with continuous_usage_stats: in every event;
 * llama.cpp with timings_per_token: likewise): each time ANSWER_USAGE is set, and the last one wins.
 * Only the event without choices, or the last event of the stream, is final.
 * tokens_so_far is the same number where it comes together with a choice: it counts the tokens of
 * this event and all before it, so an event's own tokens are the difference to the count before. */
struct answer_event {
    unsigned what; /* enum answer_what bits */
    unsigned n_texts;
    struct answer_text texts[ANSWER_TEXTS_MAX]; /* in order; borrowed from the event's bytes; those
                                                   past n_texts are not written */
    int32_t tokens_so_far; /* engine's running count of generated tokens in this event; -1: none */
    int32_t prompt_tokens; /* -1 where not told, here and below */
    int32_t completion_tokens;
    int32_t cached_tokens;
    int32_t reasoning_tokens;
    double cost_usd; /* of the whole request, as the provider told it; NAN: it did not */
    char finish[ANSWER_FINISH_SIZE];
    const char *model; /* model named in the answer, raw; NULL: none */
    size_t model_len;
    const char
        *error; /* with ANSWER_ERROR: the engine's message, raw as in the JSON; on failure: what
                          is wrong, static text */
    size_t error_len;
};

struct engine_ops {
    const char *name;
    const char *summary;
    unsigned default_port;  /* of a local server; 0: --base-url is required */
    bool continuous_usage;  /* stream_options.continuous_usage_stats is understood */
    bool timings_per_token; /* "timings_per_token": true gives counts in every event */
    bool ignore_eos;        /* "ignore_eos" is understood */
    bool
        max_completion_tokens; /* chat: the limit's name is max_completion_tokens, not max_tokens */
    bool models_optional;      /* may lack BASE/models: then --model must be given */
    const char *version_path;  /* outside the API base, e.g. "/version"; NULL */
    const char *config_path;   /* e.g. "/props"; NULL */
    const char *metrics_path;  /* e.g. "/metrics"; NULL */
    const char *tokenize_member; /* of a POST to /tokenize: holds the text to count; NULL: none */
    const char *metrics_flag; /* what the engine must be started with to have them; NULL: nothing */

    /* Asks models, version and configuration.  `arena` keeps out->config.
     * Errors: ERROR_UNAVAILABLE (does not answer, still loading, wrong key), ERROR_VERIFY (its
     * certificate), ERROR_USAGE (model not served, several served and none chosen; names them). */
    MUST_CHECK int (*probe)(
        const struct engine_ops *self,
        const struct engine_target *target,
        struct arena *arena,
        struct engine_identity *out,
        struct error *err);

    /* Head and body of one request: the same input gives the same bytes.  out->bytes is the
     * caller's (free).
     * Errors: ERROR_USAGE for a header, key or extra body that cannot be sent, or a prompt that is
     * not UTF-8; the text names it (never the key itself). */
    MUST_CHECK int (*render_request)(
        const struct engine_ops *self,
        const struct engine_target *target,
        const struct request_shape *shape,
        const struct prompt *prompt,
        struct rendered *out,
        struct error *err);

    /* Reads the data of one SSE event.  False: malformed JSON or not the expected shape; then only
     * out->error is to be looked at. */
    bool (*read_event)(const char *data, size_t len, struct answer_event *out);

    /* Reads a non-streamed answer's body; it must hold choices or an error. */
    bool (*read_body)(const char *data, size_t len, struct answer_event *out);
};

extern const struct engine_ops *const engine_table[];
extern const size_t engine_table_len;

/* The row with this name, or NULL.  Where a user gave the name, suggest with text_nearest. */
const struct engine_ops *engine_find(const char *name);

/* The error text inside an engine's error body (OpenAI, vLLM, llama.cpp, TGI, FastAPI shapes), decoded
 * into `out` as one line, cut at whole characters; the body's first bytes when it has no known
 * shape.  Needs no memory. */
void engine_error_text(const char *body, size_t len, char *out, size_t out_size);

/* An engine's metrics, asked for again and again. */
struct engine_metrics_ask {
    struct arena arena;
    const struct engine_ops *engine;
    const char *url; /* NULL: the engine has none */
    const char *const *headers;
    size_t n_headers;
    const char *ca_file;
    bool insecure;
};

/* Longest time that metrics are waited for: an engine under load answers late, but a run must end. */
enum {
    ENGINE_METRICS_TIMEOUT_MS = 2000
};

/* `target` is borrowed until done. */
void engine_metrics_init(
    struct engine_metrics_ask *self,
    const struct engine_ops *engine,
    const struct engine_target *target);
void engine_metrics_done(struct engine_metrics_ask *self);

/* Puts the text into `out`, an empty buffer whose maximum is the longest answer; needs a URL.
 * Threads: one at a time; not the measured ones.
 * Errors: ERROR_UNAVAILABLE (no answer in time, or another status), ERROR_LIMIT; the text names the URL
 * and what would help. */
MUST_CHECK int
engine_metrics_fetch(const struct engine_metrics_ask *self, struct bytes *out, struct error *err);

/* The identity as one object: version, model, max_model_len, n_models, server, and config_sha256, the
 * hash of config's canonical form (null without one).  Texts that are not told are "unknown". */
struct json *engine_identity_json(struct arena *arena, const struct engine_identity *identity);

/* True when the two identities describe the same engine: version, server, model, context and
 * configuration (which the probe has stripped of counters and of values that change by
 * themselves). */
bool engine_identity_equal(const struct engine_identity *a, const struct engine_identity *b);
