/* SPDX-License-Identifier: MIT */
/*
 * test_rootd.c -- the daemon as one: what is answered when, what a reload changes, and that signatures are made anew.
 */
#include "rootd_bench.h"

#define DAY 86400

/* What has changed since `serial`. */
static size_t ixfr_put(const char *name, uint32_t serial, uint8_t out[static 512])
{
	static const uint8_t soa[] = { 0xc0, 12, 0, RR_SOA, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0 };
	struct question q = { .name = name, .type = RR_IXFR };
	size_t len = question_put(&q, out);

	out[9] = 1;
	memcpy(out + len, soa, sizeof(soa));
	memset(out + len + sizeof(soa), 0, 20);
	al_set_u32(out + len + sizeof(soa), serial);
	return len + sizeof(soa) + 20;
}

static const char *ixfr_tcp(const char *name, uint32_t serial)
{
	uint8_t query[514];
	size_t len = ixfr_put(name, serial, query + 2);

	al_set_u16(query, (uint16_t)len);
	return answer_of(client_connect(port_of("dns")), query, len + 2, true);
}

static const char *get(const char *path)
{
	return get_at("dns-http", path);
}

static uint64_t figure(const char *name)
{
	const char *at = strstr(get("/metrics"), name);

	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 10);
}

/* ---- tests ---- */

/* How long it says that the first zones took. */
static uint64_t published_ms(void)
{
	const char *line = strstr(log_text(""), " event=zones-published size=2 names="), *ms;

	assert_non_null(line);
	ms = strstr(line, " ms=");
	assert_non_null(ms);
	return strtoull(ms + 4, NULL, 10);
}

static void all_is_answered(void **state)
{
	uint64_t began_ms = al_now_ms();
	int was;

	(void)state;
	write_conf("");
	was = log_begin();
	up();
	assert_true(hear("ready\n"));
	log_end(was);
	assert_string_equal(world.confined, "+run +keys tsig-keys key ");
	assert_in_range(published_ms(), 0, al_now_ms() - began_ms);
	says(dns("a.test"), "NOERROR aa\nan a.test. ");
	says(dns("b.test"), "NXDOMAIN aa\n");
	says(dns_tcp("a.test", RR_A), "192.0.2.7\n");
	says(dns_tcp("test", RR_AXFR), "an test. ");
	says(get("/metrics"), "\nalamo_dns_transfers_total{kind=\"axfr\"} 1\n");
	/* Heads that come while zones are made are not forgotten. */
	add("domain: b.test\nrecord: @ A 192.0.2.8\nmnt-by: A-MNT\nsource: TEST\n");
	add("domain: c.test\nrecord: @ A 192.0.2.9\nmnt-by: A-MNT\nsource: TEST\n");
	comes(dns, "c.test", "192.0.2.9\n", true);
	says(dns("b.test"), "192.0.2.8\n");
	/* An edit is of what is there: it adds, and takes nothing away. */
	add("domain: a.test\nextend: x\nrecord: more A 192.0.2.10\nsource: TEST\n");
	comes(dns, "more.a.test", "192.0.2.10\n", true);
	says(dns("a.test"), "192.0.2.7\n");
	/* Another TLD: all zones are planned anew. */
	add("registry: TEST\ntld: test\ntld: more\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n");
	comes(dns, "x.more", "NXDOMAIN aa\n", true);
	says(dns("a.test"), "192.0.2.7\n");
	down();
}

/* Before there is anything, no question is answered; after another start, what was answered last is. */
static void before_the_log(void **state)
{
	(void)state;
	write_conf("");
	world.silent = true;
	up();
	says(dns("a.test"), "SERVFAIL\n");
	on_loop(on_voice);
	assert_true(hear("ready\n"));
	says(dns("a.test"), "192.0.2.7\n");
	down();
	up();
	says(dns("a.test"), "192.0.2.7\n");
	on_loop(on_voice);
	assert_true(hear("ready\n"));
	add("domain: b.test\nrecord: @ A 192.0.2.8\nmnt-by: A-MNT\nsource: TEST\n");
	comes(dns, "b.test", "192.0.2.8\n", true);
	down();
}

static void reloaded(void **state)
{
	int kept, other;
	char end;

	(void)state;
	write_conf("responses-per-second = 0\n[log]\nstale-seconds = 3600\n");
	up();
	assert_true(hear("ready\n"));
	on_loop(on_date);
	comes(get, "/metrics", "\nalamo_log_stale 1\n", true);
	says(dns_tcp("test", RR_AXFR), "an test. ");
	write_conf(
		"responses-per-second = 1\nallow-transfer = none\nmax-per-source = 1\n[log]\nstale-seconds = 86400\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	comes(get, "/metrics", "\nalamo_log_stale 0\n", true);
	says(dns_tcp("test", RR_AXFR), "REFUSED\n");
	while (strstr(dns("a.test"), " tc\n") == NULL)
		;
	comes(get, "/metrics", "\nalamo_dns_limited_total 0\n", false);
	kept = client_connect(port_of("dns"));
	other = client_connect(port_of("dns"));
	assert_int_equal(recv(other, &end, 1, 0), 0);
	(void)close(other);
	write_conf("allow-transfer = 10.0.0.0/99\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	comes(get, "/metrics", "\nalamo_conf_refused 1\n", true);
	(void)close(kept);
	down();
}

/* Records of the answer. */
static size_t answers(const char *text)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, "\nan ")) != NULL; at++)
		count++;
	return count;
}

