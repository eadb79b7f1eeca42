/* SPDX-License-Identifier: MIT */
/*
 * peer_mark.c -- see peer_mark.h.
 */
#include "peer_mark.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "node_apply.h"

static bool is_peer(const struct node_view *view, const char *name)
{
	for (size_t i = 0; i < view->peer_count; i++)
		if (strcasecmp(view->peers[i].name, name) == 0)
			return true;
	return false;
}

static int conf_mark(const char *root, const struct node_mark *mark)
{
	struct node_conf *conf = calloc(1, sizeof(*conf));
	int code = CLI_REFUSED;

	if (conf == NULL)
		command_fail(CLI_REFUSED, "out of memory");
	else if (node_conf_load(root, conf) == AL_OK && node_conf_mark(conf, mark) == AL_OK &&
		 node_conf_save(conf) == AL_OK)
		code = CLI_DONE;
	free(conf);
	return code;
}

int peer_mark(const char *root, const struct log_read_options *where, const struct node_mark *mark)
{
	struct node_rendering *r = NULL;
	int code = node_rendering_new(root, where, &r);

	if (code == CLI_DONE && !is_peer(&r->view, mark->node))
		code = command_fail(CLI_REFUSED, "no link with %s: `alamo peer list` shows those there are",
				    mark->node);
	node_rendering_free(r);
	return code == CLI_DONE ? conf_mark(root, mark) : code;
}
