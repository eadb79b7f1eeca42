/* SPDX-License-Identifier: MIT */
/*
 * notify.c -- datagrams to the service manager.
 */
#include "alamo/net/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alamo/base/log.h"

static int manager = -1; /* of the process's main thread */
static uint64_t watchdog_us;

/* "fd:N": there since the start, and nobody else's from now on. */
static int manager_inherit(const char *number)
{
	uint64_t fd;

	if (al_slice_u64(al_slice_str(number), INT32_MAX, &fd) != AL_OK || fcntl((int)fd, F_SETFL, O_NONBLOCK) != 0 ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0) {
		errno = EBADF;
		return -1;
	}
	return (int)fd;
}

/* "/path", or "@name" of an abstract socket. */
static int manager_connect(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	int fd;

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(addr.sun_path)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(addr.sun_path, name, len);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&addr, size) != 0) {
		int number = errno;

		close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

/* $WATCHDOG_PID is whom the manager watches; it may be another than us. */
static uint64_t watchdog_read(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t number = 0, whose = 0;

	if (usec == NULL || al_slice_u64(al_slice_str(usec), UINT64_MAX, &number) != AL_OK)
		return 0;
	if (pid != NULL && (al_slice_u64(al_slice_str(pid), INT32_MAX, &whose) != AL_OK || whose != (uint64_t)getpid()))
		return 0;
	return number;
}

void al_notify_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	if (name == NULL)
		return;
	manager = strncmp(name, "fd:", 3) == 0 ? manager_inherit(name + 3) : manager_connect(name);
	if (manager < 0)
		al_log(AL_LOG_WARN, "notify", "socket=%s reason=\"%s\"", name, strerror(errno));
	watchdog_us = watchdog_read();
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void al_notify(const char *lines)
{
	if (manager >= 0)
		(void)!send(manager, lines, strlen(lines), MSG_NOSIGNAL);
}

uint64_t al_notify_watchdog_ms(void)
{
	return manager >= 0 ? watchdog_us / 2000 : 0;
}

void al_notify_close(void)
{
	if (manager >= 0)
		close(manager);
	manager = -1;
	watchdog_us = 0;
}
