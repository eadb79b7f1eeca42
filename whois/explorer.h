/* SPDX-License-Identifier: MIT */
/*
 * explorer.h -- the registry as pages, on the daemon's HTTP service. They are
 * written here, are read without scripts, and load nothing from elsewhere.
 *
 *   /                    what there is, and what changed last
 *   /search?q=LINE       any line that the whois port understands
 *   /object/CLASS/KEY    an object, its versions; ?version=N, ?diff=A:B
 *   /space/ /space/PREFIX  blocks inside a block, as a picture and a list
 *   /map                 who peers with whom, as a picture and a list
 *   /growth              how many objects there were, by day
 *   /join                a key, a request, a receipt; ?object=CLASS/KEY a change
 *   /events              the log's size, whenever it has grown
 *
 * With ?at=SIZE|DATE a page, and whatever it links to, is of then; but for joining, which is of the present.
 */
#ifndef WHOIS_EXPLORER_H
#define WHOIS_EXPLORER_H

#include "alamo/net/http.h"
#include "lookup.h"

struct whois_explorer;

/* `view` is borrowed. */
AL_MUST_USE enum al_err whois_explorer_new(const struct whois_view *view, struct whois_explorer **out);
/* Registers its paths; the service goes first. */
AL_MUST_USE enum al_err whois_explorer_serve(struct whois_explorer *explorer, struct al_http *http);
/* The view shows a newer head; and, at least every 20 seconds, that the daemon is there. */
void whois_explorer_grown(struct whois_explorer *explorer);
void whois_explorer_tick(struct whois_explorer *explorer);
void whois_explorer_free(struct whois_explorer *explorer); /* NULL is allowed */

#endif
