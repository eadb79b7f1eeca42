/* SPDX-License-Identifier: MIT */
/*
 * policy_quota.c -- how much one maintainer, one key and one tree of vouchers
 * may hold by policy, and what rests after it was returned.
 *
 * The state's counts are there already (holdings.c). What the request adds and
 * takes away is counted once, at the first question.
 */
#include "policy.h"

#define OBJECT_KBYTES 64 /* where the registry object does not say */

static const struct al_slice none = { NULL, 0 };

/* ---- what the request adds ---- */

static const struct al_object *mntner_after(const void *arg, struct al_slice name)
{
	const struct policy *p = arg;
	const struct al_object *own = view_own(&p->view, AL_MNTNER, name);

	return own != NULL ? own : al_state_version(p->state, AL_MNTNER, name);
}

static const struct al_object *mntner_before(const void *arg, struct al_slice name)
{
	const struct policy *p = arg;

	return al_state_version(p->state, AL_MNTNER, name);
}

static struct al_slice key_or_none(const struct al_object *object)
{
	return object != NULL ? al_object_key(object) : none;
}

/* The block that hands out `object` after the request: the smallest around it. */
static const struct al_object *pool_after(const struct policy *p, const struct al_object *object)
{
	struct al_asn_range range;
	struct al_prefix prefix;
	uint32_t asn;

	if (object->cls == AL_AUT_NUM && al_object_asn(object, &asn) == AL_OK) {
		range = (struct al_asn_range){ asn, asn };
		return view_as_block(&p->view, &range);
	}
	if ((object->cls != AL_INETNUM && object->cls != AL_INET6NUM) || al_object_prefix(object, &prefix) != AL_OK)
		return NULL;
	return view_covering_inet(&p->view, &prefix, true);
}

static struct al_slice pool_before(const struct policy *p, const struct al_object *object)
{
	struct al_prefix prefix;
	uint32_t asn;

	if (object->cls == AL_AUT_NUM && al_object_asn(object, &asn) == AL_OK)
		return key_or_none(al_state_as_block(p->state, asn));
	if ((object->cls != AL_INETNUM && object->cls != AL_INET6NUM) || al_object_prefix(object, &prefix) != AL_OK)
		return none;
	return key_or_none(al_state_covering_inet(p->state, &prefix, true));
}

struct around {
	struct policy *policy;
	struct al_slice from, to;
	enum al_err err;
};

/* What the request has a version of is counted by that. */
static bool around_visit(const struct al_prefix *at, const struct al_object *child, void *arg)
{
	struct around *around = arg;
	struct policy *p = around->policy;
	const struct holdings_view before = { mntner_before, p };

	(void)at;
	if (view_own(&p->view, (enum al_class)child->cls, al_object_key(child)) == NULL)
		around->err = holdings_move(&p->adds, &before, child, around->from, around->to);
	return around->err == AL_OK;
}

/* A new block around others takes them out of the pool that it lies in. */
static enum al_err count_around(struct policy *p, const struct al_object *block)
{
	struct around around = { p, pool_before(p, block), al_object_key(block), AL_OK };
	struct al_prefix prefix;

	if ((block->cls == AL_INETNUM || block->cls == AL_INET6NUM) && al_object_prefix(block, &prefix) == AL_OK)
		al_state_children(p->state, (enum al_class)block->cls, &prefix, around_visit, &around);
	return around.err;
}

/* What is new and counted by the day, and by the month for vouchers; as holdings.c does when it has become true. */
static enum al_err count_new(struct policy *p, const struct al_object *now)
{
	const struct holdings_view before = { mntner_before, p }, after = { mntner_after, p };
	struct al_slice voucher = now->cls == AL_MNTNER ? al_object_attr(now, "vouched-by") : none;
	char period[TALLY_POOL_MAX];
	struct tally tally;

	if (now->cls == AL_MNTNER && al_state_version(p->state, AL_MNTNER, al_object_key(now)) != NULL)
		return AL_OK;
	if (voucher.len > 0) {
		const struct tally_change one = { TALLY_VOUCHED, tally_period(AL_S(""), now->time, 30, period), 1 };

		return holdings_credit(&p->adds, &before, voucher, &one, 1);
	}
	return holdings_given(&after, now, pool_after(p, now), period, &tally) ? tallies_add(&p->adds, &tally, 1)
									       : AL_OK;
}

