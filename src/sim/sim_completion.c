/* The start of a completion: what is wrong with the request, how long its answer becomes, what the
 * prefix cache knows of its prompt, and which fault it gets. */
#include "base/clock.h"
#include "base/text.h"
#include "sim/sim_core.h"

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

/* What each wrong body gets.  Texts are shaped after the recorded answers. */
static void refuse_ask(struct sim *self, struct sim_conn *conn, const struct sim_ask *ask)
{
    static const struct {
        enum sim_ask_error error;
        unsigned llamacpp_status;
        const char *vllm_param;
        const char *vllm;
        const char *llamacpp;
    } rows[] = {
        {SIM_ASK_JSON, 500, "body", "1 validation error:\n  {'type': 'json_invalid'}",
         "[json.exception.parse_error.101] parse error: syntax error"},
        {SIM_ASK_NO_MESSAGES, 400, "body.messages",
         "1 validation error:\n  {'type': 'missing', 'loc': 'body.messages'}",
         "'messages' is required"},
        {SIM_ASK_MESSAGES_TYPE, 400, "body.messages",
         "1 validation error:\n  {'type': 'list_type', 'loc': 'body.messages'}",
         "Expected 'messages' to be an array"},
        {SIM_ASK_NO_ROLE, 500, "body.messages.0.role",
         "1 validation error:\n  {'type': 'missing', 'loc': 'body.messages.0.role'}",
         "Failed to parse messages: Missing 'role' in message"},
        {SIM_ASK_NO_PROMPT, 400, "prompt",
         "Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)",
         "[json.exception.out_of_range.403] key 'prompt' not found"},
        {SIM_ASK_MAX_TOKENS, 400, "body.max_tokens",
         "1 validation error:\n  {'type': 'int_parsing', 'loc': 'body.max_tokens'}",
         "Field 'max_tokens': [json.exception.type_error.302] type must be number"},
        {SIM_ASK_CHOICES, 400, "n", "n must be between 1 and 8. (parameter=n)",
         "n must be between 1 and 8"},
        {SIM_ASK_STREAM_OPTIONS, 0, "stream_options",
         "Stream options can only be defined when `stream=True`. (parameter=stream_options)", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].error != ask->error) {
            continue;
        }
        if (sim_is_vllm(self)) {
            problem(self, conn, 400, rows[i].vllm_param, rows[i].vllm);
        } else {
            problem(self, conn, rows[i].llamacpp_status, NULL, rows[i].llamacpp);
        }
    }
}

static void refuse_model(struct sim *self, struct sim_conn *conn, const struct sim_ask *ask)
{
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    bytes_add_format(
        &text, "The model `%s` does not exist. Valid aliases: %s.", ask->model,
        sim_route_model(self));
    problem(self, conn, 404, "model", text.data);
    bytes_done(&text);
}

static void refuse_prompt(struct sim *self, struct sim_conn *conn, uint32_t tokens)
{
    const uint32_t most = self->options.max_model_len;
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    if (sim_is_vllm(self)) {
        bytes_add_format(
            &text,
            "This model's maximum context length is %u tokens. However, your prompt contains at "
            "least %u input tokens. Please reduce the length of the input prompt. "
            "(parameter=input_tokens, value=%u)",
            most, tokens, tokens);
        problem(self, conn, 400, "input_tokens", text.data);
        bytes_done(&text);
        return;
    }
    bytes_add_format(
        &text,
        "{\"error\":{\"code\":400,\"message\":\"request (%u tokens) exceeds the available context "
        "size (%u tokens), try increasing it\",\"type\":\"exceed_context_size_error\","
        "\"n_prompt_tokens\":%u,\"n_ctx\":%u}}",
        tokens, most, tokens, most);
    sim_http_answer(self, conn, 400, sim_http_json_type(self), &text);
    bytes_done(&text);
}

static void refuse_max_tokens(struct sim *self, struct sim_conn *conn, uint32_t max_tokens)
{
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    if (max_tokens == 0) {
        bytes_add_text(
            &text, "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)");
    } else {
        bytes_add_format(
            &text,
            "max_tokens=%u cannot be greater than max_model_len=%u. Please request fewer output "
            "tokens. (parameter=max_tokens, value=%u)",
            max_tokens, self->options.max_model_len, max_tokens);
    }
    problem(self, conn, 400, "max_tokens", text.data);
    bytes_done(&text);
}

/* True when the request has got an error for an answer. */
static bool refuse(struct sim *self, struct sim_conn *conn)
{
    struct sim_ask *ask = &conn->seq.ask;
    if (ask->error == SIM_ASK_STREAM_OPTIONS && !sim_is_vllm(self)) {
        ask->error = SIM_ASK_OK;
    }
    if (ask->error != SIM_ASK_OK) {
        refuse_ask(self, conn, ask);
        return true;
    }
    if (sim_is_vllm(self) && ask->model[0] != '\0' &&
        !text_equal(ask->model, sim_route_model(self))) {
        refuse_model(self, conn, ask);
        return true;
    }
    for (uint32_t i = 0; i < ask->n_prompts; i++) {
        if (ask->prompt_tokens[i] >= self->options.max_model_len) {
            refuse_prompt(self, conn, ask->prompt_tokens[i]);
            return true;
        }
    }
    if (sim_is_vllm(self) && ask->max_tokens != SIM_TOKENS_UNSET &&
        (ask->max_tokens == 0 || ask->max_tokens > self->options.max_model_len)) {
        refuse_max_tokens(self, conn, ask->max_tokens);
        return true;
    }
    return false;
}

