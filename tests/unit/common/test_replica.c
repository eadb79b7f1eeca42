/* SPDX-License-Identifier: MIT */
/*
 * test_replica.c -- a follower with a state, against the real stream server over a log in memory: when it shows what,
 * and what it remembers over a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../guard.h"
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "../folder.h"
#include "alamo/follow/follow.h"
#include "alamo/follow/stream.h"
#include "alamo/net/conf.h"
#include "alamo/rpsl/entry.h"
#include "alamo/rpsl/state.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/witness.h"

#define LOG_SIZE 9
#define DAY_S 86400

struct fixture {
	char dir[64], seen[160];
	struct al_loop *loop;
	struct al_timer *guard;
	struct al_conf *conf;
	struct al_skey key;
	struct al_buf entry[LOG_SIZE];
	bool changing;  /* between begin and end */
	size_t batches; /* of them */
	struct al_tree *tree;
	struct al_stream *stream;
	struct al_replica *replica;
	/* what the replica said */
	size_t heads;
	uint64_t first, last;
	struct al_freshness age;
	size_t ages;
	bool stop_at_age;
	uint64_t stop_at;
	bool timed_out;
	/* of a follower without a state */
	struct al_object *object; /* the newest; reference */
	size_t objects;
};

/* ---- a log ---- */

/* Of a kind that followers hash and pass over; but the second and the third are of objects, the third of an edit. */
static void entry_make(struct al_buf *out, uint64_t index)
{
	static const char *const bodies[LOG_SIZE] = {
		[1] = "request: test\nprev: none\n\ndomain: a.test\nnserver: ns.test\nmnt-by: A-MNT\nsource: T1\n\n"
		      "person: Ann\nnic-hdl: ANN-T1\nmnt-by: A-MNT\nsource: T1\n",
		[2] = "request: test\nprev: none\n\ndomain: a.test\nextend: x\nnserver: ns2.test\nsource: T1\n",
	};
	static const char results[] = { AL_CREATE, AL_CREATE };
	struct al_entry entry = {
		.index = index, .time = 1764000000 + index, .kind = AL_S("test"), .body = AL_S("x\n")
	};

	if (bodies[index] != NULL) {
		entry.kind = AL_S("request");
		entry.result = al_slice_of(results, index == 1 ? 2 : 1);
		entry.body = al_slice_str(bodies[index]);
	}
	al_buf_init(out, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, out), AL_OK);
}

/* `date` 0: none. */
static void note_make(const struct fixture *f, const struct al_skey *key, uint64_t size, uint64_t date,
		      struct al_buf *out)
{
	struct al_checkpoint cp = { size, al_tree_root(f->tree, size) };
	struct al_skey dating;
	struct al_buf text;

	al_buf_init(&text, 1024);
	al_buf_init(out, 4096);
	al_checkpoint_format(al_slice_str(key->pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), key, out);
	al_skey_dating(key, &dating);
	if (date > 0)
		al_cosign(al_buf_view(&text), &dating, date, out);
	al_buf_release(&text);
}

/* Three entries and a head at a time. */
static enum al_err read_log(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
{
	struct fixture *f = source;
	struct al_slice entries[LOG_SIZE];
	uint64_t end = (from / 3 + 1) * 3;
	struct al_stream_batch batch = { .first = from, .count = end - from, .entries = entries };
	struct al_buf note;

	(void)max_bytes;
	for (uint64_t i = from; i < end; i++)
		entries[i - from] = al_buf_view(&f->entry[i]);
	note_make(f, &f->key, end, 0, &note);
	batch.note = al_buf_view(&note);
	done(token, AL_OK, &batch);
	al_buf_release(&note);
	return AL_OK;
}

static void serve(struct fixture *f, uint64_t size, uint64_t date)
{
	char path[96];
	struct al_buf note;

	note_make(f, &f->key, size, date, &note);
	assert_int_equal(al_stream_new(f->loop, &AL_STREAM_LIMITS, read_log, f, size, al_buf_view(&note), &f->stream),
			 AL_OK);
	(void)snprintf(path, sizeof(path), "%s/run/log.sock", f->dir);
	assert_int_equal(al_listener_unix(al_stream_local(f->stream), path), AL_OK);
	al_buf_release(&note);
}

static void grow(struct fixture *f, uint64_t from, uint64_t end)
{
	struct al_slice entries[LOG_SIZE];
	struct al_stream_batch batch = { .first = from, .count = end - from, .entries = entries };
	struct al_buf note;

	for (uint64_t i = from; i < end; i++)
		entries[i - from] = al_buf_view(&f->entry[i]);
	note_make(f, &f->key, end, 0, &note);
	batch.note = al_buf_view(&note);
	al_stream_publish(f->stream, &batch);
	al_buf_release(&note);
}

/* ---- the replica ---- */

static void on_begin(void *arg)
{
	struct fixture *f = arg;

	assert_false(f->changing);
	f->changing = true;
}

static void on_end(void *arg)
{
	struct fixture *f = arg;

	assert_true(f->changing);
	f->changing = false;
	f->batches++;
}

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	const struct fixture *f = arg;

	(void)old;
	(void)now;
	assert_true(f->changing);
}

