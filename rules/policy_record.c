/* SPDX-License-Identifier: MIT */
/*
 * policy_record.c -- hosted records of a domain, taken together: what the zone
 * could not serve as it stands is refused here, where its sender hears of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/rr.h"
#include "policy.h"

#define CLAUSE "POLICY-DOMAIN-DATA"
#define TYPE_CNAME 5
#define TYPE_DNAME 39
#define STEP_BYTES 32u /* of a text that is looked through: a line */

/* One record, as far as others matter to it; slices lie in the object's text. */
struct line {
	struct al_slice owner;
	struct al_slice data;
	uint32_t ttl;
	uint16_t type;
	size_t len; /* bytes of RDATA */
};

/* These rules are younger than the log may be: an audit says so, and counts it as no fault. */
static void refuse(struct policy *p, const struct subject *s, const char *what, const struct line *line)
{
	struct al_buf type;

	al_buf_init(&type, 64);
	al_rr_type_format(line->type, &type);
	if (p->d->audit)
		al_report_add(&p->d->report, AL_WARNING, s->number, AL_REPORT_WHOLE, CLAUSE, "%.*s %.*s: %s",
			      AL_FMT(line->owner), AL_FMT(al_buf_view(&type)), what);
	else
		policy_refuse(p, s, "record", CLAUSE, "%.*s %.*s: %s", AL_FMT(line->owner), AL_FMT(al_buf_view(&type)),
			      what);
	policy_built(p, &type);
	al_buf_release(&type);
}

/* By owner and type. */
static int set_cmp(const void *x, const void *y)
{
	const struct line *a = x, *b = y;
	int order = al_slice_cmp(a->owner, b->owner);

	return order != 0 ? order : (a->type > b->type) - (a->type < b->type);
}

static int line_cmp(const void *x, const void *y)
{
	const struct line *a = x, *b = y;
	int order = set_cmp(a, b);

	return order != 0 ? order : al_slice_cmp(a->data, b->data);
}

/* The canonical text behind owner, TTL and type is the data. */
static struct al_slice data_of(struct al_slice value, bool has_ttl)
{
	struct al_slice word;

	for (int skip = has_ttl ? 3 : 2; skip > 0; skip--)
		(void)al_slice_word(&value, "", &word);
	return al_slice_trim(value);
}

/* False: memory. */
static bool lines_of(const struct al_object *object, struct line **out, size_t *count)
{
	struct al_slice rest = al_object_text(object), value, behind, owner;
	struct al_record *record = malloc(sizeof(*record));
	struct line *lines = NULL, *grown;
	const char *why;
	bool good = record != NULL;

	for (*count = 0; good && al_attr_find(&rest, "record", &value);) {
		if (al_record_parse(value, record, &why) != AL_OK)
			continue; /* of older rules: not served */
		grown = *count % 64 == 0 ? realloc(lines, (*count + 64) * sizeof(*lines)) : lines;
		good = grown != NULL;
		if (!good)
			break;
		lines = grown;
		behind = value;
		(void)al_slice_word(&behind, "", &owner);
		lines[(*count)++] = (struct line){
			.owner = owner,
			.data = data_of(value, record->has_ttl),
			.ttl = record->has_ttl ? record->ttl : AL_RECORD_TTL_DEFAULT,
			.type = record->type,
			.len = record->len,
		};
	}
	*out = lines;
	free(record);
	return good;
}

/* ---- one owner ---- */

/* RFC 1034 section 3.6.2: an alias stands alone, and there is one. RFC 2181 section 5.2: one TTL. */
static void check_sets(struct policy *p, const struct subject *s, const struct line *lines, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		const struct line *line = &lines[i], *before = i > 0 ? line - 1 : NULL;
		bool same_set = before != NULL && before->type == line->type;
		bool was_large = same_set && bytes > AL_RRSET_BYTES_MAX;

		bytes = (same_set ? bytes : 0) + line->len + AL_RR_FIXED;
		if (line->type == TYPE_CNAME && same_set && !al_slice_eq(before->data, line->data))
			refuse(p, s, "a name has one CNAME", line);
		else if (line->type == TYPE_CNAME &&
			 (lines[0].type != TYPE_CNAME || lines[count - 1].type != TYPE_CNAME) && !same_set)
			refuse(p, s, "a CNAME stands alone: no other record has its name", line);
		else if (line->type == TYPE_DNAME && same_set)
			refuse(p, s, "a name has one DNAME", line);
		else if (same_set && before->ttl != line->ttl)
			refuse(p, s, "records of one name and type have one time to live", line);
		if (bytes > AL_RRSET_BYTES_MAX && !was_large)
			refuse(p, s, "the records of one name and type have more than 16384 bytes", line);
	}
}

