/* SPDX-License-Identifier: MIT */
/*
 * pin.c -- which registry is which.
 *
 * As ssh does it with known_hosts: an address or a network that is seen for
 * the first time is believed and shown; after that nothing may change. A
 * registry can only be one of three things: a network known by this name and
 * key, an unknown one at an unknown address, or a contradiction.
 */
#include "pin.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alamo/base/ident.h"
#include "command.h"
#include "file.h"
#include "home.h"
#include "pairs.h"

#define PIN_MAX 65536
#define NAME_MAX_LEN 63

bool pin_name_ok(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && strchr("-._", name[i]) == NULL)
			return false;
	return len > 0 && len <= NAME_MAX_LEN && name[0] != '.';
}

/* ---- the file ---- */

static enum al_err pair_take(const struct pair *pair, struct pin *out)
{
	const struct {
		const char *name;
		char *value;
	} single[] = { { "name", out->name }, { "source", out->source }, { "vkey", out->vkey } };

	for (size_t i = 0; i < AL_COUNT(single); i++)
		if (al_slice_is(pair->name, single[i].name))
			return single[i].value[0] != '\0'
				       ? AL_EEXIST
				       : al_slice_copy(pair->value, single[i].value, NETWORK_FIELD_MAX);
	if (!al_slice_is(pair->name, "server"))
		return AL_EINVAL;
	if (out->server_count == PIN_SERVERS_MAX)
		return AL_ELIMIT;
	return al_slice_copy(pair->value, out->servers[out->server_count++], NETWORK_FIELD_MAX);
}

enum al_err pin_parse(struct al_slice text, struct pin *out)
{
	struct pair pair = { .line = 0 };
	struct al_vkey key;
	enum al_err err = AL_OK;

	memset(out, 0, sizeof(*out));
	while (err == AL_OK && pairs_next(&text, &pair))
		err = pair_take(&pair, out);
	if (err != AL_OK)
		return err;
	if (pair.name.len == 0 || !pin_name_ok(out->name) || out->source[0] == '\0')
		return AL_EINVAL;
	return al_vkey_parse(al_slice_str(out->vkey), &key);
}

void pin_format(const struct pin *pin, struct al_buf *out)
{
	al_buf_str(out,
		   "# The registry of this network, as it was at the first contact. It is asked nothing and believed\n"
		   "# nothing when name, source or log key are others.\n");
	al_buf_printf(out, "name = %s\nsource = %s\nvkey = %s\n", pin->name, pin->source, pin->vkey);
	for (size_t i = 0; i < pin->server_count; i++)
		al_buf_printf(out, "server = %s\n", pin->servers[i]);
}

static enum al_err pin_path(const char *name, char out[static PATH_MAX])
{
	char rest[NAME_MAX_LEN + sizeof("networks/")];

	snprintf(rest, sizeof(rest), "networks/%.*s", NAME_MAX_LEN, name);
	return home_path(HOME_CONFIG, rest, out);
}

static enum al_err pin_read(const char *path, struct pin *out)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, PIN_MAX);
	err = file_read(path, &text);
	if (err == AL_OK) {
		err = pin_parse(al_buf_view(&text), out);
		if (err != AL_OK)
			command_fail(CLI_REFUSED, "%s is damaged: it should say name, source, vkey and server", path);
	} else if (err != AL_ENOTFOUND) {
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	}
	al_buf_release(&text);
	return err;
}

enum al_err pin_load(const char *name, struct pin *out)
{
	char path[PATH_MAX];
	enum al_err err = pin_name_ok(name) ? pin_path(name, path) : AL_ENOTFOUND;

	return err != AL_OK ? err : pin_read(path, out);
}

enum al_err pin_save(const struct pin *pin)
{
	char rest[NAME_MAX_LEN + sizeof("networks/")], path[PATH_MAX];
	struct al_buf text;
	enum al_err err;

	snprintf(rest, sizeof(rest), "networks/%.*s", NAME_MAX_LEN, pin->name);
	err = home_make(HOME_CONFIG, rest, path);
	al_buf_init(&text, PIN_MAX);
	pin_format(pin, &text);
	if (err == AL_OK)
		err = text.err != AL_OK ? text.err : file_write(path, al_buf_view(&text), 0600);
	al_buf_release(&text);
	if (err == AL_ENOTFOUND)
		command_fail(CLI_REFUSED, "there is no $HOME to remember the network \"%s\" in", pin->name);
	else if (err != AL_OK)
		command_fail(CLI_REFUSED, "%s cannot be written: %s", path, strerror(errno));
	return err;
}

/* ---- comparing ---- */

static bool pin_has_server(const struct pin *pin, const char *server)
{
	for (size_t i = 0; i < pin->server_count; i++)
		if (strcmp(pin->servers[i], server) == 0)
			return true;
	return false;
}

