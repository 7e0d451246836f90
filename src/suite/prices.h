/* prices.h - lists of what tokens cost: a file of one's own, or the dated list in the binary.
 *
 * Both are YAML of one form; each entry says where its figures are from.  Source: docs/cost.md. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "codec/digest.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PRICES_FILE_MAX = 1 << 20, /* bytes; an entry takes about 200 */
    PRICE_ENTRIES_MAX = 2000   /* each is compared with all others */
};

/* Texts live in the list's arena. */
struct price_entry {
    const char *provider; /* exact, or with * ? [] */
    const char *model;    /* likewise; as the request names it */
    double input_usd_per_mtok;
    double cached_input_usd_per_mtok; /* NAN: as input */
    double output_usd_per_mtok;
    const char *source; /* where the figures are from, in words or a URL */
    const char *date;   /* YYYY-MM-DD, on which they held */
    uint32_t line;      /* of its file */
};

struct price_list {
    struct arena arena;
    const char *name;             /* of the file, without folders; "" for the list in the binary */
    char sha256[DIGEST_HEX_SIZE]; /* of the file's bytes; "" for the list in the binary */
    struct price_entry *entries;
    size_t n;
};

/* Reads a list.  *out is the caller's: price_list_done, also after a failure.
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT. */
MUST_CHECK int price_list_read(
    const char *name, const char *text, size_t len, struct price_list *out, struct error *err);

/* The same of a file.  Errors: also ERROR_NOT_FOUND, ERROR_IO. */
MUST_CHECK int price_list_load(const char *path, struct price_list *out, struct error *err);

/* The list in the binary: all files of data/prices/. */
MUST_CHECK int price_list_embedded(struct price_list *out, struct error *err);

void price_list_done(struct price_list *self);

/* The entry that names provider and model exactly, else the first whose patterns match, else NULL. */
const struct price_entry *
price_list_find(const struct price_list *self, const char *provider, const char *model);

/* Why there is none, and what is near, for a message: "no price for provider 'a', model 'b': did you
 * mean 'c'?".  The text lives in `arena`. */
const char *price_list_missing(
    const struct price_list *self, const char *provider, const char *model, struct arena *arena);
