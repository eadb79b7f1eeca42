/* SPDX-License-Identifier: MIT */
/*
 * note.c -- signed notes, checkpoints and receipts, as C2SP writes them.
 *
 * Parsing is strict: one spelling for each key, number and hash, so that
 * format(parse(x)) == x. Signature lines of keys that we do not hold are
 * checked for form and skipped.
 */
#include "alamo/tlog/note.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "alamo/base/sha.h"
#include "alamo/tlog/keys.h"
#include "note_parts.h"

#define SIGNATURE_BLOB_LEN (NOTE_ID_LEN + crypto_sign_BYTES)
#define KEY_LEN 32
#define KEY_BLOB_MAX 4096 /* of any type: ML-DSA-87 has 2,593 */
#define PRIVATE_PREFIX "PRIVATE+KEY+"
#define PROOF_MAGIC "c2sp.org/tlog-proof@v1"

/* ---- text ---- */

/* Bytes of the UTF-8 character at the start of `s`, its code in *code; 0 when malformed (RFC 3629 section 4). */
static size_t utf8_next(struct al_slice s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = (uint8_t)s.ptr[0];
	size_t len = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 ? 3 : 2;
	uint32_t c = len == 1 ? lead : lead & (0x7fu >> len);

	if ((lead >= 0x80 && lead < 0xc2) || lead >= 0xf8 || s.len < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)s.ptr[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((uint8_t)s.ptr[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

/* White space in Unicode's sense beyond the control characters. */
static bool code_is_space(uint32_t c)
{
	return c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool text_ok(struct al_slice text)
{
	uint32_t code;
	size_t step;

	for (; text.len > 0; text = al_slice_from(text, step)) {
		step = utf8_next(text, &code);
		if (step == 0 || (code < 0x20 && code != '\n'))
			return false;
	}
	return true;
}

bool note_name_ok(struct al_slice name)
{
	uint32_t code;
	size_t step;

	if (name.len == 0 || name.len > AL_ORIGIN_MAX)
		return false;
	for (; name.len > 0; name = al_slice_from(name, step)) {
		step = utf8_next(name, &code);
		if (step == 0 || code < 0x20 || code == 0x7f || code == '+' || code_is_space(code))
			return false;
	}
	return true;
}

static bool decode_hash(struct al_slice s, struct al_hash *out)
{
	struct al_hash hash;
	size_t len;

	if (al_slice_base64(s, hash.b, sizeof(hash.b), &len) != AL_OK || len != sizeof(hash.b))
		return false;
	*out = hash;
	return true;
}

/* ---- keys ---- */

void note_key_id(const char *name, uint8_t alg, const uint8_t pk[static 32], uint8_t id[static NOTE_ID_LEN])
{
	const uint8_t tag[2] = { '\n', alg };
	const struct al_slice parts[] = { al_slice_str(name), al_slice_of(tag, sizeof(tag)), al_slice_of(pk, 32) };
	uint8_t digest[AL_HASH_LEN];

	al_sha256(parts, AL_COUNT(parts), digest);
	memcpy(id, digest, NOTE_ID_LEN);
}

/* "NAME+hash8+base64(alg | 32 bytes)" into its parts; the id is the text's own claim. */
static enum al_err key_split(struct al_slice s, uint8_t alg, char name[static AL_ORIGIN_MAX + 1],
			     uint8_t id[static NOTE_ID_LEN], uint8_t bytes[static 32])
{
	struct al_slice head, hex;
	uint8_t blob[KEY_BLOB_MAX];
	size_t len;

	if (!al_slice_cut(&s, '+', &head) || !al_slice_cut(&s, '+', &hex) || !note_name_ok(head) ||
	    hex.len != 2 * NOTE_ID_LEN)
		return AL_EINVAL;
	for (size_t i = 0; i < hex.len; i++)
		if (hex.ptr[i] >= 'A' && hex.ptr[i] <= 'F')
			return AL_EINVAL;
	if (sodium_hex2bin(id, NOTE_ID_LEN, hex.ptr, hex.len, NULL, &len, NULL) != 0 || len != NOTE_ID_LEN)
		return AL_EINVAL;
	if (al_slice_base64(s, blob, sizeof(blob), &len) != AL_OK)
		return AL_EINVAL;
	if (len == 0)
		return AL_EINVAL;
	if (blob[0] != alg)
		return AL_EUNSUPPORTED;
	if (len != 1 + KEY_LEN)
		return AL_EINVAL;
	memcpy(bytes, blob + 1, KEY_LEN);
	sodium_memzero(blob, sizeof(blob));
	return al_slice_copy(head, name, AL_ORIGIN_MAX + 1);
}

static void key_join(const struct al_vkey *key, uint8_t alg, const uint8_t bytes[static 32], struct al_buf *out)
{
	uint8_t blob[33] = { alg };

	memcpy(blob + 1, bytes, 32);
	al_buf_str(out, key->name);
	al_buf_str(out, "+");
	al_buf_hex(out, key->id, sizeof(key->id));
	al_buf_str(out, "+");
	al_buf_base64(out, blob, sizeof(blob));
	sodium_memzero(blob, sizeof(blob));
}

enum al_err note_vkey_parse(struct al_slice s, uint8_t alg, struct al_vkey *out)
{
	uint8_t id[NOTE_ID_LEN];
	struct al_vkey key = { 0 };
	enum al_err err = key_split(s, alg, key.name, key.id, key.pk);

	if (err != AL_OK)
		return err;
	note_key_id(key.name, alg, key.pk, id);
	if (memcmp(id, key.id, NOTE_ID_LEN) != 0 || crypto_core_ed25519_is_valid_point(key.pk) != 1)
		return AL_EINVAL;
	*out = key;
	return AL_OK;
}

void note_vkey_format(const struct al_vkey *key, uint8_t alg, struct al_buf *out)
{
	key_join(key, alg, key->pk, out);
}

/* Public half and id from name and seed. */
static void skey_complete(struct al_skey *key, uint8_t alg)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(key->pub.pk, sk, key->seed);
	sodium_memzero(sk, sizeof(sk));
	note_key_id(key->pub.name, alg, key->pub.pk, key->pub.id);
}

enum al_err note_skey_generate(struct al_slice name, uint8_t alg, struct al_skey *out)
{
	struct al_skey key = { 0 };

	if (!note_name_ok(name) || al_slice_copy(name, key.pub.name, sizeof(key.pub.name)) != AL_OK)
		return AL_EINVAL;
	randombytes_buf(key.seed, sizeof(key.seed));
	skey_complete(&key, alg);
	*out = key;
	al_skey_wipe(&key);
	return AL_OK;
}

enum al_err note_skey_parse(struct al_slice s, uint8_t alg, struct al_skey *out)
{
	uint8_t id[NOTE_ID_LEN];
	struct al_skey key = { 0 };
	enum al_err err;

	if (!al_slice_starts(s, PRIVATE_PREFIX))
		return AL_EINVAL;
	err = key_split(al_slice_from(s, strlen(PRIVATE_PREFIX)), alg, key.pub.name, id, key.seed);
	if (err == AL_OK) {
		skey_complete(&key, alg);
		err = memcmp(id, key.pub.id, NOTE_ID_LEN) == 0 ? AL_OK : AL_EINVAL;
	}
	if (err == AL_OK)
		*out = key;
	al_skey_wipe(&key);
	return err;
}

void note_skey_format(const struct al_skey *key, uint8_t alg, struct al_buf *out)
{
	al_buf_str(out, PRIVATE_PREFIX);
	key_join(&key->pub, alg, key->seed, out);
}

enum al_err al_vkey_parse(struct al_slice s, struct al_vkey *out)
{
	return note_vkey_parse(s, NOTE_ALG_ED25519, out);
}

void al_vkey_format(const struct al_vkey *key, struct al_buf *out)
{
	note_vkey_format(key, NOTE_ALG_ED25519, out);
}

enum al_err al_skey_generate(struct al_slice name, struct al_skey *out)
{
	return note_skey_generate(name, NOTE_ALG_ED25519, out);
}

enum al_err al_skey_parse(struct al_slice s, struct al_skey *out)
{
	return note_skey_parse(s, NOTE_ALG_ED25519, out);
}

void al_skey_format(const struct al_skey *key, struct al_buf *out)
{
	note_skey_format(key, NOTE_ALG_ED25519, out);
}

void al_skey_wipe(struct al_skey *key)
{
	sodium_memzero(key, sizeof(*key));
}

/* ---- notes ---- */

void al_note_sign(struct al_slice text, const struct al_skey *key, struct al_buf *out)
{
	uint8_t blob[SIGNATURE_BLOB_LEN], pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];

	if (!al_slice_ends(text, "\n") || !text_ok(text)) {
		out->err = out->err != AL_OK ? out->err : AL_EINVAL;
		return;
	}
	(void)crypto_sign_seed_keypair(pk, sk, key->seed);
	memcpy(blob, key->pub.id, NOTE_ID_LEN);
	(void)crypto_sign_detached(blob + NOTE_ID_LEN, NULL, (const unsigned char *)text.ptr, text.len, sk);
	sodium_memzero(sk, sizeof(sk));
	al_buf_slice(out, text);
	al_buf_str(out, "\n" NOTE_DASH);
	al_buf_str(out, key->pub.name);
	al_buf_str(out, " ");
	al_buf_base64(out, blob, sizeof(blob));
	al_buf_str(out, "\n");
}

/* The text is all before the last empty line, with its own last LF. */
static bool split_at_empty(struct al_slice note, struct al_slice *text, struct al_slice *lines)
{
	for (size_t i = note.len; i >= 2; i--) {
		if (note.ptr[i - 1] != '\n' || note.ptr[i - 2] != '\n')
			continue;
		*text = al_slice_head(note, i - 1);
		*lines = al_slice_from(note, i);
		return true;
	}
	return false;
}

enum al_err note_split(struct al_slice note, struct al_slice *text, struct al_slice *lines)
{
	if (note.len > AL_NOTE_MAX)
		return AL_ELIMIT;
	if (!al_slice_ends(note, "\n") || !text_ok(note) || !split_at_empty(note, text, lines) || lines->len == 0)
		return AL_EINVAL;
	return AL_OK;
}

enum al_err note_line_next(struct al_slice *lines, struct note_line *out)
{
	struct al_slice line;

	(void)al_slice_cut(lines, '\n', &line);
	if (!al_slice_starts(line, NOTE_DASH))
		return AL_EINVAL;
	line = al_slice_from(line, strlen(NOTE_DASH));
	if (!al_slice_cut(&line, ' ', &out->name) || !note_name_ok(out->name) ||
	    al_slice_base64(line, out->blob, sizeof(out->blob), &out->len) != AL_OK || out->len <= NOTE_ID_LEN)
		return AL_EINVAL;
	return AL_OK;
}

bool note_line_by(const struct note_line *line, const struct al_vkey *key)
{
	return memcmp(line->blob, key->id, NOTE_ID_LEN) == 0 && al_slice_is(line->name, key->name);
}

enum al_err al_note_open(struct al_slice note, const struct al_vkey *key, struct al_slice *text)
{
	struct al_slice body, lines;
	struct note_line line;
	bool good = false;
	enum al_err err = note_split(note, &body, &lines);

	while (err == AL_OK && lines.len > 0) {
		err = note_line_next(&lines, &line);
		if (err != AL_OK || !note_line_by(&line, key))
			continue;
		good = line.len == SIGNATURE_BLOB_LEN &&
		       crypto_sign_verify_detached(line.blob + NOTE_ID_LEN, (const unsigned char *)body.ptr, body.len,
						   key->pk) == 0;
		if (!good)
			err = AL_EVERIFY;
	}
	if (err == AL_OK && !good)
		err = AL_EVERIFY;
	if (err == AL_OK)
		*text = body;
	return err;
}

/* Of a log that had other keys before, theirs count too. */
static bool line_of_log(const struct note_line *line, const struct al_vkey *key)
{
	bool mine = note_line_by(line, key);

	for (size_t i = 0; !mine && key->past != NULL && i < key->past->log_count; i++)
		mine = note_line_by(line, &key->past->log[i].key);
	return mine;
}

enum al_err al_note_only(struct al_slice note, const struct al_vkey *key, struct al_buf *out)
{
	struct al_slice text, lines, before;
	struct note_line line;
	enum al_err err = note_split(note, &text, &lines);

	if (err == AL_OK) {
		al_buf_slice(out, text);
		al_buf_str(out, "\n");
	}
	while (err == AL_OK && lines.len > 0) {
		before = lines;
		err = note_line_next(&lines, &line);
		if (err == AL_OK && line_of_log(&line, key))
			al_buf_slice(out, al_slice_head(before, before.len - lines.len));
	}
	return err == AL_OK ? out->err : err;
}

/* ---- checkpoints ---- */

void al_checkpoint_format(struct al_slice origin, const struct al_checkpoint *cp, struct al_buf *out)
{
	al_buf_slice(out, origin);
	al_buf_printf(out, "\n%" PRIu64 "\n", cp->size);
	al_buf_base64(out, cp->root.b, sizeof(cp->root.b));
	al_buf_str(out, "\n");
}

static bool is_empty_root(const struct al_hash *root)
{
	struct al_edge empty;
	struct al_hash nothing;

	al_edge_init(&empty);
	nothing = al_edge_root(&empty);
	return al_hash_eq(root, &nothing);
}

enum al_err al_checkpoint_open(struct al_slice note, const struct al_vkey *key, struct al_checkpoint *out)
{
	struct al_slice text, origin, size, root, extension;
	struct al_checkpoint cp;
	enum al_err err;

	if (key->past != NULL)
		return al_keys_checkpoint(key->past, note, out);
	err = al_note_open(note, key, &text);
	if (err != AL_OK)
		return err;
	if (!al_slice_cut(&text, '\n', &origin) || !al_slice_cut(&text, '\n', &size) ||
	    !al_slice_cut(&text, '\n', &root) || al_slice_u64(size, UINT64_MAX, &cp.size) != AL_OK ||
	    !decode_hash(root, &cp.root))
		return AL_EINVAL;
	/* Extension lines are signed but opaque; an empty one would be ambiguous. */
	while (text.len > 0)
		if (!al_slice_cut(&text, '\n', &extension) || extension.len == 0)
			return AL_EINVAL;
	if (!al_slice_is(origin, key->name))
		return AL_EVERIFY;
	/* c2sp.org/tlog-witness: else there would be any number of histories of no entry. */
	if (cp.size == 0 && !is_empty_root(&cp.root))
		return AL_EDENIED;
	*out = cp;
	return AL_OK;
}

/* ---- receipts ---- */

void al_receipt_format(uint64_t index, const struct al_hash *proof, size_t count, struct al_slice note,
		       struct al_slice extra, struct al_buf *out)
{
	al_buf_str(out, PROOF_MAGIC "\n");
	if (extra.len > 0) {
		al_buf_str(out, "extra ");
		al_buf_base64(out, extra.ptr, extra.len);
		al_buf_str(out, "\n");
	}
	al_buf_printf(out, "index %" PRIu64 "\n", index);
	for (size_t i = 0; i < count; i++) {
		al_buf_base64(out, proof[i].b, sizeof(proof[i].b));
		al_buf_str(out, "\n");
	}
	al_buf_str(out, "\n");
	al_buf_slice(out, note);
}

enum al_err al_receipt_parse(struct al_slice receipt, struct al_receipt *out)
{
	struct al_receipt r = { .extra = AL_S("") };
	struct al_slice line;

	if (!al_slice_cut(&receipt, '\n', &line) || !al_slice_is(line, PROOF_MAGIC) ||
	    !al_slice_cut(&receipt, '\n', &line))
		return AL_EINVAL;
	if (al_slice_starts(line, "extra ")) {
		r.extra = al_slice_from(line, strlen("extra "));
		if (!al_slice_cut(&receipt, '\n', &line))
			return AL_EINVAL;
	}
	if (!al_slice_starts(line, "index ") ||
	    al_slice_u64(al_slice_from(line, strlen("index ")), UINT64_MAX, &r.index) != AL_OK)
		return AL_EINVAL;
	while (al_slice_cut(&receipt, '\n', &line) && line.len > 0) {
		if (r.count == AL_PROOF_MAX || !decode_hash(line, &r.proof[r.count]))
			return AL_EINVAL;
		r.count++;
	}
	r.note = receipt;
	*out = r;
	return AL_OK;
}

enum al_err al_receipt_open(struct al_slice receipt, const struct al_vkey *key, const struct al_hash *leaf,
			    uint64_t *index, struct al_checkpoint *cp)
{
	struct al_receipt r;
	struct al_checkpoint head;
	enum al_err err = al_receipt_parse(receipt, &r);

	if (err == AL_OK)
		err = al_checkpoint_open(r.note, key, &head);
	if (err != AL_OK)
		return err;
	if (!al_inclusion_ok(r.index, head.size, leaf, r.proof, r.count, &head.root))
		return AL_EVERIFY;
	*index = r.index;
	*cp = head;
	return AL_OK;
}
