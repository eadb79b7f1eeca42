/* SPDX-License-Identifier: MIT */
/*
 * monitor_keys.c -- see monitor_keys.h.
 */
#include "monitor_keys.h"

#include "alamo/rpsl/request.h"
#include "command.h"
#include "file.h"

static void key_add(struct monitor_keys *keys, const struct al_sshkey *key)
{
	if (keys->count < MONITOR_KEYS_MAX)
		keys->list[keys->count++] = *key;
}

bool monitor_keys_meet(const struct monitor_keys *a, const struct monitor_keys *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (al_sshkey_eq(&a->list[i], &b->list[k]))
				return true;
	return false;
}

void monitor_keys_read(struct monitor_keys *keys, const struct al_state *state, const char *mnt_name)
{
	const struct al_object *mnt = al_state_get(state, AL_MNTNER, al_slice_str(mnt_name));
	struct al_slice rest, value;
	struct al_sshkey key;

	keys->count = 0;
	if (mnt == NULL)
		return;
	rest = al_object_text(mnt);
	while (al_attr_find(&rest, "auth", &value))
		if (al_sshkey_parse(value, &key) == AL_OK)
			key_add(keys, &key);
}

void monitor_keys_sign(struct monitor_keys *keys, const struct al_entry *entry, const char *ns)
{
	struct al_request request;
	struct al_sshkey key;

	keys->count = 0;
	if (!al_slice_is(entry->kind, "request"))
		return;
	al_request_init(&request);
	request.stored = true;
	if (al_request_parse(entry->body, &request, NULL) == AL_OK)
		for (size_t i = 0; i < request.signature_count; i++)
			if (al_sshsig_verify(request.signature[i], al_slice_str(ns), request.text, &key) == AL_OK)
				key_add(keys, &key);
	al_request_release(&request);
}

int monitor_keys_file(struct monitor_keys *keys, const char *path)
{
	struct al_sshkey key;
	struct al_buf text;
	int code = CLI_DONE;

	al_buf_init(&text, 16384);
	if (file_read(path, &text) != AL_OK || al_sshkey_parse(al_slice_trim(al_buf_view(&text)), &key) != AL_OK)
		code = command_fail(CLI_USAGE, "%s holds no public SSH key", path);
	else
		key_add(keys, &key);
	al_buf_release(&text);
	return code;
}
