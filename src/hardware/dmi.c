/* Board makers fill these tables with placeholders, and the kernel shows serial numbers and the UUID
 * to root alone. */
#include "base/text.h"
#include "hardware/reader.h"

static bool is_placeholder(const char *text)
{
    static const char *const placeholders[] = {
        "Not Specified",
        "Not Settable",
        "Not Present",
        "To Be Filled By O.E.M.",
        "To be filled by O.E.M.",
        "Default string",
        "None",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "03000200-0400-0500-0006-000700080009"};
    for (size_t i = 0; i < ARRAY_LEN(placeholders); i++) {
        if (text_equal(text, placeholders[i])) {
            return true;
        }
    }
    return false;
}

static const char *dmi_line(const struct reader *self, const char *path, const char *field)
{
    bool denied = false;
    const char *line = reader_line(self, path, &denied);
    if (line == NULL) {
        reader_warn(
            self, "hardware_fingerprint.%s is unknown: %s", field,
            denied ? "only root can read it" : "this machine does not tell");
        return "unknown";
    }
    if (is_placeholder(line)) {
        reader_warn(
            self, "hardware_fingerprint.%s is unknown: the firmware has a placeholder, '%s'", field,
            line);
        return "unknown";
    }
    return line;
}

const char *dmi_uuid_read(const struct reader *self)
{
    return dmi_line(self, "/sys/class/dmi/id/product_uuid", "dmi_uuid");
}

void bios_read(const struct reader *self, struct json *fingerprint)
{
    struct json *bios =
        json_add(self->arena, fingerprint, "bios", json_new(self->arena, JSON_OBJECT));
    json_add_text(
        self->arena, bios, "version",
        dmi_line(self, "/sys/class/dmi/id/bios_version", "bios.version"));
    const struct pci_windows windows = pci_windows_read(self);
    json_add_bool(self->arena, bios, "resizable_bar", windows.any_gpu && windows.large_window);
    if (!windows.any_gpu) {
        reader_warn(
            self, "hardware_fingerprint.bios.resizable_bar is unknown and written as false: no GPU "
                  "shows its memory regions");
    }
    json_add_bool(self->arena, bios, "above_4g", windows.above_4g);
    if (!windows.any_memory) {
        reader_warn(
            self,
            "hardware_fingerprint.bios.above_4g is unknown and written as false: no PCI device "
            "shows its memory regions");
    }
}
