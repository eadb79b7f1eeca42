/* SPDX-License-Identifier: MIT */
/*
 * test_recover.c -- a ledger that was restored goes forward, from a folder with its published log or from a stream: all of
 * it is there, or nothing was done and the reason is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alamo/tlog/tile_dir.h"
#include "copy_rig.h"
#include "ledger/recover.h"
#include "ledger/stream_internal.h"

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
	assert_int_equal(recover(f, socket, NULL), 1); /* with no place to keep it */
	assert_true(has_said(f, "warn alamo-registryd event=evidence path="));
	assert_true(has_said(f, "/run/evidence error=unwritten\n"));
	assert_true(has_said(f, "two histories under one key"));
	assert_int_equal(mkdir(path_of(f, "run"), 0700), 0);
	assert_int_equal(recover(f, socket, NULL), 1);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(has_said(f, "event=evidence"));
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
		TEST(forward_from_a_folder),
		TEST(not_far_enough),
		TEST(forward_from_a_stream),
		TEST(another_history),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
