/* SPDX-License-Identifier: MIT */
/*
 * import_send.c -- items into signed requests, refusals out of them.
 *
 * A request is all or nothing: when it is refused, exactly the objects that
 * the answer has an error for are dropped and the others go again. An answer
 * that blames no object is narrowed down by halves.
 */
#include "import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member/answer.h"
#include "member/deliver.h"
#include "member/parts.h"
#include "command.h"
#include "progress.h"

#define BATCH_BYTES PARTS_BYTES
#define BATCH_OBJECTS 256

struct batch {
	struct import_item *items[BATCH_OBJECTS];
	char prev[BATCH_OBJECTS][24];
	size_t count;
};

struct sender {
	struct import *import;
	const struct submit *submit;
	unsigned number;           /* of the next request */
	char run[DRAFT_NONCE_LEN]; /* this import, in the requests' names */
};

static void item_end(struct import_item *item, enum import_state state, struct al_slice note)
{
	item->state = state;
	if (note.len > 0) {
		free(item->note);
		item->note = al_slice_dup(note);
	}
}

/* ---- what the registry has already ---- */

static void questions_put(const struct batch *batch, const char *word, const bool *only, struct al_buf *out)
{
	for (size_t i = 0; i < batch->count; i++)
		if (only == NULL || only[i])
			al_buf_printf(out, "%s %s %s\n", word, al_class_name(batch->items[i]->cls),
				      batch->items[i]->key);
}

static enum al_err prevs_ask(const struct sender *sender, struct batch *batch, bool *known, size_t *known_count)
{
	struct al_buf questions, answers;
	struct al_slice rest, one, line;
	enum al_err err;

	*known_count = 0;
	al_buf_init(&questions, 1u << 20);
	al_buf_init(&answers, CLIENT_ANSWER_MAX);
	questions_put(batch, "prev", NULL, &questions);
	err = questions.err != AL_OK ? questions.err
				     : client_questions(sender->submit->client, al_buf_view(&questions), &answers);
	rest = al_buf_view(&answers);
	for (size_t i = 0; err == AL_OK && i < batch->count; i++) {
		snprintf(batch->prev[i], sizeof(batch->prev[i]), "none");
		if (!client_next(&rest, &one))
			err = AL_EINVAL;
		while (err == AL_OK && al_slice_line(&one, &line))
			if (al_slice_starts(line, "prev:"))
				err = al_slice_copy(al_slice_trim(al_slice_from(line, 5)), batch->prev[i],
						    sizeof(batch->prev[i]));
		known[i] = strcmp(batch->prev[i], "none") != 0;
		*known_count += known[i];
	}
	al_buf_release(&questions);
	al_buf_release(&answers);
	return err;
}

/* What is or was there stays as it is; the same text is no news. */
static enum al_err shown_compare(const struct sender *sender, struct batch *batch, const bool *known)
{
	struct al_buf questions, answers;
	struct al_slice rest, one, error;
	enum al_err err;

	al_buf_init(&questions, 1u << 20);
	al_buf_init(&answers, 16u << 20);
	questions_put(batch, "show", known, &questions);
	err = client_questions(sender->submit->client, al_buf_view(&questions), &answers);
	rest = al_buf_view(&answers);
	for (size_t i = 0; err == AL_OK && i < batch->count; i++) {
		struct import_item *item = batch->items[i];

		if (!known[i])
			continue;
		if (!client_next(&rest, &one))
			err = AL_EINVAL;
		else if (answer_is_error(one, &error))
			import_keep(sender->import, item, "it was here and was deleted: it is not created again");
		else if (al_slice_eq(al_slice_trim(one), al_slice_trim(al_object_text(item->object))))
			item_end(item, IMPORT_PRESENT, AL_S(""));
		else
			import_keep(sender->import, item, "the registry has another one, which stays");
	}
	al_buf_release(&questions);
	al_buf_release(&answers);
	return err;
}

/* Takes out what no longer waits. */
static void batch_shrink(struct batch *batch)
{
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++) {
		if (batch->items[i]->state != IMPORT_WAITING)
			continue;
		batch->items[kept] = batch->items[i];
		memmove(batch->prev[kept], batch->prev[i], sizeof(batch->prev[i]));
		kept++;
	}
	batch->count = kept;
}

static enum al_err batch_compare(const struct sender *sender, struct batch *batch)
{
	bool known[BATCH_OBJECTS];
	size_t count;
	enum al_err err = prevs_ask(sender, batch, known, &count);

