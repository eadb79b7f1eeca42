/* SPDX-License-Identifier: MIT */
/*
 * small_registry.h -- what the targets that ask whois have before them: a
 * registry with an object of nearly every class, made once.
 */
#ifndef FUZZ_SMALL_REGISTRY_H
#define FUZZ_SMALL_REGISTRY_H

#include <stdlib.h>

#include "index.h"
#include "lookup.h"

static inline void must(bool good)
{
	if (!good)
		abort();
}

static const char *const small_registry[] = {
	"registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"mntner: A-MNT\nmnt-by: A-MNT\nadmin-c: A-TEST\nsource: TEST\n",
	"person: A\nnic-hdl: A-TEST\nmnt-by: A-MNT\nsource: TEST\n",
	"as-block: AS1-AS9\npolicy: open\nmnt-by: A-MNT\nsource: TEST\n",
	"aut-num: AS1\nas-name: ONE\nmnt-by: A-MNT\nmember-of: AS-B\nsource: TEST\n",
	"inetnum: 10.0.0.0/8\nnetname: TEN\nmnt-by: A-MNT\nsource: TEST\n",
	"inetnum: 10.1.0.0/16\nnetname: TEN1\nmnt-by: A-MNT\nsource: TEST\n",
	"inet6num: fd00::/8\nnetname: FD\nmnt-by: A-MNT\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS1\nmnt-by: A-MNT\nmember-of: RS-A\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS2\nmnt-by: A-MNT\nsource: TEST\n",
	"route6: fd00::/16\norigin: AS1\nmnt-by: A-MNT\nsource: TEST\n",
	"as-set: AS-A\nmembers: AS1, AS-B, AS-A, AS-GONE\nmnt-by: A-MNT\nsource: TEST\n",
	"as-set: AS-B\nmbrs-by-ref: ANY\nmnt-by: A-MNT\nsource: TEST\n",
	"route-set: RS-A\nmembers: 10.0.0.0/8^+, AS-A, RS-A\nmbrs-by-ref: A-MNT\nmnt-by: A-MNT\nsource: TEST\n",
	"domain: a.test\nnserver: ns.a.test 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n",
};

static inline void small_registry_fill(struct al_state *state, struct whois_index *index)
{
	al_state_observe(state, whois_index_change, index);
	for (size_t i = 0; i < AL_COUNT(small_registry); i++) {
		struct al_build build = { .raw = al_slice_str(small_registry[i]), .index = i, .time = i + 1 };
		struct al_object *object;
		bool deletes;

		must(al_object_build(&build, NULL, &object, &deletes) == AL_OK);
		must(al_state_put(state, &object, 1, build.time) == AL_OK);
		al_object_unref(object);
	}
}

/* The same at every call. It stays until the end. */
static inline struct whois_view small_registry_view(void)
{
	static struct al_state *state;
	static struct whois_index *index;

	if (state == NULL) {
		must(al_state_new(&state) == AL_OK && whois_index_new(&index) == AL_OK);
		small_registry_fill(state, index);
	}
	return (struct whois_view){ .state = state, .index = index, .head = { .size = al_state_size(state) } };
}

#endif
