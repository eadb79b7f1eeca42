/* SPDX-License-Identifier: MIT */
/* explorer_why.c -- is this AS the origin of that prefix: the verdict, its records with the entries that made them, and what would mend it. */
#include "explorer_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "html.h"
#include "reason.h"

#define PART_MAX 65536u

static void put_form(const struct whois_view *view, struct al_slice line, struct al_buf *out)
{
	al_buf_str(out, "<form action=\"/why\">");
	html_put_form_at(view, out);
	al_buf_str(out, "<p class=\"row\"><label>A prefix and an AS number <input name=\"q\" "
			"maxlength=\"200\" autocomplete=\"off\" spellcheck=\"false\" value=\"");
	html_put(line, out);
	al_buf_str(out, "\"></label> <button>Why?</button></p></form>\n");
}

/* What a part of the text says, as text of the page. */
static void put_part(struct al_buf *part, struct al_buf *out)
{
	html_put(al_slice_trim(al_buf_view(part)), out);
	al_buf_reset(part);
}

static void put_record(const struct whois_view *view, const struct why *why, const struct validity_record *record,
		       struct al_buf *part, struct al_buf *out)
{
	const struct al_object *route = record->route;
	struct al_slice keys, key;
	char time[AL_TIME_STRLEN];

	al_time_format(route->time, time);
	al_buf_printf(out, "<tr><td>%s ", al_class_name((enum al_class)route->cls));
	html_put_object_link(view, (enum al_class)route->cls, al_object_key(route), out);
	al_buf_printf(out, "</td><td>%u</td><td>", record->vrp.max);
	why_put_says(why, record, part);
	put_part(part, out);
	al_buf_printf(out, "</td><td>%" PRIu64 ", %s</td><td>", route->index, time);
	if (why->signers != NULL)
		why->signers(why->arg, route->index, part);
	keys = al_buf_view(part);
	while (al_slice_word(&keys, "", &key)) {
		al_buf_str(out, "<code>");
		html_put(key, out);
		al_buf_str(out, "</code> ");
	}
	al_buf_reset(part);
	al_buf_str(out, "</td></tr>\n");
}

static void put_records(const struct whois_view *view, const struct why *why, struct al_buf *part, struct al_buf *out)
{
	if (why->look.count == 0)
		return;
	al_buf_str(out, "<h2>Records around it</h2>\n<div class=\"wide\"><table>\n<tr><th>record</th><th>up to "
			"length</th><th>says</th><th>made by entry</th><th>signed with</th></tr>\n");
	for (unsigned i = 0; i < why->look.count; i++)
		put_record(view, why, &why->look.records[i], part, out);
	al_buf_str(out,
		   "</table></div>\n<p>The page of a record checks its entry and signatures in your browser.</p>\n");
}

static void put_mend(const struct why *why, struct al_buf *part, struct al_buf *out)
{
	struct al_slice steps, step;

	why_put_mend(why, part);
	steps = al_buf_view(part);
	if (steps.len > 0)
		al_buf_str(out, "<h2>What would make it valid</h2>\n<ul>\n");
	while (al_slice_line(&steps, &step)) {
		al_buf_str(out, "<li>");
		html_put(step, out);
		al_buf_str(out, "</li>\n");
	}
	if (part->len > 0)
		al_buf_str(out, "</ul>\n");
	al_buf_reset(part);
}

static void put_why(const struct whois_view *view, const struct why *why, struct al_slice line, struct al_buf *out)
{
	const char *verdict = validity_name(why->look.verdict);
	struct al_buf part;
	char query[256];

	al_buf_init(&part, PART_MAX);
	al_buf_printf(out, "<p><strong>%s</strong>: ", verdict[0] != '\0' ? verdict : "unclear");
	why_put_reason(why, &part);
	put_part(&part, out);
	al_buf_str(out, ".</p>\n");
	if (why->look.verdict != VALIDITY_NONE)
		put_records(view, why, &part, out);
	put_mend(why, &part, out);
	(void)snprintf(query, sizeof(query), "why %.*s", AL_FMT(al_slice_head(line, 200)));
	al_buf_str(out, "<p>The same by whois: ");
	html_put_query_link(view, al_slice_str(query), out);
	al_buf_str(out, "</p>\n");
	al_buf_release(&part);
}

void explorer_why(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		  struct al_http_answer *answer)
{
	char text[201];
	struct al_slice line = al_slice_trim(asked_parameter(query, "q", text, sizeof(text)));
	struct why *why = line.len > 0 ? whois_reason(view, line) : NULL;
	struct al_buf *out = &answer->body;

	(void)rest;
	html_put_head(view, AL_S("Why?"), AL_S(""), HTML_LIVE, out);
	put_form(view, line, out);
	if (why != NULL)
		put_why(view, why, line, out);
	else if (line.len > 0)
		al_buf_str(out,
			   "<p>That is not a prefix and an AS number: they are written 192.0.2.0/24 AS64500.</p>\n");
	html_put_foot(view, out);
	free(why);
}
