/* SPDX-License-Identifier: MIT */
/*
 * zone_names.h -- which zones this authority serves: the plan, derived from
 * the registry object alone.
 *
 * The root, each `tld`, a catalog of all of them, and the reverse zones of each `super-prefix` (octets
 * for IPv4, nibbles for IPv6: a prefix off the boundary gives several), and, where it is wanted, the zone of
 * origin look-ups (origin_zone.h). Name
 * servers of all of them: LETTER.root-servers, data of the root itself, so that
 * a resolver that knows the root alone has its servers' addresses signed
 * (RFC 8109 section 4).
 */
#ifndef ROOTDNS_ZONE_NAMES_H
#define ROOTDNS_ZONE_NAMES_H

#include "alamo/rpsl/object.h"
#include "dname.h"

#define PLAN_ZONES_MAX 256
#define PLAN_ROOT 0 /* index of the root zone */
#define PLAN_CATALOG "catalog.root-servers"
#define PLAN_NONE (-1)

struct plan_zone {
	struct dname apex;
	unsigned labels;
	int parent; /* index of our zone that delegates it; PLAN_NONE for the root */
	bool reverse;
	bool catalog; /* the list of all others, for secondaries (RFC 9432); delegated by nobody */
	bool origins; /* origin look-ups */
};

struct plan_server {
	char letter; /* lower case */
	struct dname name;
};

struct plan_address {
	size_t server; /* index */
	struct al_prefix addr;
};

struct zone_plan {
	struct plan_zone zones[PLAN_ZONES_MAX];
	size_t zone_count;
	struct plan_server servers[26];
	size_t server_count;
	struct plan_address *addresses; /* owned */
	size_t address_count;
	struct dname server_parent; /* root-servers */
	struct dname hostmaster;    /* RNAME of every SOA */
};

/*
 * `origins`: the name of the zone of origin look-ups, below a top-level domain under a label that no member can have (those
 * of POLICY-NAME-RESERVED, as a whole word); another name is left out, with a line in the log. Empty: no such zone.
 */
AL_MUST_USE enum al_err zone_plan_new(const struct al_object *registry, struct al_slice origins,
				      struct zone_plan **out);
void zone_plan_free(struct zone_plan *plan); /* NULL is allowed */
/* Would both versions of the registry object give the same plan? Either may be NULL. */
bool zone_plan_same(const struct al_object *a, const struct al_object *b);

/* Index of the deepest zone that holds `name`; with `strict`, not the one whose apex it is (PLAN_NONE: none). */
int zone_plan_find(const struct zone_plan *plan, const struct dname *name, bool strict);
/* The zone of origin look-ups; PLAN_NONE: there is none. */
int zone_plan_origins(const struct zone_plan *plan);
/* One of the registry's top-level domains? */
bool zone_plan_is_tld(const struct zone_plan *plan, size_t zone);

/*
 * Names of a prefix in the reverse tree, at the next octet or nibble boundary:
 * 1 of them on the boundary, up to 128 (IPv4) or 8 (IPv6) off it.
 */
unsigned reverse_count(const struct al_prefix *prefix);
void reverse_name(const struct al_prefix *prefix, unsigned i, struct dname *out);
/* The prefix that such a name stands for. */
void reverse_prefix(const struct al_prefix *prefix, unsigned i, struct al_prefix *out);
/* The labels of such a name, below another one than the reverse tree's; `wildcard`: all below it. AL_EINVAL: too long. */
AL_MUST_USE enum al_err reverse_below(const struct al_prefix *prefix, unsigned i, bool wildcard,
				      const struct dname *origin, struct dname *out);

#endif
