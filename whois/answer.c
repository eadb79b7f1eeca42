/* SPDX-License-Identifier: MIT */
/*
 * answer.c -- renders answers: header, objects or an error, footer.
 *
 * Everything is written into one bounded buffer, so that the connection makes
 * one write an answer. Text of the client is echoed as printable ASCII only.
 */
#include "answer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contact.h"
#include "nrtm.h"
#include "past.h"
#include "reason.h"
#include "template.h"
#include "text.h"
#include "versions.h"

#define ECHO_MAX 100

void whois_put_printable(struct al_slice text, struct al_buf *out)
{
	size_t i;

	for (i = 0; i < text.len && i < ECHO_MAX; i++)
		al_buf_u8(out, text.ptr[i] >= 0x20 && text.ptr[i] <= 0x7e ? (uint8_t)text.ptr[i] : '?');
	if (text.len > ECHO_MAX)
		al_buf_str(out, "...");
}

static void put_header(const struct whois_view *view, struct al_buf *out)
{
	al_buf_str(out, "% This is the ");
	if (al_state_registry(view->state) != NULL) {
		al_buf_slice(out, whois_view_source(view));
		al_buf_str(out, " ");
	}
	al_buf_str(out, "registry query service.\n");
	al_buf_str(out, "% Objects are in RPSL form; \"help\" explains the flags.\n\n");
}

/* One head stands under many answers: its line is written out when it changes. */
static void put_head(const struct al_checkpoint *head, struct al_buf *out)
{
	static _Thread_local struct {
		struct al_hash root;
		uint64_t size;
		char text[96];
	} last;
	struct al_buf line;

	if (last.size != head->size || memcmp(&last.root, &head->root, sizeof(last.root)) != 0) {
		al_buf_init(&line, sizeof(last.text));
		al_buf_printf(&line, "%% log %" PRIu64 " ", head->size);
		al_buf_base64(&line, head->root.b, sizeof(head->root.b));
		al_buf_str(&line, "\n");
		if (line.err == AL_OK && al_slice_copy(al_buf_view(&line), last.text, sizeof(last.text)) == AL_OK) {
			last.root = head->root;
			last.size = head->size;
		} else {
			out->err = out->err != AL_OK ? out->err : AL_ENOMEM;
		}
		al_buf_release(&line);
	}
	al_buf_str(out, last.text);
}

static void put_footer(const struct whois_view *view, struct al_buf *out)
{
	if (view->stale_s > 0)
		al_buf_printf(out,
			      "%% Warning: this may be old. Nothing newer was heard from the registry for %" PRIu64
			      " minutes.\n",
			      (view->stale_s + 59) / 60);
	if (view->head.size > 0)
		put_head(&view->head, out);
	al_buf_str(out, "% This query was served by alamo-whoisd " ALAMO_VERSION "\n\n\n");
}

/* ---- objects ---- */

/* What makes the key, and, when asked for, of sets what is in them. */
static void put_keys(const struct al_object *object, bool members, bool brief, struct al_buf *out)
{
	struct al_slice rest = al_object_text(object), line, name, value;
	const struct al_attr_rule *rule;

	while (al_slice_line(&rest, &line)) {
		value = line;
		(void)al_slice_cut(&value, ':', &name);
		rule = al_class_rule((enum al_class)object->cls, name);
		if (rule != NULL && ((rule->flags & AL_PRIMARY) != 0 ||
				     (members && (al_slice_is(name, "members") || al_slice_is(name, "mp-members")))))
			whois_put_line(line, brief, out);
	}
}

/* -b: the handle of whoever answers for the object. */
static void put_contact(const struct whois_view *view, const struct al_object *object, struct al_buf *out)
{
	struct al_slice handle = whois_contact_of(view, object);

	if (handle.len == 0) {
		al_buf_printf(out, "%% No abuse contact registered for %.*s\n\n", AL_FMT(al_object_key(object)));
		return;
	}
	al_buf_printf(out, "%% Abuse contact for '%.*s' is '%.*s'\n\n", AL_FMT(al_object_key(object)), AL_FMT(handle));
	put_keys(object, false, false, out);
	al_buf_printf(out, "%-*s%.*s\n\n", AL_VALUE_COLUMN, "abuse-c:", AL_FMT(handle));
}

