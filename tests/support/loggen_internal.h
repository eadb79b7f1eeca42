/* SPDX-License-Identifier: MIT */
/*
 * loggen_internal.h -- the generator's own picture of the members, and the
 * request in the making. loggen.c signs and applies, loggen_make.c invents,
 * out of the parts of loggen_parts.c.
 */
#ifndef SUPPORT_LOGGEN_INTERNAL_H
#define SUPPORT_LOGGEN_INTERNAL_H

#include "book.h"
#include "loggen.h"

#define LOGGEN_SIGNERS_MAX 3
#define LOGGEN_HOSTMASTER SIZE_MAX /* as a signer */
#define LOGGEN_OBJECTS_MAX 16
#define LOGGEN_KEY_MAX 100

/* Something a member has, or had. */
struct thing {
	enum al_class cls;
	bool dead;  /* deleted: a name may come back to its last holder */
	bool fixed; /* came with joining, or is needed by others: never deleted */
	char *key;  /* owned */
};

struct member {
	unsigned rotation; /* of its key */
	unsigned made;     /* counts names */
	unsigned subnets;
	char asn[AL_ASN_STRLEN];
	struct al_prefix net;
	struct thing *things;
	size_t count, cap;
};

struct making {
	struct al_buf objects;
	struct al_buf prevs;
	struct al_buf beside; /* contact blocks: sent, but not part of the entry */
	char letters[LOGGEN_OBJECTS_MAX + 1];
	size_t count;
	size_t signers[LOGGEN_SIGNERS_MAX];
	size_t signer_count;
	struct member *rotates; /* its next key is in the request */
	bool joins;
};

struct loggen {
	struct loggen_opts opts;
	uint64_t random;
	uint64_t time;
	uint64_t number; /* of requests */
	struct book *book;
	struct member *members;
	size_t count, cap;
	unsigned v4_nets;
	unsigned vouched_nets;
	struct making making;
	struct al_buf request, entry;
	char reason[400];
};

/* 0 .. below-1. */
size_t loggen_random(struct loggen *gen, size_t below);
/* Seed of a member's key, or of the hostmaster's. */
void loggen_seed(const struct loggen *gen, size_t member, unsigned rotation, uint8_t out[static 32]);
/* "ssh-ed25519 AAAA...", appended. */
void loggen_auth(const struct loggen *gen, size_t member, unsigned rotation, struct al_buf *out);

/* Fill gen->making with the next request: the founding one, then anything. */
void loggen_found(struct loggen *gen);
void loggen_make(struct loggen *gen);

#endif
