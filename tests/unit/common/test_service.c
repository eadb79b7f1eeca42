/* SPDX-License-Identifier: MIT */
/*
 * test_service.c -- a small daemon in a child process: options, endpoints,
 * "ready", signals and exit codes.
 */
#include "service_bench.h"

static void test_life(void **state)
{
	char said[512];
	char filed[512];
	char answer[8192];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	read_endpoints(filed, sizeof(filed));
	assert_string_equal(said, filed);

	int fd = client_connect(port_of(said, "whois "));
	client_say(fd, "hello");
	client_expect(fd, "hello");
	int http = client_connect(port_of(said, "rdap "));
	client_say(http, "GET /metrics HTTP/1.0\r\n\r\n");
	assert_true(client_drain(http, answer, sizeof(answer)) > 0);
	assert_non_null(strstr(answer, "\nalamo_connections_open{listener=\"echo\"} 1\n"));
	close(http);

	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, answer, sizeof(answer)), 0);
	assert_non_null(strstr(answer, " info test-echod event=signal number=15\n"));
	close(fd);
}

static void test_ports_are_found_again(void **state)
{
	char first[512];
	char again[512];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, first, sizeof(first));
	kill(child.pid, SIGINT);
	assert_int_equal(reap(&child, NULL, 0), 0);

	child = spawn(&echo_def, NULL);
	read_ready(&child, again, sizeof(again));
	assert_string_equal(first, again);

	/* A second one, while the first has them, finds others. */
	struct child other = spawn(&echo_def, NULL);
	read_ready(&other, again, sizeof(again));
	assert_true(port_of(first, "whois ") != port_of(again, "whois "));
	kill(child.pid, SIGTERM);
	kill(other.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
	assert_int_equal(reap(&other, NULL, 0), 0);
}

static void test_addresses_share_the_port(void **state)
{
	char said[512];
	(void)state;
	write_conf("[network]\nlisten = 127.0.0.1\n[whois]\nlisten = 127.0.0.1, 127.0.0.2, ::1\nport = 0\nhttp-port = "
		   "0\n");
	unlink(endpoints_path);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	char want[64];
	snprintf(want, sizeof(want), "whois 127.0.0.2:%u\n", (unsigned)port_of(said, "whois "));
	assert_non_null(strstr(said, want));
	snprintf(want, sizeof(want), "whois [::1]:%u\n", (unsigned)port_of(said, "whois "));
	if (strstr(said, "::1") != NULL)
		assert_non_null(strstr(said, want));
	kill(child.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

static void test_taken_port_is_fatal(void **state)
{
	char said[512];
	char text[256];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	snprintf(text, sizeof(text), "[network]\nlisten = 127.0.0.1\n[whois]\nport = %u\n",
		 (unsigned)port_of(said, "whois "));
	write_conf(text);
	struct child other = spawn(&echo_def, NULL);
	assert_int_equal(reap(&other, said, sizeof(said)), 1);
	assert_non_null(strstr(said, " event=start-failed error=exists\n"));
	kill(child.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

static void test_check_prints_the_configuration(void **state)
{
	char said[16384];
	(void)state;
	write_conf("[whois]\nport = 7\n");
	struct child child = spawn(&echo_def, "-n");
	assert_int_equal(reap(&child, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "[whois]\n"));
	assert_non_null(strstr(said, "\nport = 7\n"));

	write_conf("[whois]\nport = seven\n");
	child = spawn(&echo_def, "-n");
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "/alamo.conf:2: port: \"seven\""));
	child = spawn(&echo_def, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, " error test-echod event=config reason="));
}

static void test_options(void **state)
{
	char said[4096];
	(void)state;
	write_conf(ANY_PORTS);
	static const struct {
		const char *option, *says;
		int code;
	} rows[] = {
		{ "-V", "test-echod ", 0 },
		{ "--version", "test-echod ", 0 },
		{ "-h", "usage: test-echod ", 0 },
		{ "--help", "usage: test-echod ", 0 },
		{ "-x", "", 2 },
		{ "--x", "", 2 },
		{ "word", "", 2 },
		{ "-r99x", "", 2 },
	};

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct child child = spawn(&echo_def, rows[i].option);

		assert_int_equal(reap(&child, said, sizeof(said)), rows[i].code);
		assert_int_equal(strncmp(said, rows[i].says, strlen(rows[i].says)), 0);
	}
}

