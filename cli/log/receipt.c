/* SPDX-License-Identifier: MIT */
/*
 * receipt.c -- receipts: out of an answer, together with their entry, into a
 * file. Pure but for memory.
 */
#include "receipt.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/request.h"
#include "member/answer.h"

#define MAGIC "c2sp.org/tlog-proof@v1\n"
#define TOKEN_LEN 64
#define SEARCH_S 86400 /* how far the registry's clock may be from ours */

enum al_err receipt_find(struct al_slice text, struct al_slice *receipt)
{
	struct al_slice rest, line;
	const char *at = text.len > 0 ? memmem(text.ptr, text.len, MAGIC, strlen(MAGIC)) : NULL;
	bool empty = false;
	size_t len;

	/* At the beginning of a line, and only once: a second one would be somebody's choice. */
	if (at == NULL || (at > text.ptr && at[-1] != '\n'))
		return AL_ENOTFOUND;
	rest = al_slice_from(text, (size_t)(at - text.ptr));
	*receipt = rest;
	len = rest.len;
	/* An answer goes on behind the note: with lines that begin with '%'. */
	while (al_slice_line(&rest, &line)) {
		if (line.len > 0 && line.ptr[0] == '%' && empty) {
			len = (size_t)(line.ptr - receipt->ptr);
			break;
		}
		empty = empty || line.len == 0;
	}
	*receipt = al_slice_head(*receipt, len);
	return AL_OK;
}

static enum al_err extra_decode(struct al_slice extra, struct al_buf *entry)
{
	uint8_t *bytes = malloc(AL_ENTRY_MAX);
	enum al_err err;
	size_t len;

	if (bytes == NULL)
		return AL_ENOMEM;
	err = al_slice_base64(extra, bytes, AL_ENTRY_MAX, &len);
	if (err == AL_OK)
		al_buf_put(entry, bytes, len);
	free(bytes);
	return err == AL_OK ? entry->err : err;
}

/* ---- the entry, out of request and answer ---- */

struct rebuilt {
	struct al_request request;
	struct al_entry entry;
	char result[AL_REQUEST_OBJECTS_MAX + 1];
	char tokens[AL_AUTOS_MAX][TOKEN_LEN]; /* upper case; the entry's slices point into it */
};

static char action_letter(struct al_slice action)
{
	if (al_slice_is(action, "Create"))
		return AL_CREATE;
	if (al_slice_is(action, "Modify"))
		return AL_MODIFY;
	return al_slice_is(action, "Delete") ? AL_DELETE : AL_NO_OPERATION;
}

/* An object whose key is a placeholder: the answer tells what it became. */
static void placeholder_add(struct rebuilt *r, struct al_slice raw, const struct answer_object *said)
{
	struct al_slice line, name, value;
	char *token = r->tokens[r->entry.auto_count < AL_AUTOS_MAX ? r->entry.auto_count : 0];

	if (!al_slice_line(&raw, &line) || !al_slice_cut(&line, ':', &name))
		return;
	(void)al_slice_cut(&line, '#', &value);
	value = al_slice_trim(value);
	if (!al_slice_casestarts(value, "AUTO-") || r->entry.auto_count == AL_AUTOS_MAX || value.len > TOKEN_LEN ||
	    !(al_slice_is(said->cls, "aut-num") || al_slice_is(said->cls, "inetnum") ||
	      al_slice_is(said->cls, "inet6num")))
		return;
	for (size_t i = 0; i < value.len; i++) {
		char ch = value.ptr[i];

		token[i] = (char)(ch >= 'a' && ch <= 'z' ? ch - 'a' + 'A' : ch);
	}
	r->entry.autos[r->entry.auto_count++] = (struct al_auto){ al_slice_of(token, value.len), said->key };
}

static enum al_err answer_apply(struct rebuilt *r, struct al_slice answer)
{
	struct answer_object said;
	size_t count = 0;

	while (answer_next(&answer, &said)) {
		if (count == r->request.object_count || !said.succeeded)
			return AL_EINVAL;
		placeholder_add(r, r->request.objects[count], &said);
		r->result[count++] = action_letter(said.action);
	}
	if (count != r->request.object_count)
		return AL_EINVAL;
	r->entry.result = al_slice_of(r->result, count);
	r->entry.body = al_buf_view(&r->request.bytes);
	r->entry.kind = AL_S("request");
	return AL_OK;
}

