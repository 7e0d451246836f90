/* The environment of the hub's own tools is used where it fits, so that what a person has set for those
 * holds here too. */
#include "base/mem.h"
#include "base/text.h"
#include "net/web.h"
#include "suite/hub.h"
#include "suite/hub_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_ENDPOINT "https://huggingface.co"

enum {
    BYTES_PER_MB = 1 << 20,
    MAX_MB = HUB_FILE_BYTES_MAX / BYTES_PER_MB
};

static const char *environment(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static int read_endpoint(struct hub_settings *self, struct error *err)
{
    const char *value = environment("HF_ENDPOINT");
    const char *text = value != NULL ? value : DEFAULT_ENDPOINT;
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '/') {
        len--;
    }
    const bool http = text_starts_with(text, "http://") || text_starts_with(text, "https://");
    if (!http || len >= sizeof(self->endpoint) || strpbrk(text, " \t\r\n@?#\\") != NULL) {
        return error_set(
            err, ERROR_USAGE, "HF_ENDPOINT: '%s' is not a URL like " DEFAULT_ENDPOINT, text);
    }
    memcpy(self->endpoint, text, len);
    self->endpoint[len] = '\0';
    return 0;
}

/* A token is one header's value.  It is not told in messages. */
static int read_token(struct hub_settings *self, struct error *err)
{
    const char *value = environment("HF_TOKEN");
    self->token[0] = '\0';
    if (value == NULL) {
        return 0;
    }
    const size_t len = strlen(value);
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '!' || value[i] > '~') {
            return error_set(
                err, ERROR_USAGE, "HF_TOKEN: it holds a blank or a character that no token has");
        }
    }
    if (len >= sizeof(self->token)) {
        return error_set(
            err, ERROR_USAGE, "HF_TOKEN: it is longer than %d characters", HUB_TOKEN_SIZE - 1);
    }
    if (text_starts_with(self->endpoint, "http://") && !web_is_loopback(self->endpoint)) {
        return error_set(
            err, ERROR_USAGE,
            "HF_ENDPOINT: '%s' is not https, and HF_TOKEN would be readable on the way; give https "
            "or unset HF_TOKEN",
            self->endpoint);
    }
    memcpy(self->token, value, len + 1);
    return 0;
}

/* As the hub's own library reads it. */
static bool is_true(const char *value)
{
    static const char *const words[] = {"1", "on", "yes", "true"};
    for (size_t i = 0; value != NULL && i < ARRAY_LEN(words); i++) {
        if (strcasecmp(value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int read_limit(struct hub_settings *self, struct error *err)
{
    const char *value = environment("BENCH_FETCH_MAX_MB");
    self->max_bytes = HUB_FILE_BYTES_MAX;
    if (value == NULL) {
        return 0;
    }
    int64_t megabytes = 0;
    if (text_parse_i64(value, 1, MAX_MB, &megabytes, err) != 0) {
        return error_prefix(err, "BENCH_FETCH_MAX_MB: ");
    }
    self->max_bytes = (uint64_t)megabytes * BYTES_PER_MB;
    return 0;
}

int hub_settings_init(struct hub_settings *self, struct error *err)
{
    *self = (struct hub_settings){
        .ca_file = environment("SSL_CERT_FILE"),
        .offline = is_true(environment("HF_HUB_OFFLINE")),
    };
    int rc = read_endpoint(self, err);
    if (rc == 0) {
        rc = read_token(self, err);
    }
    if (rc == 0) {
        rc = read_limit(self, err);
    }
    if (rc == 0) {
        rc = hub_cache_folder(&self->cache, err);
    }
    return rc;
}

void hub_settings_done(struct hub_settings *self)
{
    free(self->cache);
    *self = (struct hub_settings){0};
}
