/* Which answer a request gets: routes, keys, and the answers that are no completion. */
#include "base/clock.h"
#include "base/text.h"
#include "codec/json_pull.h"
#include "sim/sim_core.h"

#include <string.h>

static bool identity_changed(const struct sim *self)
{
    return self->counters.n_requests >= self->habits->identity_after;
}

const char *sim_route_model(const struct sim *self)
{
    const char *other = self->habits->identity_model;
    return other != NULL && identity_changed(self) ? other : self->model;
}

const char *sim_version(enum sim_style style)
{
    return style == SIM_STYLE_VLLM ? "0.32.0+sim" : "b1-sim";
}

const char *sim_route_version(const struct sim *self)
{
    const char *other = self->habits->identity_version;
    if (other != NULL && identity_changed(self)) {
        return other;
    }
    return sim_version(self->options.style);
}

/* The scratch buffer holds the body. */
static void answer_json(struct sim *self, struct sim_conn *conn, unsigned status)
{
    sim_http_answer(self, conn, status, sim_http_json_type(self), &self->scratch);
}

static void route_health(struct sim *self, struct sim_conn *conn)
{
    bytes_clear(&self->scratch);
    if (sim_is_vllm(self)) {
        sim_http_answer(self, conn, 200, NULL, &self->scratch);
        return;
    }
    bytes_add_text(&self->scratch, "{\"status\":\"ok\"}");
    answer_json(self, conn, 200);
}

static int64_t created_s(const struct sim *self)
{
    return (self->epoch_ns + self->options.wall_offset_ns) / NS_PER_S;
}

static void route_models(struct sim *self, struct sim_conn *conn)
{
    struct bytes *body = &self->scratch;
    const char *model = sim_route_model(self);
    bytes_clear(body);
    if (sim_is_vllm(self)) {
        bytes_add_format(
            body,
            "{\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"object\":\"model\",\"created\":%lld,"
            "\"owned_by\":\"vllm\",\"root\":\"%s\",\"parent\":null,\"max_model_len\":%u,"
            "\"permission\":[]}]}",
            model, (long long)created_s(self), model, self->options.max_model_len);
    } else {
        bytes_add_format(
            body,
            "{\"models\":[{\"name\":\"%s\",\"model\":\"%s\",\"type\":\"model\",\"capabilities\":"
            "[\"completion\"]}],\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"aliases\":[\"%s\"],"
            "\"tags\":[],\"object\":\"model\",\"created\":%lld,\"owned_by\":\"llamacpp\",\"meta\":{"
            "\"vocab_type\":2,\"n_vocab\":32,\"n_ctx\":%u,\"n_ctx_train\":%u,\"n_embd\":64,"
            "\"n_params\":2048,\"size\":4096,\"ftype\":\"simulated\"}}]}",
            model, model, model, model, (long long)created_s(self), self->options.max_model_len,
            self->options.max_model_len);
    }
    answer_json(self, conn, 200);
}

static void route_version(struct sim *self, struct sim_conn *conn)
{
    bytes_clear(&self->scratch);
    bytes_add_format(&self->scratch, "{\"version\":\"%s\"}", sim_route_version(self));
    answer_json(self, conn, 200);
}

static void route_props(struct sim *self, struct sim_conn *conn)
{
    bytes_clear(&self->scratch);
    bytes_add_format(
        &self->scratch,
        "{\"default_generation_settings\":{\"params\":{\"seed\":%llu,\"temperature\":0.8},\"n_ctx\":"
        "%u},\"total_slots\":%u,\"model_alias\":\"%s\",\"model_path\":\"%s.gguf\",\"modalities\":{"
        "\"vision\":false,\"audio\":false},\"chat_template\":\"\",\"build_info\":\"%s\","
        "\"is_sleeping\":false}",
        (unsigned long long)self->options.seed, self->options.max_model_len,
        self->options.max_batch, sim_route_model(self), sim_route_model(self),
        sim_route_version(self));
    answer_json(self, conn, 200);
}

