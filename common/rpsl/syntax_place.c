/* SPDX-License-Identifier: MIT */
/* syntax_place.c -- URLs of geofeeds (RFC 9632 section 3), and places on the globe as the RIPE database writes them. */
#include "syntax_place.h"

#include <ctype.h>
#include <string.h>

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"

#define SCHEME "https://"
#define DECIMALS_MAX 8u /* a millimetre */

/* Characters of a URL (RFC 3986 section 2); a percent sign stands before two digits of hex. */
static bool url_clean(struct al_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '%' && (i + 2 >= text.len || !isxdigit((unsigned char)text.ptr[i + 1]) ||
				 !isxdigit((unsigned char)text.ptr[i + 2])))
			return false;
		if (!isalnum(c) && strchr("-._~:/?#[]@!$&'()*+,;=%", c) == NULL)
			return false;
	}
	return true;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool host_clean(struct al_slice host)
{
	char name[AL_NAME_MAX + 1];
	struct al_prefix address;

	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		return al_addr_parse(al_slice_of(host.ptr + 1, host.len - 2), &address) == AL_OK && address.bits == 128;
	return host.len > 0 && al_name_canon(host, name) == AL_OK && name[0] != '\0';
}

static bool authority_clean(struct al_slice authority)
{
	size_t colon = authority.len;
	uint64_t port;

	while (colon > 0 && authority.ptr[colon - 1] != ':' && authority.ptr[colon - 1] != ']')
		colon--;
	if (colon > 0 && authority.ptr[colon - 1] == ':') {
		if (al_slice_u64(al_slice_from(authority, colon), 65535, &port) != AL_OK || port == 0)
			return false;
		authority = al_slice_head(authority, colon - 1);
	}
	return host_clean(authority);
}

enum al_err syntax_https(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice rest, authority;
	size_t end = 0;

	*why = "it is a URL that begins with https:// and a host";
	if (!al_slice_casestarts(value, SCHEME))
		return AL_EINVAL;
	rest = al_slice_from(value, sizeof(SCHEME) - 1);
	while (end < rest.len && strchr("/?#", rest.ptr[end]) == NULL)
		end++;
	authority = al_slice_head(rest, end);
	if (!authority_clean(authority) || !url_clean(rest))
		return AL_EINVAL;
	al_buf_str(out, SCHEME);
	for (size_t i = 0; i < authority.len; i++)
		al_buf_u8(out, (uint8_t)tolower((unsigned char)authority.ptr[i]));
	al_buf_slice(out, al_slice_from(rest, end));
	return out->err;
}

/* "-12.5": digits without a leading zero, and perhaps decimals. */
static bool degrees(struct al_slice text, uint64_t most)
{
	struct al_slice rest = text, whole;
	uint64_t number;
	bool point;

	if (rest.len > 0 && rest.ptr[0] == '-')
		rest = al_slice_from(rest, 1);
	point = al_slice_cut(&rest, '.', &whole);
	if (al_slice_u64(whole, most, &number) != AL_OK || (point && (rest.len == 0 || rest.len > DECIMALS_MAX)))
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] < '0' || rest.ptr[i] > '9' || (number == most && rest.ptr[i] != '0'))
			return false;
	return true;
}

enum al_err syntax_geoloc(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice latitude, longitude, more;

	*why = "it is latitude and longitude in degrees, as in 52.37 -4.9";
	if (!al_slice_word(&value, "", &latitude) || !al_slice_word(&value, "", &longitude) ||
	    al_slice_word(&value, "", &more) || !degrees(latitude, 90) || !degrees(longitude, 180))
		return AL_EINVAL;
	al_buf_printf(out, "%.*s %.*s", AL_FMT(latitude), AL_FMT(longitude));
	return out->err;
}
