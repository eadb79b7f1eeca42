/* SPDX-License-Identifier: MIT */
/*
 * test_engine_tables.c -- what every engine promises of the tables that may forget, run once for each; and which one a text
 * chooses.
 */
#include "engine_bench.h"

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

int main(void)
{
	static const struct CMUnitTest of_each[] = {
		EACH(test_texts_of_a_batch), EACH(test_without_room_for_it), EACH(test_erased),
		EACH(test_taken_once),       EACH(test_saved_and_adopted),   EACH(test_tables_that_refuse),
	};
	const struct CMUnitTest once[] = { cmocka_unit_test(test_which_engine), cmocka_unit_test(test_labels) };
	int failed = cmocka_run_group_tests_name("once", once, NULL, NULL);

	return failed + each_kind(of_each, AL_COUNT(of_each));
}
