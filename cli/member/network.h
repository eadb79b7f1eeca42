/* SPDX-License-Identifier: MIT */
/*
 * network.h -- the registry at the other end: what it says about itself (question "network"), and whether it is the
 * one that it was.
 */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include "alamo/rpsl/sshsig.h"
#include "alamo/tlog/note.h"
#include "client.h"
#include "option.h"

#define NETWORK_FIELD_MAX 320
#define NETWORK_ENDPOINTS_MAX 32

struct network {
	char name[NETWORK_FIELD_MAX];                             /* "alamo" */
	char source[NETWORK_FIELD_MAX];                           /* "ALAMO" */
	char tld[NETWORK_FIELD_MAX];                              /* the first one; empty: none */
	char hostmaster[NETWORK_FIELD_MAX];                       /* maintainer of the registry object */
	char vkey[NETWORK_FIELD_MAX];                             /* the log's verifier key */
	char ns[AL_SSH_NAMESPACE_MAX];                            /* SSHSIG namespace, "registry@alamo" */
	struct al_vkey key;                                       /* of vkey */
	char endpoints[NETWORK_ENDPOINTS_MAX][NETWORK_FIELD_MAX]; /* "whois 127.0.0.1:4043"; said, not pinned */
	size_t endpoint_count;
};

/* Which registry, and by which log key; both may be NULL. */
struct registry {
	const char *server, *pin;
};

/* Rows of a command's options for its field `where`, a struct registry. */
#define REGISTRY_ROWS(type, where)                                                                    \
	OPTION_SERVER(type, where.server),                                                            \
	{                                                                                             \
		.name = "pin", .arg = "VKEY|FILE", OPTION_AT(type, where.pin),                        \
		.meaning = "the log key that the registry must have, as its hostmaster published it", \
		.fallback = "the one of the first contact"                                            \
	}

/*
 * Connects, asks, and compares with what is pinned (pin.h). Reasons are said. AL_ECLOSED no connection, AL_EVERIFY a
 * contradiction, AL_EINVAL not a registry or a wrong option. On failure *client is NULL.
 */
AL_MUST_USE enum al_err network_open(const struct registry *registry, struct client **client, struct network *out);
/* The question alone: nothing is pinned, nothing compared. AL_EINVAL is said. */
AL_MUST_USE enum al_err network_ask(struct client *client, struct network *out);
/*
 * "HOST:PORT" of a service, as seen from here: the registry's own host when the service listens at every address or at
 * that one. AL_ENOTFOUND: the registry does not say.
 */
AL_MUST_USE enum al_err network_endpoint(const struct network *network, const char *server, const char *name, char *out,
					 size_t cap);
/* Decodes the answer's text. */
AL_MUST_USE enum al_err network_parse(struct al_slice answer, struct network *out);

#endif
