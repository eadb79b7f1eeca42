/*
 * sets.c -- expansion of sets: a worklist of sets, and of AS numbers where
 * their routes are wanted.
 *
 * Each is visited once, which ends every loop. All arrays are bounded, and so
 * is the sum of the members that are looked at.
 */
#include "sets.h"

#include "spell.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One place still to go to: a set, or an AS whose routes are wanted. */
struct step {
	const struct al_object *set; /* NULL: asn */
	uint32_t asn;
};

struct expansion {
	const struct whois_view *view;
	struct whois_members *members;
	struct al_slice excluded; /* comma list */
	unsigned families;
	bool routes;        /* AS numbers stand for their routes */
	struct step *steps; /* done and to do, in order of discovery */
	size_t done, count, cap;
	uint32_t *seen;  /* hash table of 1 + index into steps */
	size_t seen_cap; /* power of two */
	size_t work;     /* members looked at */
	enum al_err err;
};

/* ---- growing arrays ---- */

static enum al_err array_reserve(void **items, size_t *cap, size_t count, size_t size, size_t max)
{
	size_t next = *cap > 0 ? *cap * 2 : 32;
	void *more;

	if (count < *cap)
		return AL_OK;
	if (count >= max)
		return AL_ELIMIT;
	more = realloc(*items, next * size);
	if (more == NULL)
		return AL_ENOMEM;
	*items = more;
	*cap = next;
	return AL_OK;
}

void whois_members_init(struct whois_members *members)
{
	memset(members, 0, sizeof(*members));
}

void whois_members_release(struct whois_members *members)
{
	free(members->asns);
	free(members->ranges);
	free(members->names);
	whois_members_init(members);
}

static enum al_err add_asn(struct whois_members *m, uint32_t asn)
{
	void *items = m->asns;
	enum al_err err = array_reserve(&items, &m->asn_cap, m->asn_count, sizeof(*m->asns), WHOIS_SET_LEAVES_MAX);

	m->asns = items;
	if (err == AL_OK)
		m->asns[m->asn_count++] = asn;
	return err;
}

static enum al_err add_range(struct whois_members *m, const struct whois_range *range)
{
	void *items = m->ranges;
	enum al_err err = array_reserve(&items, &m->range_cap, m->range_count, sizeof(*m->ranges),
					WHOIS_SET_LEAVES_MAX);

	m->ranges = items;
	if (err == AL_OK)
		m->ranges[m->range_count++] = *range;
	return err;
}

static enum al_err add_name(struct whois_members *m, struct al_slice name)
{
	void *items = m->names;
	enum al_err err = array_reserve(&items, &m->name_cap, m->name_count, sizeof(*m->names), WHOIS_SET_LEAVES_MAX);

	m->names = items;
	if (err == AL_OK)
		m->names[m->name_count++] = name;
	return err;
}

/* ---- members by reference ---- */

struct by_ref {
	const struct al_object *set;
	al_object_fn visit;
	void *arg;
};

/* RFC 2622 section 5.1: does the set take what this object's maintainers claim? */
static bool by_ref_take(const struct al_object *object, void *arg)
{
	const struct by_ref *by_ref = arg;
	struct whois_values allowed = { al_object_text(by_ref->set), { NULL, 0 }, "mbrs-by-ref" };
	struct al_slice name;

	while (whois_values_next(&allowed, &name))
		if (al_slice_caseis(name, "ANY") || al_object_has(object, "mnt-by", name))
			return by_ref->visit(object, by_ref->arg);
	return true;
}

static void each_by_ref(const struct whois_view *view, const struct al_object *set, al_object_fn visit, void *arg)
{
	struct by_ref by_ref = { set, visit, arg };
	struct al_slice key = al_object_key(set), attr = AL_S("member-of");

	if (al_object_attr(set, "mbrs-by-ref").len == 0)
		return;
	if (set->cls == AL_AS_SET) {
		whois_index_find(view->index, AL_AUT_NUM, attr, key, by_ref_take, &by_ref);
	} else {
		whois_index_find(view->index, AL_ROUTE, attr, key, by_ref_take, &by_ref);
		whois_index_find(view->index, AL_ROUTE6, attr, key, by_ref_take, &by_ref);
	}
}

/* ---- worklist ---- */

static size_t step_hash(const struct step *step)
{
	uint64_t h = ((uint64_t)(uintptr_t)step->set ^ step->asn) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(h >> 24);
}

static uint32_t *seen_slot(const struct expansion *e, const struct step *step)
{
	size_t at = step_hash(step) & (e->seen_cap - 1);

	while (e->seen[at] != 0 &&
	       (e->steps[e->seen[at] - 1].set != step->set || e->steps[e->seen[at] - 1].asn != step->asn))
		at = (at + 1) & (e->seen_cap - 1);
	return &e->seen[at];
}

