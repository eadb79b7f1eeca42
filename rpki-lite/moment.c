/* SPDX-License-Identifier: MIT */
/*
 * moment.c -- keeps the set that is served together with what vouches for it. Thread: the loop's.
 */
#include "moment.h"

#include "origin_set.h"

#define NO_CLOCK INT64_MIN
#define SLACK_S 1 /* the two are not read in the same moment */

void moment_init(struct moment *moment)
{
	*moment = (struct moment){ .clock_s = NO_CLOCK };
	al_buf_init(&moment->note, AL_NOTE_MAX);
	al_buf_init(&moment->text, ORIGIN_SET_MAX);
}

void moment_text_forget(struct moment *moment)
{
	al_buf_release(&moment->text);
	al_buf_init(&moment->text, ORIGIN_SET_MAX);
}

void moment_release(struct moment *moment)
{
	vrp_set_unref(moment->set);
	al_buf_release(&moment->note);
	al_buf_release(&moment->text);
	moment->set = NULL;
}

void moment_show(struct moment *moment, const struct vrp_set *set, const struct vrp_history *history,
		 const struct al_checkpoint *cp, struct al_slice note, uint64_t fresh_s)
{
	const struct vrp_set *old = moment->set;

	if (set != old) {
		moment_text_forget(moment);
		moment->set = vrp_set_ref(set);
		vrp_set_unref(old);
		/* A clock that goes back must not make a new set look old. */
		moment->shown_s = fresh_s > moment->shown_s ? fresh_s : moment->shown_s + 1;
	}
	moment->history = history;
	moment->cp = *cp;
	al_buf_reset(&moment->note);
	al_buf_slice(&moment->note, note);
	moment->fresh_s = fresh_s;
}

bool moment_serves(const struct moment *moment)
{
	return moment->set != NULL && !moment->expired;
}

void moment_heard(struct moment *moment, uint64_t now_s, uint64_t silent_s)
{
	uint64_t at = now_s > silent_s ? now_s - silent_s : 0;

	if (at > moment->fresh_s)
		moment->fresh_s = at;
}

void moment_clock(struct moment *moment, uint64_t now_s, uint64_t now_ms)
{
	int64_t clock_s = (int64_t)now_s - (int64_t)(now_ms / 1000);

	if (moment->clock_s != NO_CLOCK && clock_s < moment->clock_s - SLACK_S && moment->fresh_s > now_s) {
		uint64_t back_s = (uint64_t)(moment->clock_s - clock_s);

		moment->fresh_s = moment->fresh_s > back_s ? moment->fresh_s - back_s : 0;
	}
	moment->clock_s = clock_s;
}

enum al_err moment_text(struct moment *moment, struct al_slice *out)
{
	enum al_err err;

	if (moment->set == NULL)
		return AL_ENOTFOUND;
	if (moment->text.len == 0)
		origin_set_write(moment->set, &moment->text);
	err = moment->text.err;
	if (err != AL_OK)
		moment_text_forget(moment);
	else
		*out = al_buf_view(&moment->text);
	return err;
}
