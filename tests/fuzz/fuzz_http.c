/* Any bytes, as responses of one connection: reading them in pieces equals reading them whole, whatever
 * is handed out lies inside the piece, and every reader comes to an end.  The first byte of the input
 * is the length of the pieces. */
#include "base/bytes.h"
#include "base/mem.h"
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

struct reading {
    struct bytes log; /* heads, ends and errors in order, and bytes of bodies */
    size_t n_answers;
    bool failed;
    bool eof_good;
};

static void log_head(struct reading *self, const struct http_response *http)
{
    bytes_add_format(
        &self->log, "[%u %u %d %d%d%d]", http->status, http->minor_version, (int)http->body_kind,
        http->keep_alive, http->event_stream, http->json);
}

static void feed(struct reading *self, struct http_response *http, const char *piece, size_t len)
{
    const char *at = piece;
    size_t left = len;
    while (!self->failed) {
        const enum http_event event = http_response_next(http, &at, &left);
        require(at + left == piece + len);
        switch (event) {
        case HTTP_NEED_MORE:
            require(left == 0);
            return;
        case HTTP_HEAD:
            log_head(self, http);
            break;
        case HTTP_BODY:
            require(http->body_len > 0 && http->body >= piece);
            require(http->body + http->body_len == at);
            bytes_add(&self->log, http->body, http->body_len);
            break;
        case HTTP_END:
            bytes_add_text(&self->log, "[end]");
            self->n_answers++;
            http_response_init(http);
            break;
        case HTTP_ERROR:
            bytes_add_format(&self->log, "[%s]", http->error);
            self->failed = true;
            break;
        }
    }
}

static void read_in_pieces(struct reading *self, const uint8_t *data, size_t size, size_t step)
{
    struct http_response *http = MEM_NEW(struct http_response);
    http->line = mem_alloc(HTTP_LINE_ROOM, 1);
    *self = (struct reading){0};
    bytes_init(&self->log, BYTES_MAX_DEFAULT);
    http_response_init(http);
    for (size_t at = 0; at < size && !self->failed; at += step) {
        const size_t len = size - at < step ? size - at : step;
        char *piece = mem_copy_bytes(data + at, len);
        feed(self, http, piece, len);
        free(piece);
    }
    self->eof_good = !self->failed && http_response_eof(http);
    free(http->line);
    free(http);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const size_t step = (size_t)data[0] + 1;
    struct reading whole;
    struct reading parts;
    read_in_pieces(&whole, data + 1, size - 1, size);
    read_in_pieces(&parts, data + 1, size - 1, step);
    require(whole.n_answers == parts.n_answers);
    require(whole.failed == parts.failed && whole.eof_good == parts.eof_good);
    require(whole.log.len == parts.log.len);
    require(whole.log.len == 0 || memcmp(whole.log.data, parts.log.data, whole.log.len) == 0);
    bytes_done(&whole.log);
    bytes_done(&parts.log);
    return 0;
}
