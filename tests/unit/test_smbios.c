/* Tables of machine shapes, made by tests/oracle/smbios_tables.py; what they say is written there. */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "hardware/smbios.h"
#include "support/test.h"

#include <string.h>

struct shape {
    const char *folder;
    unsigned n_sockets, n_slots, n_modules, channels, per_socket, speed_mts;
    enum smbios_ecc ecc;
    uint64_t size_mb;
};

static const struct shape shapes[] = {
    {"xeon", 2, 32, 16, 16, 8, 4800, SMBIOS_ECC_YES, 16 * 32768},
    {"epyc", 2, 24, 24, 24, 12, 4800, SMBIOS_ECC_YES, 24 * 65536},
    {"desktop", 1, 4, 2, 2, 2, 6000, SMBIOS_ECC_NONE, 2 * 16384},
    {"arm-server", 1, 8, 8, 8, 8, 3200, SMBIOS_ECC_YES, 8 * 32768},
    {"vm", 2, 1, 1, 0, 0, 0, SMBIOS_ECC_YES, 8192},
    {"old", 1, 4, 3, 0, 0, 1333, SMBIOS_ECC_YES, 3 * 4096},
};

static char *read_table(const char *folder, size_t *out_len)
{
    CLEANUP(mem_freep)
    char *path = mem_format("tests/data/hardware/%s/sys/firmware/dmi/tables/DMI", folder);
    char *table = NULL;
    struct error err = {0};
    assert_int_equal(file_read(path, SMBIOS_TABLE_MAX, &table, out_len, &err), 0);
    return table;
}

static void test_parse__tells_what_the_tables_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        const struct shape *shape = &shapes[i];
        size_t len = 0;
        CLEANUP(mem_freep) char *table = read_table(shape->folder, &len);
        struct smbios out;
        smbios_parse((const uint8_t *)table, len, 0x305, &out);
        print_message("%s\n", shape->folder);
        assert_false(out.malformed);
        assert_int_equal(out.n_sockets, shape->n_sockets);
        assert_int_equal(out.n_slots, shape->n_slots);
        assert_int_equal(out.n_modules, shape->n_modules);
        assert_int_equal(out.channels, shape->channels);
        assert_int_equal(out.channels_per_socket, shape->per_socket);
        assert_int_equal(out.speed_mts, shape->speed_mts);
        assert_int_equal(out.ecc, shape->ecc);
        assert_int_equal(out.size_mb, shape->size_mb);
        assert_int_equal(out.has_channels, shape->channels > 0);
        assert_string_equal(out.uuid, "4c4c4544-0042-3510-8052-b4c04f4d3432");
    }
}

static void test_parse__a_cut_table_is_malformed_and_read_up_to_there(void **state)
{
    (void)state;
    size_t len = 0;
    CLEANUP(mem_freep) char *table = read_table("xeon", &len);
    struct smbios whole;
    smbios_parse((const uint8_t *)table, len, 0x305, &whole);
    for (size_t n = 1; n < len; n++) {
        /* A copy of its own size, so that the sanitizers see a read behind its end. */
        CLEANUP(mem_freep) char *copy = mem_alloc(n, 1);
        memcpy(copy, table, n);
        struct smbios out;
        smbios_parse((const uint8_t *)copy, n, 0x305, &out);
        assert_true(out.n_structures <= whole.n_structures);
        assert_true(out.malformed || out.n_structures < whole.n_structures);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__tells_what_the_tables_say),
        cmocka_unit_test(test_parse__a_cut_table_is_malformed_and_read_up_to_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
