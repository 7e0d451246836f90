/* Every check of GPUs against scripted ones: what passes, what trips its limit, what is not told; and
 * several GPUs in one row. */
#include "hardware/check_rows.h"
#include "support/check_result.h"
#include "support/tree.h"

#include <string.h>

#define BUS    "/sys/bus/pci/devices/0000:0a:00.0"
#define HOT    (NVML_THROTTLE_HW_THERMAL | NVML_THROTTLE_HW_SLOWDOWN)
#define NORMAL (NVML_THROTTLE_GPU_IDLE | NVML_THROTTLE_SW_POWER_CAP | NVML_THROTTLE_APP_CLOCKS)

enum {
    FILES_MAX = 7
};

/* A GPU as the row wants it.  NVML's handle points to it. */
struct nvml_device {
    int refuses; /* the result of every question; 0: it answers */
    const char *bus_id;
    int persistence;
    int ecc[2];
    uint64_t ecc_errors;
    unsigned rows[4];
    unsigned power_mw[2];
    unsigned temperature_c[2];
    uint64_t throttle;
    unsigned clock_mhz[2];
    unsigned mig[2];
    unsigned n_processes;
    int state;
};

static struct nvml_device *gpus;
static unsigned n_gpus;

static int gpu_count(unsigned *n)
{
    *n = n_gpus;
    return 0;
}

static int gpu_by_index(unsigned index, struct nvml_device **out)
{
    *out = &gpus[index];
    return gpus[index].refuses == NVML_ERROR_GPU_IS_LOST ? NVML_ERROR_GPU_IS_LOST : 0;
}

static const char *gpu_error(int result)
{
    return result == NVML_ERROR_NOT_SUPPORTED ? "Not Supported" : "Function Not Found";
}

static int gpu_pci(struct nvml_device *device, struct nvml_pci_info *out)
{
    *out = (struct nvml_pci_info){0};
    (void)snprintf(
        out->bus_id, sizeof(out->bus_id), "%s", device->bus_id == NULL ? "" : device->bus_id);
    return device->refuses;
}

static int gpu_persistence(struct nvml_device *device, int *out)
{
    *out = device->persistence;
    return device->refuses;
}

static int gpu_ecc(struct nvml_device *device, int *out_now, int *out_next)
{
    *out_now = device->ecc[0];
    *out_next = device->ecc[1];
    return device->refuses;
}

static int gpu_ecc_errors(struct nvml_device *device, int error, int counter, uint64_t *out)
{
    assert_int_equal(error, NVML_MEMORY_ERROR_UNCORRECTED);
    assert_int_equal(counter, NVML_ECC_VOLATILE);
    *out = device->ecc_errors;
    return device->refuses;
}

static int
gpu_rows(struct nvml_device *device, unsigned *a, unsigned *b, unsigned *pending, unsigned *failed)
{
    *a = device->rows[0];
    *b = device->rows[1];
    *pending = device->rows[2];
    *failed = device->rows[3];
    return device->refuses;
}

static int gpu_power(struct nvml_device *device, unsigned *out)
{
    *out = device->power_mw[0];
    return device->refuses;
}

static int gpu_power_default(struct nvml_device *device, unsigned *out)
{
    *out = device->power_mw[1];
    return device->refuses;
}

static int gpu_temperature(struct nvml_device *device, int sensor, unsigned *out)
{
    assert_int_equal(sensor, NVML_TEMPERATURE_GPU);
    *out = device->temperature_c[0];
    return device->refuses;
}

static int gpu_threshold(struct nvml_device *device, int threshold, unsigned *out)
{
    assert_int_equal(threshold, NVML_TEMPERATURE_THRESHOLD_SLOWDOWN);
    *out = device->temperature_c[1];
    return device->refuses;
}

static int gpu_throttle(struct nvml_device *device, uint64_t *out)
{
    *out = device->throttle;
    return device->refuses;
}

static int gpu_clock(struct nvml_device *device, int clock, unsigned *out)
{
    assert_int_equal(clock, NVML_CLOCK_GRAPHICS);
    *out = device->clock_mhz[0];
    return device->refuses;
}

