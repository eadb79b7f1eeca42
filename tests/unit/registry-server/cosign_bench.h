/* SPDX-License-Identifier: MIT */
/*
 * cosign_bench.h -- a ledger's checkpoints and two witnesses of the test's own, which look at what they are asked. For tests only.
 */
#ifndef TESTS_COSIGN_BENCH_H
#define TESTS_COSIGN_BENCH_H

#include "registry_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/loopback.h"
#include "../metric.h"
#include "../said.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/tree.h"
#include "alamo/tlog/witness.h"
#include "sign/cosign.h"

#define WITNESSES 2
#define TICK_MS 10

struct bench;

struct witness {
	struct bench *bench;
	struct al_skey key;
	uint64_t size;  /* what it has cosigned */
	int refuses;    /* with this status; 0: it does not */
	uint64_t ahead; /* says that it is at this size */
	bool wavers;    /* says another size each time */
	bool talks;     /* gives its line twice, and another one before it */
	int takes;      /* the keys note: with this status; 200: and refuses nothing from then on */
	unsigned asked, told;
	uint64_t old; /* of the last question */
};

struct bench {
	struct registry_rig *rig;
	struct al_http *http;
	struct al_timer *tick;
	unsigned ticks;
	bool (*done)(const struct bench *bench);
	uint16_t port;
	struct witness witness[WITNESSES];
	struct al_conf *conf;
	struct al_policy *policy;
	struct al_tree *tree; /* of all that was committed */
	struct al_checkpoint head;
	struct al_buf note;
	struct al_slice keys; /* the keys note, or empty */
	struct cosign *cosign;
	struct said said;
};

/* ---- a witness ---- */

static inline size_t proof_take(struct al_slice *body, struct al_hash proof[static AL_PROOF_MAX])
{
	struct al_slice line;
	size_t count = 0, len;

	while (al_slice_line(body, &line) && line.len > 0) {
		assert_true(count < AL_PROOF_MAX);
		assert_int_equal(al_slice_base64(line, proof[count].b, sizeof(proof[count].b), &len), AL_OK);
		assert_int_equal(len, sizeof(proof[count].b));
		count++;
	}
	return count;
}

/* c2sp.org/tlog-witness, with the proof looked at. */
static inline void witness_asked(void *arg, struct al_slice rest, struct al_slice body, struct al_http_answer *answer)
{
	struct witness *w = arg;
	struct al_hash proof[AL_PROOF_MAX], root;
	struct al_checkpoint cp;
	struct al_slice line, text;
	size_t count;

	(void)rest;
	w->asked++;
	assert_true(al_slice_line(&body, &line) && al_slice_starts(line, "old "));
	assert_int_equal(al_slice_u64(al_slice_from(line, 4), UINT64_MAX, &w->old), AL_OK);
	count = proof_take(&body, proof);
	assert_int_equal(al_checkpoint_open(body, &w->bench->rig->key.pub, &cp), AL_OK);
	assert_int_equal(al_note_open(body, &w->bench->rig->key.pub, &text), AL_OK);
	if (w->refuses != 0) {
		answer->status = w->refuses;
		al_buf_str(&answer->body, "no\n");
		return;
	}
	if (w->wavers) {
		answer->status = 409;
		al_buf_printf(&answer->body, "%u\n", 1 + w->asked % 2);
		return;
	}
	if (w->ahead != 0 || w->old != w->size) {
		answer->status = 409;
		al_buf_printf(&answer->body, "%llu\n", (unsigned long long)(w->ahead != 0 ? w->ahead : w->size));
		return;
	}
	if (w->old > 0 && w->old < cp.size) {
		root = al_tree_root(w->bench->tree, w->old);
		assert_true(al_consistency_ok(w->old, cp.size, &root, &cp.root, proof, count));
	} else {
		assert_int_equal(count, 0);
	}
	if (w->talks)
		al_buf_str(&answer->body, "a line\n");
	for (unsigned i = 0; i < (w->talks ? 2 : 1); i++)
		al_cosign(text, &w->key, 1000, &answer->body);
	w->size = cp.size;
}

static inline void witness_told(void *arg, struct al_slice rest, struct al_slice body, struct al_http_answer *answer)
{
	struct witness *w = arg;

	(void)rest;
	w->told++;
	assert_true(al_slice_eq(body, w->bench->keys));
	answer->status = w->takes;
	if (w->takes == 200)
		w->refuses = 0;
}

/* ---- the bench ---- */

static inline void on_tick(void *arg)
{
	struct bench *bench = arg;

	if (bench->done(bench))
		al_loop_stop(bench->rig->loop);
	else if (++bench->ticks > GUARD_S * 1000 / TICK_MS)
		fail_msg("nothing happened");
	else
		al_timer_set(bench->tick, TICK_MS);
}

static inline void wait_until(struct bench *bench, bool (*done)(const struct bench *bench))
{
	bench->done = done;
	bench->ticks = 0;
	al_timer_set(bench->tick, TICK_MS);
	al_loop_run(bench->rig->loop);
}

