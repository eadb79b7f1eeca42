/* SPDX-License-Identifier: MIT */
/*
 * schema.h -- the object classes and their attributes: one table row each.
 *
 * The table is the only place that knows what an attribute is: parsing,
 * canonical form, reference checks, templates (`whois -t`) and the docs all
 * read it.
 */
#ifndef ALAMO_SCHEMA_H
#define ALAMO_SCHEMA_H

#include "alamo/base/buf.h"

enum al_class {
	AL_REGISTRY,
	AL_MNTNER,
	AL_ROLE,
	AL_PERSON,
	AL_AS_BLOCK,
	AL_AUT_NUM,
	AL_AS_SET,
	AL_INETNUM,
	AL_INET6NUM,
	AL_ROUTE,
	AL_ROUTE6,
	AL_ROUTE_SET,
	AL_DOMAIN,
	AL_NODE,
	AL_PEERING,
	AL_SERVICE,
	AL_MESH_NODE,
	AL_MESH_ANCHOR,
	AL_MESH_BOOTSTRAP,
	AL_MESH_GATEWAY,
	AL_MESH_PREFIX,
	AL_MESH_REVOKED,
	AL_ORGANISATION,
	AL_CLASS_COUNT
};

enum al_syntax {
	AL_SYN_TEXT,       /* free text; '#' is not a comment in it */
	AL_SYN_WORDS,      /* words, single spaces */
	AL_SYN_NAME,       /* RPSL name, upper-cased */
	AL_SYN_MNTNER,     /* name that ends in -MNT */
	AL_SYN_MNTNER_ANY, /* such a name, or ANY */
	AL_SYN_NIC_HDL,    /* role or person handle */
	AL_SYN_ORG,        /* name that begins with ORG- */
	AL_SYN_COUNTRY,    /* two letters */
	AL_SYN_ASN,
	AL_SYN_AS_BLOCK,
	AL_SYN_AS_NAME,
	AL_SYN_AS_SET,
	AL_SYN_AS_MEMBER, /* AS number or as-set */
	AL_SYN_PREFIX4,
	AL_SYN_PREFIX6,
	AL_SYN_PREFIX, /* either family */
	AL_SYN_ROUTE_SET,
	AL_SYN_ROUTE_MEMBER, /* prefix with optional range operator, AS or set */
	AL_SYN_DOMAIN,
	AL_SYN_NSERVER,     /* name, optional address */
	AL_SYN_DS,          /* key tag, algorithm, digest type, hex */
	AL_SYN_RECORD,      /* hosted record: NAME [TTL] TYPE RDATA */
	AL_SYN_AUTH,        /* ssh-ed25519 / sk-ssh-ed25519@openssh.com key */
	AL_SYN_CLAIM_KEY,   /* ssh-rsa or ecdsa-sha2-nistp* key */
	AL_SYN_CLAIM_PROOF, /* base64 of an SSH signature by one */
	AL_SYN_POLICY,      /* open vouch ask reserved closed */
	AL_SYN_AUDIENCE,    /* public members holders */
	AL_SYN_YES,         /* yes, no */
	AL_SYN_STATUS,      /* ALLOCATED, ASSIGNED, with PI or PA */
	AL_SYN_LEN,         /* prefix length, 0..128 */
	AL_SYN_SOURCE,
	AL_SYN_HASH,        /* sha256:BASE64 */
	AL_SYN_ROOT_SERVER, /* letter, address */
	AL_SYN_NUMBER,      /* 0 .. 1,000,000 */
	AL_SYN_ADDRESS,     /* one address, either family */
	AL_SYN_ENDPOINT,    /* host name or address, port */
	AL_SYN_KEY32,       /* 32 bytes in base64: a WireGuard public key */
	AL_SYN_NODE_PAIR,   /* NODE:NODE */
	AL_SYN_SIGNATURE,   /* 64 bytes in base64: an Ed25519 signature */
	AL_SYN_PORT,        /* tcp 443, udp 27960 */
	AL_SYN_REVERSE,     /* address, name */
	AL_SYN_HTTPS,       /* https URL */
	AL_SYN_GEOLOC,      /* latitude, longitude */
	AL_SYN_SCAN,        /* no ask yes */
};

enum {
	AL_REQUIRED = 1 << 0,
	AL_MULTIPLE = 1 << 1, /* may appear more than once */
	AL_PRIMARY = 1 << 2,  /* part of the primary key */
	AL_INVERSE = 1 << 3,  /* whois -i searches it */
	AL_LIST = 1 << 4,     /* comma-separated values in one attribute */
	AL_STRONG = 1 << 5,   /* what it names must exist and stay */
	AL_NAMED = 1 << 6,    /* what it names must exist then; it may go, since anybody may name it */
	AL_WORDS = 1 << 7,    /* a name: whois finds it by each of its words */
};

#define AL_RULES_MAX 40 /* rows of the longest class table */

/*
 * Attributes of one's own: "x-" and 1 to 30 of a-z, 0-9 and '-', the last no '-'. Whoever reads them, no rule does. All
 * of them are one row of a class, AL_EXTENSIONS; in an object they stand by their names.
 */
#define AL_EXTENSIONS "x-*"
#define AL_EXTENSION_STRLEN 33 /* with NUL */
#define AL_EXTENSIONS_MAX 16   /* in one object */

struct al_attr_rule {
	const char *name;
	enum al_syntax syntax;
	unsigned flags;
	unsigned refs;   /* bit (1 << class) for each class it may name; 0: none */
	const char *doc; /* one line */
};

const char *al_class_name(enum al_class cls);
AL_MUST_USE enum al_err al_class_parse(struct al_slice name, enum al_class *out);
/* The class's rules in canonical order, ended by a row with name NULL. */
const struct al_attr_rule *al_class_rules(enum al_class cls);
const struct al_attr_rule *al_class_rule(enum al_class cls, struct al_slice attr); /* NULL: not valid there */
bool al_extension_rule(const struct al_attr_rule *rule);                           /* is it AL_EXTENSIONS? */
bool al_attr_known(struct al_slice attr);                                          /* in any class */
const char *al_syntax_doc(enum al_syntax syntax);

/* Canonical form of one value appended to `out`; AL_EINVAL with a reason in *why (constant text). */
AL_MUST_USE enum al_err al_syntax_canon(enum al_syntax syntax, struct al_slice value, struct al_buf *out,
					const char **why);
/*
 * The same for a value that stands in the log already, which older rules took: wider forms, and where there
 * is none of them the words as they may be shown. AL_EINVAL: it cannot be of any form.
 */
AL_MUST_USE enum al_err al_syntax_canon_old(enum al_syntax syntax, struct al_slice value, struct al_buf *out);
/* Key look-up form of what a person typed ("user-mnt", "172.20.0.0/27 as1"): canonical primary key. */
AL_MUST_USE enum al_err al_key_canon(enum al_class cls, struct al_slice typed, struct al_buf *out);

#endif
