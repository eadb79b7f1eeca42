/*
 * range.c -- text of prefix ranges to (low, high) and back. Pure.
 */
#include "range.h"

struct whois_range whois_range_of(const struct al_prefix *prefix)
{
	return (struct whois_range){ *prefix, prefix->len, prefix->len };
}

/* "n" or "n-m", lengths beyond the family's cut to it. */
static enum al_err parse_lengths(struct al_slice text, const struct al_prefix *prefix, uint64_t *low, uint64_t *high)
{
	struct al_slice first;

	if (!al_slice_cut(&text, '-', &first))
		text = first;
	if (al_slice_u64(first, 128, low) != AL_OK || al_slice_u64(text, 128, high) != AL_OK || *low > *high)
		return AL_EINVAL;
	if (*low < prefix->len)
		*low = prefix->len;
	if (*high > prefix->bits)
		*high = prefix->bits;
	return AL_OK;
}

enum al_err whois_range_parse(struct al_slice text, struct whois_range *out)
{
	struct al_prefix prefix;
	struct al_slice head;
	uint64_t low, high;
	bool has_op = al_slice_cut(&text, '^', &head);

	if (al_prefix_parse(head, &prefix) != AL_OK)
		return AL_EINVAL;
	low = prefix.len;
	high = has_op ? prefix.bits : prefix.len;
	if (has_op && al_slice_is(text, "-"))
		low++;
	else if (has_op && !al_slice_is(text, "+") && parse_lengths(text, &prefix, &low, &high) != AL_OK)
		return AL_EINVAL;
	if (low > high)
		return AL_EINVAL;
	*out = (struct whois_range){ prefix, (uint8_t)low, (uint8_t)high };
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
