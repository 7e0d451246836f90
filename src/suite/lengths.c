/* Calibrate, then fit each prompt by itself: no prompt's text depends on another's, so threads and
 * their order change nothing. */
#include "base/clock.h"
#include "base/mem.h"
#include "suite/lengths_fit.h"
#include "suite/synthetic.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Period of the caller's tick. */
#define TICK_NS NS_PER_S

static const char *const method_names[] = {"nominal", "usage", "tokenize"};

const char *length_method_name(enum length_method method)
{
    return method_names[method];
}

/* Nominal length of a text that has about `tokens` of the engine's. */
static uint32_t words_for(const struct fitting *self, double tokens)
{
    const double words = round(tokens / self->tokens_per_word);
    return (uint32_t)fmin(fmax(words, SYNTHETIC_INPUT_MIN), SYNTHETIC_TOKENS_MAX);
}

/* A prompt while its length is looked for. */
struct search {
    uint32_t index;
    uint32_t wanted;
    uint32_t n_words;
    uint32_t n_tried;
    struct bytes text;
    char *best; /* owned */
    uint32_t best_count;
};

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* The next text: as many words more or less as tokens lack.  Its last words are others, too: where
 * words have several tokens, adding one may step over the wanted number. */
static void next_text(const struct fitting *self, struct search *search, uint32_t count)
{
    const double missing = (double)search->wanted - (double)count;
    const double words = (double)search->n_words + round(missing / self->tokens_per_word);
    search->n_words = words_for(self, words * self->tokens_per_word);
}

/* Counts the search's text and keeps it when it is the nearest so far. */
static int
try_text(struct fitting *self, struct search *search, uint32_t *out_count, struct error *err)
{
    const struct lengths *out = self->out;
    const struct prompt_maker *maker = &self->set->maker;
    maker->write(maker, search->index, search->n_words, search->n_tried, &search->text);
    search->n_tried++;
    const bool by_tokenizer = out->method == LENGTHS_TOKENIZE;
    const struct counting what = {by_tokenizer, 0, search->text.data};
    uint32_t count = 0;
    const int rc = lengths_count(self, &what, &count, err);
    if (rc < 0) {
        return rc;
    }
    count = by_tokenizer ? (uint32_t)((int32_t)count + out->template_tokens) : count;
    if (search->best == NULL ||
        distance(count, search->wanted) < distance(search->best_count, search->wanted)) {
        free(search->best);
        search->best = mem_copy_bytes(search->text.data, search->text.len);
        search->best_count = count;
    }
    *out_count = count;
    return 0;
}

/* Prompts whose texts are counted: all, or where that costs requests, a sample. */
static bool is_counted(const struct fitting *self, uint32_t index)
{
    if (self->out->method == LENGTHS_TOKENIZE || self->require) {
        return true;
    }
    const uint32_t n = self->set->n;
    const uint32_t n_sample = n < LENGTHS_SAMPLE ? n : LENGTHS_SAMPLE;
    const uint64_t place = (uint64_t)index * n_sample;
    return place % n < n_sample; /* evenly: the first of each n / n_sample */
}

/* Too long although it cannot be shorter: no need to try every ending. */
static bool is_shortest(const struct search *search, uint32_t count)
{
    return search->n_words == SYNTHETIC_INPUT_MIN && search->n_tried > LENGTHS_TRIES / 4 &&
           count > search->wanted;
}

static int search_text(struct fitting *self, struct search *search, struct error *err)
{
    const bool adjust = self->out->method == LENGTHS_TOKENIZE || self->require;
    for (int i = 0; i < LENGTHS_TRIES; i++) {
        uint32_t count = 0;
        const int rc = try_text(self, search, &count, err);
        if (rc < 0) {
            return rc;
        }
        if (count == search->wanted || !adjust || is_shortest(search, count)) {
            break;
        }
        next_text(self, search, count);
    }
    return 0;
}

