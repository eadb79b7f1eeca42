/* SPDX-License-Identifier: MIT */
/*
 * test_served.c -- what is served grows old: files, routers and metrics follow the clock's tick, and come back with the
 * next set.
 */
#include "signer.h"

#include <sodium.h>

#include "../clock.h"
#include "../common/loopback.h"
#include "../metric.h"
#include "../said.h"
#include "kept.h"
#include "rtr_pdu.h"
#include "served.h"

struct bench {
	struct signer signer;
	struct al_conf *conf;
	struct al_loop *loop;
	struct al_http *http;
	struct al_timer *timer;
	struct rtr_server *rtr;
	struct export *export;
	struct served *served;
	struct vrp_history *coming;
	uint16_t port, rtr_port;
	unsigned firsts, looks;
	const char *name; /* a metric, and what is waited for */
	uint64_t wanted;
};

static void on_first(void *arg)
{
	((struct bench *)arg)->firsts++;
}

/* The loop ends when the metric says so, or after 20 seconds. */
static void look(void *arg)
{
	struct bench *bench = arg;

	if (metric(bench->name) == bench->wanted || ++bench->looks == 2000)
		al_loop_stop(bench->loop);
	else
		al_timer_set(bench->timer, 10);
}

static void wait_for(struct bench *bench, const char *name, uint64_t wanted)
{
	bench->name = name;
	bench->wanted = wanted;
	bench->looks = 0;
	al_timer_set(bench->timer, 0);
	al_loop_run(bench->loop);
	assert_int_equal(metric(name), wanted);
}

static void wait_stale(struct bench *bench, uint64_t wanted)
{
	wait_for(bench, "alamo_rpki_stale", wanted);
}

static void conf_load(struct bench *bench, const char *text)
{
	char why[256];

	signer_write(&bench->signer, "alamo.conf", al_slice_str(text));
	al_conf_free(bench->conf);
	assert_int_equal(al_conf_load(signer_path(&bench->signer, "alamo.conf"), &bench->conf, why, sizeof(why)),
			 AL_OK);
}

static int setup(void **state)
{
	static struct bench bench;
	const struct rtr_server_conf rtr = {
		.max_conns = 4, .max_per_source = 4, .highest = 2, .timers = { 300, 30, 600 }
	};
	const struct served_ops ops = { on_first, &bench };

	bench = (struct bench){ 0 };
	signer_init(&bench.signer);
	assert_int_equal(mkdir(signer_path(&bench.signer, "run"), 0700), 0);
	conf_load(&bench, "[rpki]\nstale-seconds = 1\nbrake-percent = 100\n");
	assert_int_equal(al_loop_new(&bench.loop), AL_OK);
	assert_int_equal(al_timer_new(bench.loop, look, &bench, &bench.timer), AL_OK);
	assert_int_equal(al_http_new(bench.loop, &bench.http), AL_OK);
	assert_int_equal(served_new(bench.loop, bench.conf, &bench.signer.log.pub, &ops, &bench.served), AL_OK);
	assert_int_equal(rtr_server_new(bench.loop, &rtr, &bench.rtr), AL_OK);
	assert_int_equal(export_new(bench.loop, "test", 600, served_moment(bench.served), &bench.export), AL_OK);
	assert_int_equal(export_routes(bench.export, bench.http), AL_OK);
	assert_int_equal(al_http_listen(bench.http, AL_S("127.0.0.1"), 0, &bench.port), AL_OK);
	assert_int_equal(al_listener_tcp(rtr_server_listener(bench.rtr), AL_S("127.0.0.1"), 0, &bench.rtr_port), AL_OK);
	assert_int_equal(vrp_history_new(4, &bench.coming), AL_OK);
	served_attach(bench.served, bench.rtr, bench.export);
	served_restore(bench.served);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "run/roa-10.set", "run/roa-12.set", "run/roa.head", "alamo.conf" };
	struct bench *bench = *state;

	al_http_free(bench->http);
	export_free(bench->export);
	rtr_server_free(bench->rtr);
	served_free(bench->served);
	vrp_history_free(bench->coming);
	al_timer_free(bench->timer);
	al_loop_free(bench->loop);
	al_conf_free(bench->conf);
	for (size_t i = 0; i < AL_COUNT(names); i++)
		(void)unlink(signer_path(&bench->signer, names[i]));
	assert_int_equal(rmdir(signer_path(&bench->signer, "run")), 0);
	return rmdir(bench->signer.dir);
}

static void offer(struct bench *bench, unsigned count, uint64_t size, uint64_t fresh_s)
{
	struct vrp_set *set = signer_set(count, size);
	struct al_buf note;
	struct al_checkpoint cp = signer_checkpoint(&bench->signer, size, &note);

	served_offer(bench->served, set, bench->coming, &cp, al_buf_view(&note), fresh_s);
	vrp_set_unref(set);
	al_buf_release(&note);
}

