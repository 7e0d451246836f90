/* Two fields of the format are about what serves the model: the Python packages of the engine's
 * environment, which are read and not asked of a program there, and what `nvidia-smi -q` prints, for which
 * the vendor's tool must be run. */
#include "base/clock.h"
#include "base/file.h"
#include "base/program.h"
#include "base/text.h"
#include "codec/digest.h"
#include "codec/yaml.h"
#include "codec/zstd.h"
#include "engine/version.h"
#include "envelope/build_info.h"
#include "envelope/envelope.h"
#include "hardware/normal_text.h"
#include "net/web.h"

#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>

/* Eight GPUs take some two seconds, and 100 kB of text. */
#define NVIDIA_SMI_TIMEOUT_NS (20 * NS_PER_S)
#define NVIDIA_SMI_OUTPUT_MAX ((size_t)16 << 20)

const char *const nvidia_smi_paths[] = {
    "/usr/bin/nvidia-smi", "/usr/local/bin/nvidia-smi", "/usr/local/nvidia/bin/nvidia-smi",
    "/usr/lib/wsl/lib/nvidia-smi", NULL};

static void warn(struct arena *arena, struct json *warnings, const char *text)
{
    (void)json_append(warnings, json_new_text(arena, text));
}

static void add_binary(struct arena *arena, struct json *out, struct json *warnings)
{
    uint8_t digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    struct error err = {0};
    json_add_text(arena, out, "bench_version", BENCH_VERSION);
    if (digest_file("/proc/self/exe", digest, &err) < 0) {
        json_add_text(arena, out, "bench_sha256", "unknown");
        warn(arena, warnings, "software_provenance.bench_sha256 is unknown: no /proc/self/exe");
        return;
    }
    digest_hex(digest, hex);
    json_add_text(arena, out, "bench_sha256", hex);
}

