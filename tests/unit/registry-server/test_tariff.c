/* SPDX-License-Identifier: MIT */
/*
 * test_tariff.c -- what a request costs, and who pays: sources and their networks, keys, maintainers.
 */
#include <stdlib.h>
#include <string.h>

#include "registry_rig.h"

#define NUMBER "aut-num: AUTO-1\nas-name: X-AS\nmnt-by: ALICE-MNT\nsource: TEST\n"

static struct budget *budget_make(uint64_t per_minute)
{
	struct budget *budget = budget_new(per_minute, 100);

	assert_non_null(budget);
	return budget;
}

static void test_keys_pay_for_everything_but_a_repeat(void **state)
{
	struct registry_rig *rig = *state;
	struct tariff tariff = { .keys = budget_make(3) };
	struct al_buf raw;

	al_buf_init(&raw, 65536);
	pipeline_limit(rig->pipeline, &tariff);
	registry_rig_request(rig, "prev: none\n", ALICE, "1", &raw);
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% receipt");
	for (int i = 0; i < 5; i++)
		says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% receipt");
	says(registry_rig_ask(rig, "prev: none\ndry-run: yes\n", NUMBER, "1"), "% dry run");
	says(registry_rig_ask(rig, "prev: 7\n", NUMBER, "1"), "REQUEST-PREV");
	says(registry_rig_ask(rig, "prev: none\n", NUMBER, "1"), "%ERROR: budget of key SHA256:");
	/* Who signs beside him is not charged for what he could not pay. */
	says(registry_rig_ask(rig, "prev: none\n", BOB, "21"), "%ERROR: budget of key SHA256:");
	for (int i = 0; i < 3; i++)
		does_not_say(registry_rig_ask(rig, "prev: none\ndry-run: yes\n", BOB, "2"), "%ERROR");
	says(registry_rig_ask(rig, "prev: none\n", BOB, "2"), "%ERROR: budget of key SHA256:");
	/* The hostmaster is at nobody's expense. */
	for (int i = 0; i < 6; i++)
		says(registry_rig_ask(rig, "prev: none\ndry-run: yes\n",
				      "as-set: AS-H\nmnt-by: HOST-MNT\nsource: TEST\n", "0"),
		     "% dry run");
	budget_free(tariff.keys);
	al_buf_release(&raw);
}

/* A text that waits, or was refused, is in other hands too: sending it again costs whoever does, not its signers. */
static void test_nobody_pays_for_anothers_repeats(void **state)
{
	struct registry_rig *rig = *state;
	struct tariff tariff = { .keys = budget_make(4), .maintainers = budget_make(4) };
	struct al_buf raw;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	pipeline_limit(rig->pipeline, &tariff);
	al_buf_init(&raw, 65536);
	registry_rig_request(rig, "prev: none\n",
			     "inet6num: fca1:200:7::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", &raw);
	for (int i = 0; i < 10; i++)
		says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% queued: 1,");
	al_buf_reset(&raw);
	registry_rig_request(rig, "prev: 99\n", NUMBER, "1", &raw);
	for (int i = 0; i < 10; i++)
		says(registry_rig_send(rig, al_buf_view(&raw), NULL), "REQUEST-PREV");
	says(registry_rig_ask(rig, "prev: none\n", NUMBER, "1"), "% receipt");
	says(registry_rig_ask(rig, "prev: none\n", "as-set: AS-ONE\nmnt-by: ALICE-MNT\nsource: TEST\n", "1"),
	     "% receipt");
	says(registry_rig_ask(rig, "prev: none\n", "as-set: AS-TWO\nmnt-by: ALICE-MNT\nsource: TEST\n", "1"),
	     "%ERROR: budget");
	budget_free(tariff.keys);
	budget_free(tariff.maintainers);
	al_buf_release(&raw);
}

