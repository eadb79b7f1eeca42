/* SPDX-License-Identifier: MIT */
/* test_opener.c -- the process that opens a few files each time it is asked: what it hands over, and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../guard.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "opener.h"

#define ASKS_MAX 100000 /* more than any socket takes */

static char dir[] = "/tmp/alamo-opener-XXXXXX";
static char path[64], absent[64];

static void file_write(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The only child of this process. */
static pid_t child(void)
{
	char name[64];
	FILE *file;
	int pid = 0;

	(void)snprintf(name, sizeof(name), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(name, "re");
	if (file == NULL)
		skip(); /* a kernel without that list */
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	assert_int_equal(fclose(file), 0);
	return pid;
}

/* The next answer; errno is its own. */
static enum al_err answer(struct opener *opener, int *fd)
{
	struct pollfd wait = { .fd = opener_socket(opener), .events = POLLIN };

	assert_int_equal(poll(&wait, 1, GUARD_MS), 1);
	return opener_take(opener, fd);
}

static void assert_reads(struct opener *opener, const char *text)
{
	char got[64] = { 0 };
	int fd = -1;

	assert_int_equal(answer(opener, &fd), AL_OK);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	assert_string_equal(got, text);
	assert_int_equal(close(fd), 0);
}

static void each_path_is_answered(void **state)
{
	const char *const paths[] = { path, absent, path };
	struct opener *opener;
	int fd = -1;

	(void)state;
	file_write("first");
	assert_int_equal(opener_start(paths, AL_COUNT(paths), &opener), AL_OK);
	assert_int_equal(opener_take(opener, &fd), AL_EAGAIN); /* nobody has asked */
	for (int round = 0; round < 2; round++) {
		const char *text = round == 0 ? "first" : "second";

		assert_int_equal(opener_ask(opener), AL_OK);
		assert_reads(opener, text);
		errno = 0;
		assert_int_equal(answer(opener, &fd), AL_ESYS);
		assert_int_equal(errno, ENOENT);
		assert_reads(opener, text);
		errno = 0;
		assert_int_equal(opener_take(opener, &fd), AL_EAGAIN);
		assert_int_equal(unlink(path), 0); /* another file by the same name */
		file_write("second");
	}
	assert_int_equal(fd, -1);
	opener_stop(opener);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and it is gone */
	assert_int_equal(errno, ECHILD);
	opener_stop(NULL);
}

/* Whatever errno was before: who is gone is not one that has no answer yet. */
static void its_end_is_told(void **state)
{
	const char *const paths[] = { path };
	struct opener *opener;
	int fd = -1;

	(void)state;
	file_write("x");
	assert_int_equal(opener_start(paths, 1, &opener), AL_OK);
	assert_int_equal(kill(child(), SIGKILL), 0);
	for (int round = 0; round < 2; round++) {
		struct pollfd wait = { .fd = opener_socket(opener), .events = POLLIN };

		assert_int_equal(poll(&wait, 1, GUARD_MS), 1);
		errno = round == 0 ? EAGAIN : 0;
		assert_int_equal(opener_take(opener, &fd), AL_ECLOSED);
	}
	errno = EAGAIN;
	assert_int_equal(opener_ask(opener), AL_ECLOSED);
	opener_stop(opener);
}

/* A question that it has no room for is not waited with, and those before it are answered. */
static void it_does_not_keep_up(void **state)
{
	const char *const paths[] = { path };
	struct opener *opener;
	unsigned asked = 0;
	enum al_err err;

	(void)state;
	file_write("x");
	assert_int_equal(opener_start(paths, 1, &opener), AL_OK);
	assert_int_equal(kill(child(), SIGSTOP), 0);
	while ((err = opener_ask(opener)) == AL_OK)
		assert_true(++asked < ASKS_MAX);
	assert_int_equal(err, AL_EAGAIN);
	assert_true(asked > 0);
	assert_int_equal(kill(child(), SIGCONT), 0);
	for (; asked > 0; asked--)
		assert_reads(opener, "x");
	opener_stop(opener);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/there", dir);
	(void)snprintf(absent, sizeof(absent), "%s/absent", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_is_answered),
		cmocka_unit_test(its_end_is_told),
		cmocka_unit_test(it_does_not_keep_up),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
