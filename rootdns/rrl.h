/* SPDX-License-Identifier: MIT */
/*
 * rrl.h -- response rate limiting: a forged question over UDP sends its answer
 * to a victim. Like answers to one network are counted by the second; above the
 * limit every second one is sent short, with TC set, so that who really asked
 * comes back over TCP, and the others are dropped.
 *
 * One table for all threads, of fixed size; counts are approximate when threads
 * meet at one place. Clients with a cookie of ours have shown their address and
 * are not counted.
 */
#ifndef ROOTDNS_RRL_H
#define ROOTDNS_RRL_H

#include "client.h"
#include "query.h"

struct rrl;

enum rrl_verdict { RRL_SEND, RRL_SHORT, RRL_DROP };

/* `limit`: answers a second; 0: any number. */
AL_MUST_USE enum al_err rrl_new(uint32_t limit, struct rrl **out);
void rrl_limit(struct rrl *rrl, uint32_t limit); /* another one; any thread */
void rrl_free(struct rrl *rrl);                  /* NULL is allowed */
/* What is done with this reply. `rrl` NULL: it is sent. */
enum rrl_verdict rrl_judge(struct rrl *rrl, const struct query *query, const struct client *client,
			   const uint8_t *reply);

#endif
