/* SPDX-License-Identifier: MIT */
/*
 * pin_keys.c -- a log that goes on under another key: see pin.h.
 *
 * Whoever pinned a key believes what that key has signed. So when a registry names another one, its keys note counts if
 * the pinned key has signed it, and ends in it. Beside the pin, networks/.NAME.keys has the note, by which what is of
 * before (receipts, the log itself) is verified as well.
 */
#include "pin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/tlog/keys.h"
#include "command.h"
#include "file.h"
#include "home.h"

static bool key_is(const struct al_vkey *a, const struct al_vkey *b)
{
	return memcmp(a->pk, b->pk, sizeof(a->pk)) == 0;
}

static bool keys_path(const char *name, bool make, char out[static PATH_MAX])
{
	char rest[NETWORK_FIELD_MAX + sizeof("networks/..keys")];

	if (!pin_name_ok(name))
		return false;
	(void)snprintf(rest, sizeof(rest), "networks/.%s.keys", name);
	return (make ? home_make(HOME_CONFIG, rest, out) : home_path(HOME_CONFIG, rest, out)) == AL_OK;
}

void pin_past(const char *name, struct al_vkey *key)
{
	char path[PATH_MAX];
	struct al_buf note;
	struct al_vkey had;

	al_buf_init(&note, AL_NOTE_MAX);
	if (keys_path(name, false, path) && file_read(path, &note) == AL_OK &&
	    al_log_key_parse(al_buf_view(&note), &had) == AL_OK && key_is(&had, key))
		key->past = had.past;
	al_buf_release(&note);
}

/* AL_ENOTFOUND: the log has had one key. */
static enum al_err note_ask(struct client *client, struct al_buf *note)
{
	enum al_err err = client_ask(client, "keys", note);

	return err == AL_OK && al_slice_starts(al_buf_view(note), "%ERROR") ? AL_ENOTFOUND : err;
}

/* Does `from` say that `to` came after it? */
static bool succession(struct al_slice note, const struct al_vkey *from, const struct al_vkey *to)
{
	struct al_vkey next;

	return al_log_key_next(note, from, &next) == AL_OK && key_is(&next, to);
}

static enum al_err note_save(const char *name, struct al_slice note)
{
	char path[PATH_MAX];

	if (keys_path(name, true, path) && file_write(path, note, 0600) == AL_OK)
		return AL_OK;
	command_fail(CLI_REFUSED, "the keys of the network \"%s\" cannot be remembered: %s", name, strerror(errno));
	return AL_ESYS;
}

static enum al_err key_replace(struct pin *pin, const char *vkey, struct al_slice note)
{
	enum al_err err = note_save(pin->name, note);

	if (err != AL_OK)
		return err;
	fprintf(stderr,
		"alamo: the log of the network \"%s\" has another key now, as the one before has signed:\n  %s\n",
		pin->name, vkey);
	(void)snprintf(pin->vkey, sizeof(pin->vkey), "%s", vkey);
	return pin_save(pin);
}

void pin_next(const char *name, const struct al_vkey *from, const struct al_vkey *to, struct al_slice note)
{
	struct pin *pin = calloc(1, sizeof(*pin));
	struct al_vkey pinned;
	struct al_buf vkey;

	al_buf_init(&vkey, NETWORK_FIELD_MAX - 1);
	al_vkey_format(to, &vkey);
	al_buf_u8(&vkey, '\0');
	/* Another command may have been here before. */
	if (pin != NULL && vkey.err == AL_OK && pin_load(name, pin) == AL_OK &&
	    al_vkey_parse(al_slice_str(pin->vkey), &pinned) == AL_OK && key_is(&pinned, from))
		(void)key_replace(pin, (const char *)vkey.ptr, note);
	al_buf_release(&vkey);
	free(pin);
}

/* `pin` NULL: a first contact, whose note is believed as its key is. */
static enum al_err note_take(struct pin *pin, const struct network *network, struct al_vkey *wanted,
			     struct al_slice note)
{
	struct al_vkey pinned;
	enum al_err err = AL_OK;

	if (pin == NULL)
		err = note_save(network->name, note);
	else if (al_vkey_parse(al_slice_str(pin->vkey), &pinned) == AL_OK && !key_is(&pinned, &network->key) &&
		 succession(note, &pinned, &network->key))
		err = key_replace(pin, network->vkey, note);
	if (err == AL_OK && wanted != NULL && succession(note, wanted, &network->key))
		*wanted = network->key;
	return err;
}

enum al_err pin_follow(struct client *client, struct network *network, struct al_vkey *wanted)
{
	struct pin *pin = calloc(1, sizeof(*pin));
	struct al_buf note;
	bool first;
	enum al_err err = AL_OK;

	if (pin == NULL)
		return AL_ENOMEM;
	al_buf_init(&note, AL_NOTE_MAX);
	first = pin_load(network->name, pin) != AL_OK;
	if (first || strcmp(pin->vkey, network->vkey) != 0 || (wanted != NULL && !key_is(wanted, &network->key)))
		err = note_ask(client, &note);
	if (err == AL_OK && note.len > 0)
		err = note_take(first ? NULL : pin, network, wanted, al_buf_view(&note));
	pin_past(network->name, &network->key);
	al_buf_release(&note);
	free(pin);
	return err == AL_ENOTFOUND ? AL_OK : err;
}
