/* fingerprint.h - the machine this program runs on, as far as it can be read without invention.
 *
 * Every reader takes a root folder, so that tests feed recorded /proc and /sys trees.  What cannot be
 * read is "unknown" (or the smallest allowed number) and named in `warnings`.
 * Source: ENVELOPE.md, fields hardware_fingerprint and fingerprint_sha256. */
#pragma once

#include "codec/json.h"
#include "hardware/nvml.h"

/* Makes the hardware_fingerprint object (with fingerprint_sha256 inside) in `arena`; appends one
 * string to the array `warnings` for each value that is unknown.  `root` is "" on a real machine. */
struct json *fingerprint_read(struct arena *arena, const char *root, struct json *warnings);

/* The same with an opened NVML (NULL: none), which fingerprint_read opens by itself where `root` is
 * "". */
struct json *fingerprint_read_with(
    struct arena *arena, const char *root, const struct nvml *nvml, struct json *warnings);

/* SHA-256 over exactly the keys that ENVELOPE.md names; 64 hex digits and the NUL. */
void fingerprint_sha256(struct arena *arena, const struct json *fingerprint, char out_hex[65]);

/* Hardware class of this host for `--hardware auto`, by its first GPU: "cpu" when there is no GPU that
 * can be read, "unknown" for a model that no class is known for.  Static text. */
const char *fingerprint_hardware_class(const struct json *fingerprint);
