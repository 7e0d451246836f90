/* A recipe is either a known name or "scheme:rest".  Both lists are tables, so that the message for a
 * wrong one can name the nearest right one. */
#include "suite/recipe.h"

#include "base/mem.h"
#include "base/text.h"
#include "suite/dataset.h"
#include "suite/synthetic.h"

#include <stdlib.h>
#include <string.h>

const struct known_dataset known_dataset_table[] = {
    {
        .id = "chatbot-short",
        .format = RECIPE_JSONL,
        .file = "chatbot-short.jsonl",
        .embedded = "datasets/chatbot-short.jsonl",
    },
    {
        .id = "code-completion",
        .format = RECIPE_JSONL,
        .file = "code-completion.jsonl",
        .embedded = "datasets/code-completion.jsonl",
    },
    {
        .id = "arithmetic-mini",
        .format = RECIPE_JSONL,
        .file = "arithmetic-mini.jsonl",
        .embedded = "datasets/arithmetic-mini.jsonl",
    },
    {
        .id = "factual-mini",
        .format = RECIPE_JSONL,
        .file = "factual-mini.jsonl",
        .embedded = "datasets/factual-mini.jsonl",
    },
    {
        .id = "instruction-following-mini",
        .format = RECIPE_JSONL,
        .file = "instruction-following-mini.jsonl",
        .embedded = "datasets/instruction-following-mini.jsonl",
    },
    {
        .id = "reasoning-mini",
        .format = RECIPE_JSONL,
        .file = "reasoning-mini.jsonl",
        .embedded = "datasets/reasoning-mini.jsonl",
    },
    {
        .id = "persona-consistency-mini",
        .format = RECIPE_JSONL,
        .file = "persona-consistency-mini.jsonl",
        .embedded = "datasets/persona-consistency-mini.jsonl",
    },
    {
        .id = "factual-judged",
        .format = RECIPE_JSONL,
        .file = "factual-judged.jsonl",
        .embedded = "datasets/factual-judged.jsonl",
    },
    {
        .id = "sharegpt-v3",
        .format = RECIPE_SHAREGPT,
        .file = "ShareGPT_V3_unfiltered_cleaned_split.json",
        .hub = "hf://datasets/anon8231489123/ShareGPT_Vicuna_unfiltered/"
               "ShareGPT_V3_unfiltered_cleaned_split.json@192ab2185289094fc556ec8ce5ce1e8e587154ca",
        .sha256 = "35f0e213ce091ed9b9af2a1f0755e9d39f9ccec34ab281cd4ca60d70f6479ba4",
        .size = "about 650 MB",
    },
};
const size_t known_dataset_table_len = ARRAY_LEN(known_dataset_table);

static const char *const distributions[] = {"constant", "normal", "uniform"};

const char *distribution_name(enum distribution distribution)
{
    return distributions[distribution];
}

static const char *const exact_names[EXACT_COUNT] = {"auto", "off", "require"};

const char *exact_lengths_name(enum exact_lengths exact)
{
    return exact_names[exact];
}

int exact_lengths_parse(const char *text, enum exact_lengths *out, struct error *err)
{
    for (int i = 0; i < EXACT_COUNT; i++) {
        if (text_equal(exact_names[i], text)) {
            *out = (enum exact_lengths)i;
            return 0;
        }
    }
    return error_set(err, ERROR_USAGE, "'%s' is not auto, off or require", text);
}

struct scheme {
    const char *name; /* with the colon */
    enum recipe_kind kind;
    const char *form;
};

static const struct scheme schemes[] = {
    {"jsonl:", RECIPE_JSONL, "jsonl:FILE"},
    {"sharegpt:", RECIPE_SHAREGPT, "sharegpt:FILE"},
    {"synthetic:", RECIPE_SYNTHETIC, "synthetic:input=512,output=128"},
    {"plugin:", RECIPE_PLUGIN, "plugin:n=200"},
    {"hf:", RECIPE_HUB, "hf://datasets/OWNER/NAME/FILE[@REVISION]"},
    {"trace:", RECIPE_TRACE, "trace:FILE"},
    {"documents:", RECIPE_DOCUMENTS, "documents:tokens=4000..32000"},
    {"rag:", RECIPE_RAG, "rag:chunks=8,chunk-tokens=256"},
    {"multi-turn:", RECIPE_MULTI_TURN, "multi-turn:turns=4"},
    {"shared-prefix:", RECIPE_SHARED_PREFIX, "shared-prefix:prefix=2000,suffix=100"},
};

