/*
 * holdings.c -- a hash from maintainer to a plain array of objects. Creating
 * costs an append; changing and deleting look the old version up.
 */
#include "holdings.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(holder) ((holder)->lost = true)
#include <uthash.h>

struct holder {
	UT_hash_handle hh;
	const struct al_object **items;
	size_t count, cap;
	size_t name_len;
	bool lost;
	char name[];
};

struct holdings {
	struct holder *holders;
};

enum al_err holdings_new(struct holdings **out)
{
	struct holdings *holdings = calloc(1, sizeof(*holdings));

	if (holdings == NULL)
		return AL_ENOMEM;
	*out = holdings;
	return AL_OK;
}

void holdings_free(struct holdings *holdings)
{
	struct holder *holder, *next;

	if (holdings == NULL)
		return;
	holder = holdings->holders;
	HASH_CLEAR(hh, holdings->holders); /* the list through the elements stays */
	for (; holder != NULL; holder = next) {
		next = holder->hh.next;
		free(holder->items);
		free(holder);
	}
	free(holdings);
}

static struct holder *holder_find(const struct holdings *holdings, struct al_slice name)
{
	struct holder *holder = NULL;

	HASH_FIND(hh, holdings->holders, name.ptr, name.len, holder);
	return holder;
}

static struct holder *holder_get(struct holdings *holdings, struct al_slice name)
{
	struct holder *holder = holder_find(holdings, name);

	if (holder != NULL)
		return holder;
	holder = calloc(1, sizeof(*holder) + name.len);
	if (holder == NULL)
		return NULL;
	holder->name_len = name.len;
	memcpy(holder->name, name.ptr, name.len);
	HASH_ADD_KEYPTR(hh, holdings->holders, holder->name, holder->name_len, holder);
	if (holder->lost) {
		free(holder);
		return NULL;
	}
	return holder;
}

static enum al_err holder_add(struct holder *holder, const struct al_object *object)
{
	if (holder->count == holder->cap) {
		size_t cap = holder->cap > 0 ? holder->cap * 2 : 4;
		const struct al_object **grown = realloc(holder->items, cap * sizeof(const struct al_object *));

		if (grown == NULL)
			return AL_ENOMEM;
		holder->items = grown;
		holder->cap = cap;
	}
	holder->items[holder->count++] = object;
	return AL_OK;
}

static void holder_drop(struct holder *holder, const struct al_object *object)
{
	for (size_t i = holder->count; i-- > 0;)
		if (holder->items[i] == object) {
			holder->items[i] = holder->items[--holder->count];
			return;
		}
}

static enum al_err each_name(struct holdings *holdings, const struct al_object *object, bool add)
{
	struct al_slice rest = al_object_text(object), value, name;
	enum al_err err = AL_OK;

	while (err == AL_OK && al_attr_find(&rest, "mnt-by", &value))
		do {
			struct holder *holder;

			(void)al_slice_cut(&value, ',', &name);
			holder = holder_get(holdings, al_slice_trim(name));
			if (holder == NULL)
				err = AL_ENOMEM;
			else if (add)
				err = holder_add(holder, object);
			else
				holder_drop(holder, object);
		} while (err == AL_OK && value.len > 0);
	return err;
}

enum al_err holdings_change(struct holdings *holdings, const struct al_object *old, const struct al_object *now)
{
	enum al_err err = AL_OK;

	if (now->cls != AL_AUT_NUM && now->cls != AL_INETNUM && now->cls != AL_INET6NUM)
		return AL_OK;
	if (old != NULL && !old->deleted)
		err = each_name(holdings, old, false);
	if (err == AL_OK && !now->deleted)
		err = each_name(holdings, now, true);
	return err;
}

void holdings_each(const struct holdings *holdings, struct al_slice mntner, al_object_fn visit, void *arg)
{
	const struct holder *holder = holder_find(holdings, mntner);

	for (size_t i = 0; holder != NULL && i < holder->count; i++)
		if (!visit(holder->items[i], arg))
			return;
}
