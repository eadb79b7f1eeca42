/* SPDX-License-Identifier: MIT */
/*
 * issue.c -- see issue.h.
 */
#include "issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "econtent.h"
#include "roa_plan.h"
#include "signed_object.h"

#define FILE_BYTES_MAX ((size_t)4000000) /* what rpki-client 8.2 reads of one file */

struct step {
	const struct issue_spec *spec;
	struct issue *out;
	uint64_t from; /* thisUpdate */
	size_t room;
};

/* ---- files ---- */

/* A place for one more file, with an empty buffer; NULL: out of memory. */
static struct issue_file *file_add(struct step *s, const char *path)
{
	struct issue *out = s->out;
	struct issue_file *file;

	if (out->count == s->room) {
		size_t more = s->room == 0 ? 64 : 2 * s->room;
		struct issue_file *files = realloc(out->files, more * sizeof(*files));

		if (files == NULL)
			return NULL;
		out->files = files;
		s->room = more;
	}
	file = &out->files[out->count++];
	*file = (struct issue_file){ 0 };
	al_buf_init(&file->bytes, FILE_BYTES_MAX);
	(void)snprintf(file->about.path, sizeof(file->about.path), "%s", path);
	return file;
}

/* The bytes are there: what they hash to, and whether they are before's. */
static void file_done(const struct step *s, struct issue_file *file)
{
	const struct issued_file *had = issued_find(s->spec->before, file->about.path);

	file->about.hash = econtent_hash(al_buf_view(&file->bytes));
	if (had != NULL && al_hash_eq(&had->hash, &file->about.hash))
		al_buf_release(&file->bytes);
}

static enum al_err file_copy(struct step *s, const char *path, const struct al_buf *bytes)
{
	struct issue_file *file = file_add(s, path);

	if (file == NULL)
		return AL_ENOMEM;
	al_buf_slice(&file->bytes, al_buf_view(bytes));
	if (file->bytes.err != AL_OK)
		return file->bytes.err;
	file_done(s, file);
	return AL_OK;
}

static enum al_err anchor_files(struct step *s)
{
	const struct grant *grant = s->spec->grant;
	char path[ISSUED_PATH_MAX];
	enum al_err err = file_copy(s, "ta.cer", &grant->cer);

	if (err == AL_OK)
		err = file_copy(s, "ta/ta.crl", &grant->crl);
	if (err == AL_OK)
		err = file_copy(s, "ta/ta.mft", &grant->manifest);
	for (size_t i = 0; i < grant->cert_count && err == AL_OK; i++) {
		(void)snprintf(path, sizeof(path), "ta/%s.cer", grant->certs[i].name);
		err = file_copy(s, path, &grant->certs[i].der);
	}
	return err;
}

/* ---- signed objects ---- */

struct object {
	const char *path, *oid;
	struct al_slice content;
	IPAddrBlocks *ip; /* borrowed */
	ASIdentifiers *as;
	uint64_t until;
};

static enum al_err object_make(struct step *s, const struct ca_key *key, const struct object *object)
{
	const struct issue_spec *spec = s->spec;
	struct issue_file *file = file_add(s, object->path);
	char uri[CERT_URI_MAX];
	struct cert_issuer issuer;
	struct signed_spec about = {
		.issuer = &issuer,
		.uri = uri,
		.oid = object->oid,
		.content = object->content,
		.not_before = s->from,
		.not_after = object->until,
		.ip = object->ip,
		.as = object->as,
	};
	enum al_err err;

	if (file == NULL)
		return AL_ENOMEM;
	publisher_uri(spec->publisher, object->path, uri);
	publisher_issuer(spec->publisher, key, &issuer);
	err = signed_object_make(&about, &file->bytes, file->about.serial);
	if (err != AL_OK)
		return err;
	file->about.is_signed = true;
	file->about.from = s->from;
	file->about.until = object->until;
	file->about.content = econtent_hash(object->content);
	memcpy(file->about.key, key->name, sizeof(file->about.key));
	s->out->made++;
	file_done(s, file);
	return AL_OK;
}

