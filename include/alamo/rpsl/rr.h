/* SPDX-License-Identifier: MIT */
/*
 * rr.h -- hosted DNS records: one table of types, each with its text, its
 * checks, its canonical form and its wire form.
 *
 * What a member types is read once, here: registry, whois and zone use the
 * same bytes, so that what was accepted is what is served. Checks are as
 * strict as BIND 9.18 is with what it reads from the wire, because a record
 * that one secondary refuses costs it the whole zone.
 *
 * Sources: RFC 1035 (text: section 5.1), 1183 (RP), 1876 (LOC), 2782 (SRV),
 * 3403 (NAPTR), 3596 (AAAA), 3597 (generic form), 4255 6594 7479 (SSHFP), 6672
 * (DNAME), 6698 (TLSA), 7553 (URI), 7929 (OPENPGPKEY), 8162 (SMIMEA), 8659
 * (CAA), 9460 (SVCB, HTTPS), 9461 (dohpath), 9540 (ohttp).
 */
#ifndef ALAMO_RR_H
#define ALAMO_RR_H

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"

#define AL_RR_DATA_MAX 4096       /* bytes of RDATA */
#define AL_RECORD_TTL_MAX 604800  /* seconds */
#define AL_RECORD_TTL_DEFAULT 300 /* seconds, for those that do not say */
/* One RRset's answer must fit any message: the most bytes of its RDATA, each with this much in front. */
#define AL_RRSET_BYTES_MAX 16384u
#define AL_RR_FIXED 12u

/* Number of a type that may be hosted, by its name or as TYPEnnn; AL_EINVAL for others. */
AL_MUST_USE enum al_err al_rr_type_parse(struct al_slice word, uint16_t *type);
/* "AAAA", or "TYPE65280" where the number has no name here. */
void al_rr_type_format(uint16_t type, struct al_buf *out);

/*
 * Data of one record, as zone files have it, to wire form (names in lower case, nothing compressed): appended to
 * `wire`. Names are absolute, with or without their last dot. AL_EINVAL: *why says what is wrong, constant text.
 */
AL_MUST_USE enum al_err al_rr_parse(uint16_t type, struct al_slice data, struct al_buf *wire, const char **why);
/* Wire form to canonical text, which al_rr_parse() turns into the same bytes. AL_EINVAL: not of that type's form. */
AL_MUST_USE enum al_err al_rr_format(uint16_t type, struct al_slice wire, struct al_buf *out);

/* One `record:` value, "NAME [TTL] TYPE DATA". */
struct al_record {
	char owner[AL_NAME_MAX + 1]; /* canonical, relative to the domain; "@" is the domain itself */
	bool has_ttl;
	uint32_t ttl; /* seconds; when has_ttl */
	uint16_t type;
	size_t len;
	uint8_t rdata[AL_RR_DATA_MAX];
};

/* AL_EINVAL with a reason in *why (constant text); AL_ENOMEM. */
AL_MUST_USE enum al_err al_record_parse(struct al_slice value, struct al_record *out, const char **why);
void al_record_format(const struct al_record *record, struct al_buf *out);

#endif
