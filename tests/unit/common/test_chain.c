/* SPDX-License-Identifier: MIT */
/*
 * test_chain.c -- what a follower knows before it begins: a state to go on
 * from, and checkpoints that the log has to contain. And the evidence of a fork.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../support/signed_log.h"
#include "../folder.h"
#include "alamo/tlog/evidence.h"
#include "alamo/base/wire.h"
#include "chain.h"

#define FORK 8

static struct signed_log real, forked;

static int setup(void **state)
{
	struct al_skey key;

	(void)state;
	assert_true(sodium_init() >= 0);
	assert_int_equal(al_skey_generate(AL_S("log.example/chain"), &key), AL_OK);
	signed_log_make(&real, &key, 0, SIGNED_LOG_MAX);
	signed_log_make(&forked, &key, 1, FORK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	signed_log_free(&real);
	signed_log_free(&forked);
	return 0;
}

/* Entries [first, end) and the head of `end`. */
static enum chain_verdict feed(struct chain *chain, const struct signed_log *log, uint64_t first, uint64_t end)
{
	struct al_checkpoint cp;
	struct al_buf body;

	al_buf_init(&body, 65536);
	al_buf_u64(&body, first);
	for (uint64_t i = first; i < end; i++) {
		al_buf_u16(&body, (uint16_t)strlen(log->text[i]));
		al_buf_str(&body, log->text[i]);
	}
	if (end > first)
		assert_int_equal(chain_entries(chain, al_buf_view(&body)), AL_OK);
	al_buf_release(&body);
	return chain_head(chain, al_slice_str(log->note[end]), &cp);
}

static void edge_of(const struct signed_log *log, uint64_t size, struct al_edge *edge)
{
	al_edge_init(edge);
	for (uint64_t i = 0; i < size; i++) {
		struct al_hash leaf = al_leaf_hash(al_slice_str(log->text[i]));

		al_edge_push(edge, &leaf);
	}
}

static void test_resume(void **state)
{
	struct al_slice rest, entry;
	struct al_edge edge;
	struct chain chain;

	(void)state;
	chain_init(&chain, &real.key.pub);
	edge_of(&real, 12, &edge);
	assert_int_equal(chain_resume(&chain, &edge, al_slice_str(real.note[11])), AL_EVERIFY);
	assert_int_equal(chain_resume(&chain, &edge, al_slice_str(forked.note[12])), AL_EVERIFY);
	assert_int_equal(chain_wanted(&chain), 0);
	assert_int_equal(chain_resume(&chain, &edge, al_slice_str(real.note[12])), AL_OK);
	assert_int_equal(chain_wanted(&chain), 12);
	assert_int_equal(feed(&chain, &real, 12, 12), CHAIN_SAME);
	assert_int_equal(feed(&chain, &real, 12, 20), CHAIN_NEW);
	rest = al_buf_view(&chain.pending);
	for (uint64_t i = 0; chain_next(&rest, &entry); i++) {
		struct al_hash leaf = chain_leaf(&chain, i), want = al_leaf_hash(entry);

		assert_true(al_hash_eq(&leaf, &want));
		assert_in_range(i, 0, 7);
	}
	chain_drop(&chain);
	assert_int_equal(feed(&chain, &forked, 20, 20), CHAIN_FORK);
	assert_true(al_slice_is(chain_ours(&chain), real.note[20]));
	chain_release(&chain);
}

/* Whatever the sizes of heads: a log without the known checkpoint is refused at the first head that reaches it. */
static void test_known(void **state)
{
	(void)state;
	for (uint64_t known = FORK + 1; known <= 20; known++) {
		for (uint64_t step = 1; step <= 20; step++) {
			struct chain chain;
			enum chain_verdict verdict = CHAIN_NEW;
			uint64_t size = 0, end = 0;

			chain_init(&chain, &real.key.pub);
			assert_int_equal(chain_know(&chain, 0, al_slice_str(real.note[3])), AL_OK);
			assert_int_equal(chain_know(&chain, 1, al_slice_str(real.note[known])), AL_OK);
			for (; verdict == CHAIN_NEW && end < 40; size = end) {
				end = size + step;
				verdict = feed(&chain, &forked, size, end);
				chain_drop(&chain);
			}
			assert_int_equal(verdict, CHAIN_FORK);
			assert_true(end >= known && end - step < known);
			assert_true(al_slice_is(chain_ours(&chain), real.note[known]));
			chain_release(&chain);
		}
	}
}

static void test_known_and_kept(void **state)
{
	struct chain chain;
	struct al_skey stranger;

	(void)state;
	chain_init(&chain, &real.key.pub);
	assert_int_equal(chain_know(&chain, 0, al_slice_str(real.note[17])), AL_OK);
	assert_int_equal(feed(&chain, &real, 0, 10), CHAIN_NEW);
	chain_drop(&chain);
	assert_int_equal(feed(&chain, &real, 10, 30), CHAIN_NEW);
	chain_release(&chain);
	assert_int_equal(al_skey_generate(AL_S("log.example/chain"), &stranger), AL_OK);
	chain_init(&chain, &stranger.pub);
	assert_int_equal(chain_know(&chain, 0, al_slice_str(real.note[17])), AL_EVERIFY);
	chain_release(&chain);
}

static enum chain_verdict tip(struct chain *chain, const char *note)
{
	struct al_checkpoint cp;

	return chain_tip(chain, al_slice_str(note), &cp);
}

