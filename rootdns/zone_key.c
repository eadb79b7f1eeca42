/*
 * zone_key.c -- keys in files: see zone_key.h. ldns knows
 * the file format. Builder's thread, at start and when a zone appears.
 *
 * A pair is written public part first, each file by rename: a .private file
 * means that the whole pair is there.
 */
#include "zone_key.h"

#include <dirent.h>
#include <ldns/ldns.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "kept.h"

#define KEY_FILE_MAX 4096

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

/* `dir` NULL: keep it in memory only. */
static enum al_err key_make(const char *dir, const struct dname *apex, uint16_t flags, struct zone_key *out)
{
	ldns_key *pair = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);
	char name[DNAME_TEXT_MAX];
	enum al_err err;

	if (pair == NULL)
		return AL_ENOMEM;
	err = key_of_ldns(pair, flags, apex, out);
	if (err == AL_OK && dir != NULL) {
		err = key_save(dir, apex, pair, out);
		if (err == AL_OK)
			al_log(AL_LOG_INFO, "key-made", "zone=%s flags=%u tag=%u", dname_text(apex->b, name), flags,
			       out->tag);
	}
	ldns_key_deep_free(pair);
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

/* Of several keys with one role, the one with the lowest tag is used, so that every start agrees. */
static void keep_lowest(struct zone_key *slot, struct zone_key *found)
{
	if (slot->key != NULL && slot->tag <= found->tag) {
		EVP_PKEY_free(found->key);
		return;
	}
	EVP_PKEY_free(slot->key);
	*slot = *found;
}

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

		if (!private_of_zone(item, stem))
			continue;
		item->d_name[strlen(item->d_name) - 8] = '\0';
		err = pair_read(dir, item->d_name, apex, &found);
		if (err != AL_OK)
			al_log(AL_LOG_ERROR, "key-unusable", "key=%s err=%s", item->d_name, al_err_name(err));
		else
			keep_lowest(al_get_u16(found.rdata) == KEY_FLAGS_KSK ? &out->ksk : &out->zsk, &found);
	}
	(void)closedir(folder);
	return err;
}

/* ---- a zone's keys ---- */

static enum al_err make_missing(const char *dir, const struct dname *apex, struct zone_keys *keys)
{
	enum al_err err = AL_OK;

	if (keys->ksk.key == NULL)
		err = key_make(dir, apex, KEY_FLAGS_KSK, &keys->ksk);
	if (err == AL_OK && keys->zsk.key == NULL)
		err = key_make(dir, apex, KEY_FLAGS_ZSK, &keys->zsk);
	return err;
}

enum al_err zone_keys_load(const char *dir, const struct dname *apex, struct zone_keys *out)
{
	struct zone_keys keys = { .ksk.key = NULL, .zsk.key = NULL };
	enum al_err err = kept_dir(dir);

	if (err == AL_OK)
		err = keys_read(dir, apex, &keys);
	if (err == AL_OK)
		err = make_missing(dir, apex, &keys);
	if (err != AL_OK)
		zone_keys_release(&keys);
	else
		*out = keys;
	return err;
}

enum al_err zone_keys_make(const struct dname *apex, struct zone_keys *out)
{
	struct zone_keys keys = { .ksk.key = NULL, .zsk.key = NULL };
	enum al_err err = make_missing(NULL, apex, &keys);

	if (err != AL_OK)
		zone_keys_release(&keys);
	else
		*out = keys;
	return err;
}

void zone_keys_release(struct zone_keys *keys)
{
	EVP_PKEY_free(keys->ksk.key);
	EVP_PKEY_free(keys->zsk.key);
	keys->ksk.key = NULL;
	keys->zsk.key = NULL;
}

void zone_keys_ds(const struct zone_keys *keys, const struct dname *apex, uint8_t out[static DS_SHA256_LEN])
{
	crypto_hash_sha256_state hash;

	al_set_u16(out, keys->ksk.tag);
	out[2] = KEY_ALGORITHM;
	out[3] = 2;
	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, apex->b, apex->len);
	crypto_hash_sha256_update(&hash, keys->ksk.rdata, DNSKEY_RDATA_LEN);
	crypto_hash_sha256_final(&hash, out + 4);
}
