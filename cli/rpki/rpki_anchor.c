/* SPDX-License-Identifier: MIT */
/*
 * rpki_anchor.c -- the trust anchor's side: `alamo rpki sign`, on a machine without a network.
 *
 *   ANCHOR/ta.key    secret; whoever has it can say anything about the network's addresses
 *   ANCHOR/memory    what it has signed (x509/anchor.h)
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alamo/net/loop.h"
#include "anchor.h"
#include "file.h"
#include "rpki.h"

#define KEY_NAME "ta.key"
#define MEMORY_NAME "memory"
#define KEY_MAX 65536

/* Made at the first ceremony. */
static int key_take(const char *dir, struct ca_key *key)
{
	struct al_buf pem;
	bool absent = false;
	int code;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return command_fail(CLI_REFUSED, "%s: %s", dir, strerror(errno));
	al_buf_init(&pem, KEY_MAX);
	code = rpki_store_read(dir, KEY_NAME, &pem, &absent);
	if (code == CLI_DONE && !absent && ca_key_read(al_buf_view(&pem), key) != AL_OK)
		code = command_fail(CLI_REFUSED,
				    "%s/" KEY_NAME " is no RSA key of 2048 bits, or the passphrase is wrong", dir);
	if (code == CLI_DONE && absent) {
		code = ca_key_make(key) == AL_OK && ca_key_write(key, &pem) == AL_OK
			       ? rpki_store_write(dir, KEY_NAME, al_buf_view(&pem), 0400)
			       : command_fail(CLI_REFUSED, "no key for the trust anchor");
		if (code == CLI_DONE)
			printf("new trust anchor %s in %s/" KEY_NAME ": keep copies of it where no network is\n",
			       key->name, dir);
	}
	if (pem.ptr != NULL)
		explicit_bzero(pem.ptr, pem.len);
	al_buf_release(&pem);
	return code;
}

static int memory_take(const char *dir, struct anchor_memory *memory)
{
	struct al_buf text;
	bool absent = false;
	int code;

	*memory = (struct anchor_memory){ 0 };
	al_buf_init(&text, ANCHOR_TEXT_MAX);
	code = rpki_store_read(dir, MEMORY_NAME, &text, &absent);
	if (code == CLI_DONE && !absent && anchor_memory_parse(al_buf_view(&text), memory) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s/" MEMORY_NAME " is damaged", dir);
	al_buf_release(&text);
	return code;
}

/* Remembered before anybody has it. */
static int memory_keep(const char *dir, const struct anchor_memory *memory)
{
	struct al_buf text;
	int code;

	al_buf_init(&text, ANCHOR_TEXT_MAX);
	anchor_memory_format(memory, &text);
	code = text.err == AL_OK ? rpki_store_write(dir, MEMORY_NAME, al_buf_view(&text), 0600)
				 : command_fail(CLI_REFUSED, "out of memory");
	al_buf_release(&text);
	return code;
}

/* What is about to be signed, for the person who signs it. */
static void show(const struct publisher *publisher)
{
	struct al_buf text;

	al_buf_init(&text, PUBLISHER_TEXT_MAX);
	al_buf_printf(&text, "%s\n", publisher->repository);
	resources_format(&publisher->resources, &text);
	for (size_t i = 0; i < publisher->key_count; i++)
		if (publisher->keys[i].role != PUBLISHER_OLD)
			al_buf_printf(&text, "key %s\n", publisher->keys[i].key.name);
	command_print(al_buf_view(&text));
	al_buf_release(&text);
}

static int sign(const char *dir, const struct publisher *publisher, struct al_buf *out)
{
	struct anchor_memory memory;
	struct ca_key key = { 0 };
	struct grant grant;
	enum al_err err;
	int code = key_take(dir, &key);

	grant_init(&grant);
	if (code == CLI_DONE)
		code = memory_take(dir, &memory);
	if (code == CLI_DONE) {
		err = anchor_sign(&key, publisher, al_now_s(), &memory, &grant);
		if (err == AL_ELIMIT)
			code = command_fail(
				CLI_REFUSED,
				"too many ceremonies in two years: take what has expired out of %s/" MEMORY_NAME, dir);
		else if (err != AL_OK)
			code = command_fail(CLI_REFUSED, "the trust anchor could not sign: %s", al_err_name(err));
	}
	if (code == CLI_DONE)
		code = memory_keep(dir, &memory);
	grant_write(&grant, out);
	if (code == CLI_DONE && out->err != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	grant_release(&grant);
	ca_key_release(&key);
	return code;
}

int rpki_sign(const struct words *words, const void *options)
{
	const char *dir = words->word[0], *asked = words->word[1], *into = words->word[2];
	struct publisher publisher;
	struct al_buf text, signed_text;
	char why[PUBLISHER_WHY];
	int code = CLI_DONE;

	(void)options;
	publisher_init(&publisher);
	al_buf_init(&text, PUBLISHER_TEXT_MAX);
	al_buf_init(&signed_text, GRANT_TEXT_MAX);
	if (file_read(asked, &text) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: %s", asked, strerror(errno));
	else if (publisher_parse(al_buf_view(&text), &publisher, why) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: %s", asked, why);
	if (code == CLI_DONE) {
		show(&publisher);
		code = sign(dir, &publisher, &signed_text);
	}
	if (code == CLI_DONE && file_write(into, al_buf_view(&signed_text), 0644) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", into, strerror(errno));
	if (code == CLI_DONE)
		printf("signed: carry %s back, and `alamo rpki accept` it\n", into);
	publisher_release(&publisher);
	al_buf_release(&text);
	al_buf_release(&signed_text);
	return code;
}

int rpki_ceremony(struct rpki_store *store, const char *anchor)
{
	char dir[PATH_MAX], asked[PATH_MAX], into[PATH_MAX];
	char *three[] = { dir, asked, into };
	struct words words = { three, AL_COUNT(three) };
	int code;

	if (al_slice_copy(al_slice_str(anchor), dir, sizeof(dir)) != AL_OK ||
	    file_join(store->dir, "request", asked, sizeof(asked)) != AL_OK ||
	    file_join(anchor, "answer", into, sizeof(into)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", anchor);
	code = rpki_sign(&words, NULL);
	return code == CLI_DONE ? rpki_take_answer(store, into) : code;
}
