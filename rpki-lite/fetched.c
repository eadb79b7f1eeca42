/* SPDX-License-Identifier: MIT */
/*
 * fetched.c -- looks at DIR/head once a second; when it is another one, judges it and its set, and offers them.
 *
 * The fetcher has judged them before; here it is done again, because a folder is easier to write to than a process.
 * Thread: the loop's.
 */
#include "fetched.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alamo/base/log.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/note_file.h"

#include "origin_head.h"
#include "origin_set.h"

#define LOOK_MS 1000
#define PATH_LEN 4200

struct fetched {
	struct al_timer *timer;
	const struct al_vkey *log;
	struct served *served;
	char head_path[PATH_LEN], set_path[PATH_LEN];
	struct timespec seen; /* change of the head that was looked at last */
	ino_t seen_inode;
	struct origin_head last; /* believed last */
	uint64_t key_version;
	struct vrp_set *set; /* of it; NULL: none yet */
	struct vrp_history *coming;
};

enum al_err fetched_key(const struct al_conf *conf, struct al_vkey *out)
{
	char path[PATH_LEN];
	struct al_buf text;
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "log", "key"), path, sizeof(path));

	al_buf_init(&text, AL_NOTE_MAX);
	if (err == AL_OK)
		err = al_note_load(path, &text);
	if (err == AL_OK)
		err = al_log_key_parse(al_buf_view(&text), out);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "log-key", "path=%s err=%s", path, al_err_name(err));
	al_buf_release(&text);
	return err;
}

/* The set of a head that is believed; its difference from the last one goes to `coming`. */
static enum al_err set_take(struct fetched *self, const struct origin_head *head)
{
	struct vrp_delta *delta;
	struct vrp_set *set = NULL;
	struct al_buf text;
	enum al_err err;

	if (self->set != NULL && self->set->size == head->changed)
		return AL_OK;
	al_buf_init(&text, ORIGIN_SET_MAX);
	err = al_note_load(self->set_path, &text);
	if (err == AL_OK && origin_head_match(head, al_buf_view(&text)) != ORIGIN_SOUND)
		err = AL_EVERIFY;
	if (err == AL_OK)
		err = origin_set_read(al_buf_view(&text), head->changed, &set);
	al_buf_release(&text);
	if (err != AL_OK)
		return err;
	if (self->set != NULL && vrp_delta_between(self->set, set, &delta) == AL_OK)
		vrp_history_push(self->coming, delta, SIZE_MAX);
	vrp_set_unref(self->set);
	self->set = set;
	return AL_OK;
}

static void head_take(struct fetched *self, struct al_slice note)
{
	struct origin_pin pin = { .log = self->log,
				  .now = al_now_s(),
				  .last = self->set != NULL ? &self->last : NULL,
				  .key_version = self->key_version };
	struct origin_head head;
	uint64_t version = 0;
	enum origin_fault fault;
	enum al_err err = AL_EVERIFY;

	origin_head_init(&head);
	fault = origin_head_open(note, &pin, &head, &version);
	if (fault == ORIGIN_SOUND)
		err = set_take(self, &head);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "head-refused", "path=%s fault=%s err=%s", self->head_path,
		       origin_fault_name(fault), al_err_name(err));
		origin_head_release(&head);
		return;
	}
	origin_head_release(&self->last);
	self->last = head;
	self->key_version = version;
	served_heard(self->served, head.generated);
	served_offer(self->served, self->set, self->coming, &head.cp, al_buf_view(&head.checkpoint), head.generated);
}

static void fetched_look(void *arg)
{
	struct fetched *self = arg;
	struct al_buf note;
	struct stat st;

	al_timer_set(self->timer, LOOK_MS);
	if (stat(self->head_path, &st) != 0 ||
	    (st.st_ino == self->seen_inode && st.st_mtim.tv_sec == self->seen.tv_sec &&
	     st.st_mtim.tv_nsec == self->seen.tv_nsec))
		return;
	self->seen = st.st_mtim;
	self->seen_inode = st.st_ino;
	al_buf_init(&note, AL_NOTE_MAX);
	if (al_note_load(self->head_path, &note) == AL_OK)
		head_take(self, al_buf_view(&note));
	al_buf_release(&note);
}

void fetched_start(struct fetched *self)
{
	fetched_look(self);
}

enum al_err fetched_new(struct al_loop *loop, const struct al_conf *conf, const struct al_vkey *log,
			struct served *served, struct fetched **out)
{
	struct fetched *self = calloc(1, sizeof(*self));
	char dir[PATH_LEN - 16];
	enum al_err err = self == NULL ? AL_ENOMEM : AL_OK;

	if (err == AL_OK)
		err = al_conf_path(conf, al_conf_str(conf, "rpki", "source"), dir, sizeof(dir));
	if (err == AL_OK) {
		(void)snprintf(self->head_path, sizeof(self->head_path), "%s/head", dir);
		(void)snprintf(self->set_path, sizeof(self->set_path), "%s/set", dir);
		self->log = log;
		self->served = served;
		origin_head_init(&self->last);
		err = vrp_history_new((size_t)al_conf_u64(conf, "rpki", "history"), &self->coming);
	}
	if (err == AL_OK)
		err = al_timer_new(loop, fetched_look, self, &self->timer);
	if (err != AL_OK)
		fetched_free(self);
	else
		*out = self;
	return err;
}

void fetched_free(struct fetched *self)
{
	if (self == NULL)
		return;
	al_timer_free(self->timer);
	origin_head_release(&self->last);
	vrp_set_unref(self->set);
	vrp_history_free(self->coming);
	free(self);
}
