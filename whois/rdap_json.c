/* SPDX-License-Identifier: MIT */
/* rdap_json.c -- strings, links, notices. */
#include "rdap_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

json_t *rdap_text(struct al_slice text)
{
	json_t *string = json_stringn(text.ptr != NULL ? text.ptr : "", text.len);
	char *ascii = string == NULL ? al_slice_dup(text) : NULL;

	if (ascii == NULL)
		return string;
	for (size_t i = 0; i < text.len; i++)
		if (ascii[i] < 0x20 || ascii[i] > 0x7e)
			ascii[i] = '?';
	string = json_stringn(ascii, text.len);
	free(ascii);
	return string;
}

json_t *rdap_printf(const char *fmt, ...)
{
	char text[2048];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return len >= 0 && (size_t)len < sizeof(text) ? rdap_text(al_slice_of(text, (size_t)len)) : NULL;
}

json_t *rdap_link(const struct rdap *rdap, const char *rel, const char *path, struct al_slice key, const char *type)
{
	return json_pack(
		"{s:s, s:s, s:o, s:s}", "value", rdap->self, "rel", rel, "href",
		rdap_printf("%s%s%.*s%s%s", rdap->base, path, AL_FMT(key), rdap->at[0] != '\0' ? "?" : "", rdap->at),
		"type", type);
}

static json_t *notice(const struct rdap *rdap, const char *title, json_t *text, bool link)
{
	json_t *made = json_pack("{s:s, s:[o]}", "title", title, "description", text);

	if (link)
		(void)json_object_set_new(
			made, "links",
			json_pack("[o]", rdap_link(rdap, "terms-of-service", "help", AL_S(""), RDAP_TYPE)));
	return made;
}

/* Of the past also since when it was so, and the root that the log had then. */
static json_t *source_notice(const struct rdap *rdap)
{
	json_t *made = notice(
		rdap, "Source",
		rdap_printf("Objects of the signed log, at size %llu.", (unsigned long long)rdap->view->head.size),
		false);
	char time[AL_TIME_STRLEN];
	struct al_buf root;

	if (rdap->view->at == 0)
		return made;
	al_time_format(al_state_time(rdap->view->state), time);
	al_buf_init(&root, 64);
	al_buf_base64(&root, rdap->view->head.root.b, sizeof(rdap->view->head.root.b));
	(void)json_array_append_new(json_object_get(made, "description"),
				    rdap_printf("It is the past, as it was since %s; the root of the log was %.*s.",
						time, AL_FMT(al_buf_view(&root))));
	al_buf_release(&root);
	return made;
}

void rdap_put_frame(const struct rdap *rdap, json_t *object, bool redacted)
{
	struct al_slice source = whois_view_source(rdap->view);
	json_t *conformance = json_pack("[s, s, s, s]", "rdap_level_0", "cidr0", "nro_rdap_profile_0", "geofeed1");
	json_t *notices = json_array();

	if (redacted)
		(void)json_array_append_new(conformance, json_string("redacted"));
	(void)json_array_append_new(
		notices,
		notice(rdap, "Terms of Service",
		       rdap_printf("This is the registry of %.*s. What it shows is public.", AL_FMT(source)), true));
	(void)json_array_append_new(notices, source_notice(rdap));
	(void)json_object_set_new(object, "rdapConformance", conformance);
	(void)json_object_set_new(object, "notices", notices);
}

void rdap_put_truncated(json_t *object, const char *type)
{
	json_t *notices = json_object_get(object, "notices");

	(void)json_array_append_new(notices, json_pack("{s:s, s:s, s:[s]}", "title", "Search Policy", "type", type,
						       "description", "Ask for something narrower to see all of it."));
}

json_t *rdap_error(int status, const char *title, const char *description)
{
	return json_pack("{s:[s], s:i, s:s, s:[s]}", "rdapConformance", "rdap_level_0", "errorCode", status, "title",
			 title, "description", description);
}

enum al_err rdap_put(json_t *object, struct al_buf *out)
{
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (text == NULL)
		return AL_ENOMEM;
	al_buf_str(out, text);
	free(text);
	return out->err;
}
