/* SPDX-License-Identifier: MIT */
/*
 * question_side.c -- what waits, and who is behind a handle. Loop thread.
 *
 * Lines of ours begin with '%' where text of others follows: no line of a
 * queued request or contact block does.
 */
#include "question_side.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "attach.h"
#include "reply.h"

struct asked {
	pipeline_answer_fn answer;
	void *arg;
	bool listing;
	char object[LEDGER_OBJECT_MAX]; /* contact: "person ANN-ALAMO" */
	char contact[64];               /* contact: "sha256:..." */
};

static struct asked *asked_new(pipeline_answer_fn answer, void *arg)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (a != NULL)
		*a = (struct asked){ .answer = answer, .arg = arg };
	return a;
}

static void answer_error(pipeline_answer_fn answer, void *arg, const char *text)
{
	struct al_buf out;

	al_buf_init(&out, 512);
	reply_error(&out, "%s", text);
	answer(arg, al_buf_view(&out));
	al_buf_release(&out);
}

/* Sends and frees; `out` has the answer without its end. */
static void asked_answer(struct asked *a, struct al_buf *out)
{
	al_buf_str(out, REPLY_END);
	a->answer(a->arg, al_buf_view(out));
	al_buf_release(out);
	free(a);
}

static void asked_fail(struct asked *a, const char *text)
{
	answer_error(a->answer, a->arg, text);
	free(a);
}

static const char *trouble(enum al_err err)
{
	return err == AL_EAGAIN ? "too much is waiting: ask again" : "the registry cannot look now: ask again";
}

/* ---- queue ---- */

static void put_row(struct al_buf *out, const struct ledger_queued *row)
{
	char time[AL_TIME_STRLEN];

	al_time_format(row->time, time);
	al_buf_printf(out, "%" PRIu64 " %s %s\n", row->id, time, row->label);
}

/* Personal data is for nobody to copy before it is decided whether the registry keeps it at all. */
static void put_public(struct al_buf *out, struct al_slice text)
{
	struct al_slice line;

	while (al_slice_line(&text, &line) && !al_slice_starts(line, "-----BEGIN CONTACT ")) {
		al_buf_slice(out, line);
		al_buf_u8(out, '\n');
	}
}

static void on_queue(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct asked *a = arg;
	struct al_buf out;

	if (err != AL_OK) {
		asked_fail(a, err == AL_ENOTFOUND ? "no request of this number is in the queue" : trouble(err));
		return;
	}
	al_buf_init(&out, REPLY_MAX);
	if (a->listing) {
		for (size_t i = 0; i < result->row_count; i++)
			put_row(&out, &result->rows[i]);
		if (result->total > result->row_count)
			al_buf_printf(&out, "%% and %" PRIu64 " more\n", result->total - result->row_count);
	} else {
		al_buf_str(&out, "% ");
		put_row(&out, &result->queued);
		put_public(&out, result->text);
	}
	asked_answer(a, &out);
}

void question_queue(const struct question_ctx *ctx, struct al_slice rest, pipeline_answer_fn answer, void *arg)
{
	struct asked *a;
	uint64_t id = 0;
	enum al_err err;

	if (rest.len > 0 && al_slice_u64(rest, INT64_MAX, &id) != AL_OK) {
		answer_error(answer, arg, "queue, or queue NUMBER");
		return;
	}
	a = asked_new(answer, arg);
	if (a == NULL) {
		answer_error(answer, arg, "out of memory");
		return;
	}
	a->listing = rest.len == 0;
	err = a->listing ? ledger_queue_list(ctx->ledger, on_queue, a) : ledger_queue_get(ctx->ledger, id, on_queue, a);
	if (err != AL_OK)
		asked_fail(a, trouble(err));
}

/* ---- what became of it ---- */

static void on_status(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct asked *a = arg;
	char time[AL_TIME_STRLEN];
	struct al_buf out;

	if (err != AL_OK) {
		asked_fail(a, err == AL_ENOTFOUND
				      ? "no request of this hash waits, is in the log, or was refused lately"
				      : trouble(err));
		return;
	}
	al_buf_init(&out, REPLY_MAX);
	al_time_format(result->status.time, time);
	if (result->status.waiting) {
		al_buf_printf(&out, "state: waiting\nnumber: %" PRIu64 "\nsince: %s\n", result->status.id, time);
	} else {
		al_buf_printf(&out, "state: refused\ntime: %s\nreason: ", time);
		reply_line(al_slice_str(result->status.reason), &out);
	}
	asked_answer(a, &out);
}

