/* A table is a row of structures: a header that says its length, then strings up to an empty one.
 *
 * There is no field for the channel of a module in common use; board makers write it into the locator
 * texts: "P0 CHANNEL A", "P0_Node1_Channel3_Dimm0", "ChannelA-DIMM0", "DIMM_A1", "P1-DIMMA1".  What
 * stands before the channel's name tells sockets and controllers apart.  Locators without a channel
 * ("PROC 1 DIMM 8", "A1" where the letter is the processor's) tell nothing, and nothing is guessed. */
#include "hardware/smbios.h"

#include "base/attr.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Types of structures. */
enum {
    TYPE_BIOS = 0,
    TYPE_SYSTEM = 1,
    TYPE_PROCESSOR = 4,
    TYPE_MEMORY_ARRAY = 16,
    TYPE_MEMORY_DEVICE = 17,
    TYPE_END = 127,
};

enum {
    HEADER_SIZE = 4,
    USE_SYSTEM_MEMORY = 3,
    PROCESSOR_POPULATED = 0x40,
    ARRAYS_MAX = 64,
    VERSION_2_6 = 2 * 256 + 6
};

struct structure {
    const uint8_t *bytes; /* header first */
    size_t len;           /* of the formatted part */
    const char *strings;
    size_t strings_len; /* with the NUL of the last one */
};

/* State of one reading. */
struct parse {
    struct smbios *out;
    unsigned version;
    uint16_t system_arrays[ARRAYS_MAX]; /* handles of arrays of main memory */
    size_t n_system_arrays;
    char channels[SMBIOS_CHANNELS_MAX][2 * SMBIOS_TEXT_SIZE];
    unsigned channel_sockets[SMBIOS_CHANNELS_MAX];
};

static unsigned read_u8(const struct structure *self, size_t at)
{
    return at < self->len ? self->bytes[at] : 0;
}

static unsigned read_u16(const struct structure *self, size_t at)
{
    return at + 1 < self->len ? self->bytes[at] | (unsigned)self->bytes[at + 1] << 8 : 0;
}

static uint32_t read_u32(const struct structure *self, size_t at)
{
    return at + 3 < self->len ? read_u16(self, at) | (uint32_t)read_u16(self, at + 2) << 16 : 0;
}

