/* SPDX-License-Identifier: MIT */
/*
 * listen.c -- the sockets of a listener: TCP addresses, and files for unix ones.
 */
#include "listener.h"

#include "alamo/base/log.h"
#include "alamo/net/bind.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

/* What the kernel hands down to every accepted connection; neither is worth failing for. */
static void socket_tune(int fd)
{
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

enum port_use {
	PORT_ALONE,
	PORT_FIRST, /* nobody has it; then others may join */
	PORT_JOIN,
};

static bool port_share(int fd, bool yes)
{
	int on = 1;
	return !yes || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
}

static enum al_err tcp_open(const struct sockaddr *addr, socklen_t len, enum port_use use, int *out)
{
	int on = 1;
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? AL_EUNSUPPORTED : AL_ESYS;
	/* The first may not bind as one of many: it would then share the port of another daemon by mistake. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (addr->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
	    !port_share(fd, use == PORT_JOIN) || bind(fd, addr, len) != 0 || !port_share(fd, use == PORT_FIRST) ||
	    listen(fd, BACKLOG) != 0) {
		int number = errno;
		close(fd);
		errno = number;
		return number == EADDRNOTAVAIL ? AL_EUNSUPPORTED : number == EADDRINUSE ? AL_EEXIST : AL_ESYS;
	}
	socket_tune(fd);
	*out = fd;
	return AL_OK;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage self = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(self);
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	if (getsockname(fd, (struct sockaddr *)&self, &len) != 0)
		return 0;
	memcpy(&in, &self, sizeof(in));
	memcpy(&in6, &self, sizeof(in6));
	return ntohs(self.ss_family == AF_INET6 ? in6.sin6_port : in.sin_port);
}

enum al_err al_listener_tcp(struct al_listener *listener, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *info = NULL;
	char host[CONN_PEER_LEN];
	char service[6];
	int fd = -1;

	snprintf(service, sizeof(service), "%u", (unsigned)port);
	enum al_err err = al_slice_copy(addr, host, sizeof(host));
	if (err != AL_OK || getaddrinfo(host, service, &hints, &info) != 0) {
		char quoted[AL_LOG_QUOTE_LEN];
		al_log(AL_LOG_ERROR, "listen-address", "listener=%s address=%s", listener->conf.name,
		       al_log_quote(addr, quoted));
		return AL_EINVAL;
	}
	err = tcp_open(info->ai_addr, info->ai_addrlen, listener->conf.shares != NULL ? PORT_FIRST : PORT_ALONE, &fd);
	if (err != AL_OK)
		al_bind_failed(listener->conf.name, addr, port, errno);
	freeaddrinfo(info);
	if (err != AL_OK)
		return err;
	uint16_t taken = port_of(fd);
	err = listener_add(listener, fd, NULL);
	if (err == AL_OK)
		*bound = taken;
	return err;
}

enum al_err al_listener_join(struct al_listener *listener, const struct al_listener *first)
{
	enum al_err err = AL_OK;
	for (const struct listen_socket *s = first->sockets; s != NULL && err == AL_OK; s = s->next) {
		struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
		struct sockaddr *addr = (struct sockaddr *)&storage;
		socklen_t len = sizeof(storage);
		int fd = -1;
		if (s->path != NULL)
			continue;
		err = getsockname(s->fd, addr, &len) == 0 ? tcp_open(addr, len, PORT_JOIN, &fd) : AL_ESYS;
		if (err == AL_OK)
			err = listener_add(listener, fd, NULL);
		else
			al_log(AL_LOG_ERROR, "listen-join", "listener=%s errno=%d", listener->conf.name, errno);
	}
	return err;
}

/* A socket file that nobody answers on is a leftover. */
static enum al_err unix_clear(const struct sockaddr_un *addr)
{
	struct stat st;
	if (lstat(addr->sun_path, &st) != 0)
		return errno == ENOENT ? AL_OK : AL_ESYS;
	if (!S_ISSOCK(st.st_mode))
		return AL_EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return AL_ESYS;
	bool stale = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0 && errno == ECONNREFUSED;
	close(fd);
	if (!stale)
		return AL_EEXIST;
	return unlink(addr->sun_path) == 0 || errno == ENOENT ? AL_OK : AL_ESYS;
}

static enum al_err unix_open(const struct sockaddr_un *addr, int *out)
{
	enum al_err err = unix_clear(addr);
	if (err != AL_OK)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return AL_ESYS;
	/* The mode before bind() is what the file is born with (less the umask); chmod() gives what the umask took. */
	if (fchmod(fd, 0660) != 0 || bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0 ||
	    chmod(addr->sun_path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
		int number = errno;
		close(fd);
		errno = number;
		return AL_ESYS;
	}
	*out = fd;
	return AL_OK;
}

enum al_err al_listener_unix(struct al_listener *listener, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = -1;
	errno = 0;
	enum al_err err = al_slice_copy(al_slice_str(path), addr.sun_path, sizeof(addr.sun_path));
	if (err == AL_OK)
		err = unix_open(&addr, &fd);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "listen-failed", "listener=%s path=%s error=%s errno=%d", listener->conf.name,
		       path, al_err_name(err), errno);
		return err;
	}
	char *copy = strdup(path);
	if (copy == NULL) {
		close(fd);
		unlink(path);
		return AL_ENOMEM;
	}
	return listener_add(listener, fd, copy);
}
