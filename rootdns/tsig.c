/* SPDX-License-Identifier: MIT */
/*
 * tsig.c -- see tsig.h. A query's record is the last one of its message, so
 * that what is signed is all in front of it.
 */
#include "tsig.h"

#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "kept.h"
#include "rrset.h"

#define CLASS_ANY 255u
#define FUDGE_S 300u
#define MAC_LEAST 10u /* RFC 8945 section 5.2.2.1 */
#define FILE_MAX 65536u
#define SECRET_MAX 256u
#define FIXED_LEN 10u /* type, class, TTL, RDLENGTH */
#define SIGNED_MAX (65535u + 3u * DNAME_MAX + 64u)

static const struct algorithm {
	const char *text;
	const char *wire;
	const EVP_MD *(*md)(void);
	uint8_t len; /* of the MAC */
} algorithms[] = {
	{ "hmac-sha256", "\13hmac-sha256", EVP_sha256, 32 },
	{ "hmac-sha384", "\13hmac-sha384", EVP_sha384, 48 },
	{ "hmac-sha512", "\13hmac-sha512", EVP_sha512, 64 },
};

struct tsig_key {
	struct tsig_key *next;
	struct dname name;
	const struct algorithm *algorithm;
	size_t len;
	uint8_t secret[SECRET_MAX];
};

struct tsig_keys {
	struct tsig_key *first;
};

/* ---- the file ---- */

static const struct algorithm *algorithm_of(struct al_slice text)
{
	for (size_t i = 0; i < AL_COUNT(algorithms); i++)
		if (al_slice_caseis(text, algorithms[i].text))
			return &algorithms[i];
	return NULL;
}

static const char *key_take(struct tsig_keys *keys, struct al_slice line)
{
	struct al_slice algorithm, name;
	struct tsig_key *key = calloc(1, sizeof(*key));

	if (key == NULL)
		return "out of memory";
	LL_PREPEND(keys->first, key);
	if (!al_slice_cut(&line, ':', &algorithm) || !al_slice_cut(&line, ':', &name))
		return "not ALGORITHM:NAME:SECRET";
	key->algorithm = algorithm_of(algorithm);
	if (key->algorithm == NULL)
		return "the algorithm is not hmac-sha256, hmac-sha384 or hmac-sha512";
	if (al_slice_ends(name, "."))
		name = al_slice_head(name, name.len - 1);
	if (name.len == 0 || dname_of_text(name, &key->name) != AL_OK)
		return "the name is not a domain name in lower case";
	if (tsig_key_find(&(struct tsig_keys){ key->next }, &key->name) != NULL)
		return "the name stands there twice";
	if (al_slice_base64(line, key->secret, sizeof(key->secret), &key->len) != AL_OK || key->len < 16)
		return "the secret is not base64 of 16 to 256 bytes";
	return NULL;
}

enum al_err tsig_keys_read(struct al_slice text, const char *where, struct tsig_keys **out)
{
	struct tsig_keys *keys = calloc(1, sizeof(*keys));
	struct al_slice line, bare;

	if (keys == NULL)
		return AL_ENOMEM;
	for (unsigned number = 1; al_slice_line(&text, &line); number++) {
		const char *why;

		bare = line;
		(void)al_slice_cut(&bare, '#', &line);
		line = al_slice_trim(line);
		why = line.len > 0 ? key_take(keys, line) : NULL;
		if (why == NULL)
			continue;
		al_log(AL_LOG_ERROR, "tsig-keys", "file=%s line=%u why=\"%s\"", where, number, why);
		tsig_keys_free(keys);
		return AL_EINVAL;
	}
	*out = keys;
	return AL_OK;
}

enum al_err tsig_keys_load(const char *path, struct tsig_keys **out)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, FILE_MAX);
	err = kept_get(path, NULL, &text);
	if (err == AL_ENOTFOUND)
		al_log(AL_LOG_ERROR, "tsig-keys", "file=%s why=\"there is no such file\"", path);
	if (err == AL_OK)
		err = tsig_keys_read(al_buf_view(&text), path, out);
	if (text.ptr != NULL)
		sodium_memzero(text.ptr, text.len);
	al_buf_release(&text);
	return err;
}

void tsig_keys_free(struct tsig_keys *keys)
{
	struct tsig_key *key, *next;

	if (keys == NULL)
		return;
	LL_FOREACH_SAFE(keys->first, key, next)
	{
		sodium_memzero(key, sizeof(*key));
		free(key);
	}
	free(keys);
}

const struct tsig_key *tsig_key_find(const struct tsig_keys *keys, const struct dname *name)
{
	const struct tsig_key *key;

	if (keys == NULL)
		return NULL;
	LL_FOREACH(keys->first, key)
	if (dname_eq(&key->name, name))
		return key;
	return NULL;
}

