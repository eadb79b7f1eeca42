/* SPDX-License-Identifier: MIT */
/*
 * cmd_why.c -- `alamo why`: is this AS the origin of that prefix, by which records, who signed them, and what would
 * mend it?
 *
 * Nobody is believed: the whole log is read under the pinned key and decided again, signatures included. Signers are
 * kept of those entries only that made a record around the prefix.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/entry.h"
#include "audit.h"
#include "json.h"
#include "log_ahead.h"
#include "why.h"

#define TEXT_MAX (1u << 20)

struct options {
	struct log_read_options where;
	const char *at;
	bool json;
};

/* Who signed an entry that made a record around the prefix. */
struct signed_entry {
	uint64_t index;
	size_t count;
	char key[AL_REQUEST_SIGNATURES_MAX][AL_SSH_FINGERPRINT_LEN];
};

struct inquiry {
	struct log_read read;
	struct audit *audit;
	struct al_moment at; /* zero: the present */
	struct al_edge edge; /* of what was looked at */
	bool found;          /* something that is not what the rules give; said so */
	struct why why;
	struct signed_entry last; /* of the entry at hand */
	struct signed_entry kept[VALIDITY_ROUTES_MAX];
	size_t kept_count;
};

static void finding_tell(void *arg, const struct audit_finding *finding)
{
	struct inquiry *i = arg;

	if (i->found || finding->kind == AUDIT_OLDER)
		return;
	i->found = true;
	command_fail(CLI_UNVERIFIED, "entry %llu of the log is not what the rules give: %s",
		     (unsigned long long)finding->index, audit_kinds[finding->kind].id);
}

static void signers_take(void *arg, uint64_t index, const struct al_sshkey *keys, size_t count)
{
	struct signed_entry *last = &((struct inquiry *)arg)->last;

	last->index = index;
	last->count = count < AL_REQUEST_SIGNATURES_MAX ? count : AL_REQUEST_SIGNATURES_MAX;
	for (size_t k = 0; k < last->count; k++)
		al_sshkey_fingerprint(&keys[k], last->key[k]);
}

/* Of the entries kept, those that no record is of any more make room. */
static bool is_used(const struct why *why, uint64_t index)
{
	for (unsigned r = 0; r < why->look.count; r++)
		if (why->look.records[r].route->index == index)
			return true;
	return false;
}

static void keep_signers(struct inquiry *i)
{
	size_t count = 0;

	for (size_t k = 0; k < i->kept_count; k++)
		if (is_used(&i->why, i->kept[k].index))
			i->kept[count++] = i->kept[k];
	if (count < VALIDITY_ROUTES_MAX)
		i->kept[count++] = i->last;
	i->kept_count = count;
}

/* Entries behind the moment are verified as part of the log, and not looked at. */
static bool is_behind(const struct inquiry *i, uint64_t index, struct al_slice bytes)
{
	struct al_entry entry;

	if (i->at.size > 0)
		return index >= i->at.size;
	return i->at.time > 0 && al_entry_decode(bytes, &entry) == AL_OK && entry.time > i->at.time;
}

static enum al_err entry_take(void *arg, uint64_t index, struct al_slice bytes)
{
	struct inquiry *i = arg;
	struct al_hash leaf;
	enum al_err err;

	if (is_behind(i, index, bytes))
		return AL_OK;
	leaf = al_leaf_hash(bytes);
	al_edge_push(&i->edge, &leaf);
	err = log_ahead_audited(&i->read, i->audit, bytes);
	if (err == AL_ENOMEM)
		command_fail(CLI_REFUSED, "out of memory at entry %llu", (unsigned long long)index);
	if (err != AL_OK || i->found)
		return err != AL_OK ? err : AL_EVERIFY;
	why_look(&i->why, audit_state(i->audit));
	if (i->last.index == index && is_used(&i->why, index))
		keep_signers(i);
	return AL_OK;
}

static void put_signers(const void *arg, uint64_t index, struct al_buf *out)
{
	const struct inquiry *i = arg;

	for (size_t k = 0; k < i->kept_count; k++)
		for (size_t s = 0; i->kept[k].index == index && s < i->kept[k].count; s++)
			al_buf_printf(out, "%s%s", s > 0 ? " " : "", i->kept[k].key[s]);
}

/* ---- the answer ---- */

