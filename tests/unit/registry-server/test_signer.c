/* SPDX-License-Identifier: MIT */
/*
 * test_signer.c -- the process that holds the key, from outside: what it signs and dates, what it refuses and what it
 * says then.
 */
#include "signer_bench.h"

/* ---- it signs ---- */

static void checkpoints_in_turn(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(memcmp(signer_key(f->signer)->pk, f->key.pub.pk, sizeof(f->key.pub.pk)), 0);
	assert_int_equal(signer_kept(f->signer).size, 0);
	for (unsigned size = 1; size <= 40; size += 3)
		sign_and_keep(f, size);
	/* One more that is not known to be durable; the next process knows all of it. */
	assert_int_equal(sign(f, 42), AL_OK);
	stop(f);
	assert_int_equal(start(f, GUARD_USE), AL_OK);
	assert_int_equal(signer_kept(f->signer).size, 40);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_OK);
	assert_int_equal(sign(f, 50), AL_OK);
	/* The same once more, as after a commit that failed. */
	assert_int_equal(f->face.sign(f->face.arg, f->tree, 42, &f->note), AL_OK);
}

static void note_make(struct fixture *f, const struct al_checkpoint *cp)
{
	struct al_buf text;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_reset(&f->note);
	al_checkpoint_format(al_slice_str(f->key.pub.name), cp, &text);
	al_note_sign(al_buf_view(&text), &f->key, &f->note);
	assert_int_equal(f->note.err, AL_OK);
	al_buf_release(&text);
}

/* A ledger is begun with by the note that it has: of its size, and of its root, and signed. */
static void begun_with_its_note(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;

	tree_grow(f->tree, "entry", 1);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, AL_S("")), AL_EVERIFY);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, AL_S("no note\n")), AL_EVERIFY);
	cp = head_of(f->tree);
	cp.root.b[0] ^= 1;
	note_make(f, &cp);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_EVERIFY);
	cp = head_of(f->tree);
	cp.size++;
	note_make(f, &cp);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_EVERIFY);
	cp = head_of(f->tree);
	note_make(f, &cp);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_OK);
	assert_int_equal(signer_kept(f->signer).size, 1);
}

static void only_what_was_shown_is_dated(void **state)
{
	struct fixture *f = *state;
	struct al_vkey dating = al_vkey_dating(&f->key.pub);
	struct al_checkpoint cp = { .size = 0 };
	uint64_t before = (uint64_t)time(NULL), dated = 0;
	size_t len;

	cp.root = al_tree_root(f->tree, 0);
	assert_int_equal(f->face.date(f->face.arg, &cp, &f->note), AL_ESTALE); /* nothing was */
	assert_int_equal(sign(f, 5), AL_OK);
	cp = head_of(f->tree);
	assert_int_equal(f->face.date(f->face.arg, &cp, &f->note), AL_ESTALE); /* not yet */
	f->face.kept(f->face.arg);
	len = f->note.len;
	cp.root.b[9] ^= 1;
	assert_int_equal(f->face.date(f->face.arg, &cp, &f->note), AL_ESTALE);
	cp.root.b[9] ^= 1;
	cp.size = 4;
	assert_int_equal(f->face.date(f->face.arg, &cp, &f->note), AL_ESTALE);
	cp.size = 5;
	assert_int_equal(f->note.len, len);
	assert_int_equal(f->face.date(f->face.arg, &cp, &f->note), AL_OK);
	assert_int_equal(al_cosigned(al_buf_view(&f->note), &dating, &dated), AL_OK);
	assert_true(dated >= before && dated <= (uint64_t)time(NULL));
}

/* A ledger that it has taken is known on the disk before it says so; what it signs then is so at the end, at the latest. */
static void what_it_remembers_is_on_the_disk(void **state)
{
	struct fixture *f = *state;
	unsigned before;

	sign_and_keep(f, 5);
	stop(f);
	assert_int_equal(start(f, GUARD_USE), AL_OK);
	before = syncs->count;
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_OK);
	assert_int_equal(syncs->count, before + 1);
	before = syncs->count;
	sign_and_keep(f, 6);
	stop(f);
	assert_true(syncs->count > before);
}

/* ---- it refuses ---- */

static struct al_tree *tree_of(const char *word, unsigned size)
{
	struct al_tree *tree;

	assert_int_equal(al_tree_new(&tree), AL_OK);
	tree_grow(tree, word, size);
	return tree;
}

