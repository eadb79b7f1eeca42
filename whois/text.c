/* SPDX-License-Identifier: MIT */
/* text.c -- lines of objects, in full and in brief. */
#include "text.h"

#include <assert.h>
#include <string.h>

#include "names.h"

/* "*an:" for "aut-num:", the value in its column. */
static void put_brief(struct al_slice line, struct al_buf *out)
{
	struct al_slice name, letters;
	int width;

	(void)al_slice_cut(&line, ':', &name);
	letters = whois_attr_short(name);
	width = AL_VALUE_COLUMN - 2 - (int)letters.len;
	al_buf_printf(out, "*%.*s:%*s%.*s\n", AL_FMT(letters), width > 1 ? width : 1, "", AL_FMT(al_slice_trim(line)));
}

void whois_put_line(struct al_slice line, bool brief, struct al_buf *out)
{
	if (brief) {
		put_brief(line, out);
		return;
	}
	al_buf_slice(out, line);
	al_buf_u8(out, '\n');
}

/* `name` with its colon; it and `value` are ours, and short. */
static void put_generated(const char *name, const char *value, bool brief, struct al_buf *out)
{
	char line[64];
	size_t name_len = strlen(name), len = strlen(value);

	assert(name_len <= AL_VALUE_COLUMN && len <= sizeof(line) - AL_VALUE_COLUMN);
	memset(line, ' ', AL_VALUE_COLUMN);
	memcpy(line, name, name_len);
	memcpy(line + AL_VALUE_COLUMN, value, len);
	whois_put_line(al_slice_of(line, AL_VALUE_COLUMN + len), brief, out);
}

static void put_time(const char *name, uint64_t time, bool brief, struct al_buf *out)
{
	char text[AL_TIME_STRLEN];

	al_time_format(time, text);
	put_generated(name, text, brief, out);
}

struct whois_shown whois_shown_object(const struct al_object *object, enum validity origin)
{
	return (struct whois_shown){ al_object_text(object), object->created, object->time, origin };
}

struct whois_shown whois_shown_version(const struct whois_version *version)
{
	return (struct whois_shown){ version->text, version->created, version->time, VALIDITY_NONE };
}

static void put_lines(struct al_slice text, bool brief, struct al_buf *out)
{
	struct al_slice line;

	if (!brief) {
		al_buf_slice(out, text);
		return;
	}
	while (al_slice_line(&text, &line))
		put_brief(line, out);
}

/* How much of `text` stands before its source line, or all of it. */
static size_t before_source(struct al_slice text)
{
	struct al_slice rest = text, line;

	while (al_slice_line(&rest, &line))
		if (al_slice_starts(line, "source:"))
			return (size_t)(line.ptr - text.ptr);
	return text.len;
}

void whois_put_shown(const struct whois_shown *shown, bool brief, struct al_buf *out)
{
	size_t own = before_source(shown->text);

	put_lines(al_slice_head(shown->text, own), brief, out);
	if (own < shown->text.len) {
		put_time("created:", shown->created, brief, out);
		put_time("last-modified:", shown->time, brief, out);
		if (shown->origin != VALIDITY_NONE)
			put_generated("rpki-ov-state:", validity_name(shown->origin), brief, out);
	}
	put_lines(al_slice_from(shown->text, own), brief, out);
}
