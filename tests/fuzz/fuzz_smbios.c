/* Any bytes are read without fault, and what is told stays within what the format allows. */
#include "fuzz/require.h"
#include "hardware/smbios.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smbios out;
    smbios_parse(data, size, size % 2 == 0 ? 0x300 : 0x200, &out);
    require(out.n_modules <= out.n_slots);
    require(out.channels_per_socket <= out.channels);
    require(out.channels <= out.n_modules && out.channels <= SMBIOS_CHANNELS_MAX);
    require(out.has_channels == (out.channels > 0));
    require(strlen(out.bios_version) < SMBIOS_TEXT_SIZE);
    require(out.uuid[0] == '\0' || strlen(out.uuid) == SMBIOS_UUID_SIZE - 1);
    return 0;
}
