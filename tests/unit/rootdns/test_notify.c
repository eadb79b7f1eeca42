/* SPDX-License-Identifier: MIT */
/*
 * test_notify.c -- what secondaries are told, from where, how often, and which answers are believed. By a clock that stands
 * still until the test turns it.
 */
#include "fixture.h"

#include "../clock.h"
#include "../common/loopback.h"
#include "../said.h"
#include "notify.h"

#define REGISTRY "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n"
#define TICK_MS 51u    /* longer than between two looks at what is due */
#define RETRY_MS 1000u /* until the first message is sent again */
#define SECRET "MTIzNDU2Nzg5MGFiY2RlZg=="

struct bench {
	struct fixture f;
	struct al_loop *loop;
	pthread_t thread;
	struct notify *notify;
	const struct tsig_key *key; /* NULL: messages are not signed */
	size_t zones;
	sem_t done;
};

struct secondary {
	int fd;
	uint16_t port;
};

/* One NOTIFY as it came. */
struct message {
	struct sockaddr_storage from;
	socklen_t from_len;
	uint8_t bytes[2048];
	size_t len;
	char zone[64];
	uint32_t serial;
};

static void secondary_open(struct secondary *secondary, int family)
{
	struct sockaddr_storage name = { .ss_family = (sa_family_t)family };
	socklen_t len = sizeof(name);

	if (family == AF_INET6)
		((struct sockaddr_in6 *)&name)->sin6_addr = in6addr_loopback;
	else
		((struct sockaddr_in *)&name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	secondary->fd = client_tune(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	assert_int_equal(bind(secondary->fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(getsockname(secondary->fd, (struct sockaddr *)&name, &len), 0);
	secondary->port = ntohs(((const struct sockaddr_in *)&name)->sin_port);
}

static void nothing(void *arg)
{
	struct bench *bench = arg;

	sem_post(&bench->done);
}

/* Twice: what is posted while the loop looks at nothing else may be done before it looks. */
static void loop_turns(struct bench *bench)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(al_loop_post(bench->loop, nothing, bench), AL_OK);
		assert_true(guard_wait(&bench->done));
	}
}

/* What came is done with; then it is so much later, and what is due is done. */
static void turn(struct bench *bench, uint64_t ms)
{
	loop_turns(bench);
	clock_ms += ms;
	loop_turns(bench);
}

static void look(void *arg)
{
	notify_look(arg);
}

static void changed(struct bench *bench)
{
	assert_int_equal(al_loop_post(bench->loop, look, bench->notify), AL_OK);
}

static enum al_err notify_of(struct bench *bench, const char *targets, struct notify **out)
{
	struct notify_conf conf = { .targets = al_slice_str(targets),
				    .sources = AL_S("127.0.0.2, 127.0.0.3, ::1"),
				    .key = bench->key,
				    .publish = bench->f.publish,
				    .reader = 1 };

	return notify_new(bench->loop, &conf, out);
}

static void bench_signed(struct bench *bench, const char *targets, const struct tsig_key *key)
{
	memset(bench, 0, sizeof(*bench));
	bench->key = key;
	assert_int_equal(sem_init(&bench->done, 0, 0), 0);
	fixture_start(&bench->f, REGISTRY, NULL);
	fixture_build(&bench->f);
	bench->zones = publish_enter(bench->f.publish, 0)->count;
	publish_leave(bench->f.publish, 0);
	assert_int_equal(al_loop_new(&bench->loop), AL_OK);
	assert_int_equal(notify_of(bench, targets, &bench->notify), AL_OK);
	loop_thread_start(bench->loop, &bench->thread);
}

static void bench_open(struct bench *bench, const char *targets)
{
	bench_signed(bench, targets, NULL);
}

static void bench_close(struct bench *bench)
{
	loop_thread_stop(bench->loop, bench->thread);
	notify_free(bench->notify);
	al_loop_free(bench->loop);
	fixture_stop(&bench->f);
	assert_int_equal(sem_destroy(&bench->done), 0);
}

/* The form of RFC 1996 section 3.7: the question names the zone, the answer is its SOA. */
static void receive(const struct secondary *secondary, struct message *m)
{
	ldns_pkt *pkt = NULL;
	ldns_rr *soa;
	char *name;
	ssize_t got;

	m->from_len = sizeof(m->from);
	got = recvfrom(secondary->fd, m->bytes, sizeof(m->bytes), 0, (struct sockaddr *)&m->from, &m->from_len);
	assert_true(got > 0);
	m->len = (size_t)got;
	assert_int_equal(ldns_wire2pkt(&pkt, m->bytes, m->len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_get_opcode(pkt), LDNS_PACKET_NOTIFY);
	assert_true(ldns_pkt_aa(pkt) && !ldns_pkt_qr(pkt));
	assert_int_equal(ldns_pkt_qdcount(pkt), 1);
	assert_int_equal(ldns_pkt_ancount(pkt), 1);
	soa = ldns_rr_list_rr(ldns_pkt_answer(pkt), 0);
	assert_int_equal(ldns_rr_get_type(soa), LDNS_RR_TYPE_SOA);
	assert_int_equal(ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(pkt), 0)), LDNS_RR_TYPE_SOA);
	assert_int_equal(
		ldns_dname_compare(ldns_rr_owner(soa), ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(pkt), 0))), 0);
	m->serial = ldns_rdf2native_int32(ldns_rr_rdf(soa, 2));
	name = ldns_rdf2str(ldns_rr_owner(soa));
	assert_true(strlen(name) < sizeof(m->zone));
	strcpy(m->zone, name);
	free(name);
	ldns_pkt_free(pkt);
}

