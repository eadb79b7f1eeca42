/* SPDX-License-Identifier: MIT */
/*
 * join_key.c -- the SSH key of a newcomer.
 */
#include "join_key.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/rpsl/sshsig.h"
#include "ask.h"
#include "command.h"
#include "file.h"
#include "home.h"
#include "sign.h"

#define KEY_FILE_MAX 65536

/* What is in FILE.pub: AL_OK a key that the registry takes, AL_EUNSUPPORTED another one, AL_EINVAL none. */
static enum al_err public_look(const char *path)
{
	struct al_sshkey key;
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, KEY_FILE_MAX);
	err = file_read(path, &text);
	if (err == AL_OK)
		err = al_sshkey_parse(al_slice_trim(al_buf_view(&text)), &key);
	if (err != AL_OK && err != AL_EUNSUPPORTED &&
	    (al_slice_starts(al_buf_view(&text), "ssh-") || al_slice_starts(al_buf_view(&text), "ecdsa-")))
		err = AL_EUNSUPPORTED;
	al_buf_release(&text);
	return err == AL_OK || err == AL_EUNSUPPORTED ? err : AL_EINVAL;
}

/* The first key of ~/.ssh by name that is taken; `other` is one that is not, or empty. */
static bool key_search(char key[static SETTING_MAX], char other[static SETTING_MAX])
{
	char dir[SETTING_MAX], path[PATH_MAX], best[SETTING_MAX] = "";
	const struct dirent *entry;
	DIR *list = home_expand("~/.ssh", dir, sizeof(dir)) == AL_OK ? opendir(dir) : NULL;

	other[0] = '\0';
	while (list != NULL && (entry = readdir(list)) != NULL) {
		size_t len = strlen(entry->d_name);
		enum al_err err;

		if (len <= 4 || len > 250 || strcmp(entry->d_name + len - 4, ".pub") != 0 ||
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= SETTING_MAX)
			continue;
		err = public_look(path);
		path[strlen(path) - 4] = '\0'; /* the private one, or a handle of it */
		if (err == AL_EUNSUPPORTED)
			snprintf(other, SETTING_MAX, "%.*s", SETTING_MAX - 1, path);
		else if (err == AL_OK && access(path, R_OK) == 0 && (best[0] == '\0' || strcmp(path, best) < 0))
			snprintf(best, sizeof(best), "%.*s", SETTING_MAX - 1, path);
	}
	if (list != NULL)
		closedir(list);
	snprintf(key, SETTING_MAX, "%s", best);
	return best[0] != '\0';
}

static int key_make(const char *key)
{
	char dir[SETTING_MAX], *slash;

	snprintf(dir, sizeof(dir), "%s", key);
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		(void)mkdir(dir, 0700);
	}
	if (sign_generate(key, "alamo") != AL_OK)
		return CLI_REFUSED;
	fprintf(stderr, "alamo: the new key is %s, without a passphrase: `ssh-keygen -p -f %s` gives it one\n", key,
		key);
	return CLI_DONE;
}

static int key_missing(const char *key, const char *other)
{
	if (other[0] != '\0')
		return command_fail(
			CLI_USAGE,
			"%s is of a type that registries do not take: only ssh-ed25519 and sk-ssh-ed25519 are.\n"
			"--new-key makes one beside it (%s), --key names another",
			other, key);
	return command_fail(CLI_USAGE,
			    "there is no key %s: --new-key makes one (as `ssh-keygen -t ed25519` does), --key "
			    "names another",
			    key);
}

int join_key(const char *option, bool make, char key[static SETTING_MAX])
{
	char found[SETTING_MAX], other[SETTING_MAX] = "", prompt[SETTING_MAX + 64];

	if (settings_key(option, key) != AL_OK)
		return CLI_USAGE;
	if (access(key, F_OK) == 0)
		return CLI_DONE;
	if (option == NULL && key_search(found, other)) {
		snprintf(key, SETTING_MAX, "%s", found);
		fprintf(stderr, "alamo: signing with %s\n", key);
		return CLI_DONE;
	}
	if (make)
		return key_make(key);
	if (!ask_possible())
		return key_missing(key, other);
	if (other[0] != '\0')
		fprintf(stderr, "%s is of a type that registries do not take.\n", other);
	snprintf(prompt, sizeof(prompt), "There is no SSH key %s. Make one? (y/n)", key);
	return ask_yes(prompt) ? key_make(key) : CLI_USAGE;
}
