/* SPDX-License-Identifier: MIT */
/*
 * reply.h -- a response under construction: sections in order, a bound, the
 * header last. Once something that must be there does not fit, the reply is
 * truncated: question only, TC set.
 */
#ifndef ROOTDNS_REPLY_H
#define ROOTDNS_REPLY_H

#include "client.h"
#include "edns.h"
#include "node.h"
#include "query.h"
#include "tsig.h"

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTION_COUNT };

struct reply {
	const struct query *query;
	const struct client *client;
	uint8_t *out;
	size_t len;
	size_t limit; /* without OPT and TSIG records */
	enum ede ede;
	struct tsig *tsig; /* borrowed; NULL: not signed */
	uint16_t count[SECTION_COUNT];
	uint8_t rcode;
	bool authoritative;
	bool truncated;
};

/* How a record's owner is written: by pointer, or by name with its suffix of `apex_labels` labels in the question. */
struct owner {
	uint16_t pointer; /* 0: by name */
	uint8_t name_len;
	const uint8_t *name;
};

/* `limit` bytes in all. The question is copied: its spelling is the client's (0x20). */
void reply_begin(struct reply *reply, const struct query *query, const struct client *client, uint8_t *out,
		 size_t limit);
/* Signs the reply at its end; keeps room for that. */
void reply_sign(struct reply *reply, struct tsig *tsig);
/* Says why, where the client knows EDNS. */
void reply_explain(struct reply *reply, enum ede ede);
/* Room for `len` more; if not, the reply is truncated. */
bool reply_room(struct reply *reply, size_t len);
/* A run of `count` records; `apex_labels`: of the zone, which holds the question's name too. */
void reply_run(struct reply *reply, enum section section, const struct owner *owner, unsigned apex_labels,
	       const uint8_t *run, size_t len, unsigned count);
/* A referral's part, moved by `delta` bytes. */
void reply_part(struct reply *reply, enum section section, const struct node *node, size_t part, size_t delta);
/* Records with full owner, copied as they are. */
void reply_copy(struct reply *reply, enum section section, const uint8_t *bytes, size_t len, unsigned count);
/* Header, OPT and TSIG; returns the length. */
size_t reply_end(struct reply *reply);

#endif
