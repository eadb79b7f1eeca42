/* SPDX-License-Identifier: MIT */
/*
 * cds.c -- see cds.h. Sets are ldns's; what is signed and by whom is verified by it.
 */
#include "cds.h"

#include <stdio.h>

#define KEY_ZONE 0x0100u    /* RFC 4034 section 2.1.1 */
#define KEY_REVOKED 0x0080u /* RFC 5011 section 7 */
#define KEY_PROTOCOL 3u
#define DIGEST_FALLBACK LDNS_SHA256 /* of a key whose DS is made here */
#define NO_MEMORY "out of memory"

const ldns_rr_type cds_types[CDS_SETS] = { LDNS_RR_TYPE_CDS, LDNS_RR_TYPE_CDNSKEY, LDNS_RR_TYPE_DNSKEY };

enum al_err cds_init(struct cds *cds, const char *name)
{
	*cds = (struct cds){ .name = ldns_dname_new_frm_str(name), .present = ldns_rr_list_new() };
	return cds->name != NULL && cds->present != NULL ? AL_OK : AL_ENOMEM;
}

void cds_release(struct cds *cds)
{
	ldns_rdf_deep_free(cds->name);
	ldns_rr_list_deep_free(cds->present);
	ldns_rr_list_deep_free(cds->wanted);
	*cds = (struct cds){ .name = NULL };
}

enum al_err cds_present(struct cds *cds, struct al_slice value)
{
	char text[512];
	ldns_rr *ds = NULL;
	int len = snprintf(text, sizeof(text), ". 0 IN DS %.*s", AL_FMT(value));

	if (len >= (int)sizeof(text) || ldns_rr_new_frm_str(&ds, text, 0, NULL, NULL) != LDNS_STATUS_OK)
		return AL_EINVAL;
	ldns_rdf_deep_free(ldns_rr_owner(ds));
	ldns_rr_set_owner(ds, ldns_rdf_clone(cds->name));
	if (!ldns_rr_list_push_rr(cds->present, ds)) {
		ldns_rr_free(ds);
		return AL_ENOMEM;
	}
	ldns_rr_list_sort(cds->present);
	return AL_OK;
}

/* ---- one answer ---- */

static unsigned number8(const ldns_rr *rr, size_t field)
{
	return ldns_rdf2native_int8(ldns_rr_rdf(rr, field));
}

static unsigned number16(const ldns_rr *rr, size_t field)
{
	return ldns_rdf2native_int16(ldns_rr_rdf(rr, field));
}

/* A set of the zone's apex and its signatures, owned. */
struct signed_set {
	ldns_rr_list *rrs, *sigs;
};

static bool is_sig_of(const struct cds *cds, const ldns_rr *sig, ldns_rr_type type)
{
	return ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(sig)) == type &&
	       ldns_dname_compare(ldns_rr_rrsig_signame(sig), cds->name) == 0;
}

/* Every signature that could be one: of that type, by the zone. False: memory. */
static bool sigs_keep(const struct cds *cds, const ldns_rr_list *all, ldns_rr_type type, ldns_rr_list *out)
{
	for (size_t i = 0; all != NULL && i < ldns_rr_list_rr_count(all); i++) {
		ldns_rr *copy;

		if (!is_sig_of(cds, ldns_rr_list_rr(all, i), type))
			continue;
		copy = ldns_rr_clone(ldns_rr_list_rr(all, i));
		if (!ldns_rr_list_push_rr(out, copy)) {
			ldns_rr_free(copy);
			return false;
		}
	}
	return true;
}

static bool set_of(const struct cds *cds, const ldns_pkt *answer, ldns_rr_type type, struct signed_set *out)
{
	ldns_rr_list *all = ldns_pkt_rr_list_by_name_and_type(answer, cds->name, LDNS_RR_TYPE_RRSIG,
							      LDNS_SECTION_ANSWER);
	bool good;

	out->rrs = ldns_pkt_rr_list_by_name_and_type(answer, cds->name, type, LDNS_SECTION_ANSWER);
	if (out->rrs == NULL) /* none */
		out->rrs = ldns_rr_list_new();
	out->sigs = ldns_rr_list_new();
	good = out->rrs != NULL && out->sigs != NULL && sigs_keep(cds, all, type, out->sigs);
	ldns_rr_list_deep_free(all);
	return good;
}

