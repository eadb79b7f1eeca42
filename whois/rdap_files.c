/* SPDX-License-Identifier: MIT */
/* rdap_files.c -- bootstrap files, and records of who holds what. */
#include "rdap_files.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STATISTICS_MAX ((size_t)64 << 20)

struct statistics {
	struct al_buf text;
	uint64_t made_ms; /* 0: never */
	uint64_t size;    /* of the log; 0: there are none */
};

struct rdap_files {
	struct statistics now, then; /* of the present, and of the moment last asked for */
};

enum al_err rdap_files_new(struct rdap_files **out)
{
	struct rdap_files *files = calloc(1, sizeof(*files));

	if (files == NULL)
		return AL_ENOMEM;
	al_buf_init(&files->now.text, STATISTICS_MAX);
	al_buf_init(&files->then.text, STATISTICS_MAX);
	*out = files;
	return AL_OK;
}

void rdap_files_free(struct rdap_files *files)
{
	if (files == NULL)
		return;
	al_buf_release(&files->now.text);
	al_buf_release(&files->then.text);
	free(files);
}

/* ---- bootstrap ---- */

static bool take_key(const struct al_prefix *at, const struct al_object *object, void *arg)
{
	(void)at;
	(void)json_array_append_new(arg, rdap_text(al_object_key(object)));
	return json_array_size(arg) < RDAP_FILE_ITEMS_MAX;
}

static bool take_numbers(const struct al_object *block, void *arg)
{
	struct al_asn_range range;

	if (al_asn_range_parse(al_object_key(block), &range) == AL_OK)
		(void)json_array_append_new(arg, range.first == range.last
							 ? rdap_printf("%u", range.first)
							 : rdap_printf("%u-%u", range.first, range.last));
	return json_array_size(arg) < RDAP_FILE_ITEMS_MAX;
}

static void blocks_of(const struct rdap *rdap, uint8_t bits, json_t *out)
{
	const struct al_prefix all = { .bits = bits };

	al_state_children(rdap->view->state, bits == 32 ? AL_INETNUM : AL_INET6NUM, &all, take_key, out);
}

static void put_ipv4(const struct rdap *rdap, json_t *out)
{
	blocks_of(rdap, 32, out);
}

static void put_ipv6(const struct rdap *rdap, json_t *out)
{
	blocks_of(rdap, 128, out);
}

static void put_asn(const struct rdap *rdap, json_t *out)
{
	al_state_as_blocks(rdap->view->state, take_numbers, out);
}

static void put_dns(const struct rdap *rdap, json_t *out)
{
	const struct al_object *registry = al_state_registry(rdap->view->state);
	struct al_slice rest = registry != NULL ? al_object_text(registry) : AL_S(""), value;

	while (al_attr_find(&rest, "tld", &value))
		(void)json_array_append_new(out, rdap_text(value));
}

static void answer_bootstrap(const struct rdap *rdap, void (*put)(const struct rdap *rdap, json_t *out),
			     struct al_http_answer *answer)
{
	char time[AL_TIME_STRLEN];
	json_t *entries = json_array();

	al_time_format(al_state_time(rdap->view->state), time);
	put(rdap, entries);
	if (rdap_put(json_pack("{s:s, s:s, s:s, s:[[o, [s]]]}", "version", "1.0", "publication", time, "description",
			       "What this registry answers for over RDAP", "services", entries, rdap->base),
		     &answer->body) != AL_OK)
		answer->status = 500;
}

/* ---- statistics ---- */

struct record {
	const struct al_object *object;
	struct al_prefix prefix; /* or, of an AS number, in asn */
	uint32_t asn;
};

struct records {
	struct record *items;
	size_t count, cap;
	size_t kind[3]; /* asn, ipv4, ipv6 */
	bool full;
};

/* Blocks with a policy are what is given out of, not what somebody holds. */
static bool take_record(const struct al_object *object, void *arg)
{
	struct records *records = arg;
	struct record record = { .object = object };
	size_t kind = object->cls == AL_AUT_NUM ? 0 : object->cls == AL_INETNUM ? 1 : 2;

	if (kind > 0 && al_object_attr(object, "policy").len > 0)
		return true;
	if ((kind == 0 ? al_object_asn(object, &record.asn) : al_object_prefix(object, &record.prefix)) != AL_OK)
		return true;
	records->full = records->count == RDAP_DELEGATED_MAX;
	if (!records->full && records->count == records->cap) {
		size_t cap = records->cap > 0 ? records->cap * 2 : 256;
		struct record *items = realloc(records->items, cap * sizeof(*items));

		if (items == NULL)
			return !(records->full = true);
		records->items = items;
		records->cap = cap;
	}
	if (!records->full) {
		records->items[records->count++] = record;
		records->kind[kind]++;
	}
	return !records->full;
}

