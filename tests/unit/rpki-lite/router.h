/* SPDX-License-Identifier: MIT */
/*
 * router.h -- an RTR server on a thread, sets for it, and what routers ask and read, by hand. For tests only.
 */
#ifndef TESTS_RPKI_ROUTER_H
#define TESTS_RPKI_ROUTER_H

#include <stdio.h>

#include "../origins/vrps.h"

#include "../common/loopback.h"
#include "alamo/base/wire.h"
#include "../metric.h"
#include "rtr_server.h"

#define SESSION 0x4242
/* Half of such a set is more than a kernel holds for a connection (tcp_wmem: 4 MiB). */
#define BIG 600000u

struct bench {
	struct al_loop *loop;
	pthread_t thread;
	struct rtr_server *server;
	struct vrp_history *history;
	uint16_t port;
};

static inline void bench_open(struct bench *bench, uint64_t notify_ms, uint64_t hold_ms)
{
	struct rtr_server_conf conf = { .max_conns = 10,
					.max_per_source = 10,
					.notify_ms = notify_ms,
					.hold_ms = hold_ms,
					.highest = 2,
					.session = { 0, SESSION, SESSION + 1 },
					.timers = { 300, 30, 172800 } };

	assert_int_equal(al_loop_new(&bench->loop), AL_OK);
	assert_int_equal(vrp_history_new(4, &bench->history), AL_OK);
	assert_int_equal(rtr_server_new(bench->loop, &conf, &bench->server), AL_OK);
	assert_int_equal(al_listener_tcp(rtr_server_listener(bench->server), AL_S("127.0.0.1"), 0, &bench->port),
			 AL_OK);
	loop_thread_start(bench->loop, &bench->thread);
}

static inline void bench_close(struct bench *bench)
{
	loop_thread_stop(bench->loop, bench->thread);
	rtr_server_free(bench->server);
	vrp_history_free(bench->history);
	al_loop_free(bench->loop);
}

/* ---- publishing, on the loop's thread ---- */

struct publish {
	struct bench *bench;
	const struct vrp_set *set;
	struct vrp_delta *delta; /* may be NULL */
	sem_t done;
};

static inline void publish_run(void *arg)
{
	struct publish *p = arg;

	if (p->delta != NULL)
		vrp_history_push(p->bench->history, p->delta, SIZE_MAX);
	rtr_server_publish(p->bench->server, p->set, p->bench->history);
	vrp_set_unref(p->set);
	sem_post(&p->done);
}

/* Takes `set` over. */
static inline void publish(struct bench *bench, const struct vrp_set *set, struct vrp_delta *delta)
{
	struct publish p = { .bench = bench, .set = set, .delta = delta };

	sem_init(&p.done, 0, 0);
	assert_int_equal(al_loop_post(bench->loop, publish_run, &p), AL_OK);
	assert_true(guard_wait(&p.done));
	sem_destroy(&p.done);
}

static inline struct vrp_set *set_of(const struct vrp *items, size_t count, uint64_t size)
{
	struct vrp_set *set;

	assert_int_equal(vrp_set_new(items, count, size, &set), AL_OK);
	return set;
}

/* Size 10: one VRP; size 12: another one instead. */
static inline void publish_ten(struct bench *bench)
{
	struct vrp a = vrp_of("10.0.0.0/8", 8, 1);

	publish(bench, set_of(&a, 1, 10), NULL);
}

static inline void publish_twelve(struct bench *bench)
{
	struct vrp items[] = { vrp_of("fd00::/16", 16, 2), vrp_of("10.0.0.0/8", 8, 1) };
	struct vrp_delta *delta = vrp_delta_alloc(10, 12, 1, 1);

	assert_non_null(delta);
	memcpy(delta->items, items, sizeof(items));
	publish(bench, set_of(items, 1, 12), delta);
}

/* So many that they do not fit into what the kernel keeps for a router that does not read. */
static inline struct vrp_set *big_set(uint32_t asn, uint64_t size)
{
	struct vrp *items = calloc(BIG, sizeof(*items));
	struct vrp_set *set;
	uint32_t i;

	assert_non_null(items);
	for (i = 0; i < BIG; i++) {
		items[i] = (struct vrp){ .bits = 32, .len = 32, .max = 32, .asn = asn };
		al_set_u32(items[i].addr, i);
	}
	set = set_of(items, BIG, size);
	free(items);
	return set;
}

/* ---- the router's side ---- */

static inline void ask_reset(int fd, uint8_t version)
{
	uint8_t q[] = { version, 2, 0, 0, 0, 0, 0, 8 };

	client_send(fd, q, sizeof(q));
}

static inline void ask_serial(int fd, uint8_t version, uint16_t session, uint32_t serial)
{
	uint8_t q[12] = { version, 1 };

	al_set_u16(q + 2, session);
	q[7] = 12;
	al_set_u32(q + 8, serial);
	client_send(fd, q, sizeof(q));
}

static inline void read_exact(int fd, uint8_t *out, size_t len)
{
	ssize_t got;

	for (; len != 0; out += got, len -= (size_t)got) {
		got = recv(fd, out, len, 0);
		assert_true(got > 0);
	}
}

/* The next PDU as hex, or "eof". */
static inline const char *next_pdu(int fd, char out[static 600])
{
	uint8_t pdu[256];
	uint32_t len, i;

	if (recv(fd, pdu, 1, MSG_PEEK) <= 0)
		return memcpy(out, "eof", 4);
	read_exact(fd, pdu, 8);
	len = al_get_u32(pdu + 4);
	assert_in_range(len, 8, sizeof(pdu));
	read_exact(fd, pdu + 8, len - 8);
	for (i = 0; i < len; i++)
		(void)snprintf(out + (size_t)2 * i, 3, "%02x", pdu[i]);
	return out;
}

#define assert_pdu(fd, want)                                       \
	do {                                                       \
		char pdu_text[600];                                \
		assert_string_equal(next_pdu(fd, pdu_text), want); \
	} while (0)

#define V1_RESPONSE "0103424200000008"
#define V1_TEN                     \
	"010400000000001401080800" \
	"0a000000"                 \
	"00000001"
#define V1_END(serial)                             \
	"0107424200000018000000" serial "0000012c" \
	"0000001e"                                 \
	"0002a300"
#define V1_NOTIFY(serial) "010042420000000c000000" serial
#define V1_CACHE_RESET "0108000000000008"

#endif
