/* SPDX-License-Identifier: MIT */
/*
 * history.c -- records in an unlinked file, and where each begins.
 *
 * A record knows the version before it and one further back, so that version N
 * of an object is some forty reads away however many there are (the jumps of a
 * skew-binary list: Myers, "An applicative random-access stack", 1983).
 */
#include "history.h"

#include <stdlib.h>

#include "alamo/base/spool.h"
#include "alamo/base/wire.h"

#define RECORD_HEAD 56 /* bytes before a record's key */

struct place {
	uint64_t offset;
	uint64_t index; /* of the log: ascending, equal for versions of one entry */
};

struct whois_history {
	struct al_spool *spool;
	struct place *places; /* of serial 1, 2, ... */
	size_t count, cap;
	struct al_buf record; /* the newest */
	enum al_err err;
};

enum al_err whois_history_new(const char *folder, struct whois_history **out)
{
	struct whois_history *history = calloc(1, sizeof(*history));
	enum al_err err = history != NULL ? al_spool_new(folder, "whois-history", &history->spool) : AL_ENOMEM;

	if (err != AL_OK) {
		free(history);
		return err;
	}
	al_buf_init(&history->record, WHOIS_HISTORY_RECORD_MAX);
	*out = history;
	return AL_OK;
}

void whois_history_free(struct whois_history *history)
{
	if (history == NULL)
		return;
	al_spool_free(history->spool);
	al_buf_release(&history->record);
	free(history->places);
	free(history);
}

enum al_err whois_history_error(const struct whois_history *history)
{
	return history->err;
}

uint64_t whois_history_last(const struct whois_history *history)
{
	return history->count;
}

/* ---- records ---- */

static uint64_t record_end(const struct whois_history *history, uint64_t serial)
{
	return serial < history->count ? history->places[serial].offset : al_spool_end(history->spool);
}

enum al_err whois_history_read(const struct whois_history *history, uint64_t serial, struct al_buf *buf,
			       struct whois_version *out)
{
	struct al_reader r;
	uint64_t offset;
	size_t key_len;
	enum al_err err;

	if (serial == 0 || serial > history->count)
		return AL_ENOTFOUND;
	offset = history->places[serial - 1].offset;
	err = al_spool_read(history->spool, offset, (size_t)(record_end(history, serial) - offset), buf);
	if (err != AL_OK)
		return err;
	r = al_reader_of(buf->ptr, buf->len);
	*out = (struct whois_version){ .serial = serial, .index = history->places[serial - 1].index };
	out->number = al_read_u64(&r);
	out->time = al_read_u64(&r);
	out->created = al_read_u64(&r);
	out->prev = al_read_u64(&r);
	out->jump = al_read_u64(&r);
	out->cls = (enum al_class)al_read_u32(&r);
	out->deleted = al_read_u32(&r) != 0;
	key_len = al_read_u32(&r);
	(void)al_read_u32(&r);
	out->key = al_read_bytes(&r, key_len);
	out->text = al_read_bytes(&r, r.left);
	return r.err;
}

uint64_t whois_history_first(const struct whois_history *history, uint64_t index)
{
	size_t low = 0, high = history->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (history->places[mid].index < index)
			low = mid + 1;
		else
			high = mid;
	}
	return low + 1;
}

static uint64_t serial_of(const struct whois_history *history, uint64_t index, enum al_class cls, struct al_slice key)
{
	struct whois_version version;
	uint64_t serial = whois_history_first(history, index), found = 0;
	struct al_buf buf;

	al_buf_init(&buf, WHOIS_HISTORY_RECORD_MAX);
	while (found == 0 && whois_history_read(history, serial, &buf, &version) == AL_OK && version.index == index) {
		if (version.cls == cls && al_slice_eq(version.key, key))
			found = serial;
		serial++;
	}
	al_buf_release(&buf);
	return found;
}

