/* SPDX-License-Identifier: MIT */
/*
 * explorer.h -- the registry as pages, on the daemon's HTTP service. They are
 * written here, work without scripts, and load nothing from elsewhere.
 *
 *   /                    what there is, and what changed last
 *   /search?q=LINE       any line that the whois port understands
 *   /object/CLASS/KEY    an object, its versions; ?version=N, ?diff=A:B
 *   /space/ /space/PREFIX  blocks inside a block, as a picture and a list
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
void whois_explorer_free(struct whois_explorer *explorer); /* NULL is allowed */

#endif
