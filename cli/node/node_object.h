/* SPDX-License-Identifier: MIT */
/*
 * node_object.h -- `alamo node init`: who we are by the log, and this machine's object in the registry.
 */
#ifndef CLI_NODE_OBJECT_H
#define CLI_NODE_OBJECT_H

#include "member/submit.h"
#include "node_conf.h"
#include "node_view.h"

struct node_init {
	const char *name, *root;
	struct registry registry;
	struct log_read_options where;
	const char *key, *endpoint, *as, *rtr; /* NULL: not said */
	enum node_router router;
	bool whole, timer;
};

/* Registers the node, or brings its object up to date; writes node.conf. Exit code. */
int node_init(const struct node_init *init);

/* The maintainers that `auth` is a key of, as the log has them. */
#define NODE_MNTNERS_MAX 16
struct node_owner {
	struct al_slice auth;
	struct al_slice mntner[NODE_MNTNERS_MAX]; /* into the state */
	size_t count;
};
void node_owner_find(const struct al_state *state, struct al_slice auth, struct node_owner *out);
/* The first of them that maintains the object; empty: none. */
struct al_slice node_owner_of(const struct node_owner *owner, const struct al_object *object);

/* What the registry has already stays: all attributes but `own`, which ends with NULL. `old` may be NULL. */
void node_rest_put(const struct al_object *old, const char *const own[], struct al_buf *out);

/* Parses, signs and sends `objects`; a refusal is printed. Exit code. */
int node_submit(const struct submit *submit, struct al_slice objects);

#endif
