/* SPDX-License-Identifier: MIT */
/*
 * budget.h -- how much one may ask for: a token bucket for each source
 * address, network, signing key, or maintainer.
 *
 * A bucket holds one minute's worth and fills evenly. What is found out
 * afterwards is owed: the bucket may be below empty, by ten minutes' worth at most. At most `slots` buckets
 * are kept; the least recently used goes first, and is full when it returns.
 * One thread.
 */
#ifndef REGISTRY_BUDGET_H
#define REGISTRY_BUDGET_H

#include "alamo/rpsl/sshsig.h"

#define BUDGET_SLOTS 65536
#define BUDGET_REQUEST 100u /* cost, in hundredths of a request */
#define BUDGET_QUESTION 1u
#define BUDGET_COST_MAX 1000000u /* of one call */
#define BUDGET_KEY_LEN 33

/* Who pays. */
struct budget_key {
	uint8_t bytes[BUDGET_KEY_LEN];
};
struct budget_key budget_of_sshkey(const struct al_sshkey *key);
/* IPv4 address or IPv6 /64 of "192.0.2.1:4711", "[2001:db8::1]:4711"; anything else ("unix") is one source. */
struct budget_key budget_of_peer(const char *peer);

/* Likewise the IPv4 /24 or IPv6 /48: what one can easily have many sources of. */
struct budget_key budget_of_network(const char *peer);
struct budget_key budget_of_name(struct al_slice name); /* of a maintainer */

struct budget;

/* `per_minute` requests; 0: no limit. NULL: no memory. */
struct budget *budget_new(uint64_t per_minute, size_t slots);
void budget_free(struct budget *budget); /* NULL is allowed */
void budget_limit(struct budget *budget,
		  uint64_t per_minute); /* another one, from now on: nobody has more than a minute of it */
/*
 * Take `cost`. False: not enough there, nothing was taken, and *wait_s (at
 * least 1) tells when there will be. `now_ms` is monotonic. Out of memory counts as enough.
 */
bool budget_take(struct budget *budget, const struct budget_key *key, unsigned cost, uint64_t now_ms, uint64_t *wait_s);
/* `cost` from each of the keys, or from none: then the place of the one that cannot pay, else `count`. */
size_t budget_take_all(struct budget *budget, const struct budget_key *keys, size_t count, unsigned cost,
		       uint64_t now_ms, uint64_t *wait_s);
/* It has cost that much more. */
void budget_owe(struct budget *budget, const struct budget_key *key, unsigned cost, uint64_t now_ms);
/* Put back what was taken. */
void budget_give(struct budget *budget, const struct budget_key *key, unsigned cost);
/* Full again: for a source that has shown to be the hostmaster's. */
void budget_fill(struct budget *budget, const struct budget_key *key);
size_t budget_count(const struct budget *budget); /* buckets kept */

#endif
