/* SPDX-License-Identifier: MIT */
/*
 * node_view.c -- from the log to one node's neighbourhood.
 */
#include "node_view.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "audit.h"
#include "command.h"
#include "log/log_ahead.h"
#include "mesh_proof.h"

/* ---- the log ---- */

void node_finding_tell(void *arg, const struct audit_finding *finding)
{
	bool *found = arg;
	struct al_buf line;

	if (*found || finding->kind == AUDIT_OLDER)
		return;
	*found = true;
	al_buf_init(&line, 1024);
	al_buf_printf(&line, "alamo: entry %llu of the log is not what the rules give: %s: %.*s\n",
		      (unsigned long long)finding->index, audit_kinds[finding->kind].id, AL_FMT(finding->text));
	command_print_remote(al_buf_view(&line));
	al_buf_release(&line);
}

struct reading {
	struct log_read read;
	struct audit *audit;
	bool found;
	struct node_trust *trust;
};

static void reading_finding(void *arg, const struct audit_finding *finding)
{
	struct reading *r = arg;

	node_finding_tell(&r->found, finding);
}

static void reading_signers(void *arg, uint64_t index, const struct al_sshkey *keys, size_t count)
{
	struct reading *r = arg;

	if (r->trust != NULL)
		node_trust_take(r->trust, index, keys, count);
}

static enum al_err entry_take(void *arg, uint64_t index, struct al_slice bytes)
{
	struct reading *r = arg;

	enum al_err err = log_ahead_audited(&r->read, r->audit, bytes);

	(void)index;
	return err == AL_OK && r->found ? AL_EVERIFY : err;
}

int node_log_read(const struct log_read_options *where, struct node_trust *trust, struct audit **audit)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct audit_opts opts = { .finding = reading_finding, .signers = reading_signers };
	int code;

	*audit = NULL;
	if (r == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	code = log_read_begin(&r->read, where);
	opts.ns = al_slice_str(r->read.ns);
	r->trust = trust;
	opts.arg = r;
	if (code == CLI_DONE && audit_new(&opts, &r->audit) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	log_ahead_audit(&r->read);
	if (code == CLI_DONE)
		code = log_read_run(&r->read, entry_take, r);
	if (code == CLI_DONE && r->found)
		code = CLI_UNVERIFIED;
	*audit = r->audit;
	log_read_release(&r->read);
	free(r);
	return code;
}

/* ---- attributes ---- */

static void text_copy(struct al_slice text, char *out, size_t cap)
{
	size_t len = text.len < cap ? text.len : cap - 1;

	memcpy(out, text.ptr, len);
	out[len] = '\0';
}

void node_attr(const struct al_object *object, const char *name, char *out, size_t cap)
{
	text_copy(al_object_attr(object, name), out, cap);
}

static bool port_read(struct al_slice *rest, unsigned *port)
{
	struct al_slice word;
	uint64_t number;

	if (!al_slice_word(rest, "", &word) || al_slice_u64(word, 65535, &number) != AL_OK || number == 0)
		return false;
	*port = (unsigned)number;
	return true;
}

/* 64 digits of hex, since words of `link:` have no capitals, to the key as WireGuard writes it. */
static bool key_read(struct al_slice *rest, char out[static NODE_TEXT_MAX])
{
	struct al_slice word;
	uint8_t bytes[32];
	size_t len;

	out[0] = '\0';
	if (!al_slice_word(rest, "", &word) ||
	    sodium_hex2bin(bytes, sizeof(bytes), word.ptr, word.len, NULL, &len, NULL) != 0 || len != sizeof(bytes))
		return false;
	sodium_bin2base64(out, NODE_TEXT_MAX, bytes, sizeof(bytes), sodium_base64_VARIANT_ORIGINAL);
	return true;
}

void node_link_key_put(struct al_slice key, struct al_buf *out)
{
	char hex[2 * 32 + 1];
	uint8_t bytes[32];
	size_t len;

	if (al_slice_base64(key, bytes, sizeof(bytes), &len) != AL_OK || len != sizeof(bytes))
		return;
	sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes));
	al_buf_printf(out, " %s", hex);
}

