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
	unsigned len; /* of the prefix */
};

/*
 * Appends the objects as plain RPSL with AUTO-1 (AS number) and AUTO-2/LEN.
 * `auth` is the public key line. AL_EINVAL with a reason in *why (constant).
 */
AL_MUST_USE enum al_err join_objects(const struct join *join, struct al_slice source, struct al_slice tld,
				     struct al_slice auth, struct al_buf *out, const char **why);

#endif
