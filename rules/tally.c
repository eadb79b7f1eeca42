/* SPDX-License-Identifier: MIT */
/*
 * tally.c -- two hash tables: rows by (account, kind, pool), and the rows of
 * each account as a list.
 */
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(item) ((item)->lost = true)
#include <uthash.h>

#define WHO_MAX 800 /* bytes of an account's name that tell it from others: more than a name or a key has */
#define POOL_MAX 128
#define KEY_MAX (WHO_MAX + POOL_MAX + 3)

struct tally_row {
	UT_hash_handle hh;
	struct tally_row *next; /* of the same account */
	int64_t count;
	size_t key_len, group_len;
	bool lost;
	char key[]; /* whose, who, NUL, kind, pool */
};

struct tally_group {
	UT_hash_handle hh;
	struct tally_row *first;
	size_t key_len;
	bool lost;
	char key[]; /* whose, who */
};

void tallies_init(struct tallies *tallies)
{
	*tallies = (struct tallies){ .rows = NULL };
}

void tallies_release(struct tallies *tallies)
{
	struct tally_row *row = tallies->rows, *next;
	struct tally_group *group = tallies->groups, *after;

	HASH_CLEAR(hh, tallies->rows); /* the lists through the elements stay */
	HASH_CLEAR(hh, tallies->groups);
	for (; row != NULL; row = next) {
		next = row->hh.next;
		free(row);
	}
	for (; group != NULL; group = after) {
		after = group->hh.next;
		free(group);
	}
	tallies_init(tallies);
}

/* Length of the whole key; its first *group_len bytes are the account. */
static size_t row_key(const struct tally *tally, char out[static KEY_MAX], size_t *group_len)
{
	struct al_slice who = al_slice_head(tally->who, WHO_MAX), pool = al_slice_head(tally->pool, POOL_MAX);
	size_t at = 0;

	out[at++] = (char)tally->whose;
	if (who.len > 0)
		memcpy(out + at, who.ptr, who.len);
	at += who.len;
	*group_len = at;
	out[at++] = '\0';
	out[at++] = (char)tally->kind;
	if (pool.len > 0)
		memcpy(out + at, pool.ptr, pool.len);
	return at + pool.len;
}

static struct tally_row *row_find(const struct tallies *tallies, const char *key, size_t len)
{
	struct tally_row *row = NULL;

	HASH_FIND(hh, tallies->rows, key, len, row);
	return row;
}

static struct tally_group *group_get(struct tallies *tallies, const char *key, size_t len)
{
	struct tally_group *group = NULL;

	HASH_FIND(hh, tallies->groups, key, len, group);
	if (group != NULL)
		return group;
	group = calloc(1, sizeof(*group) + len);
	if (group == NULL)
		return NULL;
	group->key_len = len;
	memcpy(group->key, key, len);
	HASH_ADD_KEYPTR(hh, tallies->groups, group->key, group->key_len, group);
	if (group->lost) {
		free(group);
		return NULL;
	}
	return group;
}

static struct tally_row *row_new(struct tallies *tallies, const char *key, size_t len, size_t group_len)
{
	struct tally_group *group = group_get(tallies, key, group_len);
	struct tally_row *row = group != NULL ? calloc(1, sizeof(*row) + len) : NULL;

	if (row == NULL)
		return NULL;
	row->key_len = len;
	row->group_len = group_len;
	memcpy(row->key, key, len);
	HASH_ADD_KEYPTR(hh, tallies->rows, row->key, row->key_len, row);
	if (row->lost) {
		free(row);
		return NULL;
	}
	row->next = group->first;
	group->first = row;
	return row;
}

enum al_err tallies_add(struct tallies *tallies, const struct tally *tally, int64_t change)
{
	char key[KEY_MAX];
	size_t group_len, len = row_key(tally, key, &group_len);
	struct tally_row *row = row_find(tallies, key, len);

	if (row == NULL)
		row = row_new(tallies, key, len, group_len);
	if (row == NULL)
		return AL_ENOMEM;
	row->count += change;
	return AL_OK;
}

int64_t tallies_get(const struct tallies *tallies, const struct tally *tally)
{
	char key[KEY_MAX];
	size_t group_len, len = row_key(tally, key, &group_len);
	const struct tally_row *row = row_find(tallies, key, len);

	return row != NULL ? row->count : 0;
}

enum al_err tallies_each(const struct tallies *tallies, enum tally_whose whose, struct al_slice who, tally_fn visit,
			 void *arg)
{
	const struct tally account = { .whose = whose, .who = who };
	struct tally_group *group = NULL;
	char key[KEY_MAX];
	enum al_err err = AL_OK;
	size_t group_len;

	(void)row_key(&account, key, &group_len);
	HASH_FIND(hh, tallies->groups, key, group_len, group);
	for (const struct tally_row *row = group != NULL ? group->first : NULL; err == AL_OK && row != NULL;
	     row = row->next) {
		size_t head = row->group_len + 2;
		const struct tally tally = {
			.whose = whose,
			.who = { row->key + 1, row->group_len - 1 },
			.kind = (enum tally_kind)row->key[head - 1],
			.pool = { row->key + head, row->key_len - head },
		};

		if (row->count != 0)
			err = visit(&tally, row->count, arg);
	}
	return err;
}

struct al_slice tally_period(struct al_slice pool, uint64_t time, unsigned days, char out[static TALLY_POOL_MAX])
{
	(void)snprintf(out, TALLY_POOL_MAX, "%.*s %" PRIu64, AL_FMT(pool), time / (UINT64_C(86400) * days));
	return al_slice_str(out);
}
