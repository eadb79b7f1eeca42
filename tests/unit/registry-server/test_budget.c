/* SPDX-License-Identifier: MIT */
/* Token buckets with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/base/sha.h"

#include "request/budget.h"

static struct budget_key key_of(unsigned number)
{
	struct budget_key key = { .bytes = { 0 } };

	memcpy(key.bytes, &number, sizeof(number));
	return key;
}

static bool take(struct budget *b, unsigned who, unsigned cost, uint64_t now_ms, uint64_t *wait)
{
	struct budget_key key = key_of(who);

	*wait = 0;
	return budget_take(b, &key, cost, now_ms, wait);
}

static void a_minute_at_once_then_evenly(void **state)
{
	struct budget *b = budget_new(60, 16);
	uint64_t wait, now = 5000;

	(void)state;
	assert_non_null(b);
	for (int i = 0; i < 60; i++)
		assert_true(take(b, 1, BUDGET_REQUEST, now, &wait));
	assert_false(take(b, 1, BUDGET_REQUEST, now, &wait));
	assert_int_equal(wait, 1);
	/* Others are not concerned. */
	assert_true(take(b, 2, BUDGET_REQUEST, now, &wait));
	/* One a second from here on, and asking too early costs nothing. */
	assert_false(take(b, 1, BUDGET_REQUEST, now + 999, &wait));
	assert_true(take(b, 1, BUDGET_REQUEST, now + 1000, &wait));
	assert_false(take(b, 1, BUDGET_REQUEST, now + 1000, &wait));
	/* However long it rests, it holds one minute's worth. */
	now += 1000000000;
	for (int i = 0; i < 60; i++)
		assert_true(take(b, 1, BUDGET_REQUEST, now, &wait));
	assert_false(take(b, 1, BUDGET_QUESTION, now, &wait));
	budget_free(b);
}

static void a_question_is_a_hundredth(void **state)
{
	struct budget *b = budget_new(1, 16);
	uint64_t wait;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(take(b, 1, BUDGET_QUESTION, 0, &wait));
	assert_false(take(b, 1, BUDGET_QUESTION, 0, &wait));
	assert_int_equal(wait, 1);
	assert_false(take(b, 1, BUDGET_REQUEST, 0, &wait));
	assert_int_equal(wait, 60);
	assert_false(take(b, 1, BUDGET_REQUEST, 30000, &wait));
	assert_int_equal(wait, 30);
	/* The clock may stand still, or go back. */
	assert_false(take(b, 1, BUDGET_REQUEST, 20000, &wait));
	budget_free(b);
}

static void given_back(void **state)
{
	struct budget *b = budget_new(1, 16);
	struct budget_key key = key_of(1);
	uint64_t wait;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(take(b, 1, BUDGET_REQUEST, 0, &wait));
		budget_give(b, &key, BUDGET_REQUEST);
	}
	/* Never more than full, and nothing to somebody unknown. */
	budget_give(b, &key, 1000);
	assert_true(take(b, 1, BUDGET_REQUEST, 0, &wait));
	assert_false(take(b, 1, BUDGET_REQUEST, 0, &wait));
	budget_fill(b, &key);
	assert_true(take(b, 1, BUDGET_REQUEST, 0, &wait));
	assert_false(take(b, 1, BUDGET_QUESTION, 0, &wait));
	key = key_of(7);
	budget_fill(b, &key);
	budget_give(b, &key, BUDGET_REQUEST);
	assert_int_equal(budget_count(b), 1);
	budget_free(b);
}

/* A part of what was taken, and no more than that. */
static void given_back_in_part(void **state)
{
	struct budget *b = budget_new(10, 16);
	struct budget_key key = key_of(1);
	uint64_t wait;

	(void)state;
	assert_true(take(b, 1, 5 * BUDGET_REQUEST, 0, &wait));
	budget_give(b, &key, 2 * BUDGET_REQUEST);
	assert_false(take(b, 1, 7 * BUDGET_REQUEST + 1, 0, &wait));
	assert_true(take(b, 1, 7 * BUDGET_REQUEST, 0, &wait));
	assert_false(take(b, 1, 1, 0, &wait));
	budget_free(b);
}

static void bounded_least_recently_used_out(void **state)
{
	struct budget *b = budget_new(1, 100);
	uint64_t wait;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_true(take(b, i, BUDGET_REQUEST, 0, &wait));
	assert_false(take(b, 0, BUDGET_REQUEST, 0, &wait)); /* used: 1 is the oldest now */
	for (unsigned i = 100; i < 199; i++)
		assert_true(take(b, i, BUDGET_REQUEST, 0, &wait));
	assert_int_equal(budget_count(b), 100);
	assert_false(take(b, 0, BUDGET_REQUEST, 0, &wait));
	assert_true(take(b, 1, BUDGET_REQUEST, 0, &wait)); /* forgotten, so full */
	for (unsigned i = 0; i < 100000; i++)
		(void)take(b, i, BUDGET_REQUEST, 0, &wait);
	assert_int_equal(budget_count(b), 100);
	budget_free(b);
}

