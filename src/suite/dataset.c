/* Each kind of recipe has one loader; what they share - hash, facts for the record, the choice of a
 * part - happens here, once. */
#include "suite/dataset.h"

#include "base/file.h"
#include "base/mem.h"
#include "codec/canonical.h"
#include "codec/digest.h"
#include "suite/dataset_file.h"
#include "suite/dataset_hub.h"
#include "suite/dataset_readers.h"
#include "suite/embedded.h"
#include "suite/plugin_object.h"
#include "suite/recipe.h"
#include "suite/synthetic.h"
#include "suite/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEARCHED_MAX = 4096
};

/* A prompt set while it is being made. */
struct loading {
    const struct dataset_options *options;
    struct recipe recipe;
    const char *path; /* of the recipe's file, where it has one */
    struct prompt_set set;
    struct prompt_list list;
    struct error *err;
};

void prompt_set_done(struct prompt_set *self)
{
    arena_done(&self->arena);
    *self = (struct prompt_set){0};
}

/* What stands for a prompt in the hashed list. */
static struct json *hashed_form(struct arena *arena, const struct prompt *prompt)
{
    if (prompt->n_messages == 1 && strcmp(prompt->messages[0].role, "user") == 0) {
        return json_new_text(arena, prompt->messages[0].content);
    }
    struct json *list = json_new(arena, JSON_ARRAY);
    for (uint32_t i = 0; i < prompt->n_messages; i++) {
        struct json *message = json_append(list, json_new(arena, JSON_OBJECT));
        json_add_text(arena, message, "content", prompt->messages[i].content);
        json_add_text(arena, message, "role", prompt->messages[i].role);
    }
    return list;
}

static struct json *hashed_prompt(struct arena *arena, const void *list, uint32_t i)
{
    const struct prompt *prompts = list;
    return hashed_form(arena, &prompts[i]);
}

void dataset_hash(const struct prompt *prompts, uint32_t n, char out_hex[65])
{
    canonical_list_hash(hashed_prompt, prompts, n, out_hex);
}

/* Lengths that prompts bring along change what is measured, but are not part of the dataset's hash:
 * they have one of their own, over the canonical JSON of the list of max_tokens. */
static void add_lengths(struct prompt_set *set)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    uint64_t total = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        bytes_add_char(&text, i == 0 ? '[' : ',');
        bytes_add_i64(&text, set->prompts[i].max_tokens);
        total += set->prompts[i].max_tokens;
    }
    bytes_add_char(&text, ']');
    if (total == 0) {
        return;
    }
    char hash[DIGEST_HEX_SIZE];
    digest_sha256_hex(text.data, text.len, hash);
    json_add_text(&set->arena, set->recipe, "max_tokens_hash", hash);
    json_add_i64(&set->arena, set->recipe, "max_tokens_total", (int64_t)total);
}

/* What the prompts' lengths came to, where they are counted. */
static void add_input_lengths(struct prompt_set *set)
{
    uint64_t total = 0;
    uint32_t low = UINT32_MAX;
    uint32_t high = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        const uint32_t n = set->prompts[i].n_nominal;
        total += n;
        low = n < low ? n : low;
        high = n > high ? n : high;
    }
    if (low == 0) {
        return;
    }
    json_add_i64(&set->arena, set->recipe, "nominal_tokens_min", low);
    json_add_f64(&set->arena, set->recipe, "nominal_tokens_mean", (double)total / (double)set->n);
    json_add_i64(&set->arena, set->recipe, "nominal_tokens_max", high);
}

/* Takes the chosen prompts of the list over into the set. */
static void keep(struct loading *self, const uint32_t *chosen, uint32_t n)
{
    struct prompt_set *set = &self->set;
    set->prompts = arena_alloc(&set->arena, n * sizeof(*set->prompts));
    set->n = n;
    for (uint32_t i = 0; i < n; i++) {
        set->prompts[i] = self->list.items[chosen != NULL ? chosen[i] : i];
    }
    if (self->list.scored == NULL) {
        return;
    }
    set->items = arena_alloc(&set->arena, n * sizeof(*set->items));
    for (uint32_t i = 0; i < n; i++) {
        set->items[i] = self->list.scored[chosen != NULL ? chosen[i] : i];
    }
}

static void add_i64(struct loading *self, const char *key, uint64_t value)
{
    json_add_i64(&self->set.arena, self->set.recipe, key, (int64_t)value);
}