/* What the server said first has to be in the log, and the largest of what it said is what counts. */
static void test_tips(void **state)
{
	struct chain chain;

	(void)state;
	chain_init(&chain, &real.key.pub);
	assert_true(chain_at_tip(&chain)); /* nothing was said */
	assert_int_equal(tip(&chain, real.note[20]), CHAIN_SAME);
	assert_int_equal(tip(&chain, real.note[12]), CHAIN_SAME);
	assert_int_equal(tip(&chain, forked.note[20]), CHAIN_SAME); /* it cannot be said yet which is true */
	assert_int_equal(feed(&chain, &real, 0, 19), CHAIN_NEW);
	chain_drop(&chain);
	assert_false(chain_at_tip(&chain));
	assert_int_equal(feed(&chain, &real, 19, 20), CHAIN_NEW);
	chain_drop(&chain);
	assert_true(chain_at_tip(&chain));
	assert_int_equal(tip(&chain, forked.note[20]), CHAIN_FORK);
	/* A new connection promises anew. */
	assert_int_equal(tip(&chain, real.note[30]), CHAIN_SAME);
	assert_false(chain_at_tip(&chain));
	chain_begin(&chain);
	assert_true(chain_at_tip(&chain));
	/* But the promise of before is not forgotten: another history of that size is a fork. */
	assert_int_equal(tip(&chain, real.note[25]), CHAIN_SAME);
	chain_release(&chain);

	chain_init(&chain, &real.key.pub);
	assert_int_equal(tip(&chain, real.note[30]), CHAIN_SAME);
	assert_int_equal(tip(&chain, forked.note[10]), CHAIN_SAME);
	chain_begin(&chain);
	assert_int_equal(feed(&chain, &forked, 0, 29), CHAIN_NEW);
	chain_drop(&chain);
	assert_int_equal(feed(&chain, &forked, 29, 31), CHAIN_FORK);
	assert_true(al_slice_is(chain_ours(&chain), real.note[30]));
	chain_release(&chain);
}

static size_t count_in(const char *dir)
{
	struct dirent *entry;
	DIR *open = opendir(dir);
	size_t count = 0;

	assert_non_null(open);
	while ((entry = readdir(open)) != NULL)
		count += strstr(entry->d_name, ".note") != NULL;
	closedir(open);
	return count;
}

static void test_evidence(void **state)
{
	char base[] = "/tmp/alamo-evidence-XXXXXX", dir[64], text[AL_EVIDENCE_TEXT_MAX], note[64];

	(void)state;
	assert_non_null(mkdtemp(base));
	(void)snprintf(dir, sizeof(dir), "%s/kept", base);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(al_evidence_keep(dir, AL_EVIDENCE_FORK, al_slice_str(real.note[20]),
						  al_slice_str(forked.note[21]), text),
				 AL_OK);
		assert_int_equal(count_in(dir), 2);
		assert_non_null(strstr(text, "known is size 20 root "));
		assert_non_null(strstr(text, "given is size 21 root "));
		assert_non_null(strstr(text, dir));
	}
	/* Nobody fills the disk with it. */
	for (unsigned i = 0; i < AL_EVIDENCE_FILES_MAX + 10; i++) {
		enum al_err err;

		(void)snprintf(note, sizeof(note), "log.example/chain\n%u\nroot\n", i);
		err = al_evidence_keep(dir, AL_EVIDENCE_FORK, al_slice_str(note), al_slice_str(note), text);
		if (err != AL_OK)
			assert_int_equal(err, AL_ELIMIT);
	}
	assert_true(count_in(dir) <= AL_EVIDENCE_FILES_MAX);
	assert_non_null(strstr(text, "full"));
	/* What is kept already needs no room. */
	assert_int_equal(al_evidence_keep(dir, AL_EVIDENCE_FORK, al_slice_str(real.note[20]),
					  al_slice_str(forked.note[21]), text),
			 AL_OK);
	/* What is no checkpoint is named as such. */
	assert_int_equal(al_evidence_keep(base, "x", AL_S("a\nb\n"), AL_S(""), text), AL_OK);
	assert_non_null(strstr(text, "size ? root "));
	(void)folder_remove(base);
}

/* What cannot be kept is told all the same, with the reason. */
static void test_evidence_that_is_not_kept(void **state)
{
	char base[] = "/tmp/alamo-evidence-XXXXXX", dir[64], text[AL_EVIDENCE_TEXT_MAX];
	struct rlimit was, few;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(base));
	(void)snprintf(dir, sizeof(dir), "%s/file", base);
	fd = open(dir, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(al_evidence_keep(dir, "x", al_slice_str(real.note[20]), al_slice_str(forked.note[21]), text),
			 AL_EIO);
	assert_non_null(strstr(text, "known is size 20 root "));
	assert_non_null(strstr(text, "NOT kept, "));
	assert_non_null(strstr(text, strerror(ENOTDIR)));
	/* A directory that cannot be counted takes nothing: there is a descriptor for it, and none to look into it. */
	assert_int_equal(close(fd), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = (struct rlimit){ (rlim_t)fd + 1, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(al_evidence_keep(base, "x", al_slice_str(real.note[20]), al_slice_str(forked.note[21]), text),
			 AL_ELIMIT);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_non_null(strstr(text, "not kept"));
	assert_int_equal(count_in(base), 0);
	(void)folder_remove(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resume),         cmocka_unit_test(test_known),
		cmocka_unit_test(test_known_and_kept), cmocka_unit_test(test_tips),
		cmocka_unit_test(test_evidence),       cmocka_unit_test(test_evidence_that_is_not_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
