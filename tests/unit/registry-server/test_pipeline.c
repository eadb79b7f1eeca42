/* SPDX-License-Identifier: MIT */
/*
 * test_pipeline.c -- a request's way and its ways out: accepted, refused, again,
 * failed storage, what it costs; and what each of them leaves behind.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_rig.h"

#include "../metric.h"
#include "../said.h"

#define NUMBER "aut-num: AUTO-1\nas-name: X-AS\nmnt-by: ALICE-MNT\nsource: TEST\n"
#define BLOCK "inet6num: AUTO-2/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n"

static void test_accepted_and_again(void **state)
{
	struct registry_rig *rig = *state;
	struct al_buf raw;
	uint64_t again;

	al_buf_init(&raw, 65536);
	registry_rig_request(rig, "prev: none\n", ALICE, "1", &raw);
	says(registry_rig_send(rig, al_buf_view(&raw), NULL),
	     "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	(void)registry_rig_send(rig, al_buf_view(&raw), NULL);
	again = metric("alamo_registry_requests_repeated_total");
	/* The first answer again, whoever sends it, and no entry more. */
	says(registry_rig_send(rig, al_buf_view(&raw), NULL),
	     "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	assert_int_equal(ledger_head(rig->ledger, NULL).size, 2);
	assert_int_equal(metric("alamo_registry_requests_repeated_total"), again + 1);
	al_buf_release(&raw);
}

/* What AUTO took for a request that came to nothing is free again, in numbers and in blocks. */
static void test_nothing_is_left_of_what_is_refused(void **state)
{
	struct registry_rig *rig = *state;
	const char *const headers[] = { "prev: none\ndry-run: yes\n", "prev: none\n" };
	const char *const signers[] = { "1", "2" };

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	for (size_t i = 0; i < AL_COUNT(headers); i++) {
		const char *answer = registry_rig_ask(rig, headers[i], NUMBER "\n" BLOCK, signers[i]);

		does_not_say(answer, "% receipt");
		says(answer, i == 0 ? "AS4252660110" : "AUTH-MNT");
		says(registry_rig_question(rig, "free asn"), "AS4252660110\n");
		says(registry_rig_question(rig, "free 48"), "fca1:100::/48\n");
	}
	says(registry_rig_ask(rig, "prev: none\n", NUMBER "\n" BLOCK, "1"), "[aut-num] AS4252660110");
	says(registry_rig_question(rig, "free asn"), "AS4252660111\n");
	says(registry_rig_question(rig, "free 48"), "fca1:100:1::/48\n");
}

/* Each object by what was done with it, and at the end what became of them all. */
static void test_what_is_said(void **state)
{
	static const struct {
		const char *header, *objects, *signers, *says, *ends;
	} rows[] = {
		{ "prev: 1\n", ALICE, "1", "\n  No operation SUCCEEDED: [mntner] ALICE-MNT\n",
		  "% nothing was changed\n" },
		{ "prev: none\ndry-run: yes\n", NUMBER, "1", "\n  Create SUCCEEDED: [aut-num] AS4252660110\n",
		  "% dry run: nothing was changed\n" },
		{ "prev: none\ndry-run: yes\n", NUMBER, "2", "\n  Create FAILED: [aut-num] ",
		  "\n\n% nothing was changed\n" },
		{ "prev: none none\n", BOB "\n" NUMBER, "2",
		  "\n  Create HELD: [mntner] BOB-MNT\n  Create FAILED: [aut-num] ", "\n\n% nothing was changed\n" },
		{ "prev: 1\n", "mntner: ALICE-MNT\nauth: @1@\nauth: @2@\nmnt-by: ALICE-MNT\nsource: TEST\n", "3",
		  "\n  Modify FAILED: [mntner] ALICE-MNT\n", "\n\n% nothing was changed\n" },
		{ "prev: 1\n", "mntner: ALICE-MNT\nauth: @1@\nauth: @2@\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		  "\n  Modify SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 2,", "\n" },
		{ "prev: 2\n",
		  "mntner: ALICE-MNT\nauth: @1@\nauth: @2@\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: done\n", "2",
		  "\n  Delete SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 3,", "\n" },
	};
	struct registry_rig *rig = *state;
	char end[64];

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt: index 1,");
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		(void)snprintf(end, sizeof(end), "%s%% end\n", rows[i].ends);
		says(registry_rig_ask(rig, rows[i].header, rows[i].objects, rows[i].signers), rows[i].says);
		says(rig->answer, "SUMMARY OF UPDATE: r");
		assert_true(al_slice_ends(al_slice_str(rig->answer), end));
	}
}

