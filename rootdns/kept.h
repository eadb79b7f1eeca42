/*
 * kept.h -- small files that must be whole or not there: keys, serials,
 * anchors. Failures are logged with the file's name.
 */
#ifndef ROOTDNS_KEPT_H
#define ROOTDNS_KEPT_H

#include <sys/stat.h>

#include "alamo/base/buf.h"

/* The folder and those above it, 0700. */
AL_MUST_USE enum al_err kept_dir(const char *dir);
/* Atomic: the name shows the old file or the whole new one, which is on the disk. */
AL_MUST_USE enum al_err kept_put(const char *dir, const char *name, mode_t mode, const void *bytes, size_t len);
/* The file's bytes (`name` NULL: of the file `dir`), appended to `out`. AL_ENOTFOUND, AL_ELIMIT over out->max, AL_ESYS. */
AL_MUST_USE enum al_err kept_get(const char *dir, const char *name, struct al_buf *out);
/* AL_ESYS, with errno in the log. */
enum al_err kept_failed(const char *call, const char *path);

#endif
