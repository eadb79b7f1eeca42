/* SPDX-License-Identifier: MIT */
/* follow_place.h -- where a log's servers are, out of an address as al_follow_conf has it. Private to follow.c. */
#ifndef COMMON_FOLLOW_PLACE_H
#define COMMON_FOLLOW_PLACE_H

#include <sys/socket.h>
#include <sys/un.h>

#include "alamo/follow/follow.h"

struct follow_place {
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_storage storage;
	} addr;
	int len;
};

/* AL_EINVAL: not all of them are addresses, or there are too many. */
AL_MUST_USE enum al_err follow_places_parse(const char *text, struct follow_place places[static AL_FOLLOW_ADDRESSES],
					    size_t *count);

#endif
