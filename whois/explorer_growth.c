/* SPDX-License-Identifier: MIT */
/* explorer_growth.c -- objects by day, as a line and as a table. */
#include "explorer_page.h"

#include <inttypes.h>

#include "growth.h"
#include "html.h"

#define WIDTH 1000.0
#define HEIGHT 300.0
#define ROWS_MAX 60u   /* days in the table, newest first */
#define POINTS_MAX 500 /* of the line */

static void put_day(uint32_t day, struct al_buf *out)
{
	char time[AL_TIME_STRLEN];

	al_time_format((uint64_t)day * 86400, time);
	al_buf_put(out, time, 10);
}

static uint32_t most_of(const struct whois_growth *growth)
{
	uint32_t most = 1;

	for (size_t i = 0; i < growth->count; i++)
		most = growth->days[i].objects > most ? growth->days[i].objects : most;
	return most;
}

static void put_line(const struct whois_growth *growth, struct al_buf *out)
{
	const struct whois_day *first = &growth->days[0], *last = &growth->days[growth->count - 1];
	double span = last->day > first->day ? last->day - first->day : 1, most = most_of(growth);
	size_t step = growth->count / POINTS_MAX + 1;

	al_buf_str(out,
		   "<figure><svg class=\"graph\" viewBox=\"0 0 1000 300\" role=\"img\" aria-label=\"Objects from ");
	put_day(first->day, out);
	al_buf_str(out, " to ");
	put_day(last->day, out);
	al_buf_printf(out, ", %" PRIu32 " now; the table below has the numbers\"><polyline points=\"", last->objects);
	al_buf_printf(out, "0,%.1f", HEIGHT);
	for (size_t i = 0; i < growth->count; i += step)
		al_buf_printf(out, " %.1f,%.1f", (growth->days[i].day - first->day) / span * WIDTH,
			      HEIGHT - growth->days[i].objects / most * (HEIGHT - 10));
	al_buf_printf(out, " %.0f,%.1f %.0f,%.1f\"/></svg>\n<figcaption>", WIDTH,
		      HEIGHT - last->objects / most * (HEIGHT - 10), WIDTH, HEIGHT);
	put_day(first->day, out);
	al_buf_str(out, " to ");
	put_day(last->day, out);
	al_buf_printf(out, ", up to %.0f objects</figcaption></figure>\n", most);
}

void explorer_growth(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		     struct al_http_answer *answer)
{
	const struct whois_growth *growth = view->growth;
	struct al_buf *out = &answer->body;

	(void)rest;
	(void)query;
	html_put_head(view, AL_S("Growth"), AL_S(""), HTML_LIVE, out);
	if (growth == NULL || growth->count == 0) {
		al_buf_str(out, "<p>Nothing has happened yet.</p>\n");
		html_put_foot(view, out);
		return;
	}
	put_line(growth, out);
	al_buf_str(out, "<div class=\"wide\"><table>\n<tr><th>day</th><th>objects</th><th>changes</th></tr>\n");
	for (size_t i = growth->count; i > 0 && growth->count - i < ROWS_MAX; i--) {
		const struct whois_day *day = &growth->days[i - 1];

		al_buf_str(out, "<tr><td>");
		put_day(day->day, out);
		al_buf_printf(out, "</td><td>%" PRIu32 "</td><td>%" PRIu32 "</td></tr>\n", day->objects, day->changes);
	}
	al_buf_str(out, "</table></div>\n");
	html_put_foot(view, out);
}
