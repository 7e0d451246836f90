/* A price is only taken where it is one of this very service: what somebody gave for this run, or the
 * list price of the provider whose public endpoint is driven.  Never another one's. */
#include "cli/run_cost.h"

#include "base/text.h"
#include "hardware/normal_text.h"
#include "stats/cost.h"

#include <math.h>

static bool has_hour(const struct run_plan *plan)
{
    return !isnan(plan->options->price_per_hour);
}

static bool has_file(const struct run_plan *plan)
{
    return plan->options->prices_file[0] != '\0';
}

int run_cost_open(struct run_plan *plan, struct error *err)
{
    struct run_price *price = &plan->price;
    const struct provider_query query = {
        .engine = plan->options->engine,
        .tls = plan->target.endpoint.tls,
        .host = plan->target.endpoint.host,
    };
    price->hosted = provider_find(&query);
    price->provider = provider_name(&query);
    price->facts = price_none();
    if (has_file(plan)) {
        return price_list_load(plan->options->prices_file, &price->list, err) < 0
                   ? error_prefix(err, "--prices-file: ")
                   : 0;
    }
    return has_hour(plan) || price->hosted == NULL ? 0 : price_list_embedded(&price->list, err);
}

static void use_entry(struct run_plan *plan, const struct price_entry *entry)
{
    struct run_price *price = &plan->price;
    price->entry = entry;
    price->facts.basis = PRICE_TOKENS;
    price->facts.input_usd_per_mtok = entry->input_usd_per_mtok;
    price->facts.cached_input_usd_per_mtok = entry->cached_input_usd_per_mtok;
    price->facts.output_usd_per_mtok = entry->output_usd_per_mtok;
    price->facts.source =
        has_file(plan)
            ? arena_format(&plan->arena, "prices-file:%s@%s", price->list.name, entry->date)
            : arena_format(&plan->arena, "embedded:%s", entry->date);
}

void run_cost_find(struct run_plan *plan)
{
    struct run_price *price = &plan->price;
    const char *model = plan->identity.model;
    if (has_hour(plan)) {
        price->facts.basis = PRICE_HOUR;
        price->facts.source = COST_SOURCE_HOUR;
        price->facts.usd_per_hour = plan->options->price_per_hour;
        return;
    }
    const struct price_entry *entry = price_list_find(&price->list, price->provider, model);
    if (entry != NULL) {
        use_entry(plan, entry);
    } else if (has_file(plan)) {
        run_plan_warn(
            plan, "--prices-file: %s has %s", price->list.name,
            price_list_missing(&price->list, price->provider, model, &plan->arena));
    }
}

/* What the engine does not tell is not the price's fault. */
static void warn_of_counts(struct run_plan *plan, const struct usage_totals *usage)
{
    if (usage->n_with_counts < usage->n_requests) {
        run_plan_warn(
            plan,
            "cost: %llu of %llu answers came without the engine's own token counts, so that no price "
            "can be put on them: cost is absent",
            (unsigned long long)(usage->n_requests - usage->n_with_counts),
            (unsigned long long)usage->n_requests);
    }
}

static void warn_of_costs(struct run_plan *plan, const struct usage_totals *usage)
{
    if (usage->n_costs_told > 0 && usage->n_costs_told < usage->n_requests) {
        run_plan_warn(
            plan,
            "cost: the provider told the cost of %llu of %llu answers only: its figures are not used",
            (unsigned long long)usage->n_costs_told, (unsigned long long)usage->n_requests);
    }
}

void run_cost_check(struct run_plan *plan, const struct summary *summary)
{
    const struct usage_totals *usage = &summary->measurement.usage;
    const struct run_price *price = &plan->price;
    warn_of_costs(plan, usage);
    if (usage_has_costs(usage)) {
        if (price->facts.basis == PRICE_HOUR) {
            run_plan_warn(
                plan,
                "cost: the provider told what each answer cost: --price-per-hour is not used");
        }
    } else if (price->facts.basis == PRICE_TOKENS) {
        warn_of_counts(plan, usage);
    } else if (price->facts.basis == PRICE_NONE && price->hosted != NULL && !has_file(plan)) {
        run_plan_warn(
            plan, "cost: the built-in list has %s; --prices-file gives one",
            price_list_missing(&price->list, price->provider, plan->identity.model, &plan->arena));
    }
}

static void add_text(struct arena *arena, struct json *out, const char *key, const char *text)
{
    json_add_text(arena, out, key, normal_text_copy(arena, text));
}

static void add_entry(struct arena *arena, const struct run_plan *plan, struct json *out)
{
    const struct price_list *list = &plan->price.list;
    const struct price_entry *entry = plan->price.entry;
    add_text(arena, out, "list", has_file(plan) ? list->name : "built in");
    add_text(arena, out, "list_sha256", list->sha256);
    add_text(arena, out, "provider", entry->provider);
    add_text(arena, out, "model", entry->model);
    json_add_f64(arena, out, "input_usd_per_mtok", entry->input_usd_per_mtok);
    json_add_f64(arena, out, "cached_input_usd_per_mtok", entry->cached_input_usd_per_mtok);
    json_add_f64(arena, out, "output_usd_per_mtok", entry->output_usd_per_mtok);
    add_text(arena, out, "date", entry->date);
    add_text(arena, out, "source", entry->source);
}

void run_cost_add(struct arena *arena, const struct run_plan *plan, struct json *driver_options)
{
    const struct price_facts *facts = &plan->price.facts;
    if (facts->basis == PRICE_NONE) {
        return;
    }
    struct json *out = json_add(arena, driver_options, "price", json_new(arena, JSON_OBJECT));
    add_text(arena, out, "basis", price_basis_name(facts->basis));
    if (facts->basis == PRICE_HOUR) {
        json_add_f64(arena, out, "usd_per_hour", facts->usd_per_hour);
    } else {
        add_entry(arena, plan, out);
    }
}

void run_cost_print(const struct run_plan *plan)
{
    const struct price_facts *facts = &plan->price.facts;
    FILE *out = plan->context->out;
    if (facts->basis == PRICE_HOUR) {
        (void)fprintf(out, "price     %.10g USD an hour\n", facts->usd_per_hour);
    } else if (facts->basis == PRICE_TOKENS) {
        (void)fprintf(
            out, "price     %.10g USD for a million input tokens", facts->input_usd_per_mtok);
        if (!isnan(facts->cached_input_usd_per_mtok)) {
            (void)fprintf(out, ", %.10g cached", facts->cached_input_usd_per_mtok);
        }
        (void)fprintf(out, ", %.10g output (%s)\n", facts->output_usd_per_mtok, facts->source);
    }
}

void run_cost_done(struct run_plan *plan)
{
    price_list_done(&plan->price.list);
}
