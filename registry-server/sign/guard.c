/* SPDX-License-Identifier: MIT */
/*
 * guard.c -- the signer's memory and its file (guard.h).
 *
 * The state machine is pure. After guard_open(), pwrite and fdatasync are all
 * that is asked of the system, and no memory.
 */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/tlog/keys.h"
#include "name_sync.h"

#define MAGIC "alamo-guard 1"

/* ---- the rule ---- */

/* Does `step` extend `from`, or repeat it? */
static enum al_err extends(const struct al_checkpoint *from, const struct guard_step *step)
{
	const struct al_checkpoint *next = &step->next;

	if (next->size < from->size)
		return AL_ESTALE;
	if (next->size == from->size)
		return al_hash_eq(&from->root, &next->root) ? AL_OK : AL_EFORK;
	if (from->size == 0)
		return AL_OK;
	return al_consistency_ok(from->size, next->size, &from->root, &next->root, step->proof, step->proof_count)
		       ? AL_OK
		       : AL_EFORK;
}

enum al_err guard_begin(struct guard *guard, const struct guard_step *head)
{
	enum al_err err = AL_OK;

	if (!guard->blank)
		err = head->next.size >= guard->kept.size && head->base != guard->kept.size
			      ? AL_EINVAL
			      : extends(&guard->kept, head);
	if (err != AL_OK)
		return err;
	guard->blank = false;
	guard->kept = head->next;
	guard->last = head->next;
	return AL_OK;
}

enum al_err guard_advance(struct guard *guard, const struct guard_step *step)
{
	const struct al_checkpoint *from = step->base == guard->last.size ? &guard->last : &guard->kept;
	struct al_checkpoint base = *from;
	enum al_err err;

	if (guard->blank || step->base > base.size)
		return AL_EINVAL;
	if (step->base < base.size)
		return AL_ESTALE;
	err = extends(&base, step);
	if (err != AL_OK)
		return err;
	guard->kept = base;
	guard->last = step->next;
	return AL_OK;
}

void guard_keep(struct guard *guard)
{
	guard->kept = guard->last;
}

/* ---- one slot, as text ---- */

static void put_checkpoint(struct al_buf *out, const char *word, const struct al_checkpoint *cp)
{
	al_buf_printf(out, "%s %" PRIu64 " ", word, cp->size);
	al_buf_base64(out, cp->root.b, sizeof(cp->root.b));
	al_buf_str(out, "\n");
}

static void slot_sum(struct al_slice text, uint8_t sum[static crypto_hash_sha256_BYTES])
{
	(void)crypto_hash_sha256(sum, (const unsigned char *)text.ptr, text.len);
}

/* GUARD_SLOT bytes: lines, the sum of them, blanks, LF. */
static enum al_err slot_format(const struct guard *guard, struct al_buf *out)
{
	uint8_t sum[crypto_hash_sha256_BYTES];

	al_buf_printf(out, "%s\nserial %" PRIu64 "\nkey ", MAGIC, guard->serial);
	al_vkey_format(&guard->key, out);
	al_buf_str(out, "\n");
	put_checkpoint(out, "kept", &guard->kept);
	put_checkpoint(out, "last", &guard->last);
	slot_sum(al_buf_view(out), sum);
	al_buf_str(out, "sum ");
	al_buf_hex(out, sum, sizeof(sum));
	al_buf_str(out, "\n");
	while (out->err == AL_OK && out->len < GUARD_SLOT - 1)
		al_buf_u8(out, ' ');
	al_buf_u8(out, '\n');
	return out->err == AL_OK && out->len != GUARD_SLOT ? AL_ELIMIT : out->err;
}

/* The next line's value when it starts with `word` and a blank. */
static bool field(struct al_slice *rest, const char *word, struct al_slice *value)
{
	struct al_slice name;

	return al_slice_line(rest, value) && al_slice_cut(value, ' ', &name) && al_slice_is(name, word);
}

static bool get_checkpoint(struct al_slice *rest, const char *word, struct al_checkpoint *out)
{
	struct al_slice value, size;
	size_t len;

	return field(rest, word, &value) && al_slice_cut(&value, ' ', &size) &&
	       al_slice_u64(size, UINT64_MAX, &out->size) == AL_OK &&
	       al_slice_base64(value, out->root.b, sizeof(out->root.b), &len) == AL_OK && len == sizeof(out->root.b);
}

/* One slot as it was written, or false. */
static bool slot_parse(struct al_slice slot, struct guard *out)
{
	struct al_slice rest = slot, line, value;
	uint8_t sum[crypto_hash_sha256_BYTES], said[crypto_hash_sha256_BYTES];
	size_t len;

	if (!al_slice_line(&rest, &line) || !al_slice_is(line, MAGIC) || !field(&rest, "serial", &value) ||
	    al_slice_u64(value, UINT64_MAX - 1, &out->serial) != AL_OK || !field(&rest, "key", &value) ||
	    al_vkey_parse(value, &out->key) != AL_OK || !get_checkpoint(&rest, "kept", &out->kept) ||
	    !get_checkpoint(&rest, "last", &out->last))
		return false;
	slot_sum(al_slice_head(slot, slot.len - rest.len), sum);
	return field(&rest, "sum", &value) && value.len == 2 * sizeof(said) &&
	       sodium_hex2bin(said, sizeof(said), value.ptr, value.len, NULL, &len, NULL) == 0 && len == sizeof(said) &&
	       memcmp(sum, said, sizeof(sum)) == 0 && out->kept.size <= out->last.size;
}

