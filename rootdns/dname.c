/* SPDX-License-Identifier: MIT */
/*
 * dname.c -- wire names: see dname.h. Pure; any thread.
 *
 * The hash goes from the root to the leaf, so that one pass gives the hash of
 * every suffix. It is seeded: members choose names, and must not be able to
 * choose collisions.
 */
#include "dname.h"

#include <stdio.h>
#include <string.h>

#include "alamo/base/wire.h"

static uint8_t lower(uint8_t ch)
{
	return ch >= 'A' && ch <= 'Z' ? (uint8_t)(ch + ('a' - 'A')) : ch;
}

enum al_err dname_of_text(struct al_slice text, struct dname *out)
{
	uint8_t wire[AL_NAME_WIRE_MAX];
	size_t len;

	if (text.len > 0 && text.ptr[text.len - 1] == '.')
		text.len--;
	len = al_name_to_wire(text, wire);
	if (len == 0)
		return AL_EINVAL;
	dname_of_wire(wire, len, out);
	return AL_OK;
}

/* Length bytes are below 64 and so below 'A': the whole name can be lowered byte by byte. */
void dname_of_wire(const uint8_t *wire, size_t len, struct dname *out)
{
	out->len = (uint8_t)len;
	for (size_t i = 0; i < len; i++)
		out->b[i] = lower(wire[i]);
}

const char *dname_text(const uint8_t *wire, char out[static DNAME_TEXT_MAX])
{
	size_t to = 0;

	if (wire[0] == 0)
		out[to++] = '.';
	for (; wire[0] != 0; wire += wire[0] + 1) {
		for (size_t i = 1; i <= wire[0]; i++) {
			if (wire[i] > 0x20 && wire[i] < 0x7f && wire[i] != '.' && wire[i] != '\\')
				out[to++] = (char)wire[i];
			else
				to += (size_t)snprintf(out + to, 5, "\\%03u", wire[i]);
		}
		out[to++] = '.';
	}
	out[to] = '\0';
	return out;
}

size_t dname_wire_len(const uint8_t *name)
{
	size_t len = 0;

	while (name[len] != 0)
		len += name[len] + 1u;
	return len + 1;
}

unsigned dname_labels(const uint8_t *name)
{
	unsigned count = 0;

	for (; *name != 0; name += *name + 1)
		count++;
	return count;
}

bool dname_eq(const struct dname *a, const struct dname *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

bool dname_within(const uint8_t *name, size_t name_len, const uint8_t *zone, size_t zone_len)
{
	while (name_len > zone_len) {
		name_len -= name[0] + 1u;
		name += name[0] + 1u;
	}
	return name_len == zone_len && memcmp(name, zone, zone_len) == 0;
}

enum al_err dname_join(const struct dname *head, const struct dname *origin, struct dname *out)
{
	struct dname joined;
	size_t keep = head->len - 1u;

	if (keep + origin->len > DNAME_MAX)
		return AL_EINVAL;
	memcpy(joined.b, head->b, keep);
	memcpy(joined.b + keep, origin->b, origin->len);
	joined.len = (uint8_t)(keep + origin->len);
	memcpy(out->b, joined.b, joined.len);
	out->len = joined.len;
	return AL_OK;
}

enum al_err dname_child(struct al_slice label, const struct dname *origin, struct dname *out)
{
	struct dname head;

	if (label.len == 0 || label.len > 63)
		return AL_EINVAL;
	head.b[0] = (uint8_t)label.len;
	for (size_t i = 0; i < label.len; i++)
		head.b[i + 1] = lower((uint8_t)label.ptr[i]);
	head.b[label.len + 1] = 0;
	head.len = (uint8_t)(label.len + 2);
	return dname_join(&head, origin, out);
}

/* Offsets of the labels, leaf first. */
static unsigned label_starts(const uint8_t *name, uint8_t at[static DNAME_LABELS_MAX])
{
	unsigned count = 0;

	for (size_t i = 0; name[i] != 0 && count < DNAME_LABELS_MAX; i += name[i] + 1u)
		at[count++] = (uint8_t)i;
	return count;
}

unsigned dname_common(const uint8_t *a, const uint8_t *b)
{
	uint8_t a_at[DNAME_LABELS_MAX], b_at[DNAME_LABELS_MAX];
	unsigned a_left = label_starts(a, a_at), b_left = label_starts(b, b_at), common = 0;

	while (a_left > 0 && b_left > 0) {
		const uint8_t *x = a + a_at[--a_left], *y = b + b_at[--b_left];

		if (x[0] != y[0] || memcmp(x, y, x[0] + 1u) != 0)
			break;
		common++;
	}
	return common;
}

size_t dname_key(const uint8_t *name, unsigned apex_labels, uint8_t out[static DNAME_KEY_MAX])
{
	uint8_t at[DNAME_LABELS_MAX];
	unsigned count = label_starts(name, at);
	size_t len = 0;

	for (unsigned i = count - apex_labels; i-- > 0;) {
		const uint8_t *label = name + at[i];

		for (unsigned k = 1; k <= label[0]; k++) {
			/* 0 ends a label: the two lowest bytes are written as pairs, in their order. */
			if (label[k] <= 1)
				out[len++] = 1;
			out[len++] = label[k] <= 1 ? (uint8_t)(label[k] + 1) : label[k];
		}
		out[len++] = 0;
	}
	return len;
}

int dname_key_cmp(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int cmp = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return cmp != 0 ? cmp : (a_len > b_len) - (a_len < b_len);
}

uint64_t dname_key_prefix(const uint8_t *key, size_t len)
{
	uint8_t first[8] = { 0 };

	memcpy(first, key, len < sizeof(first) ? len : sizeof(first));
	return al_get_u64(first);
}

static uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

uint64_t dname_hash_label(uint64_t parent, const uint8_t *label)
{
	size_t left = label[0] + 1u;
	uint64_t hash = parent + left, word;

	for (; left >= sizeof(word); left -= sizeof(word), label += sizeof(word)) {
		memcpy(&word, label, sizeof(word));
		hash = hash_word(hash, word);
	}
	word = 0;
	memcpy(&word, label, left);
	hash = hash_word(hash, word) * UINT64_C(0xc2b2ae3d27d4eb4f);
	return hash ^ hash >> 29;
}

uint64_t dname_hash(uint64_t seed, const uint8_t *name)
{
	uint8_t at[DNAME_LABELS_MAX];
	uint64_t hash = seed;

	for (unsigned i = label_starts(name, at); i-- > 0;)
		hash = dname_hash_label(hash, name + at[i]);
	return hash;
}

enum al_err dname_index(uint64_t seed, const uint8_t *wire, size_t left, struct dname_index *out)
{
	uint8_t start[DNAME_LABELS_MAX];
	size_t len = 0;
	unsigned count = 0;

	for (;; len += wire[len] + 1u) {
		if (len >= left || len >= DNAME_MAX || wire[len] > 63)
			return AL_EINVAL;
		if (wire[len] == 0)
			break;
		if (count == DNAME_LABELS_MAX)
			return AL_EINVAL;
		start[count++] = (uint8_t)len;
	}
	out->len = (uint8_t)(len + 1);
	out->labels = (uint8_t)count;
	for (size_t i = 0; i <= len; i++)
		out->name[i] = lower(wire[i]);
	out->at[0] = (uint8_t)len;
	out->hash[0] = seed;
	for (unsigned n = 1; n <= count; n++) {
		out->at[n] = start[count - n];
		out->hash[n] = dname_hash_label(out->hash[n - 1], out->name + out->at[n]);
	}
	return AL_OK;
}
