/* SPDX-License-Identifier: MIT */
/*
 * test_cosign.c -- checkpoints to witnesses: who is asked what, from which size with which proof, what a quorum of
 * them makes public, and what of that holds over a restart.
 */
#include "cosign_bench.h"

static void rounds(void **state)
{
	struct bench *bench = *state;
	struct witness *one = &bench->witness[0], *two = &bench->witness[1];

	two->size = 2; /* it has seen some of it before */
	cosign_start(bench);
	wait_until(bench, head_published);
	assert_int_equal(one->asked, 1);
	assert_int_equal(one->old, 0);
	assert_int_equal(two->asked, 2); /* it told its size, and was asked again from there */
	assert_int_equal(two->old, 2);
	/* From what they have, with its proof. */
	ask_none(bench);
	commit(bench, 3);
	wait_until(bench, head_published);
	assert_true(one->asked == 1 && two->asked == 1);
	assert_true(one->old == 3 && two->old == 3);
	assert_int_equal(metric("alamo_registry_cosigned_size"), 6);
	/* Without a quorum the last one that had it stays; the next round asks for what is newest then. */
	ask_none(bench);
	two->refuses = 403;
	said_begin(&bench->said);
	commit(bench, 1);
	wait_until(bench, first_has_it);
	wait_until(bench, settled);
	says_once(bench, "error alamo event=cosign-refused witness=two status=403 size=7 answer=\"no\\x0a\"\n");
	assert_int_equal(published(bench), 6);
	assert_int_equal(metric("alamo_registry_cosigned_size"), 6);
	two->refuses = 0;
	ask_none(bench);
	commit(bench, 2);
	wait_until(bench, head_published);
	assert_true(one->old == 7 && two->old == 6);
	assert_true(one->asked == 1 && two->asked == 1);
}

/* A witness that knows a longer log is believed, and asked once. */
static void ahead(void **state)
{
	struct bench *bench = *state;

	bench->witness[1].ahead = 4;
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, first_has_it);
	assert_int_equal(bench->witness[1].asked, 1);
	assert_int_equal(published(bench), 0);
	commit(bench, 1); /* and now it is not ahead any more, but at the same size */
	wait_until(bench, first_has_it);
	says_once(bench, "error alamo event=cosign-ahead witness=two witness-size=4 size=3 ");
}

/* One that is at another size whenever it is asked is asked from there once a round. */
static void wavering(void **state)
{
	struct bench *bench = *state;

	bench->witness[1].wavers = true;
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, first_has_it);
	wait_until(bench, settled);
	(void)said_end(&bench->said);
	assert_int_equal(bench->witness[1].asked, 2);
	assert_int_equal(bench->witness[1].old, 2);
	assert_int_equal(published(bench), 0);
}

/* A witness that knows the log by an older key is told of the next one, once a round, and asked again when it took that. */
static void another_key(void **state)
{
	struct bench *bench = *state;
	struct witness *one = &bench->witness[0], *two = &bench->witness[1];

	bench->keys = AL_S("the note\n");
	two->refuses = 403;
	two->takes = 403;
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, second_told);
	wait_until(bench, settled);
	says_once(bench, "error alamo event=cosign-keys witness=two status=403; ");
	assert_true(two->told == 1 && two->asked == 1);
	assert_int_equal(published(bench), 0);
	two->takes = 200;
	commit(bench, 1);
	wait_until(bench, head_published);
	assert_true(two->told == 2 && two->asked == 3);
	assert_int_equal(one->told, 0);
}

/* A line that is not the witness's own counts for nothing. */
static void not_its_line(void **state)
{
	struct bench *bench = *state;
	struct al_skey right = bench->witness[1].key;

	assert_int_equal(al_witness_skey_generate(AL_S("w.test"), &bench->witness[1].key), AL_OK);
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, both_asked);
	wait_until(bench, first_has_it);
	wait_until(bench, settled);
	says_once(bench, "warn alamo event=cosign-unusable witness=two size=3\n");
	assert_int_equal(published(bench), 0);
	bench->witness[1].key = right;
	ask_none(bench);
	commit(bench, 1);
	wait_until(bench, head_published);
}

