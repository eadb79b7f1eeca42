/* SPDX-License-Identifier: MIT */
/*
 * test_golden.c -- questions and their answers, byte for byte (golden.h): one
 * file each in tests/golden/whois, against the registry in registry.rpsl there.
 *
 *   > LINE        a line of the client, in one conversation
 *   the answer
 *   ...
 *   = closed      the server ends the connection after it
 *
 * A line "= open" says that it does not.
 */
#include "golden.h"

#include "answer.h"
#include "dialogue.h"

/* The conversation of a case, played again. */
static void play(struct al_slice text, struct al_buf *out)
{
	struct whois_dialogue dialogue = { 0 };
	struct whois_job job;
	struct al_slice line;
	struct al_buf answer;

	whois_job_init(&job);
	al_buf_init(&answer, WHOIS_ANSWER_MAX);
	while (al_slice_line(&text, &line)) {
		if (!al_slice_starts(line, ">"))
			continue;
		al_buf_slice(out, line);
		al_buf_str(out, "\n");
		al_buf_reset(&answer);
		whois_dialogue_line(&golden.f.view, &dialogue, al_slice_from(line, 2), &job, &answer);
		while (!whois_job_rests(&job) && !whois_job_run(&job, &answer))
			;
		assert_int_equal(answer.err, AL_OK);
		golden_put_neutral(al_buf_view(&answer), out);
		al_buf_str(out, job.kind != WHOIS_JOB_NONE ? "= waits\n"
				: dialogue.closing         ? "= closed\n"
							   : "= open\n");
		whois_job_release(&job);
	}
	al_buf_release(&answer);
}

static int setup(void **state)
{
	(void)state;
	golden_init();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	golden_release();
	return 0;
}

static void test_cases(void **state)
{
	(void)state;
	golden_check_all(TEST_DATA "/golden/whois", play, 250);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
