/* SPDX-License-Identifier: MIT */
/* site.h -- what pages say of the network around them: its name, its log's key, where its registry takes requests. */
#ifndef WHOIS_SITE_H
#define WHOIS_SITE_H

#include "alamo/net/conf.h"
#include "alamo/tlog/note.h"

/* Borrowed, all of it. */
struct whois_site {
	const struct al_conf *conf;
	const struct al_vkey *key; /* of the log */
};

#define WHOIS_SITE_URL_MAX 300

/*
 * The registry's HTTP service without a last '/': [whois] registry-url, or by http at the host that the client asked
 * (`host`, of its Host field) with the port that the registry on this machine has. AL_ENOTFOUND: it cannot be told.
 */
AL_MUST_USE enum al_err whois_site_registry(const struct whois_site *site, struct al_slice host,
					    char out[static WHOIS_SITE_URL_MAX]);

#endif
