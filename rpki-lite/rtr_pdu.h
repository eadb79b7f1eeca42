/* SPDX-License-Identifier: MIT */
/*
 * rtr_pdu.h -- PDUs of the RPKI-to-Router protocol, versions 0 (RFC 6810), 1 (RFC 8210) and 2
 * (draft-ietf-sidrops-8210bis-27): encode and decode only.
 *
 *   byte 0 version, byte 1 type, bytes 2-3 by type, bytes 4-7 total length; big endian
 */
#ifndef RPKI_LITE_RTR_PDU_H
#define RPKI_LITE_RTR_PDU_H

#include "vrp_set.h"

#define RTR_VERSION_MAX 2  /* the highest that we can speak; versions are 0 .. this */
#define RTR_VERSION_ASPA 2 /* the first that has ASPAs */

enum rtr_type {
	RTR_SERIAL_NOTIFY = 0,
	RTR_SERIAL_QUERY = 1,
	RTR_RESET_QUERY = 2,
	RTR_CACHE_RESPONSE = 3,
	RTR_IPV4_PREFIX = 4,
	RTR_IPV6_PREFIX = 6,
	RTR_END_OF_DATA = 7,
	RTR_CACHE_RESET = 8,
	RTR_ROUTER_KEY = 9,
	RTR_ERROR_REPORT = 10,
	RTR_ASPA = 11,
};

/* RFC 8210 section 12, 8210bis section 12. Only RTR_NO_DATA leaves the connection open. */
enum rtr_code {
	RTR_CORRUPT_DATA = 0,
	RTR_INTERNAL_ERROR = 1,
	RTR_NO_DATA = 2,
	RTR_INVALID_REQUEST = 3,
	RTR_UNSUPPORTED_VERSION = 4,
	RTR_UNSUPPORTED_TYPE = 5,
	RTR_WITHDRAWAL_UNKNOWN = 6,
	RTR_DUPLICATE_ANNOUNCEMENT = 7,
	RTR_UNEXPECTED_VERSION = 8,
	RTR_ASPA_PROVIDERS = 9,
	RTR_SOUND = -1, /* not on the wire: nothing is wrong with the PDU */
};

const char *rtr_code_name(uint16_t code); /* "corrupt-data"; "unknown" */

/* What a router may send: 1, 2 and 10. */
struct rtr_pdu {
	uint8_t version;
	uint8_t type;
	uint16_t field;      /* session of a query, code of an Error Report */
	uint32_t serial;     /* of a Serial Query */
	enum rtr_code fault; /* what an answer must complain about; never set for an Error Report */
	struct al_slice
		raw; /* inside the input: this PDU, of a faulty one its header; as far as it fits an Error Report */
	struct al_slice text; /* of an Error Report, as sent; inside the input, may be empty */
};

#define RTR_INPUT_MAX 4096 /* a longer Error Report is taken as its first bytes */

/*
 * The first PDU of `bytes`: how many bytes it takes, or 0 when more must come (never with
 * RTR_INPUT_MAX bytes there). A faulty PDU ends the conversation, so its length is not to be relied on.
 */
size_t rtr_pdu_decode(const uint8_t *bytes, size_t len, struct rtr_pdu *out);

/* ---- encoding: each writes a whole PDU and returns its length in bytes ---- */
#define RTR_PREFIX4_LEN 20
#define RTR_PREFIX6_LEN 32
#define RTR_PDU_MAX 32 /* the longest of the fixed ones */
/* Under 800: bird before 2.16 throws its input away on a PDU over 848 bytes. */
#define RTR_ERROR_INNER_MAX 64
#define RTR_ERROR_TEXT_MAX 120
#define RTR_ERROR_MAX (16 + RTR_ERROR_INNER_MAX + RTR_ERROR_TEXT_MAX)

struct rtr_timers {
	uint32_t refresh, retry, expire; /* seconds, RFC 8210 section 6 */
};

/* In RFC 8210's ranges, and expire above the other two (section 6)? */
bool rtr_timers_ok(const struct rtr_timers *timers);

size_t rtr_put_notify(uint8_t out[static RTR_PDU_MAX], uint8_t version, uint16_t session, uint32_t serial);
size_t rtr_put_response(uint8_t out[static RTR_PDU_MAX], uint8_t version, uint16_t session);
size_t rtr_put_end(uint8_t out[static RTR_PDU_MAX], uint8_t version, uint16_t session, uint32_t serial,
		   const struct rtr_timers *timers);
size_t rtr_put_cache_reset(uint8_t out[static RTR_PDU_MAX], uint8_t version);
size_t rtr_put_prefix(uint8_t *out, uint8_t version, const struct vrp *vrp, bool announce);

/*
 * An ASPA: the customer and all of its providers, which replace those that the router had; or none, which takes the
 * customer away. The layout is the draft's since its revision 14: flags in byte 2, no address family, no count.
 * `pairs` is at the first of them, and past the last afterwards; without any it is left alone.
 */
#define RTR_ASPA_LEN 12
#define RTR_ASPA_MAX 16380 /* providers: bird and rtrlib read PDUs of less than 64 KiB */
size_t rtr_put_aspa(uint8_t *out, uint8_t version, uint32_t customer, struct vrp_walk *pairs, size_t count);
/* `inner` is cut to RTR_ERROR_INNER_MAX bytes, `text` (ASCII) to RTR_ERROR_TEXT_MAX. */
size_t rtr_put_error(uint8_t out[static RTR_ERROR_MAX], uint8_t version, enum rtr_code code, struct al_slice inner,
		     const char *text);

#endif