const struct dname *tsig_key_name(const struct tsig_key *key)
{
	return &key->name;
}

/* ---- what is signed ---- */

struct mac_input {
	const struct tsig *tsig;
	const uint8_t *msg; /* without the record */
	size_t len;
	uint16_t id; /* as the signer saw it */
	bool prior;  /* an earlier MAC stands in front */
	bool timers; /* of the variables the times only */
	uint64_t time;
	uint16_t additional; /* as the signer saw it */
	const uint8_t *other;
	uint8_t other_len;
};

static void put_time(struct al_buf *out, uint64_t time)
{
	al_buf_u16(out, (uint16_t)(time >> 32));
	al_buf_u32(out, (uint32_t)time);
}

static bool mac_make(const struct mac_input *in, uint8_t mac[static TSIG_MAC_MAX])
{
	const struct tsig *tsig = in->tsig;
	const struct tsig_key *key = tsig->key;
	unsigned len = 0;
	struct al_buf bytes;
	bool ok;

	al_buf_init(&bytes, SIGNED_MAX);
	if (in->prior) {
		al_buf_u16(&bytes, tsig->mac_len);
		al_buf_put(&bytes, tsig->mac, tsig->mac_len);
	}
	al_buf_u16(&bytes, in->id);
	al_buf_put(&bytes, in->msg + 2, 8);
	al_buf_u16(&bytes, in->additional);
	al_buf_put(&bytes, in->msg + DNS_HEADER, in->len - DNS_HEADER);
	if (!in->timers) {
		al_buf_put(&bytes, tsig->name.b, tsig->name.len);
		al_buf_u16(&bytes, CLASS_ANY);
		al_buf_u32(&bytes, 0);
		al_buf_put(&bytes, tsig->algorithm.b, tsig->algorithm.len);
	}
	put_time(&bytes, in->time);
	al_buf_u16(&bytes, tsig->fudge);
	if (!in->timers) {
		al_buf_u16(&bytes, tsig->error);
		al_buf_u16(&bytes, in->other_len);
		al_buf_put(&bytes, in->other, in->other_len);
	}
	ok = bytes.err == AL_OK &&
	     HMAC(key->algorithm->md(), key->secret, (int)key->len, bytes.ptr, bytes.len, mac, &len) != NULL;
	al_buf_release(&bytes);
	return ok;
}

/* ---- a query's ---- */

/* A name of the record: spelt out, any case. */
static bool name_take(struct al_reader *r, struct dname *out)
{
	struct dname_index name;

	if (r->left == 0 || dname_index(0, r->ptr, r->left, &name) != AL_OK)
		return false;
	(void)al_read_bytes(r, name.len);
	dname_of_wire(name.name, name.len, out);
	return true;
}

struct record {
	struct al_slice mac;
	uint16_t id;
	struct al_slice other;
};

static bool record_take(const struct query *query, struct tsig *tsig, struct record *out)
{
	struct al_reader r = al_reader_of(query->msg + query->tsig_at, query->len - query->tsig_at);

	if (!name_take(&r, &tsig->name))
		return false;
	(void)al_read_u16(&r); /* the type brought us here */
	if (al_read_u16(&r) != CLASS_ANY || al_read_u32(&r) != 0)
		return false;
	(void)al_read_u16(&r); /* its length ends with the message: query.c */
	if (!name_take(&r, &tsig->algorithm))
		return false;
	tsig->time = (uint64_t)al_read_u16(&r) << 32;
	tsig->time |= al_read_u32(&r);
	tsig->fudge = al_read_u16(&r);
	out->mac = al_read_bytes(&r, al_read_u16(&r));
	out->id = al_read_u16(&r);
	if (al_read_u16(&r) != 0) /* error: a query has none */
		return false;
	out->other = al_read_bytes(&r, al_read_u16(&r));
	return al_reader_done(&r);
}

static bool algorithm_fits(const struct tsig *tsig, const struct algorithm *algorithm)
{
	return strlen(algorithm->wire) + 1 == tsig->algorithm.len &&
	       memcmp(algorithm->wire, tsig->algorithm.b, tsig->algorithm.len) == 0;
}

static enum rcode refuse(struct tsig *tsig, enum tsig_error error)
{
	tsig->error = (uint16_t)error;
	/* RFC 8945 section 5.2: only a bad time is told under the signature. */
	if (error != TSIG_BADTIME)
		tsig->key = NULL;
	return RCODE_NOTAUTH;
}

