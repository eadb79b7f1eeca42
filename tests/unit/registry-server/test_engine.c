/* SPDX-License-Identifier: MIT */
/*
 * test_engine.c -- what every engine promises, run once for each: what stands
 * where is compared inside it, a transaction is all or nothing; and which one a text chooses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engines.h"
#include "ledger/engine.h"
#include "ledger/queue.h"

struct fixture {
	const char *kind;
	char dir[64];
	char where[ENGINE_WHERE_MAX];
	struct engine *engine;
};

/* *state is the kind. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->kind = *state;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/alamo-engine-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	engine_place_make(f->kind, f->dir, f->where);
	assert_int_equal(engine_open(f->where, true, &f->engine), AL_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	engine_close(f->engine);
	engine_place_drop(f->kind, f->where);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static enum al_err append(struct engine *engine, uint64_t index)
{
	const struct al_slice body = AL_S("body");
	const struct al_hash leaf = al_leaf_hash(body);

	return engine->ops->append(engine, index, &leaf, body);
}

static uint64_t size_of(struct engine *engine)
{
	uint64_t size = 99;

	assert_int_equal(engine->ops->size(engine, &size), AL_OK);
	return size;
}

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

struct ask {
	uint64_t time;
	uint8_t text, same; /* first bytes of the hashes */
	const char *who;
};

/* In a transaction of its own. */
static enum al_err ask(struct engine *engine, const struct ask *ask, uint64_t share, uint64_t *id)
{
	const uint8_t hash[AL_HASH_LEN] = { ask->text }, same[AL_HASH_LEN] = { ask->same };
	const struct ledger_asking asking = {
		ask->time, hash, same, AL_S("label"), AL_S("text"), al_slice_str(ask->who)
	};
	struct ledger_queued row = { .id = 0 };
	enum al_err err;

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	err = queue_add(engine, &asking, share, &row);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	*id = row.id;
	return err;
}

static struct ledger_queue_status status_of(struct engine *engine, uint8_t text, enum al_err expected)
{
	const uint8_t hash[AL_HASH_LEN] = { text };
	struct ledger_queue_status status;

	assert_int_equal(queue_status(engine, hash, &status), expected);
	return status;
}

static uint64_t waiting(struct engine *engine)
{
	struct ledger_queued rows[4];
	uint64_t total;
	size_t count;

	assert_int_equal(queue_list(engine, rows, AL_COUNT(rows), &count, &total), AL_OK);
	assert_true(count == total || (count == AL_COUNT(rows) && total > count));
	return total;
}

static enum al_err drop(struct engine *engine, uint64_t id, struct al_slice who, uint64_t now, struct al_slice reason,
			uint64_t *count)
{
	const struct engine_refusal refusal = { now, reason };

	return queue_drop(engine, id, who, &refusal, count);
}

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

static void commit_of(struct engine *engine, uint64_t first, uint64_t count, const char *note)
{
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(append(engine, first + i), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, first + count, al_slice_str(note)), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
}

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

/* ---- contact texts and control requests ---- */

static enum al_err put(struct engine *engine, const char *object, const char *text, uint64_t index)
{
	const struct ledger_attachment side = { al_slice_str(object), { 1, 2 }, al_slice_str(text) };

	return engine->ops->side->put(engine, &side, index);
}

static void assert_text(struct engine *engine, const char *object, const char *text)
{
	uint8_t hash[AL_HASH_LEN];
	struct al_buf out;

	al_buf_init(&out, 100);
	assert_int_equal(engine->ops->side->get(engine, al_slice_str(object), hash, &out),
			 text != NULL ? AL_OK : AL_ENOTFOUND);
	assert_true(al_slice_is(al_buf_view(&out), text != NULL ? text : ""));
	assert_true(text == NULL || (hash[0] == 1 && hash[1] == 2));
	al_buf_release(&out);
}

/* With the entry, in the order in which they were said; what is to go need not be there. */
static void test_texts_of_a_batch(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	const uint8_t nobody[AL_HASH_LEN] = { 77 };
	enum al_err err;

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 0), AL_OK);
	assert_int_equal(put(engine, "person A", "one", 0), AL_OK);
	assert_int_equal(put(engine, "person A", "two\xff", 0), AL_OK);
	assert_int_equal(put(engine, "person B", "b", 0), AL_OK);
	assert_int_equal(engine->ops->side->remove(engine, AL_S("person B")), AL_OK);
	err = engine->ops->side->remove(engine, AL_S("person C"));
	assert_true(err == AL_OK || err == AL_ENOTFOUND);
	assert_int_equal(queue_forget(engine, nobody), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, 1, AL_S("note")), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_text(engine, "person A", "two\xff");
	assert_text(engine, "person B", NULL);
	/* Nothing of what is taken back. */
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 1), AL_OK);
	assert_int_equal(put(engine, "person B", "b", 1), AL_OK);
	engine->ops->rollback(engine);
	assert_text(engine, "person B", NULL);
}

