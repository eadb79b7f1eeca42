/* SPDX-License-Identifier: MIT */
/*
 * test_guard_file.c -- the file that the guard keeps: torn, damaged, another's, and when it is on the disk.
 */
#include "guard_bench.h"

/* ---- the file ---- */

static void file_flip(const struct fixture *f, off_t at_byte)
{
	int fd = open(f->path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0 && pread(fd, &byte, 1, at_byte) == 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at_byte), 1);
	close(fd);
}

/* Every byte of the slot that was being written, torn: the one on the disk stands. */
static void torn_slot(void **state)
{
	struct fixture *f = *state;
	const uint8_t *sum;
	off_t slot, used;

	signed_up_to(f, 20, 20);
	slot = (off_t)f->guard.slot * GUARD_STRIDE;
	/* As often as it is written before the next sync, it is the same one. */
	assert_int_equal(advance(f, f->ours, 20, 25), AL_OK);
	assert_int_equal(guard_write(&f->guard), AL_OK);
	guard_keep(&f->guard);
	assert_int_equal(advance(f, f->ours, 25, 30), AL_OK);
	assert_int_equal(guard_write(&f->guard), AL_OK);
	assert_int_equal((off_t)f->guard.slot * GUARD_STRIDE, slot);
	sum = memmem(f->guard.slot_text.ptr, GUARD_SLOT, "\nsum ", 5);
	assert_non_null(sum);
	used = sum - f->guard.slot_text.ptr + 5 + 64;
	for (off_t i = 0; i < used; i++) {
		file_flip(f, slot + i);
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, 20, 20);
		file_flip(f, slot + i);
	}
	assert_int_equal(reopen(f, GUARD_USE), AL_OK);
	assert_state(f, 25, 30);
	/* The next one is written over the older slot. */
	assert_int_equal((off_t)f->guard.slot * GUARD_STRIDE, GUARD_STRIDE - slot);
}

/* Without any sync: the process died, the machine did not. */
static void unsynced_is_read_back(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 5, 5);
	for (uint64_t size = 6; size <= 40; size++) {
		assert_int_equal(advance(f, f->ours, size - 1, size), AL_OK);
		assert_int_equal(guard_write(&f->guard), AL_OK);
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, size - 1, size);
	}
}

static void damaged_file_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	file_flip(f, 20);
	file_flip(f, GUARD_STRIDE + 20);
	assert_int_equal(reopen(f, GUARD_USE), AL_EVERIFY);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_ADOPT, &f->guard), AL_EVERIFY);
	assert_int_equal(truncate(f->path, 5), 0);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), AL_EVERIFY);
	f->guard.fd = -1;
}

/* Both slots are what `text` says, with a sum that is right but for its last `cut` digits, which are not there. */
static void slots_write(const struct fixture *f, const char *text, size_t cut)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	char slot[GUARD_SLOT + 1], hex[2 * sizeof(sum) + 1];
	int fd = open(f->path, O_WRONLY | O_CLOEXEC), len;

	assert_true(fd >= 0);
	(void)crypto_hash_sha256(sum, (const unsigned char *)text, strlen(text));
	(void)sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	hex[2 * sizeof(sum) - cut] = '\0';
	memset(slot, ' ', sizeof(slot));
	len = snprintf(slot, sizeof(slot), "%ssum %s\n", text, hex);
	assert_true(len > 0 && len < GUARD_SLOT);
	slot[len] = ' ';
	slot[GUARD_SLOT - 1] = '\n';
	for (off_t i = 0; i < 2; i++)
		assert_int_equal(pwrite(fd, slot, GUARD_SLOT, i * GUARD_STRIDE), GUARD_SLOT);
	close(fd);
}

/* What nobody but another program has written: its sum is right, and it is none all the same. */
static void another_form_is_refused(void **state)
{
	static const struct {
		const char *from, *to;
		size_t cut;
		enum al_err err;
	} rows[] = {
		{ "alamo", "alamo", 0, AL_OK },
		{ "alamo", "Alamo", 0, AL_EVERIFY },
		{ "\nserial ", "\nserial x", 0, AL_EVERIFY },
		{ "\nserial ", "\nnumber ", 0, AL_EVERIFY },
		{ "\nkey ", "\nkey x", 0, AL_EVERIFY },
		{ "\nkey ", "\nkex ", 0, AL_EVERIFY },
		{ "\nkept 20", "\nkept 21", 0, AL_EVERIFY },
		{ "\nkept 20", "\nkept 20x", 0, AL_EVERIFY },
		{ "\nkept ", "\nlast ", 0, AL_EVERIFY },
		{ "\nlast 20 ", "\nlast 20 AAAA", 0, AL_EVERIFY },
		{ "\nlast ", "\nmost ", 0, AL_EVERIFY },
		{ "\nlast 20", "\nlast 21", 0, AL_OK },
		{ "alamo", "alamo", 2, AL_EVERIFY },
		{ "alamo", "alamo", 64, AL_EVERIFY },
	};
	struct fixture *f = *state;
	char good[GUARD_SLOT + 1], text[GUARD_SLOT + 64];

	signed_up_to(f, 20, 20);
	memcpy(good, f->guard.slot_text.ptr, GUARD_SLOT);
	good[GUARD_SLOT] = '\0';
	strstr(good, "\nsum ")[1] = '\0';
	guard_close(&f->guard);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const char *at = strstr(good, rows[i].from);

		assert_non_null(at);
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, rows[i].to,
			       at + strlen(rows[i].from));
		slots_write(f, text, rows[i].cut);
		assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), rows[i].err);
		if (rows[i].err == AL_OK)
			guard_close(&f->guard);
	}
	f->guard.fd = -1;
}

