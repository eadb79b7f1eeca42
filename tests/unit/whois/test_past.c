/* SPDX-License-Identifier: MIT */
/*
 * test_past.c -- what is said of the past is what was said then, byte for byte, whatever was asked before and by whom.
 */
#include "golden.h"

#include "answer.h"
#include "dialogue.h"

#define SIZES_MAX 128
#define PIECES_MAX 4096

static const char *const questions[] = {
	"AS64500",    "-M 10.0.0.0/8",        "-L 10.1.2.3/32", "-i mnt-by FISHER-MNT",    "-i pn NOC-TEST",
	"-b AS64501", "-T route 10.1.2.0/24", "fisher.test",    "why 10.4.0.0/16 AS64502", "-K -i member-of AS-OPEN",
	"TEST",       "-x 10.3.9.0/24",
};

static const char *const commands[] = {
	"!gAS64500",          "!6AS64501",         "!iAS-FISHER",     "!iAS-FISHER,1",
	"!aAS-FISHER",        "!a4RS-MIX",         "!r10.1.2.0/24,o", "!r10.0.0.0/8,M",
	"!oFISHER-MNT",       "!maut-num,AS64500", "!r10.1.2.0/24,L", "!mperson,FISHER-TEST",
	"!mas-set,AS-FISHER",
};

static char *said[SIZES_MAX + 1][AL_COUNT(questions)];
static char *told[SIZES_MAX + 1][AL_COUNT(commands)];

static char *ask(const char *line, struct whois_dialogue *dialogue, struct whois_job *job, unsigned *pieces)
{
	struct al_buf answer;

	al_buf_init(&answer, WHOIS_ANSWER_MAX);
	whois_dialogue_line(&golden.f.view, dialogue, al_slice_str(line), job, &answer);
	*pieces = 1;
	while (!whois_job_run(job, &answer) && *pieces < PIECES_MAX)
		++*pieces;
	assert_in_range(*pieces, 1, PIECES_MAX - 1);
	whois_job_release(job);
	assert_int_equal(answer.err, AL_OK);
	return al_buf_take(&answer, NULL);
}

static char *say(const char *line, struct whois_dialogue *dialogue)
{
	struct whois_job job;
	unsigned pieces;

	whois_job_init(&job);
	return ask(line, dialogue, &job, &pieces);
}

static char *answer_of(const char *line)
{
	struct whois_dialogue dialogue = { 0 };

	return say(line, &dialogue);
}

static void remember(void)
{
	uint64_t size = al_state_size(golden.f.state);

	assert_in_range(size, 1, SIZES_MAX);
	golden.f.view.head.root = al_edge_root(&golden.edge);
	for (size_t q = 0; q < AL_COUNT(questions); q++)
		said[size][q] = answer_of(questions[q]);
	for (size_t q = 0; q < AL_COUNT(commands); q++)
		told[size][q] = answer_of(commands[q]);
}

/* Without the line that says of when it is, and its empty line. */
static void cut_moment(char *text, uint64_t size)
{
	char *at = strstr(text, "% The registry as it was at size "), *end, want[64];

	assert_non_null(at);
	(void)snprintf(want, sizeof(want), "%% The registry as it was at size %llu of", (unsigned long long)size);
	assert_int_equal(strncmp(at, want, strlen(want)), 0);
	end = strstr(at, "\n\n");
	assert_non_null(end);
	memmove(at, end + 2, strlen(end + 2) + 1);
}

static void check(uint64_t size, size_t q)
{
	char line[128], *now;

	(void)snprintf(line, sizeof(line), "--at %llu %s", (unsigned long long)size, questions[q]);
	now = answer_of(line);
	cut_moment(now, size);
	assert_string_equal(now, said[size][q]);
	free(now);
}

static int setup(void **state)
{
	(void)state;
	golden_open();
	golden_put_file_then(TEST_DATA "/golden/whois/registry.rpsl", remember);
	golden_put_file_then(TEST_DATA "/golden/pages/registry.rpsl", remember);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t size = 0; size <= SIZES_MAX; size++) {
		for (size_t q = 0; q < AL_COUNT(questions); q++)
			free(said[size][q]);
		for (size_t q = 0; q < AL_COUNT(commands); q++)
			free(told[size][q]);
	}
	golden_release();
	return 0;
}

