/* SPDX-License-Identifier: MIT */
/*
 * node_reload.c -- see node_reload.h.
 */
#include "node_reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "frr_delta.h"
#include "node_sessions.h"
#include "process.h"

#define CHANGE_PATH "var/lib/alamo/node/frr-change"

static bool answers(const char *const argv[], struct al_buf *out)
{
	int status = 0;

	al_buf_reset(out);
	return process_run(argv, AL_S(""), true, out, &status) == AL_OK && status == 0;
}

static const struct render_file *conf_of(const struct render *render)
{
	for (size_t i = 0; i < render->count; i++)
		if (strcmp(render->files[i].path, RENDER_FRR_PATH) == 0)
			return &render->files[i];
	return NULL;
}

static bool commands_run(struct al_slice text)
{
	char path[PATH_MAX];
	const char *const argv[] = { "vtysh", "-f", path, NULL };

	if (text.len == 0)
		return true;
	if (node_path("/", CHANGE_PATH, true, path) != AL_OK)
		return false;
	if (file_write(path, text, 0600) == AL_OK)
		return node_step(argv);
	command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	return false;
}

/* What is there and is to stay is not said again: sessions with a changed neighbour alone are new ones. */
static bool frr_change(const struct render *render, struct al_slice running)
{
	const struct render_file *conf = conf_of(render);
	struct al_buf text;
	bool ok = false;

	al_buf_init(&text, FRR_TEXT_MAX);
	if (conf == NULL || frr_delta(running, al_buf_view(&conf->text), &text) != AL_OK)
		command_fail(CLI_REFUSED, "out of memory");
	else
		ok = commands_run(al_buf_view(&text));
	al_buf_release(&text);
	return ok;
}

static bool frr_reload(const struct render *render, const struct node_changes *changes)
{
	static const char *const there[] = { "vtysh", "-d", "bgpd", "-c", "show version", NULL };
	static const char *const running[] = { "vtysh", "-c", "show running-config", NULL };
	static const char *const bird[] = { "birdc", "show", "status", NULL };
	static const char *const restart[] = { "systemctl", "restart", "frr", NULL };
	struct al_buf said;
	bool ok;

	al_buf_init(&said, FRR_TEXT_MAX);
	if (answers(bird, &said))
		fprintf(stderr, "alamo: bird runs too, and has BGP's port: systemctl disable --now bird\n");
	/* Which daemons there are is read at a start alone. */
	if (!changes->daemons && answers(there, &said) && answers(running, &said))
		ok = frr_change(render, al_buf_view(&said));
	else
		ok = node_step(restart);
	node_look_again(NODE_FRR, &said);
	al_buf_release(&said);
	return ok;
}

bool node_reload(const struct node_rendering *rendering, const struct node_changes *changes)
{
	static const char *const bird[] = { "birdc", "configure", NULL };

	return rendering->render.router == NODE_FRR ? frr_reload(&rendering->render, changes) : node_step(bird);
}