static bool link_parse(struct al_slice link, struct node_link *out)
{
	struct al_slice word, rest;

	*out = (struct node_link){ 0 };
	if (!al_slice_word(&link, "", &word) || !al_slice_is(word, "wireguard") || !port_read(&link, &out->port[0]) ||
	    !port_read(&link, &out->port[1]))
		return false;
	rest = link;
	if (!key_read(&link, out->key[0]) || !key_read(&link, out->key[1])) {
		out->key[0][0] = out->key[1][0] = '\0';
		link = rest;
	}
	out->mesh = al_slice_word(&link, "", &word) && al_slice_is(word, "mesh");
	return true;
}

bool node_link_read(const struct al_object *peering, bool mesh, struct node_link *out)
{
	struct al_slice rest = al_object_text(peering), link;

	while (al_attr_find(&rest, "link", &link))
		if (link_parse(link, out) && out->mesh == mesh)
			return true;
	return false;
}

/* ---- ports ---- */

struct port_search {
	struct al_slice node;
	bool taken[NODE_PORT_LAST - NODE_PORT_FIRST + 1];
};

/* The two nodes of a peering's key, and which of them `node` is: 0, 1, or 2 for neither. */
static unsigned side_of(const struct al_object *peering, struct al_slice node, struct al_slice *other)
{
	struct al_slice second = al_object_key(peering), first;

	(void)al_slice_cut(&second, ':', &first);
	if (al_slice_caseeq(first, node)) {
		*other = second;
		return 0;
	}
	*other = first;
	return al_slice_caseeq(second, node) ? 1 : 2;
}

static bool port_mark(const struct al_object *peering, void *arg)
{
	struct port_search *search = arg;
	struct al_slice other;
	unsigned side = side_of(peering, search->node, &other);
	struct node_link link;

	for (unsigned mesh = 0; mesh < 2 && side < 2; mesh++)
		if (node_link_read(peering, mesh != 0, &link) && link.port[side] >= NODE_PORT_FIRST &&
		    link.port[side] <= NODE_PORT_LAST)
			search->taken[link.port[side] - NODE_PORT_FIRST] = true;
	return true;
}

unsigned node_port_free(const struct al_state *state, struct al_slice node)
{
	struct port_search *search = calloc(1, sizeof(*search));
	unsigned port = NODE_PORT_FIRST;

	if (search == NULL)
		return 0;
	search->node = node;
	al_state_each(state, AL_PEERING, port_mark, search);
	while (port <= NODE_PORT_LAST && search->taken[port - NODE_PORT_FIRST])
		port++;
	free(search);
	return port <= NODE_PORT_LAST ? port : 0;
}

/* ---- the view ---- */

struct filling {
	const struct al_state *state;
	const struct node_trust *trust;
	struct node_view *view;
	struct al_slice asn;
	bool routed;   /* a route of ours is for the mesh half */
	bool has_mesh; /* the network's prefix can be halved */
	struct al_prefix half;
};

/* What is announced in our name is what we signed. Of the mesh half it is all or nothing: gateways announce it. */
static bool prefix_add(const struct al_object *route, void *arg)
{
	struct filling *f = arg;
	struct node_view *view = f->view;
	struct al_prefix prefix;

	if (!al_slice_caseeq(al_object_attr(route, "origin"), f->asn) || al_object_prefix(route, &prefix) != AL_OK ||
	    prefix.len > 48 || !node_trust_has(f->trust, route->index))
		return true;
	if (f->has_mesh && al_prefix_covers(&f->half, &prefix))
		f->routed = f->routed || al_prefix_eq(&f->half, &prefix);
	else if (view->prefix_count < NODE_PREFIXES_MAX)
		view->prefixes[view->prefix_count++] = prefix;
	return true;
}

static void endpoint_host(const struct al_object *node, char *out, size_t cap)
{
	struct al_slice value = al_object_attr(node, "endpoint"), host = AL_S("");

	(void)al_slice_word(&value, "", &host);
	text_copy(host, out, cap);
}

/*
 * The link as this node's holder signed it, with the keys that both ends had then. A node of our own AS is another of our
 * machines, and believed without filters: that has to be our word too.
 */
static bool is_consented(const struct filling *f, const struct al_object *peering, const struct al_object *node,
			 const struct node_peer *peer, const char *own_key)
{
	return node_trust_has(f->trust, peering->index) && peer->wg_key[0] != '\0' &&
	       strcmp(own_key, f->view->wg_key) == 0 &&
	       (peer->asn != f->view->asn || node_trust_has(f->trust, node->index));
}

