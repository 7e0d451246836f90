/* arm_cpu.h - names of ARM cores, by what their identification register says. */
#pragma once

/* "Arm Neoverse-N1" for the values of /proc/cpuinfo's "CPU implementer" and "CPU part" ("0x41", "0xd0c").
 * NULL when a value is malformed or the core is not in the table; static.
 * Source: Linux, arch/arm64/include/asm/cputype.h; marketing names as lscpu gives them. */
const char *arm_cpu_name(const char *implementer, const char *part);
