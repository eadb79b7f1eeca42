/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c -- see snapshot.h. Builder's thread.
 *
 *   head | zone ... | digest        zone: numbers, SOA, servers, deltas, nodes, the nodes at multiples of 8 bytes
 */
#include "snapshot.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "kept.h"

#define SNAPSHOT_FILE "zones.snapshot"
#define SECRET_FILE "snapshot-secret"
#define SECRET_LEN 32u
#define DIGEST_LEN 32u
#define HEAD "alamo zones 2 " ALAMO_VERSION "\n"
#define LAYOUT ((uint32_t)(sizeof(struct node) << 16 | sizeof(struct node_set) << 8 | sizeof(struct node_part)))
#define ORDER 0x01020304u /* as the machine has it */
#define ALIGN 8u
#define FILE_MAX ((size_t)8 << 30)
#define EXPIRATION_AT (RR_FIXED + 8u) /* in an RRSIG in run form */

/* ---- writing ---- */

struct writer {
	crypto_generichash_state hash;
	struct kept_file *file;
	size_t at;
	enum al_err err;
};

static void put(struct writer *w, const void *bytes, size_t len)
{
	if (w->err != AL_OK || len == 0)
		return;
	(void)crypto_generichash_update(&w->hash, bytes, len);
	w->err = kept_write(w->file, bytes, len);
	w->at += len;
}

static void put_align(struct writer *w)
{
	static const uint8_t zeros[ALIGN];

	put(w, zeros, (ALIGN - w->at % ALIGN) % ALIGN);
}

static void put_deltas(struct writer *w, const struct zone *zone, struct al_buf *buf)
{
	for (size_t i = 0; i < zone->delta_count; i++) {
		const struct delta *delta = zone->deltas[i];

		al_buf_reset(buf);
		al_buf_u32(buf, delta->from);
		al_buf_u32(buf, delta->to);
		al_buf_u32(buf, delta->count);
		al_buf_u32(buf, delta->len);
		put(w, buf->ptr, buf->len);
		put(w, delta->bytes, delta->len);
	}
}

static void put_zone(struct writer *w, const struct zone *zone, struct al_buf *buf)
{
	const struct node *node;
	al_buf_reset(buf);
	al_buf_string(buf, zone->apex.b, zone->apex.len);
	al_buf_u32(buf, zone->serial);
	al_buf_u32(buf, zone->expire_s);
	al_buf_u8(buf, zone->wildcards);
	al_buf_u64(buf, zone->cuts.word[0]);
	al_buf_u64(buf, zone->cuts.word[1]);
	al_buf_u32(buf, zone->soa_len);
	al_buf_string(buf, zone->soa, zone->soa_len + zone->soa_sig_len);
	al_buf_u32(buf, zone->servers_len);
	al_buf_u16(buf, zone->servers_count);
	al_buf_u16(buf, zone->servers_sig_count);
	al_buf_string(buf, zone->servers, zone->servers_len + zone->servers_sig_len);
	al_buf_u64(buf, zone->bytes);
	al_buf_u64(buf, zone->chain.count);
	al_buf_u32(buf, (uint32_t)zone->delta_count);
	w->err = w->err == AL_OK ? buf->err : w->err;
	put(w, buf->ptr, buf->len);
	put_deltas(w, zone, buf);
	for (struct chain_at at = { 0, 0 }; (node = zone_chain_node(&zone->chain, at)) != NULL;
	     at = zone_chain_after(&zone->chain, at)) {
		put_align(w);
		put(w, node, node->size);
	}
}

static void put_head(struct writer *w, size_t count, uint64_t size, struct al_buf *buf)
{
	uint32_t order = ORDER;

	al_buf_reset(buf);
	al_buf_str(buf, HEAD);
	al_buf_put(buf, &order, sizeof(order));
	al_buf_u32(buf, LAYOUT);
	al_buf_u64(buf, size);
	al_buf_u32(buf, (uint32_t)count);
	put(w, buf->ptr, buf->len);
}

enum al_err snapshot_save(const char *dir, const struct zone *const *zones, size_t count, uint64_t size)
{
	uint8_t secret[SECRET_LEN], digest[DIGEST_LEN];
	struct writer w = { .err = AL_OK };
	struct al_buf buf;
	enum al_err err = kept_secret(dir, SECRET_FILE, secret, sizeof(secret));

