/* The fingerprint of recorded /proc and /sys trees, and its hash against the public Python suite's. */
#include "base/file.h"
#include "base/mem.h"
#include "hardware/arm_cpu.h"
#include "hardware/fingerprint.h"
#include "support/test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reading {
    struct arena arena;
    struct json *warnings;
    struct json *fingerprint;
    struct bytes text; /* of the fingerprint without its hash */
};

static void reading_make(struct reading *self, const char *root)
{
    *self = (struct reading){0};
    self->warnings = json_new(&self->arena, JSON_ARRAY);
    self->fingerprint = fingerprint_read(&self->arena, root, self->warnings);
    bytes_init(&self->text, BYTES_MAX_DEFAULT);
    struct json *copy = json_copy(&self->arena, self->fingerprint);
    (void)json_remove(copy, "fingerprint_sha256");
    (void)json_remove(copy, "host"); /* not of the format: see test_read__host */
    json_write_compact(copy, &self->text);
}

static void reading_done(struct reading *self)
{
    bytes_done(&self->text);
    arena_done(&self->arena);
}

static size_t count_warnings(const struct reading *self, const char *part)
{
    size_t n = 0;
    for (const struct json *row = self->warnings->first; row != NULL; row = row->next) {
        n += strstr(row->text, part) != NULL;
    }
    return n;
}

static void assert_warns(const struct reading *self, const char *part, size_t n)
{
    if (count_warnings(self, part) != n) {
        print_error("'%s' is not warned of %zu times in:\n", part, n);
        for (const struct json *row = self->warnings->first; row != NULL; row = row->next) {
            print_error("  %s\n", row->text);
        }
        fail();
    }
}

static void test_read__a_server_with_gpus(void **state)
{
    (void)state;
    struct reading reading;
    reading_make(&reading, "tests/data/hardware/server");
    assert_string_equal(
        reading.text.data,
        "{\"dmi_uuid\":\"4c4c4544-0042-3510-8052-b4c04f4d3432\",\"gpus\":["
        "{\"model\":\"NVIDIA H100 80GB HBM3\",\"pci_id\":\"00000000:0A:00.0\",\"serial\":\"unknown\","
        "\"vbios\":\"96.00.D0.00.02\"},"
        "{\"model\":\"NVIDIA H100 80GB HBM3\",\"pci_id\":\"00000000:18:00.0\",\"serial\":\"unknown\","
        "\"vbios\":\"96.00.D0.00.02\"}],"
        "\"cpu\":{\"model\":\"Intel(R) Xeon(R) Platinum 8480+\",\"microcode\":\"0x2b000643\"},"
        "\"memory\":{\"channels\":1,\"speed_mts\":1,\"ecc\":true},"
        "\"bios\":{\"version\":\"R24\",\"resizable_bar\":false,\"above_4g\":false},"
        "\"numa\":{\"nodes\":[{\"id\":0,\"cpus\":[0,1,2,3,8,9,10,11],\"memory_mb\":64000},"
        "{\"id\":1,\"cpus\":[4,5,6,7,12,13,14,15],\"memory_mb\":63488},"
        "{\"id\":10,\"cpus\":[],\"memory_mb\":0}]},"
        "\"driver\":\"580.126.09\",\"cuda\":\"\",\"nccl\":\"\"}");
    /* Python: sha256(json.dumps(body, sort_keys=True, separators=(",", ":"))) of the text above. */
    assert_string_equal(
        json_text(json_find(reading.fingerprint, "fingerprint_sha256"), ""),
        "80ee24291552524201ca0604b3d801dbd1c42983bc1e2c226a12e8157a26b33c");
    assert_string_equal(fingerprint_hardware_class(reading.fingerprint), "h100");
    assert_warns(&reading, "", 9);
    assert_warns(&reading, "numa: memory is what the kernel manages now, and may change", 1);
    assert_warns(&reading, "memory.channels is unknown and written as 1", 1);
    assert_warns(&reading, "memory.speed_mts is unknown and written as 1", 1);
    assert_warns(&reading, "bios.resizable_bar is unknown", 1);
    assert_warns(&reading, "bios.above_4g is unknown", 1);
    assert_warns(&reading, "gpus: serial of", 2);
    assert_warns(&reading, "cuda is unknown", 1);
    assert_warns(&reading, "nccl is unknown", 1);
    reading_done(&reading);
}

