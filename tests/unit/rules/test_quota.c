/* SPDX-License-Identifier: MIT */
/*
 * test_quota.c -- what is held is counted by maintainer, key and tree of
 * vouchers; and a question about it costs the same, whatever is held.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "book.h"
#include "space.h"

#define NS AL_S("registry@test")
#define A_REQUEST 300 /* objects */

enum who { HOSTMASTER, OWNER, TAKER, PEOPLE };

struct world {
	struct book *book;
	uint8_t seed[PEOPLE][32];
	char key[PEOPLE][120];
	uint64_t work; /* of the last decision */
	struct al_buf text;
	unsigned number;
};

static void begin(struct world *w)
{
	al_buf_reset(&w->text);
	al_buf_printf(&w->text, "request: r%u\nprev: none\n", w->number++);
}

static bool decide(struct world *w, enum who who)
{
	struct decision *d = decision_new();
	struct al_buf raw;
	bool accepted;

	assert_int_equal(w->text.err, AL_OK);
	al_buf_init(&raw, 200000);
	al_buf_slice(&raw, al_buf_view(&w->text));
	al_sshsig_sign(w->seed[who], NS, al_buf_view(&w->text), &raw);
	assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
	assert_int_equal(book_decide(w->book, d, 1800000000 + w->number), AL_OK);
	accepted = d->accepted;
	w->work = d->work;
	if (accepted)
		assert_int_equal(book_put(w->book, d), AL_OK);
	al_buf_release(&raw);
	decision_free(d);
	return accepted;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(book_new(&w->book), AL_OK);
	al_buf_init(&w->text, 100000);
	for (unsigned i = 0; i < PEOPLE; i++) {
		struct al_sshkey key = { .fido = false };
		uint8_t sk[64];
		struct al_buf text;

		memset(w->seed[i], (int)i + 1, sizeof(w->seed[i]));
		assert_int_equal(crypto_sign_ed25519_seed_keypair(key.pk, sk, w->seed[i]), 0);
		al_buf_init(&text, sizeof(w->key[i]) - 1);
		al_sshkey_format(&key, &text);
		memcpy(w->key[i], text.ptr, text.len);
		al_buf_release(&text);
	}
	begin(w);
	al_buf_printf(&w->text,
		      "\nregistry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\n"
		      "mnt-by: HOST-MNT\nsource: TEST\n\nmntner: HOST-MNT\nauth: %s\nmnt-by: HOST-MNT\nsource: TEST\n\n"
		      "mntner: OWNER-MNT\nauth: %s\nmnt-by: OWNER-MNT\nsource: TEST\n\n"
		      "mntner: TAKER-MNT\nauth: %s\nmnt-by: TAKER-MNT\nsource: TEST\n\n"
		      "inet6num: fca1::/48\nnetname: POOL\npolicy: open\nassign-min: 49\nassign-max: 128\n"
		      "assign-quota: 100000\nmnt-by: OWNER-MNT\nsource: TEST\n",
		      w->key[HOSTMASTER], w->key[OWNER], w->key[TAKER]);
	assert_true(decide(w, HOSTMASTER));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	book_free(w->book);
	al_buf_release(&w->text);
	free(w);
	return 0;
}

static bool take(struct world *w, unsigned first, unsigned count)
{
	begin(w);
	for (unsigned i = first; i < first + count; i++)
		al_buf_printf(&w->text, "\ninet6num: fca1:0:0:%x::/64\nnetname: XX\nmnt-by: TAKER-MNT\nsource: TEST\n",
			      i);
	return decide(w, TAKER);
}

static void a_quota_costs_the_same_whatever_is_held(void **state)
{
	struct world *w = *state;
	uint64_t first;

	assert_true(take(w, 1, A_REQUEST));
	first = w->work;
	for (unsigned i = 1; i < 12; i++)
		assert_true(take(w, 1 + i * A_REQUEST, A_REQUEST));
	assert_in_range(w->work, first, first + first / 10);
	assert_in_range(first, A_REQUEST, (uint64_t)A_REQUEST * 100);
}