static void owed_is_waited_for(void **state)
{
	struct budget *b = budget_new(60, 16);
	struct budget_key key = key_of(1);
	uint64_t wait;

	(void)state;
	/* The last request is let in by what is there, whatever it turns out to cost. */
	assert_true(take(b, 1, BUDGET_REQUEST, 0, &wait));
	budget_owe(b, &key, 89 * BUDGET_REQUEST, 0);
	assert_false(take(b, 1, BUDGET_QUESTION, 0, &wait));
	assert_int_equal(wait, 31);
	assert_false(take(b, 1, BUDGET_REQUEST, 30000, &wait));
	assert_int_equal(wait, 1);
	assert_true(take(b, 1, BUDGET_REQUEST, 31000, &wait));
	/* For ten minutes at most, and a long rest pays it all. */
	for (int i = 0; i < 100; i++)
		budget_owe(b, &key, 1000 * BUDGET_REQUEST, 31000);
	assert_false(take(b, 1, BUDGET_REQUEST, 31000, &wait));
	assert_int_equal(wait, 601);
	assert_true(take(b, 1, BUDGET_REQUEST, 31000 + 601000, &wait));
	budget_owe(b, &key, 1000 * BUDGET_REQUEST, 31000 + 601000);
	assert_true(take(b, 1, 60 * BUDGET_REQUEST, 31000 + 60 * 60000, &wait));
	assert_false(take(b, 1, BUDGET_QUESTION, 31000 + 60 * 60000, &wait));
	budget_free(b);
}

static void all_or_none(void **state)
{
	struct budget *b = budget_new(2, 16);
	struct budget_key keys[3] = { key_of(1), key_of(2), key_of(3) };
	uint64_t wait;

	(void)state;
	assert_true(take(b, 2, 2 * BUDGET_REQUEST, 0, &wait));
	assert_int_equal(budget_take_all(b, keys, 3, BUDGET_REQUEST, 0, &wait), 1);
	assert_int_equal(wait, 30);
	assert_true(take(b, 1, 2 * BUDGET_REQUEST, 0, &wait));
	assert_true(take(b, 3, 2 * BUDGET_REQUEST, 0, &wait));
	assert_int_equal(budget_take_all(b, keys, 3, BUDGET_REQUEST, 60000, &wait), 3);
	assert_int_equal(budget_take_all(b, keys, 0, BUDGET_REQUEST, 60000, &wait), 0);
	budget_free(b);
}

static void no_limit(void **state)
{
	struct budget *b = budget_new(0, 16);
	uint64_t wait;

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_true(take(b, 1, 1000000, 0, &wait));
	assert_int_equal(budget_count(b), 0);
	budget_free(b);
}

static bool same(const char *a, const char *b)
{
	struct budget_key x = budget_of_peer(a), y = budget_of_peer(b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

static bool same_network(const char *a, const char *b)
{
	struct budget_key x = budget_of_network(a), y = budget_of_network(b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

static void who_is_one_network(void **state)
{
	const struct al_slice name = AL_S("ANN-MNT");
	struct budget_key x = budget_of_name(name), y = budget_of_name(AL_S("BOB-MNT"));
	uint8_t hash[AL_HASH_LEN];

	(void)state;
	assert_true(same_network("192.0.2.1:1", "192.0.2.254:9"));
	assert_false(same_network("192.0.2.1:1", "192.0.3.1:1"));
	assert_true(same_network("[2001:db8:1:2::1]:1", "[2001:db8:1:ffff::1]:1"));
	assert_false(same_network("[2001:db8:1::1]:1", "[2001:db8:2::1]:1"));
	assert_memory_not_equal(&x, &y, sizeof(x));
	al_sha256(&name, 1, hash);
	assert_int_equal(x.bytes[0], 3); /* no address and no key begins so */
	assert_memory_equal(x.bytes + 1, hash, sizeof(hash));
}

static void who_is_one_source(void **state)
{
	struct al_sshkey a = { .pk = { 1 } }, b = { .pk = { 1 }, .fido = true };
	struct budget_key x = budget_of_sshkey(&a), y = budget_of_sshkey(&b);

	const uint8_t v4[] = { 32, 192, 0, 2, 1, 0 }, v6[] = { 128, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0 };
	struct budget_key four = budget_of_peer("192.0.2.1:1"), six = budget_of_peer("[2001:db8:1:2:3::4]:1");

	(void)state;
	assert_memory_equal(four.bytes, v4, sizeof(v4));
	assert_memory_equal(six.bytes, v6, sizeof(v6));
	assert_true(same("192.0.2.1:1", "192.0.2.1:65535"));
	assert_false(same("192.0.2.1:1", "192.0.2.2:1"));
	assert_true(same("[2001:db8::1]:1", "[2001:db8::ffff:0:0:1]:2"));
	assert_false(same("[2001:db8::1]:1", "[2001:db8:0:1::1]:1"));
	assert_false(same("[2001:db8::1]:1", "192.0.2.1:1"));
	assert_true(same("unix", "what?"));
	assert_memory_not_equal(&x, &y, sizeof(x));
	assert_int_equal(x.bytes[0], 1);
	assert_int_equal(y.bytes[0], 2);
	assert_memory_equal(x.bytes + 1, a.pk, sizeof(a.pk));
}

/* With another size a bucket has no more than that, at once. */
static void limited_anew(void **state)
{
	struct budget *b = budget_new(10, 16);
	uint64_t wait;

	(void)state;
	assert_true(take(b, 1, BUDGET_REQUEST, 0, &wait));
	budget_limit(b, 2);
	assert_true(take(b, 1, 2 * BUDGET_REQUEST, 0, &wait));
	assert_false(take(b, 1, BUDGET_REQUEST, 0, &wait));
	assert_int_equal(wait, 30);
	budget_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_at_once_then_evenly),
		cmocka_unit_test(a_question_is_a_hundredth),
		cmocka_unit_test(given_back),
		cmocka_unit_test(given_back_in_part),
		cmocka_unit_test(bounded_least_recently_used_out),
		cmocka_unit_test(owed_is_waited_for),
		cmocka_unit_test(all_or_none),
		cmocka_unit_test(who_is_one_network),
		cmocka_unit_test(no_limit),
		cmocka_unit_test(limited_anew),
		cmocka_unit_test(who_is_one_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
