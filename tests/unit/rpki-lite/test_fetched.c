/* SPDX-License-Identifier: MIT */
/*
 * test_fetched.c -- sets out of a fetcher's folder: what of them is served, what is refused, what the next start finds.
 */
#include "signer.h"

#include <inttypes.h>

#include "fetched.h"
#include "kept.h"
#include "../clock.h"
#include "../guard.h"
#include "../metric.h"
#include "../said.h"

struct bench {
	struct signer signer;
	struct al_conf *conf;
	struct al_vkey log;
	struct al_loop *loop;
	struct served *served;
	struct fetched *fetched;
	struct rtr_server *rtr;
	struct export *export;
	unsigned firsts;
};

static void count_first(void *arg)
{
	unsigned *count = arg;

	(*count)++;
}

static void conf_write(struct bench *bench, const char *more)
{
	char text[512], message[256];

	(void)snprintf(text, sizeof(text), "[log]\nkey = log.vkey\n[rpki]\nsource = fetch\nbrake-percent = 25\n%s",
		       more);
	signer_write(&bench->signer, "alamo.conf", al_slice_str(text));
	al_conf_free(bench->conf);
	assert_int_equal(
		al_conf_load(signer_path(&bench->signer, "alamo.conf"), &bench->conf, message, sizeof(message)), AL_OK);
}

/* What the daemon has of it, on its way up. */
static void bench_start(struct bench *bench)
{
	struct rtr_server_conf rtr = {
		.max_conns = 1, .max_per_source = 1, .highest = 1, .timers = { 300, 30, 172800 }
	};
	struct served_ops ops = { .first = count_first, .arg = &bench->firsts };

	bench->firsts = 0;
	assert_int_equal(fetched_key(bench->conf, &bench->log), AL_OK);
	assert_int_equal(al_loop_new(&bench->loop), AL_OK);
	assert_int_equal(served_new(bench->loop, bench->conf, &bench->log, &ops, &bench->served), AL_OK);
	assert_int_equal(fetched_new(bench->loop, bench->conf, &bench->log, bench->served, &bench->fetched), AL_OK);
	assert_int_equal(rtr_server_new(bench->loop, &rtr, &bench->rtr), AL_OK);
	assert_int_equal(export_new(bench->loop, "x", 1000, served_moment(bench->served), &bench->export), AL_OK);
	served_attach(bench->served, bench->rtr, bench->export);
	served_restore(bench->served);
	fetched_start(bench->fetched);
}

static void bench_stop(struct bench *bench)
{
	fetched_free(bench->fetched);
	export_free(bench->export);
	rtr_server_free(bench->rtr);
	served_free(bench->served);
	al_loop_free(bench->loop);
}

static int setup(void **state)
{
	static struct bench bench;
	struct al_buf text;

	memset(&bench, 0, sizeof(bench));
	signer_init(&bench.signer);
	assert_int_equal(mkdir(signer_path(&bench.signer, "run"), 0700), 0);
	assert_int_equal(mkdir(signer_path(&bench.signer, "fetch"), 0700), 0);
	al_buf_init(&text, 1024);
	al_vkey_format(&bench.signer.log.pub, &text);
	signer_write(&bench.signer, "log.vkey", al_buf_view(&text));
	al_buf_release(&text);
	conf_write(&bench, "");
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	char command[128];

	al_conf_free(bench->conf);
	(void)snprintf(command, sizeof(command), "rm -r %s", bench->signer.dir);
	return system(command);
}

/* What `alamo roa fetch` writes: the set, then its head. */
static void put(struct bench *bench, const struct vrp_set *set, uint64_t size, uint64_t generated)
{
	struct al_buf text;

	al_buf_init(&text, ORIGIN_SET_MAX);
	origin_set_write(set, &text);
	signer_write(&bench->signer, "fetch/set", al_buf_view(&text));
	al_buf_release(&text);
	signer_head(&bench->signer, set, size, generated, &text);
	signer_write(&bench->signer, "fetch/head", al_buf_view(&text));
	al_buf_release(&text);
}

