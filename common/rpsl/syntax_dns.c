/*
 * syntax_dns.c -- canonical form of what a domain object holds: names, name
 * servers, DS data, hosted records.
 *
 * As in syntax.c: pure, reasons are constant texts, no other object is looked
 * at. Whether a record's data compiles is for the zones' builder to say.
 */
#include "syntax_dns.h"

#include <string.h>

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"

#define RECORD_DATA_MAX 1024

/* RFC 3696 section 2: an address that stands where a name should is no name. */
static bool ends_in_number(struct al_slice name)
{
	while (name.len > 0 && name.ptr[name.len - 1] >= '0' && name.ptr[name.len - 1] <= '9')
		name.len--;
	return name.len == 0 || name.ptr[name.len - 1] == '.';
}

enum al_err syntax_domain(struct al_slice value, struct al_buf *out, const char **why)
{
	if (syntax_domain_old(value, out, why) != AL_OK)
		return AL_EINVAL;
	*why = "a name's last label is not a number: this looks like an address";
	return ends_in_number(al_slice_head(value, value.len - (value.ptr[value.len - 1] == '.'))) ? AL_EINVAL : AL_OK;
}

enum al_err syntax_domain_old(struct al_slice value, struct al_buf *out, const char **why)
{
	char name[AL_NAME_MAX + 1];

	*why = "a domain name has labels of letters, digits, '-' and '_', 63 bytes each at most";
	if (al_name_canon(value, name) != AL_OK || name[0] == '\0' || strpbrk(name, "*/") != NULL)
		return AL_EINVAL;
	al_buf_str(out, name);
	return AL_OK;
}

enum al_err syntax_nserver(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice name, addr, extra;
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];
	bool has_addr;

	*why = "a name server is written NAME or NAME ADDRESS";
	if (!al_slice_word(&value, "", &name))
		return AL_EINVAL;
	has_addr = al_slice_word(&value, "", &addr);
	if ((has_addr && al_addr_parse(addr, &p) != AL_OK) || al_slice_word(&value, "", &extra))
		return AL_EINVAL;
	if (syntax_domain(name, out, why) != AL_OK)
		return AL_EINVAL;
	if (has_addr) {
		al_addr_format(&p, text);
		al_buf_printf(out, " %s", text);
	}
	return AL_OK;
}

static bool is_hex(struct al_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (memchr("0123456789abcdefABCDEF", s.ptr[i], 22) == NULL)
			return false;
	return s.len > 0 && s.len % 2 == 0;
}

static void put_lower(struct al_slice s, struct al_buf *out)
{
	for (size_t i = 0; i < s.len; i++)
		al_buf_u8(out, (uint8_t)(s.ptr[i] >= 'A' && s.ptr[i] <= 'F' ? s.ptr[i] - 'A' + 'a' : s.ptr[i]));
}

/* RFC 4034 section 5.3; digest lengths of types 1, 2 and 4. */
enum al_err syntax_ds(struct al_slice value, struct al_buf *out, const char **why)
{
	static const size_t digest_len[] = { [1] = 40, [2] = 64, [4] = 96 };
	struct al_slice word[3], hex;
	uint64_t number[3];
	char digest[96];
	size_t len = 0;

	*why = "a DS record is written: key tag, algorithm, digest type, digest in hex";
	for (size_t i = 0; i < 3; i++)
		if (!al_slice_word(&value, "", &word[i]) ||
		    al_slice_u64(word[i], i == 0 ? 65535 : 255, &number[i]) != AL_OK)
			return AL_EINVAL;
	while (al_slice_word(&value, "()", &hex)) { /* as zone files have it */
		if (hex.len > sizeof(digest) - len)
			return AL_EINVAL;
		memcpy(digest + len, hex.ptr, hex.len);
		len += hex.len;
	}
	if (!is_hex(al_slice_of(digest, len)))
		return AL_EINVAL;
	if (number[2] >= AL_COUNT(digest_len) || digest_len[number[2]] == 0 || digest_len[number[2]] != len) {
		*why = "the digest's type is not 1, 2 or 4, or its length does not fit the type";
		return AL_EINVAL;
	}
	al_buf_printf(out, "%u %u %u ", (unsigned)number[0], (unsigned)number[1], (unsigned)number[2]);
	put_lower(al_slice_of(digest, len), out);
	return AL_OK;
}

/* ---- hosted records ---- */

static const char *const record_types[] = { "A",    "AAAA",  "CNAME", "MX",    "TXT", "SRV",
					    "SVCB", "HTTPS", "TLSA",  "SSHFP", "CAA" };

