/* SPDX-License-Identifier: MIT */
/*
 * test_engine.c -- what every engine promises, run once for each: what stands where is compared inside it, a transaction is
 * all or nothing; and who waits for the hostmaster.
 */
#include "engine_bench.h"

static void test_compare_and_set(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;

	assert_int_equal(size_of(engine), 0);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 1), AL_ESTALE);
	assert_int_equal(append(engine, 0), AL_OK);
	assert_int_equal(append(engine, 0), AL_ESTALE);
	assert_int_equal(append(engine, 2), AL_ESTALE);
	assert_int_equal(append(engine, 1), AL_OK);
	assert_int_equal(size_of(engine), 2);
	assert_int_equal(engine->ops->add_note(engine, 1, AL_S("note")), AL_ESTALE);
	assert_int_equal(engine->ops->add_note(engine, 3, AL_S("note")), AL_ESTALE);
	assert_int_equal(engine->ops->add_note(engine, 2, AL_S("note")), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(size_of(engine), 2);
}

/* What was taken back is not counted: the next transaction begins where the store is. */
static void test_rollback(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	struct al_buf note;

	al_buf_init(&note, 100);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 0), AL_OK);
	engine->ops->rollback(engine);
	assert_int_equal(size_of(engine), 0);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 1), AL_ESTALE);
	assert_int_equal(append(engine, 0), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, 1, AL_S("note")), AL_OK);
	engine->ops->rollback(engine);
	assert_int_equal(engine->ops->note(engine, 1, &note), AL_ENOTFOUND);
	assert_int_equal(size_of(engine), 0);
}

/* Another process's work is seen, whatever this one remembers. */
static void test_after_reopening(void **state)
{
	struct fixture *f = *state;
	struct engine *second;

	assert_int_equal(engine_open(f->where, false, &second), AL_EAGAIN);
	assert_int_equal(f->engine->ops->begin(f->engine), AL_OK);
	assert_int_equal(append(f->engine, 0), AL_OK);
	assert_int_equal(f->engine->ops->commit(f->engine), AL_OK);
	engine_close(f->engine);
	assert_int_equal(engine_open(f->where, false, &f->engine), AL_OK);
	assert_int_equal(size_of(f->engine), 1);
	assert_int_equal(f->engine->ops->begin(f->engine), AL_OK);
	assert_int_equal(append(f->engine, 0), AL_ESTALE);
	assert_int_equal(append(f->engine, 1), AL_OK);
	f->engine->ops->rollback(f->engine);
}

/* ---- the queue ---- */

static void test_each_has_a_share(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint64_t id;

	for (uint8_t i = 0; i < 2; i++)
		assert_int_equal(ask(engine, &(struct ask){ 1, i, i, "source=a network=n key=1" }, 2, &id), AL_OK);
	/* By any word of it, whatever the others are. */
	assert_int_equal(ask(engine, &(struct ask){ 1, 7, 7, "source=a network=o key=2" }, 2, &id), AL_EDENIED);
	assert_int_equal(ask(engine, &(struct ask){ 1, 7, 7, "source=b network=o key=1" }, 2, &id), AL_EDENIED);
	assert_int_equal(ask(engine, &(struct ask){ 1, 2, 2, "source=b network=n key=2" }, 2, &id), AL_OK);
	/* A network has several shares, and an end too. */
	for (uint8_t i = 3; i < 2 * LEDGER_QUEUE_NETWORK; i++)
		assert_int_equal(ask(engine, &(struct ask){ 1, i, i, "network=n" }, 2, &id), AL_OK);
	assert_int_equal(ask(engine, &(struct ask){ 1, 60, 60, "network=n source=c" }, 2, &id), AL_EDENIED);
	assert_int_equal(ask(engine, &(struct ask){ 1, 60, 60, "network=m source=c" }, 2, &id), AL_OK);
	/* What waits already is answered, whoever's share is full. */
	assert_int_equal(ask(engine, &(struct ask){ 9, 0, 99, "source=a" }, 2, &id), AL_OK);
	assert_int_equal(id, 1);
	assert_int_equal(ask(engine, &(struct ask){ 9, 99, 1, "source=a" }, 2, &id), AL_OK);
	assert_int_equal(id, 2);
}

/* The queue of all has a bound in bytes, to its last one; what is too much is no row. */
static void test_all_have_a_bound(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	char *large = calloc(1, LEDGER_QUEUE_BYTES / 4);
	struct ledger_queued row;

	assert_non_null(large);
	memset(large, 'x', LEDGER_QUEUE_BYTES / 4);
	for (uint8_t i = 0; i < 6; i++) {
		const uint8_t hash[AL_HASH_LEN] = { i };
		const size_t len = i == 3   ? LEDGER_QUEUE_BYTES / 4 - 1
				   : i < 3  ? LEDGER_QUEUE_BYTES / 4
				   : i == 4 ? 2
					    : 1;
		const struct ledger_asking asking = { 1, hash, hash, AL_S("label"), al_slice_of(large, len), AL_S("") };

		assert_int_equal(engine->ops->begin(engine), AL_OK);
		assert_int_equal(queue_add(engine, &asking, 1, &row), i == 4 ? AL_ELIMIT : AL_OK);
		assert_int_equal(engine->ops->commit(engine), AL_OK);
	}
	assert_int_equal(waiting(engine), 5);
	free(large);
}

