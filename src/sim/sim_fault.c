/* Scripts are read through tables of fields: one row gives a key its place, its kind and its range,
 * and unknown keys are refused, because a misspelt fault would be a test that tests nothing. */
#include "sim/sim_fault.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    HANG_MS = 31000, /* observed: REAL-ENGINES.md, fact 8 */
    SLOW_HEADERS_BYTES = 16,
    SLOW_HEADERS_MS = 10,
    FAULT_STATUS = 500,
    JOIN_EVENTS = 2,
    DAY_MS = 86400000,
    TOKENS_MAX = 1 << 24
};

struct sim_script {
    struct arena arena;
    struct sim_behaviour behaviour;
    struct sim_habits habits;
    uint32_t n_rules;
    struct sim_rule rules[SIM_RULES_MAX];
};

enum field_kind {
    FIELD_U32,
    FIELD_U64,
    FIELD_BOOL,
    FIELD_TEXT,
    FIELD_CHOICE, /* an enum, by its place in `choices` */
    FIELD_MS,     /* milliseconds, kept as int64_t ns */
    FIELD_TREE,   /* kept as it is, read later */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    int64_t min;
    int64_t max;
    const char *const *choices;
    size_t n_choices;
};

static const char *const text_names[] = {"words", "emoji", "escapes"};
static const char *const partial_names[] = {"hold", "empty"};
static const char *const fault_names[] = {
    "none",           "refuse",      "reset",        "truncate", "hang",
    "never",          "stall",       "slow_headers", "status",   "malformed_chunk",
    "malformed_json", "error_event", "empty",        "split",    "join"};

static_assert(ARRAY_LEN(fault_names) == SIM_FAULT_JOIN + 1, "one name for each fault");

#define CHOICES(names)   .choices = (names), .n_choices = ARRAY_LEN(names)
#define AT(type, member) .offset = offsetof(struct type, member)

static const struct field behaviour_fields[] = {
    {"text", FIELD_CHOICE, AT(sim_behaviour, text), CHOICES(text_names)},
    {"partial", FIELD_CHOICE, AT(sim_behaviour, partial), CHOICES(partial_names)},
    {"tokens_per_event", FIELD_U32, AT(sim_behaviour, tokens_per_event), .min = 1, .max = 1024},
    {"role", FIELD_BOOL, AT(sim_behaviour, role)},
    {"eos_token", FIELD_BOOL, AT(sim_behaviour, eos_token)},
    {"null_first", FIELD_BOOL, AT(sim_behaviour, null_first)},
    {"usage", FIELD_BOOL, AT(sim_behaviour, usage)},
    {"ping_ms", FIELD_U32, AT(sim_behaviour, ping_ms), .max = DAY_MS},
    {"empty_every", FIELD_U32, AT(sim_behaviour, empty_every), .max = TOKENS_MAX},
    {"reasoning", FIELD_U32, AT(sim_behaviour, reasoning), .max = TOKENS_MAX},
    {"tool_calls", FIELD_U32, AT(sim_behaviour, tool_calls), .max = TOKENS_MAX},
    {"reasoning_key", FIELD_TEXT, AT(sim_behaviour, reasoning_key)},
    {"usage_extra", FIELD_TEXT, AT(sim_behaviour, usage_extra)},
};

static const struct field rule_fields[] = {
    {"request", FIELD_U64, AT(sim_rule, request), .max = INT64_MAX},
    {"from", FIELD_U64, AT(sim_rule, from), .max = INT64_MAX},
    {"to", FIELD_U64, AT(sim_rule, to), .max = INT64_MAX},
    {"every", FIELD_U64, AT(sim_rule, every), .min = 1, .max = INT64_MAX},
    {"connection", FIELD_U64, AT(sim_rule, connection), .max = INT64_MAX},
    {"every_connection", FIELD_U64, AT(sim_rule, every_connection), .min = 1, .max = INT64_MAX},
    {"fault", FIELD_CHOICE, AT(sim_rule, fault), CHOICES(fault_names)},
    {"token", FIELD_U32, AT(sim_rule, token), .max = TOKENS_MAX},
    {"ms", FIELD_U32, AT(sim_rule, ms), .max = DAY_MS},
    {"us", FIELD_U32, AT(sim_rule, us), .max = DAY_MS},
    {"bytes", FIELD_U32, AT(sim_rule, bytes), .min = 1, .max = 1 << 20},
    {"events", FIELD_U32, AT(sim_rule, events), .min = 1, .max = 1024},
    {"status", FIELD_U32, AT(sim_rule, status), .min = 100, .max = 599},
    {"body", FIELD_TEXT, AT(sim_rule, body)},
    {"behaviour", FIELD_TREE, AT(sim_rule, behaviour)},
};

