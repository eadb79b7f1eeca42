/* SPDX-License-Identifier: MIT */
/*
 * html.h -- text into pages: escaped, as links, between a head and a foot.
 */
#ifndef WHOIS_HTML_H
#define WHOIS_HTML_H

#include "lookup.h"

/* What a page may load and do: our own style and scripts, forms that ask us; who needs the registry adds it at the end. */
#define HTML_POLICY                                                                                              \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri " \
	"'none'; frame-ancestors 'none'; connect-src 'self'"
#define HTML_TYPE "text/html; charset=utf-8"

/* As text or in a quoted attribute; bytes that are no UTF-8 become '?'. */
void html_put(struct al_slice text, struct al_buf *out);
/* Percent-encoded, as part of a path or a query. */
void html_put_url(struct al_slice text, struct al_buf *out);
/* `before` and "at=SIZE", where the view is of the past: links and forms stay there. */
void html_put_at(const struct whois_view *view, const char *before, struct al_buf *out);
void html_put_form_at(const struct whois_view *view, struct al_buf *out);
/* <a href="PATHkey">; a path with a '?' ends in a '='. */
void html_put_href(const struct whois_view *view, const char *path, struct al_slice key, struct al_buf *out);
/* <a href="PATHkey">key</a> */
void html_put_link(const struct whois_view *view, const char *path, struct al_slice key, struct al_buf *out);
/* The page of an object: "/object/CLASS/KEY". */
void html_put_object_link(const struct whois_view *view, enum al_class cls, struct al_slice key, struct al_buf *out);
/* The query that gives the same. */
void html_put_query_link(const struct whois_view *view, struct al_slice query, struct al_buf *out);
enum html_life {
	HTML_LIVE,  /* follows the log (page/live.js) */
	HTML_STILL, /* somebody works in it, or it is of a moment */
};
void html_put_head(const struct whois_view *view, struct al_slice title, struct al_slice query, enum html_life life,
		   struct al_buf *out);
void html_put_foot(const struct whois_view *view, struct al_buf *out);
/* An object's text, names of other objects as links to their pages. */
void html_put_text(const struct whois_view *view, enum al_class cls, struct al_slice text, struct al_buf *out);

#endif