static int gpu_clock_default(struct nvml_device *device, int clock, unsigned *out)
{
    assert_int_equal(clock, NVML_CLOCK_GRAPHICS);
    *out = device->clock_mhz[1];
    return device->refuses;
}

static int gpu_mig(struct nvml_device *device, unsigned *out_now, unsigned *out_next)
{
    *out_now = device->mig[0];
    *out_next = device->mig[1];
    return device->refuses;
}

/* Processes 1000, 1001, ... in the list of the first version. */
static int gpu_processes(struct nvml_device *device, unsigned *n, void *out)
{
    struct {
        unsigned pid;
        uint64_t bytes;
    } *processes = out;

    assert_true(*n >= device->n_processes);
    for (unsigned i = 0; i < device->n_processes; i++) {
        processes[i].pid = 1000 + i;
    }
    *n = device->n_processes;
    return device->refuses;
}

static int gpu_state(struct nvml_device *device, int *out)
{
    *out = device->state;
    return device->refuses;
}

static const struct nvml driver = {
    .device_count = gpu_count,
    .device_by_index = gpu_by_index,
    .error_string = gpu_error,
    .device_pci_info = gpu_pci,
    .device_persistence_mode = gpu_persistence,
    .device_ecc_mode = gpu_ecc,
    .device_total_ecc_errors = gpu_ecc_errors,
    .device_remapped_rows = gpu_rows,
    .device_power_limit = gpu_power,
    .device_power_limit_default = gpu_power_default,
    .device_temperature = gpu_temperature,
    .device_temperature_threshold = gpu_threshold,
    .device_throttle_reasons = gpu_throttle,
    .device_clock_application = gpu_clock,
    .device_clock_application_default = gpu_clock_default,
    .device_mig_mode = gpu_mig,
    .device_compute_processes_v1 = gpu_processes,
    .device_performance_state = gpu_state,
};

/* ---- One GPU. ---- */

