/* SPDX-License-Identifier: MIT */
/*
 * node_object.c -- see node_object.h.
 */
#include "node_object.h"

#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "command.h"
#include "member/answer.h"
#include "member/sign.h"
#include "node_conf.h"
#include "node_key.h"

/* ---- whose we are ---- */

static bool owner_look(const struct al_object *mntner, void *arg)
{
	struct node_owner *owner = arg;

	if (al_object_has(mntner, "auth", owner->auth))
		owner->mntner[owner->count++] = al_object_key(mntner);
	return owner->count < NODE_MNTNERS_MAX;
}

void node_owner_find(const struct al_state *state, struct al_slice auth, struct node_owner *out)
{
	*out = (struct node_owner){ .auth = auth };
	al_state_each(state, AL_MNTNER, owner_look, out);
}

struct al_slice node_owner_of(const struct node_owner *owner, const struct al_object *object)
{
	for (size_t i = 0; i < owner->count; i++)
		if (al_object_has(object, "mnt-by", owner->mntner[i]))
			return owner->mntner[i];
	return AL_S("");
}

struct number_search {
	const struct node_owner *owner;
	struct al_slice wanted; /* empty: any */
	struct al_slice asn, mnt;
	size_t count;
};

static bool number_look(const struct al_object *aut_num, void *arg)
{
	struct number_search *search = arg;
	struct al_slice mnt = node_owner_of(search->owner, aut_num);

	if (mnt.len == 0 || (search->wanted.len > 0 && !al_slice_caseeq(search->wanted, al_object_key(aut_num))))
		return true;
	search->asn = al_object_key(aut_num);
	search->mnt = mnt;
	search->count++;
	return true;
}

static int number_find(const struct al_state *state, const char *as, struct number_search *search)
{
	search->wanted = as != NULL ? al_slice_str(as) : AL_S("");
	al_state_each(state, AL_AUT_NUM, number_look, search);
	if (search->count == 1)
		return CLI_DONE;
	if (search->count > 1)
		return command_fail(CLI_USAGE, "you have %zu AS numbers: say with --as which one the node is of",
				    search->count);
	if (as != NULL)
		return command_fail(CLI_REFUSED, "--as: %s is not maintained by your key", as);
	return command_fail(CLI_REFUSED, "your key maintains no AS number here: `alamo join` first");
}

/* ---- its address ---- */

struct address_search {
	const struct al_state *state;
	struct al_slice asn;
	struct al_prefix shortest; /* that the AS announces; bits 0: none */
	unsigned last;             /* the highest address of a node in it */
};

static bool route_look(const struct al_object *route, void *arg)
{
	struct address_search *search = arg;
	struct al_prefix prefix;

	if (al_slice_caseeq(al_object_attr(route, "origin"), search->asn) &&
	    al_object_prefix(route, &prefix) == AL_OK &&
	    (search->shortest.bits == 0 || al_prefix_cmp(&prefix, &search->shortest) < 0))
		search->shortest = prefix;
	return true;
}

static bool node_look(const struct al_object *node, void *arg)
{
	struct address_search *search = arg;
	struct al_prefix address;
	unsigned number;

	if (al_addr_parse(al_object_attr(node, "address"), &address) != AL_OK ||
	    !al_prefix_covers(&search->shortest, &address))
		return true;
	number = address.addr[14] * 256u + address.addr[15];
	search->last = number > search->last ? number : search->last;
	return true;
}

/* A node's address is the next one of the first /64 of what its AS announces. */
static int address_choose(const struct al_state *state, struct al_slice asn, char out[static AL_PREFIX_STRLEN])
{
	struct address_search search = { .state = state, .asn = asn };

	al_state_each(state, AL_ROUTE6, route_look, &search);
	if (search.shortest.bits == 0)
		return command_fail(CLI_REFUSED, "%.*s has no route6: a node needs a prefix that is announced",
				    AL_FMT(asn));
	al_state_each(state, AL_NODE, node_look, &search);
	if (search.last >= 0xffff)
		return command_fail(CLI_REFUSED, "no address is left for a node");
	search.shortest.addr[14] = (uint8_t)((search.last + 1) / 256);
	search.shortest.addr[15] = (uint8_t)((search.last + 1) % 256);
	search.shortest.len = 128;
	al_addr_format(&search.shortest, out);
	return CLI_DONE;
}

