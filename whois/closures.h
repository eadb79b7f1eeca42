/* SPDX-License-Identifier: MIT */
/*
 * closures.h -- expansions of sets that were asked for, kept as the text of
 * their answers until something changes that they were made of. Any thread may ask for one or keep one, as long as
 * nothing changes meanwhile (share.h).
 */
#ifndef WHOIS_CLOSURES_H
#define WHOIS_CLOSURES_H

#include "alamo/base/buf.h"
#include "alamo/rpsl/state.h"

#define WHOIS_CLOSURES_MAX 256           /* answers kept */
#define WHOIS_CLOSURES_BYTES (32u << 20) /* of text and dependencies */

struct whois_closures;

AL_MUST_USE enum al_err whois_closures_new(struct whois_closures **out);
void whois_closures_free(struct whois_closures *closures); /* NULL is allowed */
/* `name`: what was asked. Appended to `out`; false: not kept. */
bool whois_closures_get(struct whois_closures *closures, struct al_slice name, struct al_buf *out);
/* Keep it, and give up what was not asked for longest. `deps` ascending (whois_expansion_deps()). */
void whois_closures_put(struct whois_closures *closures, struct al_slice name, struct al_slice text,
			const uint64_t *deps, size_t dep_count);
/* An al_change_fn; `closures` is a struct whois_closures. */
void whois_closures_change(void *closures, const struct al_object *old, const struct al_object *now);
size_t whois_closures_count(struct whois_closures *closures);

#endif
