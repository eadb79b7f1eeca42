/* SPDX-License-Identifier: MIT */
/*
 * cds.h -- which DS records a delegated zone asks for in its CDS and CDNSKEY
 * sets (RFC 7344, RFC 8078), and whether it may: no sockets.
 *
 * Believed are sets that a key signs which the present DS set names (RFC 7344
 * section 4.1), from every server alike, and that leave the zone valid.
 */
#ifndef CLI_CDS_H
#define CLI_CDS_H

#include <ldns/ldns.h>

#include "alamo/base/buf.h"

/* The sets that a server is asked for. */
enum cds_set { CDS_CDS, CDS_CDNSKEY, CDS_DNSKEY, CDS_SETS };
extern const ldns_rr_type cds_types[CDS_SETS];

struct cds {
	ldns_rdf *name;        /* of the zone; owned */
	ldns_rr_list *present; /* its DS set; owned */
	ldns_rr_list *wanted;  /* by the servers so far, sorted; NULL: none has answered; owned */
	bool silent;           /* they have neither CDS nor CDNSKEY: `wanted` is empty */
	time_t signed_s; /* when the change that they ask for was signed, by the oldest of their sets; 0: none is believed */
};

/* `name` in canonical form, without its last dot. Release in any case. */
AL_MUST_USE enum al_err cds_init(struct cds *cds, const char *name);
void cds_release(struct cds *cds);
/* One of the present `ds-rdata:` values. */
AL_MUST_USE enum al_err cds_present(struct cds *cds, struct al_slice value);
/*
 * What one server answered, each with its authority. NULL: believed, and as the servers before it. Signatures are looked at
 * when it asks for a change, and there is a present DS set that could vouch. Else what is wrong, constant text.
 */
const char *cds_take(struct cds *cds, ldns_pkt *const answers[CDS_SETS]);
/* Is it another DS set that they ask for? */
bool cds_is_new(const struct cds *cds);
/* A DS of the set names the key. */
bool cds_names_key(const ldns_rr_list *ds_set, const ldns_rr *key);
/* Is the set signed, now, by a key of the zone that the DS set names? */
bool cds_vouched(ldns_rr_list *set, ldns_rr_list *sigs, const ldns_rr_list *ds_set, const ldns_rr_list *dnskeys);
/* "PREFIX TAG ALGORITHM TYPE DIGEST" for each, a line each. */
void cds_put(const ldns_rr_list *set, const char *prefix, struct al_buf *out);

#endif