static const struct row {
    const char *name;
    struct nvml_device gpu;
    enum check_status status;
    const char *found;
    struct tree_file files[FILES_MAX];
} rows[] = {
    {"gpu.driver", {.refuses = 0}, CHECK_PASS, "1 GPU", {{0}}},
    {"gpu.driver",
     {.refuses = NVML_ERROR_GPU_IS_LOST},
     CHECK_FAIL,
     "GPU 0 of 1 does not answer",
     {{0}}},

    {"gpu.persistence", {.persistence = 1}, CHECK_PASS, "on", {{0}}},
    {"gpu.persistence", {.persistence = 0}, CHECK_WARN, "off", {{0}}},
    {"gpu.persistence",
     {.refuses = NVML_ERROR_NOT_SUPPORTED},
     CHECK_SKIP,
     "NVML: Not Supported",
     {{0}}},

    {"gpu.ecc", {.ecc = {1, 1}}, CHECK_PASS, "on", {{0}}},
    {"gpu.ecc", {.ecc = {0, 0}}, CHECK_WARN, "off", {{0}}},
    {"gpu.ecc", {.ecc = {1, 0}}, CHECK_WARN, "on, off after a reset", {{0}}},
    {"gpu.ecc", {.ecc = {0, 1}}, CHECK_WARN, "off, on after a reset", {{0}}},
    {"gpu.ecc", {.refuses = NVML_ERROR_NOT_SUPPORTED}, CHECK_SKIP, "NVML: Not Supported", {{0}}},

    {"gpu.ecc_errors", {.ecc_errors = 0}, CHECK_PASS, "0", {{0}}},
    {"gpu.ecc_errors", {.ecc_errors = 1}, CHECK_FAIL, "1", {{0}}},
    {"gpu.ecc_errors",
     {.refuses = NVML_ERROR_NOT_SUPPORTED},
     CHECK_SKIP,
     "NVML: Not Supported",
     {{0}}},

    {"gpu.remapping", {.rows = {2, 1, 0, 0}}, CHECK_PASS, "3 rows replaced", {{0}}},
    {"gpu.remapping", {.rows = {2, 1, 1, 0}}, CHECK_FAIL, "a row waits for a reset", {{0}}},
    {"gpu.remapping", {.rows = {2, 1, 1, 1}}, CHECK_FAIL, "a row could not be replaced", {{0}}},
    {"gpu.remapping",
     {.refuses = NVML_ERROR_FUNCTION_NOT_FOUND},
     CHECK_SKIP,
     "NVML: Function Not Found",
     {{0}}},

    {"gpu.power_limit", {.power_mw = {700000, 700000}}, CHECK_PASS, "700 of 700 W", {{0}}},
    {"gpu.power_limit", {.power_mw = {699000, 700000}}, CHECK_WARN, "699 of 700 W", {{0}}},
    {"gpu.power_limit",
     {.power_mw = {700000, 0}},
     CHECK_SKIP,
     "NVML gives 0 W as the default limit",
     {{0}}},

    {"gpu.temperature", {.temperature_c = {77, 87}}, CHECK_PASS, "77 C, slows down at 87 C", {{0}}},
    {"gpu.temperature", {.temperature_c = {78, 87}}, CHECK_WARN, "78 C, slows down at 87 C", {{0}}},
    {"gpu.temperature", {.temperature_c = {90, 87}}, CHECK_WARN, "90 C, slows down at 87 C", {{0}}},
    {"gpu.temperature",
     {.refuses = NVML_ERROR_NOT_SUPPORTED},
     CHECK_SKIP,
     "NVML: Not Supported",
     {{0}}},

    {"gpu.throttle", {.throttle = NORMAL}, CHECK_PASS, "nothing", {{0}}},
    {"gpu.throttle",
     {.throttle = HOT},
     CHECK_FAIL,
     "hardware slowdown + too hot (hardware)",
     {{0}}},
    {"gpu.throttle", {.throttle = NVML_THROTTLE_SW_THERMAL}, CHECK_FAIL, "too hot (driver)", {{0}}},
    {"gpu.throttle", {.throttle = NVML_THROTTLE_HW_POWER_BRAKE}, CHECK_FAIL, "power brake", {{0}}},
    {"gpu.throttle",
     {.refuses = NVML_ERROR_NOT_SUPPORTED},
     CHECK_SKIP,
     "NVML: Not Supported",
     {{0}}},

    {"gpu.clocks",
     {.clock_mhz = {1980, 1980}},
     CHECK_PASS,
     "1980 MHz, the board's own 1980 MHz",
     {{0}}},
    {"gpu.clocks",
     {.clock_mhz = {1410, 1980}},
     CHECK_WARN,
     "1410 MHz, the board's own 1980 MHz",
     {{0}}},
    {"gpu.clocks", {.refuses = NVML_ERROR_NOT_SUPPORTED}, CHECK_SKIP, "NVML: Not Supported", {{0}}},

    {"gpu.mig", {.mig = {0, 0}}, CHECK_PASS, "off", {{0}}},
    {"gpu.mig", {.mig = {1, 1}}, CHECK_WARN, "on", {{0}}},
    {"gpu.mig", {.mig = {0, 1}}, CHECK_WARN, "off, on after a reset", {{0}}},
    {"gpu.mig", {.refuses = NVML_ERROR_NOT_SUPPORTED}, CHECK_PASS, "this board has none", {{0}}},
    {"gpu.mig",
     {.refuses = NVML_ERROR_FUNCTION_NOT_FOUND},
     CHECK_SKIP,
     "NVML: Function Not Found",
     {{0}}},

    {"gpu.processes", {.n_processes = 0}, CHECK_PASS, "none", {{0}}},
    {"gpu.processes", {.n_processes = 1}, CHECK_PASS, "pid 1000", {{0}}},
    {"gpu.processes", {.n_processes = 2}, CHECK_WARN, "pid 1000, 1001", {{0}}},
    {"gpu.processes",
     {.refuses = NVML_ERROR_NO_PERMISSION},
     CHECK_SKIP,
     "NVML: Function Not Found",
     {{0}}},

    {"gpu.pcie_width",
     {0},
     CHECK_PASS,
     "x16 of x16",
     {{BUS "/current_link_width", "16\n"}, {BUS "/max_link_width", "16\n"}}},
    {"gpu.pcie_width",
     {0},
     CHECK_WARN,
     "x8 of x16",
     {{BUS "/current_link_width", "8\n"}, {BUS "/max_link_width", "16\n"}}},
    {"gpu.pcie_width", /* as a virtual machine shows it */
     {0},
     CHECK_SKIP,
     "the bus does not tell",
     {{BUS "/current_link_width", "0\n"}, {BUS "/max_link_width", "255\n"}}},

    {"gpu.pcie_speed",
     {.state = 8, .bus_id = "00000000:0A:00.0"},
     CHECK_PASS,
     "32 of 32 GT/s",
     {{BUS "/current_link_speed", "32.0 GT/s PCIe\n"},
      {BUS "/max_link_speed", "32.0 GT/s PCIe\n"}}},
    {"gpu.pcie_speed",
     {.state = 8, .bus_id = "00000000:0A:00.0"},
     CHECK_SKIP,
     "2.5 of 32 GT/s: at rest it is lower, look under load",
     {{BUS "/current_link_speed", "2.5 GT/s PCIe\n"}, {BUS "/max_link_speed", "32.0 GT/s PCIe\n"}}},
    {"gpu.pcie_speed",
     {.state = 0, .bus_id = "00000000:0A:00.0"},
     CHECK_WARN,
     "16 of 32 GT/s",
     {{BUS "/current_link_speed", "16.0 GT/s PCIe\n"},
      {BUS "/max_link_speed", "32.0 GT/s PCIe\n"}}},
    {"gpu.pcie_speed", /* another GPU's state */
     {.state = 0, .bus_id = "00000000:0B:00.0"},
     CHECK_SKIP,
     "16 of 32 GT/s: at rest it is lower, look under load",
     {{BUS "/current_link_speed", "16.0 GT/s PCIe\n"},
      {BUS "/max_link_speed", "32.0 GT/s PCIe\n"}}},
    {"gpu.pcie_speed",
     {0},
     CHECK_SKIP,
     "the bus does not tell",
     {{BUS "/current_link_speed", "Unknown\n"}, {BUS "/max_link_speed", "Unknown\n"}}},
};

