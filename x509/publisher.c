/* SPDX-License-Identifier: MIT */
/*
 * publisher.c -- see publisher.h.
 */
#include "publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "alamo-rpki-publisher/1"
#define SPKI_MAX 1024
#define URI_ROOM (CERT_URI_MAX - PUBLISHER_PATH_MAX)
#define LOCATOR_NAME "ta.cer"

static const char *const roles[PUBLISHER_ROLES] = { "asked", "next", "current", "old" };

void publisher_init(struct publisher *publisher)
{
	memset(publisher, 0, sizeof(*publisher));
}

void publisher_release(struct publisher *publisher)
{
	for (size_t i = 0; i < publisher->key_count; i++)
		ca_key_release(&publisher->keys[i].key);
	publisher_init(publisher);
}

/* ---- URIs ---- */

static enum al_err complain(char why[static PUBLISHER_WHY], const char *text, struct al_slice value)
{
	(void)snprintf(why, PUBLISHER_WHY, "%s, not \"%.*s\"", text, AL_FMT(al_slice_head(value, 80)));
	return AL_EINVAL;
}

/* Without what XML, libcrypto's text form of an extension or a validator's file system would read otherwise. */
static bool uri_plain(struct al_slice uri, const char *scheme)
{
	size_t parts = 0;

	if (!al_slice_starts(uri, scheme) || uri.len >= URI_ROOM)
		return false;
	uri = al_slice_from(uri, strlen(scheme));
	for (size_t i = 0; i < uri.len; i++) {
		char c = uri.ptr[i];
		bool inside = i > 0 && uri.ptr[i - 1] != '/';

		if (c == '/' && !inside)
			return false;
		parts += c == '/';
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr(inside ? "/-_.:" : "_", c) == NULL))
			return false;
	}
	return parts > 0;
}

enum al_err publisher_set_repository(struct publisher *p, struct al_slice uri, char why[static PUBLISHER_WHY])
{
	if (!uri_plain(uri, "rsync://"))
		return complain(why, "the repository is rsync://HOST/MODULE/", uri);
	(void)snprintf(p->repository, sizeof(p->repository), "%.*s%s", AL_FMT(uri), al_slice_ends(uri, "/") ? "" : "/");
	return AL_OK;
}

enum al_err publisher_set_notify(struct publisher *p, struct al_slice uri, char why[static PUBLISHER_WHY])
{
	/* rpki-client gives up a certificate whose rpkiNotify is http. */
	if (!uri_plain(uri, "https://") || !al_slice_ends(uri, ".xml"))
		return complain(why, "the notification file is https://HOST/PATH/notification.xml", uri);
	return al_slice_copy(uri, p->notify, sizeof(p->notify));
}

enum al_err publisher_add_locator(struct publisher *p, struct al_slice uri, char why[static PUBLISHER_WHY])
{
	/* rpki-client takes no locator, and no other that it was given with it, whose URIs end in different names. */
	if (!uri_plain(uri, "https://") || !al_slice_ends(uri, "/" LOCATOR_NAME))
		return complain(why, "another place of the anchor's certificate is https://HOST/PATH/" LOCATOR_NAME,
				uri);
	if (p->locator_count == PUBLISHER_LOCATORS)
		return complain(why, "no more than four places", uri);
	return al_slice_copy(uri, p->locators[p->locator_count++], CERT_URI_MAX);
}

void publisher_uri(const struct publisher *p, const char *path, char out[static CERT_URI_MAX])
{
	(void)snprintf(out, CERT_URI_MAX, "%.*s%.*s", URI_ROOM, p->repository, PUBLISHER_PATH_MAX - 1, path);
}

