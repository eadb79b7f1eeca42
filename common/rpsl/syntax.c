/*
 * syntax.c -- canonical form of single attribute values, one function a syntax
 * (those of domain objects: syntax_dns.c).
 *
 * Every function appends to `out` only when it succeeds, and gives its reason
 * as constant text. Nothing here looks at other objects.
 */
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/rpsl/schema.h"
#include "alamo/rpsl/sshsig.h"
#include "syntax_dns.h"

#define NAME_MAX_LEN 80
#define TEXT_MAX_LEN 1024

typedef enum al_err (*canon_fn)(struct al_slice value, struct al_buf *out, const char **why);

static bool upper_word(char ch)
{
	return (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
}

static char to_upper(char ch)
{
	return ch >= 'a' && ch <= 'z' ? (char)(ch - 'a' + 'A') : ch;
}

static bool reserved_word(struct al_slice name)
{
	static const char *const words[] = { "ANY",    "AS-ANY", "RS-ANY",   "PEERAS", "AND",     "OR",      "NOT",
					     "ATOMIC", "FROM",   "TO",       "AT",     "ACTION",  "ACCEPT",  "ANNOUNCE",
					     "EXCEPT", "REFINE", "NETWORKS", "INTO",   "INBOUND", "OUTBOUND" };

	for (size_t i = 0; i < AL_COUNT(words); i++)
		if (al_slice_caseis(name, words[i]))
			return true;
	return false;
}

/* RPSL name (RFC 2622 section 2) without looking at reserved words; upper case into `up`. */
static enum al_err name_upper(struct al_slice value, char up[static NAME_MAX_LEN + 1], const char **why)
{
	*why = "a name has letters, digits, '-' and '_', starts with a letter and ends with a letter or digit";
	if (value.len < 2 || value.len > NAME_MAX_LEN)
		return AL_EINVAL;
	for (size_t i = 0; i < value.len; i++) {
		up[i] = to_upper(value.ptr[i]);
		if (!upper_word(up[i]))
			return AL_EINVAL;
	}
	up[value.len] = '\0';
	if (up[0] < 'A' || up[0] > 'Z' || up[value.len - 1] == '-' || up[value.len - 1] == '_')
		return AL_EINVAL;
	return AL_OK;
}

static enum al_err canon_text(struct al_slice value, struct al_buf *out, const char **why)
{
	*why = "text has 1 to 1024 bytes and no control characters";
	if (value.len == 0 || value.len > TEXT_MAX_LEN)
		return AL_EINVAL;
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.ptr[i] < 0x20 && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return AL_EINVAL;
	for (size_t i = 0; i < value.len; i++)
		al_buf_u8(out, value.ptr[i] == '\t' ? ' ' : (uint8_t)value.ptr[i]);
	return AL_OK;
}

static enum al_err canon_words(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice word;
	size_t count = 0;

	*why = "words are expected";
	if (value.len > TEXT_MAX_LEN)
		return AL_EINVAL;
	while (al_slice_word(&value, "", &word)) {
		if (count++ > 0)
			al_buf_u8(out, ' ');
		al_buf_slice(out, word);
	}
	return count > 0 ? AL_OK : AL_EINVAL;
}

static enum al_err canon_name(struct al_slice value, struct al_buf *out, const char **why)
{
	char up[NAME_MAX_LEN + 1];

	if (al_slice_caseis(value, "ANY")) { /* mbrs-by-ref: ANY (RFC 2622 section 5.1) */
		al_buf_str(out, "ANY");
		return AL_OK;
	}
	if (name_upper(value, up, why) != AL_OK)
		return AL_EINVAL;
	if (reserved_word(value)) {
		*why = "this name is reserved";
		return AL_EINVAL;
	}
	al_buf_str(out, up);
	return AL_OK;
}

static enum al_err canon_mntner(struct al_slice value, struct al_buf *out, const char **why)
{
	char up[NAME_MAX_LEN + 1];

	if (name_upper(value, up, why) != AL_OK)
		return AL_EINVAL;
	*why = "a maintainer's name ends in -MNT";
	if (value.len < 5 || strcmp(up + value.len - 4, "-MNT") != 0)
		return AL_EINVAL;
	al_buf_str(out, up);
	return AL_OK;
}

static enum al_err canon_nic_hdl(struct al_slice value, struct al_buf *out, const char **why)
{
	char up[NAME_MAX_LEN + 1];

	if (name_upper(value, up, why) != AL_OK)
		return AL_EINVAL;
	*why = "a handle has a '-' in it, as FISHER-ALAMO";
	if (strchr(up, '-') == NULL)
		return AL_EINVAL;
	al_buf_str(out, up);
	return AL_OK;
}

static enum al_err canon_asn(struct al_slice value, struct al_buf *out, const char **why)
{
	char text[AL_ASN_STRLEN];
	uint32_t asn;

	*why = "an AS number is written AS64512";
	if (al_asn_parse(value, &asn) != AL_OK)
		return AL_EINVAL;
	al_asn_format(asn, text);
	al_buf_str(out, text);
	return AL_OK;
}

static enum al_err canon_as_block(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_asn_range range;

	*why = "a block is written AS64512-AS64600, the smaller number first";
	if (al_asn_range_parse(value, &range) != AL_OK)
		return AL_EINVAL;
	al_buf_printf(out, "AS%u-AS%u", range.first, range.last);
	return AL_OK;
}

/* Set names (RFC 2622 section 5): parts with ':', each an AS number or PREFIX-name, at least one of the latter. */
static enum al_err canon_set(struct al_slice value, const char *prefix, struct al_buf *out, const char **why)
{
	struct al_slice rest = value, part;
	char up[NAME_MAX_LEN + 1], name[NAME_MAX_LEN + 1];
	size_t at = 0;
	uint32_t asn;
	bool named = false;

	if (value.len > NAME_MAX_LEN || value.len == 0 || value.ptr[value.len - 1] == ':')
		goto bad;
	while (rest.len > 0) {
		(void)al_slice_cut(&rest, ':', &part);
		if (al_asn_parse(part, &asn) != AL_OK) {
			if (!al_slice_casestarts(part, prefix) || name_upper(part, up, why) != AL_OK ||
			    reserved_word(part))
				goto bad;
			named = true;
		}
		for (size_t i = 0; i < part.len; i++)
			name[at++] = to_upper(part.ptr[i]);
		if (rest.len > 0)
			name[at++] = ':';
	}
	if (!named)
		goto bad;
	al_buf_put(out, name, at);
	return AL_OK;
bad:
	*why = prefix[0] == 'A' ? "an as-set is named AS-NAME or AS64512:AS-NAME"
				: "a route-set is named RS-NAME or AS64512:RS-NAME";
	return AL_EINVAL;
}

static enum al_err canon_as_set(struct al_slice value, struct al_buf *out, const char **why)
{
	return canon_set(value, "AS-", out, why);
}

static enum al_err canon_route_set(struct al_slice value, struct al_buf *out, const char **why)
{
	return canon_set(value, "RS-", out, why);
}

static enum al_err canon_as_member(struct al_slice value, struct al_buf *out, const char **why)
{
	if (canon_asn(value, out, why) == AL_OK)
		return AL_OK;
	return canon_set(value, "AS-", out, why);
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

/* "^-", "^+", "^n", "^n-m" behind a prefix (RFC 2622 section 2). */
static bool range_operator_ok(struct al_slice op, const struct al_prefix *p)
{
	struct al_slice low;
	uint64_t n, m;

	if (al_slice_is(op, "-") || al_slice_is(op, "+"))
		return true;
	if (!al_slice_cut(&op, '-', &low))
		return al_slice_u64(low, p->bits, &n) == AL_OK && n >= p->len;
	return al_slice_u64(low, p->bits, &n) == AL_OK && al_slice_u64(op, p->bits, &m) == AL_OK && n >= p->len &&
	       m >= n;
}

static enum al_err canon_route_member(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice rest = value, head;
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];
	bool has_op;

	if (canon_asn(value, out, why) == AL_OK || canon_set(value, "RS-", out, why) == AL_OK ||
	    canon_set(value, "AS-", out, why) == AL_OK)
		return AL_OK;
	*why = "a member is a prefix (with ^- ^+ ^n ^n-m), an AS number or a set";
	has_op = al_slice_cut(&rest, '^', &head);
	if (al_prefix_parse(head, &p) != AL_OK || (has_op && !range_operator_ok(rest, &p)))
		return AL_EINVAL;
	al_prefix_format(&p, text);
	al_buf_str(out, text);
	if (has_op) {
		al_buf_u8(out, '^');
		al_buf_slice(out, rest);
	}
	return AL_OK;
}

static enum al_err canon_auth(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_sshkey key;

	*why = "a key is an ssh-ed25519 or sk-ssh-ed25519@openssh.com public key line";
	if (al_sshkey_parse(value, &key) != AL_OK)
		return AL_EINVAL;
	al_sshkey_format(&key, out);
	return AL_OK;
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
	al_buf_printf(out, "%u", (unsigned)len);
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
	al_buf_printf(out, "%u", (unsigned)number);
	return AL_OK;
}

static enum al_err canon_address(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];

	*why = "one address is expected";
	if (al_addr_parse(value, &p) != AL_OK)
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

/* Either order is typed, one is kept: a link has one object. */
static enum al_err canon_node_pair(struct al_slice value, struct al_buf *out, const char **why)
{
	char one[NAME_MAX_LEN + 1], other[NAME_MAX_LEN + 1];
	struct al_slice rest = value, first;
	bool swap;

	if (!al_slice_cut(&rest, ':', &first) || name_upper(first, one, why) != AL_OK ||
	    name_upper(rest, other, why) != AL_OK || strcmp(one, other) == 0) {
		*why = "a peering is named by its two nodes, NODE:NODE";
		return AL_EINVAL;
	}
	swap = strcmp(one, other) > 0;
	al_buf_printf(out, "%s:%s", swap ? other : one, swap ? one : other);
	return AL_OK;
}

static const struct {
	canon_fn canon;
	const char *doc;
} syntaxes[] = {
	[AL_SYN_TEXT] = { canon_text, "text" },
	[AL_SYN_WORDS] = { canon_words, "words" },
	[AL_SYN_NAME] = { canon_name, "name" },
	[AL_SYN_MNTNER] = { canon_mntner, "NAME-MNT" },
	[AL_SYN_NIC_HDL] = { canon_nic_hdl, "handle" },
	[AL_SYN_ASN] = { canon_asn, "AS number" },
	[AL_SYN_AS_BLOCK] = { canon_as_block, "AS number range" },
	[AL_SYN_AS_NAME] = { canon_name, "name" },
	[AL_SYN_AS_SET] = { canon_as_set, "as-set name" },
	[AL_SYN_AS_MEMBER] = { canon_as_member, "AS number or as-set" },
	[AL_SYN_PREFIX4] = { canon_prefix4, "IPv4 prefix" },
	[AL_SYN_PREFIX6] = { canon_prefix6, "IPv6 prefix" },
	[AL_SYN_PREFIX] = { canon_prefix, "prefix" },
	[AL_SYN_ROUTE_SET] = { canon_route_set, "route-set name" },
	[AL_SYN_ROUTE_MEMBER] = { canon_route_member, "prefix, AS number or set" },
	[AL_SYN_DOMAIN] = { syntax_domain, "domain name" },
	[AL_SYN_NSERVER] = { syntax_nserver, "name [address]" },
	[AL_SYN_DS] = { syntax_ds, "DS data" },
	[AL_SYN_RECORD] = { syntax_record, "name [TTL] type data" },
	[AL_SYN_AUTH] = { canon_auth, "SSH public key" },
	[AL_SYN_POLICY] = { canon_policy, "open|vouch|ask|reserved|closed" },
	[AL_SYN_STATUS] = { canon_status, "ALLOCATED|ASSIGNED [PA|PI]" },
	[AL_SYN_LEN] = { canon_len, "prefix length" },
	[AL_SYN_SOURCE] = { canon_name, "registry name" },
	[AL_SYN_HASH] = { canon_hash, "sha256:base64" },
	[AL_SYN_ROOT_SERVER] = { canon_root_server, "letter address" },
	[AL_SYN_NUMBER] = { canon_number, "number" },
	[AL_SYN_ADDRESS] = { canon_address, "address" },
	[AL_SYN_ENDPOINT] = { canon_endpoint, "host port" },
	[AL_SYN_KEY32] = { canon_key32, "base64 of 32 bytes" },
	[AL_SYN_NODE_PAIR] = { canon_node_pair, "NODE:NODE" },
};

const char *al_syntax_doc(enum al_syntax syntax)
{
	return syntaxes[syntax].doc;
}

enum al_err al_syntax_canon(enum al_syntax syntax, struct al_slice value, struct al_buf *out, const char **why)
{
	size_t start = out->len;
	enum al_err err = syntaxes[syntax].canon(al_slice_trim(value), out, why);

	if (err != AL_OK && out->err == AL_OK)
		out->len = start;
	return err != AL_OK ? err : out->err;
}
