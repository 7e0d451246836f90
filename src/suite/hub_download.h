/* hub_download.h - the bytes of one file of a commit, into a partial file that a later try goes on with. */
#pragma once

#include "suite/hub_client.h"

struct hub_download {
    const struct hub_settings *settings;
    const struct hub_name *name;
    const char *commit;
    const struct hub_facts *facts;
    const char *path;      /* of the partial file; its folder exists */
    const char *etag_path; /* of the note that says which version the partial file is of */
};

/* Goes on where the partial file ends; on success it is whole and on disk.  A connection that is cut is
 * taken up again while bytes come.  Held by the caller: the file's lock.
 * Errors: ERROR_UNAVAILABLE, ERROR_LIMIT, ERROR_IO (no space, too), ERROR_INTERRUPTED; what has come is kept, but
 * where it cannot be right. */
MUST_CHECK int hub_download_run(const struct hub_download *self, struct error *err);
