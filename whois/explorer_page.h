/* SPDX-License-Identifier: MIT */
/* explorer_page.h -- between explorer.c, which routes, and the pages. */
#ifndef WHOIS_EXPLORER_PAGE_H
#define WHOIS_EXPLORER_PAGE_H

#include "explorer.h"

/* `rest` decoded, `query` raw. A page that is not found sets status 404 and says so. */
typedef void (*explorer_page_fn)(const struct whois_view *view, struct al_slice rest, struct al_slice query,
				 struct al_http_answer *answer);

void explorer_object(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		     struct al_http_answer *answer);
void explorer_space(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		    struct al_http_answer *answer);
void explorer_missing(const struct whois_view *view, struct al_http_answer *answer);
/* "a=x&q=y": the value of `name`, decoded into `text`; empty when there is none. */
struct al_slice explorer_parameter(struct al_slice query, const char *name, char *text, size_t cap);

#endif
