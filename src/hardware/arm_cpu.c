/* Cores of servers, desktops and boards that run inference; a core that is missing is unknown by its numbers. */
#include "hardware/arm_cpu.h"

#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>

struct arm_core {
    uint16_t implementer;
    uint16_t part;
    const char *name;
};

static const struct arm_core arm_cores[] = {
    {0x41, 0xd03, "Arm Cortex-A53"},
    {0x41, 0xd05, "Arm Cortex-A55"},
    {0x41, 0xd07, "Arm Cortex-A57"},
    {0x41, 0xd08, "Arm Cortex-A72"},
    {0x41, 0xd09, "Arm Cortex-A73"},
    {0x41, 0xd0a, "Arm Cortex-A75"},
    {0x41, 0xd0b, "Arm Cortex-A76"},
    {0x41, 0xd0c, "Arm Neoverse-N1"},
    {0x41, 0xd0d, "Arm Cortex-A77"},
    {0x41, 0xd40, "Arm Neoverse-V1"},
    {0x41, 0xd41, "Arm Cortex-A78"},
    {0x41, 0xd42, "Arm Cortex-A78AE"},
    {0x41, 0xd44, "Arm Cortex-X1"},
    {0x41, 0xd46, "Arm Cortex-A510"},
    {0x41, 0xd47, "Arm Cortex-A710"},
    {0x41, 0xd48, "Arm Cortex-X2"},
    {0x41, 0xd49, "Arm Neoverse-N2"},
    {0x41, 0xd4a, "Arm Neoverse-E1"},
    {0x41, 0xd4d, "Arm Cortex-A715"},
    {0x41, 0xd4e, "Arm Cortex-X3"},
    {0x41, 0xd4f, "Arm Neoverse-V2"},
    {0x41, 0xd80, "Arm Cortex-A520"},
    {0x41, 0xd81, "Arm Cortex-A720"},
    {0x41, 0xd82, "Arm Cortex-X4"},
    {0x41, 0xd83, "Arm Neoverse-V3AE"},
    {0x41, 0xd84, "Arm Neoverse-V3"},
    {0x41, 0xd85, "Arm Cortex-X925"},
    {0x41, 0xd87, "Arm Cortex-A725"},
    {0x41, 0xd8e, "Arm Neoverse-N3"},
    {0x43, 0x0af, "Cavium ThunderX2"},
    {0x46, 0x001, "Fujitsu A64FX"},
    {0x48, 0xd01, "HiSilicon Kunpeng-920"},
    {0x4e, 0x004, "NVIDIA Carmel"},
    {0x51, 0x001, "Qualcomm Oryon"},
    {0x6d, 0xd49, "Microsoft Azure-Cobalt-100"},
    {0xc0, 0xac3, "Ampere-1"},
    {0xc0, 0xac4, "Ampere-1a"},
};

/* "0xd0c"; -1 when it is no such number. */
static int32_t hex_value(const char *text)
{
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
        return -1;
    }
    char *end = NULL;
    const unsigned long value = strtoul(text + 2, &end, 16);
    return end == text + 2 || *end != '\0' || value > UINT16_MAX ? -1 : (int32_t)value;
}

const char *arm_cpu_name(const char *implementer, const char *part)
{
    const int32_t maker = hex_value(implementer);
    const int32_t number = hex_value(part);
    for (size_t i = 0; i < ARRAY_LEN(arm_cores); i++) {
        if (arm_cores[i].implementer == maker && arm_cores[i].part == number) {
            return arm_cores[i].name;
        }
    }
    return NULL;
}
