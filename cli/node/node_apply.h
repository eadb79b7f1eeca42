/* SPDX-License-Identifier: MIT */
/*
 * node_apply.h -- from the verified log to files in place and programs that use them.
 */
#ifndef CLI_NODE_APPLY_H
#define CLI_NODE_APPLY_H

#include "node_conf.h"
#include "node_view.h"
#include "place.h"
#include "render.h"

struct node_rendering {
	struct node_view view;
	struct render render;
	enum node_mesh mesh;
	char mesh_address[AL_PREFIX_STRLEN]; /* empty when off */
	struct render_settings *settings;    /* what it was rendered with; NULL: nothing was */
};

/* Reads settings, key and log; renders. Exit code. `where` may name another registry than the node's. */
int node_rendering_new(const char *root, const struct log_read_options *where, struct node_rendering **out);
/* Renders from a log that was read. Exit code. */
int node_rendering_of(const struct node_conf *conf, const struct al_state *state, const struct node_trust *trust,
		      struct node_rendering **out);
/* Renders once more from the same view, which knows by now what answers. Exit code. */
int node_rendering_again(struct node_rendering *rendering);
void node_rendering_free(struct node_rendering *rendering); /* NULL is allowed */

/* Which files are others now, and the tunnels among them. */
struct node_changes {
	char tunnels[NODE_PEERS_MAX][RENDER_PATH_MAX]; /* "al-10000" */
	enum place_change how[NODE_PEERS_MAX];
	size_t count, others;
	bool firewall, sysctl, units;
	bool daemons;          /* FRR's list of its programs */
	bool babel, mesh_gone; /* babeld's file is another, or goes */
};
bool node_changes_has(const struct node_changes *changes, const char *tunnel);

/*
 * Checks, puts in place what differs and has the programs take it, at root "/". Exit code. *changes (zeroed) says what that
 * was. AL_OK with no changes: nothing is run.
 */
int node_files_apply(const char *root, const struct node_rendering *rendering, struct node_changes *changes);
/* All of it, from the registry. */
int node_apply(const char *root, const struct log_read_options *where);

/*
 * At root "/": address, firewall and tunnels of the files that are in place, where they are missing; nobody is asked. Exit
 * code.
 */
int node_up(const char *root);
/* A program that is run and whose failure is said with its words. */
bool node_step(const char *const argv[]);

#endif