/* What is more than a request mostly is: each has its share that is free, and its price from there on. */
static void test_what_a_request_costs(void **state)
{
	static const struct {
		size_t objects, signatures, bytes, attached, work, price;
	} rows[] = {
		{ 0, 0, 0, 0, 0, 100 },       { 8, 2, 4096, 0, 2000, 100 },
		{ 9, 0, 0, 0, 0, 110 },       { 11, 0, 0, 0, 0, 130 },
		{ 0, 3, 0, 0, 0, 120 },       { 0, 5, 0, 0, 0, 160 },
		{ 0, 0, 4127, 0, 0, 100 },    { 0, 0, 4128, 0, 0, 101 },
		{ 0, 0, 4000, 128, 0, 101 },  { 0, 0, 0, 4160, 0, 102 },
		{ 0, 0, 0, 0, 2099, 100 },    { 0, 0, 0, 0, 2100, 101 },
		{ 9, 3, 4128, 0, 2100, 132 }, { 10000000, 0, 0, 0, 0, BUDGET_COST_MAX },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct decision d = { .work = rows[i].work };

		d.request.object_count = rows[i].objects;
		d.request.signature_count = rows[i].signatures;
		d.request.bytes.len = rows[i].bytes;
		d.request.attached.len = rows[i].attached;
		assert_int_equal(tariff_price(&d), rows[i].price);
	}
}

/* A request of many objects is owed by its keys and by its maintainers, each as such, and by nobody else. */
static void test_much_is_owed(void **state)
{
	struct registry_rig *rig = *state;
	struct al_buf objects;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	says(registry_rig_ask(rig, "prev: none\n", BOB, "2"), "% receipt");
	al_buf_init(&objects, 65536);
	for (int i = 0; i < 200; i++)
		al_buf_printf(&objects, "as-set: AS-X%d\nmnt-by: ALICE-MNT\nsource: TEST\n\n", i);
	al_buf_u8(&objects, '\0');
	for (unsigned by_key = 0; by_key < 2; by_key++) {
		struct budget *budget = budget_make(10);
		struct tariff tariff = { .keys = by_key ? budget : NULL, .maintainers = by_key ? NULL : budget };
		const char *answer;

		pipeline_limit(rig->pipeline, &tariff);
		says(registry_rig_ask(rig, "prev: none\ndry-run: yes\n", (const char *)objects.ptr, "1"), "% dry run");
		assert_int_equal(budget_count(budget), 1);
		answer = registry_rig_ask(rig, "prev: none\ndry-run: yes\n", NUMBER, "1");
		says(answer, by_key ? "%ERROR: budget of key SHA256:" : "%ERROR: budget of ALICE-MNT used up: ");
		assert_true(atoi(strstr(answer, " in ") + 4) >= 60);
		says(registry_rig_ask(rig, "prev: none\ndry-run: yes\n",
				      "as-set: AS-B\nmnt-by: BOB-MNT\nsource: TEST\n", "2"),
		     "% dry run");
		assert_int_equal(budget_count(budget), 2);
		pipeline_limit(rig->pipeline, &(const struct tariff){ .keys = NULL });
		budget_free(budget);
	}
	al_buf_release(&objects);
}

static void test_the_source_gets_the_bill(void **state)
{
	struct registry_rig *rig = *state;
	struct tariff tariff = { .sources = budget_make(10), .networks = budget_make(10) };
	struct payer source = tariff_payer("192.0.2.1:4711");
	char words[TARIFF_WORDS];
	struct al_buf raw, objects;

	pipeline_limit(rig->pipeline, &tariff);
	al_buf_init(&raw, 65536);
	al_buf_init(&objects, 65536);
	al_buf_str(&objects, ALICE);
	for (int i = 0; i < 200; i++)
		al_buf_printf(&objects, "\nas-set: AS-X%d\nmnt-by: ALICE-MNT\nsource: TEST\n", i);
	al_buf_u8(&objects, '\0');
	registry_rig_request(rig, "prev: none\n", (const char *)objects.ptr, "1", &raw);
	assert_true(tariff_enter(&tariff, &source, BUDGET_REQUEST, al_now_ms(), words));
	says(registry_rig_send(rig, al_buf_view(&raw), &source), "% receipt");
	/* 201 objects: the price of about twenty requests and more, of which one was paid at the door. */
	assert_false(tariff_enter(&tariff, &source, BUDGET_QUESTION, al_now_ms(), words));
	says(words, "budget of your address used up: try again in ");
	assert_true(atoi(strstr(words, " in ") + 4) >= 60);
	/* What the hostmaster stores is given back, and what was owed with it. */
	al_buf_reset(&raw);
	registry_rig_request(rig, "prev: none\n", "as-set: AS-H\nmnt-by: HOST-MNT\nsource: TEST\n", "0", &raw);
	says(registry_rig_send(rig, al_buf_view(&raw), &source), "% receipt");
	assert_true(tariff_enter(&tariff, &source, 10 * BUDGET_REQUEST, al_now_ms(), words));
	budget_free(tariff.sources);
	budget_free(tariff.networks);
	al_buf_release(&raw);
	al_buf_release(&objects);
}

