/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c -- memory runs out for a moment, at any place on the way of a request or a question: who asks is told, nothing
 * is half done, and who asks again is answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_rig.h"

#include "../memory.h"

#include "book.h"
#include "ledger/dating.h"
#include "ledger/stream_internal.h"
#include "sign/signer.h"

#define WAYS_MAX 400 /* places that one request takes */

static const char *ask_failing(struct registry_rig *rig, struct al_slice raw, unsigned fails)
{
	size_t before = rig->answers;

	memory_fails = fails;
	pipeline_submit(rig->pipeline, raw, NULL, registry_rig_answer, rig);
	registry_rig_wait(rig, before + 1);
	return rig->answer;
}

struct way {
	const char *header, *before, *behind; /* objects, if any, with the number of the try between the two */
	const char *signers, *says;
};

/* One place further each time, until there is none: in how many of the tries who asked was told. */
static unsigned requests_sweep(struct registry_rig *rig, const struct way *way)
{
	unsigned told = 0;
	bool failed = true;

	for (unsigned place = 1; failed; place++) {
		char objects[400] = "";
		struct al_buf raw;

		assert_true(place < WAYS_MAX);
		if (way->before[0] != '\0')
			(void)snprintf(objects, sizeof(objects), "%s%x%s", way->before, place, way->behind);
		al_buf_init(&raw, 65536);
		registry_rig_request(rig, way->header, objects, way->signers, &raw);
		says(ask_failing(rig, al_buf_view(&raw), place), "% end\n");
		failed = memory_fails == 0;
		memory_fails = 0;
		if (strstr(rig->answer, way->says) == NULL) {
			assert_true(failed);
			says(rig->answer, "%ERROR: ");
			does_not_say(rig->answer, "too large");
			says(ask_failing(rig, al_buf_view(&raw), 0), way->says);
			told++;
		}
		assert_int_equal(al_state_size(book_state(pipeline_book(rig->pipeline))),
				 ledger_head(rig->ledger, NULL).size);
		al_buf_release(&raw);
	}
	return told;
}

static void test_requests(void **state)
{
	static const struct way ways[] = {
		{ "prev: none\n", "as-set: AS-X", "\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", "% receipt: index " },
		{ "prev: none\n", "person: Ann\nnic-hdl: A", "-TEST\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		  "% receipt: index " },
		{ "prev: none\ndry-run: yes\n", "as-set: AS-Y", "\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		  "% dry run" },
		{ "prev: none\n", "as-set: AS-Y", "\nmnt-by: ALICE-MNT\nsource: TEST\n", "2", "(AUTH-MNT)" },
		{ "prev: none\n", "inet6num: fca1:200:", "::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n",
		  "1", "% queued: " },
	};
	struct registry_rig *rig = *state;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	for (size_t i = 0; i < AL_COUNT(ways); i++)
		assert_true(requests_sweep(rig, &ways[i]) > 2);
}

/* The same bytes again, which are answered out of the log. */
static void test_a_repeat(void **state)
{
	struct registry_rig *rig = *state;
	struct al_buf raw;
	unsigned told = 0;
	bool failed = true;

	al_buf_init(&raw, 65536);
	registry_rig_request(rig, "prev: none\n", ALICE, "1", &raw);
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% receipt: index 1,");
	for (unsigned place = 1; failed; place++) {
		(void)ask_failing(rig, al_buf_view(&raw), place);
		failed = memory_fails == 0;
		memory_fails = 0;
		told += strstr(rig->answer, "% receipt: index 1,") == NULL;
		assert_true(place < WAYS_MAX && (failed || strstr(rig->answer, "% receipt: index 1,") != NULL));
	}
	assert_true(told > 2);
	assert_int_equal(ledger_head(rig->ledger, NULL).size, 2);
	al_buf_release(&raw);
}

static void test_questions(void **state)
{
	static const char *const lines[] = {
		"queue",
		"queue 1",
		"contact ANN-TEST",
		"head",
		"show mntner ALICE-MNT",
		"queue-status 0000000000000000000000000000000000000000000000000000000000000000"
	};
	struct registry_rig *rig = *state;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	says(registry_rig_ask(rig, "prev: none\n",
			      "inet6num: fca1:200::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n", "1"),
	     "% queued: 1,");
	for (size_t i = 0; i < AL_COUNT(lines); i++) {
		char wanted[4096];
		unsigned place = 0;

		(void)snprintf(wanted, sizeof(wanted), "%.4095s", registry_rig_question(rig, lines[i]));
		do {
			memory_fails = ++place;
			(void)registry_rig_question(rig, lines[i]);
			if (strcmp(rig->answer, wanted) != 0)
				says(rig->answer, "%ERROR: ");
		} while (memory_fails == 0 && place < WAYS_MAX);
		memory_fails = 0;
		assert_string_equal(rig->answer, wanted);
		assert_int_equal(place > 2, lines[i][0] == 'q');
	}
}

/* What is asked of the registry itself. */
static void test_control(void **state)
{
	struct registry_rig *rig = *state;
	char header[200], until[AL_TIME_STRLEN];
	const struct way way = { header, "", "", "0", "(REF-MISSING)" };

	al_time_format(al_now_s() + 600, until);
	(void)snprintf(header, sizeof(header), "control: queue-refuse 7 no\nnonce: 1\nnot-after: %s\n", until);
	assert_true(requests_sweep(rig, &way) > 2);
}

/* ---- starts ---- */

static struct ledger_opts opts_of(struct registry_rig *rig)
{
	return (struct ledger_opts){ .path = rig->path, .key = &rig->key.pub, .signer = signer_local(&rig->key) };
}

/* The ledger once more, beside nobody, and all that a start makes around it. */
static enum al_err start(struct registry_rig *rig)
{
	const struct al_stream_limits limits = { .followers = 1, .per_source = 1, .reads = 1 };
	const struct ledger_opts opts = opts_of(rig);
	struct pipeline *pipeline = NULL;
	struct stream *stream = NULL;
	struct dating *dating = NULL;
	struct ledger *ledger;
	enum al_err err = ledger_open(&opts, &ledger);

	if (err != AL_OK)
		return err;
	err = pipeline_new(ledger, RIG_NS, &pipeline);
	if (err == AL_OK)
		err = pipeline_start(pipeline, rig->loop);
	if (err == AL_OK)
		err = stream_open(rig->loop, &limits, ledger, &stream);
	if (err == AL_OK)
		err = dating_new(rig->loop, ledger, 60, NULL, NULL, &dating);
	if (err == AL_OK && ledger_head(ledger, NULL).size != 2)
		err = AL_EINVAL;
	dating_free(dating);
	stream_free(stream);
	ledger_close(ledger);
	pipeline_free(pipeline);
	return err;
}

/* It says so, leaves nothing open, and the next start is as any other. */
static void test_starts(void **state)
{
	struct registry_rig *rig = *state;
	const struct ledger_opts opts = opts_of(rig);
	unsigned place = 0, told = 0;
	enum al_err err;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	ledger_close(rig->ledger);
	do {
		memory_fails = ++place;
		err = start(rig);
		if (memory_fails == 0 && err != AL_OK) {
			assert_int_equal(err, AL_ENOMEM);
			told++;
		}
	} while (memory_fails == 0);
	memory_fails = 0;
	assert_int_equal(err, AL_OK);
	assert_true(told > 5);
	assert_int_equal(ledger_open(&opts, &rig->ledger), AL_OK); /* for the rig to close */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_requests), RIG_TEST(test_a_repeat), RIG_TEST(test_questions),
		RIG_TEST(test_control),  RIG_TEST(test_starts),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
