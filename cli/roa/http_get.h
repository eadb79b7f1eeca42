/* SPDX-License-Identifier: MIT */
/*
 * http_get.h -- one file over HTTP, within bounds of size and time.
 */
#ifndef CLI_HTTP_GET_H
#define CLI_HTTP_GET_H

#include "alamo/base/buf.h"

#define HTTP_GET_SECONDS 60 /* for all of it, however slowly it drips */

/*
 * Appends the body of a 200 to `out`, at most out->max bytes. `url` is http://HOST[:PORT][/PATH], to which `path` is
 * appended. AL_EINVAL: no such URL. AL_ECLOSED: no answer in time, or too large a one. AL_ENOTFOUND: another status.
 */
AL_MUST_USE enum al_err http_get(const char *url, const char *path, struct al_buf *out);

#endif
