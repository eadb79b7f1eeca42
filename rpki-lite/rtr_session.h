/* SPDX-License-Identifier: MIT */
/*
 * rtr_session.h -- one router's conversation: RFC 8210 section 8 from the cache's side, as one step function.
 *
 *            query, data there            all sent
 *     NEW ----------------------> SENDING --------> READY ---+
 *      |                             ^                ^      | query, Notify, Cache Reset
 *      | query, no data              +------ query ---+------+
 *      +---------> WAITING ---- Notify: data came ----^
 *     any ---- Error Report, bad PDU, end of input ----> ENDED
 *
 * Between a Cache Reset and the Reset Query no Notify is sent, for RTR_RESET_MS at most: bird waits its retry
 * interval before it asks, and begins that wait anew with each Notify, so that a cache that changes more often than
 * that would keep it on its old records for ever.
 *
 * A query that comes before there is data is held (RTR_LATER), since bird and FRR sleep ten minutes after an Error 2;
 * it is answered when the data is there, and refused when that takes longer than hold_ms.
 *
 * Pure: no I/O, no clock, no randomness; what it has to know comes in struct rtr_world, what is to be done goes
 * out in struct rtr_reply.
 *
 * Why (session, serial) needs no state file. RFC 8210 asks that a session and a serial together name one set of
 * records. The set is a fold over the verified log (vrp_build.h), and the serial is the log size at which the set
 * last changed. The log is append-only, and the follower accepts nothing that contradicts what was signed; so the
 * serial alone names one set as long as it is the same log (its name and key), the same rule (VRP_RULE_VERSION)
 * and the same RTR version (serials of versions are not commensurate, section 5.1). The session ID is the first 16
 * bits of the hash of exactly these. Every cache of the network that shows the log therefore gives the same answer,
 * a router may move between them, and a restart re-folds the same sets, serials and deltas. Only an operator who
 * signs two different logs with one key breaks this, and that is a fork which followers report.
 *
 * A version higher than what is offered is refused with Error 4 in ours, whatever it asks: routers come back with ours
 * then, and would take an answer in another version than their own badly.
 *
 * Version 0 is the exception: each answer to a Reset Query gets a fresh session, valid on its connection only.
 * Routers that speak version 0 and nothing else (gobgp) purge revoked records only when the session changes. There
 * the pair does not name one set either: a difference that both brings and takes goes out in two answers, the first of
 * which ends with the serial that the router had, since such a router takes withdrawals before announcements. That
 * serial is asked about once more, on this connection, and by nobody else.
 */
#ifndef RPKI_LITE_RTR_SESSION_H
#define RPKI_LITE_RTR_SESSION_H

#include "alamo/tlog/note.h"

#include "rtr_pdu.h"

#define RTR_RESET_MS (7200u * 1000) /* the longest retry interval there is (RFC 8210 section 6) */

/* SHA-256("alamo rtr session" | vkey line | rule version | RTR version), first 16 bits. */
uint16_t rtr_session_id(const struct al_vkey *key, uint32_t rule_version, uint8_t version);

enum rtr_state {
	RTR_NEW,     /* no query yet: the version is open and nothing may be sent */
	RTR_READY,   /* nothing under way */
	RTR_SENDING, /* an answer is on its way: no Notify, no second answer */
	RTR_WAITING, /* asked before we had data, and was told so (Error 2) */
	RTR_ENDED,
	RTR_STATE_COUNT
};

const char *rtr_state_name(enum rtr_state state);
bool rtr_state_allows(enum rtr_state from, enum rtr_state to);

struct rtr_session {
	enum rtr_state state;
	uint8_t version; /* from the first query on */
	bool granted;    /* version 0: `session0` was given in a Reset answer */
	bool held;       /* a query waits for data, since `held_ms` */
	uint64_t held_ms;
	uint16_t session0;
	uint32_t told;  /* newest serial that the router has heard of; 0: none */
	bool resetting; /* was told to ask for everything, at `reset_ms`, and has not done so yet */
	uint64_t reset_ms;
	bool halfway; /* version 0: what came from `half_from` to `half_to` is there, what went is too */
	uint32_t half_from, half_to;
	bool notified;        /* ever */
	uint64_t notified_ms; /* when last */
};

enum rtr_input {
	RTR_IN_PDU,  /* `pdu` came */
	RTR_IN_SENT, /* all output has left */
	RTR_IN_TICK, /* new data, or time has passed */
	RTR_IN_EOF,  /* the router has finished sending */
	RTR_INPUT_COUNT
};

/* What is true outside of the conversation. */
struct rtr_world {
	bool has_data;                         /* a verified head was published */
	uint32_t serial;                       /* of it */
	uint8_t highest;                       /* version that is offered: 1 .. RTR_VERSION_MAX */
	uint16_t session[RTR_VERSION_MAX + 1]; /* of each version; that of 0 is not used */
	uint16_t fresh;                        /* random, for version 0 */
	bool suspect;                          /* the router's copy may be broken: a Serial Query gets Cache Reset */
	bool busy;                             /* something is still on its way to the router */
	uint64_t now_ms;
	uint64_t notify_ms; /* least time between two Notifies to one router */
	uint64_t hold_ms;   /* longest time that a query is held for want of data */
	/* Is there a difference from this serial? */
	bool (*retained)(void *arg, uint32_t from);
	void *arg;
};

enum rtr_answer {
	RTR_NOTHING,
	RTR_LATER, /* not now: keep the PDU and give it again after RTR_IN_SENT, or when there is data */
	RTR_NOTIFY,
	RTR_RESET, /* Cache Reset */
	RTR_FULL,  /* Cache Response, all records, End of Data */
	RTR_DELTA, /* Cache Response, difference from `from`, End of Data */
	RTR_REST,  /* Cache Response, the withdrawals of the difference that was halved, End of Data */
	RTR_EMPTY, /* Cache Response, End of Data */
	RTR_ERROR, /* Error Report `code` */
};

struct rtr_reply {
	enum rtr_answer answer;
	uint8_t version; /* for the header */
	uint16_t session;
	uint32_t from;
	uint32_t serial; /* of End of Data, or of the Notify */
	enum rtr_code code;
	const char *text; /* of the Error Report; constant */
	bool finish;      /* close once everything is sent */
	bool suspect;     /* the router said that its copy does not fit ours (Error 6, 7) */
};

void rtr_session_init(struct rtr_session *session);
struct rtr_reply rtr_session_step(struct rtr_session *session, enum rtr_input input, const struct rtr_pdu *pdu,
				  const struct rtr_world *world);
/*
 * The RTR_DELTA just replied, in version 0, both brings and takes: send what comes alone, with the End of Data that is
 * returned. The router is then notified at once, asks from the same serial, and gets RTR_REST.
 */
uint32_t rtr_session_halve(struct rtr_session *session, uint32_t from, uint32_t to);
/* Time from `now_ms` until a Notify is due, 0: now, UINT64_MAX: none is. */
uint64_t rtr_session_notify_in(const struct rtr_session *session, const struct rtr_world *world);
/* The connection is gone: was the router cut off inside an answer, so that it may hold part of it? */
bool rtr_session_cut(const struct rtr_session *session);

#endif
