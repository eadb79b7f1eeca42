/* SPDX-License-Identifier: MIT */
/*
 * notify.h -- NOTIFY to secondaries (RFC 1996): each zone's new serial to each
 * of them, again until it is answered or six times.
 *
 * One loop's thread. One message of a zone is under way to a secondary at a
 * time; what changes meanwhile is told when that is answered.
 */
#ifndef ROOTDNS_NOTIFY_H
#define ROOTDNS_NOTIFY_H

#include "alamo/net/loop.h"
#include "publish.h"
#include "tsig.h"

struct notify;

struct notify_conf {
	struct al_slice targets;    /* comma list of ADDRESS, ADDRESS:PORT and [ADDRESS]:PORT */
	struct al_slice sources;    /* comma list of our addresses: messages leave from the first of the family */
	const struct tsig_key *key; /* borrowed; NULL: not signed */
	struct publish *publish;    /* borrowed */
	size_t reader;              /* of the loop's thread */
};

/* AL_EINVAL for a target that is none, with the reason in the log. *out NULL when there is nobody to tell. */
AL_MUST_USE enum al_err notify_new(struct al_loop *loop, const struct notify_conf *conf, struct notify **out);
void notify_free(struct notify *notify); /* NULL is allowed */
/* A new set of zones is in force: tells what moved. NULL is allowed. */
void notify_look(struct notify *notify);

#endif
