/* SPDX-License-Identifier: MIT */
/*
 * test_udp.c -- the sockets of DNS over UDP: which options they have and what happens without one, addresses that cannot
 * be had, and answers that are kept back.
 */
#include "fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../guard.h"
#include "../metric.h"
#include "../said.h"
#include "../threads.h"

#include "traffic.h"
#include "udp.h"

#define READER_UDP 1
#define QUESTIONS 100u

static const char registry[] = "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n";

/* ---- options that are asked for ---- */

struct asked {
	int level, name, value;
};

static struct asked asked[32];
static size_t asked_count;
static bool refused; /* each of them */

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	void *symbol = dlsym(RTLD_NEXT, "setsockopt");
	int (*next)(int, int, int, const void *, socklen_t);

	if (len == sizeof(int) && asked_count < AL_COUNT(asked)) {
		asked[asked_count] = (struct asked){ level, name, 0 };
		memcpy(&asked[asked_count++].value, value, sizeof(int));
	}
	if (refused) {
		errno = EPERM;
		return -1;
	}
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	return next(fd, level, name, value, len);
}

static bool was_asked(const struct asked *wanted)
{
	for (size_t i = 0; i < asked_count; i++)
		if (asked[i].level == wanted->level && asked[i].name == wanted->name && asked[i].value == wanted->value)
			return true;
	return false;
}

static int setup(void **state)
{
	static struct fixture f;

	fixture_start(&f, registry, NULL);
	fixture_put(&f, "domain: a.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: T1\n");
	fixture_build(&f);
	traffic_register();
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

static enum al_err start(struct fixture *f, const char *addr, struct rrl *rrl, uint16_t *port, struct udp_socket **out)
{
	const struct batch_conf conf = { .publish = f->publish, .reader = READER_UDP, .rrl = rrl };
	enum al_err err = udp_probe(al_slice_str(addr), 0, port);

	asked_count = 0;
	return err == AL_OK ? udp_start(al_slice_str(addr), *port, &conf, out) : err;
}

/* Room for bursts, no trust in path MTU messages, each family for itself, and who was asked where that is open. */
static void options(void **state)
{
	static const struct {
		const char *addr;
		size_t count;
		struct asked asked[6];
	} rows[] = {
		{ "127.0.0.1",
		  4,
		  { { SOL_SOCKET, SO_REUSEPORT, 1 },
		    { SOL_SOCKET, SO_RCVBUF, 4 << 20 },
		    { SOL_SOCKET, SO_SNDBUF, 4 << 20 },
		    { IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT } } },
		{ "0.0.0.0",
		  5,
		  { { SOL_SOCKET, SO_REUSEPORT, 1 },
		    { SOL_SOCKET, SO_RCVBUF, 4 << 20 },
		    { SOL_SOCKET, SO_SNDBUF, 4 << 20 },
		    { IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT },
		    { IPPROTO_IP, IP_PKTINFO, 1 } } },
		{ "::1",
		  5,
		  { { IPPROTO_IPV6, IPV6_V6ONLY, 1 },
		    { SOL_SOCKET, SO_REUSEPORT, 1 },
		    { SOL_SOCKET, SO_RCVBUF, 4 << 20 },
		    { SOL_SOCKET, SO_SNDBUF, 4 << 20 },
		    { IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT } } },
		{ "::",
		  6,
		  { { IPPROTO_IPV6, IPV6_V6ONLY, 1 },
		    { SOL_SOCKET, SO_REUSEPORT, 1 },
		    { SOL_SOCKET, SO_RCVBUF, 4 << 20 },
		    { SOL_SOCKET, SO_SNDBUF, 4 << 20 },
		    { IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT },
		    { IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 } } },
	};

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct udp_socket *server;
		uint16_t port;
		enum al_err err = start(*state, rows[i].addr, NULL, &port, &server);

		if (err == AL_EUNSUPPORTED && rows[i].addr[0] == ':')
			continue; /* a machine without IPv6 */
		assert_int_equal(err, AL_OK);
		assert_int_equal(asked_count, rows[i].count);
		for (size_t k = 0; k < rows[i].count; k++)
			assert_true(was_asked(&rows[i].asked[k]));
		udp_stop(server);
	}
}

/* ---- what cannot be had ---- */

