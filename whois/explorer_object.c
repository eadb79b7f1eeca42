/* SPDX-License-Identifier: MIT */
/* explorer_object.c -- an object's page: its text, who answers for it, its versions and what each changed. */
#include "explorer_page.h"

#include <inttypes.h>
#include <stdio.h>

#include "contact.h"
#include "diff.h"
#include "history.h"
#include "html.h"
#include "validity.h"
#include "spell.h"

#define VERSIONS_SHOWN 50u
#define BUF_MAX (1u << 20)

void explorer_missing(const struct whois_view *view, struct al_http_answer *answer)
{
	al_buf_reset(&answer->body);
	answer->status = 404;
	answer->etag = NULL;
	html_put_head(view, AL_S("Not found"), AL_S(""), HTML_STILL, &answer->body);
	al_buf_str(&answer->body, "<p>The registry has nothing of that name.</p>\n");
	html_put_foot(view, &answer->body);
}

static void put_row(const struct whois_view *view, const struct al_object *object, const struct whois_version *version,
		    struct al_buf *out)
{
	char time[AL_TIME_STRLEN];

	al_time_format(version->time, time);
	al_buf_printf(out, "<tr><td><a href=\"/object/%s/", al_class_name((enum al_class)object->cls));
	html_put_url(al_object_key(object), out);
	al_buf_printf(out, "?version=%" PRIu64, version->number);
	html_put_at(view, "&amp;", out);
	al_buf_printf(out, "\">%" PRIu64 "</a></td><td>%s</td><td>%s</td><td>%" PRIu64 "</td><td>", version->number,
		      time, version->deleted ? "deleted" : "said", version->index);
	if (version->number > 1) {
		al_buf_printf(out, "<a href=\"/object/%s/", al_class_name((enum al_class)object->cls));
		html_put_url(al_object_key(object), out);
		al_buf_printf(out, "?diff=%" PRIu64 ":%" PRIu64, version->number - 1, version->number);
		html_put_at(view, "&amp;", out);
		al_buf_str(out, "\">what changed</a>");
	}
	al_buf_str(out, "</td></tr>\n");
}

static void put_versions(const struct whois_view *view, const struct al_object *object, uint64_t newest,
			 struct al_buf *out)
{
	struct whois_version version = { .prev = newest };
	struct al_buf buf;

	al_buf_init(&buf, BUF_MAX);
	al_buf_str(out,
		   "<h2>Versions</h2>\n<div class=\"wide\"><table>\n"
		   "<tr><th>version</th><th>when</th><th>what</th><th>entry of the log</th><th>difference</th></tr>\n");
	for (unsigned i = 0; i < VERSIONS_SHOWN && version.prev > 0; i++) {
		if (whois_history_read(view->history, version.prev, &buf, &version) != AL_OK)
			break;
		put_row(view, object, &version, out);
	}
	al_buf_str(out, "</table></div>\n");
	al_buf_release(&buf);
}

/* ?version=N */
static bool put_version(const struct whois_view *view, uint64_t newest, struct al_slice number, struct al_buf *out)
{
	struct whois_version version;
	struct al_buf buf;
	uint64_t wanted;
	bool found;

	al_buf_init(&buf, BUF_MAX);
	found = al_slice_u64(number, UINT32_MAX, &wanted) == AL_OK &&
		whois_history_number(view->history, newest, wanted, &buf, &version) == AL_OK;
	if (found) {
		al_buf_printf(out, "<h2>Version %" PRIu64 "%s</h2>\n", wanted, version.deleted ? ", deleted" : "");
		html_put_text(view, version.cls, version.text, out);
	}
	al_buf_release(&buf);
	return found;
}

/* ?diff=A:B */
static bool put_diff(const struct whois_view *view, uint64_t newest, struct al_slice range, struct al_buf *out)
{
	struct whois_version version[2];
	struct al_slice number[2] = { range, range };
	struct al_buf buf[2], text;
	uint64_t wanted;
	bool found = al_slice_cut(&number[1], ':', &number[0]);

	for (int i = 0; i < 2; i++) {
		al_buf_init(&buf[i], BUF_MAX);
		found = found && al_slice_u64(number[i], UINT32_MAX, &wanted) == AL_OK &&
			whois_history_number(view->history, newest, wanted, &buf[i], &version[i]) == AL_OK;
	}
	al_buf_init(&text, BUF_MAX);
	found = found && whois_put_diff(version[0].text, version[1].text, &text) == AL_OK;
	if (found) {
		al_buf_printf(out, "<h2>From version %.*s to %.*s</h2>\n<pre tabindex=\"0\" aria-label=\"Difference\">",
			      AL_FMT(number[0]), AL_FMT(number[1]));
		html_put(al_buf_view(&text), out);
		al_buf_str(out, "</pre>\n");
	}
	al_buf_release(&text);
	al_buf_release(&buf[0]);
	al_buf_release(&buf[1]);
	return found;
}

