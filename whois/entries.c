/* SPDX-License-Identifier: MIT */
/* entries.c -- records of varying length in a spool; memory knows where every sixteenth begins. */
#include "entries.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/spool.h"
#include "alamo/base/wire.h"
#include "alamo/rpsl/entry.h"

#define STRIDE 16u
#define SIGNER_LEN (AL_SSH_FINGERPRINT_LEN - 1)
#define RECORD_MAX (8 + AL_HASH_LEN + 4 + AL_REQUEST_SIGNATURES_MAX * SIGNER_LEN)

struct whois_entries {
	struct al_spool *spool;
	uint64_t *places; /* of entry 0, STRIDE, ... */
	size_t cap;
	uint64_t count;
	struct al_buf record; /* the newest */
	enum al_err err;
};

enum al_err whois_entries_new(const char *folder, struct whois_entries **out)
{
	struct whois_entries *entries = calloc(1, sizeof(*entries));
	enum al_err err = entries != NULL ? al_spool_new(folder, "whois-entries", &entries->spool) : AL_ENOMEM;

	if (err != AL_OK) {
		free(entries);
		return err;
	}
	al_buf_init(&entries->record, RECORD_MAX);
	*out = entries;
	return AL_OK;
}

void whois_entries_free(struct whois_entries *entries)
{
	if (entries == NULL)
		return;
	al_spool_free(entries->spool);
	al_buf_release(&entries->record);
	free(entries->places);
	free(entries);
}

uint64_t whois_entries_count(const struct whois_entries *entries)
{
	return entries->err == AL_OK ? entries->count : 0;
}

static enum al_err place_add(struct whois_entries *entries)
{
	size_t at = (size_t)(entries->count / STRIDE);

	if (entries->count % STRIDE != 0)
		return AL_OK;
	if (at == entries->cap) {
		size_t cap = entries->cap > 0 ? entries->cap * 2 : 256;
		uint64_t *places = realloc(entries->places, cap * sizeof(*places));

		if (places == NULL)
			return AL_ENOMEM;
		entries->places = places;
		entries->cap = cap;
	}
	entries->places[at] = al_spool_end(entries->spool);
	return AL_OK;
}

void whois_entries_add(struct whois_entries *entries, struct al_slice bytes, const struct al_hash *leaf)
{
	struct al_sshkey keys[AL_REQUEST_SIGNATURES_MAX];
	char print[AL_SSH_FINGERPRINT_LEN];
	struct al_entry entry;
	struct al_buf *out = &entries->record;
	size_t count = 0;

	if (entries->err != AL_OK)
		return;
	entries->err = al_entry_decode(bytes, &entry);
	if (entries->err == AL_OK)
		entries->err = place_add(entries);
	if (entries->err != AL_OK)
		return;
	if (al_slice_is(entry.kind, "request"))
		count = al_request_signers(entry.body, keys);
	al_buf_reset(out);
	al_buf_u64(out, entry.time);
	al_buf_put(out, leaf->b, sizeof(leaf->b));
	al_buf_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		al_sshkey_fingerprint(&keys[i], print);
		al_buf_put(out, print, SIGNER_LEN);
	}
	entries->err = out->err != AL_OK ? out->err : al_spool_put(entries->spool, al_buf_view(out));
	entries->count++;
}

static void record_read(struct al_reader *r, struct whois_entry *out)
{
	struct al_slice leaf, print;

	out->time = al_read_u64(r);
	leaf = al_read_bytes(r, sizeof(out->leaf.b));
	out->signers = al_read_u32(r);
	if (leaf.len == sizeof(out->leaf.b))
		memcpy(out->leaf.b, leaf.ptr, leaf.len);
	for (unsigned i = 0; i < out->signers && i < AL_REQUEST_SIGNATURES_MAX; i++) {
		print = al_read_bytes(r, SIGNER_LEN);
		if (al_slice_copy(print, out->signer[i], sizeof(out->signer[i])) != AL_OK)
			out->signer[i][0] = '\0';
	}
}

enum al_err whois_entries_get(const struct whois_entries *entries, uint64_t index, struct whois_entry *out)
{
	uint64_t offset, end;
	struct al_reader r;
	struct al_buf buf;
	enum al_err err;

	if (entries->err != AL_OK || index >= entries->count)
		return AL_ENOTFOUND;
	offset = entries->places[index / STRIDE];
	end = index / STRIDE < (entries->count - 1) / STRIDE ? entries->places[index / STRIDE + 1]
							     : al_spool_end(entries->spool);
	al_buf_init(&buf, STRIDE * RECORD_MAX);
	err = al_spool_read(entries->spool, offset, (size_t)(end - offset), &buf);
	r = al_reader_of(buf.ptr, buf.len);
	for (uint64_t at = index - index % STRIDE; at <= index && err == AL_OK && r.err == AL_OK; at++)
		record_read(&r, out);
	err = err == AL_OK ? r.err : err;
	al_buf_release(&buf);
	return err;
}
