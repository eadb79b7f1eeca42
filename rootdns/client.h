/* SPDX-License-Identifier: MIT */
/*
 * client.h -- who asks, and what the server has beside its zones. Answers
 * depend on a question, a set of zones and this.
 */
#ifndef ROOTDNS_CLIENT_H
#define ROOTDNS_CLIENT_H

#include "alamo/base/base.h"

#define NSID_MAX 64
#define COOKIE_KEY_LEN 16

struct access;
struct tsig_keys;

/* Immutable while the server runs; shared by its threads. */
struct dns_self {
	const struct tsig_keys *keys;  /* borrowed; NULL: none */
	const struct access *transfer; /* borrowed; NULL: anybody */
	bool cookies;
	uint8_t cookie_key[COOKIE_KEY_LEN]; /* of all servers of one address (RFC 9018) */
	uint8_t nsid_len;                   /* RFC 5001; 0: none */
	uint8_t nsid[NSID_MAX];
	uint16_t keepalive; /* TCP: how long a connection may be idle, in 100 ms (RFC 7828) */
};

struct client {
	const struct dns_self *self; /* NULL: a server without any of it */
	uint64_t now;                /* Unix seconds; of interest for cookies and signatures only */
	bool tcp;
	uint8_t addr_len; /* 4 or 16; 0: unknown */
	uint8_t addr[16];
};

#endif