static void note_of(const struct al_tree *tree, const struct al_skey *key, struct al_buf *note)
{
	struct al_checkpoint head = head_of(tree);
	struct al_buf text;

	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(key->pub.name), &head, &text);
	al_buf_reset(note);
	al_note_sign(al_buf_view(&text), key, note);
	al_buf_release(&text);
}

/* A ledger of such entries is given to the next process, which says of it what is wrong. */
static void refuses(struct fixture *f, const struct al_skey *key, const char *word, unsigned size, enum al_err err,
		    const char *what)
{
	struct al_tree *tree = tree_of(word, size);
	char sizes[64];
	const char *said;

	stop(f);
	assert_int_equal(start(f, GUARD_USE), AL_OK);
	note_of(tree, key, &f->note);
	said_begin(&f->said);
	assert_int_equal(f->face.begin(f->face.arg, tree, al_buf_view(&f->note)), err);
	said = said_end(&f->said);
	(void)snprintf(sizes, sizeof(sizes), "ledger-size=%u signed-size=20 ", size);
	assert_non_null(strstr(said, sizes));
	assert_non_null(strstr(said, "/keys/log.guard "));
	assert_non_null(strstr(said, what));
	al_tree_free(tree);
}

static void other_ledgers(void **state)
{
	struct fixture *f = *state;
	struct al_skey other;

	sign_and_keep(f, 20);
	refuses(f, &f->key, "entry", 19, AL_ESTALE, "\"this ledger is older than what was signed");
	refuses(f, &f->key, "other", 20, AL_EFORK, "\"this ledger contradicts what was signed");
	refuses(f, &f->key, "other", 25, AL_EFORK, "\"this ledger contradicts what was signed");
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &other), AL_OK);
	refuses(f, &other, "entry", 20, AL_EVERIFY, "\"the newest checkpoint is not signed by this key\"");
	/* A note of the key's, but of another size or root than the ledger. */
	tree_grow(f->tree, "entry", 21);
	note_of(f->tree, &f->key, &f->note);
	stop(f);
	assert_int_equal(start(f, GUARD_USE), AL_OK);
	tree_grow(f->tree, "entry", 22);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_EVERIFY);
	note_of(f->tree, &f->key, &f->note);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_OK);
}

/* One who follows begins again and again, with what another has signed; the next process knows it. */
static void what_it_has_followed(void **state)
{
	static const unsigned sizes[] = { 3, 7, 7, 20 };
	struct fixture *f = *state;

	for (size_t i = 0; i < AL_COUNT(sizes); i++) {
		tree_grow(f->tree, "entry", sizes[i]);
		note_of(f->tree, &f->key, &f->note);
		assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_OK);
		assert_int_equal(signer_kept(f->signer).size, sizes[i]);
	}
	refuses(f, &f->key, "entry", 19, AL_ESTALE, "\"this ledger is older than what was signed");
	refuses(f, &f->key, "other", 25, AL_EFORK, "\"this ledger contradicts what was signed");
}

static void other_histories(void **state)
{
	struct fixture *f = *state;
	struct al_tree *older = tree_of("entry", 15), *other = tree_of("other", 30);

	sign_and_keep(f, 20);
	said_begin(&f->said);
	assert_int_equal(f->face.sign(f->face.arg, older, 10, &f->note), AL_ESTALE);
	assert_int_equal(f->face.sign(f->face.arg, other, 20, &f->note), AL_EFORK);
	assert_int_equal(f->face.sign(f->face.arg, other, 25, &f->note), AL_EINVAL);
	(void)said_end(&f->said);
	assert_non_null(strstr(f->said.text, "base=10 size=15 error=stale"));
	assert_non_null(strstr(f->said.text, "base=20 size=30 error=fork"));
	assert_int_equal(sign(f, 30), AL_OK);
	al_tree_free(older);
	al_tree_free(other);
}

static void starts_not(struct fixture *f, enum guard_mode mode, enum al_err err, const char *path, const char *what)
{
	const char *said;

	said_begin(&f->said);
	assert_int_equal(signer_start(f->conf, mode, &f->signer), err);
	said = said_end(&f->said);
	assert_non_null(strstr(said, path));
	assert_non_null(strstr(said, what));
	f->signer = NULL;
}

