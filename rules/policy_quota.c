/*
 * policy_quota.c -- how much one maintainer, one key and one tree of vouchers
 * may hold by policy, and what rests after it was returned.
 *
 * The state's counts are there already (holdings.c). What the request adds and
 * takes away is counted once, at the first question.
 */
#include "policy.h"

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
static struct al_slice pool_after(const struct policy *p, const struct al_object *object)
{
	struct al_asn_range range;
	struct al_prefix prefix;
	uint32_t asn;

	if (object->cls == AL_AUT_NUM && al_object_asn(object, &asn) == AL_OK) {
		range = (struct al_asn_range){ asn, asn };
		return key_or_none(view_as_block(&p->view, &range));
	}
	if ((object->cls != AL_INETNUM && object->cls != AL_INET6NUM) || al_object_prefix(object, &prefix) != AL_OK)
		return none;
	return key_or_none(view_covering_inet(&p->view, &prefix, true));
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
static bool around_visit(const struct al_object *child, void *arg)
{
	struct around *around = arg;
	struct policy *p = around->policy;
	const struct holdings_view before = { mntner_before, p };

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

static enum al_err count_one(struct policy *p, const struct al_object *now)
{
	const struct holdings_view before = { mntner_before, p }, after = { mntner_after, p };
	const struct al_object *old = al_state_get(p->state, (enum al_class)now->cls, al_object_key(now));
	enum al_err err = AL_OK;

	if (old != NULL)
		err = holdings_object(&p->adds, &before, old, pool_before(p, old), -1);
	if (err == AL_OK && !now->deleted)
		err = holdings_object(&p->adds, &after, now, pool_after(p, now), 1);
	if (err == AL_OK && !now->deleted && old == NULL)
		err = count_around(p, now);
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
	struct al_slice rest = al_object_text(s->now), value, name;
	bool any = limit(parent, "assign-quota", &q.one);

	any = limit(parent, "assign-share", &q.share) || any;
	any = limit(parent, "assign-tree", &q.tree) || any;
	while (any && al_attr_find(&rest, "mnt-by", &value))
		do {
			(void)al_slice_cut(&value, ',', &name);
			check_mntner(&q, al_slice_trim(name));
		} while (value.len > 0);
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
	check_quarantine(p, s);
}

/* Did this key hold something before the request, by other maintainers than the object's own? */
bool policy_key_holds(const struct policy *p, const struct al_object *object, struct al_slice key)
{
	const struct tallies *tallies = holdings_tallies(space_holdings(p->space));
	struct tally tally = { TALLY_KEY, key, TALLY_HELD, none };
	struct al_slice rest = al_object_text(object), value, name;
	int64_t count = tallies_get(tallies, &tally);

	tally.whose = TALLY_MNTNER;
	while (count > 0 && al_attr_find(&rest, "mnt-by", &value))
		do {
			const struct al_object *mntner;

			(void)al_slice_cut(&value, ',', &name);
			tally.who = al_slice_trim(name);
			mntner = al_state_get(p->state, AL_MNTNER, tally.who);
			if (mntner != NULL && al_object_has(mntner, "auth", key))
				count -= tallies_get(tallies, &tally);
		} while (value.len > 0);
	return count > 0;
}
