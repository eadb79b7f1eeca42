/* SPDX-License-Identifier: MIT */
/* answer_rows.h -- a registry of each kind of name, and questions in rows with their answers. For tests only. */
#ifndef TESTS_ROOTDNS_ANSWER_ROWS_H
#define TESTS_ROOTDNS_ANSWER_ROWS_H

#include "question_rows.h"

static const char registry[] = "registry: TEST\n"
			       "tld: alamo\n"
			       "tld: fish\n"
			       "super-prefix: fca1::/16\n"
			       "super-prefix: 172.20.0.0/14\n"
			       "root-server: a fca1:0:a::53\n"
			       "root-server: b 172.20.0.53\n"
			       "hostmaster: dns.alamo\n"
			       "mnt-by: HOST-MNT\n"
			       "source: TEST\n";

#define TAIL "mnt-by: A-MNT\nsource: TEST\n"
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char *const objects[] = {
	/* index 1: delegated and signed, one server inside, one in another delegation */
	"domain: foo.alamo\nnserver: ns1.foo.alamo fd00::1\nnserver: ns.bar.alamo\nds-rdata: 1 13 2 " DIGEST "\n" TAIL,
	/* the holder's glue is believed, not this one's */
	"domain: bar.alamo\nnserver: ns.bar.alamo 172.20.1.1\nnserver: ns1.foo.alamo fd00::bad\n" TAIL,
	"domain: host.alamo\nrecord: @ A 172.20.2.2\nrecord: www CNAME host.alamo\nrecord: * 60 TXT \"x y\"\n"
	"record: a.b AAAA fd00::2\nrecord: out CNAME x.foo.alamo\nrecord: bad CNAME nope.host.alamo\n"
	"record: loop CNAME loop.host.alamo\nrecord: mix CNAME host.alamo\nrecord: mix A 172.20.2.3\n"
	"record: far CNAME www.example\nrecord: gone CNAME gone.alamo\n" TAIL,
	/* a deeper object: a delegation inside a hosted domain, and one below a cut that nobody sees */
	"domain: deep.host.alamo\nnserver: ns.deep.host.alamo 172.20.9.9\n" TAIL,
	"domain: hidden.foo.alamo\nrecord: @ A 172.20.3.3\n" TAIL,
	/* the first delegates below the TLD of its own; the others may not have these names */
	"domain: other\nnserver: ns.other fd00::7\n" TAIL,
	"domain: arpa\nnserver: ns.other fd00::7\n" TAIL,
	"domain: x.root-servers\nrecord: @ A 172.20.4.4\n" TAIL,
	/* our own zone: `nserver` ignored, records served */
	"domain: fish\nnserver: ns.other\nrecord: @ TXT fish\nrecord: www A 172.20.5.5\n" TAIL,
	"inetnum: 172.20.5.0/27\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"inetnum: 172.20.6.0/24\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"inetnum: 172.20.6.64/27\nnetname: N-NET\nnserver: ns.bar.alamo\n" TAIL,
	"inetnum: 172.20.8.0/22\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"inetnum: 172.20.9.0/24\nnetname: N-NET\nnserver: ns.bar.alamo\n" TAIL,
	"inetnum: 172.21.0.0/16\nnetname: N-NET\nnserver: ns.bar.alamo\n" TAIL,
	"inet6num: fca1:100::/46\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"domain: odd.alamo\nrecord: @ SVCB 0 broken broken\nrecord: @ MX 5 mail.odd.alamo\n"
	"record: @ HTTPS 1 . alpn=h2\nrecord: _443._tcp TLSA 3 1 0 aabb\nrecord: @ CAA 0 issue \"ca.alamo\"\nrecord: @ "
	"SSHFP 4 2 0011001100110011001100110011001100110011001100110011001100110011\n"
	"record: _x._tcp SRV 1 2 3 mail.odd.alamo\n" TAIL,
	/* wildcards that are aliases: to data beside them, to each other, to a name of their own */
	"domain: wild.alamo\nrecord: @ AAAA fd00::80\nrecord: @ AAAA fd00::81\nrecord: * CNAME wild.alamo\n"
	"record: *.two CNAME x.three.wild.alamo\nrecord: *.three CNAME wild.alamo\n"
	"record: *.none CNAME x.other.wild.alamo\nrecord: *.self CNAME a.self.wild.alamo\n"
	"record: *.other TXT other\n" TAIL,
};

static inline int setup(void **state)
{
	static struct fixture f;

	fixture_of(&f, registry, NULL, objects, AL_COUNT(objects));
	*state = &f;
	return 0;
}

static inline int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

#define SOA_ALAMO "alamo. 300 IN SOA a.root-servers. dns.alamo. 19 300 60 403200 300\n"
#define SOA_ROOT ". 300 IN SOA a.root-servers. dns.alamo. 7 300 60 403200 300\n"

#endif
