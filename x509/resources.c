/* SPDX-License-Identifier: MIT */
/*
 * resources.c -- see resources.h.
 */
#include "resources.h"

#include <inttypes.h>
#include <string.h>

#include "alamo/rpsl/state.h"

/* ---- the list ---- */

enum al_err resources_add_prefix(struct resources *resources, const struct al_prefix *prefix)
{
	struct al_prefix *items = resources->prefixes;
	size_t kept = 0, at = 0;

	for (size_t i = 0; i < resources->prefix_count; i++)
		if (al_prefix_covers(&items[i], prefix))
			return AL_OK;
	for (size_t i = 0; i < resources->prefix_count; i++)
		if (!al_prefix_covers(prefix, &items[i]))
			items[kept++] = items[i];
	resources->prefix_count = kept;
	if (kept == RESOURCES_MAX)
		return AL_ELIMIT;
	while (at < kept && al_prefix_cmp(&items[at], prefix) < 0)
		at++;
	memmove(&items[at + 1], &items[at], (kept - at) * sizeof(*items));
	items[at] = *prefix;
	resources->prefix_count++;
	return AL_OK;
}

enum al_err resources_add_range(struct resources *resources, const struct al_asn_range *range)
{
	struct al_asn_range *items = resources->ranges, merged = *range;
	size_t kept = 0, at = 0;

	/* What overlaps or touches becomes one, as the extension's canonical form has it. */
	for (size_t i = 0; i < resources->range_count; i++) {
		bool apart = (uint64_t)items[i].last + 1 < merged.first || (uint64_t)merged.last + 1 < items[i].first;

		if (apart) {
			items[kept++] = items[i];
			continue;
		}
		merged.first = items[i].first < merged.first ? items[i].first : merged.first;
		merged.last = items[i].last > merged.last ? items[i].last : merged.last;
	}
	resources->range_count = kept;
	if (kept == RESOURCES_MAX)
		return AL_ELIMIT;
	while (at < kept && items[at].first < merged.first)
		at++;
	memmove(&items[at + 1], &items[at], (kept - at) * sizeof(*items));
	items[at] = merged;
	resources->range_count++;
	return AL_OK;
}

struct gather {
	struct resources *resources;
	enum al_err err;
};

static bool gather_block(const struct al_object *object, void *arg)
{
	struct gather *gather = arg;
	struct al_asn_range range;

	if (al_asn_range_parse(al_object_key(object), &range) == AL_OK)
		gather->err = resources_add_range(gather->resources, &range);
	return gather->err == AL_OK;
}

enum al_err resources_of_state(const struct al_state *state, struct resources *out)
{
	const struct al_object *registry = al_state_registry(state);
	struct gather gather = { out, AL_OK };
	struct al_slice rest, value;
	struct al_prefix prefix;

	*out = (struct resources){ 0 };
	if (registry == NULL)
		return AL_ENOTFOUND;
	rest = al_object_text(registry);
	while (gather.err == AL_OK && al_attr_find(&rest, "super-prefix", &value))
		if (al_prefix_parse(value, &prefix) == AL_OK)
			gather.err = resources_add_prefix(out, &prefix);
	if (gather.err == AL_OK)
		al_state_as_blocks(state, gather_block, &gather);
	return gather.err;
}

bool resources_eq(const struct resources *a, const struct resources *b)
{
	if (a->prefix_count != b->prefix_count || a->range_count != b->range_count)
		return false;
	for (size_t i = 0; i < a->prefix_count; i++)
		if (!al_prefix_eq(&a->prefixes[i], &b->prefixes[i]))
			return false;
	for (size_t i = 0; i < a->range_count; i++)
		if (a->ranges[i].first != b->ranges[i].first || a->ranges[i].last != b->ranges[i].last)
			return false;
	return true;
}

static bool ranges_cover(const struct resources *resources, uint32_t asn)
{
	for (size_t i = 0; i < resources->range_count; i++)
		if (asn >= resources->ranges[i].first && asn <= resources->ranges[i].last)
			return true;
	return false;
}