/* What the caller has no room for is not given in part as if it were all. */
static void test_without_room_for_it(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint8_t hash[AL_HASH_LEN];
	struct ledger_queued row;
	struct al_buf small;
	uint64_t id;

	commit_of(engine, 0, 1, "note");
	assert_int_equal(ask(engine, &(struct ask){ 5, 1, 1, "key=1" }, 9, &id), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(put(engine, "person A", "text", 0), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	al_buf_init(&small, 3);
	assert_int_equal(engine->ops->side->get(engine, AL_S("person A"), hash, &small), AL_ELIMIT);
	al_buf_reset(&small);
	assert_int_equal(engine->ops->note(engine, 1, &small), AL_ELIMIT);
	al_buf_reset(&small);
	assert_int_equal(engine->ops->queue->get(engine, id, &row, &small), AL_ELIMIT);
	al_buf_release(&small);
	assert_text(engine, "person A", "text");
}

static void test_erased(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(put(engine, "person A", "a", 0), AL_OK);
	assert_int_equal(put(engine, "person B", "b", 0), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->remove(engine, AL_S("person C")), AL_ENOTFOUND);
	assert_int_equal(engine->ops->side->remove(engine, AL_S("person A")), AL_OK);
	assert_int_equal(engine->ops->side->scrub(engine), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(engine->ops->side->purge(engine), AL_OK);
	assert_text(engine, "person A", NULL);
	assert_text(engine, "person B", "b");
}

static void test_taken_once(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	struct ledger_once once = { .hash = { 5 }, .until = 100, .now = 50 };

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->once(engine, &once), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->once(engine, &once), AL_EEXIST);
	once.now = 101; /* when its time is over it is forgotten */
	assert_int_equal(engine->ops->side->once(engine, &once), AL_OK);
	engine->ops->rollback(engine);
}

/* ---- from engine to engine ---- */

static void fill(struct engine *engine)
{
	struct ledger_once once = { .hash = { 5 }, .until = 100, .now = 50 };
	uint64_t id, count;

	commit_of(engine, 0, 1, "note");
	assert_int_equal(ask(engine, &(struct ask){ 5, 1, 1, "key=1 network=n" }, 9, &id), AL_OK);
	assert_int_equal(ask(engine, &(struct ask){ 6, 2, 2, "key=2" }, 9, &id), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(drop(engine, 1, al_slice_of(NULL, 0), 7, AL_S("no"), &count), AL_OK);
	assert_int_equal(engine->ops->side->once(engine, &once), AL_OK);
	assert_int_equal(put(engine, "person A", "a\xfe", 0), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
}

/* A backup of any engine is read by any. */
static void test_saved_and_adopted(void **state)
{
	struct fixture *f = *state;
	struct ledger_once once = { .hash = { 5 }, .until = 100, .now = 50 };
	char save[96], dir[96], where[ENGINE_WHERE_MAX];
	struct engine *other;
	uint64_t id;

	fill(f->engine);
	(void)snprintf(save, sizeof(save), "%s/save", f->dir);
	(void)snprintf(dir, sizeof(dir), "%s/other", f->dir);
	assert_int_equal(f->engine->ops->side->save(f->engine, save), AL_OK);
	for (size_t i = 0; i < engine_kind_count; i++) {
		assert_int_equal(mkdir(dir, 0700), 0);
		engine_place_make(engine_kinds[i], dir, where);
		assert_int_equal(engine_open(where, true, &other), AL_OK);
		assert_int_equal(ask(other, &(struct ask){ 5, 8, 8, "key=8" }, 9, &id), AL_OK);
		assert_int_equal(other->ops->side->adopt(other, save), AL_OK);
		assert_text(other, "person A", "a\xfe");
		assert_string_equal(status_of(other, 1, AL_OK).reason, "no");
		assert_int_equal(status_of(other, 2, AL_OK).id, 2);
		(void)status_of(other, 8, AL_ENOTFOUND);
		assert_int_equal(ask(other, &(struct ask){ 8, 9, 9, "key=2" }, 1, &id), AL_EDENIED);
		assert_int_equal(ask(other, &(struct ask){ 8, 9, 9, "key=3" }, 1, &id), AL_OK);
		assert_int_equal(id, 3);
		assert_int_equal(other->ops->begin(other), AL_OK);
		assert_int_equal(other->ops->side->once(other, &once), AL_EEXIST);
		other->ops->rollback(other);
		engine_close(other);
		engine_place_drop(engine_kinds[i], where);
		assert_int_equal(rmdir(dir), 0);
	}
	assert_int_equal(f->engine->ops->side->adopt(f->engine, dir), AL_ENOTFOUND);
	assert_int_equal(unlink(save), 0);
}

/* ---- tables that refuse ---- */

static void sql_run(const struct fixture *f, const char *text)
{
	sqlite3 *db;

	if (f->kind != engine_kinds[0]) {
		assert_true(engine_sql(f->where, text));
		return;
	}
	assert_int_equal(sqlite3_open(f->where, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* From now on the store fails at such a statement: "INSERT ON queue". */
static void refuse(const struct fixture *f, const char *what)
{
	const bool file = f->kind == engine_kinds[0];
	char text[300];

	(void)snprintf(text, sizeof(text),
		       file ? "CREATE TRIGGER refusal BEFORE %s BEGIN SELECT RAISE(ABORT, 'refused'); END"
			    : "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
			      "$$ BEGIN RAISE EXCEPTION 'refused'; END $$; "
			      "CREATE TRIGGER refusal BEFORE %s FOR EACH ROW EXECUTE FUNCTION refuse()",
		       what);
	sql_run(f, text);
}

static void allow(const struct fixture *f, const char *what)
{
	char text[100];

	(void)snprintf(text, sizeof(text),
		       f->kind == engine_kinds[0] ? "DROP TRIGGER refusal" : "DROP TRIGGER refusal %s",
		       strstr(what, "ON "));
	sql_run(f, text);
}

enum change { ADD, DROP, FORGET, PUT, REMOVE, ONCE, ENTRY };

/* One of everything, in a transaction of its own. */
static enum al_err change(struct engine *engine, enum change which)
{
	const struct ledger_once once = { .hash = { 9 }, .until = 5000, .now = 4000 };
	const struct ledger_attachment side = { AL_S("person B"), { 2 }, AL_S("b") };
	const uint8_t first[AL_HASH_LEN] = { 1 }, hash[AL_HASH_LEN] = { 2 };
	const struct ledger_asking asking = { 2000, hash, hash, AL_S("label"), AL_S("text"), AL_S("key=1") };
	struct ledger_queued row;
	uint64_t count;
	enum al_err err = engine->ops->begin(engine);

	assert_int_equal(err, AL_OK);
	switch (which) {
	case ADD:
		err = queue_add(engine, &asking, 9, &row);
		break;
	case DROP:
		err = drop(engine, 1, al_slice_of(NULL, 0), LEDGER_QUEUE_DONE_S + 100, AL_S("no"), &count);
		break;
	case FORGET:
		err = queue_forget(engine, first);
		break;
	case PUT:
		err = engine->ops->side->put(engine, &side, 0);
		break;
	case REMOVE:
		err = engine->ops->side->remove(engine, AL_S("person A"));
		break;
	case ONCE:
		err = engine->ops->side->once(engine, &once);
		break;
	case ENTRY:
		err = append(engine, 0);
		if (err == AL_OK)
			err = engine->ops->add_note(engine, 1, AL_S("note"));
		break;
	}
	if (err == AL_OK)
		err = engine->ops->commit(engine);
	if (err != AL_OK)
		engine->ops->rollback(engine);
	return err;
}

static enum al_err count_row(void *arg, const struct engine_row *row)
{
	((unsigned *)arg)[row->table]++;
	return AL_OK;
}

/* A request waits, another was refused long ago; a contact is there, and a control request that is over. */
static void fill_to_change(struct engine *engine)
{
	const struct ledger_once over = { .hash = { 7 }, .until = 3000, .now = 2000 };
	const struct ledger_attachment side = { AL_S("person A"), { 1 }, AL_S("a") };
	uint64_t id, count;

	assert_int_equal(ask(engine, &(struct ask){ 1000, 1, 1, "key=1" }, 9, &id), AL_OK);
	assert_int_equal(ask(engine, &(struct ask){ 1000, 5, 5, "key=1" }, 9, &id), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(drop(engine, id, al_slice_of(NULL, 0), 5, AL_S("no"), &count), AL_OK);
	assert_int_equal(engine->ops->side->put(engine, &side, 0), AL_OK);
	assert_int_equal(engine->ops->side->once(engine, &over), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
}

/* Whichever statement of a change fails: it is AL_EIO, nothing of it was done, and the same works as soon as it can. */
static void test_tables_that_refuse(void **state)
{
	static const struct {
		const char *what;
		enum change change;
	} rows[] = {
		{ "INSERT ON queue", ADD },      { "INSERT ON queue_who", ADD },    { "DELETE ON queue", DROP },
		{ "DELETE ON queue_who", DROP }, { "INSERT ON queue_done", DROP },  { "DELETE ON queue_done", DROP },
		{ "DELETE ON queue", FORGET },   { "DELETE ON queue_who", FORGET }, { "INSERT ON side", PUT },
		{ "DELETE ON side", REMOVE },    { "INSERT ON control", ONCE },     { "DELETE ON control", ONCE },
		{ "INSERT ON entry", ENTRY },    { "INSERT ON checkpoint", ENTRY },
	};
	struct fixture *f = *state;

	fill_to_change(f->engine);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		unsigned before[ENGINE_TABLES] = { 0 }, after[ENGINE_TABLES] = { 0 };

		assert_int_equal(f->engine->ops->side->each(f->engine, count_row, before), AL_OK);
		refuse(f, rows[i].what);
		assert_int_equal(change(f->engine, rows[i].change), AL_EIO);
		allow(f, rows[i].what);
		assert_int_equal(f->engine->ops->side->each(f->engine, count_row, after), AL_OK);
		assert_memory_equal(before, after, sizeof(before));
		assert_int_equal(size_of(f->engine), 0);
	}
	for (enum change which = ADD; which <= ENTRY; which++)
		assert_int_equal(change(f->engine, which), AL_OK);
	assert_int_equal(size_of(f->engine), 1);
	assert_int_equal(waiting(f->engine), 1);
}

/* ---- which one ---- */

static void test_which_engine(void **state)
{
	struct engine *engine = NULL;

	(void)state;
	assert_true(engine_is_path("ledger.db") && engine_is_path("/srv/a:b/ledger.db"));
	assert_false(engine_is_path("postgresql://db.example.net/alamo"));
	assert_int_equal(engine_open("mysql://db.example.net/alamo", true, &engine), AL_EUNSUPPORTED);
	assert_int_equal(engine_open("postgresqlx:///alamo", false, &engine), AL_EUNSUPPORTED);
	assert_null(engine);
}

static void test_labels(void **state)
{
	static const char *const rows[][2] = {
		{ "/srv/a@b?/ledger.db", "/srv/a@b?/ledger.db" },
		{ "postgresql://u:pw@h1:5432,h2/alamo?password=x", "postgresql://h1:5432,h2/alamo" },
		{ "postgresql:///alamo?user=a@b&password=x", "postgresql:///alamo" },
		{ "postgresql://h", "postgresql://h" },
		{ "x://", "x://" },
	};
	char label[ENGINE_LABEL_MAX];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		assert_string_equal(engine_label(rows[i][0], label), rows[i][1]);
}

#define EACH(name)                                 \
	{                                          \
#name, name, setup, teardown, NULL \
	}

int main(void)
{
	static const struct CMUnitTest of_each[] = {
		EACH(test_compare_and_set),
		EACH(test_rollback),
		EACH(test_after_reopening),
		EACH(test_what_is_read),
		EACH(test_created_once),
		EACH(test_discarded),
		EACH(test_each_has_a_share),
		EACH(test_all_have_a_bound),
		EACH(test_refused_with_a_reason),
		EACH(test_refused_all_at_once),
		EACH(test_so_many_refusals),
		EACH(test_waits_for_so_long),
		EACH(test_texts_of_a_batch),
		EACH(test_without_room_for_it),
		EACH(test_erased),
		EACH(test_taken_once),
		EACH(test_saved_and_adopted),
		EACH(test_tables_that_refuse),
	};
	const struct CMUnitTest once[] = { cmocka_unit_test(test_which_engine), cmocka_unit_test(test_labels) };
	int failed = cmocka_run_group_tests_name("once", once, NULL, NULL);

	for (size_t kind = 0; kind < engine_kind_count; kind++) {
		struct CMUnitTest tests[AL_COUNT(of_each)];

		memcpy(tests, of_each, sizeof(tests));
		for (size_t i = 0; i < AL_COUNT(tests); i++)
			tests[i].initial_state = (void *)(uintptr_t)engine_kinds[kind];
		failed += cmocka_run_group_tests_name(engine_kinds[kind], tests, NULL, NULL);
	}
	engines_stop();
	return failed;
}
