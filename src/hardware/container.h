/* container.h - the container that a process runs in, and its image, where the container runtime shows it.
 *
 * The id stands in the process's control group; what image it was made from, in the runtime's own files,
 * which are for root to read in most cases.  Nothing is asked of a daemon.
 * Source: the files of Docker, Podman (containers/storage), containerd's CRI plugin and CRI-O. */
#pragma once

#include "hardware/process.h"

enum {
    CONTAINER_ID_LENGTH = 64
};

enum container_found {
    CONTAINER_NONE,    /* the process runs in no container, as far as can be seen */
    CONTAINER_UNKNOWN, /* it does, and its image is not shown */
    CONTAINER_READ,    /* image_digest holds its image's */
};

struct container {
    enum container_found found;
    char why[160]; /* CONTAINER_UNKNOWN */
    /* "sha256:..." of the image's manifest, as a registry names it; of an image that no registry knows, its
     * id: the digest of its configuration.  In the arena. */
    const char *image_digest;
    struct json *facts; /* runtime, id, image, image_id, image_digest; NULL for CONTAINER_NONE */
};

void container_read(const struct reader *reader, int32_t pid, struct container *out);
