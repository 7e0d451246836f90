/* The records file gives back exactly what was written, and names the line of what it refuses. */
#include "base/mem.h"
#include "base/rng.h"
#include "codec/zstd.h"
#include "envelope/records_file.h"
#include "support/events.h"
#include "support/records_text.h"
#include "support/test.h"

#include <limits.h>
#include <string.h>

/* ---- A point with random facts, in zeroed memory so that whole structs can be compared. ---- */

struct point {
    struct arena arena;
    struct point_facts facts;
    struct record_set records;
};

static int64_t random_i64(struct rng *rng)
{
    return (int64_t)rng_next(rng) >> (1 + rng_below(rng, 63));
}

static int64_t random_time(struct rng *rng)
{
    return rng_below(rng, 4) == 0 ? RECORD_NONE : (int64_t)(rng_next(rng) >> 2);
}

static int32_t random_count(struct rng *rng)
{
    return rng_below(rng, 3) == 0 ? RECORD_COUNT_UNKNOWN : (int32_t)rng_below(rng, INT32_MAX);
}

static double random_f64(struct rng *rng)
{
    return (rng_uniform(rng) - 0.5) * pow(10.0, (double)rng_below(rng, 40) - 20.0);
}

/* Text of any bytes but NUL: often no UTF-8, with quotes and controls. */
static const char *random_text(struct rng *rng, struct arena *arena, size_t max)
{
    if (rng_below(rng, 4) == 0) {
        return NULL;
    }
    const size_t len = rng_below(rng, max);
    char *text = arena_alloc(arena, len + 1);
    const bool ascii = rng_below(rng, 2) == 0;
    for (size_t i = 0; i < len; i++) {
        text[i] = (char)(1 + (int)rng_below(rng, ascii ? 126 : 255));
    }
    return text;
}

static void random_events(struct rng *rng, struct arena *arena, struct record *record)
{
    const uint32_t n = (uint32_t)rng_below(rng, 20);
    if (n == 0) {
        return;
    }
    struct token_event events[20];
    int64_t at_ns = (int64_t)rng_below(rng, 1000000) - 10;
    for (uint32_t i = 0; i < n; i++) {
        at_ns += (int64_t)rng_below(rng, 3) * (int64_t)rng_below(rng, 1000000);
        events[i].arrival_ns = at_ns;
        events[i].tokens = (uint32_t)rng_below(rng, 3);
        events[i].kind = (uint8_t)rng_below(rng, 3);
        events[i].shared_read = rng_below(rng, 5) == 0;
    }
    uint32_t *words = arena_alloc(arena, n * TOKEN_EVENT_WORDS_MAX * sizeof(*words));
    events_pack(record, words, events, n);
}

static void random_judgement(struct rng *rng, struct arena *arena, struct record *record)
{
    if (rng_below(rng, 3) == 0) {
        return;
    }
    struct judgement *judgement = arena_alloc(arena, sizeof(*judgement));
    judgement->outcome = (uint8_t)rng_below(rng, JUDGE_OUTCOME_COUNT);
    judgement->http_status = (uint16_t)rng_next(rng);
    judgement->n_attempts = (uint32_t)rng_next(rng);
    judgement->prompt_tokens = random_count(rng);
    judgement->output_tokens = random_count(rng);
    judgement->scorer = rng_below(rng, 2) == 0 ? (double)NAN : random_f64(rng);
    for (size_t i = 0; i < sizeof(judgement->answer_sha256); i++) {
        judgement->answer_sha256[i] = (uint8_t)rng_next(rng);
    }
    judgement->answer = random_text(rng, arena, 40);
    judgement->error = random_text(rng, arena, 40);
    record->judgement = judgement;
}

static void random_record(struct rng *rng, struct arena *arena, struct record *record)
{
    record->prompt_index = (uint32_t)rng_next(rng);
    record->worker = (uint16_t)rng_below(rng, 3);
    record->phase = (uint8_t)rng_below(rng, 3);
    record->outcome = (uint8_t)rng_below(rng, OUTCOME_COUNT);
    int64_t *const times[] = {
        &record->scheduled_ns,  &record->sent_ns,    &record->headers_ns, &record->role_ns,
        &record->reasoning_ns,  &record->content_ns, &record->tool_ns,    &record->first_token_ns,
        &record->last_token_ns, &record->end_ns,     &record->connect_ns,
    };
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        *times[i] = random_time(rng);
    }
    record->prompt_tokens = random_count(rng);
    record->output_tokens = random_count(rng);
    record->cached_tokens = random_count(rng);
    record->reasoning_tokens = random_count(rng);
    record->output_tokens_usage = rng_below(rng, 2) == 0;
    record->cost_usd = rng_below(rng, 2) == 0 ? (double)NAN : random_f64(rng);
    record->http_status = (uint16_t)rng_next(rng);
    record->bytes_received = rng_next(rng) >> rng_below(rng, 64);
    const char *finish = random_text(rng, arena, RECORD_FINISH_SIZE);
    (void)snprintf(record->finish, sizeof(record->finish), "%s", finish == NULL ? "" : finish);
    for (size_t i = 0; i < sizeof(record->text_sha256); i++) {
        record->text_sha256[i] = (uint8_t)rng_next(rng);
    }
    record->error_body = random_text(rng, arena, RECORD_ERROR_BODY_MAX);
    record->text = random_text(rng, arena, 40);
    record->content = random_text(rng, arena, 40);
    if (rng_below(rng, 2) == 0) {
        struct record_item *item = arena_alloc(arena, sizeof(*item));
        *item = (struct record_item){
            .id = "a \"b\"",
            .category = random_text(rng, arena, 10),
            .scoring = "numeric",
            .score = rng_below(rng, 2) == 0 ? (double)NAN : rng_uniform(rng),
        };
        record->item = item;
    }
    random_events(rng, arena, record);
    random_judgement(rng, arena, record);
}

