/* SPDX-License-Identifier: MIT */
/*
 * join.h -- the objects of a new member, from a name and a key.
 */
#ifndef CLI_JOIN_H
#define CLI_JOIN_H

#include "alamo/base/buf.h"

#define JOIN_HOSTS_MAX 32

struct join {
	const char *name;         /* "FISHER": gives FISHER-MNT, FISHER-AS, FISHER-NET */
	const char *domain;       /* NULL: none; without a dot it is put below the TLD */
	const char *const *hosts; /* "NAME=ADDRESS"; "NAME=::1" is that host of the new prefix */
	size_t host_count;
	const char *vouched_by; /* a maintainer; NULL: nobody */
	unsigned len;           /* of the IPv6 prefix */
	unsigned len4;          /* of the IPv4 prefix; 0: none */
};

#define JOIN_NAME_MAX 60

/* "FISHER" from "fisher", "Fisher" or "FISHER-MNT". AL_EINVAL: not 1 to JOIN_NAME_MAX letters, digits and '-'. */
AL_MUST_USE enum al_err join_name(const char *typed, char out[static JOIN_NAME_MAX + 1]);

/*
 * Appends the objects as plain RPSL with AUTO-1 (AS number), AUTO-2/LEN and, for IPv4, AUTO-3/LEN.
 * `auth` is the public key line. AL_EINVAL with a reason in *why (constant).
 */
AL_MUST_USE enum al_err join_objects(const struct join *join, struct al_slice source, struct al_slice tld,
				     struct al_slice auth, struct al_buf *out, const char **why);

#endif
