/* SPDX-License-Identifier: MIT */
/*
 * directory.c -- see directory.h.
 */
#include "directory.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "file.h"
#include "home.h"
#include "probe.h"

#define MEMORY_MAX (4u << 20)
#define HOST_MAX 256

const char *const service_states[] = {
	[SERVICE_UNASKED] = "-", [SERVICE_UP] = "up", [SERVICE_DOWN] = "down", [SERVICE_STALE] = "stale"
};

/* ---- what there is ---- */

static bool service_take(const struct al_object *object, void *arg)
{
	struct directory *directory = arg;

	directory->services[directory->count++].object = object;
	return true;
}

static int service_cmp(const void *a, const void *b)
{
	return al_slice_cmp(al_object_key(((const struct service *)a)->object),
			    al_object_key(((const struct service *)b)->object));
}

enum al_err directory_fill(const struct al_state *state, struct directory *out)
{
	size_t count = al_state_count(state, AL_SERVICE);

	*out = (struct directory){ .services = calloc(count + 1, sizeof(*out->services)) };
	if (out->services == NULL)
		return AL_ENOMEM;
	al_state_each(state, AL_SERVICE, service_take, out);
	qsort(out->services, out->count, sizeof(*out->services), service_cmp);
	return AL_OK;
}

void directory_release(struct directory *directory)
{
	free(directory->services);
	*directory = (struct directory){ 0 };
}

/* ---- where it is ---- */

/* "https", "www.ann.alamo", "8443" of a URL; empty where it has none (RFC 3986 section 3). */
struct url {
	struct al_slice scheme;
	char host[HOST_MAX], port[16];
};

static void url_split(struct al_slice text, struct url *out)
{
	struct al_slice authority, port = AL_S("");
	size_t len = 0;

	*out = (struct url){ .host = "" };
	if (!al_slice_cut(&text, ':', &out->scheme) || !al_slice_starts(text, "//"))
		return;
	text = al_slice_from(text, 2);
	while (len < text.len && strchr("/?#", text.ptr[len]) == NULL)
		len++;
	authority = al_slice_head(text, len);
	for (size_t at = authority.len; at-- > 0 && authority.ptr[at] != ']';)
		if (authority.ptr[at] == ':') {
			port = al_slice_from(authority, at + 1);
			authority = al_slice_head(authority, at);
			break;
		}
	if (al_slice_starts(authority, "[") && al_slice_ends(authority, "]"))
		authority = al_slice_of(authority.ptr + 1, authority.len - 2);
	if (al_slice_copy(authority, out->host, sizeof(out->host)) != AL_OK ||
	    al_slice_copy(port, out->port, sizeof(out->port)) != AL_OK)
		out->host[0] = '\0';
	if (out->port[0] == '\0' && al_slice_is(out->scheme, "https"))
		snprintf(out->port, sizeof(out->port), "443");
	else if (out->port[0] == '\0' && al_slice_is(out->scheme, "http"))
		snprintf(out->port, sizeof(out->port), "80");
}

static void target_find(const char *host, const char *port, struct probe *probe)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL;

	*probe = (struct probe){ .fd = -1 };
	if (host[0] == '\0' || port[0] == '\0' || getaddrinfo(host, port, &hints, &list) != 0)
		return;
	probe_to(probe, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
}

/* ---- asking ---- */

struct question {
	struct service *service;
	struct probe probe;
	char name[HOST_MAX]; /* for TLS; empty: none is expected */
};

struct asking {
	struct question questions[PROBES_MAX];
	size_t count;
	int ms;
};

static void answer_take(struct question *question, int ms)
{
	struct service *service = question->service;
	int days = 0;

	if (!question->probe.answers) {
		service->state = SERVICE_DOWN;
		return;
	}
	if (service->state == SERVICE_UNASKED)
		service->state = SERVICE_UP;
	/* The earliest end of all its certificates. */
	if (question->name[0] != '\0' && probe_tls(&question->probe, question->name, ms, &days) &&
	    (!service->tls || days < service->tls_days)) {
		service->tls = true;
		service->tls_days = days;
	}
}

static void questions_ask(struct asking *asking)
{
	struct probe probes[PROBES_MAX];

	for (size_t i = 0; i < asking->count; i++)
		probes[i] = asking->questions[i].probe;
	probe_all(probes, asking->count, asking->ms);
	for (size_t i = 0; i < asking->count; i++) {
		asking->questions[i].probe = probes[i];
		answer_take(&asking->questions[i], asking->ms);
		probe_close(&asking->questions[i].probe);
	}
	asking->count = 0;
}