static void add_system(struct arena *arena, struct json *out)
{
    struct utsname name;
    const char *kernel = "unknown";
    if (uname(&name) == 0) {
        kernel = normal_text_copy(
            arena, arena_format(arena, "%s %s %s", name.sysname, name.release, name.machine));
    }
    json_add_text(arena, out, "kernel", kernel);
    json_add_text(arena, out, "libc", arena_format(arena, "glibc %s", gnu_get_libc_version()));
    json_add_text(arena, out, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
}

static void add_libraries(struct arena *arena, struct json *out)
{
    struct json *libraries = json_add(arena, out, "libraries", json_new(arena, JSON_OBJECT));
    json_add_text(arena, libraries, "curl", web_library_version());
    json_add_text(arena, libraries, "yaml", yaml_library_version());
    json_add_text(arena, libraries, "zstd", zstd_library_version());
}

static const char *site_image_digest(const struct provenance_inputs *inputs, const char **out_why)
{
    const struct engine_site *site = inputs->site;
    *out_why = "the engine's process is not known";
    if (site == NULL || !site->known) {
        return NULL;
    }
    *out_why = site->container.why;
    switch (site->container.found) {
    case CONTAINER_NONE:
        return "";
    case CONTAINER_READ:
        return site->container.image_digest;
    case CONTAINER_UNKNOWN:
        break;
    }
    return NULL;
}

const char *engine_image_digest(const struct engine_site *site)
{
    const struct provenance_inputs inputs = {.site = site};
    const char *why = NULL;
    return site_image_digest(&inputs, &why);
}

static void add_image_digest(
    struct arena *arena,
    struct json *out,
    const struct provenance_inputs *inputs,
    struct json *warnings)
{
    const char *why = NULL;
    const char *digest = site_image_digest(inputs, &why);
    json_add_text(
        arena, out, "image_digest", digest == NULL ? "" : normal_text_copy(arena, digest));
    if (digest == NULL) {
        warn(
            arena, warnings,
            arena_format(arena, "software_provenance.image_digest is unknown: %s", why));
    }
}

/* The format demands a hash: where there is no list, that of an empty one. */
static void add_pip_freeze(
    struct arena *arena,
    struct json *out,
    const struct provenance_inputs *inputs,
    struct json *warnings)
{
    const struct engine_site *site = inputs->site;
    const bool known = site != NULL && site->known;
    char empty[DIGEST_HEX_SIZE];
    digest_sha256_hex("", 0, empty);
    if (known && site->python.found == PYTHON_READ) {
        json_add_text(arena, out, "pip_freeze_hash", site->python.freeze_sha256);
        return;
    }
    json_add_text(arena, out, "pip_freeze_hash", empty);
    if (inputs->simulated || (known && site->python.found == PYTHON_NONE)) {
        return;
    }
    warn(
        arena, warnings,
        arena_format(
            arena,
            "software_provenance.pip_freeze_hash is that of an empty list: the Python packages of "
            "the engine, if it has any, are unknown: %s",
            known ? site->python.why : "its process is not known"));
}

/* What is known of the list: whose it is, or why there is none. */
static const char *pip_freeze_of(const struct provenance_inputs *inputs)
{
    static const char *const names[] = {
        [PYTHON_NONE] = "no Python",
        [PYTHON_UNKNOWN] = "unknown",
        [PYTHON_READ] = "engine",
    };
    if (inputs->simulated) {
        return names[PYTHON_NONE];
    }
    return inputs->site != NULL && inputs->site->known ? names[inputs->site->python.found]
                                                       : names[PYTHON_UNKNOWN];
}

/* Runs `nvidia-smi -q` and keeps what was run.  "" and a reason in `err` when that fails. */
static const char *
run_nvidia_smi(struct arena *arena, const char *path, struct json *commands, struct error *err)
{
    const char *const argv[] = {path, "-q", NULL};
    const struct program program = {argv, NVIDIA_SMI_TIMEOUT_NS, NVIDIA_SMI_OUTPUT_MAX};
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    if (program_run(&program, &text, err) < 0) {
        return "";
    }
    char hash[DIGEST_HEX_SIZE];
    digest_sha256_hex(text.len == 0 ? "" : text.data, text.len, hash);
    struct json *command = json_append(commands, json_new(arena, JSON_OBJECT));
    struct json *words = json_add(arena, command, "argv", json_new(arena, JSON_ARRAY));
    (void)json_append(words, json_new_text(arena, path));
    (void)json_append(words, json_new_text(arena, argv[1]));
    json_add_i64(arena, command, "output_bytes", (int64_t)text.len);
    json_add_text(arena, command, "output_sha256", hash);
    return arena_copy_text(arena, hash);
}

/* The hash, or "" with *out_why, which is NULL where there is nothing to know. */
static const char *nvidia_smi_hash(
    struct arena *arena,
    const struct provenance_inputs *inputs,
    struct json *commands,
    const char **out_why)
{
    *out_why = NULL;
    if (inputs->simulated) {
        return "";
    }
    if (inputs->site == NULL || !inputs->site->local) {
        *out_why = "the engine is not on this machine";
        return "";
    }
    const char *const *path = inputs->nvidia_smi;
    for (; inputs->has_nvidia && *path != NULL; path++) {
        struct error err = {0};
        if (!file_exists(*path)) {
            continue;
        }
        const char *hash = run_nvidia_smi(arena, *path, commands, &err);
        *out_why = *hash == '\0' ? arena_copy_text(arena, err.text) : NULL;
        return hash;
    }
    *out_why = inputs->has_nvidia ? "nvidia-smi is not there" : NULL;
    return "";
}

static void add_nvidia_smi(
    struct arena *arena,
    struct json *out,
    const struct provenance_inputs *inputs,
    struct json *warnings)
{
    const char *why = NULL;
    struct json *commands = json_new(arena, JSON_ARRAY);
    json_add_text(arena, out, "nvidia_smi_q_hash", nvidia_smi_hash(arena, inputs, commands, &why));
    if (why != NULL) {
        warn(
            arena, warnings,
            arena_format(arena, "software_provenance.nvidia_smi_q_hash is unknown: %s", why));
    }
    (void)json_add(arena, out, "commands", commands);
}

struct json *software_provenance_read(
    struct arena *arena, const struct provenance_inputs *inputs, struct json *warnings)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    add_image_digest(arena, out, inputs, warnings);
    add_pip_freeze(arena, out, inputs, warnings);
    json_add_text(arena, out, "git_commit", BUILD_GIT_COMMIT);
    if (text_equal(BUILD_GIT_COMMIT, "unknown")) {
        warn(arena, warnings, "software_provenance.git_commit is unknown: built outside git");
    }
    add_nvidia_smi(arena, out, inputs, warnings);
    json_add_text(arena, out, "pip_freeze_of", pip_freeze_of(inputs));
    add_binary(arena, out, warnings);
    add_system(arena, out);
    add_libraries(arena, out);
    return out;
}