static void sets_free(struct signed_set sets[CDS_SETS])
{
	for (size_t i = 0; i < CDS_SETS; i++) {
		ldns_rr_list_deep_free(sets[i].rrs);
		ldns_rr_list_deep_free(sets[i].sigs);
	}
}

/* ---- what they ask for ---- */

/* RFC 8078 section 4: "CDS 0 0 0 00", "CDNSKEY 0 3 0 AA==". */
static bool is_delete(const ldns_rr *rr)
{
	bool key = ldns_rr_get_type(rr) == LDNS_RR_TYPE_CDNSKEY;
	const ldns_rdf *last = ldns_rr_rdf(rr, 3);

	return number16(rr, 0) == 0 && number8(rr, 1) == (key ? KEY_PROTOCOL : 0) && number8(rr, 2) == 0 &&
	       ldns_rdf_size(last) == 1 && ldns_rdf_data(last)[0] == 0;
}

static size_t deletes(const ldns_rr_list *set)
{
	size_t count = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(set); i++)
		count += is_delete(ldns_rr_list_rr(set, i)) ? 1 : 0;
	return count;
}

static bool digest_known(const ldns_rr *ds)
{
	unsigned type = number8(ds, 2);

	return type == LDNS_SHA1 || type == LDNS_SHA256 || type == LDNS_SHA384;
}

/* As the type that it stands for: CDS a DS, CDNSKEY a DNSKEY. NULL: memory. */
static ldns_rr *as_type(const ldns_rr *rr, ldns_rr_type type)
{
	ldns_rr *copy = ldns_rr_clone(rr);

	if (copy != NULL) {
		ldns_rr_set_type(copy, type);
		ldns_dname2canonical(ldns_rr_owner(copy));
	}
	return copy;
}

/* The DS that a record asks for; *why NULL with NULL: memory. */
static ldns_rr *ds_of(const ldns_rr *rr, const char **why)
{
	bool is_key = ldns_rr_get_type(rr) == LDNS_RR_TYPE_CDNSKEY;
	ldns_rr *other = as_type(rr, is_key ? LDNS_RR_TYPE_DNSKEY : LDNS_RR_TYPE_DS), *ds;

	if (other != NULL && !is_key && !digest_known(other)) {
		*why = "a CDS has a digest of a type that is not 1, 2 or 4";
		ldns_rr_free(other);
		return NULL;
	}
	if (!is_key || other == NULL)
		return other;
	ds = ldns_key_rr2ds(other, DIGEST_FALLBACK);
	ldns_rr_free(other);
	return ds;
}

/* The DS set of a CDS or CDNSKEY set. */
static ldns_rr_list *ds_set_of(const ldns_rr_list *set, const char **why)
{
	ldns_rr_list *out = ldns_rr_list_new();

	for (size_t i = 0; out != NULL && i < ldns_rr_list_rr_count(set) && *why == NULL; i++) {
		ldns_rr *ds = ds_of(ldns_rr_list_rr(set, i), why);

		if (ds == NULL || !ldns_rr_list_push_rr(out, ds)) {
			ldns_rr_free(ds);
			*why = *why != NULL ? *why : NO_MEMORY;
		}
	}
	if (out != NULL)
		ldns_rr_list_sort(out);
	return out;
}

bool cds_names_key(const ldns_rr_list *ds_set, const ldns_rr *key)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(ds_set); i++)
		if (ldns_rr_compare_ds(ldns_rr_list_rr(ds_set, i), key))
			return true;
	return false;
}