static void random_worker(struct rng *rng, struct worker_facts *facts)
{
    facts->cpu_ns = random_i64(rng);
    facts->awake_ns = random_i64(rng);
    facts->wall_ns = random_i64(rng);
    facts->n_token_events = rng_next(rng);
    facts->n_shared_reads = rng_next(rng);
    facts->n_kernel_stamps = rng_next(rng);
    facts->n_user_stamps = rng_next(rng);
    facts->gap_max_ns = random_i64(rng);
    facts->lag_max_ns = random_i64(rng);
    facts->n_connects = rng_next(rng);
    facts->n_clock_steps = rng_next(rng);
    const uint64_t n_buckets = rng_below(rng, 10);
    for (uint64_t i = 0; i < n_buckets; i++) {
        facts->lag[rng_below(rng, LAG_BUCKETS)] = rng_next(rng) >> rng_below(rng, 64);
    }
}

static void random_facts(struct rng *rng, struct arena *arena, struct point_facts *facts)
{
    facts->seed = rng_next(rng);
    facts->driver = (enum driver)rng_below(rng, 2);
    facts->arrival = (enum arrival)rng_below(rng, 4);
    facts->rate_rps = random_f64(rng);
    facts->burstiness = random_f64(rng);
    facts->concurrency = (uint32_t)rng_next(rng);
    facts->max_concurrency = (uint32_t)rng_next(rng);
    facts->start_mono_ns = random_i64(rng);
    facts->start_real_ns = random_i64(rng);
    facts->window_start_ns = random_i64(rng);
    facts->window_end_ns = random_i64(rng);
    facts->requested_duration_ns = random_i64(rng);
    facts->end_ns = random_i64(rng);
    facts->cold_start_ns = random_time(rng);
    facts->interrupted = rng_below(rng, 2) == 0;
    facts->streaming = rng_below(rng, 2) == 0;
    facts->gate = (enum gate_result)rng_below(rng, 4);
    facts->gate_cov = rng_below(rng, 2) == 0 ? (double)NAN : random_f64(rng);
    facts->n_warmup = (uint32_t)rng_next(rng);
    facts->slo.ttft_ms = rng_below(rng, 2) == 0 ? (double)INFINITY : random_f64(rng);
    facts->slo.tpot_ms = rng_below(rng, 2) == 0 ? (double)INFINITY : random_f64(rng);
    facts->slo.total_ms = rng_below(rng, 2) == 0 ? (double)INFINITY : random_f64(rng);
    facts->price.basis = (enum price_basis)rng_below(rng, 3);
    facts->price.source = random_text(rng, arena, 40);
    facts->price.input_usd_per_mtok = random_f64(rng);
    facts->price.cached_input_usd_per_mtok = rng_below(rng, 2) == 0 ? (double)NAN : random_f64(rng);
    facts->price.output_usd_per_mtok = random_f64(rng);
    facts->price.usd_per_hour = rng_below(rng, 2) == 0 ? (double)NAN : random_f64(rng);
    facts->engine_changed = rng_below(rng, 2) == 0;
    facts->tokens_from_events = rng_below(rng, 2) == 0;
    facts->n_workers = 3;
    facts->workers = arena_alloc(arena, facts->n_workers * sizeof(*facts->workers));
    for (uint32_t i = 0; i < facts->n_workers; i++) {
        random_worker(rng, &facts->workers[i]);
    }
}

static void point_random(struct point *self, uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed, RNG_STREAM_TEST);
    memset(self, 0, sizeof(*self));
    random_facts(&rng, &self->arena, &self->facts);
    self->records.has_events = true;
    self->records.n = rng_below(&rng, 12);
    self->records.records = arena_alloc(&self->arena, self->records.n * sizeof(struct record) + 1);
    uint64_t index = rng_next(&rng) >> 2;
    for (uint64_t i = 0; i < self->records.n; i++) {
        index += 1 + rng_below(&rng, 5);
        self->records.records[i].index = index;
        random_record(&rng, &self->arena, &self->records.records[i]);
    }
}

/* ---- Comparing whole structs: a member that the tables forget is found. ---- */

static void assert_same_text(const char *a, const char *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (a != NULL) {
        assert_string_equal(a, b);
    }
}

static void assert_same_events(const struct record *a, const struct record *b)
{
    assert_int_equal(a->n_events, b->n_events);
    for (uint32_t i = 0; i < a->n_events; i++) {
        const struct token_event left = events_at(a, i);
        const struct token_event right = events_at(b, i);
        assert_int_equal(left.arrival_ns, right.arrival_ns);
        assert_int_equal(left.tokens, right.tokens);
        assert_int_equal(left.kind, right.kind);
        assert_int_equal(left.shared_read, right.shared_read);
    }
}

static void assert_same_judgement(const struct judgement *a, const struct judgement *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (a == NULL) {
        return;
    }
    assert_same_text(a->answer, b->answer);
    assert_same_text(a->error, b->error);
    struct judgement left = *a;
    struct judgement right = *b;
    left.answer = right.answer = NULL;
    left.error = right.error = NULL;
    assert_memory_equal(&left, &right, sizeof(left));
}

static void assert_same_item(const struct record_item *a, const struct record_item *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL || b == NULL) {
        return;
    }
    assert_same_text(a->id, b->id);
    assert_same_text(a->category, b->category);
    assert_same_text(a->scoring, b->scoring);
    assert_memory_equal(&a->score, &b->score, sizeof(a->score));
}

static void assert_same_record(struct record *a, struct record *b, bool events)
{
    assert_same_text(a->error_body, b->error_body);
    assert_same_text(a->text, b->text);
    assert_same_judgement(a->judgement, b->judgement);
    assert_same_text(a->content, b->content);
    assert_same_item(a->item, b->item);
    if (events) {
        assert_same_events(a, b);
    } else {
        assert_int_equal(b->n_events, 0);
        assert_null(b->event_words);
    }
    struct record *const both[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        both[i]->error_body = NULL;
        both[i]->text = NULL;
        both[i]->judgement = NULL;
        both[i]->content = NULL;
        both[i]->item = NULL;
        both[i]->event_words = NULL;
        both[i]->n_events = 0;
    }
    assert_memory_equal(a, b, sizeof(*a));
}

