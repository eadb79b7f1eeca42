/* SPDX-License-Identifier: MIT */
/*
 * explorer_space.c -- the blocks inside a block: where they lie, those inside
 * them below them, and which they are, as a list that says the same.
 */
#include "explorer_page.h"

#include "html.h"

#define BLOCKS_MAX 500u
#define WIDTH 1000.0  /* of the picture, in its own units */
#define MIN_WIDTH 4.0 /* so that a small one is seen */
#define DEPTHS 4u     /* rows of it */
#define ROW 25u       /* height of one */
#define DRAWN_MAX 1500u
#define TOPS_MAX 12u

struct inside {
	const struct whois_view *view;
	const struct al_prefix *around;
	struct al_buf *picture, *list;
	size_t count; /* one level inside */
	size_t drawn; /* at any */
	unsigned depth;
};

/* Where in `around` the prefix begins, 0 to 1. */
static double place_of(const struct al_prefix *around, const struct al_prefix *prefix)
{
	double place = 0, half = 0.5;

	for (unsigned i = around->len; i < prefix->len; i++, half /= 2)
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

	html_put_href(inside->view, "/space/", key, inside->picture);
	al_buf_printf(inside->picture, "<rect class=\"%s\" x=\"%.3f\" y=\"%u\" width=\"%.3f\" height=\"%u\"/><title>",
		      al_object_attr(block, "policy").len > 0 ? "pool" : "held",
		      place_of(inside->around, prefix) * WIDTH, inside->depth * ROW,
		      width > MIN_WIDTH ? width : MIN_WIDTH, ROW);
	html_put(key, inside->picture);
	al_buf_str(inside->picture, " ");
	html_put(al_object_attr(block, "netname"), inside->picture);
	al_buf_str(inside->picture, "</title></a>\n");
}

static void put_row(struct inside *inside, const struct al_object *block)
{
	al_buf_str(inside->list, "<tr><td>");
	html_put_link(inside->view, "/space/", al_object_key(block), inside->list);
	al_buf_str(inside->list, "</td><td>");
	html_put(al_object_attr(block, "netname"), inside->list);
	al_buf_printf(inside->list, "</td><td>%s</td><td>",
		      al_object_attr(block, "policy").len > 0 ? "given out of" : "held");
	html_put_object_link(inside->view, (enum al_class)block->cls, al_object_key(block), inside->list);
	al_buf_str(inside->list, "</td></tr>\n");
}

/* A block, and what lies in it in the rows below. */
static bool take_block(const struct al_prefix *at, const struct al_object *block, void *arg)
{
	struct inside *inside = arg;

	if (inside->depth == 0 && inside->count++ == BLOCKS_MAX)
		return false;
	if (inside->depth == 0)
		put_row(inside, block);
	if (inside->drawn++ >= DRAWN_MAX)
		return inside->depth == 0;
	put_rect(inside, at, block);
	if (inside->depth + 1 < DEPTHS) {
		inside->depth++;
		al_state_children(inside->view->state, (enum al_class)block->cls, at, take_block, inside);
		inside->depth--;
	}
	return true;
}

static void put_inside(const struct whois_view *view, const struct al_prefix *around, struct al_buf *out)
{
	struct al_buf picture, list;
	struct inside inside = { .view = view, .around = around, .picture = &picture, .list = &list };
	char text[AL_PREFIX_STRLEN];

	al_prefix_format(around, text);
	al_buf_init(&picture, 1u << 20);
	al_buf_init(&list, 1u << 20);
	al_state_children(view->state, around->bits == 32 ? AL_INETNUM : AL_INET6NUM, around, take_block, &inside);
	if (inside.count == 0) {
		al_buf_printf(out, "<p>No block lies inside %s.</p>\n", text);
	} else {
		al_buf_printf(
			out,
			"<p class=\"key\"><span class=\"pool\"></span> given out of <span class=\"held\"></span> held "
			"<span class=\"free\"></span> free; what lies inside is below</p>\n"
			"<svg class=\"space\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" role=\"group\" "
			"aria-label=\"Blocks inside %s; the list says the same\">\n",
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

struct tops {
	const struct whois_view *view;
	struct al_buf *out;
	size_t count; /* of a family */
	bool cut;
};

/* A block that lies in no other, and what is in it. */
static bool take_top(const struct al_prefix *at, const struct al_object *block, void *arg)
{
	struct tops *tops = arg;

	if (tops->count++ == TOPS_MAX) {
		tops->cut = true;
		return false;
	}
	al_buf_str(tops->out, "<h2>");
	html_put_link(tops->view, "/space/", al_object_key(block), tops->out);
	al_buf_str(tops->out, " ");
	html_put(al_object_attr(block, "netname"), tops->out);
	al_buf_str(tops->out, "</h2>\n");
	put_inside(tops->view, at, tops->out);
	return true;
}

static void put_tops(const struct whois_view *view, struct al_buf *out)
{
	static const struct al_prefix all[] = { { .bits = 128 }, { .bits = 32 } };
	struct tops tops = { .view = view, .out = out };

	for (size_t i = 0; i < AL_COUNT(all); i++) {
		tops.count = 0;
		al_state_children(view->state, all[i].bits == 32 ? AL_INETNUM : AL_INET6NUM, &all[i], take_top, &tops);
	}
	if (tops.cut)
		al_buf_printf(out, "<p>The first %u of a family are shown.</p>\n", TOPS_MAX);
}

void explorer_space(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		    struct al_http_answer *answer)
{
	const struct al_object *block;
	struct al_prefix around;

	(void)query;
	if (rest.len == 0) {
		html_put_head(view, AL_S("Address space"), AL_S(""), HTML_LIVE, &answer->body);
		put_tops(view, &answer->body);
		html_put_foot(view, &answer->body);
		return;
	}
	if (al_prefix_parse(rest, &around) != AL_OK) {
		explorer_missing(view, answer);
		return;
	}
	html_put_head(view, rest, rest, HTML_LIVE, &answer->body);
	block = al_state_covering_inet(view->state, &around, true);
	if (block != NULL) {
		al_buf_str(&answer->body, "<p>Inside ");
		html_put_link(view, "/space/", al_object_key(block), &answer->body);
		al_buf_str(&answer->body, "</p>\n");
	}
	put_inside(view, &around, &answer->body);
	html_put_foot(view, &answer->body);
}
