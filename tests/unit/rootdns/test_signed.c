/* SPDX-License-Identifier: MIT */
/*
 * test_signed.c -- signed questions over TCP: whole zones for those who have the key, every message of them signed, and what the
 * others are told. ldns looks at the signatures of what comes.
 */
#include "fixture.h"

#include "../common/loopback.h"
#include "access.h"
#include "tcp.h"

#define SECRET "MTIzNDU2Nzg5MGFiY2RlZg=="
#define OTHER "MTIzNDU2Nzg5MGFiY2RlZmc="
#define NAMES 1500 /* more than one message of them */

struct bench {
	struct fixture f;
	struct tsig_keys *keys, *others; /* the server's; the same name with another secret, and a name of its own */
	struct access *access;
	struct dns_self self;
	struct tcp_server *server;
	struct al_loop *loop;
	pthread_t thread;
	uint16_t port;
};

/* A question and how it is signed. */
struct ask {
	const char *name;
	uint16_t type;
	const char *key; /* NULL: not at all */
	bool others;     /* key of ours that the server does not have */
	int64_t off_s;   /* of the clock */
};

/* The answer: of one message the parts, of a transfer all of them together. */
struct told {
	unsigned rcode, messages, records, soas;
	bool is_signed; /* all of it, by ldns */
	unsigned error; /* of the last TSIG; 0xffff: there was none */
	size_t mac_len;
};

static struct tsig_keys *keys_of(struct al_slice text)
{
	struct tsig_keys *keys = NULL;

	assert_int_equal(tsig_keys_read(text, "test", &keys), AL_OK);
	return keys;
}

static int setup(void **state)
{
	static struct bench bench;
	struct tcp_conf conf = { .max_conns = 8, .max_per_source = 8, .idle_ms = GUARD_S * 1000 };

	memset(&bench, 0, sizeof(bench));
	fixture_start(&bench.f, "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n", NULL);
	for (unsigned i = 0; i < NAMES; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: T1\n", i);
		fixture_put(&bench.f, text);
	}
	fixture_build(&bench.f);
	bench.keys = keys_of(AL_S("hmac-sha256:friend:" SECRET "\nhmac-sha256:guest:" SECRET "\n"));
	bench.others = keys_of(AL_S("hmac-sha256:friend:" OTHER "\nhmac-sha256:stranger:" SECRET "\n"));
	assert_int_equal(access_new(AL_S("key:friend"), bench.keys, &bench.access), AL_OK);
	bench.self = (struct dns_self){ .keys = bench.keys, .transfer = bench.access };
	conf.publish = bench.f.publish;
	conf.self = &bench.self;
	assert_int_equal(al_loop_new(&bench.loop), AL_OK);
	assert_int_equal(tcp_new(bench.loop, &conf, &bench.server), AL_OK);
	assert_int_equal(al_listener_tcp(tcp_listener(bench.server), AL_S("127.0.0.1"), 0, &bench.port), AL_OK);
	loop_thread_start(bench.loop, &bench.thread);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	loop_thread_stop(bench->loop, bench->thread);
	tcp_free(bench->server);
	al_loop_free(bench->loop);
	access_free(bench->access);
	tsig_keys_free(bench->keys);
	tsig_keys_free(bench->others);
	fixture_stop(&bench->f);
	return 0;
}

static const struct tsig_key *key_of(const struct tsig_keys *keys, const char *name)
{
	const struct tsig_key *key;
	struct dname wire;

	assert_int_equal(dname_of_text(al_slice_str(name), &wire), AL_OK);
	key = tsig_key_find(keys, &wire);
	assert_non_null(key);
	return key;
}

/* The MAC of the message's TSIG, for who looks at the next one; NULL: it has none. */
static ldns_rdf *mac_of(const uint8_t *msg, size_t len)
{
	ldns_rdf *mac = NULL;
	ldns_pkt *pkt = NULL;

	assert_int_equal(ldns_wire2pkt(&pkt, msg, len), LDNS_STATUS_OK);
	if (ldns_pkt_tsig(pkt) != NULL)
		mac = ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(pkt), 3));
	ldns_pkt_free(pkt);
	return mac;
}

/* Sends it; the MAC that the answer is to be over. */
static ldns_rdf *ask_send(const struct bench *bench, const struct ask *ask, int fd)
{
	struct question q = { .name = ask->name, .type = ask->type };
	uint8_t bytes[2 + 1024];
	struct tsig tsig;
	size_t len = question_put(&q, bytes + 2);

	if (ask->key != NULL) {
		tsig_start(key_of(ask->others ? bench->others : bench->keys, ask->key),
			   (uint64_t)((int64_t)al_now_s() + ask->off_s), &tsig);
		len = tsig_put(&tsig, bytes + 2, len);
	}
	al_set_u16(bytes, (uint16_t)len);
	client_send(fd, bytes, len + 2);
	return mac_of(bytes + 2, len);
}

/* One message; `mac` becomes its own. */
static void message_take(const struct ask *ask, const uint8_t *msg, size_t len, ldns_rdf **mac, struct told *told)
{
	ldns_rdf *own = mac_of(msg, len);
	ldns_pkt *pkt = NULL;
	char name[64];

	assert_int_equal(ldns_wire2pkt(&pkt, msg, len), LDNS_STATUS_OK);
	told->rcode = ldns_pkt_get_rcode(pkt);
	told->error = 0xffff;
	told->mac_len = 0;
	if (own != NULL) {
		told->error = ldns_rdf2native_int16(ldns_rr_rdf(ldns_pkt_tsig(pkt), 5));
		told->mac_len = ldns_rdf_size(own) - 2;
	}
	for (size_t i = 0; i < ldns_pkt_ancount(pkt); i++)
		told->soas += ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_answer(pkt), i)) == LDNS_RR_TYPE_SOA;
	told->records += ldns_pkt_ancount(pkt);
	(void)snprintf(name, sizeof(name), "%s.", ask->key != NULL ? ask->key : "");
	told->is_signed = told->is_signed && told->mac_len > 0 &&
			  ldns_pkt_tsig_verify_next(pkt, msg, len, name, SECRET, *mac, told->messages > 0);
	told->messages++;
	ldns_rdf_deep_free(*mac);
	*mac = own;
	ldns_pkt_free(pkt);
}

