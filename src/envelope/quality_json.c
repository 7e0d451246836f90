/* The bootstrap interval of accuracy stands with all others in `intervals`. */
#include "envelope/quality_json.h"

#include "stats/quality.h"

static void add_interval(
    struct arena *arena, struct json *out, const char *key, const struct interval *interval)
{
    struct json *low = json_new_f64(arena, interval->low);
    if (low->kind == JSON_NULL) {
        json_add_null(arena, out, key);
        return;
    }
    struct json *pair = json_add(arena, out, key, json_new(arena, JSON_ARRAY));
    (void)json_append(pair, low);
    (void)json_append(pair, json_new_f64(arena, interval->high));
}

static void add_part(struct arena *arena, struct json *out, const struct quality_part *part)
{
    (void)json_add(arena, out, "n", json_new_u64(arena, part->n));
    (void)json_add(arena, out, "n_ok", json_new_u64(arena, part->n_ok));
    (void)json_add(arena, out, "n_scored", json_new_u64(arena, part->n_scored));
    json_add_f64(arena, out, "accuracy", part->accuracy);
    add_interval(arena, out, "wilson_95", &part->wilson);
    json_add_f64(arena, out, "accuracy_incl_failures", part->accuracy_incl_failures);
    add_interval(arena, out, "wilson_95_incl_failures", &part->wilson_incl_failures);
}

struct json *quality_json(struct arena *arena, const struct record_set *records)
{
    CLEANUP(quality_done) struct quality quality;
    quality_compute(records, &quality);
    if (!quality.known) {
        return json_new(arena, JSON_NULL);
    }
    struct json *out = json_new(arena, JSON_OBJECT);
    add_part(arena, out, &quality.all);
    struct json *list = json_add(arena, out, "categories", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < quality.n_categories; i++) {
        const struct quality_part *part = &quality.categories[i];
        struct json *row = json_append(list, json_new(arena, JSON_OBJECT));
        if (part->category == NULL) {
            json_add_null(arena, row, "category");
        } else {
            json_add_text(arena, row, "category", part->category);
        }
        add_part(arena, row, part);
    }
    return out;
}
