/* SPDX-License-Identifier: MIT */
/*
 * zone_key.c -- keys in files: see zone_key.h. ldns knows
 * the file format. Builder's thread, at start and when a zone appears.
 *
 * A pair is written public part first, each file by rename: a .private file
 * means that the whole pair is there.
 */
#include "zone_key.h"

#include <dirent.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/base/sha.h"
#include "alamo/base/wire.h"
#include "kept.h"
#include "key_states.h"

#define KEY_FILE_MAX 4096
#define TAG_TRIES 16
#define KEY_FLAG_REVOKE 0x80u /* RFC 5011 section 3 */

/* ---- one key ---- */

static enum al_err key_of_ldns(ldns_key *pair, uint16_t flags, const struct dname *apex, struct zone_key *out)
{
	ldns_rdf *owner = ldns_dname_new_frm_data(apex->len, apex->b);
	enum al_err err = AL_ENOMEM;
	ldns_rr *rr = NULL;

	if (owner == NULL)
		return AL_ENOMEM;
	ldns_key_set_flags(pair, flags);
	ldns_key_set_pubkey_owner(pair, owner);
	rr = ldns_key2rr(pair);
	if (rr == NULL || ldns_rr_rd_count(rr) != 4)
		goto out;
	err = AL_EUNSUPPORTED;
	al_set_u16(out->rdata, flags);
	out->rdata[2] = 3;
	out->rdata[3] = KEY_ALGORITHM;
	if (ldns_rdf_size(ldns_rr_rdf(rr, 3)) != DNSKEY_RDATA_LEN - 4)
		goto out;
	memcpy(out->rdata + 4, ldns_rdf_data(ldns_rr_rdf(rr, 3)), DNSKEY_RDATA_LEN - 4);
	out->tag = ldns_calc_keytag_raw(out->rdata, DNSKEY_RDATA_LEN);
	ldns_key_set_keytag(pair, out->tag);
	out->key = ldns_key_evp_key(pair);
	err = out->key != NULL && EVP_PKEY_up_ref(out->key) == 1 ? AL_OK : AL_ENOMEM;
out:
	ldns_rr_free(rr);
	return err;
}

static void key_text(const struct zone_key *key, const struct dname *apex, struct al_buf *out)
{
	char name[DNAME_TEXT_MAX];

	al_buf_printf(out, "%s\t3600\tIN\tDNSKEY\t%u 3 %u ", dname_text(apex->b, name), al_get_u16(key->rdata),
		      KEY_ALGORITHM);
	al_buf_base64(out, key->rdata + 4, DNSKEY_RDATA_LEN - 4);
	al_buf_str(out, "\n");
}

/* Kzone.+013+tag */
static void file_stem(const struct dname *apex, char out[static DNAME_TEXT_MAX + 16], unsigned tag)
{
	char name[DNAME_TEXT_MAX];
	int len = snprintf(out, DNAME_TEXT_MAX + 16, "K%s+%03u+", dname_text(apex->b, name), KEY_ALGORITHM);

	if (tag <= UINT16_MAX)
		(void)snprintf(out + len, 6, "%05u", tag & 0xffffu);
}

static enum al_err key_save(const char *dir, const struct dname *apex, ldns_key *pair, const struct zone_key *key)
{
	char stem[DNAME_TEXT_MAX + 16], name[DNAME_TEXT_MAX + 32];
	char *text = ldns_key2str(pair);
	struct al_buf public;
	enum al_err err;

	if (text == NULL)
		return AL_ENOMEM;
	al_buf_init(&public, KEY_FILE_MAX);
	file_stem(apex, stem, key->tag);
	key_text(key, apex, &public);
	(void)snprintf(name, sizeof(name), "%s.key", stem);
	err = public.err;
	if (err == AL_OK)
		err = kept_put(dir, name, 0444, public.ptr, public.len);
	(void)snprintf(name, sizeof(name), "%s.private", stem);
	if (err == AL_OK)
		err = kept_put(dir, name, 0400, text, strlen(text));
	al_buf_release(&public);
	sodium_memzero(text, strlen(text));
	free(text);
	return err;
}