/* One metric with its two comment lines, as the text format wants them. */
struct metric_line {
    const char *name;
    const char *type;
    double value;
};

static void
add_metrics(const struct metric_line *lines, size_t n, const char *labels, struct bytes *out)
{
    for (size_t i = 0; i < n; i++) {
        bytes_add_format(
            out, "# TYPE %s %s\n%s%s %.9g\n", lines[i].name, lines[i].type, lines[i].name, labels,
            lines[i].value);
    }
}

/* A histogram of one bucket: what the sums need. */
static void
add_histogram(const char *name, const char *model, double sum, uint64_t count, struct bytes *out)
{
    bytes_add_format(
        out,
        "# TYPE %s histogram\n%s_bucket{engine=\"0\",le=\"+Inf\",model_name=\"%s\"} %llu\n"
        "%s_count{engine=\"0\",model_name=\"%s\"} %llu\n%s_sum{engine=\"0\",model_name=\"%s\"} "
        "%.9g\n",
        name, name, model, (unsigned long long)count, name, model, (unsigned long long)count, name,
        model, sum);
}

static void metrics_vllm(const struct sim *self, struct bytes *out)
{
    const struct sim_counters *c = &self->counters;
    struct sim_load load;
    sim_load_get(self, &load);
    const char *model = sim_route_model(self);
    struct bytes labels;
    bytes_init(&labels, BYTES_MAX_DEFAULT);
    bytes_add_format(&labels, "{engine=\"0\",model_name=\"%s\"}", model);
    const double most = self->options.max_batch > 0 ? (double)self->options.max_batch : 1024.0;
    const struct metric_line lines[] = {
        {"vllm:num_requests_running", "gauge", (double)load.n_running},
        {"vllm:num_requests_waiting", "gauge", (double)load.n_waiting},
        {"vllm:kv_cache_usage_perc", "gauge", (double)load.n_running / most},
        {"vllm:prefix_cache_queries_total", "counter", (double)c->prompt_tokens},
        {"vllm:prefix_cache_hits_total", "counter", (double)c->cached_tokens},
        {"vllm:num_preemptions_total", "counter", 0.0},
        {"vllm:prompt_tokens_total", "counter", (double)c->prompt_tokens},
        {"vllm:generation_tokens_total", "counter", (double)c->tokens},
    };
    add_metrics(lines, ARRAY_LEN(lines), labels.data, out);
    bytes_done(&labels);

    const struct {
        const char *reason;
        uint64_t n;
    } ends[] = {{"stop", c->stopped}, {"length", c->length}, {"abort", c->aborted}};

    bytes_add_text(out, "# TYPE vllm:request_success_total counter\n");
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        bytes_add_format(
            out,
            "vllm:request_success_total{engine=\"0\",finished_reason=\"%s\",model_name=\"%s\"} "
            "%llu\n",
            ends[i].reason, model, (unsigned long long)ends[i].n);
    }
    const uint64_t ended = c->stopped + c->length;
    add_histogram(
        "vllm:time_to_first_token_seconds", model, (double)c->ttft_sum_ns / 1e9, ended, out);
    add_histogram(
        "vllm:e2e_request_latency_seconds", model, (double)c->e2e_sum_ns / 1e9, ended, out);
}

static void metrics_llamacpp(const struct sim *self, struct bytes *out)
{
    const struct sim_counters *c = &self->counters;
    struct sim_load load;
    sim_load_get(self, &load);
    const double prompt_s = (double)c->ttft_sum_ns / 1e9;
    const double decode_s = (double)(c->e2e_sum_ns - c->ttft_sum_ns) / 1e9;
    const double computed = (double)(c->prompt_tokens - c->cached_tokens);
    const struct metric_line lines[] = {
        {"llamacpp:prompt_tokens_total", "counter", computed},
        {"llamacpp:prompt_tokens_cached_total", "counter", (double)c->cached_tokens},
        {"llamacpp:prompt_seconds_total", "counter", prompt_s},
        {"llamacpp:tokens_predicted_total", "counter", (double)c->tokens},
        {"llamacpp:tokens_predicted_seconds_total", "counter", decode_s},
        {"llamacpp:n_decode_total", "counter", (double)c->steps},
        {"llamacpp:prompt_tokens_seconds", "gauge", prompt_s > 0.0 ? computed / prompt_s : 0.0},
        {"llamacpp:predicted_tokens_seconds", "gauge",
         decode_s > 0.0 ? (double)c->tokens / decode_s : 0.0},
        {"llamacpp:requests_processing", "gauge", (double)load.n_running},
        {"llamacpp:requests_deferred", "gauge", (double)load.n_waiting},
    };
    add_metrics(lines, ARRAY_LEN(lines), "", out);
}

