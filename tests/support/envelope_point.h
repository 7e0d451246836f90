/* envelope_point.h - a small measured point with everything that an envelope is built from. */
#pragma once

#include "base/mem.h"
#include "envelope/envelope.h"
#include "support/events.h"
#include "support/test.h"

#include <string.h>

enum {
    POINT_REQUESTS = 24,
    POINT_EVENTS = 6
};

/* Heap: about 60 KiB. */
struct envelope_point {
    struct arena arena;
    struct record records[POINT_REQUESTS];
    uint32_t event_words[POINT_REQUESTS][POINT_EVENTS * TOKEN_EVENT_WORDS_MAX];
    struct worker_facts worker;
    struct record_set set;
    struct point_facts facts;
    struct summary summary;
    struct envelope_inputs inputs;
};

/* Request i: sent every 10 ms from 0, first token after 20 + i/8 ms, then one every 3 ms. */
static inline void envelope_point_request(struct envelope_point *self, uint64_t i)
{
    const int64_t ms = INT64_C(1000000);
    const int64_t sent_ns = (int64_t)i * 10 * ms;
    const int64_t first_ns = sent_ns + 20 * ms + (int64_t)i * ms / 8;
    struct record *record = &self->records[i];
    *record = (struct record){
        .index = i,
        .prompt_index = (uint32_t)i,
        .phase = i < 4 ? PHASE_WARMUP : PHASE_WINDOW,
        .outcome = OUTCOME_OK,
        .scheduled_ns = sent_ns,
        .sent_ns = sent_ns + 5000,
        .headers_ns = first_ns - 1000,
        .role_ns = first_ns - 1000,
        .reasoning_ns = RECORD_NONE,
        .content_ns = first_ns,
        .tool_ns = RECORD_NONE,
        .first_token_ns = first_ns,
        .last_token_ns = first_ns + INT64_C(3) * (POINT_EVENTS - 1) * ms,
        .end_ns = first_ns + INT64_C(3) * POINT_EVENTS * ms,
        .prompt_tokens = 12,
        .output_tokens = POINT_EVENTS,
        .cached_tokens = RECORD_COUNT_UNKNOWN,
        .reasoning_tokens = RECORD_COUNT_UNKNOWN,
        .output_tokens_usage = true,
        .http_status = 200,
        .bytes_received = 1234,
        .finish = "stop",
    };
    struct token_event events[POINT_EVENTS];
    for (int64_t e = 0; e < POINT_EVENTS; e++) {
        events[e] = (struct token_event){.arrival_ns = first_ns + e * 3 * ms, .tokens = 1};
    }
    events_pack(record, self->event_words[i], events, POINT_EVENTS);
}

static inline struct json *envelope_point_json(struct envelope_point *self, const char *text)
{
    struct json *value = NULL;
    struct error err = {0};
    assert_int_equal(json_parse(&self->arena, "test", text, strlen(text), &value, &err), 0);
    return value;
}

static inline void envelope_point_facts(struct envelope_point *self)
{
    self->worker.cpu_ns = 1000000;
    self->worker.awake_ns = 250000;
    self->worker.wall_ns = 200000000;
    self->worker.n_token_events = UINT64_C(1) * POINT_REQUESTS * POINT_EVENTS;
    self->worker.n_kernel_stamps = UINT64_C(1) * POINT_REQUESTS * POINT_EVENTS;
    for (int64_t i = 0; i < 100; i++) {
        lag_histogram_add(self->worker.lag, 10000 + i * 100);
    }
    self->worker.lag_max_ns = 19900;
    self->worker.gap_max_ns = 20100000;
    self->facts = (struct point_facts){
        .seed = 42,
        .driver = DRIVER_CLOSED,
        .burstiness = 1.0,
        .concurrency = 4,
        .start_mono_ns = 5000000000,
        .start_real_ns = INT64_C(1790000000123456000),
        .window_start_ns = 35000000,
        .window_end_ns = 235000000,
        .requested_duration_ns = 200000000,
        .end_ns = 300000000,
        .cold_start_ns = 25000000,
        .streaming = true,
        .gate = GATE_COV,
        .gate_cov = 0.031,
        .n_warmup = 4,
        .slo = {200.0, 50.0, (double)INFINITY},
        .n_workers = 1,
        .workers = &self->worker,
    };
}

