/* SPDX-License-Identifier: MIT */
/*
 * node_conf.c -- see node_conf.h.
 */
#include "node_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "pairs.h"

#define CONF_PATH "etc/alamo/node.conf"
#define KEY_PATH "etc/alamo/node.key"
#define CONF_MAX 65536

static enum al_err folders_make(char *path)
{
	for (char *c = path + 1; *c != '\0'; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST) {
			command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
			*c = '/';
			return AL_ESYS;
		}
		*c = '/';
	}
	return AL_OK;
}

enum al_err node_path(const char *root, const char *rest, bool make, char out[static PATH_MAX])
{
	size_t len = strlen(root);
	int n = snprintf(out, PATH_MAX, "%s%s%s", root, len > 0 && root[len - 1] == '/' ? "" : "/", rest);

	if (n < 0 || n >= PATH_MAX) {
		command_fail(CLI_USAGE, "--root: the path is too long");
		return AL_ELIMIT;
	}
	return make ? folders_make(out) : AL_OK;
}

/* ---- settings ---- */

enum al_err node_conf_signer(struct node_conf *conf, struct al_slice key)
{
	for (size_t i = 0; i < conf->signer_count; i++)
		if (al_slice_is(key, conf->signers[i]))
			return AL_OK;
	if (conf->signer_count == NODE_SIGNERS_MAX) {
		command_fail(CLI_USAGE, "etc/alamo/node.conf: at most %d lines `signer`: take old ones out",
			     NODE_SIGNERS_MAX);
		return AL_ELIMIT;
	}
	return al_slice_copy(key, conf->signers[conf->signer_count++], NODE_TEXT_MAX);
}

enum al_err node_conf_trust(const struct node_conf *conf, struct node_trust *out)
{
	*out = (struct node_trust){ 0 };
	for (size_t i = 0; i < conf->signer_count; i++)
		if (node_trust_add(out, al_slice_str(conf->signers[i])) != AL_OK) {
			command_fail(CLI_USAGE, "etc/alamo/node.conf: signer = %s is no SSH key", conf->signers[i]);
			return AL_EINVAL;
		}
	if (out->key_count > 0)
		return AL_OK;
	command_fail(CLI_USAGE, "etc/alamo/node.conf names no signer: `alamo node init %s` writes it", conf->name);
	return AL_EINVAL;
}

enum al_err node_conf_mark(struct node_conf *conf, const struct node_mark *mark)
{
	size_t i = 0;

	while (i < conf->mark_count && strcasecmp(conf->marks[i].node, mark->node) != 0)
		i++;
	if (mark->latency_ms == 0 && mark->kbit == 0) {
		if (i < conf->mark_count)
			conf->marks[i] = conf->marks[--conf->mark_count];
		return AL_OK;
	}
	if (i == NODE_MARKS_MAX) {
		command_fail(CLI_USAGE, "etc/alamo/node.conf: at most %d lines `link`: take old ones out",
			     NODE_MARKS_MAX);
		return AL_ELIMIT;
	}
	conf->marks[i] = *mark;
	conf->mark_count = i == conf->mark_count ? i + 1 : conf->mark_count;
	return AL_OK;
}

/* "BOB-R1 12 100000": node, milliseconds, kbit/s. */
static enum al_err mark_take(struct node_conf *conf, struct al_slice rest)
{
	struct node_mark mark = { 0 };
	struct al_slice node, latency, kbit;
	uint64_t numbers[2];

	if (!al_slice_word(&rest, "", &node) || !al_slice_word(&rest, "", &latency) ||
	    !al_slice_word(&rest, "", &kbit) || al_slice_copy(node, mark.node, sizeof(mark.node)) != AL_OK ||
	    al_slice_u64(latency, NODE_LATENCY_MAX, &numbers[0]) != AL_OK ||
	    al_slice_u64(kbit, NODE_KBIT_MAX, &numbers[1]) != AL_OK)
		return AL_EINVAL;
	mark.latency_ms = (unsigned)numbers[0];
	mark.kbit = (unsigned)numbers[1];
	return node_conf_mark(conf, &mark);
}

static const char *const mesh_words[] = {
	[NODE_MESH_OFF] = "off", [NODE_MESH_MEMBER] = "member", [NODE_MESH_GATEWAY] = "gateway"
};

const char *const node_router_words[NODE_ROUTERS] = { [NODE_BIRD] = "bird", [NODE_FRR] = "frr" };

enum al_err node_router_take(struct al_slice word, enum node_router *out)
{
	for (size_t i = 0; i < NODE_ROUTERS; i++)
		if (al_slice_is(word, node_router_words[i])) {
			*out = (enum node_router)i;
			return AL_OK;
		}
	return AL_EINVAL;
}

