/* SPDX-License-Identifier: MIT */
/*
 * explorer_map.c -- routers on a circle, in the order of their AS numbers, and a line for each peering; below it a list
 * that says the same.
 */
#include "explorer_page.h"

#include <math.h>
#include <stdlib.h>

#include "html.h"

#define NODES_MAX 400u
#define LINKS_MAX 2000u
#define CENTRE 500.0
#define RADIUS 400.0
#define LABELS_MAX 60u /* nodes whose names are written beside them */

struct map {
	const struct al_object *nodes[NODES_MAX];
	const struct al_object *links[LINKS_MAX];
	size_t node_count, link_count;
	bool more;
};

static bool take_node(const struct al_object *node, void *arg)
{
	struct map *map = arg;

	if (map->node_count == NODES_MAX) {
		map->more = true;
		return false;
	}
	map->nodes[map->node_count++] = node;
	return true;
}

static bool take_link(const struct al_object *link, void *arg)
{
	struct map *map = arg;

	if (map->link_count == LINKS_MAX) {
		map->more = true;
		return false;
	}
	map->links[map->link_count++] = link;
	return true;
}

static int order(const void *a, const void *b)
{
	const struct al_object *x = *(const struct al_object *const *)a, *y = *(const struct al_object *const *)b;
	uint32_t first = 0, second = 0;

	if (x->cls == AL_NODE && al_object_asn(x, &first) == AL_OK && al_object_asn(y, &second) == AL_OK &&
	    first != second)
		return first < second ? -1 : 1;
	return al_slice_cmp(al_object_key(x), al_object_key(y));
}

static void place(const struct map *map, size_t at, double radius, double *x, double *y)
{
	double angle = 2 * M_PI * (double)at / (double)map->node_count - M_PI / 2;

	*x = CENTRE + radius * cos(angle);
	*y = CENTRE + radius * sin(angle);
}

static size_t find(const struct map *map, struct al_slice name)
{
	for (size_t i = 0; i < map->node_count; i++)
		if (al_slice_eq(al_object_key(map->nodes[i]), name))
			return i;
	return map->node_count;
}

/* NODE:NODE */
static bool ends_of(const struct map *map, const struct al_object *link, size_t end[static 2])
{
	struct al_slice rest = al_object_key(link), name;

	(void)al_slice_cut(&rest, ':', &name);
	end[0] = find(map, name);
	end[1] = find(map, rest);
	return end[0] < map->node_count && end[1] < map->node_count;
}

static void put_lines(const struct whois_view *view, const struct map *map, struct al_buf *out)
{
	for (size_t i = 0; i < map->link_count; i++) {
		double x[2], y[2];
		size_t end[2];

		if (!ends_of(map, map->links[i], end))
			continue;
		place(map, end[0], RADIUS, &x[0], &y[0]);
		place(map, end[1], RADIUS, &x[1], &y[1]);
		html_put_href(view, "/object/peering/", al_object_key(map->links[i]), out);
		al_buf_str(out, "<title>");
		html_put(al_object_key(map->links[i]), out);
		al_buf_printf(out, "</title><line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/></a>\n", x[0], y[0],
			      x[1], y[1]);
	}
}

static void put_nodes(const struct whois_view *view, const struct map *map, struct al_buf *out)
{
	for (size_t i = 0; i < map->node_count; i++) {
		double x, y, label_x, label_y;

		place(map, i, RADIUS, &x, &y);
		place(map, i, RADIUS + 25, &label_x, &label_y);
		html_put_href(view, "/object/node/", al_object_key(map->nodes[i]), out);
		al_buf_str(out, "<title>");
		html_put(al_object_key(map->nodes[i]), out);
		al_buf_str(out, " ");
		html_put(al_object_attr(map->nodes[i], "origin"), out);
		al_buf_printf(out, "</title><circle cx=\"%.1f\" cy=\"%.1f\" r=\"12\"/>", x, y);
		if (map->node_count <= LABELS_MAX) {
			al_buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", label_x, label_y + 6,
				      label_x < CENTRE - 20   ? "end"
				      : label_x > CENTRE + 20 ? "start"
							      : "middle");
			html_put(al_object_key(map->nodes[i]), out);
			al_buf_str(out, "</text>");
		}
		al_buf_str(out, "</a>\n");
	}
}

static void put_list(const struct whois_view *view, const struct map *map, struct al_buf *out)
{
	al_buf_str(
		out,
		"<h2>Routers</h2>\n<div class=\"wide\"><table>\n<tr><th>router</th><th>AS</th><th>where</th></tr>\n");
	for (size_t i = 0; i < map->node_count; i++) {
		al_buf_str(out, "<tr><td>");
		html_put_object_link(view, AL_NODE, al_object_key(map->nodes[i]), out);
		al_buf_str(out, "</td><td>");
		html_put_object_link(view, AL_AUT_NUM, al_object_attr(map->nodes[i], "origin"), out);
		al_buf_str(out, "</td><td>");
		html_put(al_object_attr(map->nodes[i], "location"), out);
		al_buf_str(out, "</td></tr>\n");
	}
	al_buf_str(out, "</table></div>\n<h2>Peerings</h2>\n<ul>\n");
	for (size_t i = 0; i < map->link_count; i++) {
		al_buf_str(out, "<li>");
		html_put_object_link(view, AL_PEERING, al_object_key(map->links[i]), out);
		al_buf_str(out, "</li>\n");
	}
	al_buf_str(out, "</ul>\n");
}

void explorer_map(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		  struct al_http_answer *answer)
{
	struct map *map = calloc(1, sizeof(*map));
	struct al_buf *out = &answer->body;

	(void)rest;
	(void)query;
	if (map == NULL) {
		answer->status = 503;
		return;
	}
	al_state_each(view->state, AL_NODE, take_node, map);
	al_state_each(view->state, AL_PEERING, take_link, map);
	qsort(map->nodes, map->node_count, sizeof(map->nodes[0]), order);
	qsort(map->links, map->link_count, sizeof(map->links[0]), order);
	html_put_head(view, AL_S("Map"), AL_S(""), HTML_LIVE, out);
	if (map->node_count == 0) {
		al_buf_str(out, "<p>No router is registered yet: <code>alamo node init</code> makes one.</p>\n");
	} else {
		al_buf_printf(out,
			      "<p>%zu routers, %zu peerings.%s</p>\n<svg class=\"map\" viewBox=\"-100 0 1200 1000\" "
			      "role=\"group\" aria-label=\"Who peers with whom; the lists below say the same\">\n",
			      map->node_count, map->link_count, map->more ? " There are more than are shown." : "");
		put_lines(view, map, out);
		put_nodes(view, map, out);
		al_buf_str(out, "</svg>\n");
		put_list(view, map, out);
	}
	html_put_foot(view, out);
	free(map);
}
