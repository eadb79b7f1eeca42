/* SPDX-License-Identifier: MIT */
/*
 * mesh_object.c -- see mesh_object.h.
 */
#include "mesh_object.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "command.h"
#include "member/sign.h"
#include "mesh_proof.h"
#include "node_object.h"

/* What is known by then. */
struct registering {
	const struct mesh_init *init;
	const struct al_state *state;
	struct al_slice mntner;
	char key[NODE_KEY_LEN]; /* base64 */
};

static bool proof_put(const struct registering *r, struct al_slice source, struct al_buf *out)
{
	uint8_t signature[crypto_sign_BYTES];
	struct al_prefix network;
	struct al_buf text;
	bool ok;

	if (!mesh_network_of(r->state, &network))
		return false;
	al_buf_init(&text, 2048);
	mesh_proof_text(source, &network, r->mntner, al_slice_str(r->init->conf->name), al_slice_str(r->key), &text);
	ok = text.err == AL_OK && crypto_sign_detached(signature, NULL, text.ptr, text.len, r->init->mesh->secret) == 0;
	if (ok) {
		al_buf_str(out, "key-proof: ");
		al_buf_base64(out, signature, sizeof(signature));
		al_buf_u8(out, '\n');
	}
	al_buf_release(&text);
	return ok;
}

static bool object_put(const struct registering *r, const struct al_object *old, const char *source, struct al_buf *out)
{
	static const char *const own[] = {
		"mesh-node", "mesh-key", "address", "key-proof", "node", "mnt-by", "source", NULL,
	};
	const struct mesh_init *init = r->init;

	al_buf_printf(out, "mesh-node: %s\nmesh-key: %s\naddress: %s\n", init->conf->name, r->key, init->address);
	if (!proof_put(r, al_slice_str(source), out))
		return false;
	al_buf_printf(out, "node: %s\n", init->conf->name);
	node_rest_put(old, own, out);
	al_buf_printf(out, "mnt-by: %.*s\nsource: %s\n", AL_FMT(r->mntner), source);
	return out->err == AL_OK;
}

static int object_register(const struct registering *r, const struct submit *submit)
{
	struct al_slice name = al_slice_str(r->init->conf->name);
	const struct al_object *old = al_state_get(r->state, AL_MESH_NODE, name);
	struct al_buf object;
	int code;

	if (al_state_get(r->state, AL_MESH_REVOKED, al_slice_str(r->init->address)) != NULL)
		return command_fail(CLI_REFUSED,
				    "this mesh key is revoked: take %s away, and `alamo mesh init` makes another",
				    NODE_MESH_KEY_PATH);
	if (old != NULL && al_slice_is(al_object_attr(old, "mesh-key"), r->key) &&
	    al_object_has(old, "mnt-by", r->mntner))
		return CLI_DONE;
	al_buf_init(&object, 65536);
	code = object_put(r, old, submit->network->source, &object)
		       ? node_submit(submit, al_buf_view(&object))
		       : command_fail(CLI_REFUSED, "the object cannot be made");
	al_buf_release(&object);
	return code;
}

/* The maintainer is the node's, by the key that signs. */
static int state_register(struct registering *r, const struct submit *submit, struct al_slice auth)
{
	const struct al_object *node = al_state_get(r->state, AL_NODE, al_slice_str(r->init->conf->name));
	struct node_owner owner;

	node_owner_find(r->state, auth, &owner);
	r->mntner = node != NULL ? node_owner_of(&owner, node) : AL_S("");
	if (r->mntner.len == 0)
		return command_fail(CLI_REFUSED, "your key does not maintain [node] %s", r->init->conf->name);
	sodium_bin2base64(r->key, sizeof(r->key), r->init->mesh->public, sizeof(r->init->mesh->public),
			  sodium_base64_VARIANT_ORIGINAL);
	return object_register(r, submit);
}

int mesh_register(const struct mesh_init *init)
{
	char key[SETTING_MAX];
	struct client *client = NULL;
	struct network network;
	struct audit *audit = NULL;
	struct registry registry = init->registry;
	struct log_read_options where = { 0 };
	struct submit submit = { .network = &network, .keys = { key }, .key_count = 1 };
	struct registering r = { .init = init };
	struct al_buf auth;
	int code;

	al_buf_init(&auth, 4096);
	if (registry.server == NULL && init->conf->server[0] != '\0')
		registry.server = init->conf->server;
	code = command_exit(network_open(&registry, &client, &network));
	if (code == CLI_DONE && (settings_key(init->key, key) != AL_OK || sign_public(key, &auth) != AL_OK))
		code = CLI_USAGE;
	if (code == CLI_DONE) {
		submit.client = client;
		where.server = client_server(client);
		code = node_log_read(&where, NULL, &audit);
	}
	if (code == CLI_DONE) {
		r.state = audit_state(audit);
		code = state_register(&r, &submit, al_buf_view(&auth));
	}
	audit_free(audit);
	client_close(client);
	al_buf_release(&auth);
	return code;
}