static enum al_err mesh_take(struct node_conf *conf, struct al_slice word)
{
	for (size_t i = 0; i < AL_COUNT(mesh_words); i++)
		if (al_slice_is(word, mesh_words[i])) {
			conf->mesh = (enum node_mesh)i;
			return AL_OK;
		}
	return AL_EINVAL;
}

static enum al_err setting_take(struct node_conf *conf, const struct pair *pair)
{
	if (al_slice_is(pair->name, "name"))
		return al_slice_copy(pair->value, conf->name, sizeof(conf->name));
	if (al_slice_is(pair->name, "server"))
		return al_slice_copy(pair->value, conf->server, sizeof(conf->server));
	if (al_slice_is(pair->name, "rtr"))
		return al_slice_copy(pair->value, conf->rtr, sizeof(conf->rtr));
	if (al_slice_is(pair->name, "super"))
		return al_slice_copy(pair->value, conf->super, sizeof(conf->super));
	if (al_slice_is(pair->name, "signer"))
		return node_conf_signer(conf, pair->value);
	if (al_slice_is(pair->name, "mesh"))
		return mesh_take(conf, pair->value);
	if (al_slice_is(pair->name, "link"))
		return mark_take(conf, pair->value);
	if (al_slice_is(pair->name, "router"))
		return node_router_take(pair->value, &conf->router);
	if (al_slice_is(pair->name, "applied-by")) {
		conf->timer = al_slice_is(pair->value, "timer");
		return AL_OK;
	}
	if (al_slice_is(pair->name, "bird-conf")) {
		conf->whole = al_slice_is(pair->value, "ours");
		return AL_OK;
	}
	return AL_EINVAL;
}

static enum al_err conf_parse(const char *path, struct al_slice text, struct node_conf *conf)
{
	struct pair pair = { 0 };

	while (pairs_next(&text, &pair))
		if (pair.name.len == 0 || setting_take(conf, &pair) != AL_OK) {
			command_fail(CLI_USAGE,
				     "%s:%u: lines are name, server, rtr, super, signer, applied-by, mesh, router, "
				     "bird-conf or link = VALUE",
				     path, pair.line);
			return AL_EINVAL;
		}
	if (conf->name[0] != '\0' && conf->rtr[0] != '\0')
		return AL_OK;
	command_fail(CLI_USAGE, "%s: name = or rtr = is missing", path);
	return AL_EINVAL;
}

enum al_err node_conf_load(const char *root, struct node_conf *out)
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err = node_path(root, CONF_PATH, false, path);

	memset(out, 0, sizeof(*out));
	snprintf(out->root, sizeof(out->root), "%s", root);
	if (err != AL_OK)
		return err;
	al_buf_init(&text, CONF_MAX);
	err = file_read(path, &text);
	if (err != AL_OK) {
		command_fail(CLI_REFUSED, "%s: %s: `alamo node init NAME` makes this machine a node", path,
			     strerror(errno));
		err = AL_ENOTFOUND;
	} else {
		err = conf_parse(path, al_buf_view(&text), out);
	}
	al_buf_release(&text);
	return err;
}

enum al_err node_conf_load_if(const char *root, struct node_conf *out)
{
	char path[PATH_MAX];
	enum al_err err = node_path(root, CONF_PATH, false, path);

	if (err != AL_OK || access(path, F_OK) == 0)
		return err != AL_OK ? err : node_conf_load(root, out);
	memset(out, 0, sizeof(*out));
	snprintf(out->root, sizeof(out->root), "%s", root);
	return AL_OK;
}

enum al_err node_conf_save(const struct node_conf *conf)
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err = node_path(conf->root, CONF_PATH, true, path);

	if (err != AL_OK)
		return err;
	al_buf_init(&text, CONF_MAX);
	al_buf_printf(
		&text,
		"# Written by `alamo node init`.\nname = %s\nrtr = %s\nrouter = %s\nbird-conf = %s\napplied-by = %s\n"
		"super = %s\nmesh = %s\n",
		conf->name, conf->rtr, node_router_words[conf->router], conf->whole ? "ours" : "own",
		conf->timer ? "timer" : "agent", conf->super, mesh_words[conf->mesh]);
	/* A line without a value is none. */
	if (conf->server[0] != '\0')
		al_buf_printf(&text, "server = %s\n", conf->server);
	for (size_t i = 0; i < conf->signer_count; i++)
		al_buf_printf(&text, "signer = %s\n", conf->signers[i]);
	for (size_t i = 0; i < conf->mark_count; i++)
		al_buf_printf(&text, "link = %s %u %u\n", conf->marks[i].node, conf->marks[i].latency_ms,
			      conf->marks[i].kbit);
	err = text.err == AL_OK ? file_write(path, al_buf_view(&text), 0644) : text.err;
	if (err != AL_OK)
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	al_buf_release(&text);
	return err;
}
