/* SPDX-License-Identifier: MIT */
/*
 * node_rendering.c -- from settings, keys and the verified log to what node_apply.c puts in place; see node_apply.h.
 */
#include "node_apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "command.h"
#include "file.h"
#include "node_conf.h"
#include "node_key.h"
#include "node_mesh.h"

#define LOCAL_MAX (1u << 20)

static int settings_fill(const struct node_conf *conf, struct render_settings *settings, const char *wg_key)
{
	char public[NODE_KEY_LEN], host[SETTING_MAX];
	ssize_t len = readlink("/proc/self/exe", settings->program, sizeof(settings->program) - 1);

	settings->program[len > 0 ? len : 0] = '\0';
	settings->router = conf->router;
	settings->whole = conf->whole;
	settings->timer = conf->timer;
	if (node_key(conf->root, false, settings->private_key, public) != AL_OK ||
	    settings_peer("the RTR cache's address", conf->rtr, NULL, host, settings->rtr_port) != AL_OK ||
	    al_slice_copy(al_slice_str(host), settings->rtr_host, sizeof(settings->rtr_host)) != AL_OK)
		return CLI_REFUSED;
	if (strcmp(public, wg_key) != 0)
		return command_fail(
			CLI_REFUSED,
			"%s has another key in the registry than this machine: `alamo node init %s` registers this one",
			conf->name, conf->name);
	return CLI_DONE;
}

/* What the holder says of the links. */
static void marks_fill(const struct node_conf *conf, struct node_view *view)
{
	for (size_t i = 0; i < view->peer_count; i++)
		for (size_t k = 0; k < conf->mark_count; k++)
			if (strcasecmp(conf->marks[k].node, view->peers[i].name) == 0) {
				view->peers[i].latency_ms = conf->marks[k].latency_ms;
				view->peers[i].kbit = conf->marks[k].kbit;
			}
}

/* What the holder adds to frr.conf, which includes no other file. */
static int local_fill(const struct node_conf *conf, struct render_settings *settings)
{
	char path[PATH_MAX];

	al_buf_init(&settings->local, LOCAL_MAX);
	if (conf->router != NODE_FRR)
		return CLI_DONE;
	if (node_path(conf->root, RENDER_FRR_LOCAL_PATH, false, path) != AL_OK)
		return CLI_REFUSED;
	if (file_read(path, &settings->local) == AL_OK || errno == ENOENT)
		return CLI_DONE;
	return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
}

/* The mesh's part of it, and what the network lets a gateway do. */
static int mesh_fill(const struct node_conf *conf, const struct al_state *state, struct render_settings *settings,
		     struct node_rendering *r)
{
	struct node_mesh_key key;
	enum al_err err;

	r->mesh = settings->mesh = conf->mesh;
	if (conf->mesh == NODE_MESH_OFF)
		return CLI_DONE;
	err = node_mesh_key(conf->root, false, &key);
	if (err == AL_OK)
		err = node_mesh_address(key.public, &r->view.super, r->mesh_address);
	sodium_memzero(&key, sizeof(key));
	memcpy(settings->mesh_address, r->mesh_address, sizeof(settings->mesh_address));
	if (err == AL_OK && al_state_get(state, AL_MESH_REVOKED, al_slice_str(r->mesh_address)) != NULL)
		return command_fail(CLI_REFUSED,
				    "this machine's mesh key is revoked: `alamo mesh down`, take %s away, "
				    "`alamo mesh init`",
				    NODE_MESH_KEY_PATH);
	if (conf->mesh == NODE_MESH_GATEWAY && !r->view.gateway)
		fprintf(stderr,
			"alamo: no gateway until the log has [mesh-gateway] %s and a route6 of AS%u for the mesh "
			"half\n",
			r->view.name, r->view.asn);
	return command_exit(err);
}

static void settings_free(struct render_settings *settings)
{
	if (settings == NULL)
		return;
	al_buf_release(&settings->network);
	al_buf_release(&settings->local);
	sodium_memzero(settings->private_key, sizeof(settings->private_key));
	free(settings);
}

static int rendering_fill(const struct node_conf *conf, const struct al_state *state, const struct node_trust *trust,
			  struct node_rendering *r)
{
	struct render_settings *settings = r->settings = calloc(1, sizeof(*settings));
	int code = CLI_REFUSED;

	if (settings == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	al_buf_init(&settings->network, RENDER_NETWORK_MAX);
	switch (node_view_fill(state, conf->name, conf->super, trust, &r->view)) {
	case AL_OK:
		code = settings_fill(conf, settings, r->view.wg_key);
		marks_fill(conf, &r->view);
		if (strcmp(conf->root, "/") == 0)
			node_services_look(&r->view);
		break;
	case AL_EVERIFY:
		code = CLI_UNVERIFIED;
		break;
	default:
		break;
	}
	if (code == CLI_DONE)
		code = mesh_fill(conf, state, settings, r);
	if (code == CLI_DONE)
		code = local_fill(conf, settings);
	if (code == CLI_DONE)
		code = command_exit(render_network(state, conf->router, &settings->network));
	return code == CLI_DONE ? command_exit(render_node(&r->view, settings, &r->render)) : code;
}

int node_rendering_again(struct node_rendering *r)
{
	if (r->settings == NULL)
		return CLI_REFUSED;
	render_release(&r->render);
	return command_exit(render_node(&r->view, r->settings, &r->render));
}

int node_rendering_of(const struct node_conf *conf, const struct al_state *state, const struct node_trust *trust,
		      struct node_rendering **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? command_fail(CLI_REFUSED, "out of memory") : rendering_fill(conf, state, trust, *out);
}

static int rendering_read(const struct node_conf *conf, const struct log_read_options *where,
			  struct node_rendering **out)
{
	struct log_read_options log = *where;
	struct audit *audit = NULL;
	struct node_trust trust;
	char pin[PATH_MAX];
	int code = CLI_REFUSED;

	if (node_conf_trust(conf, &trust) != AL_OK || node_path(conf->root, NODE_PIN_PATH, true, pin) != AL_OK)
		return CLI_REFUSED;
	if (log.server == NULL && conf->server[0] != '\0')
		log.server = conf->server;
	log.pin = log.pin != NULL ? log.pin : pin;
	code = node_log_read(&log, &trust, &audit);
	if (code == CLI_DONE)
		code = node_rendering_of(conf, audit_state(audit), &trust, out);
	audit_free(audit);
	node_trust_release(&trust);
	return code;
}

int node_rendering_new(const char *root, const struct log_read_options *where, struct node_rendering **out)
{
	struct node_conf *conf = calloc(1, sizeof(*conf));
	int code = CLI_REFUSED;

	*out = NULL;
	if (conf == NULL)
		command_fail(CLI_REFUSED, "out of memory");
	else if (node_conf_load(root, conf) == AL_OK)
		code = rendering_read(conf, where, out);
	free(conf);
	return code;
}

void node_rendering_free(struct node_rendering *rendering)
{
	if (rendering == NULL)
		return;
	render_release(&rendering->render);
	settings_free(rendering->settings);
	free(rendering);
}
