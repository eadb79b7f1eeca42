/* SPDX-License-Identifier: MIT */
/*
 * shared.c -- see shared.h.
 */
#include "shared.h"

#include <assert.h>
#include <stdlib.h>

static void piece_free(const struct shared *piece)
{
	free((void *)(uintptr_t)piece);
}

static enum al_err room_for(struct retired *retired, size_t more)
{
	const struct shared **grown;
	size_t cap = retired->cap;

	if (retired->count + more <= cap)
		return AL_OK;
	cap = cap * 2 > retired->count + more ? cap * 2 : retired->count + more;
	grown = realloc(retired->pieces, cap * sizeof(*grown));
	if (grown == NULL)
		return AL_ENOMEM;
	retired->pieces = grown;
	retired->cap = cap;
	return AL_OK;
}

enum al_err retired_add(struct retired *retired, const struct shared *piece)
{
	enum al_err err = room_for(retired, 1);

	if (err == AL_OK)
		retired->pieces[retired->count++] = piece;
	return err;
}

enum al_err retired_inherit(struct retired *to, uint32_t number, struct retired *from)
{
	enum al_err err = room_for(to, from->count);
	size_t kept = 0;

	for (size_t i = 0; err == AL_OK && i < from->count; i++) {
		if ((int32_t)(from->pieces[i]->born - number) <= 0)
			to->pieces[to->count++] = from->pieces[i];
		else
			from->pieces[kept++] = from->pieces[i];
	}
	if (err == AL_OK)
		from->count = kept;
	return err;
}

void retired_free(struct retired *retired)
{
	for (size_t i = 0; i < retired->count; i++)
		piece_free(retired->pieces[i]);
	free(retired->pieces);
	*retired = (struct retired){ .count = 0 };
}

enum al_err shared_drop(const struct making *making, const struct shared *piece)
{
	if (!shared_is_own(making, piece)) {
		assert(making->retired != NULL); /* whose else would it be? */
		return retired_add(making->retired, piece);
	}
	piece_free(piece);
	return AL_OK;
}