	if (err == AL_OK)
		err = kept_begin(dir, SNAPSHOT_FILE, 0600, &w.file);
	if (err != AL_OK)
		return err;
	(void)crypto_generichash_init(&w.hash, secret, sizeof(secret), sizeof(digest));
	al_buf_init(&buf, 1u << 20);
	put_head(&w, count, size, &buf);
	for (size_t i = 0; i < count; i++)
		put_zone(&w, zones[i], &buf);
	al_buf_release(&buf);
	(void)crypto_generichash_final(&w.hash, digest, sizeof(digest));
	if (w.err == AL_OK)
		w.err = kept_write(w.file, digest, sizeof(digest));
	return kept_end(w.file, w.err);
}

/* ---- reading: of bytes that are our own, by their digest ---- */

static uint8_t *copy_of(struct al_slice bytes)
{
	uint8_t *copy = malloc(bytes.len + 1);

	if (copy != NULL && bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	return copy;
}

static bool take_delta(struct al_reader *r, struct zone *zone)
{
	uint32_t from = al_read_u32(r), to = al_read_u32(r), count = al_read_u32(r), len = al_read_u32(r);
	struct al_slice bytes = al_read_bytes(r, len);
	struct delta *delta;

	if (r->err != AL_OK)
		return false;
	delta = malloc(sizeof(*delta) + len);
	if (delta == NULL)
		return false;
	*delta = (struct delta){ .refs = 1, .from = from, .to = to, .count = count, .len = len };
	memcpy(delta->bytes, bytes.ptr, len);
	zone->deltas[zone->delta_count++] = delta;
	zone->delta_bytes += len;
	return true;
}

static bool take_deltas(struct al_reader *r, struct zone *zone, size_t count)
{
	if (count > DELTA_COUNT_MAX)
		return false;
	zone->deltas = malloc((count + 1) * sizeof(*zone->deltas));
	for (size_t i = 0; zone->deltas != NULL && i < count; i++)
		if (!take_delta(r, zone))
			return false;
	return zone->deltas != NULL;
}

static void first_end(const struct node *node, uint64_t *until)
{
	for (size_t i = 0; i < node->set_count; i++) {
		const struct node_set *set = &node->sets[i];
		uint32_t end;

		if (set->sig_len == 0)
			continue;
		end = al_get_u32(node_bytes(node, set->at + set->len) + EXPIRATION_AT);
		*until = end < *until ? end : *until;
	}
}

static bool take_nodes(struct al_reader *r, struct snapshot *snapshot, struct zone *zone, size_t count, uint64_t seed)
{
	const struct making making = { .number = 0 };

	if (count == 0 || count > r->left / sizeof(struct node) ||
	    zone_slots_new(&zone->slots, seed, &making, count) != AL_OK)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t at = (size_t)(r->ptr - snapshot->bytes);
		const struct node *node, *same;

		(void)al_read_bytes(r, (ALIGN - at % ALIGN) % ALIGN);
		node = (const struct node *)(const void *)r->ptr;
		if (r->left < sizeof(*node) || al_read_bytes(r, node->size).len < sizeof(*node))
			return false;
		if (zone_chain_put(&zone->chain, &making, node, &same) != AL_OK ||
		    zone_slots_add(&zone->slots, &making, node) != AL_OK)
			return false;
		first_end(node, &snapshot->until);
	}
	return r->err == AL_OK;
}

/* Its nodes are the file's. */
static void restored_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	zone_chain_release(&zone->chain, true);
	zone_slots_release(&zone->slots, true);
	zone_free(zone);
}

