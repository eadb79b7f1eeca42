/* SPDX-License-Identifier: MIT */
/*
 * syntax.c -- canonical form of single attribute values, one function a syntax
 * (names: syntax_name.c; those of domain objects: syntax_dns.c).
 *
 * Every function appends to `out` only when it succeeds, and gives its reason
 * as constant text. Nothing here looks at other objects.
 */
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/base/text.h"
#include "alamo/rpsl/claim.h"
#include "alamo/rpsl/schema.h"
#include "alamo/rpsl/sshsig.h"
#include "syntax_dns.h"
#include "syntax_name.h"
#include "syntax_place.h"

#define TEXT_MAX_LEN 1024

typedef enum al_err (*canon_fn)(struct al_slice value, struct al_buf *out, const char **why);

static char to_upper(char ch)
{
	return ch >= 'a' && ch <= 'z' ? (char)(ch - 'a' + 'A') : ch;
}

/* May be empty: people draw blank lines with it. */
static enum al_err canon_text(struct al_slice value, struct al_buf *out, const char **why)
{
	*why = "text has at most 1024 bytes of UTF-8, without characters that control or cannot be seen";
	if (value.len > TEXT_MAX_LEN || !al_text_ok(value))
		return AL_EINVAL;
	for (size_t i = 0; i < value.len; i++)
		al_buf_u8(out, value.ptr[i] == '\t' ? ' ' : (uint8_t)value.ptr[i]);
	return AL_OK;
}

static enum al_err canon_words(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice word;
	size_t count = 0;

	*why = "words are expected, in at most 1024 bytes of UTF-8 without characters that control or cannot be seen";
	if (value.len > TEXT_MAX_LEN || !al_text_ok(value))
		return AL_EINVAL;
	while (al_slice_word(&value, "", &word)) {
		if (count++ > 0)
			al_buf_u8(out, ' ');
		al_buf_slice(out, word);
	}
	return count > 0 ? AL_OK : AL_EINVAL;
}

/* What stands in the log and has no form of today: its words, as they may be shown. */
static enum al_err canon_as_it_is(struct al_slice value, struct al_buf *out)
{
	struct al_slice word;
	size_t count = 0;

	while (al_slice_word(&value, "", &word)) {
		if (count++ > 0)
			al_buf_u8(out, ' ');
		al_text_escape(word, out);
	}
	return AL_OK;
}

/* RFC 6943 section 3.1.1: some readers take 010 for eight. */
static bool octet_has_zero(struct al_slice value)
{
	bool start = true;

	for (size_t i = 0; i + 1 < value.len && value.ptr[i] != '/'; i++) {
		if (start && value.ptr[i] == '0' && value.ptr[i + 1] >= '0' && value.ptr[i + 1] <= '9')
			return true;
		start = value.ptr[i] == '.';
	}
	return false;
}

static enum al_err canon_prefix_of(struct al_slice value, unsigned bits, struct al_buf *out, const char **why)
{
	struct al_prefix p, loose;
	char text[AL_PREFIX_STRLEN];
	bool changed;

	*why = bits == 32    ? "an IPv4 prefix is written 172.28.0.0/27"
	       : bits == 128 ? "an IPv6 prefix is written fca1:100::/48"
			     : "a prefix is written 172.28.0.0/27 or fca1:100::/48";
	if (al_prefix_parse_range(value, &p) != AL_OK) {
		if (al_prefix_parse_loose(value, &loose, &changed) == AL_OK && changed)
			*why = "the prefix has bits set behind its length";
		else if (octet_has_zero(value))
			*why = "the octets of an address have no leading zeros: 192.0.2.0, not 192.0.02.0";
		return AL_EINVAL;
	}
	if (bits != 0 && p.bits != bits)
		return AL_EINVAL;
	al_prefix_format(&p, text);
	al_buf_str(out, text);
	return AL_OK;
}

static enum al_err canon_prefix4(struct al_slice value, struct al_buf *out, const char **why)
{
	return canon_prefix_of(value, 32, out, why);
}