static void on_head(void *arg, const struct al_state *state, const struct al_checkpoint *cp, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint check;

	assert_true(al_replica_caught_up(f->replica));
	assert_int_equal(state != NULL ? al_state_size(state) : cp->size, cp->size);
	assert_int_equal(al_checkpoint_open(note, &f->key.pub, &check), AL_OK);
	assert_int_equal(check.size, cp->size);
	if (f->heads++ == 0)
		f->first = cp->size;
	f->last = cp->size;
	if (cp->size == f->stop_at)
		al_loop_stop(f->loop);
}

static void on_age(void *arg, const struct al_freshness *freshness)
{
	struct fixture *f = arg;

	f->age = *freshness;
	f->ages++;
	if (f->stop_at_age)
		al_loop_stop(f->loop);
}

static enum al_err on_object(void *arg, const struct al_object *now)
{
	struct fixture *f = arg;

	al_object_unref(f->object);
	f->object = al_object_ref(now);
	f->objects++;
	return AL_OK;
}

static const struct al_object *on_present(const void *arg, enum al_class cls, struct al_slice key)
{
	const struct fixture *f = arg;

	return f->object != NULL && f->object->cls == cls && al_slice_eq(al_object_key(f->object), key) ? f->object
													: NULL;
}

static void follow_with(struct fixture *f, const struct al_replica_ops *ops)
{
	f->heads = f->ages = 0;
	assert_int_equal(al_replica_new(f->loop, f->conf, ops, f, &f->replica), AL_OK);
	assert_false(al_replica_caught_up(f->replica));
}

static void follow(struct fixture *f)
{
	static const struct al_replica_ops ops = {
		.begin = on_begin, .end = on_end, .change = on_change, .head = on_head, .age = on_age
	};

	follow_with(f, &ops);
}

static void on_guard(void *arg)
{
	struct fixture *f = arg;

	f->timed_out = true;
	al_loop_stop(f->loop);
}

static void run_to(struct fixture *f, uint64_t size)
{
	f->stop_at = size;
	f->stop_at_age = size == 0;
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	al_timer_clear(f->guard);
	assert_false(f->timed_out);
}

