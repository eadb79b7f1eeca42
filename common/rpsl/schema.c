/* SPDX-License-Identifier: MIT */
/*
 * schema.c -- the attribute tables. A new attribute is one row here.
 */
#include "alamo/rpsl/schema.h"

#include "alamo/base/ident.h"

#define R AL_REQUIRED
#define M AL_MULTIPLE
#define PK (AL_PRIMARY | AL_REQUIRED)
#define INV AL_INVERSE
#define REF(cls) (1u << (cls))
#define CONTACTS (REF(AL_ROLE) | REF(AL_PERSON))

/* clang-format off */
#define ROW_DESCR { "descr", AL_SYN_TEXT, M, 0, "what it is, in words" }
#define ROW_REMARKS                                                                                                    \
	{ "remarks", AL_SYN_TEXT, M, 0, "anything else" },                                                             \
	{ AL_EXTENSIONS, AL_SYN_TEXT, M, 0, "anything, by a name of one's own: no rule reads it" }
#define ROW_CONTACTS                                                                                                   \
	{ "admin-c", AL_SYN_NIC_HDL, M | INV | AL_NAMED, CONTACTS, "administrative contact" },                        \
	{ "tech-c", AL_SYN_NIC_HDL, M | INV | AL_NAMED, CONTACTS, "technical contact" }
#define ROW_ABUSE                                                                                                      \
	{ "abuse-c", AL_SYN_NIC_HDL, INV | AL_NAMED, CONTACTS, "who answers for abuse, of it and all that lies in it" }
#define ROW_PINGABLE                                                                                                   \
	{ "pingable", AL_SYN_ADDRESS, M, 0, "address of it that answers pings, for whoever tests the way there" }
#define ROW_ORG { "org", AL_SYN_ORG, INV | AL_STRONG, REF(AL_ORGANISATION), "organisation whose it is" }
#define ROW_MNT_BY { "mnt-by", AL_SYN_MNTNER, R | M | INV | AL_LIST | AL_STRONG, REF(AL_MNTNER), "who may change it" }
#define ROW_MNT_LOWER                                                                                                  \
	{ "mnt-lower", AL_SYN_MNTNER, M | INV | AL_LIST | AL_NAMED, REF(AL_MNTNER), "who may create below it" }
#define ROW_SOURCE { "source", AL_SYN_SOURCE, R, 0, "the registry's name" }
#define ROW_POLICY { "policy", AL_SYN_POLICY, 0, 0, "who may create below it: open vouch ask reserved closed" }
#define ROW_QUOTA                                                                                                      \
	{ "assign-quota", AL_SYN_NUMBER, 0, 0, "how many one maintainer may hold directly below it by policy" },       \
	{ "assign-share", AL_SYN_NUMBER, 0, 0, "how many one key may hold there, by all of its maintainers" },         \
	{ "assign-tree", AL_SYN_NUMBER, 0, 0, "how many a voucher, and all below him, may hold there" },               \
	{ "assign-rate", AL_SYN_NUMBER, 0, 0, "how many those without a voucher are handed out on one day" },          \
	{ "assign-auto", AL_SYN_YES, 0, 0, "may AUTO-n pick from it? the hostmaster says so" }
#define ROW_END { NULL, AL_SYN_TEXT, 0, 0, NULL }

