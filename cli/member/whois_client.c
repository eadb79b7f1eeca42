/* SPDX-License-Identifier: MIT */
/*
 * whois_client.c -- one query to a WHOIS server.
 */
#include "whois_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alamo/net/loop.h"
#include "client.h"
#include "settings.h"

/* Sends the whole query (short: it fits the socket's buffer) and reads until the server closes, or time is up. */
static enum al_err whois_talk(int fd, struct al_slice query, uint64_t until, struct al_buf *answer)
{
	char chunk[16384];

	if (send(fd, query.ptr, query.len, MSG_NOSIGNAL) != (ssize_t)query.len)
		return AL_ECLOSED;
	while (answer->err == AL_OK) {
		struct pollfd wait = { fd, POLLIN, 0 };
		uint64_t now = al_now_ms();
		ssize_t got;

		if (now >= until || poll(&wait, 1, (int)(until - now)) == 0)
			return AL_EAGAIN;
		got = recv(fd, chunk, sizeof(chunk), 0);
		if (got == 0)
			return AL_OK;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return AL_ECLOSED;
		if (got > 0)
			al_buf_put(answer, chunk, (size_t)got);
	}
	return answer->err;
}

enum al_err whois_query(const char *server, const char *query, struct al_buf *answer, const char **why)
{
	char host[SETTING_MAX], port[16];
	struct al_buf line;
	uint64_t patience_ms = 0;
	int fd = -1;
	enum al_err err = settings_peer("the WHOIS server", server, NULL, host, port);

	if (err == AL_OK)
		err = settings_patience(&patience_ms);
	if (err != AL_OK)
		return AL_EINVAL;
	*why = "it closed the connection";
	al_buf_init(&line, 8192);
	al_buf_printf(&line, "%s\r\n", query);
	err = line.err != AL_OK ? line.err : client_connect(host, port, &fd, why);
	if (err == AL_OK)
		err = whois_talk(fd, al_buf_view(&line), al_now_ms() + patience_ms, answer);
	if (err == AL_EAGAIN) {
		*why = "no whole answer in time";
		err = AL_ECLOSED;
	}
	if (fd >= 0)
		close(fd);
	al_buf_release(&line);
	return err;
}
