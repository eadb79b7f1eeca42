/* SPDX-License-Identifier: MIT */
/*
 * test_signed.c -- heads, sets and differences over HTTP, as one who verifies sees them.
 */
#include "signer.h"

#include "../common/loopback.h"
#include "../metric.h"
#include "signed.h"

#define ANSWER_CAP (2 * AL_NOTE_MAX)
#define KEY_S 10000

struct bench {
	struct signer signer;
	struct al_loop *loop;
	struct al_http *http;
	struct signed_set *set;
	struct moment moment;
	uint16_t port;
	char answer[ANSWER_CAP];
};

static void write_key(const struct signer *signer, const struct al_skey *key)
{
	struct al_buf text;

	al_buf_init(&text, 1024);
	al_skey_format(key, &text);
	signer_write(signer, "roa.key", al_buf_view(&text));
	al_buf_release(&text);
}

static enum al_err open_signed(struct bench *bench)
{
	char key[256], note[256];
	struct signed_conf conf = { .key = key, .note = note, .log = &bench->signer.log.pub, .valid_s = 500 };

	strcpy(key, signer_path(&bench->signer, "roa.key"));
	strcpy(note, signer_path(&bench->signer, "roa.note"));
	return signed_new(&conf, &bench->moment, &bench->set);
}

static int setup(void **state)
{
	static struct bench bench;
	struct al_buf statement;

	signer_init(&bench.signer);
	moment_init(&bench.moment);
	write_key(&bench.signer, &bench.signer.roa);
	signer_statement(&bench.signer, &bench.signer.roa.pub, al_now_s() + KEY_S, &statement);
	signer_write(&bench.signer, "roa.note", al_buf_view(&statement));
	al_buf_release(&statement);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	moment_release(&bench->moment);
	(void)unlink(signer_path(&bench->signer, "roa.key"));
	(void)unlink(signer_path(&bench->signer, "roa.note"));
	return rmdir(bench->signer.dir);
}

/* The loop runs only inside of this. The body; the status in *status. */
static struct al_slice fetch(struct bench *bench, const char *path, unsigned *status)
{
	char request[256];
	const char *body;
	pthread_t thread;
	ssize_t len;
	int fd;

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	loop_thread_start(bench->loop, &thread);
	fd = client_connect(bench->port);
	client_say(fd, request);
	len = client_drain(fd, bench->answer, sizeof(bench->answer));
	close(fd);
	loop_thread_stop(bench->loop, thread);
	assert_in_range(len, 1, ANSWER_CAP - 1);
	assert_int_equal(sscanf(bench->answer, "HTTP/1.1 %u", status), 1);
	body = strstr(bench->answer, "\r\n\r\n");
	assert_non_null(body);
	return al_slice_str(body + 4);
}

static void assert_refused(struct bench *bench, const char *path, unsigned want)
{
	unsigned status;

	(void)fetch(bench, path, &status);
	assert_int_equal(status, want);
}

static void show(struct bench *bench, const struct vrp_set *set, const struct vrp_history *history, uint64_t size,
		 uint64_t fresh_s)
{
	struct al_buf note;
	struct al_checkpoint cp = signer_checkpoint(&bench->signer, size, &note);

	moment_show(&bench->moment, set, history, &cp, al_buf_view(&note), fresh_s);
	al_buf_release(&note);
}

/* A sound head; the set that is fetched after it is the one that it names. */
static void assert_head(struct bench *bench, const struct vrp_set *set, uint64_t size, uint64_t generated)
{
	struct origin_pin pin = { .log = &bench->signer.log.pub, .now = generated };
	struct origin_head head;
	struct al_slice text;
	unsigned status;

	origin_head_init(&head);
	text = fetch(bench, "/roa/head", &status);
	assert_int_equal(status, 200);
	assert_string_equal(origin_fault_name(origin_head_open(text, &pin, &head, NULL)),
			    origin_fault_name(ORIGIN_SOUND));
	assert_int_equal(head.cp.size, size);
	assert_int_equal(head.changed, set->size);
	assert_int_equal(head.generated, generated);
	assert_int_equal(head.expires, generated + 500);
	assert_int_equal(head.vrps4, set->vrps);
	text = fetch(bench, "/roa/set", &status);
	assert_int_equal(status, 200);
	assert_string_equal(origin_fault_name(origin_head_match(&head, text)), origin_fault_name(ORIGIN_SOUND));
	assert_non_null(strstr(bench->answer, "ETag: \""));
	origin_head_release(&head);
}

