/* SPDX-License-Identifier: MIT */
/*
 * answer.c -- the authoritative algorithm (RFC 1034 section 4.3.2, RFC 4035
 * section 3.1) over compiled nodes: see answer.h.
 *
 *   zone -> cut on the way? -> name there? -> wildcard? -> nothing
 *
 * A section is a count over one run of bytes, so that what is written later
 * belongs to a later section. An alias may go on to more answers: the walk
 * writes answers only, notes what else must be said, and says it at its end.
 */
#include "answer.h"

#include <string.h>

#include "alamo/base/wire.h"
#include "reply.h"

#define ALIAS_HOPS_MAX 16 /* of one answer; resolvers give up earlier */
#define QUESTION_POINTER (0xc000u | DNS_HEADER)
#define PREFETCH_BYTES 320u /* of a node: what a referral usually takes */
#define CACHE_LINE 64u
#define PROOFS_MAX (ALIAS_HOPS_MAX + 2) /* NSEC records of one answer: a wildcard each alias, two at the end */

struct walk {
	struct reply *reply;
	const struct zone *zone;
	uint64_t seed;
	bool dnssec;
	unsigned hops;
	const uint8_t *names[ALIAS_HOPS_MAX]; /* that were aliases: the question's, then each target */
	unsigned led_count;
	const struct node *led[ALIAS_HOPS_MAX + 1]; /* whose DNAME is in the answer */
	/* to be said behind the last answer */
	bool soa;
	bool servers;
	const struct node *way_on; /* delegation that an alias leads into */
	unsigned proof_count;
	const struct node *proofs[PROOFS_MAX]; /* whose NSEC */
};

static void answer_name(struct walk *walk, const struct dname_index *name, const struct owner *owner);

/* ---- pieces ---- */

/* One, but while a key of the DNSKEY set is relieved by another. */
static unsigned sig_count(const struct node *node, const struct node_set *set)
{
	const uint8_t *run = node_bytes(node, set->at + set->len);
	size_t left = set->sig_len;
	struct rr_view rr;
	unsigned count = 0;

	if (set->type != RR_DNSKEY)
		return 1;
	while (rr_next(&run, &left, &rr))
		count++;
	return count;
}

static void put_set(struct walk *walk, enum section section, const struct owner *owner, const struct node *node,
		    const struct node_set *set)
{
	unsigned sigs = walk->dnssec && set->sig_len > 0 ? sig_count(node, set) : 0;

	reply_run(walk->reply, section, owner, walk->zone->labels, node_bytes(node, set->at),
		  set->len + (sigs > 0 ? set->sig_len : 0), set->count + sigs);
}

/* The owner of a node: in the question already, or spelt out. */
static struct owner owner_of(const struct walk *walk, const struct node *node)
{
	const struct dname_index *question = &walk->reply->query->name;
	struct owner owner = { 0, node->name_len, node_name(node) };

	if (node->labels <= question->labels) {
		size_t at = question->at[node->labels];

		if ((size_t)question->len - at == node->name_len &&
		    memcmp(question->name + at, node_name(node), node->name_len) == 0)
			owner.pointer = (uint16_t)(0xc000u | (DNS_HEADER + at));
	}
	return owner;
}

static void put_nsec(struct walk *walk, const struct node *node)
{
	struct owner owner = owner_of(walk, node);

	put_set(walk, SECTION_AUTHORITY, &owner, node, node_find(node, RR_NSEC));
}

/* The NSEC of `node` has something to prove. */
static void note_proof(struct walk *walk, const struct node *node)
{
	if (!walk->dnssec || walk->proof_count == PROOFS_MAX)
		return;
	for (unsigned i = 0; i < walk->proof_count; i++)
		if (walk->proofs[i] == node)
			return;
	walk->proofs[walk->proof_count++] = node;
}

static void put_soa(struct walk *walk)
{
	const struct zone *zone = walk->zone;
	size_t apex = DNS_HEADER + walk->reply->query->name.at[zone->labels];
	struct owner owner = { .pointer = (uint16_t)(0xc000u | apex) };

	reply_run(walk->reply, SECTION_AUTHORITY, &owner, zone->labels, zone->soa,
		  zone->soa_len + (walk->dnssec ? zone->soa_sig_len : 0), walk->dnssec ? 2 : 1);
}

/* Addresses of the apex's servers, when there is room; their signatures with DO (RFC 4035 section 3.1.1). */
static void put_servers(struct walk *walk)
{
	const struct zone *zone = walk->zone;
	struct reply *reply = walk->reply;

	if (reply->truncated || zone->servers_len > reply->limit - reply->len)
		return;
	reply_copy(reply, SECTION_ADDITIONAL, zone->servers, zone->servers_len, zone->servers_count);
	if (walk->dnssec && zone->servers_sig_len > 0 && zone->servers_sig_len <= reply->limit - reply->len)
		reply_copy(reply, SECTION_ADDITIONAL, zone->servers + zone->servers_len, zone->servers_sig_len,
			   zone->servers_sig_count);
}

