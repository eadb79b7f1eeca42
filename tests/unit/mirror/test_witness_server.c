/* SPDX-License-Identifier: MIT */
/*
 * test_witness_server.c -- add-checkpoint as a state machine: which status for
 * which question, what is remembered, and over a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <ftw.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/mirror.h"
#include "alamo/tlog/witness.h"
#include "../../support/keys_note.h"
#include "../../support/signed_log.h"

#define NOW 1234567890u

struct fixture {
	char dir[64];
	struct al_loop *loop;
	struct signed_log real, forked, other;
	struct al_skey key;
	struct al_witness_server *server;
};

static void server_open(struct fixture *f)
{
	struct al_witness_conf conf = { f->dir, &f->key, &f->real.key.pub, 1 };

	assert_int_equal(al_witness_new(f->loop, &conf, &f->server), AL_OK);
}

static int visit(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	return where->level > 0 ? remove(path) : 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct al_skey key;

	assert_non_null(f);
	assert_true(sodium_init() >= 0);
	al_log_init("test", AL_LOG_ERROR + 1);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/alamo-witness-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(al_loop_new(&f->loop), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("log.example/watched"), &key), AL_OK);
	signed_log_make(&f->real, &key, 0, SIGNED_LOG_MAX);
	signed_log_make(&f->forked, &key, 1, 8);
	assert_int_equal(al_skey_generate(AL_S("log.example/unknown"), &key), AL_OK);
	signed_log_make(&f->other, &key, 0, SIGNED_LOG_MAX);
	assert_int_equal(al_witness_skey_generate(AL_S("witness.example/w"), &f->key), AL_OK);
	server_open(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	al_witness_free(f->server);
	al_loop_free(f->loop);
	signed_log_free(&f->real);
	signed_log_free(&f->forked);
	signed_log_free(&f->other);
	(void)nftw(f->dir, visit, 8, FTW_DEPTH | FTW_PHYS);
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

/* "old OLD", the proof from `from` to `size` of this log, its note. */
static int ask(struct fixture *f, const struct signed_log *log, uint64_t old, uint64_t from, uint64_t size,
	       struct al_buf *answer)
{
	struct al_hash proof[AL_PROOF_MAX];
	size_t count = from > 0 && from < size ? al_tree_consistency(log->tree, from, size, proof) : 0;
	const char *type = "unset";
	struct al_buf body;
	int status;

	al_buf_init(&body, 65536);
	al_buf_printf(&body, "old %llu\n", (unsigned long long)old);
	for (size_t i = 0; i < count; i++) {
		al_buf_base64(&body, proof[i].b, sizeof(proof[i].b));
		al_buf_str(&body, "\n");
	}
	al_buf_printf(&body, "\n%s", log->note[size]);
	al_buf_reset(answer);
	status = al_witness_add(f->server, al_buf_view(&body), NOW, answer, &type);
	if (status == 409)
		assert_string_equal(type, "text/x.tlog.size");
	al_buf_release(&body);
	return status;
}

static void assert_cosigned(struct fixture *f, const char *note, const struct al_buf *answer)
{
	struct al_buf whole;
	uint64_t time = 0;

	al_buf_init(&whole, AL_NOTE_MAX);
	al_buf_str(&whole, note);
	al_buf_slice(&whole, al_buf_view(answer));
	assert_int_equal(al_cosigned(al_buf_view(&whole), &f->key.pub, &time), AL_OK);
	assert_int_equal(time, NOW);
	al_buf_release(&whole);
}

static size_t notes_in(const struct fixture *f, const char *folder)
{
	char path[128];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, folder);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		count += strstr(entry->d_name, ".note") != NULL;
	if (dir != NULL)
		closedir(dir);
	return count;
}

