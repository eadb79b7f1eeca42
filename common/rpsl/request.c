/* SPDX-License-Identifier: MIT */
/*
 * request.c -- decoding of what a member sends: header, objects, signatures.
 *
 * Bounded everywhere: bytes, lines, objects, signatures. The bytes are copied
 * once and as they are; all slices of the result point into that copy.
 */
#include "alamo/rpsl/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/base/sha.h"
#include "alamo/base/text.h"
#include "alamo/rpsl/object.h"

static const char sig_begin[] = "-----BEGIN SSH SIGNATURE-----";
static const char sig_end[] = "-----END SSH SIGNATURE-----";
static const char contact_begin[] = "-----BEGIN CONTACT ";
static const char dashes[] = "-----";

void al_request_init(struct al_request *request)
{
	*request = (struct al_request){ .prevs = NULL };
	al_buf_init(&request->bytes, AL_REQUEST_MAX);
	al_buf_init(&request->attached, AL_REQUEST_CONTACTS_MAX * (AL_CONTACT_MAX + 256));
}

void al_request_release(struct al_request *request)
{
	al_buf_release(&request->bytes);
	al_buf_release(&request->attached);
	free(request->prevs);
	free(request->objects);
	al_request_init(request);
}

AL_PRINTF(2, 3)
static enum al_err refuse(struct al_report *report, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	al_report_add(report, AL_ERROR, AL_REPORT_WHOLE, AL_REPORT_WHOLE, "REQUEST-FORM", "%s", text);
	return AL_EINVAL;
}

/* ---- the edge ---- */

AL_PRINTF(2, 3)
static enum al_err because(char why[static AL_REQUEST_WHY_LEN], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, AL_REQUEST_WHY_LEN, fmt, args);
	va_end(args);
	return AL_EINVAL;
}

enum al_err al_request_line(struct al_slice *line, bool ended, char why[static AL_REQUEST_WHY_LEN])
{
	char fault[AL_TEXT_FAULT_LEN];

	if (ended && line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	if (line->len <= AL_REQUEST_LINE_MAX && al_text_ok(*line))
		return AL_OK;
	if (line->len > 0 && memchr(line->ptr, '\r', line->len) != NULL)
		return because(why, "has a CR that does not stand directly before its LF: lines end in LF or CR LF");
	if (line->len > 0 && memchr(line->ptr, '\0', line->len) != NULL)
		return because(why, "has a NUL byte in it");
	if (line->len > AL_REQUEST_LINE_MAX)
		return because(why, "is longer than 8192 bytes");
	al_text_fault(*line, fault);
	return because(why, "is not text (%s): UTF-8 without characters that control or cannot be seen is expected",
		       fault);
}

enum al_err al_request_read(struct al_slice raw, struct al_buf *out, struct al_report *report)
{
	struct al_slice line;
	char why[AL_REQUEST_WHY_LEN];

	for (unsigned number = 1; raw.len > 0; number++) {
		bool ended = al_slice_cut(&raw, '\n', &line);

		if (al_request_line(&line, ended, why) != AL_OK)
			return refuse(report, "line %u %s", number, why);
		al_buf_slice(out, line);
		if (ended)
			al_buf_u8(out, '\n');
	}
	return out->err;
}

/*
 * A copy, contact blocks apart. The text has passed the edge, so that nothing
 * may be different now: a CR is refused, or noted if it is in the log already.
 */
static enum al_err bytes_take(struct al_slice raw, struct al_request *request, struct al_report *report)
{
	const struct al_slice all = raw;
	size_t text_len = all.len; /* contact blocks stand last */
	struct al_slice line;
	char why[AL_REQUEST_WHY_LEN];

