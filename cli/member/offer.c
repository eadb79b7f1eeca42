/* SPDX-License-Identifier: MIT */
/*
 * offer.c -- the word there and back.
 */
#include "offer.h"

#include <sodium.h>
#include <string.h>

#include "command.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

enum al_err offer_make(const struct submit *submit, struct al_slice objects, const char *mark, struct al_buf *out)
{
	char word[OFFER_MAX];
	struct draft draft;
	struct al_buf request;
	enum al_err err = draft_parse(objects, &draft);

	if (err != AL_OK) {
		command_fail(CLI_USAGE, "the request cannot be made");
		return err;
	}
	al_buf_init(&request, OFFER_MAX / 2);
	err = submit_build(submit, &draft, &request);
	if (err == AL_OK && sodium_base64_encoded_len(request.len, VARIANT) > sizeof(word)) {
		command_fail(CLI_USAGE, "the request is too large for an offer");
		err = AL_ELIMIT;
	}
	if (err == AL_OK) {
		sodium_bin2base64(word, sizeof(word), (const unsigned char *)request.ptr, request.len, VARIANT);
		al_buf_str(out, mark);
		al_buf_str(out, word);
	}
	al_buf_release(&request);
	draft_release(&draft);
	return err;
}

bool offer_read(const char *word, const char *mark, struct al_buf *out)
{
	uint8_t bytes[OFFER_MAX];
	size_t len;

	if (strncmp(word, mark, strlen(mark)) != 0)
		return false;
	word += strlen(mark);
	if (sodium_base642bin(bytes, sizeof(bytes), word, strlen(word), NULL, &len, NULL, VARIANT) != 0)
		return false;
	al_buf_slice(out, al_slice_of((const char *)bytes, len));
	return out->err == AL_OK;
}