/* Many from one network share what it has, and whom it turns away has paid nothing. */
static void test_a_network_is_poor(void **state)
{
	struct tariff tariff = { .sources = budget_make(3), .networks = budget_make(3) };
	struct payer one = tariff_payer("192.0.2.1:1"), two = tariff_payer("192.0.2.2:1");
	struct payer far = tariff_payer("198.51.100.2:1");
	char words[TARIFF_WORDS];
	uint64_t now = 1000000;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(tariff_enter(&tariff, &one, BUDGET_REQUEST, now, words));
	assert_false(tariff_enter(&tariff, &one, BUDGET_REQUEST, now, words));
	says(words, "budget of your address used up: try again in ");
	for (unsigned i = 0; i < 5; i++) {
		assert_false(tariff_enter(&tariff, &two, BUDGET_REQUEST, now, words));
		says(words, "budget of your network used up: try again in ");
	}
	assert_true(tariff_enter(&tariff, &far, BUDGET_REQUEST, now, words));
	budget_free(tariff.networks);
	tariff.networks = NULL;
	for (unsigned i = 0; i < 3; i++)
		assert_true(tariff_enter(&tariff, &two, BUDGET_REQUEST, now, words));
	assert_false(tariff_enter(&tariff, &two, BUDGET_REQUEST, now, words));
	budget_free(tariff.sources);
}

/* What is no object is nobody's: the maintainers of the others pay, those who have signed. */
static void test_maintainers_pay_for_broken_requests_too(void **state)
{
	struct registry_rig *rig = *state;
	struct tariff tariff = { .maintainers = budget_make(2) };
	const struct budget_key bob = budget_of_name(AL_S("BOB-MNT"));
	static const char broken[] = "aut-num: no number\nmnt-by: ALICE-MNT\nsource: TEST\n\n" NUMBER;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	says(registry_rig_ask(rig, "prev: none\n", BOB, "2"), "% receipt");
	pipeline_limit(rig->pipeline, &tariff);
	for (int i = 0; i < 5; i++)
		does_not_say(registry_rig_ask(rig, "prev: none\n", broken, "2"), "%ERROR: budget");
	for (int i = 0; i < 2; i++)
		says(registry_rig_ask(rig, "prev: none\n", broken, "1"), "FAILED");
	says(registry_rig_ask(rig, "prev: none\n", broken, "1"), "%ERROR: budget of ALICE-MNT used up: try again in ");
	/* Bob has asked for nothing of his own yet; and one who stands in each of the objects pays once. */
	for (int i = 0; i < 2; i++)
		says(registry_rig_ask(rig, "prev: none none\ndry-run: yes\n",
				      "as-set: AS-A\nmnt-by: BOB-MNT\nsource: TEST\n\n"
				      "as-set: AS-B\nmnt-by: BOB-MNT\nsource: TEST\n",
				      "2"),
		     "% dry run");
	budget_fill(tariff.maintainers, &bob);
	says(registry_rig_ask(rig, "prev: none\ndry-run: yes\n", "as-set: AS-B\nmnt-by: BOB-MNT\nsource: TEST\n", "2"),
	     "% dry run");
	budget_free(tariff.maintainers);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_keys_pay_for_everything_but_a_repeat),
		RIG_TEST(test_nobody_pays_for_anothers_repeats),
		RIG_TEST(test_the_source_gets_the_bill),
		cmocka_unit_test(test_what_a_request_costs),
		RIG_TEST(test_much_is_owed),
		cmocka_unit_test(test_a_network_is_poor),
		RIG_TEST(test_maintainers_pay_for_broken_requests_too),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