/* Who has a port is named by whom may see it. */
static void test_holder(void **state)
{
	char who[AL_BIND_HOLDER_LEN], wanted[64], why[AL_BIND_WHY_LEN];
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int kinds[] = { SOCK_STREAM, SOCK_DGRAM };

	(void)state;
	snprintf(wanted, sizeof(wanted), "PID %ld (unit_common_tes)", (long)getpid());
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		int fd = socket(AF_INET, kinds[i] | SOCK_CLOEXEC, 0);

		addr.sin_port = 0;
		assert_true(fd >= 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
		assert_true(kinds[i] == SOCK_DGRAM || listen(fd, 1) == 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
		assert_true(al_bind_holder(ntohs(addr.sin_port), who));
		assert_string_equal(who, wanted);
		al_bind_why(EADDRINUSE, AL_S("127.0.0.1"), ntohs(addr.sin_port), why);
		assert_non_null(strstr(why, wanted));
		close(fd);
		assert_false(al_bind_holder(ntohs(addr.sin_port), who));
	}
}

static void test_why_not_here(void **state)
{
	static const struct {
		int number;
		uint16_t port;
		const char *why;
	} rows[] = {
		{ EACCES, 1023, "port 1023 needs CAP_NET_BIND_SERVICE: " },
		{ EPERM, 53, "port 53 needs CAP_NET_BIND_SERVICE: " },
		{ EACCES, 1024, "port 1024 is not allowed here" },
		{ EADDRNOTAVAIL, 53, "192.0.2.1 is not an address of this machine" },
		{ EAFNOSUPPORT, 53, "192.0.2.1: this machine does not speak that protocol" },
		{ ENOBUFS, 53, "192.0.2.1 port 53: No buffer space available" },
	};
	char why[AL_BIND_WHY_LEN], wanted[AL_BIND_WHY_LEN + 32];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		errno = 0;
		al_bind_failed("test", AL_S("192.0.2.1"), rows[i].port, rows[i].number);
		assert_int_equal(errno, rows[i].number);
		al_bind_why(rows[i].number, AL_S("192.0.2.1"), rows[i].port, why);
		assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
		snprintf(wanted, sizeof(wanted), "error %s\n", why);
		assert_string_equal(al_bind_report(), wanted);
	}
	al_bind_failed("test", AL_S("192.0.2.1"), 1, EADDRINUSE);
	assert_ptr_equal(strstr(al_bind_report(), "taken 1\nerror port 1 at 192.0.2.1 is taken by "), al_bind_report());
}

/* ---- daemons that fail ---- */

static enum al_err refuse_start(struct al_service *service, void **self)
{
	(void)service;
	(void)self;
	return AL_EIO;
}

static void refuse_stop(void *self)
{
	al_log(AL_LOG_INFO, "stop-called", "self=%d", self != NULL);
}

static void fail_later(void *service)
{
	al_service_fail(service);
}

static enum al_err doomed_start(struct al_service *service, void **self)
{
	*self = service;
	return al_loop_post(al_service_loop(service), fail_later, service);
}

static void test_failures(void **state)
{
	static const struct al_service_def refuse = { .name = "test-refused",
						      .start = refuse_start,
						      .stop = refuse_stop };
	static const struct al_service_def doomed = { .name = "test-doomed",
						      .start = doomed_start,
						      .stop = refuse_stop };
	char said[4096];
	(void)state;
	write_conf("");
	struct child child = spawn(&refuse, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "event=stop-called self=0\n"));
	assert_non_null(strstr(said, "event=start-failed error=storage-failed\n"));
	child = spawn(&doomed, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "event=stop-called self=1\n"));
}

/* ---- log lines ---- */

static void test_log_quote(void **state)
{
	char out[AL_LOG_QUOTE_LEN];
	char text[300];
	(void)state;
	assert_string_equal(al_log_quote(AL_S("plain text"), out), "\"plain text\"");
	assert_string_equal(al_log_quote(AL_S("a\"b\\c\n\xff"), out), "\"a\\\"b\\\\c\\x0a\\xff\"");
	assert_string_equal(al_log_quote(AL_S(""), out), "\"\"");
	memset(text, 'x', sizeof(text));
	al_log_quote(al_slice_of(text, 100), out);
	assert_int_equal(strlen(out), 102);
	al_log_quote(al_slice_of(text, 101), out);
	assert_string_equal(out + strlen(out) - 5, "x...\"");
	memset(text, '\1', sizeof(text));
	al_log_quote(al_slice_of(text, sizeof(text)), out);
	assert_true(strlen(out) < AL_LOG_QUOTE_LEN);
	assert_string_equal(out + strlen(out) - 8, "\\x01...\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_ports_are_found_again),
		cmocka_unit_test(test_addresses_share_the_port),
		cmocka_unit_test(test_taken_port_is_fatal),
		cmocka_unit_test(test_check_prints_the_configuration),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_holder),
		cmocka_unit_test(test_why_not_here),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_log_quote),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
