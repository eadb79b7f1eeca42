/* SPDX-License-Identifier: MIT */
/*
 * http_get.h -- one file, or one message, over HTTP, within bounds of size and time. Any thread.
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

/* May http_post() be asked for it? http:// or https://HOST[:PORT][/PATH][?QUERY], without a user in it. */
bool http_post_url_ok(const char *url);
/*
 * Sends `body` as `type`. *status is that of the answer, whose body nobody wants; no redirection is followed. https is
 * verified by the certificates that OpenSSL trusts. AL_EINVAL: no such URL. AL_ECLOSED: no answer in time, or a
 * certificate that does not verify. AL_ENOMEM.
 */
AL_MUST_USE enum al_err http_post(const char *url, const char *type, struct al_slice body, int *status);

#endif