static void assert_same_facts(struct point_facts *a, struct point_facts *b)
{
    assert_int_equal(a->n_workers, b->n_workers);
    assert_memory_equal(a->workers, b->workers, a->n_workers * sizeof(*a->workers));
    assert_same_text(a->price.source, b->price.source);
    struct point_facts *const both[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        both[i]->workers = NULL;
        both[i]->price.source = NULL;
    }
    assert_memory_equal(a, b, sizeof(*a));
}

static void assert_round_trip(uint64_t seed, enum records_level level)
{
    struct point point;
    point_random(&point, seed);
    struct bytes text;
    struct bytes again;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    bytes_init(&again, BYTES_MAX_DEFAULT);
    records_text("run", &point.facts, &point.records, level, &text);
    struct records_loaded loaded;
    struct error err = {0};
    if (records_parse("r", text.data, text.len, &loaded, &err) < 0) {
        print_error("seed %d: %s\n%s\n", (int)seed, err.text, text.data);
        fail();
    }
    assert_string_equal(loaded.run_id, "run");
    assert_int_equal(loaded.records.has_events, level == RECORDS_FULL);
    assert_int_equal(loaded.records.n, point.records.n);
    if (level == RECORDS_FULL) {
        records_text("run", &loaded.facts, &loaded.records, level, &again);
        assert_int_equal(text.len, again.len);
        assert_memory_equal(text.data, again.data, text.len);
    }
    for (uint64_t i = 0; i < point.records.n; i++) {
        assert_same_record(
            &point.records.records[i], &loaded.records.records[i], level == RECORDS_FULL);
    }
    assert_same_facts(&point.facts, &loaded.facts);
    records_loaded_done(&loaded);
    arena_done(&point.arena);
    bytes_done(&text);
    bytes_done(&again);
}

static void test_records__come_back_as_they_were(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        assert_round_trip(seed, RECORDS_FULL);
    }
}

static void test_records__without_events_keep_all_else(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        assert_round_trip(seed, RECORDS_REQUESTS);
    }
}

/* Takes all but the last piece, whose place in the order is `fails_at`. */
struct failing {
    struct bytes text;
    unsigned n;
    unsigned fails_at;
};

static int take_or_fail(void *context, const char *text, size_t len, struct error *err)
{
    struct failing *self = context;
    if (self->n++ == self->fails_at) {
        return error_set(err, ERROR_LIMIT, "piece %u is refused", self->fails_at);
    }
    assert_true(len > 0 && text[len - 1] == '\n');
    bytes_add(&self->text, text, len);
    return 0;
}

/* A point with `n` requests: of a thousand the text takes several pieces. */
static void point_large(struct point *self, uint64_t n)
{
    point_random(self, 5);
    struct rng rng;
    rng_init(&rng, n, RNG_STREAM_TEST);
    self->records.n = n;
    self->records.records = arena_alloc(&self->arena, n * sizeof(struct record) + 1);
    for (uint64_t i = 0; i < n; i++) {
        self->records.records[i].index = i;
        random_record(&rng, &self->arena, &self->records.records[i]);
    }
}

static struct records_source source_of(const struct point *point)
{
    return (struct records_source){"run", &point->facts, &point->records, RECORDS_FULL};
}

static void test_records_write__gives_the_same_text_in_pieces_of_whole_lines(void **state)
{
    (void)state;
    struct point point;
    point_large(&point, 1000);
    const struct records_source source = source_of(&point);
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    records_text("run", &point.facts, &point.records, RECORDS_FULL, &text);
    struct failing pieces = {.fails_at = UINT_MAX};
    bytes_init(&pieces.text, BYTES_MAX_DEFAULT);
    const struct records_sink sink = {take_or_fail, &pieces};
    struct error err = {0};
    assert_int_equal(records_write(&source, &sink, &err), 0);
    assert_true(pieces.n > 3);
    assert_true(text.len / pieces.n >= RECORDS_PIECE_LEN / 2);
    assert_int_equal(pieces.text.len, text.len);
    assert_memory_equal(pieces.text.data, text.data, text.len);
    bytes_done(&pieces.text);
    bytes_done(&text);
    arena_done(&point.arena);
}

static void test_records_write__stops_where_the_sink_does(void **state)
{
    (void)state;
    struct point point;
    point_large(&point, 1000);
    const struct records_source source = source_of(&point);
    for (unsigned fails_at = 0; fails_at < 3; fails_at++) {
        struct failing pieces = {.fails_at = fails_at};
        bytes_init(&pieces.text, BYTES_MAX_DEFAULT);
        const struct records_sink sink = {take_or_fail, &pieces};
        struct error err = {0};
        assert_int_equal(records_write(&source, &sink, &err), -ERROR_LIMIT);
        assert_int_equal(pieces.n, fails_at + 1);
        bytes_done(&pieces.text);
    }
    arena_done(&point.arena);
}

static void test_records_pack__is_the_text_and_its_hash(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 1000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct point point;
        point_large(&point, sizes[i]);
        const struct records_source source = source_of(&point);
        struct bytes text;
        struct bytes frame;
        struct bytes back;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        bytes_init(&frame, BYTES_MAX_DEFAULT);
        bytes_init(&back, BYTES_MAX_DEFAULT);
        records_text("run", &point.facts, &point.records, RECORDS_FULL, &text);
        char hash[DIGEST_HEX_SIZE];
        char expected[DIGEST_HEX_SIZE];
        struct error err = {0};
        assert_int_equal(records_pack(&source, &frame, hash, &err), 0);
        digest_sha256_hex(text.data, text.len, expected);
        assert_string_equal(hash, expected);
        assert_int_equal(zstd_decompress(frame.data, frame.len, &back, &err), 0);
        assert_int_equal(back.len, text.len);
        assert_memory_equal(back.data, text.data, text.len);
        bytes_done(&back);
        bytes_done(&frame);
        bytes_done(&text);
        arena_done(&point.arena);
    }
}

