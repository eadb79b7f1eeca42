/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c -- each allocation of a decision fails once: what comes out is AL_ENOMEM or what would have come out, never
 * another answer, and nothing is lost. So with what follows a log. Left out is al_object_build(), which takes want of memory
 * for a fault of the text.
 */
#include "../allocs.h"
#include "audit_story.h"

#define ANSWER_MAX 200000

static const struct {
	const char *header, *objects, *signers;
} requests[] = {
	{ "prev: none",
	  "mntner: DAVE-MNT\nauth: @3@\nvouched-by: BOB-MNT\nmnt-by: DAVE-MNT\nsource: TEST\n\n"
	  "aut-num: AUTO-1\nas-name: DAVE-AS\nmember-of: AS-OPEN\nmnt-by: DAVE-MNT, BOB-MNT\nsource: TEST\n\n"
	  "inet6num: AUTO-2/48\nnetname: DAVE-NET\nmnt-by: DAVE-MNT\nsource: TEST\n\n"
	  "route6: AUTO-2/48\norigin: AUTO-1\nmnt-by: DAVE-MNT\nsource: TEST\n\n"
	  "domain: dave.test\nrecord: @ AAAA AUTO-2::1\nrecord: www CNAME dave.test.\nmnt-by: DAVE-MNT\nsource: TEST\n",
	  "32" },
	{ "prev: none",
	  "aut-num: AUTO-1\nas-name: BACK-AS\nmnt-by: BOB-MNT\nsource: TEST\n\n"
	  "inet6num: AUTO-2/48\nnetname: BACK-NET\nmnt-by: BOB-MNT\nsource: TEST\n\n"
	  "inet6num: fca1:100::/44\nnetname: AROUND\nmnt-by: BOB-MNT\nsource: TEST\n",
	  "2120" },
	{ "prev: 14",
	  "domain: bob.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT, BOB-MNT\nsource: TEST\ndelete: x\n\n"
	  "mntner: BOB-MNT\nauth: @2@\nmnt-by: BOB-MNT\nsource: TEST\ndelete: x\n",
	  "24" },
	{ "prev: 14", "as-set: AS-OPEN\nextend: members\nmembers: AS4252660110\nmnt-by: BOB-MNT\nsource: TEST\n", "2" },
	{ "prev: 2",
	  "mntner: BOB-MNT\nauth: @2@\nauth: @4@\nmnt-by: ALICE-MNT, BOB-MNT\nsource: TEST\n\n"
	  "domain: bob.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT, CAROL-MNT\nsource: TEST\n",
	  "345" },
};

/* What was decided, in words: errors and warnings, and the entry. */
static void answer_of(const struct decision *d, struct al_buf *out)
{
	al_buf_reset(out);
	al_buf_printf(out, "%d %d %zu\n", d->accepted, d->changes, d->key_count);
	for (size_t i = 0; i < d->report.count; i++)
		al_buf_printf(out, "%u %u %s %s\n", d->report.items[i].object, d->report.items[i].line,
			      d->report.items[i].clause != NULL ? d->report.items[i].clause : "",
			      d->report.items[i].text);
	if (d->accepted)
		assert_int_equal(decision_encode(d, out), AL_OK);
	assert_int_equal(out->err, AL_OK);
}

static bool has_built(const struct al_buf *answer)
{
	return memmem(answer->ptr, answer->len, " SCHEMA-", 8) == NULL;
}

/* Did an allocation fail? */
static bool decide(struct story *s, struct al_slice raw, size_t good, enum al_err *err, struct al_buf *answer)
{
	struct decision *d = decision_new();
	bool failed;

	assert_non_null(d);
	allocs_fail(good);
	*err = decision_read(d, raw, NS);
	if (*err == AL_OK)
		*err = book_decide(s->book, d, START + 1000);
	failed = allocs_end();
	if (*err == AL_OK)
		answer_of(d, answer);
	decision_free(d);
	return failed;
}

