/* The first processor stands for all.  ARM kernels give no model name: unknown, not guessed. */
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

void cpu_read(const struct reader *self, struct json *fingerprint)
{
    const char *text = reader_file(self, "/proc/cpuinfo", NULL);
    struct json *cpu =
        json_add(self->arena, fingerprint, "cpu", json_new(self->arena, JSON_OBJECT));
    json_add_text(
        self->arena, cpu, "model", value_or_unknown(self, text, "model name", "cpu.model"));
    json_add_text(
        self->arena, cpu, "microcode", value_or_unknown(self, text, "microcode", "cpu.microcode"));
}
