/* SPDX-License-Identifier: MIT */
/*
 * node_trust.c -- see node_trust.h.
 */
#include "node_trust.h"

#include <stdlib.h>

enum al_err node_trust_add(struct node_trust *trust, struct al_slice key)
{
	if (trust->key_count == NODE_SIGNERS_MAX)
		return AL_ELIMIT;
	if (al_sshkey_parse(key, &trust->keys[trust->key_count]) != AL_OK)
		return AL_EINVAL;
	trust->key_count++;
	return AL_OK;
}

static bool is_ours(const struct node_trust *trust, const struct al_sshkey *key)
{
	for (size_t i = 0; i < trust->key_count; i++)
		if (al_sshkey_eq(&trust->keys[i], key))
			return true;
	return false;
}

static void remember(struct node_trust *trust, uint64_t index)
{
	uint64_t *more;

	if (trust->count == trust->cap) {
		more = reallocarray(trust->entries, trust->cap * 2 + 64, sizeof(*more));
		if (more == NULL) {
			trust->failed = true;
			return;
		}
		trust->entries = more;
		trust->cap = trust->cap * 2 + 64;
	}
	trust->entries[trust->count++] = index;
}

void node_trust_take(void *arg, uint64_t index, const struct al_sshkey *keys, size_t count)
{
	struct node_trust *trust = arg;

	for (size_t i = 0; i < count; i++)
		if (is_ours(trust, &keys[i])) {
			remember(trust, index);
			return;
		}
}

static int index_cmp(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

bool node_trust_has(const struct node_trust *trust, uint64_t index)
{
	return !trust->failed && trust->count > 0 &&
	       bsearch(&index, trust->entries, trust->count, sizeof(index), index_cmp) != NULL;
}

void node_trust_release(struct node_trust *trust)
{
	free(trust->entries);
	*trust = (struct node_trust){ 0 };
}