static void test_refused_with_a_reason(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	const struct al_slice nobody = al_slice_of(NULL, 0);
	uint64_t id, count;

	(void)status_of(engine, 1, AL_ENOTFOUND);
	assert_int_equal(ask(engine, &(struct ask){ 5, 1, 1, "key=1" }, 9, &id), AL_OK);
	assert_true(status_of(engine, 1, AL_OK).waiting && status_of(engine, 1, AL_OK).id == id);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(drop(engine, id + 1, nobody, 6, AL_S("no"), &count), AL_ENOTFOUND);
	assert_int_equal(drop(engine, id, nobody, 6, AL_S("too large"), &count), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(count, 1);
	assert_false(status_of(engine, 1, AL_OK).waiting);
	assert_int_equal(status_of(engine, 1, AL_OK).time, 6);
	assert_string_equal(status_of(engine, 1, AL_OK).reason, "too large");
	/* The share is free again; asked anew, it waits. */
	assert_int_equal(ask(engine, &(struct ask){ 7, 2, 2, "key=1" }, 1, &id), AL_OK);
	assert_int_equal(ask(engine, &(struct ask){ 7, 1, 1, "key=2" }, 1, &id), AL_OK);
	assert_true(status_of(engine, 1, AL_OK).waiting);
}

/* Of more refusals than are remembered the newest are. */
static void test_so_many_refusals(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint64_t id, count;

	for (uint8_t i = 1; i <= 3; i++) {
		assert_int_equal(ask(engine, &(struct ask){ 5, i, i, "key=1" }, 9, &id), AL_OK);
		assert_int_equal(engine->ops->begin(engine), AL_OK);
		assert_int_equal(drop(engine, id, al_slice_of(NULL, 0), 100 - i, AL_S("no"), &count), AL_OK);
		assert_int_equal(engine->ops->commit(engine), AL_OK);
	}
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->queue->trim(engine, 0, 2), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(status_of(engine, 1, AL_OK).time, 99);
	assert_int_equal(status_of(engine, 2, AL_OK).time, 98);
	(void)status_of(engine, 3, AL_ENOTFOUND);
}

static void test_refused_all_at_once(void **state)
{
	static const struct ask asks[] = {
		{ 1, 1, 1, "source=a network=n key=1 mntner=A" }, { 1, 2, 2, "source=b network=n key=1 mntner=A" },
		{ 1, 3, 3, "source=a network=n key=2 mntner=B" }, { 1, 4, 4, "source=c network=n key=3 mntner=C" },
		{ 1, 5, 5, "source=d network=o key=4 mntner=A" },
	};
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint64_t id, count;

	for (size_t i = 0; i < AL_COUNT(asks); i++)
		assert_int_equal(ask(engine, &asks[i], 9, &id), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(drop(engine, 0, AL_S("key=9"), 2, AL_S("no"), &count), AL_ENOTFOUND);
	assert_int_equal(drop(engine, 0, AL_S("from=x"), 2, AL_S("no"), &count), AL_ENOTFOUND);
	/* Of the same source, key or maintainer as number 1; sharing a network is no reason. */
	assert_int_equal(drop(engine, 0, AL_S("from=1"), 2, AL_S("spam"), &count), AL_OK);
	assert_int_equal(count, 4);
	assert_int_equal(waiting(engine), 1);
	assert_true(status_of(engine, 4, AL_OK).waiting);
	assert_string_equal(status_of(engine, 5, AL_OK).reason, "spam");
	assert_int_equal(drop(engine, 0, AL_S("network=n"), 2, AL_S("no"), &count), AL_OK);
	assert_int_equal(count, 1);
	engine->ops->rollback(engine);
	assert_int_equal(waiting(engine), 5);
	(void)status_of(engine, 9, AL_ENOTFOUND);
}

static void test_waits_for_so_long(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint64_t id, count;

	for (uint8_t i = 1; i <= 3; i++)
		assert_int_equal(ask(engine, &(struct ask){ 10u * i, i, i, "key=1" }, 9, &id), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(queue_expire(engine, 10, 40, &count), AL_OK);
	assert_int_equal(count, 0);
	assert_int_equal(queue_expire(engine, 30, 40, &count), AL_OK);
	assert_int_equal(count, 2);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(waiting(engine), 1);
	assert_int_equal(status_of(engine, 1, AL_OK).time, 40);
	assert_true(status_of(engine, 3, AL_OK).waiting);
	/* What was refused is remembered for a while, too. */
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(queue_expire(engine, 31, 41 + LEDGER_QUEUE_DONE_S, &count), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	(void)status_of(engine, 1, AL_ENOTFOUND);
	assert_false(status_of(engine, 3, AL_OK).waiting);
}

/* ---- reading ---- */

struct seen {
	uint64_t next, stop, notes, stop_notes, newest;
};

static enum al_err see_entry(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body)
{
	const struct al_hash hash = al_leaf_hash(body);
	struct seen *seen = arg;

	assert_int_equal(index, seen->next++);
	assert_true(al_slice_eq(leaf, al_slice_of(hash.b, sizeof(hash.b))) && al_slice_is(body, "body"));
	return seen->next == seen->stop ? AL_ELIMIT : AL_OK;
}

static enum al_err see_note(void *arg, uint64_t size, struct al_slice note)
{
	struct seen *seen = arg;

	assert_true(seen->newest == 0 || size < seen->newest);
	assert_true(al_slice_starts(note, "note"));
	seen->newest = size;
	seen->notes++;
	return seen->notes == seen->stop_notes ? AL_ELIMIT : AL_OK;
}

/* More than a page of rows, too. */
static void test_what_is_read(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	struct seen seen = { .next = 3 };
	struct al_buf note;
	uint64_t size = 0;

	commit_of(engine, 0, 2000, "note 1");
	commit_of(engine, 2000, 1, "note 2");
	commit_of(engine, 2001, 500, "note 3");
	assert_int_equal(engine->ops->check(engine), AL_OK);
	assert_int_equal(engine->ops->each_entry(engine, 3, see_entry, &seen), AL_OK);
	assert_int_equal(seen.next, 2501);
	seen = (struct seen){ .next = 0, .stop = 1500 };
	assert_int_equal(engine->ops->each_entry(engine, 0, see_entry, &seen), AL_ELIMIT);
	assert_int_equal(engine->ops->each_note(engine, see_note, &seen), AL_OK);
	assert_int_equal(seen.notes, 3);
	/* A walk that was ended begins again with the next one. */
	seen = (struct seen){ .next = 7 };
	assert_int_equal(engine->ops->each_entry(engine, 7, see_entry, &seen), AL_OK);
	assert_int_equal(seen.next, 2501);
	for (uint64_t i = 1; i <= 2; i++) {
		seen = (struct seen){ .stop_notes = i };
		assert_int_equal(engine->ops->each_note(engine, see_note, &seen), AL_ELIMIT);
		assert_int_equal(seen.newest, i == 1 ? 2501 : 2001);
	}
	assert_int_equal(engine->ops->find_note(engine, 2000, 2501, false, &size), AL_OK);
	assert_int_equal(size, 2000);
	assert_int_equal(engine->ops->find_note(engine, 0, 2500, true, &size), AL_OK);
	assert_int_equal(size, 2001);
	assert_int_equal(engine->ops->find_note(engine, 2002, 2500, true, &size), AL_ENOTFOUND);
	assert_int_equal(engine->ops->find_note(engine, 9, 8, true, &size), AL_ENOTFOUND);
	al_buf_init(&note, 100);
	assert_int_equal(engine->ops->note(engine, 2001, &note), AL_OK);
	assert_true(al_slice_is(al_buf_view(&note), "note 2"));
	al_buf_release(&note);
}

/* As if it had never been created, whatever was in it. */
static void test_discarded(void **state)
{
	struct fixture *f = *state;
	uint64_t id;

	commit_of(f->engine, 0, 1, "note");
	assert_int_equal(ask(f->engine, &(struct ask){ 5, 1, 1, "key=1" }, 9, &id), AL_OK);
	f->engine->ops->discard(f->engine);
	f->engine = NULL;
	assert_int_equal(engine_open(f->where, false, &f->engine), AL_ENOTFOUND);
	assert_int_equal(engine_open(f->where, true, &f->engine), AL_OK);
	assert_int_equal(size_of(f->engine), 0);
	assert_int_equal(waiting(f->engine), 0);
}

/* A ledger without entries may be created again, another one not. */
static void test_created_once(void **state)
{
	struct fixture *f = *state;

	engine_close(f->engine);
	assert_int_equal(engine_open(f->where, true, &f->engine), AL_OK);
	commit_of(f->engine, 0, 1, "note");
	engine_close(f->engine);
	f->engine = NULL;
	assert_int_equal(engine_open(f->where, true, &f->engine), AL_EEXIST);
	assert_int_equal(engine_open(f->where, false, &f->engine), AL_OK);
	assert_int_equal(f->engine->ops->lead(f->engine, 1000), AL_OK);
	assert_true(f->engine->ops->beat == NULL || f->engine->ops->beat(f->engine) == AL_OK);
	assert_int_equal(f->engine->ops->settle(f->engine), AL_OK);
}

int main(void)
{
	static const struct CMUnitTest of_each[] = {
		EACH(test_compare_and_set),     EACH(test_rollback),         EACH(test_after_reopening),
		EACH(test_what_is_read),        EACH(test_created_once),     EACH(test_discarded),
		EACH(test_each_has_a_share),    EACH(test_all_have_a_bound), EACH(test_refused_with_a_reason),
		EACH(test_refused_all_at_once), EACH(test_so_many_refusals), EACH(test_waits_for_so_long),
	};

	return each_kind(of_each, AL_COUNT(of_each));
}
