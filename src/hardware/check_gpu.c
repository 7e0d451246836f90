/* One look at each GPU, by NVML.  What a board or its driver does not tell is skipped in NVML's words.
 * Source: NVIDIA, "NVML API Reference Guide", https://docs.nvidia.com/deploy/nvml-api/ */
#include "hardware/check_rows.h"
#include "hardware/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define READER(name)                                                     \
    static void name(                                                    \
        const struct check_context *context, struct nvml_device *device, \
        struct check_reading *out)

/* True when NVML has told; else the reading is its reason. */
static bool told(const struct check_context *context, int result, struct check_reading *out)
{
    char buffer[NVML_TEXT_SIZE];
    if (result != NVML_SUCCESS) {
        check_unknown(out, "NVML: %s", nvml_result_text(context->reader.nvml, result, buffer));
    }
    return result == NVML_SUCCESS;
}

READER(read_persistence)
{
    const struct nvml *nvml = context->reader.nvml;
    int mode = 0;
    if (told(context, NVML_CALL(nvml, device_persistence_mode, device, &mode), out)) {
        check_words(out, mode == 1, mode == 1 ? "on" : "off");
    }
}

READER(read_ecc)
{
    const struct nvml *nvml = context->reader.nvml;
    int now = 0;
    int next = 0;
    if (told(context, NVML_CALL(nvml, device_ecc_mode, device, &now, &next), out)) {
        const char *state = now == 1 ? "on" : "off";
        if (now == next) {
            check_words(out, now == 1, "%s", state);
        } else {
            check_words(out, false, "%s, %s after a reset", state, next == 1 ? "on" : "off");
        }
    }
}

READER(read_ecc_errors)
{
    const struct nvml *nvml = context->reader.nvml;
    uint64_t n = 0;
    const int result = NVML_CALL(
        nvml, device_total_ecc_errors, device, NVML_MEMORY_ERROR_UNCORRECTED, NVML_ECC_VOLATILE,
        &n);
    if (told(context, result, out)) {
        check_number(out, (double)n, "%" PRIu64, n);
    }
}

READER(read_remapping)
{
    const struct nvml *nvml = context->reader.nvml;
    unsigned corrected = 0;
    unsigned uncorrected = 0;
    unsigned pending = 0;
    unsigned failed = 0;
    const int result =
        NVML_CALL(nvml, device_remapped_rows, device, &corrected, &uncorrected, &pending, &failed);
    if (!told(context, result, out)) {
        return;
    }
    if (failed != 0) {
        check_words(out, false, "a row could not be replaced");
    } else if (pending != 0) {
        check_words(out, false, "a row waits for a reset");
    } else {
        check_words(out, true, "%u rows replaced", corrected + uncorrected);
    }
}

READER(read_power_limit)
{
    const struct nvml *nvml = context->reader.nvml;
    unsigned limit_mw = 0;
    unsigned own_mw = 0;
    if (!told(context, NVML_CALL(nvml, device_power_limit, device, &limit_mw), out) ||
        !told(context, NVML_CALL(nvml, device_power_limit_default, device, &own_mw), out)) {
        return;
    }
    if (own_mw == 0) {
        check_unknown(out, "NVML gives 0 W as the default limit");
        return;
    }
    check_number(out, 100.0 * limit_mw / own_mw, "%.0f of %.0f W", limit_mw / 1e3, own_mw / 1e3);
}

READER(read_temperature)
{
    const struct nvml *nvml = context->reader.nvml;
    unsigned now_c = 0;
    unsigned slow_c = 0;
    const int now = NVML_CALL(nvml, device_temperature, device, NVML_TEMPERATURE_GPU, &now_c);
    if (!told(context, now, out)) {
        return;
    }
    const int slow = NVML_CALL(
        nvml, device_temperature_threshold, device, NVML_TEMPERATURE_THRESHOLD_SLOWDOWN, &slow_c);
    if (told(context, slow, out)) {
        check_number(out, (double)slow_c - now_c, "%u C, slows down at %u C", now_c, slow_c);
    }
}

/* Reasons for lower clocks that no load and no setting explains.  A power cap is one that a good GPU
 * reaches under load, and clocks that were set are seen by gpu.clocks. */
static const struct {
    uint64_t bit;
    const char *name;
} throttles[] = {
    {NVML_THROTTLE_HW_SLOWDOWN, "hardware slowdown"},
    {NVML_THROTTLE_HW_THERMAL, "too hot (hardware)"},
    {NVML_THROTTLE_SW_THERMAL, "too hot (driver)"},
    {NVML_THROTTLE_HW_POWER_BRAKE, "power brake"},
};

