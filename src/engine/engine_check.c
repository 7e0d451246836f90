/* From near to far: the address, the connection, an answer, the identity, the process behind it. */
#include "engine/engine_check.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Clocks kept by NTP differ by milliseconds; a Date has whole seconds. */
#define SKEW_MAX_S 1.0
/* A machine in the same rack answers in a tenth of that; every TTFT holds one of them. */
#define ROUND_TRIP_MAX_MS 1.0

enum {
    CONNECTS = 5,
    CONNECT_TIMEOUT_MS = 5000,
    ANSWER_TIMEOUT_MS = 10000,
    ANSWER_MAX = 8 << 20
};

enum row_id {
    ROW_REACHABLE,
    ROW_MODEL,
    ROW_VERSION,
    ROW_CLOCK,
    ROW_ROUND_TRIP,
    ROW_ROUTE,
    ROW_LOCAL,
    ROWS
};

static const struct check rows[ROWS] = {
    [ROW_REACHABLE] =
        {.name = "engine.reachable",
         .what = "whether the engine answers at all",
         .part = CHECK_ENGINE,
         .order = CHECK_IN_WORDS,
         .wanted = "answers",
         .trip = CHECK_FAIL,
         .slow = true,
         .source = "GET BASE/models, any answer of HTTP",
         .fix = "start the engine, or correct --base-url"},
    [ROW_MODEL] =
        {.name = "engine.model",
         .what = "whether the engine serves the model that is asked for, to this key",
         .part = CHECK_ENGINE,
         .order = CHECK_IN_WORDS,
         .wanted = "served",
         .trip = CHECK_FAIL,
         .slow = true,
         .source = "BASE/models, as bench run reads it",
         .fix = "correct --model, --api-key-env or --base-url; see what was found"},
    [ROW_VERSION] =
        {.name = "engine.version",
         .what = "whether the engine tells its version: figures without one cannot be compared",
         .part = CHECK_ENGINE,
         .order = CHECK_IN_WORDS,
         .wanted = "told",
         .trip = CHECK_WARN,
         .slow = true,
         .source = "the engine's version path, as bench run reads it",
         .fix = "--engine with the engine's own name"},
    [ROW_CLOCK] =
        {.name = "engine.clock",
         .what = "difference of the engine's wall clock from this one, at least",
         .part = CHECK_ENGINE,
         .order = CHECK_AT_MOST,
         .limit = SKEW_MAX_S,
         .wanted = "s",
         .trip = CHECK_WARN,
         .slow = true,
         .source = "Date header of the answer",
         .fix = "let both machines follow NTP (timedatectl set-ntp true, chronyd)"},
    [ROW_ROUND_TRIP] =
        {.name = "engine.round_trip",
         .what = "time of a round trip to the engine, the shortest of five: every TTFT holds one",
         .part = CHECK_ENGINE,
         .order = CHECK_AT_MOST,
         .limit = ROUND_TRIP_MAX_MS,
         .wanted = "ms",
         .trip = CHECK_WARN,
         .slow = true,
         .source = "connect(2) to the engine's address",
         .fix = "run bench nearer to the engine, best on its machine"},
    [ROW_ROUTE] =
        {.name = "engine.route",
         .what = "the way to the engine; a proxy of the environment is used by one-shot requests, "
                 "never by measured ones",
         .part = CHECK_ENGINE,
         .order = CHECK_IN_WORDS,
         .wanted = "direct",
         .trip = CHECK_WARN,
         .slow = true,
         .source = "getsockname(2) of a connection; http_proxy, https_proxy, all_proxy, no_proxy",
         .fix = "name the engine's host in no_proxy"},
    [ROW_LOCAL] =
        {.name = "engine.local",
         .what = "whether the engine runs on this machine: if not, the fingerprint and the checks "
                 "above are of the client's machine",
         .part = CHECK_ENGINE,
         .order = CHECK_IN_WORDS,
         .wanted = "on this machine",
         .trip = CHECK_WARN,
         .slow = true,
         .source = "the machine's own addresses; who listens on the engine's port",
         .fix =
             "run bench doctor on the engine's machine too; bench run takes its fingerprint with "
             "--engine-host-file"},
};

