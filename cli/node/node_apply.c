/* SPDX-License-Identifier: MIT */
/*
 * node_apply.c -- see node_apply.h.
 */
#include "node_apply.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "command.h"
#include "node_conf.h"
#include "place.h"
#include "process.h"

/* ---- rendering ---- */

static int rendering_fill(const struct node_conf *conf, const struct al_state *state, struct node_rendering *r)
{
	struct render_settings *settings = calloc(1, sizeof(*settings));
	char public[NODE_KEY_LEN], host[SETTING_MAX];
	int code = CLI_REFUSED;

	if (settings == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	settings->whole = conf->whole;
	if (node_key(conf->root, false, settings->private_key, public) != AL_OK ||
	    settings_peer("the RTR cache's address", conf->rtr, NULL, host, settings->rtr_port) != AL_OK ||
	    al_slice_copy(al_slice_str(host), settings->rtr_host, sizeof(settings->rtr_host)) != AL_OK ||
	    node_view_fill(state, conf->name, &r->view) != AL_OK)
		code = CLI_REFUSED;
	else if (strcmp(public, r->view.wg_key) != 0)
		code = command_fail(CLI_REFUSED,
				    "%s has another key in the registry than this machine: `alamo node init %s`",
				    r->view.name, r->view.name);
	else
		code = command_exit(render_node(&r->view, settings, &r->render));
	free(settings);
	return code;
}

int node_rendering_new(const char *root, const struct log_read_options *where, struct node_rendering **out)
{
	struct log_read_options log = *where;
	struct node_conf *conf = calloc(1, sizeof(*conf));
	struct audit *audit = NULL;
	int code = CLI_REFUSED;

	*out = calloc(1, sizeof(**out));
	if (conf == NULL || *out == NULL)
		command_fail(CLI_REFUSED, "out of memory");
	else if (node_conf_load(root, conf) == AL_OK) {
		if (log.server == NULL && conf->server[0] != '\0')
			log.server = conf->server;
		code = node_log_read(&log, &audit);
		if (code == CLI_DONE)
			code = rendering_fill(conf, audit_state(audit), *out);
	}
	audit_free(audit);
	free(conf);
	return code;
}

void node_rendering_free(struct node_rendering *rendering)
{
	if (rendering != NULL)
		render_release(&rendering->render);
	free(rendering);
}

/* ---- running ---- */

struct changed {
	char tunnels[NODE_PEERS_MAX][RENDER_PATH_MAX]; /* "al-10000" */
	enum place_change how[NODE_PEERS_MAX];
	size_t count, others;
};

static void change_note(void *arg, enum place_change change, const char *path)
{
	struct changed *changed = arg;
	const char *name = strrchr(path, '/');
	size_t len;

	if (change == PLACE_SAME)
		return;
	changed->others++;
	if (strncmp(path, "etc/wireguard/", 14) != 0 || name == NULL || changed->count == NODE_PEERS_MAX)
		return;
	len = strlen(name + 1);
	if (len <= 5)
		return;
	snprintf(changed->tunnels[changed->count], RENDER_PATH_MAX, "%.*s", (int)(len - 5), name + 1);
	changed->how[changed->count++] = change;
}

/* A step that fails is said, and the next one is taken all the same. */
static bool step(const char *const argv[])
{
	struct al_buf output;
	int status = 0;
	bool ok;

	al_buf_init(&output, 1u << 20);
	ok = process_run(argv, AL_S(""), true, &output, &status) == AL_OK && status == 0;
	if (!ok) {
		command_fail(CLI_REFUSED, "%s %s gave %d:", argv[0], argv[1], status);
		command_print_remote(al_buf_view(&output));
	}
	al_buf_release(&output);
	return ok;
}

#define STEP(...) step((const char *const[]){ __VA_ARGS__, NULL })

/* Before the files change: wg-quick takes down by the file with which it took up. */
static void tunnels_down(const struct changed *changed)
{
	for (size_t i = 0; i < changed->count; i++)
		if (changed->how[i] != PLACE_NEW && if_nametoindex(changed->tunnels[i]) != 0)
			(void)STEP("wg-quick", "down", changed->tunnels[i]);
}

static bool programs_run(const struct node_view *view, const struct changed *changed)
{
	char address[AL_PREFIX_STRLEN + 4];
	bool ok;

	snprintf(address, sizeof(address), "%s/128", view->address);
	ok = STEP("ip", "-6", "addr", "replace", address, "dev", "lo");
	ok = STEP("sysctl", "-q", "-p", "/etc/sysctl.d/90-alamo.conf") && ok;
	ok = STEP("nft", "-f", "/etc/nftables.d/alamo.nft") && ok;
	for (size_t i = 0; i < changed->count; i++)
		if (changed->how[i] != PLACE_GONE)
			ok = STEP("wg-quick", "up", changed->tunnels[i]) && ok;
	return STEP("birdc", "configure") && ok;
}

static int files_apply(const char *root, const struct node_rendering *r, struct changed *changed)
{
	const struct place place = { .root = root, .set = "node" };
	bool live = strcmp(root, "/") == 0;

	if (place_check(&place, &r->render) != AL_OK ||
	    place_compare(&place, &r->render, change_note, changed) != AL_OK)
		return CLI_REFUSED;
	if (live)
		tunnels_down(changed);
	if (place_apply(&place, &r->render) != AL_OK)
		return CLI_REFUSED;
	printf("log %llu: %zu of %zu files changed, %zu peers\n", (unsigned long long)r->view.size, changed->others,
	       r->render.count, r->view.peer_count);
	if (live && !programs_run(&r->view, changed))
		return command_fail(CLI_REFUSED,
				    "the files are in place; mend what is said above, then `alamo node apply`");
	return CLI_DONE;
}

int node_apply(const char *root, const struct log_read_options *where)
{
	struct node_rendering *r = NULL;
	struct changed *changed = calloc(1, sizeof(*changed));
	int code = changed == NULL ? command_fail(CLI_REFUSED, "out of memory") : node_rendering_new(root, where, &r);

	if (code == CLI_DONE)
		code = files_apply(root, r, changed);
	node_rendering_free(r);
	free(changed);
	return code;
}
