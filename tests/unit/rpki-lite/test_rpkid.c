/* SPDX-License-Identifier: MIT */
/*
 * test_rpkid.c -- the daemon as one: what is served when, out of a log or a folder, and what a reload changes.
 */
#include "../common/daemon.h"

#include <sodium.h>

#include "../allocs.h"
#include "alamo/base/wire.h"
#include "kept.h"
#include "rpkid.h"
#include "rtr_pdu.h"
#include "rtr_session.h"
#include "signer.h"
#include "vrp_batch.h"

#define FOUNDED 2
#define ROUTE(prefix) "route: " prefix "\norigin: AS64500\nmnt-by: A-MNT\nsource: TEST\n"

static struct signer signer; /* of the folder and the log's key */

/* ---- routers ---- */

struct told {
	uint16_t session;
	uint32_t serial, refresh, retry, expire;
	unsigned prefixes;
};

static struct {
	uint8_t bytes[64];
	uint8_t type;
} pdu;

static void next(int fd)
{
	uint32_t len;

	assert_int_equal(recv(fd, pdu.bytes, 8, MSG_WAITALL), 8);
	len = al_get_u32(pdu.bytes + 4);
	assert_in_range(len, 8, sizeof(pdu.bytes));
	if (len > 8)
		assert_int_equal(recv(fd, pdu.bytes + 8, len - 8, MSG_WAITALL), len - 8);
	pdu.type = pdu.bytes[1];
}

/* Everything (`from` 0), or what is new. */
static struct told ask(int fd, uint16_t session, uint32_t from)
{
	uint8_t query[12] = { 1, from == 0 ? RTR_RESET_QUERY : RTR_SERIAL_QUERY };
	struct told told = { 0 };

	al_set_u16(query + 2, session);
	query[7] = from == 0 ? 8 : 12;
	al_set_u32(query + 8, from);
	if (from == 0)
		al_set_u16(query + 2, 0);
	client_send(fd, query, query[7]);
	next(fd);
	assert_int_equal(pdu.type, RTR_CACHE_RESPONSE);
	for (next(fd); pdu.type == RTR_IPV4_PREFIX; next(fd))
		told.prefixes++;
	assert_int_equal(pdu.type, RTR_END_OF_DATA);
	told.session = al_get_u16(pdu.bytes + 2);
	told.serial = al_get_u32(pdu.bytes + 8);
	told.refresh = al_get_u32(pdu.bytes + 12);
	told.retry = al_get_u32(pdu.bytes + 16);
	told.expire = al_get_u32(pdu.bytes + 20);
	return told;
}

static const char *get(const char *path)
{
	return get_at("roas", path);
}

/* What /metrics says, in seconds or whatever it is. */
static uint64_t figure(const char *name)
{
	const char *at = strstr(get("/metrics"), name);

	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 10);
}

/* Waits until it is something else. */
static void changes(const char *name)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	uint64_t was = figure(name);

	for (int i = 0; i < GUARD_S * 100 && figure(name) == was; i++)
		(void)nanosleep(&nap, NULL);
	assert_true(figure(name) != was);
}

/* The file of JSON says so of itself. */
static void json_lasts(uint64_t want)
{
	static const char from[] = "\"generated\": ", to[] = "\"expires\": ";
	const char *text = get("/roas.json"), *first = strstr(text, from), *second = strstr(text, to);

	assert_true(first != NULL && second != NULL);
	assert_int_equal(strtoull(second + strlen(to), NULL, 10) - strtoull(first + strlen(from), NULL, 10), want);
}

static void head_lasts(uint64_t want)
{
	struct origin_pin pin = { .log = &world.key.pub, .now = al_now_s() };
	const char *text = strstr(get("/roa/head"), "\r\n\r\n");
	struct origin_head head;

	assert_non_null(text);
	origin_head_init(&head);
	assert_int_equal(origin_head_open(al_slice_str(text + 4), &pin, &head, NULL), ORIGIN_SOUND);
	assert_int_equal(head.expires - head.generated, want);
	origin_head_release(&head);
}

/* ---- files ---- */