	if (err == AL_OK && count > 0)
		err = shown_compare(sender, batch, known);
	for (size_t i = 0; err == AL_OK && i < batch->count; i++)
		if (batch->items[i]->state == IMPORT_WAITING)
			import_check_owner(sender->import, batch->items[i]);
	batch_shrink(batch);
	return err;
}

/* ---- one request ---- */

static void request_head(struct sender *sender, const struct batch *batch, struct al_buf *out)
{
	char nonce[DRAFT_NONCE_LEN];

	draft_nonce(nonce);
	al_buf_printf(out, "request:        import-%.8s-%u\nprev:          ", sender->run, ++sender->number);
	for (size_t i = 0; i < batch->count; i++)
		al_buf_printf(out, " %s", batch->prev[i]);
	al_buf_printf(out, "\nnonce:          %s\n", nonce);
}

static void request_text(struct sender *sender, const struct batch *batch, struct al_buf *out)
{
	request_head(sender, batch, out);
	for (size_t i = 0; i < batch->count; i++) {
		al_buf_u8(out, '\n');
		al_buf_slice(out, al_object_text(batch->items[i]->object));
	}
}

static enum al_err text_send(struct sender *sender, const struct al_buf *text, struct al_buf *answer)
{
	struct al_buf request;
	enum al_err err = text->err;

	al_buf_init(&request, 1u << 18);
	if (err == AL_OK)
		err = submit_sign(sender->submit, al_buf_view(text), AL_S(""), AL_S(""), &request);
	if (err == AL_OK)
		err = deliver(sender->submit, al_buf_view(&request), answer);
	al_buf_release(&request);
	return err;
}

static enum al_err batch_request(struct sender *sender, const struct batch *batch, struct al_buf *answer)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, 1u << 17);
	request_text(sender, batch, &text);
	err = text_send(sender, &text, answer);
	al_buf_release(&text);
	return err;
}

/* Marks the objects that the answer blames; how many. */
static size_t refusals_mark(struct batch *batch, struct al_slice answer)
{
	struct answer_object object;
	struct al_slice text;
	size_t i = 0, marked = 0;

	for (; i < batch->count && answer_next(&answer, &object); i++)
		if (answer_error(&object.body, &text)) {
			item_end(batch->items[i], IMPORT_REFUSED, text);
			marked++;
		}
	return marked;
}

static enum al_err batch_send(struct sender *sender, struct batch *batch);

static enum al_err batch_halves(struct sender *sender, const struct batch *batch)
{
	struct batch *half = calloc(1, sizeof(*half));
	size_t cut = batch->count / 2;
	enum al_err err = half == NULL ? AL_ENOMEM : AL_OK;

	for (unsigned part = 0; err == AL_OK && part < 2; part++) {
		size_t from = part == 0 ? 0 : cut;

		half->count = part == 0 ? cut : batch->count - cut;
		memcpy(half->items, batch->items + from, half->count * sizeof(half->items[0]));
		memcpy(half->prev, batch->prev + from, half->count * sizeof(half->prev[0]));
		err = batch_send(sender, half);
	}
	free(half);
	return err;
}

static struct al_slice first_error(struct al_slice answer)
{
	struct al_slice text;

	if (answer_error(&answer, &text) || answer_is_error(answer, &text))
		return text;
	return AL_S("refused without a reason");
}

static void part_refused(struct import_item *item, size_t part, struct al_slice why)
{
	struct al_buf note;

	al_buf_init(&note, 4096);
	if (part > 1)
		al_buf_printf(&note, "taken without its end, from request %zu of it: ", part);
	al_buf_slice(&note, why);
	item_end(item, IMPORT_REFUSED, al_buf_view(&note));
	al_buf_release(&note);
}

/* One object that no request is large enough for: its first text, and what extends it. */
static enum al_err parts_import(struct sender *sender, struct batch *batch, struct al_buf *answer)
{
	struct import_item *item = batch->items[0];
	struct al_buf texts, request;
	struct al_slice rest, text;
	size_t count, part = 0;
	uint64_t index = 0, kbytes;
	char why[120];
	enum al_err err;

