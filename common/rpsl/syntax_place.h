/* SPDX-License-Identifier: MIT */
/* syntax_place.h -- where a block is used, for the table in syntax.c; as in syntax_dns.h. */
#ifndef COMMON_SYNTAX_PLACE_H
#define COMMON_SYNTAX_PLACE_H

#include "alamo/base/slice.h"

struct al_buf;

/* "https://HOST[:PORT][/...]" in printable ASCII, scheme and host in lower case. */
enum al_err syntax_https(struct al_slice value, struct al_buf *out, const char **why);
/* "LATITUDE LONGITUDE": degrees as decimals, -90 to 90 and -180 to 180. */
enum al_err syntax_geoloc(struct al_slice value, struct al_buf *out, const char **why);

#endif
