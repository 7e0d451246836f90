/* python_packages.h - the packages that are installed in folders of a Python interpreter, as `pip freeze`
 * lists them.
 *
 * Read from the metadata beside the packages; nothing is run.  Lines and order are those of pip: name and
 * version, or the place that a package was installed from; pip itself is left out, and before Python 3.12
 * so are setuptools, distribute and wheel.  Two things differ: versions stand as their packages write
 * them, and an editable install under version control stands with its folder.
 * Source: packaging.python.org, "Recording installed projects" and "Direct URL"; pip 23 to 25. */
#pragma once

#include "hardware/reader.h"

enum {
    PYTHON_PACKAGES_MAX = 8192, /* of one interpreter; more are not read, and a warning says so */
    PYTHON_FOLDERS_MAX = 64
};

/* Folders that are searched for packages, first to last; the first package of a name is the one that is
 * imported.  Paths are as the process sees them, below reader->root. */
struct python_folders {
    size_t n;
    const char *paths[PYTHON_FOLDERS_MAX];
};

/* The lines of the list, as an array of strings.  `minor` is that of Python 3. */
struct json *python_packages_read(
    const struct reader *reader, const struct python_folders *folders, unsigned minor);
