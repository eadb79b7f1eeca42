/* SPDX-License-Identifier: MIT */
/*
 * test_moment.c -- what is shown, how fresh it is said to be, and what of it is on the disk for the next start.
 */
#include "signer.h"

#include "kept.h"

static void show(struct moment *moment, const struct signer *signer, const struct vrp_set *set, uint64_t size,
		 uint64_t fresh_s)
{
	struct al_buf note;
	struct al_checkpoint cp = signer_checkpoint(signer, size, &note);

	moment_show(moment, set, NULL, &cp, al_buf_view(&note), fresh_s);
	al_buf_release(&note);
}

static void assert_text(struct moment *moment, const struct vrp_set *set)
{
	struct al_slice got;
	struct al_buf want;

	al_buf_init(&want, ORIGIN_SET_MAX);
	origin_set_write(set, &want);
	assert_int_equal(moment_text(moment, &got), AL_OK);
	assert_true(al_slice_eq(got, al_buf_view(&want)));
	al_buf_release(&want);
}

static void shown(void **state)
{
	struct vrp_set *one = signer_set(3, 10), *two = signer_set(4, 11);
	struct signer signer;
	struct moment moment;
	struct al_slice text;

	(void)state;
	signer_init(&signer);
	moment_init(&moment);
	assert_false(moment_serves(&moment));
	assert_int_equal(moment_text(&moment, &text), AL_ENOTFOUND);
	show(&moment, &signer, one, 12, 100);
	assert_true(moment_serves(&moment));
	assert_int_equal(moment.shown_s, 100);
	assert_text(&moment, one);
	show(&moment, &signer, two, 13, 90); /* the clock was set back */
	assert_int_equal(moment.shown_s, 101);
	assert_int_equal(moment.fresh_s, 90);
	assert_int_equal(moment.cp.size, 13);
	assert_text(&moment, two);
	show(&moment, &signer, two, 14, 200); /* the same set at a later size */
	assert_int_equal(moment.shown_s, 101);
	assert_int_equal(moment.cp.size, 14);
	show(&moment, &signer, one, 15, 101); /* within the same second */
	assert_int_equal(moment.shown_s, 102);
	moment.expired = true;
	assert_false(moment_serves(&moment));
	moment_release(&moment);
	assert_null(moment.set);
	vrp_set_unref(one);
	vrp_set_unref(two);
	assert_int_equal(rmdir(signer.dir), 0);
}

static void freshness(void **state)
{
	struct moment moment;

	(void)state;
	moment_init(&moment);
	moment_heard(&moment, 1000, 2000); /* silent for longer than there is time */
	assert_int_equal(moment.fresh_s, 0);
	moment_heard(&moment, 1000, 50);
	assert_int_equal(moment.fresh_s, 950);
	moment_heard(&moment, 1000, 60); /* never back */
	moment_heard(&moment, 1000, 2000);
	assert_int_equal(moment.fresh_s, 950);
	moment_heard(&moment, 4000, 1);
	assert_int_equal(moment.fresh_s, 3999);
	moment_release(&moment);
}

static void clock_set(void **state)
{
	struct moment moment;

	(void)state;
	moment_init(&moment);
	moment_heard(&moment, 5000000, 0);
	moment_clock(&moment, 5000000, 7000); /* the first look compares with nothing */
	assert_int_equal(moment.fresh_s, 5000000);
	moment_clock(&moment, 5000010, 17000); /* both went on */
	moment_clock(&moment, 5000010, 18999); /* a second is no setting */
	moment_clock(&moment, 5000020, 27000);
	assert_int_equal(moment.fresh_s, 5000000);
	moment_clock(&moment, 2000021, 28000); /* back: 21 seconds old, by either clock */
	assert_int_equal(moment.fresh_s, 2000000);
	moment_clock(&moment, 2000022, 29000); /* once */
	assert_int_equal(moment.fresh_s, 2000000);
	moment_clock(&moment, 9000000, 30000); /* ahead: only a sign of life makes young */
	assert_int_equal(moment.fresh_s, 2000000);
	moment_clock(&moment, 8000000, 31000); /* back, and what it was fresh at has been */
	assert_int_equal(moment.fresh_s, 2000000);
	moment_clock(&moment, 100, 32000); /* there was no time before the first */
	assert_int_equal(moment.fresh_s, 0);
	moment_release(&moment);
}

