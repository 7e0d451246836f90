/* Heads and errors as the two real servers write them; names and order of headers are theirs. */
#include "base/clock.h"
#include "sim/sim_core.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *status_text(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } rows[] = {
        {100, "Continue"},
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Payload Too Large"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status) {
            return rows[i].text;
        }
    }
    return "Status";
}

/* Seconds of wall time of the second that the engine lives in. */
static void date_renew(struct sim *self, int64_t now_ns)
{
    const int64_t seconds = (now_ns + self->options.wall_offset_ns) / NS_PER_S;
    if (seconds == self->date_s) {
        return;
    }
    self->date_s = seconds;
    const time_t when = seconds;
    struct tm utc;
    (void)gmtime_r(&when, &utc);
    const size_t used = strftime(self->date, sizeof(self->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    assert(used > 0);
}

static void head_vllm(
    struct sim *self, const struct sim_conn *conn, const struct sim_head *head, struct bytes *out)
{
    bytes_add_text(out, "date: ");
    bytes_add_text(out, self->date);
    bytes_add_text(out, "\r\nserver: uvicorn\r\n");
    if (head->allow != NULL) {
        bytes_add_text(out, "allow: ");
        bytes_add_text(out, head->allow);
        bytes_add_text(out, "\r\n");
    }
    if (!head->stream) {
        bytes_add_text(out, "content-length: ");
        bytes_add_i64(out, (int64_t)head->length);
        bytes_add_text(out, "\r\n");
    }
    if (head->type != NULL) {
        bytes_add_text(out, "content-type: ");
        bytes_add_text(out, head->type);
        bytes_add_text(out, "\r\n");
    }
    bytes_add_text(out, "vary: Origin\r\n");
    if (conn->close_after) {
        bytes_add_text(out, "connection: close\r\n");
    }
    bytes_add_text(out, head->stream ? "transfer-encoding: chunked\r\n\r\n" : "\r\n");
}

/* llama.cpp promises to keep streamed connections alive and closes them all the same. */
static void head_llamacpp(
    const struct sim *self,
    const struct sim_conn *conn,
    const struct sim_head *head,
    struct bytes *out)
{
    bytes_add_text(out, "Server: llama.cpp\r\nAccess-Control-Allow-Origin: \r\n");
    if (head->stream) {
        bytes_add_text(out, "X-Accel-Buffering: no\r\n");
    }
    if (head->type != NULL) {
        bytes_add_text(out, "Content-Type: ");
        bytes_add_text(out, head->type);
        bytes_add_text(out, "\r\n");
    }
    if (head->stream) {
        bytes_add_text(out, "Transfer-Encoding: chunked\r\n");
    } else {
        bytes_add_text(out, "Content-Length: ");
        bytes_add_i64(out, (int64_t)head->length);
        bytes_add_text(out, "\r\n");
    }
    const uint32_t most = self->habits->keep_alive_max;
    const bool last = most > 0 && conn->n_requests >= most;
    if (!conn->request.keep_alive || last) {
        bytes_add_text(out, "Connection: close\r\n\r\n");
    } else {
        bytes_add_text(out, "Keep-Alive: timeout=5, max=100\r\n\r\n");
    }
}

void sim_http_head(
    struct sim *self, const struct sim_conn *conn, const struct sim_head *head, struct bytes *out)
{
    bytes_add_text(out, "HTTP/1.1 ");
    bytes_add_i64(out, head->status);
    bytes_add_char(out, ' ');
    bytes_add_text(out, status_text(head->status));
    bytes_add_text(out, "\r\n");
    if (self->options.style == SIM_STYLE_VLLM) {
        date_renew(self, self->now_ns);
        head_vllm(self, conn, head, out);
    } else {
        head_llamacpp(self, conn, head, out);
    }
}

enum {
    CHUNK_LINE = 5 /* "xxx\r\n": three digits are what an event mostly needs */
};

size_t sim_http_chunk_begin(struct bytes *out)
{
    const size_t begin = out->len;
    bytes_add(out, "000\r\n", CHUNK_LINE);
    return begin;
}

void sim_http_chunk_end(struct bytes *out, size_t begin)
{
    static const char digits[] = "0123456789abcdef";
    char line[20];
    size_t at = sizeof(line) - 2;
    line[at] = '\r';
    line[at + 1] = '\n';
    size_t size = out->len - begin - CHUNK_LINE;
    bytes_add(out, "\r\n", 2);
    do {
        at--;
        line[at] = digits[size & 15];
        size >>= 4;
    } while (size > 0);
    const size_t line_len = sizeof(line) - at;
    const size_t payload = begin + CHUNK_LINE;
    const size_t payload_len = out->len - payload;
    if (line_len != CHUNK_LINE) {
        if (line_len > CHUNK_LINE) {
            (void)bytes_reserve(out, line_len - CHUNK_LINE);
        }
        memmove(out->data + begin + line_len, out->data + payload, payload_len + 1);
        out->len = begin + line_len + payload_len;
    }
    memcpy(out->data + begin, line + at, line_len);
}

const char *sim_http_json_type(const struct sim *self)
{
    return self->options.style == SIM_STYLE_VLLM ? "application/json"
                                                 : "application/json; charset=utf-8";
}

void sim_http_answer(
    struct sim *self,
    struct sim_conn *conn,
    unsigned status,
    const char *type,
    const struct bytes *body)
{
    bytes_clear(&conn->reply);
    const struct sim_head head = {.status = status, .type = type, .length = body->len};
    sim_http_head(self, conn, &head, &conn->reply);
    bytes_add(&conn->reply, body->data, body->len);
}

static void add_escaped(struct bytes *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            bytes_add_char(out, '\\');
            bytes_add_char(out, *c);
        } else if ((unsigned char)*c < 0x20) {
            bytes_add_format(out, "\\u%04x", (unsigned)(unsigned char)*c);
        } else {
            bytes_add_char(out, *c);
        }
    }
}