static void test_as_it_was(void **state)
{
	uint64_t last = al_state_size(golden.f.state);

	(void)state;
	assert_true(last > 50);
	/* Before its second entry the log has no name, and answers of the present would say so in their first line. */
	for (uint64_t size = 2; size <= last; size++)
		for (size_t q = 0; q < AL_COUNT(questions); q++)
			check(size, q);
	for (uint64_t size = last; size > 8; size -= 7)
		for (size_t q = 0; q < AL_COUNT(questions); q++)
			check(size, q);
}

static void check_line(struct whois_dialogue *dialogue, const char *line, const char *want)
{
	char *answer = say(line, dialogue);

	assert_string_equal(answer, want);
	free(answer);
}

/* The size and root that stand under the answers of then. */
static void check_moment(const char *moment, uint64_t size)
{
	char want[64], *foot = strstr(said[size][0], "% log ");
	unsigned long long len;
	const char *data;

	assert_non_null(foot);
	assert_int_equal(sscanf(moment, "A%llu\n", &len), 1);
	data = strchr(moment, '\n') + 1;
	assert_string_equal(data + len, "C\n");
	(void)snprintf(want, sizeof(want), "%llu ", (unsigned long long)size);
	assert_memory_equal(data, want, strlen(want));
	assert_memory_equal(data, foot + strlen("% log "), strcspn(foot, "\n") - strlen("% log "));
}

/* Commands of a connection that went back say what they said then, until it comes forward again. */
static void test_commands(void **state)
{
	uint64_t last = al_state_size(golden.f.state);
	struct whois_dialogue dialogue = { 0 };

	(void)state;
	free(say("!!", &dialogue));
	for (uint64_t size = last; size >= 2; size -= size > 2 && size < 5 ? 1 : 3) {
		char line[32], *moment, *again;

		(void)snprintf(line, sizeof(line), "!at %llu", (unsigned long long)size);
		moment = say(line, &dialogue);
		check_moment(moment, size);
		for (size_t q = 0; q < AL_COUNT(commands); q++)
			check_line(&dialogue, commands[q], told[size][q]);
		again = say("!at-lc", &dialogue);
		assert_string_equal(again, moment);
		assert_false(dialogue.closing);
		free(again);
		free(moment);
		if (size == 2)
			break;
	}
	check_line(&dialogue, "!at", "C\n");
	check_line(&dialogue, "!at-lc", "C\n");
	check_line(&dialogue, "!gAS64500", told[last][0]);
}

/* What is no moment of the log leaves the connection where it was; what is no look-up is of the present. */
static void test_commands_refused(void **state)
{
	struct whois_dialogue dialogue = { 0 };
	const struct whois_view whole = golden.f.view;
	char *now = say("!j-*", &dialogue);

	(void)state;
	free(say("!at 18", &dialogue));
	check_line(&dialogue, "!at 0", "F no such moment of the log: 0\n");
	check_line(&dialogue, "!at 9999", "F no such moment of the log: 9999\n");
	check_line(&dialogue, "!at 1999-01-01", "F no such moment of the log: 1999-01-01\n");
	check_line(&dialogue, "!at yesterday", "F no such moment of the log: yesterday\n");
	check_line(&dialogue, "!attic", "D\n");
	check_line(&dialogue, "!gAS64500", told[18][0]);
	check_line(&dialogue, "!j-*", now);
	golden.f.view.past = NULL;
	check_line(&dialogue, "!at 5", "F option not supported here: 5\n");
	golden.f.view = whole;
	free(now);
}

