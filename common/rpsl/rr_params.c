/* SPDX-License-Identifier: MIT */
/*
 * rr_params.c -- SvcParams of SVCB and HTTPS (RFC 9460): a key is one row.
 *
 * keyNNN is wire data, also for a number that has a name (section 2.1). Its
 * value is held to the form of that key, and one spelling is kept for all:
 * the name, but keyNNN for those that Knot 3.2 and BIND 9.18 do not both know.
 */
#include <stdlib.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/base/text.h"
#include "alamo/rpsl/rr.h"
#include "rr_form.h"

#define PARAMS_MAX 64
#define KEY_INVALID 65535 /* section 14.3.2 */

enum { KEY_MANDATORY, KEY_ALPN, KEY_NO_DEFAULT_ALPN, KEY_PORT, KEY_IPV4, KEY_ECH, KEY_IPV6, KEY_DOHPATH, KEY_OHTTP };

struct param {
	uint16_t key;
	uint16_t len;
	uint8_t *value; /* owned */
};

struct params {
	struct param list[PARAMS_MAX];
	size_t count;
};

/* Text value to wire, and back. NULL: wrong. */
typedef const char *(*value_parse)(struct al_slice text, struct al_buf *wire);
typedef bool (*value_format)(struct al_slice wire, struct al_buf *out);

static bool key_parse(struct al_slice word, uint16_t *key);
static void key_format(uint16_t key, struct al_buf *out);

/* ---- values ---- */

static const char *empty_parse(struct al_slice text, struct al_buf *wire)
{
	(void)wire;
	return text.len == 0 ? NULL : "no-default-alpn and ohttp have no value";
}

static bool empty_format(struct al_slice wire, struct al_buf *out)
{
	(void)out;
	return wire.len == 0;
}

