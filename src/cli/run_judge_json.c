/* Everything that it takes to ask the same judge the same again. */
#include "cli/run_judge_json.h"

#include "base/text.h"
#include "codec/digest.h"
#include "hardware/normal_text.h"
#include "suite/judge_retry.h"
#include "suite/score.h"

#include <string.h>

static bool uses(const struct run_work *work, enum judge_method method)
{
    for (uint32_t i = 0; i < work->prompts.n; i++) {
        const struct scorer *scorer = scorer_of(work->prompts.items[i].scoring);
        if (text_equal(scorer->name, judge_method_name(method))) {
            return true;
        }
    }
    return false;
}

/* The templates that were used, by method. */
static void add_prompts(struct arena *arena, const struct run_work *work, struct json *out)
{
    struct json *prompt = json_add(arena, out, "prompt", json_new(arena, JSON_OBJECT));
    json_add_text(arena, prompt, "version", JUDGE_PROMPT_VERSION);
    struct json *hashes = json_add(arena, prompt, "sha256", json_new(arena, JSON_OBJECT));
    for (unsigned i = 0; i < JUDGE_METHOD_COUNT; i++) {
        const enum judge_method method = (enum judge_method)i;
        char hash[DIGEST_HEX_SIZE];
        judge_template_sha256(method, hash);
        if (uses(work, method)) {
            json_add_text(arena, hashes, judge_method_name(method), hash);
        }
    }
}

static bool is_listed(const struct json *list, const char *text)
{
    for (const struct json *row = list->first; row != NULL; row = row->next) {
        if (text_equal(row->text, text)) {
            return true;
        }
    }
    return false;
}

enum {
    MODELS_LISTED_MAX = 16 /* a gateway may send each question elsewhere */
};

/* Names as the answers give them, in the order of the questions. */
static void add_models(struct arena *arena, const struct judge_results *results, struct json *out)
{
    struct json *list = json_add(arena, out, "models_answered", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < results->n && list->len < MODELS_LISTED_MAX; i++) {
        const char *model = normal_text_copy(arena, results->rows[i].model);
        if (*model != '\0' && !is_listed(list, model)) {
            (void)json_append(list, json_new_text(arena, model));
        }
    }
}

static void add_request(struct arena *arena, const struct run_options *options, struct json *out)
{
    const struct run_judge_options *judge = &options->judge;
    struct json *request = json_add(arena, out, "request", json_new(arena, JSON_OBJECT));
    json_add_f64(arena, request, "temperature", 0.0);
    json_add_i64(arena, request, "max_tokens", judge->max_tokens);
    json_add_f64(arena, out, "timeout_s", judge->timeout_s);
    json_add_i64(arena, out, "attempts_max", JUDGE_ATTEMPTS_MAX);
    json_add_i64(arena, out, "concurrency", judge->concurrency);
    json_add_f64(arena, out, "max_rps", judge->max_rps);
    json_add_i64(arena, out, "max_questions", judge->max_questions);
}

struct json *run_judge_json(
    struct run_plan *plan,
    const struct run_work *work,
    const struct judge_results *results,
    uint32_t n_items)
{
    struct arena *arena = &plan->arena;
    const struct run_judge *judge = &plan->judge;
    struct json *out = json_new(arena, JSON_OBJECT);
    char endpoint[ENDPOINT_NORMAL_MAX];
    char hash[DIGEST_HEX_SIZE];
    endpoint_normal(&judge->target.endpoint, endpoint);
    digest_sha256_hex(endpoint, strlen(endpoint), hash);
    json_add_text(arena, out, "model", normal_text_copy(arena, judge->target.model));
    add_models(arena, results, out);
    json_add_text(arena, out, "engine", judge->engine->name);
    const char *version = normal_text_copy(arena, judge->identity.version);
    json_add_text(arena, out, "engine_version", *version != '\0' ? version : "unknown");
    json_add_text(arena, out, "endpoint_hash", hash);
    add_prompts(arena, work, out);
    add_request(arena, plan->options, out);
    json_add_i64(arena, out, "n_items", n_items);
    json_add_bool(arena, out, "interrupted", results->interrupted);
    json_add_bool(arena, out, "given_up", results->given_up);
    return out;
}
