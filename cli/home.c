/* SPDX-License-Identifier: MIT */
/*
 * home.c -- where a person's own files are.
 */
#include "home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *variable, *below; /* below $HOME */
} homes[] = {
	[HOME_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
	[HOME_DATA] = { "XDG_DATA_HOME", ".local/share" },
	[HOME_STATE] = { "XDG_STATE_HOME", ".local/state" },
};

enum al_err home_path(enum home which, const char *rest, char out[static PATH_MAX])
{
	const char *base = getenv(homes[which].variable), *home = getenv("HOME");
	int len;

	/* A relative path in the variable is to be passed over, says the specification. */
	if (base != NULL && base[0] == '/')
		len = snprintf(out, PATH_MAX, "%s/alamo/%s", base, rest);
	else if (home != NULL && home[0] != '\0')
		len = snprintf(out, PATH_MAX, "%s/%s/alamo/%s", home, homes[which].below, rest);
	else
		return AL_ENOTFOUND;
	return len < 0 || len >= PATH_MAX ? AL_ELIMIT : AL_OK;
}

enum al_err home_make(enum home which, const char *rest, char out[static PATH_MAX])
{
	enum al_err err = home_path(which, rest, out);

	if (err != AL_OK)
		return err;
	for (char *slash = strchr(out + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(out, 0700) != 0 && errno != EEXIST)
			err = AL_ESYS;
		*slash = '/';
		if (err != AL_OK)
			return err;
	}
	return AL_OK;
}

enum al_err home_expand(const char *path, char *out, size_t cap)
{
	const char *home = getenv("HOME");
	int len;

	if (path[0] != '~' || path[1] != '/')
		return al_slice_copy(al_slice_str(path), out, cap);
	if (home == NULL || home[0] == '\0')
		return AL_ENOTFOUND;
	len = snprintf(out, cap, "%s%s", home, path + 1);
	return len < 0 || (size_t)len >= cap ? AL_ELIMIT : AL_OK;
}