static const struct field stall_fields[] = {
    {"at_ms", FIELD_MS, AT(sim_stall, at_ns), .max = DAY_MS},
    {"ms", FIELD_MS, AT(sim_stall, length_ns), .max = DAY_MS},
};

static const struct field identity_fields[] = {
    {"after_requests", FIELD_U64, AT(sim_habits, identity_after), .max = INT64_MAX},
    {"version", FIELD_TEXT, AT(sim_habits, identity_version)},
    {"model", FIELD_TEXT, AT(sim_habits, identity_model)},
};

static const struct field habit_fields[] = {
    {"loading_ms", FIELD_MS, AT(sim_habits, loading_ns), .max = DAY_MS},
    {"idle_close_ms", FIELD_MS, AT(sim_habits, idle_close_ns), .max = DAY_MS},
    {"keep_alive_max", FIELD_U32, AT(sim_habits, keep_alive_max), .max = TOKENS_MAX},
    {"close_streams", FIELD_BOOL, AT(sim_habits, close_streams)},
    {"prefix_cache", FIELD_BOOL, AT(sim_habits, prefix_cache)},
};

/* Keys of the script that are trees of their own. */
static const char *const tree_keys[] = {"rules", "behaviour", "stalls", "identity"};

MUST_CHECK static int bad_value(const struct json *value, const char *what, struct error *err)
{
    return error_set(
        err, ERROR_USAGE, "fault script:%u:%u: '%s' %s", value->line, value->column,
        value->key != NULL ? value->key : "value", what);
}

MUST_CHECK static int
store_number(const struct field *field, const struct json *value, void *base, struct error *err)
{
    int64_t number = 0;
    if (!json_i64(value, &number) || number < field->min || number > field->max) {
        return error_set(
            err, ERROR_USAGE, "fault script:%u:%u: '%s' is no whole number between %lld and %lld",
            value->line, value->column, field->key, (long long)field->min, (long long)field->max);
    }
    void *at = (char *)base + field->offset;
    if (field->kind == FIELD_MS) {
        *(int64_t *)at = number * NS_PER_MS;
    } else if (field->kind == FIELD_U64) {
        *(uint64_t *)at = (uint64_t)number;
    } else {
        *(uint32_t *)at = (uint32_t)number;
    }
    return 0;
}

MUST_CHECK static int
store_choice(const struct field *field, const struct json *value, void *base, struct error *err)
{
    const char *name = json_text(value, "");
    for (unsigned i = 0; i < field->n_choices; i++) {
        if (text_equal(field->choices[i], name)) {
            *(unsigned *)(void *)((char *)base + field->offset) = i;
            return 0;
        }
    }
    const char *near = text_nearest(name, field->choices, field->n_choices);
    return error_set(
        err, ERROR_USAGE, "fault script:%u:%u: unknown %s '%s'%s%s%s", value->line, value->column,
        field->key, name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
        near != NULL ? "'?" : "");
}

MUST_CHECK static int
store(const struct field *field, struct json *value, void *base, struct error *err)
{
    char *at = (char *)base + field->offset;
    switch (field->kind) {
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_MS:
        return store_number(field, value, base, err);
    case FIELD_CHOICE:
        return store_choice(field, value, base, err);
    case FIELD_BOOL:
        if (!json_bool(value, (bool *)(void *)at)) {
            return bad_value(value, "is neither true nor false", err);
        }
        return 0;
    case FIELD_TEXT:
        if (value->kind != JSON_STRING) {
            return bad_value(value, "is no text", err);
        }
        *(const char **)(void *)at = value->text;
        return 0;
    case FIELD_TREE:
        *(struct json **)(void *)at = value;
        return 0;
    }
    return 0;
}

struct field_table {
    const struct field *fields;
    size_t n;
};

#define TABLE(rows)               \
    (struct field_table)          \
    {                             \
        (rows), ARRAY_LEN((rows)) \
    }

static const struct field *field_find(const struct field *fields, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++) {
        if (text_equal(fields[i].key, key)) {
            return &fields[i];
        }
    }
    return NULL;
}

