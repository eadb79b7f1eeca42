/* SPDX-License-Identifier: MIT */
/*
 * join.c -- the objects of a new member, from a name and a key.
 */
#include "join.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/ident.h"

static void attr_put(struct al_buf *out, const char *name, const char *fmt, ...) AL_PRINTF(3, 4);

static void attr_put(struct al_buf *out, const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	al_buf_printf(out, "%-16s%s\n", name, value);
}

static void tail_put(struct al_buf *out, const char *name, struct al_slice source)
{
	attr_put(out, "mnt-by:", "%s-MNT", name);
	attr_put(out, "source:", "%.*s", AL_FMT(source));
}

enum al_err join_name(const char *typed, char out[static JOIN_NAME_MAX + 1])
{
	struct al_slice name = al_slice_trim(al_slice_str(typed));

	if (name.len > 4 && al_slice_caseeq(al_slice_from(name, name.len - 4), AL_S("-MNT")))
		name = al_slice_head(name, name.len - 4);
	if (name.len == 0 || name.len > JOIN_NAME_MAX || !isalpha((unsigned char)name.ptr[0]))
		return AL_EINVAL;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];

		if (!isalnum(c) && c != '-')
			return AL_EINVAL;
		out[i] = (char)toupper(c);
	}
	out[name.len] = '\0';
	return AL_OK;
}

/* "NAME=ADDRESS" as a record: an address that begins with "::" lies in the new prefix. */
static enum al_err host_put(struct al_slice host, struct al_buf *out)
{
	struct al_slice name;
	struct al_prefix address;
	char text[AL_PREFIX_STRLEN];

	if (!al_slice_cut(&host, '=', &name) || name.len == 0 || name.len > 200 ||
	    memchr(name.ptr, ' ', name.len) != NULL || al_addr_parse(host, &address) != AL_OK)
		return AL_EINVAL;
	al_addr_format(&address, text);
	if (address.bits == 32)
		attr_put(out, "record:", "%.*s A %s", AL_FMT(name), text);
	else
		attr_put(out, "record:", "%.*s AAAA %s%s", AL_FMT(name), al_slice_starts(host, "::") ? "AUTO-2" : "",
			 text);
	return AL_OK;
}

static void ipv4_put(const struct join *join, const char *name, struct al_slice source, struct al_buf *out)
{
	al_buf_u8(out, '\n');
	attr_put(out, "inetnum:", "AUTO-3/%u", join->len4);
	attr_put(out, "netname:", "%s-NET4", name);
	attr_put(out, "status:", "ASSIGNED");
	tail_put(out, name, source);
	al_buf_u8(out, '\n');
	attr_put(out, "route:", "AUTO-3/%u", join->len4);
	attr_put(out, "origin:", "AUTO-1");
	tail_put(out, name, source);
}

static enum al_err domain_put(const struct join *join, const char *name, struct al_slice source, struct al_slice tld,
			      struct al_buf *out, const char **why)
{
	bool whole = strchr(join->domain, '.') != NULL;

	*why = "the registry names no top-level domain";
	if (!whole && tld.len == 0)
		return AL_EINVAL;
	al_buf_u8(out, '\n');
	attr_put(out, "domain:", "%s%s%.*s", join->domain, whole ? "" : ".", whole ? 0 : (int)tld.len, tld.ptr);
	*why = "a host must be NAME=ADDRESS";
	for (size_t i = 0; i < join->host_count; i++)
		if (host_put(al_slice_str(join->hosts[i]), out) != AL_OK)
			return AL_EINVAL;
	if (join->host_count == 0)
		attr_put(out, "record:", "@ AAAA AUTO-2::1");
	tail_put(out, name, source);
	return AL_OK;
}

enum al_err join_objects(const struct join *join, struct al_slice source, struct al_slice tld, struct al_slice auth,
			 struct al_buf *out, const char **why)
{
	char name[JOIN_NAME_MAX + 1];
	enum al_err err = AL_OK;

	*why = "a name is 1 to 60 letters, digits and '-', and begins with a letter";
	if (join_name(join->name, name) != AL_OK)
		return AL_EINVAL;
	attr_put(out, "mntner:", "%s-MNT", name);
	attr_put(out, "auth:", "%.*s", AL_FMT(auth));
	if (join->vouched_by != NULL)
		attr_put(out, "vouched-by:", "%s", join->vouched_by);
	tail_put(out, name, source);
	al_buf_u8(out, '\n');
	attr_put(out, "aut-num:", "AUTO-1");
	attr_put(out, "as-name:", "%s-AS", name);
	tail_put(out, name, source);
	al_buf_u8(out, '\n');
	attr_put(out, "inet6num:", "AUTO-2/%u", join->len);
	attr_put(out, "netname:", "%s-NET", name);
	attr_put(out, "status:", "ASSIGNED");
	tail_put(out, name, source);
	al_buf_u8(out, '\n');
	attr_put(out, "route6:", "AUTO-2/%u", join->len);
	attr_put(out, "origin:", "AUTO-1");
	tail_put(out, name, source);
	if (join->len4 != 0)
		ipv4_put(join, name, source, out);
	if (join->domain != NULL)
		err = domain_put(join, name, source, tld, out, why);
	*why = err == AL_OK ? "out of memory" : *why;
	return err != AL_OK ? err : out->err;
}
