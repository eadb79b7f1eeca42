/* SPDX-License-Identifier: MIT */
/*
 * reply.c -- answers in the words of the RIPE database: a summary, a line an
 * object, complaints under the attribute that they are about, the receipt.
 */
#include "reply.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/text.h"

static const char *action_word(char action)
{
	switch (action) {
	case AL_CREATE:
		return "Create";
	case AL_MODIFY:
		return "Modify";
	case AL_DELETE:
		return "Delete";
	default:
		return "No operation";
	}
}

static void put_message(struct al_buf *out, const struct al_message *message)
{
	static const char *const words[] = {
		[AL_INFO] = "***Info:    ", [AL_WARNING] = "***Warning: ", [AL_ERROR] = "***Error:   "
	};

	al_buf_printf(out, "%s%s", words[message->severity], message->text);
	if (message->clause != NULL)
		al_buf_printf(out, " (%s)", message->clause);
	al_buf_str(out, "\n");
}

static void put_messages(struct al_buf *out, const struct al_report *report, unsigned object, unsigned line)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].object == object && report->items[i].line == line)
			put_message(out, &report->items[i]);
}

static bool has_error(const struct al_report *report, unsigned object)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].object == object && report->items[i].severity == AL_ERROR)
			return true;
	return false;
}

void reply_line(struct al_slice line, struct al_buf *out)
{
	al_text_escape(line, out);
	al_buf_str(out, "\n");
}

/* The member's own lines, each with what there is to say of it. */
static void put_annotated(struct al_buf *out, const struct decision *d, unsigned number)
{
	struct al_slice rest = d->request.objects[number], line;

	al_buf_str(out, "\n");
	for (unsigned i = 0; al_slice_line(&rest, &line); i++) {
		reply_line(line, out);
		put_messages(out, &d->report, number, i);
	}
	put_messages(out, &d->report, number, AL_REPORT_WHOLE);
	al_buf_str(out, "\n");
}

/* "[class] key" of an object that may not have been built. */
static void put_subject(struct al_buf *out, const struct decision *d, unsigned number)
{
	const struct al_object *object = d->objects != NULL ? d->objects[number] : NULL;
	struct al_slice raw = d->request.objects[number], line = raw, name, value;
	char key[101];

	if (object != NULL) {
		al_buf_printf(out, "[%s] %.*s", al_class_name((enum al_class)object->cls),
			      AL_FMT(al_object_key(object)));
		return;
	}
	(void)al_slice_line(&raw, &line);
	(void)al_slice_cut(&line, ':', &name);
	(void)al_slice_cut(&line, '#', &value);
	al_text_clean(al_slice_trim(value), key, sizeof(key));
	al_buf_printf(out, "[%.*s] %s", AL_FMT(al_slice_head(name, 40)), key);
}

static void put_infos(struct al_buf *out, const struct decision *d, unsigned number)
{
	for (size_t i = 0; i < d->report.count; i++)
		if (d->report.items[i].object == number)
			put_message(out, &d->report.items[i]);
}

static void put_object(struct al_buf *out, const struct decision *d, unsigned number)
{
	bool failed = has_error(&d->report, number);
	char action = d->actions != NULL ? d->actions[number] : AL_CREATE;

	if (failed && action == AL_NO_OPERATION)
		action = AL_MODIFY; /* what was asked for, and failed, is something */
	al_buf_printf(out, "  %s %s: ", action_word(action), failed ? "FAILED" : d->accepted ? "SUCCEEDED" : "HELD");
	put_subject(out, d, number);
	al_buf_str(out, "\n");
	if (failed)
		put_annotated(out, d, number);
	else if (d->accepted)
		put_infos(out, d, number);
}

static void put_receipt(struct al_buf *out, const struct ledger_receipt *receipt, struct al_slice entry)
{
	al_buf_printf(out, "%% receipt: index %" PRIu64 ", checkpoint follows\n", receipt->index);
	al_receipt_format(receipt->index, receipt->proof, receipt->proof_count, receipt->note, entry, out);
}

