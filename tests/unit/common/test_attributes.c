/* SPDX-License-Identifier: MIT */
/*
 * Every attribute of every class, in whole objects: values that are taken, and such that are refused at their line.
 * The list is made from the schema: an attribute without a row here fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/base/text.h"
#include "alamo/rpsl/object.h"

#define VALUES 16
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVMdAk4LGizx6zOB64xy01cxfjj+T8oHXSi7Gp88IOG"
#define EC_KEY                                                                                                 \
	"ecdsa-sha2-nistp256 "                                                                                 \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDcZhph9RQCE4ABExFMEAiDTd4srDf6EyWeGtY61Clikyb2Q" \
	"fxBTud+M/PoZkJibgv2FGYiEo6zywYY3nP2Jx/8="
#define EC_PROOF                                                                                               \
	"U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAEEENxmGmH1FAITgAETEUwQCINN3iysN" \
	"/oTJZ4a1jrUKWKTJvZB/EFO534z8+hmQmJuC/YUZiISjrPLBhjec/YnH/wAAAA5yZWdpc3RyeUBhbGFtbwAAAAAAAAAGc2hhNTEy" \
	"AAAAYwAAABNlY2RzYS1zaGEyLW5pc3RwMjU2AAAASAAAACB5Elw4ZT72XD19pQUq35Mnweni9I/IlpU4v+xNtzPkXwAAACBxzB7w" \
	"OmMMeduvdkC5DdvIz9q9FsdYmsiJcXe5JHGzxQ=="
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define SHA1 "0000000000111111111122222222223333333333"

/* Free text: one of each kind that is no text. */
#define NO_TEXT                                                                                                  \
	"a\x1b[2J", "\x9b", "\xff", "a\xc2\x85z", "\xe2\x80\xae", "a\xe2\x80\x8bz", "a\xef\xbb\xbf", "\xc2\xad", \
		"\xe3\x85\xa4", "\xf3\xa0\x81\x81", "z\xef\xb8\x8f", "\xef\xbf\xb9", "\xee\x80\x80", "\xef\xbf\xbe"
#define BAD_NAME                                                                                                       \
	"ANY", "peeras", "AND", "NETWORKS", "AS-ANY", "RS-ANY", "AS-FOO", "rs-foo", "AS65000", "X", "-X", "X-", "a b", \
		"n\xc3\xa4h", "1A"
#define BAD_ORG "", "ORG", "ORG-", "ALICE", "X-ORG-A", "ORG-A-", "ORG-A B", "ORG-A, ORG-B", "AS-FOO", "ORG-\xc3\xa4"
#define BAD_NUMBER "", "-1", "01", "1000001", "1.5", "many", "1 2", "\xd9\xa1"
#define BAD_PREFIX "", "fca1:100::/48x", "fca1:100::1/48", "::/129", "fca1:100::/48 fca1::/16", "AS1", "172.28.0.1/27"
#define BAD_ADDRESS                                                                                     \
	"", "fca1::/48", "10.0.0.01", "::1", "127.0.0.1", "fe80::1", "febf::1", "ff02::1", "224.0.0.1", \
		"::", "0.0.0.0", "255.255.255.255", "::ffff:10.0.0.1", "fec0::1"

