/* SPDX-License-Identifier: MIT */
/*
 * fixture.h -- a network in memory for the tests of rootdns: objects from
 * text, zones built and signed, questions asked without a socket.
 */
#ifndef TESTS_ROOTDNS_FIXTURE_H
#define TESTS_ROOTDNS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/state.h"
#include "alamo/base/wire.h"
#include "answer.h"
#include "builder.h"
#include "publish.h"

#define FIXTURE_NOW 1764000000u
#define FIXTURE_OBJECTS_MAX 4096

static uint64_t fixture_clock = FIXTURE_NOW;

static inline uint64_t fixture_now(void)
{
	return fixture_clock;
}

struct fixture {
	struct publish *publish;
	struct builder *builder;
	struct al_object *registry;
	struct zone_plan *plan; /* the test's own copy */
	struct source *pending, **tail;
	uint64_t index; /* of the next object */
};

static inline struct al_object *object_of(const char *text, uint64_t index)
{
	struct al_build build = { .raw = al_slice_str(text), .index = index, .time = FIXTURE_NOW, .stored = true };
	struct al_report report;
	struct al_object *object = NULL;
	bool deletes;

	al_report_init(&report);
	if (al_object_build(&build, &report, &object, &deletes) != AL_OK)
		fail_msg("object refused: %s\n%s", report.count > 0 ? report.items[0].text : "?", text);
	al_report_release(&report);
	object->deleted = deletes;
	return object;
}

/* What an object says, to be built or applied next. "delete: x" in the text takes it away. */
static inline void fixture_put(struct fixture *f, const char *text)
{
	struct al_object *object = object_of(text, f->index);
	struct source *source;

	assert_int_equal(source_new(f->plan, object, f->index++, &source), AL_OK);
	*f->tail = source;
	f->tail = &source->next;
	al_object_unref(object);
}

/* Memory as it is after long use: whoever reads what nobody wrote does not find zeros. */
static inline void heap_used(void)
{
	void *blocks[16];

	for (size_t size = 16; size <= 65536; size += size >= 128 ? size / 8 : 16) {
		for (size_t i = 0; i < AL_COUNT(blocks); i++) {
			blocks[i] = malloc(size);
			assert_non_null(blocks[i]);
			memset(blocks[i], 0xa5, size);
		}
		for (size_t i = 0; i < AL_COUNT(blocks); i++)
			free(blocks[i]);
	}
}

static inline void fixture_start(struct fixture *f, const char *registry, const struct builder_conf *conf)
{
	struct builder_conf used = conf != NULL ? *conf : (struct builder_conf){ .signature_s = 14 * 86400 };

	heap_used();
	memset(f, 0, sizeof(*f));
	f->tail = &f->pending;
	fixture_clock = FIXTURE_NOW;
	used.now = fixture_now;
	assert_int_equal(publish_new(2, &f->publish), AL_OK);
	used.publish = f->publish;
	assert_int_equal(builder_new(&used, &f->builder), AL_OK);
	f->registry = object_of(registry, f->index++);
	assert_int_equal(zone_plan_new(f->registry, AL_S(""), &f->plan), AL_OK);
}

static inline struct source *fixture_take(struct fixture *f)
{
	struct source *first = f->pending;

	f->pending = NULL;
	f->tail = &f->pending;
	return first;
}

static inline void fixture_build(struct fixture *f)
{
	struct zone_plan *plan;

	assert_int_equal(zone_plan_new(f->registry, AL_S(""), &plan), AL_OK);
	assert_int_equal(builder_rebuild(f->builder, plan, fixture_take(f), f->registry->index, f->index), AL_OK);
}

/* A network of these, with its zones. */
static inline void fixture_of(struct fixture *f, const char *registry, const struct builder_conf *conf,
			      const char *const *objects, size_t count)
{
	fixture_start(f, registry, conf);
	for (size_t i = 0; i < count; i++)
		fixture_put(f, objects[i]);
	fixture_build(f);
}

static inline void fixture_apply(struct fixture *f)
{
	assert_int_equal(builder_change(f->builder, fixture_take(f), f->index), AL_OK);
}

