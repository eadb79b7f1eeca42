/* SPDX-License-Identifier: MIT */
/*
 * explorer.c -- routes, the first page, and search. explorer_object.c and
 * explorer_space.c have the others.
 */
#include "explorer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "dialogue.h"
#include "explorer_page.h"
#include "history.h"
#include "html.h"
#include "past.h"

#define LATEST 20u     /* changes on the first page */
#define FOUND_MAX 100u /* objects of a search that are shown */
#define PIECES_MAX 64u /* of work for one search */

/* Files of page/, compiled in. */
#define PAGE(name)                                      \
	extern const unsigned char whois_page_##name[]; \
	extern const size_t whois_page_##name##_len
PAGE(style);
PAGE(alamo);
PAGE(script_join);
PAGE(script_object);
PAGE(live);
PAGE(icon);

struct whois_explorer {
	const struct whois_view *view;
	struct al_http_events *events;
	char etag[32];
	char policy[sizeof(HTML_POLICY) + WHOIS_SITE_URL_MAX];
};

/* ---- the first page ---- */

static void put_counts(const struct whois_view *view, struct al_buf *out)
{
	al_buf_str(out, "<h2>Objects</h2>\n<div class=\"wide\"><table>\n<tr><th>class</th><th>how many</th></tr>\n");
	for (int cls = 0; cls < AL_CLASS_COUNT; cls++) {
		char query[64];
		size_t count = al_state_count(view->state, (enum al_class)cls);

		if (count == 0)
			continue;
		(void)snprintf(query, sizeof(query), "-t %s", al_class_name((enum al_class)cls));
		al_buf_str(out, "<tr><td>");
		html_put_href(view, "/search?q=", al_slice_str(query), out);
		al_buf_printf(out, "%s</a></td><td>%zu</td></tr>\n", al_class_name((enum al_class)cls), count);
	}
	al_buf_str(out, "</table></div>\n");
}

static void put_latest(const struct whois_view *view, struct al_buf *out)
{
	uint64_t last = whois_view_last(view);
	struct whois_version version;
	char time[AL_TIME_STRLEN];
	struct al_buf buf;

	al_buf_init(&buf, 1u << 20);
	al_buf_str(out, "<h2>Latest changes</h2>\n<div class=\"wide\"><table>\n"
			"<tr><th>when</th><th>what</th><th>object</th><th>entry</th></tr>\n");
	for (uint64_t serial = last; serial > 0 && last - serial < LATEST; serial--) {
		if (whois_history_read(view->history, serial, &buf, &version) != AL_OK)
			break;
		al_time_format(version.time, time);
		al_buf_printf(out, "<tr><td>%s</td><td>%s</td><td>%s ", time,
			      version.deleted       ? "deleted"
			      : version.number == 1 ? "created"
						    : "changed",
			      al_class_name(version.cls));
		html_put_object_link(view, version.cls, version.key, out);
		al_buf_printf(out, "</td><td>%" PRIu64 "</td></tr>\n", version.index);
	}
	al_buf_str(out, "</table></div>\n");
	al_buf_release(&buf);
}

static void page_home(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		      struct al_http_answer *answer)
{
	(void)query;
	if (rest.len > 0) {
		explorer_missing(view, answer);
		return;
	}
	html_put_head(view, AL_S("Registry"), AL_S(""), HTML_LIVE, &answer->body);
	put_latest(view, &answer->body);
	put_counts(view, &answer->body);
	html_put_foot(view, &answer->body);
}

/* ---- search ---- */

static void put_found(const struct whois_view *view, const struct whois_result *result, struct al_buf *out)
{
	for (size_t i = 0; i < result->count && i < FOUND_MAX; i++) {
		const struct al_object *object = result->items[i];

		al_buf_printf(out, "<h2>%s ", al_class_name((enum al_class)object->cls));
		html_put_object_link(view, (enum al_class)object->cls, al_object_key(object), out);
		al_buf_str(out, "</h2>\n");
		html_put_text(view, (enum al_class)object->cls, al_object_text(object), out);
	}
	if (result->count > FOUND_MAX || result->truncated)
		al_buf_printf(out, "<p>The first %u of %zu%s are shown.</p>\n", FOUND_MAX, result->count,
			      result->truncated ? " and more" : "");
}