static void put_object(const struct whois_job *job, struct al_buf *out)
{
	const struct whois_query *query = &job->how;
	const struct al_object *object = job->result.items[job->at];
	struct whois_shown shown = whois_shown_object(
		object, job->origins != NULL ? (enum validity)job->origins[job->at] : VALIDITY_NONE);

	if (query->contact_only) {
		put_contact(&job->view, object, out);
		return;
	}
	al_buf_str(out, "% Information related to '");
	al_buf_slice(out, al_object_key(object));
	al_buf_str(out, "'\n\n");
	if (query->keys_only)
		put_keys(object, true, query->brief, out);
	else
		whois_put_shown(&shown, query->brief, out);
	al_buf_str(out, "\n");
}

static void put_notes(const struct whois_result *result, struct al_buf *out)
{
	char text[AL_PREFIX_STRLEN];

	if (result->key_changed) {
		al_prefix_format(&result->key, text);
		al_buf_printf(out, "%%WARNING:905: host bits ignored\n%%\n%% Looked for %s.\n\n", text);
	}
	if (result->match_ignored)
		al_buf_str(out, "%WARNING:902: flag without effect\n%\n"
				"% -l, -L, -m and -M need an address or a prefix.\n\n");
}

static void put_truncated(size_t count, struct al_buf *out)
{
	al_buf_printf(out,
		      "%% Answer truncated after %zu objects. Narrow it: a longer prefix, -m for -M,\n"
		      "%% -T with one class, or another inverse key; -K gives the keys alone.\n\n",
		      count);
}

static void put_nothing(const struct whois_view *view, struct al_buf *out)
{
	al_buf_printf(out, "%%ERROR:101: no entries found\n%%\n%% No entries found in source %.*s.\n\n",
		      AL_FMT(whois_view_source(view)));
}

bool whois_answer_more(struct whois_job *job, struct al_buf *out)
{
	struct whois_result *result = &job->result;
	size_t start = out->len, before;
	bool full = false;

	/* -b looks at more than the versions that are held, so it is written in one go; its bound is lower. */
	while (job->at < result->count && (job->how.contact_only || out->len - start < WHOIS_PIECE_BYTES)) {
		before = out->len;
		put_object(job, out);
		if (job->body + (out->len - before) > WHOIS_BODY_MAX) {
			out->len = before;
			full = result->truncated = true;
			break;
		}
		job->body += out->len - before;
		job->at++;
	}
	if (job->at < result->count && !full)
		return false;
	if (result->truncated)
		put_truncated(job->at, out);
	if (result->count == 0)
		put_nothing(&job->view, out);
	put_footer(&job->view, out);
	return true;
}

/* ---- errors and the rest ---- */

static void put_error(const struct whois_error *error, struct al_buf *out)
{
	al_buf_printf(out, "%%ERROR:%03u: %s\n%%\n", error->number, whois_error_text(error->number));
	if (error->subject.len > 0) {
		al_buf_str(out, "% It is about \"");
		whois_put_printable(error->subject, out);
		al_buf_str(out, "\".\n");
	}
	al_buf_printf(out, "%% %s\n\n", whois_error_advice(error->number));
}

void whois_answer_error(const struct whois_view *view, const struct whois_error *error, struct al_buf *out)
{
	put_header(view, out);
	put_error(error, out);
	put_footer(view, out);
}

/* False: an error, which is written. */
static bool find(const struct whois_query *query, struct whois_job *job, struct al_buf *out)
{
	struct whois_error error = { 100, { NULL, 0 } };
	enum al_err err = AL_EINVAL;

	if (job->view.head.size > 0)
		err = whois_lookup(&job->view, query, &job->result, &error);
	if (err == AL_OK) {
		whois_job_origins(job);
		return true;
	}
	if (err == AL_ENOMEM)
		error.number = 0; /* "internal error" */
	put_error(&error, out);
	whois_job_release(job);
	return false;
}

static void put_versions(const struct whois_view *view, const struct whois_query *query, struct al_buf *out)
{
	struct whois_error error = { 100, { NULL, 0 } };

	if (view->head.size > 0 && whois_put_versions(view, query, out, &error) == AL_OK)
		return;
	if (error.number == 101)
		put_nothing(view, out);
	else
		put_error(&error, out);
}

static void put_why(const struct whois_view *view, const struct whois_query *query, struct al_buf *out)
{
	struct whois_error error = { view->head.size == 0 ? 100 : 119, query->key };
	struct why *why = whois_reason(view, query->key);

	if (view->head.size > 0 && why != NULL) {
		why_put(why, out);
		al_buf_str(out, "\n");
	} else {
		put_error(&error, out);
	}
	free(why);
}

