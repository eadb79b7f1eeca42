/* SPDX-License-Identifier: MIT */
/* queue_bench.h -- the rig's ledger, and what is asked of its queue. For tests only. */
#ifndef TESTS_QUEUE_BENCH_H
#define TESTS_QUEUE_BENCH_H

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

static inline void change_tables(const struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->rig.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The rig's ledger once more, where requests wait for so long. */
static inline void reopen(struct fixture *f, const char *sql)
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

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	clock_date_ahead_s = 0;
	registry_rig_start(&f->rig);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	registry_rig_stop(&f->rig);
	clock_date_ahead_s = 0;
	free(f);
	return 0;
}

static inline void on_side(void *arg, enum al_err err, const struct ledger_side_result *result)
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

static inline enum al_err answer_of(struct fixture *f, enum al_err queued)
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

static inline enum al_err add_queue(struct fixture *f, const struct ask *ask)
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

static inline enum al_err add(struct fixture *f, uint8_t number, uint64_t time)
{
	return answer_of(f, add_queue(f, &(struct ask){ .number = number, .time = time }));
}

static inline enum al_err list(struct fixture *f)
{
	return answer_of(f, ledger_queue_list(f->rig.ledger, on_side, f));
}

static inline enum al_err status(struct fixture *f, uint8_t number)
{
	const uint8_t hash[AL_HASH_LEN] = { number };

	return answer_of(f, ledger_queue_status(f->rig.ledger, hash, on_side, f));
}

struct order {
	struct fixture *f;
	size_t entries, at;      /* entries that were answered: by now, and before the look */
	enum al_err err, looked; /* of the last of them, and of the look */
};

static inline void on_entry(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct order *order = arg;

	(void)receipt;
	order->entries++;
	order->err = err;
	al_loop_stop(order->f->rig.loop);
}

static inline void on_look(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct order *order = arg;

	on_side(order->f, err, result);
	order->at = order->entries;
	order->looked = err;
}

/* Holds the writer at an entry. */
static inline void hold(struct fixture *f, struct order *order)
{
	unsigned signs = f->rig.signs;

	*order = (struct order){ .f = f };
	f->rig.holding = true;
	assert_int_equal(ledger_append(f->rig.ledger, 1, AL_S("entry"), on_entry, order), AL_OK);
	while (f->rig.signs == signs)
		(void)usleep(1000); /* until it has all that it takes */
}

#endif