static void test_records_pack__says_when_the_frame_is_too_large(void **state)
{
    (void)state;
    struct point point;
    point_large(&point, 1000);
    const struct records_source source = source_of(&point);
    struct bytes frame;
    bytes_init(&frame, 1000);
    char hash[DIGEST_HEX_SIZE];
    struct error err = {0};
    assert_int_equal(records_pack(&source, &frame, hash, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "zstd: the compressed data exceeds 1000 bytes");
    bytes_done(&frame);
    arena_done(&point.arena);
}

/* ---- The text itself. ---- */

#define HEADER(level, n_workers, n_requests)                                                        \
    "{\"type\":\"header\",\"schema\":\"bench-records-1\",\"run_id\":\"r\","                         \
    "\"clock\":\"CLOCK_MONOTONIC\",\"unit\":\"ns\",\"origin\":\"start_mono_ns\",\"level\":\"" level \
    "\",\"n_workers\":" n_workers ",\"n_requests\":" n_requests ",\"point\":" POINT "}\n"
#define POINT                                                                                      \
    "{\"seed\":42,\"driver\":\"closed\",\"arrival\":\"none\",\"rate_rps\":0.0,"                    \
    "\"burstiness\":1.0,\"concurrency\":4,\"max_concurrency\":0,\"start_mono_ns\":1000,"           \
    "\"start_real_ns\":2000,\"window_start_ns\":10,\"window_end_ns\":500,"                         \
    "\"requested_duration_ns\":490,\"end_ns\":600,\"cold_start_ns\":null,\"interrupted\":false,"   \
    "\"streaming\":true,\"gate\":\"cov\",\"gate_cov\":0.03,\"n_warmup\":12,\"slo_ttft_ms\":200.0," \
    "\"slo_tpot_ms\":null,\"slo_total_ms\":null,\"price_basis\":\"tokens\","                       \
    "\"price_source\":\"prices-file:p.yaml@2026-11-01\",\"price_input_usd_per_mtok\":2.5,"         \
    "\"price_cached_input_usd_per_mtok\":null,\"price_output_usd_per_mtok\":10.0,"                 \
    "\"price_usd_per_hour\":null,\"engine_changed\":false,"                                        \
    "\"tokens_from_events\":false}"
#define WORKER                                                                                            \
    "{\"type\":\"worker\",\"worker\":0,\"cpu_ns\":7,\"awake_ns\":2,\"wall_ns\":490,\"n_token_events\":3," \
    "\"n_shared_reads\":1,\"n_kernel_stamps\":3,\"n_user_stamps\":0,\"n_connects\":0,"                    \
    "\"n_clock_steps\":0,\"gap_max_ns\":21000000,\"lag_max_ns\":30000,\"lag\":[[112,2],[119,1]]}\n"
#define REQUEST_HEAD                                                                                   \
    "{\"type\":\"request\",\"index\":5,\"worker\":0,\"phase\":\"window\",\"prompt_index\":9,"          \
    "\"scheduled_ns\":20,\"sent_ns\":21,\"headers_ns\":50,\"role_ns\":51,\"reasoning_ns\":null,"       \
    "\"content_ns\":60,\"tool_ns\":null,\"first_token_ns\":60,\"last_token_ns\":90,\"end_ns\":95,"     \
    "\"connect_ns\":0,\"prompt_tokens\":11,\"output_tokens\":4,\"cached_tokens\":null,"                \
    "\"reasoning_tokens\":null,\"output_tokens_usage\":true,\"cost_usd\":1.5e-07,\"finish\":\"stop\"," \
    "\"outcome\":\"ok\",\"http_status\":200,\"bytes_received\":900,\"text_sha256\":"                   \
    "\"0101010101010101010101010101010101010101010101010101010101010101\","                            \
    "\"error_body\":null,\"text\":\"a\\u00e9\","
#define EVENTS                                                                                    \
    "\"n_events\":3,\"gaps_ns\":[60,20,10],\"tokens\":[[1,2],[2,1]],\"kinds\":[[\"content\",3]]," \
    "\"shared\":[2]"
#define REQUEST REQUEST_HEAD EVENTS "}\n"

static void test_records_write__writes_this_text(void **state)
{
    (void)state;
    const struct token_event events[] = {
        {60, 1, TOKEN_CONTENT, false}, {80, 1, TOKEN_CONTENT, false}, {90, 2, TOKEN_CONTENT, true}};
    struct record record = {
        .index = 5,
        .prompt_index = 9,
        .phase = PHASE_WINDOW,
        .scheduled_ns = 20,
        .sent_ns = 21,
        .headers_ns = 50,
        .role_ns = 51,
        .reasoning_ns = -1,
        .content_ns = 60,
        .tool_ns = -1,
        .first_token_ns = 60,
        .last_token_ns = 90,
        .end_ns = 95,
        .prompt_tokens = 11,
        .output_tokens = 4,
        .cached_tokens = -1,
        .reasoning_tokens = -1,
        .output_tokens_usage = true,
        .cost_usd = 1.5e-07,
        .http_status = 200,
        .bytes_received = 900,
        .finish = "stop",
        .text = "a\xc3\xa9"};
    uint32_t words[ARRAY_LEN(events) * TOKEN_EVENT_WORDS_MAX];
    events_pack(&record, words, events, ARRAY_LEN(events));
    memset(record.text_sha256, 1, sizeof(record.text_sha256));
    struct worker_facts worker = {
        .cpu_ns = 7,
        .awake_ns = 2,
        .wall_ns = 490,
        .n_token_events = 3,
        .n_shared_reads = 1,
        .n_kernel_stamps = 3,
        .gap_max_ns = 21000000,
        .lag_max_ns = 30000};
    worker.lag[112] = 2;
    worker.lag[119] = 1;
    const struct point_facts facts = {
        .seed = 42,
        .burstiness = 1.0,
        .concurrency = 4,
        .start_mono_ns = 1000,
        .start_real_ns = 2000,
        .window_start_ns = 10,
        .window_end_ns = 500,
        .requested_duration_ns = 490,
        .end_ns = 600,
        .cold_start_ns = RECORD_NONE,
        .streaming = true,
        .gate = GATE_COV,
        .gate_cov = 0.03,
        .n_warmup = 12,
        .slo = {200.0, (double)INFINITY, (double)INFINITY},
        .price =
            {.basis = PRICE_TOKENS,
             .source = "prices-file:p.yaml@2026-11-01",
             .input_usd_per_mtok = 2.5,
             .cached_input_usd_per_mtok = (double)NAN,
             .output_usd_per_mtok = 10.0,
             .usd_per_hour = (double)NAN},
        .n_workers = 1,
        .workers = &worker};
    const struct record_set records = {.records = &record, .n = 1, .has_events = true};
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    records_text("r", &facts, &records, RECORDS_FULL, &text);
    assert_string_equal(text.data, HEADER("full", "1", "1") WORKER REQUEST);
    bytes_done(&text);
}

#define ITEM "\"item\":\"i1\",\"category\":null,\"scoring\":\"numeric\",\"score\":0.5"

/* The same with what only answers of quality benchmarks have, and what only some of these have. */
static void test_records__have_an_item_where_there_is_one(void **state)
{
    (void)state;
    static const char text[] = HEADER("full", "1", "1") WORKER REQUEST_HEAD
        "\"content\":\"\\u00e9\"," ITEM "," EVENTS "}\n";
    struct records_loaded loaded;
    struct error err = {0};
    assert_int_equal(records_parse("f", text, strlen(text), &loaded, &err), 0);
    const struct record *record = &loaded.records.records[0];
    assert_string_equal(record->content, "\xc3\xa9");
    assert_non_null(record->item);
    assert_string_equal(record->item->id, "i1");
    assert_null(record->item->category);
    assert_near(record->item->score, 0.5, 0.0);
    struct bytes again;
    bytes_init(&again, BYTES_MAX_DEFAULT);
    records_text("r", &loaded.facts, &loaded.records, RECORDS_FULL, &again);
    assert_string_equal(again.data, text);
    bytes_done(&again);
    records_loaded_done(&loaded);
}

/* ---- Refusals: each row replaces one piece of a good file. ---- */

struct damage {
    const char *what;
    const char *from;
    const char *to;
    const char *says;
};

static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (at == NULL) {
        print_error("not in the text: %s\n", from);
        fail();
        return NULL;
    }
    return mem_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void assert_refused(const char *text, const char *what, const char *says)
{
    struct records_loaded loaded;
    struct error err = {0};
    const int rc = records_parse("f", text, strlen(text), &loaded, &err);
    if (rc != -ERROR_PARSE || strstr(err.text, says) == NULL) {
        print_error("%s: %d '%s' does not say '%s'\n", what, rc, err.text, says);
        fail();
    }
}

static const char good_file[] = HEADER("full", "1", "1") WORKER REQUEST;

static const struct damage damages[] = {
    {"empty file", good_file, "", "f:1: no header"},
    {"no line end", "[2]}\n", "[2]}", "f:3: the last line is cut"},
    {"no object", WORKER, "7\n", "f:2: a line begins with"},
    {"malformed first token", WORKER, "{]\n", "f:2: "},
    {"no type first", "{\"type\":\"worker\",", "{", "f:2: a line begins with"},
    {"worker before header", good_file, WORKER, "f:1: the first line is no header"},
    {"second header", WORKER, HEADER("full", "1", "1"), "f:2: a second header"},
    {"text behind the line", "[2]}\n", "[2]} 1\n", "f:3: "},
    {"malformed member", "\"cpu_ns\":7,", "\"cpu_ns\":7,,", "f:2: "},
    {"malformed value", "\"cpu_ns\":7,", "\"cpu_ns\":07,", "f:2: cpu_ns: "},
    {"other schema", "records-1", "records-2", "f:1: schema: only \"bench-records-1\""},
    {"schema no text", "\"bench-records-1\"", "1", "f:1: schema"},
    {"run_id number", "\"run_id\":\"r\"", "\"run_id\":1", "f:1: run_id: a UUID"},
    {"run_id long", "\"run_id\":\"r\"", "\"run_id\":\"0123456789012345678901234567890123456789\"",
     "f:1: run_id: a UUID"},
    {"level unknown", "\"full\"", "\"half\"", "f:1: level"},
    {"level number", "\"full\"", "1", "f:1: level"},
    {"workers absurd", "\"n_workers\":1", "\"n_workers\":99999999999", "f:1: n_workers"},
    {"workers negative", "\"n_workers\":1", "\"n_workers\":-1", "f:1: n_workers"},
    {"requests too many", "\"n_requests\":1", "\"n_requests\":1000", "f:1: header: more"},
    {"requests a float", "\"n_requests\":1", "\"n_requests\":1.0", "f:1: n_requests"},
    {"point no object", POINT, "[]", "f:1: point: an object"},
    {"header member twice", "\"n_workers\":1", "\"n_workers\":1,\"n_workers\":1",
     "f:1: header: a member is given twice"},
    {"run_id not ASCII", "\"run_id\":\"r\"", "\"run_id\":\"\xd5\x9c\"", "f:1: run_id: a UUID"},
    {"header member missing", "\"n_workers\":1,", "", "f:1: header: schema, run_id"},
    {"header cut", ",\"point\"", ",\"point", "f:1: "},
    {"point member missing", "\"seed\":42,", "", "f:1: seed: missing"},
    {"point member twice", "\"seed\":42,", "\"seed\":42,\"seed\":42,", "f:1: seed: given twice"},
    {"seed negative", "\"seed\":42", "\"seed\":-42", "f:1: seed: a number of 64 bits"},
    {"seed too large", "\"seed\":42", "\"seed\":18446744073709551616", "f:1: seed: a number of 64"},
    {"seed text", "\"seed\":42", "\"seed\":\"42\"", "f:1: seed: a number of 64 bits"},
    {"driver unknown", "\"closed\"", "\"ajar\"", "f:1: driver: unknown name"},
    {"driver number", "\"closed\"", "0", "f:1: driver: a name is expected"},
    {"rate a text", "\"rate_rps\":0.0", "\"rate_rps\":\"0\"", "f:1: rate_rps: a number or null"},
    {"rate too long", "\"rate_rps\":0.0",
     "\"rate_rps\":0.00000000000000000000000000000000000000000000000000000000000000001",
     "f:1: rate_rps: a number or null"},
    {"concurrency 33 bits", "\"concurrency\":4", "\"concurrency\":4294967296",
     "f:1: concurrency: a number of 32 bits"},
    {"time a float", "\"end_ns\":600", "\"end_ns\":6e2", "f:1: end_ns: a whole number is"},
    {"time null", "\"end_ns\":600", "\"end_ns\":null", "f:1: end_ns: a whole number is"},
    {"time far away", "\"end_ns\":600", "\"end_ns\":4611686018427387905", "f:1: end_ns: a time of"},
    {"time far back", "\"end_ns\":600", "\"end_ns\":-4611686018427387905",
     "f:1: end_ns: a time of"},
    {"cold start text", "\"cold_start_ns\":null", "\"cold_start_ns\":\"\"",
     "f:1: cold_start_ns: a whole number or null"},
    {"bool number", "\"interrupted\":false", "\"interrupted\":0", "f:1: interrupted: true or"},
    {"worker index", "\"worker\":0,\"cpu_ns\"", "\"worker\":1,\"cpu_ns\"",
     "f:2: worker: workers are expected in order"},
    {"worker missing", WORKER, "", "fewer workers"},
    {"worker too many", WORKER, WORKER WORKER, "f:3: worker: more workers"},
    {"lag no array", "[[112,2],[119,1]]", "{}", "f:2: lag: an array"},
    {"lag no pair", "[112,2]", "112", "f:2: lag: pairs"},
    {"lag short pair", "[112,2]", "[112]", "f:2: lag: pairs"},
    {"lag long pair", "[112,2]", "[112,2,3]", "f:2: lag: pairs"},
    {"lag falling", "[119,1]", "[111,1]", "f:2: lag: rising"},
    {"lag out of range", "[119,1]", "[320,1]", "f:2: lag: rising"},
    {"request too many", REQUEST, REQUEST REQUEST, "f:4: request: more requests"},
    {"request missing", REQUEST, "", "fewer requests"},
    {"request of no worker", "\"worker\":0,\"phase\"", "\"worker\":1,\"phase\"",
     "f:3: worker: no such worker"},
    {"worker 17 bits", "\"worker\":0,\"phase\"", "\"worker\":65536,\"phase\"",
     "f:3: worker: a number of 16 bits"},
    {"phase unknown", "\"window\",\"prompt", "\"door\",\"prompt", "f:3: phase: unknown name"},
    {"count too large", "\"prompt_tokens\":11", "\"prompt_tokens\":2147483648",
     "f:3: prompt_tokens: a number of 32 bits"},
    {"count text", "\"prompt_tokens\":11", "\"prompt_tokens\":\"\"", "f:3: prompt_tokens: a whole"},
    {"finish long", "\"stop\"", "\"0123456789012345\"", "f:3: finish: a string of up to 15"},
    {"finish null", "\"stop\"", "null", "f:3: finish: a string of up to 15"},
    {"finish number", "\"stop\"", "1", "f:3: finish: a string or null"},
    {"sha short", "\"0101", "\"01", "f:3: text_sha256: 64"},
    {"sha upper case", "\"0101", "\"0A01", "f:3: text_sha256: 64"},
    {"sha low digit", "\"0101", "\"010g", "f:3: text_sha256: 64"},
    {"text with NUL", "\"a\\u00e9\"", "\"a\\u0000\"", "f:3: text: a text without NUL"},
    {"base64 key", "\"a\\u00e9\"", "{\"base65\":\"\"}", "f:3: text: a string or {"},
    {"base64 loose", "\"a\\u00e9\"", "{\"base64\":\"YQ\"}", "f:3: text: strict base64"},
    {"base64 NUL", "\"a\\u00e9\"", "{\"base64\":\"AA==\"}", "f:3: text: a text without NUL"},
    {"base64 more", "\"a\\u00e9\"", "{\"base64\":\"YQ==\",\"b\":1}", "f:3: text: one key"},
    {"no n_events", EVENTS, "\"x\":1", "f:3: events: n_events is missing"},
    {"n_events after", EVENTS, "\"gaps_ns\":[],\"n_events\":0", "f:3: gaps_ns: n_events is expec"},
    {"n_events text", "\"n_events\":3", "\"n_events\":\"3\"", "f:3: n_events: a number"},
    {"n_events absurd", "\"n_events\":3", "\"n_events\":4000000000", "f:3: gaps_ns: more events"},
    {"n_events huge", "\"n_events\":3", "\"n_events\":5000000000", "f:3: n_events: a number"},
    {"n_events twice", "\"n_events\":3", "\"n_events\":3,\"n_events\":3",
     "f:3: n_events: given twice"},
    {"a column missing", ",\"shared\":[2]", "", "f:3: events: gaps_ns, tokens"},
    {"columns without events", "\"n_events\":3", "\"n_events\":0", "f:3: "},
    {"events at level requests", "\"full\"", "\"requests\"", "f:3: events: events where none"},
    {"gaps no array", "[60,20,10]", "1", "f:3: gaps_ns: an array"},
    {"gap negative", "[60,20,10]", "[60,20,-1]", "f:3: gaps_ns: as many"},
    {"gaps too few", "[60,20,10]", "[60,20]", "f:3: gaps_ns: as many"},
    {"gaps too many", "[60,20,10]", "[60,20,10,1]", "f:3: gaps_ns: more gaps"},
    {"gaps overflow", "[60,20,10]", "[60,9223372036854775800,10]", "f:3: gaps_ns: as many"},
    {"gaps too long", "[60,20,10]", "[60,4611686018427387900,10]", "f:3: gaps_ns: as many"},
    {"runs too short", "[[1,2],[2,1]]", "[[1,2]]", "f:3: tokens: the runs do not cover"},
    {"runs too long", "[[1,2],[2,1]]", "[[1,2],[2,2]]", "f:3: tokens: the runs cover more"},
    {"runs no pairs", "[[1,2],[2,1]]", "[1,2]", "f:3: tokens: runs [value"},
    {"run too large", "[[1,2],[2,1]]", "[[4294967296,3]]", "f:3: tokens: runs [value"},
    {"kind unknown", "[[\"content\",3]]", "[[\"thought\",3]]", "f:3: kinds: runs [value"},
    {"kind number", "[[\"content\",3]]", "[[0,3]]", "f:3: kinds: runs [value"},
    {"shared out of range", "\"shared\":[2]", "\"shared\":[3]", "f:3: shared: rising"},
    {"shared twice", "\"shared\":[2]", "\"shared\":[2,2]", "f:3: shared: rising"},
    {"item without the rest", "\"n_events\"", "\"item\":\"i\",\"n_events\"",
     "f:3: category: missing"},
    {"item twice", "\"n_events\"", ITEM ",\"item\":\"j\",\"n_events\"", "f:3: item: given twice"},
    {"item null", "\"n_events\"",
     "\"item\":null,\"category\":null,\"scoring\":\"x\",\"score\":0,\"n_events\"",
     "f:3: item: a name and a method"},
    {"score above 1", "\"n_events\"",
     "\"item\":\"i\",\"category\":null,\"scoring\":\"x\",\"score\":1.5,\"n_events\"",
     "f:3: score: a number from 0 to 1 or null"},
    {"score a text", "\"n_events\"", "\"score\":\"1\",\"n_events\"",
     "f:3: score: a number or null"},
    {"content twice", "\"n_events\"", "\"content\":\"a\",\"content\":\"b\",\"n_events\"",
     "f:3: content: given twice"},
    {"unknown member malformed", "\"n_events\"", "\"x\":[1,\"n_events\"", "f:3: "},
};

static void test_records_parse__names_line_and_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(mem_freep) char *text = replaced(good_file, damages[i].from, damages[i].to);
        assert_refused(text, damages[i].what, damages[i].says);
    }
    assert_refused(
        HEADER("requests", "1", "2") WORKER REQUEST_HEAD "\"n_events\":1}\n" REQUEST_HEAD
                                                         "\"n_events\":1}\n",
        "same index twice", "f:4: index: requests are expected in rising order");
    assert_refused(
        HEADER("full", "1", "1") WORKER REQUEST_HEAD "\"n_events\":0,\"shared\":[]}\n",
        "columns of no events", "f:3: events: events where none");
}