static const char *problem_type(enum sim_style style, unsigned status)
{
    static const struct {
        unsigned status;
        const char *vllm;
        const char *llamacpp;
    } rows[] = {
        {400, "BadRequestError", "invalid_request_error"},
        {401, "Unauthorized", "authentication_error"},
        {404, "NotFoundError", "not_found_error"},
        {429, "RateLimitError", "rate_limit_error"},
        {500, "InternalServerError", "server_error"},
        {503, "ServiceUnavailableError", "unavailable_error"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status) {
            return style == SIM_STYLE_VLLM ? rows[i].vllm : rows[i].llamacpp;
        }
    }
    return style == SIM_STYLE_VLLM ? "BadRequestError" : "invalid_request_error";
}

static void
problem_body(const struct sim *self, const struct sim_problem *problem, struct bytes *body)
{
    const enum sim_style style = self->options.style;
    const char *type = problem->type != NULL ? problem->type : problem_type(style, problem->status);
    if (style == SIM_STYLE_VLLM) {
        bytes_add_text(body, "{\"error\":{\"message\":\"");
        add_escaped(body, problem->message);
        bytes_add_format(body, "\",\"type\":\"%s\",\"param\":", type);
        if (problem->param != NULL) {
            bytes_add_format(body, "\"%s\"", problem->param);
        } else {
            bytes_add_text(body, "null");
        }
        bytes_add_format(body, ",\"code\":%u}}", problem->status);
    } else if (problem->status == 401 || problem->status == 404 || problem->status == 503) {
        /* llama.cpp's HTTP server writes these itself, with the code last. */
        bytes_add_text(body, "{\"error\":{\"message\":\"");
        add_escaped(body, problem->message);
        bytes_add_format(body, "\",\"type\":\"%s\",\"code\":%u}}", type, problem->status);
    } else {
        bytes_add_format(body, "{\"error\":{\"code\":%u,\"message\":\"", problem->status);
        add_escaped(body, problem->message);
        bytes_add_format(body, "\",\"type\":\"%s\"}}", type);
    }
}

void sim_http_problem(struct sim *self, struct sim_conn *conn, const struct sim_problem *problem)
{
    bytes_clear(&self->scratch);
    problem_body(self, problem, &self->scratch);
    sim_http_answer(self, conn, problem->status, sim_http_json_type(self), &self->scratch);
}
