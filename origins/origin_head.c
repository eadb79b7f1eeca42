/* SPDX-License-Identifier: MIT */
/*
 * origin_head.c -- heads and key statements: text, signatures, and what is wrong with them, by name.
 *
 * Pure. Parsing is strict by comparison: what does not format to the same bytes is not taken.
 */
#include "origin_head.h"

#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "alamo/base/sha.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/witness.h"

#include "vrp_build.h"

#define HEAD_LINE "alamo-roa/2"
#define KEY_LINE "alamo-roa-key/1"
#define TEXT_MAX (4 * AL_NOTE_MAX)

/* ---- lines ---- */

/* The next line's value, if the line starts with `word` and a blank. */
static bool take(struct al_slice *rest, const char *word, struct al_slice *value)
{
	struct al_slice after = *rest, line, name;

	if (!al_slice_cut(&after, '\n', &line) || !al_slice_cut(&line, ' ', &name) || !al_slice_is(name, word))
		return false;
	*rest = after;
	*value = line;
	return true;
}

static bool take_u64(struct al_slice *rest, const char *word, uint64_t *out)
{
	struct al_slice value;

	return take(rest, word, &value) && al_slice_u64(value, UINT64_MAX, out) == AL_OK;
}

/* "WORD A B" */
static bool take_two(struct al_slice *rest, const char *word, uint64_t *a, struct al_slice *b)
{
	struct al_slice value, first;

	if (!take(rest, word, &value) || !al_slice_cut(&value, ' ', &first))
		return false;
	*b = value;
	return al_slice_u64(first, UINT64_MAX, a) == AL_OK;
}

static bool take_time(struct al_slice *rest, const char *word, uint64_t *out)
{
	struct al_slice value;

	return take(rest, word, &value) && al_time_parse(value, out) == AL_OK;
}

static bool take_name(struct al_slice *rest, const char *word, char out[static AL_ORIGIN_MAX + 1])
{
	struct al_slice value;

	return take(rest, word, &value) && value.len != 0 && al_slice_copy(value, out, AL_ORIGIN_MAX + 1) == AL_OK;
}

static bool take_note(struct al_slice *rest, const char *word, struct al_buf *out)
{
	uint8_t bytes[AL_NOTE_MAX];
	struct al_slice value;
	size_t len;

	if (!take(rest, word, &value) || al_slice_base64(value, bytes, sizeof(bytes), &len) != AL_OK)
		return false;
	al_buf_reset(out);
	al_buf_put(out, bytes, len);
	return out->err == AL_OK;
}

static bool take_first(struct al_slice *rest, char origin[static AL_ORIGIN_MAX + 1], const char *kind)
{
	struct al_slice line;

	if (!al_slice_cut(rest, '\n', &line) || al_slice_copy(line, origin, AL_ORIGIN_MAX + 1) != AL_OK)
		return false;
	return al_slice_cut(rest, '\n', &line) && al_slice_is(line, kind);
}

static void put_time(struct al_buf *out, const char *word, uint64_t time)
{
	char text[AL_TIME_STRLEN];

	al_time_format(time, text);
	al_buf_printf(out, "%s %s\n", word, text);
}

static void put_note(struct al_buf *out, const char *word, const struct al_buf *note)
{
	al_buf_printf(out, "%s ", word);
	al_buf_base64(out, note->ptr, note->len);
	al_buf_u8(out, '\n');
}

/* ---- who may sign ---- */

void origin_key_format(const struct origin_key *key, struct al_buf *out)
{
	al_buf_printf(out, "%s\n" KEY_LINE "\nlog %s\nversion %" PRIu64 "\n", key->key.name, key->log, key->version);
	put_time(out, "not-after", key->not_after);
	al_buf_str(out, "key ");
	al_vkey_format(&key->key, out);
	al_buf_u8(out, '\n');
}

static enum al_err key_parse(struct al_slice text, struct origin_key *out)
{
	struct al_slice rest = text, value;
	char origin[AL_ORIGIN_MAX + 1];
	struct al_buf again;
	bool same;

	if (!take_first(&rest, origin, KEY_LINE) || !take_name(&rest, "log", out->log) ||
	    !take_u64(&rest, "version", &out->version) || out->version == 0 ||
	    !take_time(&rest, "not-after", &out->not_after) || !take(&rest, "key", &value) ||
	    al_vkey_parse(value, &out->key) != AL_OK)
		return AL_EINVAL;
	al_buf_init(&again, TEXT_MAX);
	origin_key_format(out, &again);
	same = again.err == AL_OK && al_slice_eq(al_buf_view(&again), text);
	al_buf_release(&again);
	return same ? AL_OK : AL_EINVAL;
}

enum al_err origin_key_open(struct al_slice note, const struct al_vkey *log, struct origin_key *out)
{
	struct origin_key key = { 0 };
	struct al_slice text;
	enum al_err err = al_note_open(note, log, &text);

