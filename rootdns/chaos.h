/* SPDX-License-Identifier: MIT */
/*
 * chaos.h -- questions about the server itself (RFC 4892): class CHAOS, TXT,
 * version.bind, version.server, id.server and hostname.bind.
 */
#ifndef ROOTDNS_CHAOS_H
#define ROOTDNS_CHAOS_H

#include "client.h"
#include "query.h"
#include "tsig.h"

#define CLASS_CHAOS 3

/* Always a reply; REFUSED for other names. `out` has room for UDP_SIZE_MIN. */
size_t chaos_answer(const struct query *query, const struct client *client, struct tsig *tsig, uint8_t *out);

#endif
