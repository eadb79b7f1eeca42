/* SPDX-License-Identifier: MIT */
/*
 * edns.h -- what our OPT record says: NSID (RFC 5001), cookies (RFC 7873 and
 * 9018), keepalive of TCP (RFC 7828), how
 * long a secondary may go on (RFC 7314), and why an answer is what it is (RFC 8914).
 */
#ifndef ROOTDNS_EDNS_H
#define ROOTDNS_EDNS_H

#include "client.h"
#include "query.h"

#define EDNS_MAX (11u + 4u + NSID_MAX + 28u + 6u + 8u + 6u)
#define COOKIE_CLIENT_LEN 8u
#define COOKIE_LEN 24u /* client's part and ours */

enum ede {
	EDE_NONE = 0,
	EDE_STALE = 3,
	EDE_NOT_READY = 14,
	EDE_PROHIBITED = 18,
	EDE_NOT_AUTHORITATIVE = 20,
};

/* The record; `rcode` with its high bits. Returns its length, 0 when the query had none. */
size_t edns_put(const struct query *query, const struct client *client, uint16_t rcode, enum ede ede,
		uint8_t out[static EDNS_MAX]);
/* Bytes that edns_put() gives for this query without a word of explanation. */
size_t edns_len(const struct query *query, const struct client *client);
/* Has the client a cookie of ours that is not too old? Then its address is its own. */
bool edns_cookie_good(const struct query *query, const struct client *client);

#endif
