/* SPDX-License-Identifier: MIT */
/* publish_bench.h -- a ledger, a service around it, and the folder with the published log, by steps. For tests only. */
#ifndef TESTS_PUBLISH_BENCH_H
#define TESTS_PUBLISH_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../guard.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "../folder.h"
#include "../metric.h"
#include "../said.h"
#include "../common/loopback.h"

#include "alamo/tlog/note_file.h"
#include "alamo/tlog/tile_dir.h"
#include "alamo/tlog/witness.h"
#include "ledger/publish.h"
#include "sign/signer.h"

#define TICK_MS 5
#define INTERVAL_MS 200

struct bench;
/* True: on to the next one. */
typedef bool (*step_fn)(struct bench *bench);

struct bench {
	char dir[40], path[96];
	struct al_skey key;
	const char *ledger_name, *word; /* of the file and of the entries that are made */
	const step_fn *steps;           /* NULL behind the last: the service ends */
	unsigned ticks;
	uint64_t size; /* entries that were appended */
	uint64_t durable;
	bool deaf; /* publish is not told of commits */
	enum al_err began;
	struct al_service *service;
	struct ledger *ledger;
	struct publish *publish;
	struct al_timer *tick;
	struct al_buf old; /* a note that was kept */
	/* while it is asked over HTTP */
	struct al_http *http;
	int asking;
	char answer[4096];
	size_t answered; /* bytes */
	/* while it is busy */
	uint64_t began_ms, ended_ms, shown;
	unsigned changes; /* of what is published */
	struct said said;
};

static struct bench *the_bench; /* a service's start() knows nothing else */

static const char *path_of(struct bench *bench, const char *name)
{
	(void)snprintf(bench->path, sizeof(bench->path), "%s/%s", bench->dir, name);
	return bench->path;
}

/* ---- the service ---- */

static inline void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct bench *bench = arg;

	bench->durable = batch->checkpoint.size;
	if (!bench->deaf)
		publish_commit(bench->publish);
}

static inline void on_tick(void *arg)
{
	struct bench *bench = arg;

	while (*bench->steps != NULL && (*bench->steps)(bench)) {
		bench->steps++;
		bench->ticks = 0;
	}
	if (*bench->steps == NULL)
		al_loop_stop(al_service_loop(bench->service));
	else if (++bench->ticks > GUARD_S * 1000 / TICK_MS)
		fail_msg("nothing happened");
	else
		al_timer_set(bench->tick, TICK_MS);
}

static inline enum al_err service_start(struct al_service *service, void **self)
{
	struct bench *bench = the_bench;
	struct ledger_opts opts = { .key = &bench->key.pub, .signer = signer_local(&bench->key) };
	char path[96];

	*self = bench;
	bench->service = service;
	(void)strcpy(path, path_of(bench, bench->ledger_name));
	opts.path = path;
	opts.create = access(path, F_OK) != 0;
	assert_int_equal(ledger_open(&opts, &bench->ledger), AL_OK);
	bench->size = bench->durable = ledger_head(bench->ledger, NULL).size;
	assert_int_equal(ledger_start(bench->ledger, al_service_loop(service), on_commit, bench), AL_OK);
	bench->began = publish_new(service, bench->ledger, &bench->key.pub, &bench->publish);
	if (bench->began != AL_OK)
		return bench->began;
	assert_int_equal(al_timer_new(al_service_loop(service), on_tick, bench, &bench->tick), AL_OK);
	al_timer_set(bench->tick, 0);
	al_service_ready(service);
	return AL_OK;
}

static inline void service_stop(void *self)
{
	struct bench *bench = self;

	al_timer_free(bench->tick);
	al_http_free(bench->http);
	bench->http = NULL;
	ledger_close(bench->ledger);
	publish_free(bench->publish);
	bench->tick = NULL;
	bench->ledger = NULL;
	bench->publish = NULL;
}

/* Its exit code, when all steps were taken or it ended before; `said` has what it wrote to its log. */
static inline int serve(struct bench *bench, const step_fn *steps)
{
	static const struct al_service_def def = {
		.name = "alamo-registryd", .start = service_start, .stop = service_stop, .section = "registry"
	};
	char program[] = "alamo-registryd", c[] = "-c", conf[96], *argv[] = { program, c, conf, NULL };
	int code;

	(void)strcpy(conf, path_of(bench, "alamo.conf"));
	bench->steps = steps;
	bench->ticks = 0;
	said_begin(&bench->said);
	code = al_service_main(3, argv, &def);
	(void)said_end(&bench->said);
	return code;
}

static inline bool has_said(const struct bench *bench, const char *what)
{
	return strstr(bench->said.text, what) != NULL;
}

static inline void conf_write(struct bench *bench, const char *folder)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "[registry]\npublish = %s\n", folder);
	assert_int_equal(al_note_save(path_of(bench, "alamo.conf"), al_slice_str(text), false), AL_OK);
}

static inline int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	the_bench = bench;
	(void)strcpy(bench->dir, "/tmp/test_publish.XXXXXX");
	assert_non_null(mkdtemp(bench->dir));
	bench->ledger_name = "ledger.db";
	bench->word = "entry";
	al_buf_init(&bench->old, AL_NOTE_MAX);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &bench->key), AL_OK);
	conf_write(bench, "public");
	*state = bench;
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *bench = *state;

	(void)folder_remove(bench->dir);
	al_buf_release(&bench->old);
	free(bench);
	return 0;
}

