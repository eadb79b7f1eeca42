/* SPDX-License-Identifier: MIT */
/*
 * served.h -- what routers and files are given: the newest set when the gate lets it out, the last good one otherwise,
 * the one from the disk at a start, and nothing once that has grown too old.
 */
#ifndef RPKI_LITE_SERVED_H
#define RPKI_LITE_SERVED_H

#include "alamo/follow/follow.h"
#include "alamo/net/conf.h"
#include "alamo/net/loop.h"

#include "export.h"
#include "moment.h"
#include "rtr_server.h"

struct served;

struct served_ops {
	void (*first)(void *arg); /* there is something to serve, for the first time */
	void *arg;
};

/* [rpki] brake-percent, brake-seconds, stale-seconds and history of `conf`; `log` is copied. */
AL_MUST_USE enum al_err served_new(struct al_loop *loop, const struct al_conf *conf, const struct al_vkey *log,
				   const struct served_ops *ops, struct served **out);
/* [rpki] brake-percent, brake-seconds and stale-seconds of another configuration, from now on. */
void served_limit(struct served *served, const struct al_conf *conf);
void served_free(struct served *served); /* NULL is allowed */
struct moment *served_moment(struct served *served);
/* Who is told of every set from now on; both borrowed until served_free(). */
void served_attach(struct served *served, struct rtr_server *rtr, struct export *export);
/* The last good set of the disk, if there is one that may be served. */
void served_restore(struct served *served);
/*
 * `newest` is what log size cp->size says; `coming` has the differences that lead to it from the one offered before,
 * and is emptied. It was the newest at `fresh_s` (Unix seconds).
 */
void served_offer(struct served *served, const struct vrp_set *newest, struct vrp_history *coming,
		  const struct al_checkpoint *cp, struct al_slice note, uint64_t fresh_s);
void served_link(struct served *served, bool up);
/* How long the log has given no sign of life. */
void served_age(struct served *served, const struct al_freshness *freshness);
/* The same, for those who know the time at which it was heard of last. */
void served_heard(struct served *served, uint64_t at_s);

#endif