static int load_jsonl_text(struct loading *self, const struct reader_input *input)
{
    self->list.wanted = self->options->items;
    const int rc = jsonl_read(input, &self->list, self->err);
    if (rc != 0) {
        return rc;
    }
    uint32_t n = 0;
    CLEANUP(mem_freep)
    uint32_t *chosen =
        prompt_sample(self->options->seed, self->list.n, self->options->n_wanted, &n);
    keep(self, chosen, n);
    add_i64(self, "n_available", self->list.n);
    return 0;
}

static int load_jsonl(struct loading *self, const char *path, const char *name)
{
    CLEANUP(mapped_file_close) struct mapped_file file = {0};
    const int rc = mapped_file_open(path, &file, self->err);
    if (rc != 0) {
        return rc;
    }
    return load_jsonl_text(
        self, &(struct reader_input){name, file.bytes, file.len, &self->recipe.keys});
}

static void add_counts(struct loading *self, const struct sharegpt_counts *counts)
{
    add_i64(self, "n_available", counts->n_usable);
    add_i64(self, "n_conversations", counts->n_conversations);
    add_i64(self, "n_skipped_no_turns", counts->n_no_turns);
    add_i64(self, "n_skipped_not_human", counts->n_not_human);
    add_i64(self, "n_skipped_no_answer", counts->n_no_answer);
    add_i64(self, "n_skipped_bad_text", counts->n_bad_text);
    add_i64(self, "n_skipped_too_short", counts->n_too_short);
    add_i64(self, "n_skipped_too_long", counts->n_too_long);
    json_add_text(&self->set.arena, self->set.recipe, "lengths", "nominal: 4 bytes a token");
}

static int load_sharegpt(struct loading *self, const char *path, const char *name)
{
    CLEANUP(mapped_file_close) struct mapped_file file = {0};
    int rc = mapped_file_open(path, &file, self->err);
    if (rc != 0) {
        return rc;
    }
    const uint32_t wanted = self->options->n_wanted;
    const struct sharegpt_input input = {
        .name = name,
        .text = file.bytes,
        .len = file.len,
        .seed = self->options->seed,
        .n_wanted = wanted != 0 ? wanted : DATASET_SHAREGPT_PROMPTS,
    };
    struct sharegpt_counts counts = {0};
    rc = sharegpt_read(&input, &self->list, &counts, self->err);
    if (rc == 0) {
        keep(self, NULL, self->list.n);
        add_counts(self, &counts);
    }
    return rc;
}

static void write_synthetic(
    const struct prompt_maker *self,
    uint32_t index,
    uint32_t n_tokens,
    uint32_t variant,
    struct bytes *out)
{
    synthetic_write(&self->plan, self->seed, index, n_tokens, variant, out);
}

static int load_synthetic(struct loading *self)
{
    struct synthetic_plan plan = self->recipe.plan;
    if (self->options->n_wanted != 0) {
        plan.n = self->options->n_wanted;
    }
    if (plan.n > DATASET_PROMPTS_MAX) {
        return error_set(
            self->err, ERROR_USAGE, "dataset synthetic: %" PRIu32 " prompts are more than %d",
            plan.n, DATASET_PROMPTS_MAX);
    }
    const int rc = synthetic_check(&plan, self->err);
    if (rc != 0) {
        return rc;
    }
    synthetic_make(&plan, self->options->seed, &self->list);
    keep(self, NULL, self->list.n);
    self->set.maker = (struct prompt_maker){
        .write = write_synthetic,
        .exact = plan.exact,
        .plan = plan,
        .seed = self->options->seed,
    };
    struct arena *arena = &self->set.arena;
    struct json *recipe = self->set.recipe;
    json_add_text(arena, recipe, "distribution", distribution_name(plan.distribution));
    json_add_i64(arena, recipe, "input_tokens", plan.input);
    json_add_f64(arena, recipe, "input_stddev_tokens", plan.input_stddev);
    json_add_i64(arena, recipe, "output_tokens", plan.output);
    json_add_f64(arena, recipe, "output_stddev_tokens", plan.output_stddev);
    json_add_text(arena, recipe, "lengths", "nominal: 1 word or full stop a token");
    return 0;
}

static int
load_as(struct loading *self, enum recipe_kind format, const char *path, const char *name)
{
    return format == RECIPE_SHAREGPT ? load_sharegpt(self, path, name)
                                     : load_jsonl(self, path, name);
}

/* The commit stands in the id and in the recipe from here on; what was chosen of the lines, too. */
static void pin(struct loading *self, const char *name)
{
    struct arena *arena = &self->set.arena;
    const char *keys = self->options->recipe + self->recipe.keys_at;
    self->set.id = arena_format(arena, "%s%s", name, keys);
    self->set.recipe_again = self->set.id;
    (void)json_remove(self->set.recipe, "recipe");
    json_add_text(arena, self->set.recipe, "recipe", self->set.id);
}

