/*
 * zone_record.h -- RDATA of hosted records and of ds-rdata: text to wire.
 */
#ifndef ROOTDNS_ZONE_RECORD_H
#define ROOTDNS_ZONE_RECORD_H

#include "rrset.h"

#define RECORD_RDATA_MAX 4096

struct record {
	struct al_slice owner; /* relative name as typed, "@" or "*" too */
	uint16_t type;
	uint32_t ttl;
	size_t len;
	uint8_t rdata[RECORD_RDATA_MAX];
};

/* One `record:` value, "NAME [TTL] TYPE DATA"; names in the data are absolute. */
AL_MUST_USE enum al_err record_parse(struct al_slice value, uint32_t default_ttl, struct record *out);
/* One `ds-rdata:` value; returns the RDATA's length, 0 when malformed. */
#define DS_RDATA_MAX 68
size_t record_parse_ds(struct al_slice value, uint8_t out[static DS_RDATA_MAX]);

#endif
