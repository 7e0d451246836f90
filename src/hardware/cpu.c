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

/* Channels and speed stand in the SMBIOS tables, which are not read: the format's smallest numbers
 * are written.  A driver for the memory controller's error counters is there only where the memory
 * corrects errors. */
void memory_read(const struct reader *self, struct json *fingerprint)
{
    size_t n_controllers = 0;
    (void)reader_folder(self, "/sys/devices/system/edac/mc", "mc", &n_controllers);
    struct json *memory =
        json_add(self->arena, fingerprint, "memory", json_new(self->arena, JSON_OBJECT));
    json_add_i64(self->arena, memory, "channels", 1);
    reader_warn(self, "hardware_fingerprint.memory.channels is unknown and written as 1");
    json_add_i64(self->arena, memory, "speed_mts", 1);
    reader_warn(self, "hardware_fingerprint.memory.speed_mts is unknown and written as 1");
    json_add_bool(self->arena, memory, "ecc", n_controllers > 0);
    if (n_controllers == 0) {
        reader_warn(
            self, "hardware_fingerprint.memory.ecc is unknown and written as false: no EDAC driver "
                  "is loaded");
    }
}
