/* The tree is a first-child, next-sibling list in one arena: order of writing is kept, and nothing
 * is ever freed alone.  Objects are small, so names are looked up by walking. */
#include "codec/json.h"

#include "base/text.h"
#include "codec/canonical.h"
#include "codec/json_scan.h"
#include "codec/json_tree.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

void json_tree_append(struct json *parent, struct json *child)
{
    assert(child->next == NULL);
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
    parent->len++;
}

static bool key_is(const struct json *child, const char *key, size_t len)
{
    return child->key_len == len && memcmp(child->key, key, len) == 0;
}

static struct json *find_bytes(const struct json *self, const char *key, size_t len)
{
    if (self == NULL || self->kind != JSON_OBJECT) {
        return NULL;
    }
    struct json *child = self->first;
    while (child != NULL && !key_is(child, key, len)) {
        child = child->next;
    }
    return child;
}

struct json *json_find(const struct json *self, const char *key)
{
    return find_bytes(self, key, strlen(key));
}

struct json *json_at(const struct json *self, size_t index)
{
    if (self == NULL || self->kind != JSON_ARRAY || index >= self->len) {
        return NULL;
    }
    struct json *child = self->first;
    while (index > 0) {
        child = child->next;
        index--;
    }
    return child;
}

struct json *json_path(const struct json *self, const char *path)
{
    struct json *found = NULL;
    for (;;) {
        const size_t len = strcspn(path, ".");
        found = find_bytes(self, path, len);
        if (found == NULL || path[len] == '\0') {
            return found;
        }
        self = found;
        path += len + 1;
    }
}

const char *json_text(const struct json *self, const char *otherwise)
{
    return self != NULL && self->kind == JSON_STRING ? self->text : otherwise;
}

bool json_i64(const struct json *self, int64_t *out)
{
    return self != NULL && self->kind == JSON_INTEGER && json_scan_i64(self->text, self->len, out);
}

bool json_f64(const struct json *self, double *out)
{
    if (self == NULL || (self->kind != JSON_INTEGER && self->kind != JSON_FLOAT)) {
        return false;
    }
    const double value = text_to_f64(self->text);
    if (!isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

bool json_bool(const struct json *self, bool *out)
{
    if (self == NULL || self->kind != JSON_BOOL) {
        return false;
    }
    *out = self->boolean;
    return true;
}

static struct json *
new_value(struct arena *arena, enum json_kind kind, const char *text, size_t len)
{
    struct json *value = arena_alloc(arena, sizeof(*value));
    value->kind = kind;
    value->text = text;
    value->len = len;
    return value;
}

struct json *json_new(struct arena *arena, enum json_kind kind)
{
    switch (kind) {
    case JSON_INTEGER:
        return new_value(arena, kind, "0", 1);
    case JSON_FLOAT:
        return new_value(arena, kind, "0.0", 3);
    case JSON_STRING:
        return new_value(arena, kind, "", 0);
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_ARRAY:
    case JSON_OBJECT:
    default:
        return new_value(arena, kind, NULL, 0);
    }
}

struct json *json_new_text(struct arena *arena, const char *text)
{
    return json_new_bytes(arena, text, strlen(text));
}

struct json *json_new_bytes(struct arena *arena, const char *bytes, size_t len)
{
    return new_value(arena, JSON_STRING, arena_copy(arena, bytes, len), len);
}

struct json *json_new_i64(struct arena *arena, int64_t value)
{
    const char *text = arena_format(arena, "%" PRId64, value);
    return new_value(arena, JSON_INTEGER, text, strlen(text));
}

struct json *json_new_u64(struct arena *arena, uint64_t value)
{
    const char *text = arena_format(arena, "%" PRIu64, value);
    return new_value(arena, JSON_INTEGER, text, strlen(text));
}

struct json *json_new_bool(struct arena *arena, bool value)
{
    struct json *self = json_new(arena, JSON_BOOL);
    self->boolean = value;
    return self;
}

struct json *json_new_f64(struct arena *arena, double value)
{
    if (!isfinite(value)) {
        return json_new(arena, JSON_NULL);
    }
    char text[CANONICAL_FLOAT_SIZE];
    const size_t len = canonical_float(value, text);
    return new_value(arena, JSON_FLOAT, arena_copy(arena, text, len), len);
}

struct json *json_add(struct arena *arena, struct json *object, const char *key, struct json *value)
{
    assert(object->kind == JSON_OBJECT);
    assert(value->key == NULL && value->next == NULL);
    assert(json_find(object, key) == NULL);
    value->key_len = strlen(key);
    value->key = arena_copy(arena, key, value->key_len);
    json_tree_append(object, value);
    return value;
}

struct json *json_append(struct json *array, struct json *value)
{
    assert(array->kind == JSON_ARRAY);
    assert(value->key == NULL && value->next == NULL);
    json_tree_append(array, value);
    return value;
}

void json_add_text(struct arena *arena, struct json *object, const char *key, const char *text)
{
    (void)json_add(arena, object, key, json_new_text(arena, text));
}

void json_add_i64(struct arena *arena, struct json *object, const char *key, int64_t value)
{
    (void)json_add(arena, object, key, json_new_i64(arena, value));
}

void json_add_f64(struct arena *arena, struct json *object, const char *key, double value)
{
    (void)json_add(arena, object, key, json_new_f64(arena, value));
}

void json_add_bool(struct arena *arena, struct json *object, const char *key, bool value)
{
    (void)json_add(arena, object, key, json_new_bool(arena, value));
}

void json_add_null(struct arena *arena, struct json *object, const char *key)
{
    (void)json_add(arena, object, key, json_new(arena, JSON_NULL));
}

/* Copies one value without its children. */
static struct json *copy_value(struct arena *arena, const struct json *from)
{
    struct json *to = arena_alloc(arena, sizeof(*to));
    *to = *from;
    to->first = NULL;
    to->last = NULL;
    to->next = NULL;
    if (from->key != NULL) {
        to->key = arena_copy(arena, from->key, from->key_len);
    }
    if (from->text != NULL) {
        to->text = arena_copy(arena, from->text, from->len);
    }
    if (from->kind == JSON_ARRAY || from->kind == JSON_OBJECT) {
        to->len = 0;
    }
    return to;
}

struct json *json_copy(struct arena *arena, const struct json *self)
{
    struct json *root = copy_value(arena, self);
    root->key = NULL;
    root->key_len = 0;
    /* Open containers: the copy, and the child of the original that comes next. */
    struct json *open[JSON_DEPTH_MAX];
    const struct json *rest[JSON_DEPTH_MAX];
    unsigned depth = 1;
    open[0] = root;
    rest[0] = self->first;
    while (depth > 0) {
        const struct json *from = rest[depth - 1];
        if (from == NULL) {
            depth--;
            continue;
        }
        rest[depth - 1] = from->next;
        struct json *to = copy_value(arena, from);
        json_tree_append(open[depth - 1], to);
        assert(from->first == NULL || depth < JSON_DEPTH_MAX);
        if (from->first != NULL) {
            open[depth] = to;
            rest[depth] = from->first;
            depth++;
        }
    }
    return root;
}

struct json *json_remove(struct json *object, const char *key)
{
    struct json *found = json_find(object, key);
    if (found == NULL) {
        return NULL;
    }
    struct json *before = NULL;
    for (struct json *child = object->first; child != found; child = child->next) {
        before = child;
    }
    if (before == NULL) {
        object->first = found->next;
    } else {
        before->next = found->next;
    }
    if (object->last == found) {
        object->last = before;
    }
    object->len--;
    found->next = NULL;
    found->key = NULL;
    found->key_len = 0;
    return found;
}
