/* Any bytes as a list of prices: refused in one line, or every entry is one that a cost may rest on. */
#include "require.h"
#include "suite/prices.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_price(double usd)
{
    require(usd >= 0.0 && usd <= 1e6);
}

static void check_list(const struct price_list *list)
{
    require(list->n > 0 && list->n <= PRICE_ENTRIES_MAX);
    for (size_t i = 0; i < list->n; i++) {
        const struct price_entry *entry = &list->entries[i];
        check_price(entry->input_usd_per_mtok);
        check_price(entry->output_usd_per_mtok);
        if (!isnan(entry->cached_input_usd_per_mtok)) {
            check_price(entry->cached_input_usd_per_mtok);
        }
        require(entry->source[0] != '\0' && strlen(entry->date) == 10);
        require(price_list_find(list, entry->provider, entry->model) == entry);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct price_list list;
    struct error err = {0};
    if (price_list_read("f", (const char *)data, size, &list, &err) == 0) {
        check_list(&list);
        struct arena arena = {0};
        require(price_list_missing(&list, "p", "no such model", &arena)[0] != '\0');
        arena_done(&arena);
    } else {
        require(err.code == ERROR_PARSE || err.code == ERROR_LIMIT);
        require(err.text[0] != '\0');
    }
    price_list_done(&list);
    return 0;
}