struct looking {
    struct tree tree;
    struct arena arena;
    struct check_context context;
    struct check_list list;
    bool any;
};

/* Looks at GPUs behind `nvml` on a machine with these files. */
static void look(struct looking *self, const struct nvml *nvml, const struct tree_file *files)
{
    *self = (struct looking){0};
    tree_init(&self->tree);
    for (size_t i = 0; files != NULL && i < FILES_MAX && files[i].path != NULL; i++) {
        tree_add(&self->tree, &files[i]);
    }
    self->context.reader =
        (struct reader){.arena = &self->arena, .root = self->tree.root, .nvml = nvml};
    self->any = check_gpus(&self->context, &self->list);
}

static void looking_done(struct looking *self)
{
    arena_done(&self->arena);
    tree_done(&self->tree);
}

static const struct check_result *result_of(const struct looking *self, const char *name)
{
    return result_named(&self->list, name);
}

static void test_check_gpus__says_what_it_found(void **state)
{
    (void)state;
    static const struct tree_file board[] = {
        {BUS "/class", "0x030200\n"}, {BUS "/vendor", "0x10de\n"}};
    bool good = true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct nvml_device gpu = rows[i].gpu;
        struct tree_file files[FILES_MAX] = {board[0], board[1]};
        memcpy(&files[2], rows[i].files, 4 * sizeof(files[0]));
        gpus = &gpu;
        n_gpus = 1;
        struct looking looking;
        look(&looking, &driver, files);
        const struct check_result *result = result_of(&looking, rows[i].name);
        if (result->status != rows[i].status || !text_equal(result->found, rows[i].found)) {
            print_error(
                "row %zu, %s: %s '%s', not %s '%s'\n", i, rows[i].name,
                check_status_name(result->status), result->found, check_status_name(rows[i].status),
                rows[i].found);
            good = false;
        }
        looking_done(&looking);
    }
    assert_true(good);
}