static void assert_shows(const struct bench *bench, const struct vrp_set *set, uint64_t size, uint64_t fresh_s)
{
	const struct moment *moment = served_moment(bench->served);
	struct al_checkpoint cp;

	assert_true(moment_serves(moment));
	assert_int_equal(moment->set->size, set->size);
	assert_true(vrp_set_eq(moment->set, set));
	assert_int_equal(moment->cp.size, size);
	assert_int_equal(moment->fresh_s, fresh_s);
	assert_int_equal(al_checkpoint_open(al_buf_view(&moment->note), &bench->log, &cp), AL_OK);
	assert_int_equal(cp.size, size);
}

static void followed(void **state)
{
	struct vrp_set *one = signer_set(40, 10), *two = signer_set(38, 20), *few = signer_set(2, 50),
		       *back = signer_set(38, 60);
	struct bench *bench = *state;
	uint64_t now_s = al_now_s();
	const struct vrp_set *shown;
	struct vrp_delta *delta;

	bench_start(bench);
	assert_false(moment_serves(served_moment(bench->served)));
	put(bench, one, 12, now_s - 100);
	fetched_start(bench->fetched);
	assert_shows(bench, one, 12, now_s - 100);
	/* A later head of the same set: the set is not read again. */
	shown = served_moment(bench->served)->set;
	put(bench, one, 13, now_s - 90);
	fetched_start(bench->fetched);
	assert_shows(bench, one, 13, now_s - 90);
	assert_ptr_equal(served_moment(bench->served)->set, shown);
	/* Another set, and what leads to it from the one before. */
	put(bench, two, 22, now_s - 80);
	fetched_start(bench->fetched);
	assert_shows(bench, two, 22, now_s - 80);
	assert_int_equal(vrp_history_net(served_moment(bench->served)->history, one->serial, &delta), AL_OK);
	assert_leads(one, delta, two);
	free(delta);
	/* Not what came before it, and not a set that its head does not name. */
	put(bench, one, 13, now_s - 70);
	fetched_start(bench->fetched);
	assert_shows(bench, two, 22, now_s - 80);
	put(bench, two, 23, now_s - 60);
	signer_write(&bench->signer, "fetch/set", AL_S("other\n"));
	fetched_start(bench->fetched);
	assert_shows(bench, two, 23, now_s - 60); /* the same set: nobody reads the file */
	put(bench, few, 52, now_s - 50);
	signer_write(&bench->signer, "fetch/set", AL_S("other\n"));
	fetched_start(bench->fetched);
	assert_shows(bench, two, 23, now_s - 60);
	/* The brake holds what takes most of it away; how fresh it would be is known all the same. */
	put(bench, few, 53, now_s - 40);
	fetched_start(bench->fetched);
	assert_shows(bench, two, 23, now_s - 40);
	assert_true(signer_has(&bench->signer, "run/roa.held"));
	assert_int_equal(bench->firsts, 1);
	assert_int_equal(metric("alamo_rpki_vrps{family=\"ipv4\"}"), 38);
	assert_int_equal(metric("alamo_rpki_vrps{family=\"ipv6\"}"), 0);
	assert_int_equal(metric("alamo_rpki_aspas"), 0);
	assert_int_equal(metric("alamo_rpki_serial"), 20);
	assert_int_equal(metric("alamo_rpki_history"), 1);
	assert_int_equal(metric("alamo_rpki_sets_total"), 2);
	assert_int_equal(metric("alamo_rpki_stale"), 0);
	assert_int_equal(metric("alamo_rpki_held"), 1);
	assert_int_equal(metric("alamo_rpki_held_routes"), 38);
	put(bench, back, 62, now_s - 30); /* it was a slip */
	fetched_start(bench->fetched);
	assert_int_equal(metric("alamo_rpki_held"), 0);
	assert_int_equal(metric("alamo_rpki_held_routes"), 0);
	bench_stop(bench);
	vrp_set_unref(one);
	vrp_set_unref(two);
	vrp_set_unref(few);
	vrp_set_unref(back);
}

/* How often a look at the folder refused what it found there. */
static unsigned refusals(struct bench *bench)
{
	struct said said;
	unsigned count = 0;

	said_begin(&said);
	fetched_start(bench->fetched);
	for (const char *at = said_end(&said); (at = strstr(at, " event=head-refused path=")) != NULL; at++)
		count++;
	return count;
}

/* The head's time of change, to the nanosecond. */
static void touch(const struct bench *bench, time_t s, long ns)
{
	const struct timespec times[2] = { { s, ns }, { s, ns } };

	assert_int_equal(utimensat(AT_FDCWD, signer_path(&bench->signer, "fetch/head"), times, 0), 0);
}

