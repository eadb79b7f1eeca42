/* SPDX-License-Identifier: MIT */
/*
 * test_notify.c -- what the service manager says in the environment, and what
 * it hears (sd_notify(3), sd_watchdog_enabled(3)).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/net/notify.h"

static char name[160]; /* of an abstract socket, as NOTIFY_SOCKET has it */

/* A manager whose socket's name has `len` bytes. */
static int manager_open(size_t len)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(name, sizeof(name), "@alamo-test-notify-%ld-", (long)getpid());
	assert_true(fd >= 0 && strlen(name) < len && len <= sizeof(addr.sun_path));
	memset(name + strlen(name), 'x', len - strlen(name));
	name[len] = '\0';
	memcpy(addr.sun_path, name, len);
	addr.sun_path[0] = '\0';
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
	return fd;
}

static void set(const char *key, const char *value)
{
	if (value != NULL)
		assert_int_equal(setenv(key, value, 1), 0);
	else
		assert_int_equal(unsetenv(key), 0);
}

static void open_with(const char *usec, const char *pid)
{
	set("NOTIFY_SOCKET", name);
	set("WATCHDOG_USEC", usec);
	set("WATCHDOG_PID", pid);
	al_notify_open();
}

static void whom_the_watchdog_is_for(void **state)
{
	char own[24], other[24];
	const struct {
		const char *usec, *pid;
		uint64_t ms; /* half of it */
	} rows[] = {
		{ "100000", NULL, 50 },     { "100000", own, 50 }, { "100000", other, 0 }, { "100000", "x", 0 },
		{ "100000", "0", 0 },       { "x", own, 0 },       { "", NULL, 0 },        { "0", NULL, 0 },
		{ "60000000", own, 30000 }, { NULL, own, 0 },
	};
	int fd = manager_open(50);

	(void)state;
	snprintf(own, sizeof(own), "%ld", (long)getpid());
	snprintf(other, sizeof(other), "%ld", (long)getpid() + 1);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		open_with(rows[i].usec, rows[i].pid);
		assert_int_equal(al_notify_watchdog_ms(), rows[i].ms);
		/* It is ours, and no child's. */
		assert_null(getenv("NOTIFY_SOCKET"));
		assert_null(getenv("WATCHDOG_USEC"));
		assert_null(getenv("WATCHDOG_PID"));
		al_notify_close();
		assert_int_equal(al_notify_watchdog_ms(), 0);
	}
	close(fd);
}

static void what_it_hears(void **state)
{
	char heard[64];
	int fd = manager_open(107);

	(void)state;
	open_with(NULL, NULL);
	al_notify("READY=1\nSTATUS=it stands\n");
	assert_int_equal(recv(fd, heard, sizeof(heard), 0), 25);
	assert_memory_equal(heard, "READY=1\nSTATUS=it stands\n", 25);
	al_notify_close();
	al_notify("STOPPING=1\n");
	assert_int_equal(recv(fd, heard, sizeof(heard), 0), -1);
	close(fd);
}

/* `alamo up` gives a connection, which no child inherits. */
static void by_a_connection(void **state)
{
	char heard[64];
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	snprintf(name, sizeof(name), "fd:%d", ends[1]);
	open_with(NULL, NULL);
	assert_int_equal(fcntl(ends[1], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	al_notify("READY=1\n");
	al_notify("STATUS=later\n");
	assert_int_equal(recv(ends[0], heard, sizeof(heard), MSG_DONTWAIT), 8);
	assert_memory_equal(heard, "READY=1\n", 8);
	assert_int_equal(recv(ends[0], heard, sizeof(heard), MSG_DONTWAIT), 13);
	for (unsigned i = 0; i < 100000; i++) /* who does not listen holds up nobody */
		al_notify("STATUS=more\n");
	close(ends[0]);
	al_notify("STOPPING=1\n"); /* nor who is gone */
	al_notify_close();
	assert_int_equal(fcntl(ends[1], F_GETFD), -1);
}

static void nobody_there(void **state)
{
	static const char *const names[] = {
		"@",   "",     "/",     "relative",   "/nonexistent/notify", "@alamo-test-nobody",
		"fd:", "fd:x", "fd:-1", "fd:1000000", "fd:99999999999"
	};
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

	(void)state;
	close(before);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		snprintf(name, sizeof(name), "%s", names[i]);
		open_with("100000", NULL);
		assert_int_equal(al_notify_watchdog_ms(), 0);
		al_notify("READY=1\n");
		al_notify_close();
	}
	memset(name, 'x', 108); /* as long as the address, which wants one less */
	name[0] = '@';
	name[108] = '\0';
	open_with("100000", NULL);
	assert_int_equal(al_notify_watchdog_ms(), 0);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(after, before); /* nothing stays open */
	close(after);
}

/* Without a manager there is no watchdog either, whatever the environment says. */
static void no_manager(void **state)
{
	(void)state;
	set("NOTIFY_SOCKET", NULL);
	set("WATCHDOG_USEC", "100000");
	al_notify_open();
	assert_int_equal(al_notify_watchdog_ms(), 0);
	al_notify("READY=1\n");
	al_notify_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_the_watchdog_is_for),
		cmocka_unit_test(what_it_hears),
		cmocka_unit_test(by_a_connection),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(no_manager),
	};

	al_log_init("test", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
