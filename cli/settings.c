/*
 * settings.c -- option, environment, ~/.config/alamo/config, default.
 */
#include "settings.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

struct lookup {
	const char *key;
	char *out; /* SETTING_MAX bytes; empty: not found */
};

static int setting_line(void *arg, const char *section, const char *name, const char *value)
{
	struct lookup *lookup = arg;

	(void)section;
	if (strcmp(name, lookup->key) != 0)
		return 1;
	return al_slice_copy(al_slice_str(value), lookup->out, SETTING_MAX) == AL_OK;
}

static enum al_err setting_get(const char *option, const char *variable, const char *key, const char *fallback,
			       char *out)
{
	const char *value = option != NULL ? option : getenv(variable);
	char path[SETTING_MAX];
	struct lookup lookup = { key, out };

	if (value != NULL && value[0] != '\0')
		return al_slice_copy(al_slice_str(value), out, SETTING_MAX);
	out[0] = '\0';
	if (file_home(".config/alamo/config", path, sizeof(path)) == AL_OK) {
		int line = ini_parse(path, setting_line, &lookup);

		if (line > 0) {
			fprintf(stderr, "alamo: %s: line %d is not understood\n", path, line);
			return AL_EINVAL;
		}
	}
	return out[0] != '\0' ? AL_OK : al_slice_copy(al_slice_str(fallback), out, SETTING_MAX);
}

enum al_err settings_server(const char *option, char out[static SETTING_MAX])
{
	return setting_get(option, "ALAMO_SERVER", "server", "127.0.0.1:4343", out);
}

enum al_err settings_whois(const char *option, char out[static SETTING_MAX])
{
	return setting_get(option, "ALAMO_WHOIS", "whois", "127.0.0.1:4043", out);
}

enum al_err settings_key(const char *option, char out[static SETTING_MAX])
{
	char home[SETTING_MAX];
	bool found = file_home(".ssh/id_ed25519", home, sizeof(home)) == AL_OK;

	return setting_get(option, "ALAMO_KEY", "key", found ? home : "id_ed25519", out);
}

enum al_err settings_split(const char *address, const char *port, char host[static SETTING_MAX],
			   char service[static 16])
{
	struct al_slice rest = al_slice_str(address), head = rest, tail = al_slice_str(port);
	const char *colon = strrchr(address, ':');

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
	enum al_err err = al_slice_copy(head, host, SETTING_MAX);

	return err != AL_OK ? err : al_slice_copy(tail, service, 16);
}
