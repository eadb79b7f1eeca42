/* SPDX-License-Identifier: MIT */
/*
 * access.h -- who may take whole zones: addresses, and keys that sign.
 */
#ifndef ROOTDNS_ACCESS_H
#define ROOTDNS_ACCESS_H

#include "client.h"
#include "tsig.h"

struct access;

/*
 * Comma list of "any", "none", prefixes or addresses, and "key:NAME" for a key of `keys`. AL_EINVAL with the
 * reason in the log.
 */
AL_MUST_USE enum al_err access_new(struct al_slice list, const struct tsig_keys *keys, struct access **out);
void access_free(struct access *access); /* NULL is allowed */
/* `tsig` NULL: not signed. */
bool access_allows(const struct access *access, const struct client *client, const struct tsig *tsig);

#endif