static bool is_tree_key(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(tree_keys); i++) {
        if (text_equal(key, tree_keys[i])) {
            return true;
        }
    }
    return false;
}

/* Reads the members of an object into the struct at `base`.  With `trees`, the keys of the script's
 * own trees are left alone. */
MUST_CHECK static int read_fields(
    const struct json *object, struct field_table table, bool trees, void *base, struct error *err)
{
    if (object->kind != JSON_OBJECT) {
        return bad_value(object, "is no object", err);
    }
    int result = 0;
    for (struct json *value = object->first; value != NULL && result == 0; value = value->next) {
        const struct field *field = field_find(table.fields, table.n, value->key);
        if (field != NULL) {
            result = store(field, value, base, err);
        } else if (!trees || !is_tree_key(value->key)) {
            result = bad_value(value, "is no key that is known here", err);
        }
    }
    return result;
}

/* Defaults that depend on the fault. */
static void rule_defaults(struct sim_rule *rule)
{
    *rule = (struct sim_rule){
        .request = SIM_ANY,
        .to = SIM_ANY,
        .connection = SIM_ANY,
        .token = 1,
        .ms = UINT32_MAX,
        .bytes = UINT32_MAX,
        .events = JOIN_EVENTS,
        .status = FAULT_STATUS};
}

static void rule_complete(struct sim_rule *rule)
{
    const bool slow = rule->fault == SIM_FAULT_SLOW_HEADERS;
    if (rule->ms == UINT32_MAX) {
        rule->ms = rule->fault == SIM_FAULT_HANG ? HANG_MS : slow ? SLOW_HEADERS_MS : 0;
    }
    if (rule->bytes == UINT32_MAX) {
        rule->bytes = slow ? SLOW_HEADERS_BYTES : 1;
    }
}

MUST_CHECK static int
read_rule(struct sim_script *self, const struct json *value, struct error *err)
{
    if (self->n_rules == SIM_RULES_MAX) {
        return error_set(err, ERROR_LIMIT, "fault script: more than %d rules", SIM_RULES_MAX);
    }
    struct sim_rule *rule = &self->rules[self->n_rules];
    rule_defaults(rule);
    int result = read_fields(value, TABLE(rule_fields), false, rule, err);
    if (result != 0) {
        return result;
    }
    rule_complete(rule);
    const bool by_request =
        rule->request != SIM_ANY || rule->to != SIM_ANY || rule->from > 0 || rule->every > 0;
    if (rule->fault == SIM_FAULT_REFUSE && by_request) {
        return bad_value(value, "refuses a connection, which has no request yet", err);
    }
    if (rule->fault == SIM_FAULT_NONE && rule->behaviour == NULL) {
        return bad_value(value, "has neither a fault nor a behaviour", err);
    }
    if (rule->behaviour != NULL) {
        struct sim_behaviour checked = self->behaviour;
        result = read_fields(rule->behaviour, TABLE(behaviour_fields), false, &checked, err);
    }
    self->n_rules += result == 0;
    return result;
}

MUST_CHECK static int
read_stall(struct sim_habits *self, const struct json *value, struct error *err)
{
    if (self->n_stalls == SIM_STALLS_MAX) {
        return error_set(err, ERROR_LIMIT, "fault script: more than %d stalls", SIM_STALLS_MAX);
    }
    struct sim_stall *stall = &self->stalls[self->n_stalls];
    const int result = read_fields(value, TABLE(stall_fields), false, stall, err);
    if (result != 0) {
        return result;
    }
    if (self->n_stalls > 0 && stall->at_ns < stall[-1].at_ns + stall[-1].length_ns) {
        return bad_value(value, "starts before the stall before it has ended", err);
    }
    self->n_stalls++;
    return 0;
}

