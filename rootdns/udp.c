/* SPDX-License-Identifier: MIT */
/*
 * udp.c -- the loop that answers most queries: see udp.h.
 *
 * recvmmsg, the answers of the whole batch (batch.c), sendmmsg. Each thread has
 * its buffers; it shares the published set and nothing else.
 */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alamo/base/ident.h"
#include "alamo/base/log.h"
#include "alamo/net/bind.h"
#include "thread.h"

#define QUERY_USUAL 256u       /* what nearly all fit, */
#define QUERY_BYTES 4096u      /* and what padded ones may take; of longer ones TCP is asked for */
#define SOCKET_BYTES (4 << 20) /* asked of the kernel, both ways: for bursts */

/* Room for the control data that carries the address a datagram was sent to. */
#define CONTROL_BYTES CMSG_SPACE(sizeof(struct in6_pktinfo))

struct slot {
	struct sockaddr_in6 from; /* large enough for IPv4 */
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	struct iovec in_vec[2], out_vec;
	uint8_t in[QUERY_USUAL];
	uint8_t out[UDP_SIZE_MAX];
};

struct udp_socket {
	int fd;
	bool any; /* bound to all addresses: replies must name theirs */
	struct batch_conf conf;
	pthread_t thread;
	_Atomic bool stop;
	struct traffic traffic;
	struct mmsghdr in[BATCH_MAX], out[BATCH_MAX];
	struct slot slots[BATCH_MAX];
	struct batch_item items[BATCH_MAX]; /* slot by slot */
	/* Long queries go on here, so that the slots stay close together. */
	uint8_t long_in[BATCH_MAX][QUERY_BYTES];
};

/* ---- sockets ---- */

static enum al_err addr_make(struct al_slice addr, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
	struct al_prefix parsed;

	memset(out, 0, sizeof(*out));
	if (al_addr_parse(addr, &parsed) != AL_OK)
		return AL_EINVAL;
	if (parsed.bits == 32) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

		memcpy(&in.sin_addr, parsed.addr, sizeof(in.sin_addr));
		memcpy(out, &in, sizeof(in));
		*len = sizeof(in);
	} else {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

		memcpy(&in6.sin6_addr, parsed.addr, sizeof(in6.sin6_addr));
		memcpy(out, &in6, sizeof(in6));
		*len = sizeof(in6);
	}
	return AL_OK;
}

static bool addr_any(struct al_slice addr)
{
	static const uint8_t zero[16];
	struct al_prefix parsed;

	return al_addr_parse(addr, &parsed) == AL_OK && memcmp(parsed.addr, zero, sizeof(zero)) == 0;
}

static void option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		al_log(AL_LOG_WARN, "udp-option", "level=%d option=%d errno=%d", level, name, errno);
}

static void options_set(int fd, int family, bool any)
{
	option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BYTES);
	option(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BYTES);
	/* Path MTU messages can be forged: never let them change what we send. */
	if (family == AF_INET)
		option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	else
		option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	if (any && family == AF_INET)
		option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	else if (any)
		option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

static enum al_err socket_open(struct al_slice addr, uint16_t port, bool shared, int *out)
{
	struct sockaddr_storage name;
	socklen_t len = 0;
	enum al_err err = addr_make(addr, port, &name, &len);
	int fd, number;

	if (err != AL_OK)
		return err;
	fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? AL_EUNSUPPORTED : AL_ESYS;
	if (name.ss_family == AF_INET6)
		option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (shared)
		option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, (const struct sockaddr *)&name, len) == 0) {
		options_set(fd, name.ss_family, addr_any(addr));
		*out = fd;
		return AL_OK;
	}
	number = errno;
	(void)close(fd);
	al_bind_failed("dns-udp", addr, port, number);
	if (number == EADDRINUSE)
		return AL_EEXIST;
	return number == EADDRNOTAVAIL ? AL_EUNSUPPORTED : AL_ESYS;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct sockaddr_in in;

	if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		return 0;
	memcpy(&in, &name, sizeof(in)); /* the port is at the same place in both families */
	return ntohs(in.sin_port);
}

enum al_err udp_probe(struct al_slice addr, uint16_t port, uint16_t *bound)
{
	enum al_err err;
	int fd;

	/* Without SO_REUSEPORT, so that another server of ours on the port is noticed. */
	err = socket_open(addr, port, false, &fd);
	if (err != AL_OK)
		return err;
	*bound = port_of(fd);
	(void)close(fd);
	return *bound != 0 ? AL_OK : AL_ESYS;
}

/* ---- the loop ---- */

static void slots_reset(struct udp_socket *s)
{
	for (size_t i = 0; i < BATCH_MAX; i++) {
		s->in[i].msg_hdr.msg_namelen = sizeof(s->slots[i].from);
		s->in[i].msg_hdr.msg_controllen = s->any ? sizeof(s->slots[i].control) : 0;
		s->in[i].msg_hdr.msg_flags = 0;
	}
}

