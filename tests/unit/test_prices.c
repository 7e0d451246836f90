/* Lists of prices: what they must say, who finds what in them, and whose list price applies to whom. */
#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"
#include "suite/prices.h"
#include "suite/provider.h"
#include "support/scratch.h"

#include <string.h>

#define HEAD  "version: 1\ndate: 2026-11-01\nentries:\n"
#define ENTRY "  - {provider: p, model: m, input_usd_per_mtok: 1, output_usd_per_mtok: 2, source: s"

static const char *const good = /* two of each kind */
    "version: 1\n"
    "date: 2026-11-01\n"
    "currency: USD\n"
    "entries:\n"
    "  - {provider: acme, model: big-*, input_usd_per_mtok: 9, output_usd_per_mtok: 9.5, source: glob}\n"
    "  - provider: acme\n"
    "    model: big-one\n"
    "    input_usd_per_mtok: 2.50\n"
    "    output_usd_per_mtok: 10\n"
    "    cached_input_usd_per_mtok: 1.25\n"
    "    source: https://example.com/prices\n"
    "    date: 2024-02-29\n"
    "  - {provider: acme, model: small, input_usd_per_mtok: 0, output_usd_per_mtok: 1e6, source: s}\n"
    "  - {provider: '*', model: 'org/*', input_usd_per_mtok: 7, output_usd_per_mtok: 8, source: any}\n"
    "  - {provider: '*', model: '*', input_usd_per_mtok: 1, output_usd_per_mtok: 1, source: rest}\n";

static void read_good(struct price_list *list)
{
    struct error err = {0};
    if (price_list_read("some/where/p.yaml", good, strlen(good), list, &err) != 0) {
        print_error("%s\n", err.text);
        fail();
    }
}

static void test_price_list_read__keeps_what_it_says(void **state)
{
    (void)state;
    struct price_list list;
    read_good(&list);
    assert_string_equal(list.name, "p.yaml");
    assert_int_equal(strlen(list.sha256), 64);
    assert_int_equal(list.n, 5);
    const struct price_entry *entry = &list.entries[1];
    assert_string_equal(entry->provider, "acme");
    assert_string_equal(entry->model, "big-one");
    assert_near(entry->input_usd_per_mtok, 2.5, 0.0);
    assert_near(entry->cached_input_usd_per_mtok, 1.25, 0.0);
    assert_near(entry->output_usd_per_mtok, 10.0, 0.0);
    assert_string_equal(entry->source, "https://example.com/prices");
    assert_string_equal(entry->date, "2024-02-29");
    assert_int_equal(entry->line, 6);
    assert_string_equal(list.entries[0].date, "2026-11-01");
    assert_true(isnan(list.entries[0].cached_input_usd_per_mtok));
    price_list_done(&list);
}

static void test_price_list_find__exact_names_before_patterns_in_order(void **state)
{
    (void)state;

    static const struct {
        const char *provider;
        const char *model;
        const char *source;
    } rows[] = {
        {"acme", "big-one", "https://example.com/prices"},
        {"acme", "big-two", "glob"},
        {"acme", "small", "s"},
        {"acme", "Small", "rest"},
        {"acme", "org/sub/model", "any"},
        {"other", "org/x", "any"},
        {"other", "small", "rest"},
    };

    struct price_list list;
    read_good(&list);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct price_entry *entry = price_list_find(&list, rows[i].provider, rows[i].model);
        assert_non_null(entry);
        assert_string_equal(entry->source, rows[i].source);
    }
    list.n -= 2; /* without what fits all */
    assert_null(price_list_find(&list, "other", "small"));
    assert_null(price_list_find(&list, "acme", "tiny"));
    list.n += 2;
    price_list_done(&list);
}

static void test_price_list_missing__names_what_is_near(void **state)
{
    (void)state;

    static const struct {
        const char *provider;
        const char *model;
        const char *text;
    } rows[] = {
        {"acme", "smal", "no price for provider 'acme', model 'smal': did you mean 'small'?"},
        {"acme", "another",
         "no price for provider 'acme', model 'another': of that provider it has 3 others"},
        {"acne", "small",
         "no price for provider 'acne', model 'small': did you mean the provider 'acme'?"},
        {"vllm", "small",
         "no price for provider 'vllm', model 'small': it has nothing of that provider"},
    };

    struct price_list list;
    struct arena arena = {0};
    read_good(&list);
    list.n -= 2;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(
            price_list_missing(&list, rows[i].provider, rows[i].model, &arena), rows[i].text);
    }
    list.n += 2;
    arena_done(&arena);
    price_list_done(&list);
}

