/* SPDX-License-Identifier: MIT */
/*
 * delegation_ask.h -- the questions that show whether servers serve a zone, put to all of them at once, within one time.
 */
#ifndef CLI_DELEGATION_ASK_H
#define CLI_DELEGATION_ASK_H

#include <ldns/ldns.h>
#include <sys/socket.h>

#include "alamo/base/base.h"

#define DELEGATION_ADDRESSES_MAX 32

enum delegation_question {
	ASK_SOA,       /* over UDP with EDNS, 1232 bytes */
	ASK_SOA_PLAIN, /* over UDP without */
	ASK_SOA_TCP,
	ASK_NS,       /* over UDP */
	ASK_KEYS,     /* DNSKEY over UDP */
	ASK_KEYS_TCP, /* DNSKEY over TCP */
	ASK_COUNT
};

struct delegation_address {
	struct sockaddr_storage to;
	socklen_t to_len;
	ldns_pkt *answers[ASK_COUNT]; /* owned; NULL: none that answers the question came in time */
};

/* Asks `count` addresses, at most DELEGATION_ADDRESSES_MAX; a question over UDP goes out three times. AL_ENOMEM: nobody was asked. */
AL_MUST_USE enum al_err delegation_ask(const ldns_rdf *zone, struct delegation_address *addresses, size_t count,
				       int ms);
void delegation_address_release(struct delegation_address *address);

#endif