static void route_metrics(struct sim *self, struct sim_conn *conn)
{
    bytes_clear(&self->scratch);
    if (sim_is_vllm(self)) {
        metrics_vllm(self, &self->scratch);
        sim_http_answer(
            self, conn, 200, "text/plain; version=1.0.0; charset=utf-8", &self->scratch);
    } else {
        metrics_llamacpp(self, &self->scratch);
        sim_http_answer(self, conn, 200, "text/plain; version=0.0.4", &self->scratch);
    }
}

static void problem(
    struct sim *self,
    struct sim_conn *conn,
    unsigned status,
    const char *param,
    const char *message)
{
    const struct sim_problem row = {.status = status, .param = param, .message = message};
    sim_http_problem(self, conn, &row);
}

/* The string member `name` of a JSON object, raw; false when the text is no such object. */
static bool
find_text(const char *body, size_t len, const char *name, const char **out, size_t *out_len)
{
    struct json_pull pull;
    json_pull_init(&pull, body, len);
    if (json_pull_next(&pull) != JSON_TOKEN_OBJECT_BEGIN) {
        return false;
    }
    bool found = false;
    while (!found && json_pull_next(&pull) == JSON_TOKEN_KEY) {
        found = json_pull_is(&pull, name);
        if (!found && !json_pull_skip(&pull)) {
            return false;
        }
    }
    if (!found || json_pull_next(&pull) != JSON_TOKEN_STRING) {
        return false;
    }
    *out = pull.text;
    *out_len = pull.len;
    return true;
}

/* Token ids are numbers from 1 up: their count is what the route is asked for. */
static void route_tokenize(struct sim *self, struct sim_conn *conn)
{
    const char *text = NULL;
    size_t len = 0;
    const char *name = sim_is_vllm(self) ? "prompt" : "content";
    if (!find_text(
            conn->in.data + conn->request.body_at, conn->request.body_len, name, &text, &len)) {
        problem(self, conn, 400, sim_is_vllm(self) ? "body.prompt" : NULL, "Field required");
        return;
    }
    const uint32_t tokens = sim_ask_count(text, len);
    struct bytes *body = &self->scratch;
    bytes_clear(body);
    if (sim_is_vllm(self)) {
        bytes_add_format(
            body, "{\"count\":%u,\"max_model_len\":%u,", tokens, self->options.max_model_len);
    } else {
        bytes_add_text(body, "{");
    }
    bytes_add_text(body, "\"tokens\":[");
    for (uint32_t i = 1; i <= tokens; i++) {
        bytes_add_format(body, i > 1 ? ",%u" : "%u", i);
    }
    bytes_add_text(body, sim_is_vllm(self) ? "],\"token_strs\":null}" : "]}");
    answer_json(self, conn, 200);
}

enum route_kind {
    ROUTE_PLAIN,
    ROUTE_CHAT,
    ROUTE_COMPLETION,
};

enum route_style {
    ROUTE_BOTH,
    ROUTE_VLLM,
    ROUTE_LLAMACPP,
};

struct route {
    const char *path;
    const char *method;
    enum route_style style;
    enum route_kind kind;
    bool open; /* answers without the key */
    void (*answer)(struct sim *self, struct sim_conn *conn);
};