/* ---- delegations ---- */

/* The DS set, or that there is none. */
static void put_proof_of(struct walk *walk, const struct owner *owner, const struct node *cut)
{
	const struct node_set *ds = node_find(cut, RR_DS);

	if (walk->dnssec)
		put_set(walk, SECTION_AUTHORITY, owner, cut, ds != NULL ? ds : node_find(cut, RR_NSEC));
}

static void answer_referral(struct walk *walk, const struct node *cut)
{
	struct reply *reply = walk->reply;
	size_t delta = reply->query->name.at[cut->labels];
	struct owner owner = { .pointer = (uint16_t)(QUESTION_POINTER + delta) };

	reply->authoritative = false;
	reply_part(reply, SECTION_AUTHORITY, cut, PART_SERVERS, delta);
	put_proof_of(walk, &owner, cut);
	reply_part(reply, SECTION_ADDITIONAL, cut, PART_GLUE, delta);
	/* RFC 9471: what lies elsewhere in the zone may be left out. */
	if (!reply->truncated && cut->part[PART_EXTRA].len <= reply->limit - reply->len)
		reply_part(reply, SECTION_ADDITIONAL, cut, PART_EXTRA, delta);
}

/* Behind an alias: the way on, spelt out, where there is room for all of it (RFC 1034 section 4.3.2). */
static void put_way_on(struct walk *walk, const struct node *cut)
{
	struct owner owner = owner_of(walk, cut);
	struct reply before = *walk->reply;
	struct node_record record;
	struct node_walk records;
	bool more;

	node_walk_begin(&records, cut);
	for (more = node_walk_next(&records, &record); more && record.type == RR_NS;
	     more = node_walk_next(&records, &record))
		reply_run(walk->reply, SECTION_AUTHORITY, &owner, walk->zone->labels, record.fixed - 2,
			  record.fixed_len + 2, 1);
	put_proof_of(walk, &owner, cut);
	for (; more; more = node_walk_next(&records, &record)) {
		if (!record.glue)
			continue;
		reply_copy(walk->reply, SECTION_ADDITIONAL, record.name, record.name_len, 0);
		reply_copy(walk->reply, SECTION_ADDITIONAL, record.fixed, record.fixed_len, 1);
	}
	if (walk->reply->truncated)
		*walk->reply = before;
}

static void answer_cut(struct walk *walk, const struct dname_index *name, const struct owner *owner,
		       const struct node *cut)
{
	const struct node_set *ds = node_find(cut, RR_DS);

	/* RFC 4035 section 3.1.4.1: the parent's side answers for DS. */
	if (walk->reply->query->type == RR_DS && cut->labels == name->labels) {
		if (ds != NULL) {
			put_set(walk, SECTION_ANSWER, owner, cut, ds);
		} else {
			walk->soa = true;
			note_proof(walk, cut);
		}
	} else if (walk->hops == 0) {
		answer_referral(walk, cut);
	} else {
		walk->way_on = cut;
	}
}

/* ---- names that exist ---- */

static bool was_answered(const struct walk *walk, const uint8_t *name, size_t len)
{
	for (unsigned i = 0; i < walk->hops; i++)
		if (dname_wire_len(walk->names[i]) == len && memcmp(walk->names[i], name, len) == 0)
			return true;
	return false;
}

/*
 * A ring ends at a name that was answered before, not at a record that was: a wildcard's alias may
 * well answer for its own target once more.
 */
static void follow_alias(struct walk *walk, const struct dname_index *from, const uint8_t *target)
{
	size_t len = dname_wire_len(target);
	struct dname_index name;
	struct owner owner = { 0, (uint8_t)len, target };

	if (walk->hops == ALIAS_HOPS_MAX)
		return;
	walk->names[walk->hops++] = from->name;
	if (was_answered(walk, target, len) || !dname_within(target, len, walk->zone->apex.b, walk->zone->apex.len) ||
	    dname_index(walk->seed, target, len, &name) != AL_OK)
		return;
	answer_name(walk, &name, &owner);
}

/* Once in an answer, however many names it leads. */
static void put_led(struct walk *walk, const struct node *node, const struct node_set *set)
{
	struct owner owner = owner_of(walk, node);

	for (unsigned i = 0; i < walk->led_count; i++)
		if (walk->led[i] == node)
			return;
	walk->led[walk->led_count++] = node;
	put_set(walk, SECTION_ANSWER, &owner, node, set);
}