/* Answered with this id and response code. */
static void answer(const struct secondary *secondary, const struct message *m, uint16_t id, uint8_t rcode)
{
	uint8_t bytes[sizeof(m->bytes)];

	memcpy(bytes, m->bytes, m->len);
	al_set_u16(bytes, id);
	bytes[2] |= 0x80;
	bytes[3] = rcode;
	assert_int_equal(sendto(secondary->fd, bytes, m->len, 0, (const struct sockaddr *)&m->from, m->from_len),
			 m->len);
}

static void agree(const struct secondary *secondary, const struct message *m)
{
	answer(secondary, m, al_get_u16(m->bytes), RCODE_NOERROR);
}

static void agree_to_all(const struct bench *bench, const struct secondary *secondary)
{
	struct message m;

	for (size_t i = 0; i < bench->zones; i++) {
		receive(secondary, &m);
		agree(secondary, &m);
	}
}

/* Nothing comes, so much later. */
static void assert_silent(struct bench *bench, const struct secondary *secondary, uint64_t ms)
{
	uint8_t byte;

	turn(bench, ms);
	assert_int_equal(recv(secondary->fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static uint32_t serial_now(struct bench *bench, const char *zone)
{
	const struct zone_set *set = publish_enter(bench->f.publish, 0);
	char name[DNAME_TEXT_MAX];
	uint32_t serial = 0;

	for (size_t i = 0; i < set->count; i++)
		if (strncmp(dname_text(set->zones[i]->apex.b, name), zone, strlen(name)) == 0)
			serial = set->zones[i]->serial;
	publish_leave(bench->f.publish, 0);
	return serial;
}

static void put_domain(struct bench *bench, const char *name)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "domain: %s.alamo\nnserver: ns.example\nmnt-by: A-MNT\nsource: T1\n", name);
	fixture_put(&bench->f, text);
	fixture_apply(&bench->f);
	changed(bench);
}

/* Each zone to each secondary; what changed, and nothing else, when it changed. */
static void every_zone_once(void **state)
{
	struct secondary two[2];
	struct bench bench;
	struct message m;
	char targets[128];

	(void)state;
	secondary_open(&two[0], AF_INET);
	secondary_open(&two[1], AF_INET6);
	(void)snprintf(targets, sizeof(targets), "127.0.0.1:%u, [::1]:%u", two[0].port, two[1].port);
	bench_open(&bench, targets);
	assert_true(bench.zones >= 2);
	changed(&bench);
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < bench.zones; i++) {
			receive(&two[s], &m);
			assert_int_equal(m.serial, serial_now(&bench, m.zone));
			agree(&two[s], &m);
		}
	changed(&bench); /* nothing did */
	assert_silent(&bench, &two[0], RETRY_MS + TICK_MS);
	put_domain(&bench, "new");
	for (size_t s = 0; s < 2; s++) {
		receive(&two[s], &m);
		assert_string_equal(m.zone, "alamo.");
		assert_int_equal(m.serial, serial_now(&bench, "alamo"));
		agree(&two[s], &m);
	}
	assert_silent(&bench, &two[1], RETRY_MS + TICK_MS);
	bench_close(&bench);
	close(two[0].fd);
	close(two[1].fd);
}