static void test_check_gpus__every_row_is_shown_in_every_state(void **state)
{
    (void)state;
    for (size_t i = 0; check_at(i) != NULL; i++) {
        const struct check *check = check_at(i);
        unsigned seen = 0;
        for (size_t k = 0; k < ARRAY_LEN(rows) && check->part == CHECK_GPU; k++) {
            seen |= text_equal(rows[k].name, check->name) ? 1U << rows[k].status : 0U;
        }
        /* The driver is skipped below another root only: see the next test. */
        const unsigned skip = check == &gpu_driver_check ? 0U : 1U << CHECK_SKIP;
        const unsigned wanted = 1U << CHECK_PASS | skip | 1U << check->trip;
        if (check->part == CHECK_GPU && seen != wanted) {
            print_error("%s: states %#x, not %#x\n", check->name, seen, wanted);
            fail();
        }
    }
}

static void test_check_gpus__a_board_without_its_driver(void **state)
{
    (void)state;
    static const struct tree_file board[FILES_MAX] = {
        {BUS "/class", "0x030200\n"}, {BUS "/vendor", "0x10de\n"}};
    struct looking looking;
    look(&looking, NULL, board);
    assert_true(looking.any);
    const struct check_result *result = result_of(&looking, "gpu.driver");
    assert_int_equal(result->status, CHECK_SKIP);
    assert_string_equal(result->found, "NVML is not asked of another root");
    assert_string_equal(result_of(&looking, "gpu.ecc")->found, "NVML does not tell");
    assert_int_equal(check_list_count(&looking.list, CHECK_SKIP), looking.list.n);
    looking_done(&looking);
}

static void test_check_gpus__another_makers_board_has_a_link_only(void **state)
{
    (void)state;
    static const struct tree_file board[FILES_MAX] = {
        {BUS "/class", "0x120000\n"},
        {BUS "/vendor", "0x1002\n"},
        {BUS "/current_link_width", "16\n"},
        {BUS "/max_link_width", "16\n"}};
    struct looking looking;
    look(&looking, NULL, board);
    assert_true(looking.any);
    assert_false(check_has_nvidia(&looking.context.reader));
    assert_int_equal(looking.list.n, link_checks_len);
    assert_int_equal(result_of(&looking, "gpu.pcie_width")->status, CHECK_PASS);
    looking_done(&looking);
}

/* One row tells of the worst, by name, and of how many where all are alike. */
static void test_check_gpus__several(void **state)
{
    (void)state;
    struct nvml_device four[] = {
        {.persistence = 1, .ecc = {1, 1}, .temperature_c = {40, 87}},
        {.persistence = 0, .ecc = {1, 1}, .temperature_c = {80, 87}},
        {.persistence = 1, .ecc = {1, 1}, .temperature_c = {41, 87}},
        {.persistence = 0, .ecc = {1, 1}, .temperature_c = {81, 87}},
    };
    gpus = four;
    n_gpus = 4;
    struct looking looking;
    look(&looking, &driver, NULL);
    assert_string_equal(result_of(&looking, "gpu.driver")->found, "4 GPUs");
    const struct check_result *result = result_of(&looking, "gpu.persistence");
    assert_int_equal(result->status, CHECK_WARN);
    assert_string_equal(result->found, "gpu1: off, gpu3: off");
    result = result_of(&looking, "gpu.ecc");
    assert_int_equal(result->status, CHECK_PASS);
    assert_string_equal(result->found, "on (4 GPUs)");
    assert_string_equal(
        result_of(&looking, "gpu.temperature")->found,
        "gpu1: 80 C, slows down at 87 C, gpu3: 81 C, slows down at 87 C");
    looking_done(&looking);
}

