/* SPDX-License-Identifier: MIT */
/*
 * workers.h -- the whois port on several threads: each has a loop, a socket at every address (SO_REUSEPORT), and the
 * connections that the kernel gives it. The first is the service's own loop, which also follows the log.
 *
 * Limits on connections, unsent bytes and expansions are of all threads together. All calls on the service's thread.
 */
#ifndef WHOIS_WORKERS_H
#define WHOIS_WORKERS_H

#include "alamo/net/service.h"
#include "session.h"

struct whois_workers;

/* As many as [whois] workers says; listens. `view` is changed only between whois_share_begin() and end of `share`. */
AL_MUST_USE enum al_err whois_workers_new(struct al_service *service, const struct whois_sessions_conf *limits,
					  const struct whois_view *view, struct whois_share *share,
					  struct whois_workers **out);
void whois_workers_free(struct whois_workers *workers); /* ends the threads; NULL is allowed */
/* Other limits, on all threads. AL_ENOMEM: not on all of them. */
AL_MUST_USE enum al_err whois_workers_limit(struct whois_workers *workers, const struct whois_sessions_conf *limits);
/* The log has grown: who mirrors live gets the news. */
void whois_workers_grown(struct whois_workers *workers);

#endif