static int record_order(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int order = (int)x->prefix.bits - (int)y->prefix.bits;

	if (order == 0 && x->prefix.bits == 0)
		return x->asn < y->asn ? -1 : x->asn > y->asn;
	return order != 0 ? order : al_prefix_cmp(&x->prefix, &y->prefix);
}

static void put_day(uint64_t time, struct al_buf *out)
{
	char text[AL_TIME_STRLEN];

	al_time_format(time, text);
	al_buf_printf(out, "%.4s%.2s%.2s", text, text + 5, text + 8);
}

static void put_source(const struct rdap *rdap, struct al_buf *out)
{
	struct al_slice source = whois_view_source(rdap->view);

	for (size_t i = 0; i < source.len; i++)
		al_buf_u8(out, (uint8_t)tolower((unsigned char)source.ptr[i]));
}

/* registry|country|type|start|value|date|status|holder */
static void put_record(const struct rdap *rdap, const struct record *record, struct al_buf *out)
{
	struct al_slice country = al_object_attr(record->object, "country"),
			holder = al_object_attr(record->object, "mnt-by");
	char text[AL_PREFIX_STRLEN];

	put_source(rdap, out);
	al_buf_printf(out, "|%.*s|", AL_FMT(country.len == 2 ? country : AL_S("")));
	al_addr_format(&record->prefix, text);
	if (record->prefix.bits == 0)
		al_buf_printf(out, "asn|%u|1|", record->asn);
	else if (record->prefix.bits == 32)
		al_buf_printf(out, "ipv4|%s|%" PRIu64 "|", text, UINT64_C(1) << (32 - record->prefix.len));
	else
		al_buf_printf(out, "ipv6|%s|%u|", text, record->prefix.len);
	put_day(record->object->created, out);
	(void)al_slice_cut(&holder, ',', &country);
	al_buf_printf(out, "|assigned|%.*s\n", AL_FMT(al_slice_trim(country)));
}

static void put_delegated(const struct rdap *rdap, const struct records *records, struct al_buf *out)
{
	static const char *const kinds[] = { "asn", "ipv4", "ipv6" };

	al_buf_printf(out, "# log %" PRIu64 "\n2|", rdap->view->head.size);
	put_source(rdap, out);
	al_buf_printf(out, "|%" PRIu64 "|%zu|", rdap->view->head.size, records->count);
	put_day(al_state_time(rdap->view->state), out);
	al_buf_u8(out, '|');
	put_day(al_state_time(rdap->view->state), out);
	al_buf_str(out, "|+0000\n");
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		put_source(rdap, out);
		al_buf_printf(out, "|*|%s|*|%zu|summary\n", kinds[i], records->kind[i]);
	}
	for (size_t i = 0; i < records->count; i++)
		put_record(rdap, &records->items[i], out);
}

static void make_delegated(struct statistics *made, const struct rdap *rdap)
{
	static const enum al_class classes[] = { AL_AUT_NUM, AL_INETNUM, AL_INET6NUM };
	struct records records;

	memset(&records, 0, sizeof(records));
	for (size_t i = 0; i < AL_COUNT(classes) && !records.full; i++)
		al_state_each(rdap->view->state, classes[i], take_record, &records);
	al_buf_reset(&made->text);
	made->size = 0;
	if (!records.full) {
		if (records.count > 1)
			qsort(records.items, records.count, sizeof(*records.items), record_order);
		put_delegated(rdap, &records, &made->text);
		made->size = made->text.err == AL_OK ? rdap->view->head.size : 0;
	}
	made->made_ms = al_now_ms();
	free(records.items);
}

static void answer_delegated(struct rdap_files *files, const struct rdap *rdap, struct al_http_answer *answer)
{
	bool past = rdap->view->at > 0;
	struct statistics *made = past ? &files->then : &files->now;

	if (past ? made->size != rdap->view->at : made->made_ms == 0 || al_now_ms() - made->made_ms > RDAP_DELEGATED_MS)
		make_delegated(made, rdap);
	if (made->size == 0) {
		answer->status = 503;
		return;
	}
	answer->type = "text/plain; charset=utf-8";
	if (!past)
		answer->etag = NULL; /* it may be of an older size than the other answers */
	al_buf_slice(&answer->body, al_buf_view(&made->text));
}

void rdap_files_answer(struct rdap_files *files, const struct rdap *rdap, struct al_slice name,
		       struct al_http_answer *answer)
{
	static const struct {
		const char *name;
		void (*put)(const struct rdap *rdap, json_t *out);
	} bootstrap[] = {
		{ "ipv4.json", put_ipv4 }, { "ipv6.json", put_ipv6 }, { "asn.json", put_asn }, { "dns.json", put_dns }
	};

	if (al_slice_is(name, "delegated-extended")) {
		answer_delegated(files, rdap, answer);
		return;
	}
	for (size_t i = 0; i < AL_COUNT(bootstrap); i++)
		if (al_slice_is(name, bootstrap[i].name)) {
			answer_bootstrap(rdap, bootstrap[i].put, answer);
			return;
		}
	answer->status = 404;
}