/* The status of a file, whose bytes stay in `answer`; the loop runs only inside of this. */
static char answer[4096];

static unsigned fetch(struct bench *bench, const char *path)
{
	char request[128];
	pthread_t thread;
	unsigned status;
	int fd;

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	loop_thread_start(bench->loop, &thread);
	fd = client_connect(bench->port);
	client_say(fd, request);
	assert_true(client_drain(fd, answer, sizeof(answer)) > 0);
	close(fd);
	loop_thread_stop(bench->loop, thread);
	assert_int_equal(sscanf(answer, "HTTP/1.1 %u", &status), 1);
	return status;
}

/* The type of the first PDU that answers who asks for everything. */
static unsigned first_pdu(struct bench *bench)
{
	static const uint8_t query[] = { 1, 2, 0, 0, 0, 0, 0, 8 };
	pthread_t thread;
	uint8_t pdu[8];
	int fd;

	loop_thread_start(bench->loop, &thread);
	fd = client_connect(bench->rtr_port);
	client_send(fd, query, sizeof(query));
	assert_int_equal(recv(fd, pdu, sizeof(pdu), MSG_WAITALL), sizeof(pdu));
	close(fd);
	loop_thread_stop(bench->loop, thread);
	return pdu[1];
}

static void assert_served(struct bench *bench, uint64_t vrps, uint64_t serial, unsigned status)
{
	assert_int_equal(first_pdu(bench), status == 200 ? RTR_CACHE_RESPONSE : RTR_ERROR_REPORT);
	assert_int_equal(metric("alamo_rpki_vrps{family=\"ipv4\"}"), vrps);
	assert_int_equal(metric("alamo_rpki_vrps{family=\"ipv6\"}"), 0);
	assert_int_equal(metric("alamo_rpki_aspas"), 0);
	assert_int_equal(metric("alamo_rpki_serial"), serial);
	assert_int_equal(fetch(bench, "/roas.csv"), status);
}

/* When the file of JSON says that it was made. */
static uint64_t generated(struct bench *bench)
{
	static const char word[] = "\"generated\": ";
	const char *at;

	assert_int_equal(fetch(bench, "/roas.json"), 200);
	at = strstr(answer, word);
	assert_non_null(at);
	return strtoull(at + strlen(word), NULL, 10);
}

static void a_set_grows_old(void **state)
{
	struct bench *bench = *state;
	uint64_t sets = metric("alamo_rpki_sets_total"), first;
	struct said said;

	assert_int_equal(fetch(bench, "/roas.csv"), 503);
	assert_int_equal(bench->firsts, 0);
	/* Young by the clock of a minute ahead, so that this part is no race with it. */
	offer(bench, 3, 10, al_now_s() + 60);
	assert_int_equal(bench->firsts, 1);
	assert_int_equal(metric("alamo_rpki_sets_total"), sets + 1);
	assert_int_equal(metric("alamo_rpki_stale"), 0);
	assert_served(bench, 3, 10, 200);
	first = generated(bench);
	/* The same set is no news; that it was the newest a minute ago is. */
	served_moment(bench->served)->fresh_s = al_now_s() - 60;
	said_begin(&said);
	wait_stale(bench, 1);
	assert_non_null(strstr(said_end(&said), "Z error "));
	assert_non_null(strstr(said.text, " event=expired serial=10 age=6"));
	assert_true(metric("alamo_rpki_age_seconds") >= 60);
	assert_served(bench, 0, 0, 503);
	assert_false(moment_serves(served_moment(bench->served)));
	/* What is heard of in time comes back by itself. */
	served_heard(bench->served, al_now_s() + 60);
	said_begin(&said);
	wait_stale(bench, 0);
	assert_non_null(strstr(said_end(&said), " event=valid-again serial=10 age=0\n"));
	assert_int_equal(metric("alamo_rpki_age_seconds"), 0);
	assert_served(bench, 3, 10, 200);
	assert_true(generated(bench) > first); /* the file is made anew */
	/* And the next set is young. */
	served_moment(bench->served)->fresh_s = al_now_s() - 60;
	offer(bench, 4, 12, al_now_s() + 60);
	assert_int_equal(metric("alamo_rpki_stale"), 0);
	assert_served(bench, 4, 12, 200);
	assert_int_equal(bench->firsts, 1);
	assert_int_equal(metric("alamo_rpki_sets_total"), sets + 2);
}