static void test_states(void **state)
{
	struct fixture *f = *state;
	struct al_buf a;

	al_buf_init(&a, 65536);
	assert_int_equal(ask(f, &f->other, 0, 0, 5, &a), 404);
	assert_int_equal(ask(f, &f->real, 3, 3, 5, &a), 409);
	assert_true(al_slice_is(al_buf_view(&a), "0\n"));
	assert_int_equal(ask(f, &f->real, 0, 3, 5, &a), 422); /* a proof where none is due */
	assert_int_equal(ask(f, &f->real, 0, 0, 5, &a), 200);
	assert_cosigned(f, f->real.note[5], &a);
	assert_int_equal(ask(f, &f->real, 5, 5, 5, &a), 200); /* again */
	assert_int_equal(ask(f, &f->real, 0, 0, 9, &a), 409);
	assert_true(al_slice_is(al_buf_view(&a), "5\n"));
	assert_int_equal(ask(f, &f->real, 5, 5, 9, &a), 200);
	assert_cosigned(f, f->real.note[9], &a);
	assert_int_equal(ask(f, &f->real, 9, 9, 5, &a), 400); /* backwards */
	assert_int_equal(ask(f, &f->real, 5, 5, 8, &a), 409); /* old news */
	assert_int_equal(notes_in(f, "evidence") + notes_in(f, "unproven"), 0);

	/* The fork: another root at our size, and beyond it. */
	assert_int_equal(ask(f, &f->forked, 9, 9, 9, &a), 422);
	assert_int_equal(a.len, 0);
	assert_int_equal(notes_in(f, "evidence"), 2);
	assert_int_equal(ask(f, &f->forked, 9, 9, 20, &a), 422);
	assert_int_equal(ask(f, &f->forked, 9, 8, 20, &a), 422);
	assert_int_equal(notes_in(f, "unproven"), 2);
	assert_int_equal(ask(f, &f->real, 9, 9, 20, &a), 200);
	al_buf_release(&a);
}

static void test_restart(void **state)
{
	struct fixture *f = *state;
	struct al_witness_conf conf = { f->dir, &f->key, &f->real.key.pub, 1 };
	struct al_witness_server *second;
	struct al_buf a;

	al_buf_init(&a, 65536);
	assert_int_equal(ask(f, &f->real, 0, 0, 7, &a), 200);
	assert_int_equal(al_witness_new(f->loop, &conf, &second), AL_EAGAIN);
	al_witness_free(f->server);
	server_open(f);
	assert_int_equal(ask(f, &f->real, 0, 0, 9, &a), 409);
	assert_true(al_slice_is(al_buf_view(&a), "7\n"));
	assert_int_equal(ask(f, &f->real, 7, 7, 9, &a), 200);
	al_buf_release(&a);
}

/* A disk that does not take it: no cosignature, and nothing remembered that is not there. */
static void test_disk_refuses(void **state)
{
	struct fixture *f = *state;
	char blocked[160] = "";
	struct dirent *entry;
	struct al_buf a;
	DIR *dir;

	al_buf_init(&a, 65536);
	assert_int_equal(ask(f, &f->real, 0, 0, 5, &a), 200);
	dir = opendir(f->dir);
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "log-", 4) == 0)
			(void)snprintf(blocked, sizeof(blocked), "%s/%.60s.new", f->dir, entry->d_name);
	closedir(dir);
	assert_int_equal(mkdir(blocked, 0755), 0);
	assert_int_equal(ask(f, &f->real, 5, 5, 9, &a), 500);
	assert_int_equal(a.len, 0);
	assert_int_equal(rmdir(blocked), 0);
	assert_int_equal(ask(f, &f->real, 9, 9, 12, &a), 409);
	assert_true(al_slice_is(al_buf_view(&a), "5\n"));
	assert_int_equal(ask(f, &f->real, 5, 5, 9, &a), 200);
	al_buf_release(&a);
}

