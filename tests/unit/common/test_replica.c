/* SPDX-License-Identifier: MIT */
/*
 * test_replica.c -- a follower with a state, against the real stream server over a log in memory: when it shows what.
 */
#include "replica_bench.h"

#include <signal.h>
#include <utime.h>

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
		TEST(dates_are_taken_and_kept),
		TEST(key_and_head_are_told),
		TEST(objects_without_a_state),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
