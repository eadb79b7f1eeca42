/* SPDX-License-Identifier: MIT */
/* test_log.c -- one event, one line: what is written, for whom, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../said.h"
#include "alamo/base/log.h"

static void levels_have_names(void **state)
{
	(void)state;
	assert_int_equal(al_log_level_of("debug"), AL_LOG_DEBUG);
	assert_int_equal(al_log_level_of("info"), AL_LOG_INFO);
	assert_int_equal(al_log_level_of("warn"), AL_LOG_WARN);
	assert_int_equal(al_log_level_of("error"), AL_LOG_ERROR);
	assert_int_equal(al_log_level_of("errors"), AL_LOG_INFO);
	assert_int_equal(al_log_level_of(""), AL_LOG_INFO);
}

/* Behind the time, whose place is fixed: program, event, fields, and no blank at the end. */
static void a_line_for_each_event(void **state)
{
	struct said said;
	const char *text;

	(void)state;
	al_log_init("tester", AL_LOG_INFO);
	said_begin(&said);
	errno = ENOSPC;
	al_log(AL_LOG_DEBUG, "unheard", "x=1");
	al_log(AL_LOG_INFO, "heard", "x=%d", 1);
	assert_int_equal(errno, ENOSPC);
	al_log(AL_LOG_ERROR, "bare", "%s", "");
	al_log(AL_LOG_INFO, "unprintable", "%ls", L"\x20ac"); /* a character that the C locale has not */
	al_log_least(AL_LOG_WARN);
	al_log(AL_LOG_INFO, "unheard", "x=2");
	al_log(AL_LOG_WARN, "dirty", "%s", "a\nb\x1b[2J");
	text = said_end(&said);
	assert_int_equal(strlen("2026-11-29T20:00:00Z"), strcspn(text, " "));
	text = strchr(text, ' ');
	assert_int_equal(strncmp(text, " info tester event=heard x=1\n", 29), 0);
	assert_non_null(strstr(text, " error tester event=bare\n"));
	assert_non_null(strstr(text, " warn tester event=dirty a\\x0ab\\x1b[2J\n"));
	assert_non_null(strstr(text, " info tester event=unprintable\n"));
	assert_null(strstr(text, "unheard"));
}

/* However long: a line, with its end. */
static void a_long_line_is_cut(void **state)
{
	static char fields[7000];
	struct said said;
	const char *text;
	size_t len;

	(void)state;
	memset(fields, 'x', sizeof(fields) - 1);
	al_log_init("tester", AL_LOG_INFO);
	said_begin(&said);
	al_log(AL_LOG_INFO, "long", "%s", fields);
	al_log(AL_LOG_INFO, "next", "x=1");
	text = said_end(&said);
	len = strcspn(text, "\n");
	assert_true(len > 100 && len < sizeof(fields));
	assert_non_null(strstr(text, "xxx\n"));
	assert_non_null(strstr(text + len, " info tester event=next x=1\n"));
}

/* The journal has time and program already, and wants the level as a number; another file's number is none of it. */
static void a_line_for_the_journal(void **state)
{
	static const char lines[] = "<7>event=one x=1\n<6>event=two x=2\n<4>event=three x=3\n<3>event=four x=4\n2";
	char stream[64];
	struct said said;
	struct stat st;
	const char *text;

	(void)state;
	said_begin(&said);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	al_log_init("tester", AL_LOG_DEBUG);
	al_log(AL_LOG_DEBUG, "one", "x=1");
	al_log(AL_LOG_INFO, "two", "x=2");
	al_log(AL_LOG_WARN, "three", "x=3");
	al_log(AL_LOG_ERROR, "four", "x=4");
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	al_log_init("tester", AL_LOG_INFO);
	al_log(AL_LOG_INFO, "five", "x=5");
	text = said_end(&said);
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	assert_int_equal(strncmp(text, lines, strlen(lines)), 0);
	assert_non_null(strstr(text, "Z info tester event=five x=5\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_have_names),
		cmocka_unit_test(a_line_for_each_event),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(a_line_for_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