uint64_t whois_history_serial(const struct whois_history *history, const struct al_object *object)
{
	return serial_of(history, object->index, (enum al_class)object->cls, al_object_key(object));
}

/* The version before, and where this one's jump goes: as far as the last two jumps together, if they are equal. */
static void link_back(const struct whois_history *history, uint64_t prev, struct whois_version *now)
{
	struct whois_version before, one, two;
	struct al_buf buf;

	al_buf_init(&buf, WHOIS_HISTORY_RECORD_MAX);
	now->number = 1;
	if (prev > 0 && whois_history_read(history, prev, &buf, &before) == AL_OK) {
		now->number = before.number + 1;
		now->prev = now->jump = prev;
		if (whois_history_read(history, before.jump, &buf, &one) == AL_OK &&
		    whois_history_read(history, one.jump, &buf, &two) == AL_OK &&
		    before.number - one.number == one.number - two.number)
			now->jump = one.jump;
	}
	al_buf_release(&buf);
}

static void record_put(struct al_buf *out, const struct whois_version *version)
{
	uint8_t head[RECORD_HEAD] = { 0 };

	al_set_u64(head, version->number);
	al_set_u64(head + 8, version->time);
	al_set_u64(head + 16, version->created);
	al_set_u64(head + 24, version->prev);
	al_set_u64(head + 32, version->jump);
	al_set_u32(head + 40, (uint32_t)version->cls);
	al_set_u32(head + 44, version->deleted ? 1 : 0);
	al_set_u32(head + 48, (uint32_t)version->key.len);
	al_buf_put(out, head, sizeof(head));
	al_buf_slice(out, version->key);
	al_buf_slice(out, version->text);
}

static enum al_err place_add(struct whois_history *history, uint64_t index)
{
	if (history->count == history->cap) {
		size_t cap = history->cap > 0 ? history->cap * 2 : 1024;
		struct place *places = realloc(history->places, cap * sizeof(*places));

		if (places == NULL)
			return AL_ENOMEM;
		history->places = places;
		history->cap = cap;
	}
	history->places[history->count++] = (struct place){ al_spool_end(history->spool), index };
	return AL_OK;
}

void whois_history_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct whois_history *history = arg;
	struct whois_version version = { .time = now->time,
					 .created = now->created,
					 .cls = (enum al_class)now->cls,
					 .deleted = now->deleted,
					 .key = al_object_key(now),
					 .text = al_object_text(now) };

	if (history->err != AL_OK)
		return;
	link_back(history, old != NULL ? whois_history_serial(history, old) : 0, &version);
	al_buf_reset(&history->record);
	record_put(&history->record, &version);
	history->err = history->record.err;
	if (history->err == AL_OK)
		history->err = place_add(history, now->index);
	if (history->err == AL_OK)
		history->err = al_spool_put(history->spool, al_buf_view(&history->record));
}

enum al_err whois_history_number(const struct whois_history *history, uint64_t newest, uint64_t number,
				 struct al_buf *buf, struct whois_version *out)
{
	struct whois_version jump;
	enum al_err err = whois_history_read(history, newest, buf, out);

	while (err == AL_OK && out->number > number) {
		uint64_t prev = out->prev;

		err = whois_history_read(history, out->jump, buf, &jump);
		if (err == AL_OK && jump.number < number)
			err = whois_history_read(history, prev, buf, &jump);
		*out = jump;
	}
	return err == AL_OK && out->number != number ? AL_ENOTFOUND : err;
}

enum al_err whois_history_before(const struct whois_history *history, uint64_t newest, uint64_t size,
				 struct al_buf *buf, struct whois_version *out)
{
	uint64_t end = whois_history_first(history, size); /* serials are in the order of entries */
	enum al_err err = whois_history_read(history, newest, buf, out);

	while (err == AL_OK && out->serial >= end)
		err = whois_history_read(history, out->jump >= end ? out->jump : out->prev, buf, out);
	return err;
}
