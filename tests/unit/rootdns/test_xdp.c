/* SPDX-License-Identifier: MIT */
/*
 * test_xdp.c -- a device with our program at it: what is taken and what is not, frames in and out, and the thread behind
 * a queue. On a line of its own in a network namespace, for which it has to be root.
 */
#include "fixture.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../guard.h"
#include "../metric.h"
#include "../said.h"
#include "frames.h"

#include "traffic.h"
#include "xdp_device.h"
#include "xdp_worker.h"

#define READER 1
#define FRAMES 2048u
#define ROOMS 1024u
#define ASKED 1000u /* three frames each: more than a queue has */
#define DEVICES                                                                                                        \
	"ip link add veth0 address 02:00:00:00:00:01 mtu 3000 type veth peer name veth1 address 02:00:00:00:00:02 && " \
	"ip link set veth1 mtu 3000 up && ip link set veth0 up && ip link add small0 mtu 1279 type veth peer name "    \
	"small1 mtu 1280"

static const char registry[] = "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n";
static const struct xdp_rule rule_four = { .addr = { 0 }, .family = 4 };
static bool here;
static int wire; /* the other end */

/* ---- a kernel that sends nothing ---- */

static bool refused;
static unsigned refusals;

ssize_t sendto(int fd, const void *bytes, size_t len, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_len)
{
	void *symbol = dlsym(RTLD_NEXT, "sendto");
	ssize_t (*next)(int, const void *, size_t, int, __CONST_SOCKADDR_ARG, socklen_t);

	if (refused && len == 0) {
		refusals++;
		errno = ENOBUFS;
		return -1;
	}
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	return next(fd, bytes, len, flags, to, to_len);
}

static struct xdp_rule rule_of(const uint8_t *frame, bool ipv4)
{
	struct xdp_rule rule = { .port = htons(53), .family = ipv4 ? 4 : 6 };

	memcpy(rule.addr, frame + (ipv4 ? 30 : 38), ipv4 ? 4 : 16);
	return rule;
}

