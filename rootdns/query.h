/* SPDX-License-Identifier: MIT */
/*
 * query.h -- a message from the network, taken apart within its bounds
 * (RFC 1035 section 4.1, RFC 6891). Pure.
 */
#ifndef ROOTDNS_QUERY_H
#define ROOTDNS_QUERY_H

#include "dname.h"

#define DNS_HEADER 12u
#define UDP_SIZE_MIN 512u  /* without EDNS, and the least with it */
#define UDP_SIZE_MAX 1232u /* we never send more over UDP */

enum rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_YXDOMAIN = 6,
	RCODE_NOTAUTH = 9,
	RCODE_BADVERS = 16,
};

struct zone;

struct query {
	const uint8_t *msg; /* borrowed */
	size_t len;
	size_t end; /* of the question; DNS_HEADER when there is none to repeat */
	uint16_t type;
	uint16_t class;
	uint16_t udp_size; /* what the other side takes over UDP */
	uint8_t rcode;     /* RCODE_NOERROR: answer it; else: say this */
	bool edns;
	bool dnssec_ok;
	bool nsid;               /* RFC 5001: asked for */
	bool keepalive;          /* RFC 7828: asked for */
	bool expire;             /* RFC 7314: asked for */
	uint8_t cookie_len;      /* RFC 7873; 0: none */
	uint16_t tsig_at;        /* offset of a TSIG record, the last of the message; 0: none */
	const uint8_t *cookie;   /* borrowed */
	bool bare;               /* no question: only a cookie is wanted */
	bool cut;                /* the caller's: there was more of it than fits its buffer */
	uint32_t serial;         /* IXFR: the serial that the other side has */
	const struct zone *zone; /* answer_prepare()'s */
	struct dname_index name;
};

/* False: not worth a reply (too short, or a reply itself). `seed`: of the set that will be asked. */
bool query_parse(uint64_t seed, const uint8_t *msg, size_t len, struct query *out);

#endif