	if (err == AL_OK)
		err = key_parse(text, &key);
	if (err == AL_OK && strcmp(key.log, log->name) != 0)
		err = AL_EVERIFY;
	if (err == AL_OK)
		*out = key;
	return err;
}

/* ---- heads ---- */

void origin_head_init(struct origin_head *head)
{
	*head = (struct origin_head){ 0 };
	al_buf_init(&head->key, AL_NOTE_MAX);
	al_buf_init(&head->checkpoint, AL_NOTE_MAX);
}

void origin_head_release(struct origin_head *head)
{
	al_buf_release(&head->key);
	al_buf_release(&head->checkpoint);
}

void origin_head_format(const struct origin_head *head, struct al_buf *out)
{
	al_buf_printf(out, "%s\n" HEAD_LINE "\nlog %s\nrule %" PRIu64 "\nsize %" PRIu64 " ", head->origin, head->log,
		      head->rule, head->cp.size);
	al_buf_base64(out, head->cp.root.b, sizeof(head->cp.root.b));
	al_buf_printf(out, "\nchanged %" PRIu64 "\n", head->changed);
	put_time(out, "generated", head->generated);
	put_time(out, "expires", head->expires);
	al_buf_printf(out, "vrps %" PRIu64 " %" PRIu64 "\naspas %" PRIu64 "\nset %" PRIu64 " ", head->vrps4,
		      head->vrps6, head->aspas, head->bytes);
	al_buf_hex(out, head->digest.b, sizeof(head->digest.b));
	al_buf_u8(out, '\n');
	put_note(out, "checkpoint", &head->checkpoint);
	if (head->key.len != 0)
		put_note(out, "key", &head->key);
}

static bool take_root(struct al_slice *rest, struct al_checkpoint *out)
{
	struct al_slice value;
	size_t len;

	return take_two(rest, "size", &out->size, &value) &&
	       al_slice_base64(value, out->root.b, sizeof(out->root.b), &len) == AL_OK && len == sizeof(out->root.b);
}

static bool take_set(struct al_slice *rest, struct origin_head *out)
{
	struct al_slice value;
	size_t len;

	if (!take_two(rest, "vrps", &out->vrps4, &value) || al_slice_u64(value, UINT64_MAX, &out->vrps6) != AL_OK ||
	    !take_u64(rest, "aspas", &out->aspas) || !take_two(rest, "set", &out->bytes, &value))
		return false;
	return sodium_hex2bin(out->digest.b, sizeof(out->digest.b), value.ptr, value.len, NULL, &len, NULL) == 0 &&
	       len == sizeof(out->digest.b);
}

enum al_err origin_head_parse(struct al_slice text, struct origin_head *out)
{
	struct al_slice rest = text;
	struct al_buf again;
	bool same;

	if (!take_first(&rest, out->origin, HEAD_LINE) || !take_name(&rest, "log", out->log) ||
	    !take_u64(&rest, "rule", &out->rule) || !take_root(&rest, &out->cp) ||
	    !take_u64(&rest, "changed", &out->changed) || !take_time(&rest, "generated", &out->generated) ||
	    !take_time(&rest, "expires", &out->expires) || !take_set(&rest, out) ||
	    !take_note(&rest, "checkpoint", &out->checkpoint) || (rest.len != 0 && !take_note(&rest, "key", &out->key)))
		return AL_EINVAL;
	al_buf_init(&again, TEXT_MAX);
	origin_head_format(out, &again);
	same = again.err == AL_OK && al_slice_eq(al_buf_view(&again), text);
	al_buf_release(&again);
	return same && out->changed <= out->cp.size ? AL_OK : AL_EINVAL;
}

void origin_head_count(struct origin_head *head, const struct vrp_set *set)
{
	head->rule = VRP_RULE_VERSION;
	head->changed = set->size;
	head->vrps4 = set->count4;
	head->vrps6 = set->vrps - set->count4;
	head->aspas = set->customers;
}

void origin_head_describe(struct origin_head *head, const struct vrp_set *set, struct al_slice text)
{
	origin_head_count(head, set);
	head->bytes = text.len;
	al_sha256(&text, 1, head->digest.b);
}

/* ---- the judgement ---- */

const char *origin_fault_name(enum origin_fault fault)
{
	static const char *const names[ORIGIN_FAULT_COUNT] = {
		[ORIGIN_SOUND] = "sound",
		[ORIGIN_MALFORMED] = "malformed",
		[ORIGIN_WRONG_KEY] = "wrong-key",
		[ORIGIN_WRONG_LOG] = "wrong-log",
		[ORIGIN_UNWITNESSED] = "unwitnessed",
		[ORIGIN_KEY_REVOKED] = "key-revoked",
		[ORIGIN_KEY_EXPIRED] = "key-expired",
		[ORIGIN_OTHER_RULE] = "other-rule",
		[ORIGIN_FUTURE] = "future",
		[ORIGIN_FROZEN] = "frozen",
		[ORIGIN_ROLLED_BACK] = "rolled-back",
		[ORIGIN_EQUIVOCATION] = "equivocation",
		[ORIGIN_TRUNCATED] = "truncated",
		[ORIGIN_MISMATCHED] = "mismatched",
	};

	return names[fault];
}

