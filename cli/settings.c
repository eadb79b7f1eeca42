/* SPDX-License-Identifier: MIT */
/*
 * settings.c -- option, environment, configuration, default.
 */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "home.h"
#include "nearest.h"
#include "pairs.h"

#define CONFIG_MAX 65536
#define PATIENCE_FALLBACK "60"
#define PATIENCE_MAX_S 3600

static const char *const names[] = { "server", "whois", "key", "patience" };

/* ---- the configuration file ---- */

static enum al_err name_fail(const char *path, const struct pair *pair)
{
	char typed[64];
	struct nearest nearest = { .typed = typed };

	if (pair->name.len == 0) {
		command_fail(CLI_USAGE, "%s: line %u is not NAME = VALUE", path, pair->line);
		return AL_EINVAL;
	}
	snprintf(typed, sizeof(typed), "%.*s", AL_FMT(pair->name));
	for (size_t i = 0; i < AL_COUNT(names); i++)
		nearest_offer(&nearest, names[i]);
	if (nearest.best != NULL)
		command_fail(CLI_USAGE, "%s: line %u: there is no setting \"%s\": is it %s?", path, pair->line, typed,
			     nearest.best);
	else
		command_fail(CLI_USAGE, "%s: line %u: there is no setting \"%s\", only server, whois, key and patience",
			     path, pair->line, typed);
	return AL_EINVAL;
}

static bool name_known(struct al_slice name)
{
	for (size_t i = 0; i < AL_COUNT(names); i++)
		if (al_slice_is(name, names[i]))
			return true;
	return false;
}

/* The value of `key` in the file's text; all of it is looked at. *out stays empty when it is not there. */
static enum al_err config_find(const char *path, struct al_slice text, const char *key, char out[static SETTING_MAX])
{
	struct pair pair = { .line = 0 };

	while (pairs_next(&text, &pair)) {
		if (!name_known(pair.name))
			return name_fail(path, &pair);
		if (al_slice_is(pair.name, key) && al_slice_copy(pair.value, out, SETTING_MAX) != AL_OK) {
			command_fail(CLI_USAGE, "%s: line %u is too long", path, pair.line);
			return AL_ELIMIT;
		}
	}
	return pair.name.len > 0 ? AL_OK : name_fail(path, &pair);
}

static enum al_err config_get(const char *key, char out[static SETTING_MAX])
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err = home_path(HOME_CONFIG, "config", path);

	if (err != AL_OK)
		return AL_OK; /* nobody's home */
	al_buf_init(&text, CONFIG_MAX);
	err = file_read(path, &text);
	if (err == AL_OK)
		err = config_find(path, al_buf_view(&text), key, out);
	else if (err == AL_ENOTFOUND)
		err = AL_OK;
	else
		command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
	al_buf_release(&text);
	return err;
}

static enum al_err setting_get(const char *option, const char *variable, const char *key, const char *fallback,
			       char out[static SETTING_MAX])
{
	const char *value = option != NULL ? option : getenv(variable);
	char found[SETTING_MAX] = "";
	enum al_err err;

	if (value == NULL || value[0] == '\0') {
		err = config_get(key, found);
		if (err != AL_OK)
			return err;
		value = found[0] != '\0' ? found : fallback;
	}
	err = home_expand(value, out, SETTING_MAX);
	if (err != AL_OK)
		command_fail(CLI_USAGE, "%s: %s", key, err == AL_ENOTFOUND ? "there is no $HOME for ~" : "too long");
	return err;
}

enum al_err settings_server(const char *option, char out[static SETTING_MAX])
{
	return setting_get(option, "ALAMO_SERVER", "server", "127.0.0.1:4343", out);
}

enum al_err settings_whois(const char *option, char out[static SETTING_MAX])
{
	return setting_get(option, "ALAMO_WHOIS", "whois", "", out);
}

enum al_err settings_key(const char *option, char out[static SETTING_MAX])
{
	const char *home = getenv("HOME");

	return setting_get(option, "ALAMO_KEY", "key", home != NULL ? "~/.ssh/id_ed25519" : "id_ed25519", out);
}

enum al_err settings_patience(uint64_t *ms)
{
	char typed[SETTING_MAX];
	uint64_t seconds = 0;
	enum al_err err = setting_get(NULL, "ALAMO_PATIENCE", "patience", PATIENCE_FALLBACK, typed);

