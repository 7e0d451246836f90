/* The sampler of AMD GPUs over a tree of three cards, each with other files. */
#include "base/attr.h"
#include "support/test.h"
#include "telemetry/sampler.h"

#include <string.h>

struct expected {
    const char *key;
    enum column_role role;
    double value;
};

static const struct {
    const char *source;
    uint32_t n;
    struct expected columns[TRACK_COLUMNS_MAX];
} cards[] = {
    {"gpu0 0000:03:00.0",
     6,
     {{"power_w", TRACK_POWER, 41.012},
      {"utilization_pct", TRACK_GAUGE, 7.0},
      {"sm_clock_mhz", TRACK_GAUGE, 800.0},
      {"memory_clock_mhz", TRACK_GAUGE, 96.0},
      {"temperature_c", TRACK_GAUGE, 45.0},
      {"memory_used_bytes", TRACK_GAUGE, 1234567168.0}}},
    /* The average before the moment; a use that cannot be read has no column. */
    {"gpu1 0000:83:00.0",
     2,
     {{"energy_uj", TRACK_ENERGY, 987654321000.0}, {"power_w", TRACK_POWER, 139.0}}},
    {"gpu2 unknown", 1, {{"power_w", TRACK_POWER, 9.0}}},
};

static void test_open__takes_what_each_card_tells(void **state)
{
    (void)state;
    const struct sampler_options options = {.root = "tests/data/hwmon/three-cards"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_amdgpu.open(&options, &sampler, &err), 0);
    assert_int_equal(sampler->n_sources, ARRAY_LEN(cards));
    for (uint32_t i = 0; i < ARRAY_LEN(cards); i++) {
        const struct track *track = &sampler->sources[i];
        double values[TRACK_COLUMNS_MAX];
        assert_string_equal(track->source, cards[i].source);
        assert_string_equal(track->part, "gpu");
        assert_true(track->counted);
        assert_int_equal(track->n_columns, cards[i].n);
        assert_true(sampler_amdgpu.sample(sampler, i, values));
        for (uint32_t c = 0; c < cards[i].n; c++) {
            assert_string_equal(track->columns[c].key, cards[i].columns[c].key);
            assert_int_equal(track->columns[c].role, cards[i].columns[c].role);
            assert_near(values[c], cards[i].columns[c].value, 1e-9);
        }
    }
    assert_string_equal(
        sampler->note,
        "amdgpu: energy is that of all 3 GPUs here; name those of the engine with --gpus");
    sampler_amdgpu.close(sampler);
}

static void test_open__takes_the_cards_that_are_asked_for(void **state)
{
    (void)state;
    struct gpu_list list;
    struct gpu_found found = {0};
    struct error err = {0};
    struct sampler *sampler = NULL;
    assert_int_equal(gpu_list_parse("5,83:00.0", &list, &err), 0);
    const struct sampler_options options = {
        .root = "tests/data/hwmon/three-cards", .gpus = &list, .found = &found};
    assert_int_equal(sampler_amdgpu.open(&options, &sampler, &err), 0);
    assert_int_equal(sampler->n_sources, 1);
    assert_string_equal(sampler->sources[0].source, cards[1].source);
    assert_string_equal(sampler->note, "");
    assert_int_equal(found.bits, 2);
    sampler_amdgpu.close(sampler);
    sampler = NULL;
    assert_int_equal(gpu_list_parse("5", &list, &err), 0);
    assert_int_equal(sampler_amdgpu.open(&options, &sampler, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(err.text, "amdgpu: none of the 4 GPUs here is asked for");
    assert_null(sampler);
}

static void test_open__says_what_is_missing(void **state)
{
    (void)state;
    const struct sampler_options options = {.root = "/nonexistent"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_amdgpu.open(&options, &sampler, &err), -ERROR_UNAVAILABLE);
    assert_null(sampler);
    assert_string_equal(
        err.text, "amdgpu: there is no GPU of that driver in /nonexistent/sys/class/hwmon");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__takes_what_each_card_tells),
        cmocka_unit_test(test_open__takes_the_cards_that_are_asked_for),
        cmocka_unit_test(test_open__says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