static inline const char *path_of(const struct bench *bench, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", bench->rig->dir, name);
	return path;
}

static inline void file_put(const struct bench *bench, const char *name, struct al_slice text)
{
	assert_int_equal(al_note_save(path_of(bench, name), text, false), AL_OK);
}

/* With the witnesses at these ports. */
static inline void policy_put(struct bench *bench, const uint16_t ports[static WITNESSES])
{
	static const char *const names[WITNESSES] = { "one", "two" };
	struct al_buf text;
	char why[200];

	al_buf_init(&text, 10000);
	for (size_t i = 0; i < WITNESSES; i++) {
		struct al_buf key;

		al_buf_init(&key, 1000);
		al_witness_vkey_format(&bench->witness[i].key.pub, &key);
		al_buf_printf(&text, "witness %s %.*s http://127.0.0.1:%u/%s/\n", names[i], AL_FMT(al_buf_view(&key)),
			      ports[i], names[i]);
		al_buf_release(&key);
	}
	al_buf_str(&text, "group both all one two\nquorum both\n");
	file_put(bench, "policy", al_buf_view(&text));
	al_policy_free(bench->policy);
	assert_int_equal(al_policy_parse(al_buf_view(&text), &bench->policy, why, sizeof(why)), AL_OK);
	al_buf_release(&text);
}

static inline enum al_err leaf_take(void *arg, uint64_t index, struct al_slice entry)
{
	struct al_hash leaf = al_leaf_hash(entry);

	(void)index;
	return al_tree_push(arg, &leaf);
}

static inline void cosign_start(struct bench *bench)
{
	assert_int_equal(cosign_new(bench->rig->loop, bench->conf, bench->rig->ledger, &bench->rig->key.pub,
				    bench->keys, &bench->cosign),
			 AL_OK);
	assert_non_null(bench->cosign);
}

static inline void conf_put(struct bench *bench, const char *text)
{
	char message[200];

	file_put(bench, "alamo.conf", al_slice_str(text));
	al_conf_free(bench->conf);
	assert_int_equal(al_conf_load(path_of(bench, "alamo.conf"), &bench->conf, message, sizeof(message)), AL_OK);
}

static inline int setup(void **state)
{
	static const char *const paths[WITNESSES] = { "/one/add-checkpoint", "/two/add-checkpoint" };
	static const char *const keys[WITNESSES] = { "/one/add-keys", "/two/add-keys" };
	struct bench *bench = calloc(1, sizeof(*bench));
	void *rig;

	assert_non_null(bench);
	assert_int_equal(registry_rig_setup(&rig), 0);
	bench->rig = rig;
	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt: index 1");
	says(registry_rig_ask(rig, "prev: none\n", BOB, "2"), "% receipt: index 2");
	assert_int_equal(al_http_new(bench->rig->loop, &bench->http), AL_OK);
	for (size_t i = 0; i < WITNESSES; i++) {
		struct witness *w = &bench->witness[i];

		w->bench = bench;
		assert_int_equal(al_witness_skey_generate(AL_S("w.test"), &w->key), AL_OK);
		assert_int_equal(al_http_post_route(bench->http, paths[i], witness_asked, w), AL_OK);
		assert_int_equal(al_http_post_route(bench->http, keys[i], witness_told, w), AL_OK);
	}
	assert_int_equal(al_http_listen(bench->http, AL_S("127.0.0.1"), 0, &bench->port), AL_OK);
	assert_int_equal(al_timer_new(bench->rig->loop, on_tick, bench, &bench->tick), AL_OK);
	assert_int_equal(mkdir(path_of(bench, "run"), 0700), 0);
	policy_put(bench, (const uint16_t[]){ bench->port, bench->port });
	conf_put(bench, "[registry]\nwitnesses = policy\n");
	assert_int_equal(al_tree_new(&bench->tree), AL_OK);
	assert_int_equal(ledger_load(bench->rig->ledger, leaf_take, bench->tree), AL_OK);
	al_buf_init(&bench->note, AL_NOTE_MAX);
	bench->head = ledger_head(bench->rig->ledger, &bench->note);
	assert_int_equal(bench->head.size, 3);
	*state = bench;
	return 0;
}

static inline int teardown(void **state)
{
	static const char *const names[] = { "alamo.conf", "policy", "run/checkpoint.cosigned" };
	struct bench *bench = *state;
	void *rig = bench->rig;

	cosign_free(bench->cosign);
	al_http_free(bench->http);
	al_timer_free(bench->tick);
	al_conf_free(bench->conf);
	al_policy_free(bench->policy);
	al_tree_free(bench->tree);
	al_buf_release(&bench->note);
	for (size_t i = 0; i < AL_COUNT(names); i++)
		(void)unlink(path_of(bench, names[i]));
	assert_int_equal(rmdir(path_of(bench, "run")), 0);
	free(bench);
	return registry_rig_teardown(&rig);
}

