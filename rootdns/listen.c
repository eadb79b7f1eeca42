/* SPDX-License-Identifier: MIT */
/*
 * listen.c -- see listen.h. Main thread.
 */
#include "listen.h"

#include <stdlib.h>
#include <unistd.h>

#define SECTION "dns"
#define PORT_KEY "port"
#define ANY_TRIES 16 /* ports that are free for UDP, until one is for TCP too */

struct listen {
	struct xdp *xdp; /* borrowed; NULL: none */
	struct udp_socket **sockets;
	size_t count;
};

static size_t worker_count(struct al_service *service)
{
	uint64_t asked = al_conf_u64(al_service_conf(service), SECTION, "workers");
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (asked > 0)
		return (size_t)asked;
	return cores > 0 ? (size_t)cores : 1;
}

size_t listen_threads(struct al_service *service)
{
	struct al_slice rest = al_service_listen_addrs(service, SECTION), addr;
	size_t addresses = 0;

	while (al_conf_next(&rest, &addr))
		addresses++;
	return addresses * worker_count(service);
}

/* A port that UDP and TCP both have; TCP is bound afterwards. */
static enum al_err port_take(struct tcp_server *tcp, struct al_slice addr, uint16_t wanted, bool any, uint16_t *port)
{
	enum al_err err = AL_EEXIST;

	for (unsigned i = 0; i < ANY_TRIES && err == AL_EEXIST; i++) {
		uint16_t bound;

		err = udp_probe(addr, i == 0 ? wanted : 0, port);
		if (err == AL_OK)
			err = al_listener_tcp(tcp_listener(tcp), addr, *port, &bound);
		if (!any)
			break;
	}
	return err;
}

static enum al_err address_open(struct al_service *service, struct listen *listen, struct al_slice addr,
				struct tcp_server *tcp, const struct batch_conf *first)
{
	struct batch_conf udp = *first;
	bool any = al_conf_port(al_service_conf(service), SECTION, PORT_KEY) == 0;
	uint16_t wanted = al_service_wanted_port(service, SECTION, PORT_KEY, LISTEN_ENDPOINT), port;
	enum al_err err = port_take(tcp, addr, wanted, any, &port);

	for (size_t i = 0; i < worker_count(service) && err == AL_OK; i++) {
		udp.reader = first->reader + listen->count;
		err = udp_start(addr, port, &udp, &listen->sockets[listen->count]);
		if (err == AL_OK)
			listen->count++;
	}
	if (err == AL_OK) {
		al_service_endpoint(service, LISTEN_ENDPOINT, addr, port);
		xdp_admit(listen->xdp, addr, port);
	}
	return err;
}

enum al_err listen_open(struct al_service *service, struct tcp_server *tcp, struct xdp *xdp,
			const struct batch_conf *udp, struct listen **out)
{
	struct al_slice rest = al_service_listen_addrs(service, SECTION), addr;
	struct listen *listen = calloc(1, sizeof(*listen));
	enum al_err err = AL_EINVAL;
	bool open = false;

	if (listen == NULL)
		return AL_ENOMEM;
	listen->xdp = xdp;
	listen->sockets = calloc(listen_threads(service) + 1, sizeof(struct udp_socket *));
	if (listen->sockets == NULL)
		err = AL_ENOMEM;
	while (listen->sockets != NULL && al_conf_next(&rest, &addr)) {
		err = address_open(service, listen, addr, tcp, udp);
		open = open || err == AL_OK;
		/* Hosts without IPv6 are common, and the presets name ::1. */
		if (err != AL_OK && (err != AL_EUNSUPPORTED || !al_slice_is(addr, "::1")))
			break;
		err = open ? AL_OK : err;
	}
	if (err != AL_OK)
		listen_close(listen);
	else
		*out = listen;
	return err;
}

void listen_close(struct listen *listen)
{
	if (listen == NULL)
		return;
	for (size_t i = 0; i < listen->count; i++)
		udp_stop(listen->sockets[i]);
	free(listen->sockets);
	free(listen);
}
