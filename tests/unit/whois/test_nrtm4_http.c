/* SPDX-License-Identifier: MIT */
/*
 * test_nrtm4_http.c -- NRTM version 4 as a mirror has it: it asks until there is a notification, and finds all that this
 * names, with the hash that it says.
 */
#include "golden.h"

#include <jansson.h>
#include <sodium.h>

#include "../common/loopback.h"
#include "nrtm4.h"
#include "nrtm4_files.h"
#include "nrtm4_key.h"

#define ANSWER_MAX (1u << 20)
#define OLD_ENTRIES 1300u /* more than is packed in one piece of work */
#define DENSE_LEN 129
#define NOTIFICATION "update-notification-file.jose"

static struct {
	struct al_loop *loop;
	struct al_http *http;
	struct nrtm4 *nrtm4;
	pthread_t thread;
	uint16_t port;
	char folder[40], session[NRTM4_UUID_LEN];
	char answer[ANSWER_MAX]; /* the newest */
	size_t len;
	struct al_slice body;
} served;

/* ---- the log ---- */

/* What does not pack well. */
static const char *dense(uint64_t number, char out[static DENSE_LEN])
{
	unsigned char hash[(DENSE_LEN - 1) / 2];

	assert_int_equal(
		crypto_generichash(hash, sizeof(hash), (const unsigned char *)&number, sizeof(number), NULL, 0), 0);
	return sodium_bin2hex(out, DENSE_LEN, hash, sizeof(hash));
}

static void put(uint64_t time)
{
	uint64_t index = al_state_size(golden.f.state);
	struct al_entry entry = {
		.index = index, .time = time, .kind = AL_S("request"), .result = AL_S("c"), .body = AL_S("x")
	};
	struct al_hash leaf = { { 0 } };
	struct al_buf bytes;
	char text[512], words[DENSE_LEN];

	if (index == 0)
		(void)snprintf(text, sizeof(text),
			       "registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n");
	else
		(void)snprintf(text, sizeof(text), "mntner: M%llu-MNT\ndescr: %s\nmnt-by: A-MNT\nsource: TEST\n",
			       (unsigned long long)index, dense(index, words));
	al_buf_init(&bytes, 4096);
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	whois_entries_add(golden.entries, al_buf_view(&bytes), &leaf);
	fixture_put(&golden.f, text);
	al_buf_release(&bytes);
}

static void go(void)
{
	loop_thread_start(served.loop, &served.thread);
}

static void halt(void)
{
	loop_thread_stop(served.loop, served.thread);
}

static void grow(uint64_t time)
{
	halt();
	put(time);
	nrtm4_grown(served.nrtm4);
	go();
}

/* ---- asking ---- */

/* The status; the body stays until the next question. */
static int get(const char *path)
{
	char request[512];
	const char *end;
	int fd = client_connect(served.port);
	ssize_t len;

	(void)snprintf(request, sizeof(request), "GET /nrtmv4/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		       path);
	client_say(fd, request);
	len = client_drain(fd, served.answer, sizeof(served.answer));
	close(fd);
	assert_in_range(len, 1, ANSWER_MAX - 1);
	end = strstr(served.answer, "\r\n\r\n");
	assert_non_null(end);
	served.body = al_slice_of(end + 4, (size_t)len - (size_t)(end + 4 - served.answer));
	return atoi(served.answer + strlen("HTTP/1.1 "));
}

static bool says(const char *what)
{
	return strstr(served.body.ptr, what) != NULL;
}

/* What the signature is of (RFC 7515): the second of three parts. */
static json_t *payload(void)
{
	struct al_slice rest = served.body, part;
	unsigned char text[65536];
	json_t *made;
	size_t len;

	assert_true(al_slice_cut(&rest, '.', &part) && al_slice_cut(&rest, '.', &part) && rest.len > 0);
	assert_int_equal(sodium_base642bin(text, sizeof(text), part.ptr, part.len, NULL, &len, NULL,
					   sodium_base64_VARIANT_URLSAFE_NO_PADDING),
			 0);
	made = json_loadb((const char *)text, len, 0, NULL);
	assert_non_null(made);
	return made;
}

static uint64_t number(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* Asks as mirrors do, again and again but never twice in a second, until the log's newest version is named. */
static json_t *notification(void)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	static uint64_t asked_s;

	for (int i = 0; i < GUARD_S * 100; i++) {
		if (al_now_s() == asked_s) {
			(void)nanosleep(&nap, NULL);
			continue;
		}
		asked_s = al_now_s();
		if (get("TEST/" NOTIFICATION) == 200) {
			json_t *made = payload();

			if (number(made, "version") == golden.f.view.head.size)
				return made;
			json_decref(made);
		} else {
			assert_true(says("The files are being made. Try again in a few seconds.\n"));
		}
	}
	fail();
	return NULL;
}

/* Of what a notification names; its path, for the test to ask again. */
static void check_file(const json_t *reference, uint64_t version, char path[static 256])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];

	assert_int_equal(number(reference, "version"), version);
	(void)snprintf(path, 256, "TEST/%s", json_string_value(json_object_get(reference, "url")));
	assert_int_equal(get(path), 200);
	assert_int_equal(crypto_hash_sha256(hash, (const unsigned char *)served.body.ptr, served.body.len), 0);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)),
			    json_string_value(json_object_get(reference, "hash")));
}

