/* SPDX-License-Identifier: MIT */
/*
 * rr.c -- the table of record types: a new type is one row.
 *
 * A type's data is a sequence of fields, which read and print themselves; what
 * is true of several fields together is the row's check of the wire form.
 */
#include "alamo/rpsl/rr.h"

#include <string.h>

#include "rr_form.h"

enum field {
	END,
	U8,
	U16,
	ADDR4,
	ADDR6,
	NAME,
	HOST,    /* name of a host, or the root */
	STRING,  /* one character-string */
	STRINGS, /* to the end, one at least */
	TAG,     /* letters and digits with their length (RFC 8659 section 4.1.1) */
	VALUE,   /* one text, without its length, to the end */
	HEX,     /* bytes to the end */
	BASE64,
	PARAMS, /* SvcParams to the end */
	PLACE,  /* LOC, the whole of it */
};

#define FIELDS_MAX 7

struct row {
	const char *name;
	uint16_t type;
	bool host; /* its owner is a host */
	enum field fields[FIELDS_MAX];
	const char *(*check)(struct al_slice wire); /* what is wrong, or NULL */
};

/* RFC 4255 section 3.1: the fingerprint's length goes with its type; BIND wants two bytes of any other. */
static const char *check_sshfp(struct al_slice wire)
{
	size_t wanted = wire.ptr[1] == 1 ? 20 : wire.ptr[1] == 2 ? 32 : 0;

	if (wanted == 0 ? wire.len < 4 : wire.len != 2 + wanted)
		return "an SSHFP fingerprint has 20 bytes (type 1, SHA-1) or 32 (type 2, SHA-256)";
	return NULL;
}

/* RFC 6698 section 2.1.3; RFC 8162 section 2 has the same form. */
static const char *check_tlsa(struct al_slice wire)
{
	size_t wanted = wire.ptr[2] == 1 ? 32 : wire.ptr[2] == 2 ? 64 : 0;

	if (wanted != 0 && wire.len != 3 + wanted)
		return "TLSA and SMIMEA data has 32 bytes (matching type 1, SHA-256) or 64 (type 2, SHA-512)";
	return NULL;
}

/* RFC 7553 section 4.4 */
static const char *check_uri(struct al_slice wire)
{
	return wire.len > 4 ? NULL : "a URI is not empty";
}

/* clang-format off */
static const struct row rows[] = {
	{ "A",          1,   true,  { ADDR4 },                   NULL },
	{ "CNAME",      5,   false, { NAME },                    NULL },
	{ "PTR",        12,  false, { NAME },                    NULL },
	{ "MX",         15,  true,  { U16, HOST },               NULL },
	{ "TXT",        16,  false, { STRINGS },                 NULL },
	{ "RP",         17,  false, { NAME, NAME },              NULL },
	{ "AAAA",       28,  true,  { ADDR6 },                   NULL },
	{ "LOC",        29,  false, { PLACE },                   NULL },
	{ "SRV",        33,  false, { U16, U16, U16, HOST },     NULL },
	{ "NAPTR",      35,  false, { U16, U16, STRING, STRING, STRING, NAME }, rr_naptr_check },
	{ "DNAME",      39,  false, { NAME },                    NULL },
	{ "SSHFP",      44,  false, { U8, U8, HEX },             check_sshfp },
	{ "TLSA",       52,  false, { U8, U8, U8, HEX },         check_tlsa },
	{ "SMIMEA",     53,  false, { U8, U8, U8, HEX },         check_tlsa },
	{ "OPENPGPKEY", 61,  false, { BASE64 },                  NULL },
	{ "SVCB",       64,  false, { U16, NAME, PARAMS },       NULL },
	{ "HTTPS",      65,  false, { U16, NAME, PARAMS },       NULL },
	{ "URI",        256, false, { U16, U16, VALUE },         check_uri },
	{ "CAA",        257, false, { U8, TAG, VALUE },          NULL },
};
/* clang-format on */

const char rr_not_hosted[] =
	"the record's type is not one of A AAAA CNAME MX TXT SRV SVCB HTTPS TLSA SSHFP CAA PTR URI "
	"OPENPGPKEY NAPTR LOC DNAME SMIMEA RP TYPE65280 to TYPE65534";