#define JUDGED                                                                                     \
    EVENTS ",\"judge\":{\"outcome\":\"correct\",\"http_status\":200,\"n_attempts\":2,"             \
           "\"prompt_tokens\":310,\"output_tokens\":12,\"scorer\":1.0,\"answer_sha256\":"          \
           "\"0101010101010101010101010101010101010101010101010101010101010101\",\"answer\":null," \
           "\"error\":null}"

static const char judged_file[] = HEADER("full", "1", "1") WORKER REQUEST_HEAD JUDGED "}\n";

static const struct damage judge_damages[] = {
    {"no object", "\"judge\":{", "\"judge\":[{", "f:3: judge: an object"},
    {"twice", "\"error\":null}", "\"error\":null},\"judge\":{}", "f:3: judge: given twice"},
    {"outcome unknown", "\"correct\"", "\"right\"", "f:3: outcome: unknown name"},
    {"member missing", "\"n_attempts\":2,", "", "f:3: n_attempts: missing"},
    {"member twice", "\"n_attempts\":2,", "\"n_attempts\":2,\"n_attempts\":2,",
     "f:3: n_attempts: given twice"},
    {"count below 0", "\"output_tokens\":12", "\"output_tokens\":-2",
     "f:3: judge: a count is below 0"},
    {"sha short", "\"answer_sha256\":\"01", "\"answer_sha256\":\"", "f:3: answer_sha256: 64"},
};