/* RFC 6672 section 3.2: the DNAME above the name, and an alias that is made of it, which nobody signs. */
static void answer_led(struct walk *walk, const struct dname_index *name, const struct owner *owner,
		       const struct node *node, const struct node_set *set)
{
	const uint8_t *run = node_bytes(node, set->at), *target = run + RR_FIXED;
	size_t head = (size_t)name->len - node->name_len, tail = dname_wire_len(target);
	uint8_t alias[RR_FIXED + DNAME_MAX];

	put_led(walk, node, set);
	if (head + tail > DNAME_MAX) {
		walk->reply->rcode = RCODE_YXDOMAIN;
		return;
	}
	memcpy(alias, run, RR_FIXED);
	al_set_u16(alias + 2, RR_CNAME);
	al_set_u16(alias + RR_FIXED - 2, (uint16_t)(head + tail));
	memcpy(alias + RR_FIXED, name->name, head);
	memcpy(alias + RR_FIXED + head, target, tail);
	reply_run(walk->reply, SECTION_ANSWER, owner, walk->zone->labels, alias, RR_FIXED + head + tail, 1);
	if (walk->reply->query->type != RR_CNAME)
		follow_alias(walk, name, alias + RR_FIXED);
}

/* The sets that answer this type. False: the name has no such data. */
static bool put_data(struct walk *walk, const struct owner *owner, const struct node *node)
{
	uint16_t type = walk->reply->query->type;
	const struct node_set *set = node_find(node, type);

	if (set != NULL) {
		put_set(walk, SECTION_ANSWER, owner, node, set);
	} else if (type == RR_ANY) {
		/* RFC 8482 section 4.1: one of them. */
		put_set(walk, SECTION_ANSWER, owner, node, &node->sets[0]);
	} else if (type == RR_RRSIG) {
		set = &node->sets[0];
		reply_run(walk->reply, SECTION_ANSWER, owner, walk->zone->labels, node_bytes(node, set->at + set->len),
			  set->sig_len, 1);
	} else {
		return false;
	}
	return true;
}

/* `cover`: the NSEC that proves that the name itself is not there, for a wildcard's answer; else NULL. */
static void answer_node(struct walk *walk, const struct dname_index *name, const struct owner *owner,
			const struct node *node, const struct node *cover)
{
	uint16_t type = walk->reply->query->type;
	const struct node_set *alias = node_find(node, RR_CNAME);
	/* An NSEC is never made for a wildcard's guest: it would deny names beside it. */
	bool found = (cover == NULL || type != RR_NSEC) && put_data(walk, owner, node);

	walk->servers = found && type == RR_NS && node->labels == walk->zone->labels;
	if (!found && alias == NULL) {
		walk->soa = true;
		note_proof(walk, node);
	}
	if (cover != NULL)
		note_proof(walk, cover);
	if (!found && alias != NULL) {
		put_set(walk, SECTION_ANSWER, owner, node, alias);
		follow_alias(walk, name, node_bytes(node, alias->at + RR_FIXED));
	}
}

/* ---- names that do not ---- */

/* "*" below the suffix of `name` with `labels` labels: what zone_find() and dname_key() look at. */
static void wildcard_of(const struct dname_index *name, unsigned labels, struct dname_index *out)
{
	static const uint8_t star[2] = { 1, '*' };
	size_t at = name->at[labels], len = (size_t)name->len - at;

	out->labels = (uint8_t)(labels + 1);
	out->len = (uint8_t)(len + 2);
	out->at[labels + 1] = 0;
	out->hash[labels + 1] = dname_hash_label(name->hash[labels], star);
	memcpy(out->name, star, sizeof(star));
	memcpy(out->name + 2, name->name + at, len);
}

static const struct node *node_before(const struct zone *zone, const uint8_t *name, struct chain_at *at)
{
	uint8_t key[DNAME_KEY_MAX];
	size_t len = dname_key(name, zone->labels, key);

	*at = zone_chain_before(&zone->chain, key, len);
	return zone_chain_node(&zone->chain, *at);
}

static void answer_nothing(struct walk *walk, const struct dname_index *wildcard, const struct node *cover)
{
	const struct node *denies;
	struct chain_at at;

	walk->reply->rcode = RCODE_NXDOMAIN;
	walk->soa = true;
	if (!walk->dnssec)
		return;
	note_proof(walk, cover);
	denies = node_before(walk->zone, wildcard->name, &at);
	note_proof(walk, denies);
}

