/* SPDX-License-Identifier: MIT */
/*
 * node_conf.h -- a node's own settings, etc/alamo/node.conf below its root, and its tunnels' key beside it.
 */
#ifndef CLI_NODE_CONF_H
#define CLI_NODE_CONF_H

#include <limits.h>

#include "node_view.h"
#include "settings.h"

struct node_conf {
	char root[PATH_MAX]; /* "/" on the node itself */
	char name[NODE_TEXT_MAX];
	char server[SETTING_MAX]; /* the registry's request port */
	char rtr[SETTING_MAX];    /* HOST:PORT of the RTR cache */
	bool whole;               /* bird.conf is ours */
};

/* "ROOT/REST"; the folders above are made when `make`. AL_ELIMIT, AL_ESYS. */
AL_MUST_USE enum al_err node_path(const char *root, const char *rest, bool make, char out[static PATH_MAX]);

/* Said if it fails. AL_ENOTFOUND: this machine has no node. */
AL_MUST_USE enum al_err node_conf_load(const char *root, struct node_conf *out);
AL_MUST_USE enum al_err node_conf_save(const struct node_conf *conf);

#define NODE_KEY_LEN 45 /* base64 of 32 bytes, and NUL */
/* The tunnels' key of this machine, made if there is none and `make`. Both as WireGuard writes them. Said if it fails. */
AL_MUST_USE enum al_err node_key(const char *root, bool make, char secret[static NODE_KEY_LEN],
				 char public[static NODE_KEY_LEN]);

#endif
