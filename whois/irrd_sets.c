/* SPDX-License-Identifier: MIT */
/*
 * irrd_sets.c -- the commands about sets and origins: what filters are made of.
 */
#include "irrd_command.h"

#include <stdio.h>

#include "closures.h"
#include "sets.h"
#include "spell.h"

static const struct al_slice nothing = { NULL, 0 };

static void put_members(struct irrd *c, const struct whois_members *members)
{
	for (size_t i = 0; i < members->asn_count + members->range_count + members->name_count; i++) {
		irrd_separator(c, " ");
		(void)whois_members_put(members, i, &c->job->data);
	}
}

/* Expand, unless that is known. A set's answer is kept; an AS's is found quickly enough. */
static enum irrd_reply expand(struct irrd *c, const struct whois_expand *ask)
{
	struct whois_job *job = c->job;

	if (ask->set.len > 0 && ask->excluded.len == 0)
		(void)snprintf(job->name, sizeof(job->name), "%c%u%.*s", ask->routes ? 'a' : 'i', ask->families,
			       AL_FMT(ask->set));
	if (job->name[0] != '\0' && job->view.closures != NULL &&
	    whois_closures_get(job->view.closures, al_slice_str(job->name), &job->data))
		return REPLY_DATA;
	if (whois_expansion_new(c->view, ask, &job->expansion) != AL_OK)
		return irrd_fail_limit(c, AL_ENOMEM);
	job->kind = WHOIS_JOB_SET;
	return REPLY_JOB;
}

static enum irrd_reply origin(struct irrd *c, struct al_slice arg, unsigned families)
{
	uint32_t asn;

	if (arg.len == 0)
		return irrd_fail(c, "Missing AS number", nothing);
	if (whois_asn_parse(arg, true, &asn) != AL_OK)
		return irrd_fail(c, "Invalid AS number: ", arg);
	return expand(c, &(struct whois_expand){ .asn = asn, .families = families, .routes = true });
}

enum irrd_reply irrd_origin4(struct irrd *c, struct al_slice arg)
{
	return origin(c, arg, WHOIS_V4);
}

enum irrd_reply irrd_origin6(struct irrd *c, struct al_slice arg)
{
	return origin(c, arg, WHOIS_V6);
}

static struct al_slice excluded(const struct irrd *c)
{
	return al_slice_str(c->dialogue->excluded);
}

/* !eSET,...: not expanded inside other sets from now on; !e takes that back, !e-lc says which. */
enum irrd_reply irrd_exclude(struct irrd *c, struct al_slice arg)
{
	struct al_slice name;
	struct al_buf key;
	bool known = true;

	if (al_slice_is(arg, "-lc")) {
		al_buf_slice(&c->job->data, excluded(c));
		return c->job->data.len > 0 ? REPLY_DATA : REPLY_DONE;
	}
	al_buf_init(&key, WHOIS_LINE_MAX);
	while (known && al_slice_word(&arg, ",", &name)) {
		known = whois_key_canon(AL_AS_SET, name, &key) == AL_OK ||
			whois_key_canon(AL_ROUTE_SET, name, &key) == AL_OK;
		irrd_separator(c, ",");
		al_buf_slice(&c->job->data, al_buf_view(&key));
	}
	al_buf_release(&key);
	if (!known)
		return irrd_fail(c, "Not the name of a set: ", name);
	if (al_slice_copy(al_buf_view(&c->job->data), c->dialogue->excluded, sizeof(c->dialogue->excluded)) != AL_OK)
		return irrd_fail(c, "Too many sets to exclude", nothing);
	return REPLY_DONE;
}

/* !iSET, !iSET,1 */
enum irrd_reply irrd_members(struct irrd *c, struct al_slice arg)
{
	struct whois_expand ask = { .families = WHOIS_V4 | WHOIS_V6, .excluded = excluded(c) };
	const struct al_object *set;
	struct whois_members members;
	struct al_slice name;
	enum al_err err;
	bool deep = al_slice_cut(&arg, ',', &name);

	if (name.len == 0)
		return irrd_fail(c, "Missing required set name for i query", nothing);
	if (deep && !al_slice_is(al_slice_trim(arg), "1"))
		return irrd_fail(c, "Invalid option for i query: ", arg);
	set = whois_set_get(c->view, name);
	if (set == NULL)
		return REPLY_DATA;
	if (deep) {
		ask.set = al_object_key(set);
		ask.routes = set->cls == AL_ROUTE_SET;
		return expand(c, &ask);
	}
	whois_members_init(&members);
	err = whois_set_direct(c->view, set, &members);
	if (err == AL_OK)
		put_members(c, &members);
	whois_members_release(&members);
	return err == AL_OK ? REPLY_DATA : irrd_fail_limit(c, err);
}

/* !aSET, !a4SET, !a6SET. bgpq4 probes with a bare "!a" and knows this refusal by its words. */
enum irrd_reply irrd_prefixes(struct irrd *c, struct al_slice arg)
{
	struct whois_expand ask = { .families = WHOIS_V4 | WHOIS_V6, .routes = true, .excluded = excluded(c) };
	const struct al_object *set;

	if (al_slice_starts(arg, "4") || al_slice_starts(arg, "6")) {
		ask.families = arg.ptr[0] == '4' ? WHOIS_V4 : WHOIS_V6;
		arg = al_slice_trim(al_slice_from(arg, 1));
	}
	if (arg.len == 0)
		return irrd_fail(c, "Missing required set name for A query", nothing);
	if (whois_asn_parse(arg, false, &ask.asn) == AL_OK)
		return expand(c, &ask);
	set = whois_set_get(c->view, arg);
	if (set == NULL)
		return REPLY_DATA;
	ask.set = al_object_key(set);
	return expand(c, &ask);
}

static void keep_closure(const struct whois_job *job)
{
	size_t count;
	const uint64_t *deps = whois_expansion_deps(job->expansion, &count);

	/* Of the state as it is now, or some change would be missed. */
	if (job->view.closures != NULL && job->name[0] != '\0' && job->data.err == AL_OK &&
	    whois_expansion_current(job->expansion))
		whois_closures_put(job->view.closures, al_slice_str(job->name), al_buf_view(&job->data), deps, count);
}

/* Expand on; then write some of the members. */
enum irrd_reply irrd_more_members(struct irrd *c)
{
	struct whois_job *job = c->job;
	const struct whois_members *members = whois_expansion_members(job->expansion);
	enum al_err err = AL_OK;
	bool some = true;

	if (!job->expanded) {
		err = whois_expansion_run(job->expansion, WHOIS_PIECE_WORK);
		job->expanded = err == AL_OK;
		if (err == AL_EAGAIN)
			return REPLY_JOB;
		if (err != AL_OK)
			return irrd_fail_limit(c, err);
	}
	for (size_t i = 0; some && i < WHOIS_PIECE_WORK && job->data.err == AL_OK; i++) {
		size_t before = job->data.len;

		irrd_separator(c, " ");
		some = whois_members_put(members, job->at++, &job->data);
		if (!some)
			job->data.len = before;
	}
	if (some && job->data.err == AL_OK)
		return REPLY_JOB;
	keep_closure(job);
	return REPLY_DATA;
}