static void put_facts(const struct whois_view *view, const struct al_object *object, struct al_buf *out)
{
	enum validity origin = validity_of_route(view->state, object);
	struct al_slice handle = whois_contact_of(view, object);
	char query[1100];

	al_buf_str(out, "<p>");
	if (object->deleted)
		al_buf_str(out, "Deleted. ");
	if (origin != VALIDITY_NONE) {
		(void)snprintf(query, sizeof(query), "%.*s %.*s",
			       AL_FMT(al_object_attr(object, al_class_name((enum al_class)object->cls))),
			       AL_FMT(al_object_attr(object, "origin")));
		al_buf_printf(out, "Origin: %s (why: ", validity_name(origin));
		html_put_link(view, "/why?q=", al_slice_str(query), out);
		al_buf_str(out, "). ");
	}
	if (handle.len > 0) {
		al_buf_str(out, "Who answers for it: ");
		html_put_query_link(view, handle, out);
		al_buf_str(out, ". ");
	}
	(void)snprintf(query, sizeof(query), "-T %s %.*s", al_class_name((enum al_class)object->cls),
		       AL_FMT(al_slice_head(al_object_key(object), 1000)));
	al_buf_str(out, "The same by whois: ");
	html_put_query_link(view, al_slice_str(query), out);
	al_buf_str(out, "</p>\n");
}

/* The entry that made this version, for page/object.js to fetch and to check. */
static void put_proof(const struct whois_view *view, const struct al_object *object, struct al_http_answer *answer)
{
	char registry[WHOIS_SITE_URL_MAX];
	struct al_buf *out = &answer->body;

	if (view->site == NULL || whois_site_registry(view->site, answer->host, registry) != AL_OK)
		return;
	al_buf_printf(out, "<section id=\"proof\" data-entry=\"%" PRIu64 "\"", object->index);
	explorer_put_site(view, registry, out);
	al_buf_printf(out, ">\n<h2>Proof</h2>\n<p>Entry %" PRIu64 " of the log made this version. ", object->index);
	if (!object->deleted && view->at == 0) {
		al_buf_printf(out, "<a href=\"/join?object=%s/", al_class_name((enum al_class)object->cls));
		html_put_url(al_object_key(object), out);
		al_buf_str(out, "\">Change it</a>");
	}
	al_buf_str(out, "</p>\n<p><button id=\"check\" type=\"button\" hidden>Check it in this browser</button></p>\n"
			"<div role=\"status\"><ul id=\"said\"></ul></div>\n<details id=\"whole\" hidden><summary>The "
			"entry</summary>\n"
			"<pre id=\"entry\" tabindex=\"0\" aria-label=\"The entry\"></pre></details>\n</section>\n"
			"<script type=\"module\" src=\"/object.js\"></script>\n");
}

/* "CLASS/KEY" */
const struct al_object *explorer_object_of(const struct whois_view *view, struct al_slice rest)
{
	const struct al_object *object = NULL;
	struct al_slice name;
	enum al_class cls;
	struct al_buf key;

	if (!al_slice_cut(&rest, '/', &name) || al_class_parse(name, &cls) != AL_OK)
		return NULL;
	al_buf_init(&key, 4096);
	if (whois_key_canon(cls, rest, &key) == AL_OK)
		object = al_state_version(view->state, cls, al_buf_view(&key));
	al_buf_release(&key);
	return object;
}

void explorer_object(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		     struct al_http_answer *answer)
{
	const struct al_object *object = explorer_object_of(view, rest);
	char number[64], range[64];
	struct al_slice version = asked_parameter(query, "version", number, sizeof(number));
	struct al_slice diff = asked_parameter(query, "diff", range, sizeof(range));
	bool kept = view->history != NULL && whois_history_error(view->history) == AL_OK, good = true;
	uint64_t newest = kept && object != NULL ? whois_history_serial(view->history, object) : 0;

	if (object == NULL) {
		explorer_missing(view, answer);
		return;
	}
	html_put_head(view, al_object_key(object), al_object_key(object), HTML_LIVE, &answer->body);
	if (version.len > 0)
		good = newest > 0 && put_version(view, newest, version, &answer->body);
	else if (diff.len > 0)
		good = newest > 0 && put_diff(view, newest, diff, &answer->body);
	else
		html_put_text(view, (enum al_class)object->cls, al_object_text(object), &answer->body);
	if (!good) {
		explorer_missing(view, answer);
		return;
	}
	put_facts(view, object, &answer->body);
	if (version.len == 0 && diff.len == 0)
		put_proof(view, object, answer);
	if (newest > 0)
		put_versions(view, object, newest, &answer->body);
	html_put_foot(view, &answer->body);
}
