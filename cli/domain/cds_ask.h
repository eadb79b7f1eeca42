/* SPDX-License-Identifier: MIT */
/*
 * cds_ask.h -- one name server's CDS, CDNSKEY and DNSKEY sets, over TCP.
 */
#ifndef CLI_CDS_ASK_H
#define CLI_CDS_ASK_H

#include "cds.h"

/*
 * `host`: an address, or a name that this machine resolves; all answers within `ms` of the connection. They are complete and
 * with authority; free each with ldns_pkt_free(). AL_ECLOSED: no whole answer in time. AL_EINVAL: another answer. *why
 * says it, constant text.
 */
AL_MUST_USE enum al_err cds_ask(const char *host, const ldns_rdf *zone, uint64_t ms, ldns_pkt *answers[CDS_SETS],
				const char **why);
#define CDS_QUERY_MAX (2u + 512u)
/*
 * A question with a random id, its length in front as TCP has it (RFC 7766 section 8); `udp_size`: with EDNS and DO, 0: without.
 * 0: no memory. How many bytes of `out` else.
 */
size_t cds_query(const ldns_rdf *zone, ldns_rr_type type, uint16_t udp_size, uint8_t out[static CDS_QUERY_MAX],
		 uint16_t *id);
#define CDS_RECORDS_MAX 256u /* of an answer section: keys, digests and signatures are all held against each other */
/* Is it an answer to this question, with no more records than that, each with all of its fields? */
bool cds_answers(const ldns_pkt *answer, uint16_t id, const ldns_rdf *zone, ldns_rr_type type);

#endif
