/*
 * submit.c -- from a draft to the registry's answer.
 */
#include "submit.h"

#include <stdio.h>
#include <time.h>

#include "alamo/rpsl/request.h"
#include "answer.h"
#include "command.h"
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

static struct al_slice prev_value(struct al_slice answer)
{
	struct al_slice line;

	while (al_slice_line(&answer, &line))
		if (al_slice_starts(line, "prev:"))
			return al_slice_trim(al_slice_from(line, 5));
	return AL_S("none");
}

static void prevs_collect(const struct draft *draft, const bool *asked, struct al_slice answers, struct al_buf *out)
{
	bool same = true;
	struct al_slice first = AL_S("none"), one;
	size_t start = out->len;

	for (size_t i = 0; i < draft->count; i++) {
		struct al_slice value = AL_S("none");

		if (asked[i] && client_next(&answers, &one))
			value = prev_value(one);
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
}

enum al_err submit_prevs(struct client *client, const struct draft *draft, struct al_buf *out)
{
	bool asked[DRAFT_OBJECTS_MAX];
	struct al_buf questions, answers;
	enum al_err err;

	al_buf_init(&questions, 1u << 20);
	al_buf_init(&answers, CLIENT_ANSWER_MAX);
	err = prev_questions(draft, &questions, asked);
	if (err == AL_OK)
		err = client_questions(client, al_buf_view(&questions), &answers);
	if (err == AL_OK) {
		prevs_collect(draft, asked, al_buf_view(&answers), out);
		err = out->err;
	}
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

enum al_err submit_send(const struct submit *submit, const struct draft *draft, struct al_buf *answer)
{
	struct al_buf request;
	enum al_err err;

	al_buf_init(&request, 1u << 21);
	err = submit_build(submit, draft, &request);
	if (err == AL_OK)
		err = client_request(submit->client, al_buf_view(&request), answer);
	al_buf_release(&request);
	return err;
}
