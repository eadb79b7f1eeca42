/* SPDX-License-Identifier: MIT */
/*
 * book.c -- three folds over one log, kept in step by the state's hook.
 */
#include "book.h"

#include <stdlib.h>

#include "seen.h"

struct book {
	struct al_state *state;
	struct space *space;
	struct seen texts;
	book_change_fn change;
	void *arg;
	enum al_err err; /* first failure inside the hook */
};

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct book *book = arg;
	enum al_err err = space_change(book->space, old, now);

	if (err == AL_OK && book->change != NULL)
		err = book->change(book->arg, old, now);
	if (book->err == AL_OK)
		book->err = err;
}

enum al_err book_new(struct book **out)
{
	struct book *book = calloc(1, sizeof(*book));
	enum al_err err;

	if (book == NULL)
		return AL_ENOMEM;
	seen_init(&book->texts);
	err = al_state_new(&book->state);
	if (err == AL_OK)
		err = space_new(&book->space);
	if (err != AL_OK) {
		book_free(book);
		return err;
	}
	space_watch(book->space, book->state);
	al_state_observe(book->state, on_change, book);
	*out = book;
	return AL_OK;
}

void book_free(struct book *book)
{
	if (book == NULL)
		return;
	seen_release(&book->texts);
	al_state_free(book->state);
	space_free(book->space);
	free(book);
}

void book_observe(struct book *book, book_change_fn change, void *arg)
{
	book->change = change;
	book->arg = arg;
}

/* A text that is an entry twice, against the rules, keeps its first place. */
static enum al_err text_add(struct book *book, const uint8_t hash[static AL_HASH_LEN], uint64_t index)
{
	uint64_t first;

	return seen_find(&book->texts, hash, &first) ? AL_OK : seen_add(&book->texts, hash, index);
}

enum al_err book_load(struct book *book, struct al_slice bytes)
{
	uint64_t index = al_state_size(book->state);
	uint8_t hash[AL_HASH_LEN];
	struct al_entry entry;
	enum al_err err = al_entry_decode(bytes, &entry);

	if (err == AL_OK)
		err = al_state_apply(book->state, bytes);
	if (err == AL_OK)
		err = book->err;
	if (err != AL_OK || !al_slice_is(entry.kind, "request"))
		return err;
	al_request_identity(entry.body, hash);
	return text_add(book, hash, index);
}

enum al_err book_decide(struct book *book, struct decision *decision, uint64_t now)
{
	return decision_judge(decision, book->state, book->space, now);
}

enum al_err book_put(struct book *book, const struct decision *d)
{
	enum al_err err = al_state_put(book->state, d->objects, d->request.object_count, d->time);

	if (err == AL_OK)
		err = book->err;
	return err == AL_OK ? text_add(book, d->request.hash, d->index) : err;
}

bool book_find_text(const struct book *book, const uint8_t hash[static AL_HASH_LEN], uint64_t *index)
{
	return seen_find(&book->texts, hash, index);
}

const struct al_state *book_state(const struct book *book)
{
	return book->state;
}

struct space *book_space(struct book *book)
{
	return book->space;
}