/* From our first address of the family; again with another id until its answer comes, and nobody else's. */
static void until_it_is_answered(void **state)
{
	struct secondary one, other;
	struct bench bench;
	struct message first, again;
	char targets[64];

	(void)state;
	secondary_open(&one, AF_INET);
	secondary_open(&other, AF_INET);
	(void)snprintf(targets, sizeof(targets), "127.0.0.1:%u", one.port);
	bench_open(&bench, targets);
	changed(&bench);
	agree_to_all(&bench, &one);
	put_domain(&bench, "new");
	receive(&one, &first);
	assert_int_equal(((const struct sockaddr_in *)&first.from)->sin_addr.s_addr, htonl(0x7f000002));
	answer(&one, &first, (uint16_t)(al_get_u16(first.bytes) + 1), RCODE_NOERROR);
	agree(&other, &first);
	assert_silent(&bench, &one, RETRY_MS - 1);
	turn(&bench, TICK_MS);
	receive(&one, &again);
	assert_string_equal(again.zone, "alamo.");
	assert_int_equal(again.serial, first.serial);
	agree(&one, &again);
	turn(&bench, 0);
	/* Whatever comes behind an answer goes out at once. */
	put_domain(&bench, "newer");
	receive(&one, &again);
	assert_int_equal(again.serial, serial_now(&bench, "alamo"));
	agree(&one, &again);
	assert_silent(&bench, &one, 4 * RETRY_MS);
	bench_close(&bench);
	close(one.fd);
	close(other.fd);
}

/* Who says no may not know the zone yet: he is asked three times, and at the next change. */
static void three_refusals(void **state)
{
	struct secondary one;
	struct bench bench;
	struct message m;
	char targets[64];

	(void)state;
	secondary_open(&one, AF_INET);
	(void)snprintf(targets, sizeof(targets), "127.0.0.1:%u", one.port);
	bench_open(&bench, targets);
	changed(&bench);
	agree_to_all(&bench, &one);
	put_domain(&bench, "new");
	for (unsigned i = 0; i < 3; i++) {
		if (i > 0) {
			assert_silent(&bench, &one, (RETRY_MS << (i - 1)) - 1);
			turn(&bench, TICK_MS);
		}
		receive(&one, &m);
		answer(&one, &m, al_get_u16(m.bytes), RCODE_REFUSED);
	}
	assert_silent(&bench, &one, 60 * RETRY_MS);
	put_domain(&bench, "newer");
	receive(&one, &m);
	assert_int_equal(m.serial, serial_now(&bench, "alamo"));
	bench_close(&bench);
	close(one.fd);
}

