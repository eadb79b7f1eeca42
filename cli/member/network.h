/*
 * network.h -- what the registry says about itself (question "network").
 */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include "alamo/rpsl/sshsig.h"
#include "client.h"

#define NETWORK_FIELD_MAX 320

struct network {
	char name[NETWORK_FIELD_MAX];       /* "alamo" */
	char source[NETWORK_FIELD_MAX];     /* "ALAMO" */
	char tld[NETWORK_FIELD_MAX];        /* the first one; empty: none */
	char hostmaster[NETWORK_FIELD_MAX]; /* maintainer of the registry object */
	char vkey[NETWORK_FIELD_MAX];       /* the log's verifier key: not pinned, only said */
	char ns[AL_SSH_NAMESPACE_MAX];      /* SSHSIG namespace, "registry@alamo" */
};

/* AL_EINVAL (said on standard error) when an answer lacks name or source. */
AL_MUST_USE enum al_err network_ask(struct client *client, struct network *out);
/* Decodes the answer's text. */
AL_MUST_USE enum al_err network_parse(struct al_slice answer, struct network *out);

#endif