/* Pages of 4 KiB: (3998 + 782336 + 5505024) / 256 and 3145728 / 256, cut. */
static void test_read__memory_that_a_balloon_holds_is_the_machines(void **state)
{
    (void)state;
    if (sysconf(_SC_PAGESIZE) != 4096) {
        skip();
    }
    static const char *const roots[] = {
        "tests/data/hardware/balloon-before", "tests/data/hardware/balloon-after"};
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        struct reading reading;
        reading_make(&reading, roots[i]);
        CLEANUP(bytes_done) struct bytes numa;
        bytes_init(&numa, BYTES_MAX_DEFAULT);
        json_write_compact(json_find(reading.fingerprint, "numa"), &numa);
        assert_string_equal(
            numa.data, "{\"nodes\":[{\"id\":0,\"cpus\":[0,1],\"memory_mb\":24575},"
                       "{\"id\":1,\"cpus\":[2,3],\"memory_mb\":12288}]}");
        assert_warns(&reading, "numa", 0);
        reading_done(&reading);
    }
}

static void test_read__says_unknown_where_nothing_tells(void **state)
{
    (void)state;

    static const struct {
        const char *root;
        const char *model;
        size_t n_warnings;
    } rows[] = {
        {"tests/data/hardware/arm", "Arm Neoverse-N1", 9},
        {"/nonexistent", "unknown", 10},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading reading;
        reading_make(&reading, rows[i].root);
        CLEANUP(mem_freep)
        char *expected = mem_format(
            "{\"dmi_uuid\":\"unknown\",\"gpus\":[],\"cpu\":{\"model\":\"%s\",\"microcode\":"
            "\"unknown\"},\"memory\":{\"channels\":1,\"speed_mts\":1,\"ecc\":false},\"bios\":"
            "{\"version\":\"unknown\",\"resizable_bar\":false,\"above_4g\":false},\"numa\":{},"
            "\"driver\":\"\",\"cuda\":\"\",\"nccl\":\"\"}",
            rows[i].model);
        assert_string_equal(reading.text.data, expected);
        assert_string_equal(fingerprint_hardware_class(reading.fingerprint), "cpu");
        assert_warns(&reading, "", rows[i].n_warnings);
        assert_warns(&reading, "dmi_uuid is unknown: this machine does not tell", 1);
        assert_warns(&reading, "cpu.model is unknown", rows[i].n_warnings - 9);
        assert_warns(&reading, "cpu.microcode is unknown", 1);
        assert_warns(&reading, "memory.ecc is unknown and written as false", 1);
        assert_warns(&reading, "bios.version is unknown", 1);
        assert_warns(&reading, "numa is unknown", 1);
        reading_done(&reading);
    }
}