static void test_malformed(void **state)
{
	static const char *const bodies[] = {
		"",
		"\n",
		"old\n\n",
		"old 0",
		"old 0\n",
		"old 0\n\n",
		"old 00\n\nx\n",
		"old -1\n\nx\n",
		"old 0\nnot base64\n\nx\n",
		"old 0\nAAAA\n\nx\n",
	};
	struct fixture *f = *state;
	const char *type = "";
	struct al_buf a, body;
	struct al_skey stranger;
	struct al_slice text;

	al_buf_init(&a, 65536);
	for (size_t i = 0; i < AL_COUNT(bodies); i++) {
		int status = al_witness_add(f->server, al_slice_str(bodies[i]), NOW, &a, &type);

		assert_true(status == 400);
		assert_int_equal(a.len, 0);
	}
	/* 64 hashes are one too many. */
	al_buf_init(&body, 65536);
	al_buf_str(&body, "old 1\n");
	for (size_t i = 0; i < 64; i++)
		al_buf_str(&body, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	al_buf_printf(&body, "\n%s", f->real.note[3]);
	assert_int_equal(al_witness_add(f->server, al_buf_view(&body), NOW, &a, &type), 400);
	/* Signed by somebody else under the log's name. */
	assert_int_equal(al_skey_generate(AL_S("log.example/watched"), &stranger), AL_OK);
	assert_int_equal(al_note_open(al_slice_str(f->real.note[3]), &f->real.key.pub, &text), AL_OK);
	al_buf_reset(&body);
	al_buf_str(&body, "old 0\n\n");
	al_note_sign(text, &stranger, &body);
	assert_int_equal(al_witness_add(f->server, al_buf_view(&body), NOW, &a, &type), 403);
	al_buf_release(&body);
	al_buf_release(&a);
}

/* Size 0 has one root, and any number of histories begin with it. */
static void test_no_entries(void **state)
{
	static const char *const roots[] = { "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
					     "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
					     "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" };
	static const int wanted[] = { 422, 422, 200 };
	struct fixture *f = *state;
	struct al_buf a, body, text;
	const char *type = "";

	al_buf_init(&a, 65536);
	al_buf_init(&body, 65536);
	al_buf_init(&text, 1024);
	for (size_t i = 0; i < AL_COUNT(roots); i++) {
		al_buf_reset(&a);
		al_buf_reset(&body);
		al_buf_reset(&text);
		al_buf_printf(&text, "%s\n0\n%s\n", f->real.key.pub.name, roots[i]);
		al_buf_str(&body, "old 0\n\n");
		al_note_sign(al_buf_view(&text), &f->real.key, &body);
		assert_int_equal(al_witness_add(f->server, al_buf_view(&body), NOW, &a, &type), wanted[i]);
	}
	assert_int_equal(ask(f, &f->real, 0, 0, 5, &a), 200);
	al_buf_release(&a);
	al_buf_release(&body);
	al_buf_release(&text);
}

static int tell(struct fixture *f, uint64_t until, const struct al_vkey *to, const struct al_skey *by)
{
	const struct al_checkpoint last = { until, al_tree_root(f->real.tree, until) };
	struct al_buf note;
	int status;

	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &f->real.key.pub, &last, to, by);
	status = al_witness_keys(f->server, al_buf_view(&note));
	al_buf_release(&note);
	return status;
}

/* The key that is known has the word, over a restart too. */
static void test_another_key(void **state)
{
	struct fixture *f = *state;
	struct signed_log next;
	struct al_skey key;
	struct al_buf a;

	al_buf_init(&a, 65536);
	assert_int_equal(al_skey_generate(AL_S("log.example/watched"), &key), AL_OK);
	signed_log_make(&next, &key, 0, SIGNED_LOG_MAX);
	assert_int_equal(ask(f, &f->real, 0, 0, 7, &a), 200);
	assert_int_equal(ask(f, &next, 7, 7, 9, &a), 403);
	assert_int_equal(tell(f, 7, &key.pub, &key), 403);
	assert_int_equal(tell(f, 7, &key.pub, &f->other.key), 403);
	assert_int_equal(tell(f, 6, &key.pub, &f->real.key), 403); /* it has cosigned more */
	assert_int_equal(al_witness_keys(f->server, AL_S("")), 404);
	assert_int_equal(al_witness_keys(f->server, al_slice_str(f->real.note[7])), 404);
	assert_int_equal(ask(f, &next, 7, 7, 9, &a), 403);
	assert_int_equal(tell(f, 7, &key.pub, &f->real.key), 200);
	assert_int_equal(tell(f, 7, &key.pub, &f->real.key), 200);
	assert_int_equal(ask(f, &f->real, 7, 7, 7, &a), 200); /* of the key before, as far as that goes */
	assert_int_equal(ask(f, &f->real, 7, 7, 9, &a), 403);
	assert_int_equal(ask(f, &next, 7, 7, 9, &a), 200);
	assert_cosigned(f, next.note[9], &a);
	al_witness_free(f->server);
	server_open(f); /* with the first key */
	assert_int_equal(ask(f, &next, 9, 9, 12, &a), 200);
	al_buf_release(&a);
	signed_log_free(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_key, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
