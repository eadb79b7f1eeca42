/* SPDX-License-Identifier: MIT */
/*
 * test_copy.c -- a ledger from one engine into another, and forward from a folder with its published log: all of it is
 * there, checkpoint by checkpoint, or nothing was done and the reason is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../folder.h"
#include "../said.h"
#include "engines.h"

#include "authority_folder.h"
#include "alamo/tlog/tile_dir.h"
#include "ledger/ledger_copy.h"
#include "ledger/ledger_side.h"
#include "ledger/recover.h"
#include "ledger/stream_internal.h"
#include "sign/signer.h"

#define ENTRIES 3000u /* more than one commit's */

struct fixture {
	char dir[40], path[96], conf[96], from[96], to[96];
	struct al_skey key;
	struct al_loop *loop;
	struct ledger *ledger;
	uint64_t durable, wanted;
	uint64_t notes[200]; /* sizes of the checkpoints that were told */
	size_t note_count;
	bool has_side;
	struct said said;
	int manager; /* hears how far a recovery is */
};

static const char *path_of(struct fixture *f, const char *name)
{
	(void)snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	return f->path;
}

/* ---- a ledger with something in it ---- */

static void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct fixture *f = arg;

	assert_true(f->note_count < AL_COUNT(f->notes));
	f->notes[f->note_count++] = f->durable = batch->checkpoint.size;
	if (f->durable == f->wanted)
		al_loop_stop(f->loop);
}

static struct al_slice entry_text(uint64_t index, char out[static 64])
{
	return al_slice_of(out, (size_t)snprintf(out, 64, "entry number %llu", (unsigned long long)index));
}

static void append(struct fixture *f, uint64_t until)
{
	struct ledger_attachment side = { .object = AL_S("person A"), .hash = { 7 }, .text = AL_S("contact") };
	struct ledger_extra extra = { &side, true, NULL };
	char text[64];

	for (uint64_t i = f->durable; i < until; i++)
		assert_int_equal(
			ledger_append_with(f->ledger, i, entry_text(i, text), i == 0 ? &extra : NULL, NULL, NULL),
			AL_OK);
	f->wanted = until;
	al_loop_run(f->loop);
	assert_int_equal(f->durable, until);
}

