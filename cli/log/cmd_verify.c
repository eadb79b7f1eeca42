/* SPDX-License-Identifier: MIT */
/*
 * cmd_verify.c -- `alamo verify`: read the whole log and check it.
 *
 * log_read checks the tree and the checkpoints; here every entry is decoded,
 * every signature of every request verified and the state folded. Whether the
 * registry kept to its rules is `alamo audit`'s question.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "alamo/rpsl/state.h"
#include "log_read.h"

struct options {
	struct log_read_options where;
};

struct verify {
	struct log_read read;
	struct al_state *state;
	uint64_t requests, signatures, unknown;
	uint64_t older; /* entries of a form that is no longer taken */
};

/* What a request's bytes say by themselves. */
struct checked {
	enum al_err err;   /* of its form, or of a signature */
	bool parsed;       /* it has its form */
	size_t signatures; /* that are good: all, or those before the bad one */
	unsigned stray_line;
};

static enum al_err signatures_check(const struct al_request *request, struct al_slice ns, size_t *good)
{
	struct al_sshkey key;
	enum al_err err = request->signature_count == 0 ? AL_ENOTFOUND : AL_OK;

	for (*good = 0; err == AL_OK && *good < request->signature_count; *good += err == AL_OK)
		err = al_sshsig_verify(request->signature[*good], ns, request->text, &key);
	return err;
}

/* NULL: no request, or no memory. */
static void *request_check(const struct log_read *read, struct al_slice bytes)
{
	struct al_request request;
	struct al_entry entry;
	struct checked *c;

	if (al_entry_decode(bytes, &entry) != AL_OK || !al_slice_is(entry.kind, "request") ||
	    (c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	al_request_init(&request);
	request.stored = true;
	c->err = al_request_parse(entry.body, &request, NULL);
	c->parsed = c->err == AL_OK;
	c->stray_line = request.stray_line;
	if (c->parsed)
		c->err = signatures_check(&request, al_slice_str(read->ns), &c->signatures);
	al_request_release(&request);
	return c;
}

static enum al_err request_count(struct verify *v, uint64_t index, const struct checked *c)
{
	unsigned long long at = index;

	if (c == NULL)
		command_fail(CLI_REFUSED, "out of memory at entry %llu", at);
	else if (!c->parsed)
		command_fail(CLI_UNVERIFIED, "entry %llu holds no request", at);
	else if (c->err == AL_ENOTFOUND)
		command_fail(CLI_UNVERIFIED, "entry %llu has no signature", at);
	else if (c->err != AL_OK)
		command_fail(CLI_UNVERIFIED, "entry %llu: signature %zu is not good (%s)", at, c->signatures + 1,
			     al_err_name(c->err));
	if (c == NULL || c->err != AL_OK)
		return AL_EVERIFY;
	if (c->stray_line > 0)
		printf("entry %llu: line %u is not text, but an older registry took it: the signature is good\n", at,
		       c->stray_line);
	v->older += c->stray_line > 0;
	v->signatures += c->signatures;
	v->requests++;
	return AL_OK;
}

static enum al_err entry_check(void *arg, uint64_t index, struct al_slice bytes)
{
	struct verify *v = arg;
	struct al_entry entry;
	enum al_err err = al_entry_decode(bytes, &entry);

	if (err == AL_OK)
		err = al_state_apply(v->state, bytes);
	if (err != AL_OK)
		command_fail(CLI_UNVERIFIED, "entry %llu does not apply: %s", (unsigned long long)index,
			     al_err_name(err));
	else if (al_slice_is(entry.kind, "request"))
		err = request_count(v, index, v->read.made);
	else
		v->unknown++;
	return err;
}

static void report_print(const struct verify *v)
{
	struct al_buf root;

	al_buf_init(&root, 256);
	al_buf_base64(&root, v->read.head.root.b, AL_HASH_LEN);
	printf("log         %s\nsize        %llu\nroot        %.*s\nrequests    %llu\nsignatures  %llu\n",
	       v->read.key.name, (unsigned long long)v->read.head.size, AL_FMT(al_buf_view(&root)),
	       (unsigned long long)v->requests, (unsigned long long)v->signatures);
	if (v->unknown > 0)
		printf("unknown     %llu entries of a kind this version does not know\n",
		       (unsigned long long)v->unknown);
	if (v->older > 0)
		printf("older       %llu entries of a form that is no longer taken\n", (unsigned long long)v->older);
	for (size_t cls = 0; cls < AL_CLASS_COUNT; cls++)
		if (al_state_count(v->state, (enum al_class)cls) > 0)
			printf("%-11s %zu\n", al_class_name((enum al_class)cls),
			       al_state_count(v->state, (enum al_class)cls));
	puts("verified: every entry, the tree, the checkpoint, every signature");
	al_buf_release(&root);
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct log_read_options where = options->where;
	struct verify v = { .state = NULL };
	int code;

	where.dir = words->count > 0 ? words->word[0] : NULL;
	code = log_read_begin(&v.read, &where);
	if (code == CLI_DONE && al_state_new(&v.state) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code == CLI_DONE) {
		v.read.what = "verify";
		v.read.ahead = request_check;
		v.read.unmade = free;
	}
	if (code == CLI_DONE)
		code = log_read_run(&v.read, entry_check, &v);
	if (code == CLI_DONE)
		report_print(&v);
	al_state_free(v.state);
	log_read_release(&v.read);
	return code;
}

static const struct command_form forms[] = { { NULL, "[DIR]", NULL, run } };

static const struct option_row rows[] = { LOG_READ_ROWS(struct options, where) };

const struct command command_verify = {
	.name = "verify",
	.group = GROUP_LOG,
	.help = "check the whole log: tree, checkpoints, signatures",
	.notes = "DIR is an authority's folder; without it the log is that of the registry at the server.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
