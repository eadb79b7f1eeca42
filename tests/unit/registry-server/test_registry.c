/* SPDX-License-Identifier: MIT */
/*
 * test_registry.c -- the daemon as one: founded, started and stopped in
 * processes of its own, and what it shows of its log on the way.
 */
#include "registry_daemon.h"

#include "../../support/keys_note.h"
#include "alamo/tlog/witness.h"

static void the_log_is_shown(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	up(w);
	shows(w, 1);
	says(ask(w->requests, AL_S("show mntner HOST-MNT\n")), "mntner:         HOST-MNT\n");
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	shows(w, 2);
	says(ask(w->http, AL_S("GET /tile/0/000.p/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
	     "HTTP/1.1 200 ");
	says(get(w, "/metrics"), "\nalamo_registry_writes 1\n");
	says(get(w, "/metrics"), "\nalamo_registry_clock_ahead_seconds 0\n");
	says(get(w, "/metrics"), "\nalamo_registry_keys_end_seconds 0\n");
	down(w);
	/* What was accepted is there again; what stood in the file is made anew. */
	assert_int_equal(unlink(path_of(w, "run/checkpoint")), 0);
	up(w);
	says(ask(w->requests, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	shows(w, 2);
	down(w);
	al_buf_release(&raw);
}

/* A host without room stores nothing, says so, and goes on; and it is no reason to end that somebody has the log saved. */
static void without_room(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	conf_write(w, "min-free-disk = 1000000000");
	up(w);
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "the registry's disk is nearly full");
	assert_int_equal(kill(w->daemon, SIGUSR1), 0);
	shows(w, 1);
	down(w);
	al_buf_release(&raw);
}

/* Whoever looks at a stopped authority finds its last word, whether or not there was time to follow. */
static void the_last_word(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	up(w);
	says(ask(w->requests, al_buf_view(&raw)), "% receipt: index 1,");
	down(w);
	assert_int_equal(size_of_file(w), 2);
	al_buf_release(&raw);
}

/* The file is written when there is something new, and not else. */
static void the_file_rests(void **state)
{
	struct world *w = *state;
	struct stat before, after;

	conf_write(w, "min-free-disk = 0\nsign-seconds = 86400");
	up(w);
	shows(w, 1);
	for (unsigned i = 0; i < 2; i++) /* once more at most: it may just have been dated */
		for (unsigned j = 0; j < 40; j++)
			pause_shortly();
	assert_int_equal(stat(path_of(w, "run/checkpoint"), &before), 0);
	for (unsigned i = 0; i < 40; i++)
		pause_shortly();
	assert_int_equal(stat(path_of(w, "run/checkpoint"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	down(w);
}

/* Without a folder for it the log is not published, but its newest checkpoint can be asked for. */
static void without_a_published_log(void **state)
{
	struct world *w = *state;

	conf_write(w, "publish =\nmin-free-disk = 0");
	up(w);
	shows(w, 1);
	says(ask(w->http, AL_S("GET /tile/0/000.p/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
	     "HTTP/1.1 404 ");
	down(w);
	assert_int_not_equal(access(path_of(w, "log"), F_OK), 0);
}

/* Each second the checkpoint is dated anew: in the file, and as it is published. */
static void dated(void **state)
{
	struct world *w = *state;
	const struct al_vkey dating = al_vkey_dating(&w->key.pub);
	uint64_t began = al_now_s(), in_file = 0, published = 0;
	struct al_buf note;

	conf_write(w, "min-free-disk = 0\nsign-seconds = 1");
	up(w);
	al_buf_init(&note, AL_NOTE_MAX);
	for (int i = 0; i < GUARD_MS / 10 && (in_file <= began || published <= began); i++) {
		al_buf_reset(&note);
		if (al_note_load(path_of(w, "run/checkpoint"), &note) != AL_OK ||
		    al_cosigned(al_buf_view(&note), &dating, &in_file) != AL_OK)
			in_file = 0;
		if (al_cosigned(al_slice_str(get(w, "/checkpoint")), &dating, &published) != AL_OK)
			published = 0;
		pause_shortly();
	}
	assert_true(in_file > began && published > began);
	assert_int_equal(size_of(w, al_buf_view(&note)), 1);
	al_buf_release(&note);
	down(w);
}

/* Who asks for the network is told where other daemons of the authority are. */
static void endpoints(void **state)
{
	struct world *w = *state;

	up(w);
	folder_write(w->dir, "run/endpoints.d/other", AL_S("other 127.0.0.1:9\n"));
	says(ask(w->requests, AL_S("network\n")), "endpoint: other 127.0.0.1:9\n");
	down(w);
}

/* ---- the key ---- */

/* Without its signer a registry can do nothing: it ends, and whoever watches it starts it again. */
static void the_signer_is_gone(void **state)
{
	struct world *w = *state;
	struct al_buf said;
	const char *at;
	int pid = 0;

	up(w);
	al_buf_init(&said, 1u << 20);
	assert_int_equal(al_note_load(path_of(w, "said"), &said), AL_OK);
	al_buf_u8(&said, 0);
	at = strstr((const char *)said.ptr, "event=signer pid=");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "event=signer pid=%d", &pid), 1);
	al_buf_release(&said);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(ended(w->daemon), 1);
	(void)fclose(w->ready);
	comes_to_say(w, "event=signer-gone reason=\"it ended: nothing can be signed\"\n");
}

/* A ledger is of one key: with another one nothing is opened. */
static void another_key_opens_nothing(void **state)
{
	struct world *w = *state;

	log_key_write(w->dir, &w->key);
	assert_int_equal(ended(daemon_start(w, -1)), 1);
}

/* The log goes on under another key, as the keys note says, which is told to whoever asks. */
static void the_next_key(void **state)
{
	struct world *w = *state;
	struct al_skey old = w->key, root;
	struct al_checkpoint until;
	struct al_buf note, raw;

	up(w);
	shows(w, 1);
	assert_int_equal(al_checkpoint_open(al_slice_str(get(w, "/checkpoint")), &old.pub, &until), AL_OK);
	says(ask(w->requests, AL_S("keys\n")), "%ERROR: this log has had one key");
	down(w);
	log_key_write(w->dir, &w->key);
	assert_int_equal(al_skey_generate(AL_S("root.test/root"), &root), AL_OK);
	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &old.pub, &until, &w->key.pub, &root);
	folder_write(w->dir, "keys/log.pub", al_buf_view(&note));
	al_buf_u8(&note, 0);
	up(w);
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, AL_S("keys\n")), (const char *)note.ptr);
	says(ask(w->requests, al_buf_view(&raw)), "% receipt: index 1,");
	shows(w, 2);
	says(get(w, "/metrics"), "\nalamo_registry_keys_end_seconds 1830297600\n");
	down(w);
	/* The key that it had is not its key any more. */
	al_buf_reset(&raw);
	al_skey_format(&old, &raw);
	folder_write(w->dir, "keys/log.key", al_buf_view(&raw));
	assert_int_equal(ended(daemon_start(w, -1)), 1);
	comes_to_say(w, "/keys/log.key reason=\"is not the key that the log has by now");
	al_buf_release(&raw);
	al_buf_release(&note);
}

/* A network's name may be so long that what is signed in its name has room. */
static void namespaces(void **state)
{
	char name[128], text[200], ns[REGISTRY_NAMESPACE_MAX], message[200];
	struct world *w = *state;

	for (int len = 85; len <= 88; len++) {
		struct al_conf *conf;
		enum al_err err;

		(void)snprintf(
			name, sizeof(name), "%.*s", len,
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
		(void)snprintf(text, sizeof(text), "[network]\nname = %s\n", name);
		folder_write(w->dir, "alamo.conf", al_slice_str(text));
		assert_int_equal(al_conf_load(path_of(w, "alamo.conf"), &conf, message, sizeof(message)), AL_OK);
		err = registry_namespace(conf, ns);
		assert_int_equal(err, len <= 86 ? AL_OK : AL_ELIMIT);
		if (err == AL_OK)
			assert_string_equal(ns + strlen("registry@"), name);
		al_conf_free(conf);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_log_is_shown),          TEST(without_room), TEST(the_last_word), TEST(the_file_rests),
		TEST(without_a_published_log),   TEST(dated),        TEST(endpoints),     TEST(the_signer_is_gone),
		TEST(another_key_opens_nothing), TEST(the_next_key), TEST(namespaces),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
