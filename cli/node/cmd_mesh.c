/* SPDX-License-Identifier: MIT */
/*
 * cmd_mesh.c -- `alamo mesh`: this node's place in the mesh half: an address that is its key's, babeld over the links that are
 * the mesh's, and, for who may, a gateway.
 *
 * The files are the node's (render_mesh.c), and come and go with `alamo node apply`; here is what turns them on.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh_object.h"
#include "node_apply.h"
#include "node_key.h"
#include "node_mesh.h"

struct options {
	struct log_read_options where;
	const char *root, *key, *network;
	bool gateway;
};

static const char *root_of(const struct options *options)
{
	return options->root != NULL ? options->root : "/";
}

/* The settings of a node, and the mesh address of this machine's key. Exit code. */
static int mesh_open(const struct options *options, bool make, struct node_conf *conf, struct node_mesh_key *key,
		     char address[static AL_PREFIX_STRLEN])
{
	struct al_prefix super;
	int code = CLI_DONE;

	if (node_conf_load(root_of(options), conf) != AL_OK)
		return CLI_REFUSED;
	if (al_prefix_parse(al_slice_str(conf->super), &super) != AL_OK)
		return command_fail(CLI_USAGE, "etc/alamo/node.conf: super = is missing: `alamo node init %s`",
				    conf->name);
	switch (node_mesh_key(root_of(options), make, key)) {
	case AL_OK:
		code = command_exit(node_mesh_address(key->public, &super, address));
		break;
	case AL_ENOTFOUND:
		code = command_fail(CLI_REFUSED, "this machine has no mesh key: `alamo mesh init` makes one");
		break;
	default:
		code = CLI_REFUSED;
	}
	return code;
}

/* ---- init ---- */

static int init(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	char address[AL_PREFIX_STRLEN];
	struct node_mesh_key key;
	struct node_conf conf;
	struct mesh_init init = { .conf = &conf, .mesh = &key, .address = address, .key = options->key };
	int code = mesh_open(options, true, &conf, &key, address);

	(void)words;
	init.registry.server = options->where.server;
	if (code == CLI_DONE)
		code = mesh_register(&init);
	sodium_memzero(&key, sizeof(key));
	if (code == CLI_DONE)
		printf("%s: mesh address %s\nNext: alamo peer add NODE --mesh    alamo mesh up\n", conf.name, address);
	return code;
}

/* ---- up, down ---- */

/* What is written down is what was applied, or what comes next when somebody has mended what is said. */
static int mesh_set(const struct options *options, struct node_conf *conf, enum node_mesh mesh)
{
	enum node_mesh before = conf->mesh;
	int code;

	conf->mesh = mesh;
	if (node_conf_save(conf) != AL_OK)
		return CLI_REFUSED;
	code = node_apply(root_of(options), &options->where);
	if (code == CLI_DONE)
		return code;
	conf->mesh = before;
	return node_conf_save(conf) == AL_OK ? code : CLI_REFUSED;
}

static int up(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	char address[AL_PREFIX_STRLEN];
	struct node_mesh_key key;
	struct node_conf conf;
	int code = mesh_open(options, false, &conf, &key, address);

	(void)words;
	sodium_memzero(&key, sizeof(key));
	if (code == CLI_DONE)
		code = mesh_set(options, &conf, options->gateway ? NODE_MESH_GATEWAY : NODE_MESH_MEMBER);
	if (code == CLI_DONE)
		printf("mesh address %s%s\n", address, options->gateway ? ", gateway" : "");
	return code;
}

static int down(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct node_conf conf;

	(void)words;
	if (node_conf_load(root_of(options), &conf) != AL_OK)
		return CLI_REFUSED;
	return mesh_set(options, &conf, NODE_MESH_OFF);
}

/* ---- address ---- */

