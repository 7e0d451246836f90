/* prompts.h - loads datasets and compares prompts in tests. */
#pragma once

#include "suite/dataset.h"
#include "support/test.h"

#include <string.h>

static inline int load_recipe(
    const char *recipe, uint64_t seed, uint32_t n, struct prompt_set *out, struct error *err)
{
    return dataset_load(
        &(struct dataset_options){.recipe = recipe, .seed = seed, .n_wanted = n}, out, err);
}

/* Loads what must load. */
static inline void load_good(const char *recipe, uint64_t seed, uint32_t n, struct prompt_set *out)
{
    struct error err = {0};
    const int rc = load_recipe(recipe, seed, n, out, &err);
    if (rc != 0) {
        print_error("%s: %s\n", recipe, err.text);
        fail();
    }
}

/* The text of a prompt that is one user message. */
static inline const char *only_text(const struct prompt *prompt)
{
    assert_int_equal(prompt->n_messages, 1);
    assert_string_equal(prompt->messages[0].role, "user");
    return prompt->messages[0].content;
}

static inline int64_t fact_i64(const struct prompt_set *set, const char *key)
{
    int64_t value = -1;
    assert_true(json_i64(json_find(set->recipe, key), &value));
    return value;
}

static inline const char *fact_text(const struct prompt_set *set, const char *key)
{
    return json_text(json_find(set->recipe, key), "(absent)");
}

/* Sets an environment variable, or removes it with NULL.  Tests that use it have one thread. */
static inline void set_variable(const char *name, const char *value)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    const int rc = value != NULL ? setenv(name, value, 1) : unsetenv(name);
    assert_int_equal(rc, 0);
}
