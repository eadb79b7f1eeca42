/* SPDX-License-Identifier: MIT */
/*
 * whois_client.h -- one query to a WHOIS server.
 */
#ifndef CLI_WHOIS_CLIENT_H
#define CLI_WHOIS_CLIENT_H

#include "alamo/base/buf.h"

#define WHOIS_MAX (64u << 20) /* bytes of an answer: a route list of a whole registry fits */

/*
 * Sends "QUERY CR LF" to HOST:PORT and appends all of the answer. AL_EINVAL: the address, said. AL_ECLOSED: no answer,
 * with *why.
 */
AL_MUST_USE enum al_err whois_query(const char *server, const char *query, struct al_buf *answer, const char **why);

#endif