static void put_summary(struct al_buf *out, const struct decision *d)
{
	struct al_slice name = d->request.name;

	al_buf_printf(out, "SUMMARY OF UPDATE: %.*s\n", AL_FMT(name.len > 0 ? name : AL_S("-")));
	put_messages(out, &d->report, AL_REPORT_WHOLE, AL_REPORT_WHOLE);
	if (d->objects != NULL)
		for (size_t i = 0; i < d->request.object_count; i++)
			put_object(out, d, (unsigned)i);
}

void reply_decision(const struct decision *d, const struct ledger_receipt *receipt, struct al_buf *out)
{
	put_summary(out, d);
	if (receipt != NULL)
		put_receipt(out, receipt, AL_S(""));
	else if (d->accepted && d->request.dry_run)
		al_buf_str(out, "% dry run: nothing was changed\n");
	else
		al_buf_str(out, "% nothing was changed\n");
	al_buf_str(out, REPLY_END);
}

void reply_queued(const struct decision *d, const struct ledger_queued *queued, struct al_buf *out)
{
	char hash[2 * AL_HASH_LEN + 1];

	put_summary(out, d);
	al_buf_printf(out, "%% queued: %" PRIu64 ", the hostmaster decides\n", queued->id);
	if (memcmp(queued->hash, d->request.hash, AL_HASH_LEN) != 0)
		al_buf_str(out, "% the same was asked for before, and waits already\n");
	(void)sodium_bin2hex(hash, sizeof(hash), queued->hash, AL_HASH_LEN);
	al_buf_printf(out, "%% what becomes of it: queue-status %s\n%s", hash, REPLY_END);
}

void reply_control(const struct decision *d, const char *note, struct al_buf *out)
{
	put_summary(out, d);
	al_buf_printf(out, "  Control SUCCEEDED: %.*s\n", AL_FMT(d->request.control));
	if (note != NULL)
		al_buf_printf(out, "%% %s\n", note);
	al_buf_str(out, "% the log is as it was\n" REPLY_END);
}

/* ---- from a stored entry ---- */

static void put_stored(struct al_buf *out, const struct al_entry *entry, struct al_slice raw, size_t number)
{
	struct al_build build = {
		.raw = raw,
		.autos = entry->autos,
		.auto_count = entry->auto_count,
		.lines_only = true,
		.stored = true,
	};
	struct al_object *object;
	bool deletes;

	if (al_object_build(&build, NULL, &object, &deletes) != AL_OK)
		return;
	al_buf_printf(out, "  %s SUCCEEDED: [%s] %.*s\n",
		      action_word(number < entry->result.len ? entry->result.ptr[number] : AL_CREATE),
		      al_class_name((enum al_class)object->cls), AL_FMT(al_object_key(object)));
	al_object_unref(object);
}

void reply_again(struct al_slice bytes, const struct ledger_receipt *receipt, struct al_buf *out)
{
	struct al_request request;
	struct al_entry entry;

	al_request_init(&request);
	request.stored = true;
	if (al_entry_decode(bytes, &entry) == AL_OK && al_request_parse(entry.body, &request, NULL) == AL_OK) {
		al_buf_printf(out, "SUMMARY OF UPDATE: %.*s\n", AL_FMT(request.name));
		for (size_t i = 0; i < request.object_count; i++)
			put_stored(out, &entry, request.objects[i], i);
		/* With the entry: it may be older than the asker's clock tells, and others may have signed it too. */
		put_receipt(out, receipt, bytes);
		al_buf_str(out, REPLY_END);
	} else {
		reply_error(out, "the stored entry cannot be read");
	}
	al_request_release(&request);
}

void reply_error(struct al_buf *out, const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	al_buf_printf(out, "%%ERROR: %s\n%s", text, REPLY_END);
}