static const char *record_type(struct al_slice word)
{
	for (size_t i = 0; i < AL_COUNT(record_types); i++)
		if (al_slice_caseis(word, record_types[i]))
			return record_types[i];
	return NULL;
}

static enum al_err record_address(struct al_slice data, unsigned bits, struct al_buf *out, const char **why)
{
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];

	*why = bits == 32 ? "an A record holds one IPv4 address" : "an AAAA record holds one IPv6 address";
	if (al_addr_parse(data, &p) != AL_OK || p.bits != bits)
		return AL_EINVAL;
	al_addr_format(&p, text);
	al_buf_str(out, text);
	return AL_OK;
}

/* `numbers` integers up to `max`, then a domain name ("." where the type allows it) or hex, then nothing. */
static enum al_err record_numbers(struct al_slice data, unsigned numbers, uint64_t max, bool hex, struct al_buf *out)
{
	struct al_slice word, extra;
	char name[AL_NAME_MAX + 1];
	uint64_t value;

	for (unsigned i = 0; i < numbers; i++) {
		if (!al_slice_word(&data, "", &word) || al_slice_u64(word, max, &value) != AL_OK)
			return AL_EINVAL;
		al_buf_printf(out, "%u ", (unsigned)value);
	}
	if (!al_slice_word(&data, "", &word) || al_slice_word(&data, "", &extra))
		return AL_EINVAL;
	if (hex) {
		if (!is_hex(word))
			return AL_EINVAL;
		put_lower(word, out);
		return AL_OK;
	}
	if (al_name_canon(word, name) != AL_OK)
		return AL_EINVAL;
	al_buf_printf(out, "%s.", name);
	return AL_OK;
}

/* TXT, CAA, SVCB, HTTPS: printable ASCII with balanced quotes; the zone's compiler checks the rest. */
static enum al_err record_free(struct al_slice data, struct al_buf *out)
{
	bool quoted = false;

	if (data.len == 0 || data.len > RECORD_DATA_MAX)
		return AL_EINVAL;
	for (size_t i = 0; i < data.len; i++) {
		unsigned char ch = (unsigned char)data.ptr[i];

		if (ch < 0x20 || ch > 0x7e || (!quoted && (ch == ';' || ch == '(' || ch == ')')))
			return AL_EINVAL;
		if (ch == '\\') {
			if (++i == data.len)
				return AL_EINVAL;
		} else if (ch == '"') {
			quoted = !quoted;
		}
	}
	if (quoted)
		return AL_EINVAL;
	al_buf_slice(out, data);
	return AL_OK;
}

static enum al_err record_data(const char *type, struct al_slice data, struct al_buf *out, const char **why)
{
	if (strcmp(type, "A") == 0)
		return record_address(data, 32, out, why);
	if (strcmp(type, "AAAA") == 0)
		return record_address(data, 128, out, why);
	*why = "the record's data does not have the form of its type";
	if (strcmp(type, "CNAME") == 0)
		return record_numbers(data, 0, 0, false, out);
	if (strcmp(type, "MX") == 0)
		return record_numbers(data, 1, 65535, false, out);
	if (strcmp(type, "SRV") == 0)
		return record_numbers(data, 3, 65535, false, out);
	if (strcmp(type, "TLSA") == 0)
		return record_numbers(data, 3, 255, true, out);
	if (strcmp(type, "SSHFP") == 0)
		return record_numbers(data, 2, 255, true, out);
	return record_free(data, out);
}

enum al_err syntax_record(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice owner, word;
	char name[AL_NAME_MAX + 1] = "@";
	const char *type;
	uint64_t ttl;
	bool has_ttl;

	*why = "a record is written NAME [TTL] TYPE DATA, with @ for the domain itself";
	if (!al_slice_word(&value, "", &owner) || !al_slice_word(&value, "", &word))
		return AL_EINVAL;
	has_ttl = al_slice_u64(word, 604800, &ttl) == AL_OK;
	if (has_ttl && !al_slice_word(&value, "", &word))
		return AL_EINVAL;
	type = record_type(word);
	if (type == NULL) {
		*why = "the record's type is not one of A AAAA CNAME MX TXT SRV SVCB HTTPS TLSA SSHFP CAA";
		return AL_EINVAL;
	}
	if (!al_slice_is(owner, "@") &&
	    (al_name_canon(owner, name) != AL_OK || name[0] == '\0' || owner.ptr[owner.len - 1] == '.'))
		return AL_EINVAL;
	al_buf_printf(out, "%s ", name);
	if (has_ttl)
		al_buf_printf(out, "%u ", (unsigned)ttl);
	al_buf_printf(out, "%s ", type);
	return record_data(type, al_slice_trim(value), out, why);
}