/* ---- steps ---- */

static inline void append(struct bench *bench, uint64_t count)
{
	char text[64];

	for (uint64_t i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), "%s number %llu", bench->word, (unsigned long long)bench->size);
		assert_int_equal(ledger_append(bench->ledger, bench->size, al_slice_str(text), NULL, NULL), AL_OK);
		bench->size++;
	}
}

static inline bool one_more(struct bench *bench)
{
	append(bench, 1);
	return true;
}

static inline bool three_more(struct bench *bench)
{
	append(bench, 3);
	return true;
}

static inline bool thousands_more(struct bench *bench)
{
	append(bench, 9000);
	return true;
}

static inline bool is_durable(struct bench *bench)
{
	return bench->durable == bench->size;
}

/* What is published is all that there is: told, and in the files. */
static inline bool is_published(struct bench *bench)
{
	struct al_checkpoint head = ledger_head(bench->ledger, NULL), cp;

	if (publish_head(bench->publish).size != bench->size)
		return false;
	assert_int_equal(al_tile_dir_verify(path_of(bench, "public"), &bench->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, bench->size);
	assert_true(al_hash_eq(&cp.root, &head.root));
	return true;
}

/* The date of the published checkpoint, which is of all entries. */
static inline bool is_dated(struct bench *bench)
{
	const struct al_vkey dating = al_vkey_dating(&bench->key.pub);
	struct al_checkpoint cp;
	struct al_buf note;
	uint64_t time;
	bool dated;

	al_buf_init(&note, AL_NOTE_MAX);
	assert_int_equal(al_tile_dir_note(path_of(bench, "public"), &note), AL_OK);
	assert_int_equal(al_checkpoint_open(al_buf_view(&note), &bench->key.pub, &cp), AL_OK);
	dated = al_cosigned(al_buf_view(&note), &dating, &time) == AL_OK;
	al_buf_release(&note);
	return dated && cp.size == bench->size && publish_head(bench->publish).size == bench->size;
}

static inline void on_dated(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct bench *bench = arg;

	assert_int_equal(err, AL_OK);
	al_buf_reset(&bench->old);
	al_buf_slice(&bench->old, batch->note);
	publish_dated(bench->publish, batch->checkpoint.size, batch->note);
}

static inline bool date_it(struct bench *bench)
{
	assert_int_equal(ledger_date(bench->ledger, on_dated, bench), AL_OK);
	return true;
}

static inline bool date_has_come(struct bench *bench)
{
	return bench->old.len > 0;
}

static inline bool hear_nothing(struct bench *bench)
{
	bench->deaf = true;
	return true;
}

static inline bool hear_again(struct bench *bench)
{
	bench->deaf = false;
	return true;
}

/* The note from before, with its date, comes once more. */
static inline bool old_date(struct bench *bench)
{
	publish_dated(bench->publish, bench->size - 1, al_buf_view(&bench->old));
	return true;
}

/* For some time an entry follows the other, each in a commit of its own. */
static inline bool busy(struct bench *bench)
{
	uint64_t size = publish_head(bench->publish).size;

	if (bench->began_ms == 0)
		bench->began_ms = al_now_ms();
	bench->ended_ms = al_now_ms();
	bench->changes += size != bench->shown;
	bench->shown = size;
	if (bench->durable == bench->size)
		append(bench, 1);
	return bench->size >= 150;
}

static inline bool ask_for_it(struct bench *bench)
{
	uint16_t port;

	al_http_free(bench->http);
	assert_int_equal(al_http_new(al_service_loop(bench->service), &bench->http), AL_OK);
	assert_int_equal(publish_routes(bench->publish, bench->http), AL_OK);
	assert_int_equal(al_http_listen(bench->http, AL_S("127.0.0.1"), 0, &port), AL_OK);
	bench->asking = client_connect(port);
	client_say(bench->asking, "GET /checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	bench->answered = 0;
	return true;
}

/* All of the answer, which ends with the connection. */
static inline bool has_answer(struct bench *bench)
{
	ssize_t got;

	while ((got = recv(bench->asking, bench->answer + bench->answered, sizeof(bench->answer) - 1 - bench->answered,
			   MSG_DONTWAIT)) > 0)
		bench->answered += (size_t)got;
	if (got != 0)
		return false;
	bench->answer[bench->answered] = '\0';
	(void)close(bench->asking);
	return true;
}

static inline bool has_nothing(struct bench *bench)
{
	if (!has_answer(bench))
		return false;
	assert_non_null(strstr(bench->answer, "HTTP/1.1 503 "));
	return true;
}

static inline bool has_the_note(struct bench *bench)
{
	struct al_checkpoint cp;

	if (!has_answer(bench))
		return false;
	assert_non_null(strstr(bench->answer, "HTTP/1.1 200 "));
	assert_int_equal(al_checkpoint_open(al_slice_str(strstr(bench->answer, "\r\n\r\n") + 4), &bench->key.pub, &cp),
			 AL_OK);
	assert_int_equal(cp.size, bench->size);
	return true;
}

static inline bool never(struct bench *bench)
{
	(void)bench;
	return false;
}

#endif
