/* SPDX-License-Identifier: MIT */
/*
 * origin_file.h -- a set as the files that routers and their tools read, one kind each.
 *
 *   roas.json             {"metadata": {...}, "roas": [{"prefix", "maxLength", "asn", "ta", "expires"}],
 *                         "aspas": [{"customer_asid", "expires", "providers"}]}, as rpki-client writes it and StayRTR,
 *                         IRRd, GoBGP and arouteserver read it
 *   roas.csv              the columns of rpki-client's
 *   roas-bird2.conf       for the top level of a bird 2 configuration: tables roas_v4 and roas_v6, and what fills them
 *   roas-bird2-4.conf     "route PREFIX max MAXLEN as ASN;", for the inside of a static protocol with a roa4 channel
 *   roas-bird2-6.conf     the same for roa6: one static protocol takes one family
 *   roas-bird2-paths.conf for the top level of a bird 2 configuration: the function roas_path_ok(way), false if any
 *                         AS in the path has providers and did not hand on to one of them (2.0.12 has no ASPA)
 *   roas-bird1-4.conf     "roa PREFIX max MAXLEN as ASN;", for the inside of a roa table of bird 1.6
 *   roas-bird1-6.conf     the same for its bird6
 *   roas-openbgpd.conf    "roa-set { PREFIX maxlen MAXLEN source-as ASN }", to be included in bgpd.conf
 *   roas-slurm.json       prefixAssertions (RFC 8416), for validators that add them to what they validate
 *   roas-slurm2.json      the same and aspaAssertions (draft-ietf-sidrops-aspa-slurm): only for those that read version 2,
 *                         as Routinator does; FORT 1.5.4 refuses the file
 *   roas-rpsl.txt         route and route6 objects, for IRR tools that load a file (irrd_load_database and the like);
 *                         records of AS 0 permit nobody and are left out
 *
 * Only those that say so in `dated` depend on the time; the others are the same as long as the set is.
 */
#ifndef ORIGINS_ORIGIN_FILE_H
#define ORIGINS_ORIGIN_FILE_H

#include "vrp_set.h"

enum origin_file_kind {
	ORIGIN_JSON,
	ORIGIN_CSV,
	ORIGIN_BIRD2,
	ORIGIN_BIRD2_4,
	ORIGIN_BIRD2_6,
	ORIGIN_BIRD2_PATHS,
	ORIGIN_BIRD1_4,
	ORIGIN_BIRD1_6,
	ORIGIN_OPENBGPD,
	ORIGIN_SLURM,
	ORIGIN_SLURM2,
	ORIGIN_RPSL,
	ORIGIN_FILE_COUNT
};

struct origin_meta {
	const char *network; /* the log's name */
	uint64_t size;       /* newest verified log size */
	uint64_t generated;  /* Unix seconds at which that was known to be the newest */
	uint64_t expires;    /* trust it until then */
};

struct origin_file_def {
	const char *name; /* "roas.json" */
	const char *type; /* of HTTP */
	bool dated;
	void (*write)(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta);
};

extern const struct origin_file_def origin_files[ORIGIN_FILE_COUNT];

#endif
