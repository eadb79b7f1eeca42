/* SPDX-License-Identifier: MIT */
/*
 * audit.c -- the auditor: decode, decide again, compare, apply as it stands.
 *
 * What agrees moves on by the objects of our own decision; what differs by
 * al_state_apply(), as every follower does. Index and time are put right for
 * our own use after the finding, so that one wrong number is one finding.
 */
#include "audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book.h"

const struct audit_kind_row audit_kinds[AUDIT_KINDS] = {
	[AUDIT_FORM] = { "FORM", "The bytes are no log entry (docs/formats.md)." },
	[AUDIT_INDEX] = { "INDEX", "The entry says another index than its place in the log." },
	[AUDIT_TIME] = { "TIME", "The entry's time lies before the entry's before it, or in the future." },
	[AUDIT_REPEATED] = { "REPEATED", "The same signed text is an earlier entry already." },
	[AUDIT_SIGNATURE] = { "SIGNATURE", "A signature is missing, or does not verify over this text." },
	[AUDIT_PREV] = { "PREV", "prev: does not name the object's version before this entry." },
	[AUDIT_REFUSED] = { "REFUSED", "The rules refuse the request, by the clause that is named." },
	[AUDIT_IDLE] = { "IDLE", "A dry run, or a request that changes nothing, became an entry." },
	[AUDIT_ALLOCATION] = { "ALLOCATION", "A placeholder was not filled with the number or block that was due." },
	[AUDIT_RESULT] = { "RESULT", "The result's letters do not say what the request does to its objects." },
	[AUDIT_BYTES] = { "BYTES", "The entry is not, byte for byte, what the decision gives." },
	[AUDIT_OLDER] = { "OLDER", "The entry stands, but its form is one that is no longer taken." },
	[AUDIT_END] = { "END", "The entry cannot be applied: the audit ends here, and so does every follower." },
};

struct audit {
	struct audit_opts opts;
	char ns[AUDIT_NAMESPACE_LEN];
	struct book *book;
	struct audit_counts counts;
	uint64_t time;   /* that the entry before said */
	uint64_t latest; /* of the caller's clock */
	bool over;
	struct al_buf fixed; /* an entry with index and time put right */
	struct al_buf ours;  /* what our decision gives */
};

enum al_err audit_new(const struct audit_opts *opts, struct audit **out)
{
	struct audit *a = calloc(1, sizeof(*a));
	enum al_err err;

	if (a == NULL)
		return AL_ENOMEM;
	a->opts = *opts;
	al_buf_init(&a->fixed, 2 * AL_ENTRY_MAX);
	al_buf_init(&a->ours, 2 * AL_ENTRY_MAX);
	err = al_slice_copy(opts->ns, a->ns, sizeof(a->ns));
	if (err == AL_OK)
		err = book_new(&a->book);
	if (err != AL_OK) {
		audit_free(a);
		return err;
	}
	*out = a;
	return AL_OK;
}

void audit_free(struct audit *a)
{
	if (a == NULL)
		return;
	book_free(a->book);
	al_buf_release(&a->fixed);
	al_buf_release(&a->ours);
	free(a);
}

bool audit_finish(const struct audit *a, struct audit_counts *out)
{
	*out = a->counts;
	return a->counts.findings == 0;
}

void audit_clock(struct audit *a, uint64_t latest)
{
	a->latest = latest;
}

const struct al_state *audit_state(const struct audit *a)
{
	return book_state(a->book);
}

/* Where the entry in hand stands. */
static uint64_t place(const struct audit *a)
{
	return al_state_size(book_state(a->book));
}

AL_PRINTF(4, 5)
static void find(struct audit *a, enum audit_kind kind, const char *clause, const char *fmt, ...)
{
	struct audit_finding finding = { .index = place(a), .kind = kind, .clause = clause };
	char text[600];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	finding.text = al_slice_str(text);
	a->counts.findings += kind != AUDIT_OLDER;
	a->counts.kinds[kind]++;
	if (a->opts.finding != NULL)
		a->opts.finding(a->opts.arg, &finding);
}

