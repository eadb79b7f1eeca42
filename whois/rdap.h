/* SPDX-License-Identifier: MIT */
/*
 * rdap.h -- the Registration Data Access Protocol (RFC 7480, 9082, 9083) on
 * the daemon's HTTP service: /ip/, /autnum/, /domain/, /entity/, /nameserver/,
 * /help, the searches, and beside them bootstrap files (RFC 9224) and the
 * delegated statistics.
 *
 * Answers are of one log size, which is their ETag: the newest, or that of ?at=SIZE|DATE, which their links carry on.
 */
#ifndef WHOIS_RDAP_H
#define WHOIS_RDAP_H

#include "alamo/net/http.h"
#include "lookup.h"

struct whois_rdap;

/* `view` and `url` are borrowed. `url`: where clients find the service, ending in '/'; empty: as their Host field says. */
AL_MUST_USE enum al_err whois_rdap_new(const struct whois_view *view, const char *url, struct whois_rdap **out);
void whois_rdap_url(struct whois_rdap *rdap, const char *url); /* another one, likewise borrowed */
/* Registers its paths; the service goes first. */
AL_MUST_USE enum al_err whois_rdap_serve(struct whois_rdap *rdap, struct al_http *http);
/* One question without a service: `path` decoded, without its first '/'; `query` raw. */
void whois_rdap_answer(struct whois_rdap *rdap, struct al_slice path, struct al_slice query,
		       struct al_http_answer *answer);
void whois_rdap_free(struct whois_rdap *rdap); /* NULL is allowed */

#endif