static void serve_open(struct bench *bench)
{
	assert_int_equal(al_loop_new(&bench->loop), AL_OK);
	assert_int_equal(al_http_new(bench->loop, &bench->http), AL_OK);
	assert_int_equal(open_signed(bench), AL_OK);
	assert_int_equal(signed_routes(bench->set, bench->http), AL_OK);
	assert_int_equal(al_http_listen(bench->http, AL_S("127.0.0.1"), 0, &bench->port), AL_OK);
}

static void serve_close(struct bench *bench)
{
	al_http_free(bench->http);
	signed_free(bench->set);
	al_loop_free(bench->loop);
}

static void heads(void **state)
{
	struct vrp_set *one = signer_set(3, 10), *two = signer_set(5, 20);
	struct bench *bench = *state;
	uint64_t now_s = al_now_s(), signed_before;
	static char first[ANSWER_CAP];
	struct al_buf statement;
	struct al_slice text;
	unsigned status;

	serve_open(bench);
	assert_in_range(metric("alamo_rpki_key_not_after_seconds"), now_s + KEY_S - GUARD_S, now_s + KEY_S);
	assert_int_equal(metric("alamo_rpki_key_not_after_seconds") - metric("alamo_rpki_key_since_seconds"),
			 ORIGIN_KEY_LIFE_S);
	signed_before = metric("alamo_rpki_heads_signed_total");
	assert_refused(bench, "/roa/head", 503);
	assert_refused(bench, "/roa/set", 503);
	show(bench, one, NULL, 12, now_s - 1000);
	assert_head(bench, one, 12, now_s - 1000);
	/* What has not changed is not signed again; a later size, a fresher time or another set are. */
	text = fetch(bench, "/roa/head", &status);
	assert_int_equal(al_slice_copy(text, first, sizeof(first)), AL_OK);
	show(bench, one, NULL, 12, now_s - 1000 + SIGNED_FRESH_S - 1);
	assert_true(al_slice_is(fetch(bench, "/roa/head", &status), first));
	show(bench, one, NULL, 12, now_s - 1000 + SIGNED_FRESH_S);
	assert_head(bench, one, 12, now_s - 1000 + SIGNED_FRESH_S);
	show(bench, one, NULL, 13, now_s - 1000 + SIGNED_FRESH_S);
	assert_head(bench, one, 13, now_s - 1000 + SIGNED_FRESH_S);
	show(bench, one, NULL, 13, now_s - 999);
	assert_head(bench, one, 13, now_s - 999);
	show(bench, two, NULL, 21, now_s - 500);
	assert_head(bench, two, 21, now_s - 500);
	assert_int_equal(metric("alamo_rpki_heads_signed_total"), signed_before + 5);
	al_buf_init(&statement, AL_NOTE_MAX);
	assert_int_equal(al_note_load(signer_path(&bench->signer, "roa.note"), &statement), AL_OK);
	text = fetch(bench, "/roa/key", &status);
	assert_true(status == 200 && al_slice_eq(text, al_buf_view(&statement)));
	al_buf_release(&statement);
	/* Too old for anybody. */
	bench->moment.expired = true;
	assert_refused(bench, "/roa/head", 503);
	assert_refused(bench, "/roa/set", 503);
	serve_close(bench);
	vrp_set_unref(one);
	vrp_set_unref(two);
}

