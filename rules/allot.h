/* SPDX-License-Identifier: MIT */
/*
 * allot.h -- which number or block the registry would hand out next.
 */
#ifndef RULES_ALLOT_H
#define RULES_ALLOT_H

#include "alamo/rpsl/state.h"
#include "space.h"

/* Lowest free AS number of the open as-blocks; AL_ENOTFOUND: none. */
AL_MUST_USE enum al_err allot_asn(const struct al_state *state, struct space *space, uint32_t *out);
/* Lowest free block of `len` (bits 32 or 128) in the open pools that hand out that length. */
AL_MUST_USE enum al_err allot_prefix(const struct al_state *state, const struct space *space, unsigned bits,
				     unsigned len, struct al_prefix *out);

#endif
