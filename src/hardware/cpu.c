/* The first processor stands for all.  ARM kernels give no model name but numbers of its core: a table names them. */
#include "hardware/arm_cpu.h"
#include "hardware/reader.h"

static const char *
value_or_unknown(const struct reader *self, const char *text, const char *key, const char *path)
{
    const char *value = text == NULL ? NULL : reader_value(self, text, key);
    if (value == NULL) {
        reader_warn(self, "hardware_fingerprint.%s is unknown: /proc/cpuinfo does not tell", path);
        return "unknown";
    }
    return value;
}

/* The name of an ARM core; NULL when the file has no such numbers or the table no such core. */
static const char *arm_model(const struct reader *self, const char *text)
{
    const char *implementer = text == NULL ? NULL : reader_value(self, text, "CPU implementer");
    const char *part = text == NULL ? NULL : reader_value(self, text, "CPU part");
    return implementer == NULL || part == NULL ? NULL : arm_cpu_name(implementer, part);
}

void cpu_read(const struct reader *self, struct json *fingerprint)
{
    const char *text = reader_file(self, "/proc/cpuinfo", NULL);
    struct json *cpu =
        json_add(self->arena, fingerprint, "cpu", json_new(self->arena, JSON_OBJECT));
    const char *arm = arm_model(self, text);
    json_add_text(
        self->arena, cpu, "model",
        arm != NULL ? arm : value_or_unknown(self, text, "model name", "cpu.model"));
    json_add_text(
        self->arena, cpu, "microcode", value_or_unknown(self, text, "microcode", "cpu.microcode"));
}