/* Six times, each after twice as long as the one before; then it is given up, and said. The next change is told again. */
static void six_times_without_an_answer(void **state)
{
	struct secondary one;
	struct bench bench;
	struct message m;
	struct said said;
	char targets[64], want[128];
	uint32_t serial;

	(void)state;
	secondary_open(&one, AF_INET);
	(void)snprintf(targets, sizeof(targets), "127.0.0.1:1,127.0.0.1:%u", one.port);
	bench_open(&bench, targets);
	changed(&bench);
	agree_to_all(&bench, &one);
	turn(&bench, 100 * RETRY_MS); /* nobody is behind the first */
	put_domain(&bench, "new");
	serial = serial_now(&bench, "alamo");
	for (unsigned i = 0; i < 6; i++) {
		receive(&one, &m);
		assert_int_equal(m.serial, serial);
		assert_silent(&bench, &one, (RETRY_MS << i) - 1);
		said_begin(&said);
		turn(&bench, TICK_MS);
		if (i < 5)
			(void)said_end(&said);
	}
	(void)snprintf(want, sizeof(want), "event=notify-unanswered zone=alamo. serial=%u secondary=2 tries=6\n",
		       serial);
	assert_non_null(strstr(said_end(&said), want));
	assert_silent(&bench, &one, 100 * RETRY_MS);
	put_domain(&bench, "newer");
	receive(&one, &m);
	assert_int_equal(m.serial, serial_now(&bench, "alamo"));
	bench_close(&bench);
	close(one.fd);
}

/* With a key each message is signed as a question is. */
static void signed_with_the_key(void **state)
{
	struct tsig_keys *keys = NULL;
	struct secondary one;
	struct dname name;
	struct bench bench;
	struct message m;
	char targets[64];

	(void)state;
	assert_int_equal(tsig_keys_read(AL_S("hmac-sha256:k:" SECRET), "test", &keys), AL_OK);
	assert_int_equal(dname_of_text(AL_S("k"), &name), AL_OK);
	secondary_open(&one, AF_INET);
	(void)snprintf(targets, sizeof(targets), "127.0.0.1:%u", one.port);
	bench_signed(&bench, targets, tsig_key_find(keys, &name));
	changed(&bench);
	for (size_t i = 0; i < bench.zones; i++) {
		ldns_pkt *pkt = NULL;

		receive(&one, &m);
		assert_int_equal(ldns_wire2pkt(&pkt, m.bytes, m.len), LDNS_STATUS_OK);
		assert_true(ldns_pkt_tsig_verify(pkt, m.bytes, m.len, "k.", SECRET, NULL));
		ldns_pkt_free(pkt);
		m.bytes[m.len - 10] ^= 1;
		assert_int_equal(ldns_wire2pkt(&pkt, m.bytes, m.len), LDNS_STATUS_OK);
		assert_false(ldns_pkt_tsig_verify(pkt, m.bytes, m.len, "k.", SECRET, NULL));
		ldns_pkt_free(pkt);
	}
	bench_close(&bench);
	tsig_keys_free(keys);
	close(one.fd);
}

static void targets(void **state)
{
	static const char *const bad[] = {
		"x",      "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "[::1]",
		"[::1]5", "[::1]:x",    "[::1:5",      "127.0.0.1, x",
	};
	static const char *const good[] = { "127.0.0.1", "::1", "[::1]:65535", "[127.0.0.1]:1", "127.0.0.1:1,::1" };
	struct notify *notify;
	struct bench bench;
	struct al_buf many;

	(void)state;
	bench_open(&bench, " ");
	assert_null(bench.notify);
	notify_look(bench.notify);
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(notify_of(&bench, bad[i], &notify), AL_EINVAL);
	for (size_t i = 0; i < AL_COUNT(good); i++) {
		assert_int_equal(notify_of(&bench, good[i], &notify), AL_OK);
		notify_free(notify);
	}
	al_buf_init(&many, 4096);
	for (unsigned i = 1; i <= 64; i++)
		al_buf_printf(&many, "%s127.0.0.1:%u", i > 1 ? "," : "", i);
	al_buf_u8(&many, '\0');
	assert_int_equal(notify_of(&bench, (const char *)many.ptr, &notify), AL_OK);
	notify_free(notify);
	many.len--;
	al_buf_printf(&many, ",127.0.0.1:65%c", '\0');
	assert_int_equal(notify_of(&bench, (const char *)many.ptr, &notify), AL_EINVAL);
	al_buf_release(&many);
	bench_close(&bench);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_zone_once),     cmocka_unit_test(until_it_is_answered),
		cmocka_unit_test(three_refusals),      cmocka_unit_test(six_times_without_an_answer),
		cmocka_unit_test(signed_with_the_key), cmocka_unit_test(targets),
	};

	clock_ms = 1000000;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
