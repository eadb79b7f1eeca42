/* SPDX-License-Identifier: MIT */
/*
 * test_queue.c -- what the ledger does with what is kept beside the log when it is old, too long, too much, or cannot be
 * stored: the bounds of the calls, and a file whose tables refuse what is written to them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "registry_rig.h"

#include "../clock.h"
#include "../metric.h"
#include "../locks.h"
#include "../said.h"

#include "clock_guard.h"
#include "ledger/ledger_side.h"
#include "sign/signer.h"

#define DAY 86400u
#define TEXT_MOST (1u << 20) /* bytes of what is queued */

struct fixture {
	struct registry_rig rig; /* whose ledger it is */
	uint64_t age_s;
	size_t answers;
	/* what the last one answered */
	enum al_err err;
	uint64_t id, total, dropped;
	struct ledger_queue_status status;
	char label[LEDGER_LABEL_MAX];
	struct said said;
};

static void change_tables(const struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->rig.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The rig's ledger once more, where requests wait for so long. */
static void reopen(struct fixture *f, const char *sql)
{
	struct ledger_opts opts = { .path = f->rig.path,
				    .key = &f->rig.key.pub,
				    .signer = signer_local(&f->rig.key),
				    .queue = { .share = 1000, .age_s = f->age_s } };

	ledger_close(f->rig.ledger);
	if (sql != NULL)
		change_tables(f, sql);
	assert_int_equal(ledger_open(&opts, &f->rig.ledger), AL_OK);
	assert_int_equal(ledger_start(f->rig.ledger, f->rig.loop, NULL, NULL), AL_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	clock_date_ahead_s = 0;
	registry_rig_start(&f->rig);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	registry_rig_stop(&f->rig);
	clock_date_ahead_s = 0;
	free(f);
	return 0;
}

static void on_side(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct fixture *f = arg;

	f->answers++;
	f->err = err;
	if (err == AL_OK) {
		f->id = result->queued.id;
		f->total = result->total;
		f->dropped = result->dropped;
		f->status = result->status;
		if (result->row_count > 0)
			(void)strcpy(f->label, result->rows[0].label);
	}
	al_loop_stop(f->rig.loop);
}

static enum al_err answer_of(struct fixture *f, enum al_err queued)
{
	size_t before = f->answers;

	assert_int_equal(queued, AL_OK);
	while (f->answers == before)
		al_loop_run(f->rig.loop);
	return f->err;
}

struct ask {
	uint8_t number;
	uint64_t time;
	const char *label, *who;
	size_t len; /* of the text; 0: few bytes */
};

static enum al_err add_queue(struct fixture *f, const struct ask *ask)
{
	uint8_t hash[AL_HASH_LEN] = { ask->number };
	size_t len = ask->len > 0 ? ask->len : 10;
	char *text = malloc(len);
	const struct ledger_asking asking = { ask->time,
					      hash,
					      hash,
					      al_slice_str(ask->label != NULL ? ask->label : "x"),
					      al_slice_of(text, len),
					      al_slice_str(ask->who != NULL ? ask->who : "key=1") };
	enum al_err err;

	assert_non_null(text);
	memset(text, 'x', len);
	err = ledger_queue_add(f->rig.ledger, &asking, on_side, f);
	free(text);
	return err;
}

static enum al_err add(struct fixture *f, uint8_t number, uint64_t time)
{
	return answer_of(f, add_queue(f, &(struct ask){ .number = number, .time = time }));
}

static enum al_err list(struct fixture *f)
{
	return answer_of(f, ledger_queue_list(f->rig.ledger, on_side, f));
}

static enum al_err status(struct fixture *f, uint8_t number)
{
	const uint8_t hash[AL_HASH_LEN] = { number };

	return answer_of(f, ledger_queue_status(f->rig.ledger, hash, on_side, f));
}

/* ---- old ---- */

/* What nobody has decided about goes with the next look, and who asks is told why. */
static void it_waits_for_so_long(void **state)
{
	struct fixture *f = *state;
	uint64_t now = al_now_s();

	f->age_s = 30 * DAY;
	reopen(f, NULL);
	said_begin(&f->said);
	assert_int_equal(add(f, 1, now - 30 * DAY - 100), AL_OK);
	assert_int_equal(add(f, 2, now - 30 * DAY + 1000), AL_OK);
	assert_int_equal(add(f, 3, now), AL_OK);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 3);
	assert_int_equal(status(f, 3), AL_OK);
	assert_true(f->status.waiting && f->status.id == 3 && f->status.time == now);
	assert_int_equal(list(f), AL_OK); /* it was looked a moment ago, and is not looked each time */
	assert_int_equal(f->total, 3);
	does_not_say(said_end(&f->said), "queue-expired");
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), now - 30 * DAY - 100);
	said_begin(&f->said);
	clock_date_ahead_s = 60;
	assert_int_equal(list(f), AL_OK);
	says(said_end(&f->said), "event=queue-expired requests=1\n");
	assert_int_equal(f->total, 2);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 2);
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), now - 30 * DAY + 1000);
	assert_int_equal(status(f, 1), AL_OK);
	assert_false(f->status.waiting);
	assert_string_equal(f->status.reason, "nobody has decided in time");
	assert_true(f->status.time >= now + 60 && f->status.time < now + 60 + DAY);
	said_begin(&f->said);
	clock_date_ahead_s = 2000;
	assert_int_equal(status(f, 2), AL_OK);
	assert_false(f->status.waiting);
	assert_int_equal(status(f, 3), AL_OK);
	assert_true(f->status.waiting);
	says(said_end(&f->said), "event=queue-expired requests=1\n");
}