static void ledger_up(struct fixture *f, const char *path, bool create)
{
	struct ledger_opts opts = {
		.path = path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	f->durable = ledger_head(f->ledger, NULL).size;
	assert_int_equal(ledger_start(f->ledger, f->loop, on_commit, f), AL_OK);
}

static void ledger_down(struct fixture *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)strcpy(f->dir, "/tmp/test_copy.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(mkdir(path_of(f, "keys"), 0700), 0);
	log_key_write(f->dir, &f->key);
	folder_write(f->dir, "alamo.conf", AL_S("[registry]\nledger = from.db\n"));
	(void)strcpy(f->conf, path_of(f, "alamo.conf"));
	(void)strcpy(f->from, path_of(f, "from.db"));
	(void)strcpy(f->to, path_of(f, "to.db"));
	assert_int_equal(al_loop_new(&f->loop), AL_OK);
	ledger_up(f, f->from, true);
	for (uint64_t size = 1; size <= 10; size++)
		append(f, size);
	append(f, ENTRIES);
	append(f, ENTRIES + 1);
	ledger_down(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	al_loop_free(f->loop);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

/* ---- the same ---- */

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice entry)
{
	uint64_t *next = arg;
	char text[64];

	assert_int_equal(index, (*next)++);
	assert_true(al_slice_eq(entry, entry_text(index, text)));
	return AL_OK;
}

static void on_side(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct fixture *f = arg;

	f->has_side = err == AL_OK && al_slice_is(result->text, "contact");
	al_loop_stop(f->loop);
}

struct reading {
	struct fixture *f;
	uint64_t at;
	size_t note;
};

/* A checkpoint stands where one was signed, and nowhere else. */
static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct reading *r = arg;
	struct al_checkpoint cp;
	struct fixture *f = r->f;

	assert_int_equal(err, AL_OK);
	assert_true(batch->count > 0);
	r->at = batch->first + batch->count;
	while (r->note < f->note_count && f->notes[r->note] < r->at)
		r->note++;
	assert_true(r->note < f->note_count);
	assert_int_equal(batch->note.len > 0, f->notes[r->note] == r->at);
	if (batch->note.len > 0) {
		assert_int_equal(al_checkpoint_open(batch->note, &f->key.pub, &cp), AL_OK);
		assert_int_equal(cp.size, r->at);
	}
	al_loop_stop(f->loop);
}

static void holds_all(struct fixture *f, const char *path)
{
	struct reading reading = { .f = f };
	uint64_t count = 0;

	ledger_up(f, path, false);
	assert_int_equal(f->durable, ENTRIES + 1);
	assert_int_equal(ledger_load(f->ledger, on_entry, &count), AL_OK);
	assert_int_equal(count, ENTRIES + 1);
	/* Byte by byte, so that each read ends where no checkpoint need be. */
	while (reading.at < 12) {
		assert_int_equal(ledger_read(f->ledger, reading.at, 1, on_read, &reading), AL_OK);
		al_loop_run(f->loop);
	}
	assert_int_equal(ledger_side_get(f->ledger, AL_S("person A"), on_side, f), AL_OK);
	al_loop_run(f->loop);
	assert_true(f->has_side);
	ledger_down(f);
}

/* ---- copies ---- */

static int copy(struct fixture *f, const char *from, const char *to)
{
	int code;

	said_begin(&f->said);
	code = ledger_copy_main(f->conf, from, to);
	(void)said_end(&f->said);
	return code;
}

static bool has_said(const struct fixture *f, const char *what)
{
	return strstr(f->said.text, what) != NULL;
}

static void through_each_engine(void **state)
{
	struct fixture *f = *state;
	char where[ENGINE_WHERE_MAX], folder[96];

	for (size_t i = 0; i < engine_kind_count; i++) {
		(void)strcpy(folder, path_of(f, "place"));
		assert_int_equal(mkdir(folder, 0700), 0);
		engine_place_make(engine_kinds[i], folder, where);
		assert_int_equal(copy(f, f->from, where), 0);
		assert_int_equal(copy(f, where, f->to), 0);
		engine_place_drop(engine_kinds[i], where);
		(void)folder_remove(folder);
		holds_all(f, f->to);
		assert_int_equal(unlink(f->to), 0);
	}
	holds_all(f, f->from);
}

static void not_copied(void **state)
{
	struct fixture *f = *state;
	char none[96];

	(void)strcpy(none, path_of(f, "none.db"));
	assert_int_equal(copy(f, none, f->to), 1);
	assert_true(has_said(f, "not copied: not-found"));
	assert_int_not_equal(access(f->to, F_OK), 0);
	assert_int_equal(copy(f, f->from, f->to), 0);
	assert_int_equal(copy(f, f->from, f->to), 1);
	assert_true(has_said(f, "(there is a ledger with entries at the second place)"));
	ledger_up(f, f->from, false);
	assert_int_equal(copy(f, f->from, none), 1);
	assert_true(has_said(f, "(a registry has one of them open: stop it first)"));
	ledger_down(f);
	/* A ledger is of one key. */
	log_key_write(f->dir, &f->key);
	assert_int_equal(copy(f, f->from, none), 1);
	assert_true(has_said(f, "not copied: not-verified"));
	assert_int_equal(unlink(path_of(f, "keys/log.pub")), 0);
	assert_int_equal(copy(f, f->from, none), 1);
	folder_write(f->dir, "alamo.conf", AL_S("no configuration\n"));
	assert_int_equal(copy(f, f->from, none), 2);
	assert_true(has_said(f, "alamo.conf"));
}

/* A place that keeps another thing than it is given: the copy is read again. */
static void a_place_that_lies(void **state)
{
	static const char *const lies[] = {
		"entry WHEN NEW.idx = 5 BEGIN UPDATE entry SET body = x'00' WHERE idx = 5; END",
		/* It proves itself, and not the other. */
		"checkpoint WHEN NEW.size = 3001 BEGIN DELETE FROM checkpoint WHERE size = 3001;"
		" DELETE FROM entry WHERE idx = 3000; END",
	};
	struct fixture *f = *state;
	char sql[300];
	sqlite3 *db;

	for (size_t i = 0; i < AL_COUNT(lies); i++) {
		ledger_up(f, f->to, true);
		ledger_down(f);
		(void)snprintf(sql, sizeof(sql), "CREATE TRIGGER lie AFTER INSERT ON %s", lies[i]);
		assert_int_equal(sqlite3_open(f->to, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		assert_int_equal(copy(f, f->from, f->to), 1);
		assert_true(has_said(f, "not copied: not-verified"));
		assert_int_equal(unlink(f->to), 0);
	}
}

/* ---- forward, from a folder ---- */

static enum al_err tile_add(void *arg, uint64_t index, struct al_slice entry)
{
	struct al_tile_dir *dir = arg;

	(void)index;
	return al_tile_dir_add(dir, entry);
}

/* What a ledger has, as it would be published. */
static void publish(struct fixture *f, const char *path, const char *folder)
{
	struct al_tile_dir *dir;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	ledger_up(f, path, false);
	assert_int_equal(al_tile_dir_open(folder, &f->key.pub, &dir), AL_OK);
	assert_int_equal(ledger_load(f->ledger, tile_add, dir), AL_OK);
	(void)ledger_head(f->ledger, &note);
	assert_int_equal(al_tile_dir_publish(dir, al_buf_view(&note)), AL_OK);
	al_tile_dir_close(dir);
	ledger_down(f);
	al_buf_release(&note);
}

static int recover(struct fixture *f, const char *from, const char *side)
{
	int code;

	said_begin(&f->said);
	code = recover_main(f->conf, from, side);
	(void)said_end(&f->said);
	return code;
}

/* ---- how far it is ---- */

static void manager_begin(struct fixture *f)
{
	char name[16];
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	f->manager = ends[0];
	(void)snprintf(name, sizeof(name), "fd:%d", ends[1]);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

/* How often it was told between these numbers of entries, of which none is below the one before. */
static unsigned manager_heard(struct fixture *f, uint64_t first, uint64_t last, uint64_t total)
{
	unsigned long done, of, before = 0;
	unsigned count = 0;
	char text[256];
	ssize_t len;

	while ((len = recv(f->manager, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[len] = '\0';
		if (sscanf(text, "X_ALAMO_STEP=taking\nX_ALAMO_DONE=%lu\nX_ALAMO_TOTAL=%lu\n", &done, &of) != 2)
			continue;
		assert_int_equal(of, total);
		assert_true(count == 0 ? done == first : done >= before);
		before = done;
		count++;
	}
	assert_int_equal(len, 0); /* nobody has the other end any more */
	assert_int_equal(before, last);
	(void)close(f->manager);
	return count;
}

static uint64_t size_now(struct fixture *f)
{
	uint64_t count = 0;

	ledger_up(f, f->from, false);
	assert_int_equal(ledger_load(f->ledger, on_entry, &count), AL_OK);
	assert_int_equal(ledger_head(f->ledger, NULL).size, count);
	ledger_down(f);
	return count;
}

static void forward_from_a_folder(void **state)
{
	struct fixture *f = *state;
	char folder[96], before[96], none[96];
	uint64_t begun_ms;
	unsigned most;

	(void)strcpy(folder, path_of(f, "public"));
	(void)strcpy(before, path_of(f, "before.db"));
	(void)strcpy(none, path_of(f, "none"));
	assert_int_equal(copy(f, f->from, before), 0);
	ledger_up(f, f->from, false);
	append(f, ENTRIES + 500);
	ledger_down(f);
	publish(f, f->from, folder);
	/* A folder that is ahead of what was restored; again, it has nothing more; all of it, when all was lost. */
	assert_int_equal(rename(before, f->from), 0);
	manager_begin(f);
	begun_ms = al_now_ms();
	assert_int_equal(recover(f, folder, NULL), 0);
	most = (unsigned)(al_now_ms() - begun_ms) / 100 + 2; /* ten times a second, its begin and its end */
	assert_in_range(manager_heard(f, ENTRIES + 1, ENTRIES + 500, ENTRIES + 500), 2, most);
	assert_int_equal(size_now(f), ENTRIES + 500);
	assert_int_equal(access(path_of(f, "keys/log.guard"), F_OK), 0);
	assert_int_equal(recover(f, folder, NULL), 0);
	assert_int_equal(size_now(f), ENTRIES + 500);
	assert_int_equal(unlink(f->from), 0);
	assert_int_equal(recover(f, folder, NULL), 0);
	assert_int_equal(size_now(f), ENTRIES + 500);
	/* What is no such folder, no address, nobody's. */
	assert_int_equal(mkdir(none, 0700), 0);
	manager_begin(f);
	assert_int_equal(recover(f, none, NULL), 1);
	assert_int_equal(manager_heard(f, ENTRIES + 500, ENTRIES + 500, 0), 1);
	assert_true(has_said(f, "reason=\"no published log, or a file of it is missing\""));
	assert_int_equal(recover(f, "nowhere:in:particular", NULL), 1);
	assert_int_equal(recover(f, folder, path_of(f, "no-side")), 1);
	assert_int_equal(size_now(f), ENTRIES + 500);
}

/* What the guard has seen signed is more than the folder has: that is not signed on. */
static void not_far_enough(void **state)
{
	struct fixture *f = *state;
	char folder[96], words[96];

	(void)strcpy(folder, path_of(f, "public"));
	publish(f, f->from, folder);
	ledger_up(f, f->from, false);
	append(f, ENTRIES + 500);
	ledger_down(f);
	assert_int_equal(recover(f, folder, NULL), 0); /* the guard knows of all of it */
	assert_int_equal(unlink(f->from), 0);
	assert_int_equal(recover(f, folder, NULL), 1);
	(void)snprintf(words, sizeof(words), "has entries up to %u, but size %u was signed", ENTRIES + 1,
		       ENTRIES + 500);
	assert_true(has_said(f, words));
	assert_true(has_said(f, "Look for a mirror that has more."));
	/* Another key's folder. */
	assert_int_equal(unlink(path_of(f, "keys/log.guard")), 0);
	assert_int_equal(unlink(f->from), 0);
	log_key_write(f->dir, &f->key);
	assert_int_equal(recover(f, folder, NULL), 1);
	assert_true(has_said(f, "reason=\"not this log: another key, another history, or damaged\""));
}

/* ---- forward, from a stream ---- */

/* A process that gives out the log of that ledger, until it is killed. */
static pid_t serve(struct fixture *f, const char *path, const char *socket)
{
	struct al_stream_limits limits = AL_STREAM_LIMITS;
	struct ledger_opts opts = { .path = path, .key = &f->key.pub, .signer = signer_local(&f->key) };
	struct stream *stream;
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(ready[0]);
		(void)alarm(60);
		if (al_loop_new(&f->loop) == AL_OK && ledger_open(&opts, &f->ledger) == AL_OK &&
		    stream_open(f->loop, &limits, f->ledger, &stream) == AL_OK &&
		    stream_listen_local(stream, socket) == AL_OK &&
		    ledger_start(f->ledger, f->loop, on_commit, f) == AL_OK && write(ready[1], "", 1) == 1)
			al_loop_run(f->loop);
		_exit(1);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void forward_from_a_stream(void **state)
{
	struct fixture *f = *state;
	char socket[96], ahead[96];
	pid_t pid;

	(void)strcpy(socket, path_of(f, "log.sock"));
	(void)strcpy(ahead, path_of(f, "ahead.db"));
	assert_int_equal(recover(f, f->to, NULL), 1);
	assert_true(has_said(f, "reason=\"no connection\""));
	assert_int_equal(copy(f, f->from, ahead), 0);
	ledger_up(f, ahead, false);
	append(f, ENTRIES + 500);
	ledger_down(f);
	pid = serve(f, ahead, socket);
	assert_int_equal(recover(f, socket, NULL), 0);
	assert_int_equal(size_now(f), ENTRIES + 500);
	/* The guard knows it now. What was lost altogether comes again, all of it. */
	assert_int_equal(unlink(f->from), 0);
	assert_int_equal(recover(f, socket, NULL), 0);
	assert_int_equal(size_now(f), ENTRIES + 500);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The same key has signed another history: nothing is taken of it, and what it signed here and there is kept. */
static void another_history(void **state)
{
	struct fixture *f = *state;
	char socket[96], other[96], folder[96];
	pid_t pid;

	(void)strcpy(socket, path_of(f, "log.sock"));
	(void)strcpy(other, path_of(f, "other.db"));
	(void)strcpy(folder, path_of(f, "public"));
	assert_int_equal(mkdir(path_of(f, "run"), 0700), 0);
	ledger_up(f, other, true);
	for (uint64_t i = 0; i < ENTRIES + 2; i++)
		assert_int_equal(ledger_append(f->ledger, i, AL_S("another"), NULL, NULL), AL_OK);
	f->wanted = ENTRIES + 2;
	al_loop_run(f->loop);
	ledger_down(f);
	publish(f, other, folder);
	assert_int_equal(recover(f, folder, NULL), 1);
	assert_true(has_said(f, "reason=\"not this log: another key, another history, or damaged\""));
	pid = serve(f, other, socket);
	assert_int_equal(recover(f, socket, NULL), 1);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(has_said(f, "two histories under one key"));
	assert_true(has_said(f, "has signed too:\nregistry.test/log\n3002\n"));
	assert_true(has_said(f, "error=fork\n"));
	assert_int_equal(access(path_of(f, "run/evidence"), F_OK), 0);
	assert_int_equal(size_now(f), ENTRIES + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(through_each_engine),   TEST(not_copied),      TEST(forward_from_a_folder), TEST(not_far_enough),
		TEST(forward_from_a_stream), TEST(another_history), TEST(a_place_that_lies),
	};
	int failed;

	if (sodium_init() < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engines_stop();
	return failed;
}