static void test_price_list_read__refuses_with_the_place(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "p: the document is empty"},
        {"[]", "p:1:1: a mapping of keys to values is expected"},
        {"version: 1\nentries: []\n", "p:1:1: key 'date' is missing"},
        {"date: 2026-11-01\nentries: []\n", "p:1:1: key 'version' is missing"},
        {"version: 1\ndate: 2026-11-01\n", "p:1:1: key 'entries' is missing"},
        {"version: 2\ndate: 2026-11-01\nentries: []\n",
         "p:1:10: 'version' must be 1: no other can be read"},
        {"version: 1\ndate: 2026-11-01\nentries: []\n",
         "p:3:10: 'entries' must hold at least one entry"},
        {"version: 1\ndate: 2026-11-01\nentries: {}\n", "p:3:10: 'entries' must be a list"},
        {"version: 1\ndate: 2026-11-01\nentrys: []\n",
         "p:3:9: unknown key 'entrys': did you mean 'entries'?"},
        {"version: 1\ndate: 2026-11\nentries: [1]\n",
         "p:2:7: 'date' must be a day as YYYY-MM-DD, not '2026-11'"},
        {"version: 1\ndate: 2026\nentries: [1]\n", "p:2:7: 'date' must be a text"},
        {"version: 1\ndate: 2026-02-29\nentries: [1]\n",
         "p:2:7: 'date' must be a day as YYYY-MM-DD, not '2026-02-29'"},
        {"version: 1\ndate: 2026-13-01\nentries: [1]\n",
         "p:2:7: 'date' must be a day as YYYY-MM-DD, not '2026-13-01'"},
        {"version: 1\ndate: 2026-04-00\nentries: [1]\n",
         "p:2:7: 'date' must be a day as YYYY-MM-DD, not '2026-04-00'"},
        {"version: 1\ndate: 01-11-2026\nentries: [1]\n",
         "p:2:7: 'date' must be a day as YYYY-MM-DD, not '01-11-2026'"},
        {"version: 1\ndate: 2026-11-01\ncurrency: EUR\nentries: [1]\n",
         "p:3:11: 'currency' must be one of: USD"},
        {HEAD "  - 7\n", "p:4:5: a mapping of keys to values is expected"},
        {HEAD "  - {provider: p}\n", "p:4:5: key 'model' is missing"},
        {HEAD "  - {model: m}\n", "p:4:5: key 'provider' is missing"},
        {HEAD "  - {provider: p, model: m, output_usd_per_mtok: 1, source: s}\n",
         "p:4:5: key 'input_usd_per_mtok' is missing"},
        {HEAD "  - {provider: p, model: m, input_usd_per_mtok: 1, source: s}\n",
         "p:4:5: key 'output_usd_per_mtok' is missing"},
        {HEAD "  - {provider: p, model: m, input_usd_per_mtok: 1, output_usd_per_mtok: 1}\n",
         "p:4:5: key 'source' is missing"},
        {HEAD "  - {provider: p, model: m, input_usd_per_mtok: -1}\n",
         "p:4:49: 'input_usd_per_mtok' must be a number between 0 and 1e+06"},
        {HEAD "  - {provider: p, model: m, input_usd_per_mtok: cheap}\n",
         "p:4:49: 'input_usd_per_mtok' must be a number between 0 and 1e+06"},
        {HEAD "  - {provider: p, model: m, output_usd_per_mtok: 1e7}\n",
         "p:4:50: 'output_usd_per_mtok' must be a number between 0 and 1e+06"},
        {HEAD "  - {provider: p, model: m, cached_input_usd_per_mtok: null}\n",
         "p:4:56: 'cached_input_usd_per_mtok' must be a number between 0 and 1e+06"},
        {HEAD "  - {provider: p, model: m, input_per_million_usd: 1}\n",
         "p:4:52: unknown key 'input_per_million_usd'"},
        {HEAD "  - {provider: '', model: m}\n",
         "p:4:16: 'provider' must be a text that is not empty and holds no NUL"},
        {HEAD "  - {provider: p, model: 4}\n", "p:4:26: 'model' must be a text"},
        {HEAD ENTRY ", date: yesterday}\n",
         "p:4:93: 'date' must be a day as YYYY-MM-DD, not 'yesterday'"},
        {HEAD ENTRY ", currency: CNY}\n", "p:4:97: 'currency' must be one of: USD"},
        {HEAD ENTRY "}\n" ENTRY "}\n",
         "p:5:5: provider 'p', model 'm' has a price already, in line 4"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct price_list list;
        const int rc = price_list_read("p", rows[i].text, strlen(rows[i].text), &list, &err);
        price_list_done(&list);
        if (rc >= 0 || err.code != ERROR_PARSE || !text_equal(err.text, rows[i].error)) {
            print_error("row %zu: %s, not %s\n", i, err.text, rows[i].error);
            fail();
        }
    }
}

