/* SPDX-License-Identifier: MIT */
/*
 * key_order.c -- see key_order.h. Builder's thread.
 */
#include "key_order.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "kept.h"
#include "key_report.h"

#define ORDER_MAX ((size_t)PLAN_ZONES_MAX * 2 * (DNAME_TEXT_MAX + 8))

static bool path_of(const char *dir, const char *name, char out[static PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

static bool is_there(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return path_of(dir, name, path) && access(path, F_OK) == 0;
}

bool key_order_waits(const char *run_dir)
{
	return run_dir != NULL && (is_there(run_dir, KEY_ORDER_TAKEN) || is_there(run_dir, KEY_ORDER));
}

/* One that was taken before a crash goes first. */
static bool order_take(const char *dir)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (is_there(dir, KEY_ORDER_TAKEN))
		return true;
	return path_of(dir, KEY_ORDER, from) && path_of(dir, KEY_ORDER_TAKEN, to) && rename(from, to) == 0;
}

static bool line_read(struct al_slice line, struct dname *apex, bool *set)
{
	struct al_slice zone, role, more;

	if (!al_slice_word(&line, "", &zone) || !al_slice_word(&line, "", &role) || al_slice_word(&line, "", &more) ||
	    dname_of_text(zone, apex) != AL_OK)
		return false;
	*set = al_slice_is(role, key_role_name(true));
	return *set || al_slice_is(role, key_role_name(false));
}

static const struct zone_master *master_find(const struct generation *generation, const struct dname *apex)
{
	for (size_t i = 0; i < generation->count; i++)
		if (dname_eq(&generation->masters[i]->tree.apex_name, apex))
			return generation->masters[i];
	return NULL;
}

/* The next key of that kind, before it is in use. */
static const struct zone_key *on_its_way(const struct zone_keys *keys, bool set)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->all[i].time.state == STATE_PUBLISHED && (keys->all[i].time.kind != KIND_ZSK) == set)
			return &keys->all[i];
	return NULL;
}

static void line_obey(const struct generation *generation, const char *keys_dir, struct al_slice line)
{
	const struct zone_master *master;
	const char *why = NULL;
	struct dname apex;
	bool set;

	if (!line_read(line, &apex, &set))
		why = "not ZONE ksk|zsk";
	else if ((master = master_find(generation, &apex)) == NULL)
		why = "there is no such zone";
	else if (on_its_way(&master->keys, set) != NULL)
		why = "the next key is on its way";
	else if (zone_keys_add(keys_dir, &apex, set) != AL_OK)
		why = "the key could not be made";
	if (why != NULL)
		al_log(AL_LOG_WARN, "key-order", "line=\"%.*s\" why=\"%s\"", AL_FMT(line), why);
}

bool key_order_obey(const struct generation *generation, const struct builder_conf *conf)
{
	struct al_slice rest, line;
	struct al_buf text;
	enum al_err err;

	if (conf->keys_dir == NULL || !key_order_waits(conf->run_dir) || !order_take(conf->run_dir))
		return false;
	al_buf_init(&text, ORDER_MAX);
	err = kept_get(conf->run_dir, KEY_ORDER_TAKEN, &text);
	if (err != AL_OK)
		al_log(AL_LOG_WARN, "key-order", "file=%s/%s why=%s", conf->run_dir, KEY_ORDER_TAKEN, al_err_name(err));
	rest = err == AL_OK ? al_buf_view(&text) : AL_S("");
	while (al_slice_line(&rest, &line))
		line_obey(generation, conf->keys_dir, line);
	al_buf_release(&text);
	return true;
}

void key_order_done(const char *run_dir)
{
	char path[PATH_MAX];

	if (!path_of(run_dir, KEY_ORDER_TAKEN, path) || unlink(path) != 0)
		(void)kept_failed("unlink", path);
}
