/* The few words that matter in an error body, without memory: it may be read on the measured path. */
#include "base/text.h"
#include "engine/answer.h"

#include <string.h>

/* FastAPI: {"detail": "..."} or {"detail": [{"msg": "..."}, ...]}: the first one. */
static bool read_detail_text(struct answer_reader *self, enum json_token value)
{
    self->is_error = true;
    return self->message != NULL ? answer_skip(self, value) : answer_read_message_text(self, value);
}

static answer_read *detail_members(const char *key, size_t len)
{
    ANSWER_MEMBER("msg", read_detail_text);
    return NULL;
}

static bool read_detail(struct answer_reader *self, enum json_token value)
{
    if (value != JSON_TOKEN_ARRAY_BEGIN) {
        return read_detail_text(self, value);
    }
    enum json_token token = json_pull_next(&self->pull);
    while (token != JSON_TOKEN_ARRAY_END) {
        const bool ok = token == JSON_TOKEN_OBJECT_BEGIN ? answer_read_object(self, detail_members)
                                                         : answer_skip(self, token);
        if (!ok) {
            return false;
        }
        token = json_pull_next(&self->pull);
    }
    return true;
}

static answer_read *body_members(const char *key, size_t len)
{
    ANSWER_MEMBER("error", answer_read_error);
    ANSWER_MEMBER("detail", read_detail);
    ANSWER_MEMBER("object", answer_read_object_kind);
    ANSWER_MEMBER("message", answer_read_message_text);
    return NULL;
}

/* Bytes of the JSON escape or character at `raw`, which is checked text. */
static size_t unit_length(const char *raw, size_t left)
{
    if (raw[0] != '\\') {
        const size_t n = text_utf8_length(raw, left);
        return n > 0 ? n : 1;
    }
    if (raw[1] != 'u') {
        return 2;
    }
    const bool high = (raw[2] == 'd' || raw[2] == 'D') && strchr("89abAB", raw[3]) != NULL;
    return high ? 12 : 6;
}

/* As many whole characters of the raw string as fit decoded: no character is longer decoded than
 * raw. */
static size_t raw_prefix(const char *raw, size_t len, size_t room)
{
    size_t at = 0;
    while (at < len) {
        const size_t step = unit_length(raw + at, len - at);
        if (at + step > room) {
            break;
        }
        at += step;
    }
    return at;
}

static void make_one_line(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f) {
            text[i] = ' ';
        }
    }
}

/* The body's first bytes, cut at a whole character. */
static size_t copy_start(const char *body, size_t len, char *out, size_t room)
{
    size_t n = len;
    if (len > room) {
        n = room;
        /* Step back out of a character that would be cut. */
        while (n > 0 && ((unsigned char)body[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    memcpy(out, body, n);
    return n;
}

void engine_error_text(const char *body, size_t len, char *out, size_t out_size)
{
    if (out_size == 0) {
        return;
    }
    struct answer_event event;
    struct answer_reader reader;
    answer_reader_init(&reader, body, len, &event);
    /* Of a body that was cut, what came before the cut is good enough. */
    if (json_pull_next(&reader.pull) == JSON_TOKEN_OBJECT_BEGIN) {
        (void)answer_read_object(&reader, body_members);
    }
    const bool known = reader.message != NULL && reader.message_len > 0;
    const size_t room = out_size - 1;
    size_t n = 0;
    if (known) {
        n = json_unescape(
            reader.message, raw_prefix(reader.message, reader.message_len, room), out);
    } else if (len > 0) {
        n = copy_start(body, len, out, room);
    }
    make_one_line(out, n);
    out[n] = '\0';
}
