/* SPDX-License-Identifier: MIT */
/*
 * notify.c -- see notify.h.
 */
#include "notify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utlist.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "alamo/net/conf.h"

#define DNS_PORT 53
#define TARGETS_MAX 64
#define TRIES_MAX 6
#define REFUSALS_MAX 3
#define RETRY_MS 1000u /* doubled each time */
#define TICK_MS 50u
#define MESSAGE_MAX 1232u
#define OPCODE_NOTIFY 0x20u

/* What one secondary knows of one zone. */
struct told {
	struct told *next;
	struct dname apex;
	uint32_t serial; /* answered; 0: none yet */
	uint32_t wanted;
	uint32_t sent; /* of the message under way */
	uint16_t id;
	unsigned tries; /* 0: nothing is under way */
	uint64_t due_ms;
};

struct target {
	struct sockaddr_in6 addr; /* large enough for IPv4 */
	socklen_t addr_len;
	int fd; /* of its family; not owned */
	struct told *zones;
};

struct notify {
	struct notify_conf conf;
	struct al_timer *timer;
	int fds[2]; /* IPv4, IPv6; -1: none */
	struct event *events[2];
	size_t count;
	struct target targets[TARGETS_MAX];
};

/* ---- messages ---- */

static size_t message_make(const struct notify *notify, const struct zone *zone, struct told *told,
			   uint8_t out[static MESSAGE_MAX])
{
	const struct node_set *soa = node_find(zone_chain_apex(&zone->chain), RR_SOA);
	size_t len = DNS_HEADER;
	struct tsig tsig;

	memset(out, 0, DNS_HEADER);
	told->id = (uint16_t)randombytes_uniform(65536);
	al_set_u16(out, told->id);
	out[2] = OPCODE_NOTIFY | 0x04; /* AA: RFC 1996 section 4.7 */
	al_set_u16(out + 4, 1);
	al_set_u16(out + 6, 1);
	memcpy(out + len, zone->apex.b, zone->apex.len);
	len += zone->apex.len;
	al_set_u16(out + len, RR_SOA);
	al_set_u16(out + len + 2, RR_CLASS_IN);
	len += 4;
	/* A run points at the question already. */
	memcpy(out + len, node_bytes(zone_chain_apex(&zone->chain), soa->at), soa->len);
	len += soa->len;
	if (notify->conf.key == NULL)
		return len;
	tsig_start(notify->conf.key, al_now_s(), &tsig);
	return tsig_put(&tsig, out, len);
}

static void message_send(struct notify *notify, struct target *target, const struct zone *zone, struct told *told)
{
	uint8_t message[MESSAGE_MAX];
	size_t len = message_make(notify, zone, told, message);

	told->sent = zone->serial;
	told->due_ms = al_now_ms() + ((uint64_t)RETRY_MS << told->tries);
	told->tries++;
	if (sendto(target->fd, message, len, 0, (const struct sockaddr *)&target->addr, target->addr_len) < 0)
		al_log(AL_LOG_DEBUG, "notify", "errno=%d", errno);
}

static void given_up(const struct notify *notify, const struct target *target, struct told *told)
{
	char name[DNAME_TEXT_MAX];

	al_log(AL_LOG_WARN, "notify-unanswered", "zone=%s serial=%u secondary=%zu tries=%d",
	       dname_text(told->apex.b, name), told->sent, (size_t)(target - notify->targets) + 1, TRIES_MAX);
	told->tries = 0;
	told->serial = told->sent; /* its own refresh has to do; the next change is told again */
}

static const struct zone *zone_of(const struct zone_set *set, const struct dname *apex)
{
	for (size_t i = 0; i < set->count; i++)
		if (dname_eq(&set->zones[i]->apex, apex))
			return set->zones[i];
	return NULL;
}

/* Sends what is due; true: something is under way. */
static bool target_work(struct notify *notify, struct target *target, const struct zone_set *set, uint64_t now_ms)
{
	struct told *told;
	bool open = false;

	LL_FOREACH(target->zones, told)
	{
		const struct zone *zone = zone_of(set, &told->apex);

		if (zone == NULL)
			continue;
		if (told->tries > 0 && now_ms < told->due_ms) {
			open = true;
			continue;
		}
		if (told->tries == TRIES_MAX)
			given_up(notify, target, told);
		if (told->tries > 0 || told->serial != told->wanted) {
			message_send(notify, target, zone, told);
			open = true;
		}
	}
	return open;
}

