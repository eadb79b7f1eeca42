/* SPDX-License-Identifier: MIT */
/*
 * test_mesh.c -- names of the mesh half: each node's under "mesh" of every
 * top-level domain, its reverse name, and where newcomers call.
 */
#include "fixture.h"

static const char registry[] = "registry: TEST\n"
			       "tld: alamo\n"
			       "tld: fish\n"
			       "super-prefix: fca1::/16\n"
			       "super-prefix: 172.20.0.0/14\n"
			       "root-server: a fca1:0:a::53\n"
			       "hostmaster: dns.alamo\n"
			       "mnt-by: HOST-MNT\n"
			       "source: TEST\n";

#define TAIL "mnt-by: A-MNT\nsource: TEST\n"
#define KEY "mesh-key: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define PROOF         \
	"key-proof: " \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"
#define NODE(name, address) "mesh-node: " name "\n" KEY "address: " address "\n" PROOF TAIL
#define REVERSE(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.1.a.c.f.ip6.arpa"

static const char *const objects[] = {
	NODE("FISHER-LAPTOP", "fca1:8000::1"),
	NODE("A_B", "fca1:8000::2"),     /* no label of DNS */
	NODE("FAR-NODE", "fd00::3"),     /* no reverse zone of ours */
	NODE("FOUR-NODE", "172.20.0.4"), /* the mesh half has no IPv4 */
	"mesh-bootstrap: FISHER-LAPTOP\nendpoint: 203.0.113.9 51820\nendpoint: fca1:5::9 443\n"
	"endpoint: gw.example 65535\n" TAIL,
	/* not at a name that a zone below holds */
	"domain: mesh.fish\nnserver: ns.mesh.fish fca1:7::7\n" TAIL,
};

static int setup(void **state)
{
	static struct fixture f;

	fixture_of(&f, registry, NULL, objects, AL_COUNT(objects));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

#define ROW(n, t, w)                            \
	{                                       \
		{ .name = (n), .type = (t) }, w \
	}
#define SOA_ALAMO "ns alamo. 300 IN SOA a.root-servers. dns.alamo. 6 300 60 403200 300\n"
#define SOA_REVERSE "ns 1.a.c.f.ip6.arpa. 300 IN SOA a.root-servers. dns.alamo. 2 300 60 403200 300\n"

struct row {
	struct question question;
	const char *want;
};

static void rows_expect(struct fixture *f, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(f, rows[i].question, rows[i].want);
}

static void names_of_nodes(void **state)
{
	static const struct row rows[] = {
		ROW("fisher-laptop.mesh.alamo", RR_AAAA,
		    "NOERROR aa\nan fisher-laptop.mesh.alamo. 300 IN AAAA fca1:8000::1\n"),
		ROW("fisher-laptop.mesh.fish", RR_AAAA,
		    "NOERROR\nns mesh.fish. 3600 IN NS ns.mesh.fish.\n"
		    "ar ns.mesh.fish. 3600 IN AAAA fca1:7::7\n"),
		/* one name, though there are two top-level domains */
		ROW(REVERSE("1"), RR_PTR, "NOERROR aa\nan " REVERSE("1") ". 300 IN PTR fisher-laptop.mesh.alamo.\n"),
		ROW(REVERSE("2"), RR_PTR, "NXDOMAIN aa\n" SOA_REVERSE),
		ROW("far-node.mesh.alamo", RR_AAAA, "NOERROR aa\nan far-node.mesh.alamo. 300 IN AAAA fd00::3\n"),
		ROW("a_b.mesh.alamo", RR_AAAA, "NXDOMAIN aa\n" SOA_ALAMO),
		ROW("four-node.mesh.alamo", RR_A, "NXDOMAIN aa\n" SOA_ALAMO),
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

static void where_newcomers_call(void **state)
{
	static const struct row rows[] = {
		ROW("_mesh._udp.mesh.alamo", RR_SRV,
		    "NOERROR aa\n"
		    "an _mesh._udp.mesh.alamo. 300 IN SRV 0 0 443 fisher-laptop.bootstrap.mesh.alamo.\n"
		    "an _mesh._udp.mesh.alamo. 300 IN SRV 0 0 51820 fisher-laptop.bootstrap.mesh.alamo.\n"
		    "an _mesh._udp.mesh.alamo. 300 IN SRV 0 0 65535 gw.example.\n"),
		ROW("fisher-laptop.bootstrap.mesh.alamo", RR_A,
		    "NOERROR aa\nan fisher-laptop.bootstrap.mesh.alamo. 300 IN A 203.0.113.9\n"),
		ROW("fisher-laptop.bootstrap.mesh.alamo", RR_AAAA,
		    "NOERROR aa\nan fisher-laptop.bootstrap.mesh.alamo. 300 IN AAAA fca1:5::9\n"),
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

/* What an object says anew comes into the zones, and what it took back goes. */
static void changes(void **state)
{
	static const struct row rows[] = {
		ROW("fisher-laptop.mesh.alamo", RR_AAAA,
		    "NOERROR aa\nan fisher-laptop.mesh.alamo. 300 IN AAAA fca1:8000::2\n"),
		ROW(REVERSE("2"), RR_PTR, "NOERROR aa\nan " REVERSE("2") ". 300 IN PTR fisher-laptop.mesh.alamo.\n"),
		ROW(REVERSE("1"), RR_PTR,
		    "NXDOMAIN aa\nns 1.a.c.f.ip6.arpa. 300 IN SOA a.root-servers. dns.alamo. 8 300 60 403200 300\n"),
		ROW("fisher-laptop.bootstrap.mesh.alamo", RR_A,
		    "NXDOMAIN aa\nns alamo. 300 IN SOA a.root-servers. dns.alamo. 9 300 60 403200 300\n"),
	};
	struct fixture *f = *state;

	fixture_put(f, NODE("FISHER-LAPTOP", "fca1:8000::2"));
	fixture_put(f, "mesh-bootstrap: FISHER-LAPTOP\nendpoint: gw.example 65535\n" TAIL "delete: gone\n");
	fixture_apply(f);
	rows_expect(f, rows, AL_COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_nodes),
		cmocka_unit_test(where_newcomers_call),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