static void other_key_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->key), AL_OK);
	assert_int_equal(reopen(f, GUARD_USE), AL_EVERIFY);
}

/* The next key of the same log remembers what the one before it signed, and goes on there. */
static void the_next_key_goes_on(void **state)
{
	struct fixture *f = *state;
	static struct al_keys keys;
	struct al_vkey next;
	struct al_skey other;

	signed_up_to(f, 20, 20);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &other), AL_OK);
	keys.log_count = 2;
	keys.log[0] = (struct al_keys_log){ f->key.pub, 0, true, at(f->ours, 20) };
	keys.log[1] = (struct al_keys_log){ .key = other.pub, .from = 20 };
	next = other.pub;
	next.past = &keys;
	f->key.pub = next;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, 20, 20);
		assert_int_equal(begin(f, f->ours, 19), AL_ESTALE);
		assert_int_equal(begin(f, f->ours, 20), AL_OK);
		store(f);
	}
	assert_int_equal(advance(f, f->ours, 20, 21), AL_OK);
}

/* Made for a log that was not signed yet: the next start finds that, and not nothing. */
static void a_new_one_is_found_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f, GUARD_USE), AL_OK);
	assert_state(f, 0, 0);
	assert_int_equal(begin(f, f->theirs, 0), AL_OK);
	assert_int_equal(advance(f, f->ours, 0, 9), AL_OK);
	assert_state(f, 0, 9);
}

static void creation_is_explicit(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(reopen(f, GUARD_CREATE), AL_EEXIST);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), AL_ENOTFOUND);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_ADOPT, &f->guard), AL_OK);
	/* An adoption that was not finished is none. */
	assert_int_equal(advance(f, f->ours, 0, 10), AL_EINVAL);
	assert_int_equal(reopen(f, GUARD_USE), AL_ENOTFOUND);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_ADOPT, &f->guard), AL_OK);
	assert_int_equal(begin(f, f->ours, 12), AL_OK);
	assert_int_equal(advance(f, f->ours, 12, 13), AL_OK);
	store(f);
	assert_int_equal(reopen(f, GUARD_USE), AL_OK);
	assert_state(f, 12, 13);
}

/* The bytes, and the name in its folder, wherever that is; later the bytes alone. */
static void what_is_on_the_disk(void **state)
{
	struct fixture *f = *state;
	char here[256];

	guard_close(&f->guard);
	assert_non_null(getcwd(here, sizeof(here)));
	for (unsigned relative = 0; relative < 2; relative++) {
		assert_int_equal(unlink(f->path), 0);
		syncs->count = 0;
		assert_int_equal(chdir(f->dir), 0);
		assert_int_equal(guard_open(relative ? "log.guard" : f->path, &f->key.pub, GUARD_CREATE, &f->guard),
				 AL_OK);
		assert_int_equal(chdir(here), 0);
		assert_true(syncs_has(f->path));
		assert_true(syncs_has(f->dir));
		syncs->count = 0;
		assert_int_equal(begin(f, f->ours, 0), AL_OK);
		assert_int_equal(guard_write(&f->guard), AL_OK);
		assert_int_equal(syncs->count, 0);
		assert_int_equal(guard_sync(&f->guard), AL_OK);
		assert_int_equal(syncs->count, 1);
		assert_true(syncs_has(f->path));
		assert_int_equal(guard_sync(&f->guard), AL_OK); /* nothing is new */
		assert_int_equal(syncs->count, 1);
		guard_close(&f->guard);
		/* What is read may not be on the disk yet. */
		syncs->count = 0;
		assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), AL_OK);
		assert_int_equal(syncs->count, 1);
		guard_close(&f->guard);
	}
	f->guard.fd = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(torn_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(unsynced_is_read_back, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(another_form_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(other_key_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(the_next_key_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_one_is_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(creation_is_explicit, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_on_the_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
