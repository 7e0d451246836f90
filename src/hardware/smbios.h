/* smbios.h - the firmware's tables of this machine: system, processors, memory modules.
 *
 * The bytes are the content of /sys/firmware/dmi/tables/DMI, which the kernel shows to root alone.
 * They come from firmware and are trusted in nothing: a structure that does not fit ends the reading,
 * a field that its structure is too short for is unknown.
 * Source: DMTF DSP0134, System Management BIOS Reference Specification 3.7, clauses 6.1 and 7. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SMBIOS_TEXT_SIZE = 80,     /* longer strings are cut */
    SMBIOS_UUID_SIZE = 37,     /* "4c4c4544-0042-3510-8052-b4c04f4d3432" */
    SMBIOS_CHANNELS_MAX = 256, /* of one machine; more are not told apart */
    SMBIOS_SOCKETS_MAX = 64,   /* likewise */
    SMBIOS_TABLE_MAX = 1 << 20 /* bytes; real tables have some ten thousand */
};

enum smbios_ecc {
    SMBIOS_ECC_UNKNOWN,
    SMBIOS_ECC_NONE, /* none, or parity alone */
    SMBIOS_ECC_YES,  /* single-bit, multi-bit or CRC */
};

/* What the tables say.  Texts are "" and numbers 0 where they say nothing. */
struct smbios {
    size_t n_structures;
    bool malformed; /* the reading ended before the end of the table */
    char uuid[SMBIOS_UUID_SIZE];
    char bios_version[SMBIOS_TEXT_SIZE];
    unsigned n_sockets; /* processors that are there */
    enum smbios_ecc ecc;
    unsigned n_slots;   /* for memory modules of the system's main memory */
    unsigned n_modules; /* slots with a module */
    uint64_t size_mb;   /* of all modules */
    unsigned speed_mts; /* highest speed that modules run at */
    bool speeds_differ;
    bool has_channels;            /* every module's locator names its channel */
    unsigned channels;            /* of all sockets, with a module in them */
    unsigned channels_per_socket; /* of the socket that has most */
};

/* Reads `len` bytes of structures.  `version` is major * 256 + minor of the specification that they
 * follow; before 2.6 the UUID has another byte order. */
void smbios_parse(const uint8_t *table, size_t len, unsigned version, struct smbios *out);
