/* SPDX-License-Identifier: MIT */
/*
 * cmd_peer.c -- `alamo peer`: a link between two nodes, which both of their holders sign.
 *
 * `add` makes the request and signs it; when the other node is somebody else's, the signed request travels to them as
 * one word, and `accept` shows it, signs it too and sends it. No key leaves its machine; the registry takes it with
 * both signatures or not at all.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member/consent.h"
#include "member/offer.h"
#include "node_apply.h"
#include "node_member.h"
#include "peer_mark.h"
#include "peer_suggest.h"
#include "peer_wait.h"

#define OFFER_MARK "alamo-peer1-"
#define SUGGEST_MOST 32

struct options {
	const char *root, *key;
	struct registry registry;
	struct option_number wait, most, latency, bandwidth;
	bool yes, mesh;
};

/* What every verb works with. */
struct peer {
	const struct options *options;
	struct node_member m;
};

static const char *root_of(const struct options *options)
{
	return options->root != NULL ? options->root : "/";
}

static int applied(const struct peer *p, int code)
{
	struct log_read_options where = { .server = client_server(p->m.client) };

	return code == CLI_DONE ? node_apply(root_of(p->options), &where) : code;
}

/* ---- the offer ---- */

static int offer_print(const struct peer *p, struct al_slice objects, struct al_slice other)
{
	struct submit submit = node_member_submit(&p->m);
	struct al_buf word;
	int code = CLI_USAGE;

	al_buf_init(&word, OFFER_MAX);
	if (offer_make(&submit, objects, OFFER_MARK, &word) == AL_OK) {
		printf("The holder of %.*s says yes with:\n\nalamo peer accept %.*s\n\n", AL_FMT(other),
		       AL_FMT(al_buf_view(&word)));
		code = CLI_DONE;
	}
	al_buf_release(&word);
	return code;
}

/* Ports of a link that is there already stay, and its link of the other half as well. */
static void link_put(const struct peer *p, const struct al_object *old, const struct al_object *const nodes[2],
		     bool mesh, struct al_buf *out)
{
	struct node_link link;

	if (old == NULL || !node_link_read(old, mesh, &link)) {
		if (mesh != p->options->mesh)
			return;
		for (size_t i = 0; i < 2; i++)
			link.port[i] = node_port_free(p->m.state, al_object_key(nodes[i]));
	}
	al_buf_printf(out, "link: wireguard %u %u", link.port[0], link.port[1]);
	for (size_t i = 0; i < 2; i++)
		node_link_key_put(al_object_attr(nodes[i], "wg-key"), out);
	al_buf_str(out, mesh ? " mesh\n" : "\n");
}

static const struct al_object *peering_of(const struct peer *p, const struct al_object *first,
					  const struct al_object *second)
{
	const struct al_object *peering;
	struct al_buf key;

	al_buf_init(&key, 1024);
	al_buf_printf(&key, "%.*s:%.*s", AL_FMT(al_object_key(first)), AL_FMT(al_object_key(second)));
	peering = al_state_get(p->m.state, AL_PEERING, al_buf_view(&key));
	al_buf_release(&key);
	return peering;
}

static void peering_put(const struct peer *p, const struct al_object *mine, const struct al_object *theirs,
			struct al_buf *out)
{
	struct al_slice rest = al_object_attr(theirs, "mnt-by"), theirs_mnt = AL_S("");
	/* The registry's own order of the two (NODE:NODE): the link is told in it. */
	bool second = al_slice_cmp(al_object_key(theirs), al_object_key(mine)) < 0;
	const struct al_object *const nodes[2] = { second ? theirs : mine, second ? mine : theirs };

	(void)al_slice_cut(&rest, ',', &theirs_mnt);
	al_buf_printf(out, "peering: %.*s:%.*s\n", AL_FMT(al_object_key(nodes[0])), AL_FMT(al_object_key(nodes[1])));
	for (unsigned mesh = 0; mesh < 2; mesh++)
		link_put(p, peering_of(p, nodes[0], nodes[1]), nodes, mesh != 0, out);
	al_buf_printf(out, "mnt-by: %.*s\n", AL_FMT(node_owner_of(&p->m.owner, mine)));
	theirs_mnt = al_slice_trim(theirs_mnt);
	if (!al_slice_eq(theirs_mnt, node_owner_of(&p->m.owner, mine)))
		al_buf_printf(out, "mnt-by: %.*s\n", AL_FMT(theirs_mnt));
	al_buf_printf(out, "source: %s\n", p->m.network.source);
}

