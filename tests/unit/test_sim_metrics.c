/* The counters of /metrics after requests whose numbers are known. */
#include "test_sim_drive.h"

#define MS NS_PER_MS

#define SHORT  "{\"prompt\":\"a\",\"max_tokens\":1}"
#define STREAM "{\"prompt\":\"a\",\"max_tokens\":1,\"stream\":true}"

static struct sim_options options_of(enum sim_style style)
{
    return (struct sim_options){
        .style = style, .ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 4, .model = "m"};
}

/* The value of a metric without labels in a text of metrics. */
static double metric_of(const char *text, const char *name)
{
    char line[96];
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(text, line);
    assert_non_null(at);
    return strtod(at + strlen(line), NULL);
}

static void test_metrics__count_what_happened(void **state)
{
    (void)state;
    const struct sim_options options = options_of(SIM_STYLE_LLAMACPP);
    struct drive drive;
    static struct client clients[4];
    drive_open(&drive, &options, NULL);
    for (size_t i = 0; i < 2; i++) {
        drive_connect(&drive, &clients[i]);
        drive_ask(&drive, &clients[i], "/v1/completions", "{\"prompt\":\"a b c d\"}");
        drive_until(&drive, (int64_t)(i + 1) * NS_PER_S);
    }
    drive_connect(&drive, &clients[2]);
    drive_ask(&drive, &clients[2], "/v1/completions", STREAM);
    drive_connect(&drive, &clients[3]);
    drive_ask(&drive, &clients[3], "/metrics", NULL);
    drive_until(&drive, 2 * NS_PER_S + 1 * MS);
    const char *text = client_text(&clients[3]);
    assert_near(metric_of(text, "llamacpp:prompt_tokens_total"), 4 + 1 + 1, 0.0);
    assert_near(metric_of(text, "llamacpp:prompt_tokens_cached_total"), 3, 0.0);
    assert_near(metric_of(text, "llamacpp:tokens_predicted_total"), 8, 0.0);
    assert_near(metric_of(text, "llamacpp:requests_processing"), 1, 0.0);
    assert_near(metric_of(text, "llamacpp:requests_deferred"), 0, 0.0);
    for (size_t i = 0; i < 4; i++) {
        client_done(&clients[i]);
    }
    drive_done(&drive);
}

static void test_metrics__tell_how_requests_ended(void **state)
{
    (void)state;
    const struct sim_options options = options_of(SIM_STYLE_VLLM);
    struct drive drive;
    static struct client client;
    drive_open(
        &drive, &options,
        "{\"rules\":[{\"request\":2,\"fault\":\"status\"},{\"request\":3,\"fault\":\"truncate\"}]}");
    static const char *const bodies[] = {
        "{\"prompt\":\"a\"}", SHORT, SHORT, "{\"prompt\":\"a\",\"stream\":true}"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        drive_connect(&drive, &client);
        drive_ask(&drive, &client, "/v1/completions", bodies[i]);
        drive_until(&drive, (int64_t)(i + 1) * NS_PER_S);
        client_done(&client);
    }
    drive_connect(&drive, &client);
    drive_ask(&drive, &client, "/metrics", NULL);
    drive_until(&drive, 9 * NS_PER_S);
    assert_true(client_has(&client, "finished_reason=\"stop\",model_name=\"m\"} 1\n"));
    assert_true(client_has(&client, "finished_reason=\"length\",model_name=\"m\"} 1\n"));
    assert_true(client_has(&client, "finished_reason=\"abort\",model_name=\"m\"} 2\n"));
    assert_true(client_has(&client, "vllm:time_to_first_token_seconds_count{engine=\"0\""));
    client_done(&client);
    drive_done(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics__count_what_happened),
        cmocka_unit_test(test_metrics__tell_how_requests_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
