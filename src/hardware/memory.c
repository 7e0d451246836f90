/* Channels and speed stand in the firmware's tables, which the kernel shows to root alone.  Whether
 * memory corrects errors is told by them and, to everybody, by the driver of the memory controller's
 * error counters, which is there only where it does.  What nobody tells is written as the format's
 * smallest number, and named. */
#include "base/file.h"
#include "base/mem.h"
#include "hardware/reader.h"
#include "hardware/smbios.h"

enum {
    CHANNELS_MAX = 16 /* Source: ENVELOPE.md: memory.channels 1-16 */
};

static const char table_path[] = "/sys/firmware/dmi/tables/DMI";

/* major * 256 + minor from the entry point, "_SM3_" or "_SM_"; 3.0 when it cannot be read. */
static unsigned smbios_version(const struct reader *self)
{
    enum {
        OLD_MAJOR = 6,
        NEW_MAJOR = 7,
        ENOUGH = 24
    };

    size_t len = 0;
    const unsigned char *entry = (const unsigned char *)reader_bytes(
        self, "/sys/firmware/dmi/tables/smbios_entry_point", &len, NULL);
    if (entry == NULL || len < ENOUGH) {
        return 3 * 256;
    }
    const int major = entry[3] == '3' ? NEW_MAJOR : OLD_MAJOR;
    return entry[major] * 256U + entry[major + 1];
}

bool smbios_read(const struct reader *self, struct smbios *out, bool *out_denied)
{
    size_t len = 0;
    const char *table = reader_bytes(self, table_path, &len, out_denied);
    if (table == NULL || len > SMBIOS_TABLE_MAX) {
        return false;
    }
    smbios_parse((const uint8_t *)table, len, smbios_version(self), out);
    if (out->malformed) {
        reader_warn(
            self,
            "hardware_fingerprint.memory: the firmware's tables are malformed after %zu "
            "structures",
            out->n_structures);
    }
    return true;
}

static void add_channels(
    const struct reader *self, struct json *memory, const struct smbios *tables, const char *why)
{
    const bool known = tables->has_channels && tables->channels_per_socket <= CHANNELS_MAX;
    json_add_i64(self->arena, memory, "channels", known ? tables->channels_per_socket : 1);
    if (!known) {
        reader_warn(
            self, "hardware_fingerprint.memory.channels is unknown and written as 1: %s", why);
    }
}

static void add_speed(
    const struct reader *self, struct json *memory, const struct smbios *tables, const char *why)
{
    json_add_i64(self->arena, memory, "speed_mts", tables->speed_mts > 0 ? tables->speed_mts : 1);
    if (tables->speed_mts == 0) {
        reader_warn(
            self, "hardware_fingerprint.memory.speed_mts is unknown and written as 1: %s", why);
    }
    if (tables->speeds_differ) {
        reader_warn(
            self, "hardware_fingerprint.memory.speed_mts is that of the fastest module: they "
                  "differ");
    }
}

static void add_ecc(const struct reader *self, struct json *memory, const struct smbios *tables)
{
    size_t n = 0;
    (void)reader_folder(self, "/sys/devices/system/edac/mc", "mc", &n);
    json_add_bool(self->arena, memory, "ecc", n > 0 || tables->ecc == SMBIOS_ECC_YES);
    if (n == 0 && tables->ecc == SMBIOS_ECC_UNKNOWN) {
        reader_warn(
            self, "hardware_fingerprint.memory.ecc is unknown and written as false: no EDAC driver "
                  "is loaded");
    }
    if (n > 0 && tables->ecc == SMBIOS_ECC_NONE) {
        reader_warn(
            self,
            "hardware_fingerprint.memory.ecc: an EDAC driver is loaded, and the firmware says "
            "that there is no error correction");
    }
}

/* Ours, beside the format's three. */
static void add_modules(const struct reader *self, struct json *memory, const struct smbios *tables)
{
    json_add_i64(self->arena, memory, "n_slots", tables->n_slots);
    json_add_i64(self->arena, memory, "n_modules", tables->n_modules);
    json_add_i64(self->arena, memory, "modules_mb", (int64_t)tables->size_mb);
    if (tables->has_channels) {
        json_add_i64(self->arena, memory, "channels_all_sockets", tables->channels);
    }
}

void memory_read(const struct reader *self, struct json *fingerprint)
{
    struct smbios tables = {0};
    bool denied = false;
    const bool there = smbios_read(self, &tables, &denied);
    const char *why = denied  ? "only root can read the firmware's tables"
                      : there ? "the firmware's tables do not tell"
                              : "there are no firmware tables";
    struct json *memory =
        json_add(self->arena, fingerprint, "memory", json_new(self->arena, JSON_OBJECT));
    add_channels(self, memory, &tables, why);
    add_speed(self, memory, &tables, why);
    add_ecc(self, memory, &tables);
    if (there && tables.n_slots > 0) {
        add_modules(self, memory, &tables);
    }
}