static enum al_err canon_prefix6(struct al_slice value, struct al_buf *out, const char **why)
{
	return canon_prefix_of(value, 128, out, why);
}

static enum al_err canon_prefix(struct al_slice value, struct al_buf *out, const char **why)
{
	return canon_prefix_of(value, 0, out, why);
}

/* "^-", "^+", "^n", "^n-m" behind a prefix of `len` (RFC 2622 section 2), or behind a set with `len` 0. */
static bool range_operator_ok(struct al_slice op, unsigned len, unsigned bits)
{
	struct al_slice low;
	uint64_t n, m;

	if (al_slice_is(op, "-") || al_slice_is(op, "+"))
		return true;
	if (!al_slice_cut(&op, '-', &low))
		return al_slice_u64(low, bits, &n) == AL_OK && n >= len;
	return al_slice_u64(low, bits, &n) == AL_OK && al_slice_u64(op, bits, &m) == AL_OK && n >= len && m >= n;
}

/* A prefix, or what stands for several, with a range operator or without (RFC 2622 sections 5.2 and 5.4). */
static enum al_err canon_route_member(struct al_slice value, struct al_buf *out, const char **why)
{
	size_t start = out->len;
	struct al_slice rest = value, head;
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];
	bool has_op = al_slice_cut(&rest, '^', &head), good;

	if (syntax_set_of_routes(head, out, why) == AL_OK) {
		good = !has_op || range_operator_ok(rest, 0, 128);
	} else {
		out->len = out->err == AL_OK ? start : out->len;
		good = al_prefix_parse(head, &p) == AL_OK && (!has_op || range_operator_ok(rest, p.len, p.bits));
		if (good)
			al_prefix_format(&p, text);
		al_buf_str(out, good ? text : "");
	}
	*why = octet_has_zero(head) ? "the octets of an address have no leading zeros: 192.0.2.0, not 192.0.02.0"
				    : "a member is a prefix, an AS number or a set, with ^- ^+ ^n ^n-m or without";
	if (good && has_op) {
		al_buf_u8(out, '^');
		al_buf_slice(out, rest);
	}
	return good ? AL_OK : AL_EINVAL;
}

static enum al_err canon_auth(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_sshkey key;

	*why = "a key is an ssh-ed25519 or sk-ssh-ed25519@openssh.com public key line";
	if (al_sshkey_parse(value, &key) != AL_OK)
		return AL_EINVAL;
	*why = "no signature could ever verify by this key: it is no point of the curve's main group";
	if (!al_sshkey_sound(&key))
		return AL_EINVAL;
	al_sshkey_format(&key, out);
	return AL_OK;
}

static enum al_err canon_claim_key(struct al_slice value, struct al_buf *out, const char **why)
{
	*why = "a claim key is an ssh-rsa (2048 bits and more) or ecdsa-sha2-nistp256, -384, -521 public key line";
	return al_claim_key_canon(value, out);
}

static enum al_err canon_claim_proof(struct al_slice value, struct al_buf *out, const char **why)
{
	*why = "a proof is the base64 of an SSH signature by an RSA or ECDSA key, on one line";
	return al_claim_proof_canon(value, out);
}

static enum al_err canon_word_of(struct al_slice value, const char *const *words, size_t count, struct al_buf *out)
{
	for (size_t i = 0; i < count; i++)
		if (al_slice_caseis(value, words[i])) {
			al_buf_str(out, words[i]);
			return AL_OK;
		}
	return AL_EINVAL;
}

static enum al_err canon_policy(struct al_slice value, struct al_buf *out, const char **why)
{
	static const char *const words[] = { "open", "vouch", "ask", "reserved", "closed" };

	*why = "a policy is one of open, vouch, ask, reserved, closed";
	return canon_word_of(value, words, AL_COUNT(words), out);
}

static enum al_err canon_audience(struct al_slice value, struct al_buf *out, const char **why)
{
	static const char *const words[] = { "public", "members", "holders" };

