/* SPDX-License-Identifier: MIT */
/*
 * expand.c -- a worklist of sets, and of AS numbers where their routes are
 * wanted. Each is visited once, which ends every loop.
 *
 * A visit is itself cut where the work of one turn is used up: it remembers the
 * value or the place in the index at which it goes on. Pointers into objects
 * are good as long as the index counts no change; after one, all starts over.
 */
#include "expand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RESTARTS_MAX 2 /* then it runs to its end in one go: a busy log cannot put it off for ever */

/* One place still to go to: a set, or an AS whose routes are wanted. */
struct step {
	const struct al_object *set; /* NULL: asn */
	uint32_t asn;
	struct whois_op op; /* what was said of all that is in it: "RS-X^+" */
};

struct whois_expansion {
	const struct whois_view *view;
	struct whois_expand ask;
	char *name, *excluded; /* what ask's slices point to */
	uint64_t changes;      /* of the index, when this began */
	unsigned restarts;
	struct whois_members members;
	struct step *steps; /* done and to do, in order of discovery */
	size_t done, count, cap;
	uint32_t *seen;  /* hash table of 1 + index into steps */
	size_t seen_cap; /* power of two */
	uint64_t *deps;
	size_t dep_count, dep_cap;
	/* the visit at hand */
	bool visiting;
	struct step at;
	unsigned phase; /* of its sources, see step_some() */
	struct whois_values values;
	size_t find_at;
	size_t work; /* members looked at, in all */
	size_t left; /* until the end of this turn */
	enum al_err err;
};

/* ---- dependencies: FNV-1a over a kind and a name; equal hashes of two things only cost an expansion ---- */

enum dep { DEP_SET = 's', DEP_ORIGIN = 'o', DEP_CLAIM = 'c' };