static void a_decision_is_the_same_or_none(void **state)
{
	struct story *s = *state;
	struct al_buf raw, want, got;
	enum al_err err;

	al_buf_init(&raw, AL_REQUEST_MAX);
	al_buf_init(&want, ANSWER_MAX);
	al_buf_init(&got, ANSWER_MAX);
	for (size_t i = 0; i < AL_COUNT(requests); i++) {
		size_t good = 0;

		al_buf_reset(&raw);
		story_request(s, "memory", requests[i].header, requests[i].objects, requests[i].signers, NS, &raw);
		assert_false(decide(s, al_buf_view(&raw), SIZE_MAX, &err, &want));
		assert_int_equal(err, AL_OK);
		for (; decide(s, al_buf_view(&raw), good, &err, &got); good++)
			if (err != AL_ENOMEM &&
			    (err != AL_OK || (has_built(&got) && !al_slice_eq(al_buf_view(&got), al_buf_view(&want)))))
				fail_msg("request %zu, allocation %zu: %s\n%.*s", i, good, al_err_name(err),
					 AL_FMT(al_buf_view(&got)));
		assert_true(good > 10);
		assert_true(has_built(&want));
	}
	al_buf_release(&raw);
	al_buf_release(&want);
	al_buf_release(&got);
}

/* A book of the log's first entries, loaded by one who has memory for so many allocations at the last. */
static bool load(const struct log *log, size_t count, size_t good, enum al_err *err)
{
	struct book *book;
	bool failed;

	assert_int_equal(book_new(&book), AL_OK);
	for (size_t i = 0; i + 1 < count; i++)
		assert_int_equal(book_load(book, al_buf_view(&log->leaf[i])), AL_OK);
	allocs_fail(good);
	*err = book_load(book, al_buf_view(&log->leaf[count - 1]));
	failed = allocs_end();
	book_free(book);
	return failed;
}

static void an_entry_is_followed_or_not(void **state)
{
	const struct story *s = *state;
	enum al_err err;

	for (size_t count = 1; count <= s->log.count; count++) {
		size_t good = 0;

		for (; load(&s->log, count, good, &err); good++)
			assert_true(err == AL_ENOMEM || err == AL_EINVAL); /* the latter by al_object_build() */
		assert_int_equal(err, AL_OK);
		assert_true(good > 0);
	}
}

struct accused {
	unsigned findings;
	bool built; /* all objects */
};

static void accuse(void *arg, const struct audit_finding *finding)
{
	struct accused *accused = arg;

	accused->findings++;
	if (finding->kind == AUDIT_END || (finding->clause != NULL && strncmp(finding->clause, "SCHEMA-", 7) == 0))
		accused->built = false;
}

static bool audit(const struct log *log, size_t count, size_t good, enum al_err *err, struct accused *accused)
{
	struct audit_opts opts = { .finding = accuse, .arg = accused };
	struct audit *a;
	bool failed;

	*accused = (struct accused){ .built = true };
	assert_int_equal(audit_new(&opts, &a), AL_OK);
	for (size_t i = 0; i + 1 < count; i++)
		assert_int_equal(audit_entry(a, al_buf_view(&log->leaf[i])), AL_OK);
	allocs_fail(good);
	*err = audit_entry(a, al_buf_view(&log->leaf[count - 1]));
	failed = allocs_end();
	audit_free(a);
	return failed;
}

/* An auditor who lacks memory accuses nobody. */
static void an_audit_finds_nothing_that_is_not_there(void **state)
{
	static const size_t counts[] = { 1, 2, 6, 15, 17 };
	const struct story *s = *state;
	struct accused accused;
	enum al_err err;

	for (size_t i = 0; i < AL_COUNT(counts); i++) {
		size_t good = 0;

		for (; audit(&s->log, counts[i], good, &err, &accused); good++) {
			assert_true(err == AL_ENOMEM || err == AL_OK || !accused.built);
			assert_true(accused.findings == 0 || !accused.built);
		}
		assert_int_equal(err, AL_OK);
		assert_int_equal(accused.findings, 0);
		assert_true(good > 10);
	}
}

