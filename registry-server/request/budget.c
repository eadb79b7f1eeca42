/* SPDX-License-Identifier: MIT */
/*
 * budget.c -- token buckets in a bounded table.
 *
 * Tokens are counted in 1/600,000 of a request: what a bucket gains in a
 * millisecond is a whole number. uthash keeps the order of insertion; a used
 * bucket is put at the end, so the first is the least recently used.
 */
#include "budget.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(item) ((item)->lost = true)
#include <uthash.h>

#include "alamo/base/ident.h"
#include "alamo/base/sha.h"

#define MINUTE_MS 60000u
#define TOKENS_A_HUNDREDTH MINUTE_MS /* of a request */
#define OWED_MINUTES 10

struct bucket {
	UT_hash_handle hh;
	struct budget_key key;
	int64_t tokens; /* below 0: owed */
	uint64_t at_ms;
	bool lost;
};

struct budget {
	uint64_t per_minute;
	size_t slots;
	struct bucket *buckets;
};

struct budget_key budget_of_sshkey(const struct al_sshkey *key)
{
	struct budget_key out;

	out.bytes[0] = key->fido ? 2 : 1;
	memcpy(out.bytes + 1, key->pk, sizeof(key->pk));
	return out;
}

struct budget_key budget_of_name(struct al_slice name)
{
	struct budget_key out = { .bytes = { 3 } };

	al_sha256(&name, 1, out.bytes + 1);
	return out;
}

/* "192.0.2.1:4711", "[2001:db8::1]:4711". */
static bool peer_address(const char *peer, struct al_prefix *addr)
{
	struct al_slice text = al_slice_str(peer), host = text;
	size_t colon = text.len;

	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon > 0)
		host = al_slice_head(text, colon - 1);
	if (al_slice_starts(host, "[") && al_slice_ends(host, "]"))
		host = al_slice_head(al_slice_from(host, 1), host.len - 2);
	return al_addr_parse(host, addr) == AL_OK;
}

static struct budget_key key_of(const char *peer, size_t v4_bytes, size_t v6_bytes)
{
	struct budget_key out = { .bytes = { 0 } };
	struct al_prefix addr;

	if (!peer_address(peer, &addr))
		return out;
	out.bytes[0] = addr.bits;
	memcpy(out.bytes + 1, addr.addr, addr.bits == 32 ? v4_bytes : v6_bytes);
	return out;
}

struct budget_key budget_of_peer(const char *peer)
{
	return key_of(peer, 4, 8); /* a /64 is one customer */
}

struct budget_key budget_of_network(const char *peer)
{
	return key_of(peer, 3, 6);
}

/* ---- life ---- */

struct budget *budget_new(uint64_t per_minute, size_t slots)
{
	struct budget *budget = calloc(1, sizeof(*budget));

	if (budget == NULL)
		return NULL;
	budget->per_minute = per_minute;
	budget->slots = slots;
	return budget;
}

void budget_limit(struct budget *budget, uint64_t per_minute)
{
	budget->per_minute = per_minute; /* a bucket that has more is cut when it is used */
}

void budget_free(struct budget *budget)
{
	struct bucket *bucket, *next;

	if (budget == NULL)
		return;
	bucket = budget->buckets;
	HASH_CLEAR(hh, budget->buckets); /* of the table only: the list through them stays */
	for (; bucket != NULL; bucket = next) {
		next = bucket->hh.next;
		free(bucket);
	}
	free(budget);
}

size_t budget_count(const struct budget *budget)
{
	return HASH_COUNT(budget->buckets);
}

/* ---- buckets ---- */

/* per_minute is at most a million, so this is far from what the type holds. */
static int64_t bucket_size(const struct budget *budget)
{
	return (int64_t)(budget->per_minute * BUDGET_REQUEST * TOKENS_A_HUNDREDTH);
}

static struct bucket *bucket_new(struct budget *budget, const struct budget_key *key, uint64_t now_ms)
{
	struct bucket *bucket = calloc(1, sizeof(*bucket));

