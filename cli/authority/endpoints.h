/* SPDX-License-Identifier: MIT */
/*
 * endpoints.h -- what a starting daemon says on its descriptor (service.h,
 * option -r): "endpoint NAME ADDRESS" lines, then "ready", or
 * "taken PORT" and "error TEXT".
 */
#ifndef CLI_ENDPOINTS_H
#define CLI_ENDPOINTS_H

#include "alamo/base/buf.h"

struct endpoints {
	struct al_buf partial; /* bytes of an unfinished line */
	struct al_buf lines;   /* "NAME ADDRESS" lines so far */
	char error[256];       /* "error TEXT": why it does not start; empty: it did not say */
	uint16_t taken;        /* the port that another program has; 0: that is not why */
	bool ready;
};

void endpoints_init(struct endpoints *endpoints);
void endpoints_release(struct endpoints *endpoints);
void endpoints_reset(struct endpoints *endpoints); /* the daemon starts anew */
/* Bytes from the descriptor. True when "ready" is among them. */
bool endpoints_feed(struct endpoints *endpoints, struct al_slice bytes);

#endif
