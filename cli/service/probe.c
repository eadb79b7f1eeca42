/* SPDX-License-Identifier: MIT */
/*
 * probe.c -- see probe.h.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "alamo/base/ident.h"
#include "alamo/net/loop.h"

void probe_to(struct probe *probe, const void *to, socklen_t len)
{
	*probe = (struct probe){ .to_len = len, .fd = -1 };
	memcpy(&probe->to, to, len);
}

void probe_close(struct probe *probe)
{
	if (probe->fd >= 0)
		close(probe->fd);
	probe->fd = -1;
}

/* True: it is under way. */
static bool probe_begin(struct probe *probe)
{
	if (probe->to_len == 0)
		return false;
	probe->fd = socket(probe->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe->fd < 0)
		return false;
	if (connect(probe->fd, (const struct sockaddr *)&probe->to, probe->to_len) == 0)
		probe->answers = true;
	else if (errno == EINPROGRESS)
		return true;
	else
		probe_close(probe);
	return false;
}

static void probe_end(struct probe *probe, short events)
{
	socklen_t len = sizeof(int);
	int error = 0;

	probe->answers = events != 0 && getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
	if (!probe->answers)
		probe_close(probe);
}

void probe_all(struct probe *probes, size_t count, int ms)
{
	struct pollfd polls[PROBES_MAX] = { 0 };
	uint64_t end = al_now_ms() + (uint64_t)ms, now;
	size_t open = 0;

	count = count < PROBES_MAX ? count : PROBES_MAX;
	for (size_t i = 0; i < count; i++) {
		bool begun = probe_begin(&probes[i]);

		polls[i] = (struct pollfd){ .fd = begun ? probes[i].fd : -1, .events = POLLOUT };
		open += begun;
	}
	while (open > 0 && (now = al_now_ms()) < end) {
		if (poll(polls, count, (int)(end - now)) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < count; i++)
			if (polls[i].fd >= 0 && polls[i].revents != 0) {
				probe_end(&probes[i], polls[i].revents);
				polls[i].fd = -1;
				open--;
			}
	}
	for (size_t i = 0; i < count; i++)
		if (polls[i].fd >= 0)
			probe_end(&probes[i], 0);
}

/* ---- TLS ---- */

static bool blocking(int fd, int ms)
{
	const struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0;
}

static bool days_of(SSL *ssl, int *days)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	int seconds = 0;
	bool ok = cert != NULL && ASN1_TIME_diff(days, &seconds, NULL, X509_get0_notAfter(cert)) == 1;

	if (ok && seconds < 0)
		(*days)--;
	X509_free(cert);
	return ok;
}

/* An address is no server name there. */
static bool name_set(SSL *ssl, const char *name)
{
	struct al_prefix address;
	char host[AL_NAME_MAX + 1];

	if (al_addr_parse(al_slice_str(name), &address) == AL_OK)
		return true;
	return al_slice_copy(al_slice_str(name), host, sizeof(host)) == AL_OK &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

bool probe_tls(const struct probe *probe, const char *name, int ms, int *days)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	bool ok = ssl != NULL && blocking(probe->fd, ms) && SSL_set_fd(ssl, probe->fd) == 1;

	if (ok) {
		/* It is looked at, not trusted. */
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		ok = name_set(ssl, name) && SSL_connect(ssl) == 1 && days_of(ssl, days);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return ok;
}
