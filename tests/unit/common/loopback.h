/* SPDX-License-Identifier: MIT */
/*
 * loopback.h -- a loop on a thread of its own, and blocking clients for it.
 *
 * The client side waits at most GUARD_S for anything, so that a defect is a
 * failed test and not a hung one.
 */
#ifndef TESTS_LOOPBACK_H
#define TESTS_LOOPBACK_H

#include "../guard.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "alamo/net/loop.h"

static inline void *loop_thread(void *loop)
{
	al_loop_run(loop);
	return NULL;
}

static inline void loop_thread_start(struct al_loop *loop, pthread_t *thread)
{
	assert_int_equal(pthread_create(thread, NULL, loop_thread, loop), 0);
}

static inline void loop_stop_posted(void *loop)
{
	al_loop_stop(loop);
}

static inline void loop_thread_stop(struct al_loop *loop, pthread_t thread)
{
	assert_int_equal(al_loop_post(loop, loop_stop_posted, loop), AL_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* False when nothing came in time. */
static inline bool guard_wait(sem_t *sem)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += GUARD_S;
	while (sem_timedwait(sem, &until) != 0)
		if (errno != EINTR)
			return false;
	return true;
}

static inline int client_tune(int fd)
{
	struct timeval guard = { .tv_sec = GUARD_S };
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &guard, sizeof(guard)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &guard, sizeof(guard)), 0);
	return fd;
}

static inline int client_connect(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = client_tune(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static inline void client_send(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
		assert_true(sent > 0);
		at += sent;
		len -= (size_t)sent;
	}
}

static inline void client_say(int fd, const char *text)
{
	client_send(fd, text, strlen(text));
}

/* Reads exactly the text, and fails on anything else. */
static inline void client_expect(int fd, const char *text)
{
	char got[4096];
	size_t want = strlen(text);
	size_t len = 0;
	assert_true(want < sizeof(got));
	while (len < want) {
		ssize_t n = recv(fd, got + len, want - len, 0);
		assert_true(n > 0);
		len += (size_t)n;
	}
	got[len] = '\0';
	assert_string_equal(got, text);
}

/* Bytes until the orderly end; -1 when it was not orderly. Keeps the first cap - 1 as a string. */
static inline ssize_t client_drain(int fd, char *out, size_t cap)
{
	char waste[65536];
	size_t total = 0;
	size_t kept = 0;
	for (;;) {
		ssize_t n = recv(fd, waste, sizeof(waste), 0);
		if (n < 0)
			return -1;
		size_t keep = cap > 0 ? cap - 1 - kept : 0;
		if (keep > (size_t)n)
			keep = (size_t)n;
		if (keep > 0)
			memcpy(out + kept, waste, keep);
		kept += keep;
		if (n == 0)
			break;
		total += (size_t)n;
	}
	if (cap > 0)
		out[kept] = '\0';
	return (ssize_t)total;
}

#endif