/* RFC 7344 section 4: of two sets, each key has a digest in the other, and each digest a key. */
static bool alike(const ldns_rr_list *ds_set, const ldns_rr_list *cdnskeys)
{
	ldns_rr_list *keys = ldns_rr_list_new(), *one = ldns_rr_list_new();
	bool good = keys != NULL && one != NULL, found;

	for (size_t i = 0; good && i < ldns_rr_list_rr_count(cdnskeys); i++) {
		ldns_rr *key = as_type(ldns_rr_list_rr(cdnskeys, i), LDNS_RR_TYPE_DNSKEY);

		good = key != NULL && ldns_rr_list_push_rr(keys, key) && cds_names_key(ds_set, key);
	}
	for (size_t i = 0; good && i < ldns_rr_list_rr_count(ds_set); i++) {
		(void)ldns_rr_list_push_rr(one, ldns_rr_list_rr(ds_set, i));
		found = false;
		for (size_t k = 0; k < ldns_rr_list_rr_count(keys); k++)
			found = found || cds_names_key(one, ldns_rr_list_rr(keys, k));
		(void)ldns_rr_list_pop_rr(one);
		good = found;
	}
	ldns_rr_list_free(one);
	ldns_rr_list_deep_free(keys);
	return good;
}

/* The DS set that the two sets of a server ask for, or NULL with *why. */
static ldns_rr_list *wish_of(const struct signed_set sets[CDS_SETS], const char **why)
{
	const ldns_rr_list *cds = sets[CDS_CDS].rrs, *keys = sets[CDS_CDNSKEY].rrs;
	size_t cds_count = ldns_rr_list_rr_count(cds), key_count = ldns_rr_list_rr_count(keys);
	size_t gone = deletes(cds) + deletes(keys);
	ldns_rr_list *wish;

	if (gone > 0) {
		if (gone != cds_count + key_count)
			*why = "the record that deletes (0 0 0 00) does not stand alone (RFC 8078 section 4)";
		return *why == NULL ? ldns_rr_list_new() : NULL;
	}
	wish = ds_set_of(cds_count > 0 ? cds : keys, why);
	if (wish != NULL && *why == NULL && cds_count > 0 && key_count > 0 && !alike(wish, keys))
		*why = "its CDS and CDNSKEY sets are not of the same keys";
	if (*why == NULL)
		return wish;
	ldns_rr_list_deep_free(wish);
	return NULL;
}

/* ---- may they ask? ---- */

static bool may_sign(const ldns_rr *key)
{
	unsigned flags = number16(key, 0);

	return (flags & KEY_ZONE) != 0 && (flags & KEY_REVOKED) == 0 && number8(key, 1) == KEY_PROTOCOL;
}

bool cds_vouched(ldns_rr_list *set, ldns_rr_list *sigs, const ldns_rr_list *ds_set, const ldns_rr_list *dnskeys)
{
	ldns_rr_list *named = ldns_rr_list_new(), *good = ldns_rr_list_new();
	bool done = named != NULL && good != NULL;

	for (size_t i = 0; done && i < ldns_rr_list_rr_count(dnskeys); i++) {
		ldns_rr *key = ldns_rr_list_rr(dnskeys, i);

		if (may_sign(key) && cds_names_key(ds_set, key))
			done = ldns_rr_list_push_rr(named, key);
	}
	done = done && ldns_verify(set, sigs, named, good) == LDNS_STATUS_OK;
	ldns_rr_list_free(good);
	ldns_rr_list_free(named);
	return done;
}

static bool vouched(const struct signed_set *set, const ldns_rr_list *ds_set, const ldns_rr_list *dnskeys)
{
	return cds_vouched(set->rrs, set->sigs, ds_set, dnskeys);
}

/* When the newest signature was made that counts (RFC 4034 section 3.1.5); 0: none does. */
static time_t vouched_since(const struct signed_set *set, const ldns_rr_list *ds_set, const ldns_rr_list *dnskeys)
{
	ldns_rr_list *one = ldns_rr_list_new();
	time_t newest = 0;

	for (size_t i = 0; one != NULL && i < ldns_rr_list_rr_count(set->sigs); i++) {
		ldns_rr *sig = ldns_rr_list_rr(set->sigs, i);
		time_t since = ldns_rdf2native_time_t(ldns_rr_rrsig_inception(sig));

		(void)ldns_rr_list_push_rr(one, sig);
		if (since > newest && cds_vouched(set->rrs, one, ds_set, dnskeys))
			newest = since;
		(void)ldns_rr_list_pop_rr(one);
	}
	ldns_rr_list_free(one);
	return newest;
}