/* The answer at hand is the file that follows from the log, whole. */
static void check_snapshot(uint64_t version)
{
	struct nrtm4_snapshot *snapshot;
	struct al_buf want;
	enum al_err err;

	halt();
	al_buf_init(&want, 1u << 20);
	assert_int_equal(nrtm4_snapshot_new(&golden.f.view, served.session, version, &want, &snapshot), AL_OK);
	do
		err = nrtm4_snapshot_step(snapshot);
	while (err == AL_EAGAIN);
	assert_int_equal(err, AL_OK);
	nrtm4_snapshot_free(snapshot);
	assert_true(al_slice_eq(served.body, al_buf_view(&want)));
	al_buf_release(&want);
	go();
}

static void check_delta(uint64_t version)
{
	struct al_buf want;

	halt();
	al_buf_init(&want, 1u << 20);
	assert_int_equal(nrtm4_delta(&golden.f.view, served.session, version, &want), AL_OK);
	assert_true(al_slice_eq(served.body, al_buf_view(&want)));
	al_buf_release(&want);
	go();
}

/* ---- tests ---- */

static void no_log_yet(void **state)
{
	uint64_t size = golden.f.view.head.size;

	(void)state;
	golden.f.view.head.size = 0;
	go();
	assert_int_equal(get("TEST/" NOTIFICATION), 503);
	assert_true(says("The log is still being fetched and checked. Try again soon.\n"));
	halt();
	golden.f.view.head.size = size;
	golden.f.view.history = NULL;
	go();
	assert_int_equal(get("TEST/" NOTIFICATION), 404);
	assert_true(says("No history is kept here: [whois] history.\n"));
	halt();
	golden.f.view.history = golden.history;
	golden.f.view.entries = NULL;
	go();
	assert_int_equal(get("TEST/" NOTIFICATION), 404);
	halt();
	golden.f.view.entries = golden.entries;
}

/* Snapshots of a log that has rested for long; of the two newest both are there. */
static void snapshots(void **state)
{
	char path[4][256];
	bool late = false;

	(void)state;
	go();
	assert_int_equal(get("TEST/" NOTIFICATION), 503);
	assert_true(says("The files are being made. Try again in a few seconds.\n"));
	for (unsigned i = 0; i < AL_COUNT(path); i++) {
		json_t *said = notification();
		uint64_t version = golden.f.view.head.size, shot;

		assert_int_equal(number(said, "nrtm_version"), 4);
		assert_string_equal(json_string_value(json_object_get(said, "type")), "notification");
		assert_string_equal(json_string_value(json_object_get(said, "source")), "TEST");
		shot = number(json_object_get(said, "snapshot"), "version");
		late = late || shot != version; /* a delta is named before the snapshot is packed */
		assert_int_equal(json_array_size(json_object_get(said, "deltas")), version - shot);
		assert_null(json_object_get(said, "next_signing_key"));
		check_file(json_object_get(said, "snapshot"), shot, path[i]);
		check_snapshot(shot);
		json_decref(said);
		if (i > 0 && !late)
			assert_int_equal(get(path[i - 1]), 200);
		if (i > 1 && !late) {
			assert_int_equal(get(path[i - 2]), 404);
			assert_true(says("No such file, or no more: read " NOTIFICATION " again.\n"));
		}
		grow(FIXTURE_TIME + version);
	}
	halt();
}