/* Section 8: keys that must be understood, each once, in order, without `mandatory` itself. */
static const char *mandatory_parse(struct al_slice text, struct al_buf *wire)
{
	uint16_t keys[PARAMS_MAX] = { 0 }, key;
	struct al_slice word;
	size_t count = 0, at;
	bool more = true;

	while (more) {
		more = al_slice_cut(&text, ',', &word);
		if (count == PARAMS_MAX || !key_parse(word, &key) || key == KEY_MANDATORY)
			return "mandatory= takes a list of other keys, as alpn,port";
		for (at = count; at > 0 && keys[at - 1] > key; at--)
			keys[at] = keys[at - 1];
		if (at > 0 && keys[at - 1] == key)
			return "a key stands twice in mandatory=";
		keys[at] = key;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		al_buf_u16(wire, keys[i]);
	return NULL;
}

static bool mandatory_format(struct al_slice wire, struct al_buf *out)
{
	struct al_reader r = al_reader_of(wire.ptr, wire.len);

	for (size_t i = 0; r.left > 0; i++) {
		if (i > 0)
			al_buf_u8(out, ',');
		key_format(al_read_u16(&r), out);
	}
	return r.err == AL_OK && wire.len > 0;
}

/* Section 7.1.1 and appendix A.1: a list, in which '\' takes the meaning from ',' and '\'. */
static const char *alpn_parse(struct al_slice text, struct al_buf *wire)
{
	bool more = true;

	while (more) {
		size_t at = wire->len;

		al_buf_u8(wire, 0);
		for (more = false; text.len > 0 && !more; text = al_slice_from(text, 1)) {
			more = text.ptr[0] == ',';
			if (text.ptr[0] == '\\')
				text = al_slice_from(text, 1);
			if (!more && text.len > 0)
				al_buf_u8(wire, (uint8_t)text.ptr[0]);
		}
		if (wire->err != AL_OK)
			return RR_TOO_LONG;
		if (wire->len == at + 1 || wire->len - at - 1 > UINT8_MAX)
			return "alpn= takes a list of protocols of 1 to 255 bytes, as h2,h3";
		wire->ptr[at] = (uint8_t)(wire->len - at - 1);
	}
	return NULL;
}

static bool alpn_format(struct al_slice wire, struct al_buf *out)
{
	struct al_reader r = al_reader_of(wire.ptr, wire.len);

	for (size_t count = 0; r.left > 0; count++) {
		struct al_slice id = al_read_bytes(&r, al_read_u8(&r));

		if (r.err != AL_OK || id.len == 0)
			return false;
		if (count > 0)
			al_buf_u8(out, ',');
		for (size_t i = 0; i < id.len; i++) {
			if (id.ptr[i] == ',' || id.ptr[i] == '\\')
				al_buf_u8(out, '\\');
			al_buf_u8(out, (uint8_t)id.ptr[i]);
		}
	}
	return wire.len > 0;
}

static const char *port_parse(struct al_slice text, struct al_buf *wire)
{
	uint64_t port;

	if (al_slice_u64(text, UINT16_MAX, &port) != AL_OK)
		return "port= takes a number from 0 to 65535";
	al_buf_u16(wire, (uint16_t)port);
	return NULL;
}

static bool port_format(struct al_slice wire, struct al_buf *out)
{
	if (wire.len == 2)
		al_buf_printf(out, "%u", (unsigned)al_get_u16((const uint8_t *)wire.ptr));
	return wire.len == 2;
}

static bool hints_parse(struct al_slice text, unsigned bits, struct al_buf *wire)
{
	struct al_slice word;
	struct al_prefix p;
	bool more = true;

	while (more) {
		more = al_slice_cut(&text, ',', &word);
		if (al_addr_parse(word, &p) != AL_OK || p.bits != bits)
			return false;
		al_buf_put(wire, p.addr, bits / 8);
	}
	return true;
}

static bool hints_format(struct al_slice wire, unsigned bits, struct al_buf *out)
{
	struct al_prefix p = { .bits = (uint8_t)bits, .len = (uint8_t)bits };
	char text[AL_PREFIX_STRLEN];

	for (size_t at = 0; at + bits / 8 <= wire.len; at += bits / 8) {
		memcpy(p.addr, wire.ptr + at, bits / 8);
		al_addr_format(&p, text);
		al_buf_printf(out, "%s%s", at > 0 ? "," : "", text);
	}
	return wire.len > 0 && wire.len % (bits / 8) == 0;
}

static const char *ipv4_parse(struct al_slice text, struct al_buf *wire)
{
	return hints_parse(text, 32, wire) ? NULL : "ipv4hint= takes a list of IPv4 addresses";
}

static bool ipv4_format(struct al_slice wire, struct al_buf *out)
{
	return hints_format(wire, 32, out);
}

static const char *ipv6_parse(struct al_slice text, struct al_buf *wire)
{
	return hints_parse(text, 128, wire) ? NULL : "ipv6hint= takes a list of IPv6 addresses";
}

static bool ipv6_format(struct al_slice wire, struct al_buf *out)
{
	return hints_format(wire, 128, out);
}

static const char *ech_parse(struct al_slice text, struct al_buf *wire)
{
	uint8_t bytes[AL_RR_DATA_MAX];
	size_t len;

	if (al_slice_base64(text, bytes, sizeof(bytes), &len) != AL_OK)
		return "ech= takes base64";
	al_buf_put(wire, bytes, len);
	return NULL;
}

static bool ech_format(struct al_slice wire, struct al_buf *out)
{
	al_buf_base64(out, wire.ptr, wire.len);
	return wire.len > 0;
}

/*
 * RFC 9461 section 5: a relative URI template with the variable dns. It has to be as in the RFC's example, {?dns}: there are
 * releases of BIND that look for these six bytes.
 */
static const char *dohpath_parse(struct al_slice text, struct al_buf *wire)
{
	if (text.len == 0 || text.ptr[0] != '/' || !al_text_ok(text) || memchr(text.ptr, ' ', text.len) != NULL ||
	    !rr_template_ok(text, "?dns"))
		return "dohpath= takes a path with {?dns}, as /dns-query{?dns}";
	al_buf_slice(wire, text);
	return NULL;
}

static const char *bytes_parse(struct al_slice text, struct al_buf *wire)
{
	al_buf_slice(wire, text);
	return NULL;
}

static bool bytes_format(struct al_slice wire, struct al_buf *out)
{
	al_buf_slice(out, wire);
	return true;
}

static const struct {
	const char *name;
	value_parse parse;
	value_format format;
	bool shown; /* by its name */
} keys[] = {
	[KEY_MANDATORY] = { "mandatory", mandatory_parse, mandatory_format, true },
	[KEY_ALPN] = { "alpn", alpn_parse, alpn_format, true },
	[KEY_NO_DEFAULT_ALPN] = { "no-default-alpn", empty_parse, empty_format, true },
	[KEY_PORT] = { "port", port_parse, port_format, true },
	[KEY_IPV4] = { "ipv4hint", ipv4_parse, ipv4_format, true },
	[KEY_ECH] = { "ech", ech_parse, ech_format, true },
	[KEY_IPV6] = { "ipv6hint", ipv6_parse, ipv6_format, true },
	[KEY_DOHPATH] = { "dohpath", dohpath_parse, bytes_format, false },
	[KEY_OHTTP] = { "ohttp", empty_parse, empty_format, false },
};

static bool key_is_shown(uint16_t key)
{
	return key < AL_COUNT(keys) && keys[key].shown;
}

/* By name, or as keyNNN without leading zeros. */
static bool key_parse(struct al_slice word, uint16_t *key)
{
	uint64_t number;

	for (size_t i = 0; i < AL_COUNT(keys); i++)
		if (al_slice_caseis(word, keys[i].name)) {
			*key = (uint16_t)i;
			return true;
		}
	if (!al_slice_casestarts(word, "key") ||
	    al_slice_u64(al_slice_from(word, 3), KEY_INVALID - 1, &number) != AL_OK)
		return false;
	*key = (uint16_t)number;
	return true;
}

static void key_format(uint16_t key, struct al_buf *out)
{
	if (key_is_shown(key))
		al_buf_str(out, keys[key].name);
	else
		al_buf_printf(out, "key%u", (unsigned)key);
}

/* ---- one parameter ---- */

/* Bytes of a key with a form of its own are what that form gives: printed and read again, they are the same. */
static bool wire_ok(uint16_t key, struct al_slice wire)
{
	struct al_buf text, again;
	bool good;

	if (key >= AL_COUNT(keys))
		return true;
	al_buf_init(&text, 4 * RR_TEXT_MAX);
	al_buf_init(&again, AL_RR_DATA_MAX);
	good = keys[key].format(wire, &text) && keys[key].parse(al_buf_view(&text), &again) == NULL &&
	       al_slice_eq(al_buf_view(&again), wire);
	al_buf_release(&text);
	al_buf_release(&again);
	return good;
}

/* `text` is decoded once: what the key makes of it comes next. */
static enum al_err value_take(struct rr_text *t, uint16_t key, bool generic, struct al_slice text, struct al_buf *wire)
{
	value_parse parse = generic || key >= AL_COUNT(keys) ? bytes_parse : keys[key].parse;
	const char *wrong = parse(text, wire);

	if (wrong == NULL && wire->err != AL_OK)
		wrong = RR_TOO_LONG;
	if (wrong == NULL && generic && !wire_ok(key, al_buf_view(wire)))
		wrong = "the value of a key given by number is wire data (RFC 9460 section 2.1), and this is not that "
			"key's";
	return wrong != NULL ? rr_fail(t, wrong) : AL_OK;
}

static enum al_err param_add(struct rr_text *t, struct params *params, uint16_t key, struct al_slice value)
{
	size_t at = params->count;
	uint8_t *copy = malloc(value.len + 1);

	if (copy == NULL)
		return AL_ENOMEM;
	if (value.len > 0)
		memcpy(copy, value.ptr, value.len);
	for (; at > 0 && params->list[at - 1].key > key; at--)
		params->list[at] = params->list[at - 1];
	params->list[at] = (struct param){ .key = key, .len = (uint16_t)value.len, .value = copy };
	params->count++;
	return at > 0 && params->list[at - 1].key == key ? rr_fail(t, "a key stands twice") : AL_OK;
}

static bool key_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-';
}