/* Each request counts as what became of it, and once. */
static void test_counted(void **state)
{
	static const struct {
		const char *header, *objects, *signers;
		uint64_t accepted, refused, queued, entries;
	} rows[] = {
		{ "prev: none\n", ALICE, "1", 1, 0, 0, 1 },
		{ "prev: none\ndry-run: yes\n", NUMBER, "1", 0, 0, 0, 0 },
		{ "prev: none\n", NUMBER, "2", 0, 1, 0, 0 },
		{ "prev: none\ndry-run: yes\n", NUMBER, "2", 0, 1, 0, 0 },
		{ "prev: none\n", "inet6num: AUTO-1/48\nfrom: fca1:200::/24\n", "1", 0, 1, 0, 0 },
		{ "prev: none\n", "inet6num: fca1:200::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", 0,
		  0, 1, 0 },
		{ "prev: none\n", NUMBER, "1", 1, 0, 0, 1 },
	};
	static const char *const names[] = { "alamo_registry_requests_accepted_total",
					     "alamo_registry_requests_refused_total",
					     "alamo_registry_requests_queued_total", "alamo_registry_log_entries" };
	struct registry_rig *rig = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const uint64_t more[] = { rows[i].accepted, rows[i].refused, rows[i].queued, rows[i].entries };
		uint64_t before[AL_COUNT(names)];

		for (size_t j = 0; j < AL_COUNT(names); j++)
			before[j] = metric(names[j]) != UINT64_MAX ? metric(names[j]) : 0;
		(void)registry_rig_ask(rig, rows[i].header, rows[i].objects, rows[i].signers);
		for (size_t j = 0; j < AL_COUNT(names); j++)
			if (before[j] + more[j] != (metric(names[j]) != UINT64_MAX ? metric(names[j]) : 0))
				fail_msg("%s of request %zu: %s", names[j], i, rig->answer);
	}
	assert_int_equal(metric("alamo_registry_log_entries"), 3);
}

static void test_a_failed_commit_leaves_what_is_durable(void **state)
{
	struct registry_rig *rig = *state;
	struct al_buf raw[3];
	struct said said;
	size_t before;

	for (size_t i = 0; i < AL_COUNT(raw); i++)
		al_buf_init(&raw[i], 65536);
	registry_rig_request(rig, "prev: none\n", ALICE, "1", &raw[0]);
	for (unsigned i = 0; i < 2; i++) /* and a repeat, which is over when it is answered */
		says(registry_rig_send(rig, al_buf_view(&raw[0]), NULL), "% receipt: index 1,");
	al_buf_reset(&raw[0]);
	registry_rig_request(rig, "prev: none\n", NUMBER, "1", &raw[0]);
	registry_rig_request(rig, "prev: none\n", BOB, "2", &raw[1]);
	registry_rig_request(rig, "prev: 1\n",
			     "mntner: ALICE-MNT\nauth: @1@\nauth: @2@\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
			     &raw[2]);
	said_begin(&said);
	rig->failing = true;
	rig->holding = true; /* all are decided, each on top of the one before it, while the first is being written */
	before = rig->answers;
	for (size_t i = 0; i < AL_COUNT(raw); i++)
		pipeline_submit(rig->pipeline, al_buf_view(&raw[i]), NULL, registry_rig_answer, rig);
	assert_int_equal(rig->answers, before);
	rig->holding = false;
	for (size_t i = 1; i <= AL_COUNT(raw); i++) {
		registry_rig_wait(rig, before + i);
		says(rig->answer, "storage failed: the request was NOT stored");
	}
	assert_int_equal(ledger_head(rig->ledger, NULL).size, 2);
	says(said_end(&said), "warn alamo event=rebuild size=2\n");
	assert_int_equal(metric("alamo_registry_log_entries"), 2);
	/* Of none of it anything is known any more, and the same bytes are new. */
	says(registry_rig_question(rig, "free asn"), "AS4252660110\n");
	says(registry_rig_question(rig, "prev mntner BOB-MNT"), "prev: none\n");
	says(registry_rig_question(rig, "prev mntner ALICE-MNT"), "prev: 1\n");
	rig->failing = false;
	for (size_t i = 0; i < AL_COUNT(raw); i++)
		says(registry_rig_send(rig, al_buf_view(&raw[i]), NULL), "% receipt: index ");
	assert_int_equal(ledger_head(rig->ledger, NULL).size, 5);
	for (size_t i = 0; i < AL_COUNT(raw); i++)
		al_buf_release(&raw[i]);
}

/* Beside the rig's own answer. */
struct noted {
	struct registry_rig *rig;
	struct al_buf text;
};

static void note_answer(void *arg, struct al_slice answer)
{
	struct noted *noted = arg;

	al_buf_slice(&noted->text, answer);
	al_loop_stop(noted->rig->loop);
}

static void stop_loop(void *arg)
{
	al_loop_stop(arg);
}