static void slots_init(struct udp_socket *s)
{
	for (size_t i = 0; i < BATCH_MAX; i++) {
		struct slot *slot = &s->slots[i];

		slot->in_vec[0] = (struct iovec){ slot->in, QUERY_USUAL };
		slot->in_vec[1] = (struct iovec){ s->long_in[i] + QUERY_USUAL, QUERY_BYTES - QUERY_USUAL };
		slot->out_vec.iov_base = slot->out;
		s->items[i].out = slot->out;
		s->in[i].msg_hdr.msg_name = &slot->from;
		s->in[i].msg_hdr.msg_iov = slot->in_vec;
		s->in[i].msg_hdr.msg_iovlen = AL_COUNT(slot->in_vec);
		s->in[i].msg_hdr.msg_control = s->any ? slot->control : NULL;
	}
}

/* The reply leaves from the address that was asked, by whatever way the routes say. */
static void control_set(struct slot *slot, struct msghdr *in, struct msghdr *out)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(in);

	out->msg_control = NULL;
	out->msg_controllen = 0;
	if (header == NULL)
		return;
	if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(header), sizeof(info));
		info.ipi_ifindex = 0;
		info.ipi_spec_dst = info.ipi_addr;
		memcpy(CMSG_DATA(header), &info, sizeof(info));
	} else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(header), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(header), &info, sizeof(info));
	} else {
		return;
	}
	out->msg_control = slot->control;
	out->msg_controllen = in->msg_controllen;
}

static void client_take(const struct sockaddr_in6 *from, struct client *out)
{
	struct sockaddr_in in;

	if (from->sin6_family == AF_INET6) {
		out->addr_len = 16;
		memcpy(out->addr, &from->sin6_addr, 16);
		return;
	}
	memcpy(&in, from, sizeof(in));
	out->addr_len = 4;
	memcpy(out->addr, &in.sin_addr, 4);
}

static void item_fill(struct udp_socket *s, size_t i)
{
	struct slot *slot = &s->slots[i];
	struct batch_item *item = &s->items[i];

	item->msg = slot->in;
	item->len = s->in[i].msg_len;
	item->cut = (s->in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
	if (item->len > QUERY_USUAL) {
		memcpy(s->long_in[i], slot->in, QUERY_USUAL);
		item->msg = s->long_in[i];
	}
	client_take(&slot->from, &item->client);
}

/* Answers what came; returns how many replies there are. */
static size_t replies_make(struct udp_socket *s, size_t count)
{
	size_t replies = 0;

	for (size_t i = 0; i < count; i++)
		item_fill(s, i);
	batch_answer(&s->conf, s->items, count, &s->traffic);
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = &s->slots[i];
		struct msghdr *out = &s->out[replies].msg_hdr;

		slot->out_vec.iov_len = s->items[i].out_len;
		if (slot->out_vec.iov_len == 0)
			continue;
		*out = (struct msghdr){ .msg_name = &slot->from,
					.msg_namelen = s->in[i].msg_hdr.msg_namelen,
					.msg_iov = &slot->out_vec,
					.msg_iovlen = 1 };
		if (s->any)
			control_set(slot, &s->in[i].msg_hdr, out);
		replies++;
	}
	return replies;
}

static void replies_send(struct udp_socket *s, size_t count)
{
	for (size_t sent = 0; sent < count;) {
		int now = sendmmsg(s->fd, s->out + sent, (unsigned)(count - sent), 0);

		/* One that cannot be sent is left out: its client will ask again. */
		if (now <= 0 && errno == EINTR)
			continue;
		sent += now > 0 ? (size_t)now : 1;
	}
}

static void *socket_run(void *arg)
{
	struct udp_socket *s = arg;

	slots_init(s);
	while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		int got;

		slots_reset(s);
		got = recvmmsg(s->fd, s->in, BATCH_MAX, MSG_WAITFORONE, NULL);
		if (got <= 0 || atomic_load_explicit(&s->stop, memory_order_relaxed))
			continue;
		replies_send(s, replies_make(s, (size_t)got));
		traffic_flush(&s->traffic, TRAFFIC_UDP);
	}
	return NULL;
}

/* ---- start and stop ---- */

enum al_err udp_start(struct al_slice addr, uint16_t port, const struct batch_conf *conf, struct udp_socket **out)
{
	struct udp_socket *s = calloc(1, sizeof(*s));
	enum al_err err;

	if (s == NULL)
		return AL_ENOMEM;
	s->any = addr_any(addr);
	s->conf = *conf;
	err = socket_open(addr, port, true, &s->fd);
	if (err == AL_OK) {
		err = thread_start("dns-udp", socket_run, s, &s->thread);
		if (err != AL_OK)
			(void)close(s->fd);
	}
	if (err != AL_OK)
		free(s);
	else
		*out = s;
	return err;
}

void udp_stop(struct udp_socket *s)
{
	if (s == NULL)
		return;
	atomic_store(&s->stop, true);
	/* Wakes the thread out of recvmmsg(), though the call itself fails on an unconnected socket. */
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->fd);
	free(s);
}
