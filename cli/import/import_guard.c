/* SPDX-License-Identifier: MIT */
/*
 * import_guard.c -- what an import does not touch.
 *
 * It signs other people's text with the hostmaster's key, which may do
 * anything, so it does by that key only what it says: create what has never
 * been. What exists stays, whoever made it; what was deleted stays so; the
 * registry object and the hostmaster's maintainers are no matter of a foreign
 * registry; and who has a name here does not get what belongs to somebody of
 * that name there.
 */
#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTMASTERS_MAX 16

/* ---- before anything is asked for ---- */

static void item_leave(struct import_item *item, enum import_state state, const char *note)
{
	item->state = state;
	free(item->note);
	item->note = strdup(note);
}

static bool is_one_of(const char *key, const struct al_slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (al_slice_caseis(names[i], key))
			return true;
	return false;
}

/* The maintainers in mnt-by: of the registry object. */
static size_t hostmasters(struct al_slice registry, struct al_slice names[static HOSTMASTERS_MAX])
{
	struct al_slice value, word;
	size_t count = 0;

	while (al_attr_find(&registry, "mnt-by", &value))
		while (count < HOSTMASTERS_MAX && al_slice_word(&value, ",", &word))
			names[count++] = word;
	return count;
}

enum al_err import_guard(struct import *import, struct client *client, const char *source)
{
	struct al_slice names[HOSTMASTERS_MAX];
	char question[400];
	struct al_buf registry;
	enum al_err err;
	size_t count;

	al_buf_init(&registry, CLIENT_ANSWER_MAX);
	(void)snprintf(question, sizeof(question), "show registry %s", source);
	err = client_ask(client, question, &registry);
	count = err == AL_OK ? hostmasters(al_buf_view(&registry), names) : 0;
	import->kept = calloc(import->count + 1, sizeof(*import->kept));
	if (err == AL_OK && import->kept == NULL)
		err = AL_ENOMEM;
	if (err == AL_OK && count == 0)
		err = AL_EDENIED; /* not knowing whom to spare is no reason to spare nobody */
	for (size_t i = 0; err == AL_OK && i < import->count; i++) {
		struct import_item *item = &import->items[i];

		if (item->cls == AL_REGISTRY)
			item_leave(item, IMPORT_REFUSED, "a registry object is never imported");
		else if (item->cls == AL_MNTNER && is_one_of(item->key, names, count))
			item_leave(item, IMPORT_PRESENT, "a maintainer of the hostmaster is never imported");
	}
	al_buf_release(&registry);
	return err;
}

/* ---- by what the registry has ---- */

void import_keep(struct import *import, struct import_item *item, const char *note)
{
	item_leave(item, IMPORT_PRESENT, note);
	if (item->cls != AL_MNTNER && item->cls != AL_ORGANISATION)
		return;
	import->kept[import->kept_count++] = item->key;
}

static bool is_kept(const struct import *import, struct al_slice name)
{
	for (size_t i = 0; i < import->kept_count; i++)
		if (al_slice_caseis(name, import->kept[i]))
			return true;
	return false;
}

void import_check_owner(const struct import *import, struct import_item *item)
{
	static const char *const attrs[] = { "mnt-by", "mnt-lower", "mnt-routes", "org" };
	struct al_slice rest, value, word;
	char note[200];

	for (size_t i = 0; item->object != NULL && i < AL_COUNT(attrs); i++) {
		rest = al_object_text(item->object);
		while (al_attr_find(&rest, attrs[i], &value))
			while (al_slice_word(&value, ",", &word)) {
				if (!is_kept(import, word))
					continue;
				(void)snprintf(note, sizeof(note), "%s: %.*s is somebody else here", attrs[i],
					       AL_FMT(al_slice_head(word, 100)));
				item_leave(item, IMPORT_REFUSED, note);
				return;
			}
	}
}
