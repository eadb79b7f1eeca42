/* SPDX-License-Identifier: MIT */
/*
 * framing.c -- framing of the request port, as a state machine of lines.
 *
 * A line is a question unless it begins "request:". A request runs to the end
 * of input, or to an empty line or a new "request:" behind its last signature
 * block.
 */
#include "framing.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alamo/rpsl/request.h"

void framing_init(struct framing *f)
{
	*f = (struct framing){ .state = FRAMING_IDLE };
	/* With room for contact blocks; what counts for the rest is judged when the request is decoded. */
	al_buf_init(&f->request, AL_REQUEST_MAX + AL_REQUEST_CONTACTS_MAX * AL_CONTACT_MAX);
}

void framing_release(struct framing *f)
{
	al_buf_release(&f->request);
}

AL_PRINTF(2, 3)
static enum framing_event bad(struct framing *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(f->why, sizeof(f->why), fmt, args);
	va_end(args);
	f->state = FRAMING_OVER;
	return FRAMING_BAD;
}

static bool starts_request(struct al_slice line)
{
	return al_slice_casestarts(line, "request:");
}

static bool ends_block(struct al_slice line)
{
	return al_slice_is(line, "-----END SSH SIGNATURE-----") ||
	       (al_slice_starts(line, "-----END CONTACT ") && al_slice_ends(line, "-----"));
}

static enum framing_event request_line(struct framing *f, struct al_slice line)
{
	al_buf_slice(&f->request, line);
	al_buf_u8(&f->request, '\n');
	if (f->request.err != AL_OK)
		return bad(f, "the request is too large (REQUEST-FORM)");
	f->state = ends_block(line) ? FRAMING_BEHIND : FRAMING_TEXT;
	return FRAMING_MORE;
}

void framing_cut(struct framing *f)
{
	f->state = FRAMING_IDLE;
	f->line = 0;
}

/* One line between two LF. *kept: it belongs to what comes next, and is to be seen again. */
static enum framing_event line_take(struct framing *f, struct al_slice line, bool ended, bool *kept)
{
	char why[AL_REQUEST_WHY_LEN];

	*kept = false;
	if (f->state == FRAMING_IDLE)
		f->line = 0;
	f->line++;
	if (al_request_line(&line, ended, why) != AL_OK)
		return bad(f, "line %u %s (REQUEST-FORM)", f->line, why);
	if (f->state == FRAMING_BEHIND && (line.len == 0 || starts_request(line))) {
		*kept = line.len > 0;
		framing_cut(f);
		return FRAMING_REQUEST;
	}
	if (f->state != FRAMING_IDLE)
		return request_line(f, line);
	if (starts_request(line)) {
		al_buf_reset(&f->request);
		return request_line(f, line);
	}
	f->question = line;
	return line.len > 0 ? FRAMING_QUESTION : FRAMING_MORE;
}

static enum framing_event input_end(struct framing *f)
{
	bool request = f->state == FRAMING_TEXT || f->state == FRAMING_BEHIND;

	f->state = FRAMING_OVER;
	return request ? FRAMING_REQUEST : FRAMING_END;
}

enum framing_event framing_next(struct framing *f, struct al_slice *rest, bool eof)
{
	enum framing_event event = FRAMING_MORE;
	bool kept = false, ended;

	while (f->state != FRAMING_OVER && rest->len > 0 && event == FRAMING_MORE) {
		struct al_slice ahead = *rest, line;

		ended = al_slice_cut(&ahead, '\n', &line);
		if (!ended && line.len > AL_REQUEST_LINE_MAX)
			return bad(f, "a line is longer than %u bytes (REQUEST-FORM)", AL_REQUEST_LINE_MAX);
		if (!ended && !eof)
			return FRAMING_MORE;
		event = line_take(f, line, ended, &kept);
		if (!kept)
			*rest = ahead;
	}
	if (event != FRAMING_MORE || !eof)
		return event;
	return f->state != FRAMING_OVER ? input_end(f) : FRAMING_END;
}
