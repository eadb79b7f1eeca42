/* SPDX-License-Identifier: MIT */
/*
 * node_member.c -- see node_member.h.
 */
#include "node_member.h"

#include <string.h>

#include "audit.h"
#include "command.h"
#include "member/sign.h"

int node_member_open(const char *root, const char *key, const struct registry *at, bool must, struct node_member *out)
{
	struct registry registry = *at;
	struct log_read_options where = { 0 };
	int code;

	memset(out, 0, sizeof(*out));
	al_buf_init(&out->auth, 4096);
	if ((must ? node_conf_load(root, &out->conf) : node_conf_load_if(root, &out->conf)) != AL_OK)
		return CLI_REFUSED;
	if (registry.server == NULL && out->conf.server[0] != '\0')
		registry.server = out->conf.server;
	code = command_exit(network_open(&registry, &out->client, &out->network));
	if (code == CLI_DONE && (settings_key(key, out->key) != AL_OK || sign_public(out->key, &out->auth) != AL_OK))
		code = CLI_USAGE;
	if (code != CLI_DONE)
		return code;
	where.server = client_server(out->client);
	code = node_log_read(&where, NULL, &out->audit);
	out->state = out->audit != NULL ? audit_state(out->audit) : NULL;
	if (code == CLI_DONE)
		node_owner_find(out->state, al_buf_view(&out->auth), &out->owner);
	return code;
}

void node_member_release(struct node_member *member)
{
	audit_free(member->audit);
	client_close(member->client);
	al_buf_release(&member->auth);
}

struct submit node_member_submit(const struct node_member *member)
{
	return (struct submit){
		.client = member->client, .network = &member->network, .keys = { member->key }, .key_count = 1
	};
}