static bool pin_has_log(const struct pin *pin, const char *name)
{
	struct al_vkey key;

	return al_vkey_parse(al_slice_str(pin->vkey), &key) == AL_OK && strcmp(key.name, name) == 0;
}

/* The first network that `fits` says yes to; AL_ENOTFOUND: none. */
static enum al_err pin_search(bool (*fits)(const struct pin *pin, const char *what), const char *what, struct pin *out)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	enum al_err err = home_path(HOME_CONFIG, "networks", path);
	DIR *dir = err == AL_OK ? opendir(path) : NULL;

	if (dir == NULL)
		return AL_ENOTFOUND;
	err = AL_ENOTFOUND;
	while (err == AL_ENOTFOUND && (entry = readdir(dir)) != NULL) {
		if (!pin_name_ok(entry->d_name))
			continue;
		err = pin_load(entry->d_name, out);
		if (err == AL_OK && !fits(out, what))
			err = AL_ENOTFOUND;
	}
	closedir(dir);
	return err;
}

enum al_err pin_of_log(const char *name, struct al_vkey *key)
{
	struct pin *pin = calloc(1, sizeof(*pin));
	enum al_err err = pin != NULL ? pin_search(pin_has_log, name, pin) : AL_ENOMEM;

	if (err == AL_OK)
		err = al_vkey_parse(al_slice_str(pin->vkey), key);
	if (err == AL_OK)
		pin_past(pin->name, key);
	free(pin);
	return err;
}

static enum al_err contradiction(const char *server, const char *what, const char *now, const struct pin *pin,
				 const char *before)
{
	char path[PATH_MAX] = "";

	(void)pin_path(pin->name, path);
	command_fail(
		CLI_UNVERIFIED,
		"the registry at %s is not what it was.\n"
		"  its %s is now  %s\n"
		"  pinned before  %s  (%s)\n"
		"Either somebody is between you and it, or it is another registry. Nothing was believed or signed.\n"
		"If its hostmaster says, by another way than this, that the new one is right:\n"
		"  alamo network forget %s",
		server, what, now, before, path, pin->name);
	return AL_EVERIFY;
}

static enum al_err pin_compare(const char *server, const struct network *network, const struct pin *pin)
{
	if (strcmp(pin->name, network->name) != 0)
		return contradiction(server, "network", network->name, pin, pin->name);
	if (strcmp(pin->vkey, network->vkey) != 0)
		return contradiction(server, "log key", network->vkey, pin, pin->vkey);
	if (strcmp(pin->source, network->source) != 0)
		return contradiction(server, "source", network->source, pin, pin->source);
	return AL_OK;
}

/* A first contact: with the network, or with another address of it. */
static enum al_err pin_add(const char *server, const struct network *network, struct pin *pin, bool wanted)
{
	bool fresh = pin->server_count == 0;
	enum al_err err;

	snprintf(pin->name, sizeof(pin->name), "%s", network->name);
	snprintf(pin->source, sizeof(pin->source), "%s", network->source);
	snprintf(pin->vkey, sizeof(pin->vkey), "%s", network->vkey);
	if (pin->server_count == PIN_SERVERS_MAX) /* the oldest address makes room */
		memmove(pin->servers[0], pin->servers[1], (--pin->server_count) * sizeof(pin->servers[0]));
	snprintf(pin->servers[pin->server_count++], NETWORK_FIELD_MAX, "%s", server);
	err = pin_save(pin);
	if (err == AL_OK && fresh && !wanted)
		fprintf(stderr,
			"alamo: first contact with the network \"%s\" at %s. Its log key is\n  %s\n"
			"It is pinned from now on. Compare it with what the hostmaster publishes.\n",
			network->name, server, network->vkey);
	return err;
}

enum al_err pin_check(const char *server, const struct network *network, const struct al_vkey *wanted)
{
	struct pin *pin = calloc(1, sizeof(*pin));
	enum al_err err;

	if (pin == NULL)
		return AL_ENOMEM;
	err = pin_search(pin_has_server, server, pin);
	if (err == AL_ENOTFOUND) {
		memset(pin, 0, sizeof(*pin));
		err = pin_load(network->name, pin);
	}
	if (err == AL_OK)
		err = pin_compare(server, network, pin);
	else if (err == AL_ENOTFOUND)
		err = AL_OK;
	if (err == AL_OK && wanted != NULL && memcmp(wanted->pk, network->key.pk, sizeof(wanted->pk)) != 0) {
		command_fail(CLI_UNVERIFIED, "the registry at %s has the log key\n  %s\nwhich is not the one of --pin",
			     server, network->vkey);
		err = AL_EVERIFY;
	}
	if (err == AL_OK && !pin_has_server(pin, server))
		err = pin_add(server, network, pin, wanted != NULL);
	free(pin);
	return err;
}
