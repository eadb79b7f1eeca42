/* SPDX-License-Identifier: MIT */
/*
 * key_roll.h -- from one key to the next without a moment in which a validator
 * fails (RFC 6781, RFC 7583): a state machine over times, without files or clock.
 *
 *   ZSK        pre-publication: the new key is in the DNSKEY set before it signs,
 *              the old one stays there until what it signed has left all caches
 *   KSK        double DS: the parent has both DS before the keys change places, and so have the anchor files, for 32 days:
 *              who validates below another root has to be told
 *   root KSK   RFC 5011: 32 days in the set before it signs, the old one revoked for 30 more
 *
 *   PUBLISHED -> ACTIVE -> RETIRED -> GONE
 */
#ifndef ROOTDNS_KEY_ROLL_H
#define ROOTDNS_KEY_ROLL_H

#include "alamo/base/base.h"

enum key_kind { KIND_ZSK, KIND_KSK, KIND_ROOT_KSK, KIND_COUNT };
enum key_state { STATE_PUBLISHED, STATE_ACTIVE, STATE_RETIRED, STATE_GONE, STATE_COUNT };

struct key_time {
	enum key_kind kind;
	enum key_state state;
	uint64_t since; /* Unix seconds */
};

/* What a key does in a state. */
struct key_rule {
	bool in_set;     /* stands in the DNSKEY set */
	bool signs_set;  /* signs that */
	bool signs_zone; /* signs everything else */
	bool in_parent;  /* the parent has its DS, or its anchor is published */
	bool revoked;    /* RFC 5011 section 2.1 */
	uint32_t wait_s; /* least time in the state before the next one */
};

const struct key_rule *key_rule(const struct key_time *key);
const char *key_state_name(enum key_state state);

/*
 * Moves the keys of one zone on, as far as time allows; true: something changed. A kind without an active key gets
 * one at once. One roll of a kind at a time.
 */
bool key_roll(struct key_time *const *keys, size_t count, uint64_t now);

struct key_step {
	enum key_state state; /* STATE_COUNT: it stays as it is until another key is added */
	uint64_t at;          /* Unix seconds */
};
/* The next step of each key, if none is added: `keys` are played on with, and spent. */
void key_ahead(struct key_time *const *keys, size_t count, struct key_step *out);

#endif