static int wire_open(void)
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = (int)if_nametoindex("veth1") };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)), room = 16 << 20;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static int setup(void **state)
{
	static struct fixture f;

	here = geteuid() == 0 && unshare(CLONE_NEWNET) == 0 && system(DEVICES) == 0;
	if (here)
		wire = wire_open();
	fixture_start(&f, registry, NULL);
	fixture_build(&f);
	traffic_register();
	xdp_worker_register();
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

static void put(const uint8_t *frame, size_t len)
{
	assert_int_equal(send(wire, frame, len, 0), len);
}

/* The next frame that a queue has. */
static struct xdp_packet next(struct xdp_queue *queue)
{
	struct pollfd wait = { .fd = xdp_queue_fd(queue), .events = POLLIN };
	struct xdp_packet packet;

	assert_int_equal(poll(&wait, 1, GUARD_MS), 1);
	assert_int_equal(xdp_queue_receive(queue, &packet, 1), 1);
	return packet;
}

/* The next one that came out of veth0 and is a datagram from port 53. */
static size_t came(uint8_t out[static 4096])
{
	for (;;) {
		struct pollfd wait = { .fd = wire, .events = POLLIN };
		ssize_t len;

		assert_int_equal(poll(&wait, 1, GUARD_MS), 1);
		len = recv(wire, out, 4096, 0);
		if (len > 60 && out[11] == 1 &&
		    ((out[12] == 0x08 && out[35] == 53) || (out[12] == 0x86 && out[55] == 53)))
			return (size_t)len;
	}
}

static struct xdp_device *device_with_rules(void)
{
	struct xdp_device *device;
	struct xdp_rule rules[] = { rule_of(four, true), rule_of(six, false) };

	assert_int_equal(xdp_device_open(AL_S("veth0"), &device), AL_OK);
	assert_int_equal(xdp_device_queues(device), 1);
	assert_int_equal(xdp_device_index(device), if_nametoindex("veth0"));
	for (size_t i = 0; i < AL_COUNT(rules); i++)
		assert_true(xdp_device_admit(device, &rules[i]));
	return device;
}

/* ---- in ---- */

struct change {
	bool ipv4;
	uint8_t at;
	uint8_t len;
	uint8_t bytes[16];
};

static const struct change not_ours[] = {
	{ true, 5, 1, { 7 } },              /* another station */
	{ true, 12, 2, { 0x81, 0x00 } },    /* VLAN */
	{ true, 14, 1, { 0x46 } },          /* options */
	{ true, 20, 1, { 0x20 } },          /* a fragment */
	{ true, 21, 1, { 0x01 } },          /* a later one */
	{ true, 23, 1, { 6 } },             /* TCP */
	{ true, 30, 4, { 10, 9, 0, 3 } },   /* another address */
	{ true, 36, 2, { 0, 54 } },         /* another port */
	{ true, 36, 2, { 1, 53 } },         /* likewise */
	{ false, 20, 1, { 0 } },            /* options */
	{ false, 20, 1, { 44 } },           /* a fragment */
	{ false, 38, 1, { 0xfe } },         /* another address: each of its words */
	{ false, 42, 1, { 1 } },            /* likewise */
	{ false, 46, 1, { 1 } },            /* likewise */
	{ false, 53, 1, { 2 } },            /* likewise */
	{ false, 57, 1, { 54 } },           /* another port */
	{ false, 38, 16, { 10, 9, 0, 1 } }, /* of the other family */
};

/* Behind each that is not ours comes one that is: nothing came between them. */
static void only_its_own(void **state)
{
	struct xdp_device *device;
	struct xdp_queue *queue;
	uint8_t frame[2048] = { 0 };

	(void)state;
	if (!here)
		skip();
	device = device_with_rules();
	queue = xdp_device_queue(device, 0);
	for (size_t i = 0; i < AL_COUNT(not_ours); i++) {
		const struct change *row = &not_ours[i];
		struct xdp_packet packet;
		size_t len = frame_make(row->ipv4, frame);

		memcpy(frame + row->at, row->bytes, row->len);
		put(frame, len);
		len = frame_make(i % 2 == 0, frame);
		put(frame, len);
		packet = next(queue);
		assert_int_equal(packet.len, len);
		assert_memory_equal(packet.bytes, frame, len);
		xdp_queue_release(queue);
	}
	/* The longest that is taken, and one more. */
	(void)frame_make(true, frame);
	put(frame, XDP_TAKEN_MAX + 1);
	put(frame, XDP_TAKEN_MAX);
	assert_int_equal(next(queue).len, XDP_TAKEN_MAX);
	xdp_queue_release(queue);
	assert_int_equal(xdp_queue_lost(queue), 0);
	xdp_device_close(device);
}

static void rules_are_bounded(void **state)
{
	struct xdp_device *device;

	(void)state;
	if (!here)
		skip();
	assert_int_equal(xdp_device_open(AL_S("veth0"), &device), AL_OK);
	for (size_t i = 0; i < XDP_RULES_MAX; i++)
		assert_true(xdp_device_admit(device, &rule_four));
	assert_false(xdp_device_admit(device, &rule_four));
	xdp_device_close(device);
}

/* Many times as many as there are frames: each comes back. Unread, they are lost and counted. */
static void frames_come_back(void **state)
{
	struct xdp_device *device;
	struct xdp_queue *queue;
	uint8_t frame[2048];
	size_t len = frame_make(true, frame);

	(void)state;
	if (!here)
		skip();
	device = device_with_rules();
	queue = xdp_device_queue(device, 0);
	for (size_t i = 0; i < 10000; i++) {
		frame[43] = (uint8_t)i;
		put(frame, len);
		assert_int_equal(next(queue).bytes[43], (uint8_t)i);
		xdp_queue_release(queue);
	}
	assert_int_equal(xdp_queue_lost(queue), 0);
	for (size_t i = 0; i < FRAMES + 100; i++)
		put(frame, len);
	for (int k = 0; k < GUARD_MS && xdp_queue_lost(queue) < 100; k++)
		(void)usleep(1000);
	assert_int_equal(xdp_queue_lost(queue), 100);
	xdp_device_close(device);
}

/* ---- out ---- */

static void rooms_come_back(void **state)
{
	uint8_t *rooms[ROOMS], frame[2048], got[4096];
	struct xdp_device *device;
	struct xdp_queue *queue;
	struct xdp_packet none;
	size_t len = frame_make(true, frame);

	(void)state;
	if (!here)
		skip();
	device = device_with_rules();
	queue = xdp_device_queue(device, 0);
	memcpy(frame + 36, "\xc0\1", 2);
	memcpy(frame + 34, "\0\65", 2);
	memcpy(frame + 6, "\2\0\0\0\0\1", 6);
	for (unsigned round = 0; round < 4; round++) {
		for (size_t i = 0; i < ROOMS; i++) {
			rooms[i] = xdp_queue_room(queue);
			assert_non_null(rooms[i]);
			memcpy(rooms[i], frame, len);
			al_set_u16(rooms[i] + 42, (uint16_t)(round * ROOMS + i));
		}
		assert_null(xdp_queue_room(queue));
		/* Every second one is sent, in their order. */
		for (size_t i = 0; i < ROOMS; i++)
			xdp_queue_put(queue, rooms[i], i % 2 == 0 ? len + 20 : 0);
		xdp_queue_flush(queue);
		for (size_t i = 0; i < ROOMS; i += 2) {
			assert_int_equal(came(got), len + 20);
			assert_int_equal(al_get_u16(got + 42), round * ROOMS + i);
		}
		assert_int_equal(xdp_queue_receive(queue, &none, 1), 0);
	}
	xdp_device_close(device);
}

/* Frames that the kernel did not take are sent by the next flush, though there is nothing new. */
static void sent_later(void **state)
{
	struct xdp_device *device;
	struct xdp_queue *queue;
	uint8_t frame[2048], got[4096], *room;
	size_t len = frame_make(true, frame);

	(void)state;
	if (!here)
		skip();
	device = device_with_rules();
	queue = xdp_device_queue(device, 0);
	memcpy(frame + 34, "\0\65", 2);
	memcpy(frame + 6, "\2\0\0\0\0\1", 6);
	room = xdp_queue_room(queue);
	memcpy(room, frame, len);
	al_set_u16(room + 42, 0x4321);
	refused = true;
	xdp_queue_put(queue, room, len + 20);
	xdp_queue_flush(queue);
	assert_int_equal(refusals, 1);
	refused = false;
	xdp_queue_flush(queue);
	assert_int_equal(came(got), len + 20);
	assert_int_equal(al_get_u16(got + 42), 0x4321);
	xdp_device_close(device);
}

/* ---- the thread ---- */

static size_t asked(struct fixture *f, const struct xdp_frame *frame, uint8_t *out)
{
	struct client client = { .addr_len = frame->addr_len };
	const struct zone_set *set = publish_enter(f->publish, 0);
	size_t len;

	memcpy(client.addr, frame->from, frame->addr_len);
	len = answer_query(set, frame->payload, frame->payload_len, &client, out);
	publish_leave(f->publish, 0);
	return len;
}

static void answers(void **state)
{
	struct fixture *f = *state;
	const struct batch_conf conf = { .publish = f->publish, .reader = READER };
	uint64_t before = metric("alamo_dns_xdp_lost_total{why=\"frame\"}"),
		 questions = metric("alamo_dns_queries_total{transport=\"xdp\"}");
	struct xdp_device *device;
	struct xdp_worker *worker;

	if (!here)
		skip();
	device = device_with_rules();
	assert_int_equal(xdp_worker_start(xdp_device_queue(device, 0), &conf, &worker), AL_OK);
	for (size_t i = 0; i < ASKED; i++) {
		uint8_t frame[2048], want[UDP_SIZE_MAX], got[4096];
		bool ipv4 = i % 2 == 0;
		size_t len = frame_make(ipv4, frame), answer;
		struct xdp_frame question, reply;

		/* A broken one and a reply, which get none, and a question. */
		frame[len - 1] ^= 1;
		put(frame, len);
		frame[len - 1] ^= 1;
		frame[len - 15] |= 0x80;
		datagram_sum_set(frame, ipv4);
		put(frame, len);
		frame[len - 15] &= 0x7f;
		al_set_u16(frame + len - 17, (uint16_t)i);
		datagram_sum_set(frame, ipv4);
		put(frame, len);
		assert_true(xdp_frame_parse(frame, len, &question));
		answer = asked(f, &question, want);
		len = came(got);
		assert_true(xdp_frame_parse(got, len, &reply));
		assert_int_equal(reply.payload_len, answer);
		assert_memory_equal(reply.payload, want, answer);
	}
	xdp_worker_stop(worker);
	xdp_device_close(device);
	assert_int_equal(metric("alamo_dns_xdp_lost_total{why=\"frame\"}") - before, ASKED);
	assert_int_equal(metric("alamo_dns_queries_total{transport=\"xdp\"}") - questions, 2 * ASKED);
}

/* Who asks is who sent the frame: another network's questions do not count for it. */
static void limited_by_network(void **state)
{
	struct fixture *f = *state;
	struct batch_conf conf = { .publish = f->publish, .reader = READER };
	uint8_t frame[2048], got[4096];
	size_t len = frame_make(true, frame);
	struct xdp_device *device;
	struct xdp_worker *worker;

	if (!here)
		skip();
	assert_int_equal(rrl_new(1, &conf.rrl), AL_OK);
	device = device_with_rules();
	assert_int_equal(xdp_worker_start(xdp_device_queue(device, 0), &conf, &worker), AL_OK);
	for (size_t i = 0; i < 100; i++)
		put(frame, len);
	frame[27] = 77;
	header_sum_set(frame);
	al_set_u16(frame + 42, 0x7777);
	datagram_sum_set(frame, true);
	put(frame, len);
	do
		(void)came(got);
	while (al_get_u16(got + 42) != 0x7777);
	assert_int_equal(got[44] & 2, 0); /* whole */
	xdp_worker_stop(worker);
	xdp_device_close(device);
	rrl_free(conf.rrl);
}

/* A thread that came late, and has no room for answers, goes on and says how many it could not give. */
static void lost(void **state)
{
	struct fixture *f = *state;
	const struct batch_conf conf = { .publish = f->publish, .reader = READER };
	uint64_t room = metric("alamo_dns_xdp_lost_total{why=\"room\"}"),
		 late = metric("alamo_dns_xdp_lost_total{why=\"late\"}");
	uint8_t frame[2048];
	size_t len = frame_make(true, frame);
	struct xdp_device *device;
	struct xdp_worker *worker;

	if (!here)
		skip();
	device = device_with_rules();
	while (xdp_queue_room(xdp_device_queue(device, 0)) != NULL)
		continue;
	for (size_t i = 0; i < FRAMES + 100; i++)
		put(frame, len);
	for (int k = 0; k < GUARD_MS && xdp_queue_lost(xdp_device_queue(device, 0)) < 100; k++)
		(void)usleep(1000);
	assert_int_equal(xdp_worker_start(xdp_device_queue(device, 0), &conf, &worker), AL_OK);
	for (int k = 0; k < GUARD_MS && metric("alamo_dns_xdp_lost_total{why=\"room\"}") - room < FRAMES; k++)
		(void)usleep(1000);
	xdp_worker_stop(worker);
	xdp_device_close(device);
	assert_int_equal(metric("alamo_dns_xdp_lost_total{why=\"room\"}") - room, FRAMES);
	assert_int_equal(metric("alamo_dns_xdp_lost_total{why=\"late\"}") - late, 100);
}

/* ---- what cannot be had ---- */

static void not_these_devices(void **state)
{
	static const struct {
		const char *name;
		enum al_err err;
		const char *said;
	} rows[] = {
		{ "lo", AL_EINVAL, "device=lo why=\"not Ethernet\"" },
		{ "small0", AL_ELIMIT, "device=small0 mtu=1279 least=1280" },
		{ "nothing0", AL_ESYS, "device=nothing0 what=device errno=19" },
		{ "a-name-that-is-too-long", AL_ELIMIT, "what=name" },
		{ "veth0", AL_ESYS, "device=veth0 what=queue errno=16" }, /* taken */
	};
	struct xdp_device *taken, *device = NULL;

	(void)state;
	if (!here)
		skip();
	assert_int_equal(xdp_device_open(AL_S("small1"), &taken), AL_OK); /* this one does: 1280 */
	xdp_device_close(taken);
	assert_int_equal(xdp_device_open(AL_S("veth0"), &taken), AL_OK);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct said said;
		enum al_err err;

		said_begin(&said);
		err = xdp_device_open(al_slice_str(rows[i].name), &device);
		assert_non_null(strstr(said_end(&said), rows[i].said));
		assert_int_equal(err, rows[i].err);
		assert_null(device);
	}
	xdp_device_close(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_own),       cmocka_unit_test(rules_are_bounded),
		cmocka_unit_test(frames_come_back),   cmocka_unit_test(rooms_come_back),
		cmocka_unit_test(sent_later),         cmocka_unit_test(answers),
		cmocka_unit_test(limited_by_network), cmocka_unit_test(lost),
		cmocka_unit_test(not_these_devices),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
