/* envelope.h - one signed JSON document per measured point.
 *
 * Source: ENVELOPE.md.  Body -> hash -> sign -> read back and verify -> write. */
#pragma once

#include "codec/json.h"
#include "envelope/records_file.h"
#include "envelope/signing_key.h"
#include "hardware/engine_site.h"
#include "stats/summary.h"

/* Whose machine hardware_fingerprint describes. */
enum fingerprint_of {
    FINGERPRINT_OF_CLIENT, /* this program's; the engine's is not known */
    FINGERPRINT_OF_BOTH,   /* engine and client share it */
    FINGERPRINT_OF_ENGINE, /* made there, and given to this run */
};

/* What a run knows when a point has been measured.  All borrowed; objects are copied into the body.
 * Unknown texts are "unknown" or "" as ENVELOPE.md says; each of them gives a warning. */
struct envelope_inputs {
    const char *suite_id;
    const char *suite_version;
    const char *run_id; /* UUIDv7 */
    int64_t timestamp_real_ns;
    const char *model_id;
    const char *model_revision;  /* "unknown" */
    const char *model_provider;  /* engine name, or host for hosted engines */
    const char *endpoint_normal; /* endpoint_normal(): hashed, not written */
    const char *engine_name;
    const char *engine_version;
    const char *engine_image_digest; /* of engine_image_digest() */
    const struct json
        *engine_config; /* what the engine told; hashed into config_hash; may be NULL */
    const struct json *engine_before; /* engine_identity_json of the probe before the point */
    const struct json *engine_after;  /* and of that after it; NULL when it could not be asked */
    const char *quantization_format;  /* --quant */
    const char *engine_address;       /* "loopback", "own", "network"; "none" in virtual time */
    enum fingerprint_of fingerprint_of;
    const struct json *engine_process; /* of struct engine_site; NULL: not known */
    const struct json *hardware_fingerprint;
    const struct json *client_fingerprint; /* with FINGERPRINT_OF_ENGINE; else NULL */
    const struct json *software_provenance;
    const char *dataset_id;
    const char *dataset_hash;
    uint64_t seed;
    const struct json *driver_options;
    const struct point_facts *facts;
    const struct record_set *records;
    const struct summary *summary;
    const char *slo_template;
    const char *slo_hardware_class;
    const char *slo_resolved;
    const struct json
        *selftest; /* of the client, at the point's load; NULL or null: none was done */
    const struct json
        *plugin; /* that brought the benchmark: id, version, kind, sha256; NULL: none */
    const struct json *plugin_metrics; /* "plugin_KEY": number or null; NULL: none */
    const struct json *judge;          /* who judged, and how it was asked; NULL: nobody */
    const char *scoring;               /* the benchmark's method, of kind quality; else NULL */
    const struct json *warnings;       /* array of strings from the run; the body adds its own */
    enum records_level records_level;
};

/* A finished point, ready to be written. */
struct envelope {
    struct arena arena;
    struct json *body; /* whole document, signature included once signed */
    char content_hash[65];
    struct bytes records; /* compressed records file; empty with RECORDS_OFF */
};

/* Builds the unsigned body.  *out is the caller's: envelope_done.
 * Errors: ERROR_LIMIT when the records exceed their limit. */
MUST_CHECK int
envelope_build(const struct envelope_inputs *inputs, struct envelope *out, struct error *err);
void envelope_done(struct envelope *self);

/* Signs the body with the key and checks the signature by verifying the bytes that will be written. */
MUST_CHECK int
envelope_sign(struct envelope *self, const struct signing_key *key, struct error *err);

/* Writes `<folder>/<prefix><hash12>.records.jsonl.zst`, then `<folder>/<prefix><hash12>.json`.
 * `prefix` is "" or like "c4-".  *out_path is the envelope's path, the caller's (free).
 * Errors: ERROR_IO, ERROR_USAGE when a file exists; nothing half-written stays behind. */
MUST_CHECK int envelope_write(
    const struct envelope *self,
    const char *folder,
    const char *prefix,
    char **out_path,
    struct error *err);

/* A new UUIDv7 from wall time and random bits.  Source: RFC 9562. */
enum {
    RUN_ID_SIZE = 37
};

void run_id_new(int64_t real_ns, char out[RUN_ID_SIZE]);

/* What is known of the engine, for the fields of the format that are about it. */
struct provenance_inputs {
    bool simulated;                 /* the engine is this program's own, built in */
    const struct engine_site *site; /* NULL: not known */
    bool has_nvidia;                /* this machine has GPUs of NVIDIA */
    const char *const *nvidia_smi;  /* where it may lie, ending with NULL; the first one is run */
};

/* The usual places. */
extern const char *const nvidia_smi_paths[];

/* What this build, this system and the engine's software are; appends to `warnings`.  May run nvidia-smi,
 * for 20 s at most: never while requests are under way. */
struct json *software_provenance_read(
    struct arena *arena, const struct provenance_inputs *inputs, struct json *warnings);

/* Digest of the engine's container image; "" when it runs in no container, NULL when it is not known. */
const char *engine_image_digest(const struct engine_site *site);
