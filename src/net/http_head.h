/* http_head.h - the lines of a response head, one at a time.  Internal to net/http. */
#pragma once

#include "net/http.h"

/* Bits of http_response.flags. */
enum {
    HTTP_SAW_LENGTH = 1 << 0,
    HTTP_SAW_ENCODING = 1 << 1, /* Transfer-Encoding: chunked */
    HTTP_SAW_CLOSE = 1 << 2,
    HTTP_SAW_KEEP_ALIVE = 1 << 3,
};

/* Lines come without their end.  Each returns NULL, or a static text that says what is malformed. */
MUST_CHECK const char *
http_head_status_line(struct http_response *self, const char *line, size_t len);
MUST_CHECK const char *http_head_field(struct http_response *self, const char *line, size_t len);

/* As http_head_field, for a trailer: the form is checked, the meaning is not used. */
MUST_CHECK const char *http_head_trailer(const char *line, size_t len);

/* After the empty line of a final head: settles body_kind, left and keep_alive. */
void http_head_finish(struct http_response *self);