	*why = "contact-for is one of public members holders";
	return canon_word_of(value, words, AL_COUNT(words), out);
}

static enum al_err canon_yes(struct al_slice value, struct al_buf *out, const char **why)
{
	static const char *const words[] = { "yes", "no" };

	*why = "it is yes or no";
	return canon_word_of(value, words, AL_COUNT(words), out);
}

static enum al_err canon_scan(struct al_slice value, struct al_buf *out, const char **why)
{
	static const char *const words[] = { "no", "ask", "yes" };

	*why = "scan is one of no ask yes";
	return canon_word_of(value, words, AL_COUNT(words), out);
}

static enum al_err canon_status(struct al_slice value, struct al_buf *out, const char **why)
{
	static const char *const words[] = { "ALLOCATED",    "ASSIGNED",    "ALLOCATED PA",
					     "ALLOCATED PI", "ASSIGNED PA", "ASSIGNED PI" };

	*why = "a status is ALLOCATED or ASSIGNED, with PA or PI";
	return canon_word_of(value, words, AL_COUNT(words), out);
}

static enum al_err canon_len(struct al_slice value, struct al_buf *out, const char **why)
{
	uint64_t len;

	*why = "a prefix length is a number up to 128";
	if (al_slice_u64(value, 128, &len) != AL_OK)
		return AL_EINVAL;
	al_buf_slice(out, value);
	return AL_OK;
}

static enum al_err canon_hash(struct al_slice value, struct al_buf *out, const char **why)
{
	uint8_t hash[AL_HASH_LEN];
	size_t len;

	*why = "a contact is written sha256: and 44 characters of base64";
	if (!al_slice_starts(value, "sha256:") ||
	    al_slice_base64(al_slice_from(value, 7), hash, sizeof(hash), &len) != AL_OK || len != sizeof(hash))
		return AL_EINVAL;
	al_buf_slice(out, value);
	return AL_OK;
}

static enum al_err canon_root_server(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice letter, addr, extra;
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];

	*why = "a root server is written as one letter and one address";
	if (!al_slice_word(&value, "", &letter) || !al_slice_word(&value, "", &addr) ||
	    al_slice_word(&value, "", &extra) || letter.len != 1 || al_addr_parse(addr, &p) != AL_OK ||
	    to_upper(letter.ptr[0]) < 'A' || to_upper(letter.ptr[0]) > 'Z')
		return AL_EINVAL;
	al_addr_format(&p, text);
	al_buf_printf(out, "%c %s", to_upper(letter.ptr[0]) - 'A' + 'a', text);
	return AL_OK;
}

static enum al_err canon_number(struct al_slice value, struct al_buf *out, const char **why)
{
	uint64_t number;

	*why = "a number up to 1000000 is expected";
	if (al_slice_u64(value, 1000000, &number) != AL_OK)
		return AL_EINVAL;
	al_buf_slice(out, value);
	return AL_OK;
}

/* For documentation there are addresses: an example may stand where an address in the world does. */
static bool unreachable(const struct al_prefix *addr)
{
	const char *kind = al_addr_special(addr);

	return kind != NULL && strcmp(kind, "documentation") != 0;
}

static enum al_err canon_address(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];

	*why = "one address is expected";
	if (al_addr_parse(value, &p) != AL_OK)
		return AL_EINVAL;
	*why = "nobody else can reach this address: it is loopback, link-local, multicast, unspecified or reserved";
	if (unreachable(&p))
		return AL_EINVAL;
	al_addr_format(&p, text);
	al_buf_str(out, text);
	return AL_OK;
}

static enum al_err canon_endpoint(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice host, port, extra;
	uint64_t number;

	*why = "an endpoint is written as host (name or address) and port";
	if (!al_slice_word(&value, "", &host) || !al_slice_word(&value, "", &port) ||
	    al_slice_word(&value, "", &extra) || al_slice_u64(port, 65535, &number) != AL_OK || number == 0)
		return AL_EINVAL;
	if (canon_address(host, out, why) != AL_OK && syntax_domain(host, out, why) != AL_OK)
		return AL_EINVAL;
	al_buf_printf(out, " %u", (unsigned)number);
	return AL_OK;
}