static void leave(struct fixture *f)
{
	al_replica_free(f->replica);
	f->replica = NULL;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[128], why[256];
	struct al_buf vkey;
	FILE *file;

	if (f == NULL || sodium_init() < 0)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_replica.XXXXXX");
	if (mkdtemp(f->dir) == NULL || al_loop_new(&f->loop) != AL_OK ||
	    al_timer_new(f->loop, on_guard, f, &f->guard) != AL_OK || al_tree_new(&f->tree) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/log"), &f->key) != AL_OK)
		return -1;
	for (uint64_t i = 0; i < LOG_SIZE; i++) {
		struct al_hash leaf;

		entry_make(&f->entry[i], i);
		leaf = al_leaf_hash(al_buf_view(&f->entry[i]));
		if (al_tree_push(f->tree, &leaf) != AL_OK)
			return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/keys", f->dir);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/run", f->dir);
	(void)mkdir(path, 0755);
	(void)snprintf(f->seen, sizeof(f->seen), "%s/run/seen.%s", f->dir, program_invocation_short_name);
	(void)snprintf(path, sizeof(path), "%s/keys/log.pub", f->dir);
	al_buf_init(&vkey, 1024);
	al_vkey_format(&f->key.pub, &vkey);
	if (al_note_save(path, al_buf_view(&vkey), false) != AL_OK)
		return -1;
	al_buf_release(&vkey);
	(void)snprintf(path, sizeof(path), "%s/alamo.conf", f->dir);
	file = fopen(path, "we");
	if (file == NULL || fputs("[network]\nname = test\n[log]\nstale-seconds = 60\n", file) < 0 || fclose(file) != 0)
		return -1;
	*state = f;
	return al_conf_load(path, &f->conf, why, sizeof(why)) == AL_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	/* Whatever the test was about: what began has ended. */
	if (f->changing)
		return -1;
	al_replica_free(f->replica);
	al_object_unref(f->object);
	al_stream_free(f->stream);
	al_conf_free(f->conf);
	for (size_t i = 0; i < LOG_SIZE; i++)
		al_buf_release(&f->entry[i]);
	al_tree_free(f->tree);
	al_timer_free(f->guard);
	al_loop_free(f->loop);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

/* ---- tests ---- */

/* Three heads come, and the first that is shown is the last. */
static void the_past_is_not_shown(void **state)
{
	struct fixture *f = *state;
	size_t batches;

	serve(f, 6, 0);
	follow(f);
	run_to(f, 6);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->first, 6);
	batches = f->batches;
	assert_true(batches > 0);
	grow(f, 6, 7);
	run_to(f, 7);
	assert_int_equal(f->heads, 2);
	assert_int_equal(f->batches, batches + 1);
}

/* The server has less than this program has seen: nothing, until it has as much. */
static void what_was_seen_is_the_least(void **state)
{
	struct fixture *f = *state;
	struct al_buf note;

	note_make(f, &f->key, 8, 0, &note);
	assert_int_equal(al_note_save(f->seen, al_buf_view(&note), false), AL_OK);
	al_buf_release(&note);
	serve(f, 6, 0);
	follow(f);
	run_to(f, 0); /* a second of it */
	assert_int_equal(f->heads, 0);
	assert_false(al_replica_caught_up(f->replica));
	grow(f, 6, 7);
	grow(f, 7, 9);
	run_to(f, 9);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->first, 9);
}

/* Another log was here before: nothing is known of this one. A damaged file is no hindrance either. */
static void a_note_of_another_key_is_not_kept(void **state)
{
	struct fixture *f = *state;
	struct al_skey other;
	struct al_buf note;

	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &other), AL_OK);
	note_make(f, &other, 9, 0, &note);
	assert_int_equal(al_note_save(f->seen, al_buf_view(&note), false), AL_OK);
	al_buf_release(&note);
	serve(f, 6, 0);
	follow(f);
	run_to(f, 6);
	assert_int_equal(f->first, 6);
	leave(f);
	assert_int_equal(al_note_save(f->seen, AL_S("rubbish\n"), false), AL_OK);
	follow(f);
	run_to(f, 6);
	assert_int_equal(f->first, 6);
}

