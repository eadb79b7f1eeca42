/* SPDX-License-Identifier: MIT */
/*
 * test_engine_pg.c -- what only an engine on another machine has to stand:
 * lost answers, frozen servers, two who believe that they write.
 */
#include "engine_pg_bench.h"

#include <signal.h>

#ifdef ALAMO_POSTGRESQL

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* All of a batch but its commit. */
static enum al_err prepare(struct engine *engine, uint64_t first, uint64_t count)
{
	const struct al_slice body = AL_S("body");
	const struct al_hash leaf = al_leaf_hash(body);
	enum al_err err = engine->ops->begin(engine);

	for (uint64_t i = 0; err == AL_OK && i < count; i++)
		err = engine->ops->append(engine, first + i, &leaf, body);
	return err == AL_OK ? engine->ops->add_note(engine, first + count, AL_S("note")) : err;
}

static enum al_err commit_in_the_end(struct engine *engine)
{
	enum al_err err = engine->ops->commit(engine);

	for (int i = 0; i < 100 && err == AL_EAGAIN; i++) {
		pause_ms(100);
		err = engine->ops->commit(engine);
	}
	return err;
}

static enum al_err begin_in_the_end(struct engine *engine)
{
	enum al_err err = engine->ops->begin(engine);

	for (int i = 0; i < 100 && err == AL_EIO; i++) {
		pause_ms(100);
		err = engine->ops->begin(engine);
	}
	return err;
}

static void assert_size(struct engine *engine, uint64_t expected)
{
	uint64_t size = 99;

	assert_int_equal(engine->ops->size(engine, &size), AL_OK);
	assert_int_equal(size, expected);
	assert_int_equal(engine->ops->check(engine), AL_OK);
}

/* Opening fails like this, and says so. */
static void opens_not(const char *where, enum al_err err, const char *what)
{
	struct engine *engine = NULL;
	struct said said;
	enum al_err got;

	said_begin(&said);
	got = engine_open(where, false, &engine);
	(void)said_end(&said);
	assert_int_equal(got, err);
	assert_null(engine);
	if (strstr(said.text, what) == NULL)
		fail_msg("\"%s\" is not said: %s", what, said.text);
}

static void test_session_ended(void **state)
{
	struct fixture *f = *state;
	struct engine *engine = f->engine;
	uint64_t size;

	/* Before a batch is said: it is said on a new one. */
	assert_int_equal(prepare(engine, 0, 3), AL_OK);
	assert_true(engine_sql(f->where, end_sessions));
	assert_int_equal(commit_in_the_end(engine), AL_OK);
	assert_size(engine, 3);
	/* Between two: a question finds a new one by itself, a beat too. */
	assert_true(engine_sql(f->where, end_sessions));
	assert_int_equal(engine->ops->size(engine, &size), AL_OK);
	assert_true(engine_sql(f->where, end_sessions));
	assert_int_equal(engine->ops->beat(engine), AL_EIO);
	assert_int_equal(engine->ops->beat(engine), AL_OK);
}

/* A batch whose end is not known is given up: what is begun next is of a session that is whole. */
static void test_given_up(void **state)
{
	const struct ledger_attachment side = { AL_S("person A"), { 1 }, AL_S("text") };
	struct fixture *f = *state;
	struct engine *engine = f->engine;

	assert_int_equal(prepare(engine, 0, 3), AL_OK);
	assert_true(engine_sql(f->where, end_sessions));
	assert_int_equal(engine->ops->commit(engine), AL_EAGAIN);
	assert_int_equal(engine->ops->settle(engine), AL_EIO); /* not as long as that is open */
	engine->ops->rollback(engine);
	assert_int_equal(begin_in_the_end(engine), AL_OK);
	assert_int_equal(engine->ops->settle(engine), AL_OK);
	assert_int_equal(engine->ops->side->put(engine, &side, 0), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_size(engine, 0);
	assert_int_equal(prepare(engine, 0, 2), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_size(engine, 2);
}

/* What is taken back in good order costs no session: the next batch is said at once. */
static void test_taken_back(void **state)
{
	const struct ledger_attachment side = { AL_S("person A"), { 1 }, AL_S("text") };
	struct engine *engine = ((struct fixture *)*state)->engine;

	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(engine->ops->begin(engine), AL_OK);
		assert_int_equal(engine->ops->side->put(engine, &side, 0), AL_OK);
		engine->ops->rollback(engine);
		assert_int_equal(prepare(engine, i, 1), AL_OK);
		assert_int_equal(engine->ops->commit(engine), AL_OK);
	}
	assert_size(engine, 3);
}

/* In a transaction in which answers were given: nothing of it was done, and that is known. */
static void test_session_ended_in_the_middle(void **state)
{
	const struct ledger_attachment side = { AL_S("person A"), { 1 }, AL_S("text") };
	struct fixture *f = *state;
	struct engine *engine = f->engine;

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->put(engine, &side, 0), AL_OK);
	assert_true(engine_sql(f->where, end_sessions));
	assert_int_equal(commit_in_the_end(engine), AL_EIO);
	engine->ops->rollback(engine);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->remove(engine, AL_S("person A")), AL_ENOTFOUND);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
}

