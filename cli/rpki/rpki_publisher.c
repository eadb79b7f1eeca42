/* SPDX-License-Identifier: MIT */
/*
 * rpki_publisher.c -- the publisher's side of a ceremony: `init`, `renew`, `roll` ask, `accept` takes the answer.
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/net/loop.h"
#include "file.h"
#include "generation.h"
#include "rpki.h"
#include "rpki_log.h"

#define STAGING_S (24ull * 3600) /* RFC 6489 section 2: for so long a new key is only shown */

/* ---- what is asked ---- */

static int resources_read(const struct log_read_options *where, struct publisher *publisher)
{
	struct rpki_log source;
	int code = rpki_log_begin(&source, where);

	if (code == CLI_DONE)
		code = rpki_log_run(&source);
	if (code == CLI_DONE && resources_of_state(source.state, &publisher->resources) != AL_OK)
		code = command_fail(CLI_REFUSED, "the log has more than %d super-prefixes or as-blocks", RESOURCES_MAX);
	if (code == CLI_DONE && publisher->resources.prefix_count == 0)
		code = command_fail(CLI_REFUSED, "the log's registry object has no super-prefix");
	if (code == CLI_DONE)
		publisher->log = source.read.key;
	rpki_log_release(&source);
	return code;
}

/* Written down for the anchor, and carried to it if that is at hand. */
static int ask(struct rpki_store *store, const struct publisher *publisher, const char *anchor)
{
	int code = rpki_store_request_write(store, publisher);

	if (code == CLI_DONE && anchor != NULL)
		return rpki_ceremony(store, anchor);
	if (code == CLI_DONE)
		printf("%s/request is for the trust anchor: `alamo rpki sign` it there, and `alamo rpki accept` the "
		       "answer "
		       "here\n",
		       store->dir);
	return code;
}

static int options_take(const struct rpki_options *options, struct publisher *publisher)
{
	char why[PUBLISHER_WHY] = "";
	enum al_err err = AL_OK;

	if (options->repository != NULL)
		err = publisher_set_repository(publisher, al_slice_str(options->repository), why);
	if (err == AL_OK && options->notify != NULL)
		err = publisher_set_notify(publisher, al_slice_str(options->notify), why);
	for (size_t i = 0; i < options->locators.count && err == AL_OK; i++)
		err = publisher_add_locator(publisher, al_slice_str(options->locators.values[i]), why);
	return err == AL_OK ? CLI_DONE : command_fail(CLI_USAGE, "%s", why);
}

static int where_given(const struct rpki_options *options, struct log_read_options *where)
{
	*where = options->where;
	where->key = options->log_key;
	if (where->dir == NULL && (where->stream == NULL || where->key == NULL))
		return command_fail(CLI_USAGE, "--log, or --stream and --log-key, say where the log is");
	return CLI_DONE;
}

static int init(struct rpki_store *store, const struct rpki_options *options, const struct log_read_options *where)
{
	struct publisher publisher;
	bool absent = true;
	int code;

	publisher_init(&publisher);
	code = rpki_store_request_read(store, &publisher, &absent);
	if (code == CLI_DONE)
		code = rpki_store_load(store);
	if (code == CLI_DONE && (!absent || store->answered))
		code = command_fail(CLI_REFUSED, "%s has a publisher already", store->dir);
	if (code == CLI_DONE)
		code = options_take(options, &publisher);
	if (code == CLI_DONE)
		code = resources_read(where, &publisher);
	if (code == CLI_DONE)
		code = rpki_store_key_make(store, &publisher, PUBLISHER_ASKED);
	if (code == CLI_DONE)
		code = ask(store, &publisher, options->anchor);
	publisher_release(&publisher);
	return code;
}

int rpki_init(const struct words *words, const void *arg)
{
	const struct rpki_options *options = arg;
	struct log_read_options where;
	char keys[PATH_MAX];
	struct rpki_store store;
	int code = where_given(options, &where);

	if (code != CLI_DONE)
		return code;
	if ((mkdir(words->word[0], 0755) != 0 && errno != EEXIST) ||
	    file_join(words->word[0], "keys", keys, sizeof(keys)) != AL_OK ||
	    (mkdir(keys, 0700) != 0 && errno != EEXIST))
		return command_fail(CLI_REFUSED, "%s: %s", words->word[0], strerror(errno));
	code = rpki_store_begin(&store, words->word[0]);
	if (code == CLI_DONE)
		code = init(&store, options, &where);
	rpki_store_release(&store);
	return code;
}

/* ---- from what there is ---- */

