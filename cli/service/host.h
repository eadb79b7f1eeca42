/* SPDX-License-Identifier: MIT */
/*
 * host.h -- a name that leads to something: the objects of one request that sets address, reverse name, further records
 * and the service, or takes them back.
 *
 * Pure: of the log's state and what was asked for. Each object that is there goes back with its version, so that what
 * somebody else changed meanwhile makes the registry refuse.
 */
#ifndef CLI_HOST_H
#define CLI_HOST_H

#include "node/node_object.h"

#define HOST_RECORDS_MAX 64

struct host_record {
	char owner[AL_NAME_MAX + 1]; /* absolute, canonical */
	uint16_t type;
	struct al_buf data; /* as zone files have it; owned */
};

struct host {
	const struct al_state *state;
	const struct node_owner *owner;
	const char *source;
	char name[AL_NAME_MAX + 1]; /* canonical, absolute */
	struct al_prefix address;   /* bits 0: none */
	const char *node;           /* of the service; NULL: none */
	const char *url;            /* NULL: none */
	const char *descr;          /* NULL: what there is */
	struct option_list ports;   /* "tcp/443" */
	bool anycast;
	struct host_record records[HOST_RECORDS_MAX];
	size_t record_count;
};

void host_release(struct host *host);

/* "_xmpp-client._tcp" below the host's name, "@" the name itself; or a whole name. AL_EINVAL, AL_ELIMIT. */
AL_MUST_USE enum al_err host_owner(const struct host *host, const char *typed, char out[static AL_NAME_MAX + 1]);
/* One record more, with no data yet. NULL (said): there are too many. */
struct al_buf *host_record_add(struct host *host, const char *owner, uint16_t type);
/* TLSA 3 1 1 (RFC 6698, RFC 7671 section 5.1) of the certificate in a PEM file. AL_EINVAL, said. */
AL_MUST_USE enum al_err host_tlsa(const char *path, struct al_buf *out);
/* SSHFP with SHA-256 (RFC 4255, RFC 6594) of an OpenSSH public host key. AL_EINVAL, said. */
AL_MUST_USE enum al_err host_sshfp(const char *path, struct al_buf *out);

/*
 * "::80" lies in the block that is ours: the one of the node named in host->node, else our first. Others are taken as
 * they are. AL_EINVAL, said.
 */
AL_MUST_USE enum al_err host_address(struct host *host, struct al_slice typed);

/* The domain object that has the name, if it is ours and hosted; else NULL, said. */
const struct al_object *host_domain(const struct host *host);
/* "WWW-ANN-ALAMO": the service's name. */
void host_service_name(const struct host *host, struct al_buf *out);
/* The request's objects. *reverse: is the address's name among them? Exit code; what is wrong is said. */
int host_objects(const struct host *host, struct al_buf *out, bool *reverse);
/* The same without the name: its records, those that lead to it, its reverse names, its service. */
int unhost_objects(const struct host *host, struct al_buf *out);

#endif