/* A second is no setting, and what was fresh just now is not made older. */
static void clock_hardly_set(void **state)
{
	struct moment moment;

	(void)state;
	moment_init(&moment);
	moment_heard(&moment, 6000, 0);
	moment_clock(&moment, 5000, 10000);
	moment_clock(&moment, 5000, 11000);
	assert_int_equal(moment.fresh_s, 6000);
	moment_clock(&moment, 6000, 1100000);
	assert_int_equal(moment.fresh_s, 6000);
	moment_clock(&moment, 5998, 1100000);
	assert_int_equal(moment.fresh_s, 5998);
	moment_release(&moment);
}

static enum al_err save(struct kept *kept, const struct moment *moment, uint64_t fresh_s, uint64_t expires)
{
	struct keep keep = {
		.set = moment->set, .cp = moment->cp, .note = moment->note, .fresh_s = fresh_s, .expires = expires
	};

	return kept_save(kept, &keep);
}

static struct kept kept_of(const struct signer *signer)
{
	struct kept kept = { .log = signer->log.pub };

	strcpy(kept.dir, signer->dir);
	return kept;
}

static ino_t inode(const struct signer *signer, const char *name)
{
	struct stat st;

	assert_int_equal(stat(signer_path(signer, name), &st), 0);
	return st.st_ino;
}

static void assert_kept(struct kept *kept, const struct vrp_set *want, uint64_t size, uint64_t fresh_s)
{
	struct origin_head head;
	struct vrp_set *got;

	origin_head_init(&head);
	assert_int_equal(kept_load(kept, &head, &got), AL_OK);
	assert_true(vrp_set_eq(got, want));
	assert_int_equal(got->size, want->size);
	assert_string_equal(head.log, "x/log");
	assert_string_equal(head.origin, "x/log");
	assert_int_equal(head.cp.size, size);
	assert_int_equal(head.generated, fresh_s);
	assert_int_equal(head.expires, fresh_s + 1000);
	origin_head_release(&head);
	vrp_set_unref(got);
}

static void assert_not_kept(struct kept kept, enum al_err want)
{
	struct origin_head head;
	struct vrp_set *got;

	origin_head_init(&head);
	assert_int_equal(kept_load(&kept, &head, &got), want);
	origin_head_release(&head);
}

static void kept_and_loaded(void **state)
{
	struct vrp_set *one = signer_set(3, 10), *two = signer_set(4, 20);
	struct signer signer;
	struct moment moment;
	struct kept kept, next;
	ino_t file;

	(void)state;
	signer_init(&signer);
	moment_init(&moment);
	kept = kept_of(&signer);
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK); /* nothing yet */
	assert_not_kept(kept, AL_ENOTFOUND);
	show(&moment, &signer, one, 12, 100);
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	next = kept_of(&signer);
	assert_kept(&next, one, 12, 100);
	/* The next start knows the file: only the head is written, and names it as before. */
	file = inode(&signer, "roa-10.set");
	show(&moment, &signer, one, 13, 160);
	assert_int_equal(save(&next, &moment, 160, 1160), AL_OK);
	assert_int_equal(inode(&signer, "roa-10.set"), file);
	assert_kept(&next, one, 13, 160);
	/* Another set: the one before goes. */
	show(&moment, &signer, two, 21, 200);
	assert_int_equal(save(&next, &moment, 200, 1200), AL_OK);
	assert_false(signer_has(&signer, "roa-10.set"));
	assert_kept(&next, two, 21, 200);
	/* It had gone already. */
	assert_int_equal(unlink(signer_path(&signer, "roa-20.set")), 0);
	assert_not_kept(next, AL_ENOTFOUND);
	show(&moment, &signer, one, 22, 210);
	assert_int_equal(save(&next, &moment, 210, 1210), AL_OK);
	assert_kept(&next, one, 22, 210);
	moment_release(&moment);
	vrp_set_unref(one);
	vrp_set_unref(two);
	assert_int_equal(unlink(signer_path(&signer, "roa-10.set")), 0);
	assert_int_equal(unlink(signer_path(&signer, "roa.head")), 0);
	assert_int_equal(rmdir(signer.dir), 0);
}

/* Without the log's word a set is not kept; the one of an empty log is as any other. */
static void kept_with_a_note(void **state)
{
	struct vrp_set *empty = signer_set(0, 0);
	struct signer signer;
	struct moment moment;
	struct kept kept;

	(void)state;
	signer_init(&signer);
	moment_init(&moment);
	kept = kept_of(&signer);
	moment_show(&moment, empty, NULL, &(struct al_checkpoint){ 0 }, AL_S(""), 100);
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	assert_false(signer_has(&signer, "roa-0.set"));
	assert_not_kept(kept, AL_ENOTFOUND);
	show(&moment, &signer, empty, 1, 100);
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	assert_kept(&kept, empty, 1, 100);
	moment_release(&moment);
	vrp_set_unref(empty);
	assert_int_equal(unlink(signer_path(&signer, "roa-0.set")), 0);
	assert_int_equal(unlink(signer_path(&signer, "roa.head")), 0);
	assert_int_equal(rmdir(signer.dir), 0);
}