static void write_roa_key(const struct al_skey *key)
{
	struct al_buf text;

	al_buf_init(&text, 4096);
	al_skey_format(key, &text);
	assert_int_equal(al_note_save(path_of("keys/roa.key"), al_buf_view(&text), false), AL_OK);
	al_buf_release(&text);
	signer_statement(&signer, &signer.roa.pub, al_now_s() + 7200, &text);
	assert_int_equal(al_note_save(path_of("keys/roa.note"), al_buf_view(&text), false), AL_OK);
	al_buf_release(&text);
}

/* What an earlier run left, of a set that was the newest so long ago. */
static void keep(uint64_t age_s)
{
	struct vrp_set *set = signer_set(7, 2);
	struct keep kept_set = { .set = set, .fresh_s = al_now_s() - age_s, .expires = al_now_s() + 100000 };
	struct kept kept = { .log = signer.log.pub };

	(void)strcpy(kept.dir, path_of("run"));
	kept_set.cp = signer_checkpoint(&signer, 2, &kept_set.note);
	assert_int_equal(kept_save(&kept, &kept_set), AL_OK);
	al_buf_release(&kept_set.note);
	vrp_set_unref(set);
}

static int setup(void **state)
{
	static const struct daemon_def rpkid = {
		.service = &rpkid_service,
		.base = "[network]\nname = test\nlisten = 127.0.0.1\n[rpki]\nport = 0\nhttp-port = 0\nnotify-seconds = "
			"0\n",
		.last = "roas",
	};

	(void)state;
	world_open(&rpkid);
	signer_init(&signer);
	assert_int_equal(rmdir(signer.dir), 0);
	(void)strcpy(signer.dir, world.dir);
	signer.log = world.key;
	append("registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n\n"
	       "mntner: A-MNT\nmnt-by: A-MNT\nsource: TEST\n");
	append(ROUTE("10.0.0.0/24"));
	assert_int_equal(world.size, FOUNDED);
	return 0;
}

/* ---- tests ---- */

static void all_is_served(void **state)
{
	struct told told;
	int fd;

	(void)state;
	write_conf("refresh = 301\nretry = 31\nexpire = 601\n");
	write_roa_key(&signer.roa);
	up();
	assert_true(hear("ready\n"));
	assert_string_equal(world.confined, "+run key key key-note source ");
	says(get("/roas.csv"), "10.0.0.0/24");
	says(get("/roas.json"), "registry.test/log");
	says(get("/roa/head"), "HTTP/1.1 200 ");
	says(get("/roa/key"), "HTTP/1.1 200 ");
	says(get("/metrics"), "\nalamo_rpki_vrps{family=\"ipv4\"} 1\n");
	assert_in_range(figure("\nalamo_rpki_head_time_seconds "), al_now_s() - GUARD_S, al_now_s());
	fd = client_connect(port_of("rtr"));
	told = ask(fd, 0, 0);
	assert_int_equal(told.prefixes, 1);
	assert_int_equal(told.session, rtr_session_id(&world.key.pub, VRP_RULE_VERSION, 1));
	assert_true(told.refresh == 301 && told.retry == 31 && told.expire == 601);
	(void)close(fd);
	down();
	assert_int_equal(access(path_of("run/roa.head"), F_OK), 0);
}

static void growth_is_told(void **state)
{
	struct told was, told;
	int fd;

	(void)state;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	says(get("/roa/head"), "HTTP/1.1 404 "); /* no key */
	fd = client_connect(port_of("rtr"));
	was = ask(fd, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		add(i == 0 ? ROUTE("10.0.1.0/24") : ROUTE("10.0.2.0/24"));
		next(fd);
		assert_int_equal(pdu.type, RTR_SERIAL_NOTIFY);
		told = ask(fd, was.session, was.serial);
		assert_int_equal(told.prefixes, 1);
		assert_int_equal(told.session, was.session);
		assert_true(told.serial > was.serial);
		was = told;
	}
	says(get("/roas.csv"), "10.0.2.0/24");
	/* What changes no route is right for it, too. */
	add("mntner: NEW-MNT\nmnt-by: NEW-MNT\nsource: TEST\n");
	assert_int_equal(ask(fd, was.session, was.serial).serial, was.serial);
	(void)close(fd);
	down();
}