/* Is there a domain object between this one and the owner, or at the owner? Then that one speaks for the name. */
static bool spoken_for(const struct policy *p, struct al_slice owner, struct al_slice domain)
{
	char name[2 * AL_NAME_MAX + 2];
	struct al_slice at;

	(void)snprintf(name, sizeof(name), "%.*s.%.*s", AL_FMT(owner), AL_FMT(domain));
	for (at = al_slice_str(name); at.len > domain.len; at = al_name_parent(at))
		if (view_get(&p->view, AL_DOMAIN, at) != NULL)
			return true;
	return false;
}

/* A name that ends like a whole one, as www.foo.alamo in mallet.alamo: allowed, and seldom what was meant. */
static void warn_of_whole_name(struct policy *p, const struct subject *s, const struct line *line)
{
	struct al_slice rest = line->owner, label = rest;

	while (rest.len > 0)
		(void)al_slice_cut(&rest, '.', &label);
	if (label.len < line->owner.len && al_object_has(al_state_registry(p->state), "tld", label))
		policy_warn(p, s, "record", "%.*s is relative to the domain: it becomes %.*s.%.*s", AL_FMT(line->owner),
			    AL_FMT(line->owner), AL_FMT(al_object_key(s->now)));
}

static void check_owner(struct policy *p, const struct subject *s, const struct line *line)
{
	struct al_slice domain = al_object_key(s->now);

	if (al_slice_is(line->owner, "@"))
		return;
	if (al_name_within(line->owner, domain))
		refuse(p, s, "the name is relative to the domain: leave the domain out of it", line);
	else if (line->owner.len + 1 + domain.len > AL_NAME_MAX)
		refuse(p, s, "name and domain together are longer than 253 characters", line);
	else if (spoken_for(p, line->owner, domain))
		refuse(p, s, "a domain object of that name, or above it, has its records", line);
	else if (!p->d->audit && al_state_registry(p->state) != NULL)
		warn_of_whole_name(p, s, line);
}

/* ---- DNAME: nothing is below it (RFC 6672 section 2.4) ---- */

/* Has one of the names above this one, down from the domain's own, a DNAME? `lines` are sorted. */
static bool is_led(const struct line *lines, size_t count, struct al_slice owner)
{
	struct line above = { .owner = owner, .type = TYPE_DNAME };

	while (count > 0 && !al_slice_is(above.owner, "@")) {
		above.owner = al_name_parent(above.owner);
		if (above.owner.len == 0)
			above.owner = AL_S("@");
		if (bsearch(&above, lines, count, sizeof(*lines), set_cmp) != NULL)
			return true;
	}
	return false;
}

/* The next `record:` that is one, in canonical text; its owner. */
static bool dname_next(struct al_slice *rest, struct al_slice *value, struct al_slice *owner)
{
	struct al_slice words, word;

	while (al_attr_find(rest, "record", value)) {
		words = *value;
		if (!al_slice_word(&words, "", owner) || !al_slice_word(&words, "", &word))
			continue;
		if (word.ptr[0] >= '0' && word.ptr[0] <= '9' && !al_slice_word(&words, "", &word))
			continue;
		if (al_slice_is(word, "DNAME"))
			return true;
	}
	return false;
}

/* Are the object's DNAMEs those of its version before? Then no domain can have come below them since. */
static bool leads_as_before(const struct subject *s)
{
	struct al_slice now = al_object_text(s->now), old, a, b, owner;
	bool more, more_before;

	if (s->old == NULL || s->old->deleted)
		return false;
	old = al_object_text(s->old);
	do {
		more = dname_next(&now, &a, &owner);
		more_before = dname_next(&old, &b, &owner);
	} while (more && more_before && al_slice_eq(a, b));
	return !more && !more_before;
}

