/* text.c -- lines of objects, in full and in brief. */
#include "text.h"

#include <stdio.h>

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

static void put_generated(const char *name, const char *value, bool brief, struct al_buf *out)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%-*s%s", AL_VALUE_COLUMN, name, value);

	whois_put_line(al_slice_of(line, len > 0 ? (size_t)len : 0), brief, out);
}

static void put_time(const char *name, uint64_t time, bool brief, struct al_buf *out)
{
	char text[AL_TIME_STRLEN];

	al_time_format(time, text);
	put_generated(name, text, brief, out);
}

struct whois_shown whois_shown_object(const struct al_object *object, enum whois_origin origin)
{
	return (struct whois_shown){ al_object_text(object), object->created, object->time, origin };
}

struct whois_shown whois_shown_version(const struct whois_version *version)
{
	return (struct whois_shown){ version->text, version->created, version->time, WHOIS_ORIGIN_NONE };
}

void whois_put_shown(const struct whois_shown *shown, bool brief, struct al_buf *out)
{
	struct al_slice rest = shown->text, line;

	while (al_slice_line(&rest, &line)) {
		if (al_slice_starts(line, "source:")) {
			put_time("created:", shown->created, brief, out);
			put_time("last-modified:", shown->time, brief, out);
			if (shown->origin != WHOIS_ORIGIN_NONE)
				put_generated("rpki-ov-state:", whois_origin_name(shown->origin), brief, out);
		}
		whois_put_line(line, brief, out);
	}
}