static inline void fixture_stop(struct fixture *f)
{
	publish_free(f->publish);
	builder_free(f->builder);
	al_object_unref(f->registry);
	zone_plan_free(f->plan);
}

/* ---- questions ---- */

struct question {
	const char *name; /* "a\\.b" is not needed by any test */
	uint16_t type;
	bool edns, dnssec, tcp;
	uint16_t size; /* EDNS; 0: 1232 */
};

static inline size_t question_put(const struct question *q, uint8_t out[static 512])
{
	static const uint8_t header[12] = { 0x12, 0x34, 0x01, 0, 0, 1 };
	size_t at = sizeof(header);
	const char *name = q->name;

	memcpy(out, header, at);
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");

		out[at++] = (uint8_t)label;
		memcpy(out + at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	out[at++] = 0;
	al_set_u16(out + at, q->type);
	al_set_u16(out + at + 2, 1);
	at += 4;
	if (q->edns || q->dnssec) {
		uint8_t opt[11] = { 0, 0, 41 };

		al_set_u16(opt + 3, q->size != 0 ? q->size : 1232);
		opt[7] = q->dnssec ? 0x80 : 0;
		memcpy(out + at, opt, sizeof(opt));
		at += sizeof(opt);
		out[11] = 1;
	}
	return at;
}

static inline size_t fixture_ask(struct fixture *f, const struct question *q, uint8_t *out)
{
	const struct zone_set *set = publish_enter(f->publish, 0);
	uint8_t msg[512];
	size_t len = answer_query(set, msg, question_put(q, msg), &(struct client){ .tcp = q->tcp }, out);

	publish_leave(f->publish, 0);
	return len;
}

static inline void text_section(struct al_buf *out, const char *mark, ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		char *text = ldns_rr2str(rr), *end;

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG && (end = strstr(text, "RRSIG\t")) != NULL) {
			/* "RRSIG TYPE ALGORITHM LABELS": the rest differs from run to run */
			for (int words = 0; *end != '\0' && words < 4; end++)
				words += *end == ' ' || *end == '\t';
			end[-1] = '\0';
		}
		text[strcspn(text, "\n;")] = '\0';
		for (end = text + strlen(text); end > text && (end[-1] == ' ' || end[-1] == '\t'); end--)
			end[-1] = '\0';
		for (char *p = text; *p != '\0'; p++)
			*p = *p == '\t' ? ' ' : *p;
		al_buf_printf(out, "%s %s\n", mark, text);
		free(text);
	}
}

/* Everything of a response but its random parts: first line "RCODE flags", then "an|ns|ar RECORD". */
static inline char *response_text(const uint8_t *wire, size_t len)
{
	ldns_pkt *pkt = NULL;
	struct al_buf out;
	char *rcode;

	if (ldns_wire2pkt(&pkt, wire, len) != LDNS_STATUS_OK)
		fail_msg("response of %zu bytes does not parse", len);
	al_buf_init(&out, 1u << 20);
	rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(pkt));
	al_buf_printf(&out, "%s%s%s\n", rcode, ldns_pkt_aa(pkt) ? " aa" : "", ldns_pkt_tc(pkt) ? " tc" : "");
	text_section(&out, "an", ldns_pkt_answer(pkt));
	text_section(&out, "ns", ldns_pkt_authority(pkt));
	text_section(&out, "ar", ldns_pkt_additional(pkt));
	free(rcode);
	ldns_pkt_free(pkt);
	return al_buf_take(&out, NULL);
}

static inline char *fixture_text(struct fixture *f, const struct question *q)
{
	static uint8_t out[ANSWER_TCP_MAX];
	size_t len = fixture_ask(f, q, out);

	assert_int_not_equal(len, 0);
	return response_text(out, len);
}

static inline void expect(struct fixture *f, struct question q, const char *want)
{
	char *got = fixture_text(f, &q);

	if (strcmp(got, want) != 0)
		fail_msg("%s type %u%s:\n--- want\n%s--- got\n%s", q.name, q.type, q.dnssec ? " DO" : "", want, got);
	free(got);
}

#endif