/* The string whose number stands at `at`; bytes that are not printable ASCII become '?'. */
static void read_text(const struct structure *self, size_t at, char out[SMBIOS_TEXT_SIZE])
{
    unsigned number = read_u8(self, at);
    const char *text = self->strings;
    const char *end = text + self->strings_len;
    out[0] = '\0';
    while (number > 1 && text < end) {
        text += strnlen(text, (size_t)(end - text)) + 1;
        number--;
    }
    if (number == 0 || text >= end) {
        return;
    }
    size_t n = 0;
    for (; text < end && *text != '\0' && n + 1 < SMBIOS_TEXT_SIZE; text++) {
        const bool printable = *text >= 0x20 && *text < 0x7f;
        if (n > 0 || *text != ' ') {
            out[n++] = (char)(printable ? *text : '?');
        }
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    out[n] = '\0';
}

static void take_system(const struct parse *self, const struct structure *system)
{
    enum {
        UUID = 8,
        UUID_SIZE = 16
    };

    static const uint8_t little_endian[UUID_SIZE] = {3, 2, 1,  0,  5,  4,  7,  6,
                                                     8, 9, 10, 11, 12, 13, 14, 15};
    if (system->len < UUID + UUID_SIZE || self->out->uuid[0] != '\0') {
        return;
    }
    char *out = self->out->uuid;
    for (size_t i = 0; i < UUID_SIZE; i++) {
        const size_t from = self->version >= VERSION_2_6 ? little_endian[i] : i;
        const bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        (void)snprintf(out, 4, "%s%02x", dash ? "-" : "", system->bytes[UUID + from]);
        out += strlen(out);
    }
}

static void take_array(struct parse *self, const struct structure *array)
{
    enum {
        USE = 5,
        CORRECTION = 6
    };

    if (read_u8(array, USE) != USE_SYSTEM_MEMORY) {
        return;
    }
    if (self->n_system_arrays < ARRAYS_MAX) {
        self->system_arrays[self->n_system_arrays++] = (uint16_t)read_u16(array, 2);
    }

    static const enum smbios_ecc kinds[] = {
        [3] = SMBIOS_ECC_NONE, [4] = SMBIOS_ECC_NONE, [5] = SMBIOS_ECC_YES,
        [6] = SMBIOS_ECC_YES,  [7] = SMBIOS_ECC_YES,
    };

    const unsigned correction = read_u8(array, CORRECTION);
    const enum smbios_ecc ecc =
        correction < ARRAY_LEN(kinds) ? kinds[correction] : SMBIOS_ECC_UNKNOWN;
    /* Of several arrays the weakest one counts. */
    const bool known = self->out->ecc != SMBIOS_ECC_UNKNOWN && ecc != SMBIOS_ECC_UNKNOWN;
    if (self->n_system_arrays == 1 || (known && ecc < self->out->ecc)) {
        self->out->ecc = ecc;
    } else if (!known) {
        self->out->ecc = SMBIOS_ECC_UNKNOWN;
    }
}

/* Length of the channel's name at `at`, a letter or digits, or 0. */
static size_t channel_name_length(const char *at)
{
    if (isalpha((unsigned char)at[0]) && !isalpha((unsigned char)at[1])) {
        return 1;
    }
    return strspn(at, "0123456789");
}

/* Where the channel's name ends in a locator, or NULL when there is none.  With `word` "CHANNEL" any
 * name does; behind "DIMM" only a letter that a digit follows. */
static const char *channel_end(const char *locator, const char *word)
{
    const bool is_slot = text_equal(word, "DIMM");
    for (const char *at = locator; *at != '\0'; at++) {
        if (strncasecmp(at, word, strlen(word)) != 0) {
            continue;
        }
        const char *name = at + strlen(word);
        name += strspn(name, " _-");
        const size_t n = channel_name_length(name);
        const bool letter = isalpha((unsigned char)name[0]) != 0;
        const bool good = !is_slot || (letter && isdigit((unsigned char)name[n]));
        if (n > 0 && good) {
            return name + n;
        }
    }
    return NULL;
}

/* The socket that a locator begins with: "P1", "CPU1", "PROC 1"; 0 when it names none. */
static unsigned socket_of(const char *locator)
{
    static const char *const words[] = {"PROC", "CPU", "P"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const size_t len = strlen(words[i]);
        if (strncasecmp(locator, words[i], len) != 0) {
            continue;
        }
        const char *at = locator + len + strspn(locator + len, " _-");
        if (isdigit((unsigned char)*at)) {
            return (unsigned)(*at - '0') % SMBIOS_SOCKETS_MAX;
        }
    }
    return 0;
}

static void take_channel(struct parse *self, const struct structure *device)
{
    enum {
        DEVICE_LOCATOR = 0x10,
        BANK_LOCATOR = 0x11
    };
    struct smbios *out = self->out;
    char texts[2][SMBIOS_TEXT_SIZE];
    read_text(device, BANK_LOCATOR, texts[0]);
    read_text(device, DEVICE_LOCATOR, texts[1]);

    static const struct {
        const char *word;
        unsigned text;
    } places[] = {{"CHANNEL", 0}, {"CHANNEL", 1}, {"DIMM", 1}};

    const char *from = NULL;
    const char *end = NULL;
    for (size_t i = 0; i < ARRAY_LEN(places) && end == NULL; i++) {
        from = texts[places[i].text];
        end = channel_end(from, places[i].word);
    }
    if (end == NULL || out->channels == SMBIOS_CHANNELS_MAX) {
        out->has_channels = false;
        return;
    }
    char key[SMBIOS_TEXT_SIZE];
    (void)snprintf(key, sizeof(key), "%.*s", (int)(end - from), from);
    for (unsigned i = 0; i < out->channels; i++) {
        if (text_equal(self->channels[i], key)) {
            return;
        }
    }
    (void)snprintf(self->channels[out->channels], sizeof(self->channels[out->channels]), "%s", key);
    self->channel_sockets[out->channels] = socket_of(from);
    out->channels++;
}

/* MiB of a module; 0 when the slot is empty or the size is unknown. */
static uint64_t module_size_mb(const struct structure *device)
{
    const unsigned size = read_u16(device, 0x0c);
    if (size == 0xffff) {
        return 0;
    }
    if (size == 0x7fff) {
        return read_u32(device, 0x1c) & 0x7fffffffU;
    }
    return (size & 0x8000U) != 0 ? (size & 0x7fffU) / 1024 : size;
}

/* MT/s that the module runs at, else that it can run at; 0: unknown. */
static uint32_t module_speed_mts(const struct structure *device)
{
    const unsigned configured = read_u16(device, 0x20);
    const uint32_t now = configured == 0xffff ? read_u32(device, 0x58) : configured;
    if (now != 0) {
        return now;
    }
    const unsigned able = read_u16(device, 0x15);
    return able == 0xffff ? read_u32(device, 0x54) : able;
}

static bool is_system_memory(const struct parse *self, const struct structure *device)
{
    const unsigned array = read_u16(device, 4);
    for (size_t i = 0; i < self->n_system_arrays; i++) {
        if (self->system_arrays[i] == array) {
            return true;
        }
    }
    return false;
}

static void take_device(struct parse *self, const struct structure *device)
{
    struct smbios *out = self->out;
    if (!is_system_memory(self, device)) {
        return;
    }
    out->n_slots++;
    const uint64_t size_mb = module_size_mb(device);
    if (size_mb == 0) {
        return;
    }
    out->n_modules++;
    out->size_mb += size_mb;
    const uint32_t speed = module_speed_mts(device);
    out->speeds_differ |= out->n_modules > 1 && speed != out->speed_mts;
    out->speed_mts = speed > out->speed_mts ? speed : out->speed_mts;
    take_channel(self, device);
}

static void take_structure(struct parse *self, const struct structure *structure)
{
    switch (structure->bytes[0]) {
    case TYPE_BIOS:
        read_text(structure, 5, self->out->bios_version);
        break;
    case TYPE_SYSTEM:
        take_system(self, structure);
        break;
    case TYPE_PROCESSOR:
        self->out->n_sockets += (read_u8(structure, 0x18) & PROCESSOR_POPULATED) != 0;
        break;
    case TYPE_MEMORY_ARRAY:
        take_array(self, structure);
        break;
    case TYPE_MEMORY_DEVICE:
        take_device(self, structure);
        break;
    default:
        break;
    }
}

/* Reads the structure at `at`; returns its bytes with strings, or 0 when it does not fit. */
static size_t read_structure(const uint8_t *at, size_t left, struct structure *out)
{
    if (left < HEADER_SIZE || at[1] < HEADER_SIZE || at[1] > left) {
        return 0;
    }
    *out = (struct structure){.bytes = at, .len = at[1], .strings = (const char *)at + at[1]};
    for (size_t i = out->len; i + 1 < left; i++) {
        if (at[i] == 0 && at[i + 1] == 0) {
            out->strings_len = i + 1 - out->len;
            return i + 2;
        }
    }
    return 0;
}

static void count_channels(struct parse *self)
{
    unsigned n[SMBIOS_SOCKETS_MAX] = {0};
    for (unsigned i = 0; i < self->out->channels; i++) {
        const unsigned count = ++n[self->channel_sockets[i]];
        if (count > self->out->channels_per_socket) {
            self->out->channels_per_socket = count;
        }
    }
    if (!self->out->has_channels || self->out->n_modules == 0) {
        self->out->has_channels = false;
        self->out->channels = 0;
        self->out->channels_per_socket = 0;
    }
}

/* Takes the structures that are memory arrays, or all others. */
static void take_table(struct parse *self, const uint8_t *table, size_t len, bool arrays)
{
    self->out->n_structures = 0;
    size_t at = 0;
    while (at < len) {
        struct structure structure;
        const size_t n = read_structure(table + at, len - at, &structure);
        if (n == 0) {
            self->out->malformed = true;
            return;
        }
        const unsigned type = structure.bytes[0];
        if ((type == TYPE_MEMORY_ARRAY) == arrays) {
            take_structure(self, &structure);
        }
        self->out->n_structures++;
        if (type == TYPE_END) {
            return;
        }
        at += n;
    }
}

void smbios_parse(const uint8_t *table, size_t len, unsigned version, struct smbios *out)
{
    static const struct smbios nothing = {.has_channels = true};
    struct parse self = {.out = out, .version = version};
    *out = nothing;
    /* Arrays first: a device may stand before the array that it belongs to. */
    take_table(&self, table, len, true);
    take_table(&self, table, len, false);
    count_channels(&self);
}
