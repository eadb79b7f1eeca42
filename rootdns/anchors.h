/* SPDX-License-Identifier: MIT */
/*
 * anchors.h -- what validating resolvers are configured with, as files in the
 * run folder, replaced by rename:
 *
 *   trust-anchor.ds .key .bind     the root: DS, DNSKEY, and a clause for named.conf
 *   trust-anchor-ZONE.ds           each other zone, for a resolver beside another root
 *
 * Records have no TTL: systemd-resolved skips a line that has one.
 */
#ifndef ROOTDNS_ANCHORS_H
#define ROOTDNS_ANCHORS_H

#include "zone_key.h"

AL_MUST_USE enum al_err anchors_write(const struct zone_keys *keys, const struct dname *apex, const char *dir);

#endif
