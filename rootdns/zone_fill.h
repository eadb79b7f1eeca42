/* SPDX-License-Identifier: MIT */
/*
 * zone_fill.h -- what a snapshot has beside its nodes: numbers, the SOA of
 * negative answers, the addresses of the apex's servers.
 */
#ifndef ROOTDNS_ZONE_FILL_H
#define ROOTDNS_ZONE_FILL_H

#include "zone_master.h"

/* The master's tree is resolved and signed. */
AL_MUST_USE enum al_err zone_fill(struct zone *next, const struct zone_master *master);

#endif
