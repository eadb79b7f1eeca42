/* SPDX-License-Identifier: MIT */
/*
 * submit.c -- from a draft to the registry's answer.
 */
#include "submit.h"

#include <stdio.h>
#include <time.h>

#include "alamo/rpsl/request.h"
#include "answer.h"
#include "command.h"
#include "deliver.h"
#include "sign.h"

/* One question "prev CLASS KEY" an object that can exist; asked[i] tells which. */
static enum al_err prev_questions(const struct draft *draft, struct al_buf *out, bool *asked)
{
	for (size_t i = 0; i < draft->count; i++) {
		size_t start = out->len;
		enum al_err err;

		al_buf_str(out, "prev ");
		err = draft_key(draft->objects[i], out);
		asked[i] = err == AL_OK;
		if (err == AL_OK)
			al_buf_u8(out, '\n');
		else if (err == AL_ENOTFOUND || err == AL_EINVAL)
			out->len = start; /* new, or the registry says what is wrong with it */
		else
			return err;
	}
	return out->err;
}

/* A number or "none"; anything else would be somebody's text in what we sign. */
static enum al_err prev_value(struct al_slice answer, struct al_slice *value)
{
	struct al_slice line;
	uint64_t number;

	/* About a key that it does not understand it says more when it has the object. */
	if (answer_is_error(answer, &line))
		return AL_OK;
	while (al_slice_line(&answer, &line)) {
		if (!al_slice_starts(line, "prev:"))
			continue;
		*value = al_slice_trim(al_slice_from(line, 5));
		if (al_slice_is(*value, "none") || al_slice_u64(*value, UINT64_MAX, &number) == AL_OK)
			return AL_OK;
	}
	command_fail(CLI_UNVERIFIED, "the registry does not answer the question for versions as one does");
	return AL_EVERIFY;
}

/* Somebody changed it since it was fetched for editing: that is said, and nothing sent. */
static enum al_err seen_compare(const struct draft *draft, size_t i, struct al_slice present)
{
	struct al_buf key;

	if (draft->seen[i].len == 0 || al_slice_eq(draft->seen[i], present))
		return AL_OK;
	al_buf_init(&key, 4096);
	if (draft_key(draft->objects[i], &key) != AL_OK)
		al_buf_str(&key, "an object");
	command_fail(
		CLI_REFUSED,
		"%.*s was changed by another since you fetched it: your text is of entry %.*s, the present one of "
		"entry %.*s.\nNothing was sent. Fetch it again with `alamo show %.*s`, and make your change in that.",
		AL_FMT(al_buf_view(&key)), AL_FMT(draft->seen[i]), AL_FMT(present), AL_FMT(al_buf_view(&key)));
	al_buf_release(&key);
	return AL_EDENIED;
}

static enum al_err prevs_collect(const struct draft *draft, const bool *asked, struct al_slice answers,
				 struct al_buf *out)
{
	bool same = true;
	struct al_slice first = AL_S("none"), one;
	size_t start = out->len;
	enum al_err err = AL_OK;

	for (size_t i = 0; i < draft->count && err == AL_OK; i++) {
		struct al_slice value = AL_S("none");

		if (asked[i] && client_next(&answers, &one))
			err = prev_value(one, &value);
		if (err == AL_OK)
			err = seen_compare(draft, i, value);
		if (i == 0)
			first = value;
		same = same && al_slice_eq(first, value);
		if (i > 0)
			al_buf_u8(out, ' ');
		al_buf_slice(out, value);
	}
	if (same) {
		out->len = start;
		al_buf_slice(out, first);
	}
	return err != AL_OK ? err : out->err;
}

static enum al_err submit_prevs(struct client *client, const struct draft *draft, struct al_buf *out)
{
	bool asked[DRAFT_OBJECTS_MAX];
	struct al_buf questions, answers;
	enum al_err err;

