/*
 * zone_record.c -- hosted records: see zone_record.h. ldns knows the
 * presentation formats; nothing here is on the query path. Pure.
 */
#include "zone_record.h"

#include <ldns/ldns.h>
#include <sodium.h>
#include <string.h>

#include "alamo/base/buf.h"
#include "alamo/base/wire.h"

#define LINE_MAX_LEN 2048

static const struct {
	const char *name;
	uint16_t type;
} hosted_types[] = {
	{ "A", RR_A },     { "AAAA", RR_AAAA }, { "CNAME", RR_CNAME }, { "MX", RR_MX },
	{ "TXT", RR_TXT }, { "SRV", RR_SRV },   { "SVCB", 64 },        { "HTTPS", 65 },
	{ "TLSA", 52 },    { "SSHFP", 44 },     { "CAA", 257 },
};

static uint16_t hosted_type(struct al_slice word)
{
	for (size_t i = 0; i < AL_COUNT(hosted_types); i++)
		if (al_slice_caseis(word, hosted_types[i].name))
			return hosted_types[i].type;
	return 0;
}

static enum al_err rdata_of(ldns_rr *rr, struct record *out)
{
	ldns_buffer *wire = ldns_buffer_new(RECORD_RDATA_MAX);
	enum al_err err = AL_EINVAL;

	if (wire == NULL)
		return AL_ENOMEM;
	ldns_rr2canonical(rr);
	if (ldns_rr_get_type(rr) == (ldns_rr_type)out->type && ldns_rr_rd_count(rr) > 0 &&
	    ldns_rr_rdata2buffer_wire(wire, rr) == LDNS_STATUS_OK) {
		out->len = ldns_buffer_position(wire);
		if (out->len <= sizeof(out->rdata)) {
			memcpy(out->rdata, ldns_buffer_begin(wire), out->len);
			err = AL_OK;
		}
	}
	ldns_buffer_free(wire);
	return err;
}

static enum al_err parse_data(struct al_slice type, struct al_slice data, struct record *out)
{
	char line[LINE_MAX_LEN];
	ldns_rr *rr = NULL;
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, sizeof(line) - 1);
	al_buf_printf(&text, ". %u IN %.*s %.*s", (unsigned)out->ttl, AL_FMT(type), AL_FMT(data));
	err = text.err;
	if (err == AL_OK) {
		memcpy(line, text.ptr, text.len);
		line[text.len] = '\0';
		err = ldns_rr_new_frm_str(&rr, line, out->ttl, NULL, NULL) == LDNS_STATUS_OK ? AL_OK : AL_EINVAL;
	}
	al_buf_release(&text);
	if (err == AL_OK)
		err = rdata_of(rr, out);
	ldns_rr_free(rr);
	return err;
}

enum al_err record_parse(struct al_slice value, uint32_t default_ttl, struct record *out)
{
	struct al_slice word;
	uint64_t ttl = default_ttl;

	if (!al_slice_word(&value, "", &out->owner) || !al_slice_word(&value, "", &word))
		return AL_EINVAL;
	if (al_slice_u64(word, 604800, &ttl) == AL_OK && !al_slice_word(&value, "", &word))
		return AL_EINVAL;
	out->ttl = (uint32_t)ttl;
	out->type = hosted_type(word);
	if (out->type == 0)
		return AL_EINVAL;
	return parse_data(word, al_slice_trim(value), out);
}

size_t record_parse_ds(struct al_slice value, uint8_t out[static DS_RDATA_MAX])
{
	struct al_slice word[3];
	uint64_t number[3];
	size_t len;

	for (size_t i = 0; i < AL_COUNT(word); i++)
		if (!al_slice_word(&value, "", &word[i]) ||
		    al_slice_u64(word[i], i == 0 ? UINT16_MAX : UINT8_MAX, &number[i]) != AL_OK)
			return 0;
	al_set_u16(out, (uint16_t)number[0]);
	out[2] = (uint8_t)number[1];
	out[3] = (uint8_t)number[2];
	value = al_slice_trim(value);
	if (sodium_hex2bin(out + 4, DS_RDATA_MAX - 4, value.ptr, value.len, " ", &len, NULL) != 0 || len == 0)
		return 0;
	return len + 4;
}
