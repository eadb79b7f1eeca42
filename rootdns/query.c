/* SPDX-License-Identifier: MIT */
/*
 * query.c -- the question parser: see query.h. Every byte is a stranger's.
 */
#include "query.h"

#include "alamo/base/wire.h"
#include "rrset.h"

#define FLAG_QR 0x80u
#define OPCODE_BITS 0x78u
#define OPTION_NSID 3u
#define OPTION_EXPIRE 9u
#define OPTION_COOKIE 10u
#define OPTION_KEEPALIVE 11u
#define COOKIE_CLIENT 8u /* the client's part, which comes first */

struct cursor {
	const uint8_t *msg;
	size_t len;
	size_t at;
	bool bad;
};

/* Over a name that may end in a compression pointer. */
static void skip_name(struct cursor *c)
{
	for (;;) {
		uint8_t label;

		if (c->at >= c->len)
			break;
		label = c->msg[c->at];
		if (label >= 0xc0) {
			c->at += 2;
			c->bad = c->bad || c->at > c->len;
			return;
		}
		if (label > 63)
			break;
		c->at += label + 1u;
		if (label == 0)
			return;
	}
	c->bad = true;
}

struct raw_rr {
	size_t owner; /* offset */
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	size_t rdata; /* offset */
	size_t len;
};

static bool next_rr(struct cursor *c, struct raw_rr *out)
{
	out->owner = c->at;
	skip_name(c);
	if (c->bad || c->len - c->at < 10)
		return false;
	out->type = al_get_u16(c->msg + c->at);
	out->class = al_get_u16(c->msg + c->at + 2);
	out->ttl = al_get_u32(c->msg + c->at + 4);
	out->len = al_get_u16(c->msg + c->at + 8);
	out->rdata = c->at + 10;
	if (out->len > c->len - out->rdata)
		return false;
	c->at = out->rdata + out->len;
	return true;
}

/* Options that we know; of others nothing is asked. */
static bool take_option(const uint8_t *option, size_t len, struct query *out)
{
	switch (al_get_u16(option)) {
	case OPTION_NSID:
		out->nsid = true;
		return true;
	case OPTION_EXPIRE:
		out->expire = true;
		return true;
	case OPTION_KEEPALIVE:
		out->keepalive = true;
		return len == 0; /* RFC 7828 section 3.2.1 */
	case OPTION_COOKIE:
		/* RFC 7873 section 5.2.2 */
		if (len != COOKIE_CLIENT && (len < COOKIE_CLIENT + 8 || len > COOKIE_CLIENT + 32))
			return false;
		out->cookie = option + 4;
		out->cookie_len = (uint8_t)len;
		return true;
	default:
		return true;
	}
}

static bool take_options(const uint8_t *options, size_t len, struct query *out)
{
	while (len >= 4) {
		size_t size = 4u + al_get_u16(options + 2);

		if (size > len || !take_option(options, size - 4, out))
			return false;
		options += size;
		len -= size;
	}
	return len == 0;
}

/* RFC 6891 section 6.1: the TTL holds extended RCODE, version and flags; unknown options are ignored. */
static bool take_opt(const struct raw_rr *rr, struct query *out)
{
	if (out->edns || out->msg[rr->owner] != 0 || !take_options(out->msg + rr->rdata, rr->len, out))
		return false;
	out->edns = true;
	out->udp_size = rr->class;
	out->dnssec_ok = (rr->ttl & 0x8000u) != 0;
	if ((rr->ttl >> 16 & 0xff) != 0)
		out->rcode = RCODE_BADVERS;
	return true;
}

/* RFC 1995 section 3: the SOA that the other side has stands in the authority section. */
static bool take_soa(const struct cursor *all, const struct raw_rr *rr, struct query *out)
{
	struct cursor c = { all->msg, rr->rdata + rr->len, rr->rdata, false };

	skip_name(&c);
	skip_name(&c);
	if (rr->type != RR_SOA || c.bad || c.len - c.at != 20)
		return false;
	out->serial = al_get_u32(c.msg + c.at);
	return true;
}

/* What follows the question: nothing but the SOA of an IXFR, and an additional section. */
static bool take_records(struct cursor *c, struct query *out)
{
	unsigned authority = al_get_u16(c->msg + 8), additional = al_get_u16(c->msg + 10);
	struct raw_rr rr;

	if (al_get_u16(c->msg + 6) != 0 || authority != (out->type == RR_IXFR ? 1 : 0))
		return false;
	if (authority == 1 && (!next_rr(c, &rr) || !take_soa(c, &rr, out)))
		return false;
	while (additional-- > 0) {
		/* RFC 8945 section 5.1: TSIG is the last one, alone of its kind. */
		if (out->tsig_at != 0 || !next_rr(c, &rr) || (rr.type == RR_OPT && !take_opt(&rr, out)))
			return false;
		if (rr.type == RR_TSIG)
			out->tsig_at = (uint16_t)rr.owner;
	}
	return c->at == c->len;
}

static bool take_question(struct cursor *c, uint64_t seed, struct query *out)
{
	if (al_get_u16(c->msg + 4) != 1 || c->at == c->len ||
	    dname_index(seed, c->msg + c->at, c->len - c->at, &out->name) != AL_OK)
		return false;
	c->at += out->name.len;
	if (c->len - c->at < 4)
		return false;
	out->type = al_get_u16(c->msg + c->at);
	out->class = al_get_u16(c->msg + c->at + 2);
	c->at += 4;
	out->end = c->at;
	return true;
}

bool query_parse(uint64_t seed, const uint8_t *msg, size_t len, struct query *out)
{
	struct cursor c = { msg, len, DNS_HEADER, false };

	if (len < DNS_HEADER || (msg[2] & FLAG_QR) != 0)
		return false;
	out->msg = msg;
	out->len = len;
	out->end = DNS_HEADER;
	out->type = out->class = 0;
	out->udp_size = UDP_SIZE_MIN;
	out->rcode = RCODE_NOERROR;
	out->edns = out->dnssec_ok = out->cut = out->bare = false;
	out->nsid = out->keepalive = out->expire = false;
	out->cookie_len = 0;
	out->tsig_at = 0;
	out->cookie = NULL;
	out->serial = 0;
	out->zone = NULL;
	if ((msg[2] & OPCODE_BITS) != 0) {
		out->rcode = RCODE_NOTIMP;
		return true;
	}
	/* RFC 7873 section 5.4: without a question, for a cookie alone. */
	if (al_get_u16(msg + 4) == 0 && al_get_u16(msg + 8) == 0 && take_records(&c, out) && out->cookie_len > 0) {
		out->bare = true;
		return true;
	}
	if (!take_question(&c, seed, out) || !take_records(&c, out) || out->type == RR_OPT)
		out->rcode = RCODE_FORMERR;
	return true;
}
