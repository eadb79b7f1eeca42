/* SPDX-License-Identifier: MIT */
/*
 * roa_verify.c -- `alamo roa verify`: a head and its set, by the log's key alone, or by the whole log again.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alamo/rpsl/entry.h"
#include "alamo/tlog/witness.h"
#include "file.h"
#include "origin_head.h"
#include "origin_set.h"
#include "roa.h"
#include "vrp_fold.h"

/* ---- from the log ---- */

/* The log read again up to the head's size. */
struct recount {
	struct log_read read;
	const struct origin_head *head;
	struct vrp_fold *fold;
	struct al_edge edge;
	bool reached;
	int code; /* of the comparison, once reached */
};

/* The entry's objects, as far as they are any of ours. */
static enum al_err recount_objects(struct recount *r, const struct al_entry *entry)
{
	const unsigned classes = 1u << AL_ROUTE | 1u << AL_ROUTE6 | 1u << AL_NODE | 1u << AL_PEERING;
	const struct al_build how = { .lines_only = true };
	struct al_object **objects = NULL;
	size_t count = 0;
	enum al_err err = AL_OK;

	if (al_slice_is(entry->kind, "request"))
		err = al_entry_objects(entry, classes, &how, &objects, &count);
	for (size_t i = 0; i < count && err == AL_OK; i++)
		err = vrp_fold_change(r->fold, objects[i]);
	al_entry_objects_free(objects, count);
	return err;
}

static int set_compare(const struct origin_head *head, const struct vrp_set *set)
{
	struct al_buf text;
	bool same;

	al_buf_init(&text, ORIGIN_SET_MAX);
	origin_set_write(set, &text);
	same = text.err == AL_OK && set->size == head->changed &&
	       origin_head_match(head, al_buf_view(&text)) == ORIGIN_SOUND;
	al_buf_release(&text);
	if (same)
		return CLI_DONE;
	return command_fail(CLI_UNVERIFIED, "the log gives another set at size %llu: %zu records, changed at %llu",
			    (unsigned long long)head->cp.size, set->count, (unsigned long long)set->size);
}

/* All entries of the head are there: is its tree the log's, and its set what the rule gives? */
static int recount_compare(struct recount *r)
{
	struct al_hash root = al_edge_root(&r->edge);
	struct vrp_history *history = NULL;
	const struct vrp_set *set = NULL;
	int code;

	if (!al_hash_eq(&root, &r->head->cp.root))
		return command_fail(CLI_UNVERIFIED, "the log has another root at size %llu: a fork",
				    (unsigned long long)r->head->cp.size);
	if (vrp_history_new(0, &history) != AL_OK || vrp_fold_take(r->fold, r->head->cp.size, history, &set) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	else
		code = set_compare(r->head, set);
	vrp_set_unref(set);
	vrp_history_free(history);
	return code;
}

static enum al_err recount_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct recount *r = arg;
	struct al_hash leaf = al_leaf_hash(bytes);
	struct al_entry entry;
	enum al_err err;

	if (r->reached)
		return AL_OK;
	err = al_entry_decode(bytes, &entry);
	if (err == AL_OK && entry.index != index)
		err = AL_EINVAL;
	if (err == AL_OK)
		err = recount_objects(r, &entry);
	if (err != AL_OK) {
		command_fail(CLI_UNVERIFIED, "entry %llu does not apply: %s", (unsigned long long)index,
			     al_err_name(err));
		return err;
	}
	al_edge_push(&r->edge, &leaf);
	if (index + 1 == r->head->cp.size) {
		r->reached = true;
		r->code = recount_compare(r);
		log_read_finish(&r->read, r->code);
	}
	return AL_OK;
}

static int recount_run(const struct log_read_options *where, const struct origin_head *head)
{
	struct recount r = { .head = head };
	int code = log_read_begin(&r.read, where);

	al_edge_init(&r.edge);
	if (code == CLI_DONE && vrp_fold_new(0, &r.fold) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code == CLI_DONE)
		code = log_read_run(&r.read, recount_entry, &r);
	if (code == CLI_DONE && !r.reached)
		code = command_fail(CLI_UNVERIFIED, "the log ends at size %llu, before the head's %llu",
				    (unsigned long long)r.read.head.size, (unsigned long long)head->cp.size);
	if (code == CLI_DONE)
		code = r.code;
	vrp_fold_free(r.fold);
	log_read_release(&r.read);
	return code;
}

/* ---- from the files ---- */

static int files_verify(const struct words *words, const struct origin_pin *pin, struct origin_head *head)
{
	struct al_buf note, set;
	enum origin_fault fault;
	int code = CLI_DONE;

	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_init(&set, ORIGIN_SET_MAX);
	if (file_read(words->word[0], &note) != AL_OK || file_read(words->word[1], &set) != AL_OK) {
		code = command_fail(CLI_USAGE, "%s, %s: %s", words->word[0], words->word[1], strerror(errno));
	} else {
		fault = origin_head_open(al_buf_view(&note), pin, head, NULL);
		if (fault == ORIGIN_SOUND)
			fault = origin_head_match(head, al_buf_view(&set));
		if (fault != ORIGIN_SOUND)
			code = command_fail(CLI_UNVERIFIED, "refused: %s", origin_fault_name(fault));
	}
	al_buf_release(&note);
	al_buf_release(&set);
	return code;
}

static void report(const struct origin_head *head, bool recounted)
{
	char generated[AL_TIME_STRLEN], expires[AL_TIME_STRLEN];

	al_time_format(head->generated, generated);
	al_time_format(head->expires, expires);
	printf("log         %s\nsize        %llu\nserial      %u\nrecords     %llu IPv4, %llu IPv6, %llu "
	       "ASPA\ngenerated   %s\n"
	       "expires     %s\n%s\n",
	       head->log, (unsigned long long)head->cp.size, vrp_serial(head->changed), (unsigned long long)head->vrps4,
	       (unsigned long long)head->vrps6, (unsigned long long)head->aspas, generated, expires,
	       recounted ? "verified: signatures, hashes, and every record from the log itself"
			 : "verified: signatures and hashes");
}

int roa_verify(const struct words *words, const void *arg)
{
	const struct roa_options *options = arg;
	struct log_read_options where = options->where;
	struct al_policy *witnesses = NULL;
	struct origin_head head;
	struct al_vkey log;
	bool recount = where.dir != NULL || where.stream != NULL;
	int code = log_read_key(options->log_key, &log);

	origin_head_init(&head);
	if (code == CLI_DONE)
		code = roa_policy(options->witnesses, &witnesses);
	if (code == CLI_DONE) {
		struct origin_pin pin = { .log = &log, .witnesses = witnesses, .now = roa_clock() };

		code = files_verify(words, &pin, &head);
	}
	where.key = options->log_key;
	if (code == CLI_DONE && recount)
		code = recount_run(&where, &head);
	if (code == CLI_DONE)
		report(&head, recount);
	origin_head_release(&head);
	al_policy_free(witnesses);
	return code;
}