/* Keys of a synthetic recipe, in the order of `values` below. */
enum synthetic_key {
    KEY_INPUT,
    KEY_OUTPUT,
    KEY_INPUT_STDDEV,
    KEY_OUTPUT_STDDEV,
    KEY_N,
    KEY_DISTRIBUTION,
    KEY_EXACT,
    KEY_COUNT
};

static const char *const synthetic_keys[KEY_COUNT] = {
    "input", "output", "input-stddev", "output-stddev", "n", "distribution", "exact"};

/* The key's number, or KEY_COUNT. */
static size_t find_key(const char *key)
{
    size_t at = 0;
    while (at < KEY_COUNT && !text_equal(synthetic_keys[at], key)) {
        at++;
    }
    return at;
}

static int fail_key(const char *key, struct error *err)
{
    const char *nearest = *key != '\0' ? text_nearest(key, synthetic_keys, KEY_COUNT) : NULL;
    if (nearest != NULL) {
        return error_set(
            err, ERROR_USAGE, "dataset synthetic: unknown key '%s': did you mean '%s'?", key,
            nearest);
    }
    return error_set(
        err, ERROR_USAGE,
        "dataset synthetic: unknown key '%s'; the form is synthetic:input=N,output=N", key);
}

/* Splits "key=value,..." in place and sorts the values by key. */
static int split_pairs(char *text, const char *values[KEY_COUNT], struct error *err)
{
    char *rest = text;
    while (rest != NULL) {
        char *value = strsep(&rest, ",");
        const char *key = strsep(&value, "=");
        const size_t at = find_key(key);
        if (at == KEY_COUNT) {
            return fail_key(key, err);
        }
        if (value == NULL || *value == '\0') {
            return error_set(err, ERROR_USAGE, "dataset synthetic: '%s' has no value", key);
        }
        if (values[at] != NULL) {
            return error_set(err, ERROR_USAGE, "dataset synthetic: '%s' is given twice", key);
        }
        values[at] = value;
    }
    return 0;
}

static int read_u32(
    const char *values[KEY_COUNT],
    enum synthetic_key key,
    int64_t min,
    int64_t max,
    uint32_t *out,
    struct error *err)
{
    if (values[key] == NULL) {
        return 0;
    }
    int64_t number = 0;
    if (text_parse_i64(values[key], min, max, &number, err) != 0) {
        return error_prefix(err, "dataset synthetic: %s: ", synthetic_keys[key]);
    }
    *out = (uint32_t)number;
    return 0;
}

static int
read_stddev(const char *values[KEY_COUNT], enum synthetic_key key, double *out, struct error *err)
{
    if (values[key] == NULL) {
        return 0;
    }
    if (text_parse_f64(values[key], 0.0, SYNTHETIC_TOKENS_MAX, out, err) != 0) {
        return error_prefix(err, "dataset synthetic: %s: ", synthetic_keys[key]);
    }
    return 0;
}

static int
read_distribution(const char *values[KEY_COUNT], struct synthetic_plan *plan, struct error *err)
{
    const bool spread = plan->input_stddev > 0.0 || plan->output_stddev > 0.0;
    const char *name = values[KEY_DISTRIBUTION];
    if (name == NULL) {
        plan->distribution = spread ? DISTRIBUTION_NORMAL : DISTRIBUTION_CONSTANT;
        return 0;
    }
    size_t at = 0;
    while (at < ARRAY_LEN(distributions) && !text_equal(distributions[at], name)) {
        at++;
    }
    if (at == ARRAY_LEN(distributions)) {
        return error_set(
            err, ERROR_USAGE,
            "dataset synthetic: distribution '%s' is not constant, normal or uniform", name);
    }
    plan->distribution = (enum distribution)at;
    if (spread == (plan->distribution == DISTRIBUTION_CONSTANT)) {
        return error_set(
            err, ERROR_USAGE, "dataset synthetic: distribution %s %s", name,
            spread ? "cannot have a stddev" : "needs input-stddev or output-stddev above 0");
    }
    return 0;
}

