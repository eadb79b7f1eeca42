/* SPDX-License-Identifier: MIT */
/*
 * rdap_files.h -- files about the registry as a whole, below /registry/:
 *
 *   ipv4.json ipv6.json asn.json dns.json    bootstrap (RFC 9224): what is asked here
 *   delegated-extended                       the statistics exchange format of the registries, version 2
 *
 * The statistics are made anew at most once a minute, those of the past when another moment is asked for, and name the
 * log size that they are of.
 */
#ifndef WHOIS_RDAP_FILES_H
#define WHOIS_RDAP_FILES_H

#include "alamo/net/http.h"
#include "rdap_json.h"

#define RDAP_FILE_ITEMS_MAX 1000u  /* blocks in a bootstrap file */
#define RDAP_DELEGATED_MAX 200000u /* records in the statistics */
#define RDAP_DELEGATED_MS 60000u

struct rdap_files;

AL_MUST_USE enum al_err rdap_files_new(struct rdap_files **out);
void rdap_files_free(struct rdap_files *files); /* NULL is allowed */
/* answer->status 404 when there is no such file; it then has no body. */
void rdap_files_answer(struct rdap_files *files, const struct rdap *rdap, struct al_slice name,
		       struct al_http_answer *answer);

#endif
