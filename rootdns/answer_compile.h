/* SPDX-License-Identifier: MIT */
/*
 * answer_compile.h -- a name of the working copy to a node.
 */
#ifndef ROOTDNS_ANSWER_COMPILE_H
#define ROOTDNS_ANSWER_COMPILE_H

#include "alamo/base/buf.h"
#include "node.h"
#include "zone_resolve.h"

#define REFERRAL_BYTES_MAX 16000u /* pointers reach no further than 16,383 */

/* `shown` has its NSEC, and all is signed. The caller frees the node with free(). */
AL_MUST_USE enum al_err answer_compile(const struct shown *shown, struct node **out);

/*
 * Addresses of the name servers of a zone whose nodes are made, for the additional section of an NS answer: records with full
 * owner, those in `sigs` their signatures.
 */
struct server_addresses {
	struct al_buf records, sigs;
	uint16_t record_count, sig_count;
};
AL_MUST_USE enum al_err answer_compile_servers(const struct zone_tree *tree, const struct node *apex,
					       struct server_addresses *out);

#endif