static int load_hub(struct loading *self)
{
    CLEANUP(hub_entry_done) struct hub_entry entry = {0};
    const int rc = dataset_hub_get(self->options, &self->recipe.hub, &entry, self->err);
    if (rc != 0) {
        return rc;
    }
    char name[HUB_TEXT_SIZE];
    hub_name_write(&self->recipe.hub, entry.commit, name);
    pin(self, name);
    dataset_hub_record(&self->set.arena, self->set.recipe, &entry);
    return load_as(self, self->recipe.format, entry.path, name);
}

static int load_trace(struct loading *self)
{
    const struct recipe *recipe = &self->recipe;
    CLEANUP(mapped_file_close) struct mapped_file file = {0};
    const int rc = mapped_file_open(self->path, &file, self->err);
    if (rc != 0) {
        return rc;
    }
    const struct reader_input input = {self->path, file.bytes, file.len, NULL};
    const struct dataset_options *options = self->options;
    const struct trace_plan plan = {
        .speed = recipe->trace.speed,
        .n = options->n_wanted != 0 ? options->n_wanted : recipe->trace.n,
        .exact = recipe->trace.exact,
    };
    return trace_load(&input, &plan, options->seed, &self->set, self->err);
}

static int load_composed(struct loading *self)
{
    struct composed_plan plan = self->recipe.composed;
    const uint32_t rounds = composed_rounds(&plan);
    if (self->options->n_wanted != 0) {
        plan.n = (self->options->n_wanted - 1) / rounds + 1;
    }
    const int rc = composed_check(&plan, self->err);
    if (rc != 0) {
        return rc;
    }
    composed_make(&plan, self->options->seed, &self->list);
    keep(self, NULL, self->list.n);
    self->set.n_rounds = rounds;
    composed_record(&plan, &self->set.arena, self->set.recipe);
    return 0;
}

static int fail_missing(const struct loading *self, const char *searched)
{
    const struct known_dataset *known = self->recipe.known;
    return error_set(
        self->err, ERROR_UNAVAILABLE,
        "dataset '%s': its data is not here: 'bench fetch %s' gets it (%s), or put %s in one of: "
        "%s; or give sharegpt:FILE",
        known->id, known->id, known->size, known->file, searched);
}

static int load_fetched(struct loading *self)
{
    const struct known_dataset *known = self->recipe.known;
    CLEANUP(hub_entry_done) struct hub_entry entry = {0};
    const int rc = dataset_hub_find_known(known, &entry, self->err);
    if (rc != 0) {
        return rc;
    }
    dataset_hub_record(&self->set.arena, self->set.recipe, &entry);
    return load_as(self, known->format, entry.path, known->hub);
}

static int load_known(struct loading *self)
{
    const struct known_dataset *known = self->recipe.known;
    CLEANUP(bytes_done) struct bytes searched;
    bytes_init(&searched, SEARCHED_MAX);
    /* What is built in gives way only to a folder that was named on purpose. */
    CLEANUP(mem_freep)
    char *path = known->embedded != NULL ? dataset_file_override(known->file)
                                         : dataset_file_find(known->file, &searched);
    if (path == NULL && known->embedded == NULL) {
        const int rc = load_fetched(self);
        return rc == HUB_ABSENT ? fail_missing(self, searched.data) : rc;
    }
    json_add_text(&self->set.arena, self->set.recipe, "source", path != NULL ? path : "built in");
    if (path == NULL) {
        const struct embedded_file *file = embedded_find(known->embedded);
        assert(file != NULL);
        return load_jsonl_text(
            self, &(struct reader_input){file->name, file->text, file->len, NULL});
    }
    return load_as(self, known->format, path, path);
}

/* Where the lines of a JSON Lines text begin, each ended by NUL in place of its newline. */
static const char *const *split_lines(struct arena *arena, const struct bytes *text, uint32_t n)
{
    char *copy = arena_copy(arena, text->data, text->len);
    const char **lines = arena_alloc(arena, n * sizeof(*lines));
    for (uint32_t i = 0; i < n; i++) {
        lines[i] = strsep(&copy, "\n");
    }
    return lines;
}

