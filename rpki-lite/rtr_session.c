/* SPDX-License-Identifier: MIT */
/*
 * rtr_session.c -- the RTR state machine of a cache: state, input and world to next state and reply.
 *
 * Pure functions; the connection's owner does the I/O. Invariant: every change of state is in `allowed`.
 */
#include <assert.h>
#include <string.h>

#include "alamo/base/sha.h"
#include "alamo/base/wire.h"

#include "rtr_session.h"

#define TO(state) (1u << (state))

static const unsigned allowed[RTR_STATE_COUNT] = {
	[RTR_NEW] = TO(RTR_NEW) | TO(RTR_READY) | TO(RTR_SENDING) | TO(RTR_WAITING) | TO(RTR_ENDED),
	[RTR_READY] = TO(RTR_READY) | TO(RTR_SENDING) | TO(RTR_WAITING) | TO(RTR_ENDED),
	[RTR_SENDING] = TO(RTR_SENDING) | TO(RTR_READY) | TO(RTR_ENDED),
	[RTR_WAITING] = TO(RTR_WAITING) | TO(RTR_READY) | TO(RTR_SENDING) | TO(RTR_ENDED),
	[RTR_ENDED] = TO(RTR_ENDED),
};

uint16_t rtr_session_id(const struct al_vkey *key, uint32_t rule_version, uint8_t version)
{
	static const char label[] = "alamo rtr session";
	uint8_t digest[AL_HASH_LEN];
	uint8_t tail[5];
	/* The terminating zeros keep the parts apart. */
	const struct al_slice parts[] = {
		{ label, sizeof(label) },
		{ key->name, strlen(key->name) + 1 },
		al_slice_of(key->pk, sizeof(key->pk)),
		al_slice_of(tail, sizeof(tail)),
	};

	al_set_u32(tail, rule_version);
	tail[4] = version;
	al_sha256(parts, AL_COUNT(parts), digest);
	return al_get_u16(digest);
}

const char *rtr_state_name(enum rtr_state state)
{
	static const char *const names[RTR_STATE_COUNT] = {
		[RTR_NEW] = "new",         [RTR_READY] = "ready", [RTR_SENDING] = "sending",
		[RTR_WAITING] = "waiting", [RTR_ENDED] = "ended",
	};

	return names[state];
}

bool rtr_state_allows(enum rtr_state from, enum rtr_state to)
{
	return (allowed[from] & TO(to)) != 0;
}

static void session_enter(struct rtr_session *session, enum rtr_state state)
{
	assert(rtr_state_allows(session->state, state));
	session->state = state;
}

void rtr_session_init(struct rtr_session *session)
{
	*session = (struct rtr_session){ .state = RTR_NEW };
}

static uint16_t session_number(const struct rtr_session *session, const struct rtr_world *world)
{
	return session->version == 0 ? session->session0 : world->session[session->version];
}

static struct rtr_reply session_fail(struct rtr_session *session, uint8_t version, enum rtr_code code, const char *text)
{
	session_enter(session, RTR_ENDED);
	return (struct rtr_reply){
		.answer = RTR_ERROR, .version = version, .code = code, .text = text, .finish = true
	};
}

static struct rtr_reply session_no_data(struct rtr_session *session, const struct rtr_world *world)
{
	if (!session->held) {
		session->held = true;
		session->held_ms = world->now_ms;
	}
	if (world->now_ms - session->held_ms < world->hold_ms)
		return (struct rtr_reply){ .answer = RTR_LATER };
	session->held = false;
	session_enter(session, RTR_WAITING);
	return (struct rtr_reply){
		.answer = RTR_ERROR, .version = session->version, .code = RTR_NO_DATA, .text = "no verified data yet"
	};
}

static struct rtr_reply session_send(struct rtr_session *session, const struct rtr_world *world, enum rtr_answer answer,
				     uint32_t from)
{
	session->told = world->serial;
	session->resetting = answer == RTR_RESET;
	session->reset_ms = world->now_ms;
	session->held = false;
	session->halfway = false;
	session_enter(session, answer == RTR_RESET ? RTR_READY : RTR_SENDING);
	return (struct rtr_reply){ .answer = answer,
				   .version = session->version,
				   .session = session_number(session, world),
				   .from = from,
				   .serial = world->serial };
}

static struct rtr_reply session_reset_query(struct rtr_session *session, const struct rtr_world *world)
{
	if (!world->has_data)
		return session_no_data(session, world);
	if (session->version == 0) {
		/* Fresh means: not the one before, either. */
		session->session0 = world->fresh != session->session0 ? world->fresh : (uint16_t)(world->fresh + 1);
		session->granted = true;
	}
	return session_send(session, world, RTR_FULL, 0);
}

/* The other half; there may be news behind it. */
static struct rtr_reply session_rest(struct rtr_session *session, const struct rtr_world *world)
{
	struct rtr_reply reply = session_send(session, world, RTR_REST, session->half_from);

	reply.serial = session->half_to;
	session->told = session->half_to;
	return reply;
}

uint32_t rtr_session_halve(struct rtr_session *session, uint32_t from, uint32_t to)
{
	assert(session->state == RTR_SENDING && session->version == 0);
	session->halfway = true;
	session->half_from = from;
	session->half_to = to;
	session->told = from;
	session->notified = false; /* the second half is no news: it does not wait */
	return from;
}

