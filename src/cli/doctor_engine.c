/* What is wrong with the options ends the command; what is wrong with the engine is a row of its table. */
#include "cli/doctor_engine.h"

#include "cli/run_options.h"
#include "net/transport_socket.h"

#include <stdlib.h>

static int
read_key(const struct doctor_engine *options, struct engine_target *out, struct error *err)
{
    if (options->api_key_env[0] == '\0') {
        return 0;
    }
    out->api_key = secure_getenv(options->api_key_env);
    if (out->api_key == NULL || out->api_key[0] == '\0') {
        return error_set(
            err, ERROR_USAGE, "--api-key-env: environment variable %s is not set",
            options->api_key_env);
    }
    return 0;
}

static int read_certificates(const struct engine_target *target, struct error *err)
{
    struct tls_context *tls = NULL;
    if (target->endpoint.tls &&
        tls_context_open(target->ca_file, target->insecure, &tls, err) < 0) {
        return error_prefix(err, "--cacert: ");
    }
    tls_context_free(tls);
    return 0;
}

int doctor_engine_target(
    const struct doctor_engine *options, struct engine_target *out, struct error *err)
{
    *out = (struct engine_target){
        .base_url = options->base_url,
        .headers = options->headers.values,
        .n_headers = options->headers.n,
        .ca_file = options->cacert[0] != '\0' ? options->cacert : NULL,
        .insecure = options->insecure,
        .model = options->model,
    };
    if (endpoint_parse(options->base_url, &out->endpoint, err) < 0) {
        return error_prefix(err, "--base-url: ");
    }
    for (size_t i = 0; i < options->headers.n; i++) {
        const int result = run_header_check(options->headers.values[i], err);
        if (result < 0) {
            return result;
        }
    }
    const int result = read_key(options, out, err);
    return result < 0 ? result : read_certificates(out, err);
}
