/* SPDX-License-Identifier: MIT */
/*
 * monitor_event.c -- see monitor_event.h.
 */
#include "monitor_event.h"

#include <sodium.h>
#include <stdio.h>

#include "alamo/base/sha.h"
#include "json.h"
#include "receipt.h"

void monitor_event_id_of(const uint8_t hash[static AL_HASH_LEN], char id[static EVENT_ID_MAX])
{
	char text[sodium_base64_ENCODED_LEN(AL_HASH_LEN, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

	(void)sodium_bin2base64(text, sizeof(text), hash, AL_HASH_LEN, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	(void)snprintf(id, EVENT_ID_MAX, "ni:///sha-256;%s", text);
}

void monitor_event_id(struct al_slice bytes, char id[static EVENT_ID_MAX])
{
	uint8_t hash[AL_HASH_LEN];

	al_sha256(&bytes, 1, hash);
	monitor_event_id_of(hash, id);
}

void monitor_event_begin(struct monitor_event *event, const struct monitor_watch *watch, uint64_t index, uint64_t time,
			 bool own)
{
	*event = (struct monitor_event){ .index = index, .time = time };
	al_buf_init(&event->entry, AL_ENTRY_MAX);
	event->json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:[], s:[]}", "id", "", "log", watch->log, "mnt",
				watch->mnt, "index", (json_int_t)index, "time", (json_int_t)time, "own", own ? 1 : 0,
				"signers", "changes");
}

void monitor_event_signer(struct monitor_event *event, const struct al_sshkey *signer)
{
	char print[AL_SSH_FINGERPRINT_LEN];

	al_sshkey_fingerprint(signer, print);
	(void)json_array_append_new(json_object_get(event->json, "signers"), json_string(print));
}

void monitor_event_add(struct monitor_event *event, const struct al_object *before, const struct al_object *now)
{
	const char *action = now->deleted ? "delete" : before == NULL ? "create" : "modify";

	(void)json_array_append_new(json_object_get(event->json, "changes"),
				    json_pack("{s:s, s:s, s:o, s:o, s:o}", "action", action, "class",
					      al_class_name((enum al_class)now->cls), "key",
					      json_slice(al_object_key(now)), "old",
					      before != NULL ? json_slice(al_object_text(before)) : json_null(), "new",
					      now->deleted ? json_null() : json_slice(al_object_text(now))));
}

void monitor_event_end(struct monitor_event *event, struct al_slice entry)
{
	char id[EVENT_ID_MAX];
	struct al_buf bytes;

	monitor_event_id(entry, id);
	al_buf_slice(&event->entry, entry);
	al_buf_init(&bytes, RECEIPT_MAX);
	al_buf_base64(&bytes, entry.ptr, entry.len);
	(void)json_object_set_new(event->json, "id", json_string(id));
	(void)json_object_set_new(event->json, "entry", json_slice(al_buf_view(&bytes)));
	al_buf_release(&bytes);
}

enum al_err monitor_event_prove(struct monitor_event *event, const struct al_tree *tree, uint64_t size,
				struct al_slice note)
{
	struct al_hash proof[AL_PROOF_MAX];
	size_t count = al_tree_inclusion(tree, event->index, size, proof);
	struct al_buf receipt;
	enum al_err err;

	al_buf_init(&receipt, RECEIPT_MAX + AL_NOTE_MAX);
	al_receipt_format(event->index, proof, count, note, al_buf_view(&event->entry), &receipt);
	err = receipt.err != AL_OK ? receipt.err : event->entry.err;
	if (err == AL_OK &&
	    json_object_set_new(event->json, "proof", json_slice(al_buf_view(&receipt))) != 0) /* also: no event */
		err = AL_ENOMEM;
	al_buf_release(&receipt);
	return err;
}

void monitor_event_release(struct monitor_event *event)
{
	json_decref(event->json);
	al_buf_release(&event->entry);
	*event = (struct monitor_event){ .json = NULL };
}
