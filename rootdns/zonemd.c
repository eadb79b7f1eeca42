/* SPDX-License-Identifier: MIT */
/*
 * zonemd.c -- see zonemd.h. Builder's thread.
 *
 * The order is that of RFC 8976 section 3.3.1: owner, type, RDATA. Nodes stand in it, a run is sorted by RDATA; an
 * owner's signatures are one RRset among the others, and glue has the place of its own name below the cut.
 */
#include "zonemd.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

#define PIECES_MAX 160 /* of one owner: sets, and as many signatures */
#define SCHEME_SIMPLE 1
#define HASH_SHA384 1
#define SHA384_LEN 48u

struct piece {
	uint16_t type;
	uint16_t covered; /* of a signature */
	const uint8_t *run;
	size_t len;
};

static int piece_cmp(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return (a->covered > b->covered) - (a->covered < b->covered);
}

static void piece_add(struct piece *pieces, size_t *count, uint16_t type, const uint8_t *run, size_t len,
		      size_t sig_len)
{
	if (type == RR_ZONEMD || *count + 2 > PIECES_MAX)
		return;
	pieces[(*count)++] = (struct piece){ type, 0, run, len };
	if (sig_len > 0)
		pieces[(*count)++] = (struct piece){ RR_RRSIG, type, run + len, sig_len };
}

static void hash_pieces(EVP_MD_CTX *hash, const uint8_t *name, size_t name_len, struct piece *pieces, size_t count)
{
	struct rr_view rr;

	qsort(pieces, count, sizeof(*pieces), piece_cmp);
	for (size_t i = 0; i < count; i++)
		while (rr_next(&pieces[i].run, &pieces[i].len, &rr)) {
			(void)EVP_DigestUpdate(hash, name, name_len);
			(void)EVP_DigestUpdate(hash, rr.fixed, rr.fixed_len);
		}
}

/* ---- glue ---- */

struct glue {
	const uint8_t *record;
	size_t name_len, len;
	size_t key_len;
	uint8_t key[DNAME_KEY_MAX];
};

static int glue_cmp(const void *x, const void *y)
{
	const struct glue *a = x, *b = y;
	int order = dname_key_cmp(a->key, a->key_len, b->key, b->key_len);

	if (order == 0)
		order = memcmp(a->record + a->name_len, b->record + b->name_len, 2); /* type */
	if (order == 0 && a->len == b->len)
		order = memcmp(a->record + a->name_len, b->record + b->name_len, a->len - a->name_len);
	return order;
}

/* `most`: at least as many as the records. */
static enum al_err hash_glue(EVP_MD_CTX *hash, struct al_slice records, size_t most)
{
	const uint8_t *at = (const uint8_t *)records.ptr, *end = at + records.len;
	struct glue *glue = malloc((most + 1u) * sizeof(*glue));
	size_t count = 0;

	if (glue == NULL)
		return AL_ENOMEM;
	for (; at < end; at += glue[count++].len) {
		glue[count].record = at;
		glue[count].len = record_len(at, &glue[count].name_len);
		glue[count].key_len = dname_key(at, 0, glue[count].key);
	}
	qsort(glue, count, sizeof(*glue), glue_cmp);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || glue_cmp(&glue[i - 1], &glue[i]) != 0)
			(void)EVP_DigestUpdate(hash, glue[i].record, glue[i].len);
	free(glue);
	return AL_OK;
}

/* ---- names ---- */

static void hash_sets(EVP_MD_CTX *hash, const struct node *node)
{
	struct piece pieces[PIECES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < node->set_count; i++)
		piece_add(pieces, &count, node->sets[i].type, node_bytes(node, node->sets[i].at), node->sets[i].len,
			  node->sets[i].sig_len);
	hash_pieces(hash, node_name(node), node->name_len, pieces, count);
}

/* Of a delegation NS comes before all sets, and glue after them. */
static enum al_err hash_node(EVP_MD_CTX *hash, const struct node *node)
{
	struct node_record record;
	struct node_walk walk;
	struct al_buf glue;
	size_t count = 0;
	enum al_err err;

	al_buf_init(&glue, UINT32_MAX);
	node_walk_begin(&walk, node);
	while (node_walk_next(&walk, &record)) {
		if (record.glue) {
			al_buf_put(&glue, record.name, record.name_len);
			al_buf_put(&glue, record.fixed, record.fixed_len);
			count++;
		} else if (node->cut && record.type == RR_NS) {
			(void)EVP_DigestUpdate(hash, record.name, record.name_len);
			(void)EVP_DigestUpdate(hash, record.fixed, record.fixed_len);
		}
	}
	hash_sets(hash, node);
	err = glue.err;
	if (err == AL_OK && count > 0)
		err = hash_glue(hash, al_buf_view(&glue), count);
	al_buf_release(&glue);
	return err;
}

/* The apex is not compiled yet: set and signature stand apart. */
static void apex_piece(struct piece *pieces, size_t *count, const struct shown_set *set)
{
	if (set->type == RR_ZONEMD || *count + 2 > PIECES_MAX)
		return;
	pieces[(*count)++] = (struct piece){ set->type, 0, set->run, set->len };
	if (set->sig_len > 0)
		pieces[(*count)++] = (struct piece){ RR_RRSIG, set->type, set->sig, set->sig_len };
}

static void hash_apex(EVP_MD_CTX *hash, const struct shown *apex)
{
	struct piece pieces[PIECES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < apex->count; i++)
		apex_piece(pieces, &count, &apex->sets[i]);
	hash_pieces(hash, apex->whole.b, apex->whole.len, pieces, count);
}

void zonemd_rdata(uint32_t serial, uint8_t out[static ZONEMD_RDATA_LEN])
{
	memset(out, 0, ZONEMD_RDATA_LEN);
	al_set_u32(out, serial);
	out[4] = SCHEME_SIMPLE;
	out[5] = HASH_SHA384;
}

enum al_err zonemd_fill(const struct shown *apex, struct rrset *sets, const struct zone_chain *nodes)
{
	struct chain_at at = zone_chain_after(nodes, (struct chain_at){ 0, 0 });
	struct rrset *set = sets;
	EVP_MD_CTX *hash;
	enum al_err err = AL_OK;
	unsigned len = 0;

	while (set != NULL && set->type != RR_ZONEMD)
		set = set->next;
	if (set == NULL)
		return AL_OK;
	hash = EVP_MD_CTX_new();
	if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha384(), NULL) != 1)
		err = AL_ENOMEM;
	if (err == AL_OK)
		hash_apex(hash, apex);
	for (const struct node *node; err == AL_OK && (node = zone_chain_node(nodes, at)) != NULL;
	     at = zone_chain_after(nodes, at))
		err = hash_node(hash, node);
	if (err == AL_OK && EVP_DigestFinal_ex(hash, set->run + set->len - SHA384_LEN, &len) != 1)
		err = AL_ENOMEM;
	EVP_MD_CTX_free(hash);
	return err;
}