/* ---- the object ---- */

int node_submit(const struct submit *submit, struct al_slice objects)
{
	struct draft draft;
	struct al_buf answer;
	enum al_err err = draft_parse(objects, &draft);
	int code;

	if (err != AL_OK)
		return command_fail(CLI_USAGE, "the request cannot be made");
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = submit_send(submit, &draft, &answer);
	code = command_exit(err);
	if (err == AL_OK && !answer_accepted(al_buf_view(&answer))) {
		command_print_remote(al_buf_view(&answer));
		code = CLI_REFUSED;
	}
	al_buf_release(&answer);
	draft_release(&draft);
	return code;
}

void node_rest_put(const struct al_object *old, const char *const own[], struct al_buf *out)
{
	struct al_slice rest = old != NULL ? al_object_text(old) : AL_S("");
	struct al_attr attr;

	while (al_attr_next(&rest, &attr)) {
		bool ours = false;

		for (size_t i = 0; own[i] != NULL; i++)
			ours = ours || al_slice_is(attr.name, own[i]);
		if (!ours)
			al_buf_printf(out, "%.*s: %.*s\n", AL_FMT(attr.name), AL_FMT(attr.value));
	}
}

struct wanted {
	const struct node_init *init;
	const struct number_search *number;
	const char *address, *public, *source;
};

static void object_put(const struct wanted *wanted, const struct al_object *old, struct al_buf *out)
{
	/* Address, key and endpoint are this machine's to say. */
	static const char *const own[] = {
		"node", "origin", "address", "endpoint", "wg-key", "mnt-by", "source", NULL
	};
	struct al_slice endpoint = old != NULL ? al_object_attr(old, "endpoint") : AL_S("");

	al_buf_printf(out, "node: %s\norigin: %.*s\naddress: %s\n", wanted->init->name, AL_FMT(wanted->number->asn),
		      wanted->address);
	/* Each tunnel has a port of its own (link: of its peering); the object's is the first. */
	if (wanted->init->endpoint != NULL)
		al_buf_printf(out, "endpoint: %s %d\n", wanted->init->endpoint, NODE_PORT_FIRST);
	else if (endpoint.len > 0)
		al_buf_printf(out, "endpoint: %.*s\n", AL_FMT(endpoint));
	al_buf_printf(out, "wg-key: %s\n", wanted->public);
	node_rest_put(old, own, out);
	al_buf_printf(out, "mnt-by: %.*s\nsource: %s\n", AL_FMT(wanted->number->mnt), wanted->source);
}

static bool is_current(const struct al_object *old, const struct wanted *wanted)
{
	struct al_slice endpoint, host = AL_S("");

	if (old == NULL || !al_slice_is(al_object_attr(old, "wg-key"), wanted->public))
		return false;
	endpoint = al_object_attr(old, "endpoint");
	(void)al_slice_word(&endpoint, "", &host);
	return wanted->init->endpoint == NULL || al_slice_is(host, wanted->init->endpoint);
}

static int object_register(const struct submit *submit, const struct al_state *state, const struct wanted *wanted)
{
	const struct al_object *old = al_state_get(state, AL_NODE, al_slice_str(wanted->init->name));
	struct wanted now = *wanted;
	char kept[AL_PREFIX_STRLEN];
	struct al_buf objects;
	int code;

	if (is_current(old, wanted))
		return CLI_DONE;
	if (old != NULL && al_object_attr(old, "address").len > 0) {
		node_attr(old, "address", kept, sizeof(kept));
		now.address = kept;
	}
	al_buf_init(&objects, 65536);
	object_put(&now, old, &objects);
	code = objects.err == AL_OK ? node_submit(submit, al_buf_view(&objects))
				    : command_fail(CLI_USAGE, "the object is too long");
	al_buf_release(&objects);
	if (code == CLI_DONE)
		printf("%s: node of %.*s, address %s\n", wanted->init->name, AL_FMT(wanted->number->asn), now.address);
	return code;
}