/* Who takes back what rests of his own has it once, not twice. */
static enum al_err count_taken_back(struct policy *p, const struct al_object *now)
{
	const struct holdings_view before = { mntner_before, p };
	const struct al_object *last = al_state_version(p->state, (enum al_class)now->cls, al_object_key(now));

	if ((now->cls != AL_AUT_NUM && now->cls != AL_INETNUM && now->cls != AL_INET6NUM) || last == NULL ||
	    space_resting(p->space, now) != last)
		return AL_OK;
	return holdings_returned(&p->adds, &before, last, -1);
}

static enum al_err count_created(struct policy *p, const struct al_object *now)
{
	enum al_err err = count_around(p, now);

	if (err == AL_OK)
		err = count_new(p, now);
	return err == AL_OK ? count_taken_back(p, now) : err;
}

static enum al_err count_one(struct policy *p, const struct al_object *now)
{
	const struct holdings_view before = { mntner_before, p }, after = { mntner_after, p };
	const struct al_object *old = al_state_get(p->state, (enum al_class)now->cls, al_object_key(now));
	enum al_err err = AL_OK;

	if (old != NULL)
		err = holdings_object(&p->adds, &before, old, pool_before(p, old), -1);
	if (err == AL_OK && !now->deleted)
		err = holdings_object(&p->adds, &after, now, key_or_none(pool_after(p, now)), 1);
	if (err == AL_OK && !now->deleted && old == NULL)
		err = count_created(p, now);
	if (err == AL_OK && now->cls == AL_MNTNER)
		err = holdings_rekey(&p->adds, holdings_tallies(space_holdings(p->space)),
				     al_state_version(p->state, AL_MNTNER, al_object_key(now)), now);
	return err;
}

static void count_request(struct policy *p)
{
	enum al_err err = AL_OK;

	if (p->counted)
		return;
	p->counted = true;
	for (size_t i = 0; err == AL_OK && i < p->view.count; i++)
		if (p->view.objects[i] != NULL)
			err = count_one(p, p->view.objects[i]);
	if (err != AL_OK)
		p->d->report.err = err; /* no decision: decision_judge() says so */
}

/* ---- questions ---- */

/* After the request. */
static int64_t have(struct policy *p, enum tally_whose whose, struct al_slice who, enum tally_kind kind,
		    struct al_slice pool)
{
	const struct tally tally = { whose, who, kind, pool };

	count_request(p);
	p->d->work += 2;
	return tallies_get(holdings_tallies(space_holdings(p->space)), &tally) + tallies_get(&p->adds, &tally);
}

static bool limit(const struct al_object *of, const char *attr, int64_t *out)
{
	uint64_t number;

	if (of == NULL || al_slice_u64(al_object_attr(of, attr), 1000000000, &number) != AL_OK)
		return false;
	*out = (int64_t)number;
	return true;
}

struct quota {
	struct policy *policy;
	const struct subject *subject;
	const struct al_object *parent;
	int64_t one, share, tree; /* INT64_MAX: no limit */
};

static int64_t held(struct quota *q, enum tally_whose whose, struct al_slice who, bool resting)
{
	struct al_slice cls = al_slice_str(al_class_name(q->subject->cls));
	int64_t count = have(q->policy, whose, who, TALLY_HELD, al_object_key(q->parent));

	return resting ? count + have(q->policy, whose, who, TALLY_RESTING, cls) : count;
}

static void refuse_quota(struct quota *q, struct al_slice who, const char *what, int64_t most)
{
	policy_refuse(q->policy, q->subject, al_class_name(q->subject->cls), "POLICY-QUOTA",
		      "%.*s%s would hold more than %u below [%s] %.*s", AL_FMT(who), what, (unsigned)most,
		      al_class_name((enum al_class)q->parent->cls), AL_FMT(al_object_key(q->parent)));
}

static void check_mntner(struct quota *q, struct al_slice name)
{
	const struct al_object *mntner = mntner_after(q->policy, name);
	struct al_slice rest = mntner != NULL ? al_object_text(mntner) : none, auth;
	bool over = false;

	if (held(q, TALLY_MNTNER, name, false) > q->one)
		refuse_quota(q, name, "", q->one);
	while (q->share != INT64_MAX && !over && al_attr_find(&rest, "auth", &auth))
		over = held(q, TALLY_KEY, auth, true) > q->share;
	if (over)
		refuse_quota(q, name, ", with all that its keys sign for and what rests of it,", q->share);
	for (unsigned i = 0; q->tree != INT64_MAX && mntner != NULL && i < VOUCHERS_MAX; i++) {
		struct al_slice at = al_object_key(mntner);

		if (held(q, TALLY_TREE, at, true) > q->tree) {
			refuse_quota(q, at, ", with those it vouched for,", q->tree);
			return;
		}
		mntner = mntner_after(q->policy, al_object_attr(mntner, "vouched-by"));
	}
}

