/* SPDX-License-Identifier: MIT */
/*
 * replica.c -- a follower that folds what it gets into a state of its own:
 * what whois, rootdns and rpki-lite have in common. Runs on its loop's thread.
 *
 * An entry that does not apply stops it for good: the registry would not have
 * accepted it, so going on would mean to guess.
 *
 * The newest checkpoint is remembered in run/seen.PROGRAM, so that a fork is
 * found even when the log was changed while the program was down.
 */
#include "alamo/follow/follow.h"

#include <fcntl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/net/conf.h"
#include "alamo/tlog/evidence.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/note_file.h"
#include "alamo/rpsl/state.h"
#include "alamo/tlog/witness.h"

#define PATH_LEN 4096
#define KEY_FILE_MAX 16384 /* bytes of a vkey line, or of a keys note */
#define SEEN_MS 1000       /* between two writes of what was seen */

struct al_replica {
	struct al_replica_ops ops;
	void *arg;
	struct al_state *state; /* NULL: none is kept */
	uint64_t size, time;    /* of what was given without one */
	struct al_follow *follow;
	struct al_vkey key;
	struct al_checkpoint cp; /* newest verified head */
	struct al_buf note;
	char seen[PATH_LEN];     /* file of the newest note */
	char evidence[PATH_LEN]; /* folder */
	uint64_t seen_size;      /* in the file */
	uint64_t seen_date;
	uint64_t least; /* size that this program had seen before it was started */
	bool present;   /* the log's end at the time of the connection was reached */
	bool caught_up;
	struct al_age *age;
	uint64_t seen_ms;
};

static struct al_metric size_metric = {
	.name = "alamo_log_size",
	.help = "Entries of the log that are verified and applied",
	.gauge = true,
};
static struct al_metric up_metric = {
	.name = "alamo_log_up",
	.help = "1 while connected to the log stream",
	.gauge = true,
};

/* ---- what follow.c calls ---- */

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	const struct al_replica *r = arg;

	if (r->ops.change != NULL)
		r->ops.change(r->arg, old, now);
}

/* Without a state: the same judgement about an entry (al_state_apply()), and its objects handed on. */
static enum al_err entry_pass(struct al_replica *r, struct al_slice bytes)
{
	const struct al_build how = { .present = r->ops.present, .arg = r->arg, .lines_only = r->ops.present == NULL };
	struct al_object **objects = NULL;
	struct al_entry entry;
	size_t count = 0;
	enum al_err err = al_entry_decode(bytes, &entry);

	if (err == AL_OK && (entry.index != r->size || entry.time < r->time))
		err = AL_EINVAL;
	if (err == AL_OK && al_slice_is(entry.kind, "request"))
		err = al_entry_objects(&entry, r->ops.classes, &how, &objects, &count);
	for (size_t i = 0; i < count && err == AL_OK; i++)
		err = r->ops.object(r->arg, objects[i]);
	al_entry_objects_free(objects, count);
	if (err == AL_OK) {
		r->size++;
		r->time = entry.time;
	}
	return err;
}

static void on_begin(void *arg)
{
	const struct al_replica *r = arg;

	if (r->ops.begin != NULL)
		r->ops.begin(r->arg);
}

static void on_end(void *arg)
{
	const struct al_replica *r = arg;

	if (r->ops.end != NULL)
		r->ops.end(r->arg);
}

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct al_replica *r = arg;
	struct al_hash leaf = al_follow_leaf(r->follow);
	enum al_err err;

	if (r->ops.entry != NULL)
		r->ops.entry(r->arg, bytes, &leaf);
	err = r->state != NULL ? al_state_apply(r->state, bytes) : entry_pass(r, bytes);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "replica-apply", "index=%" PRIu64 " err=%s", index, al_err_name(err));
	return err;
}

/* What is lost of this in a crash is only how late a fork is found. Its time is that of the last sign of life. */
static void seen_write(struct al_replica *r)
{
	uint64_t date = r->age != NULL ? al_age_look(r->age).date : 0;

	if (r->note.len == 0 || (r->cp.size <= r->seen_size && date <= r->seen_date))
		return;
	if (al_note_save(r->seen, al_buf_view(&r->note), false) != AL_OK)
		al_log(AL_LOG_WARN, "replica-seen", "path=%s errno=%d", r->seen, errno);
	r->seen_size = r->cp.size;
	r->seen_date = date;
	r->seen_ms = al_now_ms();
}

