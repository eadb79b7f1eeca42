/* SPDX-License-Identifier: MIT */
/*
 * roa_source.h -- k of n sources: which head to believe, and where its set is to be had.
 */
#ifndef CLI_ROA_SOURCE_H
#define CLI_ROA_SOURCE_H

#include "option.h"
#include "roa_state.h"

struct roa_source {
	const char *url;
	struct origin_head head;
	struct al_buf note;
	bool answered, good;
};

struct roa_sources {
	struct roa_source items[OPTION_LIST_MAX];
	size_t count;
	const struct roa_source *chosen;
};

/*
 * Asks all of `urls`; `need` of them have to have a sound head, no two of which contradict each other. Chosen is the
 * newest that `need` of them know of. CLI_OFFLINE, CLI_UNVERIFIED: said why, for each.
 */
int roa_sources_ask(struct roa_sources *sources, const struct words *urls, size_t need, const struct origin_pin *pin,
		    const struct roa_state *state);
void roa_sources_release(struct roa_sources *sources);
/* The text of the chosen head's set: by a difference from `state`'s set if that is to be had, else whole. */
int roa_sources_set(const struct roa_sources *sources, const struct roa_state *state, struct al_buf *out);

#endif