static void check_quota(struct policy *p, const struct subject *s, const struct al_object *parent)
{
	struct quota q = { p, s, parent, INT64_MAX, INT64_MAX, INT64_MAX };
	struct name_list mntners = name_list_of(s->now, "mnt-by");
	bool any = limit(parent, "assign-quota", &q.one);
	struct al_slice name;

	any = limit(parent, "assign-share", &q.share) || any;
	any = limit(parent, "assign-tree", &q.tree) || any;
	while (any && name_list_next(&mntners, &name))
		check_mntner(&q, name);
}

/* Past the day's number somebody looks at who comes: the request waits in the hostmaster's queue (attach_asks()). */
static void check_rate(struct policy *p, const struct subject *s, const struct al_object *pool, const char *attr,
		       const struct al_object *of)
{
	const struct holdings_view after = { mntner_after, p };
	char period[TALLY_POOL_MAX];
	struct tally tally;
	int64_t most;

	if (p->hostmaster || !limit(of, attr, &most) || !holdings_given(&after, s->now, pool, period, &tally) ||
	    have(p, TALLY_POOL, none, TALLY_GIVEN, tally.pool) <= most)
		return;
	policy_refuse(p, s, al_class_name(s->cls), "POLICY-RATE",
		      "%u have been handed out today to newcomers without a voucher: the hostmaster decides, or come "
		      "tomorrow, or with a member who vouches for you",
		      (unsigned)most);
}

void policy_join(struct policy *p, const struct subject *s)
{
	if (al_state_version(p->state, AL_MNTNER, al_object_key(s->now)) == NULL)
		check_rate(p, s, NULL, "join-rate", al_state_registry(p->state));
}

static void check_quarantine(struct policy *p, const struct subject *s)
{
	const struct al_object *last = space_resting(p->space, s->now);

	if (last != NULL && !auth_object(p, last, "mnt-by"))
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-QUARANTINE",
			      "[%s] %.*s was returned not long ago and rests", al_class_name((enum al_class)last->cls),
			      AL_FMT(al_object_key(last)));
}

void policy_quota(struct policy *p, const struct subject *s, const struct al_object *parent)
{
	check_quota(p, s, parent);
	check_rate(p, s, parent, "assign-rate", parent);
	check_quarantine(p, s);
}

/* ---- what is held without a pool ---- */

static const struct {
	const char *attr;
	enum tally_kind kind;
	unsigned classes; /* whose creation or change is asked */
	int64_t unit;
	const char *name;
} shares[] = {
	{ "quota-domains", TALLY_DOMAINS, 1u << AL_DOMAIN, 1, "domains" },
	{ "quota-sets", TALLY_SETS, 1u << AL_AS_SET | 1u << AL_ROUTE_SET, 1, "sets" },
	{ "quota-objects", TALLY_OBJECTS, ~0u, 1, "objects" },
	{ "quota-kbytes", TALLY_BYTES, ~0u, 1024, "kilobytes" },
};

/* Does a key of this maintainer hold more by the request, and too much? Who has too much already may change and return. */
static bool over(struct policy *p, struct al_slice mntner, size_t share, int64_t most)
{
	const struct al_object *object = mntner_after(p, mntner);
	struct al_slice rest = object != NULL ? al_object_text(object) : none;
	struct tally tally = { TALLY_KEY, none, shares[share].kind, none };

	while (al_attr_find(&rest, "auth", &tally.who))
		if (have(p, TALLY_KEY, tally.who, tally.kind, none) > most * shares[share].unit &&
		    tallies_get(&p->adds, &tally) > 0)
			return true;
	return false;
}

