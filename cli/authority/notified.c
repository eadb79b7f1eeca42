/* SPDX-License-Identifier: MIT */
/*
 * notified.c -- see notified.h.
 *
 * One connection a daemon, which nobody else can write to; a message is whole or not there.
 */
#include "notified.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"

enum al_err notified_open(int *ours, int *daemons)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return AL_ESYS;
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*ours = ends[0];
	*daemons = ends[1];
	return AL_OK;
}

enum al_err notified_next(int fd, struct al_buf *text)
{
	static char bytes[NOTIFIED_MAX];
	ssize_t got;

	do
		got = recv(fd, bytes, sizeof(bytes), 0);
	while (got < 0 && errno == EINTR);
	al_buf_reset(text);
	if (got > 0)
		al_buf_put(text, bytes, (size_t)got);
	return got > 0 ? text->err : got < 0 && errno == EAGAIN ? AL_EAGAIN : AL_ECLOSED;
}

bool notified_field(struct al_slice text, const char *name, struct al_slice *value)
{
	struct al_slice line, head;

	while (al_slice_line(&text, &line))
		if (al_slice_cut(&line, '=', &head) && al_slice_is(head, name)) {
			*value = line;
			return true;
		}
	return false;
}

enum al_err notified_path(const char *dir, const char *program, char *out, size_t cap)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "run/reload.%s", program);
	return file_join(dir, name, out, cap);
}