static int load_plugin(struct loading *self)
{
    const struct dataset_options *options = self->options;
    const struct plugin *plugin = options->provider;
    if (plugin == NULL || !plugin->has_next_request) {
        return error_set(
            self->err, ERROR_USAGE,
            "dataset '%s': only a benchmark of a shared-object plugin with next_request has it",
            options->recipe);
    }
    const struct plugin_pool pool = {
        .benchmark = options->benchmark,
        .seed = options->seed,
        .n = options->n_wanted != 0 ? options->n_wanted : self->recipe.n_plugin,
    };
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    if (plugin_object_requests(plugin, &pool, &text, self->err) != 0) {
        return error_prefix(self->err, "plugin %s: ", plugin->id);
    }
    if (text.len == 0) {
        return error_set(
            self->err, ERROR_UNAVAILABLE, "plugin %s: next_request gives no request", plugin->id);
    }
    CLEANUP(mem_freep) char *name = mem_format("plugin %s: next_request", plugin->id);
    self->list.wanted = options->items;
    const int rc =
        jsonl_read(&(struct reader_input){name, text.data, text.len, NULL}, &self->list, self->err);
    if (rc == 0) {
        keep(self, NULL, self->list.n);
        self->set.lines = split_lines(&self->set.arena, &text, self->list.n);
        add_i64(self, "n_available", self->list.n);
    }
    return rc;
}

/* A recipe's file, where it is the pack's own. */
static void find_file(struct loading *self)
{
    self->path = recipe_has_file(&self->recipe)
                     ? plugin_file(&self->set.arena, self->options->provider, self->recipe.path)
                     : NULL;
}

static int load(struct loading *self)
{
    switch (self->recipe.kind) {
    case RECIPE_KNOWN:
        return load_known(self);
    case RECIPE_JSONL:
    case RECIPE_SHAREGPT:
        return load_as(self, self->recipe.kind, self->path, self->path);
    case RECIPE_HUB:
        return load_hub(self);
    case RECIPE_PLUGIN:
        return load_plugin(self);
    case RECIPE_TRACE:
        return load_trace(self);
    case RECIPE_DOCUMENTS:
    case RECIPE_RAG:
    case RECIPE_MULTI_TURN:
    case RECIPE_SHARED_PREFIX:
        return load_composed(self);
    case RECIPE_SYNTHETIC:
    default:
        return load_synthetic(self);
    }
}

/* What answers are held against has a hash of its own: the same questions with other answers are another
 * benchmark. */
static int add_items(struct loading *self)
{
    struct prompt_set *set = &self->set;
    if (self->options->items.scoring == SCORING_NONE) {
        return 0;
    }
    if (set->items == NULL) {
        return error_set(
            self->err, ERROR_USAGE,
            "dataset '%s' has no right answers to score by: give jsonl:FILE with items as "
            "docs/scoring.md has them",
            self->options->recipe);
    }
    char hash[DIGEST_HEX_SIZE];
    items_hash(set->items, set->n, hash);
    json_add_text(&set->arena, set->recipe, "items_hash", hash);
    return 0;
}

/* A file's folder says nothing about the data: ids hold the name alone. */
static const char *id_of(struct arena *arena, const char *text, const struct recipe *recipe)
{
    if (recipe->path[0] == '\0') {
        return arena_copy_text(arena, text);
    }
    const int scheme_len = (int)strcspn(text, ":");
    /* What makes another workload of the same trace belongs to the name. */
    const char *keys =
        recipe->kind == RECIPE_TRACE ? text + scheme_len + 1 + recipe->trace.path_len : "";
    return arena_format(arena, "%.*s:%s%s", scheme_len, text, file_base_name(recipe->path), keys);
}

int dataset_load(const struct dataset_options *options, struct prompt_set *out, struct error *err)
{
    struct loading loading = {.options = options, .err = err};
    int rc = recipe_parse(options->recipe, &loading.recipe, err);
    if (rc != 0) {
        return rc;
    }
    struct prompt_set *set = &loading.set;
    struct arena *arena = &set->arena;
    set->id = id_of(arena, options->recipe, &loading.recipe);
    set->recipe_again = arena_copy_text(arena, options->recipe);
    set->recipe = json_new(arena, JSON_OBJECT);
    json_add_text(arena, set->recipe, "recipe", options->recipe);
    json_add(arena, set->recipe, "seed", json_new_u64(arena, options->seed));
    loading.list.arena = arena;
    find_file(&loading);
    rc = load(&loading);
    prompt_list_done(&loading.list);
    if (rc == 0) {
        rc = add_items(&loading);
    }
    if (rc != 0) {
        prompt_set_done(set);
        return rc;
    }
    json_add_i64(arena, set->recipe, "n_prompts", set->n);
    add_lengths(set);
    add_input_lengths(set);
    dataset_hash(set->prompts, set->n, set->hash);
    *out = *set;
    return 0;
}