const struct check *engine_check_at(size_t i)
{
    return i < ROWS ? &rows[i] : NULL;
}

struct look {
    const struct engine_check_query *query;
    struct arena *arena;
    struct check_reading readings[ROWS];
};

/* ---- Addresses and connections. ---- */

static void close_fdp(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static const char *numeric_address(struct arena *arena, const struct sockaddr_storage *storage)
{
    char text[INET6_ADDRSTRLEN] = "";
    const void *bytes = storage->ss_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)storage)->sin_addr
                            : (const void *)&((const struct sockaddr_in6 *)storage)->sin6_addr;
    return inet_ntop(storage->ss_family, bytes, text, sizeof(text)) == NULL
               ? "?"
               : arena_copy_text(arena, text);
}

/* Duration of one connect in nanoseconds, or -1; *out_source is the local address. */
static int64_t connect_once(const struct address *address, struct sockaddr_storage *out_source)
{
    CLEANUP(close_fdp)
    const int fd =
        socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int64_t begin_ns = clock_mono_ns();
    if (fd < 0 || (connect(fd, (const struct sockaddr *)&address->storage, address->len) < 0 &&
                   errno != EINPROGRESS)) {
        return -1;
    }
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int os_errno = 0;
    socklen_t len = sizeof(os_errno);
    if (poll(&wait, 1, CONNECT_TIMEOUT_MS) != 1 ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &os_errno, &len) < 0 || os_errno != 0) {
        return -1;
    }
    const int64_t took_ns = clock_mono_ns() - begin_ns;
    len = sizeof(*out_source);
    return getsockname(fd, (struct sockaddr *)out_source, &len) < 0 ? -1 : took_ns;
}

/* Connects to the first address that takes a connection, and again; NULL when none does. */
static const struct address *
measure_connects(struct look *self, const struct address *addresses, size_t n)
{
    const struct endpoint *endpoint = &self->query->target->endpoint;
    struct sockaddr_storage source = {0};
    const struct address *reached = NULL;
    int64_t least_ns = -1;
    for (size_t i = 0; i < n && reached == NULL; i++) {
        least_ns = connect_once(&addresses[i], &source);
        reached = least_ns >= 0 ? &addresses[i] : NULL;
    }
    if (reached == NULL) {
        return NULL;
    }
    for (int i = 1; i < CONNECTS; i++) {
        const int64_t took_ns = connect_once(reached, &source);
        least_ns = took_ns >= 0 && took_ns < least_ns ? took_ns : least_ns;
    }
    const double ms = (double)least_ns / 1e6;
    check_number(&self->readings[ROW_ROUND_TRIP], ms, "%.3f ms", ms);
    const char *proxy = engine_proxy_variable(endpoint);
    const char *from = numeric_address(self->arena, &source);
    const char *to = numeric_address(self->arena, &reached->storage);
    if (proxy == NULL) {
        check_words(&self->readings[ROW_ROUTE], true, "from %s to %s", from, to);
    } else {
        check_words(
            &self->readings[ROW_ROUTE], false, "from %s to %s; one-shot requests by %s", from, to,
            proxy);
    }
    return reached;
}

/* ---- What the engine says. ---- */

static void read_clock(struct look *self, const char *date, int64_t sent_ns, int64_t received_ns)
{
    struct check_reading *out = &self->readings[ROW_CLOCK];
    int64_t date_s = 0;
    if (date[0] == '\0') {
        check_unknown(out, "its answers have no Date header");
        return;
    }
    if (!engine_date_parse(date, &date_s)) {
        check_unknown(out, "its Date header is '%s'", date);
        return;
    }
    const double skew_s = engine_date_skew_s(date_s, sent_ns, received_ns);
    if (skew_s > 0.0) {
        check_number(out, skew_s, "%.1f s ahead", skew_s);
    } else if (skew_s < 0.0) {
        check_number(out, -skew_s, "%.1f s behind", -skew_s);
    } else {
        check_number(out, 0.0, "none that a Date header shows");
    }
}

