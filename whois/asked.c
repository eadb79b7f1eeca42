/* SPDX-License-Identifier: MIT */
/* asked.c -- parameters, and the view that a question is put to. */
#include "asked.h"

#include "past.h"

#define MOMENT_MAX 64

struct al_slice asked_parameter(struct al_slice query, const char *name, char *text, size_t cap)
{
	struct al_slice pair, key;
	char spaced[4096];
	size_t len;

	while (query.len > 0) {
		(void)al_slice_cut(&query, '&', &pair);
		if (!al_slice_cut(&pair, '=', &key) || !al_slice_is(key, name) || pair.len > sizeof(spaced))
			continue;
		for (size_t i = 0; i < pair.len; i++)
			spaced[i] = pair.ptr[i] == '+' ? ' ' : pair.ptr[i];
		if (al_http_decode(al_slice_of(spaced, pair.len), text, cap, &len) == AL_OK)
			return al_slice_of(text, len);
	}
	return AL_S("");
}

enum al_err asked_rest(struct al_slice query, char *text, size_t cap, size_t *len)
{
	struct al_slice pair;
	struct al_buf rest;
	enum al_err err;

	al_buf_init(&rest, cap);
	while (query.len > 0) {
		(void)al_slice_cut(&query, '&', &pair);
		if (al_slice_starts(pair, "at="))
			continue;
		if (rest.len > 0)
			al_buf_u8(&rest, '&');
		al_buf_slice(&rest, pair);
	}
	err = rest.err == AL_OK ? al_slice_copy(al_buf_view(&rest), text, cap) : AL_ELIMIT;
	*len = rest.len;
	al_buf_release(&rest);
	return err;
}

static bool has_moment(struct al_slice query)
{
	struct al_slice pair;

	while (query.len > 0) {
		(void)al_slice_cut(&query, '&', &pair);
		if (al_slice_starts(pair, "at="))
			return true;
	}
	return false;
}

enum al_err asked_open(const struct whois_view *present, struct al_slice query, struct al_http_answer *answer,
		       struct asked *out)
{
	struct al_moment moment;
	char text[MOMENT_MAX];
	uint64_t size;
	enum al_err err;

	*out = (struct asked){ .view = present };
	if (!has_moment(query))
		return AL_OK;
	err = al_moment_parse(asked_parameter(query, "at", text, sizeof(text)), &moment);
	if (err == AL_OK)
		err = whois_past_size(present->past, present, moment, &size);
	if (err != AL_OK)
		return err;
	err = whois_past_step(present->past, present, size, answer->who, &out->then);
	answer->again = err == AL_EAGAIN;
	if (err != AL_OK)
		return err;
	out->view = &out->then;
	out->past = present->past;
	return AL_OK;
}

void asked_close(struct asked *asked)
{
	if (asked->past != NULL)
		whois_past_done(asked->past);
}

int asked_status(enum al_err err)
{
	switch (err) {
	case AL_EINVAL:
		return 400;
	case AL_ENOTFOUND:
		return 404;
	case AL_ELIMIT:
		return 422;
	case AL_EUNSUPPORTED:
		return 501;
	default:
		return 500;
	}
}
