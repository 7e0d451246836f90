#include "suite/dataset_hub.h"

#include <string.h>

int dataset_hub_get(
    const struct dataset_options *options,
    const struct hub_name *name,
    struct hub_entry *out,
    struct error *err)
{
    CLEANUP(hub_settings_done) struct hub_settings settings = {0};
    const int rc = hub_settings_init(&settings, err);
    if (rc != 0) {
        return rc;
    }
    settings.offline = settings.offline || options->offline;
    settings.watch = options->watch;
    return hub_get(&settings, name, NULL, out, err);
}

int dataset_hub_find_known(
    const struct known_dataset *known, struct hub_entry *out, struct error *err)
{
    CLEANUP(hub_settings_done) struct hub_settings settings = {0};
    struct error why = {0};
    if (hub_settings_init(&settings, &why) != 0) {
        return HUB_ABSENT; /* 'bench fetch', which the message names, tells what is wrong */
    }
    struct hub_name name;
    int rc = hub_name_parse(known->hub, strlen(known->hub), &name, err);
    if (rc != 0) {
        return rc;
    }
    settings.offline = true;
    rc = hub_get(&settings, &name, known->sha256, out, &why);
    if (rc != 0 && why.code == ERROR_UNAVAILABLE) {
        return HUB_ABSENT;
    }
    if (rc != 0) {
        *err = why;
    }
    return rc;
}

void dataset_hub_record(struct arena *arena, struct json *recipe, const struct hub_entry *entry)
{
    json_add_text(arena, recipe, "source", entry->path);
    struct json *file = json_new(arena, JSON_OBJECT);
    json_add_text(arena, file, "endpoint", entry->endpoint);
    json_add_text(
        arena, file, "dataset",
        arena_format(arena, "%s/%s", entry->name.owner, entry->name.dataset));
    json_add_text(arena, file, "file", entry->name.file);
    json_add_text(arena, file, "commit", entry->commit);
    json_add_text(arena, file, "sha256", entry->sha256);
    json_add_i64(arena, file, "size_bytes", (int64_t)entry->size);
    json_add_text(arena, file, "etag", entry->etag);
    json_add_bool(arena, file, "checked_by_hub", entry->checked);
    (void)json_add(arena, recipe, "file", file);
}