MUST_CHECK static int
read_rules(struct sim_script *self, const struct json *rules, struct error *err)
{
    if (rules->kind != JSON_ARRAY) {
        return bad_value(rules, "is no array", err);
    }
    for (const struct json *rule = rules->first; rule != NULL; rule = rule->next) {
        const int result = read_rule(self, rule, err);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

MUST_CHECK static int
read_stalls(struct sim_script *self, const struct json *stalls, struct error *err)
{
    if (stalls->kind != JSON_ARRAY) {
        return bad_value(stalls, "is no array", err);
    }
    for (const struct json *stall = stalls->first; stall != NULL; stall = stall->next) {
        const int result = read_stall(&self->habits, stall, err);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

MUST_CHECK static int read_script(struct sim_script *self, const char *text, struct error *err)
{
    struct json *root = NULL;
    int result = json_parse(&self->arena, "fault script", text, strlen(text), &root, err);
    if (result != 0) {
        return result;
    }
    result = read_fields(root, TABLE(habit_fields), true, &self->habits, err);
    const struct json *behaviour = json_find(root, "behaviour");
    if (result == 0 && behaviour != NULL) {
        result = read_fields(behaviour, TABLE(behaviour_fields), false, &self->behaviour, err);
    }
    const struct json *identity = json_find(root, "identity");
    if (result == 0 && identity != NULL) {
        self->habits.identity_after = 0;
        result = read_fields(identity, TABLE(identity_fields), false, &self->habits, err);
    }
    const struct json *stalls = json_find(root, "stalls");
    if (result == 0 && stalls != NULL) {
        result = read_stalls(self, stalls, err);
    }
    const struct json *rules = json_find(root, "rules");
    if (result == 0 && rules != NULL) {
        result = read_rules(self, rules, err);
    }
    return result;
}

int sim_script_open(
    const char *text, enum sim_style style, struct sim_script **out, struct error *err)
{
    const bool llamacpp = style == SIM_STYLE_LLAMACPP;
    struct sim_script *self = MEM_NEW(struct sim_script);
    self->behaviour = (struct sim_behaviour){
        .partial = llamacpp ? SIM_PARTIAL_HOLD : SIM_PARTIAL_EMPTY,
        .tokens_per_event = 1,
        .role = true,
        .usage = true,
        .reasoning_key = "reasoning_content",
    };
    self->habits = (struct sim_habits){
        .idle_close_ns = llamacpp ? 5 * NS_PER_S : 0,
        .keep_alive_max = llamacpp ? 100 : 0,
        .close_streams = llamacpp,
        .prefix_cache = llamacpp,
        .identity_after = SIM_ANY,
    };
    const int result = text != NULL ? read_script(self, text, err) : 0;
    if (result != 0) {
        sim_script_free(self);
        return result;
    }
    *out = self;
    return 0;
}

void sim_script_free(struct sim_script *self)
{
    if (self != NULL) {
        arena_done(&self->arena);
        free(self);
    }
}

static bool holds_for_connection(const struct sim_rule *rule, uint64_t connection)
{
    return (rule->connection == SIM_ANY || rule->connection == connection) &&
           (rule->every_connection == 0 || (connection + 1) % rule->every_connection == 0);
}

static bool holds_for_request(const struct sim_rule *rule, uint64_t request)
{
    return (rule->request == SIM_ANY || rule->request == request) && request >= rule->from &&
           request <= rule->to && (rule->every == 0 || (request + 1) % rule->every == 0);
}

bool sim_script_refuses(const struct sim_script *self, uint64_t connection)
{
    for (uint32_t i = 0; i < self->n_rules; i++) {
        const struct sim_rule *rule = &self->rules[i];
        if (rule->fault == SIM_FAULT_REFUSE && holds_for_connection(rule, connection)) {
            return true;
        }
    }
    return false;
}

static void apply_behaviour(const struct sim_rule *rule, struct sim_behaviour *behaviour)
{
    if (rule->behaviour == NULL) {
        return;
    }
    struct error unused = {0};
    const int result =
        read_fields(rule->behaviour, TABLE(behaviour_fields), false, behaviour, &unused);
    assert(result == 0); /* was read once when the script was opened */
    (void)result;
}

const struct sim_rule *sim_script_match(
    const struct sim_script *self,
    uint64_t request,
    uint64_t connection,
    struct sim_behaviour *out_behaviour)
{
    *out_behaviour = self->behaviour;
    const struct sim_rule *fault = NULL;
    for (uint32_t i = 0; i < self->n_rules; i++) {
        const struct sim_rule *rule = &self->rules[i];
        if (!holds_for_connection(rule, connection) || !holds_for_request(rule, request)) {
            continue;
        }
        apply_behaviour(rule, out_behaviour);
        if (fault == NULL && rule->fault != SIM_FAULT_NONE && rule->fault != SIM_FAULT_REFUSE) {
            fault = rule;
        }
    }
    return fault;
}

const struct sim_habits *sim_script_habits(const struct sim_script *self)
{
    return &self->habits;
}