static void check_share(struct policy *p, const struct subject *s, size_t share)
{
	struct name_list mntners = name_list_of(s->now, "mnt-by");
	struct al_slice name;
	int64_t most;

	if ((shares[share].classes >> s->cls & 1) == 0 ||
	    !limit(al_state_registry(p->state), shares[share].attr, &most))
		return;
	while (name_list_next(&mntners, &name))
		if (over(p, name, share, most))
			policy_refuse(p, s, "mnt-by", "POLICY-SHARE",
				      "%.*s, with all that its keys sign for, would hold more than %u %s", AL_FMT(name),
				      (unsigned)most, shares[share].name);
}

void policy_share(struct policy *p, const struct subject *s)
{
	for (size_t i = 0; !p->hostmaster && i < AL_COUNT(shares); i++)
		check_share(p, s, i);
}

/* What grew under another rule may shrink, and be deleted. */
void policy_size(struct policy *p, const struct subject *s)
{
	int64_t kbytes = OBJECT_KBYTES;

	(void)limit(al_state_registry(p->state), "object-kbytes", &kbytes);
	if ((int64_t)s->now->text_len <= kbytes * 1024 || (s->old != NULL && s->now->text_len < s->old->text_len))
		return;
	policy_refuse(p, s, NULL, "POLICY-OBJECT-SIZE",
		      "It would have %u bytes of text; %u kilobytes are the most here", s->now->text_len,
		      (unsigned)kbytes);
}

/* ---- vouchers ---- */

/* Did this key hold something before the request, by other maintainers than the object's own? */
bool policy_key_holds(const struct policy *p, const struct al_object *object, struct al_slice key)
{
	const struct tallies *tallies = holdings_tallies(space_holdings(p->space));
	struct tally tally = { TALLY_KEY, key, TALLY_HELD, none };
	struct name_list mntners = name_list_of(object, "mnt-by");
	int64_t count = tallies_get(tallies, &tally);

	tally.whose = TALLY_MNTNER;
	while (name_list_next(&mntners, &tally.who)) {
		const struct al_object *mntner = al_state_get(p->state, AL_MNTNER, tally.who);

		if (mntner != NULL && al_object_has(mntner, "auth", key))
			count -= tallies_get(tallies, &tally);
	}
	return count > 0;
}

static bool voucher_over(struct policy *p, const struct al_object *voucher, int64_t most)
{
	struct al_slice rest = al_object_text(voucher), auth;
	char period[TALLY_POOL_MAX];
	struct al_slice pool = tally_period(AL_S(""), p->d->time, 30, period);

	while (al_attr_find(&rest, "auth", &auth))
		if (have(p, TALLY_KEY, auth, TALLY_VOUCHED, pool) > most)
			return true;
	return false;
}

/* Who is named spoke for the newcomer: he has signed, holds something, is no newcomer, and has not done so too often. */
static void check_voucher(struct policy *p, const struct subject *s, struct al_slice name)
{
	const struct al_object *voucher = al_state_get(p->state, AL_MNTNER, name),
			       *registry = al_state_registry(p->state);
	const struct tally held = { TALLY_MNTNER, name, TALLY_HELD, none };
	int64_t most, days;

	if (p->hostmaster)
		return;
	if (voucher == NULL || !auth_mntner(p, name) ||
	    tallies_get(holdings_tallies(space_holdings(p->space)), &held) <= 0)
		policy_refuse(p, s, "vouched-by", "POLICY-VOUCH",
			      "%.*s has to sign too, and to hold a number or block itself", AL_FMT(name));
	else if (limit(registry, "vouch-age", &days) && voucher->created + (uint64_t)days * 86400 > p->d->time)
		policy_refuse(p, s, "vouched-by", "POLICY-VOUCH", "%.*s is not here for %u days yet", AL_FMT(name),
			      (unsigned)days);
	else if (limit(registry, "vouch-rate", &most) && voucher_over(p, voucher, most))
		policy_refuse(p, s, "vouched-by", "POLICY-VOUCH", "%.*s vouched for %u already in these 30 days",
			      AL_FMT(name), (unsigned)most);
}

void policy_vouched(struct policy *p, const struct subject *s)
{
	const struct al_object *last = al_state_version(p->state, AL_MNTNER, al_object_key(s->now));
	struct al_slice name = al_object_attr(s->now, "vouched-by");

	if (last != NULL && !al_slice_eq(al_object_attr(last, "vouched-by"), name))
		policy_refuse(p, s, name.len > 0 ? "vouched-by" : "mntner", "POLICY-VOUCH",
			      "vouched-by: is said once, when a maintainer first comes, and stays");
	else if (last == NULL && name.len > 0)
		check_voucher(p, s, name);
}