static bool take_zone(struct al_reader *r, struct snapshot *snapshot, uint64_t seed)
{
	struct zone *zone = zone_alloc();
	struct al_slice apex = al_read_string(r), bytes;
	size_t deltas, nodes;

	if (zone == NULL || apex.len == 0 || apex.len > DNAME_MAX)
		goto bad;
	dname_of_wire((const uint8_t *)apex.ptr, apex.len, &zone->apex);
	zone->labels = dname_labels(zone->apex.b);
	zone->serial = al_read_u32(r);
	zone->expire_s = al_read_u32(r);
	zone->wildcards = al_read_u8(r) != 0;
	zone->cuts.word[0] = al_read_u64(r);
	zone->cuts.word[1] = al_read_u64(r);
	zone->soa_len = al_read_u32(r);
	bytes = al_read_string(r);
	zone->soa_sig_len = (uint32_t)bytes.len - zone->soa_len;
	zone->soa = copy_of(bytes);
	zone->servers_len = al_read_u32(r);
	zone->servers_count = al_read_u16(r);
	zone->servers_sig_count = al_read_u16(r);
	bytes = al_read_string(r);
	zone->servers_sig_len = (uint32_t)bytes.len - zone->servers_len;
	zone->servers = copy_of(bytes);
	zone->bytes = (size_t)al_read_u64(r);
	nodes = (size_t)al_read_u64(r);
	deltas = al_read_u32(r);
	if (r->err != AL_OK || zone->soa == NULL || zone->servers == NULL || !take_deltas(r, zone, deltas) ||
	    !take_nodes(r, snapshot, zone, nodes, seed))
		goto bad;
	snapshot->zones[snapshot->count++] = zone;
	return true;
bad:
	restored_free(zone);
	return false;
}

static bool take_all(struct snapshot *snapshot, size_t len, uint64_t seed)
{
	struct al_reader r = al_reader_of(snapshot->bytes, len - DIGEST_LEN);
	struct al_slice head = al_read_bytes(&r, sizeof(HEAD) - 1), order = al_read_bytes(&r, sizeof(uint32_t));
	uint32_t wanted = ORDER, count;

	if (!al_slice_is(head, HEAD) || order.len != sizeof(wanted) ||
	    memcmp(order.ptr, &wanted, sizeof(wanted)) != 0 || al_read_u32(&r) != LAYOUT)
		return false;
	snapshot->size = al_read_u64(&r);
	count = al_read_u32(&r);
	if (r.err != AL_OK || count == 0 || count > PLAN_ZONES_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!take_zone(&r, snapshot, seed))
			return false;
	return al_reader_done(&r);
}

static bool is_ours(const char *dir, const struct al_buf *file)
{
	uint8_t secret[SECRET_LEN], digest[DIGEST_LEN];

	if (file->len < DIGEST_LEN || kept_secret(dir, SECRET_FILE, secret, sizeof(secret)) != AL_OK)
		return false;
	(void)crypto_generichash(digest, sizeof(digest), file->ptr, file->len - DIGEST_LEN, secret, sizeof(secret));
	return sodium_memcmp(digest, file->ptr + file->len - DIGEST_LEN, DIGEST_LEN) == 0;
}

enum al_err snapshot_load(const char *dir, uint64_t seed, struct snapshot **out)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct al_buf file;
	enum al_err err;
	size_t len;

	if (snapshot == NULL)
		return AL_ENOMEM;
	al_buf_init(&file, FILE_MAX);
	err = kept_get(dir, SNAPSHOT_FILE, &file);
	if (err == AL_OK && !is_ours(dir, &file))
		err = AL_EVERIFY;
	if (err == AL_OK) {
		snapshot->until = UINT64_MAX;
		snapshot->bytes = (uint8_t *)al_buf_take(&file, &len);
		if (snapshot->bytes == NULL || !take_all(snapshot, len, seed))
			err = AL_EUNSUPPORTED;
	}
	al_buf_release(&file);
	if (err == AL_OK) {
		*out = snapshot;
		return AL_OK;
	}
	if (err != AL_ENOTFOUND)
		al_log(AL_LOG_WARN, "snapshot", "file=%s/" SNAPSHOT_FILE " err=%s: all zones are signed anew", dir,
		       al_err_name(err));
	snapshot_free(snapshot);
	return AL_ENOTFOUND;
}

bool snapshot_in_use(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (zone_refs(snapshot->zones[i]) > 0)
			return true;
	return false;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	for (size_t i = 0; i < snapshot->count; i++)
		restored_free(snapshot->zones[i]);
	free(snapshot->bytes);
	free(snapshot);
}
