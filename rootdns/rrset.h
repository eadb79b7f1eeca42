/* SPDX-License-Identifier: MIT */
/*
 * rrset.h -- one RRset in "run" form: its records one after the other, each
 *
 *   C0 0C | type | class IN | TTL | RDLENGTH | RDATA
 *
 * in canonical RDATA order, names in RDATA uncompressed and lower case. The
 * first two bytes stand for the owner: in an answer to a question for that
 * very name they already are right (a pointer to the question, RFC 1035
 * section 4.1.4); elsewhere they are replaced.
 */
#ifndef ROOTDNS_RRSET_H
#define ROOTDNS_RRSET_H

#include "alamo/rpsl/rr.h"
#include "dname.h"

enum rr_type {
	RR_A = 1,
	RR_NS = 2,
	RR_CNAME = 5,
	RR_SOA = 6,
	RR_PTR = 12,
	RR_MX = 15,
	RR_TXT = 16,
	RR_AAAA = 28,
	RR_SRV = 33,
	RR_DNAME = 39,
	RR_OPT = 41,
	RR_DS = 43,
	RR_RRSIG = 46,
	RR_NSEC = 47,
	RR_DNSKEY = 48,
	RR_ZONEMD = 63,
	RR_TSIG = 250,
	RR_IXFR = 251,
	RR_AXFR = 252,
	RR_ANY = 255,
};
#define RR_CLASS_IN 1

#define RRSET_BYTES_MAX AL_RRSET_BYTES_MAX /* the registry refuses more */
#define RR_FIXED AL_RR_FIXED               /* bytes of a record before its RDATA, in run form */

struct rrset {
	struct rrset *next; /* of the same owner, by rising type */
	uint16_t type;
	uint16_t count;   /* records */
	uint32_t ttl;     /* seconds */
	uint32_t len;     /* bytes of `run` */
	uint32_t sig_len; /* bytes of `sig`; 0: not signed */
	uint8_t *sig;     /* its RRSIG records in run form; of DNSKEY there may be several; owned */
	uint8_t run[];
};

struct rdata {
	const uint8_t *ptr;
	uint16_t len;
};

/*
 * Sorts `items` in place and leaves out duplicates. AL_ELIMIT over
 * RRSET_BYTES_MAX, AL_EINVAL when there are none.
 */
AL_MUST_USE enum al_err rrset_new(uint16_t type, uint32_t ttl, struct rdata *items, size_t count, struct rrset **out);
void rrset_free(struct rrset *set); /* NULL is allowed */
void rrset_list_free(struct rrset *first);
const struct rrset *rrset_find(const struct rrset *first, uint16_t type);

/* One record of a run. */
struct rr_view {
	uint16_t type;
	uint32_t ttl;
	uint16_t len; /* bytes of rdata */
	const uint8_t *rdata;
	const uint8_t *fixed; /* type .. rdata: what follows the owner */
	size_t fixed_len;
};
/* *left counts down to 0; false at the end. Trusted bytes only. */
bool rr_next(const uint8_t **run, size_t *left, struct rr_view *out);

/* NSEC RDATA: next name and the types that exist (RFC 4034 section 4.1); `types` sorted. Returns its length. */
#define NSEC_RDATA_MAX (DNAME_MAX + 256 * 34)
size_t rrset_nsec_rdata(const struct dname *next, const uint16_t *types, size_t count,
			uint8_t out[static NSEC_RDATA_MAX]);

#endif
