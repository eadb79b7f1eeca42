/* SPDX-License-Identifier: MIT */
/*
 * test_closures.c -- expansions that are kept: when they are used again, and
 * which changes end that. Every row is a change and the questions it touches.
 */
#include "fixture.h"

#include "answer.h"
#include "dialogue.h"

struct talk {
	struct fixture f;
	struct whois_dialogue dialogue;
	struct whois_job job;
	struct al_buf out;
};

static void talk_init(struct talk *talk)
{
	memset(talk, 0, sizeof(*talk));
	fixture_init(&talk->f);
	fixture_puts(&talk->f, fixture_small);
	whois_job_init(&talk->job);
	al_buf_init(&talk->out, WHOIS_ANSWER_MAX);
}

static void talk_release(struct talk *talk)
{
	al_buf_release(&talk->out);
	fixture_release(&talk->f);
}

/* The answer and in how many pieces it came. */
static unsigned say(struct talk *talk, const char *line)
{
	unsigned pieces = 0;

	al_buf_reset(&talk->out);
	whois_dialogue_line(&talk->f.view, &talk->dialogue, al_slice_str(line), &talk->job, &talk->out);
	while (talk->job.kind != WHOIS_JOB_NONE) {
		(void)whois_job_run(&talk->job, &talk->out);
		pieces++;
	}
	return pieces;
}

static const struct {
	const char *change;
	const char *question;
	bool kept;        /* the answer from before the change is used again */
	const char *want; /* the data after it */
} rows[] = {
	{ "mntner: OTHER-MNT\nmnt-by: OTHER-MNT\nsource: TEST\n", "!a4AS-FISHER", true,
	  "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16" },
	{ "route: 10.7.0.0/16\norigin: AS64502\nmnt-by: A-MNT\nsource: TEST\n", "!a4AS-FISHER", true,
	  "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16" },
	/* a route of a member, more and less */
	{ "route: 10.7.0.0/16\norigin: AS64501\nmnt-by: A-MNT\nsource: TEST\n", "!a4AS-FISHER", false,
	  "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16 10.7.0.0/16" },
	{ "route: 10.7.0.0/16\norigin: AS64501\nmnt-by: A-MNT\nsource: TEST\ndelete: x\n", "!a4AS-FISHER", false,
	  "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16" },
	/* routes do not matter where AS numbers are wanted */
	{ "route: 10.7.0.0/16\norigin: AS64501\nmnt-by: A-MNT\nsource: TEST\n", "!iAS-FISHER,1", true,
	  "AS64500 AS64501" },
	/* a set two levels down, and one that did not exist */
	{ "as-set: AS-INNER\nmembers: AS64502, AS-GONE\nmnt-by: FISHER-MNT\nsource: TEST\n", "!iAS-FISHER,1", false,
	  "AS64500 AS64502" },
	{ "as-set: AS-GONE\nmembers: AS64501\nmnt-by: FISHER-MNT\nsource: TEST\n", "!iAS-FISHER,1", false,
	  "AS64500 AS64501 AS64502" },
	{ "as-set: AS-ELSEWHERE\nmembers: AS64599\nmnt-by: FISHER-MNT\nsource: TEST\n", "!iAS-FISHER,1", true,
	  "AS64500 AS64501 AS64502" },
	{ "route-set: RS-INNER\nmembers: 10.66.0.0/16\nmnt-by: FISHER-MNT\nsource: TEST\n", "!iAS-FISHER,1", true,
	  "AS64500 AS64501 AS64502" },
	/* who claims to be in it */
	{ "aut-num: AS64502\nas-name: THIRD\nmnt-by: FISHER-MNT\nmember-of: AS-OPEN\nsource: TEST\n", "!iAS-OPEN,1",
	  false, "AS64500 AS64502" },
	{ "aut-num: AS64502\nas-name: THIRD\nmnt-by: FISHER-MNT\nsource: TEST\n", "!iAS-OPEN,1", false, "AS64500" },
	{ "route6: fd00:1:7::/48\norigin: AS64500\nmnt-by: A-MNT\nmember-of: RS-REF\nsource: TEST\n", "!iRS-REF,1",
	  false, "10.1.2.0/24 10.2.0.0/16 fd00:1:7::/48" },
	{ "route: 10.7.0.0/16\norigin: AS64501\nmnt-by: A-MNT\nmember-of: RS-REF\nsource: TEST\n", "!iRS-REF,1", false,
	  "10.1.2.0/24 10.2.0.0/16 10.7.0.0/16 fd00:1:7::/48" },
	/* the set itself goes */
	{ "as-set: AS-OPEN\nmbrs-by-ref: FISHER-MNT\nmnt-by: ROOT-MNT\nsource: TEST\ndelete: x\n", "!iAS-OPEN,1", false,
	  "" },
};