	for (unsigned number = 1; raw.len > 0; number++) {
		bool clean;

		(void)al_slice_cut(&raw, '\n', &line);
		clean = al_request_line(&line, false, why) == AL_OK;
		if (!clean &&
		    (!request->stored || line.len > AL_REQUEST_LINE_MAX || memchr(line.ptr, '\0', line.len) != NULL))
			return refuse(report, "line %u %s", number, why);
		if (!clean && request->stray_line == 0)
			request->stray_line = number;
		if (text_len == all.len && al_slice_starts(line, contact_begin))
			text_len = (size_t)(line.ptr - all.ptr);
	}
	al_buf_slice(&request->bytes, al_slice_head(all, text_len));
	al_buf_slice(&request->attached, al_slice_from(all, text_len));
	if (request->bytes.err == AL_ELIMIT || request->attached.err == AL_ELIMIT) {
		(void)refuse(report, "the request is larger than %u bytes", AL_REQUEST_MAX);
		return AL_ELIMIT;
	}
	return request->bytes.err != AL_OK ? request->bytes.err : request->attached.err;
}

/* ---- signatures ---- */

/* Offset of the first line that is `text`, or s.len. */
static size_t line_offset(struct al_slice s, const char *text)
{
	for (size_t from = 0; from < s.len; from++) {
		const char *at = memmem(s.ptr + from, s.len - from, text, strlen(text));
		struct al_slice rest, line;

		if (at == NULL)
			break;
		from = (size_t)(at - s.ptr);
		rest = al_slice_from(s, from);
		if ((from == 0 || at[-1] == '\n') && al_slice_line(&rest, &line) && al_slice_is(line, text))
			return from;
	}
	return s.len;
}

static enum al_err signatures_split(struct al_request *request, struct al_slice blocks, struct al_report *report)
{
	while (blocks.len > 0) {
		size_t end = line_offset(blocks, sig_end);

		if (!al_slice_starts(blocks, sig_begin))
			return refuse(report, "something other than a signature follows the objects");
		if (end == blocks.len)
			return refuse(report, "a signature block has no end");
		if (request->signature_count == AL_REQUEST_SIGNATURES_MAX)
			return refuse(report, "more than %d signatures", AL_REQUEST_SIGNATURES_MAX);
		end += sizeof(sig_end) - 1;
		if (end < blocks.len)
			end++; /* its LF */
		request->signature[request->signature_count++] = al_slice_head(blocks, end);
		blocks = al_slice_from(blocks, end);
		while (blocks.len > 0 && blocks.ptr[0] == '\n')
			blocks = al_slice_from(blocks, 1);
	}
	return AL_OK;
}

/* ---- contacts ---- */

/* "-----BEGIN CONTACT HANDLE-----": the handle, or empty. */
static struct al_slice contact_handle(struct al_slice line)
{
	if (!al_slice_starts(line, contact_begin) || !al_slice_ends(line, dashes) ||
	    line.len <= sizeof(contact_begin) + sizeof(dashes) - 2)
		return (struct al_slice){ NULL, 0 };
	line = al_slice_from(line, sizeof(contact_begin) - 1);
	return al_slice_head(line, line.len - (sizeof(dashes) - 1));
}

static bool contact_ends(struct al_slice line, struct al_slice handle)
{
	struct al_slice rest = al_slice_from(line, sizeof("-----END CONTACT ") - 1);

	return al_slice_starts(line, "-----END CONTACT ") && rest.len == handle.len + sizeof(dashes) - 1 &&
	       al_slice_ends(rest, dashes) && al_slice_eq(al_slice_head(rest, handle.len), handle);
}

/* Each line begins with a letter: nothing in it can pass for the registry's own words. */
static bool contact_lines_ok(struct al_slice text)
{
	struct al_slice line;

	while (al_slice_line(&text, &line))
		if (line.len == 0 || !((line.ptr[0] | 0x20) >= 'a' && (line.ptr[0] | 0x20) <= 'z') ||
		    memchr(line.ptr, ':', line.len) == NULL)
			return false;
	return true;
}

static enum al_err contact_add(struct al_request *request, struct al_slice handle, struct al_slice text,
			       struct al_report *report)
{
	struct al_contact *contact = &request->contact[request->contact_count];

	if (request->contact_count == AL_REQUEST_CONTACTS_MAX)
		return refuse(report, "more than %d contact blocks", AL_REQUEST_CONTACTS_MAX);
	if (text.len > AL_CONTACT_MAX || !al_slice_starts(text, "salt: "))
		return refuse(report, "a contact block begins with its salt: and has %d bytes at most", AL_CONTACT_MAX);
	if (!contact_lines_ok(text))
		return refuse(report, "a contact block has lines of a name, a colon and a value");
	contact->handle = handle;
	contact->text = text;
	al_sha256(&text, 1, contact->hash);
	request->contact_count++;
	return AL_OK;
}

static enum al_err contacts_split(struct al_request *request, struct al_report *report)
{
	struct al_slice rest = al_buf_view(&request->attached), line, handle;
	enum al_err err;

