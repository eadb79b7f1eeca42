/* SPDX-License-Identifier: MIT */
/*
 * origin_brake.h -- does a step take too many routes away at once?
 *
 * A slip of one hand (an AS 0 record for the whole space) or a broken input would make most of a network's routes
 * invalid within a second, everywhere. Such a step is shown to a person before it is shown to routers.
 */
#ifndef ORIGINS_ORIGIN_BRAKE_H
#define ORIGINS_ORIGIN_BRAKE_H

#include "vrp_set.h"

#define ORIGIN_BRAKE_LEAST 16 /* a loss of fewer never holds anything: small networks change by large shares */

/*
 * Of the routes that `before` makes valid (one for each record that is not of AS 0, with the record's own prefix),
 * how many `after` does not: they would be invalid or unknown. *gone (NULL is allowed) is how many of its records are
 * not in `after`, which is never less.
 */
size_t origin_lost(const struct vrp_set *before, const struct vrp_set *after, size_t *gone);
/* Is `lost` more than `percent` of `before`? 100 percent: never. */
bool origin_brake(const struct vrp_set *before, size_t lost, unsigned percent);

#endif