static uint32_t serial(void)
{
	const char *text = dns_tcp("test", RR_SOA), *soa = strstr(text, " SOA ");
	unsigned number = 0;

	assert_non_null(soa);
	assert_int_equal(sscanf(soa, " SOA %*s %*s %u", &number), 1);
	return number;
}

static void differences(void **state)
{
	uint8_t query[512];
	uint32_t was;

	(void)state;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	was = serial();
	assert_int_equal(answers(ixfr_tcp("test", was)), 1); /* nothing is new */
	says(ask_udp(query, ixfr_put("test", was, query)), " SOA ");
	says(ask_udp(query, ixfr_put("a.test", was, query)), "NOTAUTH\n");
	says(ixfr_tcp("a.test", was), "NOTAUTH\n");
	add("domain: b.test\nrecord: @ A 192.0.2.8\nmnt-by: A-MNT\nsource: TEST\n");
	comes(dns, "b.test", "192.0.2.8\n", true);
	assert_int_not_equal(serial(), was);
	says(ixfr_tcp("test", was), "an b.test. ");
	assert_null(strstr(ixfr_tcp("test", was), "an a.test. 3600 IN A "));
	down();
}

/* Secondaries hear of a change. */
static void changes_are_told(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = client_tune(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	socklen_t len = sizeof(at);
	uint8_t told[512] = { 0 };
	char conf[64];

	(void)state;
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	(void)snprintf(conf, sizeof(conf), "notify = 127.0.0.1:%u\n", ntohs(at.sin_port));
	write_conf(conf);
	up();
	assert_true(hear("ready\n"));
	add("domain: b.test\nrecord: @ A 192.0.2.8\nmnt-by: A-MNT\nsource: TEST\n");
	do
		assert_true(recv(fd, told, sizeof(told), 0) > DNS_HEADER);
	while (memcmp(told + DNS_HEADER, "\4test", 6) != 0);
	assert_int_equal(told[2] >> 3, 4); /* a question, NOTIFY */
	assert_int_equal(al_get_u16(told + DNS_HEADER + 6), RR_SOA);
	(void)close(fd);
	down();
}

/* Nobody asks for it: by the clock. */
static void signatures_are_made_anew(void **state)
{
	static const char made[] = "\nalamo_dns_signatures_total ";
	const struct timespec nap = { .tv_nsec = 10000000 };
	uint64_t before;

	(void)state;
	write_conf("signature-days = 2\n");
	up();
	assert_true(hear("ready\n"));
	before = figure(made);
	assert_true(before > 0);
	clock_date_ahead_s = 2 * DAY - 3600;
	clock_ahead_s = 61;
	for (int i = 0; i < GUARD_S * 100 && figure(made) == before; i++)
		(void)nanosleep(&nap, NULL);
	assert_true(figure(made) > before);
	says(dns("a.test"), "192.0.2.7\n");
	down();
	clock_ahead_s = clock_date_ahead_s = 0;
}

/* ---- the keys, while it runs ---- */

/* An order of the hostmaster's is found within seconds, by the clock. */
static void a_roll_is_ordered(void **state)
{
	(void)state;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	says(get("/metrics"), "\nalamo_dns_keys_moving 0\n");
	key_put("run/dns-roll", "test. zsk\n");
	clock_ahead_s = 20;
	comes(get, "/metrics", "\nalamo_dns_keys_moving 1\n", true);
	assert_int_not_equal(access(path_of("run/dns-roll"), F_OK), 0);
	down();
	clock_ahead_s = 0;
}

/* A key that cannot be read ends it, rather than that a zone goes on without: when a zone is made, or signed anew. */
static void keys_that_cannot_be_read(void **state)
{
	int was;

	(void)state;
	write_conf("");
	for (unsigned i = 0; i < 2; i++) {
		up();
		assert_true(hear("ready\n"));
		was = log_begin();
		key_put(i == 0 ? "keys/dns/Kmore.+013+00001.private" : "keys/dns/Ktest.+013+00001.private", "no key\n");
		if (i == 0)
			add("registry: TEST\ntld: test\ntld: more\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: "
			    "TEST\n");
		else
			clock_ahead_s = 61;
		assert_int_equal(ended(), 1);
		log_end(was);
		says(log_text(""), i == 0 ? "event=key-unusable key=Kmore.+013+00001 err="
					  : "event=key-unusable key=Ktest.+013+00001 err=");
		says(log_text(""), i == 0 ? " event=build-failed err=" : " event=resign-failed err=");
		assert_int_equal(unlink(path_of(i == 0 ? "keys/dns/Kmore.+013+00001.private"
						       : "keys/dns/Ktest.+013+00001.private")),
				 0);
	}
	clock_ahead_s = 0;
}

static void what_keeps_it_from_starting(void **state)
{
	static const char *const confs[] = {
		"notify-key = none\n",
		"allow-transfer = 10.0.0.0/99\n",
		"tsig-keys = keys/none\n",
		"[log]\nkey = keys/none\n",
		"listen = 192.0.2.1\n",
		"listen = 127.0.0.1, 192.0.2.1\n",
		"listen = 192.0.2.1, 127.0.0.1\n",
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(confs); i++) {
		write_conf(confs[i]);
		begin();
		assert_int_equal(ended(), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_answered),   TEST(before_the_log),           TEST(reloaded),
		TEST(differences),       TEST(changes_are_told),         TEST(signatures_are_made_anew),
		TEST(a_roll_is_ordered), TEST(keys_that_cannot_be_read), TEST(what_keeps_it_from_starting),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
