/* SPDX-License-Identifier: MIT */
/*
 * anchors.c -- see anchors.h. Builder's thread, when a generation is made.
 */
#include "anchors.h"

#include <stdio.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "kept.h"

#define ANCHOR_MAX 4096

/* The keys that a resolver may trust from now on: the one in use, and the next. */
static const struct zone_key *anchor_next(const struct zone_keys *keys, size_t *at)
{
	while (*at < keys->count) {
		const struct zone_key *key = &keys->all[(*at)++];
		const struct key_rule *rule = key_rule(&key->time);

		if (rule->in_parent && key->time.state != STATE_RETIRED)
			return key;
	}
	return NULL;
}

/* A line each. */
static void put_ds(struct al_buf *out, const struct zone_keys *keys, const struct dname *apex)
{
	const struct zone_key *key;
	char name[DNAME_TEXT_MAX];
	uint8_t ds[DS_SHA256_LEN];

	for (size_t at = 0; (key = anchor_next(keys, &at)) != NULL;) {
		zone_key_ds(key, apex, ds);
		al_buf_printf(out, "%s\tIN\tDS\t%u %u 2 ", dname_text(apex->b, name), key->tag, KEY_ALGORITHM);
		al_buf_hex(out, ds + 4, DS_SHA256_LEN - 4);
		al_buf_str(out, "\n");
	}
}

static void put_key(struct al_buf *out, const struct zone_keys *keys, const struct dname *apex)
{
	const struct zone_key *key;
	char name[DNAME_TEXT_MAX];

	for (size_t at = 0; (key = anchor_next(keys, &at)) != NULL;) {
		al_buf_printf(out, "%s\tIN\tDNSKEY\t%u 3 %u ", dname_text(apex->b, name), al_get_u16(key->rdata),
			      KEY_ALGORITHM);
		al_buf_base64(out, key->rdata + 4, DNSKEY_RDATA_LEN - 4);
		al_buf_str(out, "\n");
	}
}

/* "initial-key": named follows the key from there by RFC 5011. */
static void put_bind(struct al_buf *out, const struct zone_keys *keys, const struct dname *apex)
{
	const struct zone_key *key;
	char name[DNAME_TEXT_MAX];

	al_buf_str(out, "trust-anchors {\n");
	for (size_t at = 0; (key = anchor_next(keys, &at)) != NULL;) {
		al_buf_printf(out, "\t\"%s\" initial-key %u 3 %u \"", dname_text(apex->b, name), al_get_u16(key->rdata),
			      KEY_ALGORITHM);
		al_buf_base64(out, key->rdata + 4, DNSKEY_RDATA_LEN - 4);
		al_buf_str(out, "\";\n");
	}
	al_buf_str(out, "};\n");
}

static enum al_err write_one(const char *dir, const char *file,
			     void (*put)(struct al_buf *out, const struct zone_keys *keys, const struct dname *apex),
			     const struct zone_keys *keys, const struct dname *apex)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, ANCHOR_MAX);
	put(&text, keys, apex);
	err = text.err;
	if (err == AL_OK)
		err = kept_put(dir, file, 0644, text.ptr, text.len);
	al_buf_release(&text);
	return err;
}

enum al_err anchors_write(const struct zone_keys *keys, const struct dname *apex, const char *dir)
{
	char name[DNAME_TEXT_MAX], file[DNAME_TEXT_MAX + 32];
	enum al_err err;

	if (apex->len > 1) {
		(void)dname_text(apex->b, name);
		name[strlen(name) - 1] = '\0'; /* the last dot */
		(void)snprintf(file, sizeof(file), "trust-anchor-%s.ds", name);
		return write_one(dir, file, put_ds, keys, apex);
	}
	err = write_one(dir, "trust-anchor.ds", put_ds, keys, apex);
	if (err == AL_OK)
		err = write_one(dir, "trust-anchor.key", put_key, keys, apex);
	if (err == AL_OK)
		err = write_one(dir, "trust-anchor.bind", put_bind, keys, apex);
	return err;
}
