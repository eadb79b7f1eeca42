/* SPDX-License-Identifier: MIT */
/*
 * rpki_publish.c -- `alamo rpki publish`: the log's route origins as signed files, once or for ever.
 *
 *   log -> records -> brake -> what is due -> signed objects -> files -> switch
 */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/net/loop.h"
#include "alamo/tlog/keys.h"
#include "file.h"
#include "generation.h"
#include "issue.h"
#include "origin_brake.h"
#include "rpki.h"
#include "rpki_log.h"

#define BRAKE_PERCENT 25
#define PIN "checkpoint"

struct publish {
	struct rpki_log source; /* first: the tick's argument */
	const struct rpki_options *options;
	const char *dir;
	char key[PATH_MAX], pin[PATH_MAX];
};

/* The records to be published: the log's, or the last ones while these take too many routes away. */
static const struct vrp_set *brake(const struct publish *p, const struct generation *before, int *code)
{
	const struct vrp_set *set = p->source.set;
	unsigned percent = p->options->brake.given ? (unsigned)p->options->brake.value : BRAKE_PERCENT;
	size_t lost = before->set != NULL ? origin_lost(before->set, set, NULL) : 0;

	if (lost == 0 || p->options->release || !origin_brake(before->set, lost, percent))
		return set;
	*code = command_fail(
		CLI_REFUSED,
		"held: log size %llu takes %zu of %zu routes away: the last ones stay; --release lets it out",
		(unsigned long long)p->source.read.head.size, lost, before->set->count);
	return before->set;
}

static int make(const struct publish *p, const struct rpki_store *store, const struct generation *before,
		const struct issue_spec *spec)
{
	struct issue issue = { 0 };
	enum al_err err = issue_make(spec, &issue);
	int code;

	if (err == AL_ENOTFOUND)
		code = command_fail(CLI_REFUSED, "no key has a certificate: alamo rpki accept");
	else if (err != AL_OK)
		code = command_fail(CLI_REFUSED, "the objects could not be made: %s", al_err_name(err));
	else
		code = generation_write(store, before, &issue, spec->set);
	if (code == CLI_DONE) {
		generation_clean(p->dir, spec->now);
		printf("publication %llu: log size %llu, %zu records, %zu files, %zu of them newly signed\n",
		       (unsigned long long)issue.next.number, (unsigned long long)issue.next.size, spec->set->count,
		       issue.count, issue.made);
		if (issue.next.left_out > 0)
			printf("%llu records are outside of the certificate's resources: alamo rpki renew\n",
			       (unsigned long long)issue.next.left_out);
		(void)command_output_ok();
	}
	issue_release(&issue);
	return code;
}

static int step(const struct publish *p, struct rpki_store *store, struct generation *before)
{
	struct issue_spec spec = { .publisher = &store->publisher, .keys = store->keys, .grant = &store->grant };
	bool due = false;
	int held = CLI_DONE, code;

	spec.basis = store->basis;
	spec.before = &before->issued;
	spec.now = al_now_s();
	spec.set = brake(p, before, &held);
	spec.size = held == CLI_DONE ? p->source.read.head.size : before->issued.size;
	if (issue_due(&spec, &due) != AL_OK)
		return command_fail(CLI_REFUSED, "out of memory");
	if (!due && held == CLI_DONE && p->options->every.value == 0)
		printf("publication %llu: log size %llu, as before\n", (unsigned long long)before->issued.number,
		       (unsigned long long)spec.size);
	code = due ? make(p, store, before, &spec) : CLI_DONE;
	return code != CLI_DONE ? code : held;
}

/* Everything is read again each time: another command may have been here. */
static int turn(struct publish *p)
{
	struct rpki_store store;
	struct generation before;
	bool took = false;
	int code = rpki_store_begin(&store, p->dir);

	memset(&before, 0, sizeof(before));
	if (code == CLI_DONE)
		code = rpki_store_load(&store);
	if (code == CLI_DONE && !store.answered)
		code = command_fail(CLI_REFUSED, "%s: the trust anchor has signed nothing yet: alamo rpki sign, accept",
				    p->dir);
	if (code == CLI_DONE)
		code = rpki_take_over(&store, false, &took);
	if (code == CLI_DONE)
		code = rpki_store_keys(&store);
	if (code == CLI_DONE)
		code = generation_read(p->dir, &before);
	if (code == CLI_DONE)
		code = rpki_log_take(&p->source);
	if (code == CLI_DONE)
		code = step(p, &store, &before);
	generation_release(&before);
	rpki_store_release(&store);
	return code;
}

/* What went wrong is said, and tried again at the next tick. */
static void tick(void *arg)
{
	(void)turn(arg);
}

/*
 * The log's key is the one that the publisher was founded with, or one that came after it: what is at hand says so, the
 * authority's own file or what was typed.
 */
static bool key_at_hand(struct publish *p, const struct log_read_options *where, const struct al_vkey *founded)
{
	struct al_vkey key;

	if (p->options->log_key != NULL)
		(void)snprintf(p->key, sizeof(p->key), "%s", p->options->log_key);
	else if (where->dir == NULL || file_join(where->dir, "keys/log.pub", p->key, sizeof(p->key)) != AL_OK ||
		 access(p->key, R_OK) != 0)
		return false;
	return log_read_key(p->key, &key) == CLI_DONE && al_log_key_had(&key, founded);
}

static int where_is_log(struct publish *p, struct log_read_options *where)
{
	struct rpki_store store;
	struct al_buf vkey;
	int code = rpki_store_begin(&store, p->dir);

	if (code == CLI_DONE)
		code = rpki_store_load(&store);
	if (code == CLI_DONE && !store.answered)
		code = command_fail(CLI_REFUSED, "%s: the trust anchor has signed nothing yet: alamo rpki sign, accept",
				    p->dir);
	al_buf_init(&vkey, sizeof(p->key) - 1);
	al_vkey_format(&store.publisher.log, &vkey);
	if (code == CLI_DONE && !key_at_hand(p, where, &store.publisher.log))
		(void)snprintf(p->key, sizeof(p->key), "%.*s", AL_FMT(al_buf_view(&vkey)));
	al_buf_release(&vkey);
	rpki_store_release(&store);
	if (code == CLI_DONE && where->dir == NULL && where->stream == NULL)
		code = command_fail(CLI_USAGE, "--log or --stream says where the log is");
	where->key = p->key;
	where->pin = p->pin;
	return code;
}

int rpki_publish(const struct words *words, const void *arg)
{
	const struct rpki_options *options = arg;
	struct log_read_options where = options->where;
	struct publish p = { .options = options, .dir = words->word[0] };
	int code = where_is_log(&p, &where);

	(void)snprintf(p.pin, sizeof(p.pin), "%s/" PIN, p.dir);
	if (code != CLI_DONE)
		return code;
	code = rpki_log_begin(&p.source, &where);
	if (code == CLI_DONE && options->every.given) {
		p.source.read.follow = true;
		p.source.read.tick = tick;
		p.source.read.tick_s = (unsigned)options->every.value;
	}
	if (code == CLI_DONE)
		code = rpki_log_run(&p.source);
	if (code == CLI_DONE)
		code = turn(&p);
	rpki_log_release(&p.source);
	return code;
}