static void for_ever(void **state)
{
	struct fixture *f = *state;

	f->age_s = 0;
	reopen(f, NULL);
	assert_int_equal(add(f, 1, 1), AL_OK);
	clock_date_ahead_s = 61;
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 1);
}

/* By a clock that has jumped nothing is old. */
static void not_by_a_wrong_clock(void **state)
{
	struct fixture *f = *state;
	uint64_t now = al_now_s();

	f->age_s = 30 * DAY;
	reopen(f, NULL);
	clock_guard_bound(3600);
	assert_int_equal(add(f, 1, now), AL_OK);
	clock_date_ahead_s = 40 * DAY;
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 1);
	clock_guard_bound(0);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 0);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 0);
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), 0);
}

/* ---- too long ---- */

static void too_long(void **state)
{
	struct fixture *f = *state;
	char much[LEDGER_WHO_MAX + 1];

	memset(much, 'o', sizeof(much));
	much[LEDGER_WHO_MAX] = '\0';
	reopen(f, NULL);
	assert_int_equal(
		answer_of(f, ledger_side_get(f->rig.ledger, al_slice_of(much, LEDGER_OBJECT_MAX - 1), on_side, f)),
		AL_ENOTFOUND);
	assert_int_equal(ledger_side_get(f->rig.ledger, al_slice_of(much, LEDGER_OBJECT_MAX), on_side, f), AL_EINVAL);
	assert_int_equal(
		ledger_queue_drop_all(f->rig.ledger, al_slice_of(much, LEDGER_WHO_MAX), AL_S("no"), NULL, on_side, f),
		AL_EINVAL);
	assert_int_equal(answer_of(f, ledger_queue_drop_all(f->rig.ledger, al_slice_of(much, LEDGER_WHO_MAX - 1),
							    AL_S("no"), NULL, on_side, f)),
			 AL_ENOTFOUND);
	assert_int_equal(ledger_queue_drop_all(f->rig.ledger, AL_S(""), AL_S("no"), NULL, on_side, f), AL_EINVAL);
	assert_int_not_equal(add_queue(f, &(struct ask){ .who = much }), AL_OK);
	assert_int_equal(add_queue(f, &(struct ask){ .len = TEXT_MOST + 1 }), AL_ELIMIT);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 0);
	much[LEDGER_WHO_MAX - 1] = '\0';
	assert_int_equal(answer_of(f, add_queue(f, &(struct ask){ .len = TEXT_MOST, .who = much })), AL_OK);
}

/* Labels and reasons are for people: what is too long is cut. */
static void cut(void **state)
{
	struct fixture *f = *state;
	char much[LEDGER_REASON_MAX + 1];

	memset(much, 'l', sizeof(much));
	much[LEDGER_REASON_MAX] = '\0';
	reopen(f, NULL);
	assert_int_equal(answer_of(f, add_queue(f, &(struct ask){ .number = 1, .label = much })), AL_OK);
	assert_int_equal(f->id, 1);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(strlen(f->label), LEDGER_LABEL_MAX - 1);
	assert_int_equal(answer_of(f, ledger_queue_drop(f->rig.ledger, 1, al_slice_str(much), NULL, on_side, f)),
			 AL_OK);
	assert_int_equal(f->dropped, 1);
	assert_int_equal(status(f, 1), AL_OK);
	assert_int_equal(strlen(f->status.reason), LEDGER_REASON_MAX - 1);
}

