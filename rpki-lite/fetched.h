/* SPDX-License-Identifier: MIT */
/*
 * fetched.h -- sets out of the folder of `alamo roa fetch` instead of the log: a cache beside a router, with the same
 * (session, serial) as everybody's, and nothing in it but what the log's key vouches for.
 */
#ifndef RPKI_LITE_FETCHED_H
#define RPKI_LITE_FETCHED_H

#include "alamo/net/conf.h"
#include "alamo/net/loop.h"

#include "served.h"

struct fetched;

/* The pinned key, [log] key. */
AL_MUST_USE enum al_err fetched_key(const struct al_conf *conf, struct al_vkey *out);
/* [rpki] source of `conf`. `log` and `served` are borrowed. */
AL_MUST_USE enum al_err fetched_new(struct al_loop *loop, const struct al_conf *conf, const struct al_vkey *log,
				    struct served *served, struct fetched **out);
void fetched_free(struct fetched *fetched); /* NULL is allowed */
/* Looks now, and then once a second. */
void fetched_start(struct fetched *fetched);

#endif