static void notify_work(struct notify *notify)
{
	const struct zone_set *set = publish_enter(notify->conf.publish, notify->conf.reader);
	uint64_t now_ms = al_now_ms();
	bool open = false;

	for (size_t i = 0; set != NULL && i < notify->count; i++)
		open = target_work(notify, &notify->targets[i], set, now_ms) || open;
	publish_leave(notify->conf.publish, notify->conf.reader);
	if (open)
		al_timer_set(notify->timer, TICK_MS);
}

static void timer_fired(void *arg)
{
	notify_work(arg);
}

static struct told *told_of(struct target *target, const struct dname *apex)
{
	struct told *told;

	LL_FOREACH(target->zones, told)
	if (dname_eq(&told->apex, apex))
		return told;
	told = calloc(1, sizeof(*told));
	if (told == NULL)
		return NULL;
	told->apex = *apex;
	LL_APPEND(target->zones, told);
	return told;
}

void notify_look(struct notify *notify)
{
	const struct zone_set *set;

	if (notify == NULL)
		return;
	set = publish_enter(notify->conf.publish, notify->conf.reader);
	for (size_t z = 0; set != NULL && z < set->count; z++)
		for (size_t i = 0; i < notify->count; i++) {
			struct told *told = told_of(&notify->targets[i], &set->zones[z]->apex);

			if (told != NULL)
				told->wanted = set->zones[z]->serial;
		}
	publish_leave(notify->conf.publish, notify->conf.reader);
	notify_work(notify);
}

/* ---- answers ---- */