bool resources_cover(const struct resources *resources, const struct vrp *vrp)
{
	struct al_prefix prefix;

	if (vrp->bits == VRP_ASPA)
		return ranges_cover(resources, vrp_customer(vrp));
	prefix = vrp_prefix(vrp);
	for (size_t i = 0; i < resources->prefix_count; i++)
		if (al_prefix_covers(&resources->prefixes[i], &prefix))
			return true;
	return false;
}

void resources_format(const struct resources *resources, struct al_buf *out)
{
	char prefix[AL_PREFIX_STRLEN];

	for (size_t i = 0; i < resources->prefix_count; i++) {
		al_prefix_format(&resources->prefixes[i], prefix);
		al_buf_printf(out, "prefix %s\n", prefix);
	}
	for (size_t i = 0; i < resources->range_count; i++)
		al_buf_printf(out, "asn AS%" PRIu32 "-AS%" PRIu32 "\n", resources->ranges[i].first,
			      resources->ranges[i].last);
}

/* ---- extensions ---- */

IPAddrBlocks *resources_ip(const struct al_prefix *prefixes, size_t count)
{
	IPAddrBlocks *blocks = sk_IPAddressFamily_new_null();
	const struct al_prefix *last = NULL;
	bool ok = blocks != NULL;

	for (size_t i = 0; i < count && ok; i++) {
		uint8_t addr[16];

		if (last != NULL && al_prefix_covers(last, &prefixes[i]))
			continue;
		last = &prefixes[i];
		memcpy(addr, last->addr, sizeof(addr));
		ok = X509v3_addr_add_prefix(blocks, last->bits == 32 ? IANA_AFI_IPV4 : IANA_AFI_IPV6, NULL, addr,
					    last->len) == 1;
	}
	if (ok && X509v3_addr_canonize(blocks) == 1)
		return blocks;
	resources_ip_free(blocks);
	return NULL;
}

IPAddrBlocks *resources_ip_inherit(void)
{
	IPAddrBlocks *blocks = sk_IPAddressFamily_new_null();

	if (blocks != NULL && X509v3_addr_add_inherit(blocks, IANA_AFI_IPV4, NULL) == 1 &&
	    X509v3_addr_add_inherit(blocks, IANA_AFI_IPV6, NULL) == 1)
		return blocks;
	resources_ip_free(blocks);
	return NULL;
}

void resources_ip_free(IPAddrBlocks *blocks)
{
	sk_IPAddressFamily_pop_free(blocks, IPAddressFamily_free);
}

static bool as_add(ASIdentifiers *ids, const struct al_asn_range *range)
{
	ASN1_INTEGER *first = ASN1_INTEGER_new(), *last = NULL;
	bool ok = first != NULL && ASN1_INTEGER_set_uint64(first, range->first) == 1;

	if (ok && range->last != range->first) {
		last = ASN1_INTEGER_new();
		ok = last != NULL && ASN1_INTEGER_set_uint64(last, range->last) == 1;
	}
	/* Takes both over when it succeeds. */
	if (ok && X509v3_asid_add_id_or_range(ids, V3_ASID_ASNUM, first, last) == 1)
		return true;
	ASN1_INTEGER_free(first);
	ASN1_INTEGER_free(last);
	return false;
}

ASIdentifiers *resources_as(const struct al_asn_range *ranges, size_t count)
{
	ASIdentifiers *ids = ASIdentifiers_new();
	bool ok = ids != NULL;

	for (size_t i = 0; i < count && ok; i++)
		ok = as_add(ids, &ranges[i]);
	if (ok && X509v3_asid_canonize(ids) == 1)
		return ids;
	ASIdentifiers_free(ids);
	return NULL;
}

ASIdentifiers *resources_as_inherit(void)
{
	ASIdentifiers *ids = ASIdentifiers_new();

	if (ids != NULL && X509v3_asid_add_inherit(ids, V3_ASID_ASNUM) == 1)
		return ids;
	ASIdentifiers_free(ids);
	return NULL;
}
