/* SPDX-License-Identifier: MIT */
/*
 * test_fetched.c -- sets out of a fetcher's folder: what of them is served, what is refused, what the next start finds.
 */
#include "signer.h"

#include "fetched.h"
#include "../metric.h"

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

/* The next start has the last good set at once, unless it has grown too old. */
static void kept(void **state)
{
	struct vrp_set *one = signer_set(40, 10);
	struct bench *bench = *state;
	uint64_t now_s = al_now_s();

	put(bench, one, 12, now_s - 100);
	bench_start(bench);
	assert_shows(bench, one, 12, now_s - 100);
	bench_stop(bench);
	assert_true(signer_has(&bench->signer, "run/roa-10.set"));
	assert_int_equal(unlink(signer_path(&bench->signer, "fetch/head")), 0);
	bench_start(bench);
	assert_int_equal(bench->firsts, 1);
	assert_shows(bench, one, 12, now_s - 100);
	bench_stop(bench);
	conf_write(bench, "stale-seconds = 90\n");
	bench_start(bench);
	assert_int_equal(bench->firsts, 0);
	assert_false(moment_serves(served_moment(bench->served)));
	bench_stop(bench);
	/* What is on the disk is another log's. */
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

	assert_int_equal(fetched_key(bench->conf, &key), AL_OK);
	assert_memory_equal(key.pk, bench->signer.log.pub.pk, sizeof(key.pk));
	signer_write(&bench->signer, "log.vkey", AL_S("no key\n"));
	assert_int_equal(fetched_key(bench->conf, &key), AL_EINVAL);
	assert_int_equal(unlink(signer_path(&bench->signer, "log.vkey")), 0);
	assert_int_equal(fetched_key(bench->conf, &key), AL_ENOTFOUND);
	fetched_free(NULL);
	served_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(followed, setup, teardown),
		cmocka_unit_test_setup_teardown(kept, setup, teardown),
		cmocka_unit_test_setup_teardown(expired, setup, teardown),
		cmocka_unit_test_setup_teardown(keys, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