/* The caller frees with envelope_point_free. */
static inline struct envelope_point *envelope_point_new(void)
{
    struct envelope_point *self = MEM_NEW(struct envelope_point);
    for (uint64_t i = 0; i < POINT_REQUESTS; i++) {
        envelope_point_request(self, i);
    }
    envelope_point_facts(self);
    self->set = (struct record_set){self->records, POINT_REQUESTS, true};
    summary_compute(&self->facts, &self->set, &self->summary);
    self->inputs = (struct envelope_inputs){
        .suite_id = "llm.inference.chatbot-short",
        .suite_version = "1.0.0",
        .run_id = "019ebf74-9c6e-7b36-9234-39c3fd8ced02",
        .timestamp_real_ns = INT64_C(1790000000123456789),
        .model_id = "org/model",
        .model_revision = "0123456789abcdef0123456789abcdef01234567",
        .model_provider = "vllm",
        .endpoint_normal = "http://127.0.0.1:8000/v1",
        .engine_name = "vllm",
        .engine_version = "0.9.1",
        .engine_config = envelope_point_json(self, "{\"max_model_len\":4096}"),
        .engine_before =
            envelope_point_json(self, "{\"version\":\"0.9.1\",\"n_models\":1,\"server\":\" s\"}"),
        .quantization_format = "fp16",
        .engine_address = "loopback",
        .fingerprint_of = FINGERPRINT_OF_BOTH,
        .hardware_fingerprint = envelope_point_json(
            self,
            "{\"fingerprint_sha256\":"
            "\"ffbc89c90e8eafe23e770e0e2b8ad4cacdb0c0e98a960c717b0566b389e0051a\",\"dmi_uuid\":"
            "\"unknown\",\"gpus\":[],\"cpu\":{\"model\":\"c\",\"microcode\":\"0x1\"},\"memory\":"
            "{\"channels\":1,\"speed_mts\":1,\"ecc\":false},\"bios\":{\"version\":\"1\","
            "\"resizable_bar\":false,\"above_4g\":false},\"numa\":{},\"driver\":\"\",\"cuda\":\"\","
            "\"nccl\":\"\"}"),
        .software_provenance = envelope_point_json(
            self,
            "{\"image_digest\":\"\",\"pip_freeze_hash\":"
            "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"git_commit\":"
            "\"unknown\",\"nvidia_smi_q_hash\":\"\",\"bench_version\":\"0.1.0\",\"kernel\":"
            "\"Linux 6.1.0 x86_64\"}"),
        .dataset_id = "builtin-chatbot-short",
        .dataset_hash = "6f4b1f68fc3a813baa983cbe70cd9ef57f8c86e6b2e6ccc9aaa2a498e588d510",
        .seed = 42,
        .driver_options = envelope_point_json(
            self, "{\"driver\":\"closed\",\"concurrency\":4,\"request\":{\"max_tokens\":6}}"),
        .facts = &self->facts,
        .records = &self->set,
        .summary = &self->summary,
        .slo_template = "llm.standard",
        .slo_hardware_class = "h100",
        .slo_resolved = "ttft<200ms, tpot<50ms",
        .warnings = envelope_point_json(self, "[\"a warning of the run\"]"),
        .records_level = RECORDS_FULL,
    };
    return self;
}

static inline void envelope_point_free(struct envelope_point *self)
{
    arena_done(&self->arena);
    free(self);
}

static inline void envelope_point_freep(struct envelope_point **self)
{
    if (*self != NULL) {
        envelope_point_free(*self);
    }
}
