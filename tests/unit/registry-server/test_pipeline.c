/* SPDX-License-Identifier: MIT */
/*
 * test_pipeline.c -- a request's way and its ways out: accepted, refused, again,
 * failed storage; and what each of them leaves behind.
 */
#include <sqlite3.h>
#include <stdio.h>
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

static void tables(const struct registry_rig *rig, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(rig->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A log that cannot be read back is no state to answer from: neither at a start nor after a failed commit. */
static void test_a_log_that_makes_no_sense(void **state)
{
	struct registry_rig *rig = *state;
	struct pipeline *second = NULL;
	struct said said;
	enum al_err err;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt: index 1,");
	tables(rig, "UPDATE entry SET body = x'00' WHERE idx = 1");
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

/* Somebody else has stored an entry: this one is not the registry any more, and takes nothing. */
static void test_another_writes(void **state)
{
	struct registry_rig *rig = *state;
	struct said said;

	tables(rig, "INSERT INTO entry (idx, leaf, body) VALUES (1, zeroblob(32), x'00')");
	said_begin(&said);
	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"),
	     "%ERROR: the registry ended while the request was being stored: send the same bytes again, to it or to "
	     "the "
	     "one that has taken over\n");
	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "%ERROR: the registry cannot take requests now");
	does_not_say(said_end(&said), "event=rebuild");
	assert_true(ledger_is_fenced(rig->ledger));
}

/* What is well is not read anew; and what is still being read when it ends is told no. */
static void test_read_at_the_end(void **state)
{
	struct registry_rig *rig = *state;
	struct al_loop *loop;
	struct said said;
	struct al_buf raw;
	size_t before;

	al_buf_init(&raw, 65536);
	said_begin(&said);
	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt: index 1,");
	does_not_say(said_end(&said), "event=rebuild");
	assert_int_equal(al_loop_new(&loop), AL_OK); /* which never runs */
	assert_int_equal(pipeline_start(rig->pipeline, loop), AL_OK);
	registry_rig_request(rig, "prev: none\n", BOB, "2", &raw);
	before = rig->answers;
	pipeline_submit(rig->pipeline, al_buf_view(&raw), NULL, registry_rig_answer, rig);
	assert_int_equal(rig->answers, before);
	pipeline_free(rig->pipeline);
	rig->pipeline = NULL;
	al_loop_free(loop);
	assert_int_equal(rig->answers, before + 1);
	says(rig->answer, "%ERROR: the registry cannot take requests now");
	assert_int_equal(ledger_head(rig->ledger, NULL).size, 2);
	al_buf_release(&raw);
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
		RIG_TEST(test_another_writes),
		RIG_TEST(test_read_at_the_end),
		RIG_TEST(test_without_room),
		RIG_TEST(test_consent_waits),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