/* What the whois port says, as it says it. */
static void put_answer(const struct whois_view *view, struct al_slice line, struct al_buf *out)
{
	struct whois_dialogue dialogue = { 0 };
	struct whois_job job;
	struct al_buf text;
	unsigned pieces = 0;
	bool done = false;

	whois_job_init(&job);
	al_buf_init(&text, WHOIS_ANSWER_MAX);
	whois_dialogue_line(view, &dialogue, line, &job, &text);
	while (!done && pieces++ < PIECES_MAX && !whois_job_rests(&job))
		done = whois_job_run(&job, &text);
	al_buf_str(out, "<pre tabindex=\"0\" aria-label=\"Answer\">");
	html_put(al_buf_view(&text), out);
	al_buf_str(out, "</pre>\n");
	if (!done)
		al_buf_str(out, "<p>There is more than fits a page: ask on the whois port.</p>\n");
	whois_job_release(&job);
	al_buf_release(&text);
}

static void put_search(const struct whois_view *view, struct al_slice line, struct al_buf *out)
{
	struct whois_query query;
	struct whois_result result;
	struct whois_error error;
	bool objects = whois_query_parse(line, &query, &error) == AL_OK &&
		       (query.kind == WHOIS_LOOKUP || query.kind == WHOIS_INVERSE) && !query.contact_only &&
		       !query.brief && !query.keys_only && !query.past;

	whois_result_init(&result);
	if (objects && whois_lookup(view, &query, &result, &error) == AL_OK && result.count > 0)
		put_found(view, &result, out);
	else
		put_answer(view, line, out);
	whois_result_release(&result);
}

static void page_search(const struct whois_view *view, struct al_slice rest, struct al_slice query,
			struct al_http_answer *answer)
{
	char text[WHOIS_LINE_MAX + 1];
	struct al_slice line = asked_parameter(query, "q", text, sizeof(text));

	(void)rest;
	html_put_head(view, AL_S("Search"), line, HTML_LIVE, &answer->body);
	if (al_slice_trim(line).len > 0)
		put_search(view, line, &answer->body);
	html_put_foot(view, &answer->body);
}

/* ---- the HTTP side ---- */

/* No such moment, in words. */
static void put_no_moment(const struct whois_view *view, enum al_err err, struct al_http_answer *answer)
{
	unsigned number = whois_past_number(err);

	answer->status = asked_status(err);
	html_put_head(view, AL_S("No such moment"), AL_S(""), HTML_STILL, &answer->body);
	al_buf_printf(&answer->body, "<p>%s: %s</p>\n", whois_error_text(number), whois_error_advice(number));
	html_put_foot(view, &answer->body);
}

static void serve_view(struct whois_explorer *own, const struct whois_view *view, explorer_page_fn page,
		       struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)snprintf(own->etag, sizeof(own->etag), "%" PRIu64, view->head.size);
	answer->etag = own->etag;
	page(view, rest, query, answer);
}

static void serve(struct whois_explorer *own, explorer_page_fn page, struct al_slice rest, struct al_slice query,
		  struct al_http_answer *answer)
{
	char registry[WHOIS_SITE_URL_MAX] = "";
	struct asked asked;
	enum al_err err;