static const struct al_attr_rule registry_rules[] = {
	{ "registry", AL_SYN_SOURCE, PK, 0, "name of the registry, and of every object's source" },
	ROW_DESCR,
	{ "tld", AL_SYN_DOMAIN, R | M, 0, "top-level domain served by the authority" },
	{ "super-prefix", AL_SYN_PREFIX, M, 0, "address space whose reverse zones the authority serves" },
	{ "root-server", AL_SYN_ROOT_SERVER, R | M, 0, "letter and address of a root name server" },
	{ "hostmaster", AL_SYN_DOMAIN, 0, 0, "mailbox of the zones, as a domain name (SOA RNAME)" },
	{ "quarantine", AL_SYN_NUMBER, 0, 0, "days that a returned number or block rests before another may have it" },
	{ "name-rest", AL_SYN_NUMBER, 0, 0, "days that a returned name rests before another may have it" },
	{ "edition", AL_SYN_NUMBER, 0, 0, "of the rule book that binds from here on" },
	{ "quota-domains", AL_SYN_NUMBER, 0, 0, "how many domains one key may hold, by all of its maintainers" },
	{ "quota-sets", AL_SYN_NUMBER, 0, 0, "how many as-sets and route-sets" },
	{ "quota-objects", AL_SYN_NUMBER, 0, 0, "how many objects of any class" },
	{ "quota-kbytes", AL_SYN_NUMBER, 0, 0, "how much text, in units of 1,024 bytes" },
	{ "object-kbytes", AL_SYN_NUMBER, 0, 0, "how much text one object may have, in units of 1,024 bytes; 64 without it" },
	{ "join-rate", AL_SYN_NUMBER, 0, 0, "how many maintainers without a voucher may come on one day" },
	{ "vouch-rate", AL_SYN_NUMBER, 0, 0, "for how many newcomers one key may vouch in 30 days" },
	{ "vouch-age", AL_SYN_NUMBER, 0, 0, "days after which a maintainer may vouch" },
	{ "reserved-name", AL_SYN_WORDS, M, 0, "labels below a top-level domain that are the hostmaster's; ? and * as in file names" },
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule mntner_rules[] = {
	{ "mntner", AL_SYN_MNTNER, PK, 0, "name of the maintainer, ends in -MNT" },
	ROW_DESCR,
	ROW_ORG,
	ROW_CONTACTS,
	ROW_ABUSE,
	{ "auth", AL_SYN_AUTH, M | INV, 0, "SSH public key that may sign for it" },
	{ "claim-key", AL_SYN_CLAIM_KEY, M, 0, "key that it had elsewhere, which may claim it while it has no auth:" },
	{ "claim-proof", AL_SYN_CLAIM_PROOF, 0, 0, "signature by a claim-key that gave it to its auth: key" },
	{ "recover-key", AL_SYN_AUTH, M | INV, 0, "SSH public key of somebody trusted to help after a loss" },
	{ "vouched-by", AL_SYN_MNTNER, INV, REF(AL_MNTNER), "member who spoke for the newcomer; stays as it is" },
	{ "recover-need", AL_SYN_NUMBER, 0, 0, "how many of them together may change this maintainer" },
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule role_rules[] = {
	{ "role", AL_SYN_TEXT, R | AL_WORDS, 0, "name of the role" },
	{ "nic-hdl", AL_SYN_NIC_HDL, PK, 0, "handle" },
	{ "contact", AL_SYN_HASH, 0, 0, "salted hash of the contact block, which is kept apart" },
	{ "contact-for", AL_SYN_AUDIENCE, 0, 0, "who may read that block: public members holders" },
	ROW_ORG,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule person_rules[] = {
	{ "person", AL_SYN_TEXT, R | AL_WORDS, 0, "name, or any name the person wants to be known by" },
	{ "nic-hdl", AL_SYN_NIC_HDL, PK, 0, "handle" },
	{ "contact", AL_SYN_HASH, 0, 0, "salted hash of the contact block, which is kept apart" },
	{ "contact-for", AL_SYN_AUDIENCE, 0, 0, "who may read that block: public members holders" },
	ROW_ORG,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule as_block_rules[] = {
	{ "as-block", AL_SYN_AS_BLOCK, PK, 0, "first and last AS number" },
	ROW_DESCR,
	{ "policy", AL_SYN_POLICY, R, 0, "who may create below it: open vouch ask reserved closed" },
	ROW_QUOTA,
	ROW_ORG,
	ROW_CONTACTS,
	ROW_ABUSE,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_MNT_LOWER,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule aut_num_rules[] = {
	{ "aut-num", AL_SYN_ASN, PK, 0, "AS number" },
	{ "as-name", AL_SYN_NAME, R, 0, "short name" },
	ROW_DESCR,
	{ "member-of", AL_SYN_AS_SET, M | INV | AL_LIST, REF(AL_AS_SET), "as-set that takes it by mbrs-by-ref" },
	ROW_ORG,
	ROW_CONTACTS,
	ROW_ABUSE,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule as_set_rules[] = {
	{ "as-set", AL_SYN_AS_SET, PK, 0, "name: AS-..., or AS64500:AS-..." },
	ROW_DESCR,
	{ "members", AL_SYN_AS_MEMBER, M | INV | AL_LIST, REF(AL_AUT_NUM) | REF(AL_AS_SET), "AS numbers and as-sets" },
	{ "mbrs-by-ref", AL_SYN_MNTNER_ANY, M | INV | AL_LIST, REF(AL_MNTNER), "maintainers whose aut-nums may join, or ANY" },
	ROW_ORG,
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

/* inetnum and inet6num differ in the key's family only. */
#define INET_ROWS                                                                                                      \
	{ "netname", AL_SYN_NAME, R, 0, "short name" },                                                                \
	ROW_DESCR,                                                                                                     \
	{ "country", AL_SYN_COUNTRY, M, 0, "ISO 3166 code" },                                                          \
	{ "geofeed", AL_SYN_HTTPS, 0, 0, "where it is used: the URL of a file (RFC 8805, RFC 9632)" },         \
	{ "geoloc", AL_SYN_GEOLOC, 0, 0, "latitude and longitude, in degrees" },                               \
	ROW_PINGABLE,                                                                                          \
	{ "scan", AL_SYN_SCAN, 0, 0, "may others scan it? no ask yes" },                                       \
	{ "status", AL_SYN_STATUS, 0, 0, "ALLOCATED or ASSIGNED, with PI or PA" },                                     \
	ROW_POLICY,                                                                                                    \
	{ "assign-len", AL_SYN_LEN, 0, 0, "prefix length handed out below it when none is asked for" },                \
	{ "assign-min", AL_SYN_LEN, 0, 0, "shortest prefix length that may be created below it" },                     \
	{ "assign-max", AL_SYN_LEN, 0, 0, "longest prefix length that may be created below it" },                      \
	{ "assign-step", AL_SYN_LEN, 0, 0, "free blocks are picked one in each prefix of this length, to grow in" },   \
	ROW_QUOTA,                                                                                                     \
	{ "nserver", AL_SYN_NSERVER, M | INV, 0, "name server of the reverse zone" },                                  \
	{ "ds-rdata", AL_SYN_DS, M | INV, 0, "DS record of the reverse zone" },                                        \
	{ "reverse", AL_SYN_REVERSE, M, 0, "hosted name of an address of it, where there is no name server" },         \
	ROW_ORG,                                                                                                       \
	ROW_CONTACTS,                                                                                                  \
	ROW_ABUSE,                                                                                             \
	{ "zone-c", AL_SYN_NIC_HDL, M | INV | AL_NAMED, CONTACTS, "contact for the reverse zone" },                   \
	ROW_REMARKS,                                                                                                   \
	ROW_MNT_BY,                                                                                                    \
	ROW_MNT_LOWER,                                                                                                 \
	{ "mnt-routes", AL_SYN_MNTNER, M | INV | AL_LIST | AL_NAMED, REF(AL_MNTNER), "who may create routes in it" }, \
	ROW_SOURCE,                                                                                                    \
	ROW_END

static const struct al_attr_rule inetnum_rules[] = {
	{ "inetnum", AL_SYN_PREFIX4, PK, 0, "IPv4 prefix" },
	INET_ROWS,
};

static const struct al_attr_rule inet6num_rules[] = {
	{ "inet6num", AL_SYN_PREFIX6, PK, 0, "IPv6 prefix" },
	INET_ROWS,
};

#define ROUTE_ROWS                                                                                                     \
	ROW_DESCR,                                                                                                     \
	{ "origin", AL_SYN_ASN, PK | INV | AL_STRONG, REF(AL_AUT_NUM), "AS that may announce it; AS0: nobody" },       \
	{ "max-length", AL_SYN_LEN, 0, 0, "longest more-specific that is valid too" },                                 \
	ROW_PINGABLE,                                                                                          \
	{ "member-of", AL_SYN_ROUTE_SET, M | INV | AL_LIST, REF(AL_ROUTE_SET), "route-set that takes it" },            \
	ROW_ORG,                                                                                                       \
	ROW_CONTACTS,                                                                                                  \
	ROW_REMARKS,                                                                                                   \
	ROW_MNT_BY,                                                                                                    \
	ROW_SOURCE,                                                                                                    \
	ROW_END

static const struct al_attr_rule route_rules[] = {
	{ "route", AL_SYN_PREFIX4, PK, 0, "IPv4 prefix" },
	ROUTE_ROWS,
};

static const struct al_attr_rule route6_rules[] = {
	{ "route6", AL_SYN_PREFIX6, PK, 0, "IPv6 prefix" },
	ROUTE_ROWS,
};

static const struct al_attr_rule route_set_rules[] = {
	{ "route-set", AL_SYN_ROUTE_SET, PK, 0, "name: RS-..., or AS64500:RS-..." },
	ROW_DESCR,
	{ "members", AL_SYN_ROUTE_MEMBER, M | INV | AL_LIST, 0, "IPv4 prefixes, AS numbers, sets" },
	{ "mp-members", AL_SYN_ROUTE_MEMBER, M | INV | AL_LIST, 0, "prefixes of both families, AS numbers, sets" },
	{ "mbrs-by-ref", AL_SYN_MNTNER_ANY, M | INV | AL_LIST, REF(AL_MNTNER), "maintainers whose routes may join, or ANY" },
	ROW_ORG,
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule domain_rules[] = {
	{ "domain", AL_SYN_DOMAIN, PK, 0, "domain name" },
	ROW_DESCR,
	{ "nserver", AL_SYN_NSERVER, M | INV, 0, "name server, with one address for glue" },
	{ "ds-rdata", AL_SYN_DS, M | INV, 0, "DS record: key tag, algorithm, digest type, digest" },
	{ "record", AL_SYN_RECORD, M, 0, "hosted record: name, [TTL], type, data" },
	ROW_ORG,
	ROW_CONTACTS,
	{ "zone-c", AL_SYN_NIC_HDL, M | INV | AL_NAMED, CONTACTS, "contact for the zone" },
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule node_rules[] = {
	{ "node", AL_SYN_NAME, PK, 0, "name of a router that others can peer with" },
	ROW_DESCR,
	{ "origin", AL_SYN_ASN, R | INV | AL_STRONG, REF(AL_AUT_NUM), "AS that runs it" },
	{ "policy", AL_SYN_POLICY, 0, 0, "who may peer with it: open vouch ask reserved closed" },
	{ "address", AL_SYN_ADDRESS, M, 0, "its address in the network" },
	{ "endpoint", AL_SYN_ENDPOINT, M, 0, "where its tunnels end: host and port" },
	{ "wg-key", AL_SYN_KEY32, 0, 0, "WireGuard public key" },
	{ "location", AL_SYN_TEXT, 0, 0, "where it stands, in words" },
	ROW_ORG,
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule peering_rules[] = {
	{ "peering", AL_SYN_NODE_PAIR, PK | AL_STRONG, REF(AL_NODE), "the two nodes, NODE:NODE" },
	ROW_DESCR,
	{ "link", AL_SYN_WORDS, M, 0, "how they are linked" },
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule service_rules[] = {
	{ "service", AL_SYN_NAME, PK, 0, "name of something offered to the network" },
	ROW_DESCR,
	{ "url", AL_SYN_TEXT, M, 0, "where it is" },
	{ "node", AL_SYN_NAME, M | INV | AL_STRONG, REF(AL_NODE), "node that it runs on" },
	{ "address", AL_SYN_ADDRESS, M, 0, "where it answers" },
	{ "port", AL_SYN_PORT, M, 0, "what it answers at, as tcp 443" },
	{ "anycast", AL_SYN_YES, 0, 0, "do several answer at its address? a node announces it while its own does" },
	ROW_ORG,
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule mesh_node_rules[] = {
	{ "mesh-node", AL_SYN_NAME, PK, 0, "name of a node of the mesh half" },
	ROW_DESCR,
	{ "mesh-key", AL_SYN_KEY32, R | INV, 0, "Ed25519 key that its address is made of" },
	{ "address", AL_SYN_ADDRESS, R | INV, 0, "that address" },
	{ "key-proof", AL_SYN_SIGNATURE, R, 0, "signature by the mesh-key: it is this maintainer's, in this network" },
	{ "node", AL_SYN_NAME, INV | AL_STRONG, REF(AL_NODE), "router that it is, or runs on" },
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule mesh_anchor_rules[] = {
	{ "mesh-anchor", AL_SYN_SOURCE, PK, 0, "the registry's name: the list of the mesh's anchors" },
	ROW_DESCR,
	{ "anchor", AL_SYN_NAME, R | M | INV | AL_STRONG, REF(AL_MESH_NODE), "node that a tree is rooted at" },
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule mesh_bootstrap_rules[] = {
	{ "mesh-bootstrap", AL_SYN_NAME, PK | AL_STRONG, REF(AL_MESH_NODE), "mesh node that newcomers may call" },
	ROW_DESCR,
	{ "endpoint", AL_SYN_ENDPOINT, R | M, 0, "where: host and port" },
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule mesh_gateway_rules[] = {
	{ "mesh-gateway", AL_SYN_NAME, PK | AL_STRONG, REF(AL_MESH_NODE), "mesh node that stands between the halves" },
	ROW_DESCR,
	{ "origin", AL_SYN_ASN, R | INV | AL_STRONG, REF(AL_AUT_NUM), "AS that announces the mesh half there" },
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule mesh_prefix_rules[] = {
	{ "mesh-prefix", AL_SYN_PREFIX6, PK, 0, "subnet or service prefix of the mesh half" },
	ROW_DESCR,
	{ "mesh-node", AL_SYN_NAME, R | M | INV | AL_STRONG, REF(AL_MESH_NODE), "mesh node that it is at" },
	ROW_CONTACTS,
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule mesh_revoked_rules[] = {
	{ "mesh-revoked", AL_SYN_ADDRESS, PK, 0, "address whose key is not to be believed any more" },
	ROW_DESCR,
	{ "mesh-key", AL_SYN_KEY32, R | INV, 0, "that key" },
	{ "mesh-node", AL_SYN_NAME, INV, 0, "mesh node that it is the key of, whose holder says so" },
	{ "key-proof", AL_SYN_SIGNATURE, 0, 0, "or the key itself says so" },
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

static const struct al_attr_rule organisation_rules[] = {
	{ "organisation", AL_SYN_ORG, PK, 0, "name of the organisation, begins with ORG-" },
	{ "org-name", AL_SYN_TEXT, R, 0, "what it is called" },
	{ "org-type", AL_SYN_WORDS, 0, 0, "what kind of organisation, in a word or two" },
	ROW_DESCR,
	{ "country", AL_SYN_COUNTRY, 0, 0, "ISO 3166 code" },
	ROW_CONTACTS,
	{ "abuse-c", AL_SYN_NIC_HDL, INV | AL_NAMED, CONTACTS, "who answers for abuse of what is the organisation's" },
	ROW_REMARKS,
	ROW_MNT_BY,
	ROW_SOURCE,
	ROW_END,
};

_Static_assert(AL_COUNT(inet6num_rules) <= AL_RULES_MAX, "the longest table");

static const struct {
	const char *name;
	const struct al_attr_rule *rules;
} classes[AL_CLASS_COUNT] = {
	[AL_REGISTRY] = { "registry", registry_rules },   [AL_MNTNER] = { "mntner", mntner_rules },
	[AL_ROLE] = { "role", role_rules },               [AL_PERSON] = { "person", person_rules },
	[AL_AS_BLOCK] = { "as-block", as_block_rules },   [AL_AUT_NUM] = { "aut-num", aut_num_rules },
	[AL_AS_SET] = { "as-set", as_set_rules },         [AL_INETNUM] = { "inetnum", inetnum_rules },
	[AL_INET6NUM] = { "inet6num", inet6num_rules },   [AL_ROUTE] = { "route", route_rules },
	[AL_ROUTE6] = { "route6", route6_rules },         [AL_ROUTE_SET] = { "route-set", route_set_rules },
	[AL_DOMAIN] = { "domain", domain_rules },         [AL_NODE] = { "node", node_rules },
	[AL_PEERING] = { "peering", peering_rules },      [AL_SERVICE] = { "service", service_rules },
	[AL_MESH_NODE] = { "mesh-node", mesh_node_rules }, [AL_MESH_ANCHOR] = { "mesh-anchor", mesh_anchor_rules },
	[AL_MESH_BOOTSTRAP] = { "mesh-bootstrap", mesh_bootstrap_rules },
	[AL_MESH_GATEWAY] = { "mesh-gateway", mesh_gateway_rules },
	[AL_MESH_PREFIX] = { "mesh-prefix", mesh_prefix_rules }, [AL_MESH_REVOKED] = { "mesh-revoked", mesh_revoked_rules },
	[AL_ORGANISATION] = { "organisation", organisation_rules },
};

/* clang-format on */

const char *al_class_name(enum al_class cls)
{
	return (size_t)cls < AL_CLASS_COUNT ? classes[cls].name : "?";
}

/* Each line of each object is looked up: a call for those names alone that begin with its letter. */
static char first_letter(struct al_slice name)
{
	return name.len > 0 ? (char)(name.ptr[0] | 0x20) : '\0';
}

enum al_err al_class_parse(struct al_slice name, enum al_class *out)
{
	char first = first_letter(name);

	for (size_t i = 0; i < AL_CLASS_COUNT; i++)
		if (classes[i].name[0] == first && al_slice_caseis(name, classes[i].name)) {
			*out = (enum al_class)i;
			return AL_OK;
		}
	return AL_EINVAL;
}

const struct al_attr_rule *al_class_rules(enum al_class cls)
{
	return classes[cls].rules;
}

bool al_extension_rule(const struct al_attr_rule *rule)
{
	return rule->name[0] == 'x' && rule->name[1] == '-';
}

static bool extension_name(struct al_slice attr)
{
	if (attr.len < 3 || attr.len >= AL_EXTENSION_STRLEN || attr.ptr[1] != '-' || al_slice_ends(attr, "-"))
		return false;
	for (size_t i = 2; i < attr.len; i++) {
		char ch = (char)(attr.ptr[i] | 0x20);

		if (!(ch >= 'a' && ch <= 'z') && !(attr.ptr[i] >= '0' && attr.ptr[i] <= '9') && attr.ptr[i] != '-')
			return false;
	}
	return true;
}

static const struct al_attr_rule *extension_rule(enum al_class cls, struct al_slice attr)
{
	const struct al_attr_rule *rule = classes[cls].rules;

	if (!extension_name(attr))
		return NULL;
	while (rule->name != NULL && !al_extension_rule(rule))
		rule++;
	return rule->name != NULL ? rule : NULL;
}

const struct al_attr_rule *al_class_rule(enum al_class cls, struct al_slice attr)
{
	char first = first_letter(attr);

	if (first == 'x')
		return extension_rule(cls, attr);
	for (const struct al_attr_rule *rule = classes[cls].rules; rule->name != NULL; rule++)
		if (rule->name[0] == first && al_slice_caseis(attr, rule->name))
			return rule;
	return NULL;
}

bool al_attr_known(struct al_slice attr)
{
	for (size_t i = 0; i < AL_CLASS_COUNT; i++)
		if (al_class_rule((enum al_class)i, attr) != NULL)
			return true;
	return false;
}

/* A route's key may be typed "P AS1", "P-AS1" or "PAS1". */
static enum al_err route_key_canon(enum al_class cls, struct al_slice typed, struct al_buf *out)
{
	enum al_syntax family = cls == AL_ROUTE ? AL_SYN_PREFIX4 : AL_SYN_PREFIX6;
	struct al_slice prefix;
	const char *why;
	size_t at = 0;

	while (at + 1 < typed.len && !((typed.ptr[at] | 0x20) == 'a' && (typed.ptr[at + 1] | 0x20) == 's'))
		at++;
	if (at + 1 >= typed.len)
		return AL_EINVAL;
	prefix = al_slice_trim(al_slice_head(typed, at));
	if (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '-')
		prefix = al_slice_trim(al_slice_head(prefix, prefix.len - 1));
	if (al_syntax_canon(family, prefix, out, &why) != AL_OK)
		return AL_EINVAL;
	return al_syntax_canon(AL_SYN_ASN, al_slice_trim(al_slice_from(typed, at)), out, &why);
}

enum al_err al_key_canon(enum al_class cls, struct al_slice typed, struct al_buf *out)
{
	const struct al_attr_rule *rule = classes[cls].rules;
	const char *why;

	typed = al_slice_trim(typed);
	if (cls == AL_ROUTE || cls == AL_ROUTE6)
		return route_key_canon(cls, typed, out);
	while ((rule->flags & AL_PRIMARY) == 0)
		rule++;
	return al_syntax_canon(rule->syntax, typed, out, &why);
}
