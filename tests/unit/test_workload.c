#include "base/bytes.h"
#include "base/mem.h"
#include "codec/digest.h"
#include "load/workload.h"
#include "support/test.h"

#include <string.h>

enum {
    POOL_MAX = 300
};

static struct workload make_workload(uint32_t n, bool salt)
{
    static struct message messages[POOL_MAX];
    static struct prompt prompts[POOL_MAX];
    static char contents[POOL_MAX][32];
    for (uint32_t i = 0; i < n; i++) {
        (void)snprintf(contents[i], sizeof(contents[i]), "question %u", i);
        messages[i] = (struct message){.role = "user", .content = contents[i]};
        prompts[i] = (struct prompt){.messages = &messages[i], .n_messages = 1};
    }
    struct engine_target target = {.base_url = "http://127.0.0.1:8000/v1", .model = "m"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(target.base_url, &target.endpoint, &err), 0);
    const struct request_shape shape = {
        .chat = true, .stream = true, .max_tokens = 16, .salt = salt, .seed = 42};
    struct workload workload = {0};
    const struct workload_source source = {
        .engine = engine_find("sim"),
        .target = &target,
        .shape = &shape,
        .prompts = prompts,
        .n_prompts = n,
    };
    const int result = workload_init(&workload, &source, &err);
    assert_int_equal(result, 0);
    return workload;
}

static void test_workload_prompt_of__uses_each_prompt_once_in_each_round(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 7, 64, 65, 300};
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        struct workload workload = make_workload(sizes[s], true);
        for (uint64_t round = 0; round < 3; round++) {
            bool seen[POOL_MAX] = {false};
            for (uint64_t i = 0; i < sizes[s]; i++) {
                const uint32_t prompt = workload_prompt_of(&workload, round * sizes[s] + i);
                assert_true(prompt < sizes[s]);
                assert_false(seen[prompt]);
                seen[prompt] = true;
            }
        }
        workload_done(&workload);
    }
}

static void test_workload_prompt_of__rounds_and_seeds_differ(void **state)
{
    (void)state;
    struct workload workload = make_workload(200, true);
    int same_round = 0;
    int same_seed = 0;
    struct workload other = workload;
    other.seed = 43;
    for (uint64_t i = 0; i < 200; i++) {
        same_round += workload_prompt_of(&workload, i) == workload_prompt_of(&workload, 200 + i);
        same_seed += workload_prompt_of(&workload, i) == workload_prompt_of(&other, i);
    }
    assert_true(same_round < 20);
    assert_true(same_seed < 20);
    workload_done(&workload);
}

static void test_workload_render__same_index_same_bytes_other_index_other_salt(void **state)
{
    (void)state;
    struct workload workload = make_workload(5, true);
    CLEANUP(mem_freep) char *a = malloc(workload.len_max);
    CLEANUP(mem_freep) char *b = malloc(workload.len_max);
    const uint32_t len = workload_render(&workload, 3, a);
    assert_int_equal(workload_render(&workload, 3, b), len);
    assert_memory_equal(a, b, len);
    /* The same prompt in another round: the same length, another salt. */
    uint64_t index = 5;
    while (workload_prompt_of(&workload, index) != workload_prompt_of(&workload, 3)) {
        index++;
    }
    assert_int_equal(workload_render(&workload, index, b), len);
    assert_memory_not_equal(a, b, len);
    workload_done(&workload);
}

static void test_workload_render__without_salt_repeats_are_equal(void **state)
{
    (void)state;
    struct workload workload = make_workload(1, false);
    CLEANUP(mem_freep) char *a = malloc(workload.len_max);
    CLEANUP(mem_freep) char *b = malloc(workload.len_max);
    const uint32_t len = workload_render(&workload, 0, a);
    assert_int_equal(workload_render(&workload, 1, b), len);
    assert_memory_equal(a, b, len);
    workload_done(&workload);
}

