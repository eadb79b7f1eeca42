/* SPDX-License-Identifier: MIT */
/*
 * rdap_search.h -- searches (RFC 9082 section 3.2): a name with '*' for any
 * characters at its end or its beginning. Work and results are bounded; an
 * answer that is not complete says so (RFC 9083 section 9).
 */
#ifndef WHOIS_RDAP_SEARCH_H
#define WHOIS_RDAP_SEARCH_H

#include "rdap_json.h"

#define RDAP_SEARCH_MAX 100u /* results */
#define RDAP_SCAN_MAX 20000u /* objects looked at */

/* `kind`: "domains", "nameservers" or "entities"; `query` raw. NULL and *status (400, 422): not a search of ours. */
json_t *rdap_search(const struct rdap *rdap, const char *kind, struct al_slice query, int *status);

#endif
