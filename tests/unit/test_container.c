/* Containers and their images, from the recorded files of each runtime (tests/oracle/process_trees.py). */
#include "hardware/container.h"
#include "support/test.h"

#include <string.h>

#define CONTAINERS "tests/data/processes/containers"
#define MANIFEST   "sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
#define BUILT      "sha256:1212121212121212121212121212121212121212121212121212121212121212"

static void test_read__each_runtime(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        int32_t pid;
        enum container_found found;
        const char *runtime;
        const char *image;
        const char *digest;
        const char *why;
    } rows[] = {
        {"none; an overlay elsewhere is no sign", 10, CONTAINER_NONE, "", "", NULL, ""},
        {"an overlay for its root", 11, CONTAINER_UNKNOWN, "unknown", "unknown", "",
         "does not show the image inside the container"},
        {"inside Docker", 12, CONTAINER_UNKNOWN, "docker", "unknown", "",
         "(docker) does not show the image inside"},
        {"inside Podman, which tells", 13, CONTAINER_READ, "podman", "quay.io/x:1",
         "sha256:efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef", ""},
        {"inside Podman, which does not", 14, CONTAINER_UNKNOWN, "podman", "unknown", "",
         "(podman) does not show the image inside"},
        {"Docker, pulled", 20, CONTAINER_READ, "docker", "vllm/vllm-openai:v0.9", MANIFEST, ""},
        {"Docker, built here: its id", 21, CONTAINER_READ, "docker", "mine", BUILT, ""},
        {"Docker over containerd", 22, CONTAINER_READ, "docker", "vllm/vllm-openai:v0.9",
         "sha256:3434343434343434343434343434343434343434343434343434343434343434", ""},
        {"Docker, not for this user", 23, CONTAINER_UNKNOWN, "docker", "unknown", "",
         "(docker) does not show the image; its files are for root to read"},
        {"Docker, a file that is cut", 24, CONTAINER_UNKNOWN, "docker", "unknown", "",
         "(docker) does not show the image"},
        {"Docker, by digest", 25, CONTAINER_READ, "docker", "r/x@" MANIFEST, MANIFEST, ""},
        {"Podman of root", 30, CONTAINER_READ, "podman", "quay.io/e:1", MANIFEST, ""},
        {"Podman of a user", 31, CONTAINER_READ, "podman", "quay.io/e:1", MANIFEST, ""},
        {"containerd in Kubernetes", 40, CONTAINER_READ, "containerd", "docker.io/v@" MANIFEST,
         MANIFEST, ""},
        {"a tag names no content", 41, CONTAINER_UNKNOWN, "containerd", "docker.io/v:1", "",
         "(containerd) does not show the image"},
        {"Kubernetes, of what runtime is not told", 43, CONTAINER_UNKNOWN, "unknown", "unknown", "",
         "(unknown) does not show the image; its files are for root to read"},
        {"the runtime whose files tell", 44, CONTAINER_READ, "cri-o", "quay.io/v:1", MANIFEST, ""},
        {"CRI-O", 42, CONTAINER_READ, "cri-o", "quay.io/v:1", MANIFEST, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        const struct reader reader = {
            .arena = &arena, .root = CONTAINERS, .warnings = json_new(&arena, JSON_ARRAY)};
        struct container found;
        container_read(&reader, rows[i].pid, &found);
        const char *runtime = json_text(json_find(found.facts, "runtime"), "");
        const char *image = json_text(json_find(found.facts, "image"), "");
        const char *digest = found.image_digest;
        const bool same_digest = rows[i].digest == NULL
                                     ? digest == NULL
                                     : digest != NULL && strcmp(digest, rows[i].digest) == 0;
        const bool good = found.found == rows[i].found && strcmp(runtime, rows[i].runtime) == 0 &&
                          strcmp(image, rows[i].image) == 0 && same_digest &&
                          strstr(found.why, rows[i].why) != NULL &&
                          (found.found == CONTAINER_UNKNOWN) == (found.why[0] != '\0');
        if (!good) {
            fail_msg(
                "%s: %d '%s' '%s' '%s' '%s'", rows[i].what, found.found, runtime, image,
                digest == NULL ? "none" : digest, found.why);
        }
        arena_done(&arena);
    }
}

static void test_read__the_ids_are_told(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct reader reader = {
        .arena = &arena, .root = CONTAINERS, .warnings = json_new(&arena, JSON_ARRAY)};
    struct container found;
    container_read(&reader, 21, &found);
    assert_string_equal(
        json_text(json_find(found.facts, "id"), ""),
        "0000000000000000000000000000000000000000000000000000000000000002");
    assert_string_equal(json_text(json_find(found.facts, "image_id"), ""), BUILT);
    assert_string_equal(json_text(json_find(found.facts, "image_digest"), ""), "unknown");
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__each_runtime),
        cmocka_unit_test(test_read__the_ids_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