static enum al_err param_parse(struct rr_text *t, struct params *params, struct al_buf *text, struct al_buf *wire)
{
	struct al_slice word;
	size_t len = 0;
	uint16_t key;
	enum al_err err = AL_OK;

	while (len < t->rest.len && key_char(t->rest.ptr[len]))
		len++;
	word = al_slice_head(t->rest, len);
	t->rest = al_slice_from(t->rest, len);
	if (!key_parse(word, &key))
		return rr_fail(t, "a parameter is KEY or KEY=VALUE, with a key of RFC 9460 or keyNNN");
	if (params->count == PARAMS_MAX)
		return rr_fail(t, "there are more than 64 parameters");
	al_buf_reset(text);
	al_buf_reset(wire);
	if (t->rest.len > 0 && t->rest.ptr[0] == '=') {
		t->rest = al_slice_from(t->rest, 1);
		err = rr_value(t, text);
	} else if (t->rest.len > 0 && strchr(" \t()", t->rest.ptr[0]) == NULL) {
		return rr_fail(t, "a parameter is KEY or KEY=VALUE, with a key of RFC 9460 or keyNNN");
	}
	if (err == AL_OK)
		err = value_take(t, key, (word.ptr[0] | 0x20) == 'k' && al_slice_casestarts(word, "key"),
				 al_buf_view(text), wire);
	return err == AL_OK ? param_add(t, params, key, al_buf_view(wire)) : err;
}