	err = parts_fit(sender->submit->client, item->object, &kbytes);
	if (err == AL_ELIMIT) {
		snprintf(why, sizeof(why),
			 "it has %u bytes of text, and the registry takes %" PRIu64 " kilobytes at most",
			 item->object->text_len, kbytes);
		item_end(item, IMPORT_REFUSED, al_slice_str(why));
	}
	if (err != AL_OK)
		return err == AL_ELIMIT ? AL_OK : err;
	al_buf_init(&texts, 2u << 20);
	al_buf_init(&request, 1u << 17);
	err = parts_make(NULL, item->object, &texts, &count);
	rest = al_buf_view(&texts);
	while (err == AL_OK && item->state == IMPORT_WAITING && parts_next(&rest, &text)) {
		if (part++ > 0)
			snprintf(batch->prev[0], sizeof(batch->prev[0]), "%" PRIu64, index);
		al_buf_reset(&request);
		request_head(sender, batch, &request);
		al_buf_u8(&request, '\n');
		al_buf_slice(&request, text);
		err = text_send(sender, &request, answer);
		if (err == AL_OK &&
		    (!answer_accepted(al_buf_view(answer)) || answer_index(al_buf_view(answer), &index) != AL_OK))
			part_refused(item, part, first_error(al_buf_view(answer)));
	}
	if (err == AL_ELIMIT)
		part_refused(item, 0, AL_S("attributes that have to come together do not fit one request"));
	else if (err == AL_OK && item->state == IMPORT_WAITING)
		item_end(item, item->altered ? IMPORT_CHANGED : IMPORT_TAKEN, AL_S(""));
	al_buf_release(&texts);
	al_buf_release(&request);
	return err == AL_ELIMIT ? AL_OK : err;
}

/* Until everything of the batch has an end. */
static enum al_err batch_send(struct sender *sender, struct batch *batch)
{
	struct al_buf answer;
	enum al_err err = AL_OK;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	if (batch->count == 1 && al_object_text(batch->items[0]->object).len > PARTS_BYTES) {
		err = parts_import(sender, batch, &answer);
		batch->count = 0;
	}
	while (err == AL_OK && batch->count > 0) {
		err = batch_request(sender, batch, &answer);
		if (err != AL_OK)
			break;
		if (answer_accepted(al_buf_view(&answer))) {
			for (size_t i = 0; i < batch->count; i++)
				item_end(batch->items[i], batch->items[i]->altered ? IMPORT_CHANGED : IMPORT_TAKEN,
					 AL_S(""));
			break;
		}
		if (refusals_mark(batch, al_buf_view(&answer)) > 0) {
			batch_shrink(batch);
		} else if (batch->count == 1) {
			item_end(batch->items[0], IMPORT_REFUSED, first_error(al_buf_view(&answer)));
			break;
		} else {
			err = batch_halves(sender, batch);
			break;
		}
	}
	al_buf_release(&answer);
	return err;
}

/* ---- all of them ---- */

/* Length of the glued run that begins at `at`, in items and bytes. */
static size_t run_length(const struct import *import, size_t at, size_t *bytes)
{
	size_t end = at;

	*bytes = 0;
	do {
		if (import->items[end].object != NULL)
			*bytes += al_object_text(import->items[end].object).len + 1;
	} while (import->items[end].glued && ++end < import->count);
	return (end < import->count ? end + 1 : end) - at;
}

static size_t batch_fill(struct import *import, size_t from, struct batch *batch)
{
	size_t bytes = 0, run, run_bytes;

	batch->count = 0;
	while (from < import->count) {
		run = run_length(import, from, &run_bytes);
		if (batch->count > 0 && (bytes + run_bytes > BATCH_BYTES || batch->count + run > BATCH_OBJECTS))
			break;
		bytes += run_bytes;
		for (size_t end = from + run; from < end; from++)
			if (import->items[from].state == IMPORT_WAITING && batch->count < BATCH_OBJECTS)
				batch->items[batch->count++] = &import->items[from];
			else if (import->items[from].state == IMPORT_WAITING)
				return from;
	}
	return from;
}

enum al_err import_send(struct import *import, const struct submit *submit)
{
	struct sender sender = { .import = import, .submit = submit };
	struct batch *batch = calloc(1, sizeof(*batch));
	enum al_err err = batch == NULL ? AL_ENOMEM : AL_OK;
	struct progress progress;
	size_t at = 0;

	draft_nonce(sender.run);
	progress_begin(&progress, "import", "objects", 0);
	while (err == AL_OK && at < import->count) {
		at = batch_fill(import, at, batch);
		err = batch_compare(&sender, batch);
		if (err == AL_OK && !submit->dry_run)
			err = batch_send(&sender, batch);
		if (err == AL_OK)
			progress_step(&progress, at, import->count);
	}
	progress_end(&progress);
	free(batch);
	return err;
}
