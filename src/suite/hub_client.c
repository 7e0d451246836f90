/* Large files do not lie on the hub: it redirects to a content network, whose signed addresses need no token and
 * must not see one.  So redirects are followed here, one by one, and each request is given the token only when it
 * goes where the token belongs.
 *
 * Facts of a file are in the hub's own answer (X-Linked-...), not in the one at the end of the redirect.  Source:
 * huggingface_hub's get_hf_file_metadata. */
#include "suite/hub_client.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    REDIRECTS_MAX = 5,
    HEADERS_MAX = 8,
    ASK_TIMEOUT_MS = 60000, /* of questions whose answer is short */
    IDLE_S = 30,            /* without a byte: the connection is dead */
    GIT_SHA1_LEN = HUB_COMMIT_SIZE - 1
};

/* URLs in front of which the token is put are the endpoint's, whatever path they have. */
static bool is_endpoint(const struct hub_settings *settings, const char *url)
{
    return web_same_origin(settings->endpoint, url);
}

/* What net/ advises about TLS names the options of the measured engine; here it is the environment's turn. */
static const char *const advice_words[][2] = {
    {"--cacert FILE", "SSL_CERT_FILE"},
    {"--base-url", "HF_ENDPOINT"},
};

static int name_environment(struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(advice_words); i++) {
        const struct error before = *err;
        const char *at = strstr(before.text, advice_words[i][0]);
        if (at != NULL) {
            error_clear(err);
            const int rc = error_set(
                err, before.code, "%.*s%s%s", (int)(at - before.text), before.text,
                advice_words[i][1], at + strlen(advice_words[i][0]));
            (void)rc;
        }
    }
    return -(int)err->code;
}

static int ask_once(
    const struct hub_settings *settings,
    const struct hub_question *question,
    const char *url,
    struct hub_answer *out,
    struct error *err)
{
    const struct web_header wanted[] = {
        {"Location", out->location, sizeof(out->location)},
        {"X-Repo-Commit", out->commit, sizeof(out->commit)},
        {"X-Linked-Etag", out->linked_etag, sizeof(out->linked_etag)},
        {"X-Linked-Size", out->linked_size, sizeof(out->linked_size)},
        {"ETag", out->etag, sizeof(out->etag)},
        {"Content-Length", out->length, sizeof(out->length)},
        {"Content-Range", out->range, sizeof(out->range)},
        {"X-Error-Code", out->error_code, sizeof(out->error_code)},
        {"X-Error-Message", out->error_message, sizeof(out->error_message)},
    };
    char authorization[HUB_TOKEN_SIZE + 32];
    const char *headers[HEADERS_MAX];
    size_t n = 0;
    for (; n < question->n_headers && n < HEADERS_MAX - 1; n++) {
        headers[n] = question->headers[n];
    }
    if (settings->token[0] != '\0' && is_endpoint(settings, url)) {
        (void)snprintf(
            authorization, sizeof(authorization), "Authorization: Bearer %s", settings->token);
        headers[n++] = authorization;
    }
    const struct web_request request = {
        .url = url,
        .method = question->method,
        .headers = headers,
        .n_headers = n,
        .ca_file = settings->ca_file,
        .timeout_ms = question->sink == NULL ? ASK_TIMEOUT_MS : 0,
        .idle_s = IDLE_S,
        .max_bytes = question->body != NULL ? question->body->max : 0,
        .wanted = wanted,
        .n_wanted = ARRAY_LEN(wanted),
        .sink = question->sink,
    };
    struct web_answer answer;
    const int rc = web_fetch(&request, &answer, err);
    if (rc < 0) {
        return name_environment(err);
    }
    out->status = answer.status;
    out->retry_after_s = answer.retry_after_s;
    out->elsewhere = !is_endpoint(settings, url);
    if (question->body != NULL) {
        bytes_clear(question->body);
        bytes_add(question->body, answer.body.data, answer.body.len);
    }
    web_answer_done(&answer);
    return rc;
}

static bool is_redirect(const struct hub_answer *answer)
{
    return (answer->status == 301 || answer->status == 302 || answer->status == 303 ||
            answer->status == 307 || answer->status == 308) &&
           answer->location[0] != '\0';
}