static enum al_err seen_reserve(struct expansion *e)
{
	size_t i, cap = e->seen_cap > 0 ? e->seen_cap * 2 : 64;
	uint32_t *old = e->seen;

	if (e->count * 2 < e->seen_cap)
		return AL_OK;
	e->seen = calloc(cap, sizeof(*e->seen));
	if (e->seen == NULL) {
		e->seen = old;
		return AL_ENOMEM;
	}
	free(old);
	e->seen_cap = cap;
	for (i = 0; i < e->count; i++)
		*seen_slot(e, &e->steps[i]) = (uint32_t)(i + 1);
	return AL_OK;
}

/* Queue a step unless it was. */
static enum al_err push(struct expansion *e, const struct step *step)
{
	void *items = e->steps;
	uint32_t *slot;
	enum al_err err = seen_reserve(e);

	if (err != AL_OK)
		return err;
	slot = seen_slot(e, step);
	if (*slot != 0)
		return AL_OK;
	err = array_reserve(&items, &e->cap, e->count, sizeof(*e->steps), WHOIS_SET_STEPS_MAX);
	e->steps = items;
	if (err != AL_OK)
		return err;
	assert(e->steps != NULL);
	e->steps[e->count++] = *step;
	*slot = (uint32_t)e->count;
	return AL_OK;
}

static enum al_err take_range(struct expansion *e, const struct whois_range *range)
{
	if ((e->families & (range->prefix.bits == 32 ? WHOIS_V4 : WHOIS_V6)) == 0)
		return AL_OK;
	return add_range(e->members, range);
}

static enum al_err take_asn(struct expansion *e, uint32_t asn)
{
	struct step step = { .set = NULL, .asn = asn };

	return e->routes ? push(e, &step) : add_asn(e->members, asn);
}

/* By canonical name, as members spell it. */
static const struct al_object *set_named(const struct whois_view *view, struct al_slice name)
{
	const struct al_object *set = al_state_get(view->state, AL_AS_SET, name);

	return set != NULL ? set : al_state_get(view->state, AL_ROUTE_SET, name);
}

static bool is_excluded(const struct expansion *e, struct al_slice name)
{
	struct al_slice rest = e->excluded, item;

	while (al_slice_word(&rest, ",", &item))
		if (al_slice_eq(item, name))
			return true;
	return false;
}

/* One value of members: AS number, prefix range or set. */
static enum al_err take_member(struct expansion *e, struct al_slice value)
{
	struct step step = { .set = NULL, .asn = 0 };
	struct whois_range range;
	uint32_t asn;

	if (++e->work > WHOIS_SET_WORK_MAX)
		return AL_ELIMIT;
	if (al_asn_parse(value, &asn) == AL_OK)
		return take_asn(e, asn);
	if (whois_range_parse(value, &range) == AL_OK)
		return take_range(e, &range);
	step.set = is_excluded(e, value) ? NULL : set_named(e->view, value);
	return step.set != NULL ? push(e, &step) : AL_OK;
}

/* A member by reference, or a route of an origin. */
static bool object_take(const struct al_object *object, void *arg)
{
	struct expansion *e = arg;
	struct whois_range range;
	struct al_prefix prefix;
	uint32_t asn;

	if (++e->work > WHOIS_SET_WORK_MAX) {
		e->err = AL_ELIMIT;
	} else if (object->cls == AL_AUT_NUM) {
		if (al_object_asn(object, &asn) == AL_OK)
			e->err = take_asn(e, asn);
	} else if (al_object_prefix(object, &prefix) == AL_OK) {
		range = whois_range_of(&prefix);
		e->err = take_range(e, &range);
	}
	return e->err == AL_OK;
}

static void step_asn(struct expansion *e, uint32_t asn)
{
	struct al_slice origin = AL_S("origin");
	char text[AL_ASN_STRLEN];

	al_asn_format(asn, text);
	if ((e->families & WHOIS_V4) != 0)
		whois_index_find(e->view->index, AL_ROUTE, origin, al_slice_str(text), object_take, e);
	if ((e->families & WHOIS_V6) != 0 && e->err == AL_OK)
		whois_index_find(e->view->index, AL_ROUTE6, origin, al_slice_str(text), object_take, e);
}

static void step_set(struct expansion *e, const struct al_object *set)
{
	static const char *const attrs[] = { "members", "mp-members" };
	struct al_slice value;
	size_t i;

	for (i = 0; i < AL_COUNT(attrs); i++) {
		struct whois_values values = { al_object_text(set), { NULL, 0 }, attrs[i] };

		while (e->err == AL_OK && whois_values_next(&values, &value))
			e->err = take_member(e, value);
	}
	if (e->err == AL_OK)
		each_by_ref(e->view, set, object_take, e);
}

