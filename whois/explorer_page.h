/* SPDX-License-Identifier: MIT */
/* explorer_page.h -- between explorer.c, which routes, and the pages. */
#ifndef WHOIS_EXPLORER_PAGE_H
#define WHOIS_EXPLORER_PAGE_H

#include "asked.h"
#include "explorer.h"
#include "site.h"

/* `rest` decoded, `query` raw. A page that is not found sets status 404 and says so. */
typedef void (*explorer_page_fn)(const struct whois_view *view, struct al_slice rest, struct al_slice query,
				 struct al_http_answer *answer);

void explorer_object(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		     struct al_http_answer *answer);
void explorer_space(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		    struct al_http_answer *answer);
void explorer_join(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		   struct al_http_answer *answer);
void explorer_map(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		  struct al_http_answer *answer);
void explorer_growth(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		     struct al_http_answer *answer);
void explorer_why(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		  struct al_http_answer *answer);
/* The newest version, deleted or not, of "CLASS/KEY"; NULL: it never was. */
const struct al_object *explorer_object_of(const struct whois_view *view, struct al_slice name);
/* Attributes data-...: what scripts know of the network. */
void explorer_put_site(const struct whois_view *view, const char *registry, struct al_buf *out);
void explorer_missing(const struct whois_view *view, struct al_http_answer *answer);

#endif
