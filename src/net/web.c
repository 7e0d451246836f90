/* One easy handle for one request: nothing here is fast, nothing needs to be.  What libcurl would do on
 * its own account is switched off: signals, redirects, other protocols, answers without end, and proxies
 * where the engine is on this machine. */
#include "net/web.h"

#include "base/mem.h"
#include "net/tls_words.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    WEB_TLS_TEXT = 256 /* as TRANSPORT_FAILURE_TEXT */
};

/* How OpenSSL's ERR_error_string begins, a code in hexadecimal after it. */
#define OPENSSL_ERROR "error:"

static void easy_freep(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

static void list_freep(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static void url_freep(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void curl_textp(char **text)
{
    curl_free(*text);
}

static void init_once(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* One request under way. */
struct exchange {
    const struct web_request *request;
    CURL *curl;
    struct web_answer answer;
    bool stopped; /* by the sink */
};

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
    struct exchange *self = user;
    const struct web_sink *sink = self->request->sink;
    if (sink == NULL) {
        bytes_add(&self->answer.body, data, size * n);
        return self->answer.body.failed ? 0 : size * n;
    }
    long status = 0;
    (void)curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    if (!sink->take(sink->user, status, data, size * n)) {
        self->stopped = true;
        return 0;
    }
    return size * n;
}

static int
look_around(void *user, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    (void)down_all;
    (void)down;
    (void)up_all;
    (void)up;
    struct exchange *self = user;
    const struct web_sink *sink = self->request->sink;
    self->stopped = self->stopped || sink->stop(sink->user);
    return self->stopped ? 1 : 0;
}

/* Copies the value when the line is this header; what does not fit is cut. */
static void take_header(const char *line, size_t len, const char *name, char *out, size_t out_size)
{
    const size_t name_len = strlen(name);
    if (len <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':') {
        return;
    }
    const char *value = line + name_len + 1;
    size_t value_len = len - name_len - 1;
    while (value_len > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        value_len--;
    }
    while (value_len > 0 && strchr(" \t\r\n", value[value_len - 1]) != NULL) {
        value_len--;
    }
    (void)snprintf(out, out_size, "%.*s", (int)value_len, value);
}

static void clear_wanted(const struct web_request *request)
{
    for (size_t i = 0; i < request->n_wanted; i++) {
        request->wanted[i].out[0] = '\0';
    }
}

static size_t take_header_line(char *data, size_t size, size_t n, void *user)
{
    struct exchange *self = user;
    struct web_answer *answer = &self->answer;
    const struct web_request *request = self->request;
    const size_t len = size * n;
    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        /* The head of another response: what an interim one said does not count. */
        answer->content_type[0] = '\0';
        answer->server[0] = '\0';
        answer->date[0] = '\0';
        clear_wanted(request);
    }
    take_header(data, len, "Content-Type", answer->content_type, sizeof(answer->content_type));
    take_header(data, len, "Server", answer->server, sizeof(answer->server));
    take_header(data, len, "Date", answer->date, sizeof(answer->date));
    for (size_t i = 0; i < request->n_wanted; i++) {
        const struct web_header *header = &request->wanted[i];
        take_header(data, len, header->name, header->out, header->size);
    }
    return len;
}

/* The host of a URL, freed by curl_free; NULL where it has none. */
static char *host_of(const char *url)
{
    CLEANUP(url_freep) CURLU *parsed = curl_url();
    char *host = NULL;
    if (parsed == NULL || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        return NULL;
    }
    return host;
}

bool web_is_loopback(const char *url)
{
    CLEANUP(curl_textp) char *host = host_of(url);
    if (host == NULL) {
        return false;
    }
    /* Not every name that begins with 127. is this machine. */
    struct in_addr address;
    const bool local = inet_pton(AF_INET, host, &address) == 1 && strncmp(host, "127.", 4) == 0;
    return local || strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static void allow_http_only(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_behaviour(CURL *curl, const struct web_request *request)
{
    (void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    if (request->idle_s > 0) {
        (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, request->idle_s);
        (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, request->idle_s);
    }
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "bench");
    allow_http_only(curl);
    /* As the measured connections do (tls.c): an engine that is asked is also one that can be measured. */
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (web_is_loopback(request->url)) {
        (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }
    if (request->ca_file != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
        (void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (request->insecure) {
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static struct curl_slist *make_headers(const struct web_request *request)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < request->n_headers; i++) {
        list = curl_slist_append(list, request->headers[i]);
    }
    /* libcurl would ask whether a long body is welcome, and wait a second for the answer. */
    return curl_slist_append(list, "Expect:");
}

static void set_message(CURL *curl, const struct web_request *request, struct curl_slist *headers)
{
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (request->body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    }
    if (request->method != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
        if (strcmp(request->method, "HEAD") == 0) {
            (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        }
    }
}

/* Without signal handlers, libcurl leaves it to its caller that OpenSSL writes to connections that are
 * gone: SIGPIPE is held back in this thread meanwhile, and taken away if it came. */
static CURLcode perform(CURL *curl)
{
    sigset_t pipe_only;
    sigset_t before;
    sigset_t waiting;
    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    (void)sigpending(&waiting);
    const bool waited_already = sigismember(&waiting, SIGPIPE) == 1;
    const CURLcode code = curl_easy_perform(curl);
    if (!waited_already) {
        const struct timespec now = {0};
        (void)sigtimedwait(&pipe_only, NULL, &now);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* The connection is there, and TLS not. */
static bool is_waiting_for_tls(CURL *curl, const char *url)
{
    const char *address = NULL;
    curl_off_t secured_us = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &address);
    (void)curl_easy_getinfo(curl, CURLINFO_APPCONNECT_TIME_T, &secured_us);
    return strncasecmp(url, "https:", 6) == 0 && address != NULL && address[0] != '\0' &&
           secured_us == 0;
}

/* Says why there is no answer.  A failure of TLS is told in our own words: libcurl gives OpenSSL's codes and
 * no way out. */
static int
describe(CURL *curl, CURLcode code, const char *url, const char *reason, struct error *err)
{
    CLEANUP(curl_textp) char *host = host_of(url);
    err->os_errno = code == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT : 0;
    const char *name = host != NULL ? host : "the server";
    char text[WEB_TLS_TEXT];
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        long verified = X509_V_OK;
        (void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verified);
        /* libcurl compares the names itself, and before it keeps what OpenSSL says of the chain. */
        const bool name_differs = verified == X509_V_OK || verified == X509_V_ERR_UNSPECIFIED;
        tls_words_of_certificate(
            name, name_differs ? X509_V_ERR_HOSTNAME_MISMATCH : verified, text, sizeof(text));
        return error_set(err, ERROR_VERIFY, "%s: %s", url, text);
    }
    const char *told = strstr(reason, OPENSSL_ERROR);
    const unsigned long openssl_code =
        told != NULL ? strtoul(told + strlen(OPENSSL_ERROR), NULL, 16) : 0;
    if (ERR_GET_LIB(openssl_code) == ERR_LIB_SSL) {
        tls_words_of_handshake(name, openssl_code, text, sizeof(text));
        return error_set(err, ERROR_UNAVAILABLE, "%s: %s", url, text);
    }
    if (code == CURLE_OPERATION_TIMEDOUT && is_waiting_for_tls(curl, url)) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "%s: TLS with %s: no answer to the handshake in time: does the server speak plain http?",
            url, name);
    }
    return error_set(
        err, ERROR_UNAVAILABLE, "%s: %s", url,
        reason[0] != '\0' ? reason : curl_easy_strerror(code));
}

static long retry_after(CURL *curl)
{
    curl_off_t seconds = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
    return seconds > 0 ? (long)seconds : 0;
}

static void set_callbacks(struct exchange *self)
{
    CURL *curl = self->curl;
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, self);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header_line);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, self);
    if (self->request->sink != NULL && self->request->sink->stop != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_around);
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, self);
        (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    }
}

int web_fetch(const struct web_request *request, struct web_answer *out, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_once);
    clear_wanted(request);
    CLEANUP(easy_freep) CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "%s: libcurl cannot be initialised", request->url);
    }
    struct exchange exchange = {.request = request, .curl = curl};
    struct web_answer *answer = &exchange.answer;
    bytes_init(&answer->body, request->max_bytes);
    char reason[CURL_ERROR_SIZE] = "";
    CLEANUP(list_freep) struct curl_slist *headers = make_headers(request);
    set_behaviour(curl, request);
    set_message(curl, request, headers);
    set_callbacks(&exchange);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    const CURLcode code = perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    if (code == CURLE_OK || exchange.stopped) {
        answer->retry_after_s = retry_after(curl);
        *out = *answer;
        return exchange.stopped ? WEB_STOPPED : 0;
    }
    const bool too_long = answer->body.failed;
    web_answer_done(answer);
    if (too_long) {
        return error_set(
            err, ERROR_LIMIT, "%s: the answer is longer than %zu bytes", request->url,
            request->max_bytes);
    }
    return describe(curl, code, request->url, reason, err);
}

