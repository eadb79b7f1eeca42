/* SPDX-License-Identifier: MIT */
/*
 * roa_state.c -- DIR/head and DIR/set. A head without its set (a crash between the two) is remembered for what it says
 * about the past; the set is fetched again.
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "file.h"
#include "origin_set.h"
#include "roa_state.h"

void roa_state_init(struct roa_state *state, const char *dir)
{
	*state = (struct roa_state){ .dir = dir };
	origin_head_init(&state->head);
	al_buf_init(&state->note, AL_NOTE_MAX);
}

void roa_state_release(struct roa_state *state)
{
	origin_head_release(&state->head);
	al_buf_release(&state->note);
	vrp_set_unref(state->set);
}

static int read_one(const char *dir, const char *name, struct al_buf *out)
{
	char path[PATH_MAX];

	if (file_join(dir, name, path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", dir);
	if (file_read(path, out) == AL_OK || errno == ENOENT)
		return CLI_DONE;
	return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
}

static int write_one(const char *dir, const char *name, struct al_slice bytes)
{
	char path[PATH_MAX];

	if (file_join(dir, name, path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", dir);
	if (file_write(path, bytes, 0644) != AL_OK)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	return CLI_DONE;
}

int roa_state_load(struct roa_state *state, const struct al_vkey *log)
{
	struct origin_pin pin = { .log = log, .kept = true }; /* its time does not matter: it is the past */
	struct al_buf set;
	enum origin_fault fault;
	int code = read_one(state->dir, "head", &state->note);

	if (code != CLI_DONE || state->note.len == 0)
		return code;
	fault = origin_head_open(al_buf_view(&state->note), &pin, &state->head, &state->key_version);
	if (fault != ORIGIN_SOUND)
		return command_fail(CLI_UNVERIFIED,
				    "%s/head is not what was written there (%s): look at it, then remove it",
				    state->dir, origin_fault_name(fault));
	al_buf_init(&set, ORIGIN_SET_MAX);
	code = read_one(state->dir, "set", &set);
	if (code == CLI_DONE && origin_head_match(&state->head, al_buf_view(&set)) == ORIGIN_SOUND &&
	    origin_set_read(al_buf_view(&set), state->head.changed, &state->set) != AL_OK)
		state->set = NULL;
	al_buf_release(&set);
	return code;
}

int roa_state_save(const char *dir, struct al_slice note, struct al_slice set)
{
	int code = write_one(dir, "set", set);

	return code == CLI_DONE ? write_one(dir, "head", note) : code;
}

void roa_state_evidence(const char *dir, struct al_slice ours, struct al_slice theirs)
{
	if (write_one(dir, "evidence-ours", ours) == CLI_DONE && write_one(dir, "evidence-theirs", theirs) == CLI_DONE)
		command_fail(CLI_UNVERIFIED,
			     "two signed truths: both notes are in %s/evidence-*; show them to the network", dir);
}
