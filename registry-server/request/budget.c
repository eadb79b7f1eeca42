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

#define MINUTE_MS 60000u
#define TOKENS_A_HUNDREDTH MINUTE_MS /* of a request */

struct bucket {
	UT_hash_handle hh;
	struct budget_key key;
	uint64_t tokens;
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

struct budget_key budget_of_peer(const char *peer)
{
	struct al_slice text = al_slice_str(peer), host = text;
	struct budget_key out = { .bytes = { 0 } };
	struct al_prefix addr;
	size_t colon = text.len;

	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon > 0)
		host = al_slice_head(text, colon - 1);
	if (al_slice_starts(host, "[") && al_slice_ends(host, "]"))
		host = al_slice_head(al_slice_from(host, 1), host.len - 2);
	if (al_addr_parse(host, &addr) != AL_OK)
		return out;
	out.bytes[0] = addr.bits;
	memcpy(out.bytes + 1, addr.addr, addr.bits == 32 ? 4 : 8); /* a /64 is one customer */
	return out;
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

static uint64_t bucket_size(const struct budget *budget)
{
	return budget->per_minute * BUDGET_REQUEST * TOKENS_A_HUNDREDTH;
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
	passed = passed < MINUTE_MS ? passed : MINUTE_MS;
	bucket->at_ms = now_ms;
	bucket->tokens += passed * budget->per_minute * BUDGET_REQUEST;
	if (bucket->tokens > bucket_size(budget))
		bucket->tokens = bucket_size(budget);
	return bucket;
}

bool budget_take(struct budget *budget, const struct budget_key *key, unsigned cost, uint64_t now_ms, uint64_t *wait_s)
{
	uint64_t price = (uint64_t)cost * TOKENS_A_HUNDREDTH, a_second;
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
	a_second = budget->per_minute * BUDGET_REQUEST * 1000;
	*wait_s = (price - bucket->tokens + a_second - 1) / a_second;
	return false;
}

/* Adds, up to a full bucket. */
static void bucket_add(struct budget *budget, const struct budget_key *key, uint64_t tokens)
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
	bucket_add(budget, key, (uint64_t)cost * TOKENS_A_HUNDREDTH);
}

void budget_fill(struct budget *budget, const struct budget_key *key)
{
	bucket_add(budget, key, UINT64_MAX);
}

const struct al_sshkey *budget_take_keys(struct budget *budget, const struct al_sshkey *keys, size_t count,
					 uint64_t now_ms, uint64_t *wait_s)
{
	for (size_t i = 0; i < count; i++) {
		struct budget_key key = budget_of_sshkey(&keys[i]);

		if (budget_take(budget, &key, BUDGET_REQUEST, now_ms, wait_s))
			continue;
		for (size_t paid = 0; paid < i; paid++) {
			key = budget_of_sshkey(&keys[paid]);
			budget_give(budget, &key, BUDGET_REQUEST);
		}
		return &keys[i];
	}
	return NULL;
}
