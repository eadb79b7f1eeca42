/* SPDX-License-Identifier: MIT */
/*
 * invite.c -- an invitation as one word.
 */
#include "invite.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/sha.h"
#include "alamo/rpsl/schema.h"
#include "pairs.h"

#define MARK "alamo1-"
#define CHECK_LEN 8 /* hexadecimal digits */
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void check_value(struct al_slice text, char out[static CHECK_LEN + 1])
{
	unsigned char hash[AL_HASH_LEN];

	al_sha256(&text, 1, hash);
	(void)sodium_bin2hex(out, CHECK_LEN + 1, hash, CHECK_LEN / 2);
}

bool invite_is(const char *word)
{
	return strncmp(word, MARK, strlen(MARK)) == 0;
}

enum al_err invite_format(const struct invite *invite, char out[static INVITE_MAX])
{
	char check[CHECK_LEN + 1];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, INVITE_MAX / 2);
	al_buf_printf(&text, "server = %s\npin = %s\n", invite->server, invite->vkey);
	if (invite->vouch[0] != '\0')
		al_buf_printf(&text, "vouch = %s\n", invite->vouch);
	if (text.err == AL_OK) {
		check_value(al_buf_view(&text), check);
		al_buf_printf(&text, "%s", check);
	}
	err = text.err;
	if (err == AL_OK && sodium_base64_encoded_len(text.len, VARIANT) + strlen(MARK) > INVITE_MAX)
		err = AL_ELIMIT;
	if (err == AL_OK) {
		memcpy(out, MARK, strlen(MARK) + 1);
		(void)sodium_bin2base64(out + strlen(MARK), INVITE_MAX - strlen(MARK), text.ptr, text.len, VARIANT);
	}
	al_buf_release(&text);
	return err;
}

enum al_err invite_mntner(struct al_slice typed, char out[static INVITE_MNTNER_MAX])
{
	struct al_buf name;
	const char *why;
	enum al_err err;

	al_buf_init(&name, 256);
	err = al_syntax_canon(AL_SYN_MNTNER, typed, &name, &why);
	if (err == AL_OK)
		err = al_slice_copy(al_buf_view(&name), out, INVITE_MNTNER_MAX);
	al_buf_release(&name);
	return err;
}

static enum al_err pairs_take(struct al_slice text, struct invite *out)
{
	struct pair pair = { .line = 0 };
	struct al_vkey key;
	enum al_err err = AL_OK;

	while (err == AL_OK && pairs_next(&text, &pair)) {
		if (al_slice_is(pair.name, "server"))
			err = al_slice_copy(pair.value, out->server, sizeof(out->server));
		else if (al_slice_is(pair.name, "pin"))
			err = al_slice_copy(pair.value, out->vkey, sizeof(out->vkey));
		else if (al_slice_is(pair.name, "vouch"))
			err = invite_mntner(pair.value, out->vouch);
	}
	if (err == AL_OK && (pair.name.len == 0 || out->server[0] == '\0'))
		err = AL_EINVAL;
	return err == AL_OK ? al_vkey_parse(al_slice_str(out->vkey), &key) : err;
}

enum al_err invite_parse(const char *word, struct invite *out)
{
	char text[INVITE_MAX], check[CHECK_LEN + 1];
	struct al_slice all;
	size_t len = 0;

	memset(out, 0, sizeof(*out));
	if (!invite_is(word) || strlen(word) >= INVITE_MAX ||
	    sodium_base642bin((unsigned char *)text, sizeof(text), word + strlen(MARK), strlen(word) - strlen(MARK),
			      NULL, &len, NULL, VARIANT) != 0 ||
	    len < CHECK_LEN)
		return AL_EINVAL;
	all = al_slice_of(text, len - CHECK_LEN);
	check_value(all, check);
	if (!al_slice_is(al_slice_of(text + all.len, CHECK_LEN), check))
		return AL_EINVAL;
	return pairs_take(all, out);
}
