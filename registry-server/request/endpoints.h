/* SPDX-License-Identifier: MIT */
/*
 * endpoints.h -- where the network's services are: what the daemons of this
 * configuration said when they were ready (service.h, run/endpoints.d/).
 */
#ifndef REGISTRY_ENDPOINTS_H
#define REGISTRY_ENDPOINTS_H

#include "alamo/base/buf.h"
#include "alamo/net/conf.h"

#define ENDPOINTS_TEXT_MAX 16384 /* bytes of all lines */

struct endpoints {
	const struct al_conf *conf;
	struct al_buf text; /* "endpoint: NAME ADDRESS:PORT" lines of the last look */
	uint64_t read_ms;   /* when that was; 0: never */
};

void endpoints_init(struct endpoints *endpoints, const struct al_conf *conf);
void endpoints_release(struct endpoints *endpoints);
/* Appends the lines; the files are looked at again once a second at most. */
void endpoints_put(struct endpoints *endpoints, struct al_buf *out);

#endif