static int fit_prompt(struct fitting *self, uint32_t index, struct error *err)
{
    const struct prompt_maker *maker = &self->set->maker;
    struct fitted *out = &self->prompts[index];
    const uint32_t wanted = self->set->prompts[index].input_tokens;
    const int64_t around = (int64_t)self->out->template_tokens + self->out->salt_tokens;
    struct search search = {
        .index = index,
        .wanted = wanted,
        .n_words = words_for(self, (double)wanted - (double)around),
    };
    bytes_init(&search.text, DATASET_FILE_MAX);
    int rc = 0;
    if (self->proven || !is_counted(self, index)) {
        maker->write(maker, index, search.n_words, 0, &search.text);
        const double reached = (double)around + search.n_words * self->tokens_per_word;
        *out = (struct fitted){
            .text = mem_copy_bytes(search.text.data, search.text.len),
            .reached = (uint32_t)lround(fmax(reached, 1.0)),
            .known = self->proven,
        };
    } else {
        rc = search_text(self, &search, err);
        *out = (struct fitted){
            .text = search.best, .reached = search.best_count, .counted = true, .known = true};
    }
    bytes_done(&search.text);
    return rc;
}

static void note_failure(struct fitting *self, const struct error *err)
{
    (void)pthread_mutex_lock(&self->lock);
    if (!atomic_load(&self->failed)) {
        self->err = *err;
        atomic_store(&self->failed, true);
    }
    (void)pthread_mutex_unlock(&self->lock);
}

static void *fit_main(void *argument)
{
    struct fitting *self = argument;
    struct error err = {0};
    for (;;) {
        const uint32_t index = atomic_fetch_add(&self->next, 1);
        if (index >= self->set->n || atomic_load(&self->failed)) {
            break;
        }
        if (self->set->prompts[index].input_tokens > 0 && fit_prompt(self, index, &err) < 0) {
            note_failure(self, &err);
        }
        (void)atomic_fetch_add(&self->n_done, 1);
    }
    (void)sem_post(&self->finished);
    return NULL;
}

static void tell(const struct fitting *self)
{
    if (self->source->tick != NULL) {
        self->source->tick(self->source->context, atomic_load(&self->n_done), self->set->n);
    }
}

/* Waits for `n` threads, with a tick a second. */
static void watch(struct fitting *self, uint32_t n)
{
    uint32_t n_finished = 0;
    int64_t tick_ns = clock_mono_ns() + TICK_NS;
    while (n_finished < n) {
        const struct timespec until = {.tv_sec = tick_ns / NS_PER_S, .tv_nsec = tick_ns % NS_PER_S};
        if (sem_clockwait(&self->finished, CLOCK_MONOTONIC, &until) == 0) {
            n_finished++;
        } else if (clock_mono_ns() >= tick_ns) {
            tick_ns += TICK_NS;
            tell(self);
        }
    }
}

static int fit_all(struct fitting *self, struct error *err)
{
    pthread_t threads[LENGTHS_THREADS_TOKENIZE];
    const uint32_t most =
        self->out->method == LENGTHS_TOKENIZE ? LENGTHS_THREADS_TOKENIZE : LENGTHS_THREADS_USAGE;
    uint32_t n = 0;
    while (n < most && pthread_create(&threads[n], NULL, fit_main, self) == 0) {
        n++;
    }
    if (n == 0) {
        return error_set(err, ERROR_IO, "cannot start a thread to count tokens");
    }
    watch(self, n);
    for (uint32_t i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (atomic_load(&self->failed)) {
        *err = self->err;
        return -(int)self->err.code;
    }
    return 0;
}

static void span_add(struct length_span *self, uint32_t n_before, uint32_t value)
{
    self->min = n_before == 0 || value < self->min ? value : self->min;
    self->max = value > self->max ? value : self->max;
    self->mean += ((double)value - self->mean) / ((double)n_before + 1.0);
}

/* Puts the fitted texts into the set, and what came of it into *out. */
static void take(struct fitting *self, struct prompt_set *set)
{
    struct lengths *out = self->out;
    uint32_t n_reached = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        struct prompt *prompt = &set->prompts[i];
        struct fitted *fitted = &self->prompts[i];
        if (prompt->input_tokens == 0) {
            continue;
        }
        const uint32_t wanted = prompt->input_tokens;
        const uint32_t max_tokens = prompt->max_tokens;
        *prompt =
            prompt_of_text(&set->arena, arena_copy_text(&set->arena, fitted->text), max_tokens);
        prompt->input_tokens = wanted;
        free(fitted->text); /* large sets are not held twice */
        fitted->text = NULL;
        out->n_counted += fitted->counted ? 1 : 0;
        if (fitted->known) {
            span_add(&out->reached, n_reached++, fitted->reached);
            out->n_exact += fitted->reached == wanted && !out->salt_varies ? 1 : 0;
        }
    }
}

