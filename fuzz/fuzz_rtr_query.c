/* links: alamo_rpki */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_rtr_query.c -- a router's bytes through decoding and the session, as rtr_server.c feeds them.
 *
 * The first byte says what the cache is like (data, suspect) and how often its answers are sent in between.
 */
#include <stdlib.h>

#include "rtr_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool retained(void *arg, uint32_t from)
{
	(void)arg;
	return from % 3 == 1;
}

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_reply(const struct rtr_session *session, const struct rtr_pdu *pdu, const struct rtr_reply *reply,
			const struct rtr_world *world)
{
	uint8_t out[RTR_ERROR_MAX];
	size_t len;

	check(reply->answer == RTR_LATER || reply->answer == RTR_NOTHING || reply->version <= world->highest);
	if (pdu->type == RTR_ERROR_REPORT)
		check(reply->answer == RTR_NOTHING && session->state == RTR_ENDED);
	if (reply->answer == RTR_FULL || reply->answer == RTR_DELTA || reply->answer == RTR_EMPTY)
		check(world->has_data && session->state == RTR_SENDING && reply->version == pdu->version);
	if (reply->answer != RTR_ERROR)
		return;
	check(reply->finish == (reply->code != RTR_NO_DATA));
	len = rtr_put_error(out, reply->version, reply->code, pdu->raw, reply->text);
	check(len >= 16 && len <= sizeof(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtr_world world = { .serial = 100,
				   .highest = 2,
				   .session = { 0, 0x0102, 0x0103 },
				   .fresh = 7,
				   .now_ms = 1,
				   .notify_ms = 60000,
				   .retained = retained };
	struct rtr_session session;
	struct rtr_pdu pdu;
	size_t at = 1;

	if (size == 0)
		return 0;
	world.has_data = (data[0] & 1) != 0;
	world.suspect = (data[0] & 2) != 0;
	world.highest = (data[0] & 4) != 0 ? 1 : 2;
	rtr_session_init(&session);
	while (session.state != RTR_ENDED && at <= size) {
		size_t left = size - at < RTR_INPUT_MAX ? size - at : RTR_INPUT_MAX;
		size_t used = rtr_pdu_decode(data + at, left, &pdu);
		struct rtr_reply reply;

		check(used <= left && (used != 0 || left < RTR_INPUT_MAX));
		if (used == 0)
			break;
		reply = rtr_session_step(&session, RTR_IN_PDU, &pdu, &world);
		check_reply(&session, &pdu, &reply, &world);
		if (reply.answer != RTR_LATER)
			at += used;
		(void)rtr_session_step(&session, RTR_IN_SENT, NULL, &world);
		(void)rtr_session_step(&session, RTR_IN_TICK, NULL, &world);
	}
	(void)rtr_session_step(&session, RTR_IN_EOF, NULL, &world);
	(void)rtr_session_cut(&session);
	return 0;
}