READER(read_throttle)
{
    const struct nvml *nvml = context->reader.nvml;
    uint64_t bits = 0;
    if (!told(context, NVML_CALL(nvml, device_throttle_reasons, device, &bits), out)) {
        return;
    }
    char text[CHECK_TEXT_SIZE] = "";
    for (size_t i = 0; i < ARRAY_LEN(throttles); i++) {
        if ((bits & throttles[i].bit) != 0) {
            const size_t len = strlen(text);
            (void)snprintf(
                text + len, sizeof(text) - len, "%s%s", len > 0 ? " + " : "", throttles[i].name);
        }
    }
    check_words(out, text[0] == '\0', "%s", text[0] == '\0' ? "nothing" : text);
}

READER(read_clocks)
{
    const struct nvml *nvml = context->reader.nvml;
    unsigned set_mhz = 0;
    unsigned own_mhz = 0;
    const int set =
        NVML_CALL(nvml, device_clock_application, device, NVML_CLOCK_GRAPHICS, &set_mhz);
    if (!told(context, set, out)) {
        return;
    }
    const int own =
        NVML_CALL(nvml, device_clock_application_default, device, NVML_CLOCK_GRAPHICS, &own_mhz);
    if (told(context, own, out)) {
        check_words(out, set_mhz == own_mhz, "%u MHz, the board's own %u MHz", set_mhz, own_mhz);
    }
}

READER(read_mig)
{
    const struct nvml *nvml = context->reader.nvml;
    unsigned now = 0;
    unsigned next = 0;
    const int result = NVML_CALL(nvml, device_mig_mode, device, &now, &next);
    if (result == NVML_ERROR_NOT_SUPPORTED) {
        check_words(out, true, "this board has none");
    } else if (told(context, result, out)) {
        const char *state = now == 1 ? "on" : "off";
        if (now == next) {
            check_words(out, now == 0, "%s", state);
        } else {
            check_words(out, false, "%s, %s after a reset", state, next == 1 ? "on" : "off");
        }
    }
}

/* Whose a process on a GPU is. */
enum owner {
    OWNER_UNKNOWN, /* not asked for, or not visible here: in a container NVML counts the host's processes */
    OWNER_ENGINE,
    OWNER_OTHER,
    OWNERS
};

static enum owner owner_of(const struct check_context *context, int32_t pid)
{
    struct process process;
    if (context->engine_pid == 0 || !process_read(&context->reader, pid, &process)) {
        return OWNER_UNKNOWN;
    }
    return process_comes_from(&context->reader, pid, context->engine_pid) ? OWNER_ENGINE
                                                                          : OWNER_OTHER;
}

/* "pid 410, 411 (the engine's), 999". */
static void write_process(char *text, int32_t pid, enum owner owner)
{
    const size_t len = strlen(text);
    (void)snprintf(
        text + len, CHECK_TEXT_SIZE - len, "%s%" PRId32 "%s", len == 0 ? "pid " : ", ", pid,
        owner == OWNER_ENGINE ? " (the engine's)" : "");
}

/* Where the engine is known all its processes are one, and others are too many. */
READER(read_processes)
{
    uint32_t pids[NVML_PROCESSES_MAX];
    unsigned n = 0;
    if (!told(context, nvml_device_processes(context->reader.nvml, device, pids, &n), out)) {
        return;
    }
    unsigned n_of[OWNERS] = {0};
    char text[CHECK_TEXT_SIZE] = "";
    for (unsigned i = 0; i < n; i++) {
        const enum owner owner = owner_of(context, (int32_t)pids[i]);
        n_of[owner]++;
        write_process(text, (int32_t)pids[i], owner);
    }
    if (n == 0) {
        check_number(out, 0, "none");
    } else if (context->engine_pid == 0) {
        check_number(out, n, "%s", text);
    } else if (n_of[OWNER_OTHER] > 0 || n_of[OWNER_UNKNOWN] == 0) {
        check_number(out, 1.0 + n_of[OWNER_OTHER], "%s", text);
    } else {
        check_unknown(out, "%.400s: whose they are is not visible here", text);
    }
}

const struct check gpu_driver_check = {
    .name = "gpu.driver",
    .what = "whether the driver answers, and every GPU behind it",
    .part = CHECK_GPU,
    .order = CHECK_IN_WORDS,
    .wanted = "every GPU answers",
    .trip = CHECK_FAIL,
    .source = "NVML (" NVML_LIBRARY "), the PCI bus",
    .fix = "nvidia-smi; dmesg | grep -i NVRM; in a container, start it with the GPUs (--gpus all)",
};