/* Tries now, now + 1, now - 1, ... until the entry is the proof's leaf. */
static enum al_err time_search(struct rebuilt *r, const struct al_receipt *proof, const struct al_checkpoint *cp,
			       uint64_t now, struct al_buf *out)
{
	size_t start = out->len;

	r->entry.index = proof->index;
	for (uint64_t step = 0; step < 2 * SEARCH_S; step++) {
		uint64_t distance = (step + 1) / 2;
		struct al_hash leaf;
		enum al_err err;

		if (step % 2 == 0 && distance > now)
			continue;
		r->entry.time = step % 2 == 1 ? now + distance : now - distance;
		out->len = start;
		err = al_entry_encode(&r->entry, out);
		if (err != AL_OK)
			return err;
		leaf = al_leaf_hash(al_slice_from(al_buf_view(out), start));
		if (al_inclusion_ok(proof->index, cp->size, &leaf, proof->proof, proof->count, &cp->root))
			return AL_OK;
	}
	out->len = start;
	return AL_ENOTFOUND;
}

/*
 * Sent again, the request may have been signed by others in the meantime, as
 * the hostmaster does with what waits for him, and the answer brings the entry.
 * Only its time and its body are taken, the body if it is the text that was
 * sent; that this is what the log has, the leaf shows.
 */
static enum al_err brought_take(struct rebuilt *r, const struct al_receipt *proof, struct al_buf *bytes, uint64_t *now)
{
	struct al_request request;
	struct al_entry entry;
	enum al_err err = extra_decode(proof->extra, bytes);

	if (err == AL_OK)
		err = al_entry_decode(al_buf_view(bytes), &entry);
	if (err != AL_OK)
		return err;
	al_request_init(&request);
	request.stored = true;
	err = al_request_parse(entry.body, &request, NULL);
	if (err == AL_OK && !al_slice_eq(request.text, r->request.text))
		err = AL_ENOTFOUND;
	al_request_release(&request);
	r->entry.body = entry.body;
	*now = entry.time;
	return err;
}

static enum al_err leaf_find(struct rebuilt *r, const struct al_receipt *proof, const struct al_checkpoint *cp,
			     uint64_t now, struct al_buf *out)
{
	struct al_buf bytes;
	enum al_err err = AL_OK;

	al_buf_init(&bytes, AL_ENTRY_MAX);
	if (proof->extra.len > 0)
		err = brought_take(r, proof, &bytes, &now);
	if (err == AL_OK)
		err = time_search(r, proof, cp, now, out);
	al_buf_release(&bytes);
	return err;
}

enum al_err receipt_rebuild(struct al_slice request, struct al_slice answer, const struct al_vkey *key, uint64_t now,
			    struct al_buf *entry)
{
	struct rebuilt *r = calloc(1, sizeof(*r));
	struct al_receipt proof;
	struct al_checkpoint cp;
	struct al_slice receipt;
	enum al_err err = AL_ENOMEM;

	if (r == NULL)
		return err;
	al_request_init(&r->request);
	err = receipt_find(answer, &receipt);
	if (err == AL_OK)
		err = al_receipt_parse(receipt, &proof);
	if (err == AL_OK)
		err = al_checkpoint_open(proof.note, key, &cp);
	if (err == AL_OK)
		err = al_request_parse(request, &r->request, NULL);
	if (err == AL_OK)
		err = answer_apply(r, answer);
	if (err == AL_OK)
		err = leaf_find(r, &proof, &cp, now, entry);
	al_request_release(&r->request);
	free(r);
	return err;
}

/* ---- with the entry in it ---- */

enum al_err receipt_join(struct al_slice receipt, struct al_slice entry, struct al_buf *out)
{
	struct al_receipt parsed;
	enum al_err err = al_receipt_parse(receipt, &parsed);

	if (err != AL_OK)
		return err;
	al_buf_str(out, MAGIC "extra ");
	al_buf_base64(out, entry.ptr, entry.len);
	al_buf_str(out, "\n");
	/* Everything behind the first line, or behind an `extra` that was there. */
	receipt = al_slice_from(receipt, strlen(MAGIC));
	if (parsed.extra.len > 0)
		receipt = al_slice_from(receipt, strlen("extra ") + parsed.extra.len + 1);
	al_buf_slice(out, receipt);
	return out->err;
}

enum al_err receipt_entry(struct al_slice receipt, struct al_buf *entry)
{
	struct al_receipt parsed;
	enum al_err err = al_receipt_parse(receipt, &parsed);

	if (err == AL_OK && parsed.extra.len == 0)
		err = AL_ENOTFOUND;
	return err == AL_OK ? extra_decode(parsed.extra, entry) : err;
}
