/* SPDX-License-Identifier: MIT */
/*
 * explorer_space.c -- the blocks one level inside a block: where they lie, as a
 * picture, and which they are, as a list that says the same.
 */
#include "explorer_page.h"

#include "html.h"

#define BLOCKS_MAX 500u
#define WIDTH 1000.0 /* of the picture, in its own units */

struct inside {
	const struct al_prefix *around;
	struct al_buf *picture, *list;
	size_t count;
};

/* Where in `around` the prefix begins, 0 to 1. */
static double place_of(const struct al_prefix *around, const struct al_prefix *prefix)
{
	double place = 0, half = 0.5;

	for (unsigned i = around->len; i < prefix->len && i < around->len + 50u; i++, half /= 2)
		place += al_prefix_bit(prefix, i) ? half : 0;
	return place;
}

static double share_of(const struct al_prefix *around, const struct al_prefix *prefix)
{
	double share = 1;

	for (unsigned i = around->len; i < prefix->len; i++)
		share /= 2;
	return share;
}

static void put_rect(const struct inside *inside, const struct al_prefix *prefix, const struct al_object *block)
{
	double width = share_of(inside->around, prefix) * WIDTH;
	struct al_slice key = al_object_key(block);

	al_buf_str(inside->picture, "<a href=\"/space/");
	html_put_url(key, inside->picture);
	al_buf_printf(inside->picture,
		      "\"><rect class=\"%s\" x=\"%.3f\" y=\"0\" width=\"%.3f\" height=\"100\"/><title>",
		      al_object_attr(block, "policy").len > 0 ? "pool" : "held",
		      place_of(inside->around, prefix) * WIDTH, width > 1.5 ? width : 1.5);
	html_put(key, inside->picture);
	al_buf_str(inside->picture, " ");
	html_put(al_object_attr(block, "netname"), inside->picture);
	al_buf_str(inside->picture, "</title></a>\n");
}

static bool take_block(const struct al_object *block, void *arg)
{
	struct inside *inside = arg;
	struct al_prefix prefix;

	if (al_object_prefix(block, &prefix) != AL_OK)
		return true;
	if (inside->count == BLOCKS_MAX) {
		inside->count++;
		return false;
	}
	inside->count++;
	put_rect(inside, &prefix, block);
	al_buf_str(inside->list, "<tr><td>");
	html_put_link("/space/", al_object_key(block), inside->list);
	al_buf_str(inside->list, "</td><td>");
	html_put(al_object_attr(block, "netname"), inside->list);
	al_buf_printf(inside->list, "</td><td>%s</td><td>",
		      al_object_attr(block, "policy").len > 0 ? "given out of" : "held");
	html_put_object_link((enum al_class)block->cls, al_object_key(block), inside->list);
	al_buf_str(inside->list, "</td></tr>\n");
	return true;
}

static void put_inside(const struct whois_view *view, const struct al_prefix *around, struct al_buf *out)
{
	struct al_buf picture, list;
	struct inside inside = { around, &picture, &list, 0 };
	char text[AL_PREFIX_STRLEN];

	al_prefix_format(around, text);
	al_buf_init(&picture, 1u << 20);
	al_buf_init(&list, 1u << 20);
	al_state_children(view->state, around->bits == 32 ? AL_INETNUM : AL_INET6NUM, around, take_block, &inside);
	if (inside.count == 0) {
		al_buf_printf(out, "<p>No block lies inside %s.</p>\n", text);
	} else {
		al_buf_printf(out,
			      "<svg viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" role=\"img\" "
			      "aria-label=\"Blocks inside %s\">\n",
			      text);
		al_buf_slice(out, al_buf_view(&picture));
		al_buf_str(out, "</svg>\n<div class=\"wide\"><table>\n"
				"<tr><th>block</th><th>name</th><th>use</th><th>object</th></tr>\n");
		al_buf_slice(out, al_buf_view(&list));
		al_buf_str(out, "</table></div>\n");
	}
	if (inside.count > BLOCKS_MAX)
		al_buf_printf(out, "<p>The first %u are shown.</p>\n", BLOCKS_MAX);
	al_buf_release(&picture);
	al_buf_release(&list);
}

void explorer_space(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		    struct al_http_answer *answer)
{
	static const struct al_prefix four = { .bits = 32 }, six = { .bits = 128 };
	const struct al_object *block;
	struct al_prefix around;

	(void)query;
	if (rest.len == 0) {
		html_put_head(view, AL_S("Address space"), AL_S(""), &answer->body);
		al_buf_str(&answer->body, "<h2>IPv6</h2>\n");
		put_inside(view, &six, &answer->body);
		al_buf_str(&answer->body, "<h2>IPv4</h2>\n");
		put_inside(view, &four, &answer->body);
		html_put_foot(view, &answer->body);
		return;
	}
	if (al_prefix_parse(rest, &around) != AL_OK) {
		explorer_missing(view, answer);
		return;
	}
	html_put_head(view, rest, rest, &answer->body);
	block = al_state_covering_inet(view->state, &around, true);
	if (block != NULL) {
		al_buf_str(&answer->body, "<p>Inside ");
		html_put_link("/space/", al_object_key(block), &answer->body);
		al_buf_str(&answer->body, "</p>\n");
	}
	put_inside(view, &around, &answer->body);
	html_put_foot(view, &answer->body);
}