/* What came within four hours is in deltas; each has the name and the hash that the notification says. */
static void deltas(void **state)
{
	const unsigned fresh = 40;
	uint64_t first, last;
	char path[256], wrong[256];
	json_t *said, *listed;
	size_t i;

	(void)state;
	for (i = 0; i < fresh; i++)
		put(al_now_s());
	go();
	nrtm4_grown(served.nrtm4);
	said = notification();
	listed = json_object_get(said, "deltas");
	last = golden.f.view.head.size;
	first = last + 1 - json_array_size(listed);
	assert_true(json_array_size(listed) >= fresh);
	assert_true(first <= number(json_object_get(said, "snapshot"), "version") + 1);
	for (i = 0; i < json_array_size(listed); i++)
		check_file(json_array_get(listed, i), first + i, path);
	check_delta(last);
	/* Other names of the newest are none. */
	(void)strcpy(wrong, path);
	wrong[strlen(wrong) - strlen("0.json.gz")] ^= 1;
	assert_int_equal(get(wrong), 404);
	assert_int_equal(get("TEST/nrtm-delta.x.y.z.json.gz"), 404);
	assert_int_equal(get("TEST/nrtm-delta.x.99999.z.json.gz"), 404);
	assert_int_equal(get("TEST/nrtm-delta"), 404);
	assert_int_equal(get("TEST/"), 404);
	assert_int_equal(get("test/public-key.pem"), 200);
	assert_int_equal(get("OTHER/" NOTIFICATION), 404);
	assert_true(says("It is /nrtmv4/SOURCE/" NOTIFICATION ".\n"));
	assert_int_equal(get(NOTIFICATION), 404);
	json_decref(said);
	halt();
}

static void write_key(const char *name)
{
	struct jws_key *key;
	char path[64];
	struct al_buf pem;
	FILE *file;

	assert_int_equal(jws_key_make(&key), AL_OK);
	al_buf_init(&pem, JWS_PEM_MAX);
	assert_int_equal(jws_key_write(key, &pem), AL_OK);
	(void)snprintf(path, sizeof(path), "%s/%s", served.folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(pem.ptr, 1, pem.len, file), pem.len);
	assert_int_equal(fclose(file), 0);
	al_buf_release(&pem);
	jws_key_free(key);
}

static void remove_key(const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", served.folder, name);
	assert_int_equal(unlink(path), 0);
}

static void age(uint64_t stale_s)
{
	halt();
	golden.f.view.stale_s = stale_s;
	go();
}

/* The key that comes is announced; the time is the last at which the log was known to go no further. */
static void announced(void **state)
{
	const uint64_t age_s = 3600;
	uint64_t before, time;
	struct al_slice text;
	struct al_buf next;
	json_t *said;

	(void)state;
	al_buf_init(&next, JWS_PEM_MAX);
	write_key(NRTM4_KEY_NEXT);
	assert_int_equal(nrtm4_key_public(served.folder, NRTM4_KEY_NEXT, &next), AL_OK);
	go();
	age(age_s);
	before = al_now_s();
	grow(before);
	said = notification();
	text = al_slice_str(json_string_value(json_object_get(said, "next_signing_key")));
	assert_true(al_slice_eq(text, al_buf_view(&next)));
	text = al_slice_str(json_string_value(json_object_get(said, "timestamp")));
	assert_int_equal(al_time_parse(text, &time), AL_OK);
	assert_in_range(time, before - age_s, al_now_s() - age_s);
	json_decref(said);
	al_buf_release(&next);
	age(0);
	assert_int_equal(get("TEST/public-key.pem"), 200);
	assert_true(says("-----BEGIN PUBLIC KEY-----\n"));
	remove_key(NRTM4_KEY);
	assert_int_equal(get("TEST/public-key.pem"), 404);
	assert_true(says("There is no key.\n"));
	remove_key(NRTM4_KEY_NEXT);
	halt();
}

static int setup(void **state)
{
	struct al_skey key;

	(void)state;
	golden_open();
	for (unsigned i = 0; i < OLD_ENTRIES; i++)
		put(FIXTURE_TIME + i);
	(void)strcpy(served.folder, "/tmp/alamo-nrtm4-XXXXXX");
	assert_non_null(mkdtemp(served.folder));
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &key), AL_OK);
	nrtm4_session(&key.pub, served.session);
	assert_int_equal(al_loop_new(&served.loop), AL_OK);
	assert_int_equal(al_http_new(served.loop, &served.http), AL_OK);
	assert_int_equal(nrtm4_new(served.loop, &golden.f.view, &key.pub, served.folder, &served.nrtm4), AL_OK);
	assert_int_equal(nrtm4_serve(served.nrtm4, served.http), AL_OK);
	assert_int_equal(al_http_listen(served.http, AL_S("127.0.0.1"), 0, &served.port), AL_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	al_http_free(served.http);
	nrtm4_free(served.nrtm4);
	al_loop_free(served.loop);
	golden_release();
	assert_int_equal(rmdir(served.folder), 0);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(no_log_yet), cmocka_unit_test(snapshots),
						   cmocka_unit_test(deltas), cmocka_unit_test(announced) };

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