/* The first head that is worth showing. */
static void catch_up(struct al_replica *r)
{
	if (r->caught_up || !r->present || r->note.len == 0 || r->cp.size < r->least)
		return;
	r->caught_up = true;
	al_log(AL_LOG_INFO, "log-caught-up", "size=%" PRIu64, r->cp.size);
	r->ops.head(r->arg, r->state, &r->cp, al_buf_view(&r->note));
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct al_replica *r = arg;

	r->cp = *cp;
	al_buf_reset(&r->note);
	al_buf_slice(&r->note, note);
	al_metric_set(&size_metric, cp->size);
	al_age_grow(r->age, cp->size);
	if (al_now_ms() - r->seen_ms >= SEEN_MS)
		seen_write(r);
	if (r->caught_up)
		r->ops.head(r->arg, r->state, &r->cp, al_buf_view(&r->note));
	else
		catch_up(r);
}

/* The note of our own size is worth remembering with its date. */
static void on_dated(void *arg, uint64_t date, const struct al_checkpoint *cp, struct al_slice note)
{
	struct al_replica *r = arg;

	if (!al_age_hear(r->age, date))
		return;
	if (cp->size == r->cp.size && r->note.len > 0) {
		al_buf_reset(&r->note);
		al_buf_slice(&r->note, note);
		seen_write(r);
	}
}

static void on_present(void *arg)
{
	struct al_replica *r = arg;

	r->present = true;
	if (!r->caught_up && r->cp.size < r->least)
		al_log(AL_LOG_WARN, "log-short",
		       "size=%" PRIu64 " seen=%" PRIu64 "; nothing is published before it is as long again", r->cp.size,
		       r->least);
	catch_up(r);
}

static void on_fork(void *arg, struct al_slice ours, struct al_slice theirs)
{
	const struct al_replica *r = arg;
	char text[AL_EVIDENCE_TEXT_MAX];
	enum al_err err = al_evidence_keep(r->evidence, AL_EVIDENCE_FORK, ours, theirs, text);

	al_log(AL_LOG_ERROR, "log-fork", "err=%s %s; the log is not followed any further", al_err_name(err), text);
}

static void on_link(void *arg, bool up)
{
	const struct al_replica *r = arg;

	al_metric_set(&up_metric, up ? 1 : 0);
	al_log(AL_LOG_INFO, up ? "log-up" : "log-down", "size=%" PRIu64,
	       atomic_load_explicit(&size_metric.value, memory_order_relaxed));
	if (r->ops.link != NULL)
		r->ops.link(r->arg, up);
}

/* ---- configuration ---- */

enum al_err al_conf_log_key(const struct al_conf *conf, struct al_vkey *out)
{
	char path[PATH_LEN], bytes[KEY_FILE_MAX];
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "log", "key"), path, sizeof(path));
	ssize_t len;
	int fd;

	if (err != AL_OK)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		al_log(AL_LOG_ERROR, "log-key", "path=%s errno=%d", path, errno);
		return errno == ENOENT ? AL_ENOTFOUND : AL_ESYS;
	}
	len = read(fd, bytes, sizeof(bytes));
	(void)close(fd);
	if (len < 0)
		return AL_ESYS;
	err = al_log_key_parse(al_slice_of(bytes, (size_t)len), out);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "log-key", "path=%s err=%s", path, al_err_name(err));
	return err;
}

/* A list. A path, relative to the configuration's folder, has a '/' or no ':'. */
static enum al_err address_read(const struct al_conf *conf, char *out, size_t cap)
{
	struct al_slice rest = al_slice_str(al_conf_str(conf, "log", "stream")), word;
	char text[PATH_LEN], path[PATH_LEN];
	enum al_err err = AL_OK;
	struct al_buf list;
	bool more = true;

	al_buf_init(&list, cap);
	while (err == AL_OK && more) {
		more = al_slice_cut(&rest, ',', &word);
		err = al_slice_copy(al_slice_trim(word), text, sizeof(text));
		if (err == AL_OK && (strchr(text, '/') != NULL || strchr(text, ':') == NULL))
			err = al_conf_path(conf, text, path, sizeof(path));
		else if (err == AL_OK)
			err = al_slice_copy(al_slice_str(text), path, sizeof(path));
		if (err == AL_OK)
			al_buf_printf(&list, "%s%s", list.len > 0 ? "," : "", path);
	}
	if (err == AL_OK)
		err = list.err != AL_OK ? list.err : al_slice_copy(al_buf_view(&list), out, cap);
	al_buf_release(&list);
	return err;
}

