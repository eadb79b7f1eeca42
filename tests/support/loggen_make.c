/* SPDX-License-Identifier: MIT */
/*
 * loggen_make.c -- the kinds of request that the generator knows, one function
 * and one row of the table each.
 *
 * A kind looks at the state, so that what it asks for is allowed; it says no
 * when this member cannot do that now.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "loggen_parts.h"

#define V4_NETS_MAX 4000     /* the IPv4 pool has 8192 blocks of this size */
#define VOUCHED_NETS_MAX 200 /* to find who vouched takes time that grows with the registry */
#define MEMBERS_MAX 700000   /* fewer than the pool has AS numbers */
#define ZONE "test"

static const char registry_text[] = "tld: " ZONE "\nsuper-prefix: fca1::/16\n"
				    "root-server: a fca1:0:a::53\nquarantine: 1\n";

/* ---- founding ---- */

void loggen_found(struct loggen *gen)
{
	static const char *const blocks[][2] = {
		{ "AS4200000000-AS4200999999", "closed" },
		{ "AS4200000100-AS4200899999", "open" },
		{ "AS4200000100-AS4200000199", "reserved" },
	};
	static const char *const nets[] = {
		"inet6num: fca1::/16\nnetname: ALL-NET\npolicy: closed",
		"inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\nassign-min: 44\n"
		"assign-step: 44\nassign-quota: 1000",
		"inet6num: fca1:300::/24\nnetname: VOUCH-NET\npolicy: vouch\nassign-len: 48",
		"inetnum: 172.20.0.0/14\nnetname: OLD-NET\npolicy: open\nassign-len: 27\n"
		"assign-min: 24\nassign-max: 29",
	};
	static const char tail[] = "mnt-by: HOST-MNT\nsource: TEST\n\n";
	struct al_buf *out = &gen->making.objects;

	al_buf_printf(out, "registry: TEST\n%s%s", registry_text, tail);
	al_buf_str(out, "mntner: HOST-MNT\nauth: ");
	loggen_auth(gen, LOGGEN_HOSTMASTER, 0, out);
	al_buf_printf(out, "\n%s", tail);
	for (size_t i = 0; i < AL_COUNT(blocks); i++)
		al_buf_printf(out, "as-block: %s\npolicy: %s\n%s", blocks[i][0], blocks[i][1], tail);
	for (size_t i = 0; i < AL_COUNT(nets); i++)
		al_buf_printf(out, "%s\n%s", nets[i], tail);
	al_buf_str(&gen->making.prevs, " none");
	memset(gen->making.letters, AL_CREATE, 2 + AL_COUNT(blocks) + AL_COUNT(nets));
	making_signer(gen, LOGGEN_HOSTMASTER);
}

/* ---- creating ---- */

static bool make_join(struct loggen *gen, size_t ignored)
{
	size_t who = gen->count;
	bool named = loggen_random(gen, 2) == 0;

	(void)ignored;
	if (who >= MEMBERS_MAX)
		return false;
	gen->count++;
	gen->making.joins = true;
	making_object(gen, AL_CREATE, AL_MNTNER, NULL);
	al_buf_printf(&gen->making.objects, "mntner: M%zu-MNT\nauth: ", who);
	loggen_auth(gen, who, 0, &gen->making.objects);
	making_line(gen, "%s", "");
	making_owner(gen, who);
	making_object(gen, AL_CREATE, AL_AUT_NUM, NULL);
	making_line(gen, "aut-num: AUTO-1\nas-name: M%zu-AS", who);
	making_owner(gen, who);
	making_object(gen, AL_CREATE, AL_INET6NUM, NULL);
	making_line(gen, "inet6num: AUTO-2/48\nnetname: M%zu-NET", who);
	making_owner(gen, who);
	making_object(gen, AL_CREATE, AL_ROUTE6, NULL);
	making_line(gen, "route6: AUTO-2/48\norigin: AUTO-1");
	making_owner(gen, who);
	if (named) {
		making_object(gen, AL_CREATE, AL_DOMAIN, NULL);
		making_line(gen, "domain: m%zu." ZONE "\nrecord: @ AAAA AUTO-2::1", who);
		making_owner(gen, who);
	}
	making_signer(gen, who);
	return true;
}