static void test_invalidation(void **state)
{
	struct talk talk;
	char want[256];
	size_t i;

	(void)state;
	talk_init(&talk);
	(void)say(&talk, "!!");
	for (i = 0; i < AL_COUNT(rows); i++) {
		(void)say(&talk, rows[i].question);
		assert_int_equal(say(&talk, rows[i].question), 0);
		fixture_put(&talk.f, rows[i].change);
		if ((say(&talk, rows[i].question) == 0) != (rows[i].kept || rows[i].want[0] == '\0')) {
			print_error("%s after %s\n", rows[i].question, rows[i].change);
			fail();
		}
		(void)snprintf(want, sizeof(want), "A%zu\n%s\nC\n", strlen(rows[i].want) + 1, rows[i].want);
		al_buf_u8(&talk.out, 0);
		assert_string_equal((const char *)talk.out.ptr, rows[i].want[0] != '\0' ? want : "D\n");
	}
	talk_release(&talk);
}

/* As many as there are places, the one not asked for longest goes; an exclusion is never kept. */
static void test_bound(void **state)
{
	struct talk talk;
	char text[128];
	unsigned i;

	(void)state;
	talk_init(&talk);
	(void)say(&talk, "!!");
	for (i = 0; i <= WHOIS_CLOSURES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "as-set: AS-N%u\nmembers: AS%u\nmnt-by: A-MNT\nsource: TEST\n", i,
			       i + 1);
		fixture_put(&talk.f, text);
	}
	for (i = 0; i <= WHOIS_CLOSURES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "!iAS-N%u,1", i);
		assert_true(say(&talk, text) > 0);
		assert_int_equal(say(&talk, "!iAS-N0,1"), 0);
	}
	assert_int_equal(whois_closures_count(talk.f.closures), WHOIS_CLOSURES_MAX);
	assert_true(say(&talk, "!iAS-N1,1") > 0);
	(void)say(&talk, "!eAS-N5");
	assert_true(say(&talk, "!iAS-N0,1") > 0);
	talk_release(&talk);
}

/* A long list is written in pieces: all of it is of the state that was expanded, whatever changes meanwhile. */
static void test_change_while_written(void **state)
{
	const size_t members = 5 * WHOIS_PIECE_WORK;
	struct al_buf set;
	struct talk talk;
	unsigned pieces;
	char *whole;

	(void)state;
	talk_init(&talk);
	al_buf_init(&set, 1u << 20);
	al_buf_str(&set, "as-set: AS-LONG\nmnt-by: A-MNT\nsource: TEST\nmembers: AS1");
	for (size_t i = 2; i <= members; i++)
		al_buf_printf(&set, ", AS%zu", i);
	al_buf_put(&set, "\n", 2);
	(void)say(&talk, "!!");
	fixture_put(&talk.f, (const char *)set.ptr);
	pieces = say(&talk, "!iAS-LONG,1");
	assert_true(pieces > 5);
	whole = al_buf_take(&talk.out, NULL);
	assert_non_null(strstr(whole, " AS5000\nC\n"));
	fixture_put(&talk.f, (const char *)set.ptr); /* what was kept is not used again */
	al_buf_reset(&talk.out);
	whois_dialogue_line(&talk.f.view, &talk.dialogue, AL_S("!iAS-LONG,1"), &talk.job, &talk.out);
	while (--pieces > 1)
		assert_false(whois_job_run(&talk.job, &talk.out));
	fixture_put(&talk.f, "as-set: AS-LONG\nmembers: AS64500\nmnt-by: A-MNT\nsource: TEST\n");
	while (!whois_job_run(&talk.job, &talk.out))
		;
	assert_true(al_slice_is(al_buf_view(&talk.out), whole));
	/* Nor is it kept, for it is not of this state. */
	assert_true(say(&talk, "!iAS-LONG,1") > 0);
	assert_true(al_slice_is(al_buf_view(&talk.out), "A8\nAS64500\nC\n"));
	free(whole);
	al_buf_release(&set);
	talk_release(&talk);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_invalidation), cmocka_unit_test(test_bound),
						   cmocka_unit_test(test_change_while_written) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
