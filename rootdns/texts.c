/* SPDX-License-Identifier: MIT */
/*
 * texts.c -- see texts.h. Places are an array and not allocations: what is allocated between two of them while a log
 * is followed goes away again, and its pages with it.
 */
#include "texts.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/spool.h"
#include "alamo/base/table.h"

#define NOWHERE UINT64_MAX
#define RECORD_MAX (AL_OBJECT_MAX + 4096u)

/* In the spool: text, NUL, key, NUL, as an object has them. */
struct place {
	uint64_t at;   /* NOWHERE: free, and `hash` is the number of the next free one */
	uint32_t hash; /* of class and key */
	uint32_t text_len;
	uint16_t key_len;
	uint8_t cls;
};

struct texts {
	struct al_spool *spool;
	struct al_table table; /* of numbers of places, from 1 */
	struct place *places;
	size_t count, cap;
	size_t unused; /* number of a free place; 0: none */
	uint8_t secret[AL_TABLE_SECRET_LEN];
	struct al_buf record;   /* read last */
	struct al_object *last; /* made of it */
	enum al_err err;        /* of a comparison: AL_EIO, AL_ENOMEM */
};

static void *item_of(size_t number)
{
	return (void *)(uintptr_t)number;
}

static struct place *place_of(const struct texts *texts, const void *item)
{
	return &texts->places[(uintptr_t)item - 1];
}

/* The table goes by the upper half. */
static uint64_t table_hash(uint32_t hash)
{
	return (uint64_t)hash << 32;
}

static uint64_t place_hash(const void *item, const void *arg)
{
	return table_hash(place_of(arg, item)->hash);
}

enum al_err texts_new(const char *folder, struct texts **out)
{
	struct texts *texts = calloc(1, sizeof(*texts));
	enum al_err err;

	if (texts == NULL)
		return AL_ENOMEM;
	err = al_spool_new(folder, "rootd-texts", &texts->spool);
	if (err != AL_OK) {
		free(texts);
		return err;
	}
	al_table_secret(texts->secret);
	al_table_init(&texts->table, place_hash, texts);
	al_buf_init(&texts->record, RECORD_MAX);
	*out = texts;
	return AL_OK;
}

void texts_free(struct texts *texts)
{
	if (texts == NULL)
		return;
	al_spool_free(texts->spool);
	al_table_release(&texts->table);
	free(texts->places);
	al_buf_release(&texts->record);
	al_object_unref(texts->last);
	free(texts);
}

/* ---- one of them ---- */

struct wanted {
	struct texts *texts;
	uint32_t hash;
	enum al_class cls;
	struct al_slice key;
};

static bool place_is(const void *item, const void *key)
{
	const struct wanted *wanted = key;
	struct texts *texts = wanted->texts;
	const struct place *place = place_of(texts, item);

	if (place->hash != wanted->hash || place->cls != wanted->cls || place->key_len != wanted->key.len)
		return false;
	texts->err = al_spool_read(texts->spool, place->at + place->text_len + 1, place->key_len, &texts->record);
	return texts->err == AL_OK && al_slice_eq(al_buf_view(&texts->record), wanted->key);
}

/* *item NULL: there is none. */
static enum al_err find(struct texts *texts, enum al_class cls, struct al_slice key, struct wanted *wanted, void **item)
{
	const uint64_t mixed = al_table_hash(texts->secret, key) + (uint64_t)cls * UINT64_C(0x9e3779b97f4a7c15);

	*wanted = (struct wanted){ texts, (uint32_t)(mixed >> 32), cls, key };
	texts->err = AL_OK;
	*item = al_table_find(&texts->table, table_hash(wanted->hash), place_is, wanted);
	return texts->err;
}

static enum al_err object_read(struct texts *texts, const struct place *place)
{
	size_t len = (size_t)place->text_len + place->key_len + 2;
	struct al_object *object;
	enum al_err err = al_spool_read(texts->spool, place->at, len, &texts->record);

	if (err != AL_OK)
		return err;
	object = malloc(sizeof(*object) + len);
	if (object == NULL)
		return AL_ENOMEM;
	*object = (struct al_object){
		.refs = 1, .text_len = place->text_len, .key_len = place->key_len, .cls = place->cls
	};
	memcpy(object->bytes, texts->record.ptr, len);
	al_object_unref(texts->last);
	texts->last = object;
	return AL_OK;
}

enum al_err texts_get(struct texts *texts, enum al_class cls, struct al_slice key, const struct al_object **out)
{
	struct wanted wanted;
	void *item;
	enum al_err err = find(texts, cls, key, &wanted, &item);

	*out = NULL;
	if (err != AL_OK || item == NULL)
		return err;
	err = object_read(texts, place_of(texts, item));
	if (err == AL_OK)
		*out = texts->last;
	return err;
}

/* ---- changes ---- */

static enum al_err place_new(struct texts *texts, size_t *number)
{
	if (texts->unused != 0) {
		*number = texts->unused;
		texts->unused = texts->places[*number - 1].hash;
		return AL_OK;
	}
	if (texts->count == texts->cap) {
		size_t cap = texts->cap > 0 ? texts->cap * 2 : 1024;
		struct place *grown = realloc(texts->places, cap * sizeof(*grown));

		if (grown == NULL)
			return AL_ENOMEM;
		texts->places = grown;
		texts->cap = cap;
	}
	*number = ++texts->count;
	return AL_OK;
}

static void place_free(struct texts *texts, size_t number)
{
	texts->places[number - 1] = (struct place){ .hash = (uint32_t)texts->unused, .at = NOWHERE };
	texts->unused = number;
}

static enum al_err place_add(struct texts *texts, const struct wanted *wanted, void **item)
{
	size_t number;
	enum al_err err = place_new(texts, &number);

	if (err != AL_OK)
		return err;
	*item = item_of(number);
	*place_of(texts, *item) = (struct place){ .hash = wanted->hash };
	err = al_table_add(&texts->table, *item);
	if (err != AL_OK)
		place_free(texts, number);
	return err;
}

enum al_err texts_put(struct texts *texts, const struct al_object *now)
{
	struct al_slice key = al_object_key(now);
	uint64_t at = al_spool_end(texts->spool);
	struct wanted wanted;
	void *item;
	enum al_err err = find(texts, (enum al_class)now->cls, key, &wanted, &item);

	if (err != AL_OK || (now->deleted && item == NULL))
		return err;
	if (now->deleted) {
		al_table_remove(&texts->table, item);
		place_free(texts, (uintptr_t)item);
		return AL_OK;
	}
	if (item == NULL)
		err = place_add(texts, &wanted, &item);
	if (err != AL_OK)
		return err;
	*place_of(texts, item) = (struct place){ at, wanted.hash, now->text_len, now->key_len, now->cls };
	return al_spool_put(texts->spool, al_slice_of(now->bytes, (size_t)now->text_len + now->key_len + 2));
}

enum al_err texts_each(struct texts *texts, al_object_fn visit, void *arg)
{
	enum al_err err = AL_OK;
	bool more = true;

	for (size_t i = 0; i < texts->count && more && err == AL_OK; i++) {
		if (texts->places[i].at == NOWHERE)
			continue;
		err = object_read(texts, &texts->places[i]);
		if (err == AL_OK)
			more = visit(texts->last, arg);
	}
	return err;
}