/* An expansion reads on in the state that it was begun in: others wait, until it is done or given up. */
static void test_kept(void **state)
{
	struct whois_dialogue dialogue = { 0 };
	struct whois_job job;
	struct whois_view then;
	struct al_buf answer;
	int other;

	(void)state;
	free(say("!at 40", &dialogue));
	al_buf_init(&answer, WHOIS_ANSWER_MAX);
	for (unsigned pieces = 0; pieces < 2; pieces++) {
		whois_job_init(&job);
		whois_dialogue_line(&golden.f.view, &dialogue, AL_S("!iAS-FISHER,1"), &job, &answer);
		while (job.kind == WHOIS_JOB_PAST)
			assert_false(whois_job_run(&job, &answer));
		assert_int_equal(job.kind, WHOIS_JOB_SET);
		for (unsigned s = 0; s < WHOIS_PAST_KEEP_S; s++)
			whois_past_tick(golden.past);
		assert_int_equal(whois_past_step(golden.past, &golden.f.view, 5, &other, &then), AL_EAGAIN);
		if (pieces == 1)
			while (!whois_job_run(&job, &answer))
				;
		whois_job_release(&job);
		assert_int_equal(whois_past_step(golden.past, &golden.f.view, 5, &other, &then), AL_OK);
		whois_past_done(golden.past);
	}
	assert_string_equal((al_buf_u8(&answer, 0), answer.ptr), told[40][3]);
	al_buf_release(&answer);
}

/* By time: an entry counts from its second on, and a day to its end. */
static void test_dates(void **state)
{
	char *one, *other;

	(void)state;
	one = answer_of("--at 2025-12-01T00:00:17Z -i mnt-by FISHER-MNT");
	other = answer_of("--at 18 -i mnt-by FISHER-MNT");
	assert_string_equal(one, other);
	free(one);
	free(other);
	one = answer_of("--at 2025-12-01 AS64500");
	assert_non_null(strstr(one, "% The registry as it was at size 63 of"));
	free(one);
}

/* Who is on his way is not disturbed, and who gives up leaves it to the next. */
static void test_two(void **state)
{
	struct whois_past *past = golden.past;
	struct whois_view then;
	int one, other;

	(void)state;
	for (uint64_t i = al_state_size(golden.f.state); i < 3 * WHOIS_PAST_PIECE; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "mntner: M%llu-MNT\nmnt-by: ROOT-MNT\nsource: TEST\n",
			       (unsigned long long)i);
		golden_put(text);
	}
	assert_int_equal(whois_past_step(past, &golden.f.view, 1, &one, &then), AL_OK);
	/* Nobody moves it while one looks at it. */
	assert_int_equal(whois_past_step(past, &golden.f.view, 2, &other, &then), AL_EAGAIN);
	assert_int_equal(then.head.size, 1);
	whois_past_done(past);
	assert_int_equal(whois_past_step(past, &golden.f.view, 2 * WHOIS_PAST_PIECE, &one, &then), AL_EAGAIN);
	assert_int_equal(whois_past_step(past, &golden.f.view, 5, &other, &then), AL_EAGAIN);
	whois_past_leave(past, &other);
	assert_int_equal(whois_past_step(past, &golden.f.view, 5, &other, &then), AL_EAGAIN);
	/* One who does not ask again has gone without a word. */
	for (unsigned s = 0; s + 1 < WHOIS_PAST_LOST_S; s++)
		whois_past_tick(past);
	assert_int_equal(whois_past_step(past, &golden.f.view, 5, &other, &then), AL_EAGAIN);
	whois_past_tick(past);
	assert_int_equal(whois_past_step(past, &golden.f.view, 2 * WHOIS_PAST_PIECE, &other, &then), AL_EAGAIN);
	whois_past_leave(past, &other);
	assert_int_equal(whois_past_step(past, &golden.f.view, 5, &other, &then), AL_OK);
	whois_past_done(past);
	assert_int_equal(then.head.size, 5);
	for (unsigned s = 0; s < WHOIS_PAST_KEEP_S; s++)
		whois_past_tick(past);
	assert_int_equal(whois_past_step(past, &golden.f.view, 6, &one, &then), AL_OK);
	whois_past_done(past);
	assert_int_equal(then.head.size, 6);
}

