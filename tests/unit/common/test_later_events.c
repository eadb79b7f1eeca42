/* SPDX-License-Identifier: MIT */
/* test_later_events.c -- events that go on coming, over HTTP. */
#include "later_site.h"

static void events_go_to_all_who_listen(void **state)
{
	struct linger hard = { .l_onoff = 1 };
	struct site *site = *state;
	char got[3][4096] = { "", "", "" };
	int fds[3];

	al_http_events_send(site->events, AL_S("data: to nobody\n\n"));
	for (size_t i = 0; i < 3; i++) {
		fds[i] = client_connect(site->port);
		client_say(fds[i], "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
		until(site, fds[i], got[i], sizeof(got[i]), "\r\n\r\n");
		assert_int_equal(strncmp(got[i], "HTTP/1.1 200 ", 13), 0);
		assert_non_null(strstr(got[i], "Content-Type: text/event-stream\r\n"));
	}
	al_http_events_send(site->events, AL_S("data: first\n\n"));
	for (size_t i = 0; i < 3; i++)
		until(site, fds[i], got[i], sizeof(got[i]), ": welcome\n\ndata: first\n\n");
	/* The one in the middle leaves, then the newest, then the oldest. */
	static const size_t leaves[] = { 1, 2, 0 };
	for (size_t gone = 0; gone < 3; gone++) {
		char text[32];

		assert_int_equal(setsockopt(fds[leaves[gone]], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
		close(fds[leaves[gone]]);
		turns(site, 20);
		(void)snprintf(text, sizeof(text), "data: after %zu\n\n", gone);
		al_http_events_send(site->events, al_slice_str(text));
		for (size_t i = gone + 1; i < 3; i++)
			until(site, fds[leaves[i]], got[leaves[i]], sizeof(got[0]), text);
	}
}

/* Nobody asks anything on a connection that has events; who ends it is let go, though nothing is sent. */
static void events_are_all_there_is(void **state)
{
	struct site *site = *state;
	char got[4096] = "", byte;
	int fd = client_connect(site->port);
	static char waste[20000];
	ssize_t n;

	client_say(fd, "HEAD /events HTTP/1.1\r\nHost: x\r\n\r\nGET /events HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, fd, got, sizeof(got), ": welcome\n\n");
	assert_int_equal(strncmp(got, "HTTP/1.1 200 ", 13), 0);
	assert_non_null(strstr(strstr(got + 1, "text/event-stream\r\n"), "HTTP/1.1 200 "));
	client_say(fd, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	turns(site, 20);
	for (int i = 0; i < 10; i++) { /* more than a connection may hold unread */
		memset(waste, 'x', sizeof(waste));
		client_send(fd, waste, sizeof(waste));
		turns(site, 20);
	}
	al_http_events_send(site->events, AL_S("data: still there\n\n"));
	until(site, fd, got, sizeof(got), ": welcome\n\ndata: still there\n\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turns(site, 20);
	n = recv(fd, &byte, 1, MSG_DONTWAIT);
	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	close(fd);
}

/* Who reads nothing costs a bounded amount, and is let go. */
static void events_that_nobody_reads(void **state)
{
	static char event[20000];
	struct site *site = *state;
	char got[4096] = "", byte;
	int fd = client_connect(site->port), reader = client_connect(site->port);
	ssize_t n = 0;

	client_say(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
	client_say(reader, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, fd, got, sizeof(got), "\r\n\r\n");
	got[0] = '\0';
	until(site, reader, got, sizeof(got), "\r\n\r\n");
	memset(event, 'x', sizeof(event));
	for (int i = 0; i < 2000; i++) { /* 40 MB: more than the kernels hold */
		static char waste[65536];

		al_http_events_send(site->events, al_slice_of(event, sizeof(event)));
		turns(site, 2);
		while ((n = recv(reader, waste, sizeof(waste), MSG_DONTWAIT)) > 0)
			turns(site, 1);
		assert_true(n < 0 && errno == EAGAIN);
	}
	turns(site, 10);
	size_t total = 0;
	while ((n = recv(fd, event, sizeof(event), MSG_DONTWAIT)) > 0)
		total += (size_t)n;
	assert_true(total < 2000 * sizeof(event) && (n == 0 || errno == ECONNRESET));
	assert_int_equal(recv(reader, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_go_to_all_who_listen),
		TEST(events_that_nobody_reads),
		TEST(events_are_all_there_is),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	al_log_init("test_later_events", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
