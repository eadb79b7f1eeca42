/* SPDX-License-Identifier: MIT */
/*
 * queue.c -- what waits for the hostmaster: see queue.h.
 */
#include "queue.h"

#include <string.h>

#include "alamo/net/metrics.h"

/* ---- looking ---- */

enum al_err queue_find(struct engine *engine, const uint8_t hash[static AL_HASH_LEN], struct ledger_queued *row,
		       struct al_buf *text)
{
	enum al_err err = engine->ops->queue->row(engine, ENGINE_HASH, hash, row);

	return err == AL_OK ? engine->ops->queue->get(engine, row->id, row, text) : err;
}

enum al_err queue_status(struct engine *engine, const uint8_t hash[static AL_HASH_LEN],
			 struct ledger_queue_status *status)
{
	struct ledger_queued row;
	enum al_err err = engine->ops->queue->row(engine, ENGINE_HASH, hash, &row);

	*status = (struct ledger_queue_status){ .waiting = err == AL_OK };
	if (err == AL_OK) {
		status->id = row.id;
		status->time = row.time;
	}
	return err == AL_ENOTFOUND ? engine->ops->queue->refusal(engine, hash, &status->time, status->reason) : err;
}

enum al_err queue_list(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count, uint64_t *total)
{
	uint64_t bytes;
	enum al_err err = engine->ops->queue->sums(engine, al_slice_of(NULL, 0), total, &bytes);

	*count = 0;
	return err == AL_OK ? engine->ops->queue->list(engine, rows, cap, count) : err;
}

/* ---- adding ---- */

/* Is there room for so much more, of everybody's and of each one's share? */
static enum al_err room(struct engine *engine, const struct ledger_asking *asking, uint64_t share)
{
	struct al_slice rest = asking->who, who;
	uint64_t rows, bytes;
	enum al_err err = engine->ops->queue->sums(engine, al_slice_of(NULL, 0), &rows, &bytes);

	if (err == AL_OK && (rows >= LEDGER_QUEUE_ROWS || bytes + asking->text.len > LEDGER_QUEUE_BYTES))
		err = AL_ELIMIT;
	while (err == AL_OK && al_slice_word(&rest, "", &who)) {
		uint64_t most = al_slice_starts(who, "network=") ? share * LEDGER_QUEUE_NETWORK : share;

		err = engine->ops->queue->sums(engine, who, &rows, &bytes);
		if (err == AL_OK && (rows >= most || bytes + asking->text.len > most * LEDGER_QUEUE_ROW_BYTES))
			err = AL_EDENIED;
	}
	return err;
}

static enum al_err insert(struct engine *engine, const struct ledger_asking *asking, uint64_t *id)
{
	struct al_slice rest = asking->who, who;
	enum al_err err = engine->ops->queue->insert(engine, asking, id);

	while (err == AL_OK && al_slice_word(&rest, "", &who))
		err = engine->ops->queue->count(engine, who, *id, asking->text.len);
	return err;
}

enum al_err queue_add(struct engine *engine, const struct ledger_asking *asking, uint64_t share,
		      struct ledger_queued *row)
{
	enum al_err err = engine->ops->queue->row(engine, ENGINE_HASH, asking->hash, row);

	if (err == AL_ENOTFOUND)
		err = engine->ops->queue->row(engine, ENGINE_SAME, asking->same, row);
	if (err != AL_ENOTFOUND)
		return err;
	err = room(engine, asking, share);
	if (err == AL_OK)
		err = insert(engine, asking, &row->id);
	memcpy(row->hash, asking->hash, AL_HASH_LEN);
	return err;
}

/* ---- taking away ---- */

static enum al_err refuse(struct engine *engine, const struct engine_rows *which, const struct engine_refusal *refusal,
			  uint64_t *count)
{
	uint64_t before = refusal->time > LEDGER_QUEUE_DONE_S ? refusal->time - LEDGER_QUEUE_DONE_S : 0;
	enum al_err err = engine->ops->queue->remove(engine, which, refusal, count);

	/* What was refused long ago, or before very many others, is forgotten. */
	return err == AL_OK ? engine->ops->queue->trim(engine, before, LEDGER_QUEUE_DONE) : err;
}

enum al_err queue_drop(struct engine *engine, uint64_t id, struct al_slice who, const struct engine_refusal *refusal,
		       uint64_t *count)
{
	struct engine_rows which = { .by = who.len == 0 ? ENGINE_ID : ENGINE_WHO, .number = id, .who = who };

	if (al_slice_starts(who, "from=")) {
		which.by = ENGINE_SENDER;
		if (al_slice_u64(al_slice_from(who, sizeof("from=") - 1), INT64_MAX, &which.number) != AL_OK)
			return AL_ENOTFOUND;
	}
	return refuse(engine, &which, refusal, count);
}

enum al_err queue_expire(struct engine *engine, uint64_t before, uint64_t now, uint64_t *count)
{
	const struct engine_rows which = { .by = ENGINE_BEFORE, .number = before };
	const struct engine_refusal refusal = { now, AL_S("nobody has decided in time") };
	enum al_err err = refuse(engine, &which, &refusal, count);

	return err == AL_ENOTFOUND ? AL_OK : err;
}

enum al_err queue_forget(struct engine *engine, const uint8_t hash[static AL_HASH_LEN])
{
	const struct engine_rows which = { .by = ENGINE_HASH, .hash = hash };
	uint64_t count;
	enum al_err err = engine->ops->queue->remove(engine, &which, NULL, &count);

	return err == AL_ENOTFOUND ? AL_OK : err;
}

/* ---- watched ---- */

static struct al_metric waiting = { .name = "alamo_registry_queue_waiting",
				    .help = "Requests that wait for the hostmaster now",
				    .gauge = true };
static struct al_metric oldest = { .name = "alamo_registry_queue_oldest_seconds",
				   .help = "Unix time since which the oldest of them waits; 0: none does",
				   .gauge = true };

/* What cannot be found out is no reason to stop: the next look will. */
void queue_look(struct engine *engine)
{
	struct ledger_queued first;
	uint64_t rows;
	size_t count;

	al_metric_add(&waiting);
	al_metric_add(&oldest);
	if (queue_list(engine, &first, 1, &count, &rows) != AL_OK)
		return;
	al_metric_set(&waiting, rows);
	al_metric_set(&oldest, count > 0 ? first.time : 0);
}
