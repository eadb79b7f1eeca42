/* SPDX-License-Identifier: MIT */
/*
 * node_view.c -- from the log to one node's neighbourhood.
 */
#include "node_view.h"

#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "command.h"

/* ---- the log ---- */

static void finding_tell(void *arg, const struct audit_finding *finding)
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
};

static enum al_err entry_take(void *arg, uint64_t index, struct al_slice bytes)
{
	struct reading *r = arg;

	(void)index;
	return audit_entry(r->audit, bytes);
}

int node_log_read(const struct log_read_options *where, struct audit **audit)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct audit_opts opts = { .finding = finding_tell };
	int code;

	*audit = NULL;
	if (r == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	code = log_read_begin(&r->read, where);
	opts.ns = al_slice_str(r->read.ns);
	opts.arg = &r->found;
	if (code == CLI_DONE && audit_new(&opts, &r->audit) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
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

bool node_link_ports(const struct al_object *peering, unsigned *first, unsigned *second)
{
	struct al_slice rest = al_object_text(peering), link, word;

	while (al_attr_find(&rest, "link", &link))
		if (al_slice_word(&link, "", &word) && al_slice_is(word, "wireguard"))
			return port_read(&link, first) && port_read(&link, second);
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
	unsigned ports[2], side = side_of(peering, search->node, &other);

	if (side < 2 && node_link_ports(peering, &ports[0], &ports[1]) && ports[side] >= NODE_PORT_FIRST &&
	    ports[side] <= NODE_PORT_LAST)
		search->taken[ports[side] - NODE_PORT_FIRST] = true;
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
	struct node_view *view;
	struct al_slice asn;
};

static bool prefix_add(const struct al_object *route, void *arg)
{
	struct filling *f = arg;
	struct node_view *view = f->view;
	struct al_prefix prefix;

	if (al_slice_caseeq(al_object_attr(route, "origin"), f->asn) && al_object_prefix(route, &prefix) == AL_OK &&
	    prefix.len <= 48 && view->prefix_count < NODE_PREFIXES_MAX)
		view->prefixes[view->prefix_count++] = prefix;
	return true;
}

static void endpoint_host(const struct al_object *node, char *out, size_t cap)
{
	struct al_slice value = al_object_attr(node, "endpoint"), host = AL_S("");

	(void)al_slice_word(&value, "", &host);
	text_copy(host, out, cap);
}

/* A peer without a key or a link that we know is none yet: nothing is rendered for it. */
static bool peer_add(const struct al_object *peering, void *arg)
{
	struct filling *f = arg;
	struct node_peer *peer = &f->view->peers[f->view->peer_count];
	struct al_slice other;
	unsigned ports[2], side = side_of(peering, al_slice_str(f->view->name), &other);
	const struct al_object *node;

	if (side == 2 || !node_link_ports(peering, &ports[0], &ports[1]))
		return true;
	node = al_state_get(f->state, AL_NODE, other);
	if (node == NULL || al_asn_parse(al_object_attr(node, "origin"), &peer->asn) != AL_OK)
		return true;
	node_attr(node, "wg-key", peer->wg_key, sizeof(peer->wg_key));
	if (peer->wg_key[0] == '\0')
		return true;
	text_copy(other, peer->name, sizeof(peer->name));
	endpoint_host(node, peer->endpoint, sizeof(peer->endpoint));
	peer->port = ports[side];
	peer->peer_port = ports[1 - side];
	peer->first = side == 0;
	return ++f->view->peer_count < NODE_PEERS_MAX;
}

static int peer_cmp(const void *a, const void *b)
{
	return strcmp(((const struct node_peer *)a)->name, ((const struct node_peer *)b)->name);
}

static int prefix_cmp(const void *a, const void *b)
{
	return al_prefix_cmp(a, b);
}

static bool super_find(const struct al_state *state, struct al_prefix *out)
{
	const struct al_object *registry = al_state_registry(state);
	struct al_slice rest = registry != NULL ? al_object_text(registry) : AL_S(""), value;

	while (al_attr_find(&rest, "super-prefix", &value))
		if (al_prefix_parse(value, out) == AL_OK && out->bits == 128)
			return true;
	return false;
}

enum al_err node_view_fill(const struct al_state *state, const char *name, struct node_view *out)
{
	const struct al_object *node = al_state_get(state, AL_NODE, al_slice_str(name));
	struct filling f = { .state = state, .view = out };

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
	if (al_asn_parse(f.asn, &out->asn) != AL_OK || out->address[0] == '\0' || !super_find(state, &out->super)) {
		command_fail(CLI_REFUSED, "[node] %s has no address:, or the network no IPv6 super-prefix:", name);
		return AL_ENOTFOUND;
	}
	out->size = al_state_size(state);
	al_state_each(state, AL_ROUTE6, prefix_add, &f);
	al_state_each(state, AL_PEERING, peer_add, &f);
	qsort(out->peers, out->peer_count, sizeof(*out->peers), peer_cmp);
	qsort(out->prefixes, out->prefix_count, sizeof(*out->prefixes), prefix_cmp);
	return AL_OK;
}
