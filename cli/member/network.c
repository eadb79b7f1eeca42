/* SPDX-License-Identifier: MIT */
/*
 * network.c -- the registry at the other end.
 */
#include "network.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "log/log_read.h"
#include "pin.h"
#include "settings.h"

enum al_err network_parse(struct al_slice answer, struct network *out)
{
	char ns[NETWORK_FIELD_MAX] = "";
	const struct {
		const char *name;
		char *value;
	} fields[] = {
		{ "name", out->name },
		{ "namespace", ns },
		{ "source", out->source },
		{ "tld", out->tld },
		{ "hostmaster", out->hostmaster },
		{ "vkey", out->vkey },
	};
	struct al_slice line, name;

	memset(out, 0, sizeof(*out));
	while (al_slice_line(&answer, &line)) {
		if (!al_slice_cut(&line, ':', &name))
			continue;
		if (al_slice_is(name, "endpoint") && out->endpoint_count < NETWORK_ENDPOINTS_MAX &&
		    al_slice_copy(al_slice_trim(line), out->endpoints[out->endpoint_count], NETWORK_FIELD_MAX) == AL_OK)
			out->endpoint_count++;
		for (size_t i = 0; i < AL_COUNT(fields); i++)
			if (al_slice_is(name, fields[i].name) && fields[i].value[0] == '\0' &&
			    al_slice_copy(al_slice_trim(line), fields[i].value, NETWORK_FIELD_MAX) != AL_OK)
				return AL_ELIMIT;
	}
	/* These become parts of what is signed. */
	if (!pin_name_ok(out->name) || !pin_name_ok(out->source) || (out->tld[0] != '\0' && !pin_name_ok(out->tld)))
		return AL_EINVAL;
	int length = snprintf(out->ns, sizeof(out->ns), "registry@%s", out->name);

	if (length < 0 || (size_t)length >= sizeof(out->ns))
		return AL_ELIMIT;
	/* The name alone is pinned, so the namespace may be nothing else. */
	if (ns[0] != '\0' && strcmp(ns, out->ns) != 0)
		return AL_EINVAL;
	return al_vkey_parse(al_slice_str(out->vkey), &out->key);
}

/* ---- where the services are ---- */

static bool is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static enum al_err address_put(const char *host, const char *port, char *out, size_t cap)
{
	int len = snprintf(out, cap, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);

	return len < 0 || (size_t)len >= cap ? AL_ELIMIT : AL_OK;
}

enum al_err network_endpoint(const struct network *network, const char *server, const char *name, char *out, size_t cap)
{
	char host[SETTING_MAX], port[16], ours[SETTING_MAX], ignored[16];
	enum al_err err = settings_split(server, "4343", ours, ignored);
	bool found = false;

	for (size_t i = 0; err == AL_OK && i < network->endpoint_count; i++) {
		struct al_slice rest = al_slice_str(network->endpoints[i]), head;

		if (!al_slice_cut(&rest, ' ', &head) || !al_slice_is(head, name) ||
		    settings_split(rest.ptr, NULL, host, port) != AL_OK)
			continue;
		if (is_any(host) || strcmp(host, ours) == 0)
			return address_put(ours, port, out, cap);
		if (!found)
			err = address_put(host, port, out, cap);
		found = true;
	}
	return err != AL_OK ? err : found ? AL_OK : AL_ENOTFOUND;
}

enum al_err network_ask(struct client *client, struct network *out)
{
	struct al_buf answer;
	enum al_err err;

	al_buf_init(&answer, 65536);
	err = client_ask(client, "network", &answer);
	if (err == AL_OK) {
		err = network_parse(al_buf_view(&answer), out);
		if (err != AL_OK) {
			command_fail(CLI_REFUSED, "%s does not answer like a registry", client_server(client));
			err = AL_EINVAL;
		}
	}
	al_buf_release(&answer);
	return err;
}

enum al_err network_open(const struct registry *registry, struct client **client, struct network *out)
{
	struct al_vkey wanted;
	enum al_err err;

	*client = NULL;
	if (registry->pin != NULL && log_read_key(registry->pin, &wanted) != CLI_DONE)
		return AL_EINVAL;
	err = client_open(registry->server, client);
	if (err != AL_OK)
		return err;
	err = network_ask(*client, out);
	if (err == AL_OK)
		err = pin_follow(*client, out, registry->pin != NULL ? &wanted : NULL);
	if (err == AL_OK)
		err = pin_check(client_server(*client), out, registry->pin != NULL ? &wanted : NULL);
	if (err != AL_OK) {
		client_close(*client);
		*client = NULL;
	}
	return err;
}
