/* SPDX-License-Identifier: MIT */
/*
 * anchor.c -- see anchor.h.
 */
#include "anchor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "econtent.h"
#include "signed_object.h"

#define MAGIC "alamo-rpki-anchor/1"

/* ---- memory ---- */

static enum al_err take_cert(struct al_slice line, struct anchor_memory *out)
{
	struct al_slice serial, until;
	struct anchor_cert *cert = &out->certs[out->count];

	if (out->count == ANCHOR_CERTS)
		return AL_ELIMIT;
	(void)al_slice_cut(&line, ' ', &serial);
	(void)al_slice_cut(&line, ' ', &until);
	if (serial.len != CERT_SERIAL_LEN - 1 || al_slice_copy(serial, cert->serial, sizeof(cert->serial)) != AL_OK ||
	    strspn(cert->serial, "0123456789abcdef") != serial.len ||
	    al_slice_u64(until, INT64_MAX, &cert->until) != AL_OK ||
	    al_slice_u64(line, INT64_MAX, &cert->revoked) != AL_OK)
		return AL_EINVAL;
	out->count++;
	return AL_OK;
}

enum al_err anchor_memory_parse(struct al_slice text, struct anchor_memory *out)
{
	struct al_slice rest = text, line, word;
	enum al_err err = AL_OK;

	*out = (struct anchor_memory){ 0 };
	if (text.len > ANCHOR_TEXT_MAX || !al_slice_line(&rest, &line) || !al_slice_is(line, MAGIC))
		return AL_EINVAL;
	while (err == AL_OK && al_slice_line(&rest, &line)) {
		(void)al_slice_cut(&line, ' ', &word);
		if (al_slice_is(word, "number"))
			err = al_slice_u64(line, INT64_MAX, &out->number);
		else
			err = al_slice_is(word, "cert") ? take_cert(line, out) : AL_EINVAL;
	}
	return err;
}

void anchor_memory_format(const struct anchor_memory *memory, struct al_buf *out)
{
	al_buf_printf(out, MAGIC "\nnumber %" PRIu64 "\n", memory->number);
	for (size_t i = 0; i < memory->count; i++)
		al_buf_printf(out, "cert %s %" PRIu64 " %" PRIu64 "\n", memory->certs[i].serial, memory->certs[i].until,
			      memory->certs[i].revoked);
}

/* What stood is revoked; what has expired needs no revoking. */
static void memory_turn(struct anchor_memory *memory, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < memory->count; i++) {
		struct anchor_cert cert = memory->certs[i];

		if (cert.until <= now)
			continue;
		cert.revoked = cert.revoked == 0 ? now : cert.revoked;
		memory->certs[kept++] = cert;
	}
	memory->count = kept;
	/* A number that a lost memory cannot repeat: validators refuse lower ones. */
	memory->number = memory->number < now ? now : memory->number + 1;
}

static enum al_err memory_add(struct anchor_memory *memory, const char *serial, uint64_t until)
{
	struct anchor_cert *cert = &memory->certs[memory->count];

	if (memory->count == ANCHOR_CERTS)
		return AL_ELIMIT;
	*cert = (struct anchor_cert){ .until = until };
	(void)snprintf(cert->serial, sizeof(cert->serial), "%s", serial);
	memory->count++;
	return AL_OK;
}

/* ---- the ceremony ---- */

struct ceremony {
	const struct ca_key *key;
	const struct publisher *publisher;
	struct anchor_memory *memory;
	struct grant *grant;
	uint64_t from, until;
	IPAddrBlocks *ip;
	ASIdentifiers *as;
	struct cert_issuer issuer;
};

static enum al_err sign_self(struct ceremony *c)
{
	struct cert_places places;
	struct cert_spec spec = {
		.key = c->key,
		.not_before = c->from,
		.not_after = c->from + ANCHOR_CERT_S,
		.places = &places,
		.ip = c->ip,
		.as = c->as,
	};
	X509 *cert = NULL;
	enum al_err err;

	publisher_anchor_places(c->publisher, &places);
	err = cert_make(&spec, &cert);
	if (err == AL_OK)
		err = cert_write(cert, &c->grant->cer);
	X509_free(cert);
	return err;
}

static enum al_err sign_key(struct ceremony *c, const struct ca_key *key)
{
	struct grant_cert *out = &c->grant->certs[c->grant->cert_count];
	struct cert_places places;
	struct cert_spec spec = {
		.key = key,
		.issuer = &c->issuer,
		.not_before = c->from,
		.not_after = c->until,
		.places = &places,
		.ip = c->ip,
		.as = c->as,
	};
	char serial[CERT_SERIAL_LEN];
	X509 *cert = NULL;
	enum al_err err;

