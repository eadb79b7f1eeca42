/* SPDX-License-Identifier: MIT */
/*
 * zone_record.h -- RDATA of ds-rdata: text to wire.
 */
#ifndef ROOTDNS_ZONE_RECORD_H
#define ROOTDNS_ZONE_RECORD_H

#include "rrset.h"

/* One `ds-rdata:` value; returns the RDATA's length, 0 when malformed. */
#define DS_RDATA_MAX 68
size_t record_parse_ds(struct al_slice value, uint8_t out[static DS_RDATA_MAX]);

#endif