static const struct row {
	const char *cls, *attr; /* cls NULL: of every class that has none of its own */
	const char *good[VALUES], *bad[VALUES];
} rows[] = {
	{ "registry", "registry", { "ALAMO", "alamo-2" }, { BAD_NAME } },
	{ NULL, "descr", { "a", "", "h\xc3\xbctte \xe2\x9d\xa4\xef\xb8\x8f" }, { NO_TEXT } },
	{ NULL, "remarks", { "a # b", "" }, { NO_TEXT } },
	{ NULL, AL_EXTENSIONS, { "a # b", "", "AS-ANY: {}" }, { NO_TEXT } },
	{ NULL, "location", { "a cellar" }, { NO_TEXT } },
	{ NULL, "url", { "https://a.alamo/" }, { NO_TEXT } },
	{ NULL, "person", { "Ann", "\xe5\xae\x89" }, { "", NO_TEXT } },
	{ NULL, "role", { "The desk" }, { "", NO_TEXT } },
	{ NULL, "link", { "wg  0" }, { "", "a\xe2\x80\x8bz", "\x1b]0;x\x07", "\xf3\xa0\x81\x81" } },
	{ NULL,
	  "tld",
	  { "alamo", "a.b." },
	  { "", ".", "a..b", "*.a", "a b", "1.2.3.4", "\xc3\xa4.a", "a\xe2\x80\x8b" } },
	{ NULL, "hostmaster", { "h.alamo" }, { "", "a@b", "a b", "1.2" } },
	{ NULL, "domain", { "a.alamo", "A.ALAMO." }, { "", "*.alamo", "a/b.alamo", "10.0.0.1", "a\xc2\xad.alamo" } },
	{ NULL, "super-prefix", { "fca1::/16", "172.20.0.0/14" }, { BAD_PREFIX } },
	{ NULL,
	  "root-server",
	  { "a fca1::1", "B 10.0.0.1" },
	  { "", "fca1::1", "aa fca1::1", "a", "1 fca1::1", "a fca1::1 x" } },
	{ NULL, "quarantine", { "0", "30" }, { BAD_NUMBER } },
	{ NULL, "name-rest", { "0", "30" }, { BAD_NUMBER } },
	{ NULL, "edition", { "2" }, { BAD_NUMBER } },
	{ NULL, "quota-domains", { "8" }, { BAD_NUMBER } },
	{ NULL, "quota-sets", { "8" }, { BAD_NUMBER } },
	{ NULL, "quota-objects", { "8" }, { BAD_NUMBER } },
	{ NULL, "quota-kbytes", { "8" }, { BAD_NUMBER } },
	{ NULL, "object-kbytes", { "64" }, { BAD_NUMBER } },
	{ NULL, "join-rate", { "8" }, { BAD_NUMBER } },
	{ NULL, "vouch-rate", { "8" }, { BAD_NUMBER } },
	{ NULL, "vouch-age", { "8" }, { BAD_NUMBER } },
	{ NULL, "recover-need", { "2" }, { BAD_NUMBER } },
	{ NULL, "assign-quota", { "2" }, { BAD_NUMBER } },
	{ NULL, "assign-share", { "2" }, { BAD_NUMBER } },
	{ NULL, "assign-tree", { "2" }, { BAD_NUMBER } },
	{ NULL, "assign-rate", { "2" }, { BAD_NUMBER } },
	{ NULL, "assign-auto", { "yes", "NO" }, { "", "maybe", "1", "yes no" } },
	{ NULL, "anycast", { "yes", "NO" }, { "", "maybe", "1", "yes no" } },
	{ NULL, "assign-len", { "48", "0" }, { "", "129", "/48", "-1", "4 8" } },
	{ NULL, "assign-min", { "48" }, { "", "129", "/48" } },
	{ NULL, "assign-max", { "128" }, { "", "129", "/48" } },
	{ NULL, "assign-step", { "40" }, { "", "129", "/48" } },
	{ NULL, "max-length", { "64" }, { "", "129", "/48" } },
	{ NULL, "reserved-name", { "a b?", "www" }, { "", "a\xe2\x80\x8b", "\x1b" } },
	{ NULL,
	  "mnt-by",
	  { "A-MNT", "a-mnt, B-MNT" },
	  { "", ",", "A-MNT,", ",A-MNT", "A-MNT,,B-MNT", "A-MNT B-MNT", "A", "ANY", "AS-A-MNT", "AS1-MNT,RS-A-MNT" } },
	{ NULL, "mnt-lower", { "A-MNT" }, { "", "A-MNT,", "A-MNT B-MNT", "ANY", "AS-A-MNT" } },
	{ NULL, "mnt-routes", { "A-MNT" }, { "", "A-MNT,", "A-MNT B-MNT", "ANY", "AS-A-MNT" } },
	{ NULL, "mntner", { "A-MNT" }, { "", "A", "ANY", "-MNT", "AS-A-MNT", "RS-A-MNT", "A B-MNT", "A-MNT, B-MNT" } },
	{ NULL, "vouched-by", { "A-MNT" }, { "", "ANY", "A-MNT, B-MNT", "AS-A-MNT" } },
	{ NULL, "mbrs-by-ref", { "any", "A-MNT, B-MNT" }, { "", "ANY,", "AND", "AS-ANY", "PEOPLE", "A-MNT B-MNT" } },
	{ NULL, "source", { "ALAMO" }, { BAD_NAME } },
	{ NULL, "auth", { KEY }, { "", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "pgp" } },
	{ NULL, "recover-key", { KEY }, { "", "ssh-rsa AAAA", "ssh-ed25519 AAAA" } },
	{ NULL, "claim-key", { EC_KEY }, { "", KEY, "ssh-rsa AAAA" } },
	{ NULL, "claim-proof", { EC_PROOF }, { "", "@@", "AAAA" } },
	{ NULL, "nic-hdl", { "A-ALAMO" }, { "", "A", "AS-ANY", "RS-ANY", "AS-FOO", "RS-1234", "A-B C" } },
	{ NULL, "admin-c", { "A-ALAMO" }, { "", "A", "AS-ANY", "A-B, C-D" } },
	{ NULL, "tech-c", { "A-ALAMO" }, { "", "A", "AS-ANY", "A-B, C-D" } },
	{ NULL, "abuse-c", { "A-ALAMO" }, { "", "A", "AS-ANY", "A-B, C-D", "abuse@a.alamo" } },
	{ NULL,
	  "geofeed",
	  { "https://a.alamo/geofeed.csv", "HTTPS://A.alamo:8443/x?y=%20#z", "https://[fca1::1]/a",
	    "https://10.0.0.1" },
	  { "", "http://a.alamo/", "a.alamo/geofeed.csv", "https://", "https:///x", "https://a.alamo:0/",
	    "https://a.alamo:65536/", "https://a alamo/", "https://a.alamo/%2", "https://a.alamo/<x>",
	    "https://a.alamo/\xc3\xa4", "https://u@a.alamo/", "https://[::x]/", "https://a..b/" } },
	{ NULL,
	  "geoloc",
	  { "52.370216 4.895168", "-33.9  18", "90 -180.0", "0 0" },
	  { "", "52", "52,4", "91 0", "90.1 0", "0 180.5", "0 181", "+1 2", "1. 2", "1 2 3", "01 2", "1e1 2", ".5 1",
	    "N52 E4", "1.123456789 0" } },
	{ NULL, "pingable", { "fca1:100::1", "172.28.0.1" }, { BAD_ADDRESS } },
	{ NULL, "scan", { "no", "ASK", "yes" }, { "", "never", "no yes", "0" } },
	{ NULL, "zone-c", { "A-ALAMO" }, { "", "A", "AS-ANY", "A-B, C-D" } },
	{ NULL, "contact", { "sha256:" ZERO }, { "", ZERO, "sha256:AAAA", "sha1:" ZERO } },
	{ NULL, "contact-for", { "public", "Members", "holders" }, { "", "friends", "members holders", "members," } },
	{ NULL, "policy", { "open", "VOUCH" }, { "", "wide", "open closed" } },
	{ NULL, "status", { "ASSIGNED PA", "allocated" }, { "", "MINE", "PA" } },
	{ NULL, "org", { "ORG-ALICE", "org-a" }, { BAD_ORG } },
	{ NULL, "organisation", { "ORG-ALICE", "org-a" }, { BAD_ORG } },
	{ NULL, "org-name", { "Alice, Ltd." }, { "", NO_TEXT } },
	{ NULL, "org-type", { "club", "not  for profit" }, { "", "a\xe2\x80\x8bz", "\x1b]0;x\x07" } },
	{ NULL, "country", { "at", "TO" }, { "", "AUT", "A1", "A", "\xc3\x84T", "AT DE" } },
	{ NULL, "as-block", { "AS1-AS2", "AS1 - AS2" }, { "", "AS2-AS1", "AS1", "1-2", "AS1-AS4294967296" } },
	{ NULL, "aut-num", { "AS1", "as007" }, { "", "1", "ASX", "AS4294967296", "AS-1", "AS1.2", "AS1 AS2" } },
	{ NULL, "origin", { "AS1" }, { "", "1", "ASX", "AS4294967296", "AS1, AS2" } },
	{ NULL, "as-name", { "FISHER-AS" }, { BAD_NAME } },
	{ NULL, "netname", { "FISHER-NET" }, { BAD_NAME } },
	{ NULL, "node", { "FISHER-R1" }, { BAD_NAME } },
	{ NULL, "service", { "FISHER-NEWS" }, { BAD_NAME } },
	{ NULL, "mesh-node", { "FISHER-LAPTOP" }, { BAD_NAME } },
	{ NULL, "mesh-bootstrap", { "FISHER-LAPTOP" }, { BAD_NAME } },
	{ NULL, "mesh-gateway", { "FISHER-LAPTOP" }, { BAD_NAME } },
	{ NULL, "anchor", { "FISHER-LAPTOP" }, { BAD_NAME } },
	{ NULL, "mesh-anchor", { "ALAMO" }, { BAD_NAME } },
	{ NULL, "mesh-prefix", { "fca1:a100::/48" }, { BAD_PREFIX, "172.28.0.0/27" } },
	{ NULL, "mesh-revoked", { "fca1:8000::1" }, { "", "fca1:8000::1/128", "fca1:8000::1 x", "key" } },
	{ NULL, "mesh-key", { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }, { "", "AAAA", "@@" } },
	{ NULL,
	  "key-proof",
	  { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" },
	  { "", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" } },
	{ NULL, "peering", { "ONE:TWO", "TWO:ONE" }, { "", "ONE", "ONE:ONE", "ONE:TWO:SIX", "ONE :TWO", "A:B" } },
	{ NULL,
	  "as-set",
	  { "AS-FOO", "as1:as-foo" },
	  { "", "AS-ANY", "FOO", "AS1", "AS-", "AS-X:", ":AS-X", "AS-X:AS-ANY", "RS-FOO",
	    "AS-A:AS-B:AS-C:AS-D:AS-E:AS-F", "AS-A AS-B" } },
	{ NULL,
	  "route-set",
	  { "RS-FOO", "as1:rs-foo" },
	  { "", "RS-ANY", "FOO", "RS-", "RS-X:", "AS-FOO", "RS-A RS-B" } },
	{ "aut-num",
	  "member-of",
	  { "AS-FOO, AS-BAR" },
	  { "", "AS-ANY", "AS-FOO,", "AS-FOO,,AS-BAR", "AS-FOO AS-BAR", "RS-FOO" } },
	{ NULL, "member-of", { "RS-FOO" }, { "", "RS-ANY", "RS-FOO,", "RS-FOO RS-BAR", "AS-FOO" } },
	{ "as-set",
	  "members",
	  { "AS1, AS-FOO", "AS-ANY" },
	  { "", ",", "AS1,", ",AS1", "AS1,,AS2", "AS1, ,AS2", "AS1 AS2", "RS-FOO", "ANY", "PEERAS", "AS1^+" } },
	{ NULL,
	  "members",
	  { "10.0.0.0/8^+, AS1", "RS-FOO^24-28" },
	  { "", "10.0.0.0/8,", "10.0.0.0/8,,AS1", "10.0.0.0/8 AS1", "10.0.0.0/8^7", "RS-FOO^", "PEERAS", "ANY" } },
	{ NULL,
	  "mp-members",
	  { "fca1::/16^+, AS1" },
	  { "", "fca1::/16,", "fca1::/16,,AS1", "fca1::/16 AS1", "fca1::/16^129", "RS-FOO^28-24" } },
	{ NULL,
	  "inetnum",
	  { "172.28.0.0/27", "172.28.0.0 - 172.28.0.31" },
	  { BAD_PREFIX, "fca1::/16", "172.28.00.0/27" } },
	{ NULL, "route", { "172.28.0.0/27" }, { BAD_PREFIX, "fca1::/16", "172.28.00.0/27" } },
	{ NULL, "inet6num", { "fca1:100::/48" }, { BAD_PREFIX, "172.28.0.0/27" } },
	{ NULL, "route6", { "FCA1:100::/48" }, { BAD_PREFIX, "172.28.0.0/27" } },
	{ NULL,
	  "nserver",
	  { "ns.a.alamo", "ns.a.alamo. fca1::53", "ns.a.alamo 10.0.0.1" },
	  { "", "10.0.0.1", "fca1::53", "ns.a.alamo ::1", "ns.a.alamo fe80::1", "ns.a.alamo febf::1",
	    "ns.a.alamo ff02::1", "ns.a.alamo ::", "ns.a.alamo 2001:db8::1", "ns.a.alamo 192.0.2.1",
	    "ns.a.alamo 127.0.0.53", "ns.a.alamo 169.254.0.1", "ns.a.alamo 239.0.0.1", "ns.a.alamo 0.0.0.0",
	    "ns.a.alamo ::ffff:10.0.0.1", "ns.a.alamo fca1::1 fca1::2" } },
	{ NULL,
	  "ds-rdata",
	  { "9520 8 1 " SHA1, "9520 8 1 (" SHA1 ")", "9520 8 1 ( 00000000001111111111 22222222223333333333 )" },
	  { "", "9520 8 1", "9520 8 1 (" SHA1, "9520 8 1 " SHA1 ")", "9520 8 1 ((" SHA1 "))", "9520 8 1 ) " SHA1 " (",
	    "( 9520 8 1 " SHA1 " )", "9520 8 2 " SHA1, "9520 8 3 " SHA1, "65536 8 1 " SHA1, "9520 256 1 " SHA1,
	    "9520 8 1 xx" SHA1, "9520 8 1 " SHA1 " ()", "9520 8 4 " SHA1 SHA1 SHA1 SHA1 SHA1,
	    "9520 8 4 " SHA1 SHA1 " " SHA1 SHA1 SHA1 SHA1 } },
	{ NULL,
	  "record",
	  { "@ AAAA fca1::1", "www 60 A 10.0.0.1", "x TXT (\"a\" \"b\")" },
	  { "", "@", "@ AAAA", "@ AAAA 10.0.0.1", "@ A fca1::1", "@ NOSUCH x", "@ TXT (\"a\"", "@ TXT \"a\")",
	    "@ TXT \"a", "@ 99999999999 A 10.0.0.1", "a..b A 10.0.0.1", "@ MX 10", "x CNAME 10.0.0.1." } },
	{ NULL, "address", { "fca1::1", "10.0.0.1" }, { BAD_ADDRESS } },
	{ NULL,
	  "endpoint",
	  { "gw.example 51820", "203.0.113.9 51820" },
	  { "", "gw.example", "gw.example 0", "gw.example 65536", "gw.1 51820", "::1 51820", "127.0.0.1 51820",
	    "ff02::1 1", "fe80::1 1", "0.0.0.0 1", "a b 1" } },
	{ NULL, "port", { "tcp 443", "UDP 27960" }, { "", "443", "tcp", "tcp 0", "tcp 65536", "sctp 1", "tcp 1 2" } },
	{ NULL,
	  "reverse",
	  { "fca1:100::1 www.a.alamo", "10.0.0.1 www.a.alamo." },
	  { "", "fca1:100::1", "www.a.alamo", "www.a.alamo fca1:100::1", "::1 www.a.alamo", "fe80::1 www.a.alamo",
	    "fca1:100::1 10.0.0.1", "fca1:100::1 *.a.alamo", "fca1:100::1 a.alamo b.alamo" } },
	{ NULL, "wg-key", { ZERO }, { "", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=" } },
};

static const struct row *row_of(const char *cls, const char *attr)
{
	const struct row *any = NULL;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		if (strcmp(rows[i].attr, attr) != 0)
			continue;
		if (rows[i].cls != NULL && strcmp(rows[i].cls, cls) == 0)
			return &rows[i];
		if (rows[i].cls == NULL)
			any = &rows[i];
	}
	return any;
}

/* The smallest object of the class, with `value` in the attribute `attr`; *line: where that stands. */
static void object_text(enum al_class cls, const struct al_attr_rule *attr, const char *value, struct al_buf *out,
			unsigned *line)
{
	const char *name = al_class_name(cls);
	unsigned count = 0;

	al_buf_reset(out);
	for (const struct al_attr_rule *rule = al_class_rules(cls); rule->name != NULL; rule++) {
		if (rule != attr && (rule->flags & AL_REQUIRED) == 0)
			continue;
		if (rule == attr)
			*line = count;
		count++;
		al_buf_printf(out, "%s: %s\n", al_extension_rule(rule) ? "x-mine" : rule->name,
			      rule == attr ? value : row_of(name, rule->name)->good[0]);
	}
}

static bool refused_at(const struct al_report *report, unsigned line)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].severity == AL_ERROR && report->items[i].line == line &&
		    strcmp(report->items[i].clause, "SCHEMA-SYNTAX") == 0)
			return report->errors == 1;
	return false;
}

static void try_value(enum al_class cls, const struct al_attr_rule *attr, const char *value, bool good)
{
	struct al_build in = { .number = 0 };
	struct al_object *object = NULL, *again = NULL;
	struct al_report report;
	struct al_buf text;
	unsigned line = 0;
	bool deletes, right;

	al_report_init(&report);
	al_buf_init(&text, 65536);
	object_text(cls, attr, value, &text, &line);
	in.raw = al_buf_view(&text);
	right = (al_object_build(&in, &report, &object, &deletes) == AL_OK) == good;
	if (good && right) { /* what is kept is text, and sent back is what it was */
		in.raw = al_object_text(object);
		right = al_object_build(&in, NULL, &again, &deletes) == AL_OK &&
			al_slice_eq(al_object_text(again), al_object_text(object));
		for (struct al_slice rest = in.raw, one; right && al_slice_line(&rest, &one);)
			right = al_text_ok(one);
	}
	if (!right || (!good && !refused_at(&report, line)))
		fail_msg("[%s] %s: \"%s\" is %s", al_class_name(cls), attr->name, value,
			 good ? "not taken as it is" : "not refused at its line");
	al_object_unref(object);
	al_object_unref(again);
	al_buf_release(&text);
	al_report_release(&report);
}

static void every_attribute(void **state)
{
	(void)state;
	for (unsigned cls = 0; cls < AL_CLASS_COUNT; cls++)
		for (const struct al_attr_rule *rule = al_class_rules((enum al_class)cls); rule->name != NULL; rule++) {
			const struct row *row = row_of(al_class_name((enum al_class)cls), rule->name);

			if (row == NULL || row->good[0] == NULL || row->bad[0] == NULL)
				fail_msg("[%s] %s has no row here", al_class_name((enum al_class)cls), rule->name);
			for (size_t i = 0; i < VALUES && row->good[i] != NULL; i++)
				try_value((enum al_class)cls, rule, row->good[i], true);
			for (size_t i = 0; i < VALUES && row->bad[i] != NULL; i++)
				try_value((enum al_class)cls, rule, row->bad[i], false);
		}
}

/* Does one of the values name, or list, an object of that class? */
static bool one_names(const struct row *row, const struct al_attr_rule *rule, enum al_class cls)
{
	struct al_buf key;
	bool good = false;

	al_buf_init(&key, 1000);
	for (size_t i = 0; i < VALUES && row->good[i] != NULL && !good; i++) {
		struct al_slice value = al_slice_str(row->good[i]), item;

		while (!good && al_ref_next(rule, &value, &item)) {
			al_buf_reset(&key);
			good = al_key_canon(cls, item, &key) == AL_OK;
		}
	}
	al_buf_release(&key);
	return good;
}

/* What must exist is of a class, and a value that can be no name of that class refers to none. */
static void references_are_to_what_they_name(void **state)
{
	(void)state;
	for (unsigned cls = 0; cls < AL_CLASS_COUNT; cls++)
		for (const struct al_attr_rule *rule = al_class_rules((enum al_class)cls); rule->name != NULL; rule++) {
			const struct row *row = row_of(al_class_name((enum al_class)cls), rule->name);

			if ((rule->flags & (AL_STRONG | AL_NAMED)) != 0 && rule->refs == 0)
				fail_msg("[%s] %s names nothing", al_class_name((enum al_class)cls), rule->name);
			assert_int_equal(rule->refs >> AL_CLASS_COUNT, 0);
			for (unsigned to = 0; to < AL_CLASS_COUNT; to++)
				if ((rule->refs >> to & 1) != 0 && !one_names(row, rule, (enum al_class)to))
					fail_msg("[%s] %s: none of its values is a %s",
						 al_class_name((enum al_class)cls), rule->name,
						 al_class_name((enum al_class)to));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attribute),
		cmocka_unit_test(references_are_to_what_they_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
