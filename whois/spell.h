/* SPDX-License-Identifier: MIT */
/*
 * spell.h -- keys as people type them, in the one spelling that objects have.
 *
 * More is understood than an object may say: AS numbers with leading zeros,
 * in the dotted form of RFC 5396, and bare where nothing else is meant;
 * reverse zones for the blocks they belong to.
 */
#ifndef WHOIS_SPELL_H
#define WHOIS_SPELL_H

#include "alamo/base/ident.h"
#include "alamo/rpsl/schema.h"

/* "AS64500", "as064500", "AS0.64500"; with `bare` without its "AS" as well. */
AL_MUST_USE enum al_err whois_asn_parse(struct al_slice s, bool bare, uint32_t *asn);
/* al_key_canon() of whatever is typed for a key of `cls`; `out` is reset first. */
AL_MUST_USE enum al_err whois_key_canon(enum al_class cls, struct al_slice typed, struct al_buf *out);
/* The same for one value of an attribute; what does not fit stays as typed. */
void whois_value_canon(const struct al_attr_rule *rule, struct al_slice typed, struct al_buf *out);
/* The prefix of a zone below in-addr.arpa (RFC 1035, with RFC 2317's "0/27") or ip6.arpa (RFC 3596). */
AL_MUST_USE enum al_err whois_reverse_parse(struct al_slice name, struct al_prefix *out);
/* Could this only have been meant as an address or prefix? */
bool whois_like_address(struct al_slice key);

#endif