/* Each option is for the better, and none a reason to be silent. */
static void without_options(void **state)
{
	struct udp_socket *server;
	struct said said;
	uint16_t port;
	enum al_err err;

	said_begin(&said);
	refused = true;
	err = start(*state, "127.0.0.1", NULL, &port, &server);
	refused = false;
	(void)said_end(&said);
	assert_int_equal(err, AL_OK);
	assert_non_null(strstr(said.text, "warn alamo event=udp-option level=0 option=10 errno=1\n"));
	udp_stop(server);
}

static size_t descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	(void)closedir(folder);
	return count;
}

static void without_a_thread(void **state)
{
	size_t before = descriptors();
	struct udp_socket *server = NULL;
	struct said said;
	uint16_t port;
	enum al_err err;

	said_begin(&said);
	threads_left = 0;
	err = start(*state, "127.0.0.1", NULL, &port, &server);
	threads_left = -1;
	(void)said_end(&said);
	assert_int_equal(err, AL_ESYS);
	assert_null(server);
	assert_non_null(strstr(said.text, "error alamo event=thread-create name=dns-udp errno=11\n"));
	assert_int_equal(descriptors(), before);
}

static void not_these_addresses(void **state)
{
	static const struct {
		const char *addr;
		enum al_err err;
	} rows[] = {
		{ "localhost", AL_EINVAL },
		{ "", AL_EINVAL },
		{ "192.0.2.1", AL_EUNSUPPORTED },
		{ "2001:db8::1", AL_EUNSUPPORTED },
	};
	size_t before = descriptors();
	uint16_t port = 7;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct said said;
		enum al_err err;

		said_begin(&said);
		err = udp_probe(al_slice_str(rows[i].addr), 0, &port);
		(void)said_end(&said);
		assert_int_equal(err, rows[i].err);
		assert_int_equal(port, 7);
	}
	assert_int_equal(descriptors(), before);
}

/* ---- answers that are kept back ---- */

static int dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* The question alone, with TC and no AA, that says nothing. */
static void is_short(const uint8_t *reply, size_t got, size_t len)
{
	assert_int_equal(got, len);
	assert_int_equal(reply[2] & 6, 2);
	assert_int_equal(reply[3] & 15, RCODE_NOERROR);
	assert_memory_equal(reply + 4, "\0\1\0\0\0\0\0\0", 8);
}

/* Above the limit every second answer is short, and the others are none; all of them are counted. */
static void limited(void **state)
{
	const struct question q = { .name = "a.alamo", .type = RR_A };
	uint64_t before = metric("alamo_dns_limited_total"), whole = 0, cut = 0;
	uint8_t query[512], reply[512];
	struct udp_socket *server;
	struct rrl *rrl;
	uint16_t port;
	size_t len = question_put(&q, query);
	int fd;

	assert_int_equal(rrl_new(1, &rrl), AL_OK);
	assert_int_equal(start(*state, "127.0.0.1", rrl, &port, &server), AL_OK);
	fd = dial(port);
	for (uint64_t i = 1; i <= QUESTIONS; i++) {
		ssize_t got = -1;

		/* Whether it is answered or not, it is known before the next one is asked. */
		assert_int_equal(send(fd, query, len, 0), len);
		for (int k = 0; k < GUARD_MS && metric("alamo_dns_limited_total") - before + whole < i; k++) {
			got = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
			whole += got > 0 && (reply[2] & 2) == 0;
			cut += got > 0 && (reply[2] & 2) != 0;
			if (got > 0 && (reply[2] & 2) != 0)
				is_short(reply, (size_t)got, len);
			if (got < 0)
				(void)usleep(1000);
		}
	}
	while (recv(fd, reply, sizeof(reply), MSG_DONTWAIT) > 0)
		cut++;
	(void)close(fd);
	udp_stop(server);
	rrl_free(rrl);
	assert_true(whole >= 1);
	assert_int_equal(metric("alamo_dns_limited_total") - before, QUESTIONS - whole);
	assert_true(cut > 0 && cut < QUESTIONS - whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),          cmocka_unit_test(without_options),
		cmocka_unit_test(without_a_thread), cmocka_unit_test(not_these_addresses),
		cmocka_unit_test(limited),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
