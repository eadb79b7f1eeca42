/* SPDX-License-Identifier: MIT */
/*
 * rtr_pdu.c -- RTR PDUs: bytes to struct and struct to bytes, no state.
 *
 * Reserved fields are written as zero and not looked at when read (RFC 8210 section 5).
 */
#include <string.h>

#include "alamo/base/wire.h"

#include "rtr_pdu.h"

#define HEADER_LEN 8
#define QUERY_LEN 12
#define ERROR_LEN_MIN 16

const char *rtr_code_name(uint16_t code)
{
	static const char *const names[] = {
		"corrupt-data",          "internal-error",         "no-data",
		"invalid-request",       "unsupported-version",    "unsupported-type",
		"withdrawal-of-unknown", "duplicate-announcement", "unexpected-version",
		"aspa-provider-list",    "transport-failed",       "ordering",
		"cache-restart",         "cache-shutdown",
	};

	return code < AL_COUNT(names) ? names[code] : "unknown";
}

/* The complaint for a header with this type and length, or RTR_SOUND. */
static enum rtr_code header_fault(uint8_t version, uint8_t type, uint32_t length)
{
	switch (type) {
	case RTR_SERIAL_QUERY:
		return length == QUERY_LEN ? RTR_SOUND : RTR_CORRUPT_DATA;
	case RTR_RESET_QUERY:
		return length == HEADER_LEN ? RTR_SOUND : RTR_CORRUPT_DATA;
	case RTR_ERROR_REPORT:
		return RTR_SOUND;
	case RTR_SERIAL_NOTIFY:
	case RTR_CACHE_RESPONSE:
	case RTR_IPV4_PREFIX:
	case RTR_IPV6_PREFIX:
	case RTR_END_OF_DATA:
	case RTR_CACHE_RESET:
	case RTR_ROUTER_KEY:
		return RTR_INVALID_REQUEST; /* only a cache sends these */
	case RTR_ASPA:
		return version >= RTR_VERSION_ASPA ? RTR_INVALID_REQUEST : RTR_UNSUPPORTED_TYPE;
	default:
		return RTR_UNSUPPORTED_TYPE;
	}
}

/* Error Report: text if there is a well-formed one, and nothing to complain about in any case. */
static size_t decode_error(const uint8_t *bytes, size_t len, uint32_t length, struct rtr_pdu *out)
{
	struct al_reader r;
	uint32_t inner, text;

	if (length < ERROR_LEN_MIN || length > RTR_INPUT_MAX)
		return len; /* the end of the conversation anyhow */
	if (len < length)
		return 0;
	r = al_reader_of(bytes + HEADER_LEN, length - HEADER_LEN);
	inner = al_read_u32(&r);
	(void)al_read_bytes(&r, inner);
	text = al_read_u32(&r);
	out->text = al_read_bytes(&r, text);
	if (r.err != AL_OK)
		out->text = (struct al_slice){ 0 };
	return length;
}

size_t rtr_pdu_decode(const uint8_t *bytes, size_t len, struct rtr_pdu *out)
{
	struct rtr_pdu pdu = { 0 };
	uint32_t length;
	size_t used;

	if (len < HEADER_LEN)
		return 0;
	pdu.version = bytes[0];
	pdu.type = bytes[1];
	pdu.field = al_get_u16(bytes + 2);
	length = al_get_u32(bytes + 4);
	pdu.fault = header_fault(pdu.version, pdu.type, length);
	if (pdu.type == RTR_ERROR_REPORT)
		used = decode_error(bytes, len, length, &pdu);
	else if (pdu.fault != RTR_SOUND)
		used = HEADER_LEN;
	else
		used = len < length ? 0 : length;
	if (used == 0)
		return 0;
	/* What is taken off the input, and never more: what comes behind it is another PDU, or nobody knows what. */
	pdu.raw = al_slice_head(al_slice_of(bytes, used), RTR_ERROR_INNER_MAX);
	if (pdu.fault == RTR_SOUND && pdu.type == RTR_SERIAL_QUERY)
		pdu.serial = al_get_u32(bytes + HEADER_LEN);
	*out = pdu;
	return used;
}

