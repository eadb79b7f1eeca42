/* SPDX-License-Identifier: MIT */
/*
 * dating.c -- a timer and a job of the ledger's writer, in turn.
 */
#include "dating.h"

#include <stdlib.h>

#include "alamo/base/log.h"

struct dating {
	struct ledger *ledger;
	struct al_timer *timer;
	uint64_t ms;
	ledger_commit_fn tell;
	void *arg;
};

static void on_dated(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct dating *d = arg;

	if (err == AL_OK)
		d->tell(d->arg, batch);
	else if (err != AL_ECLOSED && err != AL_ENOTFOUND)
		al_log(AL_LOG_ERROR, "undated", "error=%s", al_err_name(err));
	al_timer_set(d->timer, d->ms);
}

static void on_timer(void *arg)
{
	struct dating *d = arg;

	if (ledger_date(d->ledger, on_dated, d) != AL_OK)
		al_timer_set(d->timer, d->ms);
}

enum al_err dating_new(struct al_loop *loop, struct ledger *ledger, uint64_t seconds, ledger_commit_fn tell, void *arg,
		       struct dating **out)
{
	struct dating *d = calloc(1, sizeof(*d));
	enum al_err err = d != NULL ? al_timer_new(loop, on_timer, d, &d->timer) : AL_ENOMEM;

	if (err != AL_OK) {
		free(d);
		return err;
	}
	d->ledger = ledger;
	d->ms = seconds * 1000;
	d->tell = tell;
	d->arg = arg;
	al_timer_set(d->timer, 0);
	*out = d;
	return AL_OK;
}

void dating_every(struct dating *dating, uint64_t seconds)
{
	dating->ms = seconds * 1000;
}

void dating_free(struct dating *dating)
{
	if (dating == NULL)
		return;
	al_timer_free(dating->timer);
	free(dating);
}