static struct told told_of(const struct bench *bench, struct ask ask)
{
	static uint8_t msg[65536];
	struct told told = { .is_signed = true };
	int fd = client_connect(bench->port);
	ldns_rdf *mac = ask_send(bench, &ask, fd);

	do {
		uint8_t head[2];

		assert_int_equal(recv(fd, head, 2, MSG_WAITALL), 2);
		assert_int_equal(recv(fd, msg, al_get_u16(head), MSG_WAITALL), al_get_u16(head));
		message_take(&ask, msg, al_get_u16(head), &mac, &told);
	} while (ask.type == RR_AXFR && told.soas == 1);
	ldns_rdf_deep_free(mac);
	(void)close(fd);
	return told;
}

/* ---- tests ---- */

static void who_has_the_key_has_the_zone(void **state)
{
	struct told told = told_of(*state, (struct ask){ "alamo", RR_AXFR, "friend", false, 0 });

	assert_int_equal(told.rcode, RCODE_NOERROR);
	assert_true(told.messages > 2);
	assert_int_equal(told.soas, 2);
	assert_true(told.records > 2 * NAMES);
	assert_true(told.is_signed);
	told = told_of(*state, (struct ask){ "n1.alamo", RR_A, "friend", false, -200 });
	assert_int_equal(told.rcode, RCODE_NOERROR);
	assert_true(told.is_signed);
	/* No zone of ours: so, and signed. */
	told = told_of(*state, (struct ask){ "n1.alamo", RR_AXFR, "friend", false, 0 });
	assert_int_equal(told.rcode, RCODE_NOTAUTH);
	assert_true(told.is_signed);
	assert_int_equal(told.error, 0);
}

static void who_may_not_is_told_so(void **state)
{
	struct told told = told_of(*state, (struct ask){ "alamo", RR_AXFR, NULL, false, 0 });

	assert_int_equal(told.rcode, RCODE_REFUSED);
	assert_int_equal(told.error, 0xffff);
	assert_int_equal(told.records, 0);
	told = told_of(*state, (struct ask){ "alamo", RR_AXFR, "guest", false, 0 });
	assert_int_equal(told.rcode, RCODE_REFUSED);
	assert_int_equal(told.error, 0);
	assert_true(told.is_signed);
	assert_int_equal(told.records, 0);
}

/* RFC 8945 section 5.2: NOTAUTH with the reason; under the signature when the key holds and the clock alone does not. */
static void what_does_not_hold_is_said(void **state)
{
	static const struct {
		struct ask ask;
		enum tsig_error error;
		bool is_signed;
	} rows[] = {
		{ { "alamo", RR_AXFR, "friend", true, 0 }, TSIG_BADSIG, false },
		{ { "alamo", RR_AXFR, "stranger", true, 0 }, TSIG_BADKEY, false },
		{ { "alamo", RR_AXFR, "friend", false, -1000 }, TSIG_BADTIME, true },
		{ { "alamo", RR_AXFR, "friend", false, 1000 }, TSIG_BADTIME, true },
	};

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct told told = told_of(*state, rows[i].ask);

		assert_int_equal(told.rcode, RCODE_NOTAUTH);
		assert_int_equal(told.error, rows[i].error);
		assert_int_equal(told.mac_len > 0, rows[i].is_signed);
		assert_int_equal(told.is_signed, rows[i].is_signed);
		assert_int_equal(told.records, 0);
	}
}

/* Without a key by the address that it comes from. */
static void an_address_may_do(void **state)
{
	static const struct {
		const char *list;
		enum rcode rcode;
	} rows[] = { { "127.0.0.1", RCODE_NOERROR }, { "127.0.0.2, ::1", RCODE_REFUSED } };
	struct bench *bench = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		loop_thread_stop(bench->loop, bench->thread);
		access_free(bench->access);
		assert_int_equal(access_new(al_slice_str(rows[i].list), bench->keys, &bench->access), AL_OK);
		bench->self.transfer = bench->access;
		loop_thread_start(bench->loop, &bench->thread);
		assert_int_equal(told_of(bench, (struct ask){ "alamo", RR_AXFR, NULL, false, 0 }).rcode, rows[i].rcode);
	}
}

/* A server without keys knows none. */
static void without_keys_no_signature_holds(void **state)
{
	struct bench *bench = *state;
	struct told told;

	loop_thread_stop(bench->loop, bench->thread);
	bench->self.keys = NULL;
	loop_thread_start(bench->loop, &bench->thread);
	told = told_of(bench, (struct ask){ "alamo", RR_AXFR, "friend", false, 0 });
	assert_int_equal(told.rcode, RCODE_NOTAUTH);
	assert_int_equal(told.error, TSIG_BADKEY);
	assert_int_equal(told.mac_len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_the_key_has_the_zone), TEST(who_may_not_is_told_so),          TEST(an_address_may_do),
		TEST(what_does_not_hold_is_said),   TEST(without_keys_no_signature_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
