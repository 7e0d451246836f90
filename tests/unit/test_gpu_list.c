/* GPUs by name: what is one, what it stands for, what is refused. */
#include "base/attr.h"
#include "support/test.h"
#include "telemetry/gpu_list.h"

#include <string.h>

static void test_gpu_list_has__finds_by_every_name(void **state)
{
    (void)state;
    static const struct gpu_id gpus[] = {
        {0, "GPU-0a0b0c0d-0000-1111-2222-333344445555", "00000000:0A:00.0"},
        {1, "GPU-feedf00d-0000-1111-2222-333344445555", "00000000:CA:00.0"},
        {2, "", "0000:03:00.0"},
        {3, "", ""},
        {10, "", "00000001:0A:00.0"},
    };

    static const struct {
        const char *text;
        unsigned gpus;  /* bit i: gpus[i] */
        uint64_t found; /* bit i: the i-th name */
    } rows[] = {
        {"all", 31, 0},
        {"0", 1, 1},
        {"1,0", 3, 3},
        {"10", 16, 1},
        {"3", 8, 1},
        {"5", 0, 0},
        {"2,5,1", 6, 5},
        {"GPU-0a0b0c0d-0000-1111-2222-333344445555", 1, 1},
        {"GPU-FEEDF00D", 2, 1}, /* cut, and in the other case */
        {"GPU-0a0b0c0e", 0, 0},
        {"MIG-feedf00d", 0, 0},
        {"0000:0a:00.0", 1, 1},
        {"0a:00.0", 1, 1},
        {"00000000:CA:00.0,3", 10, 3},
        {"03:00.0", 4, 1},
        {"1:0a:00.0", 16, 1},
        {"0:0:0.0", 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gpu_list list;
        struct gpu_found found = {0};
        struct error err = {0};
        assert_int_equal(gpu_list_parse(rows[i].text, &list, &err), 0);
        unsigned named = 0;
        for (size_t k = 0; k < ARRAY_LEN(gpus); k++) {
            const bool has = gpu_list_has(&list, &gpus[k], &found);
            assert_int_equal(has, gpu_list_has(&list, &gpus[k], NULL));
            named |= has ? 1U << k : 0U;
        }
        if (named != rows[i].gpus || found.bits != rows[i].found) {
            print_error(
                "%s: GPUs %x, names %llx\n", rows[i].text, named, (unsigned long long)found.bits);
            fail();
        }
    }
}

#define NO_GPU                                                                             \
    "' is no GPU: give an index from 0 to 63, a UUID like GPU-4fa0c2d1, or a PCI address " \
    "like 0000:0a:00.0"

static void test_gpu_list_parse__names_what_is_wrong(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "'" NO_GPU},
        {"0,", "'" NO_GPU},
        {",0", "'" NO_GPU},
        {"0,,1", "'" NO_GPU},
        {"64", "'64" NO_GPU},
        {"-1", "'-1" NO_GPU},
        {"1.0", "'1.0" NO_GPU},
        {"0, 1", "' 1" NO_GPU},
        {"gpu0", "'gpu0" NO_GPU},
        {"all,0", "'all" NO_GPU},
        {"GPU-1234", "'GPU-1234" NO_GPU},
        {"GPU-1234567g", "'GPU-1234567g" NO_GPU},
        {"0a:00", "'0a:00" NO_GPU},
        {"1,0,1", "'1' is given twice"},
        {"0A:00.0,0a:00.0", "'0a:00.0' is given twice"},
        {"GPU-00000000000000000000000000000000000000000000000000000000000000000000",
         "'GPU-00000000000000000000000000000000000000000000000000000000000" NO_GPU},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gpu_list list = {.n = 7};
        struct error err = {0};
        assert_int_equal(gpu_list_parse(rows[i].text, &list, &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].says);
        assert_int_equal(list.n, 7); /* untouched */
    }
}

static void test_gpu_list_parse__has_a_limit(void **state)
{
    (void)state;
    char text[1024] = "";
    size_t len = 0;
    for (unsigned i = 0; i <= GPU_LIST_MAX; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%02x:00.0", i ? "," : "", i);
    }
    struct gpu_list list;
    struct error err = {0};
    assert_int_equal(gpu_list_parse(text, &list, &err), -ERROR_USAGE);
    assert_string_equal(err.text, "more than 64 GPUs");
    error_clear(&err);
    *strrchr(text, ',') = '\0';
    assert_int_equal(gpu_list_parse(text, &list, &err), 0);
    assert_int_equal(list.n, GPU_LIST_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gpu_list_has__finds_by_every_name),
        cmocka_unit_test(test_gpu_list_parse__names_what_is_wrong),
        cmocka_unit_test(test_gpu_list_parse__has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