/* A file's name is its key's tag: two keys with one tag would share it. */
static bool tag_taken(const char *dir, const struct dname *apex, uint16_t tag)
{
	char stem[DNAME_TEXT_MAX + 16], path[PATH_MAX];

	file_stem(apex, stem, tag);
	return snprintf(path, sizeof(path), "%s/%s.private", dir, stem) >= (int)sizeof(path) || access(path, F_OK) == 0;
}

/* `dir` NULL: keep it in memory only. AL_EEXIST: its tag is taken, try again. */
static enum al_err key_try(const char *dir, const struct dname *apex, uint16_t flags, struct zone_key *out)
{
	ldns_key *pair = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);
	char name[DNAME_TEXT_MAX];
	enum al_err err;

	if (pair == NULL)
		return AL_ENOMEM;
	err = key_of_ldns(pair, flags, apex, out);
	if (err == AL_OK && dir != NULL && tag_taken(dir, apex, out->tag)) {
		EVP_PKEY_free(out->key);
		err = AL_EEXIST;
	}
	if (err == AL_OK && dir != NULL) {
		err = key_save(dir, apex, pair, out);
		if (err == AL_OK)
			al_log(AL_LOG_INFO, "key-made", "zone=%s flags=%u tag=%u", dname_text(apex->b, name), flags,
			       out->tag);
	}
	ldns_key_deep_free(pair);
	return err;
}

static enum al_err key_make(const char *dir, const struct dname *apex, uint16_t flags, struct zone_key *out)
{
	enum al_err err = AL_EEXIST;

	for (unsigned i = 0; i < TAG_TRIES && err == AL_EEXIST; i++)
		err = key_try(dir, apex, flags, out);
	return err;
}

/* ---- reading ---- */

static FILE *file_open(const char *dir, const char *stem, const char *suffix)
{
	char path[PATH_MAX];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s%s", dir, stem, suffix) >= (int)sizeof(path))
		return NULL;
	file = fopen(path, "re");
	if (file == NULL)
		(void)kept_failed("open", path);
	return file;
}

/* Flags and public key as the .key file has them. */
static enum al_err public_read(const char *dir, const char *stem, struct zone_key *out)
{
	FILE *file = file_open(dir, stem, ".key");
	enum al_err err = AL_EINVAL;
	ldns_rr *rr = NULL;

	if (file == NULL)
		return AL_ESYS;
	if (ldns_rr_new_frm_fp(&rr, file, NULL, NULL, NULL) == LDNS_STATUS_OK && rr != NULL &&
	    ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY && ldns_rr_rd_count(rr) == 4 &&
	    ldns_rdf_size(ldns_rr_rdf(rr, 3)) == DNSKEY_RDATA_LEN - 4) {
		al_set_u16(out->rdata, ldns_rdf2native_int16(ldns_rr_rdf(rr, 0)));
		memcpy(out->rdata + 4, ldns_rdf_data(ldns_rr_rdf(rr, 3)), DNSKEY_RDATA_LEN - 4);
		err = AL_OK;
	}
	ldns_rr_free(rr);
	(void)fclose(file);
	return err;
}

static enum al_err pair_read(const char *dir, const char *stem, const struct dname *apex, struct zone_key *out)
{
	struct zone_key public = { .key = NULL };
	enum al_err err = public_read(dir, stem, &public);
	ldns_key *pair = NULL;
	FILE *file;

	if (err != AL_OK)
		return err;
	file = file_open(dir, stem, ".private");
	if (file == NULL)
		return AL_ESYS;
	err = AL_EINVAL;
	if (ldns_key_new_frm_fp(&pair, file) == LDNS_STATUS_OK && ldns_key_algorithm(pair) == LDNS_SIGN_ECDSAP256SHA256)
		err = key_of_ldns(pair, al_get_u16(public.rdata), apex, out);
	if (err == AL_OK && memcmp(public.rdata + 4, out->rdata + 4, DNSKEY_RDATA_LEN - 4) != 0) {
		EVP_PKEY_free(out->key);
		out->key = NULL;
		err = AL_EVERIFY;
	}
	if (pair != NULL) /* which ldns does not ask */
		ldns_key_deep_free(pair);
	(void)fclose(file);
	return err;
}

static int private_of_zone(const struct dirent *item, const char *stem)
{
	size_t len = strlen(item->d_name), stem_len = strlen(stem);

	return len == stem_len + 5 + 8 && strncmp(item->d_name, stem, stem_len) == 0 &&
	       strcmp(item->d_name + len - 8, ".private") == 0;
}