/* The key that signs route origins. */
static const struct ca_key *key_current(const struct issue_spec *spec)
{
	for (size_t i = 0; i < spec->publisher->key_count; i++)
		if (spec->publisher->keys[i].role == PUBLISHER_CURRENT)
			return &spec->keys[i];
	return NULL;
}

/* The file that stands as it is; NULL: there is something to make. */
static const struct issued_file *object_kept(const struct issue_spec *spec, const char *path, struct al_slice content,
					     const struct ca_key *key)
{
	const struct issued_file *had = issued_find(spec->before, path);
	struct al_hash hash = econtent_hash(content);

	if (had == NULL || !had->is_signed || strcmp(had->key, key->name) != 0 || !al_hash_eq(&had->content, &hash) ||
	    spec->now + ISSUE_RENEW(ISSUE_ROA_LIFE_S) >= had->until)
		return NULL;
	return had;
}

static IPAddrBlocks *roa_ip(const struct vrp *items, size_t count)
{
	struct al_prefix *prefixes = calloc(count, sizeof(*prefixes));
	IPAddrBlocks *ip = NULL;

	if (prefixes == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		prefixes[i] = vrp_prefix(&items[i]);
	ip = resources_ip(prefixes, count);
	free(prefixes);
	return ip;
}

static void planned_content(const struct roa_plan *plan, const struct planned *object, struct al_buf *out)
{
	const struct vrp *items = &plan->items[object->first];

	if (object->aspa)
		econtent_aspa(items, object->count, out);
	else
		econtent_roa(items, object->count, out);
}

/* With what its certificate has to have: the addresses of the routes, or the customer's number. */
static enum al_err planned_sign(struct step *s, const struct ca_key *key, const struct roa_plan *plan,
				const struct planned *of, struct al_slice content)
{
	const struct vrp *items = &plan->items[of->first];
	const struct al_asn_range customer = { vrp_customer(items), vrp_customer(items) };
	struct object object = {
		.path = of->path,
		.oid = of->aspa ? ECONTENT_ASPA_OID : ECONTENT_ROA_OID,
		.content = content,
		.ip = of->aspa ? NULL : roa_ip(items, of->count),
		.as = of->aspa ? resources_as(&customer, 1) : NULL,
		.until = s->spec->now + ISSUE_ROA_LIFE_S,
	};
	enum al_err err = object.ip != NULL || object.as != NULL ? object_make(s, key, &object) : AL_ENOMEM;

	resources_ip_free(object.ip);
	ASIdentifiers_free(object.as);
	return err;
}

static enum al_err planned_make(struct step *s, const struct ca_key *key, const struct roa_plan *plan,
				const struct planned *object)
{
	const struct issued_file *had;
	struct issue_file *file;
	struct al_buf content;
	enum al_err err;

	al_buf_init(&content, ECONTENT_MAX);
	planned_content(plan, object, &content);
	err = content.err;
	had = err == AL_OK ? object_kept(s->spec, object->path, al_buf_view(&content), key) : NULL;
	if (had != NULL) {
		file = file_add(s, object->path);
		err = file != NULL ? AL_OK : AL_ENOMEM;
		if (file != NULL)
			file->about = *had;
	} else if (err == AL_OK) {
		err = planned_sign(s, key, plan, object, al_buf_view(&content));
	}
	al_buf_release(&content);
	return err;
}

/* ---- what is no longer ---- */

static bool still_there(const struct issue *out, const struct issued_file *had)
{
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->files[i].about.serial, had->serial) == 0)
			return true;
	return false;
}

static enum al_err revoke(struct step *s)
{
	const struct issued *before = s->spec->before;
	enum al_err err = AL_OK;