/* What was asked last and not answered, else what is. */
static int asked_last(struct rpki_store *store, struct publisher *out)
{
	struct al_buf text;
	char why[PUBLISHER_WHY];
	bool absent = false;
	int code = rpki_store_load(store);

	if (code == CLI_DONE)
		code = rpki_store_request_read(store, out, &absent);
	if (code != CLI_DONE || !absent)
		return code;
	if (!store->answered)
		return command_fail(CLI_USAGE, "%s is no publisher's folder: alamo rpki init", store->dir);
	al_buf_init(&text, PUBLISHER_TEXT_MAX);
	if (publisher_format(&store->publisher, &text) != AL_OK ||
	    publisher_parse(al_buf_view(&text), out, why) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	al_buf_release(&text);
	return code;
}

int rpki_renew(const struct words *words, const void *arg)
{
	const struct rpki_options *options = arg;
	struct log_read_options where = options->where;
	struct publisher publisher;
	struct rpki_store store;
	int code;

	publisher_init(&publisher);
	code = rpki_store_begin(&store, words->word[0]);
	if (code == CLI_DONE)
		code = asked_last(&store, &publisher);
	if (code == CLI_DONE)
		code = options_take(options, &publisher);
	if (code == CLI_DONE && (where.dir != NULL || where.stream != NULL))
		code = where_given(options, &where);
	if (code == CLI_DONE && (where.dir != NULL || where.stream != NULL))
		code = resources_read(&where, &publisher);
	if (code == CLI_DONE)
		code = ask(&store, &publisher, options->anchor);
	publisher_release(&publisher);
	rpki_store_release(&store);
	return code;
}

/* ---- the answer ---- */

/* What the last publication still rests on may not go. */
static int key_unused(const struct rpki_store *store, const char *key)
{
	struct generation now;
	int code = generation_read(store->dir, &now);

	for (size_t i = 0; i < now.issued.file_count && code == CLI_DONE; i++)
		if (strstr(now.issued.files[i].path, ".mft") == NULL && strcmp(now.issued.files[i].key, key) == 0)
			code = command_fail(
				CLI_REFUSED,
				"%s still rests on the key that this answer revokes: alamo rpki publish, then again",
				now.issued.files[i].path);
	generation_release(&now);
	return code;
}

/* Resources and places as they were asked; keys go on their way. */
static int promote(struct rpki_store *store, struct publisher *asked, const struct grant *grant)
{
	struct publisher *publisher = &store->publisher;
	struct publisher_key *key;
	int code = CLI_DONE;

	if (!store->answered)
		publisher->log = asked->log;
	memcpy(publisher->repository, asked->repository, sizeof(publisher->repository));
	memcpy(publisher->notify, asked->notify, sizeof(publisher->notify));
	memcpy(publisher->locators, asked->locators, sizeof(publisher->locators));
	publisher->locator_count = asked->locator_count;
	publisher->resources = asked->resources;
	key = publisher_key_of(asked, PUBLISHER_ASKED);
	if (key != NULL && grant_has(grant, key->key.name) &&
	    publisher_add_key(publisher, &key->key,
			      publisher_key_of(publisher, PUBLISHER_CURRENT) != NULL ? PUBLISHER_NEXT
										     : PUBLISHER_CURRENT,
			      al_now_s()) != AL_OK)
		return command_fail(CLI_REFUSED, "there are three keys already");
	key = publisher_key_of(publisher, PUBLISHER_CURRENT);
	if (key == NULL || !grant_has(grant, key->key.name))
		return command_fail(CLI_UNVERIFIED, "the answer has no certificate for the key that signs");
	key = publisher_key_of(publisher, PUBLISHER_OLD);
	if (key != NULL && !grant_has(grant, key->key.name)) {
		code = key_unused(store, key->key.name);
		if (code == CLI_DONE)
			rpki_store_key_forget(store, key);
	}
	return code;
}

static int locator_write(const struct rpki_store *store, const struct grant *grant)
{
	const char *host = store->publisher.repository + strlen("rsync://");
	char name[CERT_URI_MAX];
	struct al_buf text;
	int code;

	(void)snprintf(name, sizeof(name), "%.*s.tal", (int)strcspn(host, "/:"), host);
	al_buf_init(&text, PUBLISHER_TEXT_MAX);
	code = publisher_locator(&store->publisher, &grant->anchor, &text) == AL_OK
		       ? rpki_store_write(store->dir, name, al_buf_view(&text), 0644)
		       : command_fail(CLI_REFUSED, "the locator could not be made");
	if (code == CLI_DONE)
		printf("accepted: trust anchor %s; validators get %s/%s\n", grant->anchor.name, store->dir, name);
	al_buf_release(&text);
	return code;
}

static int take(struct rpki_store *store, struct publisher *asked, struct al_slice pem, struct grant *grant)
{
	char why[PUBLISHER_WHY];
	int code = CLI_DONE;

	if (grant_read(pem, asked, grant, why) != AL_OK)
		return command_fail(CLI_UNVERIFIED, "the answer is refused: %s", why);
	if (store->answered && strcmp(store->grant.anchor.name, grant->anchor.name) != 0)
		return command_fail(CLI_UNVERIFIED, "the answer is refused: trust anchor %s, and validators have %s",
				    grant->anchor.name, store->grant.anchor.name);
	code = promote(store, asked, grant);
	al_buf_reset(&store->pem);
	al_buf_slice(&store->pem, pem);
	if (code == CLI_DONE)
		code = locator_write(store, grant);
	return code == CLI_DONE ? rpki_store_save(store) : code;
}

int rpki_take_answer(struct rpki_store *store, const char *path)
{
	struct publisher asked;
	struct grant grant;
	struct al_buf pem;
	char request[PATH_MAX];
	bool absent = false;
	int code;

	publisher_init(&asked);
	grant_init(&grant);
	al_buf_init(&pem, GRANT_TEXT_MAX);
	code = rpki_store_request_read(store, &asked, &absent);
	if (code == CLI_DONE && absent)
		code = command_fail(CLI_REFUSED, "nothing was asked: alamo rpki renew or roll");
	if (code == CLI_DONE && file_read(path, &pem) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
	if (code == CLI_DONE)
		code = take(store, &asked, al_buf_view(&pem), &grant);
	if (code == CLI_DONE && file_join(store->dir, "request", request, sizeof(request)) == AL_OK)
		(void)unlink(request);
	publisher_release(&asked);
	grant_release(&grant);
	al_buf_release(&pem);
	return code;
}

int rpki_accept(const struct words *words, const void *options)
{
	struct rpki_store store;
	int code = rpki_store_begin(&store, words->word[0]);

	(void)options;
	if (code == CLI_DONE)
		code = rpki_store_load(&store);
	if (code == CLI_DONE)
		code = rpki_take_answer(&store, words->word[1]);
	rpki_store_release(&store);
	return code;
}

/* ---- from one key to the next ---- */

int rpki_take_over(struct rpki_store *store, bool now, bool *done)
{
	struct publisher_key *next = publisher_key_of(&store->publisher, PUBLISHER_NEXT);
	struct publisher_key *current = publisher_key_of(&store->publisher, PUBLISHER_CURRENT);

	*done = next != NULL && current != NULL && publisher_key_of(&store->publisher, PUBLISHER_OLD) == NULL &&
		(now || al_now_s() >= next->since + STAGING_S);
	if (!*done)
		return CLI_DONE;
	current->role = PUBLISHER_OLD;
	next->role = PUBLISHER_CURRENT;
	current->since = next->since = al_now_s();
	return rpki_store_save(store);
}

/* The next step of the way, whichever it is. */
static int roll(struct rpki_store *store, struct publisher *asked, const struct rpki_options *options)
{
	bool took = false;
	int code;

	if (publisher_key_of(asked, PUBLISHER_ASKED) != NULL)
		return ask(store, asked, options->anchor);
	code = rpki_take_over(store, options->now, &took);
	if (code != CLI_DONE || took) {
		if (code == CLI_DONE)
			puts("the new key signs from now on: alamo rpki publish, then roll again to have the old one "
			     "revoked");
		return code;
	}
	if (publisher_key_of(&store->publisher, PUBLISHER_NEXT) != NULL)
		return command_fail(CLI_REFUSED,
				    "the new key is shown to validators for a day first; --now does not wait");
	if (publisher_key_of(&store->publisher, PUBLISHER_OLD) == NULL)
		code = rpki_store_key_make(store, asked, PUBLISHER_ASKED);
	return code == CLI_DONE ? ask(store, asked, options->anchor) : code;
}

int rpki_roll(const struct words *words, const void *options)
{
	struct publisher asked;
	struct rpki_store store;
	int code;

	publisher_init(&asked);
	code = rpki_store_begin(&store, words->word[0]);
	if (code == CLI_DONE)
		code = asked_last(&store, &asked);
	if (code == CLI_DONE && !store.answered)
		code = command_fail(CLI_REFUSED, "%s: the trust anchor has signed nothing yet", words->word[0]);
	if (code == CLI_DONE)
		code = roll(&store, &asked, options);
	publisher_release(&asked);
	rpki_store_release(&store);
	return code;
}
