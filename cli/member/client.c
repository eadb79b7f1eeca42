/* SPDX-License-Identifier: MIT */
/*
 * client.c -- a connection to the registry's request port.
 *
 * One answer ends with the line "% end"; reading stops when as many of them
 * came as questions were sent, or when one of them was not whole in time. Lost
 * connections are made again for at most RETRY_MS, with the same bytes.
 */
#include "client.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alamo/net/loop.h"
#include "command.h"
#include "settings.h"

#define BUDGET_WAIT_MAX_S 900u /* one command waits no longer for the registry's budgets */
#define CONNECT_MS 5000
#define RETRY_MS 15000
#define WINDOW 32 /* questions sent before their answers are awaited */

struct client {
	char server[SETTING_MAX];
	char host[SETTING_MAX];
	char port[16];
	int fd;               /* -1: not connected */
	const char *why;      /* of the last failure */
	uint64_t patience_ms; /* for each answer */
	uint64_t waited_s;    /* for budgets, in all */
};

static bool connect_wait(int fd, const struct addrinfo *to)
{
	struct pollfd wait = { fd, POLLOUT, 0 };
	int error = 0;
	socklen_t size = sizeof(error);

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS)
		return false;
	if (poll(&wait, 1, CONNECT_MS) != 1) {
		errno = ETIMEDOUT;
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return false;
	errno = error;
	return error == 0;
}

enum al_err client_connect(const char *host, const char *port, int *fd, const char **why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int code = getaddrinfo(host, port, &hints, &list);

	if (code != 0) {
		*why = gai_strerror(code);
		return AL_ECLOSED;
	}
	*why = "no address";
	for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
		int sock = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (sock >= 0 && connect_wait(sock, at)) {
			freeaddrinfo(list);
			*fd = sock;
			return AL_OK;
		}
		*why = strerror(errno);
		if (sock >= 0)
			close(sock);
	}
	freeaddrinfo(list);
	return AL_ECLOSED;
}

static enum al_err client_dial(struct client *client)
{
	if (client->fd >= 0)
		return AL_OK;
	return client_connect(client->host, client->port, &client->fd, &client->why);
}

static void client_hang_up(struct client *client, const char *why)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->why = why;
}

enum al_err client_open(const char *server, struct client **out)
{
	struct client *client = calloc(1, sizeof(*client));
	enum al_err err;

	if (client == NULL)
		return AL_ENOMEM;
	client->fd = -1;
	err = settings_server(server, client->server);
	if (err == AL_OK)
		err = settings_patience(&client->patience_ms);
	if (err == AL_OK)
		err = settings_peer("the registry", client->server, "4343", client->host, client->port);
	if (err != AL_OK) {
		free(client);
		return AL_EINVAL;
	}
	err = client_dial(client);
	if (err != AL_OK) {
		command_fail(CLI_OFFLINE, "no connection to the registry at %s: %s", client->server, client->why);
		client_close(client);
		return err;
	}
	*out = client;
	return AL_OK;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	client_hang_up(client, NULL);
	free(client);
}

const char *client_server(const struct client *client)
{
	return client->server;
}

/* Complete lines "% end" in bytes from *seen on; *seen moves to the start of the first incomplete line. */
static size_t ends_count(struct al_slice bytes, size_t *seen)
{
	size_t ends = 0;
	const char *lf;

	while ((lf = memchr(bytes.ptr + *seen, '\n', bytes.len - *seen)) != NULL) {
		struct al_slice line = al_slice_of(bytes.ptr + *seen, (size_t)(lf - bytes.ptr) - *seen);

		if (al_slice_is(line, "% end") || al_slice_is(line, "% end\r"))
			ends++;
		*seen = (size_t)(lf - bytes.ptr) + 1;
	}
	return ends;
}

static enum al_err client_lost(struct client *client, const char *why)
{
	client->why = why;
	return AL_ECLOSED;
}

/* Until something can be read or written, or nothing more is waited for. */
static enum al_err client_ready(struct client *client, bool writing, uint64_t until, short *revents)
{
	struct pollfd wait = { client->fd, (short)(writing ? POLLIN | POLLOUT : POLLIN), 0 };
	uint64_t now = al_now_ms();
	int ready = now < until ? poll(&wait, 1, (int)(until - now)) : 0;

	*revents = wait.revents;
	if (ready == 0)
		return client_lost(client, "no whole answer in time");
	if (ready < 0 && errno != EINTR)
		return client_lost(client, strerror(errno));
	return AL_OK;
}

/* Writes and reads at once, so that long questions and long answers cannot block each other. */
static enum al_err client_pump(struct client *client, struct al_slice bytes, size_t count, struct al_buf *answers)
{
	size_t seen = answers->len, ends = 0, more;
	uint64_t until = al_now_ms() + client->patience_ms;
	char chunk[16384];
	short revents;

	while (ends < count) {
		enum al_err err = client_ready(client, bytes.len > 0, until, &revents);

		if (err != AL_OK)
			return err;
		if ((revents & POLLOUT) != 0 && bytes.len > 0) {
			ssize_t put = send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

			if (put > 0)
				bytes = al_slice_from(bytes, (size_t)put);
			else if (put < 0 && errno != EAGAIN && errno != EINTR)
				return client_lost(client, strerror(errno));
		}
		if ((revents & (POLLIN | POLLHUP | POLLERR)) == 0)
			continue;
		ssize_t got = recv(client->fd, chunk, sizeof(chunk), 0);

		if (got == 0)
			return client_lost(client, "the registry closed the connection");
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return client_lost(client, strerror(errno));
		if (got > 0)
			al_buf_put(answers, chunk, (size_t)got);
		if (answers->err != AL_OK)
			return answers->err;
		more = ends_count(al_buf_view(answers), &seen);
		ends += more;
		if (more > 0)
			until = al_now_ms() + client->patience_ms;
	}
	return AL_OK;
}