static void test_price_list_read__bounds_entries(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    bytes_add_text(&text, HEAD);
    for (int i = 0; i < PRICE_ENTRIES_MAX; i++) {
        bytes_add_format(
            &text,
            "  - {provider: p, model: m%d, input_usd_per_mtok: 1, output_usd_per_mtok: 1, source: s}\n",
            i);
    }
    struct error err = {0};
    struct price_list list;
    assert_int_equal(price_list_read("p", text.data, text.len, &list, &err), 0);
    assert_int_equal(list.n, PRICE_ENTRIES_MAX);
    price_list_done(&list);
    bytes_add_text(&text, ENTRY "}\n");
    assert_true(price_list_read("p", text.data, text.len, &list, &err) < 0);
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.text, "p: there are more than 2000 entries");
    price_list_done(&list);
}

static void test_price_list_load__names_files_that_cannot_be_read(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct error err = {0};
    struct price_list list;
    assert_true(price_list_load("/nowhere/p.yaml", &list, &err) < 0);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    price_list_done(&list);
    CLEANUP(mem_freep) char *large = mem_alloc(PRICES_FILE_MAX + 2, 1);
    memset(large, '#', PRICES_FILE_MAX + 1);
    (void)scratch_write(&scratch, "large.yaml", large);
    err = (struct error){0};
    assert_true(price_list_load(scratch.path, &list, &err) < 0);
    assert_int_equal(err.code, ERROR_LIMIT);
    price_list_done(&list);
    scratch_done(&scratch);
}

/* Facts of the list itself: every provider in it can be reached by its host, every source is a page. */
static void test_price_list_embedded__is_of_known_providers(void **state)
{
    (void)state;
    struct error err = {0};
    struct price_list list;
    assert_int_equal(price_list_embedded(&list, &err), 0);
    assert_true(list.n > 0);
    for (size_t i = 0; i < list.n; i++) {
        bool known = false;
        for (size_t k = 0; k < provider_table_len; k++) {
            known = known || text_equal(provider_table[k].name, list.entries[i].provider);
        }
        assert_true(known);
        assert_true(text_starts_with(list.entries[i].source, "https://"));
        assert_true(
            list.entries[i].cached_input_usd_per_mtok <= list.entries[i].input_usd_per_mtok);
    }
    const struct price_entry *entry = price_list_find(&list, "openai", "gpt-4o-mini");
    assert_non_null(entry);
    assert_near(entry->input_usd_per_mtok, 0.15, 0.0);
    assert_near(entry->output_usd_per_mtok, 0.6, 0.0);
    assert_null(price_list_find(&list, "openai", "gpt-4o-2024-05-13")); /* it cost twice as much */
    assert_null(price_list_find(&list, "openai-compatible", "gpt-4o"));
    price_list_done(&list);
}

static void test_provider__only_public_endpoints_are_hosted(void **state)
{
    (void)state;

    static const struct {
        struct provider_query query;
        bool hosted;
        const char *name;
    } rows[] = {
        {{"openai", true, "api.openai.com"}, true, "openai"},
        {{"openai", true, "API.OpenAI.com"}, true, "openai"},
        {{"openai", true, "openrouter.ai"}, true, "openrouter"},
        {{"openai", false, "api.openai.com"}, false, "openai-compatible"},
        {{"openai", true, "api.openai.com.example.org"}, false, "openai-compatible"},
        {{"openai", true, "127.0.0.1"}, false, "openai-compatible"},
        {{"vllm", true, "api.openai.com"}, false, "vllm"},
        {{"vllm", false, "127.0.0.1"}, false, "vllm"},
        {{"sim", false, "127.0.0.1"}, false, "sim"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(provider_find(&rows[i].query) != NULL, rows[i].hosted);
        assert_string_equal(provider_name(&rows[i].query), rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_price_list_read__keeps_what_it_says),
        cmocka_unit_test(test_price_list_find__exact_names_before_patterns_in_order),
        cmocka_unit_test(test_price_list_missing__names_what_is_near),
        cmocka_unit_test(test_price_list_read__refuses_with_the_place),
        cmocka_unit_test(test_price_list_read__bounds_entries),
        cmocka_unit_test(test_price_list_load__names_files_that_cannot_be_read),
        cmocka_unit_test(test_price_list_embedded__is_of_known_providers),
        cmocka_unit_test(test_provider__only_public_endpoints_are_hosted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