/* The same text with one more line of the log's: what witnesses signed holds for it. */
static void dated(void **state)
{
	struct bench *bench = *state;
	struct al_skey dating;
	struct al_slice text;
	struct al_buf line;

	cosign_start(bench);
	wait_until(bench, head_published);
	al_skey_dating(&bench->rig->key, &dating);
	al_buf_init(&line, AL_NOTE_MAX);
	assert_int_equal(al_note_open(al_buf_view(&bench->note), &bench->rig->key.pub, &text), AL_OK);
	al_cosign(text, &dating, 2000, &line);
	al_buf_slice(&bench->note, al_buf_view(&line));
	al_buf_u8(&line, 0);
	cosign_dated(bench->cosign, bench->head.size + 1, al_buf_view(&bench->note)); /* of another size */
	assert_false(holds(bench, (const char *)line.ptr));
	cosign_dated(bench->cosign, bench->head.size, al_buf_view(&bench->note));
	assert_true(holds(bench, (const char *)line.ptr));
	assert_int_equal(published(bench), bench->head.size);
	al_buf_release(&line);
}

/* The next start gives out what is still right, before it has asked anybody. */
static void restart(void **state)
{
	struct bench *bench = *state;
	char body[4096], again[4096], *at;
	struct al_buf note;

	bench->witness[0].refuses = bench->witness[1].refuses = 403;
	cosign_start(bench);
	assert_int_equal(fetch(bench, body), 404);
	cosign_free(bench->cosign);
	bench->witness[0].refuses = bench->witness[1].refuses = 0;
	cosign_start(bench);
	wait_until(bench, head_published);
	assert_int_equal(fetch(bench, body), 200);
	cosign_free(bench->cosign);
	bench->witness[0].refuses = bench->witness[1].refuses = 403;
	cosign_start(bench);
	assert_int_equal(fetch(bench, again), 200);
	assert_string_equal(body, again);
	cosign_free(bench->cosign);
	/* Without one of the lines there is no quorum any more. */
	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_str(&note, body);
	at = strrchr(body, '\n');
	*at = '\0';
	at = strrchr(body, '\n');
	file_put(bench, "run/checkpoint.cosigned", al_slice_of(body, (size_t)(at - body) + 1));
	cosign_start(bench);
	assert_int_equal(fetch(bench, again), 404);
	al_buf_release(&note);
}

/* All the witnesses that a policy can have are asked, and left. */
static void as_many_as_can_be(void **state)
{
	struct bench *bench = *state;
	struct al_buf text, key;
	struct al_skey secret;

	al_buf_init(&text, 20000);
	al_buf_init(&key, 1000);
	for (size_t i = 0; i < AL_WITNESSES_MAX; i++) {
		assert_int_equal(al_witness_skey_generate(AL_S("w.test"), &secret), AL_OK);
		al_buf_reset(&key);
		al_witness_vkey_format(&secret.pub, &key);
		al_buf_printf(&text, "witness w%zu %.*s http://127.0.0.1:%u/one/\n", i, AL_FMT(al_buf_view(&key)),
			      bench->port);
	}
	al_buf_str(&text, "quorum w0\n");
	file_put(bench, "policy", al_buf_view(&text));
	bench->witness[0].refuses = 500; /* they are all behind one door */
	cosign_start(bench);
	wait_until(bench, all_asked);
	assert_int_equal(published(bench), 0);
	al_buf_release(&text);
	al_buf_release(&key);
}

static void without(void **state)
{
	struct bench *bench = *state;

	conf_put(bench, "[registry]\n");
	assert_int_equal(cosign_new(bench->rig->loop, bench->conf, bench->rig->ledger, &bench->rig->key.pub,
				    bench->keys, &bench->cosign),
			 AL_OK);
	assert_null(bench->cosign);
	commit(bench, 1);
	cosign_dated(NULL, 4, al_buf_view(&bench->note));
	assert_int_equal(cosign_routes(NULL, bench->http), AL_OK);
	conf_put(bench, "[registry]\nwitnesses = nowhere\n");
	assert_int_equal(cosign_new(bench->rig->loop, bench->conf, bench->rig->ledger, &bench->rig->key.pub,
				    bench->keys, &bench->cosign),
			 AL_ENOTFOUND);
	file_put(bench, "policy", AL_S("nothing\n"));
	conf_put(bench, "[registry]\nwitnesses = policy\n");
	said_begin(&bench->said);
	assert_int_equal(cosign_new(bench->rig->loop, bench->conf, bench->rig->ledger, &bench->rig->key.pub,
				    bench->keys, &bench->cosign),
			 AL_EINVAL);
	says_once(bench, "error alamo event=cosign-policy file=policy reason=\"line 1: ");
	assert_null(bench->cosign);
}

