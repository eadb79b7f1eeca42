/* SPDX-License-Identifier: MIT */
/*
 * rpki_log.c -- see rpki_log.h.
 */
#include "rpki_log.h"

#include "alamo/base/log.h"
#include "alamo/rpsl/state.h"
#include "command.h"

static void change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct rpki_log *source = arg;

	(void)old;
	if (vrp_fold_change(source->fold, now) != AL_OK)
		source->failed = true;
}

static enum al_err entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct rpki_log *source = arg;
	enum al_err err = al_state_apply(source->state, bytes);

	if (err != AL_OK)
		command_fail(CLI_UNVERIFIED, "entry %llu does not apply: %s", (unsigned long long)index,
			     al_err_name(err));
	return err;
}

int rpki_log_begin(struct rpki_log *source, const struct log_read_options *where)
{
	int code;

	*source = (struct rpki_log){ .failed = false };
	code = log_read_begin(&source->read, where);
	if (code == CLI_DONE && (al_state_new(&source->state) != AL_OK || vrp_fold_new(0, &source->fold) != AL_OK ||
				 vrp_history_new(0, &source->history) != AL_OK))
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code == CLI_DONE)
		al_state_observe(source->state, change, source);
	return code;
}

int rpki_log_run(struct rpki_log *source)
{
	return log_read_run(&source->read, entry, source);
}

int rpki_log_take(struct rpki_log *source)
{
	const struct vrp_set *set = NULL;

	if (source->failed || vrp_fold_take(source->fold, al_state_size(source->state), source->history, &set) != AL_OK)
		return command_fail(CLI_REFUSED, "out of memory");
	vrp_set_unref(source->set);
	source->set = set;
	return CLI_DONE;
}

void rpki_log_release(struct rpki_log *source)
{
	vrp_set_unref(source->set);
	vrp_history_free(source->history);
	vrp_fold_free(source->fold);
	if (source->state != NULL)
		al_state_free(source->state);
	log_read_release(&source->read);
}