/* The same bytes again, while the first are being stored in vain: neither is stored, and it goes on. */
static void test_a_repeat_of_what_fails(void **state)
{
	struct registry_rig *rig = *state;
	struct noted second = { .rig = rig };
	struct al_buf raw;
	size_t before = rig->answers;

	al_buf_init(&raw, 65536);
	al_buf_init(&second.text, 65536);
	registry_rig_request(rig, "prev: none\n", ALICE, "1", &raw);
	rig->failing = rig->holding = true;
	pipeline_submit(rig->pipeline, al_buf_view(&raw), NULL, registry_rig_answer, rig);
	pipeline_submit(rig->pipeline, al_buf_view(&raw), NULL, note_answer, &second);
	pipeline_after(rig->pipeline, stop_loop, rig->loop); /* both are read */
	al_loop_run(rig->loop);
	rig->holding = false;
	registry_rig_wait(rig, before + 1);
	says(rig->answer, "storage failed: the request was NOT stored");
	while (second.text.len == 0)
		al_loop_run(rig->loop);
	al_buf_u8(&second.text, 0);
	says((const char *)second.text.ptr, "%ERROR: the entry is not durable yet: send the same bytes again later");
	rig->failing = false;
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% receipt: index 1,");
	al_buf_release(&raw);
	al_buf_release(&second.text);
}

/* A log that cannot be read back is no state to answer from: neither at a start nor after a failed commit. */
static void test_a_log_that_makes_no_sense(void **state)
{
	struct registry_rig *rig = *state;
	struct pipeline *second = NULL;
	struct said said;
	enum al_err err;
	sqlite3 *db;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt: index 1,");
	assert_int_equal(sqlite3_open(rig->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE entry SET body = x'00' WHERE idx = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	said_begin(&said);
	err = pipeline_new(rig->ledger, RIG_NS, &second);
	says(said_end(&said), "error alamo event=ledger-apply index=1 error=");
	assert_int_not_equal(err, AL_OK);
	assert_null(second);
	rig->failing = true;
	said_begin(&said);
	(void)registry_rig_ask(rig, "prev: none\n", BOB, "2");
	says(said_end(&said), "event=rebuild the ledger cannot be read back: every request is refused\n");
	rig->failing = false;
	for (unsigned i = 0; i < 2; i++)
		does_not_say(registry_rig_ask(rig, "prev: none\n", BOB, "2"), "% receipt");
	says(registry_rig_question(rig, "free asn"), "%ERROR: the registry cannot read its log: ask again later\n");
	assert_int_equal(ledger_head(rig->ledger, NULL).size, 2);
}

/* ---- what it costs ---- */

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

static void test_without_room(void **state)
{
	struct registry_rig *rig = *state;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	pipeline_full(rig->pipeline, "no room: nothing was stored");
	for (unsigned i = 0; i < 3; i++) { /* each time that, and nothing of the answers before */
		says(registry_rig_ask(rig, "prev: none\n", NUMBER, "1"), "%ERROR: no room: nothing was stored");
		assert_ptr_equal(strstr(rig->answer, "%ERROR"), rig->answer);
		assert_null(strstr(rig->answer + 1, "%ERROR"));
	}
	says(registry_rig_ask(rig, "prev: none\n",
			      "inet6num: fca1:200::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n", "1"),
	     "%ERROR: no room");
	says(registry_rig_ask(rig, "prev: none\ndry-run: yes\n", NUMBER, "1"), "% dry run");
	says(registry_rig_question(rig, "free asn"), "AS4252660110\n");
	pipeline_full(rig->pipeline, NULL);
	says(registry_rig_ask(rig, "prev: none\n", NUMBER, "1"), "% receipt");
}

static void test_consent_waits(void **state)
{
	struct registry_rig *rig = *state;
	const char *const wanted = "inet6num: fca1:200:7::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n";

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	says(registry_rig_ask(rig, "prev: none\n", wanted, "1"), "% queued: 1, the hostmaster decides");
	says(registry_rig_ask(rig, "prev: none\nnonce: 2\n", wanted, "1"), "% queued: 1, the hostmaster decides");
	says(rig->answer, "the same was asked for before");
	/* A dry run asks nobody, and what lacks more than consent is refused. */
	does_not_say(registry_rig_ask(rig, "prev: none\ndry-run: yes\n", wanted, "1"), "queued");
	does_not_say(registry_rig_ask(rig, "prev: 3\n", wanted, "1"), "queued");
	says(registry_rig_ask(rig, "prev: none\n", wanted, "10"), "% receipt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_accepted_and_again),
		RIG_TEST(test_what_is_said),
		RIG_TEST(test_counted),
		RIG_TEST(test_a_repeat_of_what_fails),
		RIG_TEST(test_a_log_that_makes_no_sense),
		RIG_TEST(test_nothing_is_left_of_what_is_refused),
		RIG_TEST(test_a_failed_commit_leaves_what_is_durable),
		RIG_TEST(test_keys_pay_for_everything_but_a_repeat),
		RIG_TEST(test_nobody_pays_for_anothers_repeats),
		RIG_TEST(test_the_source_gets_the_bill),
		cmocka_unit_test(test_what_a_request_costs),
		RIG_TEST(test_much_is_owed),
		cmocka_unit_test(test_a_network_is_poor),
		RIG_TEST(test_maintainers_pay_for_broken_requests_too),
		RIG_TEST(test_without_room),
		RIG_TEST(test_consent_waits),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