/* ---- too much ---- */

/* While a commit takes long: so many calls wait, and not one more. All that were taken are answered. */
static void so_many_wait(void **state)
{
	struct fixture *f = *state;
	unsigned signs = f->rig.signs;
	size_t taken;

	f->rig.holding = true;
	assert_int_equal(ledger_append(f->rig.ledger, 1, AL_S("entry"), NULL, NULL), AL_OK);
	while (f->rig.signs == signs)
		(void)usleep(1000); /* until the writer has all that it takes */
	for (taken = 0; taken < 1000 && ledger_queue_list(f->rig.ledger, on_side, f) == AL_OK; taken++)
		;
	assert_int_equal(taken, 256);
	assert_int_equal(ledger_queue_list(f->rig.ledger, on_side, f), AL_EAGAIN);
	f->rig.holding = false;
	while (f->answers < taken)
		al_loop_run(f->rig.loop);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->answers, taken + 1);
}

/* ---- beside entries ---- */

struct order {
	struct fixture *f;
	size_t entries, at;      /* entries that were answered: by now, and before the look */
	enum al_err err, looked; /* of the last of them, and of the look */
};

static void on_entry(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct order *order = arg;

	(void)receipt;
	order->entries++;
	order->err = err;
	al_loop_stop(order->f->rig.loop);
}

static void on_look(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct order *order = arg;

	on_side(order->f, err, result);
	order->at = order->entries;
	order->looked = err;
}

/* Holds the writer at an entry. */
static void hold(struct fixture *f, struct order *order)
{
	unsigned signs = f->rig.signs;

	*order = (struct order){ .f = f };
	f->rig.holding = true;
	assert_int_equal(ledger_append(f->rig.ledger, 1, AL_S("entry"), on_entry, order), AL_OK);
	while (f->rig.signs == signs)
		(void)usleep(1000); /* until it has all that it takes */
}

/* Who looks waits for the entries before him, and not for those behind. */
static void in_its_turn(void **state)
{
	struct fixture *f = *state;
	struct order order;

	hold(f, &order);
	for (uint64_t i = 2; i < 2 + 1000 + 500; i++) {
		assert_int_equal(ledger_append(f->rig.ledger, i, AL_S("entry"), on_entry, &order), AL_OK);
		if (i == 2 + 1000 - 1) /* as many as one commit has */
			assert_int_equal(ledger_queue_list(f->rig.ledger, on_look, &order), AL_OK);
	}
	f->rig.holding = false;
	while (order.entries < 1 + 1000 + 500)
		al_loop_run(f->rig.loop);
	assert_int_equal(f->answers, 1);
	assert_int_equal(order.at, 1 + 1000);
}

/* Behind entries that were not stored there is nothing to wait for. */
static void behind_what_failed(void **state)
{
	struct fixture *f = *state;
	struct order order;

	hold(f, &order);
	f->rig.failing = true;
	assert_int_equal(ledger_append(f->rig.ledger, 2, AL_S("entry"), on_entry, &order), AL_OK);
	said_begin(&f->said);
	assert_int_equal(ledger_queue_list(f->rig.ledger, on_look, &order), AL_OK);
	f->rig.holding = false;
	while (f->answers == 0)
		al_loop_run(f->rig.loop);
	says(said_end(&f->said), "event=ledger-commit first=1 ");
	assert_int_equal(f->err, AL_OK);
	assert_int_equal(order.at, 2);
	assert_int_equal(order.err, AL_ESTALE);
}

/* ---- it cannot be stored ---- */

static const struct {
	const char *what; /* SQLite does that it refuses */
	int number;
} refusals[] = {
	{ "INSERT ON queue", 0 },     { "INSERT ON queue_who", 0 },  { "DELETE ON queue", 1 },
	{ "DELETE ON queue_who", 1 }, { "INSERT ON queue_done", 1 }, { "DELETE ON queue_done", 1 },
	{ "DELETE ON side", 2 },      { "INSERT ON control", 2 },    { "DELETE ON control", 2 },
};

