/* SPDX-License-Identifier: MIT */
/*
 * node_member.h -- the holder of a node at work: who signs, at which registry, and what its verified log says.
 */
#ifndef CLI_NODE_MEMBER_H
#define CLI_NODE_MEMBER_H

#include "node_conf.h"
#include "node_object.h"

struct audit;

struct node_member {
	struct node_conf conf; /* name empty: this machine is no node */
	char key[SETTING_MAX];
	struct al_buf auth; /* public part of the key */
	struct client *client;
	struct network network;
	struct audit *audit;
	const struct al_state *state; /* of audit */
	struct node_owner owner;
};

/*
 * Connects, reads settings, key and log. `key` may be NULL; `must` be a node: else a machine without one will do. Exit
 * code; release in any case.
 */
int node_member_open(const char *root, const char *key, const struct registry *registry, bool must,
		     struct node_member *out);
void node_member_release(struct node_member *member);
struct submit node_member_submit(const struct node_member *member);

#endif
