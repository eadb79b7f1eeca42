/*
 * network.c -- what the registry says about itself.
 */
#include "network.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

enum al_err network_parse(struct al_slice answer, struct network *out)
{
	const struct {
		const char *name;
		char *value;
	} fields[] = {
		{ "name", out->name }, { "source", out->source },
		{ "tld", out->tld },   { "hostmaster", out->hostmaster },
		{ "vkey", out->vkey },
	};
	struct al_slice line, name;

	memset(out, 0, sizeof(*out));
	while (al_slice_line(&answer, &line)) {
		if (!al_slice_cut(&line, ':', &name))
			continue;
		for (size_t i = 0; i < AL_COUNT(fields); i++)
			if (al_slice_is(name, fields[i].name) && fields[i].value[0] == '\0' &&
			    al_slice_copy(al_slice_trim(line), fields[i].value, NETWORK_FIELD_MAX) != AL_OK)
				return AL_ELIMIT;
	}
	if (out->name[0] == '\0' || out->source[0] == '\0')
		return AL_EINVAL;
	int length = snprintf(out->ns, sizeof(out->ns), "registry@%s", out->name);

	return length < 0 || (size_t)length >= sizeof(out->ns) ? AL_ELIMIT : AL_OK;
}

enum al_err network_ask(struct client *client, struct network *out)
{
	struct al_buf answer;
	enum al_err err;

	al_buf_init(&answer, 65536);
	err = client_ask(client, "network", &answer);
	if (err == AL_OK) {
		err = network_parse(al_buf_view(&answer), out);
		if (err != AL_OK)
			command_fail(CLI_REFUSED, "%s does not answer like a registry", client_server(client));
	}
	al_buf_release(&answer);
	return err;
}