static const struct route routes[] = {
    {"/v1/chat/completions", "POST", ROUTE_BOTH, ROUTE_CHAT, false, NULL},
    {"/v1/completions", "POST", ROUTE_BOTH, ROUTE_COMPLETION, false, NULL},
    {"/v1/models", "GET", ROUTE_BOTH, ROUTE_PLAIN, true, route_models},
    {"/health", "GET", ROUTE_BOTH, ROUTE_PLAIN, true, route_health},
    {"/metrics", "GET", ROUTE_BOTH, ROUTE_PLAIN, false, route_metrics},
    {"/version", "GET", ROUTE_VLLM, ROUTE_PLAIN, false, route_version},
    {"/props", "GET", ROUTE_LLAMACPP, ROUTE_PLAIN, false, route_props},
    {"/tokenize", "POST", ROUTE_BOTH, ROUTE_PLAIN, false, route_tokenize},
};

static const struct route *find_route(const struct sim *self, const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        const bool served =
            routes[i].style == ROUTE_BOTH || (routes[i].style == ROUTE_VLLM) == sim_is_vllm(self);
        if (served && text_equal(routes[i].path, path)) {
            return &routes[i];
        }
    }
    return NULL;
}

static bool key_is_right(const struct sim *self, const struct sim_conn *conn)
{
    return self->api_key == NULL || text_equal(self->api_key, conn->request.key);
}

static void
answer_detail(struct sim *self, struct sim_conn *conn, unsigned status, const char *text)
{
    bytes_clear(&self->scratch);
    bytes_add_text(&self->scratch, text);
    answer_json(self, conn, status);
}

/* vLLM names the method that the route does answer. */
static void answer_method(struct sim *self, struct sim_conn *conn, const char *allowed)
{
    static const char body[] = "{\"detail\":\"Method Not Allowed\"}";
    const struct sim_head head = {
        .status = 405,
        .type = sim_http_json_type(self),
        .length = sizeof(body) - 1,
        .allow = allowed};
    bytes_clear(&conn->reply);
    sim_http_head(self, conn, &head, &conn->reply);
    bytes_add_text(&conn->reply, body);
}

static bool is_loading(const struct sim *self)
{
    return self->now_ns < self->epoch_ns + self->habits->loading_ns;
}

/* Answers without a completion.  False: `route` is a completion and may begin. */
static bool answer_plain(struct sim *self, struct sim_conn *conn, const struct route *route)
{
    if (is_loading(self)) {
        problem(self, conn, 503, NULL, "Loading model");
    } else if ((route == NULL || !route->open) && !key_is_right(self, conn)) {
        if (sim_is_vllm(self)) {
            answer_detail(self, conn, 401, "{\"error\":\"Unauthorized\"}");
        } else {
            problem(self, conn, 401, NULL, "Invalid API Key");
        }
    } else if (
        route == NULL || (!sim_is_vllm(self) && !text_equal(route->method, conn->request.method))) {
        if (sim_is_vllm(self)) {
            answer_detail(self, conn, 404, "{\"detail\":\"Not Found\"}");
        } else {
            problem(self, conn, 404, NULL, "File Not Found");
        }
    } else if (!text_equal(route->method, conn->request.method)) {
        answer_method(self, conn, route->method);
    } else if (route->kind == ROUTE_PLAIN) {
        route->answer(self, conn);
    } else {
        return false;
    }
    return true;
}

void sim_route(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    self->now_ns = now_ns;
    conn->n_requests++;
    const uint32_t most = self->habits->keep_alive_max;
    conn->close_after = !conn->request.keep_alive || (most > 0 && conn->n_requests >= most);
    conn->completion = false;
    bytes_clear(&conn->reply);
    if (conn->request.state == SIM_REQUEST_BROKEN) {
        problem(self, conn, conn->request.bad_status, NULL, conn->request.bad_reason);
        sim_conn_plan(self, conn, SIM_NEXT_REPLY, now_ns);
        return;
    }
    const struct route *route = find_route(self, conn->request.path);
    if (answer_plain(self, conn, route) ||
        !sim_completion_begin(self, conn, route->kind == ROUTE_CHAT)) {
        sim_conn_plan(self, conn, SIM_NEXT_REPLY, now_ns);
    }
}