	if (bucket == NULL)
		return NULL;
	bucket->key = *key;
	bucket->tokens = bucket_size(budget);
	bucket->at_ms = now_ms;
	return bucket;
}

/* The first is the one not used for the longest time; `keep`, in use, is the last. */
static void oldest_drop(struct budget *budget, const struct bucket *keep)
{
	struct bucket *oldest = budget->buckets;

	if (budget_count(budget) <= budget->slots || oldest == keep)
		return;
	HASH_DEL(budget->buckets, oldest);
	free(oldest);
}

/* The key's bucket, filled up to now, the last of the table; NULL: no memory. */
static struct bucket *bucket_use(struct budget *budget, const struct budget_key *key, uint64_t now_ms)
{
	struct bucket *bucket;
	uint64_t passed;

	HASH_FIND(hh, budget->buckets, key, sizeof(*key), bucket);
	if (bucket != NULL)
		HASH_DEL(budget->buckets, bucket);
	else
		bucket = bucket_new(budget, key, now_ms);
	if (bucket == NULL)
		return NULL;
	HASH_ADD(hh, budget->buckets, key, sizeof(bucket->key), bucket);
	if (bucket->lost) {
		free(bucket);
		return NULL;
	}
	oldest_drop(budget, bucket);
	passed = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;
	passed = passed < (OWED_MINUTES + 1) * MINUTE_MS ? passed : (OWED_MINUTES + 1) * MINUTE_MS;
	bucket->at_ms = now_ms;
	bucket->tokens += (int64_t)(passed * budget->per_minute * BUDGET_REQUEST);
	if (bucket->tokens > bucket_size(budget))
		bucket->tokens = bucket_size(budget);
	return bucket;
}

bool budget_take(struct budget *budget, const struct budget_key *key, unsigned cost, uint64_t now_ms, uint64_t *wait_s)
{
	int64_t price = (int64_t)cost * TOKENS_A_HUNDREDTH, a_second;
	struct bucket *bucket;

	if (budget->per_minute == 0)
		return true;
	bucket = bucket_use(budget, key, now_ms);
	if (bucket == NULL)
		return true;
	if (bucket->tokens >= price) {
		bucket->tokens -= price;
		return true;
	}
	a_second = (int64_t)budget->per_minute * BUDGET_REQUEST * 1000;
	*wait_s = (uint64_t)((price - bucket->tokens + a_second - 1) / a_second);
	return false;
}

/* Adds, up to a full bucket. */
static void bucket_add(struct budget *budget, const struct budget_key *key, int64_t tokens)
{
	struct bucket *bucket;

	HASH_FIND(hh, budget->buckets, key, sizeof(*key), bucket);
	if (bucket != NULL && bucket_size(budget) - bucket->tokens > tokens)
		bucket->tokens += tokens;
	else if (bucket != NULL)
		bucket->tokens = bucket_size(budget);
}

void budget_give(struct budget *budget, const struct budget_key *key, unsigned cost)
{
	bucket_add(budget, key, (int64_t)cost * TOKENS_A_HUNDREDTH);
}

void budget_fill(struct budget *budget, const struct budget_key *key)
{
	bucket_add(budget, key, INT64_MAX);
}

size_t budget_take_all(struct budget *budget, const struct budget_key *keys, size_t count, unsigned cost,
		       uint64_t now_ms, uint64_t *wait_s)
{
	for (size_t i = 0; i < count; i++) {
		if (budget_take(budget, &keys[i], cost, now_ms, wait_s))
			continue;
		for (size_t paid = 0; paid < i; paid++)
			budget_give(budget, &keys[paid], cost);
		return i;
	}
	return count;
}

void budget_owe(struct budget *budget, const struct budget_key *key, unsigned cost, uint64_t now_ms)
{
	struct bucket *bucket = budget->per_minute > 0 ? bucket_use(budget, key, now_ms) : NULL;
	int64_t least = -OWED_MINUTES * bucket_size(budget);

	if (bucket == NULL)
		return;
	bucket->tokens -= (int64_t)cost * TOKENS_A_HUNDREDTH;
	if (bucket->tokens < least)
		bucket->tokens = least;
}