/* A mesh node has the name of the node that it runs on (`alamo mesh init`); a revoked key's is none. */
static bool is_in_mesh(const struct al_state *state, struct al_slice node)
{
	const struct al_object *mesh = al_state_get(state, AL_MESH_NODE, node);

	return mesh != NULL && al_state_get(state, AL_MESH_REVOKED, al_object_attr(mesh, "address")) == NULL;
}

/* A peer without a link that we know is none yet: nothing is rendered for it. */
static bool link_add(struct filling *f, const struct al_object *peering, const struct al_object *node, unsigned side,
		     const struct node_link *link)
{
	struct node_peer *peer = &f->view->peers[f->view->peer_count];

	if (al_asn_parse(al_object_attr(node, "origin"), &peer->asn) != AL_OK ||
	    (link->mesh && !is_in_mesh(f->state, al_object_key(node))))
		return true;
	snprintf(peer->wg_key, sizeof(peer->wg_key), "%s", link->key[1 - side]);
	if (!is_consented(f, peering, node, peer, link->key[side])) {
		f->view->unsigned_count++;
		return true;
	}
	text_copy(al_object_key(node), peer->name, sizeof(peer->name));
	endpoint_host(node, peer->endpoint, sizeof(peer->endpoint));
	peer->port = link->port[side];
	peer->peer_port = link->port[1 - side];
	peer->first = side == 0;
	peer->mesh = link->mesh;
	return ++f->view->peer_count < NODE_PEERS_MAX;
}

static bool peer_add(const struct al_object *peering, void *arg)
{
	struct filling *f = arg;
	struct al_slice other;
	unsigned side = side_of(peering, al_slice_str(f->view->name), &other);
	const struct al_object *node = side < 2 ? al_state_get(f->state, AL_NODE, other) : NULL;
	struct node_link link;
	bool more = true;

	for (unsigned mesh = 0; mesh < 2 && node != NULL && more; mesh++)
		if (node_link_read(peering, mesh != 0, &link))
			more = link_add(f, peering, node, side, &link);
	return more;
}

static int prefix_cmp(const void *a, const void *b)
{
	return al_prefix_cmp(a, b);
}

/* What the mesh half lets this node do, and has given to it. */
static bool mesh_prefix_add(const struct al_object *object, void *arg)
{
	struct filling *f = arg;
	struct node_view *view = f->view;
	struct al_prefix prefix;

	if (al_object_has(object, "mesh-node", al_slice_str(view->name)) && node_trust_has(f->trust, object->index) &&
	    al_prefix_parse(al_object_key(object), &prefix) == AL_OK && view->mesh_prefix_count < NODE_PREFIXES_MAX)
		view->mesh_prefixes[view->mesh_prefix_count++] = prefix;
	return true;
}

static bool revoked_add(const struct al_object *object, void *arg)
{
	struct filling *f = arg;
	struct node_view *view = f->view;

	if (al_addr_parse(al_object_key(object), &view->revoked[view->revoked_count]) == AL_OK)
		view->revoked_count++;
	return view->revoked_count < NODE_REVOKED_MAX;
}

static void mesh_fill(struct filling *f)
{
	struct node_view *view = f->view;
	const struct al_object *gateway = al_state_get(f->state, AL_MESH_GATEWAY, al_slice_str(view->name));

	view->gateway = f->routed && gateway != NULL && node_trust_has(f->trust, gateway->index) &&
			al_slice_caseeq(al_object_attr(gateway, "origin"), f->asn);
	al_state_each(f->state, AL_MESH_PREFIX, mesh_prefix_add, f);
	al_state_each(f->state, AL_MESH_REVOKED, revoked_add, f);
	qsort(view->revoked, view->revoked_count, sizeof(*view->revoked), prefix_cmp);
	qsort(view->mesh_prefixes, view->mesh_prefix_count, sizeof(*view->mesh_prefixes), prefix_cmp);
}

/* ---- route reflectors ---- */

struct device_search {
	const struct filling *f;
	struct al_slice first[NODE_REFLECTORS]; /* by name */
	size_t count;
};

