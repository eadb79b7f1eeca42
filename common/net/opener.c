/* SPDX-License-Identifier: MIT */
/*
 * opener.c -- both sides of the process that opens alamo.conf.
 *
 * A question is one byte, an answer for each path open(2)'s errno as a byte, 0 with a descriptor beside it.
 */
#include "opener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/net/child.h"
#include "sandbox.h"

struct opener {
	int socket;
	pid_t pid;
};

/* Room for one descriptor, aligned as the kernel wants it. */
union fd_room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* ---- the process ---- */

static bool answer(int fd, uint8_t number)
{
	union fd_room room = { .bytes = { 0 } };
	struct iovec word = { &number, 1 };
	struct msghdr message = { .msg_iov = &word, .msg_iovlen = 1 };
	struct cmsghdr *part;

	if (fd >= 0) {
		message.msg_control = room.bytes;
		message.msg_controllen = sizeof(room.bytes);
		part = CMSG_FIRSTHDR(&message);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(part), &fd, sizeof(fd));
	}
	return sendmsg(AL_CHILD_SOCKET, &message, MSG_NOSIGNAL) == 1;
}

/* O_NONBLOCK: a pipe in the file's place must not hold us. */
static bool path_answer(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool said = answer(fd, fd >= 0 ? 0 : (uint8_t)errno);

	if (fd >= 0)
		(void)close(fd);
	return said;
}

_Noreturn static void opener_child(int socket, pid_t parent, const char *const *paths, size_t count)
{
	char byte;
	bool said = true;

	if (!al_child_alone(socket, parent, "alamo-opener") || sandbox_opener() != AL_OK)
		_exit(1);
	while (said && read(AL_CHILD_SOCKET, &byte, 1) == 1)
		for (size_t i = 0; said && i < count; i++)
			said = path_answer(paths[i]);
	_exit(0);
}

/* ---- the daemon ---- */

enum al_err opener_start(const char *const *paths, size_t count, struct opener **out)
{
	struct opener *opener = calloc(1, sizeof(*opener));
	pid_t parent = getpid();
	int ends[2];

	if (opener == NULL)
		return AL_ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		free(opener);
		return AL_ESYS;
	}
	opener->socket = ends[0];
	opener->pid = fork();
	if (opener->pid == 0)
		opener_child(ends[1], parent, paths, count);
	(void)close(ends[1]);
	if (opener->pid > 0 && fcntl(opener->socket, F_SETFL, O_NONBLOCK) == 0) {
		*out = opener;
		return AL_OK;
	}
	al_log(AL_LOG_ERROR, "opener", "reason=\"%s\"", strerror(errno));
	opener_stop(opener);
	return AL_ESYS;
}

void opener_stop(struct opener *opener)
{
	if (opener == NULL)
		return;
	(void)close(opener->socket);
	if (opener->pid > 0)
		while (waitpid(opener->pid, NULL, 0) < 0 && errno == EINTR)
			;
	free(opener);
}

int opener_socket(const struct opener *opener)
{
	return opener->socket;
}

enum al_err opener_ask(struct opener *opener)
{
	if (send(opener->socket, "", 1, MSG_NOSIGNAL) == 1)
		return AL_OK;
	return errno == EAGAIN ? AL_EAGAIN : AL_ECLOSED;
}

enum al_err opener_take(struct opener *opener, int *fd)
{
	union fd_room room;
	uint8_t number = 0;
	struct iovec word = { &number, 1 };
	struct msghdr message = {
		.msg_iov = &word, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)
	};
	ssize_t len = recvmsg(opener->socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *part = len == 1 ? CMSG_FIRSTHDR(&message) : NULL;

	if (len != 1)
		return len < 0 && errno == EAGAIN ? AL_EAGAIN : AL_ECLOSED;
	if (number == 0 && part != NULL && part->cmsg_type == SCM_RIGHTS && part->cmsg_len == CMSG_LEN(sizeof(*fd))) {
		memcpy(fd, CMSG_DATA(part), sizeof(*fd));
		return AL_OK;
	}
	errno = number;
	return AL_ESYS;
}