/* The node that an argument names: a node, or an AS number with one node. */
struct node_search {
	struct al_slice asn;
	const struct al_object *found;
	size_t count;
};

static bool node_of_as(const struct al_object *node, void *arg)
{
	struct node_search *search = arg;

	if (al_slice_caseeq(al_object_attr(node, "origin"), search->asn)) {
		search->found = node;
		search->count++;
	}
	return true;
}

static const struct al_object *node_named(const struct al_state *state, const char *word)
{
	struct node_search search = { .asn = al_slice_str(word) };
	char upper[NODE_TEXT_MAX];
	const struct al_object *node;
	size_t len = 0;

	for (; len < sizeof(upper) - 1 && word[len] != '\0'; len++)
		upper[len] = (char)(word[len] >= 'a' && word[len] <= 'z' ? word[len] - 32 : word[len]);
	upper[len] = '\0';
	node = al_state_get(state, AL_NODE, al_slice_str(upper));
	if (node != NULL)
		return node;
	al_state_each(state, AL_NODE, node_of_as, &search);
	if (search.count == 1)
		return search.found;
	command_fail(CLI_REFUSED, search.count > 1 ? "%s has several nodes: name one" : "there is no node %s", word);
	return NULL;
}

/* How long: what was said; else ten minutes on the node itself, and not at all for files elsewhere. */
static unsigned wait_of(const struct options *options)
{
	if (options->wait.given)
		return (unsigned)options->wait.value;
	return strcmp(root_of(options), "/") == 0 ? PEER_WAIT_S : 0;
}

static int yes_wait(const struct peer *p, const struct al_object *mine, const struct al_object *theirs)
{
	/* A peering that is there already says nothing of the yes to its change. */
	bool changed = peering_of(p, mine, theirs) != NULL || peering_of(p, theirs, mine) != NULL;
	unsigned seconds = changed ? 0 : wait_of(p->options);
	char wanted[2 * NODE_TEXT_MAX + 16];
	int code = CLI_REFUSED;

	if (seconds > 0) {
		snprintf(wanted, sizeof(wanted), "peering %.*s:%.*s", AL_FMT(al_object_key(mine)),
			 AL_FMT(al_object_key(theirs)));
		printf("Waiting for that yes, %u s at most (Ctrl-C ends the waiting, not the offer) ...\n", seconds);
		fflush(stdout);
		code = peer_wait(p->m.client, wanted, seconds);
	}
	if (code == CLI_DONE)
		return applied(p, code);
	if (code == CLI_REFUSED)
		puts("Then, here: alamo node apply");
	return code == CLI_REFUSED ? CLI_DONE : code;
}

static int peer_offer(const struct peer *p, const char *word)
{
	const struct al_object *mine = al_state_get(p->m.state, AL_NODE, al_slice_str(p->m.conf.name));
	const struct al_object *theirs = node_named(p->m.state, word);
	struct submit submit = node_member_submit(&p->m);
	struct al_buf objects;
	int code;

	if (mine == NULL || theirs == NULL)
		return mine == NULL
			       ? command_fail(CLI_REFUSED, "%s is not in the log: `alamo node init`", p->m.conf.name)
			       : CLI_REFUSED;
	if (mine == theirs)
		return command_fail(CLI_USAGE, "%s is this node", word);
	if (al_object_attr(theirs, "wg-key").len == 0)
		return command_fail(CLI_REFUSED, "%s has no wg-key: yet, so nobody can link with it", word);
	if (al_object_attr(theirs, "endpoint").len == 0 && al_object_attr(mine, "endpoint").len == 0)
		return command_fail(CLI_REFUSED,
				    "neither node has an endpoint: one has to be reachable (alamo node init "
				    "NAME --endpoint HOST)");
	al_buf_init(&objects, 65536);
	peering_put(p, mine, theirs, &objects);
	if (node_owner_of(&p->m.owner, theirs).len > 0)
		code = applied(p, node_submit(&submit, al_buf_view(&objects)));
	else
		code = offer_print(p, al_buf_view(&objects), al_object_key(theirs));
	if (code == CLI_DONE && node_owner_of(&p->m.owner, theirs).len == 0)
		code = yes_wait(p, mine, theirs);
	al_buf_release(&objects);
	return code;
}