/* The attributes of the text, those of a record in a list of their own. */
static json_t *answer_json(struct al_slice text)
{
	json_t *all = json_object(), *records = json_array(), *mend = json_array(), *at = all;
	struct al_slice line, name;
	char key[32];

	while (al_slice_line(&text, &line)) {
		if (!al_slice_cut(&line, ':', &name) || al_slice_copy(name, key, sizeof(key)) != AL_OK)
			continue;
		if (strcmp(key, "record") == 0) {
			at = json_object();
			json_array_append_new(records, at);
		}
		if (strcmp(key, "mend") == 0)
			json_array_append_new(mend, json_slice(al_slice_trim(line)));
		else if (strcmp(key, "signed") != 0)
			json_object_set_new(at, key, json_slice(al_slice_trim(line)));
		else if (json_object_get(at, key) == NULL)
			json_object_set_new(at, key, json_pack("[o]", json_slice(al_slice_trim(line))));
		else
			json_array_append_new(json_object_get(at, key), json_slice(al_slice_trim(line)));
	}
	json_object_set_new(all, "records", records);
	json_object_set_new(all, "mend", mend);
	return all;
}

static int answer_print(struct inquiry *i, bool json)
{
	struct al_hash head = al_edge_root(&i->edge);
	struct al_buf text, root;
	int code = CLI_DONE;

	al_buf_init(&text, TEXT_MAX);
	al_buf_init(&root, 64);
	al_buf_base64(&root, head.b, AL_HASH_LEN);
	why_look(&i->why, audit_state(i->audit));
	why_put(&i->why, &text);
	if (json) {
		json_t *all = answer_json(al_buf_view(&text));

		json_object_set_new(all, "size", json_integer((json_int_t)i->edge.size));
		json_object_set_new(all, "root", json_slice(al_buf_view(&root)));
		code = json_out(all);
	} else {
		command_print_remote(al_buf_view(&text));
		printf("\nlog %llu %.*s, every entry decided again\n", (unsigned long long)i->edge.size,
		       AL_FMT(al_buf_view(&root)));
	}
	al_buf_release(&text);
	al_buf_release(&root);
	return code;
}

static int inquiry_run(struct inquiry *i, const struct options *options)
{
	struct audit_opts opts = { .finding = finding_tell, .signers = signers_take, .arg = i };
	int code = log_read_begin(&i->read, &options->where);

	opts.ns = al_slice_str(i->read.ns);
	if (code == CLI_DONE && audit_new(&opts, &i->audit) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	log_ahead_audit(&i->read);
	if (code == CLI_DONE)
		code = log_read_run(&i->read, entry_take, i);
	if (code == CLI_DONE &&
	    (i->edge.size == 0 || i->edge.size < i->at.size || al_moment_ahead(&i->at, i->read.newest_s)))
		code = command_fail(
			CLI_REFUSED,
			"the log has no entry yet at that date, is not that long, or has not come to it: --at %s",
			options->at != NULL ? options->at : "");
	if (code == CLI_DONE)
		code = answer_print(i, options->json);
	audit_free(i->audit);
	log_read_release(&i->read);
	return code;
}

static int why_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct inquiry *i = calloc(1, sizeof(*i));
	char line[256];
	int code;

	if (i == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	(void)snprintf(line, sizeof(line), "%.100s %.100s", words->word[0], words->word[1]);
	i->why.signers = put_signers;
	i->why.arg = i;
	al_edge_init(&i->edge);
	if (options->at != NULL && al_moment_parse(al_slice_str(options->at), &i->at) != AL_OK)
		code = command_fail(CLI_USAGE,
				    "--at takes a size of the log or a date, 2026-11-29 or 2026-11-29T10:00:00Z");
	else if (why_parse(al_slice_str(line), &i->why) != AL_OK)
		code = command_fail(CLI_USAGE, "\"%s\" is not a prefix and an AS number, such as 192.0.2.0/24 AS64500",
				    line);
	else
		code = inquiry_run(i, options);
	free(i);
	return code;
}

static const struct command_form forms[] = { { NULL, "PREFIX AS", NULL, why_run } };

static const struct option_row rows[] = {
	{ .name = "dir",
	  .arg = "DIR",
	  OPTION_AT(struct options, where.dir),
	  .meaning = "folder of an authority: its log" },
	{ .name = "at",
	  .arg = "SIZE|DATE",
	  OPTION_AT(struct options, at),
	  .meaning = "as it was when the log had that size, or at the end of that day" },
	OPTION_JSON(struct options, json),
	LOG_READ_ROWS(struct options, where),
};

const struct command command_why = {
	.name = "why",
	.group = GROUP_LOG,
	.help = "is this AS the origin of that prefix? the records that say so, their signers, what would mend it",
	.notes = "The log is decided again, so nobody is believed; `alamo whois why PREFIX AS` asks the WHOIS server "
		 "the same.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
