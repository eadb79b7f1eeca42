/* SPDX-License-Identifier: MIT */
/* rtr_inputs.h -- a cache's world, and what comes into the state machine in it. For tests only. */
#ifndef TESTS_RTR_INPUTS_H
#define TESTS_RTR_INPUTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "rtr_session.h"

#define SERIAL 100
#define SESSION 0xabcd
#define SESSION2 0xabce

static inline bool retained(void *arg, uint32_t from)
{
	(void)arg;
	return from >= 90 && from < SERIAL;
}

static inline struct rtr_world world_of(bool has_data)
{
	return (struct rtr_world){ .has_data = has_data,
				   .serial = has_data ? SERIAL : 0,
				   .highest = 1,
				   .session = { 0, SESSION, SESSION2 },
				   .fresh = 0x1111,
				   .now_ms = 1000000,
				   .notify_ms = 60000,
				   .retained = retained };
}

static inline struct rtr_pdu reset_query(uint8_t version)
{
	return (struct rtr_pdu){ .version = version, .type = RTR_RESET_QUERY, .fault = RTR_SOUND };
}

static inline struct rtr_pdu serial_query(uint8_t version, uint16_t session, uint32_t serial)
{
	return (struct rtr_pdu){
		.version = version, .type = RTR_SERIAL_QUERY, .fault = RTR_SOUND, .field = session, .serial = serial
	};
}

static inline struct rtr_reply ask(struct rtr_session *s, struct rtr_pdu pdu, const struct rtr_world *world)
{
	return rtr_session_step(s, RTR_IN_PDU, &pdu, world);
}

static inline struct rtr_reply tick(struct rtr_session *s, const struct rtr_world *world)
{
	return rtr_session_step(s, RTR_IN_TICK, NULL, world);
}

static inline void sent(struct rtr_session *s, const struct rtr_world *world)
{
	assert_int_equal(rtr_session_step(s, RTR_IN_SENT, NULL, world).answer, RTR_NOTHING);
}

#endif