static void no_start_without_key_and_guard(void **state)
{
	struct fixture *f = *state;
	char guard[96];

	sign_and_keep(f, 3);
	stop(f);
	starts_not(f, GUARD_CREATE, AL_EEXIST, "/keys/log.guard ", "exists: this key has signed a ledger before");
	(void)strcpy(guard, path_of(f, "keys/log.guard"));
	assert_int_equal(truncate(guard, 100), 0);
	starts_not(f, GUARD_USE, AL_EVERIFY, "/keys/log.guard ", "is damaged or belongs to another key");
	assert_int_equal(unlink(guard), 0);
	starts_not(f, GUARD_USE, AL_ENOTFOUND, "/keys/log.guard ", "is missing: what was signed is not known");
	assert_int_equal(mkdir(guard, 0700), 0);
	starts_not(f, GUARD_USE, AL_EIO, "/keys/log.guard ", "cannot be read and written");
	assert_int_equal(rmdir(guard), 0);
	assert_int_equal(al_note_save(path_of(f, "keys/log.key"), AL_S("no key\n"), false), AL_OK);
	starts_not(f, GUARD_ADOPT, AL_EINVAL, "/keys/log.key ", "is not a signing key");
	assert_int_equal(unlink(path_of(f, "keys/log.key")), 0);
	starts_not(f, GUARD_ADOPT, AL_EINVAL, "/keys/log.key ", "cannot be read");
	assert_int_not_equal(access(guard, F_OK), 0);
}

static void a_key_that_others_can_read(void **state)
{
	struct fixture *f = *state;
	const char *said;

	stop(f);
	assert_int_equal(chmod(path_of(f, "keys/log.key"), 0640), 0);
	said_begin(&f->said);
	assert_int_equal(start(f, GUARD_USE), AL_OK);
	said = said_end(&f->said);
	assert_non_null(strstr(said, "/keys/log.key is readable by others"));
	stop(f);
	assert_int_equal(chmod(f->path, 0600), 0);
	said_begin(&f->said);
	assert_int_equal(start(f, GUARD_USE), AL_OK);
	said = said_end(&f->said);
	assert_null(strstr(said, "readable by others"));
}

/* Whoever started it gave it no standard input, or nothing at all: descriptors are then what they are. */
static void without_standard_files(void **state)
{
	struct fixture *f = *state;
	int kept[3];

	for (int closed = 1; closed <= 2; closed++) { /* the third one stays: what fails is said there */
		stop(f);
		for (int i = 0; i < closed; i++) {
			kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
			(void)close(i);
		}
		assert_int_equal(start(f, GUARD_USE), AL_OK);
		assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_OK);
		sign_and_keep(f, 5 * (unsigned)closed);
		stop(f);
		for (int i = 0; i < closed; i++)
			if (kept[i] >= 0) {
				assert_int_equal(dup2(kept[i], i), i);
				(void)close(kept[i]);
			}
		assert_int_equal(start(f, GUARD_USE), AL_OK);
		assert_int_equal(signer_kept(f->signer).size, 5 * closed);
	}
}

/* A ledger whose guard is lost is taken as it is, and guarded from there. */
static void a_ledger_is_adopted(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;

	sign_and_keep(f, 20);
	stop(f);
	assert_int_equal(unlink(path_of(f, "keys/log.guard")), 0);
	assert_int_equal(start(f, GUARD_ADOPT), AL_OK);
	cp = head_of(f->tree);
	assert_int_equal(f->face.date(f->face.arg, &cp, &f->note), AL_ESTALE); /* not before it is begun */
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_buf_view(&f->note)), AL_OK);
	assert_int_equal(f->face.date(f->face.arg, &cp, &f->note), AL_OK);
	refuses(f, &f->key, "entry", 19, AL_ESTALE, "older than what was signed");
}

static void a_founding_that_failed_leaves_no_guard(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(access(path_of(f, "keys/log.guard"), F_OK), 0);
	signer_discard(f->signer);
	f->signer = NULL;
	assert_int_not_equal(access(f->path, F_OK), 0);
	signer_discard(NULL);
	assert_int_equal(start(f, GUARD_CREATE), AL_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(checkpoints_in_turn),
		TEST(begun_with_its_note),
		TEST(only_what_was_shown_is_dated),
		TEST(what_it_remembers_is_on_the_disk),
		TEST(other_ledgers),
		TEST(what_it_has_followed),
		TEST(other_histories),
		TEST(no_start_without_key_and_guard),
		TEST(a_key_that_others_can_read),
		TEST(without_standard_files),
		TEST(a_ledger_is_adopted),
		TEST(a_founding_that_failed_leaves_no_guard),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
