/* SPDX-License-Identifier: MIT */
/*
 * cmd_tree.c -- `alamo tree`: who vouched for whom, and how much each of them holds with all below him, beside what
 * the pools allow. From the verified log, by the counts that the rules decide by.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book.h"
#include "holdings.h"
#include "log_read.h"
#include "space.h"

#define DEPTH_MAX 64 /* a log that lies could go round */

struct options {
	struct log_read_options where;
};

struct member {
	struct al_slice name, voucher;
};

struct tree {
	struct book *book;
	struct member *members; /* by voucher, then name */
	size_t count, cap;
	const struct al_object **pools; /* that have assign-tree */
	size_t pool_count;
	bool failed;
};

/* ---- what there is ---- */

static enum al_err entry_take(void *arg, uint64_t index, struct al_slice bytes)
{
	struct tree *t = arg;
	enum al_err err = book_load(t->book, bytes);

	if (err != AL_OK)
		command_fail(CLI_UNVERIFIED, "entry %llu cannot be read: %s", (unsigned long long)index,
			     al_err_name(err));
	return err;
}

static bool member_take(const struct al_object *mntner, void *arg)
{
	struct tree *t = arg;

	if (t->count == t->cap) {
		size_t cap = t->cap > 0 ? 2 * t->cap : 256;
		struct member *more = realloc(t->members, cap * sizeof(*more));

		if (more == NULL) {
			t->failed = true;
			return false;
		}
		t->members = more;
		t->cap = cap;
	}
	t->members[t->count++] = (struct member){ al_object_key(mntner), al_object_attr(mntner, "vouched-by") };
	return true;
}

static bool pool_take(const struct al_object *block, void *arg)
{
	struct tree *t = arg;
	const struct al_object **more;

	if (al_object_attr(block, "assign-tree").len == 0)
		return true;
	more = realloc(t->pools, (t->pool_count + 1) * sizeof(*more));
	if (more == NULL) {
		t->failed = true;
		return false;
	}
	t->pools = more;
	t->pools[t->pool_count++] = block;
	return true;
}

static int member_cmp(const void *a, const void *b)
{
	const struct member *one = a, *other = b;
	int cmp = al_slice_cmp(one->voucher, other->voucher);

	return cmp != 0 ? cmp : al_slice_cmp(one->name, other->name);
}