static enum al_err end(struct audit *a, const char *text)
{
	find(a, AUDIT_END, NULL, "%s", text);
	a->over = true;
	return AL_ECLOSED;
}

/* ---- the namespace of a log that nobody has told us about ---- */

/* Of a registry object, as it was typed; empty: it is none. */
static struct al_slice registry_name(struct al_slice raw)
{
	struct al_slice line = { NULL, 0 }, head;
	enum al_class cls;

	if (al_object_class(raw, &cls) != AL_OK || cls != AL_REGISTRY)
		return line;
	(void)al_slice_line(&raw, &line);
	(void)al_slice_cut(&line, ':', &head);
	(void)al_slice_cut(&line, '#', &head);
	return al_slice_trim(head);
}

enum al_err audit_namespace(struct al_slice body, char out[static AUDIT_NAMESPACE_LEN])
{
	struct al_slice name = { NULL, 0 };
	struct al_request request;
	enum al_err err;

	al_request_init(&request);
	request.stored = true;
	err = al_request_parse(body, &request, NULL);
	for (size_t i = 0; err == AL_OK && name.len == 0 && i < request.object_count; i++)
		name = registry_name(request.objects[i]);
	if (err != AL_ENOMEM)
		err = name.len == 0 || name.len > AL_SSH_NAMESPACE_MAX / 2 ? AL_ENOTFOUND : AL_OK;
	if (err == AL_OK) {
		(void)snprintf(out, AUDIT_NAMESPACE_LEN, "registry@%.*s", AL_FMT(name));
		for (char *c = out; *c != '\0'; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	}
	al_request_release(&request);
	return err;
}

/* ---- one decision against one entry ---- */

static enum audit_kind kind_of(const char *clause)
{
	if (strcmp(clause, "AUTH-SIGNATURE") == 0)
		return AUDIT_SIGNATURE;
	return strcmp(clause, "REQUEST-PREV") == 0 ? AUDIT_PREV : AUDIT_REFUSED;
}

/* One finding for each clause that refuses, however many objects it refuses. */
static void compare_refusals(struct audit *a, const struct decision *d)
{
	for (size_t i = 0; i < d->report.count; i++) {
		const struct al_message *item = &d->report.items[i];
		bool told = item->severity != AL_ERROR;

		for (size_t k = 0; k < i && !told; k++)
			told = d->report.items[k].severity == AL_ERROR &&
			       strcmp(d->report.items[k].clause, item->clause) == 0;
		if (!told && item->object == AL_REPORT_WHOLE)
			find(a, kind_of(item->clause), item->clause, "%s", item->text);
		else if (!told)
			find(a, kind_of(item->clause), item->clause, "object %u: %s", item->object + 1, item->text);
	}
}

/* What the rules of its time took and today's would not. */
static void name_older(struct audit *a, const struct decision *d)
{
	if (d->request.stray_line > 0)
		find(a, AUDIT_OLDER, NULL, "line %u of the request has a character that is no text",
		     d->request.stray_line);
	for (size_t i = 0; i < d->report.count; i++) {
		const struct al_message *item = &d->report.items[i];

		if (item->severity == AL_WARNING && item->clause != NULL)
			find(a, AUDIT_OLDER, item->clause, "object %u: %s", item->object + 1, item->text);
	}
}

static bool auto_same(const struct al_auto *x, const struct al_auto *y)
{
	return al_slice_eq(x->token, y->token) && al_slice_eq(x->value, y->value);
}

static bool compare_autos(struct audit *a, const struct decision *d, const struct al_entry *entry)
{
	size_t i = 0;

	while (i < d->auto_count && i < entry->auto_count && auto_same(&d->auto_views[i], &entry->autos[i]))
		i++;
	if (i < d->auto_count && i < entry->auto_count)
		find(a, AUDIT_ALLOCATION, NULL, "%.*s became %.*s, but %.*s %.*s was due",
		     AL_FMT(entry->autos[i].token), AL_FMT(entry->autos[i].value), AL_FMT(d->auto_views[i].token),
		     AL_FMT(d->auto_views[i].value));
	else if (i < d->auto_count)
		find(a, AUDIT_ALLOCATION, NULL, "%.*s was not filled; %.*s was due", AL_FMT(d->auto_views[i].token),
		     AL_FMT(d->auto_views[i].value));
	else if (i < entry->auto_count)
		find(a, AUDIT_ALLOCATION, NULL, "%.*s became %.*s, but the request has no such placeholder",
		     AL_FMT(entry->autos[i].token), AL_FMT(entry->autos[i].value));
	return i == d->auto_count && i == entry->auto_count;
}

static enum al_err compare_bytes(struct audit *a, const struct decision *d, struct al_slice bytes, bool told,
				 bool *same)
{
	struct al_slice ours;
	enum al_err err;
	size_t at = 0;

	al_buf_reset(&a->ours);
	err = decision_encode(d, &a->ours); /* which has room for any request: memory */
	ours = al_buf_view(&a->ours);
	*same = err == AL_OK && al_slice_eq(ours, bytes);
	if (err != AL_OK || *same || told)
		return err;
	while (at < ours.len && at < bytes.len && ours.ptr[at] == bytes.ptr[at])
		at++;
	find(a, AUDIT_BYTES, NULL, "byte %zu differs: the entry has %zu bytes, the decision gives %zu", at, bytes.len,
	     ours.len);
	return AL_OK;
}

/* *same: the entry is what our decision gives, whose objects may be used. */
static enum al_err compare(struct audit *a, const struct decision *d, const struct al_entry *entry,
			   struct al_slice bytes, bool *same)
{
	bool told = false;