static void put_sources(const struct whois_view *view, struct al_buf *out)
{
	static const struct whois_error not_ready = { 100, { NULL, 0 } };

	if (view->head.size == 0) {
		put_error(&not_ready, out);
		return;
	}
	/* NAME:version:mirroring:first-last, as NRTM clients know it; X: you may mirror. */
	al_buf_printf(out, "%.*s:3:X:", AL_FMT(whois_view_source(view)));
	whois_put_serials(view, out);
	al_buf_str(out, "\n\n");
}

/* ---- the past ---- */

static bool begin_objects(const struct whois_view *view, const struct whois_query *query, struct whois_job *job,
			  struct al_buf *out)
{
	job->view = *view;
	job->how = *query;
	if (!find(query, job, out))
		return false;
	put_notes(&job->result, out);
	job->kind = WHOIS_JOB_OBJECTS;
	return true;
}

/* True: there is a way to it, and `job` goes it. */
static bool begin_past(const struct whois_view *view, const struct whois_query *query, struct whois_job *job,
		       struct al_buf *out)
{
	struct whois_error error = { 100, { NULL, 0 } };
	uint64_t size = 0;
	enum al_err err = AL_ENOTFOUND;

	if (view->head.size > 0) {
		err = whois_past_size(view->past, view, query->at, &size);
		error.number = whois_past_number(err);
	}
	if (err == AL_OK)
		err = al_slice_copy(query->line, job->name, sizeof(job->name));
	if (err != AL_OK) {
		put_error(&error, out);
		return false;
	}
	whois_job_go_back(job, view, size);
	return true;
}

static void put_moment(const struct whois_view *view, struct al_buf *out)
{
	char time[AL_TIME_STRLEN];

	al_time_format(al_state_time(view->state), time);
	al_buf_printf(out, "%% The registry as it was at size %" PRIu64 " of the log, since %s.\n\n", view->head.size,
		      time);
}

/* The state is there: from now on it is as with any other, but that it may be gone with the next piece. */
static bool ask_past(const struct whois_view *then, struct whois_job *job, struct al_buf *out)
{
	char line[sizeof(job->name)];
	struct whois_query query;
	struct whois_error error;

	whois_job_arrive(job, line);
	put_moment(then, out);
	if (whois_query_parse(al_slice_str(line), &query, &error) != AL_OK) {
		put_error(&error, out);
	} else if (query.kind == WHOIS_WHY) {
		put_why(then, &query, out);
	} else if (begin_objects(then, &query, job, out)) {
		return whois_answer_more(job, out);
	}
	put_footer(then, out);
	return true;
}

bool whois_answer_past(struct whois_job *job, struct al_buf *out)
{
	static const struct whois_error broken = { 0, { NULL, 0 } };
	struct whois_view then;
	struct whois_past *past = job->past;
	enum al_err err = whois_past_step(past, &job->view, job->at, job, &then);
	bool done;

	if (err == AL_EAGAIN)
		return false;
	if (err == AL_OK) {
		done = ask_past(&then, job, out);
		if (!done)
			whois_job_hold(job);
		whois_past_done(past);
		return done;
	}
	put_error(&broken, out);
	put_footer(&job->view, out);
	return true;
}

void whois_answer(const struct whois_view *view, const struct whois_query *query, struct whois_job *job,
		  struct al_buf *out)
{
	if (query->kind == WHOIS_NRTM) {
		whois_nrtm(view, query, job, out);
		return;
	}
	put_header(view, out);
	switch (query->kind) {
	case WHOIS_LOOKUP:
	case WHOIS_INVERSE:
		if (query->past ? begin_past(view, query, job, out) : begin_objects(view, query, job, out))
			return;
		break;
	case WHOIS_TEMPLATE:
	case WHOIS_VERBOSE:
		whois_put_template(query->cls, query->kind == WHOIS_VERBOSE, out);
		break;
	case WHOIS_SOURCES:
		put_sources(view, out);
		break;
	case WHOIS_VERSION:
		al_buf_str(out, "% alamo-whoisd-" ALAMO_VERSION "\n\n");
		break;
	case WHOIS_TYPES:
		whois_put_types(out);
		break;
	case WHOIS_HELP:
		whois_put_help(out);
		break;
	case WHOIS_LIST_VERSIONS:
	case WHOIS_SHOW_VERSION:
	case WHOIS_DIFF_VERSIONS:
		put_versions(view, query, out);
		break;
	case WHOIS_WHY:
		if (query->past && begin_past(view, query, job, out))
			return;
		if (!query->past)
			put_why(view, query, out);
		break;
	case WHOIS_NRTM:
	case WHOIS_NOTHING:
	case WHOIS_KEEP:
	case WHOIS_IRRD:
		break;
	}
	put_footer(view, out);
}