/* A question of what somebody holds is two steps. Without a limit none is asked, and nothing of the request is counted for it. */
static void what_a_question_costs(void **state)
{
	static const struct {
		const char *limits;
		uint64_t steps;
	} rows[] = {
		{ "", 4 },                           /* where it lies */
		{ "assign-quota: 10\n", 10 + 2 },    /* what the request holds more, and the maintainer's */
		{ "assign-share: 10\n", 10 + 6 },    /* with the key's, and what rests of it */
		{ "assign-tree: 10\n", 10 + 6 + 1 }, /* with the tree's, what rests of it, and who vouched */
		{ "assign-quota: 10\nassign-share: 10\nassign-tree: 10\n", 10 + 10 + 1 },
	};
	struct world *w = *state;

	for (unsigned i = 0; i < AL_COUNT(rows); i++) {
		al_buf_reset(&w->text);
		al_buf_printf(&w->text,
			      "request: limits\nprev: %u\n\ninet6num: fca1::/48\nnetname: POOL\npolicy: "
			      "open\nassign-min: 49\n"
			      "assign-max: 128\n%smnt-by: OWNER-MNT\nsource: TEST\n",
			      2 * i - (i > 0), rows[i].limits);
		assert_true(decide(w, OWNER));
		assert_true(take(w, 1 + i, 1));
		assert_int_equal(w->work, rows[i].steps);
	}
}

static int64_t counted(const struct world *w, enum tally_whose whose, const char *who, const char *pool)
{
	const struct tally tally = { whose, al_slice_str(who), TALLY_HELD, al_slice_str(pool) };

	return tallies_get(holdings_tallies(space_holdings(book_space(w->book))), &tally);
}

static void what_is_held_counts_for_maintainer_and_key(void **state)
{
	struct world *w = *state;

	assert_true(take(w, 1, 3));
	assert_int_equal(counted(w, TALLY_MNTNER, "TAKER-MNT", "fca1::/48"), 3);
	assert_int_equal(counted(w, TALLY_KEY, w->key[TAKER], "fca1::/48"), 3);
	assert_int_equal(counted(w, TALLY_KEY, w->key[OWNER], "fca1::/48"), 0);
	assert_int_equal(counted(w, TALLY_MNTNER, "OWNER-MNT", ""), 1);
}

/* A block around others takes them out of the pool, and gives them back when it goes. */
static void a_block_between_moves_the_count(void **state)
{
	struct world *w = *state;

	assert_true(take(w, 1, 3));
	begin(w);
	al_buf_str(&w->text, "\ninet6num: fca1::/62\nnetname: XX\nmnt-by: TAKER-MNT\nsource: TEST\n");
	assert_true(decide(w, TAKER));
	assert_int_equal(counted(w, TALLY_MNTNER, "TAKER-MNT", "fca1::/48"), 1);
	assert_int_equal(counted(w, TALLY_MNTNER, "TAKER-MNT", "fca1::/62"), 3);
	assert_int_equal(counted(w, TALLY_MNTNER, "TAKER-MNT", ""), 4);
}

/* The same of numbers. */
static void an_as_block_between_moves_the_count(void **state)
{
	struct world *w = *state;

	begin(w);
	al_buf_str(&w->text, "\nas-block: AS100-AS199\npolicy: open\nmnt-by: OWNER-MNT\nsource: TEST\n");
	assert_true(decide(w, HOSTMASTER));
	begin(w);
	for (unsigned i = 100; i < 103; i++)
		al_buf_printf(&w->text, "\naut-num: AS%u\nas-name: XX-AS\nmnt-by: TAKER-MNT\nsource: TEST\n", i);
	assert_true(decide(w, TAKER));
	assert_int_equal(counted(w, TALLY_MNTNER, "TAKER-MNT", "AS100-AS199"), 3);
	begin(w);
	al_buf_str(&w->text, "\nas-block: AS101-AS110\npolicy: open\nmnt-by: OWNER-MNT\nsource: TEST\n");
	assert_true(decide(w, HOSTMASTER));
	assert_int_equal(counted(w, TALLY_MNTNER, "TAKER-MNT", "AS100-AS199"), 1);
	assert_int_equal(counted(w, TALLY_MNTNER, "TAKER-MNT", "AS101-AS110"), 2);
}

/* A new key takes over what the old one counted. */
static void a_new_key_takes_the_count(void **state)
{
	struct world *w = *state;

	assert_true(take(w, 1, 3));
	begin(w);
	al_buf_reset(&w->text);
	al_buf_printf(&w->text,
		      "request: key\nprev: 0\n\nmntner: TAKER-MNT\nauth: %s\nmnt-by: TAKER-MNT\nsource: TEST\n",
		      w->key[OWNER]);
	assert_true(decide(w, TAKER));
	assert_int_equal(counted(w, TALLY_KEY, w->key[TAKER], "fca1::/48"), 0);
	assert_int_equal(counted(w, TALLY_KEY, w->key[OWNER], "fca1::/48"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_quota_costs_the_same_whatever_is_held, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_question_costs, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_held_counts_for_maintainer_and_key, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_between_moves_the_count, setup, teardown),
		cmocka_unit_test_setup_teardown(an_as_block_between_moves_the_count, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_key_takes_the_count, setup, teardown),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