/* What is found behind a wait is given back as often as it was taken; test_two() left enough to wait for. */
static void test_references(void **state)
{
	static const char *const lines[] = { "--at 400 M150-MNT", "!mmntner,M150-MNT" };
	struct whois_past *past = golden.past;
	struct whois_dialogue dialogue = { .multi = true, .at = 400 };
	const struct al_object *asked, *other;
	struct whois_view then;
	struct whois_job job;
	unsigned pieces;
	int one;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(lines); i++) {
		assert_int_equal(whois_past_step(past, &golden.f.view, 1, &one, &then), AL_OK);
		whois_past_done(past);
		whois_job_init(&job);
		free(ask(lines[i], &dialogue, &job, &pieces));
		assert_true(pieces > 1);
		assert_int_equal(whois_past_step(past, &golden.f.view, 400, &one, &then), AL_OK);
		asked = al_state_get(then.state, AL_MNTNER, AL_S("M150-MNT"));
		other = al_state_get(then.state, AL_MNTNER, AL_S("M151-MNT"));
		assert_true(asked != NULL && other != NULL);
		assert_int_equal(asked->refs, other->refs);
		whois_past_done(past);
	}
}

static void test_bound(void **state)
{
	const uint64_t newest = al_state_time(golden.f.view.state);
	struct whois_past *past;
	uint64_t size;

	(void)state;
	assert_int_equal(whois_past_new(100, &past), AL_OK);
	assert_int_equal(whois_past_size(past, &golden.f.view, (struct al_moment){ .size = 100 }, &size), AL_OK);
	assert_int_equal(size, 100);
	assert_int_equal(whois_past_size(past, &golden.f.view, (struct al_moment){ .size = 101 }, &size), AL_ELIMIT);
	assert_int_equal(whois_past_size(past, &golden.f.view, (struct al_moment){ .time = FIXTURE_TIME - 1 }, &size),
			 AL_ENOTFOUND);
	/* Of a day that has begun the log may know yet; of the next it cannot. */
	golden.f.view.date = FIXTURE_TIME + 86400;
	assert_int_equal(whois_past_size(golden.past, &golden.f.view,
					 (struct al_moment){ .time = FIXTURE_TIME + 2 * 86400 - 1 }, &size),
			 AL_OK);
	assert_int_equal(whois_past_size(golden.past, &golden.f.view,
					 (struct al_moment){ .time = FIXTURE_TIME + 2 * 86400 }, &size),
			 AL_ENOTFOUND);
	golden.f.view.date = 0; /* then it is as new as its last entry */
	assert_int_equal(
		whois_past_size(golden.past, &golden.f.view, (struct al_moment){ .time = newest + 86399 }, &size),
		AL_OK);
	assert_int_equal(
		whois_past_size(golden.past, &golden.f.view, (struct al_moment){ .time = newest + 86400 }, &size),
		AL_ENOTFOUND);
	assert_int_equal(whois_past_size(NULL, &golden.f.view, (struct al_moment){ .size = 1 }, &size),
			 AL_EUNSUPPORTED);
	whois_past_free(past);
}

/* Without versions, or without their entries, there is no past to be told of; the present is answered as ever. */
static void test_without(void **state)
{
	const struct whois_view whole = golden.f.view;

	(void)state;
	for (unsigned lacks = 0; lacks < 3; lacks++) {
		char *past, *present;

		if (lacks == 0)
			golden.f.view.history = NULL;
		else if (lacks == 1)
			golden.f.view.entries = NULL;
		else
			golden.f.view.past = NULL;
		past = answer_of("--at 18 AS64500");
		present = answer_of("AS64500");
		golden.f.view = whole;
		assert_non_null(strstr(past, "\n%ERROR:114:"));
		assert_null(strstr(past, "aut-num:"));
		assert_non_null(strstr(present, "\naut-num:        AS64500\n"));
		free(past);
		free(present);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_it_was),        cmocka_unit_test(test_dates), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_commands_refused), cmocka_unit_test(test_kept),  cmocka_unit_test(test_two),
		cmocka_unit_test(test_references),       cmocka_unit_test(test_bound), cmocka_unit_test(test_without)
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