/* In each version that is offered, and no other cache of the network has another. */
static void each_version_has_its_session(void **state)
{
	(void)state;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	for (uint8_t version = 1; version <= RTR_VERSION_MAX; version++) {
		const uint8_t query[] = { version, RTR_RESET_QUERY, 0, 0, 0, 0, 0, 8 };
		int fd = client_connect(port_of("rtr"));

		client_send(fd, query, sizeof(query));
		next(fd);
		assert_int_equal(pdu.type, RTR_CACHE_RESPONSE);
		assert_int_equal(pdu.bytes[0], version);
		assert_int_equal(al_get_u16(pdu.bytes + 2), rtr_session_id(&world.key.pub, VRP_RULE_VERSION, version));
		(void)close(fd);
	}
	down();
}

#define NODE(name, asn) "node: " name "\norigin: " asn "\nmnt-by: A-MNT\nsource: TEST\n"

/* What of the log they come from: routes of both families, nodes and their peerings. */
static void all_kinds_are_served(void **state)
{
	(void)state;
	append("route6: fd00:1::/48\norigin: AS64500\nmnt-by: A-MNT\nsource: TEST\n");
	append(NODE("one", "AS64500") "\n" NODE("two", "AS64501"));
	append("peering: one:two\nmnt-by: A-MNT\nsource: TEST\n");
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	says(get("/metrics"), "\nalamo_rpki_vrps{family=\"ipv4\"} 1\n");
	says(get("/metrics"), "\nalamo_rpki_vrps{family=\"ipv6\"} 1\n");
	says(get("/metrics"), "\nalamo_rpki_aspas 2\n");
	down();
}