static void remembered(struct al_replica *r, uint64_t size, struct al_slice note)
{
	const struct al_vkey dating = al_vkey_dating(&r->key);
	uint64_t date = 0, now_s = al_now_s();
	struct stat st;

	r->seen_size = r->least = size;
	if (al_cosigned(note, &dating, &date) != AL_OK)
		return;
	r->seen_date = date;
	if (stat(r->seen, &st) == 0)
		al_age_remember(r->age, date,
				st.st_mtime > 0 && now_s > (uint64_t)st.st_mtime ? now_s - (uint64_t)st.st_mtime : 0);
}

/* Where to remember, and what is remembered. */
static enum al_err memory_read(struct al_replica *r, const struct al_conf *conf, struct al_buf *known)
{
	struct al_checkpoint cp;
	char name[64];
	enum al_err err;

	(void)snprintf(name, sizeof(name), "run/seen.%s", program_invocation_short_name);
	err = al_conf_path(conf, name, r->seen, sizeof(r->seen));
	if (err == AL_OK)
		err = al_conf_path(conf, "run/evidence", r->evidence, sizeof(r->evidence));
	if (err != AL_OK)
		return err;
	/* Of another key, or none at all: this is a new log then, and nothing is known of it. */
	if (al_note_load(r->seen, known) != AL_OK || al_checkpoint_open(al_buf_view(known), &r->key, &cp) != AL_OK)
		al_buf_reset(known);
	else
		remembered(r, cp.size, al_buf_view(known));
	return AL_OK;
}

/* What it is told about itself and what it remembers: key, address and newest note. */
static enum al_err conf_read(struct al_replica *r, const struct al_conf *conf, char address[static PATH_LEN],
			     struct al_buf *known)
{
	enum al_err err = al_conf_log_key(conf, &r->key);

	if (err == AL_OK)
		err = address_read(conf, address, PATH_LEN);
	return err == AL_OK ? memory_read(r, conf, known) : err;
}

static enum al_err follow_start(struct al_replica *r, struct al_loop *loop, const char *address, struct al_slice known)
{
	static const struct al_follow_ops follow_ops = {
		.begin = on_begin,
		.end = on_end,
		.entry = on_entry,
		.head = on_head,
		.fork = on_fork,
		.link = on_link,
		.present = on_present,
		.dated = on_dated,
	};
	const struct al_follow_conf follow = { .key = r->key, .address = address, .known = { known } };
	enum al_err err = al_follow_new(loop, &follow, &follow_ops, r, &r->follow);

	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "log-stream", "address=%s err=%s", address, al_err_name(err));
	return err;
}

static void metrics_add(void)
{
	al_metric_add(&size_metric);
	al_metric_add(&up_metric);
}

enum al_err al_replica_new(struct al_loop *loop, const struct al_conf *conf, const struct al_replica_ops *ops,
			   void *arg, struct al_replica **out)
{
	struct al_replica *r = calloc(1, sizeof(*r));
	char address[PATH_LEN];
	struct al_buf known;
	enum al_err err;

	if (r == NULL)
		return AL_ENOMEM;
	al_buf_init(&known, AL_NOTE_MAX);
	al_buf_init(&r->note, AL_NOTE_MAX);
	r->ops = *ops;
	r->arg = arg;
	metrics_add();
	err = al_age_new(loop, al_conf_u64(conf, "log", "stale-seconds"), ops->age, arg, &r->age);
	if (err == AL_OK)
		err = conf_read(r, conf, address, &known);
	if (err == AL_OK && ops->object == NULL)
		err = al_state_new(&r->state);
	if (r->state != NULL)
		al_state_observe(r->state, on_change, r);
	if (err == AL_OK)
		err = follow_start(r, loop, address, al_buf_view(&known));
	al_buf_release(&known);
	if (err == AL_OK)
		*out = r;
	else
		al_replica_free(r);
	return err;
}

void al_replica_free(struct al_replica *replica)
{
	if (replica == NULL)
		return;
	al_follow_free(replica->follow);
	seen_write(replica);
	al_age_free(replica->age);
	if (replica->state != NULL)
		al_state_free(replica->state);
	al_buf_release(&replica->note);
	free(replica);
}

bool al_replica_caught_up(const struct al_replica *replica)
{
	return replica->caught_up;
}

const struct al_state *al_replica_state(const struct al_replica *replica)
{
	return replica->state;
}

void al_replica_stale(struct al_replica *replica, uint64_t stale_s)
{
	al_age_limit(replica->age, stale_s);
}

const struct al_vkey *al_replica_key(const struct al_replica *replica)
{
	return &replica->key;
}

struct al_slice al_replica_head(const struct al_replica *replica, struct al_checkpoint *cp)
{
	*cp = replica->cp;
	return al_buf_view(&replica->note);
}