static void test_records_parse__judgements(void **state)
{
    (void)state;
    struct records_loaded loaded;
    struct error err = {0};
    assert_int_equal(records_parse("f", judged_file, strlen(judged_file), &loaded, &err), 0);
    const struct judgement *judgement = loaded.records.records[0].judgement;
    assert_non_null(judgement);
    assert_int_equal(judgement->outcome, JUDGE_CORRECT);
    assert_int_equal(judgement->prompt_tokens, 310);
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    records_text(loaded.run_id, &loaded.facts, &loaded.records, RECORDS_FULL, &text);
    assert_string_equal(text.data, judged_file);
    records_loaded_done(&loaded);
    for (size_t i = 0; i < ARRAY_LEN(judge_damages); i++) {
        const struct damage *row = &judge_damages[i];
        CLEANUP(mem_freep) char *damaged = replaced(judged_file, row->from, row->to);
        assert_refused(damaged, row->what, row->says);
    }
}

static void test_records_parse__passes_over_what_it_does_not_know(void **state)
{
    (void)state;
    static const char sample[] = "{\"type\":\"sample\",\"source\":\"x\",\"w\":[1,{\"a\":2}]}\n";
    CLEANUP(mem_freep)
    char *more = replaced(good_file, "\"cpu_ns\":7", "\"later\":{\"a\":[1]},\"cpu_ns\":7");
    CLEANUP(mem_freep) char *text = mem_format("%s%s", more, sample);
    struct records_loaded loaded;
    struct error err = {0};
    assert_int_equal(records_parse("f", text, strlen(text), &loaded, &err), 0);
    assert_int_equal(loaded.facts.workers[0].cpu_ns, 7);
    assert_int_equal(events_at(&loaded.records.records[0], 2).arrival_ns, 90);
    records_loaded_done(&loaded);
}

