/* UUIDv7: RFC 9562. */
#include "envelope/envelope.h"
#include "envelope/schema_form.h"
#include "support/test.h"

#include <string.h>

static void test_run_id_new__has_version_variant_and_time(void **state)
{
    (void)state;
    /* RFC 9562, appendix A.6: 2022-02-22T19:22:22Z is 0x017F22E279B0 ms. */
    const int64_t real_ns = INT64_C(1645557742000) * 1000000 + 999999;
    for (int i = 0; i < 200; i++) {
        char id[RUN_ID_SIZE];
        run_id_new(real_ns, id);
        assert_int_equal(strlen(id), RUN_ID_SIZE - 1);
        assert_true(schema_form_holds(FORM_UUID7, id, strlen(id)));
        assert_memory_equal(id, "017f22e2-79b0-7", 15);
    }
}

static void test_run_id_new__never_repeats(void **state)
{
    (void)state;
    static char ids[1000][RUN_ID_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        run_id_new(1, ids[i]);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(ids[i], ids[j]);
        }
    }
}

static void test_run_id_new__sorts_by_time(void **state)
{
    (void)state;
    char before[RUN_ID_SIZE] = "";
    for (int64_t ms = 0; ms < INT64_C(1) << 47; ms = ms * 3 + 1) {
        char id[RUN_ID_SIZE];
        run_id_new(ms > INT64_MAX / 1000000 ? INT64_MAX : ms * 1000000, id);
        assert_true(ms > INT64_MAX / 1000000 || strcmp(before, id) < 0);
        memcpy(before, id, sizeof(id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_id_new__has_version_variant_and_time),
        cmocka_unit_test(test_run_id_new__never_repeats),
        cmocka_unit_test(test_run_id_new__sorts_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
