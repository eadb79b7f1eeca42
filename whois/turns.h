/* SPDX-License-Identifier: MIT */
/*
 * turns.h -- whose turn it is when several connections have work.
 *
 * One piece of work at a time: first to the next source (IPv4 address or IPv6
 * /64) that waits, there to the next of its connections. However much one
 * source asks, on however many connections, another waits for one piece of its.
 */
#ifndef WHOIS_TURNS_H
#define WHOIS_TURNS_H

#include "alamo/base/ident.h"
#include "alamo/net/loop.h"

struct whois_turns;
struct whois_turn_source;

/* Embedded in what waits; all members private. */
struct whois_turn {
	struct whois_turns *turns;
	struct whois_turn_source *source;
	struct whois_turn *prev, *next;
	bool waiting;
};

/* One piece of bounded work for the owner of `turn`, who may not leave meanwhile. True: there is more. */
typedef bool (*whois_turn_fn)(struct whois_turn *turn);

AL_MUST_USE enum al_err whois_turns_new(struct al_loop *loop, whois_turn_fn run, struct whois_turns **out);
void whois_turns_free(struct whois_turns *turns); /* all have left; NULL is allowed */
/* `addr` as al_conn_addr() has it; all that have none are one source. */
AL_MUST_USE enum al_err whois_turn_join(struct whois_turns *turns, const struct al_prefix *addr,
					struct whois_turn *turn);
void whois_turn_leave(struct whois_turn *turn);
/* There is work: at once, if nobody waits, else when it is its turn. */
void whois_turn_take(struct whois_turn *turn);

#endif
