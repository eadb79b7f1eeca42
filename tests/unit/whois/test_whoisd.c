/* SPDX-License-Identifier: MIT */
/* test_whoisd.c -- the daemon as one: what is served when, and what a reload changes. */
#include "daemon.h"

static void all_is_served(void **state)
{
	char want[64];
	struct al_buf vkey;

	(void)state;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	assert_string_equal(world.confined, "+run key +nrtm4-keys ");
	says(whois("AS64500"), "\naut-num:        AS64500\n");
	says(whois("AS64500"), "% log 3 ");
	assert_null(strstr(whois("AS64500"), "Warning"));
	says(whois("-q sources"), "TEST:3:X:1-4\n");
	says(whois("--at 2 AS64500"), "% The registry as it was at size 2 of the log");
	says(whois("!iAS-ALL,1"), "A8\nAS64500\nC\n");
	says(get("/metrics"), "\nalamo_whois_index_pointers ");
	assert_null(strstr(get("/metrics"), "\nalamo_whois_index_pointers 0\n"));
	says(get("/autnum/64500"), "\"handle\":\"AS64500\"");
	says(get("/autnum/64500"), "\"http://w.test/autnum/64500\"");
	says(get("/"), "<h1>Registry</h1>");
	says(get("/growth"), "<td>2025-12-01</td><td>4</td><td>4</td>");
	al_buf_init(&vkey, 1024);
	al_vkey_format(&world.key.pub, &vkey);
	al_buf_u8(&vkey, 0);
	says(get("/join"), "data-namespace=\"registry@test\"");
	says(get("/join"), "data-registry=\"http://w.test:4345\"");
	(void)snprintf(want, sizeof(want), "%.60s", (const char *)vkey.ptr);
	says(get("/join"), want);
	al_buf_release(&vkey);
	comes(get, "/nrtmv4/TEST/update-notification-file.jose", "HTTP/1.1 200 ", true);
	says(get("/nrtmv4/TEST/public-key.pem"), "-----BEGIN PUBLIC KEY-----");
	down();
}

/* Who waits for what is new is told of it, and who stays is told that nothing is. */
static void growth_is_told(void **state)
{
	int page, mirror;

	(void)state;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	page = client_connect(port_of("rdap"));
	client_say(page, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
	reads(page, "\r\n\r\n");
	mirror = client_connect(port_of("whois"));
	client_say(mirror, "-k -g TEST:3:1-LAST\n");
	reads(mirror, "ADD 4\n\naut-num:        AS64500\n");
	add("mntner: NEW-MNT\nmnt-by: NEW-MNT\nsource: TEST\n");
	reads(page, "data: 4\n\n");
	reads(mirror, "ADD 5\n\nmntner:         NEW-MNT\n");
	says(whois("NEW-MNT"), "% log 4 ");
	says(get("/growth"), "<td>2025-12-01</td><td>5</td><td>5</td>");
	for (int i = 0; i < 12; i++)
		on_loop(on_date);
	reads(page, ":\n\n");
	(void)close(page);
	(void)close(mirror);
	down();
}

/* This program has seen more of the log than there is: what it has is no answer, until it has as much. */
static void the_past_is_no_answer(void **state)
{
	char path[160];
	struct al_buf note;

	(void)state;
	write_conf("");
	append("mntner: SEEN-MNT\nmnt-by: SEEN-MNT\nsource: TEST\n");
	note_make(world.size, 0, &note);
	world.size--; /* nobody else has it yet */
	(void)snprintf(path, sizeof(path), "%s/run/seen.%s", world.dir, program_invocation_short_name);
	assert_int_equal(al_note_save(path, al_buf_view(&note), false), AL_OK);
	al_buf_release(&note);
	up();
	comes(get, "/metrics", "\nalamo_log_size 3\n", true);
	says(whois("AS64500"), "%ERROR:100: no verified log yet\n");
	says(get("/"), "HTTP/1.1 503 ");
	on_loop(on_more);
	assert_true(hear("ready\n"));
	says(whois("SEEN-MNT"), "% log 4 ");
	says(get("/"), "HTTP/1.1 200 ");
	down();
}

static void no_history(void **state)
{
	(void)state;
	write_conf("history = no\n");
	up();
	assert_true(hear("ready\n"));
	says(whois("AS64500"), "\naut-num:        AS64500\n");
	says(whois("-q sources"), "TEST:3:X:-\n");
	says(whois("--at 2 AS64500"), "%ERROR:114:");
	says(get("/nrtmv4/TEST/public-key.pem"), "No history is kept here");
	down();
}

/* Versions read for one question; and how old the log may be is said by the newest date that it signed. */
static void limits(void **state)
{
	(void)state;
	write_conf("past-versions = 2\n[log]\nstale-seconds = 3600\n");
	up();
	assert_true(hear("ready\n"));
	says(whois("--at 1 AS64500"), "% The registry as it was at size 1 of the log");
	says(whois("--at 3 AS64500"), "%ERROR:121:");
	on_loop(on_date);
	comes(whois, "AS64500", "% Warning: this may be old. Nothing newer was heard from the registry for 1", true);
	down();
}

static void reloaded(void **state)
{
	char got[256];
	int kept;

	(void)state;
	write_conf("[log]\nstale-seconds = 3600\n");
	up();
	assert_true(hear("ready\n"));
	on_loop(on_date);
	comes(whois, "AS64500", "% Warning: this may be old.", true);
	kept = client_connect(port_of("whois"));
	client_say(kept, "!!\n!nkept\n");
	client_expect(kept, "C\n");
	says(whois("AS64500"), "AS64500");
	write_conf("rdap-url = https://rdap.test/\nmax-per-source = 1\n[log]\nstale-seconds = 86400\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	comes(get, "/autnum/64500", "\"https://rdap.test/autnum/64500\"", true);
	assert_string_equal(answer_to(port_of("whois"), ""), WHOIS_REFUSAL);
	write_conf("idle-seconds = 1\n[log]\nstale-seconds = 86400\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	assert_int_equal(client_drain(kept, got, sizeof(got)), 0); /* it is silent */
	(void)close(kept);
	says(get("/autnum/64500"), "\"http://w.test/autnum/64500\"");
	comes(whois, "AS64500", "\naut-num:        AS64500\n", true);
	comes(whois, "AS64500", "Warning", false);
	down();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_served), TEST(growth_is_told), TEST(the_past_is_no_answer),
		TEST(no_history),    TEST(limits),         TEST(reloaded),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