static void a_folder_is_served(void **state)
{
	struct vrp_set *set = signer_set(3, 10);
	struct al_buf text;
	struct told told;
	int fd;

	(void)state;
	assert_int_equal(mkdir(path_of("fetch"), 0700), 0);
	al_buf_init(&text, ORIGIN_SET_MAX);
	origin_set_write(set, &text);
	signer_write(&signer, "fetch/set", al_buf_view(&text));
	al_buf_release(&text);
	signer_head(&signer, set, 12, al_now_s() - 100, &text);
	signer_write(&signer, "fetch/head", al_buf_view(&text));
	al_buf_release(&text);
	vrp_set_unref(set);
	write_conf("source = fetch\n");
	up();
	assert_true(hear("ready\n"));
	fd = client_connect(port_of("rtr"));
	told = ask(fd, 0, 0);
	assert_int_equal(told.prefixes, 3);
	assert_int_equal(told.session, rtr_session_id(&world.key.pub, VRP_RULE_VERSION, 1));
	write_conf("source = fetch\nexpire = 700\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	for (int i = 0; i < 2000 && told.expire != 700; i++)
		told = ask(fd, 0, 0);
	assert_int_equal(told.expire, 700);
	json_lasts(700);
	(void)close(fd);
	down();
}

static void reloaded(void **state)
{
	int fd, other;
	char end;

	(void)state;
	write_conf("[log]\nstale-seconds = 3600\n");
	write_roa_key(&signer.roa);
	up();
	assert_true(hear("ready\n"));
	on_loop(on_date);
	comes(get, "/metrics", "\nalamo_log_stale 1\n", true);
	fd = client_connect(port_of("rtr"));
	assert_int_equal(ask(fd, 0, 0).expire, 172800);
	write_conf("expire = 700\nsigned-seconds = 900\nmax-per-source = 1\n[log]\nstale-seconds = 86400\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	comes(get, "/metrics", "\nalamo_log_stale 0\n", true);
	assert_int_equal(ask(fd, 0, 0).expire, 700);
	json_lasts(700);
	head_lasts(900);
	other = client_connect(port_of("rtr"));
	assert_int_equal(recv(other, &end, 1, 0), 0);
	(void)close(other);
	write_conf("stale-seconds = 1\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	comes(get, "/roas.csv", "HTTP/1.1 503 ", true);
	(void)close(fd);
	down();
}

/* ---- without the log ---- */

/* How old the set is for all that is known, after the log's age was looked at, and looked at again. */
static uint64_t age(void)
{
	for (int i = 0; i < 3; i++)
		changes("\nalamo_log_age_seconds ");
	return figure("\nalamo_rpki_age_seconds ");
}

static void what_was_kept_is_served(void **state)
{
	(void)state;
	keep(3000);
	world.silent = true;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	says(get("/metrics"), "\nalamo_rpki_vrps{family=\"ipv4\"} 7\n");
	/* That nothing came since the start says nothing. */
	assert_in_range(age(), 3000, 3000 + 3 * GUARD_S);
	on_loop(on_voice);
	comes(get, "/metrics", "\nalamo_rpki_vrps{family=\"ipv4\"} 1\n", true);
	assert_in_range(age(), 0, GUARD_S);
	down();
}

/* This program heard a date when it ran last, just now: so long the set is known to be the newest. */
static void what_was_heard_counts(void **state)
{
	char path[160];
	struct al_buf note;

	(void)state;
	keep(3000);
	note_make(world.size, al_now_s() - 500, &note);
	(void)snprintf(path, sizeof(path), "%s/run/seen.%s", world.dir, program_invocation_short_name);
	assert_int_equal(al_note_save(path, al_buf_view(&note), false), AL_OK);
	al_buf_release(&note);
	world.silent = true;
	write_conf("");
	up();
	assert_true(hear("ready\n"));
	assert_in_range(age(), 0, 3 * GUARD_S);
	down();
}

static void what_it_says(void **state)
{
	int was;

	(void)state;
	world.silent = true;
	write_conf("");
	was = log_begin();
	up();
	comes(log_text, "", " event=no-set-yet ", true);
	on_loop(on_voice);
	assert_true(hear("ready\n"));
	assert_null(strstr(log_text(""), " event=serving-last-known "));
	on_loop(on_silence);
	comes(log_text, "", " event=serving-last-known serial=2 vrps=1\n", true);
	says(get("/roas.csv"), "10.0.0.0/24");
	down();
	log_end(was);
}

/* ---- no start ---- */

static void fails(const char *conf)
{
	write_conf(conf);
	begin();
	assert_int_equal(ended(), 1);
}

static void what_keeps_it_from_starting(void **state)
{
	(void)state;
	fails("tls-key = keys/tls.key\n"); /* and no certificate */
	fails("source = fetch\n[log]\nkey = keys/none\n");
	write_roa_key(&signer.log); /* not the one of the statement */
	fails("");
}

/* Whoever misses a change, or cannot tell routers of it, ends and says so: his set would be another one than the log's. */
static void no_memory_is_the_end(void **state)
{
	static const struct {
		size_t bytes;
		const char *said;
	} cases[] = {
		{ 64 * sizeof(struct vrp_event), " event=change-lost index=1 error=no-memory\n" },
		{ 14 * sizeof(struct vrp_event), " event=publish-failed size=8 error=no-memory\n" },
	};

	(void)state;
#ifdef ALLOCS_NONE
	skip();
#endif
	while (world.size < 8)
		append(world.size % 2 == 0 ? ROUTE("10.2.0.0/24") "\n" ROUTE("10.2.1.0/24")
					   : ROUTE("10.2.3.0/24") "\n" ROUTE("10.2.4.0/24"));
	write_conf("");
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		int was = log_begin();

		allocs_never = cases[i].bytes;
		begin();
		(void)ended();
		allocs_never = 0;
		log_end(was);
		assert_int_equal(world.code, 1);
		says(log_text(""), cases[i].said);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_served),
		TEST(growth_is_told),
		TEST(each_version_has_its_session),
		TEST(all_kinds_are_served),
		TEST(a_folder_is_served),
		TEST(reloaded),
		TEST(what_was_kept_is_served),
		TEST(what_was_heard_counts),
		TEST(what_it_says),
		TEST(what_keeps_it_from_starting),
		TEST(no_memory_is_the_end),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