	*same = false;
	if (!d->accepted)
		compare_refusals(a, d);
	if (d->actions != NULL)
		told = !compare_autos(a, d, entry);
	if (!d->accepted)
		return AL_OK;
	if (d->request.dry_run || !d->changes)
		find(a, AUDIT_IDLE, NULL,
		     d->request.dry_run ? "the request asked for a dry run" : "the request changes nothing");
	if (!told && !al_slice_is(entry->result, d->actions)) {
		told = true;
		find(a, AUDIT_RESULT, NULL, "the result is %.*s, but the request gives %s", AL_FMT(entry->result),
		     d->actions);
	}
	return compare_bytes(a, d, bytes, told, same);
}

/* ---- entries ---- */

static enum al_err apply(struct audit *a, struct al_slice bytes)
{
	enum al_err err = book_load(a->book, bytes);

	return err == AL_OK || err == AL_ENOMEM
		       ? err
		       : end(a, "its objects cannot be read, so no entry behind it can be judged");
}

static enum al_err request_read(struct al_slice body, struct al_slice ns, struct decision **out)
{
	struct decision *d = decision_new();
	enum al_err err = d == NULL ? AL_ENOMEM : AL_OK;

	if (err == AL_OK) {
		d->audit = true;
		err = decision_read(d, body, ns);
	}
	if (err == AL_OK)
		*out = d;
	else
		decision_free(d);
	return err;
}

struct decision *audit_read(struct al_slice bytes, struct al_slice ns)
{
	struct decision *d = NULL;
	struct al_entry entry;