/* What one GPU does not tell is not passed because the others do. */
static void test_check_gpus__one_that_is_lost(void **state)
{
    (void)state;
    struct nvml_device two[] = {
        {.persistence = 1},
        {.refuses = NVML_ERROR_GPU_IS_LOST},
    };
    gpus = two;
    n_gpus = 2;
    struct looking looking;
    look(&looking, &driver, NULL);
    assert_int_equal(result_of(&looking, "gpu.driver")->status, CHECK_FAIL);
    assert_string_equal(result_of(&looking, "gpu.driver")->found, "GPU 1 of 2 does not answer");
    const struct check_result *result = result_of(&looking, "gpu.persistence");
    assert_int_equal(result->status, CHECK_SKIP);
    assert_string_equal(result->found, "gpu1: does not answer");
    looking_done(&looking);
}

/* With the engine's process known, what comes from it is one, and what does not is too many. */
static void test_check_gpus__whose_processes(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *parent_of_1001; /* NULL: that process is not visible */
        unsigned n;
        enum check_status status;
        const char *found;
    } cases[] = {
        {"the engine", NULL, 1, CHECK_PASS, "pid 1000 (the engine's)"},
        {"its worker", "1000", 2, CHECK_PASS, "pid 1000 (the engine's), 1001 (the engine's)"},
        {"another", "1", 2, CHECK_WARN, "pid 1000 (the engine's), 1001"},
        {"invisible", NULL, 2, CHECK_SKIP,
         "pid 1000 (the engine's), 1001: whose they are is not visible here"},
        {"nobody", NULL, 0, CHECK_PASS, "none"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct nvml_device gpu = {.n_processes = cases[i].n};
        CLEANUP(mem_freep)
        char *stat = mem_format(
            "1001 (worker) S %s 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 7\n",
            cases[i].parent_of_1001 != NULL ? cases[i].parent_of_1001 : "");
        const struct tree_file files[] = {
            {"/proc/1/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1\n"},
            {"/proc/1000/stat", "1000 (vllm) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5\n"},
            {"/proc/1001/stat", stat},
        };
        gpus = &gpu;
        n_gpus = 1;
        struct tree tree;
        struct arena arena = {0};
        tree_init(&tree);
        for (size_t k = 0; k < (cases[i].parent_of_1001 != NULL ? 3 : 2); k++) {
            tree_add(&tree, &files[k]);
        }
        const struct check_context context = {
            .reader = {.arena = &arena, .root = tree.root, .nvml = &driver}, .engine_pid = 1000};
        struct check_list list = {0};
        assert_true(check_gpus(&context, &list));
        const struct check_result *result = result_named(&list, "gpu.processes");
        if (result->status != cases[i].status || !text_equal(result->found, cases[i].found)) {
            print_error(
                "%s: %s '%s'\n", cases[i].what, check_status_name(result->status), result->found);
            fail();
        }
        arena_done(&arena);
        tree_done(&tree);
    }
}

/* More GPUs than a text has room for: it is cut, not overrun. */
static void test_check_gpus__as_many_as_there_may_be(void **state)
{
    (void)state;
    struct nvml_device many[NVML_DEVICES_MAX] = {{0}};
    for (unsigned i = 0; i < NVML_DEVICES_MAX; i++) {
        many[i].temperature_c[0] = 90 + i;
        many[i].n_processes = NVML_PROCESSES_MAX;
    }
    gpus = many;
    n_gpus = NVML_DEVICES_MAX;
    struct looking looking;
    look(&looking, &driver, NULL);
    assert_int_equal(result_of(&looking, "gpu.temperature")->status, CHECK_WARN);
    assert_true(strlen(result_of(&looking, "gpu.temperature")->found) < CHECK_TEXT_SIZE);
    assert_int_equal(result_of(&looking, "gpu.processes")->status, CHECK_WARN);
    looking_done(&looking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_gpus__says_what_it_found),
        cmocka_unit_test(test_check_gpus__every_row_is_shown_in_every_state),
        cmocka_unit_test(test_check_gpus__a_board_without_its_driver),
        cmocka_unit_test(test_check_gpus__another_makers_board_has_a_link_only),
        cmocka_unit_test(test_check_gpus__several),
        cmocka_unit_test(test_check_gpus__one_that_is_lost),
        cmocka_unit_test(test_check_gpus__whose_processes),
        cmocka_unit_test(test_check_gpus__as_many_as_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
