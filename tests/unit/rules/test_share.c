/* SPDX-License-Identifier: MIT */
/*
 * test_share.c -- the default plan against one person who has keys without
 * end: what is to be had of each pool on a day of log time is what
 * docs/policy.md says, and ordinary joins go on.
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

#define NS AL_S("registry@alamo")
#define DAY UINT64_C(86400)
#define A_DAYS_RATE 200 /* assign-rate and join-rate of deploy/plan/alamo.plan */
#define ONE_KEYS_SHARE 4
#define ONE_KEYS_DOMAINS 20

struct world {
	struct book *book;
	uint64_t now;
	char clauses[400]; /* of the last refusal, each once */
	struct al_buf text;
};

/* A person is a number, and a number a key. */
static void person_key(unsigned person, uint8_t seed[static 32], char text[static 120])
{
	struct al_sshkey key = { .fido = false };
	uint8_t sk[64];
	struct al_buf buf;

	memset(seed, 0, 32);
	memcpy(seed, &person, sizeof(person));
	assert_int_equal(crypto_sign_ed25519_seed_keypair(key.pk, sk, seed), 0);
	al_buf_init(&buf, 119);
	al_sshkey_format(&key, &buf);
	assert_int_equal(al_slice_copy(al_buf_view(&buf), text, 120), AL_OK);
	al_buf_release(&buf);
}

static void clauses_note(struct world *w, const struct decision *d)
{
	w->clauses[0] = '\0';
	for (size_t i = 0; i < d->report.count; i++) {
		const char *clause = d->report.items[i].clause;
		size_t at = strlen(w->clauses);

		if (d->report.items[i].severity == AL_ERROR && strstr(w->clauses, clause) == NULL)
			(void)snprintf(w->clauses + at, sizeof(w->clauses) - at, "%s ", clause);
	}
}

static bool decide(struct world *w, unsigned person, int voucher)
{
	struct decision *d = decision_new();
	char key[120];
	uint8_t seed[32];
	struct al_buf raw;
	bool accepted;

	al_buf_init(&raw, 200000);
	al_buf_slice(&raw, al_buf_view(&w->text));
	person_key(person, seed, key);
	al_sshsig_sign(seed, NS, al_buf_view(&w->text), &raw);
	if (voucher >= 0) {
		person_key((unsigned)voucher, seed, key);
		al_sshsig_sign(seed, NS, al_buf_view(&w->text), &raw);
	}
	assert_int_equal(raw.err, AL_OK);
	assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
	assert_int_equal(book_decide(w->book, d, w->now++), AL_OK);
	accepted = d->accepted;
	clauses_note(w, d);
	if (accepted)
		assert_int_equal(book_put(w->book, d), AL_OK);
	al_buf_release(&raw);
	decision_free(d);
	return accepted;
}

/* Maintainer P<name> of the person's key, a number and the largest block. */
static bool join(struct world *w, unsigned name, unsigned person, int voucher)
{
	char key[120], vouched[40] = "";
	uint8_t seed[32];

	person_key(person, seed, key);
	if (voucher >= 0)
		(void)snprintf(vouched, sizeof(vouched), "vouched-by: P%d-MNT\n", voucher);
	al_buf_reset(&w->text);
	al_buf_printf(&w->text,
		      "request: join-%u\nprev: none\nnonce: %u\n\nmntner: P%u-MNT\nauth: %s\n%smnt-by: P%u-MNT\n"
		      "source: ALAMO\n\naut-num: AUTO-1\nas-name: PP-AS\nmnt-by: P%u-MNT\nsource: ALAMO\n\n"
		      "inet6num: AUTO-2/40\nnetname: PP-NET\nmnt-by: P%u-MNT\nsource: ALAMO\n",
		      name, name, name, key, vouched, name, name, name);
	return decide(w, person, voucher);
}

/* The default plan, with person 0 as the hostmaster; person 1 is a member from the first day. */
static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	FILE *file = fopen(TEST_DATA "/../deploy/plan/alamo.plan", "r");
	char line[400], key[120];
	uint8_t seed[32];

	assert_non_null(w);
	assert_non_null(file);
	assert_int_equal(book_new(&w->book), AL_OK);
	al_buf_init(&w->text, 100000);
	person_key(0, seed, key);
	al_buf_str(&w->text, "request: founding\nprev: none\n\n");
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *mark = strstr(line, "@HOSTMASTER-KEY@");

		if (line[0] != '#')
			al_buf_put(&w->text, line, mark != NULL ? (size_t)(mark - line) : strlen(line));
		if (mark != NULL)
			al_buf_printf(&w->text, "%s\n", key);
	}
	assert_int_equal(fclose(file), 0);
	w->now = 20000 * DAY;
	if (!decide(w, 0, -1))
		fail_msg("the plan is refused: %s", w->clauses);
	assert_true(join(w, 1, 1, -1));
	w->now += 40 * DAY;
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

static void keys_without_end_get_a_days_share(void **state)
{
	struct world *w = *state;
	size_t before = al_state_count(book_state(w->book), AL_INET6NUM);
	unsigned got = 0;

	for (unsigned i = 1000; i < 1000 + 2 * A_DAYS_RATE; i++)
		got += join(w, i, i, -1);
	assert_int_equal(got, A_DAYS_RATE);
	assert_string_equal(w->clauses, "POLICY-RATE "); /* and so it may wait for the hostmaster */
	assert_int_equal(al_state_count(book_state(w->book), AL_INET6NUM) - before, A_DAYS_RATE);
	for (unsigned i = 1000; i < 1010; i++) /* who came today vouches for nobody */
		assert_false(join(w, 5000 + i, 5000 + i, (int)i));
	assert_string_equal(w->clauses, "POLICY-VOUCH ");
	assert_true(join(w, 2, 2, 1)); /* an ordinary join goes on, with a member */
	w->now += DAY;
	assert_true(join(w, 3, 3, -1)); /* and without one on the next day */
}

static void a_member_vouches_for_so_many(void **state)
{
	struct world *w = *state;
	unsigned got = 0;

	for (unsigned i = 1000; i < 1100; i++)
		got += join(w, i, i, 1);
	assert_int_equal(got, 10);
	assert_string_equal(w->clauses, "POLICY-VOUCH ");
}

static void one_key_gets_its_share(void **state)
{
	struct world *w = *state;
	unsigned got = 0;

	for (unsigned i = 1000; i < 1020; i++)
		got += join(w, i, 1000, -1);
	assert_int_equal(got, ONE_KEYS_SHARE);
	assert_string_equal(w->clauses, "POLICY-QUOTA ");
}

static bool name(struct world *w, unsigned number)
{
	al_buf_reset(&w->text);
	al_buf_printf(&w->text,
		      "request: name\nprev: none\n\ndomain: name-%u.alamo\nrecord: @ A 172.28.0.1\nmnt-by: P1-MNT\n"
		      "source: ALAMO\n",
		      number);
	return decide(w, 1, -1);
}

static void one_key_gets_so_many_names(void **state)
{
	struct world *w = *state;
	unsigned got = 0;

	for (unsigned i = 0; i < 2 * ONE_KEYS_DOMAINS; i++)
		got += name(w, i);
	assert_int_equal(got, ONE_KEYS_DOMAINS);
	assert_string_equal(w->clauses, "POLICY-SHARE ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_without_end_get_a_days_share, setup, teardown),
		cmocka_unit_test_setup_teardown(a_member_vouches_for_so_many, setup, teardown),
		cmocka_unit_test_setup_teardown(one_key_gets_its_share, setup, teardown),
		cmocka_unit_test_setup_teardown(one_key_gets_so_many_names, setup, teardown),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