static uint64_t dep_of(enum dep kind, struct al_slice name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)kind;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)name.ptr[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t dep_of_asn(uint32_t asn)
{
	char text[AL_ASN_STRLEN];

	al_asn_format(asn, text);
	return dep_of(DEP_ORIGIN, al_slice_str(text));
}

static enum al_err depend(struct whois_expansion *e, uint64_t dep)
{
	void *items = e->deps;
	enum al_err err = whois_array_reserve(&items, &e->dep_cap, e->dep_count, sizeof(*e->deps),
					      4 * WHOIS_SET_STEPS_MAX);

	e->deps = items;
	if (err == AL_OK)
		e->deps[e->dep_count++] = dep;
	return err;
}

void whois_object_deps(const struct al_object *object, void (*visit)(uint64_t dep, void *arg), void *arg)
{
	struct whois_values claims = { al_object_text(object), { NULL, 0 }, "member-of" };
	struct al_slice name;

	if (object->cls == AL_AS_SET || object->cls == AL_ROUTE_SET)
		visit(dep_of(DEP_SET, al_object_key(object)), arg);
	if (object->cls == AL_ROUTE || object->cls == AL_ROUTE6)
		visit(dep_of(DEP_ORIGIN, al_object_attr(object, "origin")), arg);
	if (object->cls == AL_AUT_NUM || object->cls == AL_ROUTE || object->cls == AL_ROUTE6)
		while (whois_values_next(&claims, &name))
			visit(dep_of(DEP_CLAIM, name), arg);
}

/* ---- worklist ---- */

static size_t step_hash(const struct step *step)
{
	uint64_t op = (uint64_t)step->op.add << 24 | (uint64_t)step->op.floor << 16 | (uint64_t)step->op.high << 8 |
		      step->op.top;
	uint64_t h = ((uint64_t)(uintptr_t)step->set ^ step->asn ^ op << 32) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(h >> 24);
}

static bool step_same(const struct step *a, const struct step *b)
{
	return a->set == b->set && a->asn == b->asn && a->op.some == b->op.some && a->op.add == b->op.add &&
	       a->op.floor == b->op.floor && a->op.high == b->op.high && a->op.top == b->op.top;
}

static uint32_t *seen_slot(const struct whois_expansion *e, const struct step *step)
{
	size_t at = step_hash(step) & (e->seen_cap - 1);

	while (e->seen[at] != 0 && !step_same(&e->steps[e->seen[at] - 1], step))
		at = (at + 1) & (e->seen_cap - 1);
	return &e->seen[at];
}

static enum al_err seen_reserve(struct whois_expansion *e)
{
	size_t i, cap = e->seen_cap > 0 ? e->seen_cap * 2 : 64;
	uint32_t *table;

	if (e->count * 2 < e->seen_cap)
		return AL_OK;
	table = calloc(cap, sizeof(*table));
	if (table == NULL)
		return AL_ENOMEM;
	free(e->seen);
	e->seen = table;
	e->seen_cap = cap;
	for (i = 0; i < e->count; i++)
		*seen_slot(e, &e->steps[i]) = (uint32_t)(i + 1);
	return AL_OK;
}

/* Queue a step unless it was. */
static enum al_err push(struct whois_expansion *e, const struct step *step)
{
	void *items = e->steps;
	uint32_t *slot;
	enum al_err err = seen_reserve(e);

	if (err != AL_OK)
		return err;
	slot = seen_slot(e, step);
	if (*slot != 0)
		return AL_OK;
	err = whois_array_reserve(&items, &e->cap, e->count, sizeof(*e->steps), WHOIS_SET_STEPS_MAX);
	e->steps = items;
	if (err != AL_OK)
		return err;
	assert(e->steps != NULL);
	e->steps[e->count++] = *step;
	*slot = (uint32_t)e->count;
	return step->set == NULL ? depend(e, dep_of_asn(step->asn)) : AL_OK;
}

/* ---- members ---- */

/* Under the operator of the set, or AS, that is visited. */
static enum al_err take_range(struct whois_expansion *e, struct whois_range *range)
{
	if (!whois_op_apply(&e->at.op, range))
		return AL_OK;
	if ((e->ask.families & (range->prefix.bits == 32 ? WHOIS_V4 : WHOIS_V6)) == 0)
		return AL_OK;
	return whois_members_range(&e->members, range);
}

static enum al_err take_asn(struct whois_expansion *e, uint32_t asn, const struct whois_op *op)
{
	struct step step = { .set = NULL, .asn = asn, .op = *op };

	return e->ask.routes ? push(e, &step) : whois_members_asn(&e->members, asn);
}

const struct al_object *whois_set_named(const struct whois_view *view, struct al_slice name)
{
	const struct al_object *set = al_state_get(view->state, AL_AS_SET, name);

	return set != NULL ? set : al_state_get(view->state, AL_ROUTE_SET, name);
}

static bool is_excluded(const struct whois_expansion *e, struct al_slice name)
{
	struct al_slice rest = e->ask.excluded, item;

	while (al_slice_word(&rest, ",", &item))
		if (al_slice_eq(item, name))
			return true;
	return false;
}

/* A set by its name: one that does not exist may come to be. */
static enum al_err take_set(struct whois_expansion *e, struct al_slice name, const struct whois_op *op)
{
	struct step step = { .set = whois_set_named(e->view, name), .asn = 0, .op = *op };
	enum al_err err = depend(e, dep_of(DEP_SET, name));

	if (err != AL_OK || step.set == NULL)
		return err;
	return push(e, &step);
}

static void count_work(struct whois_expansion *e)
{
	if (e->left > 0)
		e->left--;
	if (++e->work > WHOIS_SET_WORK_MAX)
		e->err = AL_ELIMIT;
}

/* One value of members: AS number, prefix or set, with a range operator or without (RFC 2622 section 5.2). */
static void take_member(struct whois_expansion *e, struct al_slice value)
{
	struct whois_op op = { .some = false };
	struct whois_range range;
	struct al_slice name, behind = value;
	uint32_t asn;

	count_work(e);
	if (e->err != AL_OK)
		return;
	if (whois_range_parse(value, &range) == AL_OK) {
		e->err = take_range(e, &range);
		return;
	}
	if (al_slice_cut(&behind, '^', &name) && whois_op_parse(behind, &op) != AL_OK)
		return;
	op = whois_op_chain(&op, &e->at.op);
	if (al_asn_parse(name, &asn) == AL_OK)
		e->err = take_asn(e, asn, &op);
	else if (!is_excluded(e, name))
		e->err = take_set(e, name, &op);
}

bool whois_set_takes(const struct al_object *set, const struct al_object *object)
{
	struct whois_values allowed = { al_object_text(set), { NULL, 0 }, "mbrs-by-ref" };
	struct al_slice name;

	while (whois_values_next(&allowed, &name))
		if (al_slice_caseis(name, "ANY") || al_object_has(object, "mnt-by", name))
			return true;
	return false;
}

/* A member by reference, or a route of an origin. */
static bool object_take(const struct al_object *object, void *arg)
{
	struct whois_expansion *e = arg;
	struct whois_range range;
	struct al_prefix prefix;
	uint32_t asn;

	count_work(e);
	if (e->err != AL_OK || (e->at.set != NULL && !whois_set_takes(e->at.set, object)))
		return e->err == AL_OK;
	if (object->cls == AL_AUT_NUM) {
		if (al_object_asn(object, &asn) == AL_OK)
			e->err = take_asn(e, asn, &e->at.op);
	} else if (al_object_prefix(object, &prefix) == AL_OK) {
		range = whois_range_of(&prefix);
		e->err = take_range(e, &range);
	}
	return e->err == AL_OK;
}

/* ---- visits ---- */

enum { PHASE_MEMBERS, PHASE_MP_MEMBERS, PHASE_FIND, PHASE_FIND6, PHASE_END };

static void visit_begin(struct whois_expansion *e, unsigned phase)
{
	static const char *const attrs[] = { "members", "mp-members" };

	e->phase = phase;
	e->find_at = 0;
	if (phase < PHASE_FIND)
		e->values = (struct whois_values){ al_object_text(e->at.set), { NULL, 0 }, attrs[phase] };
}

/* Objects of the index: an AS's routes, or who claims to be in the set. False: none left. */
static bool find_some(struct whois_expansion *e, bool six)
{
	enum al_class cls = six ? AL_ROUTE6 : AL_ROUTE;
	struct al_slice attr = e->at.set == NULL ? AL_S("origin") : AL_S("member-of"), value;
	char text[AL_ASN_STRLEN];

	al_asn_format(e->at.asn, text);
	value = e->at.set == NULL ? al_slice_str(text) : al_object_key(e->at.set);
	if (e->at.set == NULL && (e->ask.families & (six ? WHOIS_V6 : WHOIS_V4)) == 0)
		return false;
	if (e->at.set != NULL && e->find_at == 0) {
		if (al_object_attr(e->at.set, "mbrs-by-ref").len == 0)
			return false;
		e->err = depend(e, dep_of(DEP_CLAIM, value));
	}
	if (e->at.set != NULL && e->at.set->cls == AL_AS_SET) {
		if (six)
			return false;
		cls = AL_AUT_NUM;
	}
	return whois_index_find_some(e->view->index, cls, attr, value, &e->find_at, e->left, object_take, e);
}

/* Goes on with the visit at hand until it ends or the turn does. */
static void visit_some(struct whois_expansion *e)
{
	struct al_slice value;
	bool more;

	if (e->phase < PHASE_FIND) {
		more = whois_values_next(&e->values, &value);
		if (more)
			take_member(e, value);
	} else {
		more = find_some(e, e->phase == PHASE_FIND6);
	}
	if (!more && e->phase + 1 < PHASE_END)
		visit_begin(e, e->phase + 1);
	else if (!more)
		e->visiting = false;
}

static void start_over(struct whois_expansion *e)
{
	struct step first = { .set = NULL, .asn = e->ask.asn };

	e->at = first;
	whois_members_clear(&e->members);
	e->done = e->count = e->dep_count = e->work = 0;
	if (e->seen_cap > 0)
		memset(e->seen, 0, e->seen_cap * sizeof(*e->seen));
	e->visiting = false;
	e->changes = whois_index_changes(e->view->index);
	e->err = e->ask.set.len > 0 ? take_set(e, e->ask.set, &first.op) : push(e, &first);
}

static int dep_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void finish(struct whois_expansion *e)
{
	whois_members_sort(&e->members);
	if (e->dep_count > 1)
		qsort(e->deps, e->dep_count, sizeof(*e->deps), dep_order);
}

enum al_err whois_expansion_run(struct whois_expansion *e, size_t work)
{
	if (e->changes != whois_index_changes(e->view->index)) {
		e->restarts++;
		start_over(e);
	}
	e->left = e->restarts > RESTARTS_MAX ? SIZE_MAX : work;
	while (e->err == AL_OK && e->left > 0) {
		if (e->visiting) {
			visit_some(e);
			continue;
		}
		if (e->done == e->count) {
			finish(e);
			return AL_OK;
		}
		e->at = e->steps[e->done++];
		e->visiting = true;
		e->left--;
		visit_begin(e, e->at.set != NULL ? PHASE_MEMBERS : PHASE_FIND);
	}
	return e->err != AL_OK ? e->err : AL_EAGAIN;
}

enum al_err whois_expansion_new(const struct whois_view *view, const struct whois_expand *ask,
				struct whois_expansion **out)
{
	struct whois_expansion *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return AL_ENOMEM;
	e->view = view;
	e->ask = *ask;
	e->name = al_slice_dup(ask->set);
	e->excluded = al_slice_dup(ask->excluded);
	if (e->name == NULL || e->excluded == NULL) {
		whois_expansion_free(e);
		return AL_ENOMEM;
	}
	e->ask.set = al_slice_str(e->name);
	e->ask.excluded = al_slice_str(e->excluded);
	start_over(e);
	*out = e;
	return AL_OK;
}

void whois_expansion_free(struct whois_expansion *e)
{
	if (e == NULL)
		return;
	whois_members_release(&e->members);
	free(e->steps);
	free(e->seen);
	free(e->deps);
	free(e->name);
	free(e->excluded);
	free(e);
}

bool whois_expansion_current(const struct whois_expansion *e)
{
	return e->changes == whois_index_changes(e->view->index);
}

const struct whois_members *whois_expansion_members(const struct whois_expansion *e)
{
	return &e->members;
}

const uint64_t *whois_expansion_deps(const struct whois_expansion *e, size_t *count)
{
	*count = e->dep_count;
	return e->deps;
}
