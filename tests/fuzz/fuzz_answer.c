/* Any bytes as a stream event, as a whole answer and as an error body: what is handed out lies inside
 * the input, counts are counts, and what is refused says why. */
#include "base/attr.h"
#include "base/mem.h"
#include "codec/json_pull.h"
#include "engine/engine.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_inside(const char *part, size_t len, const char *data, size_t size)
{
    return part >= data && len <= size && (size_t)(part - data) <= size - len;
}

static void check_text(const struct answer_text *text, const char *data, size_t size)
{
    assert(text->len > 0 && lies_inside(text->raw, text->len, data, size));
    assert(text->escaped == (memchr(text->raw, '\\', text->len) != NULL));
    char *decoded = mem_alloc(text->len, 1);
    const size_t len = json_unescape(text->raw, text->len, decoded);
    assert(len > 0 && len <= text->len);
    free(decoded);
}

static void check_bits(const struct answer_event *event)
{
    const unsigned texts = ANSWER_CONTENT | ANSWER_REASONING | ANSWER_TOOL;
    assert(event->what != 0);
    assert((event->what & ANSWER_NOTHING) == 0 || event->what == ANSWER_NOTHING);
    assert((event->what & ANSWER_DONE) == 0 || event->what == ANSWER_DONE);
    assert(((event->what & texts) != 0) == (event->n_texts > 0));
    assert((event->what & ANSWER_ROLE) == 0 || event->n_texts == 0);
    assert(event->n_texts <= ANSWER_TEXTS_MAX);
    (void)texts;
}

static void check_counts(const struct answer_event *event)
{
    const int32_t counts[] = {
        event->tokens_so_far, event->prompt_tokens, event->completion_tokens, event->cached_tokens,
        event->reasoning_tokens};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        assert(counts[i] >= -1);
    }
    assert(((event->what & ANSWER_USAGE) != 0) == (event->completion_tokens >= 0));
    assert(event->tokens_so_far == -1 || event->tokens_so_far == event->completion_tokens);
}

static void check_event(const struct answer_event *event, const char *data, size_t size)
{
    check_bits(event);
    check_counts(event);
    for (unsigned i = 0; i < event->n_texts; i++) {
        check_text(&event->texts[i], data, size);
    }
    assert(memchr(event->finish, '\0', sizeof(event->finish)) != NULL);
    assert(event->model == NULL || lies_inside(event->model, event->model_len, data, size));
    if ((event->what & ANSWER_ERROR) != 0) {
        assert(event->error != NULL);
        assert(event->error_len == 0 || lies_inside(event->error, event->error_len, data, size));
    }
}

static void check_refusal(const struct answer_event *event)
{
    assert(event->error != NULL && event->error_len > 0);
    assert(strlen(event->error) == event->error_len);
    (void)event;
}

static void check_error_text(const char *data, size_t size)
{
    static const char controls[] = "\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x1b\x7f";
    static const size_t rooms[] = {1, 2, 7, 64, 512};
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        char *out = mem_alloc(rooms[i], 1);
        engine_error_text(data, size, out, rooms[i]);
        const size_t len = strnlen(out, rooms[i]);
        assert(len < rooms[i]);
        assert(strcspn(out, controls) == len);
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const struct engine_ops *engine = engine_table[0];
    struct answer_event event;
    const bool is_event = engine->read_event(text, size, &event);
    if (is_event) {
        check_event(&event, text, size);
    } else {
        check_refusal(&event);
    }
    if (engine->read_body(text, size, &event)) {
        assert(is_event); /* a body has the members of an event */
        check_event(&event, text, size);
    } else {
        check_refusal(&event);
    }
    check_error_text(text, size);
    return 0;
}