static void what_was_seen_is_written(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;
	struct al_buf note;

	serve(f, 6, 0);
	follow(f);
	run_to(f, 6);
	leave(f);
	al_buf_init(&note, AL_NOTE_MAX);
	assert_int_equal(al_note_load(f->seen, &note), AL_OK);
	assert_int_equal(al_checkpoint_open(al_buf_view(&note), &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, 6);
	al_buf_release(&note);
}

/* The date of the tip is that of the head, and is remembered with it. */
static void dates_are_taken_and_kept(void **state)
{
	struct fixture *f = *state;
	uint64_t now_s = al_now_s();
	struct al_buf note;

	serve(f, 6, now_s);
	follow(f);
	run_to(f, 6);
	run_to(f, 0);
	assert_int_equal(f->age.date, now_s);
	assert_false(f->age.stale);
	leave(f);

	/* Two days later, and the same date again. */
	assert_int_equal(utime(f->seen, &(struct utimbuf){ (time_t)now_s - 2 * DAY_S, (time_t)now_s - 2 * DAY_S }), 0);
	al_stream_free(f->stream);
	serve(f, 6, now_s - 3 * DAY_S);
	follow(f);
	run_to(f, 6);
	run_to(f, 0);
	assert_true(f->age.stale);
	assert_true(f->age.silent_s >= 2 * DAY_S && f->age.silent_s < 3 * DAY_S);
	/* How old is too old may change meanwhile. */
	f->stop_at_age = false; /* which is told within the call */
	al_replica_stale(f->replica, 10 * DAY_S);
	assert_false(f->age.stale);
	al_replica_stale(f->replica, 60);
	assert_true(f->age.stale);
	/* A newer one is a sign of life, at once. */
	note_make(f, &f->key, 6, al_now_s() + 1, &note);
	al_stream_dated(f->stream, 6, al_buf_view(&note));
	al_buf_release(&note);
	run_to(f, 0);
	assert_false(f->age.stale);
	assert_int_equal(f->heads, 1);
}

/* What it follows, by which key, and where it stands. */
static void key_and_head_are_told(void **state)
{
	struct al_checkpoint cp = { .size = 7 }, check;
	struct fixture *f = *state;

	serve(f, 6, 0);
	follow(f);
	assert_int_equal(al_replica_head(f->replica, &cp).len, 0); /* nothing yet */
	assert_int_equal(cp.size, 0);
	run_to(f, 6);
	assert_memory_equal(al_replica_key(f->replica)->pk, f->key.pub.pk, sizeof(f->key.pub.pk));
	assert_string_equal(al_replica_key(f->replica)->name, "registry.test/log");
	assert_int_equal(al_checkpoint_open(al_replica_head(f->replica, &cp), &f->key.pub, &check), AL_OK);
	assert_int_equal(cp.size, 6);
	assert_int_equal(check.size, 6);
	assert_true(al_hash_eq(&cp.root, &check.root));
}

/* The log does not contain what was seen of it: nothing of it is shown, and both notes are kept for whoever asks. */
static void a_fork_is_kept(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp = { 5, al_tree_root(f->tree, 4) };
	struct al_buf text, note;
	char path[160];
	glob_t kept;

	al_buf_init(&text, 1024);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(f->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &f->key, &note);
	assert_int_equal(al_note_save(f->seen, al_buf_view(&note), false), AL_OK);
	serve(f, 6, 0);
	follow(f);
	(void)snprintf(path, sizeof(path), "%s/run/evidence/*.note", f->dir);
	for (int seconds = 0; glob(path, 0, NULL, &kept) != 0; seconds++) {
		assert_true(seconds < GUARD_MS / 1000);
		run_to(f, 0);
	}
	assert_int_equal(kept.gl_pathc, 2);
	al_buf_reset(&text);
	assert_int_equal(al_note_load(kept.gl_pathv[0], &text), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&text), al_buf_view(&note)));
	al_buf_reset(&text);
	assert_int_equal(al_note_load(kept.gl_pathv[1], &text), AL_OK);
	assert_int_equal(al_checkpoint_open(al_buf_view(&text), &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, 6);
	assert_int_equal(f->heads, 0);
	assert_false(al_replica_caught_up(f->replica));
	globfree(&kept);
	al_buf_release(&text);
	al_buf_release(&note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* An edit is its own lines, or what it leaves of an object that the follower has. */
static void objects_without_a_state(void **state)
{
	struct al_replica_ops ops = { .head = on_head, .object = on_object, .classes = 1u << AL_DOMAIN };
	struct fixture *f = *state;

	serve(f, LOG_SIZE, 0);
	for (int whole = 0; whole < 2; whole++) {
		ops.present = whole ? on_present : NULL;
		f->objects = 0;
		follow_with(f, &ops);
		run_to(f, LOG_SIZE);
		assert_null(al_replica_state(f->replica));
		assert_int_equal(f->objects, 2);
		assert_int_equal(f->object->index, 2);
		assert_int_equal(f->object->edit, whole ? AL_EDIT_NONE : AL_EDIT_EXTEND);
		assert_true(al_object_has(f->object, "nserver", AL_S("ns2.test")));
		assert_int_equal(al_object_has(f->object, "nserver", AL_S("ns.test")), whole);
		leave(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_past_is_not_shown),
		TEST(what_was_seen_is_the_least),
		TEST(a_note_of_another_key_is_not_kept),
		TEST(what_was_seen_is_written),
		TEST(dates_are_taken_and_kept),
		TEST(key_and_head_are_told),
		TEST(a_fork_is_kept),
		TEST(objects_without_a_state),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
