/* SPDX-License-Identifier: MIT */
/*
 * roa_source.c -- asks every source, believes none of them.
 */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "http_get.h"
#include "origin_set.h"
#include "progress.h"
#include "roa_source.h"

/* ---- heads ---- */

static void source_ask(struct roa_source *source, const struct origin_pin *pin, const struct roa_state *state)
{
	enum al_err err = http_get(source->url, "/roa/head", &source->note);
	enum origin_fault fault;

	if (err != AL_OK) {
		command_fail(CLI_OFFLINE, "%s: no head (%s)", source->url, al_err_name(err));
		return;
	}
	source->answered = true;
	fault = origin_head_open(al_buf_view(&source->note), pin, &source->head, NULL);
	source->good = fault == ORIGIN_SOUND;
	if (source->good)
		return;
	command_fail(CLI_UNVERIFIED, "%s: refused: %s", source->url, origin_fault_name(fault));
	if (fault == ORIGIN_EQUIVOCATION)
		roa_state_evidence(state->dir, al_buf_view(&state->note), al_buf_view(&source->note));
}

/* Newest first: by size, then by time. */
static int source_cmp(const void *pa, const void *pb)
{
	const struct roa_source *const *a = pa, *const *b = pb;
	const struct origin_head *x = &(*a)->head, *y = &(*b)->head;

	if (x->cp.size != y->cp.size)
		return x->cp.size > y->cp.size ? -1 : 1;
	return (x->generated < y->generated) - (x->generated > y->generated);
}

/* Sound heads that cannot both be true? */
static int sources_agree(const struct roa_source *const *good, size_t count, const struct roa_state *state)
{
	for (size_t i = 0; i + 1 < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (origin_head_follows(&good[i]->head, &good[j]->head) != ORIGIN_SOUND) {
				roa_state_evidence(state->dir, al_buf_view(&good[i]->note),
						   al_buf_view(&good[j]->note));
				return command_fail(CLI_UNVERIFIED, "%s and %s contradict each other: equivocation",
						    good[i]->url, good[j]->url);
			}
	return CLI_DONE;
}

int roa_sources_ask(struct roa_sources *sources, const struct words *urls, size_t need, const struct origin_pin *pin,
		    const struct roa_state *state)
{
	const struct roa_source *good[OPTION_LIST_MAX];
	size_t i, count = 0;
	struct progress progress;
	bool lied = false;
	int code;

	*sources = (struct roa_sources){ 0 };
	if (urls->count > OPTION_LIST_MAX || need > urls->count)
		return command_fail(CLI_USAGE, "%zu sources for %zu that are needed (at most %d)", urls->count, need,
				    OPTION_LIST_MAX);
	progress_begin(&progress, "roa fetch", "sources", 0);
	for (i = 0; i < urls->count; i++) {
		struct roa_source *source = &sources->items[sources->count++];

		source->url = urls->word[i];
		origin_head_init(&source->head);
		al_buf_init(&source->note, AL_NOTE_MAX);
		source_ask(source, pin, state);
		if (source->good)
			good[count++] = source;
		lied = lied || (source->answered && !source->good);
		progress_step(&progress, i + 1, urls->count);
	}
	progress_end(&progress);
	if (count < need)
		return command_fail(lied ? CLI_UNVERIFIED : CLI_OFFLINE,
				    "%zu of %zu sources are good, %zu are needed: the last set stays", count,
				    urls->count, need);
	qsort(good, count, sizeof(good[0]), source_cmp);
	code = sources_agree(good, count, state);
	sources->chosen = good[need - 1];
	return code;
}

void roa_sources_release(struct roa_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		origin_head_release(&sources->items[i].head);
		al_buf_release(&sources->items[i].note);
	}
}

/* ---- sets ---- */

/* By way of a difference; anything that is not the set in the end is no answer. */
static bool set_by_delta(const char *url, const struct origin_head *head, const struct vrp_set *base,
			 struct al_buf *out)
{
	char path[64];
	struct vrp_set *set = NULL;
	struct al_buf delta;
	bool right;

	(void)snprintf(path, sizeof(path), "/roa/delta/%" PRIu32, base->serial);
	al_buf_init(&delta, (size_t)head->bytes + 4096);
	al_buf_reset(out);
	right = http_get(url, path, &delta) == AL_OK &&
		origin_delta_apply(al_buf_view(&delta), base, head->changed, &set) == AL_OK;
	if (right)
		origin_set_write(set, out);
	right = right && out->err == AL_OK && origin_head_match(head, al_buf_view(out)) == ORIGIN_SOUND;
	vrp_set_unref(set);
	al_buf_release(&delta);
	return right;
}

static bool set_whole(const char *url, const struct origin_head *head, struct al_buf *out)
{
	enum origin_fault fault;

	al_buf_reset(out);
	if (http_get(url, "/roa/set", out) != AL_OK)
		return false;
	fault = origin_head_match(head, al_buf_view(out));
	if (fault != ORIGIN_SOUND)
		command_fail(CLI_UNVERIFIED, "%s: refused: %s", url, origin_fault_name(fault));
	return fault == ORIGIN_SOUND;
}

int roa_sources_set(const struct roa_sources *sources, const struct roa_state *state, struct al_buf *out)
{
	const struct origin_head *head = &sources->chosen->head;

	if (state->set != NULL && head->changed == state->head.changed) {
		origin_set_write(state->set, out);
		return out->err == AL_OK ? CLI_DONE : command_fail(CLI_REFUSED, "out of memory");
	}
	for (size_t i = 0; i < sources->count; i++) {
		const struct roa_source *source = &sources->items[i];

		if (!source->good || source->head.changed != head->changed)
			continue;
		if (state->set != NULL && set_by_delta(source->url, head, state->set, out))
			return CLI_DONE;
		if (set_whole(source->url, head, out))
			return CLI_DONE;
	}
	return command_fail(CLI_UNVERIFIED, "no source has the set that its head names: the last set stays");
}