void web_answer_done(struct web_answer *self)
{
    bytes_done(&self->body);
    *self = (struct web_answer){0};
}

int web_follow(const char *url, const char *location, char **out, struct error *err)
{
    CLEANUP(url_freep) CURLU *parsed = curl_url();
    CLEANUP(curl_textp) char *text = NULL;
    if (parsed == NULL || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_set(parsed, CURLUPART_URL, location, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_URL, &text, 0) != CURLUE_OK) {
        return error_set(
            err, ERROR_UNAVAILABLE, "%s: redirected to '%.200s', which is no URL", url, location);
    }
    *out = mem_copy_text(text);
    return 0;
}

/* Equal also where one of them names the scheme's own port. */
static bool has_same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    CLEANUP(curl_textp) char *of_a = NULL;
    CLEANUP(curl_textp) char *of_b = NULL;
    return curl_url_get(a, part, &of_a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           curl_url_get(b, part, &of_b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           strcasecmp(of_a, of_b) == 0;
}

bool web_same_origin(const char *a, const char *b)
{
    CLEANUP(url_freep) CURLU *of_a = curl_url();
    CLEANUP(url_freep) CURLU *of_b = curl_url();
    return of_a != NULL && of_b != NULL && curl_url_set(of_a, CURLUPART_URL, a, 0) == CURLUE_OK &&
           curl_url_set(of_b, CURLUPART_URL, b, 0) == CURLUE_OK &&
           has_same_part(of_a, of_b, CURLUPART_SCHEME) &&
           has_same_part(of_a, of_b, CURLUPART_HOST) && has_same_part(of_a, of_b, CURLUPART_PORT);
}

const char *web_library_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}