/* What is released is taken again: numbers and blocks that come and go need no more memory than the most that there were. */
static void blocks_that_come_and_go_need_none(void **state)
{
	struct al_prefix block = { .len = 128, .bits = 128 };
	struct space *space;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	for (unsigned i = 0; i < 1000; i++) {
		if (i == 3)
			allocs_fail(0);
		block.addr[i % 16] ^= (uint8_t)(1 + i / 16);
		assert_int_equal(space_take(space, &block), AL_OK);
		assert_int_equal(space_take_asn(space, i * 4000000u), AL_OK);
		space_release(space, &block);
		space_release_asn(space, i * 4000000u);
	}
	assert_false(allocs_end());
	space_free(space);
}

static void nothing_is_made_by_halves(void **state)
{
	struct audit_opts opts = { .ns = NS };
	struct decision *d;
	struct book *book;
	struct audit *a;
	size_t good = 0;
	enum al_err err;

	(void)state;
	for (allocs_fail(good); err = book_new(&book), allocs_end(); allocs_fail(++good))
		assert_int_equal(err, AL_ENOMEM);
	assert_int_equal(err, AL_OK);
	assert_true(good > 4);
	book_free(book);
	good = 0;
	for (allocs_fail(good); err = audit_new(&opts, &a), allocs_end(); allocs_fail(++good))
		assert_int_equal(err, AL_ENOMEM);
	assert_int_equal(err, AL_OK);
	audit_free(a);
	allocs_fail(0);
	d = decision_new();
	assert_true(allocs_end());
	assert_null(d);
	decision_free(d);
}

/* More of what there is to follow: what is returned, rests and is taken back, and blocks that come between. */
static int setup(void **state)
{
	struct story *s;

	if (story_setup(state) != 0)
		return 1;
	s = *state;
	tell(s, "prev: 0 0 0",
	     "registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\nquarantine: "
	     "30\nedition: 3\n"
	     "quota-objects: 1000\njoin-rate: 100\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "as-block: AS4252660100-AS4252660199\npolicy: open\nassign-auto: yes\nassign-share: 50\nassign-rate: 50\n"
	     "mnt-by: HOST-MNT\nsource: TEST\n\n"
	     "inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-auto: yes\nassign-len: 48\nassign-min: "
	     "44\n"
	     "assign-tree: 50\nmnt-by: HOST-MNT\nsource: TEST\n",
	     "0");
	tell(s, "prev: none",
	     "as-set: AS-OPEN\nmbrs-by-ref: ANY\nmnt-by: BOB-MNT\nsource: TEST\n\n"
	     "aut-num: AUTO-1\nas-name: X-AS\nmnt-by: BOB-MNT\nsource: TEST\n\n"
	     "inet6num: AUTO-2/48\nnetname: X-NET\nmnt-by: BOB-MNT\nsource: TEST\n\n"
	     "inet6num: fca1:100:8::/48\nnetname: Y-NET\nmnt-by: BOB-MNT\nsource: TEST\n",
	     "2");
	tell(s, "prev: 14",
	     "aut-num: AS4252660114\nas-name: X-AS\nmnt-by: BOB-MNT\nsource: TEST\ndelete: x\n\n"
	     "inet6num: fca1:100:4::/48\nnetname: X-NET\nmnt-by: BOB-MNT\nsource: TEST\ndelete: x\n\n"
	     "inet6num: fca1:100:8::/48\nnetname: Y-NET\nmnt-by: BOB-MNT\nsource: TEST\ndelete: x\n",
	     "2");
	tell(s, "prev: none 15",
	     "as-block: AS4252660110-AS4252660119\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "inet6num: fca1:100:8::/48\nnetname: Y-NET\nmnt-by: BOB-MNT\nsource: TEST\n",
	     "02");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decision_is_the_same_or_none),
		cmocka_unit_test(an_entry_is_followed_or_not),
		cmocka_unit_test(an_audit_finds_nothing_that_is_not_there),
		cmocka_unit_test(blocks_that_come_and_go_need_none),
		cmocka_unit_test(nothing_is_made_by_halves),
	};

#ifdef ALLOCS_NONE
	return 0;
#endif
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, setup, story_teardown);
}
