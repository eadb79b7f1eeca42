/* SPDX-License-Identifier: MIT */
/*
 * session.h -- one connection of the request port: finds where requests and
 * questions begin and end, answers them in order.
 */
#ifndef REGISTRY_SESSION_H
#define REGISTRY_SESSION_H

#include "alamo/net/net.h"
#include "question.h"
#include "tariff.h"

struct session_ctx {
	struct al_loop *loop;
	struct question_ctx question;
	struct tariff tariff; /* of what sources and networks pay */
};

#define SESSION_IN_MAX (256u << 10) /* unread bytes of one connection */
#define SESSION_OUT_MAX (8u << 20)
#define SESSION_OUT_TOTAL (64u << 20) /* of all connections */

/* For al_listener_new(); its arg is a struct session_ctx. */
extern const struct al_conn_ops session_ops;

#endif