/* A head that is the same file, unchanged, is not read again; any other is. */
static void looked_at_once(void **state)
{
	struct bench *bench = *state;
	char other[256];

	bench_start(bench);
	signer_write(&bench->signer, "fetch/head", AL_S("nothing\n"));
	touch(bench, 1000, 5);
	assert_int_equal(refusals(bench), 1);
	assert_int_equal(refusals(bench), 0);
	touch(bench, 1001, 5);
	assert_int_equal(refusals(bench), 1);
	touch(bench, 1001, 6);
	assert_int_equal(refusals(bench), 1);
	assert_int_equal(refusals(bench), 0);
	(void)strcpy(other, signer_path(&bench->signer, "fetch/old"));
	assert_int_equal(link(signer_path(&bench->signer, "fetch/head"), other),
			 0); /* or its number may be given again */
	signer_write(&bench->signer, "fetch/head", AL_S("nothing\n"));
	touch(bench, 1001, 6);
	assert_int_equal(refusals(bench), 1);
	assert_int_equal(refusals(bench), 0);
	bench_stop(bench);
}

static void turn_end(void *arg)
{
	al_loop_stop(((struct bench *)arg)->loop);
}

/* What the loop has to do now. */
static void turn(struct bench *bench)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(al_loop_post(bench->loop, turn_end, bench), AL_OK);
		al_loop_run(bench->loop);
	}
}

static void looked_at_each_second(void **state)
{
	struct vrp_set *one = signer_set(40, 10);
	struct bench *bench = *state;
	uint64_t now_s = al_now_s();

	clock_ms = 50000;
	bench_start(bench);
	for (uint64_t i = 0; i < 3; i++) {
		put(bench, one, 12 + i, now_s - 100 + i);
		clock_ms += 999;
		turn(bench);
		assert_int_equal(served_moment(bench->served)->fresh_s, i == 0 ? 0 : now_s - 101 + i);
		clock_ms++;
		turn(bench);
		assert_shows(bench, one, 12 + i, now_s - 100 + i);
	}
	clock_ms = 0;
	bench_stop(bench);
	vrp_set_unref(one);
}

/* A key that the log has replaced signs no more heads. */
static void a_key_of_before(void **state)
{
	struct vrp_set *one = signer_set(40, 10);
	struct bench *bench = *state;
	uint64_t now_s = al_now_s();

	bench->signer.key_version = 2;
	put(bench, one, 12, now_s - 100);
	bench_start(bench);
	bench->signer.key_version = 1;
	put(bench, one, 13, now_s - 90);
	assert_int_equal(refusals(bench), 1);
	assert_shows(bench, one, 12, now_s - 100);
	bench->signer.key_version = 2;
	put(bench, one, 14, now_s - 80);
	assert_int_equal(refusals(bench), 0);
	assert_shows(bench, one, 14, now_s - 80);
	bench_stop(bench);
	vrp_set_unref(one);
}

/* Until when a router that takes it from the disk may use it. */
static uint64_t kept_until(const struct bench *bench)
{
	struct kept kept = { .log = bench->log };
	struct origin_head head;
	struct vrp_set *set;
	uint64_t expires;

	strcpy(kept.dir, signer_path(&bench->signer, "run"));
	origin_head_init(&head);
	assert_int_equal(kept_load(&kept, &head, &set), AL_OK);
	expires = head.expires;
	origin_head_release(&head);
	vrp_set_unref(set);
	return expires;
}