static bool device_look(const struct al_object *node, void *arg)
{
	struct device_search *search = arg;
	struct al_slice name = al_object_key(node), later;

	if (!al_slice_caseeq(al_object_attr(node, "origin"), search->f->asn) ||
	    !node_trust_has(search->f->trust, node->index))
		return true;
	search->count++;
	for (size_t i = 0; i < NODE_REFLECTORS; i++)
		if (search->first[i].len == 0 || al_slice_cmp(name, search->first[i]) < 0) {
			later = search->first[i];
			search->first[i] = name;
			name = later;
			if (name.len == 0)
				break;
		}
	return true;
}

static bool is_reflector(const struct device_search *search, const char *name)
{
	for (size_t i = 0; i < NODE_REFLECTORS && search->count > NODE_FULL_MESH_MAX; i++)
		if (al_slice_is(search->first[i], name))
			return true;
	return false;
}

static void reflectors_fill(const struct filling *f, struct node_view *view)
{
	struct device_search search = { .f = f };

	al_state_each(f->state, AL_NODE, device_look, &search);
	view->reflector = is_reflector(&search, view->name);
	for (size_t i = 0; i < view->peer_count; i++)
		view->peers[i].reflector = view->peers[i].asn == view->asn &&
					   is_reflector(&search, view->peers[i].name);
}

static int peer_cmp(const void *a, const void *b)
{
	const struct node_peer *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (int)x->mesh - (int)y->mesh;
}

void node_super(const struct al_state *state, char out[static AL_PREFIX_STRLEN])
{
	struct al_prefix super;

	out[0] = '\0';
	if (mesh_network_of(state, &super))
		al_prefix_format(&super, out);
}

/* What the node may believe at all. */
static enum al_err signed_check(const struct filling *f, const struct al_object *node, const char *super)
{
	char now[AL_PREFIX_STRLEN];

	node_super(f->state, now);
	if (!node_trust_has(f->trust, node->index))
		command_fail(CLI_UNVERIFIED,
			     "[node] %s is in the log as its holder did not sign it: look at it, and sign it again "
			     "(alamo node init)",
			     f->view->name);
	else if (strcmp(super, now) != 0)
		command_fail(CLI_UNVERIFIED,
			     "the network's prefix is %s in the log, and was %s: `alamo node init %s` takes it over",
			     now, super, f->view->name);
	else
		return AL_OK;
	return AL_EVERIFY;
}

enum al_err node_view_fill(const struct al_state *state, const char *name, const char *super,
			   const struct node_trust *trust, struct node_view *out)
{
	const struct al_object *node = al_state_get(state, AL_NODE, al_slice_str(name));
	struct filling f = { .state = state, .trust = trust, .view = out };

	memset(out, 0, sizeof(*out));
	if (node == NULL) {
		command_fail(CLI_REFUSED, "the log has no node %s: `alamo node init` registers it", name);
		return AL_ENOTFOUND;
	}
	text_copy(al_object_key(node), out->name, sizeof(out->name));
	f.asn = al_object_attr(node, "origin");
	node_attr(node, "address", out->address, sizeof(out->address));
	node_attr(node, "wg-key", out->wg_key, sizeof(out->wg_key));
	node_attr(node, "mnt-by", out->mnt, sizeof(out->mnt));
	if (al_asn_parse(f.asn, &out->asn) != AL_OK || out->address[0] == '\0' ||
	    !mesh_network_of(state, &out->super)) {
		command_fail(CLI_REFUSED, "[node] %s has no address:, or the network no IPv6 super-prefix:", name);
		return AL_ENOTFOUND;
	}
	if (signed_check(&f, node, super) != AL_OK)
		return AL_EVERIFY;
	out->size = al_state_size(state);
	f.has_mesh = mesh_prefix_ok(&out->super);
	if (f.has_mesh)
		f.half = mesh_half(&out->super);
	al_state_each(state, AL_ROUTE6, prefix_add, &f);
	al_state_each(state, AL_PEERING, peer_add, &f);
	mesh_fill(&f);
	qsort(out->peers, out->peer_count, sizeof(*out->peers), peer_cmp);
	qsort(out->prefixes, out->prefix_count, sizeof(*out->prefixes), prefix_cmp);
	node_services_fill(state, trust, out);
	reflectors_fill(&f, out);
	return AL_OK;
}