static enum al_err canon_key32(struct al_slice value, struct al_buf *out, const char **why)
{
	uint8_t key[32];
	size_t len;

	*why = "a key is 44 characters of base64";
	if (al_slice_base64(value, key, sizeof(key), &len) != AL_OK || len != sizeof(key))
		return AL_EINVAL;
	al_buf_slice(out, value);
	return AL_OK;
}

static enum al_err canon_signature(struct al_slice value, struct al_buf *out, const char **why)
{
	uint8_t signature[64];
	size_t len;

	*why = "a signature is 88 characters of base64";
	if (al_slice_base64(value, signature, sizeof(signature), &len) != AL_OK || len != sizeof(signature))
		return AL_EINVAL;
	al_buf_slice(out, value);
	return AL_OK;
}

static enum al_err canon_port(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice protocol, port, extra;
	uint64_t number;
	bool tcp;

	*why = "a port is written as tcp or udp, and its number";
	if (!al_slice_word(&value, "", &protocol) || !al_slice_word(&value, "", &port) ||
	    al_slice_word(&value, "", &extra) || al_slice_u64(port, 65535, &number) != AL_OK || number == 0)
		return AL_EINVAL;
	tcp = al_slice_caseeq(protocol, AL_S("tcp"));
	if (!tcp && !al_slice_caseeq(protocol, AL_S("udp")))
		return AL_EINVAL;
	al_buf_printf(out, "%s %u", tcp ? "tcp" : "udp", (unsigned)number);
	return AL_OK;
}

static enum al_err canon_reverse(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice address, name, extra;

	*why = "a reverse name is written as address and name";
	if (!al_slice_word(&value, "", &address) || !al_slice_word(&value, "", &name) ||
	    al_slice_word(&value, "", &extra))
		return AL_EINVAL;
	if (canon_address(address, out, why) != AL_OK)
		return AL_EINVAL;
	al_buf_u8(out, ' ');
	return syntax_domain(name, out, why);
}