/* Whoever has a key has its address, without asking anybody. */
static int address(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	char text[AL_PREFIX_STRLEN], prefix[AL_PREFIX_STRLEN];
	struct al_prefix super;
	struct node_conf conf;
	uint8_t key[32];
	size_t len;

	if (options->network == NULL && node_conf_load(root_of(options), &conf) != AL_OK)
		return CLI_REFUSED;
	snprintf(prefix, sizeof(prefix), "%s", options->network != NULL ? options->network : conf.super);
	if (al_prefix_parse(al_slice_str(prefix), &super) != AL_OK)
		return command_fail(CLI_USAGE, "%s is no prefix", prefix);
	if (al_slice_base64(al_slice_str(words->word[0]), key, sizeof(key), &len) != AL_OK || len != sizeof(key))
		return command_fail(CLI_USAGE, "%s is no mesh key: 44 characters of base64", words->word[0]);
	if (node_mesh_address(key, &super, text) != AL_OK)
		return CLI_REFUSED;
	puts(text);
	return CLI_DONE;
}

/* ---- status ---- */

static void links_print(const struct node_view *view, struct al_slice dump)
{
	char interface[16];

	for (size_t i = 0; i < view->peer_count; i++) {
		if (!view->peers[i].mesh)
			continue;
		render_interface(&view->peers[i], interface);
		printf("%-24s %-10s %s\n", view->peers[i].name, interface,
		       node_mesh_heard(dump, interface) ? "heard" : "silent");
	}
}

static int state_print(const struct node_rendering *r)
{
	struct node_mesh_routes routes;
	struct al_buf dump;
	enum al_err err;

	al_buf_init(&dump, NODE_MESH_TEXT_MAX);
	err = node_mesh_ask(&dump);
	routes = node_mesh_routes(al_buf_view(&dump), &r->view.super);
	printf("%s: %s%s\n", r->view.name, r->mesh_address,
	       r->mesh != NODE_MESH_GATEWAY ? ""
	       : r->view.gateway            ? ", gateway"
					    : ", gateway without a route in the log");
	links_print(&r->view, al_buf_view(&dump));
	if (err == AL_OK)
		printf("%zu nodes reached, %s\n", routes.nodes,
		       r->mesh == NODE_MESH_GATEWAY ? "the way out is here"
		       : routes.out                 ? "a way out"
						    : "no way out");
	al_buf_release(&dump);
	return err == AL_OK ? CLI_DONE : command_fail(CLI_OFFLINE, "babeld gets no answer: alamo mesh up");
}

static int status(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct node_rendering *r = NULL;
	int code = node_rendering_new(root_of(options), &options->where, &r);

	(void)words;
	if (code == CLI_DONE)
		code = r->mesh == NODE_MESH_OFF
			       ? command_fail(CLI_REFUSED, "%s is not in the mesh: `alamo mesh up`", r->view.name)
			       : state_print(r);
	node_rendering_free(r);
	return code;
}

static const struct command_form forms[] = {
	{ "init", "", "make this node's mesh key, and register it with its address", init },
	{ "up", "", "babeld over the mesh's links, its address and filters", up },
	{ "down", "", "every file of the mesh as it was before; the key stays", down },
	{ "address", "KEY", "which address is made of a mesh key; asks nobody", address },
	{ "status", "", "the address, who is heard, what is reached", status },
};

static const struct option_row rows[] = {
	NODE_ROW_ROOT(struct options, "nothing is run"),
	{ .name = "gateway",
	  .verbs = "up",
	  OPTION_AT(struct options, gateway),
	  .meaning = "announce the mesh half in BGP, and pass packets between the halves" },
	{ .name = "network",
	  .arg = "PREFIX",
	  .verbs = "address",
	  OPTION_AT(struct options, network),
	  .meaning = "the network's prefix",
	  .fallback = "the node's" },
	OPTION_KEY(struct options, key, "init", "the SSH key of the maintainer"),
	NODE_ROW_STREAM(struct options, "up down status"),
	NODE_ROW_SERVER(struct options, "init up down status"),
};

const struct command command_mesh = {
	.name = "mesh",
	.group = GROUP_MEMBER,
	.help = "this node in the mesh half: an address of its key, babel over its links, a gateway",
	.notes = "Links of the mesh are made with `alamo peer add NODE --mesh`; docs/mesh.md has the rest.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