	if (own->view->site != NULL && whois_site_registry(own->view->site, answer->host, registry) != AL_OK)
		registry[0] = '\0';
	(void)snprintf(own->policy, sizeof(own->policy), HTML_POLICY " %s", registry);
	answer->type = HTML_TYPE;
	answer->policy = own->policy;
	if (own->view->head.size == 0) {
		answer->status = 503;
		answer->type = "text/plain; charset=utf-8";
		al_buf_str(&answer->body, "The log is still being fetched and checked. Try again soon.\n");
		return;
	}
	/* Who joins does it now. */
	err = asked_open(own->view, page == explorer_join ? AL_S("") : query, answer, &asked);
	if (err == AL_OK) {
		serve_view(own, asked.view, page, rest, query, answer);
		asked_close(&asked);
	} else if (err != AL_EAGAIN) {
		put_no_moment(own->view, err, answer);
	}
}

static void http_home(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, page_home, rest, query, answer);
}

static void http_search(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, page_search, rest, query, answer);
}

static void http_object(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, explorer_object, rest, query, answer);
}

static void http_space(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, explorer_space, rest, query, answer);
}

static void http_map(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, explorer_map, rest, query, answer);
}

static void http_growth(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, explorer_growth, rest, query, answer);
}

static void http_why(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, explorer_why, rest, query, answer);
}

static void http_join(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	serve(arg, explorer_join, rest, query, answer);
}

static void file_put(struct al_http_answer *answer, const char *type, const unsigned char *bytes, size_t len)
{
	answer->type = type;
	answer->etag = "file-" ALAMO_VERSION;
	al_buf_put(&answer->body, bytes, len);
}

#define FILE_FN(name, type)                                                                                            \
	static void http_##name(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer) \
	{                                                                                                              \
		(void)arg;                                                                                             \
		(void)rest;                                                                                            \
		(void)query;                                                                                           \
		file_put(answer, type, whois_page_##name, whois_page_##name##_len);                                    \
	}
FILE_FN(style, "text/css; charset=utf-8")
FILE_FN(alamo, "text/javascript; charset=utf-8")
FILE_FN(script_join, "text/javascript; charset=utf-8")
FILE_FN(script_object, "text/javascript; charset=utf-8")
FILE_FN(live, "text/javascript; charset=utf-8")
FILE_FN(icon, "image/svg+xml")

void whois_explorer_grown(struct whois_explorer *explorer)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "data: %" PRIu64 "\n\n", explorer->view->head.size);
	al_http_events_send(explorer->events, al_slice_str(text));
}

void whois_explorer_tick(struct whois_explorer *explorer)
{
	al_http_events_send(explorer->events, AL_S(":\n\n"));
}

enum al_err whois_explorer_new(const struct whois_view *view, struct whois_explorer **out)
{
	struct whois_explorer *explorer = calloc(1, sizeof(*explorer));

	if (explorer == NULL)
		return AL_ENOMEM;
	explorer->view = view;
	*out = explorer;
	return al_http_events_new(&explorer->events);
}

enum al_err whois_explorer_serve(struct whois_explorer *explorer, struct al_http *http)
{
	static const struct {
		const char *path;
		al_http_fn fn;
	} routes[] = { { "/search", http_search },       { "/object/", http_object },
		       { "/space/", http_space },        { "/map", http_map },
		       { "/growth", http_growth },       { "/why", http_why },
		       { "/join", http_join },           { "/alamo.js", http_alamo },
		       { "/join.js", http_script_join }, { "/object.js", http_script_object },
		       { "/live.js", http_live },        { "/icon.svg", http_icon },
		       { "/style.css", http_style } };
	/* "/" would be everything below it: an empty rest is the page, all else is not found. */
	enum al_err err = al_http_route(http, "/", http_home, explorer);

	for (size_t i = 0; i < AL_COUNT(routes) && err == AL_OK; i++)
		err = al_http_route(http, routes[i].path, routes[i].fn, explorer);
	return err == AL_OK ? al_http_events_route(http, "/events", explorer->events) : err;
}

void whois_explorer_free(struct whois_explorer *explorer)
{
	if (explorer != NULL)
		al_http_events_free(explorer->events);
	free(explorer);
}