/* What the engine knows of this prompt. */
static void plan_answer(const struct sim *self, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    const char *body = conn->in.data + conn->request.body_at;
    seq->answer = sim_answers_find(self->answers, body, conn->request.body_len, seq->ask.chat);
    seq->answer_from = 0;
    if (seq->answer != NULL && seq->answer->n_reasoning > 0) {
        if (seq->ask.chat) {
            seq->behaviour.reasoning = seq->answer->n_reasoning;
        } else {
            seq->answer_from = seq->answer->n_reasoning;
        }
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Length of the answer and why it ends there. */
static void plan_length(const struct sim *self, struct sim_seq *seq)
{
    const struct sim_ask *ask = &seq->ask;
    uint32_t longest = 0;
    for (uint32_t i = 0; i < ask->n_prompts; i++) {
        longest = ask->prompt_tokens[i] > longest ? ask->prompt_tokens[i] : longest;
    }
    uint32_t most = self->options.max_model_len - longest;
    if (ask->max_tokens != SIM_TOKENS_UNSET) {
        most = least(most, ask->max_tokens == 0 ? 1 : ask->max_tokens);
    }
    const uint32_t answered = seq->answer != NULL ? seq->answer->n - seq->answer_from : 0;
    uint32_t own = seq->answer != NULL ? answered : self->options.tokens;
    if (sim_is_vllm(self) && own < ask->min_tokens) {
        own = ask->min_tokens;
    }
    const bool cut = own >= most || (ask->ignore_eos && ask->max_tokens != SIM_TOKENS_UNSET);
    seq->total = cut ? most : own;
    seq->finish = cut ? "length" : "stop";
    seq->eos = !cut && seq->behaviour.eos_token;
    seq->total += seq->eos;
    if (!cut && seq->behaviour.tool_calls > 0 && ask->chat) {
        seq->finish = "tool_calls";
    }
    if (seq->fault != NULL && seq->fault->fault == SIM_FAULT_EMPTY) {
        seq->total = 0;
        seq->finish = "stop";
        seq->eos = false;
    }
}

enum {
    VLLM_BLOCK = 16 /* tokens of a block of vLLM's cache: only whole ones are found again */
};

static void plan_prompt(struct sim *self, struct sim_seq *seq)
{
    const struct sim_ask *ask = &seq->ask;
    seq->prompt_tokens = 0;
    for (uint32_t i = 0; i < ask->n_prompts; i++) {
        seq->prompt_tokens += ask->prompt_tokens[i];
    }
    seq->cached_tokens = 0;
    if (!self->habits->prefix_cache || seq->prompt_tokens == 0) {
        return;
    }
    uint64_t *slot = &self->cache[ask->prompt_hash % SIM_CACHE_SLOTS];
    if (*slot == ask->prompt_hash && ask->cache_prompt) {
        /* The last token is always computed. */
        const uint32_t found = seq->prompt_tokens - 1;
        seq->cached_tokens = sim_is_vllm(self) ? found / VLLM_BLOCK * VLLM_BLOCK : found;
    }
    *slot = ask->prompt_hash;
    self->counters.cached_tokens += seq->cached_tokens;
}

static void
answer_fault_status(struct sim *self, struct sim_conn *conn, const struct sim_rule *rule)
{
    if (rule->body == NULL) {
        problem(self, conn, rule->status, NULL, "simulated fault");
        return;
    }
    bytes_clear(&self->scratch);
    bytes_add_text(&self->scratch, rule->body);
    sim_http_answer(self, conn, rule->status, sim_http_json_type(self), &self->scratch);
}

bool sim_completion_begin(struct sim *self, struct sim_conn *conn, bool chat)
{
    struct sim_seq *seq = &conn->seq;
    const char *body = conn->in.data + conn->request.body_at;
    sim_ask_read(body, conn->request.body_len, chat, &seq->ask);
    if (refuse(self, conn)) {
        return false;
    }
    conn->completion = true;
    seq->number = self->counters.n_requests++;
    seq->body_hash = sim_hash(0, body, conn->request.body_len);
    seq->text_key = sim_text_key(self->options.seed, seq->body_hash);
    seq->arrived_ns = self->now_ns;
    seq->fault = sim_script_match(self->script, seq->number, conn->number, &seq->behaviour);
    if (seq->ask.prompt_array && !sim_is_vllm(self)) {
        seq->behaviour.null_first = true;
    }
    seq->choices = seq->ask.n * seq->ask.n_prompts;
    seq->fault_done = false;
    seq->role_done = false;
    seq->empty_done = false;
    seq->produced = 0;
    seq->written = 0;
    seq->choice = 0;
    seq->held_events = 0;
    seq->held_tokens = 0;
    bytes_clear(&conn->held);
    seq->first_ns = 0;
    seq->ping_ns = CLOCK_NEVER;
    plan_prompt(self, seq);
    plan_answer(self, conn);
    plan_length(self, seq);
    self->counters.prompt_tokens += seq->prompt_tokens;
    const enum sim_fault_kind fault = seq->fault != NULL ? seq->fault->fault : SIM_FAULT_NONE;
    if (fault == SIM_FAULT_STATUS) {
        seq->finish = NULL;
        answer_fault_status(self, conn, seq->fault);
        return false;
    }
    conn->close_after = conn->close_after || (seq->ask.stream && self->habits->close_streams);
    sim_reply_begin(self, conn, self->now_ns);
    if (fault == SIM_FAULT_NEVER) {
        sim_conn_plan(self, conn, SIM_NEXT_NONE, CLOCK_NEVER);
    } else {
        sim_model_begin(self, conn, self->now_ns);
    }
    return true;
}