static bool make_subnet(struct loggen *gen, size_t who)
{
	struct member *m = &gen->members[who];
	char text[AL_PREFIX_STRLEN];

	if (m->subnets == 256)
		return false;
	block_text(&m->net, 56, m->subnets++, text);
	making_object(gen, AL_CREATE, AL_INET6NUM, text);
	making_line(gen, "inet6num: %s\nnetname: M%zu-SUB", text, who);
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

static bool make_domain(struct loggen *gen, size_t who)
{
	const struct thing *contact = member_pick(gen, who, class_person, false);
	unsigned number = gen->members[who].made++;

	making_object(gen, AL_CREATE, AL_DOMAIN, NULL);
	making_line(gen, "domain: D%u-m%zu." ZONE ".", number, who);
	if (loggen_random(gen, 2) == 0)
		making_line(gen, "nserver: ns1.d%u-m%zu." ZONE " fca1:100::%x\nnserver: ns.example.net", number, who,
			    number + 1);
	else
		making_line(gen, "record: @ AAAA fca1:100::%x\nrecord: www 300 TXT \"a name\"", number + 1);
	if (contact != NULL)
		making_line(gen, "admin-c: %s", contact->key);
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

static bool make_person(struct loggen *gen, size_t who)
{
	unsigned number = gen->members[who].made++;
	char text[200];
	uint8_t hash[AL_HASH_LEN];

	making_object(gen, AL_CREATE, AL_PERSON, NULL);
	making_line(gen, "person: Somebody\nnic-hdl: P%uM%zu-TEST", number, who);
	if (loggen_random(gen, 2) == 0) {
		(void)snprintf(text, sizeof(text), "salt: %043u=\ne-mail: p%u@m%zu." ZONE "\n", 0, number, who);
		(void)crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
		al_buf_str(&gen->making.objects, "contact: sha256:");
		al_buf_base64(&gen->making.objects, hash, sizeof(hash));
		making_line(gen, "%s", "");
		al_buf_printf(&gen->making.beside,
			      "-----BEGIN CONTACT P%uM%zu-TEST-----\n%s-----END CONTACT P%uM%zu-TEST-----\n", number,
			      who, text, number, who);
	}
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

static bool make_set(struct loggen *gen, size_t who)
{
	struct member *m = &gen->members[who];
	size_t other = loggen_random(gen, gen->count);

	making_object(gen, AL_CREATE, AL_AS_SET, NULL);
	making_line(gen, "as-set: %s:AS-S%u\nmembers: %s,%s\nmbrs-by-ref: M%zu-MNT", m->asn, m->made++, m->asn,
		    gen->members[other].asn, who);
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

static bool make_number(struct loggen *gen, size_t who)
{
	struct thing *set = member_pick(gen, who, class_set, false);

	making_object(gen, AL_CREATE, AL_AUT_NUM, NULL);
	making_line(gen, "aut-num: auto-7\nas-name: M%zu-MORE    # one more", who);
	if (set != NULL) {
		making_line(gen, "member-of: %s", set->key);
		set->fixed = true;
	}
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

static bool make_net(struct loggen *gen, size_t who)
{
	making_object(gen, AL_CREATE, AL_INET6NUM, NULL);
	making_line(gen, "inet6num: AUTO-1/%zu\nnetname: M%zu-MORE", 44 + loggen_random(gen, 5), who);
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

static bool make_old_net(struct loggen *gen, size_t who)
{
	if (gen->v4_nets == V4_NETS_MAX)
		return false;
	gen->v4_nets++;
	making_object(gen, AL_CREATE, AL_INETNUM, NULL);
	making_line(gen, "inetnum: AUTO-1/27\nnetname: M%zu-OLD", who);
	making_owner(gen, who);
	making_object(gen, AL_CREATE, AL_ROUTE, NULL);
	making_line(gen, "route: AUTO-1/27\norigin: %s\nmax-length: 28", gen->members[who].asn);
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

static bool make_vouched(struct loggen *gen, size_t who)
{
	static const struct al_prefix pool = { .addr = { 0xfc, 0xa1, 0x03 }, .len = 24, .bits = 128 };
	size_t voucher = loggen_random(gen, gen->count);
	char text[AL_PREFIX_STRLEN];

	if (voucher == who || gen->vouched_nets == VOUCHED_NETS_MAX)
		return false;
	block_text(&pool, 48, gen->vouched_nets++, text);
	making_object(gen, AL_CREATE, AL_INET6NUM, text);
	making_line(gen, "inet6num: %s\nnetname: M%zu-TRUST", text, who);
	making_owner(gen, who);
	making_signer(gen, who);
	making_signer(gen, voucher);
	return true;
}

static bool make_null_route(struct loggen *gen, size_t who)
{
	const struct thing *subnet = member_pick(gen, who, class_subnet, false);
	char key[LOGGEN_KEY_MAX];

	if (subnet == NULL)
		return false;
	(void)snprintf(key, sizeof(key), "%sAS0", subnet->key);
	if (al_state_get(book_state(gen->book), AL_ROUTE6, al_slice_str(key)) != NULL)
		return false;
	making_object(gen, AL_CREATE, AL_ROUTE6, key);
	making_line(gen, "route6: %s\norigin: AS0", subnet->key);
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

/* Address space of one, AS of another: both sign. */
static bool make_shared_route(struct loggen *gen, size_t who)
{
	size_t other = loggen_random(gen, gen->count);
	char text[AL_PREFIX_STRLEN], key[LOGGEN_KEY_MAX];

	block_text(&gen->members[who].net, 56, (unsigned)loggen_random(gen, 256), text);
	(void)snprintf(key, sizeof(key), "%s%s", text, gen->members[other].asn);
	if (other == who || al_state_get(book_state(gen->book), AL_ROUTE6, al_slice_str(key)) != NULL)
		return false;
	making_object(gen, AL_CREATE, AL_ROUTE6, key);
	making_line(gen, "route6: %s\norigin: %s\nmax-length: 64", text, gen->members[other].asn);
	making_owner(gen, who);
	making_signer(gen, other);
	making_signer(gen, who);
	return true;
}

/* A new node, and a peering with another one, whose holder agrees. */
static bool make_node(struct loggen *gen, size_t who)
{
	size_t other = loggen_random(gen, gen->count);
	const struct thing *peer = member_pick(gen, other, class_node, false);
	unsigned number = gen->members[who].made++;

	making_object(gen, AL_CREATE, AL_NODE, NULL);
	making_line(gen, "node: M%zu-N%u\norigin: %s\naddress: fca1:100::%x", who, number, gen->members[who].asn,
		    number + 1);
	making_owner(gen, who);
	making_signer(gen, who);
	if (peer == NULL)
		return true;
	making_object(gen, AL_CREATE, AL_PEERING, NULL);
	making_line(gen, "peering: M%zu-N%u:%s", who, number, peer->key);
	making_owner(gen, who);
	if (other != who)
		making_signer(gen, other);
	return true;
}

static bool make_service(struct loggen *gen, size_t who)
{
	const struct thing *node = member_pick(gen, who, class_node, false);

	if (node == NULL)
		return false;
	making_object(gen, AL_CREATE, AL_SERVICE, NULL);
	making_line(gen, "service: M%zu-S%u\nurl: http://m%zu." ZONE "/\nnode: %s", who, gen->members[who].made++, who,
		    node->key);
	making_owner(gen, who);
	making_signer(gen, who);
	return true;
}

/* ---- changing ---- */

static bool modify(struct loggen *gen, size_t who)
{
	const struct thing *thing = member_pick(gen, who, class_any, false);

	if (thing == NULL)
		return false;
	making_object(gen, AL_MODIFY, thing->cls, thing->key);
	making_text(gen, thing, "remarks:");
	making_line(gen, "remarks: changed by request %" PRIu64, gen->number);
	return true;
}

static bool make_change(struct loggen *gen, size_t who)
{
	making_signer(gen, who);
	return modify(gen, who);
}

static bool make_correction(struct loggen *gen, size_t who)
{
	making_signer(gen, LOGGEN_HOSTMASTER);
	return modify(gen, who);
}

static bool make_rotation(struct loggen *gen, size_t who)
{
	char key[LOGGEN_KEY_MAX];

	(void)snprintf(key, sizeof(key), "M%zu-MNT", who);
	making_object(gen, AL_MODIFY, AL_MNTNER, key);
	al_buf_printf(&gen->making.objects, "mntner: %s\nauth: ", key);
	loggen_auth(gen, who, gen->members[who].rotation + 1, &gen->making.objects);
	making_line(gen, "%s", "");
	making_owner(gen, who);
	making_signer(gen, who);
	gen->making.rotates = &gen->members[who];
	return true;
}

/* A name goes to somebody else: both sides sign. */
static bool make_transfer(struct loggen *gen, size_t who)
{
	const struct thing *thing = member_pick(gen, who, class_domain, false);
	size_t other = loggen_random(gen, gen->count);

	if (thing == NULL || thing->fixed || other == who)
		return false;
	making_object(gen, AL_MODIFY, thing->cls, thing->key);
	making_text(gen, thing, "mnt-by:");
	making_line(gen, "mnt-by: M%zu-MNT", other);
	making_signer(gen, who);
	making_signer(gen, other);
	return true;
}

static bool stop_at_first(const struct al_prefix *at, const struct al_object *found, void *arg)
{
	bool *any = arg;

	(void)at;
	(void)found;
	*any = true;
	return false;
}

/* Would something be left without ground? */
static bool needed(const struct loggen *gen, const struct thing *thing)
{
	struct al_slice key = al_slice_str(thing->key);
	const struct al_object *now = al_state_get(book_state(gen->book), thing->cls, key);
	struct al_prefix prefix;
	bool any = false;

	/* A contact may go while it is named, and then stops the next change of what names it: too long to look for here. */
	if (thing->fixed || thing->cls == AL_PERSON || al_state_references(book_state(gen->book), thing->cls, key) > 0)
		return true;
	if ((thing->cls != AL_INETNUM && thing->cls != AL_INET6NUM) || al_object_prefix(now, &prefix) != AL_OK)
		return false;
	al_state_children(book_state(gen->book), thing->cls, &prefix, stop_at_first, &any);
	al_state_within(book_state(gen->book), thing->cls == AL_INETNUM ? AL_ROUTE : AL_ROUTE6, &prefix, stop_at_first,
			&any);
	return any;
}

static bool make_delete(struct loggen *gen, size_t who)
{
	const struct thing *thing = member_pick(gen, who, class_any, false);

	if (thing == NULL || needed(gen, thing))
		return false;
	making_object(gen, AL_DELETE, thing->cls, thing->key);
	making_text(gen, thing, NULL);
	making_line(gen, "delete: not wanted any more");
	making_signer(gen, who);
	return true;
}

/* A deleted name comes back to its last holder. */
static bool make_again(struct loggen *gen, size_t who)
{
	const struct thing *thing = member_pick(gen, who, class_any, true);

	if (thing == NULL)
		return false;
	making_object(gen, AL_CREATE, thing->cls, thing->key);
	/* What it referred to may be gone, and nobody has the contact's text any more. */
	making_text(gen, thing, thing->cls == AL_PERSON ? "contact:" : "admin-c:");
	making_signer(gen, who);
	return true;
}

/* ---- the choice ---- */

static const struct kind {
	bool (*make)(struct loggen *gen, size_t who);
	unsigned weight;
} kinds[] = {
	{ make_join, 14 },      { make_subnet, 9 },     { make_domain, 12 },      { make_person, 5 },
	{ make_set, 5 },        { make_number, 4 },     { make_net, 3 },          { make_old_net, 3 },
	{ make_vouched, 3 },    { make_null_route, 8 }, { make_shared_route, 7 }, { make_change, 18 },
	{ make_correction, 1 }, { make_rotation, 4 },   { make_transfer, 6 },     { make_delete, 12 },
	{ make_again, 8 },      { make_node, 6 },       { make_service, 2 },
};

void loggen_make(struct loggen *gen)
{
	unsigned total = 0, at;
	size_t k;

	for (k = 0; k < AL_COUNT(kinds); k++)
		total += kinds[k].weight;
	if (gen->count == 0) {
		(void)make_join(gen, 0);
		return;
	}
	do {
		gen->making.signer_count = 0;
		at = (unsigned)loggen_random(gen, total);
		for (k = 0; at >= kinds[k].weight; k++)
			at -= kinds[k].weight;
	} while (!kinds[k].make(gen, loggen_random(gen, gen->count)));
}
