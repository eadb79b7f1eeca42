/* SPDX-License-Identifier: MIT */
/*
 * monitor_feed.c -- see monitor_feed.h.
 */
#include "monitor_feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "alamo/base/ident.h"
#include "alamo/base/text.h"
#include "monitor_text.h"

#define FEED_MAX (16u << 20)

/* Text or a quoted attribute: no control character is left in it (XML 1.0, section 2.2), and no markup. */
static void xml_put(struct al_slice text, struct al_buf *out)
{
	struct al_buf clean;

	al_buf_init(&clean, SIZE_MAX);
	al_text_escape(text, &clean);
	for (size_t i = 0; i < clean.len; i++) {
		char c = (char)clean.ptr[i];
		const char *name = c == '&'   ? "&amp;"
				   : c == '<' ? "&lt;"
				   : c == '>' ? "&gt;"
				   : c == '"' ? "&quot;"
					      : NULL;

		if (name != NULL)
			al_buf_str(out, name);
		else
			al_buf_u8(out, (uint8_t)c);
	}
	if (clean.err != AL_OK)
		out->err = clean.err;
	al_buf_release(&clean);
}

static void element_put(const char *name, const char *text, struct al_buf *out)
{
	al_buf_printf(out, "<%s>", name);
	xml_put(al_slice_str(text), out);
	al_buf_printf(out, "</%s>\n", name);
}

static void entry_put(const struct monitor_event *event, struct al_buf *out)
{
	char title[MONITOR_TITLE_MAX], when[AL_TIME_STRLEN];
	struct al_buf text;

	monitor_text_title(event, title);
	al_time_format(event->time, when);
	al_buf_init(&text, SIZE_MAX);
	monitor_text_put(event, FEED_TEXT_MAX, &text);
	al_buf_str(out, "<entry>\n");
	element_put("id", json_string_value(json_object_get(event->json, "id")), out);
	element_put("title", title, out);
	element_put("updated", when, out);
	al_buf_str(out, "<content type=\"text\">");
	xml_put(al_buf_view(&text), out);
	al_buf_str(out, "</content>\n</entry>\n");
	if (text.err != AL_OK)
		out->err = text.err;
	al_buf_release(&text);
}

enum al_err monitor_feed_add(struct monitor_feed *feed, const struct monitor_event *event)
{
	struct al_buf entry;
	size_t at;
	char *text;

	al_buf_init(&entry, FEED_MAX / FEED_ENTRIES);
	entry_put(event, &entry);
	text = al_buf_take(&entry, NULL);
	if (text == NULL)
		return AL_ENOMEM;
	at = (feed->first + feed->count) % FEED_ENTRIES;
	if (feed->count == FEED_ENTRIES) {
		free(feed->entries[at]);
		feed->first = (feed->first + 1) % FEED_ENTRIES;
	} else {
		feed->count++;
	}
	feed->entries[at] = text;
	feed->updated = event->time > feed->updated ? event->time : feed->updated;
	feed->dirty = true;
	return AL_OK;
}

void monitor_feed_put(const struct monitor_feed *feed, const struct monitor_watch *watch, uint64_t log_s,
		      struct al_buf *out)
{
	char when[AL_TIME_STRLEN], id[EVENT_ID_MAX], name[1024];
	int len = snprintf(name, sizeof(name), "%s in %s", watch->mnt, watch->log);

	monitor_event_id(al_slice_of(name, (size_t)len), id);
	al_time_format(feed->count > 0 ? feed->updated : log_s, when);
	al_buf_str(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
	element_put("id", id, out);
	element_put("title", name, out);
	element_put("updated", when, out);
	al_buf_str(out, "<author>\n");
	element_put("name", watch->log, out);
	al_buf_str(out, "</author>\n<generator version=\"" ALAMO_VERSION "\">alamo monitor</generator>\n");
	for (size_t i = feed->count; i > 0; i--)
		al_buf_str(out, feed->entries[(feed->first + i - 1) % FEED_ENTRIES]);
	al_buf_str(out, "</feed>\n");
}

void monitor_feed_release(struct monitor_feed *feed)
{
	for (size_t i = 0; i < feed->count; i++)
		free(feed->entries[(feed->first + i) % FEED_ENTRIES]);
	*feed = (struct monitor_feed){ .count = 0 };
}