static int read_exact(const char *value, enum exact_lengths *out, struct error *err)
{
    if (value == NULL || exact_lengths_parse(value, out, err) == 0) {
        return 0;
    }
    return error_prefix(err, "dataset synthetic: exact: ");
}

static int
check_plan(const char *values[KEY_COUNT], const struct synthetic_plan *plan, struct error *err)
{
    for (size_t key = KEY_INPUT; key <= KEY_OUTPUT; key++) {
        if (values[key] == NULL) {
            return error_set(
                err, ERROR_USAGE,
                "dataset synthetic: '%s' is missing; the form is synthetic:input=512,output=128",
                synthetic_keys[key]);
        }
    }
    return synthetic_check(plan, err);
}

static int parse_synthetic(const char *rest, struct synthetic_plan *out, struct error *err)
{
    CLEANUP(mem_freep) char *copy = mem_copy_text(rest);
    const char *values[KEY_COUNT] = {NULL};
    struct synthetic_plan plan = {.n = SYNTHETIC_PROMPTS};
    int rc = split_pairs(copy, values, err);
    if (rc == 0) {
        rc = read_u32(
            values, KEY_INPUT, SYNTHETIC_INPUT_MIN, SYNTHETIC_TOKENS_MAX, &plan.input, err);
    }
    if (rc == 0) {
        rc = read_u32(values, KEY_OUTPUT, 1, SYNTHETIC_TOKENS_MAX, &plan.output, err);
    }
    if (rc == 0) {
        rc = read_stddev(values, KEY_INPUT_STDDEV, &plan.input_stddev, err);
    }
    if (rc == 0) {
        rc = read_stddev(values, KEY_OUTPUT_STDDEV, &plan.output_stddev, err);
    }
    if (rc == 0) {
        rc = read_u32(values, KEY_N, 1, DATASET_PROMPTS_MAX, &plan.n, err);
    }
    if (rc == 0) {
        rc = read_distribution(values, &plan, err);
    }
    if (rc == 0) {
        rc = read_exact(values[KEY_EXACT], &plan.exact, err);
    }
    if (rc == 0) {
        rc = check_plan(values, &plan, err);
    }
    if (rc == 0) {
        *out = plan;
    }
    return rc;
}

/* "n=N", of a plugin's code. */
static int parse_plugin(const char *rest, uint32_t *out, struct error *err)
{
    static const char key[] = "n=";
    int64_t n = 0;
    if (!text_starts_with(rest, key)) {
        return error_set(
            err, ERROR_USAGE, "dataset plugin: '%s' is unknown: the form is plugin:n=200", rest);
    }
    if (text_parse_i64(rest + strlen(key), 1, DATASET_PROMPTS_MAX, &n, err) != 0) {
        return error_prefix(err, "dataset plugin: n: ");
    }
    *out = (uint32_t)n;
    return 0;
}

bool recipe_has_file(const struct recipe *self)
{
    return self->kind == RECIPE_JSONL || self->kind == RECIPE_SHAREGPT ||
           self->kind == RECIPE_TRACE;
}

static int fail_unknown(const char *text, struct error *err)
{
    const char *names[ARRAY_LEN(known_dataset_table) + ARRAY_LEN(schemes)];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(known_dataset_table); i++) {
        names[n++] = known_dataset_table[i].id;
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        names[n++] = schemes[i].name;
    }
    /* Of "jsnol:FILE" only "jsnol:" can be a typing error. */
    const char *colon = strchr(text, ':');
    CLEANUP(mem_freep)
    char *word = mem_copy_bytes(text, colon != NULL ? (size_t)(colon - text) + 1 : strlen(text));
    const char *nearest = text_nearest(word, names, n);
    if (nearest != NULL) {
        return error_set(
            err, ERROR_USAGE, "unknown dataset '%s': did you mean '%s'?", text, nearest);
    }
    return error_set(
        err, ERROR_USAGE,
        "unknown dataset '%s': give chatbot-short, sharegpt-v3, synthetic:input=512,output=128, "
        "documents:..., rag:..., multi-turn:..., shared-prefix:..., jsonl:FILE, sharegpt:FILE, "
        "trace:FILE or hf://datasets/OWNER/NAME/FILE",
        text);
}