static enum key_kind kind_of(const struct zone_key *key, const struct dname *apex)
{
	if (al_get_u16(key->rdata) != KEY_FLAGS_KSK)
		return KIND_ZSK;
	return apex->len == 1 ? KIND_ROOT_KSK : KIND_KSK;
}

/* By rising tag, so that every start agrees. */
static enum al_err keys_add(struct zone_keys *keys, const struct zone_key *key)
{
	size_t at = keys->count;

	if (keys->count == ZONE_KEYS_MAX) {
		al_log(AL_LOG_ERROR, "keys", "why=\"more than %d\" mend=\"remove the files of keys that are gone\"",
		       ZONE_KEYS_MAX);
		return AL_ELIMIT;
	}
	for (; at > 0 && keys->all[at - 1].tag > key->tag; at--)
		keys->all[at] = keys->all[at - 1];
	keys->all[at] = *key;
	keys->count++;
	return AL_OK;
}

/* "00123.private": five digits, with zeros in front. */
static bool tag_known(const struct zone_keys *keys, const char *digits)
{
	unsigned tag = 0;

	for (size_t i = 0; i < 5; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return true; /* no name of a key */
		tag = tag * 10 + (unsigned)(digits[i] - '0');
	}
	for (size_t i = 0; i < keys->count; i++)
		if (keys->all[i].tag == tag)
			return true;
	return false;
}

/* Keys that are not known yet. */
static enum al_err keys_read(const char *dir, const struct dname *apex, struct zone_keys *out)
{
	char stem[DNAME_TEXT_MAX + 16];
	enum al_err err = AL_OK;
	struct dirent *item;
	DIR *folder = opendir(dir);

	if (folder == NULL)
		return kept_failed("opendir", dir);
	file_stem(apex, stem, UINT_MAX);
	while (err == AL_OK && (item = readdir(folder)) != NULL) {
		struct zone_key found = { .key = NULL };

		if (!private_of_zone(item, stem) || tag_known(out, item->d_name + strlen(stem)))
			continue;
		item->d_name[strlen(item->d_name) - 8] = '\0';
		err = pair_read(dir, item->d_name, apex, &found);
		if (err != AL_OK) {
			al_log(AL_LOG_ERROR, "key-unusable", "key=%s err=%s", item->d_name, al_err_name(err));
			break;
		}
		found.time = (struct key_time){ kind_of(&found, apex), STATE_COUNT, 0 };
		err = keys_add(out, &found);
		if (err != AL_OK)
			EVP_PKEY_free(found.key);
	}
	(void)closedir(folder);
	return err;
}

/* ---- a zone's keys ---- */

static enum al_err make_one(const char *dir, const struct dname *apex, uint16_t flags, uint64_t now,
			    struct zone_keys *keys)
{
	struct zone_key key = { .key = NULL };
	enum al_err err = key_make(dir, apex, flags, &key);

	key.time = (struct key_time){ kind_of(&key, apex), STATE_ACTIVE, now };
	return err == AL_OK ? keys_add(keys, &key) : err;
}

static enum al_err make_missing(const char *dir, const struct dname *apex, uint64_t now, struct zone_keys *keys)
{
	enum al_err err = AL_OK;

	if (zone_keys_active(keys, true) == NULL)
		err = make_one(dir, apex, KEY_FLAGS_KSK, now, keys);
	if (err == AL_OK && zone_keys_active(keys, false) == NULL)
		err = make_one(dir, apex, KEY_FLAGS_ZSK, now, keys);
	return err;
}

static bool roll(struct zone_keys *keys, uint64_t now)
{
	struct key_time *times[ZONE_KEYS_MAX];

	for (size_t i = 0; i < keys->count; i++)
		times[i] = &keys->all[i].time;
	return key_roll(times, keys->count, now);
}

static bool file_remove(const char *dir, const char *stem, const char *suffix)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s%s", dir, stem, suffix) >= (int)sizeof(path))
		return false;
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	(void)kept_failed("unlink", path);
	return false;
}