static bool same_addr(const struct target *target, const struct sockaddr_in6 *from)
{
	struct sockaddr_in a, b;

	if (from->sin6_family != target->addr.sin6_family)
		return false;
	if (from->sin6_family == AF_INET6)
		return from->sin6_port == target->addr.sin6_port &&
		       memcmp(&from->sin6_addr, &target->addr.sin6_addr, 16) == 0;
	memcpy(&a, from, sizeof(a));
	memcpy(&b, &target->addr, sizeof(b));
	return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

static void answer_take(struct notify *notify, const struct sockaddr_in6 *from, const uint8_t *bytes, size_t len)
{
	struct dname_index name;
	struct dname apex;
	struct told *told;

	if (len < DNS_HEADER + 5 || (bytes[2] & 0xf8) != (0x80 | OPCODE_NOTIFY) || al_get_u16(bytes + 4) != 1 ||
	    dname_index(0, bytes + DNS_HEADER, len - DNS_HEADER, &name) != AL_OK)
		return;
	dname_of_wire(name.name, name.len, &apex);
	for (size_t i = 0; i < notify->count; i++) {
		if (!same_addr(&notify->targets[i], from))
			continue;
		LL_FOREACH(notify->targets[i].zones, told)
		{
			if (told->tries == 0 || told->id != al_get_u16(bytes) || !dname_eq(&told->apex, &apex))
				continue;
			/* Perhaps it does not know the zone yet: asked again. Perhaps it does not want it. */
			if ((bytes[3] & 15) != RCODE_NOERROR && told->tries < REFUSALS_MAX)
				continue;
			told->serial = told->sent;
			told->tries = 0;
		}
	}
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct notify *notify = arg;
	struct sockaddr_in6 from = { .sin6_family = AF_UNSPEC };
	uint8_t bytes[MESSAGE_MAX];

	(void)what;
	for (unsigned i = 0; i < 64; i++) {
		socklen_t from_len = sizeof(from);
		ssize_t got = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

		if (got < 0)
			break;
		answer_take(notify, &from, bytes, (size_t)got);
	}
	notify_work(notify);
}

/* ---- start ---- */

static socklen_t sockaddr_make(const struct al_prefix *addr, uint16_t port, struct sockaddr_in6 *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	memset(out, 0, sizeof(*out));
	if (addr->bits == 32) {
		memcpy(&in.sin_addr, addr->addr, sizeof(in.sin_addr));
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	out->sin6_family = AF_INET6;
	out->sin6_port = htons(port);
	memcpy(&out->sin6_addr, addr->addr, sizeof(out->sin6_addr));
	return sizeof(*out);
}

/* "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT" */
static bool target_parse(struct al_slice text, struct al_prefix *addr, uint16_t *port)
{
	struct al_slice head, number = text;
	uint64_t value;

	*port = DNS_PORT;
	if (al_addr_parse(text, addr) == AL_OK)
		return true;
	if (al_slice_starts(text, "[")) {
		number = al_slice_from(text, 1);
		if (!al_slice_cut(&number, ']', &head) || !al_slice_starts(number, ":"))
			return false;
		number = al_slice_from(number, 1);
	} else if (!al_slice_cut(&number, ':', &head)) {
		return false;
	}
	if (al_addr_parse(head, addr) != AL_OK || al_slice_u64(number, UINT16_MAX, &value) != AL_OK || value == 0)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* A socket of the family, on the first address of ours. */
static int family_socket(struct notify *notify, struct al_loop *loop, bool six)
{
	struct al_slice rest = notify->conf.sources, text;
	struct sockaddr_in6 name;
	struct al_prefix addr;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	while (al_conf_next(&rest, &text)) {
		socklen_t len;

		if (al_addr_parse(text, &addr) != AL_OK || (addr.bits == 128) != six)
			continue;
		len = sockaddr_make(&addr, 0, &name);
		if (bind(fd, (const struct sockaddr *)&name, len) == 0)
			break;
	}
	notify->fds[six] = fd;
	notify->events[six] = event_new(al_loop_base(loop), fd, EV_READ | EV_PERSIST, readable, notify);
	if (notify->events[six] == NULL || event_add(notify->events[six], NULL) != 0)
		return -1;
	return fd;
}

static const char *target_add(struct notify *notify, struct al_loop *loop, struct al_slice text)
{
	struct target *target = &notify->targets[notify->count];
	struct al_prefix addr;
	uint16_t port;
	bool six;

	if (notify->count == TARGETS_MAX)
		return "too many";
	if (!target_parse(text, &addr, &port))
		return "not ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT";
	six = addr.bits == 128;
	target->addr_len = sockaddr_make(&addr, port, &target->addr);
	target->fd = notify->fds[six] >= 0 ? notify->fds[six] : family_socket(notify, loop, six);
	if (target->fd < 0)
		return "no socket of this family";
	notify->count++;
	return NULL;
}

enum al_err notify_new(struct al_loop *loop, const struct notify_conf *conf, struct notify **out)
{
	struct al_slice rest = conf->targets, text;
	struct notify *notify;

	*out = NULL;
	if (al_slice_trim(conf->targets).len == 0)
		return AL_OK;
	notify = calloc(1, sizeof(*notify));
	if (notify == NULL)
		return AL_ENOMEM;
	notify->conf = *conf;
	notify->fds[0] = notify->fds[1] = -1;
	if (al_timer_new(loop, timer_fired, notify, &notify->timer) != AL_OK) {
		notify_free(notify);
		return AL_ENOMEM;
	}
	while (al_conf_next(&rest, &text)) {
		const char *why = target_add(notify, loop, text);

		if (why == NULL)
			continue;
		al_log(AL_LOG_ERROR, "notify", "value=\"%.*s\" why=\"%s\"", AL_FMT(text), why);
		notify_free(notify);
		return AL_EINVAL;
	}
	*out = notify;
	return AL_OK;
}

void notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	al_timer_free(notify->timer);
	for (size_t i = 0; i < AL_COUNT(notify->fds); i++) {
		if (notify->events[i] != NULL)
			event_free(notify->events[i]);
		if (notify->fds[i] >= 0)
			(void)close(notify->fds[i]);
	}
	for (size_t i = 0; i < notify->count; i++) {
		struct told *told, *next;

		LL_FOREACH_SAFE(notify->targets[i].zones, told, next)
		free(told);
	}
	free(notify);
}