	while (al_slice_line(&rest, &line)) {
		const char *begin = rest.ptr;
		bool ended = false;

		if (line.len == 0)
			continue;
		handle = contact_handle(line);
		if (handle.len == 0)
			return refuse(report, "something other than a contact block follows the signatures");
		while (!ended && al_slice_line(&rest, &line))
			ended = contact_ends(line, handle);
		if (!ended)
			return refuse(report, "a contact block has no end");
		err = contact_add(request, handle, al_slice_of(begin, (size_t)(line.ptr - begin)), report);
		if (err != AL_OK)
			return err;
	}
	return AL_OK;
}

/* ---- header ---- */

struct header {
	struct al_request *request;
	struct al_slice prev; /* value of prev:, as typed */
	bool named;
	bool nonce;
};

static enum al_err header_name(struct header *h, struct al_slice value, struct al_report *report)
{
	if (value.len == 0 || value.len > AL_REQUEST_NAME_MAX)
		return refuse(report, "request: takes a name of 1 to %d bytes", AL_REQUEST_NAME_MAX);
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] <= 0x20 || (unsigned char)value.ptr[i] > 0x7e)
			return refuse(report, "request: takes one word of printable ASCII");
	h->request->name = value;
	h->named = true;
	return AL_OK;
}

static enum al_err header_attr(struct header *h, struct al_slice name, struct al_slice value, struct al_report *report)
{
	if (al_slice_caseis(name, "request"))
		return h->named ? refuse(report, "request: appears twice") : header_name(h, value, report);
	if (al_slice_caseis(name, "prev")) {
		if (h->request->prev_given)
			return refuse(report, "prev: appears twice");
		h->request->prev_given = true;
		h->prev = value;
		return AL_OK;
	}
	if (al_slice_caseis(name, "not-after")) {
		if (al_time_parse(value, &h->request->not_after) != AL_OK)
			return refuse(report, "not-after: takes a time as 2026-12-01T00:00:00Z");
		return AL_OK;
	}
	if (al_slice_caseis(name, "nonce")) {
		h->nonce = value.len > 0;
		return AL_OK;
	}
	if (al_slice_caseis(name, "control")) {
		if (h->request->control.len > 0 || value.len == 0)
			return refuse(report, "control: appears once, with a word of what to do");
		h->request->control = value;
		return AL_OK;
	}
	if (al_slice_caseis(name, "dry-run")) {
		h->request->dry_run = al_slice_caseis(value, "yes");
		return h->request->dry_run || al_slice_caseis(value, "no") ? AL_OK
									   : refuse(report, "dry-run: takes yes or no");
	}
	return refuse(report,
		      "\"%.*s\" is not a header of a request (request, prev, not-after, nonce, dry-run, control)",
		      AL_FMT(al_slice_head(name, 40)));
}

/* Header lines up to the first empty line, which is consumed. */
static enum al_err header_parse(struct header *h, struct al_slice *rest, struct al_report *report)
{
	struct al_slice line, name;
	enum al_err err;

	while (al_slice_line(rest, &line) && line.len > 0) {
		if (!al_slice_cut(&line, ':', &name))
			return refuse(report, "a header line has no colon");
		err = header_attr(h, name, al_slice_trim(line), report);
		if (err != AL_OK)
			return err;
	}
	return h->named ? AL_OK : refuse(report, "the request does not begin with request:");
}

/* ---- control requests ---- */

bool al_request_is_control(struct al_slice raw)
{
	struct al_slice line;

	while (al_slice_line(&raw, &line) && line.len > 0)
		if (al_slice_casestarts(line, "control:"))
			return true;
	return false;
}

/* What makes one good for a short time and once: see registry-server/request/control.c. */
static enum al_err control_check(const struct header *h, struct al_slice rest, struct al_report *report)
{
	const struct al_request *request = h->request;

	if (al_slice_trim(rest).len > 0 || request->attached.len > 0 || request->prev_given || request->dry_run)
		return refuse(report,
			      "a request with control: has no objects, no contact blocks, no prev:, no dry-run:");
	if (!h->nonce || request->not_after == 0)
		return refuse(report, "a request with control: has nonce: and not-after:");
	return AL_OK;
}

/* ---- objects ---- */

static enum al_err object_add(struct al_request *request, struct al_slice raw, struct al_report *report)
{
	struct al_slice *grown;

