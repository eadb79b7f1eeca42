/* SPDX-License-Identifier: MIT */
/*
 * test_tariff.c -- what a request costs, and who pays: sources and their networks, keys, maintainers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_rig.h"

#include "../metric.h"

#include "book.h"

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

/* ---- alone, by a clock of the test's own ---- */

#define NOW 1000000u

/* What of the minute is left to `key`, in hundredths of a request. */
static unsigned left(struct budget *budget, const struct budget_key *key)
{
	unsigned cost = 0;
	uint64_t wait_s;

	while (budget_take(budget, key, 1, NOW, &wait_s))
		cost++;
	return cost;
}

/* Who asks for much pays for it: a hundredth for each 4096 bytes, by its address and by its network. */
static void test_answers_are_paid(void **state)
{
	static const struct {
		size_t bytes;
		unsigned left;
	} rows[] = { { 0, 100 }, { 4095, 100 }, { 4096, 99 }, { 8191, 99 }, { 409600, 0 } };
	const struct payer payer = tariff_payer("192.0.2.1:1");

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct tariff sources = { .sources = budget_make(1) }, networks = { .networks = budget_make(1) };

		tariff_answered(&sources, &payer, rows[i].bytes, NOW);
		tariff_answered(&networks, &payer, rows[i].bytes, NOW);
		assert_int_equal(left(sources.sources, &payer.source), rows[i].left);
		assert_int_equal(left(networks.networks, &payer.network), rows[i].left);
		budget_free(sources.sources);
		budget_free(networks.networks);
	}
}

static void key_make(struct decision *d, uint8_t number)
{
	memset(d->keys[d->key_count++].pk, number, sizeof(d->keys[0].pk));
}

/* As many keys as a request has room for: each of them pays, or none; and who cannot is named. */
static void test_each_key_pays(void **state)
{
	struct tariff tariff = { .keys = budget_make(2) };
	struct decision *d = decision_new();
	struct budget_key key;
	char words[TARIFF_WORDS], wanted[TARIFF_WORDS], fingerprint[AL_SSH_FINGERPRINT_LEN];

	(void)state;
	assert_non_null(d);
	for (uint8_t i = 0; i < AL_REQUEST_SIGNATURES_MAX; i++)
		key_make(d, i);
	assert_true(tariff_keys(&tariff, d, BUDGET_REQUEST, NOW, words));
	assert_int_equal(budget_count(tariff.keys), AL_REQUEST_SIGNATURES_MAX);
	d->request.object_count = 9; /* ten hundredths more than were paid */
	assert_true(tariff_judged(&tariff, NULL, true, d, NULL, NOW, words));
	for (size_t i = 0; i < AL_REQUEST_SIGNATURES_MAX; i += 2) {
		key = budget_of_sshkey(&d->keys[i]);
		assert_int_equal(left(tariff.keys, &key), 90);
	}
	al_sshkey_fingerprint(&d->keys[0], fingerprint);
	(void)snprintf(wanted, sizeof(wanted), "budget of key %s used up: try again in 30 s", fingerprint);
	assert_false(tariff_keys(&tariff, d, BUDGET_REQUEST, NOW, words));
	assert_string_equal(words, wanted);
	decision_free(d);
	budget_free(tariff.keys);
}

/* What it turned out to cost beyond the entrance is for whoever sent it, to the hundredth. */
static void test_the_rest_is_owed(void **state)
{
	struct tariff tariff = { .sources = budget_make(1), .networks = budget_make(2) };
	const struct payer payer = tariff_payer("192.0.2.1:1");
	struct decision *d = decision_new();
	char words[TARIFF_WORDS];

	(void)state;
	assert_non_null(d);
	d->request.object_count = 9;
	assert_true(tariff_judged(&tariff, &payer, false, d, NULL, NOW, words));
	assert_int_equal(left(tariff.sources, &payer.source), 90);
	assert_int_equal(left(tariff.networks, &payer.network), 190);
	decision_free(d);
	budget_free(tariff.sources);
	budget_free(tariff.networks);
}

/* Each kind of budget that is used up is counted, once a request, and the others are shown beside it. */
static void test_the_unpaid_are_counted(void **state)
{
	static const char *const names[] = { "alamo_registry_unpaid_total{budget=\"source\"}",
					     "alamo_registry_unpaid_total{budget=\"network\"}",
					     "alamo_registry_unpaid_total{budget=\"key\"}",
					     "alamo_registry_unpaid_total{budget=\"maintainer\"}" };
	struct tariff tariff = { .networks = budget_make(1) };
	const struct payer payer = tariff_payer("192.0.2.1:1");
	uint64_t before[AL_COUNT(names)];
	char words[TARIFF_WORDS];

	(void)state;
	assert_true(tariff_enter(&tariff, &payer, BUDGET_REQUEST, NOW, words));
	for (unsigned i = 0; i < 2; i++) {
		assert_false(tariff_enter(&tariff, &payer, BUDGET_REQUEST, NOW, words));
		for (size_t j = 0; j < AL_COUNT(names); j++) {
			uint64_t now = metric(names[j]);

			assert_true(now != UINT64_MAX);
			if (i > 0)
				assert_int_equal(now, before[j] + (j == 1));
			before[j] = now;
		}
	}
	assert_string_equal(words, "budget of your network used up: try again in 60 s");
	budget_free(tariff.networks);
}

