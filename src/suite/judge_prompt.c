/* The template is walked once, and what is put in is never looked at for names to replace: material that
 * says "{{answer}}" stays what it is. */
#include "suite/judge_prompt.h"

#include "base/bytes.h"
#include "base/text.h"
#include "codec/digest.h"
#include "suite/embedded.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Room for the rules, for the lines around each piece, and for what is added to the material: a blank for
 * a mark, three bytes in place of one. */
enum {
    EXPANSION_MAX = 3,
    PIECE_LINES_MAX = 128,
    RULES_MAX = 1 << 16
};

/* Stands between the system message and the user message of a template. */
#define USER_PART "=== user ===\n"

static const struct {
    const char *name;
    const char *file;
} methods[JUDGE_METHOD_COUNT] = {
    [JUDGE_LLM] = {"judge_llm", "judge/judge_llm.txt"},
    [JUDGE_LLM_PERSONA] = {"judge_llm_persona", "judge/judge_llm_persona.txt"},
};

/* With what the special tokens of known chat templates begin.
 * Source: the templates of ChatML, Llama 2 to 4, Mistral, Gemma, Phi, Command R and DeepSeek. */
static const char *const marks[] = {
    "<|",      "<\xef\xbd\x9c", "<start_of_turn>", "<end_of_turn>",   "[INST]",
    "[/INST]", "<<SYS>>",       "<</SYS>>",        "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
    "<s>",     "</s>",          "<bos>",           "<eos>",
};

struct writer {
    struct arena *arena;
    const struct judge_question *question;
    const char *persona;
    uint32_t first_message; /* of the conversation */
    char nonce[JUDGE_NONCE_SIZE];
    struct bytes out;
};

const char *judge_method_name(enum judge_method method)
{
    return methods[method].name;
}

bool judge_method_parse(const char *name, enum judge_method *out)
{
    for (unsigned i = 0; i < JUDGE_METHOD_COUNT; i++) {
        if (text_equal(methods[i].name, name)) {
            *out = (enum judge_method)i;
            return true;
        }
    }
    return false;
}

const char *judge_template(enum judge_method method)
{
    const struct embedded_file *file = embedded_find(methods[method].file);
    assert(file != NULL);
    return file->text;
}

void judge_template_sha256(enum judge_method method, char out[65])
{
    const char *text = judge_template(method);
    digest_sha256_hex(text, strlen(text), out);
}

/* Length of the mark that begins here; 0: none does. */
static size_t mark_at(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (text_starts_with(text, marks[i])) {
            return strlen(marks[i]);
        }
    }
    return 0;
}

static void write_material(struct bytes *out, const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const char *end = text + strlen(text);
    for (const char *p = text; p < end;) {
        const size_t len = text_utf8_length(p, (size_t)(end - p));
        if (len == 0) {
            bytes_add(out, replacement, sizeof(replacement) - 1);
            p++;
            continue;
        }
        const bool is_mark = mark_at(p) > 0;
        bytes_add(out, p, len);
        if (is_mark) {
            bytes_add_char(out, ' ');
        }
        p += len;
    }
}

static void write_piece(struct writer *self, const char *name, const char *text)
{
    bytes_add_format(&self->out, "[begin %s %s]\n", name, self->nonce);
    write_material(&self->out, text);
    bytes_add_format(&self->out, "\n[end %s %s]\n", name, self->nonce);
}

static void write_optional(struct writer *self, const char *name, const char *text)
{
    if (text == NULL) {
        bytes_add_text(&self->out, "(nothing is given)\n");
    } else {
        write_piece(self, name, text);
    }
}

static void write_conversation(struct writer *self)
{
    const struct judge_question *question = self->question;
    for (uint32_t i = self->first_message; i < question->n_messages; i++) {
        const char *role = question->messages[i].role;
        const char *name = "USER MESSAGE";
        if (text_equal(role, "system")) {
            name = "SYSTEM MESSAGE";
        } else if (text_equal(role, "assistant")) {
            name = "MODEL MESSAGE";
        }
        write_piece(self, name, question->messages[i].content);
    }
}

static void write_name(struct writer *self, const char *name, size_t len)
{
    const struct judge_question *question = self->question;
    char text[32];
    (void)snprintf(text, sizeof(text), "%.*s", (int)len, name);
    if (text_equal(text, "nonce")) {
        bytes_add_text(&self->out, self->nonce);
    } else if (text_equal(text, "conversation")) {
        write_conversation(self);
    } else if (text_equal(text, "persona")) {
        write_optional(self, "PERSONA", self->persona);
    } else if (text_equal(text, "reference")) {
        write_optional(self, "REFERENCE", question->reference);
    } else if (text_equal(text, "rubric")) {
        write_optional(self, "RUBRIC", question->rubric);
    } else {
        assert(text_equal(text, "answer"));
        write_piece(self, "ANSWER", question->answer);
    }
}

