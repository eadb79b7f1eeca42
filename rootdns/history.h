/* SPDX-License-Identifier: MIT */
/*
 * history.h -- the deltas of a snapshot, from those of the one before.
 */
#ifndef ROOTDNS_HISTORY_H
#define ROOTDNS_HISTORY_H

#include "zone.h"

/* What two snapshots of a zone show differently, however they came about. */
void history_compare(const struct zone *before, const struct zone *after, struct draft *out);
/*
 * Gives `after` the deltas of `before` and the one of `draft`, which is not noted when it is empty and the serial is
 * the same; as many as the bound allows, in place of those that `after` has.
 */
AL_MUST_USE enum al_err history_set(struct zone *after, const struct zone *before, struct draft *draft);

#endif