static bool mac_holds(const struct query *query, const struct tsig *tsig, const struct record *record)
{
	struct mac_input input = { .tsig = tsig,
				   .msg = query->msg,
				   .len = query->tsig_at,
				   .id = record->id,
				   .time = tsig->time,
				   .additional = (uint16_t)(al_get_u16(query->msg + 10) - 1),
				   .other = (const uint8_t *)record->other.ptr,
				   .other_len = (uint8_t)record->other.len };
	uint8_t mac[TSIG_MAC_MAX];

	return mac_make(&input, mac) && record->mac.len == tsig->key->algorithm->len &&
	       sodium_memcmp(mac, record->mac.ptr, record->mac.len) == 0;
}

enum rcode tsig_check(const struct tsig_keys *keys, uint64_t now, const struct query *query, struct tsig *out)
{
	struct record record;
	uint8_t full;

	memset(out, 0, sizeof(*out));
	out->now = now;
	if (!record_take(query, out, &record) || record.other.len > 255)
		return RCODE_FORMERR;
	out->key = tsig_key_find(keys, &out->name);
	if (out->key == NULL || !algorithm_fits(out, out->key->algorithm))
		return refuse(out, TSIG_BADKEY);
	full = out->key->algorithm->len;
	if (record.mac.len > full || record.mac.len < MAC_LEAST || record.mac.len < full / 2u)
		return RCODE_FORMERR;
	if (record.mac.len < full)
		return refuse(out, TSIG_BADTRUNC);
	if (!mac_holds(query, out, &record))
		return refuse(out, TSIG_BADSIG);
	out->mac_len = full;
	memcpy(out->mac, record.mac.ptr, full);
	if (now > out->time + out->fudge || now + out->fudge < out->time)
		return refuse(out, TSIG_BADTIME);
	return RCODE_NOERROR;
}

void tsig_start(const struct tsig_key *key, uint64_t now, struct tsig *out)
{
	memset(out, 0, sizeof(*out));
	out->key = key;
	out->now = out->time = now;
	out->fudge = FUDGE_S;
	out->name = key->name;
	out->algorithm.len = (uint8_t)(strlen(key->algorithm->wire) + 1);
	memcpy(out->algorithm.b, key->algorithm->wire, out->algorithm.len);
}

/* ---- an answer's ---- */

size_t tsig_room(const struct tsig *tsig)
{
	return tsig->name.len + FIXED_LEN + tsig->algorithm.len + 16u + TSIG_MAC_MAX + 6u;
}

static void record_put(const struct tsig *tsig, const struct mac_input *in, const uint8_t *mac, size_t mac_len,
		       struct al_buf *out)
{
	size_t len = tsig->algorithm.len + 16u + mac_len + in->other_len;

	al_buf_put(out, tsig->name.b, tsig->name.len);
	al_buf_u16(out, RR_TSIG);
	al_buf_u16(out, CLASS_ANY);
	al_buf_u32(out, 0);
	al_buf_u16(out, (uint16_t)len);
	al_buf_put(out, tsig->algorithm.b, tsig->algorithm.len);
	put_time(out, in->time);
	al_buf_u16(out, tsig->fudge);
	al_buf_u16(out, (uint16_t)mac_len);
	al_buf_put(out, mac, mac_len);
	al_buf_u16(out, in->id);
	al_buf_u16(out, tsig->error);
	al_buf_u16(out, in->other_len);
	al_buf_put(out, in->other, in->other_len);
}

size_t tsig_put(struct tsig *tsig, uint8_t *msg, size_t len)
{
	bool bad_time = tsig->error == TSIG_BADTIME;
	uint8_t mac[TSIG_MAC_MAX], clock[6];
	struct mac_input input = { .tsig = tsig,
				   .msg = msg,
				   .len = len,
				   .id = al_get_u16(msg),
				   .prior = tsig->mac_len > 0,
				   .timers = tsig->started,
				   .time = bad_time ? tsig->time : tsig->now,
				   .additional = al_get_u16(msg + 10),
				   .other = clock,
				   .other_len = bad_time ? sizeof(clock) : 0 };
	size_t mac_len = tsig->key != NULL ? tsig->key->algorithm->len : 0;
	struct al_buf record;

	al_set_u16(clock, (uint16_t)(tsig->now >> 32));
	al_set_u32(clock + 2, (uint32_t)tsig->now);
	if (mac_len > 0 && !mac_make(&input, mac))
		return len;
	al_buf_init(&record, tsig_room(tsig));
	record_put(tsig, &input, mac, mac_len, &record);
	if (record.err == AL_OK) {
		memcpy(msg + len, record.ptr, record.len);
		len += record.len;
		al_set_u16(msg + 10, (uint16_t)(input.additional + 1));
		memcpy(tsig->mac, mac, mac_len);
		tsig->mac_len = (uint8_t)mac_len;
		tsig->started = true;
	}
	al_buf_release(&record);
	return len;
}
