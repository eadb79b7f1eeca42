/* SPDX-License-Identifier: MIT */
/*
 * test_service_manager.c -- what the service manager is told, and what the journal
 * gets.
 */
#include "service_bench.h"

/* ---- the service manager ---- */

/* A datagram of the manager's socket; "" when none comes. */
static void manager_hears(int fd, char *out, size_t cap)
{
	struct pollfd one = { fd, POLLIN, 0 };
	ssize_t len = poll(&one, 1, 20000) == 1 ? recv(fd, out, cap - 1, 0) : 0;

	assert_true(len >= 0);
	out[len] = '\0';
}

static int manager_listen(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void test_manager_is_told(void **state)
{
	char path[96], said[512];
	unsigned alive = 0;
	int manager;

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", dir);
	manager = manager_listen(path);
	write_conf(ANY_PORTS);
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_USEC", "100000", 1);
	struct child child = spawn(&echo_def, NULL);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_int_equal(strncmp(said, "READY=1\n", 8), 0);
	for (; alive < 3; alive++) {
		manager_hears(manager, said, sizeof(said));
		assert_string_equal(said, "WATCHDOG=1\n");
	}
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_int_equal(strncmp(said, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_string_equal(said, "READY=1\nSTATUS=configuration read again\n");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_string_equal(said, "STOPPING=1\n");
	assert_int_equal(reap(&child, NULL, 0), 0);
	close(manager);
	unlink(path);
}

/* A manager that is not there is no reason not to start. */
static void test_manager_is_gone(void **state)
{
	static const char *const names[] = { "/nonexistent/notify", "relative", "@", "" };
	char said[512];

	(void)state;
	write_conf(ANY_PORTS);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		struct child child = spawn(&echo_def, NULL);

		unsetenv("NOTIFY_SOCKET");
		read_ready(&child, said, sizeof(said));
		assert_int_equal(kill(child.pid, SIGTERM), 0);
		assert_int_equal(reap(&child, said, sizeof(said)), 0);
		assert_non_null(strstr(said, " warn test-echod event=notify "));
	}
}

/* In the journal a line has its weight, and neither a second time nor a second name; elsewhere it has both. */
static void test_journal(void **state)
{
	char stream[64], said[4096];
	int ends[2];
	struct stat st;

	(void)state;
	for (int journal = 0; journal < 2; journal++) {
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(fstat(ends[1], &st), 0);
		snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
			 (uintmax_t)st.st_ino + (journal ? 0 : 1));
		fflush(NULL);
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			dup2(ends[1], STDERR_FILENO);
			setenv("JOURNAL_STREAM", stream, 1);
			al_log_init("test", AL_LOG_DEBUG);
			al_log(AL_LOG_ERROR, "bad", "a=1");
			al_log(AL_LOG_WARN, "odd", "%s", "");
			al_log(AL_LOG_INFO, "good", "b=2");
			al_log(AL_LOG_DEBUG, "dull", "%s", "");
			_exit(0);
		}
		close(ends[1]);
		FILE *file = fdopen(ends[0], "r");

		assert_non_null(file);
		said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
		fclose(file);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		if (journal)
			assert_string_equal(said, "<3>event=bad a=1\n<4>event=odd\n<6>event=good b=2\n<7>event=dull\n");
		else
			assert_non_null(strstr(said, "Z error test event=bad a=1\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manager_is_told),
		cmocka_unit_test(test_manager_is_gone),
		cmocka_unit_test(test_journal),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