	for (size_t i = 0; i < before->revoked_count && err == AL_OK; i++)
		if (before->revoked[i].until > s->spec->now)
			err = issued_add_revoked(&s->out->next, &before->revoked[i]);
	for (size_t i = 0; i < before->file_count && err == AL_OK; i++) {
		const struct issued_file *had = &before->files[i];
		struct issued_revoked gone = { .until = had->until, .when = s->spec->now };

		if (!had->is_signed || had->until <= s->spec->now || still_there(s->out, had))
			continue;
		memcpy(gone.key, had->key, sizeof(gone.key));
		memcpy(gone.serial, had->serial, sizeof(gone.serial));
		err = issued_add_revoked(&s->out->next, &gone);
	}
	return err;
}

static enum al_err crl_put(struct step *s, const struct ca_key *key)
{
	const struct issued *next = &s->out->next;
	struct crl_entry *entries = calloc(next->revoked_count + 1, sizeof(*entries));
	struct crl_spec spec = {
		.key = key,
		.number = next->number,
		.this_update = next->from,
		.next_update = next->until,
		.entries = entries,
	};
	char path[ISSUED_PATH_MAX];
	struct issue_file *file;
	enum al_err err = AL_ENOMEM;

	(void)snprintf(path, sizeof(path), "ca/%s.crl", key->name);
	file = file_add(s, path);
	for (size_t i = 0; i < next->revoked_count && entries != NULL; i++) {
		if (strcmp(next->revoked[i].key, key->name) != 0)
			continue;
		memcpy(entries[spec.count].serial, next->revoked[i].serial, CERT_SERIAL_LEN);
		entries[spec.count++].when = next->revoked[i].when;
	}
	if (file != NULL && entries != NULL)
		err = crl_make(&spec, &file->bytes);
	if (err == AL_OK)
		file_done(s, file);
	free(entries);
	return err;
}

/* ---- manifests ---- */

/* What the key has signed and stands, and its own revocation list. */
static size_t listed(const struct issue *out, const char *key, struct econtent_entry *entries)
{
	char crl[ISSUED_PATH_MAX];
	size_t count = 0;

	(void)snprintf(crl, sizeof(crl), "ca/%s.crl", key);
	for (size_t i = 0; i < out->count; i++) {
		const struct issued_file *file = &out->files[i].about;

		if (strcmp(file->path, crl) == 0 || (file->is_signed && strcmp(file->key, key) == 0))
			entries[count++] = (struct econtent_entry){ strchr(file->path, '/') + 1, file->hash };
	}
	return count;
}

static enum al_err manifest_put(struct step *s, const struct ca_key *key)
{
	const struct issued *next = &s->out->next;
	struct econtent_entry *entries = calloc(s->out->count + 1, sizeof(*entries));
	char path[ISSUED_PATH_MAX];
	struct object object = {
		.path = path,
		.oid = ECONTENT_MANIFEST_OID,
		.ip = resources_ip_inherit(),
		.as = resources_as_inherit(),
		.until = next->until,
	};
	struct al_buf content;
	enum al_err err = entries != NULL && object.ip != NULL && object.as != NULL ? AL_OK : AL_ENOMEM;

	(void)snprintf(path, sizeof(path), "ca/%s.mft", key->name);
	al_buf_init(&content, ECONTENT_MAX);
	if (err == AL_OK) {
		econtent_manifest(next->number, next->from, next->until, entries, listed(s->out, key->name, entries),
				  &content);
		object.content = al_buf_view(&content);
		err = content.err != AL_OK ? content.err : object_make(s, key, &object);
	}
	al_buf_release(&content);
	free(entries);
	resources_ip_free(object.ip);
	ASIdentifiers_free(object.as);
	return err;
}

static enum al_err lists_put(struct step *s)
{
	const struct publisher *publisher = s->spec->publisher;
	enum al_err err = revoke(s);

	for (size_t i = 0; i < publisher->key_count && err == AL_OK; i++) {
		if (publisher->keys[i].role == PUBLISHER_ASKED)
			continue;
		err = crl_put(s, &s->spec->keys[i]);
		if (err == AL_OK)
			err = manifest_put(s, &s->spec->keys[i]);
	}
	return err;
}

/* ---- all of it ---- */