/* ---- the file ---- */

enum al_err guard_write(struct guard *guard)
{
	enum al_err err;

	guard->serial++;
	al_buf_reset(&guard->slot_text);
	err = slot_format(guard, &guard->slot_text);
	if (err == AL_OK &&
	    pwrite(guard->fd, guard->slot_text.ptr, GUARD_SLOT, (off_t)guard->slot * GUARD_STRIDE) != GUARD_SLOT)
		err = AL_EIO;
	guard->unsynced = true;
	return err;
}

enum al_err guard_sync(struct guard *guard)
{
	if (!guard->unsynced)
		return AL_OK;
	if (fdatasync(guard->fd) != 0)
		return AL_EIO;
	guard->unsynced = false;
	guard->slot ^= 1;
	return AL_OK;
}

static bool key_is(const struct al_vkey *a, const struct al_vkey *b)
{
	return strcmp(a->name, b->name) == 0 && memcmp(a->pk, b->pk, sizeof(a->pk)) == 0;
}

static bool all_zero(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != '\0')
			return false;
	return true;
}

/* AL_ENOTFOUND: nothing was ever stored in it. */
static enum al_err guard_read(struct guard *guard)
{
	char bytes[GUARD_STRIDE + GUARD_SLOT];
	ssize_t len = pread(guard->fd, bytes, sizeof(bytes), 0);
	struct guard read;
	bool found = false;

	if (len < 0)
		return AL_EIO;
	for (unsigned i = 0; i < 2 && i * GUARD_STRIDE + GUARD_SLOT <= (size_t)len; i++) {
		read = *guard;
		if (!slot_parse(al_slice_of(bytes + i * GUARD_STRIDE, GUARD_SLOT), &read) ||
		    (!key_is(&read.key, &guard->key) && !al_log_key_had(&guard->key, &read.key)) ||
		    (found && read.serial < guard->serial))
			continue;
		read.key = guard->key; /* the log goes on under another key, and the memory too */
		*guard = read;
		guard->slot = i;
		found = true;
	}
	if (!found)
		return all_zero(bytes, (size_t)len) ? AL_ENOTFOUND : AL_EVERIFY;
	/* It may be in memory only, and then the other slot is all that the disk has. */
	guard->unsynced = true;
	return guard_sync(guard);
}

/* A file of its full size, so that storing never has to grow it. */
static enum al_err guard_make(const char *path, struct guard *guard)
{
	static const char zeros[2 * GUARD_STRIDE];
	enum al_err err;

	guard->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (guard->fd < 0)
		return errno == EEXIST ? AL_EEXIST : AL_EIO;
	err = pwrite(guard->fd, zeros, sizeof(zeros), 0) == (ssize_t)sizeof(zeros) && fsync(guard->fd) == 0
		      ? name_sync(path)
		      : AL_EIO;
	if (err == AL_OK && !guard->blank)
		err = guard_write(guard);
	if (err == AL_OK && !guard->blank)
		err = guard_sync(guard);
	if (err != AL_OK)
		(void)unlink(path);
	return err;
}

static enum al_err guard_find(const char *path, enum guard_mode mode, struct guard *guard)
{
	enum al_err err = AL_ENOTFOUND;

	if (mode == GUARD_CREATE)
		return guard_make(path, guard);
	guard->fd = open(path, O_RDWR | O_CLOEXEC);
	if (guard->fd >= 0)
		err = guard_read(guard);
	else if (errno != ENOENT)
		err = AL_EIO;
	if (err != AL_ENOTFOUND || mode != GUARD_ADOPT)
		return err;
	guard->blank = true;
	return guard->fd >= 0 ? AL_OK : guard_make(path, guard);
}

enum al_err guard_open(const char *path, const struct al_vkey *key, enum guard_mode mode, struct guard *out)
{
	struct guard guard = { .fd = -1, .key = *key };
	struct al_edge empty;
	enum al_err err;

	al_edge_init(&empty);
	guard.kept.root = al_edge_root(&empty);
	guard.last.root = guard.kept.root;
	al_buf_init(&guard.slot_text, GUARD_SLOT);
	err = slot_format(&guard, &guard.slot_text);
	if (err == AL_OK)
		err = guard_find(path, mode, &guard);
	if (err != AL_OK) {
		guard_close(&guard);
		return err;
	}
	*out = guard;
	return AL_OK;
}

void guard_close(struct guard *guard)
{
	if (guard->fd >= 0)
		(void)close(guard->fd);
	guard->fd = -1;
	al_buf_release(&guard->slot_text);
}