	publisher_places(c->publisher, key->name, &places);
	err = cert_make(&spec, &cert);
	if (err == AL_OK)
		err = cert_write(cert, &out->der);
	if (err == AL_OK) {
		cert_serial(cert, serial);
		memcpy(out->name, key->name, sizeof(out->name));
		c->grant->cert_count++;
		err = memory_add(c->memory, serial, c->until);
	}
	X509_free(cert);
	return err;
}

static enum al_err sign_crl(struct ceremony *c)
{
	struct crl_entry entries[ANCHOR_CERTS];
	struct crl_spec spec = {
		.key = c->key,
		.number = c->memory->number,
		.this_update = c->from,
		.next_update = c->until,
		.entries = entries,
	};

	for (size_t i = 0; i < c->memory->count; i++) {
		const struct anchor_cert *cert = &c->memory->certs[i];

		if (cert->revoked == 0)
			continue;
		memcpy(entries[spec.count].serial, cert->serial, sizeof(cert->serial));
		entries[spec.count++].when = cert->revoked;
	}
	return crl_make(&spec, &c->grant->crl);
}

static size_t list_files(const struct grant *grant, char names[][PUBLISHER_PATH_MAX], struct econtent_entry *out)
{
	size_t count = 0;

	for (size_t i = 0; i < grant->cert_count; i++) {
		(void)snprintf(names[i], PUBLISHER_PATH_MAX, "%s.cer", grant->certs[i].name);
		out[count].name = names[i];
		out[count++].hash = econtent_hash(al_buf_view(&grant->certs[i].der));
	}
	out[count].name = "ta.crl";
	out[count++].hash = econtent_hash(al_buf_view(&grant->crl));
	return count;
}

static enum al_err sign_manifest(struct ceremony *c)
{
	char names[PUBLISHER_KEYS][PUBLISHER_PATH_MAX], serial[CERT_SERIAL_LEN], uri[CERT_URI_MAX];
	struct econtent_entry entries[PUBLISHER_KEYS + 1];
	struct signed_spec spec = {
		.issuer = &c->issuer,
		.uri = uri,
		.oid = ECONTENT_MANIFEST_OID,
		.not_before = c->from,
		.not_after = c->until,
		.ip = resources_ip_inherit(),
		.as = resources_as_inherit(),
	};
	struct al_buf content;
	enum al_err err = spec.ip != NULL && spec.as != NULL ? AL_OK : AL_ENOMEM;

	al_buf_init(&content, ECONTENT_MAX);
	publisher_uri(c->publisher, "ta/ta.mft", uri);
	econtent_manifest(c->memory->number, c->from, c->until, entries, list_files(c->grant, names, entries),
			  &content);
	spec.content = al_buf_view(&content);
	if (err == AL_OK)
		err = content.err;
	if (err == AL_OK)
		err = signed_object_make(&spec, &c->grant->manifest, serial);
	if (err == AL_OK)
		err = memory_add(c->memory, serial, c->until);
	al_buf_release(&content);
	resources_ip_free(spec.ip);
	ASIdentifiers_free(spec.as);
	return err;
}

static enum al_err sign_all(struct ceremony *c)
{
	enum al_err err = sign_self(c);

	for (size_t i = 0; i < c->publisher->key_count && err == AL_OK; i++)
		if (c->publisher->keys[i].role != PUBLISHER_OLD)
			err = sign_key(c, &c->publisher->keys[i].key);
	if (err == AL_OK)
		err = sign_crl(c);
	return err == AL_OK ? sign_manifest(c) : err;
}

enum al_err anchor_sign(const struct ca_key *key, const struct publisher *publisher, uint64_t now,
			struct anchor_memory *memory, struct grant *out)
{
	const struct resources *all = &publisher->resources;
	struct ceremony c = {
		.key = key,
		.publisher = publisher,
		.memory = memory,
		.grant = out,
		.from = now - CERT_BACK_S,
		.until = now + ANCHOR_LIFE_S,
		.ip = resources_ip(all->prefixes, all->prefix_count),
		.as = all->range_count > 0 ? resources_as(all->ranges, all->range_count) : NULL,
	};
	enum al_err err = c.ip != NULL && (c.as != NULL || all->range_count == 0) ? AL_OK : AL_ENOMEM;

	publisher_anchor_issuer(publisher, key, &c.issuer);
	memory_turn(memory, now);
	if (err == AL_OK)
		err = sign_all(&c);
	resources_ip_free(c.ip);
	ASIdentifiers_free(c.as);
	return err;
}
