/* SPDX-License-Identifier: MIT */
/*
 * versions.h -- the versions of one object: --list-versions, --show-version,
 * --diff-versions.
 */
#ifndef WHOIS_VERSIONS_H
#define WHOIS_VERSIONS_H

#include "history.h"
#include "lookup.h"

#define WHOIS_VERSIONS_MAX 1000u /* newest ones that are listed */

/* AL_EINVAL: *error says why, and nothing is written. */
AL_MUST_USE enum al_err whois_put_versions(const struct whois_view *view, const struct whois_query *query,
					   struct al_buf *out, struct whois_error *error);

#endif