/* The recipe is recorded, and what is recorded is UTF-8 without white space at its ends. */
static int check_text(const char *text, struct error *err)
{
    static const char blanks[] = " \t\r\n";
    const size_t len = strlen(text);
    if (len == 0) {
        return error_set(err, ERROR_USAGE, "the dataset is empty");
    }
    if (!text_is_utf8(text, len)) {
        return error_set(err, ERROR_USAGE, "dataset '%s' is not UTF-8", text);
    }
    if (strchr(blanks, text[0]) != NULL || strchr(blanks, text[len - 1]) != NULL) {
        return error_set(err, ERROR_USAGE, "dataset '%s' begins or ends with white space", text);
    }
    return 0;
}

/* How a file of the hub is read, by its name's ending. */
struct file_format {
    const char *ending;
    enum recipe_kind format; /* RECIPE_HUB: not read */
};

static const struct file_format file_formats[] = {
    {".jsonl", RECIPE_JSONL}, {".ndjson", RECIPE_JSONL}, {".json", RECIPE_SHAREGPT},
    {".parquet", RECIPE_HUB}, {".arrow", RECIPE_HUB},    {".csv", RECIPE_HUB},
    {".tsv", RECIPE_HUB},     {".txt", RECIPE_HUB},      {".zip", RECIPE_HUB},
    {".tar.gz", RECIPE_HUB},  {".gz", RECIPE_HUB},       {".xz", RECIPE_HUB},
};

static int fail_format(const char *file, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(file_formats); i++) {
        if (text_ends_with(file, file_formats[i].ending)) {
            return error_set(
                err, ERROR_USAGE,
                "dataset '%s': %s files are not read; what is read is .jsonl (one JSON object a "
                "line) and .json (ShareGPT, or a list of objects with ?prompt-field=NAME)",
                file, file_formats[i].ending);
        }
    }
    return error_set(
        err, ERROR_USAGE,
        "dataset '%s': its ending says not how to read it: add ?format=jsonl or ?format=sharegpt",
        file);
}

static int choose_format(struct recipe *recipe, struct error *err)
{
    const char *given = recipe->keys.format;
    recipe->format = RECIPE_HUB;
    if (*given != '\0') {
        recipe->format = text_equal(given, "jsonl") ? RECIPE_JSONL : RECIPE_SHAREGPT;
    }
    /* What is packed with zstd is unpacked whatever it is called. */
    const size_t len = strlen(recipe->hub.file);
    const size_t packed = text_ends_with(recipe->hub.file, ".zst") ? strlen(".zst") : 0;
    CLEANUP(mem_freep) char *file = mem_copy_bytes(recipe->hub.file, len - packed);
    for (size_t i = 0; recipe->format == RECIPE_HUB && i < ARRAY_LEN(file_formats); i++) {
        if (text_ends_with(file, file_formats[i].ending)) {
            recipe->format = file_formats[i].format;
        }
    }
    if (*given == '\0' && recipe->format == RECIPE_SHAREGPT && recipe_keys_rename(&recipe->keys)) {
        recipe->format = RECIPE_JSONL; /* whose fields are named is no conversation */
    }
    return recipe->format == RECIPE_HUB ? fail_format(recipe->hub.file, err) : 0;
}

/* The turns of a conversation have no fields to choose from. */
static int check_fields(const struct recipe_keys *keys, struct error *err)
{
    if (recipe_keys_rename(keys)) {
        return error_set(
            err, ERROR_USAGE,
            "dataset: the fields of a ShareGPT file cannot be chosen: they are "
            "for jsonl");
    }
    return 0;
}