static void
add_span(struct arena *arena, struct json *out, const char *key, const struct length_span *span)
{
    struct json *object = json_add(arena, out, key, json_new(arena, JSON_OBJECT));
    json_add_i64(arena, object, "min", span->min);
    json_add_f64(arena, object, "mean", span->mean);
    json_add_i64(arena, object, "max", span->max);
}

/* The set's facts for the record. */
static void record(struct prompt_set *set, const struct lengths *lengths)
{
    struct arena *arena = &set->arena;
    (void)json_remove(set->recipe, "exact_lengths");
    struct json *out = json_add(arena, set->recipe, "exact_lengths", json_new(arena, JSON_OBJECT));
    json_add_text(arena, out, "method", length_method_name(lengths->method));
    add_span(arena, out, "requested_tokens", &lengths->wanted);
    if (lengths->method == LENGTHS_NOMINAL) {
        return;
    }
    (void)json_remove(set->recipe, "lengths");
    json_add_text(arena, set->recipe, "lengths", "the engine's own tokens, with template and salt");
    add_span(arena, out, "reached_tokens", &lengths->reached);
    json_add_i64(arena, out, "n_counted", lengths->n_counted);
    json_add_i64(arena, out, "n_exact", lengths->n_exact);
    json_add_i64(arena, out, "template_tokens", lengths->template_tokens);
    json_add_i64(arena, out, "salt_tokens", lengths->salt_tokens);
    json_add_bool(arena, out, "salt_varies", lengths->salt_varies);
    json_add_i64(arena, out, "one_token_requests", lengths->n_requests);
}

static int run(struct fitting *self, struct prompt_set *set, struct error *err)
{
    int rc = lengths_calibrate(self, err);
    if (rc == 0) {
        rc = fit_all(self, err);
    }
    self->out->n_requests = atomic_load(&self->n_requests);
    if (rc == 0) {
        take(self, set);
        dataset_hash(set->prompts, set->n, set->hash);
    } else {
        self->out->method = LENGTHS_NOMINAL;
        (void)snprintf(self->out->why, sizeof(self->out->why), "%s", err->text);
    }
    return rc;
}

static int judge(const struct prompt_set *set, const struct lengths *out, struct error *err)
{
    if (set->maker.exact != EXACT_REQUIRE || out->n_exact == out->n_prompts) {
        return 0;
    }
    if (out->method == LENGTHS_NOMINAL) {
        return error_set(
            err, ERROR_UNAVAILABLE, "exact=require: the engine's tokens could not be counted: %s",
            out->why);
    }
    if (out->salt_varies) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "exact=require: salts differ in their number of tokens for this engine: add --cache-policy "
            "as-is");
    }
    return error_set(
        err, ERROR_UNAVAILABLE,
        "exact=require: %" PRIu32 " of %" PRIu32
        " prompts cannot have the length asked for (template and salt take %" PRId64 " tokens)",
        out->n_prompts - out->n_exact, out->n_prompts,
        (int64_t)out->template_tokens + out->salt_tokens);
}

static void wanted_lengths(const struct prompt_set *set, struct lengths *out)
{
    for (uint32_t i = 0; i < set->n; i++) {
        if (set->prompts[i].input_tokens > 0) {
            span_add(&out->wanted, out->n_prompts++, set->prompts[i].input_tokens);
        }
    }
}

int lengths_fit(
    struct prompt_set *set,
    const struct length_source *source,
    struct lengths *out,
    struct error *err)
{
    *out = (struct lengths){0};
    if (set->maker.write == NULL || set->maker.exact == EXACT_OFF) {
        return 0;
    }
    wanted_lengths(set, out);
    struct fitting fitting = {
        .set = set,
        .source = source,
        .out = out,
        .require = set->maker.exact == EXACT_REQUIRE,
        .tokens_per_word = 1.0,
        .prompts = mem_alloc(set->n, sizeof(struct fitted)),
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    const int made = sem_init(&fitting.finished, 0, 0);
    assert(made == 0);
    (void)made;
    struct error failure = {0};
    (void)run(&fitting, set, &failure);
    record(set, out);
    (void)sem_destroy(&fitting.finished);
    for (uint32_t i = 0; i < set->n; i++) {
        free(fitting.prompts[i].text);
    }
    free(fitting.prompts);
    return judge(set, out, err);
}