/* *since: the older of the times at which the two sets were signed. */
static const char *refusal(const struct cds *cds, const struct signed_set sets[CDS_SETS], const ldns_rr_list *wish,
			   time_t *since)
{
	const ldns_rr_list *dnskeys = sets[CDS_DNSKEY].rrs;

	if (!vouched(&sets[CDS_DNSKEY], cds->present, dnskeys))
		return "no key that the present DS set names signs its DNSKEY set";
	for (size_t i = CDS_CDS; i <= CDS_CDNSKEY; i++) {
		time_t at;

		if (ldns_rr_list_rr_count(sets[i].rrs) == 0)
			continue;
		at = vouched_since(&sets[i], cds->present, dnskeys);
		if (at == 0)
			return i == CDS_CDS ? "no key that the present DS set names signs its CDS set"
					    : "no key that the present DS set names signs its CDNSKEY set";
		if (*since == 0 || at < *since)
			*since = at;
	}
	if (ldns_rr_list_rr_count(wish) > 0 && !vouched(&sets[CDS_DNSKEY], wish, dnskeys))
		return "with the DS set that it asks for, the zone would be bogus: none of those keys signs its DNSKEY "
		       "set";
	return NULL;
}

/* ---- all servers ---- */

static const char *agree(struct cds *cds, ldns_rr_list *wish, bool silent)
{
	if (cds->wanted != NULL) {
		bool same = cds->silent == silent && ldns_rr_list_compare(cds->wanted, wish) == 0;

		ldns_rr_list_deep_free(wish);
		return same ? NULL : "it asks for something else than the servers before it";
	}
	cds->wanted = wish;
	cds->silent = silent;
	return NULL;
}

/* A change is asked for: may they? */
static const char *change_judge(struct cds *cds, const struct signed_set sets[CDS_SETS], const ldns_rr_list *wish)
{
	time_t since = 0;
	const char *why = refusal(cds, sets, wish, &since);

	if (why == NULL && (cds->signed_s == 0 || since < cds->signed_s))
		cds->signed_s = since;
	return why;
}

const char *cds_take(struct cds *cds, ldns_pkt *const answers[CDS_SETS])
{
	struct signed_set sets[CDS_SETS] = { { NULL, NULL } };
	const char *why = NULL;
	ldns_rr_list *wish = NULL;
	bool silent;

	for (size_t i = 0; i < CDS_SETS && why == NULL; i++)
		if (!set_of(cds, answers[i], cds_types[i], &sets[i]))
			why = NO_MEMORY;
	if (why == NULL)
		wish = wish_of(sets, &why);
	if (why == NULL && wish == NULL)
		why = NO_MEMORY;
	if (why == NULL) {
		silent = ldns_rr_list_rr_count(sets[CDS_CDS].rrs) + ldns_rr_list_rr_count(sets[CDS_CDNSKEY].rrs) == 0;
		if (!silent && ldns_rr_list_rr_count(cds->present) > 0 && ldns_rr_list_compare(cds->present, wish) != 0)
			why = change_judge(cds, sets, wish);
		if (why == NULL)
			why = agree(cds, wish, silent);
		else
			ldns_rr_list_deep_free(wish);
	}
	sets_free(sets);
	return why;
}

bool cds_is_new(const struct cds *cds)
{
	return !cds->silent && ldns_rr_list_compare(cds->present, cds->wanted) != 0;
}

void cds_put(const ldns_rr_list *set, const char *prefix, struct al_buf *out)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(set); i++) {
		const ldns_rr *ds = ldns_rr_list_rr(set, i);
		const ldns_rdf *digest = ldns_rr_rdf(ds, 3);

		al_buf_printf(out, "%s %u %u %u ", prefix, number16(ds, 0), number8(ds, 1), number8(ds, 2));
		al_buf_hex(out, ldns_rdf_data(digest), ldns_rdf_size(digest));
		al_buf_u8(out, '\n');
	}
}