	if (err == AL_OK && (al_slice_u64(al_slice_str(typed), PATIENCE_MAX_S, &seconds) != AL_OK || seconds == 0)) {
		command_fail(CLI_USAGE, "patience is a number of seconds, 1 to %d: not \"%s\"", PATIENCE_MAX_S, typed);
		err = AL_EINVAL;
	}
	*ms = seconds * 1000;
	return err;
}

/* Does the file name this server? AL_ENOTFOUND: none at all. */
static enum al_err config_same(const char *path, struct al_slice text, const struct settings *settings)
{
	char server[SETTING_MAX] = "";
	enum al_err err = config_find(path, text, "server", server);

	if (err != AL_OK)
		return err;
	if (server[0] == '\0')
		return AL_ENOTFOUND;
	return strcmp(server, settings->server) == 0 ? AL_OK : AL_EEXIST;
}

static void setting_put(struct al_buf *out, struct al_slice before, const char *name, const char *value)
{
	char found[SETTING_MAX] = "";

	if (value != NULL && config_find("", before, name, found) == AL_OK && found[0] == '\0')
		al_buf_printf(out, "%s = %s\n", name, value);
}

/* What is there already stays, above. */
static enum al_err config_write(const char *path, struct al_slice before, const struct settings *settings)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, CONFIG_MAX);
	al_buf_slice(&text, before);
	if (before.len > 0 && !al_slice_ends(before, "\n"))
		al_buf_u8(&text, '\n');
	al_buf_str(&text, "# Written by `alamo join`; alamo(1), FILES.\n");
	setting_put(&text, before, "server", settings->server);
	setting_put(&text, before, "whois", settings->whois);
	setting_put(&text, before, "key", settings->key);
	err = text.err != AL_OK ? text.err : file_write(path, al_buf_view(&text), 0600);
	al_buf_release(&text);
	if (err != AL_OK)
		command_fail(CLI_REFUSED, "%s cannot be written: %s", path, strerror(errno));
	return err;
}

enum al_err settings_save(const struct settings *settings)
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err = home_make(HOME_CONFIG, "config", path);

	if (err != AL_OK)
		return err;
	al_buf_init(&text, CONFIG_MAX);
	err = file_read(path, &text);
	if (err == AL_OK)
		err = config_same(path, al_buf_view(&text), settings);
	if (err == AL_ENOTFOUND)
		err = config_write(path, al_buf_view(&text), settings);
	al_buf_release(&text);
	return err;
}

/* ---- addresses ---- */

enum al_err settings_split(const char *address, const char *port, char host[static SETTING_MAX],
			   char service[static 16])
{
	struct al_slice rest = al_slice_str(address), head = rest, tail = al_slice_str(port);
	const char *colon = strrchr(address, ':');
	uint64_t number;

	if (address[0] == '[') {
		const char *end = strchr(address, ']');

		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			return AL_EINVAL;
		head = al_slice_of(address + 1, (size_t)(end - address - 1));
		if (end[1] == ':')
			tail = al_slice_str(end + 2);
	} else if (colon != NULL && strchr(address, ':') == colon) {
		head = al_slice_of(address, (size_t)(colon - address));
		tail = al_slice_str(colon + 1);
	}
	if (head.len == 0 || tail.len == 0)
		return AL_EINVAL;
	if (al_slice_u64(tail, UINT16_MAX, &number) != AL_OK)
		return AL_ELIMIT;
	enum al_err err = al_slice_copy(head, host, SETTING_MAX);

	return err != AL_OK ? err : al_slice_copy(tail, service, 16);
}

enum al_err settings_peer(const char *what, const char *address, const char *port, char host[static SETTING_MAX],
			  char service[static 16])
{
	enum al_err err = settings_split(address, port, host, service);

	if (err == AL_OK && strcmp(service, "0") == 0)
		err = AL_ELIMIT;
	if (err == AL_ELIMIT)
		command_fail(CLI_USAGE, "%s: %s: a port is a number, 1 to 65535", what, address);
	else if (err != AL_OK)
		command_fail(CLI_USAGE, "%s: %s is not HOST:PORT (an IPv6 address in brackets)", what, address);
	return err;
}
