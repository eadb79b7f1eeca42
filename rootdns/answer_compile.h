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

#endif
