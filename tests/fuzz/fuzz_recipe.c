/* Any text as a recipe: it is refused in one line, or a file of the hub that it names is safe as part of a path and a
 * URL, and is written as a recipe that names the same. */
#include "base/mem.h"
#include "base/text.h"
#include "require.h"
#include "suite/recipe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hub(const struct hub_name *name)
{
    require(name->owner[0] != '\0' && strchr(name->owner, '/') == NULL);
    require(name->dataset[0] != '\0' && strchr(name->dataset, '/') == NULL);
    require(strcmp(name->owner, "..") != 0 && strcmp(name->dataset, "..") != 0);
    require(name->file[0] != '\0' && name->file[0] != '/' && !text_starts_with(name->file, "../"));
    require(strstr(name->file, "/../") == NULL && !text_ends_with(name->file, "/.."));
    require(strpbrk(name->file, "\r\n") == NULL && strpbrk(name->revision, "\r\n ") == NULL);
    char text[HUB_TEXT_SIZE];
    struct hub_name again;
    struct error err = {0};
    hub_name_write(name, name->revision, text);
    require(hub_name_parse(text, strlen(text), &again, &err) == 0);
    require(strcmp(again.owner, name->owner) == 0 && strcmp(again.dataset, name->dataset) == 0);
    require(strcmp(again.file, name->file) == 0 && strcmp(again.revision, name->revision) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_copy_bytes(data, size);
    struct recipe recipe;
    struct error err = {0};
    const int rc = recipe_parse(text, &recipe, &err);
    if (rc != 0) {
        require(rc == -ERROR_USAGE && err.text[0] != '\0');
    } else if (recipe.kind == RECIPE_HUB) {
        require(recipe.format == RECIPE_JSONL || recipe.format == RECIPE_SHAREGPT);
        check_hub(&recipe.hub);
    } else if (recipe_has_file(&recipe)) {
        require(recipe.path[0] != '\0');
    }
    free(text);
    return 0;
}
