/* Each line of a device's `resource` file is a region: first address, last address, flags.  Bridges'
 * windows follow the device's own six regions and are left out.
 * Source: https://docs.kernel.org/PCI/sysfs-pci.html; flags: include/linux/ioport.h. */
#include "base/text.h"
#include "hardware/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    REGIONS = 6, /* base address registers of a device */
    FLAG_MEMORY = 0x200
};

#define FOUR_GIB       (UINT64_C(1) << 32)
#define CLASSIC_WINDOW (UINT64_C(256) << 20) /* what a GPU shows without resizable BARs */

bool pci_is_accelerator(const struct reader *self, const char *name)
{
    /* Class 0x03: display controllers; 0x12: processing accelerators.  Makers: NVIDIA, AMD. */
    const char *folder = arena_format(self->arena, "/sys/bus/pci/devices/%s", name);
    const char *class = reader_line(self, arena_format(self->arena, "%s/class", folder), NULL);
    const char *vendor = reader_line(self, arena_format(self->arena, "%s/vendor", folder), NULL);
    if (class == NULL || vendor == NULL) {
        return false;
    }
    return (text_starts_with(class, "0x03") || text_starts_with(class, "0x12")) &&
           (text_equal(vendor, "0x10de") || text_equal(vendor, "0x1002"));
}

/* Takes one device's regions; returns the size of the largest memory region. */
static uint64_t take_regions(const char *text, struct pci_windows *out)
{
    uint64_t largest = 0;
    for (int i = 0; i < REGIONS && *text != '\0'; i++) {
        uint64_t first = 0;
        uint64_t last = 0;
        uint64_t flags = 0;
        /* Too large a number saturates. NOLINTNEXTLINE(cert-err34-c) */
        const int n = sscanf(text, "%" SCNx64 " %" SCNx64 " %" SCNx64, &first, &last, &flags);
        if (n == 3 && (flags & FLAG_MEMORY) != 0 && last > first && first > 0) {
            out->any_memory = true;
            out->above_4g |= first >= FOUR_GIB;
            largest = last - first >= largest ? last - first + 1 : largest;
        }
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return largest;
}

struct pci_windows pci_windows_read(const struct reader *self)
{
    struct pci_windows out = {.large_window = true};
    size_t n = 0;
    const char **names = reader_folder(self, "/sys/bus/pci/devices", "", &n);
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_format(self->arena, "/sys/bus/pci/devices/%s/resource", names[i]);
        const char *text = reader_file(self, path, NULL);
        const uint64_t largest = text == NULL ? 0 : take_regions(text, &out);
        if (largest > 0 && pci_is_accelerator(self, names[i])) {
            out.any_gpu = true;
            out.large_window = out.large_window && largest > CLASSIC_WINDOW;
        }
    }
    return out;
}
