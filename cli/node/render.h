/* SPDX-License-Identifier: MIT */
/*
 * render.h -- the files of a node: a function of what the log says and of this machine's own settings. Pure.
 */
#ifndef CLI_NODE_RENDER_H
#define CLI_NODE_RENDER_H

#include "node_conf.h"
#include "node_view.h"

#define RENDER_FILES_MAX (NODE_PEERS_MAX + 16)
#define RENDER_PATH_MAX 128
/*
 * The kernel's table of the network's routes beside somebody's own bird.conf, and the priority of the rule that asks it. The
 * rule before it finds what is longer than a member's block in the main table: LANs, and what babeld knows.
 */
#define RENDER_KERNEL_TABLE 4343
/* The unit that has the node's addresses, a line each. */
#define RENDER_ADDRESS_PATH "etc/systemd/system/alamo-address.service"
#define RENDER_ADDRESS_LINE "ExecStart=/sbin/ip -6 addr replace %s/128 dev lo\n"

struct render_settings {
	char rtr_host[NODE_TEXT_MAX]; /* the RTR cache that the router asks */
	char rtr_port[16];
	char private_key[NODE_TEXT_MAX]; /* WireGuard; stays in the tunnels' files, which are 0600 */
	char program[512];               /* path of `alamo`, for the units; empty: not known */
	struct al_buf network;           /* render_network()'s text */
	struct al_buf local;             /* FRR: what the holder adds to frr.conf */
	enum node_router router;
	bool whole; /* bird.conf is ours too */
	bool timer; /* a timer applies, and no agent */
	enum node_mesh mesh;
	char mesh_address[AL_PREFIX_STRLEN]; /* empty when off */
};

struct render_file {
	char path[RENDER_PATH_MAX]; /* below the root: "etc/bird/alamo.conf" */
	unsigned mode;
	struct al_buf text; /* owned */
};

struct render {
	struct render_file files[RENDER_FILES_MAX];
	size_t count;
	enum node_router router; /* as in the settings */
	bool timer, whole;
};

/* One more file; the caller writes its text. */
struct al_buf *render_file_add(struct render *render, unsigned mode, const char *path);

/* AL_ENOMEM; release in any case. */
AL_MUST_USE enum al_err render_node(const struct node_view *view, const struct render_settings *settings,
				    struct render *out);
void render_release(struct render *render);

#define RENDER_NETWORK_MAX (16u << 20)
/* What the log says of everybody, in the router's words. AL_ENOMEM, AL_ELIMIT. */
AL_MUST_USE enum al_err render_network(const struct al_state *state, enum node_router router, struct al_buf *out);

/* "al-10000": the interface of a tunnel. Its port is its name, since no two of a node's tunnels share one. */
void render_interface(const struct node_peer *peer, char out[static 16]);
/* "alamo_FISHER_R1": the name of a node's session in bird. */
void render_symbol(const char *node, struct al_buf *out);
#define RENDER_LINK_LOCAL_MAX 32
/*
 * "fe80::a1a:1:2710": the link-local address of our end of a tunnel, or of theirs. 1 is the first node; behind it, in hex, is
 * the other end's port, so that no two neighbours of a node have one address: FRR tells them apart by nothing else.
 */
void render_link_local(const struct node_peer *peer, bool ours, char out[static RENDER_LINK_LOCAL_MAX]);

/* What stands in each of our channels of bird: "table alamo6; " beside somebody's own bird.conf. */
const char *render_channel(const struct render_settings *settings);
void render_bird(const struct node_view *view, const struct render_settings *settings, struct al_buf *out);
/* What keeps the node as the log has it: the agent, or a timer. */
void render_agent_unit(const struct node_view *view, const struct render_settings *settings, struct al_buf *out);
void render_timer(struct al_buf *out);
/* bird.conf of a machine that does nothing else. */
void render_bird_whole(const struct node_view *view, struct al_buf *out);
#define RENDER_FRR_PATH "etc/frr/frr.conf"
#define RENDER_FRR_DAEMONS_PATH "etc/frr/daemons"
#define RENDER_FRR_LOCAL_PATH "etc/frr/alamo-local.conf"
void render_frr(const struct node_view *view, const struct render_settings *settings, struct al_buf *out);
void render_frr_daemons(struct al_buf *out);

#endif