static void deltas(void **state)
{
	struct vrp_set *one = signer_set(3, 10), *two = signer_set(5, 20);
	struct vrp_history *history;
	struct bench *bench = *state;
	struct vrp_delta *delta;
	struct al_slice text;
	struct al_buf want;
	unsigned status;

	serve_open(bench);
	assert_refused(bench, "/roa/delta/10", 404);
	show(bench, two, NULL, 21, al_now_s());
	assert_refused(bench, "/roa/delta/10", 404);
	assert_int_equal(vrp_history_new(10, &history), AL_OK);
	assert_int_equal(vrp_delta_between(one, two, &delta), AL_OK);
	al_buf_init(&want, 10000);
	origin_delta_write(delta, &want);
	vrp_history_push(history, delta, SIZE_MAX);
	show(bench, two, history, 21, al_now_s());
	text = fetch(bench, "/roa/delta/10", &status);
	assert_int_equal(status, 200);
	assert_true(al_slice_eq(text, al_buf_view(&want)));
	assert_refused(bench, "/roa/delta/11", 404);
	assert_refused(bench, "/roa/delta/x", 404);
	assert_refused(bench, "/roa/delta/", 404);
	bench->moment.expired = true;
	assert_refused(bench, "/roa/delta/10", 404);
	serve_close(bench);
	al_buf_release(&want);
	vrp_history_free(history);
	vrp_set_unref(one);
	vrp_set_unref(two);
}

/* A checkpoint with so many cosignatures that the head has no room for it, or its signature has none: no half of a head. */
static void no_half_heads(void **state)
{
	struct vrp_set *set = signer_set(3, 10);
	struct al_checkpoint cp = { .size = 0 };
	char *note = calloc(1, AL_NOTE_MAX);
	unsigned status, counts[2] = { 0 };
	struct bench *bench = *state;

	assert_non_null(note);
	memset(note, 'x', AL_NOTE_MAX);
	note[0] = '\n'; /* of what there is: the head's own lines come in front */
	serve_open(bench);
	for (size_t len = AL_NOTE_MAX / 4 * 3 - 1500; len < AL_NOTE_MAX / 4 * 3; len += 25) {
		struct al_slice body;

		note[len - 1] = '\n';
		cp.size++;
		moment_show(&bench->moment, set, NULL, &cp, al_slice_of(note, len), al_now_s());
		note[len - 1] = 'x';
		body = fetch(bench, "/roa/head", &status);
		assert_true(status == 200 || status == 503);
		counts[status == 503]++;
		if (status == 200) {
			assert_non_null(strstr(body.ptr, "\n\n\xe2\x80\x94 x/roa "));
			assert_int_equal(body.ptr[body.len - 1], '\n'); /* to the end of its signature */
		}
	}
	assert_true(counts[0] > 0 && counts[1] > 0);
	serve_close(bench);
	free(note);
	vrp_set_unref(set);
}

/* No key is no fault; one that nobody could believe is. */
static void keys(void **state)
{
	struct bench *bench = *state;

	write_key(&bench->signer, &bench->signer.log);
	assert_int_equal(open_signed(bench), AL_EVERIFY);
	signer_write(&bench->signer, "roa.key", AL_S("no key\n"));
	assert_int_equal(open_signed(bench), AL_EINVAL);
	write_key(&bench->signer, &bench->signer.roa);
	assert_int_equal(unlink(signer_path(&bench->signer, "roa.note")), 0);
	assert_int_equal(open_signed(bench), AL_ENOTFOUND);
	assert_int_equal(unlink(signer_path(&bench->signer, "roa.key")), 0);
	assert_int_equal(open_signed(bench), AL_OK);
	assert_null(bench->set);
	signed_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(heads, setup, teardown),
		cmocka_unit_test_setup_teardown(deltas, setup, teardown),
		cmocka_unit_test_setup_teardown(no_half_heads, setup, teardown),
		cmocka_unit_test_setup_teardown(keys, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