int hub_ask(
    const struct hub_settings *settings,
    const struct hub_question *question,
    struct hub_answer *out,
    struct error *err)
{
    CLEANUP(mem_freep) char *url = mem_copy_text(question->url);
    for (unsigned n = 0; n <= REDIRECTS_MAX; n++) {
        *out = (struct hub_answer){0};
        int rc = ask_once(settings, question, url, out, err);
        if (rc < 0 || !is_redirect(out)) {
            return rc;
        }
        CLEANUP(mem_freep) char *next = NULL;
        rc = web_follow(url, out->location, &next, err);
        if (rc != 0) {
            return rc;
        }
        if (question->stay && !is_endpoint(settings, next)) {
            return 0;
        }
        if (text_starts_with(url, "https:") && !text_starts_with(next, "https:")) {
            return error_set(
                err, ERROR_UNAVAILABLE, "%s: redirected from https to '%.200s', which is not", url,
                next);
        }
        char *old = url;
        url = TAKE(next);
        mem_freep(&old);
    }
    return error_set(
        err, ERROR_UNAVAILABLE, "%s: more than %d redirects", question->url, REDIRECTS_MAX);
}

/* Everything but letters, digits and "-_.~" as %XX; '/' as `slash` says. */
static void add_escaped(struct bytes *out, const char *text, bool slash)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-_.~";
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(plain, *p) != NULL || (slash && *p == '/')) {
            bytes_add_char(out, *p);
        } else {
            bytes_add_format(out, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
}

char *
hub_file_url(const struct hub_settings *settings, const struct hub_name *name, const char *commit)
{
    struct bytes url;
    bytes_init(&url, BYTES_MAX_DEFAULT);
    bytes_add_format(
        &url, "%s/datasets/%s/%s/resolve/", settings->endpoint, name->owner, name->dataset);
    add_escaped(&url, commit, false);
    bytes_add_char(&url, '/');
    add_escaped(&url, name->file, true);
    return bytes_take(&url);
}

static char *commit_url(const struct hub_settings *settings, const struct hub_name *name)
{
    struct bytes url;
    bytes_init(&url, BYTES_MAX_DEFAULT);
    bytes_add_format(
        &url, "%s/api/datasets/%s/%s/revision/", settings->endpoint, name->owner, name->dataset);
    add_escaped(&url, name->revision, false);
    /* Without it the answer lists every file of the dataset. */
    bytes_add_text(&url, "?expand=sha");
    return bytes_take(&url);
}

int hub_ask_commit(
    const struct hub_settings *settings,
    const struct hub_name *name,
    char out[HUB_COMMIT_SIZE],
    struct error *err)
{
    CLEANUP(mem_freep) char *url = commit_url(settings, name);
    CLEANUP(bytes_done) struct bytes body;
    bytes_init(&body, JSON_SIZE_MAX);
    struct hub_answer answer;
    const struct hub_question question = {.url = url, .body = &body};
    const int rc = hub_ask(settings, &question, &answer, err);
    if (rc < 0) {
        return rc;
    }
    if (answer.status != 200) {
        return hub_fail(settings, name, &answer, err);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error ignored = {0};
    const char *text = body.data != NULL ? body.data : "";
    const bool parsed = json_parse(&arena, "", text, body.len, &root, &ignored) == 0;
    const char *sha = parsed ? json_text(json_find(root, "sha"), "") : "";
    if (!hub_is_commit(sha)) {
        return error_set(
            err, ERROR_UNAVAILABLE, "%s: the answer names no commit: is HF_ENDPOINT a hub?", url);
    }
    memcpy(out, sha, HUB_COMMIT_SIZE);
    return 0;
}

/* W/"abc" and "abc" without what is around. */
static void bare_etag(const char *text, char out[HUB_ETAG_SIZE])
{
    const char *begin = text_starts_with(text, "W/") ? text + 2 : text;
    const size_t quotes = *begin == '"' ? 1 : 0;
    (void)snprintf(out, HUB_ETAG_SIZE, "%s", begin + quotes);
    const size_t len = strlen(out);
    if (quotes != 0 && len > 0 && out[len - 1] == '"') {
        out[len - 1] = '\0';
    }
}

static void fill_facts(const struct hub_answer *answer, struct hub_facts *out)
{
    *out = (struct hub_facts){0};
    const bool linked = answer->linked_etag[0] != '\0';
    bare_etag(linked ? answer->linked_etag : answer->etag, out->etag);
    const size_t sha256_len = HUB_SHA256_SIZE - 1;
    if (strlen(out->etag) == sha256_len && strspn(out->etag, "0123456789abcdef") == sha256_len) {
        memcpy(out->sha256, out->etag, HUB_SHA256_SIZE);
    }
    /* The length of a redirect is that of its own few words. */
    const char *told = answer->linked_size[0] != '\0' ? answer->linked_size : "";
    if (*told == '\0' && answer->status == 200) {
        told = answer->length;
    }
    int64_t size = 0;
    struct error ignored = {0};
    out->has_size = text_parse_i64(told, 0, INT64_MAX, &size, &ignored) == 0;
    out->size = (uint64_t)size;
}

int hub_ask_facts(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    struct hub_facts *out,
    struct error *err)
{
    CLEANUP(mem_freep) char *url = hub_file_url(settings, name, commit);
    CLEANUP(bytes_done) struct bytes body;
    bytes_init(&body, 0);
    struct hub_answer answer;
    const struct hub_question question = {
        .method = "HEAD", .url = url, .stay = true, .body = &body};
    const int rc = hub_ask(settings, &question, &answer, err);
    if (rc < 0) {
        return rc;
    }
    if (answer.status != 200 && !is_redirect(&answer)) {
        return hub_fail(settings, name, &answer, err);
    }
    if (answer.commit[0] != '\0' && !text_equal(answer.commit, commit)) {
        return error_set(
            err, ERROR_UNAVAILABLE, "%s: the hub answered with commit '%s'", url, answer.commit);
    }
    fill_facts(&answer, out);
    return 0;
}

/* What to do, by what the hub says; else by the status alone. */
struct failure {
    const char *code; /* X-Error-Code; NULL: any */
    long status;      /* 0: any */
    int with_token;   /* 1: only with a token, 0: only without, -1: either way */
    const char *text;
};

static const struct failure failures[] = {
    {"GatedRepo", 0, 0,
     "access is granted one by one: accept the dataset's terms on its page, then set HF_TOKEN"},
    {"GatedRepo", 0, 1,
     "access is granted one by one: accept the dataset's terms on its page with the account of "
     "HF_TOKEN"},
    {"RevisionNotFound", 0, -1, "the dataset has no such branch, tag or commit"},
    {"EntryNotFound", 0, -1, "the dataset has no such file at this revision: see its page"},
    {"RepoNotFound", 0, 0,
     "there is no such dataset, or it is private: check the name, or set HF_TOKEN"},
    {"RepoNotFound", 0, 1,
     "there is no such dataset, or HF_TOKEN has no access to it: check the name"},
    {NULL, 401, 0, "it needs a token, or does not exist: check the name, or set HF_TOKEN"},
    {NULL, 401, 1, "HF_TOKEN is not accepted: make a new one, or unset it for public datasets"},
    {NULL, 403, 0, "access is refused without a token: set HF_TOKEN"},
    {NULL, 403, 1, "HF_TOKEN has no access to it"},
    {NULL, 404, -1, "there is no such dataset, revision or file: check the name"},
    {NULL, 429, 0, "too many requests: try again later, or set HF_TOKEN for a larger allowance"},
    {NULL, 429, 1, "too many requests: try again later"},
    {NULL, 0, -1, "the hub does not give it: try again later"},
};

static const char *advice(const struct hub_settings *settings, const struct hub_answer *answer)
{
    const int has_token = settings->token[0] != '\0' ? 1 : 0;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        const struct failure *row = &failures[i];
        const bool same_code = row->code == NULL || text_equal(row->code, answer->error_code);
        const bool same_status = row->status == 0 || row->status == answer->status;
        if (same_code && same_status && (row->with_token < 0 || row->with_token == has_token)) {
            return row->text;
        }
    }
    return "";
}

int hub_fail(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const struct hub_answer *answer,
    struct error *err)
{
    char text[HUB_TEXT_SIZE];
    hub_name_write(name, name->revision, text);
    char said[HUB_WORD_SIZE + 8] = "";
    if (answer->error_message[0] != '\0') {
        (void)snprintf(said, sizeof(said), " (%s)", answer->error_message);
    }
    if (answer->elsewhere) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "%.500s: HTTP %ld from the host that %.100s redirects to: try again", text,
            answer->status, settings->endpoint);
    }
    char wait[64] = "";
    if (answer->retry_after_s > 0) {
        (void)snprintf(wait, sizeof(wait), "; it asks for %ld s", answer->retry_after_s);
    }
    return error_set(
        err, ERROR_UNAVAILABLE, "%.500s: HTTP %ld%s from %.100s: %s%s", text, answer->status, said,
        settings->endpoint, advice(settings, answer), wait);
}