static int by_path(const void *a, const void *b)
{
	const struct issue_file *x = a, *y = b;

	return strcmp(x->about.path, y->about.path);
}

static enum al_err finish(struct step *s)
{
	struct issue *out = s->out;
	enum al_err err = AL_OK;

	qsort(out->files, out->count, sizeof(*out->files), by_path);
	for (size_t i = 0; i < out->count && err == AL_OK; i++)
		err = issued_add_file(&out->next, &out->files[i].about);
	return err;
}

static void begin(struct step *s, size_t left_out)
{
	const struct issue_spec *spec = s->spec;
	struct issued *next = &s->out->next;
	uint64_t before = spec->before->number, from = spec->now - CERT_BACK_S;

	/* Later than before's, by whatever clock: thisUpdate and numbers never go back (RFC 9286 section 4.2.1). */
	s->from = before != 0 && from <= spec->before->from ? spec->before->from + 1 : from;
	next->number = before != 0 ? before + 1 : spec->now;
	next->size = spec->size;
	next->from = s->from;
	next->until = spec->now + ISSUE_LIFE_S;
	next->left_out = left_out;
	next->basis = spec->basis;
}

enum al_err issue_make(const struct issue_spec *spec, struct issue *out)
{
	struct step s = { .spec = spec, .out = out };
	const struct ca_key *key = key_current(spec);
	struct roa_plan plan;
	enum al_err err;

	*out = (struct issue){ 0 };
	issued_init(&out->next);
	if (key == NULL)
		return AL_ENOTFOUND;
	err = roa_plan_make(spec->set, &spec->publisher->resources, &plan);
	if (err != AL_OK)
		return err;
	begin(&s, plan.left_out);
	err = anchor_files(&s);
	for (size_t i = 0; i < plan.object_count && err == AL_OK; i++)
		err = planned_make(&s, key, &plan, &plan.objects[i]);
	roa_plan_release(&plan);
	if (err == AL_OK)
		err = lists_put(&s);
	return err == AL_OK ? finish(&s) : err;
}

void issue_release(struct issue *issue)
{
	for (size_t i = 0; i < issue->count; i++)
		al_buf_release(&issue->files[i].bytes);
	free(issue->files);
	issued_release(&issue->next);
	*issue = (struct issue){ 0 };
}

/* Is each object that the plan calls for there, and none more? */
static enum al_err plan_met(const struct issue_spec *spec, const struct roa_plan *plan, bool *met)
{
	const struct ca_key *key = key_current(spec);
	struct al_buf content;
	size_t objects = 0;
	enum al_err err = AL_OK;

	*met = key != NULL;
	al_buf_init(&content, ECONTENT_MAX);
	for (size_t i = 0; i < plan->object_count && *met && err == AL_OK; i++) {
		al_buf_reset(&content);
		planned_content(plan, &plan->objects[i], &content);
		err = content.err;
		*met = object_kept(spec, plan->objects[i].path, al_buf_view(&content), key) != NULL;
	}
	al_buf_release(&content);
	for (size_t i = 0; i < spec->before->file_count; i++)
		objects += strstr(spec->before->files[i].path, ".roa") != NULL ||
			   strstr(spec->before->files[i].path, ".asa") != NULL;
	*met = *met && objects == plan->object_count;
	return err;
}

enum al_err issue_due(const struct issue_spec *spec, bool *due)
{
	const struct issued *before = spec->before;
	struct roa_plan plan;
	bool met = false;
	enum al_err err;

	*due = true;
	if (before->number == 0 || !al_hash_eq(&before->basis, &spec->basis) ||
	    spec->now + ISSUE_RENEW(ISSUE_LIFE_S) >= before->until)
		return AL_OK;
	err = roa_plan_make(spec->set, &spec->publisher->resources, &plan);
	if (err != AL_OK)
		return err;
	err = plan_met(spec, &plan, &met);
	*due = !met || plan.left_out != before->left_out;
	roa_plan_release(&plan);
	return err;
}
