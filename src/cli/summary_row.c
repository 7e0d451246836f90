/* Envelopes of other writers lack what ours say in `driver_options` and `validity`: then the nearest
 * fact that they do have stands there, or nothing. */
#include "cli/summary_row.h"

#include "base/file.h"

#include <math.h>

const struct report_column summary_texts[SUMMARY_TEXTS] = {
    [SUMMARY_MODEL] = {"model", NULL, false},   [SUMMARY_ENGINE] = {"engine", NULL, false},
    [SUMMARY_QUANT] = {"quant", NULL, false},   [SUMMARY_HARDWARE] = {"hardware", NULL, false},
    [SUMMARY_LOAD] = {"load", NULL, false},     [SUMMARY_VALID] = {"validity", NULL, false},
    [SUMMARY_FILE] = {"envelope", NULL, false},
};

const struct summary_number summary_numbers[SUMMARY_NUMBERS] = {
    [SUMMARY_THROUGHPUT] = {{"throughput_tok_per_s", NULL, true}, 2, false},
    [SUMMARY_TTFT] = {{"ttft_p50_ms", NULL, true}, 2, false},
    [SUMMARY_TPOT] = {{"tpot_p50_ms", NULL, true}, 2, false},
    [SUMMARY_TOTAL] = {{"total_p50_ms", NULL, true}, 2, false},
    [SUMMARY_OK_RATE] = {{"ok_rate", NULL, true}, 3, true},
    [SUMMARY_JOULES] = {{"J/tok", "joules_per_token", true}, 3, false},
    [SUMMARY_COST] = {{"$/Mtok", "cost_usd_per_million_tokens", true}, 3, false},
};

const char *summary_number_key(size_t number)
{
    const struct report_column *column = &summary_numbers[number].column;
    return column->key != NULL ? column->key : column->head;
}

/* "8 x NVIDIA H100 80GB HBM3": the recorded class, else the GPUs that were found. */
static const char *hardware_text(struct arena *arena, const struct json *root)
{
    const char *asked = json_text(json_path(root, "driver_options.hardware"), "");
    if (asked[0] != '\0') {
        return asked;
    }
    const struct json *gpus = json_path(root, "hardware_fingerprint.gpus");
    const char *model = json_text(json_find(json_at(gpus, 0), "model"), "");
    if (model[0] == '\0') {
        return json_text(json_path(root, "metrics.slo_hardware_class"), "");
    }
    return gpus->len > 1 ? arena_format(arena, "%zu x %s", gpus->len, model) : model;
}

/* "conc 4", "rps 0.5". */
const char *envelope_load_text(struct arena *arena, const struct json *root)
{
    int64_t concurrency = 0;
    double rate = 0.0;
    if (json_i64(json_path(root, "driver_options.concurrency"), &concurrency)) {
        return arena_format(arena, "conc %lld", (long long)concurrency);
    }
    if (json_f64(json_path(root, "driver_options.rate_rps"), &rate)) {
        return arena_format(arena, "rps %.10g", rate);
    }
    return "";
}

static const char *engine_text(struct arena *arena, const struct json *root)
{
    const char *name = json_text(json_path(root, "engine.name"), "");
    const char *version = json_text(json_path(root, "engine.version"), "");
    return version[0] != '\0' ? arena_format(arena, "%s %s", name, version) : name;
}

int envelope_read(struct arena *arena, const char *path, struct json **out, struct error *err)
{
    struct json *root = NULL;
    const int result = json_parse_file(arena, path, &root, err);
    if (result < 0) {
        return result;
    }
    const struct json *suite = json_find(root, "suite_id");
    const struct json *metrics = json_find(root, "metrics");
    if (suite == NULL || suite->kind != JSON_STRING || metrics == NULL ||
        metrics->kind != JSON_OBJECT) {
        return error_set(
            err, ERROR_PARSE, "%s: not an envelope: it has no suite_id and metrics", path);
    }
    *out = root;
    return 0;
}

int summary_row_read(
    struct arena *arena, const char *path, struct summary_row *out, struct error *err)
{
    struct json *root = NULL;
    const int result = envelope_read(arena, path, &root, err);
    if (result < 0) {
        return result;
    }
    *out = (struct summary_row){
        .suite_id = json_text(json_find(root, "suite_id"), ""),
        .suite_version = json_text(json_find(root, "suite_version"), ""),
        .group_id = json_text(json_path(root, "driver_options.repeat.group_id"), ""),
        .n_launches = 1,
        .texts =
            {
                [SUMMARY_MODEL] = json_text(json_path(root, "model.id"), ""),
                [SUMMARY_ENGINE] = engine_text(arena, root),
                [SUMMARY_QUANT] = json_text(json_path(root, "quantization.format"), ""),
                [SUMMARY_HARDWARE] = hardware_text(arena, root),
                [SUMMARY_LOAD] = envelope_load_text(arena, root),
                [SUMMARY_VALID] = json_text(json_path(root, "validity.status"), ""),
                [SUMMARY_FILE] = arena_copy_text(arena, file_base_name(path)),
            },
    };
    (void)json_i64(json_path(root, "driver_options.repeat.index"), &out->launch_index);
    (void)json_bool(json_path(root, "measurement.interrupted"), &out->interrupted);
    const struct json *metrics = json_find(root, "metrics");
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        out->numbers[i] = (double)NAN;
        (void)json_f64(json_find(metrics, summary_number_key(i)), &out->numbers[i]);
    }
    return 0;
}