	al_buf_init(&questions, 1u << 20);
	al_buf_init(&answers, CLIENT_ANSWER_MAX);
	err = prev_questions(draft, &questions, asked);
	if (err == AL_OK)
		err = client_questions(client, al_buf_view(&questions), &answers);
	if (err == AL_OK)
		err = prevs_collect(draft, asked, al_buf_view(&answers), out);
	al_buf_release(&answers);
	al_buf_release(&questions);
	return err;
}

enum al_err submit_sign(const struct submit *submit, struct al_slice text, struct al_slice before,
			struct al_slice after, struct al_buf *out)
{
	al_buf_slice(out, text);
	al_buf_slice(out, before);
	for (size_t i = 0; i < submit->key_count; i++) {
		enum al_err err = sign_text(submit->keys[i], submit->network->ns, text, out);

		if (err != AL_OK)
			return err;
	}
	if (out->err == AL_ELIMIT || out->len > AL_REQUEST_MAX) {
		command_fail(CLI_USAGE, "the request is larger than %d bytes: send it in parts", AL_REQUEST_MAX);
		return AL_ELIMIT;
	}
	al_buf_slice(out, after); /* contact blocks have bounds of their own */
	return out->err;
}

static enum al_err text_build(const struct submit *submit, const struct draft *draft, struct al_buf *out)
{
	char name[32], nonce[DRAFT_NONCE_LEN];
	struct draft_head head = { .dry_run = submit->dry_run };
	struct al_buf prev;
	enum al_err err = AL_OK;

	al_buf_init(&prev, AL_REQUEST_MAX);
	if (!draft_has(draft, "request")) {
		time_t now = time(NULL);
		struct tm utc;

		gmtime_r(&now, &utc);
		strftime(name, sizeof(name), "alamo-%Y%m%d-%H%M%S", &utc);
		head.name = name;
	}
	if (!draft_has(draft, "nonce")) {
		draft_nonce(nonce);
		head.nonce = nonce;
	}
	if (!draft_has(draft, "prev")) {
		err = submit_prevs(submit->client, draft, &prev);
		head.prev = al_buf_view(&prev);
	}
	if (err == AL_OK) {
		draft_text(draft, &head, out);
		err = out->err;
	}
	al_buf_release(&prev);
	return err;
}

enum al_err submit_build(const struct submit *submit, const struct draft *draft, struct al_buf *out)
{
	struct al_buf text;
	enum al_err err = AL_OK;

	if (draft->signatures.len > 0)
		return submit_sign(submit, draft->text, draft->signatures, draft->contacts, out);
	al_buf_init(&text, 1u << 20);
	err = text_build(submit, draft, &text);
	if (err == AL_OK)
		err = submit_sign(submit, al_buf_view(&text), AL_S(""), draft->contacts, out);
	al_buf_release(&text);
	return err;
}

/* The bytes of last time, when they were not answered; else new ones, remembered from now on. */
static enum al_err request_make(const struct submit *submit, const struct draft *draft, const char *id,
				struct al_buf *request)
{
	enum al_err err = deliver_pending(submit, id, request);

	if (err == AL_OK)
		fprintf(stderr, "alamo: this was sent before and not decided: the same bytes are sent again\n");
	if (err != AL_ENOTFOUND)
		return err;
	err = submit_build(submit, draft, request);
	return err == AL_OK ? deliver_remember(submit, id, al_buf_view(request)) : err;
}

enum al_err submit_send(const struct submit *submit, const struct draft *draft, struct al_buf *answer)
{
	bool remember = !submit->dry_run && draft->signatures.len == 0;
	char id[DELIVER_ID_LEN];
	struct al_buf request;
	enum al_err err;

	al_buf_init(&request, 1u << 21);
	deliver_id(submit, draft, id);
	err = remember ? request_make(submit, draft, id, &request) : submit_build(submit, draft, &request);
	if (err == AL_OK)
		err = deliver(submit, al_buf_view(&request), answer);
	if (err == AL_OK && remember && !deliver_waits(al_buf_view(answer)))
		deliver_forget(submit, id);
	al_buf_release(&request);
	return err;
}