static int parse_hub(const char *text, struct recipe *recipe, struct error *err)
{
    int rc = recipe_keys_parse(text, &recipe->keys_at, &recipe->keys, err);
    if (rc == 0) {
        rc = hub_name_parse(text, recipe->keys_at, &recipe->hub, err);
    }
    if (rc == 0) {
        rc = choose_format(recipe, err);
    }
    return rc == 0 && recipe->format == RECIPE_SHAREGPT ? check_fields(&recipe->keys, err) : rc;
}

static int parse_file(const char *text, struct recipe *recipe, struct error *err)
{
    size_t len = 0;
    const int rc = recipe_keys_parse(text, &len, &recipe->keys, err);
    if (rc != 0) {
        return rc;
    }
    if (len >= sizeof(recipe->path)) {
        return error_set(err, ERROR_USAGE, "dataset: a file's name has at most 4095 bytes");
    }
    memcpy(recipe->path, text, len);
    if (len == 0) {
        return error_set(err, ERROR_USAGE, "dataset '%s': the file's name is missing", text);
    }
    if (recipe->keys.format[0] != '\0') {
        return error_set(
            err, ERROR_USAGE, "dataset '%s': format is for hf://; jsonl: and sharegpt: say it",
            text);
    }
    return recipe->kind == RECIPE_SHAREGPT ? check_fields(&recipe->keys, err) : 0;
}

static int parse_trace(const char *rest, struct recipe *recipe, struct error *err)
{
    const int rc = recipe_trace_parse(rest, &recipe->trace, err);
    if (rc != 0) {
        return rc;
    }
    if (recipe->trace.path_len >= sizeof(recipe->path)) {
        return error_set(err, ERROR_USAGE, "dataset: a file's name has at most 4095 bytes");
    }
    memcpy(recipe->path, rest, recipe->trace.path_len);
    return 0;
}

static int
parse_scheme(const struct scheme *scheme, const char *rest, struct recipe *out, struct error *err)
{
    if (*rest == '\0') {
        return error_set(
            err, ERROR_USAGE, "dataset '%s' is not complete: the form is %s", scheme->name,
            scheme->form);
    }
    struct recipe recipe = {.kind = scheme->kind};
    int rc = 0;
    switch (scheme->kind) {
    case RECIPE_SYNTHETIC:
        rc = parse_synthetic(rest, &recipe.plan, err);
        break;
    case RECIPE_PLUGIN:
        rc = parse_plugin(rest, &recipe.n_plugin, err);
        break;
    case RECIPE_HUB:
        rc = parse_hub(rest - strlen(scheme->name), &recipe, err);
        break;
    case RECIPE_DOCUMENTS:
    case RECIPE_RAG:
    case RECIPE_MULTI_TURN:
    case RECIPE_SHARED_PREFIX:
        rc = composed_parse(
            (enum composed_kind)(scheme->kind - RECIPE_DOCUMENTS), rest, &recipe.composed, err);
        break;
    case RECIPE_KNOWN:
    case RECIPE_JSONL:
    case RECIPE_SHAREGPT:
        rc = parse_file(rest, &recipe, err);
        break;
    case RECIPE_TRACE:
        rc = parse_trace(rest, &recipe, err);
        break;
    }
    if (rc == 0) {
        *out = recipe;
    }
    return rc;
}

int recipe_parse(const char *text, struct recipe *out, struct error *err)
{
    const int rc = check_text(text, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < ARRAY_LEN(known_dataset_table); i++) {
        if (text_equal(known_dataset_table[i].id, text)) {
            *out = (struct recipe){.kind = RECIPE_KNOWN, .known = &known_dataset_table[i]};
            return 0;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (text_starts_with(text, schemes[i].name)) {
            return parse_scheme(&schemes[i], text + strlen(schemes[i].name), out, err);
        }
    }
    return fail_unknown(text, err);
}

int dataset_check(const char *recipe, struct error *err)
{
    struct recipe parsed;
    return recipe_parse(recipe, &parsed, err);
}