/* The text of the note, before anything about it is believed. */
static struct al_slice note_text(struct al_slice note)
{
	for (size_t i = 1; i < note.len; i++)
		if (note.ptr[i] == '\n' && note.ptr[i - 1] == '\n')
			return al_slice_head(note, i);
	return AL_S("");
}

static enum al_err statement_open(const struct origin_pin *pin, const struct origin_head *head, struct origin_key *key)
{
	const struct al_keys *past = pin->kept ? pin->log->past : NULL;
	struct al_slice note = al_buf_view(&head->key);
	enum al_err err = origin_key_open(note, pin->log, key);

	for (size_t i = 0; err != AL_OK && past != NULL && i < past->log_count; i++)
		if (past->log[i].closed && head->cp.size <= past->log[i].until.size)
			err = origin_key_open(note, &past->log[i].key, key);
	return err;
}

/* Signed by whom the log's key has named? The statement about that is in the head itself. */
static enum origin_fault judge_key(struct al_slice note, const struct origin_pin *pin, const struct origin_head *head,
				   struct origin_key *key)
{
	struct al_slice text;

	if (statement_open(pin, head, key) != AL_OK || al_note_open(note, &key->key, &text) != AL_OK ||
	    strcmp(head->origin, key->key.name) != 0)
		return ORIGIN_WRONG_KEY;
	return ORIGIN_SOUND;
}

static enum origin_fault judge_log(const struct origin_pin *pin, const struct origin_head *head)
{
	struct al_slice note = al_buf_view(&head->checkpoint);
	struct al_checkpoint cp;

	if (strcmp(head->log, pin->log->name) != 0 || al_checkpoint_open(note, pin->log, &cp) != AL_OK ||
	    cp.size != head->cp.size || !al_hash_eq(&cp.root, &head->cp.root))
		return ORIGIN_WRONG_LOG;
	if (pin->witnesses != NULL && al_policy_check(pin->witnesses, pin->log, note, &cp, NULL) != AL_OK)
		return ORIGIN_UNWITNESSED;
	return ORIGIN_SOUND;
}

static enum origin_fault judge_time(const struct origin_pin *pin, const struct origin_head *head,
				    const struct origin_key *key)
{
	if (key->version < pin->key_version)
		return ORIGIN_KEY_REVOKED;
	if (pin->now != 0 && pin->now >= key->not_after)
		return ORIGIN_KEY_EXPIRED;
	if (head->rule != VRP_RULE_VERSION)
		return ORIGIN_OTHER_RULE;
	if (pin->now != 0 && head->generated > pin->now + ORIGIN_FUTURE_S)
		return ORIGIN_FUTURE;
	if (pin->now != 0 && head->expires <= pin->now)
		return ORIGIN_FROZEN;
	return ORIGIN_SOUND;
}

enum origin_fault origin_head_follows(const struct origin_head *head, const struct origin_head *last)
{
	bool same_set;

	if (last == NULL)
		return ORIGIN_SOUND;
	if (head->cp.size < last->cp.size || head->changed < last->changed ||
	    (head->cp.size == last->cp.size && head->generated < last->generated))
		return ORIGIN_ROLLED_BACK;
	if (head->cp.size == last->cp.size && !al_hash_eq(&head->cp.root, &last->cp.root))
		return ORIGIN_EQUIVOCATION;
	if (head->rule != last->rule)
		return ORIGIN_SOUND;
	/* One root has one set; one that did not change has its bytes; up to the size that was seen, it did not change. */
	same_set = head->bytes == last->bytes && al_hash_eq(&head->digest, &last->digest);
	if (head->changed == last->changed ? !same_set : head->changed <= last->cp.size)
		return ORIGIN_EQUIVOCATION;
	return ORIGIN_SOUND;
}

enum origin_fault origin_head_open(struct al_slice note, const struct origin_pin *pin, struct origin_head *out,
				   uint64_t *version)
{
	struct origin_key key = { 0 };
	enum origin_fault fault = ORIGIN_SOUND;

	if (note.len > AL_NOTE_MAX || origin_head_parse(note_text(note), out) != AL_OK)
		return ORIGIN_MALFORMED;
	fault = judge_key(note, pin, out, &key);
	if (fault == ORIGIN_SOUND)
		fault = judge_log(pin, out);
	if (fault == ORIGIN_SOUND)
		fault = judge_time(pin, out, &key);
	if (fault == ORIGIN_SOUND)
		fault = origin_head_follows(out, pin->last);
	if (version != NULL)
		*version = key.version;
	return fault;
}

enum origin_fault origin_head_match(const struct origin_head *head, struct al_slice text)
{
	struct al_hash digest;

	if (text.len != head->bytes)
		return ORIGIN_TRUNCATED;
	al_sha256(&text, 1, digest.b);
	return al_hash_eq(&digest, &head->digest) ? ORIGIN_SOUND : ORIGIN_MISMATCHED;
}