static void answer_absent(struct walk *walk, const struct dname_index *name, const struct owner *owner)
{
	const struct zone *zone = walk->zone;
	struct dname_index wildcard;
	const struct node *before, *after, *source;
	const struct node_set *led;
	unsigned encloser, common;
	struct chain_at at;

	before = node_before(zone, name->name, &at);
	encloser = dname_common(name->name, node_name(before));
	/* There is nothing below a DNAME: what comes before such a name is its owner. */
	led = encloser == before->labels ? node_find(before, RR_DNAME) : NULL;
	if (led != NULL) {
		answer_led(walk, name, owner, before, led);
		return;
	}
	after = zone_chain_node(&zone->chain, zone_chain_after(&zone->chain, at));
	if (after != NULL) {
		common = dname_common(name->name, node_name(after));
		if (common == name->labels) {
			/* Something lies below: an empty non-terminal (RFC 8020). */
			walk->soa = true;
			note_proof(walk, before);
			return;
		}
		encloser = common > encloser ? common : encloser;
	}
	if (encloser + 1 > DNAME_LABELS_MAX || (size_t)name->len - name->at[encloser] + 2 > DNAME_MAX) {
		walk->reply->rcode = RCODE_NXDOMAIN; /* no room for a wildcard: none can be there */
		walk->soa = true;
		note_proof(walk, before);
		return;
	}
	wildcard_of(name, encloser, &wildcard);
	source = zone->wildcards ? zone_find(zone, &wildcard, wildcard.labels) : NULL;
	if (source != NULL && !source->cut)
		answer_node(walk, name, owner, source, before);
	else
		answer_nothing(walk, &wildcard, before);
}

/* ---- one name ---- */

static void answer_name(struct walk *walk, const struct dname_index *name, const struct owner *owner)
{
	const struct node *node = zone_cut(walk->zone, name);

	if (node != NULL) {
		answer_cut(walk, name, owner, node);
		return;
	}
	node = zone_find(walk->zone, name, name->labels);
	if (node != NULL)
		answer_node(walk, name, owner, node, NULL);
	else
		answer_absent(walk, name, owner);
}

/* What the walk noted: the sections behind the answers. */
static void answer_rest(struct walk *walk)
{
	if (walk->soa)
		put_soa(walk);
	for (unsigned i = 0; i < walk->proof_count; i++)
		put_nsec(walk, walk->proofs[i]);
	if (walk->way_on != NULL)
		put_way_on(walk, walk->way_on);
	if (walk->servers)
		put_servers(walk);
}

/* ---- whole queries ---- */

void answer_prepare(const struct zone_set *set, struct query *query)
{
	const struct zone *zone;

	if (set == NULL || query->rcode != RCODE_NOERROR || query->bare || query->class != RR_CLASS_IN)
		return;
	zone = zone_set_find(set, &query->name, DNAME_LABELS_MAX);
	/* DS of an apex is the parent's, when we serve that too. */
	if (query->type == RR_DS && zone != NULL && zone->labels == query->name.labels && zone->labels > 0) {
		const struct zone *parent = zone_set_find(set, &query->name, zone->labels - 1);

		zone = parent != NULL ? parent : zone;
	}
	query->zone = zone;
	if (zone != NULL)
		zone_prefetch(zone, &query->name);
}

void answer_prefetch(const struct query *query)
{
	const struct zone *zone = query->zone;
	const struct node *node;

	if (zone == NULL)
		return;
	node = zone_hint(zone, &query->name);
	for (size_t at = 0; node != NULL && at < PREFETCH_BYTES; at += CACHE_LINE)
		__builtin_prefetch((const char *)node + at);
}

/* RFC 1995 section 2: over UDP a lone SOA says "newer, use TCP" or "nothing new". */
static void answer_ixfr(struct walk *walk, const struct owner *owner)
{
	const struct node *apex = zone_chain_apex(&walk->zone->chain);

	if (walk->reply->query->name.labels != walk->zone->labels) {
		walk->reply->rcode = RCODE_NOTAUTH;
		walk->reply->authoritative = false;
		return;
	}
	walk->dnssec = false;
	put_set(walk, SECTION_ANSWER, owner, apex, node_find(apex, RR_SOA));
}

size_t answer_zone(const struct zone_set *set, const struct query *query, const struct client *client,
		   struct tsig *tsig, uint8_t *out)
{
	size_t limit = query->udp_size < UDP_SIZE_MIN   ? UDP_SIZE_MIN
		       : query->udp_size > UDP_SIZE_MAX ? UDP_SIZE_MAX
							: query->udp_size;
	struct owner question = { .pointer = QUESTION_POINTER };
	struct reply reply;
	struct walk walk;

	reply_begin(&reply, query, client, out, client->tcp ? ANSWER_TCP_MAX : limit);
	if (set->stale)
		reply_explain(&reply, EDE_STALE);
	if (tsig != NULL)
		reply_sign(&reply, tsig);
	walk = (struct walk){ .reply = &reply, .zone = query->zone, .seed = set->seed, .dnssec = query->dnssec_ok };
	if (query->type == RR_IXFR)
		answer_ixfr(&walk, &question);
	else
		answer_name(&walk, &query->name, &question);
	answer_rest(&walk);
	return reply_end(&reply);
}