/* ---- init ---- */

/* rtrlib, FRR's library, asks whether the machine has an IPv4 address, and loopback's is none to it. */
static void cache_hint(const struct node_conf *conf)
{
	if (conf->router == NODE_FRR && strncmp(conf->rtr, "127.", 4) == 0)
		fprintf(stderr,
			"alamo: FRR reaches a cache at %s only while this machine has another IPv4 address; "
			"one at ::1 always: --rtr [::1]:PORT\n",
			conf->rtr);
}

/* The key that signs now is one whose word counts on this machine from now on; those that did before still do. */
static int settings_save_all(const struct node_init *init, const struct client *client, const struct network *network,
			     const struct al_state *state, struct al_slice auth)
{
	struct node_conf conf;

	if (node_conf_load_if(init->root, &conf) != AL_OK || node_conf_signer(&conf, auth) != AL_OK)
		return CLI_REFUSED;
	conf.router = init->router;
	conf.whole = init->whole;
	conf.timer = init->timer;
	node_super(state, conf.super);
	snprintf(conf.name, sizeof(conf.name), "%s", init->name);
	snprintf(conf.server, sizeof(conf.server), "%s", client_server(client));
	if (init->rtr != NULL)
		snprintf(conf.rtr, sizeof(conf.rtr), "%s", init->rtr);
	else if (network_endpoint(network, conf.server, "rtr", conf.rtr, sizeof(conf.rtr)) != AL_OK)
		return command_fail(CLI_USAGE, "the registry names no RTR cache: say one with --rtr HOST:PORT");
	cache_hint(&conf);
	return node_conf_save(&conf) == AL_OK ? CLI_DONE : CLI_REFUSED;
}

/* Submits by the state that the log gives. */
static int state_init(const struct node_init *init, struct submit *submit, const struct al_state *state,
		      struct al_slice auth)
{
	char secret[NODE_KEY_LEN], public[NODE_KEY_LEN], address[AL_PREFIX_STRLEN];
	struct node_owner owner;
	struct number_search number = { .owner = &owner };
	struct wanted wanted = {
		.init = init, .number = &number, .address = address, .public = public, .source = submit->network->source
	};
	int code;

	node_owner_find(state, auth, &owner);
	code = number_find(state, init->as, &number);
	if (code == CLI_DONE)
		code = address_choose(state, number.asn, address);
	if (code == CLI_DONE && node_key(init->root, true, secret, public) != AL_OK)
		code = CLI_REFUSED;
	if (code == CLI_DONE)
		code = object_register(submit, state, &wanted);
	return code;
}

int node_init(const struct node_init *init)
{
	char key[SETTING_MAX];
	struct client *client = NULL;
	struct network network;
	struct audit *audit = NULL;
	struct registry registry = init->registry;
	struct log_read_options where = init->where;
	struct submit submit = { .network = &network, .keys = { key }, .key_count = 1 };
	struct al_buf auth;
	int code;

	al_buf_init(&auth, 4096);
	registry.server = where.server;
	code = command_exit(network_open(&registry, &client, &network));
	if (code == CLI_DONE && (settings_key(init->key, key) != AL_OK || sign_public(key, &auth) != AL_OK))
		code = CLI_USAGE;
	if (code == CLI_DONE) {
		where.server = client_server(client);
		submit.client = client;
		code = node_log_read(&where, NULL, &audit);
	}
	if (code == CLI_DONE)
		code = state_init(init, &submit, audit_state(audit), al_buf_view(&auth));
	if (code == CLI_DONE)
		code = settings_save_all(init, client, &network, audit_state(audit), al_buf_view(&auth));
	audit_free(audit);
	client_close(client);
	al_buf_release(&auth);
	return code;
}