/* RFC 6895 section 3.1: numbers for private use, of which nobody knows a form that a secondary could check. */
#define PRIVATE_FIRST 65280
#define PRIVATE_LAST 65534

static const struct row *row_of(uint16_t type)
{
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

enum al_err al_rr_type_parse(struct al_slice word, uint16_t *type)
{
	uint64_t number;

	for (size_t i = 0; i < AL_COUNT(rows); i++)
		if (al_slice_caseis(word, rows[i].name)) {
			*type = rows[i].type;
			return AL_OK;
		}
	if (!al_slice_casestarts(word, "TYPE") ||
	    al_slice_u64(al_slice_from(word, 4), PRIVATE_LAST, &number) != AL_OK ||
	    (row_of((uint16_t)number) == NULL && number < PRIVATE_FIRST))
		return AL_EINVAL;
	*type = (uint16_t)number;
	return AL_OK;
}

void al_rr_type_format(uint16_t type, struct al_buf *out)
{
	const struct row *row = row_of(type);

	if (row != NULL)
		al_buf_str(out, row->name);
	else
		al_buf_printf(out, "TYPE%u", (unsigned)type);
}

/* ---- fields from text ---- */

static enum al_err parse_integer(struct rr_text *t, enum field field, struct al_buf *wire)
{
	uint64_t number;

	if (rr_number(t, field == U8 ? UINT8_MAX : UINT16_MAX, &number) != AL_OK)
		return AL_EINVAL;
	if (field == U8)
		al_buf_u8(wire, (uint8_t)number);
	else
		al_buf_u16(wire, (uint16_t)number);
	return AL_OK;
}

static enum al_err parse_address(struct rr_text *t, enum field field, struct al_buf *wire)
{
	struct al_slice word;
	struct al_prefix p;

	if (rr_word(t, &word) != AL_OK)
		return AL_EINVAL;
	if (al_addr_parse(word, &p) != AL_OK || p.bits != (field == ADDR4 ? 32 : 128))
		return rr_fail(t, field == ADDR4 ? "an A record holds one IPv4 address"
						 : "an AAAA record holds one IPv6 address");
	al_buf_put(wire, p.addr, p.bits / 8);
	return AL_OK;
}

static enum al_err parse_string(struct rr_text *t, struct al_buf *wire)
{
	size_t at = wire->len;

	al_buf_u8(wire, 0);
	if (rr_string(t, wire) != AL_OK)
		return AL_EINVAL;
	if (wire->err != AL_OK)
		return AL_OK;
	if (wire->len - at - 1 > UINT8_MAX)
		return rr_fail(t, "one text has at most 255 bytes: TXT takes several, each in quotes");
	wire->ptr[at] = (uint8_t)(wire->len - at - 1);
	return AL_OK;
}

static enum al_err parse_strings(struct rr_text *t, struct al_buf *wire)
{
	size_t count = 0;

	for (; rr_more(t); count++)
		if (parse_string(t, wire) != AL_OK)
			return AL_EINVAL;
	if (t->why != NULL)
		return AL_EINVAL;
	return count > 0 ? AL_OK : rr_fail(t, "a text is missing");
}

static enum al_err parse_tag(struct rr_text *t, struct al_buf *wire)
{
	struct al_slice word;

	if (rr_word(t, &word) != AL_OK)
		return AL_EINVAL;
	al_buf_u8(wire, (uint8_t)word.len);
	for (size_t i = 0; i < word.len; i++) {
		char ch = word.ptr[i] >= 'A' && word.ptr[i] <= 'Z' ? (char)(word.ptr[i] - 'A' + 'a') : word.ptr[i];

		if (word.len > UINT8_MAX || !((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')))
			return rr_fail(t, "a CAA tag is a word of letters and digits, as issue");
		al_buf_u8(wire, (uint8_t)ch);
	}
	return AL_OK;
}

/* What the priority said: the two bytes at the front of this record's data. */
static bool is_alias(const struct al_buf *wire, size_t start)
{
	return wire->len >= start + 2 && wire->ptr[start] == 0 && wire->ptr[start + 1] == 0;
}

static enum al_err parse_field(struct rr_text *t, enum field field, size_t start, struct al_buf *wire)
{
	switch (field) {
	case U8:
	case U16:
		return parse_integer(t, field, wire);
	case ADDR4:
	case ADDR6:
		return parse_address(t, field, wire);
	case NAME:
	case HOST:
		return rr_name(t, field == HOST, wire);
	case STRING:
		return parse_string(t, wire);
	case STRINGS:
		return parse_strings(t, wire);
	case TAG:
		return parse_tag(t, wire);
	case VALUE:
		return rr_string(t, wire);
	case HEX:
		return rr_hex(t, wire);
	case BASE64:
		return rr_base64(t, wire);
	case PARAMS:
		return rr_params_parse(t, is_alias(wire, start), wire);
	case PLACE:
		return rr_loc_parse(t, wire);
	case END:
		break;
	}
	return AL_OK;
}

/* ---- fields from wire form ---- */

static enum al_err format_address(struct al_reader *r, enum field field, struct al_buf *out)
{
	size_t len = field == ADDR4 ? 4 : 16;
	struct al_slice bytes = al_read_bytes(r, len);
	struct al_prefix p = { .bits = (uint8_t)(len * 8), .len = (uint8_t)(len * 8) };
	char text[AL_PREFIX_STRLEN];

	if (r->err != AL_OK)
		return AL_EINVAL;
	memcpy(p.addr, bytes.ptr, len);
	al_addr_format(&p, text);
	al_buf_str(out, text);
	return AL_OK;
}

static enum al_err format_name(struct al_reader *r, struct al_buf *out)
{
	char name[AL_NAME_MAX + 1];
	size_t len = 0;

	while (len < r->left && r->ptr[len] != 0)
		len += r->ptr[len] + 1u;
	if (len >= r->left || al_name_from_wire(r->ptr, len + 1, name) != AL_OK)
		return AL_EINVAL;
	(void)al_read_bytes(r, len + 1);
	al_buf_printf(out, "%s.", name);
	return AL_OK;
}

static enum al_err format_strings(struct al_reader *r, struct al_buf *out)
{
	for (size_t count = 0; count == 0 || r->left > 0; count++) {
		if (count > 0)
			al_buf_u8(out, ' ');
		rr_put_string(al_read_bytes(r, al_read_u8(r)), out);
		if (r->err != AL_OK)
			return AL_EINVAL;
	}
	return AL_OK;
}

static enum al_err format_rest(struct al_reader *r, enum field field, struct al_buf *out)
{
	struct al_slice rest = al_read_bytes(r, r->left);

	if (field == VALUE)
		rr_put_string(rest, out);
	else if (rest.len == 0)
		return AL_EINVAL;
	else if (field == HEX)
		al_buf_hex(out, rest.ptr, rest.len);
	else
		al_buf_base64(out, rest.ptr, rest.len);
	return AL_OK;
}

static enum al_err format_field(struct al_reader *r, enum field field, struct al_buf *out)
{
	switch (field) {
	case U8:
		al_buf_printf(out, "%u", (unsigned)al_read_u8(r));
		return r->err;
	case U16:
		al_buf_printf(out, "%u", (unsigned)al_read_u16(r));
		return r->err;
	case ADDR4:
	case ADDR6:
		return format_address(r, field, out);
	case NAME:
	case HOST:
		return format_name(r, out);
	case STRING:
		rr_put_string(al_read_bytes(r, al_read_u8(r)), out);
		return r->err;
	case STRINGS:
		return format_strings(r, out);
	case TAG:
		al_buf_slice(out, al_read_bytes(r, al_read_u8(r)));
		return r->err;
	case VALUE:
	case HEX:
	case BASE64:
		return format_rest(r, field, out);
	case PARAMS:
		return rr_params_format(r, out);
	case PLACE:
		return rr_loc_format(r, out);
	case END:
		break;
	}
	return AL_OK;
}

enum al_err al_rr_format(uint16_t type, struct al_slice wire, struct al_buf *out)
{
	const struct row *row = row_of(type);
	struct al_reader r = al_reader_of(wire.ptr, wire.len);
	size_t start = out->len;
	enum al_err err = AL_OK;

	if (row == NULL) {
		al_buf_printf(out, "\\# %zu%s", wire.len, wire.len > 0 ? " " : "");
		al_buf_hex(out, wire.ptr, wire.len);
		return out->err;
	}
	for (size_t i = 0; err == AL_OK && i < FIELDS_MAX && row->fields[i] != END; i++) {
		if (i > 0 && !(row->fields[i] == PARAMS && r.left == 0))
			al_buf_u8(out, ' ');
		err = format_field(&r, row->fields[i], out);
	}
	if (err == AL_OK && !al_reader_done(&r))
		err = AL_EINVAL;
	if (err != AL_OK && out->err == AL_OK)
		out->len = start;
	return err != AL_OK ? err : out->err;
}

/* ---- data ---- */

/* "\# LENGTH HEX" (RFC 3597 section 5): wire form, and held to the type's own form where it has one. */
static enum al_err parse_generic(struct rr_text *t, const struct row *row, struct al_buf *wire)
{
	size_t start = wire->len;
	uint64_t len;
	struct al_buf text;
	enum al_err err;

	if (rr_number(t, AL_RR_DATA_MAX, &len) != AL_OK)
		return AL_EINVAL;
	if ((len > 0 && rr_hex(t, wire) != AL_OK) || rr_end(t) != AL_OK)
		return AL_EINVAL;
	if (wire->err != AL_OK || wire->len - start != len)
		return rr_fail(t, "the length behind \\# is not that of the data");
	if (row == NULL)
		return AL_OK;
	al_buf_init(&text, 4 * RR_TEXT_MAX);
	err = al_rr_format(row->type, al_slice_from(al_buf_view(wire), start), &text);
	wire->len = start;
	if (err == AL_OK)
		err = al_rr_parse(row->type, al_buf_view(&text), wire, &t->why);
	else if (err == AL_EINVAL)
		(void)rr_fail(t, "the bytes behind \\# are not of the type's form");
	al_buf_release(&text);
	return err;
}

static enum al_err parse_data(struct rr_text *t, const struct row *row, struct al_buf *wire)
{
	size_t start = wire->len;
	enum al_err err = AL_OK;

	if (rr_more(t) && al_slice_starts(t->rest, "\\# ")) {
		t->rest = al_slice_from(t->rest, 3);
		return parse_generic(t, row, wire);
	}
	if (row == NULL)
		return t->why == NULL ? rr_fail(t, "data of such a type is written \\# LENGTH HEX (RFC 3597)")
				      : AL_EINVAL;
	for (size_t i = 0; err == AL_OK && i < FIELDS_MAX && row->fields[i] != END; i++)
		err = parse_field(t, row->fields[i], start, wire);
	if (err == AL_OK)
		err = rr_end(t);
	if (err == AL_OK && wire->err == AL_OK && row->check != NULL) {
		const char *wrong = row->check(al_slice_from(al_buf_view(wire), start));

		err = wrong != NULL ? rr_fail(t, wrong) : AL_OK;
	}
	return err;
}

enum al_err al_rr_parse(uint16_t type, struct al_slice data, struct al_buf *wire, const char **why)
{
	struct rr_text t = { .rest = data, .why = NULL };
	struct al_buf own;
	enum al_err err;

	al_buf_init(&own, AL_RR_DATA_MAX);
	err = parse_data(&t, row_of(type), &own);
	if (err == AL_OK && own.err != AL_OK)
		err = own.err == AL_ELIMIT ? rr_fail(&t, RR_TOO_LONG) : own.err;
	if (err == AL_OK)
		al_buf_slice(wire, al_buf_view(&own));
	*why = t.why != NULL ? t.why : "the record's data does not have the form of its type";
	al_buf_release(&own);
	return err == AL_OK ? wire->err : err;
}

bool rr_owner_is_host(uint16_t type)
{
	const struct row *row = row_of(type);

	return row != NULL && row->host;
}
