/* SPDX-License-Identifier: MIT */
/*
 * directory.h -- the services that the log has, and which of them answer.
 */
#ifndef CLI_DIRECTORY_H
#define CLI_DIRECTORY_H

#include "alamo/rpsl/state.h"

#define SERVICE_STALE_S (14u * 86400) /* not seen for longer */

enum service_state {
	SERVICE_UNASKED, /* nobody asked, or it has no TCP port */
	SERVICE_UP,
	SERVICE_DOWN,
	SERVICE_STALE, /* down, and was for SERVICE_STALE_S */
};
extern const char *const service_states[];

struct service {
	const struct al_object *object; /* of the state */
	enum service_state state;
	bool tls;       /* shows a certificate */
	int tls_days;   /* until that is over */
	uint64_t first; /* Unix seconds of the first time that it was asked; 0: never */
	uint64_t seen;  /* of the last answer; 0: none yet */
};

struct directory {
	struct service *services; /* by name */
	size_t count;
};

/* AL_ENOMEM; release in any case. */
AL_MUST_USE enum al_err directory_fill(const struct al_state *state, struct directory *out);
void directory_release(struct directory *directory);

/*
 * Connects to every TCP port of every service, `ms` at most for each 64 of them; where TLS is usual the certificate is
 * looked at. First and last times go on from the file `network` of the last run and are kept there. AL_OK, else said.
 */
AL_MUST_USE enum al_err directory_check(struct directory *directory, const char *network, int ms);

#endif
