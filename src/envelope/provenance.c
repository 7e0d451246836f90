/* What can be told of the software without running other programs.  Two fields of the format are
 * about a Python environment and a vendor's tool that this program does not use: they hold what is
 * true of this program (no Python package; no output) and say so. */
#include "base/text.h"
#include "codec/digest.h"
#include "engine/version.h"
#include "envelope/build_info.h"
#include "envelope/envelope.h"
#include "hardware/normal_text.h"

#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>

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

struct json *software_provenance_read(struct arena *arena, struct json *warnings)
{
    char empty[DIGEST_HEX_SIZE];
    digest_sha256_hex("", 0, empty);
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "image_digest", "");
    warn(arena, warnings, "software_provenance.image_digest is unknown");
    json_add_text(arena, out, "pip_freeze_hash", empty);
    warn(
        arena, warnings,
        "software_provenance.pip_freeze_hash is that of an empty list: bench uses no Python "
        "package, and those of the engine are unknown");
    json_add_text(arena, out, "git_commit", BUILD_GIT_COMMIT);
    if (text_equal(BUILD_GIT_COMMIT, "unknown")) {
        warn(arena, warnings, "software_provenance.git_commit is unknown: built outside git");
    }
    json_add_text(arena, out, "nvidia_smi_q_hash", "");
    warn(
        arena, warnings, "software_provenance.nvidia_smi_q_hash is unknown: nvidia-smi is not run");
    add_binary(arena, out, warnings);
    add_system(arena, out);
    return out;
}