/* Opens, and has `job` done with the word. */
static int with_peer(const void *arg, const char *word, int (*job)(const struct peer *p, const char *word))
{
	struct peer *p = calloc(1, sizeof(*p));
	int code;

	if (p == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	p->options = arg;
	code = node_member_open(root_of(p->options), p->options->key, &p->options->registry, true, &p->m);
	if (code == CLI_DONE)
		code = job(p, word);
	node_member_release(&p->m);
	free(p);
	return code;
}

static int add(const struct words *words, const void *options)
{
	return with_peer(options, words->word[0], peer_offer);
}

/* ---- accepting ---- */

/* An offer is one peering, and nothing else: what a person is asked to sign can be read at a glance. */
static bool offer_is_one(const struct draft *draft)
{
	enum al_class cls;

	return draft->count == 1 && draft->signatures.len > 0 && draft->contacts.len == 0 &&
	       al_object_class(draft->objects[0], &cls) == AL_OK && cls == AL_PEERING;
}

static int offer_accept(const struct peer *p, struct al_slice offer)
{
	struct submit submit = node_member_submit(&p->m);
	struct draft draft;
	int code = CLI_REFUSED;

	if (draft_parse(offer, &draft) != AL_OK)
		return command_fail(CLI_USAGE, "that is no offer");
	if (!offer_is_one(&draft))
		code = command_fail(CLI_UNVERIFIED, "the offer is more than one peering: it is not signed");
	else if (!consent_visible(draft.text))
		code = CLI_UNVERIFIED;
	else if (p->options->yes)
		command_print(draft.text), code = CLI_DONE;
	else if (consent_ask(draft.text, "Sign it?", "read it, and say --yes"))
		code = CLI_DONE;
	if (code == CLI_DONE)
		code = node_submit(&submit, offer);
	draft_release(&draft);
	return applied(p, code);
}

static int word_accept(const struct peer *p, const char *word)
{
	struct al_buf offer;
	int code;

	al_buf_init(&offer, OFFER_MAX);
	if (offer_read(word, OFFER_MARK, &offer))
		code = offer_accept(p, al_buf_view(&offer));
	else
		code = command_fail(CLI_USAGE, "that is no offer, or not the whole of it: it begins with " OFFER_MARK);
	al_buf_release(&offer);
	return code;
}

static int accept_offer(const struct words *words, const void *options)
{
	return with_peer(options, words->word[0], word_accept);
}

/* ---- list, rm ---- */

static int list(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct log_read_options where = { .server = options->registry.server };
	struct node_rendering *r = NULL;
	char interface[16];
	int code = node_rendering_new(root_of(options), &where, &r);

	(void)words;
	for (size_t i = 0; code == CLI_DONE && i < r->view.peer_count; i++) {
		const struct node_peer *peer = &r->view.peers[i];

		render_interface(peer, interface);
		printf("%-24s AS%-11u %-10s %s%s\n", peer->name, peer->asn, interface,
		       peer->endpoint[0] != '\0' ? peer->endpoint : "calls us", peer->mesh ? "  mesh" : "");
	}
	node_rendering_free(r);
	return code;
}

static int peer_remove(const struct peer *p, const char *word)
{
	const struct al_object *theirs = node_named(p->m.state, word), *peering;
	const struct al_object *mine = al_state_get(p->m.state, AL_NODE, al_slice_str(p->m.conf.name));
	struct submit submit = node_member_submit(&p->m);
	struct al_buf text;
	int code = CLI_REFUSED;

	if (theirs == NULL || mine == NULL)
		return theirs == NULL ? CLI_REFUSED : command_fail(CLI_REFUSED, "%s is not in the log", p->m.conf.name);
	peering = peering_of(p, mine, theirs);
	if (peering == NULL)
		peering = peering_of(p, theirs, mine);
	al_buf_init(&text, 65536);
	if (peering == NULL) {
		command_fail(CLI_REFUSED, "%s and %s are no peers", p->m.conf.name, word);
	} else {
		al_buf_printf(&text, "%.*sdelete: no longer peers\n", AL_FMT(al_object_text(peering)));
		code = applied(p, node_submit(&submit, al_buf_view(&text)));
	}
	al_buf_release(&text);
	return code;
}

static int rm(const struct words *words, const void *options)
{
	return with_peer(options, words->word[0], peer_remove);
}

/* ---- suggest ---- */

static int nearest(const struct peer *p, const char *word)
{
	(void)word;
	return peer_suggest(&p->m, p->options->most.given ? (size_t)p->options->most.value : SUGGEST_MOST);
}

static int suggest(const struct words *words, const void *options)
{
	(void)words;
	return with_peer(options, NULL, nearest);
}

/* ---- mark ---- */

static int mark(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct log_read_options where = { .server = options->registry.server };
	struct node_mark said = { .latency_ms = (unsigned)options->latency.value,
				  .kbit = (unsigned)options->bandwidth.value };
	int code;

	if (al_slice_copy(al_slice_str(words->word[0]), said.node, sizeof(said.node)) != AL_OK)
		return command_fail(CLI_USAGE, "that is no node's name");
	code = peer_mark(root_of(options), &where, &said);
	return code == CLI_DONE ? node_apply(root_of(options), &where) : code;
}

static const struct command_form forms[] = {
	{ "suggest", "", "nodes that one could peer with, the nearest first", suggest },
	{ "add", "NODE|ASN", "offer a link; at once when both nodes are yours", add },
	{ "accept", "OFFER", "look at an offer, sign it and link", accept_offer },
	{ "list", "", "the node's links", list },
	{ "mark", "NODE", "say what a link is like, as communities on its routes", mark },
	{ "rm", "NODE|ASN", "end a link", rm },
};

static const struct option_row rows[] = {
	NODE_ROW_ROOT(struct options, "nothing is run"),
	{ .name = "yes",
	  .letter = 'y',
	  .verbs = "accept",
	  OPTION_AT(struct options, yes),
	  .meaning = "signs what is shown without asking" },
	{ .name = "mesh",
	  .verbs = "add",
	  OPTION_AT(struct options, mesh),
	  .meaning = "a link of the mesh half: babel in it, and no BGP; one of the other half stays" },
	{ .name = "wait",
	  .arg = "SECONDS",
	  .verbs = "add",
	  .most = 86400,
	  OPTION_AT(struct options, wait),
	  .meaning = "waits for the other holder's yes, and applies then; 0: prints the offer and ends",
	  .fallback = "600 on the node itself, 0 with --root" },
	{ .name = "most",
	  .arg = "NUMBER",
	  .verbs = "suggest",
	  .least = 1,
	  .most = 1024,
	  OPTION_AT(struct options, most),
	  .meaning = "asks at most so many nodes, about a second each",
	  .fallback = "32" },
	{ .name = "latency",
	  .arg = "MS",
	  .verbs = "mark",
	  .least = 1,
	  .most = NODE_LATENCY_MAX,
	  OPTION_AT(struct options, latency),
	  .meaning = "one way, in milliseconds",
	  .fallback = "routes keep what they say" },
	{ .name = "bandwidth",
	  .arg = "KBIT",
	  .verbs = "mark",
	  .least = 1,
	  .most = NODE_KBIT_MAX,
	  OPTION_AT(struct options, bandwidth),
	  .meaning = "in kbit/s",
	  .fallback = "routes keep what they say" },
	OPTION_KEY(struct options, key, "suggest add accept rm", "the SSH key of the maintainer"),
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_peer = {
	.name = "peer",
	.group = GROUP_MEMBER,
	.help = "links with other nodes: suggest, offer, accept, list, mark, end",
	.notes = NULL,
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