struct below {
	const struct policy *p;
	struct al_slice domain;
	const struct line *lines;
	size_t count;
	struct al_slice found; /* the first of the domains that would be led; empty: none */
};

static bool below_look(const struct al_object *object, void *arg)
{
	struct below *below = arg;
	struct al_slice name = al_object_key(object);

	if (name.len > below->domain.len && al_name_within(name, below->domain) &&
	    (below->found.len == 0 || al_slice_cmp(name, below->found) < 0) &&
	    is_led(below->lines, below->count, al_slice_head(name, name.len - below->domain.len - 1)) &&
	    view_get(&below->p->view, AL_DOMAIN, name) != NULL)
		below->found = name;
	return true;
}

/* A target at or below its own name: what is asked for below it would have no end. */
static bool leads_into_itself(const struct line *line, struct al_slice domain)
{
	struct al_slice target = al_slice_head(line->data, line->data.len - 1); /* without its last dot */

	if (line->type != TYPE_DNAME || !al_name_within(target, domain))
		return false;
	return al_slice_is(line->owner, "@") ||
	       (target.len > domain.len &&
		al_name_within(al_slice_head(target, target.len - domain.len - 1), line->owner));
}

static void check_led(struct policy *p, const struct subject *s, const struct line *lines, size_t count)
{
	struct below below = { .p = p, .domain = al_object_key(s->now), .lines = lines, .count = count };
	const struct line *leads = NULL;

	for (size_t i = 0; i < count; i++) {
		leads = lines[i].type == TYPE_DNAME ? &lines[i] : leads;
		if (is_led(lines, count, lines[i].owner))
			refuse(p, s, "a DNAME above it leads its name elsewhere", &lines[i]);
		if (leads_into_itself(&lines[i], below.domain))
			refuse(p, s, "a DNAME does not lead to its own name, nor below it", &lines[i]);
	}
	if (leads == NULL || p->d->audit || leads_as_before(s))
		return;
	p->d->work += al_state_count(p->state, AL_DOMAIN);
	al_state_each(p->state, AL_DOMAIN, below_look, &below);
	if (below.found.len > 0)
		policy_refuse(p, s, "record", CLAUSE, "%.*s DNAME: [domain] %.*s lies below it", AL_FMT(leads->owner),
			      AL_FMT(below.found));
}

void policy_led(struct policy *p, const struct subject *s)
{
	struct al_slice name = al_object_key(s->now), up = al_name_parent(name), rest, value, owner, below;
	const struct al_object *above;

	for (; up.len > 0; up = al_name_parent(up)) {
		above = view_get(&p->view, AL_DOMAIN, up);
		below = al_slice_head(name, name.len - up.len - 1);
		rest = above != NULL ? al_object_text(above) : AL_S("");
		p->d->work += rest.len / STEP_BYTES;
		while (dname_next(&rest, &value, &owner))
			if (al_slice_is(owner, "@") || (owner.len < below.len && al_name_within(below, owner)))
				policy_refuse(p, s, "domain", CLAUSE,
					      "[domain] %.*s has a DNAME at %.*s, which leads this name elsewhere",
					      AL_FMT(up), AL_FMT(owner));
	}
}

void policy_record(struct policy *p, const struct subject *s)
{
	const struct al_object *registry = al_state_registry(p->state);
	bool apex = registry != NULL && al_object_has(registry, "tld", al_object_key(s->now));
	struct line *lines = NULL;
	size_t count = 0;

	if (!lines_of(s->now, &lines, &count))
		p->d->report.err = AL_ENOMEM;
	if (count > 0)
		qsort(lines, count, sizeof(*lines), line_cmp);
	check_led(p, s, lines, count);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && al_slice_eq(lines[i].owner, lines[end].owner);)
			end++;
		check_owner(p, s, &lines[i]);
		check_sets(p, s, lines + i, end - i);
		for (size_t k = i; apex && k < end; k++)
			if ((lines[k].type == TYPE_CNAME || lines[k].type == TYPE_DNAME) &&
			    al_slice_is(lines[k].owner, "@"))
				refuse(p, s, "the zone's own name has other data: no CNAME or DNAME there", &lines[k]);
	}
	free(lines);
}
