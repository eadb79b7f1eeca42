/* SPDX-License-Identifier: MIT */
/* html.c -- the one place that writes markup around what members wrote. */
#include "html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/text.h"
#include "alamo/rpsl/object.h"

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_put(struct al_slice text, struct al_buf *out)
{
	while (text.len > 0) {
		const char *entity = entity_of(text.ptr[0]);
		size_t len = text.ptr[0] == '\n' ? 1 : al_text_char(text);

		if (entity != NULL)
			al_buf_str(out, entity);
		else if (len > 0)
			al_buf_put(out, text.ptr, len);
		else
			al_buf_str(out, "?");
		text = al_slice_from(text, len > 0 ? len : 1);
	}
}

void html_put_url(struct al_slice text, struct al_buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/";

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\0' && strchr(plain, text.ptr[i]) != NULL)
			al_buf_u8(out, (uint8_t)text.ptr[i]);
		else
			al_buf_printf(out, "%%%02X", (unsigned)(uint8_t)text.ptr[i]);
	}
}

void html_put_at(const struct whois_view *view, const char *before, struct al_buf *out)
{
	if (view->at > 0)
		al_buf_printf(out, "%sat=%" PRIu64, before, view->at);
}

void html_put_href(const struct whois_view *view, const char *path, struct al_slice key, struct al_buf *out)
{
	al_buf_printf(out, "<a href=\"%s", path);
	html_put_url(key, out);
	html_put_at(view, strchr(path, '?') != NULL ? "&amp;" : "?", out);
	al_buf_str(out, "\">");
}

void html_put_link(const struct whois_view *view, const char *path, struct al_slice key, struct al_buf *out)
{
	html_put_href(view, path, key, out);
	html_put(key, out);
	al_buf_str(out, "</a>");
}

void html_put_object_link(const struct whois_view *view, enum al_class cls, struct al_slice key, struct al_buf *out)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/object/%s/", al_class_name(cls));
	html_put_link(view, path, key, out);
}

void html_put_query_link(const struct whois_view *view, struct al_slice query, struct al_buf *out)
{
	html_put_link(view, "/search?q=", query, out);
}

void html_put_form_at(const struct whois_view *view, struct al_buf *out)
{
	if (view->at > 0)
		al_buf_printf(out, "<input type=\"hidden\" name=\"at\" value=\"%" PRIu64 "\">", view->at);
}

/* Which moment the page shows, by the root that the log had then, and the way back to the present. */
static void put_moment(const struct whois_view *view, struct al_buf *out)
{
	char time[AL_TIME_STRLEN];

	if (view->at == 0)
		return;
	al_time_format(al_state_time(view->state), time);
	al_buf_printf(
		out,
		"<p class=\"past\" role=\"note\"><strong>This is the past:</strong> the registry as it was at size "
		"%" PRIu64 " of the log, since %s, root <code>",
		view->at, time);
	al_buf_base64(out, view->head.root.b, sizeof(view->head.root.b));
	al_buf_str(out, "</code>. <a href=\"/\">The present</a></p>\n");
}

static const struct {
	const char *path, *name;
	bool past; /* it has one */
} places[] = {
	{ "/space/", "address space", true }, { "/map", "map", true },
	{ "/growth", "growth", true },        { "/why", "why?", true },
	{ "/join", "join", false },
};

static void put_places(const struct whois_view *view, struct al_buf *out)
{
	for (size_t i = 0; i < AL_COUNT(places); i++) {
		al_buf_printf(out, "<a href=\"%s", places[i].path);
		if (places[i].past)
			html_put_at(view, "?", out);
		al_buf_printf(out, "\">%s</a>\n", places[i].name);
	}
}

void html_put_head(const struct whois_view *view, struct al_slice title, struct al_slice query, enum html_life life,
		   struct al_buf *out)
{
	al_buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	html_put(title, out);
	al_buf_str(out, " - ");
	html_put(whois_view_source(view), out);
	al_buf_str(out, "</title>\n<link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" "
			"href=\"/style.css\">\n");
	if (life == HTML_LIVE && view->at == 0)
		al_buf_str(out, "<script type=\"module\" src=\"/live.js\"></script>\n");
	al_buf_str(out, "</head>\n<body>\n<header>\n<strong>");
	html_put_href(view, "/", AL_S(""), out);
	html_put(whois_view_source(view), out);
	al_buf_str(out, "</a></strong>\n<nav aria-label=\"Pages\">");
	put_places(view, out);
	al_buf_str(out, "</nav>\n<form action=\"/search\" role=\"search\">");
	html_put_form_at(view, out);
	al_buf_str(out, "<input name=\"q\" type=\"search\" maxlength=\"1000\" "
			"aria-label=\"Number, address, name, or any whois query\" value=\"");
	html_put(query, out);
	al_buf_str(out, "\"><button>Search</button></form>\n</header>\n<main>\n<h1>");
	html_put(title, out);
	al_buf_str(out, "</h1>\n");
	put_moment(view, out);
}

void html_put_foot(const struct whois_view *view, struct al_buf *out)
{
	al_buf_printf(out, "</main>\n<footer data-size=\"%" PRIu64 "\">Log size %" PRIu64 ", root ", view->head.size,
		      view->head.size);
	al_buf_base64(out, view->head.root.b, sizeof(view->head.root.b));
	al_buf_str(out, ". alamo-whoisd " ALAMO_VERSION ".</footer>\n</body>\n</html>\n");
}

/* One name as a link, if what it names is there. */
static void put_name(const struct whois_view *view, unsigned refs, struct al_slice name, struct al_buf *out)
{
	for (int cls = 0; cls < AL_CLASS_COUNT; cls++)
		if ((refs & 1u << cls) != 0 && al_state_get(view->state, (enum al_class)cls, name) != NULL) {
			html_put_object_link(view, (enum al_class)cls, name, out);
			return;
		}
	html_put(name, out);
}

static void put_value(const struct whois_view *view, const struct al_attr_rule *rule, struct al_slice value,
		      struct al_buf *out)
{
	struct al_slice name;
	bool first = true;

	if (rule == NULL || rule->refs == 0) {
		html_put(value, out);
		return;
	}
	while (al_ref_next(rule, &value, &name)) {
		al_buf_str(out, first ? "" : rule->syntax == AL_SYN_NODE_PAIR ? ":" : ", ");
		put_name(view, rule->refs, name, out);
		first = false;
	}
}

void html_put_text(const struct whois_view *view, enum al_class cls, struct al_slice text, struct al_buf *out)
{
	struct al_slice line, name;

	al_buf_str(out, "<pre tabindex=\"0\" aria-label=\"Object\">");
	while (al_slice_line(&text, &line)) {
		struct al_slice value = line;

		(void)al_slice_cut(&value, ':', &name);
		html_put(name, out);
		al_buf_printf(out, ":%*s", name.len < AL_VALUE_COLUMN - 2 ? AL_VALUE_COLUMN - 1 - (int)name.len : 1,
			      "");
		put_value(view, al_class_rule(cls, name), al_slice_trim(value), out);
		al_buf_u8(out, '\n');
	}
	al_buf_str(out, "</pre>\n");
}
