/* SPDX-License-Identifier: MIT */
/*
 * cmd_audit.c -- `alamo audit`: read the whole log and decide it again.
 *
 * log_read checks the tree and the checkpoints; the auditor of the rule book
 * (rules/audit.h) says where an entry is not what the rules give. A finding is
 * one line, and the log may have many: those beyond a bound are only counted.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "audit_roa.h"
#include "json.h"
#include "log_ahead.h"

#define SHOWN_MAX 10000 /* findings */
#define FUTURE_S 300    /* how far the registry's clock may be ahead of ours */

struct options {
	struct log_read_options where;
	const char *roa;
	bool json;
};

struct inspection {
	struct log_read read;
	struct audit *audit;
	struct audit_counts counts;
	char roa[AUDIT_ROA_MAX]; /* empty: not asked for */
	json_t *findings;        /* empty unless they go out as JSON */
	bool json;
};

static void finding_show(void *arg, const struct audit_finding *finding)
{
	struct inspection *i = arg;
	const char *clause = finding->clause != NULL ? finding->clause : "";
	struct al_buf line;
	json_t *item;

	audit_finish(i->audit, &i->counts);
	if (i->counts.findings + i->counts.kinds[AUDIT_OLDER] > SHOWN_MAX)
		return;
	if (i->json) {
		item = json_object();
		json_object_set_new(item, "index", json_integer((json_int_t)finding->index));
		json_object_set_new(item, "kind", json_string(audit_kinds[finding->kind].id));
		json_object_set_new(item, "clause", finding->clause != NULL ? json_string(clause) : json_null());
		json_object_set_new(item, "text", json_slice(finding->text));
		json_array_append_new(i->findings, item);
		return;
	}
	al_buf_init(&line, 1024);
	al_buf_printf(&line, "entry %llu: %s: %.*s%s%s%s\n", (unsigned long long)finding->index,
		      audit_kinds[finding->kind].id, AL_FMT(finding->text), finding->clause != NULL ? " (" : "", clause,
		      finding->clause != NULL ? ")" : "");
	command_print_remote(al_buf_view(&line));
	al_buf_release(&line);
}

static enum al_err entry_audit(void *arg, uint64_t index, struct al_slice bytes)
{
	struct inspection *i = arg;
	enum al_err err;

	audit_clock(i->audit, al_now_s() + FUTURE_S);
	err = log_ahead_audited(&i->read, i->audit, bytes);
	if (err == AL_ENOMEM)
		command_fail(CLI_REFUSED, "out of memory at entry %llu", (unsigned long long)index);
	return err;
}

static void report_print(const struct inspection *i, struct al_slice root)
{
	printf("log         %s\nsize        %llu\nroot        %.*s\nrequests    %llu\nsignatures  %llu\n",
	       i->read.key.name, (unsigned long long)i->read.head.size, AL_FMT(root),
	       (unsigned long long)i->counts.requests, (unsigned long long)i->counts.signatures);
	if (i->counts.unknown > 0)
		printf("unknown     %llu entries of a kind this version does not know\n",
		       (unsigned long long)i->counts.unknown);
	for (size_t kind = 0; kind < AUDIT_KINDS; kind++)
		if (i->counts.kinds[kind] > 0)
			printf("%-11s %llu  %s\n", audit_kinds[kind].id, (unsigned long long)i->counts.kinds[kind],
			       audit_kinds[kind].text);
	if (i->roa[0] != '\0')
		printf("roa         %s\n", i->roa);
	if (i->counts.findings > 0)
		printf("NOT clean: %llu findings in %llu entries\n", (unsigned long long)i->counts.findings,
		       (unsigned long long)i->counts.entries);
	else
		puts("clean: every entry is what the rules give");
}

static void json_print(const struct inspection *i, struct al_slice root, bool clean)
{
	json_t *all = json_object(), *kinds = json_object();

	for (size_t kind = 0; kind < AUDIT_KINDS; kind++)
		if (i->counts.kinds[kind] > 0)
			json_object_set_new(kinds, audit_kinds[kind].id,
					    json_integer((json_int_t)i->counts.kinds[kind]));
	json_object_set_new(all, "log", json_string(i->read.key.name));
	json_object_set_new(all, "size", json_integer((json_int_t)i->read.head.size));
	json_object_set_new(all, "root", json_slice(root));
	json_object_set_new(all, "entries", json_integer((json_int_t)i->counts.entries));
	json_object_set_new(all, "requests", json_integer((json_int_t)i->counts.requests));
	json_object_set_new(all, "signatures", json_integer((json_int_t)i->counts.signatures));
	json_object_set_new(all, "unknown", json_integer((json_int_t)i->counts.unknown));
	json_object_set_new(all, "clean", json_boolean(clean));
	if (i->roa[0] != '\0')
		json_object_set_new(all, "roa", json_string(i->roa));
	json_object_set_new(all, "counts", kinds);
	json_object_set(all, "findings", i->findings);
	(void)json_out(all);
}

/* What there is to say, whether the log was read to its end or the audit could not go on. */
static int inspection_end(struct inspection *i, int code)
{
	bool clean = code == CLI_DONE && audit_finish(i->audit, &i->counts);
	struct al_buf root;

	if (code != CLI_DONE && i->counts.findings == 0)
		return code;
	al_buf_init(&root, 64);
	al_buf_base64(&root, i->read.head.root.b, AL_HASH_LEN);
	if (i->json)
		json_print(i, al_buf_view(&root), clean);
	else
		report_print(i, al_buf_view(&root));
	al_buf_release(&root);
	return clean ? CLI_DONE : CLI_UNVERIFIED;
}

static int inspection_new(struct inspection *i)
{
	struct audit_opts opts = { .ns = al_slice_str(i->read.ns), .finding = finding_show, .arg = i };

	i->findings = json_array();
	if (i->findings == NULL || audit_new(&opts, &i->audit) != AL_OK)
		return command_fail(CLI_REFUSED, "out of memory");
	return CLI_DONE;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct log_read_options where = options->where;
	struct inspection i = { .json = options->json };
	int code;

	where.dir = words->count > 0 ? words->word[0] : NULL;
	code = log_read_begin(&i.read, &where);
	if (code == CLI_DONE)
		code = inspection_new(&i);
	if (code == CLI_DONE) {
		i.read.what = "audit";
		log_ahead_audit(&i.read);
	}
	if (code == CLI_DONE)
		code = log_read_run(&i.read, entry_audit, &i);
	if (code == CLI_DONE && options->roa != NULL)
		code = audit_roa(audit_state(i.audit), options->roa, i.roa);
	if (i.audit != NULL)
		code = inspection_end(&i, code);
	json_decref(i.findings);
	audit_free(i.audit);
	log_read_release(&i.read);
	return code;
}

static const struct command_form forms[] = { { NULL, "[DIR]", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "roa",
	  .arg = "FILE",
	  OPTION_AT(struct options, roa),
	  .meaning = "writes the route origins that the log gives, as /roa/set has them; their length and hash are "
		     "shown" },
	OPTION_JSON(struct options, json),
	LOG_READ_ROWS(struct options, where),
};

const struct command command_audit = {
	.name = "audit",
	.group = GROUP_LOG,
	.help = "decide the whole log again: does every entry follow the rules?",
	.notes = "DIR is an authority's folder; without it the log is that of the registry at the server.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
