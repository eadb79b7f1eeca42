/* SPDX-License-Identifier: MIT */
/*
 * node_conf.h -- a node's own settings, etc/alamo/node.conf below its root.
 */
#ifndef CLI_NODE_CONF_H
#define CLI_NODE_CONF_H

#include <limits.h>

#include "node_view.h"
#include "option.h"
#include "settings.h"

/* Rows that commands about a node have in common; `words`: the verbs that take it, NULL: all. */
#define NODE_ROW_ROOT(type, effect)                                                       \
	{                                                                                 \
		.name = "root", .arg = "DIR", OPTION_AT(type, root),                      \
		.meaning = "the node's files are below DIR, and " effect, .fallback = "/" \
	}
#define NODE_ROW_STREAM(type, words)                                                                        \
	{                                                                                                   \
		.name = "stream", .arg = "HOST:PORT|PATH", .verbs = (words), OPTION_AT(type, where.stream), \
		.meaning = "the log stream, of a mirror for example", .fallback = "the registry's"          \
	}
#define NODE_ROW_SERVER(type, words)                                                                                  \
	{                                                                                                             \
		.name = "server", .letter = 's', .arg = "HOST:PORT", .verbs = (words), OPTION_AT(type, where.server), \
		.meaning = "the registry's request port",                                                             \
		.fallback = "that of the node, $ALAMO_SERVER, `server` in the configuration, 127.0.0.1:4343"          \
	}

/* The newest checkpoint that this node has seen: an older log, or another, is refused. */
#define NODE_PIN_PATH "var/lib/alamo/node/checkpoint"

/* The program that has the routes (node_router.h). */
enum node_router { NODE_BIRD, NODE_FRR };
#define NODE_ROUTERS (NODE_FRR + 1)
extern const char *const node_router_words[NODE_ROUTERS];
/* AL_EINVAL: there is no such program. */
AL_MUST_USE enum al_err node_router_take(struct al_slice word, enum node_router *out);

/* What the node is in the mesh half (docs/mesh.md). */
enum node_mesh { NODE_MESH_OFF, NODE_MESH_MEMBER, NODE_MESH_GATEWAY };

/* What the holder says of a link: `alamo peer mark`. */
#define NODE_MARKS_MAX 64
#define NODE_LATENCY_MAX 60000
#define NODE_KBIT_MAX 1000000000
struct node_mark {
	char node[NODE_TEXT_MAX];  /* at the other end */
	unsigned latency_ms, kbit; /* 0: not said */
};

struct node_conf {
	char root[PATH_MAX]; /* "/" on the node itself */
	char name[NODE_TEXT_MAX];
	char server[SETTING_MAX];                      /* the registry's request port */
	char rtr[SETTING_MAX];                         /* HOST:PORT of the RTR cache */
	char super[AL_PREFIX_STRLEN];                  /* the network's prefix when the node was made */
	char signers[NODE_SIGNERS_MAX][NODE_TEXT_MAX]; /* "ssh-ed25519 AAAA...": whose word counts here */
	size_t signer_count;
	enum node_router router;
	bool whole; /* bird.conf is ours; frr.conf always is */
	bool timer; /* a timer applies; else the agent does */
	enum node_mesh mesh;
	struct node_mark marks[NODE_MARKS_MAX];
	size_t mark_count;
};

/* "ROOT/REST"; the folders above are made when `make`. AL_ELIMIT, AL_ESYS. */
AL_MUST_USE enum al_err node_path(const char *root, const char *rest, bool make, char out[static PATH_MAX]);

/* Said if it fails. AL_ENOTFOUND: this machine has no node. */
AL_MUST_USE enum al_err node_conf_load(const char *root, struct node_conf *out);
/* The same, where it is no fault that there is none: *out is empty then, but for its root. */
AL_MUST_USE enum al_err node_conf_load_if(const char *root, struct node_conf *out);
AL_MUST_USE enum al_err node_conf_save(const struct node_conf *conf);

/* The keys of node.conf; AL_EINVAL (said): none, or one that is no key. Release in any case. */
AL_MUST_USE enum al_err node_conf_trust(const struct node_conf *conf, struct node_trust *out);
/* In place of what was said of that link before; nothing to say takes it out. AL_ELIMIT, said. */
AL_MUST_USE enum al_err node_conf_mark(struct node_conf *conf, const struct node_mark *mark);
/* Pins one more; what is there already is not added again. AL_ELIMIT, said. */
AL_MUST_USE enum al_err node_conf_signer(struct node_conf *conf, struct al_slice key);

#endif