/* What cannot be removed is said, and what is new is kept all the same; what cannot be written leaves what there is. */
static void kept_though_it_fails(void **state)
{
	struct vrp_set *one = signer_set(3, 10), *two = signer_set(4, 20), *three = signer_set(5, 30);
	struct signer signer;
	struct moment moment;
	struct kept kept;

	(void)state;
	signer_init(&signer);
	moment_init(&moment);
	kept = kept_of(&signer);
	show(&moment, &signer, one, 12, 100);
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	assert_int_equal(unlink(signer_path(&signer, "roa-10.set")), 0);
	assert_int_equal(mkdir(signer_path(&signer, "roa-10.set"), 0700), 0);
	show(&moment, &signer, two, 21, 200);
	assert_int_equal(save(&kept, &moment, 200, 1200), AL_EIO);
	assert_kept(&kept, two, 21, 200);
	assert_int_equal(mkdir(signer_path(&signer, "roa-30.set"), 0700), 0);
	show(&moment, &signer, three, 31, 300);
	assert_int_equal(save(&kept, &moment, 300, 1300), AL_EIO);
	assert_kept(&kept, two, 21, 200);
	moment_release(&moment);
	vrp_set_unref(one);
	vrp_set_unref(two);
	vrp_set_unref(three);
	assert_int_equal(rmdir(signer_path(&signer, "roa-10.set")), 0);
	assert_int_equal(rmdir(signer_path(&signer, "roa-30.set")), 0);
	assert_int_equal(unlink(signer_path(&signer, "roa-20.set")), 0);
	assert_int_equal(unlink(signer_path(&signer, "roa.head")), 0);
	assert_int_equal(rmdir(signer.dir), 0);
}

/* The next digit in a file, behind a word of it. */
static void change(const struct signer *signer, const char *name, const char *word)
{
	struct al_buf text;
	char *at;

	al_buf_init(&text, ORIGIN_SET_MAX);
	assert_int_equal(al_note_load(signer_path(signer, name), &text), AL_OK);
	at = memmem(text.ptr, text.len, word, strlen(word));
	assert_non_null(at);
	at[strlen(word)]++;
	signer_write(signer, name, al_buf_view(&text));
	al_buf_release(&text);
}

/* The log's key, the tree's root, the rule and the set's hash are asked for. */
static void kept_and_changed(void **state)
{
	struct vrp_set *set = signer_set(3, 10);
	struct signer signer, other;
	struct moment moment;
	struct kept kept;

	(void)state;
	signer_init(&signer);
	signer_init(&other);
	moment_init(&moment);
	kept = kept_of(&signer);
	show(&moment, &signer, set, 12, 100);
	moment.cp.size = 13; /* not what the note says */
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	assert_not_kept(kept, AL_EVERIFY);
	moment.cp.size = 12;
	moment.cp.root.b[5] ^= 1;
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	assert_not_kept(kept, AL_EVERIFY);
	moment.cp.root.b[5] ^= 1;
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	assert_kept(&kept, set, 12, 100);
	kept.log = other.log.pub;
	assert_not_kept(kept, AL_EVERIFY);
	kept.log = signer.log.pub;
	change(&signer, "roa.head", "\nrule ");
	assert_not_kept(kept, AL_EVERIFY);
	assert_int_equal(save(&kept, &moment, 100, 1100), AL_OK);
	assert_kept(&kept, set, 12, 100);
	change(&signer, "roa-10.set", "/");
	assert_not_kept(kept, AL_EVERIFY);
	signer_write(&signer, "roa.head", AL_S("nothing\n"));
	assert_not_kept(kept, AL_EINVAL);
	moment_release(&moment);
	vrp_set_unref(set);
	assert_int_equal(unlink(signer_path(&signer, "roa-10.set")), 0);
	assert_int_equal(unlink(signer_path(&signer, "roa.head")), 0);
	assert_int_equal(rmdir(signer.dir), 0);
	assert_int_equal(rmdir(other.dir), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown),
		cmocka_unit_test(freshness),
		cmocka_unit_test(clock_set),
		cmocka_unit_test(clock_hardly_set),
		cmocka_unit_test(kept_and_loaded),
		cmocka_unit_test(kept_with_a_note),
		cmocka_unit_test(kept_though_it_fails),
		cmocka_unit_test(kept_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