/* `bytes` hold `count` questions or requests, each ended as the protocol wants it. */
static enum al_err client_exchange(struct client *client, struct al_slice bytes, size_t count, struct al_buf *answers)
{
	uint64_t until = al_now_ms() + (client->patience_ms < RETRY_MS ? client->patience_ms : RETRY_MS);
	size_t start = answers->len;
	int wait_ms = 50;
	enum al_err err;

	for (;;) {
		err = client_dial(client);
		if (err == AL_OK)
			err = client_pump(client, bytes, count, answers);
		if (err != AL_ECLOSED)
			return err;
		client_hang_up(client, client->why);
		answers->len = start;
		if (al_now_ms() >= until)
			break;
		(void)poll(NULL, 0, wait_ms);
		wait_ms = wait_ms < 1000 ? wait_ms * 2 : 1000;
	}
	command_fail(CLI_OFFLINE, "lost the registry at %s: %s", client->server, client->why);
	return err;
}

/* ---- budgets ---- */

/* "%ERROR: budget of ... used up: try again in 7 s": 7; anything else: 0. */
static uint64_t budget_seconds(struct al_slice answer)
{
	static const char before[] = "try again in ";
	struct al_slice digits;
	const char *at;
	uint64_t seconds;

	if (!al_slice_starts(answer, "%ERROR: budget "))
		return 0;
	at = memmem(answer.ptr, answer.len, before, sizeof(before) - 1);
	if (at == NULL)
		return 0;
	answer = al_slice_from(answer, (size_t)(at - answer.ptr) + sizeof(before) - 1);
	(void)al_slice_cut(&answer, ' ', &digits);
	return al_slice_u64(digits, BUDGET_WAIT_MAX_S, &seconds) == AL_OK ? seconds : 0;
}

/* Waits, and says so once. False: it has waited long enough by now. */
static bool budget_pause(struct client *client, uint64_t seconds)
{
	if (seconds == 0 || client->waited_s + seconds > BUDGET_WAIT_MAX_S)
		return false;
	if (client->waited_s == 0)
		(void)command_fail(CLI_DONE, "over the registry's budget: going on slowly");
	client->waited_s += seconds;
	(void)poll(NULL, 0, (int)seconds * 1000);
	return true;
}

/* How many answers from `start` on came before the first that was over budget, which goes with all behind it. */
static size_t budget_cut(struct al_buf *answers, size_t start, uint64_t *seconds)
{
	struct al_slice rest = al_slice_from(al_buf_view(answers), start), one;
	size_t count = 0;

	*seconds = 0;
	while (client_next(&rest, &one)) {
		*seconds = budget_seconds(one);
		if (*seconds > 0) {
			answers->len = (size_t)(one.ptr - (const char *)answers->ptr);
			break;
		}
		count++;
	}
	return count;
}

enum al_err client_questions(struct client *client, struct al_slice lines, struct al_buf *answers)
{
	enum al_err err = AL_OK;

	while (err == AL_OK && lines.len > 0) {
		struct al_slice rest = lines, line;
		size_t start = answers->len, count = 0;
		uint64_t seconds;

		while (count < WINDOW && al_slice_line(&rest, &line))
			count++;
		err = client_exchange(client, al_slice_head(lines, lines.len - rest.len), count, answers);
		if (err != AL_OK)
			return err;
		for (count = budget_cut(answers, start, &seconds); count > 0; count--)
			(void)al_slice_line(&lines, &line);
		if (seconds > 0 && !budget_pause(client, seconds)) {
			command_fail(CLI_OFFLINE, "the registry's budget is used up");
			return AL_ECLOSED;
		}
	}
	return err;
}

bool client_next(struct al_slice *answers, struct al_slice *answer)
{
	struct al_slice line;
	const char *start = answers->ptr;

	while (al_slice_line(answers, &line))
		if (al_slice_is(line, "% end")) {
			*answer = al_slice_of(start, (size_t)(line.ptr - start));
			return true;
		}
	return false;
}

static enum al_err client_one(struct client *client, struct al_slice bytes, struct al_buf *answer)
{
	struct al_slice all, one;
	enum al_err err;

	do {
		al_buf_reset(answer);
		err = client_exchange(client, bytes, 1, answer);
		if (err != AL_OK)
			return err;
		all = al_buf_view(answer);
	} while (budget_pause(client, budget_seconds(all)));
	if (client_next(&all, &one))
		answer->len = one.len;
	return AL_OK;
}

enum al_err client_ask(struct client *client, const char *line, struct al_buf *answer)
{
	struct al_buf question;
	enum al_err err;

	al_buf_init(&question, 16384);
	al_buf_printf(&question, "%s\n", line);
	err = question.err != AL_OK ? question.err : client_one(client, al_buf_view(&question), answer);
	al_buf_release(&question);
	return err;
}

enum al_err client_request(struct client *client, struct al_slice request, struct al_buf *answer)
{
	struct al_buf bytes;
	enum al_err err;

	/* The empty line says that no further block follows. */
	al_buf_init(&bytes, request.len + 2);
	al_buf_slice(&bytes, request);
	al_buf_str(&bytes, al_slice_ends(request, "\n") ? "\n" : "\n\n");
	err = bytes.err != AL_OK ? bytes.err : client_one(client, al_buf_view(&bytes), answer);
	al_buf_release(&bytes);
	return err;
}
