/* Each part is read by its own file; here they are put together in the format's order.  The hash is
 * made over a copy with exactly the format's keys, so that more keys can be added beside them. */
#include "hardware/fingerprint.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/canonical.h"
#include "hardware/normal_text.h"
#include "hardware/reader.h"

#include <stdlib.h>
#include <string.h>

struct part {
    const char *key;
    const char *members[5]; /* of an object; none: the value is taken whole */
};

static const struct part parts[] = {
    {"dmi_uuid", {NULL}},
    {"cpu", {"model", "microcode", NULL}},
    {"memory", {"channels", "speed_mts", "ecc", NULL}},
    {"bios", {"version", "resizable_bar", "above_4g", NULL}},
    {"numa", {NULL}},
    {"driver", {NULL}},
    {"cuda", {NULL}},
    {"nccl", {NULL}},
};
static const char *const gpu_members[] = {"model", "pci_id", "serial", "vbios", NULL};

static void
add_copy(struct arena *arena, struct json *out, const char *key, const struct json *value)
{
    if (value == NULL) {
        json_add_null(arena, out, key);
    } else if (value->kind == JSON_STRING && normal_text_is_padded(value->text, value->len)) {
        /* The format's hash is over texts without padding; verify refuses such a file anyway. */
        json_add_text(arena, out, key, normal_text_copy(arena, value->text));
    } else {
        (void)json_add(arena, out, key, json_copy(arena, value));
    }
}

static struct json *
copy_members(struct arena *arena, const struct json *object, const char *const *members)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    for (; *members != NULL; members++) {
        add_copy(arena, out, *members, json_find(object, *members));
    }
    return out;
}

static int compare_gpus(const void *a, const void *b)
{
    const struct json *left = *(struct json *const *)a;
    const struct json *right = *(struct json *const *)b;
    const int order =
        strcmp(json_text(json_find(left, "pci_id"), ""), json_text(json_find(right, "pci_id"), ""));
    if (order != 0) {
        return order;
    }
    /* Equal ids stay in order of writing, as in a stable sort. */
    return (left->line > right->line) - (left->line < right->line);
}

static struct json *sorted_gpus(struct arena *arena, const struct json *gpus)
{
    struct json *out = json_new(arena, JSON_ARRAY);
    if (gpus == NULL || gpus->kind != JSON_ARRAY) {
        return out;
    }
    CLEANUP(mem_freep) struct json **rows = mem_alloc(gpus->len, sizeof(struct json *));
    unsigned n = 0;
    for (const struct json *gpu = gpus->first; gpu != NULL; gpu = gpu->next) {
        rows[n] = copy_members(arena, gpu, gpu_members);
        rows[n]->line = n;
        n++;
    }
    qsort(rows, n, sizeof(struct json *), compare_gpus);
    for (unsigned i = 0; i < n; i++) {
        (void)json_append(out, rows[i]);
    }
    return out;
}

void fingerprint_sha256(struct arena *arena, const struct json *fingerprint, char out_hex[65])
{
    struct json *body = json_new(arena, JSON_OBJECT);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const struct json *value = json_find(fingerprint, parts[i].key);
        if (parts[i].members[0] == NULL) {
            add_copy(arena, body, parts[i].key, value);
        } else {
            (void)json_add(arena, body, parts[i].key, copy_members(arena, value, parts[i].members));
        }
    }
    (void)json_add(arena, body, "gpus", sorted_gpus(arena, json_find(fingerprint, "gpus")));
    canonical_sha256(body, NULL, out_hex);
}

struct json *fingerprint_read(struct arena *arena, const char *root, struct json *warnings)
{
    /* The library tells of the machine that this runs on, not of a recorded one. */
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    struct error err = {0};
    if (root[0] == '\0' && nvml_open(NULL, &nvml, &err) < 0) {
        error_clear(&err); /* most machines have none */
    }
    return fingerprint_read_with(arena, root, nvml, warnings);
}

