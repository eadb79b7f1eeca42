/* SPDX-License-Identifier: MIT */
/*
 * monitor_text.c -- see monitor_text.h.
 */
#include "monitor_text.h"

#include <stdio.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/base/text.h"

static const char *string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static void plain(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static bool is_request(const struct monitor_event *event)
{
	return json_object_get(event->json, "request") != NULL;
}

static void request_title(const struct monitor_event *event, char title[static MONITOR_TITLE_MAX])
{
	const char *state = string_of(event->json, "state");

	(void)snprintf(title, MONITOR_TITLE_MAX, "%s: request %.12s was %s", string_of(event->json, "mnt"),
		       string_of(event->json, "request"), state);
	plain(title);
}

static void request_text(const struct monitor_event *event, struct al_buf *out)
{
	char when[AL_TIME_STRLEN];
	bool accepted = strcmp(string_of(event->json, "state"), "accepted") == 0;

	al_time_format(event->time, when);
	al_buf_printf(out, "The request %s that waited for the hostmaster of %s was %s.\n",
		      string_of(event->json, "request"), string_of(event->json, "log"),
		      string_of(event->json, "state"));
	if (accepted)
		al_buf_printf(out, "It is entry %llu of the log.\n", (unsigned long long)event->index);
	else
		al_buf_printf(out, "Time: %s\nReason: %s\nThis is the registry's word: no log has it.\n", when,
			      string_of(event->json, "reason"));
}

void monitor_text_title(const struct monitor_event *event, char title[static MONITOR_TITLE_MAX])
{
	const json_t *changes = json_object_get(event->json, "changes"), *first = json_array_get(changes, 0);
	bool own = json_is_true(json_object_get(event->json, "own"));
	char more[32] = "", key[96];

	if (is_request(event)) {
		request_title(event, title);
		return;
	}
	if (json_array_size(changes) > 1)
		(void)snprintf(more, sizeof(more), " and %zu more", json_array_size(changes) - 1);
	(void)snprintf(key, sizeof(key), "%s", string_of(first, "key"));
	(void)snprintf(title, MONITOR_TITLE_MAX, "%s: %s%s [%s] %s%s", string_of(event->json, "mnt"),
		       own ? "" : "NOT SIGNED BY YOU: ", string_of(first, "action"), string_of(first, "class"), key,
		       more);
	plain(title);
}

static void object_put(const char *head, const char *text, struct al_buf *out)
{
	if (text[0] == '\0')
		return;
	al_buf_printf(out, "%s:\n", head);
	al_buf_printf(out, "%s\n", text);
}

static void entry_text(const struct monitor_event *event, struct al_buf *out)
{
	const json_t *changes = json_object_get(event->json, "changes"), *value;
	bool own = json_is_true(json_object_get(event->json, "own"));
	char when[AL_TIME_STRLEN];
	size_t i;

	al_time_format(event->time, when);
	al_buf_printf(out, "Entry %llu of %s, %s, %s %s.\nKeys that signed it:\n", (unsigned long long)event->index,
		      string_of(event->json, "log"), when, own ? "signed by" : "NOT SIGNED BY",
		      string_of(event->json, "mnt"));
	json_array_foreach(json_object_get(event->json, "signers"), i, value)
		al_buf_printf(out, "  %s\n", json_string_value(value));
	json_array_foreach(changes, i, value)
	{
		al_buf_printf(out, "\n%s [%s] %s\n\n", string_of(value, "action"), string_of(value, "class"),
			      string_of(value, "key"));
		object_put("before", string_of(value, "old"), out);
		object_put("now", string_of(value, "new"), out);
	}
}

void monitor_text_put(const struct monitor_event *event, size_t max, struct al_buf *out)
{
	struct al_buf text;

	al_buf_init(&text, SIZE_MAX);
	if (is_request(event))
		request_text(event, &text);
	else
		entry_text(event, &text);
	al_text_escape(al_slice_head(al_buf_view(&text), max), out);
	if (text.len > max)
		al_buf_printf(out, "\n[%zu bytes more: alamo log show %llu]\n", text.len - max,
			      (unsigned long long)event->index);
	if (text.err != AL_OK)
		out->err = text.err;
	al_buf_release(&text);
}
