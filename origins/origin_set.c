/* SPDX-License-Identifier: MIT */
/*
 * origin_set.c -- records as lines, and lines as records.
 *
 * Pure. Reading is strict by comparison: a line that does not format to the same bytes is not taken.
 */
#include "origin_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 128u
#define WORD "vrp "
#define WORD_PAIR "aspa "

static void put_pair(struct al_buf *out, const struct vrp *pair)
{
	al_buf_str(out, WORD_PAIR "AS");
	vrp_put_number(out, vrp_customer(pair));
	al_buf_str(out, " AS");
	vrp_put_number(out, pair->asn);
	al_buf_u8(out, '\n');
}

static void put_record(struct al_buf *out, const struct vrp *vrp)
{
	if (vrp->bits == VRP_ASPA) {
		put_pair(out, vrp);
		return;
	}
	al_buf_str(out, WORD);
	vrp_put_prefix(out, vrp);
	al_buf_u8(out, ' ');
	vrp_put_number(out, vrp->max);
	al_buf_str(out, " AS");
	vrp_put_number(out, vrp->asn);
	al_buf_u8(out, '\n');
}

void origin_set_write(const struct vrp_set *set, struct al_buf *out)
{
	const struct vrp *vrp;
	struct vrp_walk walk;

	vrp_walk_start(&walk, set);
	while ((vrp = vrp_walk_next(&walk)) != NULL)
		put_record(out, vrp);
}

void origin_delta_write(const struct vrp_delta *delta, struct al_buf *out)
{
	al_buf_printf(out, "delta %" PRIu32 " %" PRIu32 "\n", delta->from, delta->to);
	for (size_t i = 0; i < delta->announced + delta->withdrawn; i++) {
		al_buf_u8(out, i < delta->announced ? '+' : '-');
		put_record(out, &delta->items[i]);
	}
}

/* ---- reading ---- */

struct records {
	struct vrp *items;
	size_t count, cap;
	struct al_buf again; /* the last line, as it is spelled here */
};

static void records_init(struct records *records)
{
	*records = (struct records){ 0 };
	al_buf_init(&records->again, 2 * LINE_MAX);
}

static void records_release(struct records *records)
{
	free(records->items);
	al_buf_release(&records->again);
}

static enum al_err records_add(struct records *records, const struct vrp *vrp)
{
	if (records->count == records->cap) {
		size_t cap = records->cap != 0 ? records->cap * 2 : 256;
		struct vrp *items = realloc(records->items, cap * sizeof(*items));

		if (items == NULL)
			return AL_ENOMEM;
		records->items = items;
		records->cap = cap;
	}
	records->items[records->count++] = *vrp;
	return AL_OK;
}

static bool vrp_parse(struct al_slice rest, struct vrp *out)
{
	struct al_prefix prefix;
	struct al_slice word;
	uint64_t max;

	(void)al_slice_cut(&rest, ' ', &word);
	if (al_prefix_parse(word, &prefix) != AL_OK)
		return false;
	(void)al_slice_cut(&rest, ' ', &word);
	if (al_slice_u64(word, prefix.bits, &max) != AL_OK || max < prefix.len ||
	    al_asn_parse(rest, &out->asn) != AL_OK)
		return false;
	memcpy(out->addr, prefix.addr, sizeof(out->addr));
	out->bits = prefix.bits;
	out->len = prefix.len;
	out->max = (uint8_t)max;
	return true;
}

/* Nobody is its own provider, and AS0 is nobody. */
static bool pair_parse(struct al_slice rest, struct vrp *out)
{
	uint32_t customer, provider;
	struct al_slice word;

	(void)al_slice_cut(&rest, ' ', &word);
	if (al_asn_parse(word, &customer) != AL_OK || al_asn_parse(rest, &provider) != AL_OK || customer == 0 ||
	    provider == 0 || customer == provider)
		return false;
	*out = vrp_pair(customer, provider);
	return true;
}

static enum al_err record_parse(struct al_slice line, struct al_buf *again, struct vrp *out)
{
	struct vrp vrp = { 0 };
	bool good = line.len <= LINE_MAX;

	if (good && al_slice_starts(line, WORD))
		good = vrp_parse(al_slice_from(line, sizeof(WORD) - 1), &vrp);
	else
		good = good && al_slice_starts(line, WORD_PAIR) &&
		       pair_parse(al_slice_from(line, sizeof(WORD_PAIR) - 1), &vrp);
	if (!good)
		return AL_EINVAL;
	al_buf_reset(again);
	put_record(again, &vrp);
	*out = vrp;
	return again->err == AL_OK && again->len == line.len + 1 && memcmp(again->ptr, line.ptr, line.len) == 0
		       ? AL_OK
		       : AL_EINVAL;
}

/* Lines that begin with `mark` (NUL: none), strictly in order; *rest is left at the first other one. */
static enum al_err records_read(struct al_slice *rest, char mark, struct records *out)
{
	while (rest->len != 0 && (mark == '\0' || rest->ptr[0] == mark)) {
		struct al_slice line;
		struct vrp vrp;
		enum al_err err;

		if (!al_slice_cut(rest, '\n', &line))
			return AL_EINVAL; /* cut off */
		err = record_parse(mark != '\0' ? al_slice_from(line, 1) : line, &out->again, &vrp);
		if (err == AL_OK && out->count != 0 && vrp_cmp(&out->items[out->count - 1], &vrp) >= 0)
			err = AL_EINVAL;
		if (err == AL_OK)
			err = records_add(out, &vrp);
		if (err != AL_OK)
			return err;
	}
	return AL_OK;
}

enum al_err origin_set_read(struct al_slice text, uint64_t size, struct vrp_set **out)
{
	struct records records;
	enum al_err err;

	records_init(&records);
	err = text.len <= ORIGIN_SET_MAX ? records_read(&text, '\0', &records) : AL_ELIMIT;

	if (err == AL_OK)
		err = vrp_set_new(records.items, records.count, size, out);
	records_release(&records);
	return err;
}

/* "delta FROM TO" for these two. */
static enum al_err delta_head(struct al_slice *rest, const struct vrp_set *base, uint64_t size)
{
	struct al_slice line, word;
	uint64_t from, to;

	if (!al_slice_cut(rest, '\n', &line))
		return AL_EINVAL;
	(void)al_slice_cut(&line, ' ', &word);
	if (!al_slice_is(word, "delta"))
		return AL_EINVAL;
	(void)al_slice_cut(&line, ' ', &word);
	if (al_slice_u64(word, UINT32_MAX, &from) != AL_OK || al_slice_u64(line, UINT32_MAX, &to) != AL_OK)
		return AL_EINVAL;
	return from == base->serial && to == vrp_serial(size) ? AL_OK : AL_ESTALE;
}

enum al_err origin_delta_apply(struct al_slice text, const struct vrp_set *base, uint64_t size, struct vrp_set **out)
{
	struct records announced, withdrawn;
	enum al_err err = text.len <= ORIGIN_SET_MAX ? delta_head(&text, base, size) : AL_ELIMIT;

	records_init(&announced);
	records_init(&withdrawn);

	if (err == AL_OK)
		err = records_read(&text, '+', &announced);
	if (err == AL_OK)
		err = records_read(&text, '-', &withdrawn);
	if (err == AL_OK && text.len != 0)
		err = AL_EINVAL;
	if (err == AL_OK)
		err = vrp_set_apply(base, announced.items, announced.count, withdrawn.items, withdrawn.count, size,
				    out);
	records_release(&announced);
	records_release(&withdrawn);
	return err;
}
