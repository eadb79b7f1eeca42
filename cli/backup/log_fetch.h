/* SPDX-License-Identifier: MIT */
/*
 * log_fetch.h -- a published log (c2sp.org/tlog-tiles) from a web server, as a folder.
 */
#ifndef CLI_LOG_FETCH_H
#define CLI_LOG_FETCH_H

#include "alamo/tlog/note.h"

/*
 * Everything below `url` that is not in `folder` yet; what does not give the root of a checkpoint signed by `key` is
 * not published there. An exit code.
 */
int log_fetch(const char *url, const struct al_vkey *key, const char *folder);

#endif