static enum al_err change(struct fixture *f, int number)
{
	struct ledger_once once = { .hash = { 8 }, .until = 5000, .now = 4000 };

	if (number == 0)
		return add(f, 2, 2000);
	if (number == 1)
		return answer_of(f, ledger_queue_drop(f->rig.ledger, 1, AL_S("no"), NULL, on_side, f));
	return answer_of(f, ledger_side_erase(f->rig.ledger, AL_S("person A"), &once, on_side, f));
}

/* One request waits, one was refused years ago, a contact is there, and a control request that is long over. */
static const char filled[] =
	"DELETE FROM queue; DELETE FROM queue_who; DELETE FROM queue_done; DELETE FROM side; DELETE FROM control;"
	"INSERT INTO queue (id, time, hash, label, text) VALUES (1, 1000, zeroblob(32), 'x', x'61');"
	"INSERT INTO queue_who VALUES ('key=1', 1, 1);"
	"INSERT INTO queue_done VALUES (randomblob(32), 5, 'no');"
	"INSERT INTO side (object, hash, text, idx) VALUES ('person A', zeroblob(32), x'61', 0);"
	"INSERT INTO control VALUES (zeroblob(32), 3000);";

static int rows_of(const struct fixture *f)
{
	static const char query[] =
		"SELECT (SELECT count(*) FROM queue) * 1000 + (SELECT count(*) FROM queue_who) * 100"
		" + (SELECT count(*) FROM side) * 10 + (SELECT count(*) FROM control)";
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int rows;

	assert_int_equal(sqlite3_open(f->rig.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	rows = sqlite3_column_int(stmt, 0);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return rows;
}

/* What waited before the start is counted from the start on. */
static void counted_at_the_start(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(metric("alamo_registry_queue_waiting"), 0);
	reopen(f, filled);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 1);
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), 1000);
}

/* What was asked in the same turn is told the same, though it had its answer. */
static void all_are_told(void **state)
{
	struct fixture *f = *state;
	struct order order;

	change_tables(f, "CREATE TRIGGER refusal BEFORE INSERT ON queue BEGIN SELECT RAISE(ABORT, 'refused'); END;");
	hold(f, &order);
	assert_int_equal(ledger_queue_list(f->rig.ledger, on_look, &order), AL_OK);
	assert_int_equal(add_queue(f, &(struct ask){ .number = 1 }), AL_OK);
	said_begin(&f->said);
	f->rig.holding = false;
	while (f->answers < 2)
		al_loop_run(f->rig.loop);
	says(said_end(&f->said), "event=ledger-side err=storage-failed\n");
	assert_int_equal(order.looked, AL_EIO);
	assert_int_equal(f->err, AL_EIO);
}

/* Whichever statement fails, nothing was done, and all that were asked in this turn are told so. */
static void all_or_nothing(void **state)
{
	struct fixture *f = *state;
	char sql[2000];

	for (size_t i = 0; i < AL_COUNT(refusals); i++) {
		(void)snprintf(sql, sizeof(sql),
			       "%s CREATE TRIGGER refusal BEFORE %s BEGIN SELECT RAISE(ABORT, 'refused'); END;", filled,
			       refusals[i].what);
		reopen(f, sql);
		said_begin(&f->said);
		assert_int_equal(change(f, refusals[i].number), AL_EIO);
		says(said_end(&f->said), "event=ledger-side err=storage-failed\n");
		assert_int_equal(list(f), AL_OK);
		assert_int_equal(f->total, 1);
		reopen(f, "DROP TRIGGER refusal;");
		ledger_close(f->rig.ledger);
		f->rig.ledger = NULL;
		assert_int_equal(rows_of(f), 1111);
		reopen(f, NULL);
		assert_int_equal(change(f, refusals[i].number), AL_OK);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counted_at_the_start),
		TEST(it_waits_for_so_long),
		TEST(for_ever),
		TEST(not_by_a_wrong_clock),
		TEST(too_long),
		TEST(cut),
		TEST(so_many_wait),
		TEST(all_or_nothing),
		TEST(in_its_turn),
		TEST(behind_what_failed),
		TEST(all_are_told),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