static void uri_of_key(const struct publisher *p, const char *folder, const char *key, const char *suffix,
		       char out[static CERT_URI_MAX])
{
	char path[PUBLISHER_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s%s", folder, key, suffix);
	publisher_uri(p, path, out);
}

void publisher_anchor_places(const struct publisher *p, struct cert_places *out)
{
	publisher_uri(p, "ta/", out->repository);
	publisher_uri(p, "ta/ta.mft", out->manifest);
	memcpy(out->notify, p->notify, sizeof(out->notify));
}

void publisher_places(const struct publisher *p, const char *key, struct cert_places *out)
{
	publisher_uri(p, "ca/", out->repository);
	uri_of_key(p, "ca/", key, ".mft", out->manifest);
	memcpy(out->notify, p->notify, sizeof(out->notify));
}

void publisher_anchor_issuer(const struct publisher *p, const struct ca_key *key, struct cert_issuer *out)
{
	out->key = key;
	publisher_uri(p, LOCATOR_NAME, out->cer);
	publisher_uri(p, "ta/ta.crl", out->crl);
}

void publisher_issuer(const struct publisher *p, const struct ca_key *key, struct cert_issuer *out)
{
	out->key = key;
	uri_of_key(p, "ta/", key->name, ".cer", out->cer);
	uri_of_key(p, "ca/", key->name, ".crl", out->crl);
}

enum al_err publisher_locator(const struct publisher *p, const struct ca_key *anchor, struct al_buf *out)
{
	struct al_buf der, text;
	char uri[CERT_URI_MAX];
	enum al_err err;

	al_buf_init(&der, SPKI_MAX);
	al_buf_init(&text, 2 * SPKI_MAX);
	err = ca_key_public_write(anchor, &der);
	al_buf_base64(&text, der.ptr, der.len);
	publisher_uri(p, LOCATOR_NAME, uri);
	al_buf_printf(out, "%s\n", uri);
	for (size_t i = 0; i < p->locator_count; i++)
		al_buf_printf(out, "%s\n", p->locators[i]);
	al_buf_u8(out, '\n');
	for (struct al_slice rest = al_buf_view(&text); rest.len > 0; rest = al_slice_from(rest, 64))
		al_buf_printf(out, "%.*s\n", AL_FMT(al_slice_head(rest, 64)));
	al_buf_release(&der);
	al_buf_release(&text);
	return err != AL_OK ? err : out->err;
}

/* ---- keys ---- */

enum al_err publisher_add_key(struct publisher *p, struct ca_key *key, enum publisher_role role, uint64_t since)
{
	if (p->key_count == PUBLISHER_KEYS)
		return AL_ELIMIT;
	p->keys[p->key_count++] = (struct publisher_key){ *key, role, since };
	*key = (struct ca_key){ 0 };
	return AL_OK;
}

void publisher_drop_key(struct publisher *p, struct publisher_key *key)
{
	size_t at = (size_t)(key - p->keys);

	ca_key_release(&key->key);
	memmove(key, key + 1, (p->key_count - at - 1) * sizeof(*key));
	p->key_count--;
}

struct publisher_key *publisher_key_of(struct publisher *p, enum publisher_role role)
{
	for (size_t i = 0; i < p->key_count; i++)
		if (p->keys[i].role == role)
			return &p->keys[i];
	return NULL;
}

/* ---- text ---- */

static enum al_err put_key(const struct publisher_key *key, struct al_buf *out)
{
	struct al_buf der;
	enum al_err err;

	al_buf_init(&der, SPKI_MAX);
	err = ca_key_public_write(&key->key, &der);
	al_buf_printf(out, "key %s %" PRIu64 " ", roles[key->role], key->since);
	al_buf_base64(out, der.ptr, der.len);
	al_buf_u8(out, '\n');
	al_buf_release(&der);
	return err;
}

enum al_err publisher_format(const struct publisher *p, struct al_buf *out)
{
	enum al_err err = AL_OK;

	al_buf_str(out, MAGIC "\nlog ");
	al_vkey_format(&p->log, out);
	al_buf_printf(out, "\nrepository %s\n", p->repository);
	if (p->notify[0] != '\0')
		al_buf_printf(out, "notify %s\n", p->notify);
	for (size_t i = 0; i < p->locator_count; i++)
		al_buf_printf(out, "locator %s\n", p->locators[i]);
	resources_format(&p->resources, out);
	for (size_t i = 0; i < p->key_count && err == AL_OK; i++)
		err = put_key(&p->keys[i], out);
	return err != AL_OK ? err : out->err;
}

static enum al_err take_key(struct publisher *p, struct al_slice value)
{
	struct al_slice role, since;
	uint8_t der[SPKI_MAX];
	struct ca_key key;
	uint64_t when = 0;
	size_t len = 0;
	int which = 0;
	enum al_err err;

	(void)al_slice_cut(&value, ' ', &role);
	(void)al_slice_cut(&value, ' ', &since);
	while (which < PUBLISHER_ROLES && !al_slice_is(role, roles[which]))
		which++;
	if (which == PUBLISHER_ROLES || publisher_key_of(p, (enum publisher_role)which) != NULL ||
	    al_slice_u64(since, INT64_MAX, &when) != AL_OK || al_slice_base64(value, der, sizeof(der), &len) != AL_OK)
		return AL_EINVAL;
	err = ca_key_public_read(al_slice_of(der, len), &key);
	if (err == AL_OK)
		err = publisher_add_key(p, &key, (enum publisher_role)which, when);
	ca_key_release(&key);
	return err;
}

static enum al_err take_range(struct publisher *p, struct al_slice value)
{
	struct al_asn_range range;
	enum al_err err = al_asn_range_parse(value, &range);

	return err == AL_OK ? resources_add_range(&p->resources, &range) : err;
}

static enum al_err take_prefix(struct publisher *p, struct al_slice value)
{
	struct al_prefix prefix;
	enum al_err err = al_prefix_parse(value, &prefix);

	return err == AL_OK ? resources_add_prefix(&p->resources, &prefix) : err;
}

static enum al_err take_line(struct publisher *p, struct al_slice line, char why[static PUBLISHER_WHY])
{
	struct al_slice word;

	why[0] = '\0';
	(void)al_slice_cut(&line, ' ', &word);
	if (al_slice_is(word, "log"))
		return al_vkey_parse(line, &p->log);
	if (al_slice_is(word, "repository"))
		return publisher_set_repository(p, line, why);
	if (al_slice_is(word, "notify"))
		return publisher_set_notify(p, line, why);
	if (al_slice_is(word, "locator"))
		return publisher_add_locator(p, line, why);
	if (al_slice_is(word, "prefix"))
		return take_prefix(p, line);
	if (al_slice_is(word, "asn"))
		return take_range(p, line);
	return al_slice_is(word, "key") ? take_key(p, line) : AL_EINVAL;
}

enum al_err publisher_parse(struct al_slice text, struct publisher *out, char why[static PUBLISHER_WHY])
{
	struct al_slice rest = text, line;
	char what[PUBLISHER_WHY] = "";
	unsigned number = 1;

	if (text.len > PUBLISHER_TEXT_MAX || !al_slice_line(&rest, &line) || !al_slice_is(line, MAGIC)) {
		(void)snprintf(why, PUBLISHER_WHY, "line 1: not \"" MAGIC "\"");
		return AL_EINVAL;
	}
	while (al_slice_line(&rest, &line)) {
		number++;
		if (take_line(out, line, what) == AL_OK)
			continue;
		(void)snprintf(why, PUBLISHER_WHY, "line %u: %.150s", number, what[0] != '\0' ? what : "malformed");
		return AL_EINVAL;
	}
	if (out->log.name[0] != '\0' && out->repository[0] != '\0' && out->key_count > 0 &&
	    out->resources.prefix_count > 0)
		return AL_OK;
	(void)snprintf(why, PUBLISHER_WHY, "there has to be a log, a repository, a prefix and a key");
	return AL_EINVAL;
}
