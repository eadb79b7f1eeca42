/* SPDX-License-Identifier: MIT */
/*
 * key_states.c -- see key_states.h.
 */
#include "key_states.h"

#include <inttypes.h>
#include <stdio.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "kept.h"

#define STATES_MAX 4096

static void states_name(const struct dname *apex, char out[static DNAME_TEXT_MAX + 16])
{
	char name[DNAME_TEXT_MAX];

	(void)snprintf(out, DNAME_TEXT_MAX + 16, "K%s+states", dname_text(apex->b, name));
}

static bool state_take(struct zone_keys *keys, struct al_slice line)
{
	struct al_slice words[4], more;
	uint64_t flags, tag, since;

	for (size_t i = 0; i < AL_COUNT(words); i++)
		if (!al_slice_word(&line, "", &words[i]))
			return false;
	if (al_slice_word(&line, "", &more) || al_slice_u64(words[0], UINT16_MAX, &flags) != AL_OK ||
	    al_slice_u64(words[1], UINT16_MAX, &tag) != AL_OK || al_slice_u64(words[3], UINT64_MAX, &since) != AL_OK)
		return false;
	for (unsigned state = 0; state < STATE_COUNT; state++) {
		if (!al_slice_is(words[2], key_state_name((enum key_state)state)))
			continue;
		for (size_t i = 0; i < keys->count; i++)
			if (keys->all[i].tag == tag && al_get_u16(keys->all[i].rdata) == flags) {
				keys->all[i].time.state = (enum key_state)state;
				keys->all[i].time.since = since;
			}
		return true; /* a line without its key: the file was taken away */
	}
	return false;
}

enum al_err key_states_read(const char *dir, const struct dname *apex, struct zone_keys *keys)
{
	char name[DNAME_TEXT_MAX + 16];
	struct al_slice rest, line;
	struct al_buf text;
	enum al_err err;

	states_name(apex, name);
	al_buf_init(&text, STATES_MAX);
	err = kept_get(dir, name, &text);
	if (err == AL_ENOTFOUND)
		err = AL_OK;
	rest = al_buf_view(&text);
	for (unsigned number = 1; err == AL_OK && al_slice_line(&rest, &line); number++) {
		if (state_take(keys, line))
			continue;
		al_log(AL_LOG_ERROR, "key-states", "file=%s/%s line=%u why=\"not FLAGS TAG STATE SINCE\"", dir, name,
		       number);
		err = AL_EINVAL;
	}
	al_buf_release(&text);
	return err;
}

enum al_err key_states_write(const char *dir, const struct dname *apex, const struct zone_keys *keys)
{
	char name[DNAME_TEXT_MAX + 16];
	struct al_buf text;
	enum al_err err;

	states_name(apex, name);
	al_buf_init(&text, STATES_MAX);
	for (size_t i = 0; i < keys->count; i++)
		al_buf_printf(&text, "%u %u %s %" PRIu64 "\n", al_get_u16(keys->all[i].rdata), keys->all[i].tag,
			      key_state_name(keys->all[i].time.state), keys->all[i].time.since);
	err = text.err;
	if (err == AL_OK)
		err = kept_put(dir, name, 0644, text.ptr, text.len);
	al_buf_release(&text);
	return err;
}

/* Keys that no line knew: the next ones of their kind, or, when no state was ever kept, the first is in use. */
bool key_states_complete(struct zone_keys *keys, uint64_t now)
{
	bool known[KIND_COUNT] = { false }, changed = false;

	for (size_t i = 0; i < keys->count; i++)
		known[keys->all[i].time.kind] = known[keys->all[i].time.kind] ||
						keys->all[i].time.state == STATE_ACTIVE;
	for (size_t i = 0; i < keys->count; i++) {
		struct key_time *time = &keys->all[i].time;

		if (time->state != STATE_COUNT)
			continue;
		time->state = known[time->kind] ? STATE_PUBLISHED : STATE_ACTIVE;
		time->since = now;
		known[time->kind] = changed = true;
	}
	return changed;
}
