/* SPDX-License-Identifier: MIT */
/*
 * rr_record.c -- one `record:` value: owner, time to live, type, data.
 */
#include <string.h>

#include "alamo/rpsl/rr.h"
#include "rr_form.h"

#define TYPE_DNAME 39

/* A '*' stands for a whole label, and for the first one (RFC 4592 section 2.1.1; others would be served as nothing). */
static bool stars_ok(struct al_slice name)
{
	struct al_slice label;

	for (bool first = true; name.len > 0; first = false) {
		(void)al_slice_cut(&name, '.', &label);
		if (memchr(label.ptr, '*', label.len) != NULL && !(first && label.len == 1))
			return false;
	}
	return true;
}

static const char *owner_parse(struct al_slice typed, char owner[static AL_NAME_MAX + 1])
{
	if (al_slice_is(typed, "@")) {
		memcpy(owner, "@", 2);
		return NULL;
	}
	if (typed.ptr[typed.len - 1] == '.')
		return "a record's name is relative to its domain and has no dot at its end: www, or @ for the domain "
		       "itself";
	if (al_name_canon(typed, owner) != AL_OK || owner[0] == '\0')
		return "a record's name has labels of letters, digits, '-' and '_', 63 bytes each at most, or is @";
	return stars_ok(al_slice_str(owner)) ? NULL : "a '*' in a record's name is the whole of its first label";
}

static bool is_number(struct al_slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] < '0' || word.ptr[i] > '9')
			return false;
	return true;
}

/* "[TTL] [IN] TYPE", in the orders that zone files have. */
static const char *head_parse(struct al_slice *rest, struct al_record *out)
{
	struct al_slice word;
	uint64_t ttl;

	out->has_ttl = false;
	for (unsigned i = 0; i < 3; i++) {
		if (!al_slice_word(rest, "", &word))
			return "a record is written NAME [TTL] TYPE DATA, with @ for the domain itself";
		if (al_slice_caseis(word, "IN"))
			continue;
		if (!is_number(word))
			return al_rr_type_parse(word, &out->type) == AL_OK ? NULL : rr_not_hosted;
		while (word.len > 1 && word.ptr[0] == '0')
			word = al_slice_from(word, 1);
		if (out->has_ttl || al_slice_u64(word, AL_RECORD_TTL_MAX, &ttl) != AL_OK)
			return "a record's time to live is a number of seconds up to 604800";
		out->has_ttl = true;
		out->ttl = (uint32_t)ttl;
	}
	return "a record is written NAME [TTL] TYPE DATA, with @ for the domain itself";
}

enum al_err al_record_parse(struct al_slice value, struct al_record *out, const char **why)
{
	struct al_slice owner;
	struct al_buf wire;
	enum al_err err;

	*why = "a record is written NAME [TTL] TYPE DATA, with @ for the domain itself";
	if (!al_slice_word(&value, "", &owner))
		return AL_EINVAL;
	*why = owner_parse(owner, out->owner);
	if (*why == NULL)
		*why = head_parse(&value, out);
	if (*why != NULL)
		return AL_EINVAL;
	if (rr_owner_is_host(out->type) && !al_slice_is(owner, "@") && !rr_is_host(al_slice_str(out->owner), true)) {
		*why = "the owner of an A, AAAA or MX record is a host's name: letters, digits, inner hyphens";
		return AL_EINVAL;
	}
	if (out->type == TYPE_DNAME && out->owner[0] == '*') {
		*why = "a DNAME leads the names below its own, and a '*' has none";
		return AL_EINVAL;
	}
	al_buf_init(&wire, AL_RR_DATA_MAX);
	err = al_rr_parse(out->type, value, &wire, why);
	out->len = err == AL_OK ? wire.len : 0;
	if (out->len > 0)
		memcpy(out->rdata, wire.ptr, out->len);
	al_buf_release(&wire);
	return err;
}

void al_record_format(const struct al_record *record, struct al_buf *out)
{
	al_buf_printf(out, "%s ", record->owner);
	if (record->has_ttl)
		al_buf_printf(out, "%u ", (unsigned)record->ttl);
	al_rr_type_format(record->type, out);
	al_buf_u8(out, ' ');
	if (al_rr_format(record->type, al_slice_of(record->rdata, record->len), out) != AL_OK && out->err == AL_OK)
		out->err = AL_EINVAL;
}