/* Any answer counts, a refusal too. */
static bool ask_once(struct look *self)
{
    const struct engine_target *target = self->query->target;
    char url[ENDPOINT_NORMAL_MAX];
    endpoint_normal(&target->endpoint, url);
    const struct web_request request = {
        .url = arena_format(self->arena, "%s/models", url),
        .ca_file = target->ca_file,
        .insecure = target->insecure,
        .timeout_ms = ANSWER_TIMEOUT_MS,
        .max_bytes = ANSWER_MAX,
    };
    struct error err = {0};
    CLEANUP(web_answer_done) struct web_answer answer = {0};
    const int64_t sent_ns = clock_real_ns();
    if (web_fetch(&request, &answer, &err) < 0) {
        check_words(&self->readings[ROW_REACHABLE], false, "%.400s", err.text);
        return false;
    }
    const int64_t received_ns = clock_real_ns();
    check_words(&self->readings[ROW_REACHABLE], true, "HTTP %ld", answer.status);
    read_clock(self, answer.date, sent_ns, received_ns);
    return true;
}

static void ask_identity(struct look *self)
{
    const struct engine_ops *engine = self->query->engine;
    struct engine_identity identity = {0};
    struct error err = {0};
    if (engine->probe(engine, self->query->target, self->arena, &identity, &err) < 0) {
        check_words(&self->readings[ROW_MODEL], false, "%.400s", err.text);
        check_unknown(&self->readings[ROW_VERSION], "it was not asked without a model");
        return;
    }
    if (identity.max_model_len > 0) {
        check_words(
            &self->readings[ROW_MODEL], true, "%s, context %u", identity.model,
            identity.max_model_len);
    } else {
        check_words(&self->readings[ROW_MODEL], true, "%s", identity.model);
    }
    const bool told = identity.version[0] != '\0';
    check_words(
        &self->readings[ROW_VERSION], told, "%s %s", engine->name,
        told ? identity.version : "tells no version");
}

/* ---- Where it runs. ---- */

void engine_check_site(const struct engine_site *site, struct check_reading *out)
{
    if (!site->local) {
        check_words(out, false, "%s", site->why);
    } else if (site->known) {
        check_words(out, true, "%s, pid %d", site->process.name, site->process.pid);
    } else {
        check_words(out, true, "%s address; %s", host_address_name(site->address), site->why);
    }
}

static void find_site(struct look *self, const struct address *address, struct engine_site *site)
{
    const struct engine_site_query query = {
        .root = "", .address = (const struct sockaddr *)&address->storage};
    engine_site_find(&query, self->arena, json_new(self->arena, JSON_ARRAY), site);
    engine_check_site(site, &self->readings[ROW_LOCAL]);
}

void engine_check(
    const struct engine_check_query *query,
    struct arena *arena,
    struct check_list *out,
    struct engine_site *site)
{
    struct look *look = arena_alloc(arena, sizeof(*look));
    *look = (struct look){.query = query, .arena = arena};
    struct engine_site own_site = {0};
    struct address addresses[ENDPOINT_ADDRESSES_MAX];
    size_t n = 0;
    struct error err = {0};
    for (size_t i = 0; i < ROWS; i++) {
        check_unknown(&look->readings[i], "the engine does not answer");
    }
    site = site == NULL ? &own_site : site;
    *site = (struct engine_site){0};
    if (endpoint_resolve(&query->target->endpoint, addresses, &n, &err) < 0) {
        check_words(&look->readings[ROW_REACHABLE], false, "%.400s", err.text);
    } else {
        const struct address *reached = measure_connects(look, addresses, n);
        if (reached != NULL) {
            find_site(look, reached, site);
        }
        if (ask_once(look)) {
            ask_identity(look);
        }
    }
    for (size_t i = 0; i < ROWS; i++) {
        check_list_add(out, &rows[i], &look->readings[i]);
    }
}