struct json *fingerprint_read_with(
    struct arena *arena, const char *root, const struct nvml *nvml, struct json *warnings)
{
    const struct reader reader = {arena, root, warnings, nvml};
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "dmi_uuid", dmi_uuid_read(&reader));
    struct json *gpus = json_add(arena, out, "gpus", gpus_read(&reader));
    cpu_read(&reader, out);
    memory_read(&reader, out);
    bios_read(&reader, out);
    numa_read(&reader, out);
    json_add_text(arena, out, "driver", gpu_driver_read(&reader, gpus->len > 0));
    json_add_text(arena, out, "cuda", cuda_read(&reader, gpus->len > 0));
    json_add_text(arena, out, "nccl", nccl_read(&reader, gpus->len > 0));
    host_read(&reader, out);
    char hash[65];
    fingerprint_sha256(arena, out, hash);
    struct json *full = json_new(arena, JSON_OBJECT);
    json_add_text(arena, full, "fingerprint_sha256", hash);
    for (const struct json *child = out->first; child != NULL; child = child->next) {
        (void)json_add(arena, full, child->key, json_copy(arena, child));
    }
    return full;
}

struct class_mark {
    const char *words; /* in the model's name, as whole words */
    const char *name;  /* a row of the table of hardware classes in suite/ */
    bool laptop;       /* laptop chips share names with desktop ones but not their speed */
};

static const struct class_mark class_marks[] = {
    {"GB200", "gb200", false},
    {"GH200", "gh200", false},
    {"B200", "b200", false},
    {"H200", "h200", false},
    {"H100", "h100", false},
    {"H800", "h800", false},
    {"H20", "h20", false},
    {"A100", "a100", false},
    {"A800", "a800", false},
    {"RTX A6000", "rtx-a6000", false},
    {"A40", "a40", false},
    {"A30", "a30", false},
    {"A10", "a10", false},
    {"A10G", "a10g", false},
    {"V100", "v100", false},
    {"L40S", "l40s", false},
    {"L40", "l40", false},
    {"L4", "l4", false},
    {"T4", "t4", false},
    {"MI300X", "mi300x", false},
    {"MI325X", "mi325x", false},
    {"MI355X", "mi355x", false},
    {"MI250X", "mi250x", false},
    {"RTX PRO 6000", "rtx-pro-6000", false},
    {"RTX 5090", "rtx-5090", false},
    {"RTX 5080", "rtx-5080", false},
    {"RTX 4090", "rtx-4090", false},
    {"RTX 4080", "rtx-4080", false},
    {"RTX 4070", "rtx-4070", false},
    {"RTX 3090", "rtx-3090", false},
    {"RTX 3080", "rtx-3080", false},
    {"RTX 4000 Ada", "rtx-ada-workstation", false},
    {"RTX 4500 Ada", "rtx-ada-workstation", false},
    {"RTX 5000 Ada", "rtx-ada-workstation", false},
    {"RTX 6000 Ada", "rtx-ada-workstation", false},
    {"RTX 3000 Ada", "rtx-ada-laptop", true},
    {"RTX 3500 Ada", "rtx-ada-laptop", true},
    {"RTX 4000 Ada", "rtx-ada-laptop", true},
    {"RTX 5000 Ada", "rtx-ada-laptop", true},
};

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "H100" is in "NVIDIA H100 80GB" and in "H100-SXM", not in "GH100". */
static bool has_words(const char *model, const char *words)
{
    const size_t len = strlen(words);
    for (const char *at = strstr(model, words); at != NULL; at = strstr(at + 1, words)) {
        const bool begins = at == model || !is_letter_or_digit(at[-1]);
        if (begins && !is_letter_or_digit(at[len])) {
            return true;
        }
    }
    return false;
}

const char *fingerprint_hardware_class(const struct json *fingerprint)
{
    const struct json *gpu = json_at(json_find(fingerprint, "gpus"), 0);
    if (gpu == NULL) {
        return "cpu";
    }
    const char *model = json_text(json_find(gpu, "model"), "");
    const bool laptop = has_words(model, "Laptop");
    for (size_t i = 0; i < ARRAY_LEN(class_marks); i++) {
        if (class_marks[i].laptop == laptop && has_words(model, class_marks[i].words)) {
            return class_marks[i].name;
        }
    }
    return "unknown";
}
