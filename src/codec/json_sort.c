/* Sorting serves two ends: the canonical order, and finding repeated keys in n log n, which no
 * choice of keys can make slow (a hash could be attacked). */
#include "base/mem.h"
#include "codec/json_tree.h"

#include <stdlib.h>
#include <string.h>

/* Fewer children than this are compared each with each, without memory. */
enum {
    FEW_CHILDREN = 12
};

struct ranked {
    const struct json *child;
    size_t rank; /* place in order of writing */
};

/* Order of code points is the order of UTF-8 bytes. */
static int compare_keys(const struct json *a, const struct json *b)
{
    const size_t shorter = a->key_len < b->key_len ? a->key_len : b->key_len;
    const int order = memcmp(a->key, b->key, shorter);
    if (order != 0) {
        return order;
    }
    return (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    const int order = compare_keys(a->child, b->child);
    return order != 0 ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

static struct ranked *rank_children(const struct json *object)
{
    struct ranked *rows = mem_alloc(object->len, sizeof(*rows));
    size_t n = 0;
    for (const struct json *child = object->first; child != NULL; child = child->next) {
        rows[n] = (struct ranked){.child = child, .rank = n};
        n++;
    }
    qsort(rows, n, sizeof(*rows), compare_ranked);
    return rows;
}

const struct json **json_tree_sorted(const struct json *object)
{
    CLEANUP(mem_freep) struct ranked *rows = rank_children(object);
    const struct json **sorted = mem_alloc(object->len, sizeof(const void *));
    for (size_t i = 0; i < object->len; i++) {
        sorted[i] = rows[i].child;
    }
    return sorted;
}

static bool key_came_before(const struct json *object, const struct json *child)
{
    const struct json *before = object->first;
    while (before != child && compare_keys(before, child) != 0) {
        before = before->next;
    }
    return before != child;
}

static const struct json *repeated_of_few(const struct json *object)
{
    const struct json *child = object->first;
    while (child != NULL && !key_came_before(object, child)) {
        child = child->next;
    }
    return child;
}

const struct json *json_tree_repeated_key(const struct json *object)
{
    if (object->len < FEW_CHILDREN) {
        return repeated_of_few(object);
    }
    CLEANUP(mem_freep) struct ranked *rows = rank_children(object);
    const struct ranked *found = NULL;
    for (size_t i = 1; i < object->len; i++) {
        const bool same = compare_keys(rows[i - 1].child, rows[i].child) == 0;
        if (same && (found == NULL || rows[i].rank < found->rank)) {
            found = &rows[i];
        }
    }
    return found != NULL ? found->child : NULL;
}