/* Ports where TLS begins at once (IANA's service names), and URLs that say so. */
static bool is_tls(const struct url *url, const char *port)
{
	static const char *const ports[] = { "443", "465", "636", "853", "993", "995", "5223", "6697" };

	for (size_t i = 0; i < AL_COUNT(ports); i++)
		if (strcmp(port, ports[i]) == 0)
			return true;
	return url->scheme.len > 3 && al_slice_ends(url->scheme, "s") && strcmp(url->port, port) == 0;
}

static void question_add(struct asking *asking, struct service *service, const struct url *url, const char *port)
{
	struct question *question = &asking->questions[asking->count];
	char host[HOST_MAX];

	*question = (struct question){ .service = service };
	if (al_slice_copy(al_object_attr(service->object, "address"), host, sizeof(host)) != AL_OK || host[0] == '\0')
		snprintf(host, sizeof(host), "%s", url->host);
	target_find(host, port, &question->probe);
	if (is_tls(url, port))
		snprintf(question->name, sizeof(question->name), "%s", url->host[0] != '\0' ? url->host : host);
	if (++asking->count == PROBES_MAX)
		questions_ask(asking);
}

static void service_ask(struct asking *asking, struct service *service)
{
	struct al_slice rest = al_object_text(service->object), value, protocol;
	char port[16];
	bool said = false;
	struct url url;

	url_split(al_object_attr(service->object, "url"), &url);
	while (al_attr_find(&rest, "port", &value)) {
		said = true;
		if (al_slice_word(&value, "", &protocol) && al_slice_is(protocol, "tcp") &&
		    al_slice_copy(al_slice_trim(value), port, sizeof(port)) == AL_OK)
			question_add(asking, service, &url, port);
	}
	if (!said && url.port[0] != '\0')
		question_add(asking, service, &url, url.port);
}

/* ---- what is remembered ---- */

static struct service *service_named(const struct directory *directory, struct al_slice name)
{
	size_t from = 0, to = directory->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = al_slice_cmp(al_object_key(directory->services[middle].object), name);

		if (order == 0)
			return &directory->services[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* "NAME FIRST SEEN" a line; what cannot be read is forgotten. */
static void memory_take(struct directory *directory, struct al_slice text)
{
	struct al_slice line, name, first, seen;
	struct service *service;

	while (al_slice_line(&text, &line)) {
		if (!al_slice_word(&line, "", &name) || !al_slice_word(&line, "", &first) ||
		    !al_slice_word(&line, "", &seen))
			continue;
		service = service_named(directory, name);
		if (service != NULL && (al_slice_u64(first, UINT64_MAX, &service->first) != AL_OK ||
					al_slice_u64(seen, UINT64_MAX, &service->seen) != AL_OK))
			service->first = service->seen = 0;
	}
}

static void memory_put(const struct directory *directory, struct al_buf *out)
{
	for (size_t i = 0; i < directory->count; i++)
		if (directory->services[i].first != 0)
			al_buf_printf(out, "%.*s %llu %llu\n", AL_FMT(al_object_key(directory->services[i].object)),
				      (unsigned long long)directory->services[i].first,
				      (unsigned long long)directory->services[i].seen);
}

static void date(struct service *service, uint64_t now)
{
	uint64_t since;

	if (service->state == SERVICE_UNASKED)
		return;
	service->first = service->first != 0 ? service->first : now;
	if (service->state == SERVICE_UP)
		service->seen = now;
	since = service->seen != 0 ? service->seen : service->first;
	if (service->state == SERVICE_DOWN && now > since && now - since > SERVICE_STALE_S)
		service->state = SERVICE_STALE;
}

enum al_err directory_check(struct directory *directory, const char *network, int ms)
{
	struct asking *asking = calloc(1, sizeof(*asking));
	char path[PATH_MAX], rest[HOST_MAX];
	struct al_buf memory;
	enum al_err err;

	if (asking == NULL)
		return AL_ENOMEM;
	al_buf_init(&memory, MEMORY_MAX);
	snprintf(rest, sizeof(rest), "services/%s", network);
	err = home_make(HOME_STATE, rest, path);
	if (err == AL_OK && file_read(path, &memory) == AL_OK)
		memory_take(directory, al_buf_view(&memory));
	asking->ms = ms;
	for (size_t i = 0; i < directory->count; i++)
		service_ask(asking, &directory->services[i]);
	questions_ask(asking);
	for (size_t i = 0; i < directory->count; i++)
		date(&directory->services[i], (uint64_t)time(NULL));
	al_buf_reset(&memory);
	memory_put(directory, &memory);
	if (err == AL_OK)
		err = memory.err == AL_OK ? file_write(path, al_buf_view(&memory), 0600) : memory.err;
	if (err != AL_OK)
		command_fail(CLI_REFUSED, "when which service was seen cannot be kept: %s", strerror(errno));
	al_buf_release(&memory);
	free(asking);
	return err;
}
