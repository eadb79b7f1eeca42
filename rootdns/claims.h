/* SPDX-License-Identifier: MIT */
/*
 * claims.h -- what registry objects want to see in the zones: claims, each one record (or marker) at one name.
 *
 * On its way a list of claims is one run of bytes (struct claims) that repeats every name. In the working copy of the
 * zones (zone_tree.h) all claims of one object are one piece of memory, its claimant, and names are those of the tree.
 */
#ifndef ROOTDNS_CLAIMS_H
#define ROOTDNS_CLAIMS_H

#include "alamo/base/buf.h"
#include "rrset.h"
#include "zone_names.h"

enum claim_kind {
	CLAIM_ANCHOR, /* the object owns this name and what is below it */
	CLAIM_KEEP,   /* one of our zones lies below: no cut may be here */
	CLAIM_NS,
	CLAIM_DS,
	CLAIM_GLUE, /* address of a name server; counts only at or below a cut */
	CLAIM_DATA, /* authoritative record */
};

#define RANK_OWN 255 /* the authority's own claims; others: labels or prefix length */

struct claim_form {
	uint32_t ttl;
	uint16_t type;
	uint8_t zone; /* index in the plan */
	uint8_t kind;
	uint8_t rank; /* the more specific object stands against the less specific one */
};

/* ---- on the way ---- */

struct claims {
	struct al_buf bytes; /* its error is the list's: AL_ENOMEM */
};

/* One of them; the bytes are the list's. */
struct claim_view {
	struct claim_form form;
	struct rdata owner; /* a name */
	struct rdata data;
};

void claims_init(struct claims *claims);
void claims_release(struct claims *claims);
void claims_add(struct claims *claims, const struct claim_form *form, const struct dname *owner, const uint8_t *rdata,
		size_t rdata_len);
/* Walks a list: start with `rest` all of its bytes. */
bool claims_next(struct al_slice *rest, struct claim_view *out);

/* ---- in the working copy ---- */

struct zname;

struct claim {
	struct claim *at_prev, *at_next; /* claims at the same owner */
	struct zname *owner;             /* NULL: not attached */
	uint32_t ttl;
	uint32_t place; /* bytes from the claimant to here */
	uint16_t type;
	uint16_t data_len; /* bytes of RDATA that follow */
	uint8_t zone, kind, rank;
	bool inside; /* CLAIM_NS: the server's name lies in the zone; a struct claim_ref follows in place of RDATA */
};

/* An NS claim is one of those that name this server. */
struct claim_ref {
	struct claim_ref *prev, *next;
	struct zname *target;
};

struct claimant {
	uint32_t key_at; /* behind the last claim */
	uint16_t key_len;
	/* claims, then the key: class, then the object's key; the authority itself has none */
};

static inline struct claim_ref *claim_ref(struct claim *claim)
{
	return (struct claim_ref *)(claim + 1);
}
static inline struct claim *claim_of_ref(struct claim_ref *ref)
{
	return (struct claim *)(void *)ref - 1;
}
/* Not of an NS claim whose server lies inside. */
static inline struct rdata claim_data(const struct claim *claim)
{
	return (struct rdata){ (const uint8_t *)(claim + 1), claim->data_len };
}
static inline const struct claimant *claim_claimant(const struct claim *claim)
{
	return (const struct claimant *)(const void *)((const uint8_t *)claim - claim->place);
}
static inline struct al_slice claimant_key(const struct claimant *claimant)
{
	return al_slice_of((const char *)claimant + claimant->key_at, claimant->key_len);
}

/* Its record with full owner; not of an NS claim whose server lies inside. */
void claim_record(const struct claim *claim, const struct dname *owner, struct al_buf *out);

/* Whose claims these are, not attached yet. The caller frees *out with free(). */
AL_MUST_USE enum al_err claimant_new(const struct zone_plan *plan, struct al_slice claims, struct al_slice key,
				     struct claimant **out);
/* Walks the claims in the order of the list: start with NULL; NULL at the end. */
struct claim *claimant_next(struct claimant *claimant, struct claim *claim);

#endif
