/* All GPUs, one row for each check: it tells of the worst, by name, where they differ.
 *
 * A GPU's link is read from the PCI bus, for NVIDIA and AMD alike.
 * Source: https://docs.kernel.org/PCI/sysfs-pci.html, ABI/testing/sysfs-bus-pci */
#include "base/text.h"
#include "hardware/check_rows.h"
#include "hardware/check_value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    LABEL_SIZE = 32
};

/* One row's readings of several GPUs. */
struct readings {
    size_t n;
    char labels[NVML_DEVICES_MAX][LABEL_SIZE];
    struct check_reading of[NVML_DEVICES_MAX];
};

/* ---- Links. ---- */

/* A number that is one; a link that a virtual machine does not show has the width 0 or 255 and an unknown
 * speed. */
static bool read_link(
    const struct check_context *context,
    const char *name,
    const char *file,
    double max,
    double *out)
{
    const struct reader *reader = &context->reader;
    return check_read_number(
               reader, arena_format(reader->arena, "/sys/bus/pci/devices/%s/%s", name, file),
               out) &&
           *out > 0.0 && *out < max;
}

static void read_width(
    const struct check_context *context,
    const char *name,
    struct nvml_device *device,
    struct check_reading *out)
{
    (void)device;
    double now = 0.0;
    double max = 0.0;
    if (read_link(context, name, "current_link_width", 255.0, &now) &&
        read_link(context, name, "max_link_width", 255.0, &max)) {
        check_words(out, now >= max, "x%.0f of x%.0f", now, max);
    } else {
        check_unknown(out, "the bus does not tell");
    }
}

/* At rest a GPU lowers its link's speed, so a low speed counts only in the highest performance state. */
static void read_speed(
    const struct check_context *context,
    const char *name,
    struct nvml_device *device,
    struct check_reading *out)
{
    double now = 0.0;
    double max = 0.0;
    if (!read_link(context, name, "current_link_speed", 1e6, &now) ||
        !read_link(context, name, "max_link_speed", 1e6, &max)) {
        check_unknown(out, "the bus does not tell");
        return;
    }
    int state = -1;
    const bool awake =
        device != NULL &&
        NVML_CALL(context->reader.nvml, device_performance_state, device, &state) == NVML_SUCCESS &&
        state == 0;
    if (now >= max || awake) {
        check_words(out, now >= max, "%.4g of %.4g GT/s", now, max);
    } else {
        check_unknown(out, "%.4g of %.4g GT/s: at rest it is lower, look under load", now, max);
    }
}

const struct link_check link_checks[] = {
    {{.name = "gpu.pcie_width",
      .what = "lanes between processor and GPU, of those that the GPU has",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "all lanes",
      .trip = CHECK_WARN,
      .source = "/sys/bus/pci/devices/*/current_link_width, max_link_width",
      .fix = "use a slot with all lanes; seat the board and its riser again"},
     read_width},
    {{.name = "gpu.pcie_speed",
      .what = "speed of these lanes, of the GPU's highest",
      .part = CHECK_GPU,
      .order = CHECK_IN_WORDS,
      .wanted = "the highest",
      .trip = CHECK_WARN,
      .source = "/sys/bus/pci/devices/*/current_link_speed, max_link_speed",
      .fix = "look at the slot's generation and at its speed in the firmware's setup"},
     read_speed},
};

const size_t link_checks_len = ARRAY_LEN(link_checks);

/* ---- Several GPUs, one row. ---- */

static bool all_read_alike(const struct readings *readings)
{
    for (size_t i = 1; i < readings->n; i++) {
        if (!text_equal(readings->of[i].text, readings->of[0].text)) {
            return false;
        }
    }
    return true;
}

/* "gpu1: off, gpu3: off". */
static void write_worst(
    const struct check *check, const struct readings *readings, enum check_status worst, char *out)
{
    out[0] = '\0';
    for (size_t i = 0; i < readings->n; i++) {
        const size_t len = strlen(out);
        if (check_judge(check, &readings->of[i]) == worst) {
            (void)snprintf(
                out + len, CHECK_TEXT_SIZE - len, "%s%s: %.100s", len > 0 ? ", " : "",
                readings->labels[i], readings->of[i].text);
        }
    }
}

static void
add_worst(const struct check *check, const struct readings *readings, struct check_list *out)
{
    size_t at = 0;
    for (size_t i = 1; i < readings->n; i++) {
        if (check_judge(check, &readings->of[i]) > check_judge(check, &readings->of[at])) {
            at = i;
        }
    }
    struct check_reading worst = readings->of[at];
    if (readings->n > 1 && all_read_alike(readings)) {
        const size_t len = strlen(worst.text);
        (void)snprintf(worst.text + len, sizeof(worst.text) - len, " (%zu GPUs)", readings->n);
    } else if (readings->n > 1) {
        write_worst(check, readings, check_judge(check, &worst), worst.text);
    }
    check_list_add(out, check, &worst);
}

/* ---- Which GPUs there are. ---- */