/* Conversations: all first turns, then all second turns in the same order; another walk in another. */
static void test_workload_prompt_of__conversations_go_round_by_round(void **state)
{
    (void)state;
    struct workload workload = make_workload(60, true);
    workload.n_rounds = 4;
    for (uint64_t walk = 0; walk < 3; walk++) {
        bool seen[15] = {false};
        for (uint64_t i = 0; i < 15; i++) {
            const uint32_t first = workload_prompt_of(&workload, walk * 60 + i);
            assert_true(first < 15 && !seen[first]);
            seen[first] = true;
            for (uint32_t turn = 1; turn < 4; turn++) {
                assert_int_equal(
                    workload_prompt_of(&workload, walk * 60 + turn * 15 + i), first + turn * 15);
            }
        }
    }
    int same = 0;
    for (uint64_t i = 0; i < 15; i++) {
        same += workload_prompt_of(&workload, i) == workload_prompt_of(&workload, 60 + i);
    }
    assert_true(same < 10);
    workload_done(&workload);
}

/* The salt of request `index`, as sent. */
static void find_salt(const struct workload *workload, uint64_t index, char out[SALT_TEXT_LEN + 1])
{
    CLEANUP(mem_freep) char *request = calloc(1, workload->len_max + 1);
    (void)workload_render(workload, index, request);
    const char *at = strstr(request, "\"[ ");
    assert_non_null(at);
    memcpy(out, at + 3, SALT_TEXT_LEN);
    out[SALT_TEXT_LEN] = '\0';
}

static void test_workload_render__turns_of_one_conversation_share_their_salt(void **state)
{
    (void)state;
    struct workload workload = make_workload(60, true);
    workload.n_rounds = 4;
    char salts[2 * 15][SALT_TEXT_LEN + 1];
    for (uint64_t walk = 0; walk < 2; walk++) {
        for (uint64_t i = 0; i < 15; i++) {
            find_salt(&workload, walk * 60 + i, salts[walk * 15 + i]);
            for (uint64_t turn = 1; turn < 4; turn++) {
                char salt[SALT_TEXT_LEN + 1];
                find_salt(&workload, walk * 60 + turn * 15 + i, salt);
                assert_string_equal(salt, salts[walk * 15 + i]);
            }
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(salts); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(salts[i], salts[k]);
        }
    }
    workload_done(&workload);
}

/* The digest again, from the definition: bodies found behind the blank line, in one piece. */
static void expect_digest(const struct workload *workload)
{
    CLEANUP(bytes_done) struct bytes all;
    bytes_init(&all, BYTES_MAX_DEFAULT);
    CLEANUP(mem_freep) char *request = calloc(1, workload->len_max + 1);
    for (uint32_t i = 0; i < workload->n; i++) {
        request[workload_render(workload, i, request)] = '\0';
        bytes_add_text(&all, strstr(request, "\r\n\r\n") + 4);
        bytes_add_char(&all, '\n');
    }
    char want[DIGEST_HEX_SIZE];
    char have[DIGEST_HEX_SIZE];
    digest_sha256_hex(all.data, all.len, want);
    workload_digest(workload, have);
    assert_string_equal(have, want);
}

static void test_workload_digest__is_of_the_bodies_in_order(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 8; n += 7) {
        struct workload workload = make_workload(n, n == 8);
        expect_digest(&workload);
        workload_done(&workload);
    }
}

static void test_workload_digest__follows_the_seed(void **state)
{
    (void)state;
    struct workload one = make_workload(20, true);
    struct workload two = make_workload(20, true);
    char a[DIGEST_HEX_SIZE];
    char b[DIGEST_HEX_SIZE];
    workload_digest(&one, a);
    workload_digest(&two, b);
    assert_string_equal(a, b);
    two.seed = 43; /* other order, other salts */
    workload_digest(&two, b);
    assert_string_not_equal(a, b);
    workload_done(&one);
    workload_done(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workload_prompt_of__uses_each_prompt_once_in_each_round),
        cmocka_unit_test(test_workload_prompt_of__rounds_and_seeds_differ),
        cmocka_unit_test(test_workload_render__same_index_same_bytes_other_index_other_salt),
        cmocka_unit_test(test_workload_render__without_salt_repeats_are_equal),
        cmocka_unit_test(test_workload_prompt_of__conversations_go_round_by_round),
        cmocka_unit_test(test_workload_render__turns_of_one_conversation_share_their_salt),
        cmocka_unit_test(test_workload_digest__is_of_the_bodies_in_order),
        cmocka_unit_test(test_workload_digest__follows_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
