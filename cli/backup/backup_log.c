/* SPDX-License-Identifier: MIT */
/*
 * backup_log.c -- the log out of the running registry, as a follower gets it.
 *
 * Only what a checkpoint covers comes down the stream, so the newest head at the end
 * is that of all entries taken. It is published once, when everything is there: a
 * backup that was broken off is the one before it, and one that was interrupted by a
 * signal has as much more as came.
 */
#include "backup.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/follow/follow.h"
#include "alamo/tlog/tile_dir.h"
#include "command.h"
#include "file.h"
#include "progress.h"

#define CONNECT_MS 5000   /* no connection for so long: give up */
#define PATIENCE_MS 30000 /* connected, and nothing for so long: give up */

struct take {
	struct al_loop *loop;
	struct al_timer *timer;
	struct al_follow *follow;
	struct al_tile_dir *tiles;
	const char *address;
	struct al_buf note; /* the newest head */
	uint64_t head, tip; /* its size; how far the registry's log goes */
	struct progress progress;
	bool linked;
	int code;
};

static void end(struct take *t, int code)
{
	t->code = code;
	al_loop_stop(t->loop);
}

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct take *t = arg;
	enum al_err err = al_tile_dir_add(t->tiles, bytes);

	progress_step(&t->progress, index + 1, t->tip);
	if (err != AL_OK)
		end(t, command_fail(CLI_REFUSED, "the backup cannot be written (%s)", al_err_name(err)));
	return err;
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct take *t = arg;

	t->head = cp->size;
	al_buf_reset(&t->note);
	al_buf_slice(&t->note, note);
	al_timer_set(t->timer, PATIENCE_MS);
}

static void on_tip(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct take *t = arg;

	(void)note;
	t->tip = cp->size;
}

static void on_present(void *arg)
{
	struct take *t = arg;
	enum al_err err = t->note.len > 0 ? al_tile_dir_publish(t->tiles, al_buf_view(&t->note)) : AL_OK;

	end(t, err == AL_OK ? CLI_DONE
			    : command_fail(CLI_REFUSED, "the backup cannot be finished (%s)", al_err_name(err)));
}

/* What came so far is a log as well, a shorter one: the next backup goes on behind it. */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct take *t = arg;
	uint64_t size = al_tile_dir_size(t->tiles);

	(void)number;
	(void)what;
	if (t->note.len > 0 && t->head == size && al_tile_dir_publish(t->tiles, al_buf_view(&t->note)) == AL_OK)
		end(t, command_fail(CLI_REFUSED,
				    "interrupted: this is no whole backup yet. The log has %" PRIu64
				    " entries; the same command goes on behind them",
				    size));
	else
		end(t,
		    command_fail(CLI_REFUSED, "interrupted: this is no whole backup yet. The same command makes it"));
}

static void on_fork(void *arg, struct al_slice ours, struct al_slice theirs)
{
	end(arg, command_fail(CLI_UNVERIFIED,
			      "the registry's log is not the one that was backed up: two histories under one key. "
			      "The backup stays as it is.\n%.*s\n%.*s",
			      AL_FMT(ours), AL_FMT(theirs)));
}

static void on_link(void *arg, bool up)
{
	struct take *t = arg;

	if (up && !t->linked)
		al_timer_set(t->timer, PATIENCE_MS);
	t->linked = t->linked || up;
}

static void on_time(void *arg)
{
	struct take *t = arg;

	end(t, command_fail(t->linked ? CLI_UNVERIFIED : CLI_OFFLINE,
			    t->linked ? "the log stream at %s gives no head that verifies"
				      : "no connection to the log stream at %s",
			    t->address));
}

static void run_until_signal(struct take *t)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	struct event *events[AL_COUNT(numbers)];

	for (size_t i = 0; i < AL_COUNT(numbers); i++) {
		events[i] = evsignal_new(al_loop_base(t->loop), numbers[i], on_signal, t);
		if (events[i] != NULL)
			(void)event_add(events[i], NULL);
	}
	progress_begin(&t->progress, "backup", "entries", al_tile_dir_size(t->tiles));
	al_loop_run(t->loop);
	progress_end(&t->progress);
	for (size_t i = 0; i < AL_COUNT(numbers); i++)
		if (events[i] != NULL)
			event_free(events[i]);
}

static enum al_err follow(struct take *t, const struct al_vkey *key)
{
	static const struct al_follow_ops ops = {
		.entry = on_entry,
		.head = on_head,
		.fork = on_fork,
		.link = on_link,
		.tip = on_tip,
		.present = on_present,
	};
	struct al_follow_conf conf = { .address = t->address, .key = *key };
	struct al_edge edge;
	enum al_err err;

	al_tile_dir_edge(t->tiles, &edge);
	if (edge.size > 0) {
		conf.edge = &edge;
		conf.resume = al_buf_view(&t->note);
	}
	err = al_loop_new(&t->loop);
	if (err == AL_OK)
		err = al_timer_new(t->loop, on_time, t, &t->timer);
	if (err == AL_OK)
		err = al_follow_new(t->loop, &conf, &ops, t, &t->follow);
	if (err == AL_OK) {
		al_timer_set(t->timer, CONNECT_MS);
		run_until_signal(t);
	}
	al_follow_free(t->follow);
	al_timer_free(t->timer);
	if (t->loop != NULL)
		al_loop_free(t->loop);
	return err;
}

/* A copy that is damaged is not written over: it may be the only one. */
static int copy_check(const char *path, const struct al_vkey *key)
{
	struct al_checkpoint cp;
	char checkpoint[PATH_MAX];
	enum al_err err;

	if (file_join(path, "checkpoint", checkpoint, sizeof(checkpoint)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	if (access(checkpoint, F_OK) != 0)
		return CLI_DONE;
	err = al_tile_dir_verify(path, key, &cp);
	return err == AL_OK ? CLI_DONE
			    : command_fail(CLI_UNVERIFIED,
					   "%s is damaged, or of another log (%s): it is left as it is. Choose another "
					   "folder for this backup.",
					   path, al_err_name(err));
}

static int copy_grow(const struct backup_authority *authority, const char *path, struct backup_log *out)
{
	struct take t = { .address = authority->stream, .code = CLI_REFUSED };
	enum al_err err = al_tile_dir_open(path, &authority->key, &t.tiles);

	if (err != AL_OK)
		return command_fail(CLI_REFUSED, "%s cannot be written (%s)", path, al_err_name(err));
	al_buf_init(&t.note, AL_NOTE_MAX);
	out->before = al_tile_dir_size(t.tiles);
	t.head = out->before;
	if (out->before > 0)
		err = al_tile_dir_note(path, &t.note);
	if (err == AL_OK)
		err = follow(&t, &authority->key);
	al_tile_dir_close(t.tiles);
	al_buf_release(&t.note);
	return err == AL_OK ? t.code : command_fail(CLI_REFUSED, "%s: %s", t.address, al_err_name(err));
}

int backup_log_take(const struct backup_authority *authority, const char *to, struct backup_log *out)
{
	char path[PATH_MAX];
	enum al_err err;
	int code;

	if (file_join(to, BACKUP_LOG, path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	code = copy_check(path, &authority->key);
	if (code == CLI_DONE)
		code = copy_grow(authority, path, out);
	if (code != CLI_DONE)
		return code;
	err = al_tile_dir_verify(path, &authority->key, &out->head);
	return err == AL_OK
		       ? CLI_DONE
		       : command_fail(CLI_UNVERIFIED, "%s was written, but is not what comes back from the disk (%s)",
				      path, al_err_name(err));
}