bool rtr_timers_ok(const struct rtr_timers *timers)
{
	return timers->refresh >= 1 && timers->refresh <= 86400 && timers->retry >= 1 && timers->retry <= 7200 &&
	       timers->expire >= 600 && timers->expire <= 172800 && timers->expire > timers->refresh &&
	       timers->expire > timers->retry;
}

static void put_header(uint8_t *out, uint8_t version, enum rtr_type type, uint16_t field, uint32_t length)
{
	out[0] = version;
	out[1] = (uint8_t)type;
	al_set_u16(out + 2, field);
	al_set_u32(out + 4, length);
}

size_t rtr_put_notify(uint8_t out[static RTR_PDU_MAX], uint8_t version, uint16_t session, uint32_t serial)
{
	put_header(out, version, RTR_SERIAL_NOTIFY, session, 12);
	al_set_u32(out + 8, serial);
	return 12;
}

size_t rtr_put_response(uint8_t out[static RTR_PDU_MAX], uint8_t version, uint16_t session)
{
	put_header(out, version, RTR_CACHE_RESPONSE, session, 8);
	return 8;
}

size_t rtr_put_end(uint8_t out[static RTR_PDU_MAX], uint8_t version, uint16_t session, uint32_t serial,
		   const struct rtr_timers *timers)
{
	uint32_t len = version == 0 ? 12 : 24; /* the timers are new in version 1 */

	put_header(out, version, RTR_END_OF_DATA, session, len);
	al_set_u32(out + 8, serial);
	if (version != 0) {
		al_set_u32(out + 12, timers->refresh);
		al_set_u32(out + 16, timers->retry);
		al_set_u32(out + 20, timers->expire);
	}
	return len;
}

size_t rtr_put_cache_reset(uint8_t out[static RTR_PDU_MAX], uint8_t version)
{
	put_header(out, version, RTR_CACHE_RESET, 0, 8);
	return 8;
}

size_t rtr_put_prefix(uint8_t *out, uint8_t version, const struct vrp *vrp, bool announce)
{
	size_t addr_len = vrp->bits / 8;
	uint32_t len = vrp->bits == 32 ? RTR_PREFIX4_LEN : RTR_PREFIX6_LEN;

	put_header(out, version, vrp->bits == 32 ? RTR_IPV4_PREFIX : RTR_IPV6_PREFIX, 0, len);
	out[8] = announce ? 1 : 0;
	out[9] = vrp->len;
	out[10] = vrp->max;
	out[11] = 0;
	memcpy(out + 12, vrp->addr, addr_len);
	al_set_u32(out + 12 + addr_len, vrp->asn);
	return len;
}

size_t rtr_put_aspa(uint8_t *out, uint8_t version, uint32_t customer, struct vrp_walk *pairs, size_t count)
{
	uint32_t len = RTR_ASPA_LEN + 4 * (uint32_t)count;

	put_header(out, version, RTR_ASPA, (uint16_t)(count != 0 ? 0x0100 : 0), len);
	al_set_u32(out + 8, customer);
	for (size_t i = 0; i < count; i++)
		al_set_u32(out + RTR_ASPA_LEN + 4 * i, vrp_walk_next(pairs)->asn);
	return len;
}

size_t rtr_put_error(uint8_t out[static RTR_ERROR_MAX], uint8_t version, enum rtr_code code, struct al_slice inner,
		     const char *text)
{
	struct al_slice said = al_slice_head(al_slice_str(text), RTR_ERROR_TEXT_MAX);
	uint32_t len;

	inner = al_slice_head(inner, RTR_ERROR_INNER_MAX);
	len = (uint32_t)(16 + inner.len + said.len);
	put_header(out, version, RTR_ERROR_REPORT, (uint16_t)code, len);
	al_set_u32(out + 8, (uint32_t)inner.len);
	if (inner.len != 0)
		memcpy(out + 12, inner.ptr, inner.len);
	al_set_u32(out + 12 + inner.len, (uint32_t)said.len);
	if (said.len != 0)
		memcpy(out + 16 + inner.len, said.ptr, said.len);
	return len;
}