/* Whoever does not answer holds up the next round, but not for ever; that he is away is said once. */
static void one_is_silent(void **state)
{
	struct bench *bench = *state;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(silent >= 0);
	assert_int_equal(bind(silent, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(silent, 4), 0);
	assert_int_equal(getsockname(silent, (struct sockaddr *)&at, &len), 0);
	policy_put(bench, (const uint16_t[]){ bench->port, ntohs(at.sin_port) });
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, first_answered);
	commit(bench, 1);
	wait_until(bench, a_round_later);
	assert_int_equal(bench->witness[0].asked, 1);
	(void)close(silent);
	wait_until(bench, first_asked_again);
	assert_int_equal(bench->witness[0].size, bench->head.size);
	commit(bench, 1);
	wait_until(bench, first_at_the_head);
	wait_until(bench, settled);
	says_once(bench, "warn alamo event=cosign-away witness=two\n");
}

/* A witness of which nobody could ask by this URL ends the start; one without any is never asked. */
static void who_cannot_be_asked(void **state)
{
	struct bench *bench = *state;
	struct al_buf text, key;

	al_buf_init(&text, 2000);
	al_buf_init(&key, 1000);
	al_witness_vkey_format(&bench->witness[0].key.pub, &key);
	al_buf_printf(&text, "witness one %.*s http://one.test/\nquorum one\n", AL_FMT(al_buf_view(&key)));
	file_put(bench, "policy", al_buf_view(&text));
	said_begin(&bench->said);
	assert_int_equal(cosign_new(bench->rig->loop, bench->conf, bench->rig->ledger, &bench->rig->key.pub,
				    bench->keys, &bench->cosign),
			 AL_EINVAL);
	says_once(bench, "event=cosign-witness witness=one url=http://one.test/ is not http://ADDRESS:PORT/PREFIX\n");
	al_buf_reset(&text);
	al_buf_printf(&text, "witness one %.*s\nquorum one\n", AL_FMT(al_buf_view(&key)));
	file_put(bench, "policy", al_buf_view(&text));
	cosign_start(bench);
	wait_until(bench, settled);
	assert_int_equal(bench->witness[0].asked, 0);
	al_buf_release(&text);
	al_buf_release(&key);
}

/* What was published is another history's, or longer than this one: it is not given out. */
static void published_by_another(void **state)
{
	struct bench *bench = *state;
	char body[4096];

	cosign_start(bench);
	commit(bench, 1); /* the ledger itself has it not */
	wait_until(bench, head_published);
	assert_int_equal(fetch(bench, body), 200);
	cosign_free(bench->cosign);
	bench->witness[0].refuses = bench->witness[1].refuses = 403;
	cosign_start(bench);
	assert_int_equal(fetch(bench, body), 404);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rounds, setup, teardown),
		cmocka_unit_test_setup_teardown(ahead, setup, teardown),
		cmocka_unit_test_setup_teardown(wavering, setup, teardown),
		cmocka_unit_test_setup_teardown(another_key, setup, teardown),
		cmocka_unit_test_setup_teardown(not_its_line, setup, teardown),
		cmocka_unit_test_setup_teardown(dated, setup, teardown),
		cmocka_unit_test_setup_teardown(restart, setup, teardown),
		cmocka_unit_test_setup_teardown(as_many_as_can_be, setup, teardown),
		cmocka_unit_test_setup_teardown(without, setup, teardown),
		cmocka_unit_test_setup_teardown(one_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(who_cannot_be_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(published_by_another, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