/* A key that is gone signs nothing and is in no cache: nobody will ever need it, and somebody could misuse it. */
static void gone_remove(struct zone_keys *keys, const char *dir, const struct dname *apex)
{
	char stem[DNAME_TEXT_MAX + 16];
	size_t kept = 0;

	for (size_t i = 0; i < keys->count; i++) {
		struct zone_key *key = &keys->all[i];

		file_stem(apex, stem, key->tag);
		if (key->time.state == STATE_GONE && file_remove(dir, stem, ".private") &&
		    file_remove(dir, stem, ".key"))
			EVP_PKEY_free(key->key);
		else
			keys->all[kept++] = *key;
	}
	keys->count = kept;
}

enum al_err zone_keys_step(struct zone_keys *keys, const char *dir, const struct dname *apex, uint64_t now,
			   bool *changed)
{
	char name[DNAME_TEXT_MAX];
	enum al_err err = AL_OK;
	bool new;

	*changed = false;
	if (dir != NULL)
		err = keys_read(dir, apex, keys);
	if (err != AL_OK)
		return err;
	new = key_states_complete(keys, now);
	*changed = roll(keys, now) || new;
	if (!*changed)
		return AL_OK;
	for (size_t i = 0; i < keys->count; i++)
		if (keys->all[i].time.since == now)
			al_log(AL_LOG_INFO, "key-moved", "zone=%s flags=%u tag=%u state=%s", dname_text(apex->b, name),
			       al_get_u16(keys->all[i].rdata), keys->all[i].tag,
			       key_state_name(keys->all[i].time.state));
	if (dir == NULL)
		return AL_OK;
	gone_remove(keys, dir, apex);
	return key_states_write(dir, apex, keys);
}

enum al_err zone_keys_load(const char *dir, const struct dname *apex, uint64_t now, struct zone_keys *out)
{
	struct zone_keys keys = { .count = 0 };
	enum al_err err = kept_dir(dir);

	if (err == AL_OK)
		err = keys_read(dir, apex, &keys);
	if (err == AL_OK)
		err = key_states_read(dir, apex, &keys);
	if (err == AL_OK) {
		(void)key_states_complete(&keys, now);
		(void)roll(&keys, now);
		gone_remove(&keys, dir, apex);
		err = make_missing(dir, apex, now, &keys);
	}
	if (err == AL_OK)
		err = key_states_write(dir, apex, &keys);
	if (err != AL_OK)
		zone_keys_release(&keys);
	else
		*out = keys;
	return err;
}

enum al_err zone_keys_add(const char *dir, const struct dname *apex, bool set)
{
	struct zone_key key = { .key = NULL };
	enum al_err err = key_make(dir, apex, set ? KEY_FLAGS_KSK : KEY_FLAGS_ZSK, &key);

	EVP_PKEY_free(key.key);
	return err;
}

enum al_err zone_keys_make(const struct dname *apex, struct zone_keys *out)
{
	struct zone_keys keys = { .count = 0 };
	enum al_err err = make_missing(NULL, apex, 0, &keys);

	if (err != AL_OK)
		zone_keys_release(&keys);
	else
		*out = keys;
	return err;
}

void zone_keys_release(struct zone_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		EVP_PKEY_free(keys->all[i].key);
	keys->count = 0;
}

const struct zone_key *zone_keys_active(const struct zone_keys *keys, bool set)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->all[i].time.state == STATE_ACTIVE && (keys->all[i].time.kind != KIND_ZSK) == set)
			return &keys->all[i];
	return NULL;
}

uint16_t zone_key_rdata(const struct zone_key *key, uint8_t out[static DNSKEY_RDATA_LEN])
{
	memcpy(out, key->rdata, DNSKEY_RDATA_LEN);
	if (!key_rule(&key->time)->revoked)
		return key->tag;
	out[1] |= KEY_FLAG_REVOKE;
	return ldns_calc_keytag_raw(out, DNSKEY_RDATA_LEN);
}

void zone_key_ds(const struct zone_key *key, const struct dname *apex, uint8_t out[static DS_SHA256_LEN])
{
	const struct al_slice parts[] = {
		al_slice_of(apex->b, apex->len),
		al_slice_of(key->rdata, DNSKEY_RDATA_LEN),
	};

	al_set_u16(out, key->tag);
	out[2] = KEY_ALGORITHM;
	out[3] = 2;
	al_sha256(parts, AL_COUNT(parts), out + 4);
}
