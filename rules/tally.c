/* SPDX-License-Identifier: MIT */
/*
 * tally.c -- two hash tables: accounts, each with its counts outside of pools
 * and a list of its rows, and rows by (account, kind, pool).
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
	size_t key_len, account_len;
	bool lost;
	char key[]; /* whose, who, NUL, kind, pool */
};

struct tally_account {
	UT_hash_handle hh;
	struct tally_row *first;
	int64_t plain[TALLY_KINDS]; /* in no pool: nearly all that is counted */
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
	struct tally_account *account = tallies->accounts, *after;

	HASH_CLEAR(hh, tallies->rows); /* the lists through the elements stay */
	HASH_CLEAR(hh, tallies->accounts);
	for (; row != NULL; row = next) {
		next = row->hh.next;
		free(row);
	}
	for (; account != NULL; account = after) {
		after = account->hh.next;
		free(account);
	}
	tallies_init(tallies);
}

static size_t account_key(enum tally_whose whose, struct al_slice who, char out[static KEY_MAX])
{
	who = al_slice_head(who, WHO_MAX);
	out[0] = (char)whose;
	if (who.len > 0)
		memcpy(out + 1, who.ptr, who.len);
	return 1 + who.len;
}

/* `key` has the account's already; length of the whole. */
static size_t row_key(char key[static KEY_MAX], size_t account_len, enum tally_kind kind, struct al_slice pool)
{
	pool = al_slice_head(pool, POOL_MAX);
	key[account_len] = '\0';
	key[account_len + 1] = (char)kind;
	if (pool.len > 0)
		memcpy(key + account_len + 2, pool.ptr, pool.len);
	return account_len + 2 + pool.len;
}

static struct tally_account *account_find(const struct tallies *tallies, const char *key, size_t len)
{
	struct tally_account *account = NULL;

	HASH_FIND(hh, tallies->accounts, key, len, account);
	return account;
}

static struct tally_account *account_get(struct tallies *tallies, const char *key, size_t len)
{
	struct tally_account *account = account_find(tallies, key, len);

	if (account != NULL)
		return account;
	account = calloc(1, sizeof(*account) + len);
	if (account == NULL)
		return NULL;
	account->key_len = len;
	memcpy(account->key, key, len);
	HASH_ADD_KEYPTR(hh, tallies->accounts, account->key, account->key_len, account);
	if (account->lost) {
		free(account);
		return NULL;
	}
	return account;
}

static struct tally_row *row_find(const struct tallies *tallies, const char *key, size_t len)
{
	struct tally_row *row = NULL;

	HASH_FIND(hh, tallies->rows, key, len, row);
	return row;
}

static struct tally_row *row_new(struct tallies *tallies, struct tally_account *account, const char *key, size_t len)
{
	struct tally_row *row = calloc(1, sizeof(*row) + len);

	if (row == NULL)
		return NULL;
	row->key_len = len;
	row->account_len = account->key_len;
	memcpy(row->key, key, len);
	HASH_ADD_KEYPTR(hh, tallies->rows, row->key, row->key_len, row);
	if (row->lost) {
		free(row);
		return NULL;
	}
	row->next = account->first;
	account->first = row;
	return row;
}

static enum al_err row_add(struct tallies *tallies, struct tally_account *account, char key[static KEY_MAX],
			   const struct tally_change *change)
{
	size_t len = row_key(key, account->key_len, change->kind, change->pool);
	struct tally_row *row = row_find(tallies, key, len);

	if (row == NULL)
		row = row_new(tallies, account, key, len);
	if (row == NULL)
		return AL_ENOMEM;
	row->count += change->change;
	return AL_OK;
}

enum al_err tallies_account(struct tallies *tallies, enum tally_whose whose, struct al_slice who,
			    const struct tally_change *changes, size_t count)
{
	char key[KEY_MAX];
	struct tally_account *account = account_get(tallies, key, account_key(whose, who, key));
	enum al_err err = account != NULL ? AL_OK : AL_ENOMEM;

	for (size_t i = 0; err == AL_OK && i < count; i++)
		if (changes[i].pool.len == 0)
			account->plain[changes[i].kind] += changes[i].change;
		else
			err = row_add(tallies, account, key, &changes[i]);
	return err;
}

enum al_err tallies_add(struct tallies *tallies, const struct tally *tally, int64_t change)
{
	const struct tally_change one = { tally->kind, tally->pool, change };

	return tallies_account(tallies, tally->whose, tally->who, &one, 1);
}

int64_t tallies_get(const struct tallies *tallies, const struct tally *tally)
{
	char key[KEY_MAX];
	size_t len = account_key(tally->whose, tally->who, key);
	const struct tally_account *account;
	const struct tally_row *row;

	if (tally->pool.len == 0) {
		account = account_find(tallies, key, len);
		return account != NULL ? account->plain[tally->kind] : 0;
	}
	row = row_find(tallies, key, row_key(key, len, tally->kind, tally->pool));
	return row != NULL ? row->count : 0;
}

static enum al_err row_visit(const struct tally_row *row, struct tally tally, tally_fn visit, void *arg)
{
	size_t head = row->account_len + 2;

	tally.kind = (enum tally_kind)row->key[head - 1];
	tally.pool = (struct al_slice){ row->key + head, row->key_len - head };
	return row->count != 0 ? visit(&tally, row->count, arg) : AL_OK;
}

enum al_err tallies_each(const struct tallies *tallies, enum tally_whose whose, struct al_slice who, tally_fn visit,
			 void *arg)
{
	char key[KEY_MAX];
	const struct tally_account *account = account_find(tallies, key, account_key(whose, who, key));
	struct tally tally = { .whose = whose };
	enum al_err err = AL_OK;

	if (account == NULL)
		return AL_OK;
	tally.who = (struct al_slice){ account->key + 1, account->key_len - 1 };
	for (const struct tally_row *row = account->first; err == AL_OK && row != NULL; row = row->next)
		err = row_visit(row, tally, visit, arg);
	for (unsigned kind = 0; err == AL_OK && kind < TALLY_KINDS; kind++) {
		tally.kind = (enum tally_kind)kind;
		if (account->plain[kind] != 0)
			err = visit(&tally, account->plain[kind], arg);
	}
	return err;
}

struct al_slice tally_period(struct al_slice pool, uint64_t time, unsigned days, char out[static TALLY_POOL_MAX])
{
	(void)snprintf(out, TALLY_POOL_MAX, "%.*s %" PRIu64, AL_FMT(pool), time / (UINT64_C(86400) * days));
	return al_slice_str(out);
}