const struct gpu_check gpu_checks[] = {
    {{.name = "gpu.persistence",
      .what = "persistence mode: without it the driver forgets a GPU that nobody uses, and its "
              "clocks and limits with it",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "on",
      .trip = CHECK_WARN,
      .source = "nvmlDeviceGetPersistenceMode",
      .fix = "nvidia-smi -pm 1, or start nvidia-persistenced"},
     read_persistence},
    {{.name = "gpu.ecc",
      .what = "error correction of the GPU's memory: off, some boards have more memory and speed "
              "than others are measured with",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "on",
      .trip = CHECK_WARN,
      .source = "nvmlDeviceGetEccMode",
      .fix = "nvidia-smi -e 1, then reset the GPU"},
     read_ecc},
    {{.name = "gpu.ecc_errors",
      .what = "memory errors that could not be corrected, since the driver was loaded",
      .part = CHECK_GPU,
      .order = CHECK_AT_MOST,
      .limit = CHECK_ECC_ERRORS_MAX,
      .wanted = "",
      .trip = CHECK_FAIL,
      .source = "nvmlDeviceGetTotalEccErrors, uncorrected, volatile",
      .fix =
          "nvidia-smi -q -d ECC; reset the GPU, and have the board looked at when they come back"},
     read_ecc_errors},
    {{.name = "gpu.remapping",
      .what = "rows of the GPU's memory that are to be replaced",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "none is waiting",
      .trip = CHECK_FAIL,
      .source = "nvmlDeviceGetRemappedRows",
      .fix = "reset the GPU (nvidia-smi -r); a row that cannot be replaced needs another board"},
     read_remapping},
    {{.name = "gpu.power_limit",
      .what = "the power limit in force, of the board's own: below it the GPU is slower than its "
              "class",
      .part = CHECK_GPU,
      .order = CHECK_AT_LEAST,
      .limit = CHECK_POWER_MIN_PCT,
      .wanted = "%",
      .trip = CHECK_WARN,
      .source = "nvmlDeviceGetEnforcedPowerLimit, GetPowerManagementDefaultLimit",
      .fix = "nvidia-smi -pl WATTS, or say in what you publish that the GPU was capped"},
     read_power_limit},
    {{.name = "gpu.temperature",
      .what = "distance to the temperature at which the GPU slows down",
      .part = CHECK_GPU,
      .order = CHECK_AT_LEAST,
      .limit = CHECK_MARGIN_MIN_C,
      .wanted = "C below",
      .trip = CHECK_WARN,
      .source = "nvmlDeviceGetTemperature, GetTemperatureThreshold (slowdown)",
      .fix = "let it cool down; look at fans and air"},
     read_temperature},
    {{.name = "gpu.throttle",
      .what = "what holds the GPU's clocks down now, other than rest, settings and its power cap",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "nothing",
      .trip = CHECK_FAIL,
      .source = "nvmlDeviceGetCurrentClocksThrottleReasons",
      .fix = "nvidia-smi -q -d PERFORMANCE; cooling, power supply and its cables"},
     read_throttle},
    {{.name = "gpu.clocks",
      .what = "clocks that were set for programs, other than the board's own",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "the board's own",
      .trip = CHECK_WARN,
      .source = "nvmlDeviceGetApplicationsClock, GetDefaultApplicationsClock",
      .fix = "nvidia-smi -rac, or say in what you publish that clocks were set"},
     read_clocks},
    {{.name = "gpu.mig",
      .what =
          "whether the GPU is divided: an engine then has a part of it, and power is that of all "
          "parts",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "off",
      .trip = CHECK_WARN,
      .source = "nvmlDeviceGetMigMode",
      .fix = "nvidia-smi -mig 0, or say in what you publish which part was measured"},
     read_mig},
    {{.name = "gpu.processes",
      .what = "programs that compute on the GPU: the engine, and nobody else",
      .part = CHECK_GPU,
      .order = CHECK_AT_MOST,
      .limit = CHECK_PROCESSES_MAX,
      .wanted = "on each GPU",
      .trip = CHECK_WARN,
      .source = "nvmlDeviceGetComputeRunningProcesses",
      .fix = "end those that are not the engine's; with --base-url they are told apart"},
     read_processes},
};

const size_t gpu_checks_len = ARRAY_LEN(gpu_checks);