/* What is held back waits for a word, which is looked for by the clock. */
static void a_held_set_is_let_out(void **state)
{
	struct bench *bench = *state;

	offer(bench, 40, 10, al_now_s() + 60);
	conf_load(bench, "[rpki]\nbrake-percent = 25\nbrake-seconds = 0\n");
	served_limit(bench->served, bench->conf);
	offer(bench, 3, 12, al_now_s() + 60);
	assert_int_equal(metric("alamo_rpki_held"), 1);
	assert_served(bench, 40, 10, 200);
	signer_write(&bench->signer, "run/roa.release", AL_S("12\n"));
	wait_for(bench, "alamo_rpki_held", 0);
	assert_served(bench, 3, 12, 200);
	assert_int_equal(served_moment(bench->served)->cp.size, 12);
	assert_false(signer_has(&bench->signer, "run/roa.held"));
}

static void turn_end(void *arg)
{
	al_loop_stop(((struct bench *)arg)->loop);
}

/* Time goes by; what the loop has to do then. */
static void pass(struct bench *bench, uint64_t ms)
{
	clock_ms += ms;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(al_loop_post(bench->loop, turn_end, bench), AL_OK);
		al_loop_run(bench->loop);
	}
}

/* Waits in such steps until something is kept: what it is, and until when it may be used. Nothing is there then. */
static void assert_kept(struct bench *bench, uint64_t step_ms, uint64_t fresh_s)
{
	struct kept kept = { .log = bench->signer.log.pub };
	struct origin_head head;
	struct vrp_set *set;

	strcpy(kept.dir, signer_path(&bench->signer, "run"));
	do
		pass(bench, step_ms);
	while (!signer_has(&bench->signer, "run/roa.head"));
	origin_head_init(&head);
	assert_int_equal(kept_load(&kept, &head, &set), AL_OK);
	assert_int_equal(head.generated, fresh_s);
	assert_int_equal(head.expires, fresh_s + 1); /* stale-seconds */
	origin_head_release(&head);
	vrp_set_unref(set);
	assert_int_equal(unlink(signer_path(&bench->signer, "run/roa.head")), 0);
}

/* A set at once; that it is still the newest each minute, with a clock that stands until it is turned. */
static void what_is_served_is_kept(void **state)
{
	struct bench *bench = *state;
	uint64_t fresh_s = al_now_s() + 60;

	clock_ms = al_now_ms();
	offer(bench, 3, 10, fresh_s);
	pass(bench, 1000);
	assert_kept(bench, 0, fresh_s); /* in no time, so that the keeper need not rest */
	for (int i = 0; i < 2000; i++)
		pass(bench, 0); /* it hears that it has written */
	served_heard(bench->served, fresh_s + 10);
	pass(bench, 59000);
	assert_false(signer_has(&bench->signer, "run/roa.head"));
	served_heard(bench->served, fresh_s + 20);
	assert_kept(bench, 1000, fresh_s + 20);
	clock_ms = 0;
}

/* So long, and no longer; and a clock that is set back makes nothing younger. */
static void the_end_is_exact(void **state)
{
	struct bench *bench = *state;

	clock_ms = al_now_ms();
	conf_load(bench, "[rpki]\nstale-seconds = 600\nbrake-percent = 100\n");
	served_limit(bench->served, bench->conf);
	offer(bench, 3, 10, al_now_s());
	pass(bench, 1000);
	assert_int_equal(metric("alamo_rpki_stale"), 0);
	served_moment(bench->served)->fresh_s = al_now_s() - 600;
	pass(bench, 1000);
	assert_int_equal(metric("alamo_rpki_stale"), 1);
	served_moment(bench->served)->fresh_s = al_now_s();
	clock_date_ahead_s = -3000;
	pass(bench, 1000);
	assert_int_equal(metric("alamo_rpki_stale"), 0);
	assert_in_range(served_moment(bench->served)->fresh_s, 1, al_now_s() + 10);
	clock_date_ahead_s = 0;
	clock_ms = 0;
}

/* What is said when the log is lost: only that there is something to go on with. */
static void without_the_log(void **state)
{
	struct bench *bench = *state;
	struct said said;

	said_begin(&said);
	served_link(bench->served, false);
	assert_string_equal(said_end(&said), "");
	offer(bench, 3, 10, al_now_s() + 60);
	said_begin(&said);
	served_link(bench->served, true);
	assert_string_equal(said_end(&said), "");
	said_begin(&said);
	served_link(bench->served, false);
	assert_non_null(strstr(said_end(&said), " event=serving-last-known serial=10 vrps=3\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_set_grows_old, setup, teardown),
		cmocka_unit_test_setup_teardown(a_held_set_is_let_out, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_served_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(the_end_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(without_the_log, setup, teardown),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