/* Fills one part of the template. */
static const char *write_part(struct writer *self, const char *part, const char *end)
{
    const size_t lines = (size_t)self->question->n_messages * PIECE_LINES_MAX;
    bytes_init(&self->out, RULES_MAX + EXPANSION_MAX * JUDGE_MATERIAL_MAX + lines);
    for (const char *p = part; p < end;) {
        const char *open = memmem(p, (size_t)(end - p), "{{", 2);
        const char *stop = open != NULL ? open : end;
        bytes_add(&self->out, p, (size_t)(stop - p));
        if (open == NULL) {
            break;
        }
        const char *close = memmem(open, (size_t)(end - open), "}}", 2);
        assert(close != NULL);
        write_name(self, open + 2, (size_t)(close - open - 2));
        p = close + 2;
    }
    assert(!self->out.failed);
    const char *text = arena_copy(self->arena, self->out.data, self->out.len);
    bytes_done(&self->out);
    return text;
}

static void choose_persona(struct writer *self)
{
    const struct judge_question *question = self->question;
    self->persona = question->persona;
    if (question->method == JUDGE_LLM_PERSONA && question->persona == NULL &&
        question->n_messages > 0 && text_equal(question->messages[0].role, "system")) {
        self->persona = question->messages[0].content;
        self->first_message = 1;
    }
}

/* The texts that a question is made of, one after another; NULL at the end, "" for what is not given. */
static const char *material_at(const struct judge_question *question, uint32_t i)
{
    const char *const others[] = {
        question->reference, question->rubric, question->persona, question->answer};
    if (i < question->n_messages) {
        return question->messages[i].content;
    }
    i -= question->n_messages;
    if (i >= ARRAY_LEN(others)) {
        return NULL;
    }
    return others[i] != NULL ? others[i] : "";
}

static size_t material_length(const struct judge_question *question)
{
    size_t len = 0;
    const char *text = NULL;
    for (uint32_t i = 0; (text = material_at(question, i)) != NULL; i++) {
        len += strlen(text) + 1;
    }
    return len;
}

static void make_nonce(struct writer *self, uint64_t seed)
{
    const struct judge_question *question = self->question;
    CLEANUP(digest_freep) struct digest *digest = digest_new();
    char numbers[64];
    (void)snprintf(
        numbers, sizeof(numbers), "%llu %llu", (unsigned long long)seed,
        (unsigned long long)question->id);
    digest_add(digest, numbers, strlen(numbers) + 1);
    const char *text = NULL;
    for (uint32_t i = 0; (text = material_at(question, i)) != NULL; i++) {
        digest_add(digest, text, strlen(text) + 1);
    }
    uint8_t hash[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    digest_finish(digest, hash);
    digest_hex(hash, hex);
    memcpy(self->nonce, hex, JUDGE_NONCE_SIZE - 1);
    self->nonce[JUDGE_NONCE_SIZE - 1] = '\0';
}

int judge_prompt_write(
    struct arena *arena,
    uint64_t seed,
    const struct judge_question *question,
    char nonce[JUDGE_NONCE_SIZE],
    struct prompt *out,
    struct error *err)
{
    const size_t len = material_length(question);
    if (len > JUDGE_MATERIAL_MAX) {
        return error_set(
            err, ERROR_LIMIT, "question and answer have %zu bytes; a judge is given %zu at most",
            len, JUDGE_MATERIAL_MAX);
    }
    struct writer writer = {.arena = arena, .question = question};
    choose_persona(&writer);
    make_nonce(&writer, seed);
    const char *text = judge_template(question->method);
    const char *user = strstr(text, USER_PART);
    assert(user != NULL);
    struct message *messages = arena_alloc(arena, 2 * sizeof(*messages));
    messages[0] = (struct message){"system", write_part(&writer, text, user)};
    messages[1] =
        (struct message){"user", write_part(&writer, user + strlen(USER_PART), strchr(user, '\0'))};
    if (nonce != NULL) {
        memcpy(nonce, writer.nonce, sizeof(writer.nonce));
    }
    *out = (struct prompt){.messages = messages, .n_messages = 2};
    return 0;
}
