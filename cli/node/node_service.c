/* SPDX-License-Identifier: MIT */
/*
 * node_service.c -- the services of a node: openings, addresses, and whether those that are anycast answer.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_view.h"
#include "service/probe.h"

#define LOOK_MS 500

struct filling {
	const struct node_trust *trust;
	struct node_view *view;
};

static void ports_fill(const struct al_object *object, struct node_service *service)
{
	struct al_slice rest = al_object_text(object), value, protocol;
	uint64_t number;

	while (service->port_count < NODE_PORTS_MAX && al_attr_find(&rest, "port", &value)) {
		if (!al_slice_word(&value, "", &protocol) ||
		    al_slice_u64(al_slice_trim(value), 65535, &number) != AL_OK)
			continue;
		service->ports[service->port_count].tcp = al_slice_is(protocol, "tcp");
		service->ports[service->port_count++].number = (unsigned)number;
	}
}

/* The block that the node itself is in stays announced, whatever its services do. */
static bool is_home(const struct node_view *view, size_t prefix)
{
	struct al_prefix own;

	return al_addr_parse(al_slice_str(view->address), &own) != AL_OK ||
	       al_prefix_covers(&view->prefixes[prefix], &own);
}

/* The first address in what the node's AS announces; others would take somebody else's packets away. */
static void address_fill(const struct al_object *object, struct node_view *view, struct node_service *service)
{
	struct al_slice rest = al_object_text(object), value;
	struct al_prefix address;

	while (service->address[0] == '\0' && al_attr_find(&rest, "address", &value)) {
		if (al_addr_parse(value, &address) != AL_OK || al_slice_is(value, view->address))
			continue;
		for (size_t i = 0; i < view->prefix_count && service->address[0] == '\0'; i++)
			if (al_prefix_covers(&view->prefixes[i], &address)) {
				al_addr_format(&address, service->address);
				service->prefix = i;
			}
	}
	service->anycast = service->address[0] != '\0' && al_slice_is(al_object_attr(object, "anycast"), "yes") &&
			   !is_home(view, service->prefix);
	if (service->anycast)
		view->prefix_anycast[service->prefix] = true;
}

static bool service_add(const struct al_object *object, void *arg)
{
	struct filling *f = arg;
	struct node_view *view = f->view;
	struct node_service *service = &view->services[view->service_count];

	if (!node_trust_has(f->trust, object->index))
		return true;
	*service = (struct node_service){ .answers = true };
	snprintf(service->name, sizeof(service->name), "%.*s", AL_FMT(al_object_key(object)));
	ports_fill(object, service);
	address_fill(object, view, service);
	if (al_object_has(object, "node", al_slice_str(view->name)))
		view->service_count++;
	return view->service_count < NODE_SERVICES_MAX;
}

/* A block that several ASes announce is anycast, even where no service of ours is in it any more. */
static bool origin_look(const struct al_object *route, void *arg)
{
	struct node_view *view = arg;
	struct al_prefix prefix;
	uint32_t origin;

	if (al_object_prefix(route, &prefix) != AL_OK || al_object_asn(route, &origin) != AL_OK || origin == view->asn)
		return true;
	for (size_t i = 0; i < view->prefix_count; i++)
		if (origin != 0 && al_prefix_cmp(&view->prefixes[i], &prefix) == 0 && !is_home(view, i))
			view->prefix_anycast[i] = true;
	return true;
}

static int service_cmp(const void *a, const void *b)
{
	return strcmp(((const struct node_service *)a)->name, ((const struct node_service *)b)->name);
}

void node_services_fill(const struct al_state *state, const struct node_trust *trust, struct node_view *view)
{
	struct filling f = { .trust = trust, .view = view };

	al_state_each(state, AL_SERVICE, service_add, &f);
	al_state_each(state, AL_ROUTE6, origin_look, view);
	qsort(view->services, view->service_count, sizeof(*view->services), service_cmp);
}

bool node_service_here(const struct node_service *service)
{
	return service->address[0] != '\0' && (!service->anycast || service->answers);
}

bool node_prefix_announced(const struct node_view *view, size_t prefix)
{
	if (!view->prefix_anycast[prefix])
		return true;
	for (size_t i = 0; i < view->service_count; i++)
		if (view->services[i].anycast && view->services[i].prefix == prefix && view->services[i].answers)
			return true;
	return false;
}

static const unsigned *tcp_port(const struct node_service *service)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i].tcp)
			return &service->ports[i].number;
	return NULL;
}

/* At the node's own address: the service's is not on a machine whose service does not answer. */
void node_services_look(struct node_view *view)
{
	struct probe probes[NODE_SERVICES_MAX];
	size_t which[NODE_SERVICES_MAX], count = 0;
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET6, view->address, &to.sin6_addr) != 1)
		return;
	for (size_t i = 0; i < view->service_count; i++) {
		const unsigned *port = tcp_port(&view->services[i]);

		if (!view->services[i].anycast || port == NULL)
			continue;
		to.sin6_port = htons((uint16_t)*port);
		probe_to(&probes[count], &to, sizeof(to));
		which[count++] = i;
	}
	probe_all(probes, count, LOOK_MS);
	for (size_t i = 0; i < count; i++) {
		view->services[which[i]].answers = probes[i].answers;
		probe_close(&probes[i]);
	}
}