/* ---- maintainers ---- */

#define MANY 18 /* more than are asked for one request */

static void maintainers_found(struct registry_rig *rig)
{
	struct al_buf objects, header;

	al_buf_init(&objects, 65536);
	al_buf_init(&header, 65536);
	al_buf_str(&header, "prev:");
	for (unsigned i = 0; i < MANY; i++) {
		al_buf_printf(&objects, "%smntner: M%u-MNT\nauth: @1@\nmnt-by: M%u-MNT\nsource: TEST\n",
			      i > 0 ? "\n" : "", i, i);
		al_buf_str(&header, " none");
	}
	al_buf_str(&header, "\n");
	al_buf_u8(&header, '\0');
	al_buf_u8(&objects, '\0');
	says(registry_rig_ask(rig, (const char *)header.ptr, (const char *)objects.ptr, "1"), "% receipt: index 1,");
	al_buf_release(&header);
	al_buf_release(&objects);
}

/* A set of each of `count` maintainers, three of them at once and then the others one by one. */
static struct decision *decision_of(struct registry_rig *rig, unsigned count)
{
	struct book *book = pipeline_book(rig->pipeline);
	struct decision *d = decision_new();
	struct al_buf objects, raw;

	assert_non_null(d);
	al_buf_init(&objects, 65536);
	al_buf_init(&raw, 65536);
	al_buf_str(&objects, "as-set: AS-MANY\nmnt-by: M0-MNT, M1-MNT, M2-MNT\n");
	for (unsigned i = 2; i < count; i++)
		al_buf_printf(&objects, "mnt-by: M%u-MNT\n", i);
	al_buf_str(&objects, "source: TEST\n");
	al_buf_u8(&objects, '\0');
	registry_rig_request(rig, "prev: none\n", (const char *)objects.ptr, "1", &raw);
	assert_int_equal(decision_read(d, al_buf_view(&raw), RIG_NS), AL_OK);
	assert_int_equal(decision_judge(d, book_state(book), book_space(book), al_now_s()), AL_OK);
	assert_true(d->accepted);
	al_buf_release(&objects);
	al_buf_release(&raw);
	return d;
}

/* Everybody in whose name it is asked pays all of it; a bounded number of them is asked. */
static void test_each_maintainer_pays(void **state)
{
	struct registry_rig *rig = *state;
	const struct al_state *log = book_state(pipeline_book(rig->pipeline));
	struct budget_key first = budget_of_name(AL_S("M0-MNT")), last = budget_of_name(AL_S("M3-MNT"));
	struct tariff tariff = { .maintainers = budget_make(2) };
	char words[TARIFF_WORDS];
	struct decision *d;

	maintainers_found(rig);
	d = decision_of(rig, 4);
	d->work = 3000; /* ten hundredths more than the entrance */
	assert_int_equal(tariff_price(d), BUDGET_REQUEST + 10);
	assert_true(tariff_judged(&tariff, NULL, true, d, log, NOW, words));
	assert_int_equal(budget_count(tariff.maintainers), 4);
	assert_int_equal(left(tariff.maintainers, &last), 90);
	budget_fill(tariff.maintainers, &last);
	assert_int_equal(left(tariff.maintainers, &first), 90);
	assert_false(tariff_judged(&tariff, NULL, true, d, log, NOW, words));
	/* It owes for this one too, and nobody has paid for it. */
	assert_string_equal(words, "budget of M0-MNT used up: try again in 30 s");
	assert_int_equal(left(tariff.maintainers, &last), 190);
	decision_free(d);
	budget_free(tariff.maintainers);
}

static void test_so_many_maintainers_are_asked(void **state)
{
	struct registry_rig *rig = *state;
	const struct al_state *log = book_state(pipeline_book(rig->pipeline));
	struct tariff tariff = { .maintainers = budget_make(2) };
	char words[TARIFF_WORDS];
	struct decision *d;
	struct al_buf who;

	maintainers_found(rig);
	d = decision_of(rig, MANY);
	assert_true(tariff_judged(&tariff, NULL, true, d, log, NOW, words));
	assert_int_equal(budget_count(tariff.maintainers), 16);
	al_buf_init(&who, 65536);
	tariff_who(NULL, d, log, &who);
	al_buf_u8(&who, '\0');
	assert_ptr_equal(strstr((const char *)who.ptr, "key=SHA256:"), who.ptr);
	says((const char *)who.ptr, " mntner=M0-MNT mntner=M1-MNT mntner=M2-MNT mntner=M3-MNT ");
	says((const char *)who.ptr, " mntner=M15-MNT ");
	does_not_say((const char *)who.ptr, "M16-MNT");
	al_buf_release(&who);
	decision_free(d);
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
		cmocka_unit_test(test_answers_are_paid),
		cmocka_unit_test(test_each_key_pays),
		cmocka_unit_test(test_the_rest_is_owed),
		cmocka_unit_test(test_the_unpaid_are_counted),
		RIG_TEST(test_each_maintainer_pays),
		RIG_TEST(test_so_many_maintainers_are_asked),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