/* Expectations: the names that lscpu (util-linux 2.38, and 2.41 for the newest) gives these numbers. */
static void test_arm_cpu_name__is_that_of_the_registers_numbers(void **state)
{
    (void)state;

    static const struct {
        const char *implementer;
        const char *part;
        const char *name; /* NULL: none */
    } rows[] = {
        {"0x41", "0xd08", "Arm Cortex-A72"},
        {"0x41", "0xd0c", "Arm Neoverse-N1"},
        {"0x41", "0xd40", "Arm Neoverse-V1"},
        {"0x41", "0xd49", "Arm Neoverse-N2"},
        {"0x41", "0xd4f", "Arm Neoverse-V2"},
        {"0x48", "0xd01", "HiSilicon Kunpeng-920"},
        {"0xc0", "0xac3", "Ampere-1"},
        {"0x46", "0x001", "Fujitsu A64FX"},
        {"0x6d", "0xd49", "Microsoft Azure-Cobalt-100"},
        {"0x41", "0xfff", NULL},
        {"0x42", "0xd0c", NULL},
        {"41", "0xd0c", NULL},
        {"0x41", "0xd0cx", NULL},
        {"0x", "0xd0c", NULL},
        {"0x41", "0x1000000000000000d0c", NULL},
        {"", "", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *name = arm_cpu_name(rows[i].implementer, rows[i].part);
        if (rows[i].name == NULL) {
            assert_null(name);
        } else {
            assert_non_null(name);
            assert_string_equal(name, rows[i].name);
        }
    }
}

static void test_read__takes_no_placeholder_and_no_broken_file_for_a_fact(void **state)
{
    (void)state;
    struct reading reading;
    reading_make(&reading, "tests/data/hardware/odd");
    const struct json *fingerprint = reading.fingerprint;
    assert_string_equal(json_text(json_find(fingerprint, "dmi_uuid"), ""), "unknown");
    assert_string_equal(json_text(json_path(fingerprint, "bios.version"), ""), "unknown");
    assert_string_equal(json_text(json_path(fingerprint, "cpu.model"), ""), "unknown");
    assert_string_equal(json_text(json_path(fingerprint, "cpu.microcode"), ""), "0x1");
    assert_warns(&reading, "the firmware has a placeholder, 'Default string'", 1);
    assert_warns(&reading, "placeholder, '03000200-", 1);

    const struct json *nodes = json_path(fingerprint, "numa.nodes");
    assert_int_equal(nodes->len, 8);
    for (const struct json *node = nodes->first; node != NULL; node = node->next) {
        assert_int_equal(json_find(node, "cpus")->len, 0);
    }
    int64_t mb = 0;
    assert_true(json_i64(json_find(json_at(nodes, 3), "memory_mb"), &mb));
    assert_int_equal(mb, 1);
    assert_warns(&reading, "the CPUs of node", 8);
    assert_warns(&reading, "the memory of node", 6);

    const struct json *gpus = json_find(fingerprint, "gpus");
    assert_int_equal(gpus->len, 1);
    assert_string_equal(json_text(json_find(gpus->first, "vbios"), ""), "unknown");
    assert_warns(&reading, "gpus: Video BIOS of 00000000:65:00.0 is unknown", 1);
    assert_warns(&reading, "gpus: 00000000:66:00.0 cannot be read", 1);
    assert_warns(&reading, "there is a GPU at", 1);
    assert_warns(&reading, "there is a GPU at 00000000:C1:00.0 that cannot be read", 1);
    assert_warns(&reading, "driver is unknown", 1);
    assert_string_equal(fingerprint_hardware_class(fingerprint), "unknown");
    reading_done(&reading);
}

static void test_read__says_that_root_would_see_more(void **state)
{
    (void)state;
    char root[] = "/tmp/bench-hw-XXXXXX";
    assert_non_null(mkdtemp(root));
    CLEANUP(mem_freep) char *folder = mem_format("%s/sys/class/dmi/id", root);
    CLEANUP(mem_freep) char *path = mem_format("%s/product_uuid", folder);
    struct error err = {0};
    assert_int_equal(file_make_folder(folder, &err), 0);
    assert_int_equal(chmod(root, 0755), 0);
    assert_int_equal(file_write_new(path, "secret\n", 7, 0000, &err), 0);
    const uid_t me = geteuid();
    const bool is_root = me == 0;
    assert_true(!is_root || seteuid(65534) == 0);
    struct reading reading;
    reading_make(&reading, root);
    assert_true(!is_root || seteuid(me) == 0);
    assert_warns(&reading, "dmi_uuid is unknown: only root can read it", 1);
    reading_done(&reading);
    CLEANUP(mem_freep) char *command = mem_format("rm -rf %s", root);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

/* The format's fields of whole machine shapes.  Tables are from tests/oracle/smbios_tables.py. */
static void test_read__memory_from_the_firmware_tables(void **state)
{
    (void)state;

    static const struct {
        const char *folder;
        const char *memory; /* the format's three members */
        const char *warns;
    } rows[] = {
        {"xeon", "{\"channels\":8,\"speed_mts\":4800,\"ecc\":true", NULL},
        {"epyc", "{\"channels\":12,\"speed_mts\":4800,\"ecc\":true", NULL},
        {"desktop", "{\"channels\":2,\"speed_mts\":6000,\"ecc\":false", NULL},
        {"arm-server", "{\"channels\":8,\"speed_mts\":3200,\"ecc\":true", NULL},
        {"vm", "{\"channels\":1,\"speed_mts\":1,\"ecc\":true",
         "channels is unknown and written as 1: the firmware's tables do not tell"},
        {"old", "{\"channels\":1,\"speed_mts\":1333,\"ecc\":true", "channels is unknown"},
        {"container", "{\"channels\":1,\"speed_mts\":1,\"ecc\":true",
         "channels is unknown and written as 1: there are no firmware tables"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char root[64];
        (void)snprintf(root, sizeof(root), "tests/data/hardware/%s", rows[i].folder);
        struct reading reading;
        reading_make(&reading, root);
        if (strstr(reading.text.data, rows[i].memory) == NULL) {
            print_error("%s: %s\n", rows[i].folder, reading.text.data);
            fail();
        }
        assert_warns(
            &reading, rows[i].warns == NULL ? "memory." : rows[i].warns,
            rows[i].warns == NULL ? 0 : 1);
        reading_done(&reading);
    }
}

static void test_read__firmware_switches_from_pci_regions(void **state)
{
    (void)state;

    static const struct {
        const char *folder;
        bool resizable_bar;
        bool above_4g;
    } rows[] = {{"xeon", true, true}, {"desktop", false, false}, {"vm", false, true}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char root[64];
        (void)snprintf(root, sizeof(root), "tests/data/hardware/%s", rows[i].folder);
        struct reading reading;
        reading_make(&reading, root);
        bool value = false;
        assert_true(json_bool(json_path(reading.fingerprint, "bios.resizable_bar"), &value));
        assert_int_equal(value, rows[i].resizable_bar);
        assert_true(json_bool(json_path(reading.fingerprint, "bios.above_4g"), &value));
        assert_int_equal(value, rows[i].above_4g);
        assert_warns(&reading, "bios.above_4g", 0);
        reading_done(&reading);
    }
}

static void test_read__an_amd_accelerator(void **state)
{
    (void)state;
    struct reading reading;
    reading_make(&reading, "tests/data/hardware/epyc");
    assert_non_null(strstr(
        reading.text.data,
        "\"gpus\":[{\"model\":\"AMD Instinct MI300X\",\"pci_id\":\"00000000:C1:00.0\","
        "\"serial\":\"692251001124\",\"vbios\":\"113-M3000100-102\",\"uuid\":"
        "\"ba4f3a1c2d5e6f70\"}]"));
    assert_non_null(strstr(reading.text.data, "\"driver\":\"6.10.5\""));
    assert_string_equal(fingerprint_hardware_class(reading.fingerprint), "mi300x");
    reading_done(&reading);
}

static void test_read__an_old_driver_through_nvml(void **state)
{
    (void)state;
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    struct error err = {0};
    assert_int_equal(nvml_open(getenv("BENCH_TEST_NVML_OLD"), &nvml, &err), 0);
    struct arena arena = {0};
    struct json *warnings = json_new(&arena, JSON_ARRAY);
    struct json *fingerprint = fingerprint_read_with(&arena, "/nonexistent", nvml, warnings);
    const struct json *gpu = json_at(json_find(fingerprint, "gpus"), 0);
    assert_string_equal(json_text(json_find(gpu, "model"), ""), "Tesla K80");
    assert_string_equal(json_text(json_find(gpu, "pci_id"), ""), "00000000:8A:00.0");
    assert_string_equal(json_text(json_find(gpu, "serial"), ""), "unknown");
    assert_string_equal(json_text(json_find(gpu, "vbios"), ""), "unknown");
    assert_null(json_find(gpu, "memory_mb"));
    arena_done(&arena);
}

static void test_read__host(void **state)
{
    (void)state;

    static const struct {
        const char *folder;
        const char *key;
        const char *value;
    } rows[] = {
        {"xeon", "host.kernel", "6.8.0-45-generic"},
        {"xeon", "host.governor", "performance"},
        {"xeon", "host.turbo", "off"},
        {"xeon", "host.cpus_isolated", "4-7"},
        {"xeon", "host.huge_pages", "always"},
        {"xeon", "host.hypervisor", "none"},
        {"xeon", "host.mitigations.retbleed", "Not affected"},
        {"desktop", "host.governor", "mixed"},
        {"desktop", "host.turbo", "on"},
        {"arm-server", "host.hypervisor", "unknown"},
        {"arm-server", "host.turbo", "unknown"},
        {"vm", "host.hypervisor", "yes (QEMU)"},
        {"container", "host.cgroup_cpu_max", "400000 100000"},
        {"container", "host.cgroup_memory_max", "8589934592"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char root[64];
        (void)snprintf(root, sizeof(root), "tests/data/hardware/%s", rows[i].folder);
        struct reading reading;
        reading_make(&reading, root);
        const char *value = json_text(json_path(reading.fingerprint, rows[i].key), "absent");
        if (strcmp(value, rows[i].value) != 0) {
            print_error("%s: %s is %s\n", rows[i].folder, rows[i].key, value);
            fail();
        }
        reading_done(&reading);
    }
}

static void test_read__this_machine(void **state)
{
    (void)state;
    struct reading reading;
    reading_make(&reading, "");
    char hash[65];
    fingerprint_sha256(&reading.arena, reading.fingerprint, hash);
    assert_string_equal(json_text(json_find(reading.fingerprint, "fingerprint_sha256"), ""), hash);
    reading_done(&reading);
}

static void test_sha256__ignores_other_keys_and_the_order_of_gpus(void **state)
{
    (void)state;
    struct reading reading;
    reading_make(&reading, "tests/data/hardware/server");
    struct arena *arena = &reading.arena;
    char before[65];
    char after[65];
    fingerprint_sha256(arena, reading.fingerprint, before);
    json_add_text(arena, reading.fingerprint, "ours", "x");
    json_add_text(arena, json_find(reading.fingerprint, "cpu"), "cores", "8");
    struct json *gpus = json_find(reading.fingerprint, "gpus");
    struct json *swapped = json_new(arena, JSON_ARRAY);
    (void)json_append(swapped, json_copy(arena, json_at(gpus, 1)));
    (void)json_append(swapped, json_copy(arena, json_at(gpus, 0)));
    json_add_text(arena, swapped->first, "uuid", "x");
    (void)json_remove(reading.fingerprint, "gpus");
    (void)json_add(arena, reading.fingerprint, "gpus", swapped);
    fingerprint_sha256(arena, reading.fingerprint, after);
    assert_string_equal(before, after);
    json_add_text(arena, json_find(reading.fingerprint, "numa"), "more", "x");
    fingerprint_sha256(arena, reading.fingerprint, after);
    assert_string_not_equal(before, after);
    reading_done(&reading);
}

/* fixtures/canonical: fingerprints with the hash that the Python suite computed. */
static void test_sha256__agrees_with_the_python_suite(void **state)
{
    (void)state;
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: no shared folder with fingerprints\n");
        skip();
    }
    CLEANUP(mem_freep) char *path = file_join(shared, "fixtures/canonical/canonical_cases.jsonl");
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(file_read(path, JSON_SIZE_MAX, &text, &len, &err), 0);
    struct arena arena = {0};
    size_t n = 0;
    for (const char *line = text; *line != '\0';) {
        const size_t line_len = strcspn(line, "\n");
        struct json *row = NULL;
        assert_int_equal(json_parse(&arena, "cases", line, line_len, &row, &err), 0);
        if (strcmp(json_text(json_find(row, "kind"), ""), "fingerprint") == 0) {
            const struct json *input = json_find(row, "input");
            struct json *fingerprint = NULL;
            char hash[65];
            assert_int_equal(
                json_parse(&arena, "input", input->text, input->len, &fingerprint, &err), 0);
            fingerprint_sha256(&arena, fingerprint, hash);
            assert_string_equal(hash, json_text(json_find(row, "sha256"), ""));
            n++;
        }
        line += line_len + 1;
    }
    assert_true(n > 0);
    arena_done(&arena);
}

static void test_sha256__survives_a_document_of_other_types(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}", "{\"gpus\":{},\"cpu\":[]}", "{\"gpus\":[1,null],\"cpu\":\"x\"}", "[]"};
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct json *value = NULL;
        struct error err = {0};
        char hash[65];
        assert_int_equal(json_parse(&arena, "t", texts[i], strlen(texts[i]), &value, &err), 0);
        fingerprint_sha256(&arena, value, hash);
        assert_int_equal(strlen(hash), 64);
    }
    arena_done(&arena);
}

struct class_row {
    const char *model;
    const char *name;
};

static void test_promise_32__hardware_class_is_by_whole_words_of_the_model(void **state)
{
    (void)state;
    /* PROMISES.md 32: B200, H20, T4 and A10 are no "cpu", L40S is no L4, GH200 no H200. */
    static const struct class_row rows[] = {
        {"NVIDIA H100 80GB HBM3", "h100"},
        {"NVIDIA H100 PCIe", "h100"},
        {"H100-SXM5-80GB", "h100"},
        {"NVIDIA H200", "h200"},
        {"NVIDIA B200", "b200"},
        {"NVIDIA GB200", "gb200"},
        {"NVIDIA GH200 480GB", "gh200"},
        {"NVIDIA H20", "h20"},
        {"NVIDIA A100-SXM4-80GB", "a100"},
        {"NVIDIA A10", "a10"},
        {"NVIDIA A10G", "a10g"},
        {"NVIDIA L40S", "l40s"},
        {"NVIDIA L40", "l40"},
        {"NVIDIA L4", "l4"},
        {"Tesla T4", "t4"},
        {"Tesla V100-SXM2-16GB", "v100"},
        {"NVIDIA GeForce RTX 4090", "rtx-4090"},
        {"NVIDIA GeForce RTX 4090 Laptop GPU", "unknown"},
        {"NVIDIA RTX 4000 Ada Generation Laptop GPU", "rtx-ada-laptop"},
        {"NVIDIA RTX 4000 Ada Generation", "rtx-ada-workstation"},
        {"NVIDIA RTX A6000", "rtx-a6000"},
        {"NVIDIA GeForce GTX 1080", "unknown"},
        {"", "unknown"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *fingerprint = json_new(&arena, JSON_OBJECT);
        struct json *gpus = json_add(&arena, fingerprint, "gpus", json_new(&arena, JSON_ARRAY));
        struct json *gpu = json_append(gpus, json_new(&arena, JSON_OBJECT));
        json_add_text(&arena, gpu, "model", rows[i].model);
        if (strcmp(fingerprint_hardware_class(fingerprint), rows[i].name) != 0) {
            print_error("%s: %s\n", rows[i].model, fingerprint_hardware_class(fingerprint));
            fail();
        }
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__a_server_with_gpus),
        cmocka_unit_test(test_read__memory_that_a_balloon_holds_is_the_machines),
        cmocka_unit_test(test_read__says_unknown_where_nothing_tells),
        cmocka_unit_test(test_arm_cpu_name__is_that_of_the_registers_numbers),
        cmocka_unit_test(test_read__takes_no_placeholder_and_no_broken_file_for_a_fact),
        cmocka_unit_test(test_read__says_that_root_would_see_more),
        cmocka_unit_test(test_read__memory_from_the_firmware_tables),
        cmocka_unit_test(test_read__firmware_switches_from_pci_regions),
        cmocka_unit_test(test_read__an_amd_accelerator),
        cmocka_unit_test(test_read__an_old_driver_through_nvml),
        cmocka_unit_test(test_read__host),
        cmocka_unit_test(test_read__this_machine),
        cmocka_unit_test(test_sha256__ignores_other_keys_and_the_order_of_gpus),
        cmocka_unit_test(test_sha256__agrees_with_the_python_suite),
        cmocka_unit_test(test_sha256__survives_a_document_of_other_types),
        cmocka_unit_test(test_promise_32__hardware_class_is_by_whole_words_of_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
