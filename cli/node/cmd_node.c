/* SPDX-License-Identifier: MIT */
/*
 * cmd_node.c -- `alamo node`: this machine's routes, tunnels and firewall, rendered from the verified log.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "node_agent.h"
#include "node_conf.h"
#include "node_apply.h"
#include "node_object.h"
#include "place.h"
#include "resolver/resolver_job.h"

struct options {
	struct registry registry;
	struct log_read_options where;
	const char *root, *key, *endpoint, *as, *rtr, *resolver, *router;
	struct option_list anchors;
	bool whole, timer;
};

static const char *root_of(const struct options *options)
{
	return options->root != NULL ? options->root : "/";
}

static struct place place_of(const struct options *options)
{
	return (struct place){ .root = root_of(options), .set = "node" };
}

/* ---- init ---- */

/* Names too: the resolver of this machine, by the anchors that the hostmaster published. */
static int names_init(const struct options *options)
{
	const struct resolver_options resolver = {
		.registry = { .server = options->where.server, .pin = options->registry.pin },
		.anchors = options->anchors,
		.root = options->root,
		.install = true,
		.restart = strcmp(root_of(options), "/") == 0,
	};

	return options->resolver != NULL ? resolver_job(options->resolver, &resolver) : CLI_DONE;
}

static int init(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct node_init init = {
		.name = words->word[0],
		.root = root_of(options),
		.registry = options->registry,
		.where = options->where,
		.key = options->key,
		.endpoint = options->endpoint,
		.as = options->as,
		.rtr = options->rtr,
		.whole = options->whole,
		.timer = options->timer,
	};
	int code;

	if (options->router != NULL && node_router_take(al_slice_str(options->router), &init.router) != AL_OK)
		return CLI_USAGE;
	code = node_init(&init);
	if (code == CLI_DONE)
		code = node_apply(root_of(options), &options->where);
	if (code == CLI_DONE)
		code = names_init(options);
	if (code == CLI_DONE)
		puts("Next: alamo peer add NODE    (alamo whois -T node NAME shows others')");
	return code;
}

/* ---- check, diff, apply, undo ---- */

static void change_print(void *arg, enum place_change change, const char *path)
{
	unsigned *changes = arg;

	*changes += change != PLACE_SAME;
	printf("%-8s %s\n", place_change_word(change), path);
}

static int diff(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	const struct place place = place_of(options);
	struct node_rendering *r;
	unsigned changes = 0;
	int code = node_rendering_new(root_of(options), &options->where, &r);

	(void)words;
	if (code == CLI_DONE && place_compare(&place, &r->render, change_print, &changes) != AL_OK)
		code = CLI_REFUSED;
	if (code == CLI_DONE)
		printf("log %llu: %u of the node's files differ\n", (unsigned long long)r->view.size, changes);
	node_rendering_free(r);
	return code;
}

static int check(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	const struct place place = place_of(options);
	struct node_rendering *r;
	int code = node_rendering_new(root_of(options), &options->where, &r);

	(void)words;
	if (code == CLI_DONE && place_check(&place, &r->render) != AL_OK)
		code = CLI_REFUSED;
	if (code == CLI_DONE)
		printf("log %llu: %zu files for %s, %zu peers: the programs take them\n",
		       (unsigned long long)r->view.size, r->render.count, r->view.name, r->view.peer_count);
	node_rendering_free(r);
	return code;
}

static int apply(const struct words *words, const void *arg)
{
	const struct options *options = arg;

	(void)words;
	return node_apply(root_of(options), &options->where);
}

static int undo(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	const struct place place = place_of(options);
	unsigned changes = 0;

	(void)words;
	if (place_undo(&place, change_print, &changes) != AL_OK)
		return CLI_REFUSED;
	printf("%u files are as they were before; etc/alamo/ keeps the node's name and key\n", changes);
	return CLI_DONE;
}

static int agent(const struct words *words, const void *arg)
{
	const struct options *options = arg;

	(void)words;
	return node_agent(root_of(options), &options->where);
}

static int up(const struct words *words, const void *arg)
{
	(void)words;
	return node_up(root_of(arg));
}

static const struct command_form forms[] = {
	{ "init", "NAME", "register this machine as a node, and set it up", init },
	{ "check", "", "render, and have the programs read it", check },
	{ "diff", "", "which files would change", diff },
	{ "apply", "", "render, check, and put in place", apply },
	{ "run", "", "follow the log, and apply what the holder signed", agent },
	{ "up", "", "tunnels and firewall of the files in place; asks nobody", up },
	{ "undo", "", "every file as it was before the first apply", undo },
};

static const struct option_row rows[] = {
	{ .name = "root",
	  .arg = "DIR",
	  OPTION_AT(struct options, root),
	  .meaning = "files go below DIR, and nothing is run",
	  .fallback = "/" },
	{ .name = "endpoint",
	  .arg = "HOST",
	  .verbs = "init",
	  OPTION_AT(struct options, endpoint),
	  .meaning = "where others reach this machine; without it, it calls them" },
	{ .name = "as",
	  .arg = "ASN",
	  .verbs = "init",
	  OPTION_AT(struct options, as),
	  .meaning = "the AS that the node is of, for who has several" },
	{ .name = "rtr",
	  .arg = "HOST:PORT",
	  .verbs = "init",
	  OPTION_AT(struct options, rtr),
	  .meaning = "the cache that the router asks for route origins",
	  .fallback = "the registry's" },
	{ .name = "router",
	  .arg = "bird|frr",
	  .choice = true,
	  .verbs = "init",
	  OPTION_AT(struct options, router),
	  .meaning = "what has the routes; with frr, frr.conf is the node's",
	  .fallback = "bird" },
	{ .name = "whole",
	  .verbs = "init",
	  OPTION_AT(struct options, whole),
	  .meaning = "bird.conf is the node's too; without it a bird.conf of one's own includes alamo.conf" },
	{ .name = "resolver",
	  .arg = "PROGRAM",
	  .verbs = "init",
	  OPTION_AT(struct options, resolver),
	  .meaning = "installs the network's names in this resolver too, as `alamo resolver PROGRAM --install`" },
	{ .name = "anchor",
	  .arg = "FILE",
	  .verbs = "init",
	  OPTION_AT(struct options, anchors),
	  .meaning = "DS lines of the network's zones for it, as the hostmaster publishes them" },
	{ .name = "timer",
	  .verbs = "init",
	  OPTION_AT(struct options, timer),
	  .meaning = "a timer applies once a minute, and no agent stays" },
	OPTION_KEY(struct options, key, "init", "the SSH key of the maintainer"),
	{ .name = "pin",
	  .arg = "VKEY|FILE",
	  .verbs = "init",
	  OPTION_AT(struct options, registry.pin),
	  .meaning = "the log key that the registry must have, as its hostmaster published it",
	  .fallback = "the one of the first contact" },
	NODE_ROW_STREAM(struct options, "check diff apply run"),
	NODE_ROW_SERVER(struct options, NULL),
};

const struct command command_node = {
	.name = "node",
	.group = GROUP_MEMBER,
	.help = "this machine as a router: bird or FRR, WireGuard and nftables from the verified log",
	.notes = "The whole log is decided again before a byte is rendered, so that a registry that lies can neither "
		 "add "
		 "a peer\nnor change a key.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