/* "00000000:0A:00.0" is "0000:0a:00.0" on the bus. */
static struct nvml_device *device_named(const struct nvml *nvml, const char *name)
{
    const unsigned n = nvml == NULL ? 0 : nvml_device_count(nvml);
    for (unsigned i = 0; i < n; i++) {
        struct nvml_device *device = nvml_device_at(nvml, i);
        char id[NVML_TEXT_SIZE] = "";
        if (device != NULL && nvml_device_pci_id(nvml, device, id) && strlen(id) > 4 &&
            strcasecmp(id + 4, name) == 0) {
            return device;
        }
    }
    return NULL;
}

static bool is_nvidia(const struct reader *reader, const char *name)
{
    const char *vendor = reader_line(
        reader, arena_format(reader->arena, "/sys/bus/pci/devices/%s/vendor", name), NULL);
    return vendor != NULL && text_equal(vendor, "0x10de");
}

/* Names of the GPUs on the bus, at most NVML_DEVICES_MAX; returns their number. */
static size_t list_accelerators(const struct reader *reader, const char *out[NVML_DEVICES_MAX])
{
    size_t n_all = 0;
    const char **names = reader_folder(reader, "/sys/bus/pci/devices", "", &n_all);
    size_t n = 0;
    for (size_t i = 0; i < n_all && n < NVML_DEVICES_MAX; i++) {
        if (pci_is_accelerator(reader, names[i])) {
            out[n++] = names[i];
        }
    }
    return n;
}

bool check_has_nvidia(const struct reader *reader)
{
    const char *names[NVML_DEVICES_MAX];
    const size_t n = list_accelerators(reader, names);
    for (size_t i = 0; i < n; i++) {
        if (is_nvidia(reader, names[i])) {
            return true;
        }
    }
    size_t n_driver = 0;
    (void)reader_folder(reader, "/proc/driver/nvidia/gpus", "", &n_driver);
    return n_driver > 0 || (reader->nvml != NULL && nvml_device_count(reader->nvml) > 0);
}

static void read_driver(const struct check_context *context, struct check_reading *out)
{
    const struct nvml *nvml = context->reader.nvml;
    if (nvml == NULL && context->reader.root[0] != '\0') {
        check_unknown(out, "NVML is not asked of another root");
        return;
    }
    if (nvml == NULL) {
        check_words(out, false, "%s", context->no_nvml != NULL ? context->no_nvml : "no NVML");
        return;
    }
    const unsigned n = nvml_device_count(nvml);
    for (unsigned i = 0; i < n; i++) {
        if (nvml_device_at(nvml, i) == NULL) {
            check_words(out, false, "GPU %u of %u does not answer", i, n);
            return;
        }
    }
    check_words(out, n > 0, "%u GPU%s", n, n == 1 ? "" : "s");
}

/* What every GPU of the driver says to one row. */
static void
read_devices(const struct check_context *context, const struct gpu_check *row, struct readings *out)
{
    const struct nvml *nvml = context->reader.nvml;
    out->n = nvml == NULL ? 0 : nvml_device_count(nvml);
    for (unsigned i = 0; i < out->n; i++) {
        struct nvml_device *device = nvml_device_at(nvml, i);
        (void)snprintf(out->labels[i], LABEL_SIZE, "gpu%u", i);
        if (device != NULL) {
            row->read(context, device, &out->of[i]);
        } else {
            check_unknown(&out->of[i], "does not answer");
        }
    }
    if (out->n == 0) {
        check_unknown(&out->of[0], "NVML does not tell");
    }
}

static void check_devices(const struct check_context *context, struct check_list *out)
{
    struct readings *readings = arena_alloc(context->reader.arena, sizeof(*readings));
    for (size_t i = 0; i < gpu_checks_len; i++) {
        read_devices(context, &gpu_checks[i], readings);
        add_worst(&gpu_checks[i].check, readings, out);
    }
}

static void check_links(
    const struct check_context *context, const char *const *names, size_t n, struct check_list *out)
{
    struct readings *readings = arena_alloc(context->reader.arena, sizeof(*readings));
    readings->n = n;
    for (size_t row = 0; row < link_checks_len && n > 0; row++) {
        for (size_t i = 0; i < n; i++) {
            (void)snprintf(readings->labels[i], LABEL_SIZE, "%s", names[i]);
            link_checks[row].read(
                context, names[i], device_named(context->reader.nvml, names[i]), &readings->of[i]);
        }
        add_worst(&link_checks[row].check, readings, out);
    }
}

bool check_gpus(const struct check_context *context, struct check_list *out)
{
    const char *names[NVML_DEVICES_MAX];
    const size_t n = list_accelerators(&context->reader, names);
    const bool nvidia = check_has_nvidia(&context->reader);
    if (nvidia) {
        struct check_reading driver = {0};
        read_driver(context, &driver);
        check_list_add(out, &gpu_driver_check, &driver);
        check_devices(context, out);
    }
    check_links(context, names, n, out);
    return nvidia || n > 0;
}