static const struct {
	canon_fn canon;
	/*
	 * Wider: what a log may have; NULL: nothing but `canon`, or any words. Numbers and prefixes, by which space is
	 * counted, were never taken in another form.
	 */
	canon_fn old;
	const char *doc;
} syntaxes[] = {
	[AL_SYN_TEXT] = { canon_text, NULL, "text" },
	[AL_SYN_WORDS] = { canon_words, NULL, "words" },
	[AL_SYN_NAME] = { syntax_name, syntax_name_old, "name" },
	[AL_SYN_MNTNER] = { syntax_mntner, syntax_mntner_old, "NAME-MNT" },
	[AL_SYN_NIC_HDL] = { syntax_nic_hdl, syntax_nic_hdl_old, "handle" },
	[AL_SYN_MNTNER_ANY] = { syntax_mntner_any, syntax_mntner_any_old, "NAME-MNT or ANY" },
	[AL_SYN_ORG] = { syntax_org, NULL, "ORG-NAME" },
	[AL_SYN_COUNTRY] = { syntax_country, NULL, "ISO 3166 code" },
	[AL_SYN_ASN] = { syntax_asn, syntax_asn, "AS number" },
	[AL_SYN_AS_BLOCK] = { syntax_as_block, syntax_as_block, "AS number range" },
	[AL_SYN_AS_NAME] = { syntax_name, syntax_name_old, "name" },
	[AL_SYN_AS_SET] = { syntax_as_set, syntax_as_set_old, "as-set name" },
	[AL_SYN_AS_MEMBER] = { syntax_as_member, NULL, "AS number or as-set" },
	[AL_SYN_PREFIX4] = { canon_prefix4, canon_prefix4, "IPv4 prefix" },
	[AL_SYN_PREFIX6] = { canon_prefix6, canon_prefix6, "IPv6 prefix" },
	[AL_SYN_PREFIX] = { canon_prefix, canon_prefix, "prefix" },
	[AL_SYN_ROUTE_SET] = { syntax_route_set, syntax_route_set_old, "route-set name" },
	[AL_SYN_ROUTE_MEMBER] = { canon_route_member, NULL, "prefix, AS number or set" },
	[AL_SYN_DOMAIN] = { syntax_domain, syntax_domain_old, "domain name" },
	[AL_SYN_NSERVER] = { syntax_nserver, NULL, "name [address]" },
	[AL_SYN_DS] = { syntax_ds, NULL, "DS data" },
	[AL_SYN_RECORD] = { syntax_record, NULL, "name [TTL] type data" },
	[AL_SYN_AUTH] = { canon_auth, NULL, "SSH public key" },
	[AL_SYN_CLAIM_KEY] = { canon_claim_key, NULL, "RSA or ECDSA public key" },
	[AL_SYN_CLAIM_PROOF] = { canon_claim_proof, NULL, "SSH signature in base64" },
	[AL_SYN_POLICY] = { canon_policy, NULL, "open|vouch|ask|reserved|closed" },
	[AL_SYN_AUDIENCE] = { canon_audience, NULL, "public|members|holders" },
	[AL_SYN_YES] = { canon_yes, NULL, "yes|no" },
	[AL_SYN_STATUS] = { canon_status, NULL, "ALLOCATED|ASSIGNED [PA|PI]" },
	[AL_SYN_LEN] = { canon_len, NULL, "prefix length" },
	[AL_SYN_SOURCE] = { syntax_name, syntax_name_old, "registry name" },
	[AL_SYN_HASH] = { canon_hash, NULL, "sha256:base64" },
	[AL_SYN_ROOT_SERVER] = { canon_root_server, NULL, "letter address" },
	[AL_SYN_NUMBER] = { canon_number, NULL, "number" },
	[AL_SYN_ADDRESS] = { canon_address, NULL, "address" },
	[AL_SYN_ENDPOINT] = { canon_endpoint, NULL, "host port" },
	[AL_SYN_KEY32] = { canon_key32, NULL, "base64 of 32 bytes" },
	[AL_SYN_NODE_PAIR] = { syntax_node_pair, syntax_node_pair, "NODE:NODE" },
	[AL_SYN_SIGNATURE] = { canon_signature, NULL, "base64 of 64 bytes" },
	[AL_SYN_PORT] = { canon_port, NULL, "tcp|udp number" },
	[AL_SYN_REVERSE] = { canon_reverse, NULL, "address name" },
	[AL_SYN_HTTPS] = { syntax_https, NULL, "https URL" },
	[AL_SYN_GEOLOC] = { syntax_geoloc, NULL, "latitude longitude" },
	[AL_SYN_SCAN] = { canon_scan, NULL, "no|ask|yes" },
};

const char *al_syntax_doc(enum al_syntax syntax)
{
	return syntaxes[syntax].doc;
}

static enum al_err canon_by(canon_fn canon, struct al_slice value, struct al_buf *out, const char **why)
{
	size_t start = out->len;
	enum al_err err = canon(al_slice_trim(value), out, why);

	if (err != AL_OK && out->err == AL_OK)
		out->len = start;
	return err != AL_OK ? err : out->err;
}

enum al_err al_syntax_canon(enum al_syntax syntax, struct al_slice value, struct al_buf *out, const char **why)
{
	return canon_by(syntaxes[syntax].canon, value, out, why);
}

enum al_err al_syntax_canon_old(enum al_syntax syntax, struct al_slice value, struct al_buf *out)
{
	const char *why;

	if (syntaxes[syntax].old != NULL)
		return canon_by(syntaxes[syntax].old, value, out, &why);
	return canon_as_it_is(al_slice_trim(value), out) == AL_OK ? out->err : AL_EINVAL;
}