/* It did, or did not, hear the batch before it froze: once it is there, it is there once. */
static void test_server_frozen(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;

	assert_int_equal(prepare(engine, 0, 5), AL_OK);
	engine_server_signal(SIGSTOP);
	assert_int_equal(engine->ops->commit(engine), AL_EAGAIN);
	engine_server_signal(SIGCONT);
	assert_int_equal(commit_in_the_end(engine), AL_OK);
	assert_size(engine, 5);
	assert_int_equal(prepare(engine, 5, 1), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_size(engine, 6);
}

static void test_server_crashed(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;

	assert_int_equal(prepare(engine, 0, 5), AL_OK);
	engine_server_crash();
	assert_int_equal(engine->ops->commit(engine), AL_EAGAIN);
	assert_int_equal(engine->ops->commit(engine), AL_EAGAIN);
	engine_server_start();
	assert_int_equal(commit_in_the_end(engine), AL_OK);
	assert_size(engine, 5);
}

/* The server confirms, and says beside it that the standby does not have it: that is no confirmation. */
static void test_standby_not_waited_for(void **state)
{
	static const char cancel[] = "SET synchronous_commit = local; SELECT pg_cancel_backend(pid)"
				     " FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
	struct fixture *f = *state;
	struct said said;
	enum al_err err;
	pid_t helper;

	assert_true(engine_sql(f->where, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
	assert_true(engine_sql(f->where, "SELECT pg_reload_conf()"));
	pause_ms(500);
	assert_int_equal(prepare(f->engine, 0, 2), AL_OK);
	helper = fork();
	if (helper == 0) {
		for (int i = 0; i < 30; i++) {
			pause_ms(100);
			(void)engine_sql(f->where, cancel);
		}
		_Exit(0);
	}
	said_begin(&said);
	err = f->engine->ops->commit(f->engine);
	(void)said_end(&said);
	assert_int_equal(err, AL_EAGAIN);
	assert_non_null(strstr(said.text, "error alamo event=ledger-sql what=\"warning\" reason="));
	(void)kill(helper, SIGKILL);
	assert_true(engine_sql(f->where, "SET synchronous_commit = local; SELECT 1"));
	assert_true(engine_sql(f->where, "ALTER SYSTEM RESET synchronous_standby_names"));
	assert_true(engine_sql(f->where, "SELECT pg_reload_conf()"));
	assert_int_equal(commit_in_the_end(f->engine), AL_OK);
	assert_size(f->engine, 2);
}

/* Who is overtaken cannot write any more, not even what he had begun; and what the other sees is all that was durable. */
static void test_fenced(void **state)
{
	struct fixture *f = *state;
	struct engine *second;
	struct said said;
	enum al_err err;

	assert_int_equal(prepare(f->engine, 0, 2), AL_OK);
	assert_int_equal(f->engine->ops->commit(f->engine), AL_OK);
	opens_not(f->where, AL_EAGAIN, "event=ledger-locked reason=\"another process has this ledger open\"\n");
	assert_int_equal(engine_follow(f->where, &second), AL_OK);
	assert_size(second, 2);
	assert_int_equal(second->ops->begin(second), AL_ESTALE); /* it only reads */
	assert_int_equal(second->ops->lead(second, 300), AL_EAGAIN);
	assert_int_equal(prepare(f->engine, 2, 1), AL_OK);
	assert_true(engine_sql(f->where, end_sessions));
	assert_int_equal(second->ops->lead(second, 300), AL_EIO); /* its session was ended, too */
	assert_int_equal(second->ops->lead(second, 300), AL_EAGAIN);
	/* The place is free when the server has ended the session, and for 300 ms then. */
	for (int i = 0; (err = second->ops->lead(second, 300)) == AL_EAGAIN && i < 600; i++)
		pause_ms(50);
	assert_int_equal(err, AL_OK);
	said_begin(&said);
	err = commit_in_the_end(f->engine);
	(void)said_end(&said);
	assert_int_equal(err, AL_ESTALE);
	assert_non_null(strstr(said.text, "event=ledger-fenced size=2 reason=\"another registry writes\"\n"));
	f->engine->ops->rollback(f->engine);
	assert_int_equal(f->engine->ops->begin(f->engine), AL_ESTALE);
	assert_int_equal(f->engine->ops->beat(f->engine), AL_ESTALE);
	assert_int_equal(prepare(second, 2, 1), AL_OK);
	assert_int_equal(second->ops->commit(second), AL_OK);
	assert_size(second, 3);
	engine_close(second);
}

/* A place that was free for long enough, and all the time: whoever comes back meanwhile begins it anew. */
static void test_patience(void **state)
{
	struct fixture *f = *state;
	struct engine *second;
	struct said said;
	enum al_err err = AL_EAGAIN;

	assert_int_equal(engine_follow(f->where, &second), AL_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(second->ops->lead(second, 400), AL_EAGAIN); /* it is taken */
		engine_close(f->engine);
		assert_int_equal(second->ops->lead(second, 400), AL_EAGAIN); /* from now on it is free */
		if (i == 0)
			assert_int_equal(engine_open(f->where, false, &f->engine), AL_OK);
		pause_ms(450);
	}
	f->engine = NULL;
	said_begin(&said);
	for (int i = 0; i < 100 && (err = second->ops->lead(second, 400)) == AL_EAGAIN; i++)
		pause_ms(100); /* the server may have let it go later */
	(void)said_end(&said);
	assert_int_equal(err, AL_OK);
	assert_non_null(strstr(said.text, "info alamo event=ledger-leads epoch=3 size=0\n"));
	assert_int_equal(second->ops->lead(second, 400), AL_OK); /* it does */
	assert_int_equal(prepare(second, 0, 1), AL_OK);
	assert_int_equal(second->ops->commit(second), AL_OK);
	assert_size(second, 1);
	engine_close(second);
}

/* With its session whole: the next thing it says is refused. */
static void test_fenced_with_a_session(void **state)
{
	struct fixture *f = *state;
	struct said said;
	enum al_err err;

	assert_int_equal(prepare(f->engine, 0, 1), AL_OK);
	assert_true(engine_sql(f->where, "UPDATE head SET epoch = epoch + 1, writer = 'another'"));
	said_begin(&said);
	err = f->engine->ops->commit(f->engine);
	(void)said_end(&said);
	assert_int_equal(err, AL_ESTALE);
	assert_non_null(strstr(said.text, "error alamo event=ledger-fenced size=0 epoch="));
	f->engine->ops->rollback(f->engine);
	assert_int_equal(f->engine->ops->beat(f->engine), AL_ESTALE);
	assert_size(f->engine, 0);
}

/* What was begun is taken back by whoever leads, without a word; by nobody else, who says so. */
static void test_discarded(void **state)
{
	struct fixture *f = *state;
	struct said said;

	assert_true(engine_sql(f->where, "UPDATE head SET writer = 'another'"));
	said_begin(&said);
	f->engine->ops->discard(f->engine);
	(void)said_end(&said);
	assert_non_null(strstr(said.text, "event=ledger-discard error=stale reason="));
	assert_true(engine_sql(f->where, "SELECT 1 / (SELECT count(*) FROM head)"));
	assert_int_equal(engine_open(f->where, false, &f->engine), AL_OK);
	said_begin(&said);
	f->engine->ops->discard(f->engine);
	(void)said_end(&said);
	f->engine = NULL;
	assert_string_equal(said.text, "");
	opens_not(f->where, AL_ENOTFOUND, "");
}

/* A statement that the server refuses is named, with the reason; and the next batch is said on the same session. */
static void test_refused_by_the_server(void **state)
{
	const struct ledger_attachment side = { AL_S("person A"), { 1 }, AL_S("text") };
	struct fixture *f = *state;
	struct engine *engine = f->engine;
	struct said said;
	enum al_err err;

	assert_true(engine_sql(f->where, "ALTER TABLE side RENAME TO aside"));
	for (unsigned in_batch = 0; in_batch < 2; in_batch++) {
		assert_int_equal(in_batch ? prepare(engine, 0, 1) : engine->ops->begin(engine), AL_OK);
		said_begin(&said);
		err = engine->ops->side->put(engine, &side, 0);
		if (in_batch && err == AL_OK)
			err = engine->ops->commit(engine);
		(void)said_end(&said);
		assert_int_equal(err, AL_EIO);
		assert_non_null(strstr(said.text, "error alamo event=ledger-sql what=\"INSERT INTO side "));
		assert_non_null(strstr(said.text, "side\\\" does not exist"));
		engine->ops->rollback(engine);
		assert_size(engine, 0);
	}
	assert_true(engine_sql(f->where, "ALTER TABLE aside RENAME TO side"));
	assert_int_equal(prepare(engine, 0, 1), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_size(engine, 1);
}

/* Nobody leads a ledger that is not there any more. */
static void test_nothing_left_to_lead(void **state)
{
	struct fixture *f = *state;
	struct engine *second;

	assert_int_equal(engine_follow(f->where, &second), AL_OK);
	engine_close(f->engine);
	f->engine = NULL;
	assert_true(engine_sql(f->where, "DELETE FROM head"));
	assert_int_equal(second->ops->lead(second, 0), AL_ESTALE);
	assert_int_equal(second->ops->begin(second), AL_ESTALE);
	engine_close(second);
}

static void test_what_is_refused(void **state)
{
	struct fixture *f = *state;
	char where[ENGINE_WHERE_MAX + 64];

	engine_close(f->engine);
	f->engine = NULL;
	/* Tables of a newer program; a server that does not sync; no server; no ledger. */
	assert_true(engine_sql(f->where, "UPDATE head SET version = 2"));
	opens_not(f->where, AL_EUNSUPPORTED, "error alamo event=ledger-open version=2 known=1\n");
	assert_true(engine_sql(f->where, "ALTER SYSTEM SET fsync = off"));
	assert_true(engine_sql(f->where, "SELECT pg_reload_conf()"));
	pause_ms(500);
	opens_not(f->where, AL_EUNSUPPORTED, "fsync");
	assert_true(engine_sql(f->where, "ALTER SYSTEM RESET fsync"));
	assert_true(engine_sql(f->where, "SELECT pg_reload_conf()"));
	assert_true(engine_sql(f->where, "DROP TABLE head"));
	pause_ms(500);
	opens_not(f->where, AL_ENOTFOUND, "");
	(void)snprintf(where, sizeof(where), "%s%ctarget_session_attrs=standby", f->where,
		       strchr(f->where, '?') != NULL ? '&' : '?');
	opens_not(where, AL_EIO, "event=ledger-sql what=\"connect\" reason="); /* the URL's own words come first */
	opens_not("postgresql://127.0.0.1:1/x", AL_EIO, "event=ledger-sql ");
	opens_not("postgresql://[", AL_EUNSUPPORTED, "");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_session_ended),
		EACH(test_session_ended_in_the_middle),
		EACH(test_server_frozen),
		EACH(test_server_crashed),
		EACH(test_standby_not_waited_for),
		EACH(test_fenced),
		EACH(test_patience),
		EACH(test_fenced_with_a_session),
		EACH(test_what_is_refused),
		EACH(test_given_up),
		EACH(test_taken_back),
		EACH(test_nothing_left_to_lead),
		EACH(test_discarded),
		EACH(test_refused_by_the_server),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	engines_stop();
	return failed;
}

#else
int main(void)
{
	return 0; /* this build has no such engine */
}
#endif