/* As the ledger tells of a commit. */
static inline void commit(struct bench *bench, size_t count)
{
	struct al_slice entries[] = { AL_S("one"), AL_S("two"), AL_S("three") };
	struct ledger_batch batch = { .first = bench->head.size, .count = count, .entries = entries };
	struct al_buf text;

	assert_true(count <= AL_COUNT(entries));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(leaf_take(bench->tree, 0, entries[i]), AL_OK);
	bench->head = (struct al_checkpoint){ .size = al_tree_size(bench->tree) };
	bench->head.root = al_tree_root(bench->tree, bench->head.size);
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_reset(&bench->note);
	al_checkpoint_format(al_slice_str(bench->rig->key.pub.name), &bench->head, &text);
	al_note_sign(al_buf_view(&text), &bench->rig->key, &bench->note);
	al_buf_release(&text);
	batch.checkpoint = bench->head;
	batch.note = al_buf_view(&bench->note);
	cosign_commit(bench->cosign, &batch);
}

/* The size of what is published, which a quorum has cosigned; 0: nothing is. */
static inline uint64_t published(const struct bench *bench)
{
	struct al_checkpoint cp = { .size = 0 };
	struct al_buf note;
	uint32_t mask = 0;

	al_buf_init(&note, AL_NOTE_MAX);
	if (al_note_load(path_of(bench, "run/checkpoint.cosigned"), &note) == AL_OK) {
		assert_int_equal(al_policy_check(bench->policy, &bench->rig->key.pub, al_buf_view(&note), &cp, &mask),
				 AL_OK);
		assert_int_equal(mask, 3);
	}
	al_buf_release(&note);
	return cp.size;
}

static inline bool head_published(const struct bench *bench)
{
	return published(bench) == bench->head.size;
}

static inline bool both_asked(const struct bench *bench)
{
	return bench->witness[0].asked > 0 && bench->witness[1].asked > 0;
}

static inline bool first_has_it(const struct bench *bench)
{
	return bench->witness[0].size == bench->head.size && bench->witness[1].asked > 0;
}

static inline bool first_answered(const struct bench *bench)
{
	return bench->witness[0].size == 3;
}

static inline bool first_asked_again(const struct bench *bench)
{
	return bench->witness[0].asked > 1;
}

static inline bool first_at_the_head(const struct bench *bench)
{
	return bench->witness[0].size == bench->head.size;
}

/* When the next round would have begun, if nobody were waited for. */
static inline bool a_round_later(const struct bench *bench)
{
	return bench->ticks >= 1500 / TICK_MS;
}

static inline bool all_asked(const struct bench *bench)
{
	return bench->witness[0].asked == AL_WITNESSES_MAX;
}

/* Some time has gone by, in which answers come. */
static inline bool settled(const struct bench *bench)
{
	return bench->ticks >= 10;
}

static inline bool second_asked(const struct bench *bench)
{
	return bench->witness[1].asked > 0;
}

static inline bool second_told(const struct bench *bench)
{
	return bench->witness[1].told > 0 && first_has_it(bench);
}

static inline bool holds(const struct bench *bench, const char *what)
{
	struct al_buf note;
	bool has;

	al_buf_init(&note, AL_NOTE_MAX);
	assert_int_equal(al_note_load(path_of(bench, "run/checkpoint.cosigned"), &note), AL_OK);
	al_buf_u8(&note, 0);
	has = strstr((const char *)note.ptr, what) != NULL;
	al_buf_release(&note);
	return has;
}

/* What is given out over HTTP: its status, and its body. */
static inline unsigned fetch(struct bench *bench, char body[static 4096])
{
	static const char request[] = "GET /checkpoint.cosigned HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	struct al_http *http;
	char answer[8192];
	pthread_t thread;
	unsigned status;
	uint16_t port;
	int fd;

	assert_int_equal(al_http_new(bench->rig->loop, &http), AL_OK);
	assert_int_equal(cosign_routes(bench->cosign, http), AL_OK);
	assert_int_equal(al_http_listen(http, AL_S("127.0.0.1"), 0, &port), AL_OK);
	loop_thread_start(bench->rig->loop, &thread);
	fd = client_connect(port);
	client_say(fd, request);
	assert_true(client_drain(fd, answer, sizeof(answer)) > 0);
	close(fd);
	loop_thread_stop(bench->rig->loop, thread);
	al_http_free(http);
	assert_int_equal(sscanf(answer, "HTTP/1.1 %u", &status), 1);
	assert_int_equal(al_slice_copy(al_slice_str(strstr(answer, "\r\n\r\n") + 4), body, 4096), AL_OK);
	return status;
}

static inline void ask_none(struct bench *bench)
{
	bench->witness[0].asked = bench->witness[1].asked = 0;
}

/* What is said to the log so far has this, and once. */
static inline void says_once(struct bench *bench, const char *what)
{
	const char *said = said_end(&bench->said), *at = strstr(said, what);

	says(said, what);
	does_not_say(at + 1, what);
}

#endif
