/* SPDX-License-Identifier: MIT */
/*
 * tile_http.h -- the published log over HTTP (c2sp.org/tlog-tiles), out of a directory as tile_dir.h has it.
 */
#ifndef ALAMO_TILE_HTTP_H
#define ALAMO_TILE_HTTP_H

#include "alamo/net/http.h"

/*
 * Answers what a route "/tile/" was asked for: `rest` is the path behind it. `size` is that of the published
 * checkpoint, out of whose partial tile a narrower one is cut. 404 for what is no tile of the log, 500 when the disk fails.
 */
void al_tile_http(const char *dir, struct al_slice rest, uint64_t size, struct al_http_answer *answer);

#endif
