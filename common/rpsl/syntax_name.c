/* SPDX-License-Identifier: MIT */
/*
 * syntax_name.c -- canonical form of names (RFC 2622 section 2), AS numbers
 * and set names (section 5).
 */
#include "syntax_name.h"

#include <string.h>

#include "alamo/base/ident.h"

#define NAME_MAX_LEN 80
#define SET_PARTS_MAX 5

static bool upper_word(char ch)
{
	return (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
}

static char to_upper(char ch)
{
	return ch >= 'a' && ch <= 'z' ? (char)(ch - 'a' + 'A') : ch;
}

static bool reserved_word(struct al_slice name)
{
	static const char *const words[] = { "ANY",    "AS-ANY", "RS-ANY",   "PEERAS", "AND",     "OR",      "NOT",
					     "ATOMIC", "FROM",   "TO",       "AT",     "ACTION",  "ACCEPT",  "ANNOUNCE",
					     "EXCEPT", "REFINE", "NETWORKS", "INTO",   "INBOUND", "OUTBOUND" };

	for (size_t i = 0; i < AL_COUNT(words); i++)
		if (al_slice_caseis(name, words[i]))
			return true;
	return false;
}

/* Section 2: these beginnings say what kind of set it is, and no other object is named so; nor like an AS number. */
static bool reserved_beginning(struct al_slice name)
{
	static const char *const words[] = { "AS", "RS", "RTRS", "FLTR", "PRNG" };
	struct al_slice rest = name, word;
	uint32_t asn;

	if (!al_slice_cut(&rest, '-', &word))
		return al_asn_parse(name, &asn) == AL_OK;
	for (size_t i = 0; i < AL_COUNT(words); i++)
		if (al_slice_caseis(word, words[i]))
			return true;
	return false;
}

/* The form of a name without looking at what is reserved; upper case into `up`. */
static enum al_err name_upper(struct al_slice value, char up[static NAME_MAX_LEN + 1], const char **why)
{
	*why = "a name has 2 to 80 letters, digits, '-' and '_', starts with a letter and ends with a letter or digit";
	if (value.len < 2 || value.len > NAME_MAX_LEN)
		return AL_EINVAL;
	for (size_t i = 0; i < value.len; i++) {
		up[i] = to_upper(value.ptr[i]);
		if (!upper_word(up[i]))
			return AL_EINVAL;
	}
	up[value.len] = '\0';
	if (up[0] < 'A' || up[0] > 'Z' || up[value.len - 1] == '-' || up[value.len - 1] == '_')
		return AL_EINVAL;
	return AL_OK;
}

static enum al_err name_free(struct al_slice value, const char **why)
{
	if (!reserved_beginning(value))
		return AL_OK;
	*why = "names that begin with AS- or RS- are those of sets, and AS with a number is one of an aut-num";
	return AL_EINVAL;
}

/* Sections 5.1 and 5.3: ANY, AS-ANY and RS-ANY name all there is; only where members are named. */
static enum al_err any_of(struct al_slice value, const char *word, struct al_buf *out)
{
	if (!al_slice_caseis(value, word))
		return AL_EINVAL;
	al_buf_str(out, word);
	return AL_OK;
}

enum al_err syntax_name_old(struct al_slice value, struct al_buf *out, const char **why)
{
	char up[NAME_MAX_LEN + 1];

	if (name_upper(value, up, why) != AL_OK)
		return AL_EINVAL;
	if (reserved_word(value) && !al_slice_caseis(value, "ANY")) { /* which was taken once */
		*why = "this name is a word of RPSL and reserved";
		return AL_EINVAL;
	}
	al_buf_str(out, up);
	return AL_OK;
}

enum al_err syntax_name(struct al_slice value, struct al_buf *out, const char **why)
{
	if (al_slice_caseis(value, "ANY")) {
		*why = "this name is a word of RPSL and reserved";
		return AL_EINVAL;
	}
	return name_free(value, why) == AL_OK ? syntax_name_old(value, out, why) : AL_EINVAL;
}

enum al_err syntax_mntner_old(struct al_slice value, struct al_buf *out, const char **why)
{
	char up[NAME_MAX_LEN + 1];

	if (name_upper(value, up, why) != AL_OK)
		return AL_EINVAL;
	*why = "a maintainer's name ends in -MNT";
	if (value.len < 5 || strcmp(up + value.len - 4, "-MNT") != 0)
		return AL_EINVAL;
	al_buf_str(out, up);
	return AL_OK;
}

enum al_err syntax_mntner(struct al_slice value, struct al_buf *out, const char **why)
{
	return name_free(value, why) == AL_OK ? syntax_mntner_old(value, out, why) : AL_EINVAL;
}

enum al_err syntax_org(struct al_slice value, struct al_buf *out, const char **why)
{
	char up[NAME_MAX_LEN + 1];

	if (name_upper(value, up, why) != AL_OK)
		return AL_EINVAL;
	*why = "an organisation's name begins with ORG-";
	if (value.len < 5 || strncmp(up, "ORG-", 4) != 0)
		return AL_EINVAL;
	al_buf_str(out, up);
	return AL_OK;
}

/* mbrs-by-ref (section 5.1) */
enum al_err syntax_mntner_any(struct al_slice value, struct al_buf *out, const char **why)
{
	if (any_of(value, "ANY", out) == AL_OK)
		return AL_OK;
	if (syntax_mntner(value, out, why) == AL_OK)
		return AL_OK;
	*why = "a maintainer's name, which ends in -MNT, or ANY is expected";
	return AL_EINVAL;
}

enum al_err syntax_mntner_any_old(struct al_slice value, struct al_buf *out, const char **why)
{
	return any_of(value, "ANY", out) == AL_OK ? AL_OK : syntax_name_old(value, out, why);
}

enum al_err syntax_nic_hdl_old(struct al_slice value, struct al_buf *out, const char **why)
{
	char up[NAME_MAX_LEN + 1];

	if (name_upper(value, up, why) != AL_OK)
		return AL_EINVAL;
	*why = "a handle has a '-' in it, as FISHER-ALAMO";
	if (strchr(up, '-') == NULL)
		return AL_EINVAL;
	al_buf_str(out, up);
	return AL_OK;
}

enum al_err syntax_nic_hdl(struct al_slice value, struct al_buf *out, const char **why)
{
	return name_free(value, why) == AL_OK ? syntax_nic_hdl_old(value, out, why) : AL_EINVAL;
}

enum al_err syntax_country(struct al_slice value, struct al_buf *out, const char **why)
{
	*why = "a country is an ISO 3166 code of two letters, as AT";
	if (value.len != 2)
		return AL_EINVAL;
	for (size_t i = 0; i < 2; i++)
		if (to_upper(value.ptr[i]) < 'A' || to_upper(value.ptr[i]) > 'Z')
			return AL_EINVAL;
	al_buf_u8(out, (uint8_t)to_upper(value.ptr[0]));
	al_buf_u8(out, (uint8_t)to_upper(value.ptr[1]));
	return AL_OK;
}

enum al_err syntax_asn(struct al_slice value, struct al_buf *out, const char **why)
{
	char text[AL_ASN_STRLEN];
	uint32_t asn;

	*why = "an AS number is written AS64512";
	if (al_asn_parse(value, &asn) != AL_OK)
		return AL_EINVAL;
	al_asn_format(asn, text);
	al_buf_str(out, text);
	return AL_OK;
}

enum al_err syntax_as_block(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_asn_range range;

	*why = "a block is written AS64512-AS64600, the smaller number first";
	if (al_asn_range_parse(value, &range) != AL_OK)
		return AL_EINVAL;
	al_buf_printf(out, "AS%u-AS%u", range.first, range.last);
	return AL_OK;
}

/* ---- sets ---- */

/* One part of a set's name: an AS number, or PREFIX-name. *named: the latter. */
static enum al_err set_part(struct al_slice part, const char *prefix, struct al_buf *out, bool *named)
{
	char text[AL_ASN_STRLEN], up[NAME_MAX_LEN + 1];
	const char *why;
	uint32_t asn;

	if (al_asn_parse(part, &asn) == AL_OK) {
		al_asn_format(asn, text);
		al_buf_str(out, text);
		return AL_OK;
	}
	if (!al_slice_casestarts(part, prefix) || name_upper(part, up, &why) != AL_OK || reserved_word(part))
		return AL_EINVAL;
	al_buf_str(out, up);
	*named = true;
	return AL_OK;
}

/* Parts with ':' (section 5), at least one of them a name. */
static enum al_err set_of(struct al_slice value, const char *prefix, size_t parts_max, struct al_buf *out,
			  const char **why)
{
	struct al_slice rest = value, part;
	bool named = false;
	size_t parts = 0;

	*why = prefix[0] == 'A' ? "an as-set is named AS-NAME or AS64512:AS-NAME, in 80 characters"
				: "a route-set is named RS-NAME or AS64512:RS-NAME, in 80 characters";
	if (value.len > NAME_MAX_LEN || value.len == 0 || value.ptr[value.len - 1] == ':')
		return AL_EINVAL;
	while (rest.len > 0) {
		(void)al_slice_cut(&rest, ':', &part);
		if (parts++ > 0)
			al_buf_u8(out, ':');
		if (set_part(part, prefix, out, &named) != AL_OK)
			return AL_EINVAL;
	}
	if (!named)
		return AL_EINVAL;
	*why = "a set's name has at most five parts";
	return parts <= parts_max ? AL_OK : AL_EINVAL;
}

enum al_err syntax_as_set(struct al_slice value, struct al_buf *out, const char **why)
{
	return set_of(value, "AS-", SET_PARTS_MAX, out, why);
}

enum al_err syntax_as_set_old(struct al_slice value, struct al_buf *out, const char **why)
{
	return set_of(value, "AS-", NAME_MAX_LEN, out, why);
}

enum al_err syntax_route_set(struct al_slice value, struct al_buf *out, const char **why)
{
	return set_of(value, "RS-", SET_PARTS_MAX, out, why);
}

enum al_err syntax_route_set_old(struct al_slice value, struct al_buf *out, const char **why)
{
	return set_of(value, "RS-", NAME_MAX_LEN, out, why);
}

/* `form` on a clean end of `out`: what a form leaves there when it fails is cut off. */
static enum al_err try_form(enum al_err (*form)(struct al_slice, struct al_buf *, const char **), struct al_slice value,
			    struct al_buf *out, const char **why)
{
	size_t start = out->len;
	enum al_err err = form(value, out, why);

	if (err != AL_OK && out->err == AL_OK)
		out->len = start;
	return err;
}

/* A set that is named as a member may be one of before. */
enum al_err syntax_as_member(struct al_slice value, struct al_buf *out, const char **why)
{
	if (try_form(syntax_asn, value, out, why) == AL_OK || any_of(value, "AS-ANY", out) == AL_OK)
		return AL_OK;
	return syntax_as_set_old(value, out, why);
}

enum al_err syntax_set_of_routes(struct al_slice value, struct al_buf *out, const char **why)
{
	if (try_form(syntax_as_member, value, out, why) == AL_OK || any_of(value, "RS-ANY", out) == AL_OK)
		return AL_OK;
	return syntax_route_set_old(value, out, why);
}

/* Either order is typed, one is kept: a link has one object. */
enum al_err syntax_node_pair(struct al_slice value, struct al_buf *out, const char **why)
{
	char one[NAME_MAX_LEN + 1], other[NAME_MAX_LEN + 1];
	struct al_slice rest = value, first;
	bool swap;

	if (!al_slice_cut(&rest, ':', &first) || name_upper(first, one, why) != AL_OK ||
	    name_upper(rest, other, why) != AL_OK || strcmp(one, other) == 0) {
		*why = "a peering is named by its two nodes, NODE:NODE";
		return AL_EINVAL;
	}
	swap = strcmp(one, other) > 0;
	al_buf_printf(out, "%s:%s", swap ? other : one, swap ? one : other);
	return AL_OK;
}