	if (request->object_count == AL_REQUEST_OBJECTS_MAX)
		return refuse(report, "more than %d objects", AL_REQUEST_OBJECTS_MAX);
	if (request->object_count % 16 == 0) {
		grown = realloc(request->objects, (request->object_count + 16) * sizeof(*grown));
		if (grown == NULL)
			return AL_ENOMEM;
		request->objects = grown;
	}
	request->objects[request->object_count++] = raw;
	return AL_OK;
}

static enum al_err objects_split(struct al_request *request, struct al_slice rest, struct al_report *report)
{
	const char *end = rest.ptr + rest.len;
	struct al_slice line, object = { NULL, 0 };
	enum al_err err;

	while (al_slice_line(&rest, &line)) {
		if (line.len > 0) {
			if (object.len == 0)
				object.ptr = line.ptr;
			object.len = (size_t)(line.ptr + line.len - object.ptr);
			if (object.ptr + object.len < end)
				object.len++; /* its LF */
			continue;
		}
		if (object.len > 0 && (err = object_add(request, object, report)) != AL_OK)
			return err;
		object.len = 0;
	}
	if (object.len > 0 && (err = object_add(request, object, report)) != AL_OK)
		return err;
	return request->object_count > 0 ? AL_OK : refuse(report, "the request has no object");
}

static enum al_err prev_value(struct al_slice word, uint64_t *out)
{
	if (al_slice_caseis(word, "none")) {
		*out = AL_PREV_NONE;
		return AL_OK;
	}
	return al_slice_u64(word, UINT64_MAX - 1, out);
}

/* One value for all objects, or one each. */
static enum al_err prevs_parse(struct al_request *request, struct al_slice value, struct al_report *report)
{
	struct al_slice word;
	size_t count = 0;

	request->prevs = calloc(request->object_count, sizeof(*request->prevs));
	if (request->prevs == NULL)
		return AL_ENOMEM;
	if (!request->prev_given)
		return refuse(report,
			      "prev: is missing (none for a new object, else the log index of its present version)");
	while (al_slice_word(&value, ",", &word)) {
		if (count == request->object_count || prev_value(word, &request->prevs[count]) != AL_OK)
			return refuse(report, "prev: takes none or a log index, one for all objects or one each");
		count++;
	}
	if (count == 1)
		for (size_t i = 1; i < request->object_count; i++)
			request->prevs[i] = request->prevs[0];
	else if (count != request->object_count)
		return refuse(report, "prev: has %zu values for %zu objects", count, request->object_count);
	return AL_OK;
}

void al_request_identity(struct al_slice body, uint8_t hash[static AL_HASH_LEN])
{
	const struct al_slice text = al_slice_head(body, line_offset(body, sig_begin));

	al_sha256(&text, 1, hash);
}

size_t al_request_signers(struct al_slice body, struct al_sshkey keys[static AL_REQUEST_SIGNATURES_MAX])
{
	struct al_request request = { .signature_count = 0 };
	size_t count = 0;

	if (signatures_split(&request, al_slice_from(body, line_offset(body, sig_begin)), NULL) != AL_OK)
		return 0;
	for (size_t i = 0; i < request.signature_count; i++)
		if (al_sshsig_key(request.signature[i], &keys[count]) == AL_OK)
			count++;
	return count;
}

enum al_err al_request_parse(struct al_slice raw, struct al_request *out, struct al_report *report)
{
	struct header header = { .request = out };
	struct al_slice all, rest;
	enum al_err err;
	size_t text_len;

	al_buf_reset(&out->bytes);
	al_buf_reset(&out->attached);
	out->stray_line = 0;
	err = bytes_take(raw, out, report);
	if (err != AL_OK)
		return err;
	all = al_buf_view(&out->bytes);
	text_len = line_offset(all, sig_begin);
	out->text = al_slice_head(all, text_len);
	out->signatures = al_slice_from(all, text_len);
	if (!out->stored)
		al_request_identity(all, out->hash);
	rest = out->text;
	err = header_parse(&header, &rest, report);
	if (err == AL_OK && out->takes_control != (out->control.len > 0))
		err = refuse(report, "control: stands in requests to the registry itself, and never in the log");
	if (err == AL_OK && out->takes_control)
		err = control_check(&header, rest, report);
	if (err == AL_OK && !out->takes_control)
		err = objects_split(out, rest, report);
	if (err == AL_OK && !out->takes_control)
		err = prevs_parse(out, header.prev, report);
	if (err == AL_OK)
		err = signatures_split(out, out->signatures, report);
	if (err == AL_OK)
		err = contacts_split(out, report);
	return err;
}