static enum al_err expansion_run(struct expansion *e, const struct step *first)
{
	struct step step;
	enum al_err err;

	e->err = push(e, first);
	while (e->err == AL_OK && e->done < e->count) {
		step = e->steps[e->done++]; /* a copy: the array moves */
		if (step.set != NULL)
			step_set(e, step.set);
		else
			step_asn(e, step.asn);
	}
	err = e->err;
	free(e->steps);
	free(e->seen);
	return err;
}

/* ---- order ---- */

static int asn_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int range_order(const void *a, const void *b)
{
	return whois_range_cmp(a, b);
}

static int name_order(const void *a, const void *b)
{
	return al_slice_cmp(*(const struct al_slice *)a, *(const struct al_slice *)b);
}

/* Sort and drop repeats in place; returns what is left. */
static size_t array_unique(void *items, size_t count, size_t size, int (*order)(const void *a, const void *b))
{
	char *at = items;
	size_t i, kept = 0;

	if (count > 1)
		qsort(items, count, size, order);
	for (i = 0; i < count; i++)
		if (kept == 0 || order(at + (kept - 1) * size, at + i * size) != 0)
			memmove(at + kept++ * size, at + i * size, size);
	return kept;
}

static void members_sort(struct whois_members *m)
{
	m->asn_count = array_unique(m->asns, m->asn_count, sizeof(*m->asns), asn_order);
	m->range_count = array_unique(m->ranges, m->range_count, sizeof(*m->ranges), range_order);
	m->name_count = array_unique(m->names, m->name_count, sizeof(*m->names), name_order);
}

/* ---- the module's face ---- */

const struct al_object *whois_set_get(const struct whois_view *view, struct al_slice name)
{
	static const enum al_class classes[] = { AL_AS_SET, AL_ROUTE_SET };
	const struct al_object *set = NULL;
	struct al_buf key;
	size_t i;

	al_buf_init(&key, 256);
	for (i = 0; i < AL_COUNT(classes) && set == NULL; i++) {
		al_buf_reset(&key);
		if (whois_key_canon(classes[i], name, &key) == AL_OK)
			set = al_state_get(view->state, classes[i], al_buf_view(&key));
	}
	al_buf_release(&key);
	return set;
}

struct direct {
	struct whois_members *members;
	enum al_err err;
};

static bool direct_take(const struct al_object *object, void *arg)
{
	struct direct *direct = arg;

	/* The class attribute: AS number or prefix as text. */
	direct->err = add_name(direct->members, al_object_attr(object, al_class_name((enum al_class)object->cls)));
	return direct->err == AL_OK;
}

enum al_err whois_set_direct(const struct whois_view *view, const struct al_object *set, struct whois_members *members)
{
	static const char *const attrs[] = { "members", "mp-members" };
	struct direct direct = { members, AL_OK };
	struct al_slice value;
	size_t i;

	for (i = 0; i < AL_COUNT(attrs); i++) {
		struct whois_values values = { al_object_text(set), { NULL, 0 }, attrs[i] };

		while (direct.err == AL_OK && whois_values_next(&values, &value))
			direct.err = add_name(members, value);
	}
	if (direct.err == AL_OK)
		each_by_ref(view, set, direct_take, &direct);
	members_sort(members);
	return direct.err;
}

static enum al_err expand(struct expansion *e, const struct step *first)
{
	enum al_err err = expansion_run(e, first);

	members_sort(e->members);
	return err;
}

enum al_err whois_set_expand(const struct whois_view *view, const struct al_object *set, struct al_slice excluded,
			     struct whois_members *members)
{
	struct step first = { .set = set, .asn = 0 };
	struct expansion e = { .view = view,
			       .members = members,
			       .excluded = excluded,
			       .families = WHOIS_V4 | WHOIS_V6,
			       .routes = set->cls == AL_ROUTE_SET };

	return expand(&e, &first);
}

enum al_err whois_set_prefixes(const struct whois_view *view, const struct al_object *set, unsigned families,
			       struct al_slice excluded, struct whois_members *members)
{
	struct step first = { .set = set, .asn = 0 };
	struct expansion e = {
		.view = view, .members = members, .excluded = excluded, .families = families, .routes = true
	};

	return expand(&e, &first);
}

enum al_err whois_as_prefixes(const struct whois_view *view, uint32_t asn, unsigned families,
			      struct whois_members *members)
{
	struct step first = { .set = NULL, .asn = asn };
	struct expansion e = { .view = view, .members = members, .families = families, .routes = true };

	return expand(&e, &first);
}