static bool hash_parse(struct al_slice text, uint8_t hash[static AL_HASH_LEN])
{
	size_t len;

	return text.len == 2 * AL_HASH_LEN &&
	       sodium_hex2bin(hash, AL_HASH_LEN, text.ptr, text.len, NULL, &len, NULL) == 0 && len == AL_HASH_LEN;
}

void question_status(const struct question_ctx *ctx, struct al_slice rest, pipeline_answer_fn answer, void *arg)
{
	uint8_t hash[AL_HASH_LEN];
	struct asked *a;
	struct al_buf out;
	uint64_t index;
	enum al_err err;

	if (!hash_parse(rest, hash)) {
		answer_error(answer, arg, "queue-status HASH: 64 digits, the SHA-256 of the signed text");
		return;
	}
	a = asked_new(answer, arg);
	if (a == NULL) {
		answer_error(answer, arg, "out of memory");
		return;
	}
	if (book_find_text(pipeline_book(ctx->pipeline), hash, &index)) {
		al_buf_init(&out, REPLY_MAX);
		al_buf_printf(&out, "state: accepted\nentry: %" PRIu64 "\n", index);
		asked_answer(a, &out);
		return;
	}
	err = ledger_queue_status(ctx->ledger, hash, on_status, a);
	if (err != AL_OK)
		asked_fail(a, trouble(err));
}

/* ---- contact ---- */

static void put_contact(struct al_buf *out, const struct asked *a, const char *state)
{
	al_buf_printf(out, "%% object: %s\n%% contact: %s\n%% state: %s\n", a->object,
		      a->contact[0] != '\0' ? a->contact : "none", state);
}

static void on_contact(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct asked *a = arg;
	struct al_buf out;

	if (err != AL_OK && err != AL_ENOTFOUND) {
		asked_fail(a, trouble(err));
		return;
	}
	al_buf_init(&out, REPLY_MAX);
	put_contact(&out, a, err == AL_OK ? "present" : "erased");
	if (err == AL_OK)
		al_buf_slice(&out, result->text);
	asked_answer(a, &out);
}

static void contact_look(struct ledger *ledger, const struct al_object *object, struct asked *a, const char *withheld)
{
	struct al_buf out;
	enum al_err err = attach_name(object, a->object);

	if (err == AL_OK)
		err = al_slice_copy(al_object_attr(object, "contact"), a->contact, sizeof(a->contact));
	if (err == AL_OK && (a->contact[0] == '\0' || withheld != NULL)) {
		al_buf_init(&out, REPLY_MAX);
		put_contact(&out, a, a->contact[0] == '\0' ? "none" : withheld);
		asked_answer(a, &out);
		return;
	}
	if (err == AL_OK)
		err = ledger_side_get(ledger, al_slice_str(a->object), on_contact, a);
	if (err != AL_OK)
		asked_fail(a, trouble(err));
}

void question_contact_text(struct ledger *ledger, const struct al_object *object, pipeline_answer_fn answer, void *arg)
{
	struct asked *a = asked_new(answer, arg);

	if (a != NULL)
		contact_look(ledger, object, a, NULL);
	else
		answer_error(answer, arg, "out of memory");
}

/* Whoever asks without a signature is anybody. */
void question_contact(const struct question_ctx *ctx, struct al_slice rest, pipeline_answer_fn answer, void *arg)
{
	const struct al_object *object = attach_holder(book_state(pipeline_book(ctx->pipeline)), rest);
	struct asked *a = object != NULL ? asked_new(answer, arg) : NULL;
	struct al_slice audience = object != NULL ? al_object_attr(object, "contact-for") : rest;

	if (a == NULL)
		answer_error(answer, arg, object == NULL ? "no role or person of this handle" : "out of memory");
	else if (al_slice_is(audience, "members"))
		contact_look(ctx->ledger, object, a, "for members");
	else if (al_slice_is(audience, "holders"))
		contact_look(ctx->ledger, object, a, "for holders");
	else
		contact_look(ctx->ledger, object, a, NULL);
}