static struct rtr_reply session_serial_query(struct rtr_session *session, const struct rtr_pdu *pdu,
					     const struct rtr_world *world)
{
	bool known = session->version == 0 ? session->granted && pdu->field == session->session0
					   : pdu->field == world->session[session->version];

	if (!world->has_data)
		return session_no_data(session, world);
	if (!known || world->suspect || (session->halfway && pdu->serial != session->half_from))
		return session_send(session, world, RTR_RESET, 0);
	if (session->halfway)
		return session_rest(session, world);
	if (pdu->serial == world->serial)
		return session_send(session, world, RTR_EMPTY, 0);
	if (!world->retained(world->arg, pdu->serial))
		return session_send(session, world, RTR_RESET, 0);
	return session_send(session, world, RTR_DELTA, pdu->serial);
}

static struct rtr_reply session_error_report(struct rtr_session *session, const struct rtr_pdu *pdu)
{
	/* Never answered (RFC 8210 section 5.11). */
	session_enter(session, RTR_ENDED);
	return (struct rtr_reply){ .answer = RTR_NOTHING,
				   .finish = true,
				   .suspect = pdu->field == RTR_WITHDRAWAL_UNKNOWN ||
					      pdu->field == RTR_DUPLICATE_ANNOUNCEMENT };
}

static const char *fault_text(enum rtr_code fault)
{
	switch (fault) {
	case RTR_CORRUPT_DATA:
		return "PDU length does not fit its type";
	case RTR_INVALID_REQUEST:
		return "a router does not send this PDU";
	default:
		return "PDU type not known";
	}
}

static struct rtr_reply session_pdu(struct rtr_session *session, const struct rtr_pdu *pdu,
				    const struct rtr_world *world)
{
	if (pdu->type == RTR_ERROR_REPORT)
		return session_error_report(session, pdu);
	if (session->state == RTR_SENDING || world->busy)
		return (struct rtr_reply){ .answer = RTR_LATER };
	if (session->state == RTR_NEW && pdu->version > world->highest)
		/* With our version in the header the router comes back at that version (section 7). */
		return session_fail(session, world->highest, RTR_UNSUPPORTED_VERSION,
				    world->highest == 1 ? "versions 0 and 1 are spoken"
							: "versions 0, 1 and 2 are spoken");
	if (session->state != RTR_NEW && pdu->version != session->version)
		return session_fail(session, session->version, RTR_UNEXPECTED_VERSION,
				    "not the version of this connection");
	if (pdu->fault != RTR_SOUND)
		return session_fail(session, pdu->version, pdu->fault, fault_text(pdu->fault));
	session->version = pdu->version;
	return pdu->type == RTR_RESET_QUERY ? session_reset_query(session, world)
					    : session_serial_query(session, pdu, world);
}

uint64_t rtr_session_notify_in(const struct rtr_session *session, const struct rtr_world *world)
{
	uint64_t since;

	if (session->state != RTR_READY && session->state != RTR_WAITING)
		return UINT64_MAX;
	if (!world->has_data || world->busy || session->held || session->told == world->serial)
		return UINT64_MAX;
	if (session->resetting && world->now_ms - session->reset_ms < RTR_RESET_MS)
		return RTR_RESET_MS - (world->now_ms - session->reset_ms);
	since = world->now_ms - session->notified_ms;
	if (!session->notified || since >= world->notify_ms)
		return 0;
	return world->notify_ms - since;
}

static struct rtr_reply session_tick(struct rtr_session *session, const struct rtr_world *world)
{
	if (rtr_session_notify_in(session, world) != 0)
		return (struct rtr_reply){ .answer = RTR_NOTHING };
	if (session->version == 0 && !session->granted)
		session->session0 = world->fresh; /* any number: the router has none to compare */
	session->told = world->serial;
	session->notified = true;
	session->notified_ms = world->now_ms;
	session_enter(session, RTR_READY);
	return (struct rtr_reply){ .answer = RTR_NOTIFY,
				   .version = session->version,
				   .session = session_number(session, world),
				   .serial = world->serial };
}

struct rtr_reply rtr_session_step(struct rtr_session *session, enum rtr_input input, const struct rtr_pdu *pdu,
				  const struct rtr_world *world)
{
	struct rtr_reply nothing = { .answer = RTR_NOTHING };

	if (session->state == RTR_ENDED)
		return nothing;
	switch (input) {
	case RTR_IN_PDU:
		return session_pdu(session, pdu, world);
	case RTR_IN_SENT:
		if (session->state == RTR_SENDING)
			session_enter(session, RTR_READY);
		return nothing;
	case RTR_IN_TICK:
		return session_tick(session, world);
	case RTR_IN_EOF:
	case RTR_INPUT_COUNT:
		break;
	}
	/* Half closed inside an answer: send the rest, so that being cut off can still be told apart. */
	if (session->state != RTR_SENDING)
		session_enter(session, RTR_ENDED);
	return (struct rtr_reply){ .answer = RTR_NOTHING, .finish = true };
}

bool rtr_session_cut(const struct rtr_session *session)
{
	return session->state == RTR_SENDING;
}
