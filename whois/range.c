/* SPDX-License-Identifier: MIT */
/*
 * range.c -- text of prefix ranges to (low, high) and back. Pure.
 */
#include "range.h"

struct whois_range whois_range_of(const struct al_prefix *prefix)
{
	return (struct whois_range){ *prefix, prefix->len, prefix->len };
}

/* ---- operators (RFC 2622 section 2) ---- */

#define LEN_MAX 128 /* of a prefix of the larger family */

enum al_err whois_op_parse(struct al_slice text, struct whois_op *out)
{
	struct whois_op op = { .high = LEN_MAX, .top = LEN_MAX, .some = true };
	struct al_slice first;
	uint64_t low = 0, high = LEN_MAX;

	if (al_slice_is(text, "-")) {
		op.add = 1;
	} else if (!al_slice_is(text, "+")) {
		if (!al_slice_cut(&text, '-', &first))
			text = first;
		if (al_slice_u64(first, LEN_MAX, &low) != AL_OK || al_slice_u64(text, LEN_MAX, &high) != AL_OK ||
		    low > high)
			return AL_EINVAL;
	}
	op.floor = (uint8_t)low;
	op.high = (uint8_t)high;
	*out = op;
	return AL_OK;
}

struct whois_op whois_op_chain(const struct whois_op *inner, const struct whois_op *outer)
{
	unsigned add = inner->add + outer->add, floor = inner->floor + (inner->floor > 0 ? outer->add : 0u), top;

	if (!inner->some || !outer->some)
		return inner->some ? *inner : *outer;
	top = inner->high >= inner->add ? inner->high - inner->add : 0;
	return (struct whois_op){
		.add = (uint8_t)(add > LEN_MAX + 1 ? LEN_MAX + 1 : add),
		.floor = (uint8_t)(floor > LEN_MAX        ? LEN_MAX + 1
				   : floor > outer->floor ? floor
							  : outer->floor),
		.high = outer->high,
		.top = (uint8_t)(top < inner->top ? top : inner->top),
		.some = true,
	};
}

bool whois_op_apply(const struct whois_op *op, struct whois_range *range)
{
	unsigned low = range->low + op->add, high = op->high;

	if (!op->some)
		return true;
	if (range->low > op->top)
		return false;
	if (low < op->floor)
		low = op->floor;
	if (high > range->prefix.bits)
		high = range->prefix.bits;
	range->low = (uint8_t)low;
	range->high = (uint8_t)high;
	return low <= high;
}

enum al_err whois_range_parse(struct al_slice text, struct whois_range *out)
{
	struct whois_range range;
	struct whois_op op = { .some = false };
	struct al_prefix prefix;
	struct al_slice head;
	bool has_op = al_slice_cut(&text, '^', &head);

	if (al_prefix_parse(head, &prefix) != AL_OK || (has_op && whois_op_parse(text, &op) != AL_OK))
		return AL_EINVAL;
	range = whois_range_of(&prefix);
	if (!whois_op_apply(&op, &range))
		return AL_EINVAL;
	*out = range;
	return AL_OK;
}

void whois_range_format(const struct whois_range *range, struct al_buf *out)
{
	char text[AL_PREFIX_STRLEN];
	unsigned len = range->prefix.len;

	al_prefix_format(&range->prefix, text);
	al_buf_str(out, text);
	if (range->low == len && range->high == len)
		return;
	if (range->high == range->prefix.bits && range->low == len)
		al_buf_str(out, "^+");
	else if (range->high == range->prefix.bits && range->low == len + 1)
		al_buf_str(out, "^-");
	else
		al_buf_printf(out, "^%u-%u", range->low, range->high);
}

int whois_range_cmp(const struct whois_range *a, const struct whois_range *b)
{
	int order = al_prefix_cmp(&a->prefix, &b->prefix);

	if (order == 0)
		order = a->low - b->low;
	return order != 0 ? order : a->high - b->high;
}