/* The first of those for whom `name` vouched, or t->count. */
static size_t first_below(const struct tree *t, struct al_slice name)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (al_slice_cmp(t->members[middle].voucher, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_below(const struct tree *t, struct al_slice name)
{
	size_t at = first_below(t, name);

	return at < t->count && al_slice_eq(t->members[at].voucher, name);
}

/* ---- printing ---- */

static int64_t counted(const struct tree *t, enum tally_whose whose, struct al_slice who, enum tally_kind kind,
		       struct al_slice pool)
{
	const struct tally tally = { whose, who, kind, pool };

	return tallies_get(holdings_tallies(space_holdings(book_space(t->book))), &tally);
}

/* As the rules count: what lies in the pool, and what rests of its class. */
static void pools_print(const struct tree *t, struct al_slice name)
{
	for (size_t i = 0; i < t->pool_count; i++) {
		const struct al_object *pool = t->pools[i];
		struct al_slice cls = al_slice_str(pool->cls == AL_AS_BLOCK ? "aut-num"
									    : al_class_name((enum al_class)pool->cls));
		int64_t count = counted(t, TALLY_TREE, name, TALLY_HELD, al_object_key(pool)) +
				counted(t, TALLY_TREE, name, TALLY_RESTING, cls);

		if (count > 0)
			printf("  below [%s] %.*s: %lld of %.*s\n", al_class_name((enum al_class)pool->cls),
			       AL_FMT(al_object_key(pool)), (long long)count,
			       AL_FMT(al_object_attr(pool, "assign-tree")));
	}
}

static void member_print(const struct tree *t, struct al_slice name, unsigned depth)
{
	long long own = counted(t, TALLY_MNTNER, name, TALLY_HELD, AL_S("")),
		  all = counted(t, TALLY_TREE, name, TALLY_HELD, AL_S(""));

	printf("%*s%.*s holds %lld", (int)(2 * depth), "", AL_FMT(name), own);
	if (has_below(t, name))
		printf(", with those below %lld", all);
	printf("\n");
	for (size_t i = first_below(t, name);
	     depth < DEPTH_MAX && i < t->count && al_slice_eq(t->members[i].voucher, name); i++)
		member_print(t, t->members[i].name, depth + 1);
}

static int one_print(const struct tree *t, const char *typed)
{
	const struct al_object *mntner;
	struct al_buf key;
	struct al_slice voucher;

	al_buf_init(&key, 600);
	mntner = al_key_canon(AL_MNTNER, al_slice_str(typed), &key) == AL_OK
			 ? al_state_get(book_state(t->book), AL_MNTNER, al_buf_view(&key))
			 : NULL;
	al_buf_release(&key);
	if (mntner == NULL)
		return command_fail(CLI_REFUSED, "there is no maintainer %s", typed);
	member_print(t, al_object_key(mntner), 0);
	pools_print(t, al_object_key(mntner));
	for (unsigned i = 0; mntner != NULL && i < DEPTH_MAX; i++) {
		voucher = al_object_attr(mntner, "vouched-by");
		if (voucher.len == 0)
			break;
		printf("%.*s vouched for %.*s\n", AL_FMT(voucher), AL_FMT(al_object_key(mntner)));
		mntner = al_state_get(book_state(t->book), AL_MNTNER, voucher);
	}
	return CLI_DONE;
}

/* Every tree of two or more; a voucher that is gone is the root of those that it left. */
static int all_print(const struct tree *t)
{
	size_t alone = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct member *m = &t->members[i];
		bool gone = m->voucher.len > 0 && al_state_get(book_state(t->book), AL_MNTNER, m->voucher) == NULL &&
			    (i == 0 || !al_slice_eq(t->members[i - 1].voucher, m->voucher));

		if (m->voucher.len == 0 && !has_below(t, m->name)) {
			alone++;
		} else if (m->voucher.len == 0 || gone) {
			member_print(t, gone ? m->voucher : m->name, 0);
			pools_print(t, gone ? m->voucher : m->name);
		}
	}
	printf("%zu without a voucher, who vouched for nobody\n", alone);
	return CLI_DONE;
}

static int tree_print(struct tree *t, const char *typed)
{
	const struct al_state *state = book_state(t->book);

	al_state_each(state, AL_MNTNER, member_take, t);
	al_state_each(state, AL_AS_BLOCK, pool_take, t);
	al_state_each(state, AL_INETNUM, pool_take, t);
	al_state_each(state, AL_INET6NUM, pool_take, t);
	if (t->failed)
		return command_fail(CLI_REFUSED, "out of memory");
	if (t->count > 0)
		qsort(t->members, t->count, sizeof(*t->members), member_cmp);
	return typed != NULL ? one_print(t, typed) : all_print(t);
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct tree tree = { .book = NULL };
	struct log_read read;
	int code;

	if (book_new(&tree.book) != AL_OK)
		return command_fail(CLI_REFUSED, "out of memory");
	code = log_read_begin(&read, &options->where);
	if (code == CLI_DONE)
		code = log_read_run(&read, entry_take, &tree);
	if (code == CLI_DONE)
		code = tree_print(&tree, words->count > 0 ? words->word[0] : NULL);
	log_read_release(&read);
	book_free(tree.book);
	free(tree.members);
	free(tree.pools);
	return code;
}

static const struct command_form forms[] = { { NULL, "[MNTNER]", NULL, run } };

static const struct option_row rows[] = { LOG_READ_ROWS(struct options, where) };

const struct command command_tree = {
	.name = "tree",
	.group = GROUP_MEMBER,
	.help = "who vouched for whom, and what they hold together",
	.notes = "What a voucher and all below him hold together is bounded by assign-tree: of each pool; the lines "
		 "that "
		 "begin with\n"
		 "\"below\" say how much of that is used, what was returned and rests included.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
