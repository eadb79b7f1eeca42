/* SPDX-License-Identifier: MIT */
/*
 * kept.c -- writes the set first, the head that names it second, and removes the set before last.
 *
 * So there is a head with its set at every moment, however the machine stops. Thread: the keeper's (keeper.h).
 */
#include "kept.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/tlog/note_file.h"

#include "origin_set.h"
#include "vrp_build.h"

#define PATH_LEN 4200

static const char *head_path(const struct kept *kept, char out[static PATH_LEN])
{
	(void)snprintf(out, PATH_LEN, "%s/roa.head", kept->dir);
	return out;
}

static const char *set_path(const struct kept *kept, uint64_t size, char out[static PATH_LEN])
{
	(void)snprintf(out, PATH_LEN, "%s/roa-%" PRIu64 ".set", kept->dir, size);
	return out;
}

/* Signed by the log that is pinned, about this tree, by the rule that this program has? */
static enum al_err head_check(const struct kept *kept, const struct origin_head *head)
{
	struct al_checkpoint cp;

	if (al_checkpoint_open(al_buf_view(&head->checkpoint), &kept->log, &cp) != AL_OK || cp.size != head->cp.size ||
	    !al_hash_eq(&cp.root, &head->cp.root) || head->rule != VRP_RULE_VERSION)
		return AL_EVERIFY;
	return AL_OK;
}

static enum al_err set_load(const struct kept *kept, const struct origin_head *head, struct vrp_set **out)
{
	char path[PATH_LEN];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, ORIGIN_SET_MAX);
	err = al_note_load(set_path(kept, head->changed, path), &text);
	if (err == AL_OK && origin_head_match(head, al_buf_view(&text)) != ORIGIN_SOUND)
		err = AL_EVERIFY;
	if (err == AL_OK)
		err = origin_set_read(al_buf_view(&text), head->changed, out);
	al_buf_release(&text);
	return err;
}

enum al_err kept_load(struct kept *kept, struct origin_head *head, struct vrp_set **out)
{
	char path[PATH_LEN];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, 4 * AL_NOTE_MAX);
	err = al_note_load(head_path(kept, path), &text);
	if (err == AL_OK)
		err = origin_head_parse(al_buf_view(&text), head);
	if (err == AL_OK)
		err = head_check(kept, head);
	if (err == AL_OK)
		err = set_load(kept, head, out);
	if (err == AL_OK) {
		kept->saved = head->changed;
		kept->bytes = head->bytes;
		kept->digest = head->digest;
	}
	al_buf_release(&text);
	return err;
}

static enum al_err head_save(const struct kept *kept, const struct keep *keep)
{
	struct origin_head head;
	char path[PATH_LEN];
	struct al_buf text;
	enum al_err err;

	origin_head_init(&head);
	al_buf_init(&text, 4 * AL_NOTE_MAX);
	memcpy(head.origin, kept->log.name, sizeof(head.origin));
	memcpy(head.log, kept->log.name, sizeof(head.log));
	head.cp = keep->cp;
	head.generated = keep->fresh_s;
	head.expires = keep->expires;
	origin_head_count(&head, keep->set);
	head.bytes = kept->bytes;
	head.digest = kept->digest;
	al_buf_slice(&head.checkpoint, al_buf_view(&keep->note));
	origin_head_format(&head, &text);
	err = text.err == AL_OK ? al_note_save(head_path(kept, path), al_buf_view(&text), true) : text.err;
	al_buf_release(&text);
	origin_head_release(&head);
	return err;
}

static enum al_err set_save(struct kept *kept, const struct vrp_set *set)
{
	struct origin_head head = { 0 };
	char path[PATH_LEN];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, ORIGIN_SET_MAX);
	origin_set_write(set, &text);
	err = text.err == AL_OK ? al_note_save(set_path(kept, set->size, path), al_buf_view(&text), true) : text.err;
	if (err == AL_OK) {
		origin_head_describe(&head, set, al_buf_view(&text));
		kept->bytes = head.bytes;
		kept->digest = head.digest;
	}
	al_buf_release(&text);
	return err;
}

enum al_err kept_save(struct kept *kept, const struct keep *keep)
{
	uint64_t before = kept->saved;
	char old[PATH_LEN];
	enum al_err err = AL_OK;

	if (keep->set == NULL || keep->note.len == 0)
		return AL_OK;
	if (keep->set->size != before || kept->bytes == 0)
		err = set_save(kept, keep->set);
	if (err == AL_OK)
		err = head_save(kept, keep);
	if (err != AL_OK)
		return err;
	kept->saved = keep->set->size;
	if (before != kept->saved && unlink(set_path(kept, before, old)) != 0 && errno != ENOENT)
		return AL_EIO;
	return AL_OK;
}