/* The next start has the last good set at once, unless it has grown too old. */
static void kept(void **state)
{
	struct vrp_set *one = signer_set(40, 10);
	struct bench *bench = *state;
	uint64_t now_s = al_now_s();
	struct said said;
	const char *at;
	char conf[64];

	put(bench, one, 12, now_s - 100);
	bench_start(bench);
	assert_shows(bench, one, 12, now_s - 100);
	bench_stop(bench);
	assert_true(signer_has(&bench->signer, "run/roa-10.set"));
	assert_int_equal(kept_until(bench), now_s - 100 + 86400); /* stale-seconds */
	assert_int_equal(unlink(signer_path(&bench->signer, "fetch/head")), 0);
	said_begin(&said);
	bench_start(bench);
	at = strstr(said_end(&said), " event=set-restored serial=10 vrps=40 size=12 age=");
	assert_non_null(at);
	assert_in_range(strtoull(strstr(at, "age=") + 4, NULL, 10), 100, 100 + GUARD_S);
	assert_int_equal(bench->firsts, 1);
	assert_shows(bench, one, 12, now_s - 100);
	bench_stop(bench);
	clock_date_ahead_s = -3000; /* not set yet: it says nothing about age */
	said_begin(&said);
	bench_start(bench);
	assert_non_null(strstr(said_end(&said), " event=set-restored serial=10 vrps=40 size=12 age=0\n"));
	assert_int_equal(bench->firsts, 1);
	bench_stop(bench);
	clock_date_ahead_s = 0;
	(void)snprintf(conf, sizeof(conf), "stale-seconds = %" PRIu64 "\n", al_now_s() - (now_s - 100));
	conf_write(bench, conf);
	said_begin(&said);
	bench_start(bench);
	assert_non_null(strstr(said_end(&said), " event=set-not-restored dir="));
	assert_non_null(strstr(said.text, "/run err=stale\n"));
	assert_int_equal(bench->firsts, 0);
	assert_false(moment_serves(served_moment(bench->served)));
	bench_stop(bench);
	/* Nothing on the disk is nothing to be told of; what is there and is another log's is. */
	assert_int_equal(unlink(signer_path(&bench->signer, "run/roa.head")), 0);
	said_begin(&said);
	bench_start(bench);
	assert_string_equal(said_end(&said), "");
	bench_stop(bench);
	conf_write(bench, "");
	signer_write(&bench->signer, "run/roa.head", AL_S("nothing\n"));
	bench_start(bench);
	assert_false(moment_serves(served_moment(bench->served)));
	bench_stop(bench);
	vrp_set_unref(one);
}

/* What was served and has grown too old is not given out any more, and is again when it is heard of. */
static void expired(void **state)
{
	struct vrp_set *one = signer_set(40, 10);
	struct bench *bench = *state;
	uint64_t now_s = al_now_s();

	conf_write(bench, "stale-seconds = 90\n");
	bench_start(bench);
	put(bench, one, 12, now_s - 100);
	fetched_start(bench->fetched);
	served_restore(bench->served); /* looks at the clock, as every second */
	assert_int_equal(metric("alamo_rpki_stale"), 1);
	assert_int_equal(metric("alamo_rpki_serial"), 0);
	assert_int_equal(bench->firsts, 1);
	assert_non_null(served_moment(bench->served)->set);
	assert_false(moment_serves(served_moment(bench->served)));
	served_heard(bench->served, now_s - 10);
	served_restore(bench->served);
	assert_shows(bench, one, 12, now_s - 10);
	served_age(bench->served, &(struct al_freshness){ .silent_s = 1000 }); /* a longer silence than is known */
	assert_shows(bench, one, 12, now_s - 10);
	served_age(bench->served, &(struct al_freshness){ .silent_s = 0 });
	assert_true(served_moment(bench->served)->fresh_s >= now_s);
	bench_stop(bench);
	vrp_set_unref(one);
}

static void keys(void **state)
{
	struct bench *bench = *state;
	struct al_vkey key;
	struct said said;

	assert_int_equal(fetched_key(bench->conf, &key), AL_OK);
	assert_memory_equal(key.pk, bench->signer.log.pub.pk, sizeof(key.pk));
	signer_write(&bench->signer, "log.vkey", AL_S("no key\n"));
	assert_int_equal(fetched_key(bench->conf, &key), AL_EINVAL);
	assert_int_equal(unlink(signer_path(&bench->signer, "log.vkey")), 0);
	said_begin(&said);
	assert_int_equal(fetched_key(bench->conf, &key), AL_ENOTFOUND);
	assert_non_null(strstr(said_end(&said), " event=log-key path="));
	assert_non_null(strstr(said.text, "/log.vkey err=not-found\n"));
	fetched_free(NULL);
	served_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(followed, setup, teardown),
		cmocka_unit_test_setup_teardown(looked_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(looked_at_each_second, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_of_before, setup, teardown),
		cmocka_unit_test_setup_teardown(kept, setup, teardown),
		cmocka_unit_test_setup_teardown(expired, setup, teardown),
		cmocka_unit_test_setup_teardown(keys, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