/* ---- all of them ---- */

static const struct param *param_find(const struct params *params, uint16_t key)
{
	for (size_t i = 0; i < params->count; i++)
		if (params->list[i].key == key)
			return &params->list[i];
	return NULL;
}

static enum al_err params_check(struct rr_text *t, const struct params *params, bool alias)
{
	const struct param *mandatory = param_find(params, KEY_MANDATORY);

	if (alias && params->count > 0)
		return rr_fail(t, "a record of priority 0 is an alias and has no parameters");
	if (param_find(params, KEY_NO_DEFAULT_ALPN) != NULL && param_find(params, KEY_ALPN) == NULL)
		return rr_fail(t, "no-default-alpn needs alpn= beside it");
	for (size_t i = 0; mandatory != NULL && i + 1 < mandatory->len; i += 2)
		if (param_find(params, al_get_u16(mandatory->value + i)) == NULL)
			return rr_fail(t, "mandatory= names a key that the record does not have");
	return AL_OK;
}

enum al_err rr_params_parse(struct rr_text *t, bool alias, struct al_buf *out)
{
	struct params params = { .count = 0 };
	struct al_buf text, wire;
	enum al_err err = AL_OK;

	al_buf_init(&text, RR_TEXT_MAX);
	al_buf_init(&wire, AL_RR_DATA_MAX);
	while (err == AL_OK && rr_more(t))
		err = param_parse(t, &params, &text, &wire);
	if (err == AL_OK)
		err = t->why == NULL ? params_check(t, &params, alias) : AL_EINVAL;
	for (size_t i = 0; i < params.count; i++) {
		al_buf_u16(out, params.list[i].key);
		al_buf_u16(out, params.list[i].len);
		al_buf_put(out, params.list[i].value, params.list[i].len);
		free(params.list[i].value);
	}
	al_buf_release(&text);
	al_buf_release(&wire);
	return err;
}

/* A value as it is, or in quotes where it needs them. */
static void put_value(struct al_slice value, struct al_buf *out)
{
	bool plain = value.len > 0;

	for (size_t i = 0; i < value.len; i++)
		plain = plain && value.ptr[i] > 0x20 && value.ptr[i] < 0x7f && strchr("\";()\\", value.ptr[i]) == NULL;
	if (plain)
		al_buf_slice(out, value);
	else
		rr_put_string(value, out);
}

enum al_err rr_params_format(struct al_reader *r, struct al_buf *out)
{
	struct al_buf text;
	bool good = true;

	al_buf_init(&text, RR_TEXT_MAX);
	for (size_t count = 0; good && r->left > 0; count++) {
		uint16_t key = al_read_u16(r);
		struct al_slice wire = al_read_bytes(r, al_read_u16(r));

		al_buf_reset(&text);
		good = r->err == AL_OK &&
		       (key_is_shown(key) ? keys[key].format(wire, &text) : bytes_format(wire, &text));
		if (count > 0)
			al_buf_u8(out, ' ');
		key_format(key, out);
		if (text.len > 0) {
			al_buf_u8(out, '=');
			put_value(al_buf_view(&text), out);
		}
	}
	good = good && text.err == AL_OK;
	al_buf_release(&text);
	return good && r->err == AL_OK ? AL_OK : AL_EINVAL;
}
