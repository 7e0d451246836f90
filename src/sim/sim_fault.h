/* sim_fault.h - the script that makes the simulated engine misbehave on purpose.
 *
 * A script is one JSON object:
 *
 *   {"rules": [
 *      {"request": 3, "fault": "reset", "token": 5},
 *      {"every": 10, "fault": "status", "status": 503, "body": "{\"error\":\"busy\"}"},
 *      {"connection": 0, "fault": "refuse"},
 *      {"from": 20, "to": 29, "behaviour": {"reasoning": 4}}],
 *    "behaviour": {"tokens_per_event": 3, "text": "emoji"},
 *    "stalls": [{"at_ms": 1000, "ms": 250}],
 *    "loading_ms": 500,
 *    "identity": {"after_requests": 50, "version": "2.0", "model": "other"},
 *    "prefix_cache": true, "idle_close_ms": 5000, "keep_alive_max": 100, "close_streams": true}
 *
 * A rule says when, then what.  When (all that are given must hold; none: always):
 *   request N       only completion request N of the engine; requests and connections count from 0
 *   from N, to N    requests N and up, requests up to and with N
 *   every N         each Nth request: N-1, 2N-1, ...
 *   connection N    every request on connection N
 *   every_connection N
 * The first rule with a fault that holds is the fault; behaviours of all rules that hold add up.
 *
 * What ("token": K is where: in place of token K, counted from 1; 0: before the headers; one more than
 * the answer has: before its end; default 1):
 *   refuse           the connection is reset as soon as it is made (only with connection selectors)
 *   reset            RST in place of token K
 *   truncate         orderly end of the connection in place of token K
 *   hang             nothing for `ms`, then an orderly end without the final chunk (default 31000)
 *   never            nothing is ever answered
 *   stall            this stream pauses for `ms` before token K and goes on
 *   slow_headers     the head goes out in pieces of `bytes` (default 16), one each `ms` (default 10)
 *   status           answers `status` (default 500) at once, with `body` or the style's error shape
 *   malformed_chunk  a chunk size that is no number in front of token K
 *   malformed_json   an event in place of token K whose JSON breaks off
 *   error_event      an event that reports an error in place of token K, then the end
 *   empty            200 with a proper end and no token
 *   split            every event is cut into two segments after `bytes` bytes (default 1), the second
 *                    `us` later (default 0)
 *   join             `events` events (default 2) go out in one segment
 *
 * Behaviour (how streams look; none of it is an error):
 *   text              "words", "emoji" or "escapes"
 *   tokens_per_event  K tokens of one text event each (multi-token prediction, characters of several
 *                     tokens); emoji give one character for each event
 *   partial           "hold" or "empty": tokens that complete no text send nothing (llama.cpp), or an
 *                     event with an empty text (vLLM); the default is the style's
 *   role              false: no role chunk; default: the style's
 *   eos_token         true: an answer that stops by itself has one more token, without text
 *   null_first        true: "data: null" comes first; default: as llama.cpp does for prompt arrays
 *   ping_ms           comment lines ":" at this period until the first token
 *   empty_every       every Nth token comes with an event of empty text before it
 *   reasoning         the first N tokens are reasoning text, under `reasoning_key` ("reasoning_content")
 *   tool_calls        the last N tokens are the arguments of a tool call
 *   usage             false: no usage is ever told
 *   usage_extra       members that follow in the last usage, as JSON: "\"cost\":0.0002" of a gateway
 *
 * The rest concerns the whole engine.  Times are ms of the engine's clock since its first connection:
 *   stalls            at `at_ms` all streams pause for `ms`
 *   loading_ms        every route answers 503 until then
 *   identity          after so many completion requests the engine tells another version and model
 *   prefix_cache      repeated prompts hit the cache: usage tells cached tokens, their prefill is free
 *                     (default: llama.cpp yes, vLLM no)
 *   idle_close_ms     idle connections are closed after this; 0: never (default: llama.cpp 5000, vLLM 0)
 *   keep_alive_max    the last request of a connection; its answer says close; 0: no limit (default:
 *                     llama.cpp 100, vLLM 0)
 *   close_streams     a streamed reply ends the connection (default: llama.cpp yes, vLLM no)
 */
#pragma once

#include "sim/sim.h"
#include "sim/sim_text.h"

struct json;

enum sim_fault_kind {
    SIM_FAULT_NONE,
    SIM_FAULT_REFUSE,
    SIM_FAULT_RESET,
    SIM_FAULT_TRUNCATE,
    SIM_FAULT_HANG,
    SIM_FAULT_NEVER,
    SIM_FAULT_STALL,
    SIM_FAULT_SLOW_HEADERS,
    SIM_FAULT_STATUS,
    SIM_FAULT_MALFORMED_CHUNK,
    SIM_FAULT_MALFORMED_JSON,
    SIM_FAULT_ERROR_EVENT,
    SIM_FAULT_EMPTY,
    SIM_FAULT_SPLIT,
    SIM_FAULT_JOIN,
};

enum sim_partial {
    SIM_PARTIAL_HOLD,
    SIM_PARTIAL_EMPTY,
};

struct sim_behaviour {
    enum sim_text_kind text;
    enum sim_partial partial;
    uint32_t tokens_per_event;
    bool role;
    bool eos_token;
    bool null_first;
    bool usage;
    uint32_t ping_ms;
    uint32_t empty_every;
    uint32_t reasoning;
    uint32_t tool_calls;
    const char *reasoning_key;
    const char *usage_extra; /* NULL: none */
};

/* Requests or connections that a rule does not select by number. */
#define SIM_ANY UINT64_MAX

struct sim_rule {
    uint64_t request;
    uint64_t from;
    uint64_t to;
    uint64_t every; /* 0: not given */
    uint64_t connection;
    uint64_t every_connection; /* 0: not given */
    enum sim_fault_kind fault;
    uint32_t token;
    uint32_t ms;
    uint32_t us;
    uint32_t bytes;
    uint32_t events;
    uint32_t status;
    const char *body;       /* NULL: the style's */
    struct json *behaviour; /* NULL: none */
};

struct sim_stall {
    int64_t at_ns; /* since the first connection */
    int64_t length_ns;
};

enum {
    SIM_RULES_MAX = 256,
    SIM_STALLS_MAX = 64
};

struct sim_script;

/* Reads a script; `text` NULL: the style's own habits, no fault.  *out is the caller's:
 * sim_script_free.  Errors: ERROR_PARSE, ERROR_USAGE naming line and key. */
MUST_CHECK int
sim_script_open(const char *text, enum sim_style style, struct sim_script **out, struct error *err);
void sim_script_free(struct sim_script *self);

/* True when a new connection is to be refused. */
bool sim_script_refuses(const struct sim_script *self, uint64_t connection);

/* The fault of a request (borrowed), or NULL, and how its stream behaves. */
const struct sim_rule *sim_script_match(
    const struct sim_script *self,
    uint64_t request,
    uint64_t connection,
    struct sim_behaviour *out_behaviour);

/* What concerns the whole engine. */
struct sim_habits {
    int64_t loading_ns;
    int64_t idle_close_ns;   /* 0: never */
    uint32_t keep_alive_max; /* 0: no limit */
    bool close_streams;
    bool prefix_cache;
    uint32_t n_stalls;
    struct sim_stall stalls[SIM_STALLS_MAX]; /* in order of time, without overlap */
    uint64_t identity_after;                 /* SIM_ANY: never */
    const char *identity_version;            /* NULL: unchanged */
    const char *identity_model;
};

const struct sim_habits *sim_script_habits(const struct sim_script *self);
