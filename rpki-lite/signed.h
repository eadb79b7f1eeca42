/* SPDX-License-Identifier: MIT */
/*
 * signed.h -- the set as signed text over HTTP, for those who verify (docs/formats.md, "Signed route origins").
 *
 *   /roa/head          the head: a signed note, a kilobyte; made anew when it is older than SIGNED_FRESH_S
 *   /roa/set           the set's text that the head names
 *   /roa/delta/SERIAL  from that serial to it; 404: not kept
 *   /roa/key           who may sign heads, said by the log's key
 *
 * With the key that `alamo init` or `alamo roa key` makes; without one all of it is 404.
 */
#ifndef RPKI_LITE_SIGNED_H
#define RPKI_LITE_SIGNED_H

#include "alamo/net/http.h"

#include "moment.h"

#define SIGNED_FRESH_S 60

struct signed_conf {
	const char *key;  /* file of the secret key */
	const char *note; /* file of the statement about it */
	const struct al_vkey *log;
	uint64_t valid_s; /* how long a head may be used */
};

struct signed_set;

/* AL_OK with *out NULL: there is no key. AL_EVERIFY, AL_EINVAL: there is one, and it is of no use (logged). */
AL_MUST_USE enum al_err signed_new(const struct signed_conf *conf, struct moment *moment, struct signed_set **out);
void signed_valid(struct signed_set *self, uint64_t valid_s); /* another time, from the next head on */
void signed_free(struct signed_set *self);                    /* NULL is allowed */
AL_MUST_USE enum al_err signed_routes(struct signed_set *self, struct al_http *http);

#endif