	/* audit_entry_read() tries again what failed here, and has words for it. */
	if (al_entry_decode(bytes, &entry) == AL_OK && al_slice_is(entry.kind, "request") &&
	    request_read(entry.body, ns, &d) != AL_OK)
		return NULL;
	return d;
}

/* Takes `read`, which may be NULL; the book knows the request's text by `hash`. */
static enum al_err audit_request(struct audit *a, const struct al_entry *entry, struct al_slice bytes,
				 const uint8_t hash[static AL_HASH_LEN], struct decision *read)
{
	struct decision *d = read;
	bool same = false;
	enum al_err err = AL_OK;

	if (a->ns[0] == '\0' && audit_namespace(entry->body, a->ns) == AL_ENOMEM)
		err = AL_ENOMEM;
	if (err == AL_OK && d == NULL)
		err = request_read(entry->body, al_slice_str(a->ns), &d);
	if (err == AL_OK) {
		memcpy(d->request.hash, hash, AL_HASH_LEN);
		err = book_decide(a->book, d, entry->time);
	}
	if (err == AL_OK)
		name_older(a, d);
	if (err == AL_OK)
		err = compare(a, d, entry, bytes, &same);
	if (err == AL_OK) {
		a->counts.signatures += d->request.signature_count;
		if (same && a->opts.signers != NULL)
			a->opts.signers(a->opts.arg, entry->index, d->keys, d->key_count);
		err = same ? book_put(a->book, d) : apply(a, bytes);
	}
	decision_free(d);
	return err;
}

/* Index and time: said once, then put right in *entry and *bytes. */
static enum al_err check_place(struct audit *a, struct al_entry *entry, struct al_slice *bytes)
{
	uint64_t at = place(a), before = al_state_time(book_state(a->book)), time = entry->time;
	enum al_err err;

	if (entry->index != at)
		find(a, AUDIT_INDEX, NULL, "the entry says that it is entry %" PRIu64, entry->index);
	if (time < a->time)
		find(a, AUDIT_TIME, NULL, "time %" PRIu64 " lies before %" PRIu64 ", the time of the entry before",
		     time, a->time);
	if (a->latest != 0 && time > a->latest && a->time <= a->latest)
		find(a, AUDIT_TIME, NULL, "time %" PRIu64 " lies in the future", time);
	a->time = time;
	if (entry->index == at && time >= before)
		return AL_OK;
	entry->index = at;
	entry->time = time > before ? time : before;
	al_buf_reset(&a->fixed);
	err = al_entry_encode(entry, &a->fixed);
	if (err == AL_ENOMEM)
		return err;
	if (err != AL_OK)
		return end(a, "the entry with its right index and time would be too large");
	*bytes = al_buf_view(&a->fixed);
	return AL_OK;
}

/* An entry at its place. Takes `read`. */
static enum al_err audit_placed(struct audit *a, const struct al_entry *entry, struct al_slice bytes,
				struct decision *read)
{
	uint8_t hash[AL_HASH_LEN];
	uint64_t first;

	if (al_slice_is(entry->kind, "request")) {
		a->counts.requests++;
		al_request_identity(entry->body, hash);
		if (!book_find_text(a->book, hash, &first))
			return audit_request(a, entry, bytes, hash, read);
		find(a, AUDIT_REPEATED, NULL, "the same signed text is entry %" PRIu64, first);
	} else {
		a->counts.unknown++;
	}
	decision_free(read);
	return apply(a, bytes);
}

enum al_err audit_entry_read(struct audit *a, struct al_slice bytes, struct decision *read)
{
	struct al_entry entry;
	enum al_err err = a->over ? AL_ECLOSED : AL_OK;

	if (err == AL_OK) {
		a->counts.entries++;
		err = al_entry_decode(bytes, &entry);
		if (err != AL_OK) {
			find(a, AUDIT_FORM, NULL, "the entry cannot be decoded: %s", al_err_name(err));
			err = end(a, "no entry behind it can be judged");
		} else {
			err = check_place(a, &entry, &bytes);
		}
	}
	if (err == AL_OK)
		return audit_placed(a, &entry, bytes, read);
	decision_free(read);
	return err;
}

enum al_err audit_entry(struct audit *a, struct al_slice bytes)
{
	return audit_entry_read(a, bytes, NULL);
}