static void test_records_parse__takes_members_in_any_order(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *without = replaced(good_file, "\"cpu_ns\":7,", "");
    CLEANUP(mem_freep) char *text = replaced(without, "[119,1]]}", "[119,1]],\"cpu_ns\":7}");
    struct records_loaded loaded;
    struct error err = {0};
    assert_int_equal(records_parse("f", text, strlen(text), &loaded, &err), 0);
    assert_int_equal(loaded.facts.workers[0].cpu_ns, 7);
    assert_int_equal(loaded.facts.workers[0].lag[119], 1);
    records_loaded_done(&loaded);
}

static void test_records_parse__any_cut_is_refused(void **state)
{
    (void)state;
    const size_t len = strlen(good_file);
    for (size_t cut = 0; cut < len; cut++) {
        struct records_loaded loaded;
        struct error err = {0};
        assert_int_equal(records_parse("f", good_file, cut, &loaded, &err), -ERROR_PARSE);
    }
}

static void test_records__refuse_telemetry_that_is_broken(void **state)
{
    (void)state;

    static const struct {
        const char *from; /* first occurrence, replaced by as many bytes */
        const char *to;
        const char *says;
    } rows[] = {
        {"\"n_tracks\":1", "\"n_tracks\":2", "fewer tracks than the line 'telemetry' says"},
        {"\"n_tracks\":1", "\"n_tracks\":0", "more tracks than the line 'telemetry' says"},
        {"\"n\":3", "\"n\":4", "n rising times are expected"},
        {"\"n\":3", "\"n\":2", "n rising times are expected"},
        {"[-5,10,", "[-5,-1,", "n rising times are expected"},
        {"[7,8,9.5]", "[7,8,1e9]", ""},
        {"[7,8,9.5]", "[7,8,{} ]", "n numbers or nulls are expected"},
        {"[7,8,9.5]", "[7,87777]", "n numbers or nulls are expected"},
        {"[7,8,9.5]", "[7,8e999,1]", "n numbers or nulls are expected"},
        {"\"role\"", "\"rule\"", "key, role, resolution, range and values are expected"},
        {"\"power\"", "\"powar\"", "unknown name"},
        {"\"gaps_ns\":[-5", "\"gips_ns\":[-5", "gaps_ns or columns are missing"},
    };

    int64_t at_ns[] = {-5, 5, 25};
    double values[] = {7.0, 8.0, 9.5};
    struct track_column column = {.key = "power_w", .role = TRACK_POWER, .values = values};
    struct track track = {
        .sampler = "null",
        .source = "trace",
        .part = "gpu",
        .n = 3,
        .at_ns = at_ns,
        .n_columns = 1,
        .columns = &column,
    };
    const struct telemetry telemetry = {.n_tracks = 1, .tracks = &track};
    struct point point;
    point_random(&point, 7);
    point.facts.telemetry = &telemetry;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        records_text("run", &point.facts, &point.records, RECORDS_FULL, &text);
        char *at = strstr(strstr(text.data, "\"type\":\"telemetry\""), rows[i].from);
        assert_non_null(at);
        struct bytes changed;
        bytes_init(&changed, BYTES_MAX_DEFAULT);
        bytes_add(&changed, text.data, (size_t)(at - text.data));
        bytes_add_text(&changed, rows[i].to);
        bytes_add_text(&changed, at + strlen(rows[i].from));
        struct records_loaded loaded;
        struct error err = {0};
        const int rc = records_parse("r", changed.data, changed.len, &loaded, &err);
        if (rows[i].says[0] == '\0') {
            assert_int_equal(rc, 0);
            records_loaded_done(&loaded);
        } else if (rc == 0 || strstr(err.text, rows[i].says) == NULL) {
            print_error("%s: '%s', not '%s'\n", rows[i].to, err.text, rows[i].says);
            fail();
        }
        bytes_done(&text);
        bytes_done(&changed);
    }
    arena_done(&point.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records__refuse_telemetry_that_is_broken),
        cmocka_unit_test(test_records__come_back_as_they_were),
        cmocka_unit_test(test_records__without_events_keep_all_else),
        cmocka_unit_test(test_records_write__gives_the_same_text_in_pieces_of_whole_lines),
        cmocka_unit_test(test_records_write__stops_where_the_sink_does),
        cmocka_unit_test(test_records_pack__is_the_text_and_its_hash),
        cmocka_unit_test(test_records_pack__says_when_the_frame_is_too_large),
        cmocka_unit_test(test_records_write__writes_this_text),
        cmocka_unit_test(test_records__have_an_item_where_there_is_one),
        cmocka_unit_test(test_records_parse__names_line_and_member),
        cmocka_unit_test(test_records_parse__judgements),
        cmocka_unit_test(test_records_parse__passes_over_what_it_does_not_know),
        cmocka_unit_test(test_records_parse__takes_members_in_any_order),
        cmocka_unit_test(test_records_parse__any_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
