/* links: alamo_rootdns */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dns_query.c -- any message gets no answer or one that parses, repeats
 * the question, stays within its bound and is the same every time.
 */
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/rpsl/object.h"
#include "answer.h"
#include "builder.h"

#define TAIL "mnt-by: A-MNT\nsource: TEST\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const objects[] = {
	"registry: TEST\ntld: alamo\nsuper-prefix: 10.0.0.0/8\nroot-server: a fd00::53\n" TAIL,
	"domain: cut.alamo\nnserver: ns.cut.alamo fd00::1\nnserver: ns.other.alamo\n"
	"ds-rdata: 1 13 1 00112233445566778899aabbccddeeff00112233\n" TAIL,
	"domain: other.alamo\nnserver: ns.other.alamo 10.0.0.1\n" TAIL,
	"domain: host.alamo\nrecord: @ A 10.0.0.2\nrecord: * TXT wild\nrecord: www CNAME host.alamo\n"
	"record: a.b AAAA fd00::2\nrecord: l1 CNAME l2.host.alamo\nrecord: l2 CNAME l1.host.alamo\n"
	"record: gone CNAME gone.alamo\n" TAIL,
	"inetnum: 10.1.2.0/28\nnetname: A-NET\nnserver: ns.cut.alamo\n" TAIL,
	"inetnum: 10.2.0.0/16\nnetname: A-NET\nnserver: ns.cut.alamo\n" TAIL,
};

static struct al_object *object_of(const char *text, uint64_t index)
{
	struct al_build build = { .raw = al_slice_str(text), .index = index };
	struct al_object *object;
	bool deletes;

	if (al_object_build(&build, NULL, &object, &deletes) != AL_OK)
		abort();
	return object;
}

/* Zones that have every kind of answer; made once, kept for the life of the process. */
static const struct zone_set *zones(void)
{
	static struct builder_conf conf = { .signature_s = 86400 };
	static struct builder *builder;
	struct source *sources = NULL, *source;
	struct zone_plan *plan, *own;
	struct al_object *registry;

	if (builder != NULL)
		return publish_enter(conf.publish, 0);
	al_log_init("fuzz", AL_LOG_ERROR);
	registry = object_of(objects[0], 0);
	if (publish_new(1, &conf.publish) != AL_OK || builder_new(&conf, &builder) != AL_OK ||
	    zone_plan_new(registry, AL_S(""), &plan) != AL_OK || zone_plan_new(registry, AL_S(""), &own) != AL_OK)
		abort();
	al_object_unref(registry);
	for (size_t i = 1; i < AL_COUNT(objects); i++) {
		struct al_object *object = object_of(objects[i], i);

		if (source_new(own, object, i, &source) != AL_OK)
			abort();
		al_object_unref(object);
		source->next = sources;
		sources = source;
	}
	zone_plan_free(own);
	if (builder_rebuild(builder, plan, sources, 0, AL_COUNT(objects)) != AL_OK)
		abort();
	return publish_enter(conf.publish, 0);
}

static void check(const uint8_t *query, size_t query_len, const uint8_t *reply, size_t len, size_t most)
{
	ldns_pkt *pkt = NULL;

	if (len == 0)
		return;
	if (len < DNS_HEADER || len > most || query_len < DNS_HEADER || memcmp(query, reply, 2) != 0 ||
	    (reply[2] & 0x80) == 0 || (query[2] & 0x80) != 0)
		abort();
	if (ldns_wire2pkt(&pkt, reply, len) != LDNS_STATUS_OK)
		abort();
	ldns_pkt_free(pkt);
}

static const struct tsig_keys *keys(void)
{
	static struct tsig_keys *made;

	if (made == NULL && tsig_keys_read(AL_S("hmac-sha256:a:MTIzNDU2Nzg5MGFiY2RlZg=="), "fuzz", &made) != AL_OK)
		abort();
	return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t reply[ANSWER_TCP_MAX], again[ANSWER_TCP_MAX];
	const struct zone_set *set = zones();
	const struct dns_self self = {
		.keys = keys(), .cookies = true, .nsid_len = 3, .nsid = "abc", .keepalive = 200
	};
	const struct client udp = { .self = &self, .now = 1764000000, .addr_len = 4, .addr = { 10, 0, 0, 1 } };
	const struct client tcp = { .self = &self, .now = 1764000000, .tcp = true, .addr_len = 16, .addr = { 0xfd } };
	size_t len;

	if (size > UINT16_MAX)
		return 0;
	len = answer_query(set, data, size, &udp, reply);
	check(data, size, reply, len, UDP_SIZE_MAX);
	if (answer_query(set, data, size, &udp, again) != len || memcmp(reply, again, len) != 0)
		abort();
	len = answer_query(set, data, size, &tcp, reply);
	check(data, size, reply, len, ANSWER_TCP_MAX);
	return 0;
}
