/* SPDX-License-Identifier: MIT */
/* The fold: versions and tombstones, coverage, references, and that order of keys does not matter to a replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/rpsl/state.h"

struct seen {
	size_t creates, modifies, deletes;
};

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct seen *seen = arg;

	if (now->deleted)
		seen->deletes++;
	else if (old == NULL || old->deleted)
		seen->creates++;
	else
		seen->modifies++;
}

static enum al_err apply(struct al_state *state, const char *objects)
{
	char body[4096];
	struct al_entry entry = { .index = al_state_size(state),
				  .time = 1000 + al_state_size(state),
				  .kind = AL_S("request"),
				  .result = AL_S("c") };
	struct al_buf bytes;
	enum al_err err;

	(void)snprintf(body, sizeof(body), "request: r\nprev: none\n\n%s", objects);
	entry.body = al_slice_str(body);
	al_buf_init(&bytes, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	err = al_state_apply(state, al_buf_view(&bytes));
	al_buf_release(&bytes);
	return err;
}

#define TAIL "mnt-by: A-MNT\nsource: X1\n"

static struct al_state *sample(struct seen *seen)
{
	struct al_state *state;

	assert_int_equal(al_state_new(&state), AL_OK);
	al_state_observe(state, on_change, seen);
	assert_int_equal(apply(state, "mntner: A-MNT\n" TAIL "\naut-num: AS1\nas-name: ONE\n" TAIL), AL_OK);
	assert_int_equal(apply(state,
			       "inetnum: 10.0.0.0/8\nnetname: N1\n" TAIL "\ninetnum: 10.1.0.0/16\nnetname: N2\n" TAIL
			       "\ninetnum: 10.1.2.0/24\nnetname: N3\n" TAIL),
			 AL_OK);
	assert_int_equal(
		apply(state, "route: 10.1.0.0/16\norigin: AS1\n" TAIL "\nroute: 10.1.0.0/16\norigin: AS0\n" TAIL),
		AL_OK);
	assert_int_equal(
		apply(state, "as-block: AS1-AS100\npolicy: open\n" TAIL "\nas-block: AS1-AS10\npolicy: ask\n" TAIL),
		AL_OK);
	return state;
}

static struct al_prefix prefix(const char *text)
{
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(text), &p), AL_OK);
	return p;
}

static void versions_and_tombstones(void **arg)
{
	struct seen seen = { 0, 0, 0 };
	struct al_state *state = sample(&seen);
	const struct al_object *object;

	(void)arg;
	assert_int_equal(seen.creates, 9);
	assert_int_equal(apply(state, "aut-num: as1\nas-name: UNO\n" TAIL), AL_OK);
	object = al_state_get(state, AL_AUT_NUM, AL_S("AS1"));
	assert_non_null(object);
	assert_int_equal(object->index, 4);
	assert_int_equal(object->created, 1000);
	assert_int_equal(object->time, 1004);
	assert_int_equal(apply(state, "aut-num: AS1\nas-name: UNO\n" TAIL "delete: gone\n"), AL_OK);
	assert_null(al_state_get(state, AL_AUT_NUM, AL_S("AS1")));
	object = al_state_version(state, AL_AUT_NUM, AL_S("AS1"));
	assert_non_null(object);
	assert_true(object->deleted);
	assert_int_equal(object->index, 5);
	assert_int_equal(al_state_count(state, AL_AUT_NUM), 0);
	assert_int_equal(apply(state, "aut-num: AS1\nas-name: EINS\n" TAIL), AL_OK);
	assert_int_equal(al_state_get(state, AL_AUT_NUM, AL_S("AS1"))->created, 1006);
	assert_int_equal(seen.modifies, 1);
	assert_int_equal(seen.deletes, 1);
	assert_int_equal(seen.creates, 10);
	al_state_free(state);
}

static void coverage(void **arg)
{
	struct seen seen = { 0, 0, 0 };
	struct al_state *state = sample(&seen);
	struct al_prefix host = prefix("10.1.2.3/32"), middle = prefix("10.1.0.0/16"), other = prefix("11.0.0.0/8");

	(void)arg;
	assert_true(al_slice_is(al_object_key(al_state_covering_inet(state, &host, false)), "10.1.2.0/24"));
	assert_true(al_slice_is(al_object_key(al_state_covering_inet(state, &middle, false)), "10.1.0.0/16"));
	assert_true(al_slice_is(al_object_key(al_state_covering_inet(state, &middle, true)), "10.0.0.0/8"));
	assert_null(al_state_covering_inet(state, &other, false));
	assert_true(al_slice_is(al_object_key(al_state_as_block(state, 5)), "AS1-AS10"));
	assert_true(al_slice_is(al_object_key(al_state_as_block(state, 50)), "AS1-AS100"));
	assert_null(al_state_as_block(state, 500));
	/* What goes covers nothing any more. */
	assert_int_equal(apply(state, "as-block: AS1-AS10\npolicy: ask\n" TAIL "delete: x\n"), AL_OK);
	assert_true(al_slice_is(al_object_key(al_state_as_block(state, 5)), "AS1-AS100"));
	assert_int_equal(apply(state, "inetnum: 10.1.2.0/24\nnetname: N3\n" TAIL "delete: x\n"), AL_OK);
	assert_true(al_slice_is(al_object_key(al_state_covering_inet(state, &host, false)), "10.1.0.0/16"));
	al_state_free(state);
}

/* ---- by class and by prefix ---- */

struct list {
	char text[400]; /* keys, each behind a blank */
	size_t most;    /* the visit ends with this one */
	size_t count;
};

static bool on_object(const struct al_object *object, void *arg)
{
	struct list *list = arg;
	size_t len = strlen(list->text);

	(void)snprintf(list->text + len, sizeof(list->text) - len, " %.*s", AL_FMT(al_object_key(object)));
	return ++list->count != list->most;
}

static bool on_prefix(const struct al_prefix *at, const struct al_object *object, void *arg)
{
	struct al_prefix own;

	assert_int_equal(al_object_prefix(object, &own), AL_OK);
	assert_int_equal(al_prefix_cmp(at, &own), 0);
	return on_object(object, arg);
}

typedef void (*visit_fn)(const struct al_state *state, enum al_class cls, const struct al_prefix *key,
			 al_object_at_fn visit, void *arg);

static void assert_visits(const struct al_state *state, visit_fn fn, enum al_class cls, const char *text, size_t most,
			  const char *keys)
{
	struct list list = { .most = most };
	struct al_prefix key = prefix(text);

	fn(state, cls, &key, on_prefix, &list);
	assert_string_equal(list.text, keys);
}

static void visits(void **arg)
{
	struct seen seen = { 0, 0, 0 };
	struct al_state *state = sample(&seen);
	struct al_prefix host6 = prefix("fca1:1:2::1/128"), other6 = prefix("fca2::/16");
	struct list list = { .most = 0 };

	(void)arg;
	assert_int_equal(al_state_time(state), 1003);
	assert_null(al_state_registry(state));
	assert_int_equal(apply(state,
			       "inet6num: fca1::/16\nnetname: N6\n" TAIL "\ninet6num: fca1:1::/32\nnetname: N7\n" TAIL
			       "\nroute6: fca1:1::/32\norigin: AS1\n" TAIL),
			 AL_OK);
	assert_visits(state, al_state_covering, AL_INETNUM, "10.1.2.0/24", 0, " 10.0.0.0/8 10.1.0.0/16 10.1.2.0/24");
	assert_visits(state, al_state_covering, AL_INETNUM, "10.1.2.0/24", 2, " 10.0.0.0/8 10.1.0.0/16");
	assert_visits(state, al_state_covering, AL_ROUTE, "10.1.2.0/24", 0, " 10.1.0.0/16AS0 10.1.0.0/16AS1");
	assert_visits(state, al_state_covering, AL_ROUTE, "10.1.2.0/24", 1, " 10.1.0.0/16AS0");
	assert_visits(state, al_state_covering, AL_INET6NUM, "fca1:1:2::/48", 0, " fca1::/16 fca1:1::/32");
	assert_true(al_slice_is(al_object_key(al_state_covering_inet(state, &host6, false)), "fca1:1::/32"));
	assert_null(al_state_covering_inet(state, &other6, false));
	assert_visits(state, al_state_covering, AL_ROUTE6, "fca1:1:2::/48", 0, " fca1:1::/32AS1");
	assert_visits(state, al_state_covering, AL_DOMAIN, "10.1.2.0/24", 0, "");
	assert_visits(state, al_state_within, AL_INETNUM, "10.1.0.0/16", 0, " 10.1.0.0/16 10.1.2.0/24");
	assert_visits(state, al_state_within, AL_ROUTE6, "fca1::/16", 0, " fca1:1::/32AS1");
	assert_visits(state, al_state_within, AL_DOMAIN, "10.1.0.0/16", 0, "");
	assert_visits(state, al_state_children, AL_INETNUM, "10.0.0.0/8", 0, " 10.1.0.0/16");
	assert_visits(state, al_state_children, AL_INET6NUM, "fca1::/16", 0, " fca1:1::/32");
	assert_visits(state, al_state_children, AL_DOMAIN, "10.0.0.0/8", 0, "");
	al_state_as_blocks(state, on_object, &list);
	assert_string_equal(list.text, " AS1-AS100 AS1-AS10");
	list = (struct list){ .most = 1 };
	al_state_as_blocks(state, on_object, &list);
	assert_string_equal(list.text, " AS1-AS100");
	/* Of a class, those that are there, in their order. */
	assert_int_equal(apply(state, "inetnum: 10.1.0.0/16\nnetname: N2\n" TAIL "delete: x\n"), AL_OK);
	list = (struct list){ .most = 0 };
	al_state_each(state, AL_INETNUM, on_object, &list);
	assert_string_equal(list.text, " 10.0.0.0/8 10.1.2.0/24");
	list = (struct list){ .most = 1 };
	al_state_each(state, AL_INETNUM, on_object, &list);
	assert_string_equal(list.text, " 10.0.0.0/8");
	assert_visits(state, al_state_children, AL_INETNUM, "10.0.0.0/8", 0, " 10.1.2.0/24");
	/* The registry's own object, until it goes. */
	assert_int_equal(apply(state, "registry: X1\ntld: x\nroot-server: a fca1::53\n" TAIL), AL_OK);
	assert_true(al_slice_is(al_object_key(al_state_registry(state)), "X1"));
	assert_int_equal(apply(state, "registry: X1\ntld: x\nroot-server: a fca1::53\n" TAIL "delete: x\n"), AL_OK);
	assert_null(al_state_registry(state));
	al_state_free(state);
}

#define ROUTE(asn) "route: 10.9.0.0/16\norigin: " asn "\n" TAIL

/* One alone, several, again one and none. */
static void routes_of_one_prefix(void **arg)
{
	struct seen seen = { 0, 0, 0 };
	struct al_state *state = sample(&seen);

	(void)arg;
	assert_int_equal(apply(state, ROUTE("AS2")), AL_OK);
	assert_visits(state, al_state_within, AL_ROUTE, "10.9.0.0/16", 0, " 10.9.0.0/16AS2");
	assert_int_equal(apply(state, ROUTE("AS2") "descr: other\n"), AL_OK);
	assert_visits(state, al_state_within, AL_ROUTE, "10.9.0.0/16", 0, " 10.9.0.0/16AS2");
	assert_int_equal(apply(state, ROUTE("AS3") "\n" ROUTE("AS1")), AL_OK);
	assert_visits(state, al_state_within, AL_ROUTE, "10.9.0.0/16", 0,
		      " 10.9.0.0/16AS1 10.9.0.0/16AS2 10.9.0.0/16AS3");
	assert_int_equal(apply(state, ROUTE("AS2") "delete: x\n\n" ROUTE("AS1") "delete: x\n"), AL_OK);
	assert_visits(state, al_state_covering, AL_ROUTE, "10.9.0.0/16", 0, " 10.9.0.0/16AS3");
	assert_int_equal(apply(state, ROUTE("AS3") "delete: x\n"), AL_OK);
	assert_visits(state, al_state_covering, AL_ROUTE, "10.9.0.0/16", 0, "");
	assert_int_equal(apply(state, ROUTE("AS3")), AL_OK);
	assert_visits(state, al_state_covering, AL_ROUTE, "10.9.0.0/16", 0, " 10.9.0.0/16AS3");
	assert_int_equal(apply(state, ROUTE("AS3") "delete: x\n"), AL_OK);
	assert_visits(state, al_state_covering, AL_ROUTE, "10.9.0.0/16", 0, "");
	al_state_free(state);
}

static void references(void **arg)
{
	struct seen seen = { 0, 0, 0 };
	struct al_state *state = sample(&seen);

	(void)arg;
	assert_int_equal(al_state_references(state, AL_MNTNER, AL_S("A-MNT")), 9);
	assert_int_equal(al_state_references(state, AL_AUT_NUM, AL_S("AS1")), 1);
	assert_int_equal(al_state_references(state, AL_AUT_NUM, AL_S("AS0")), 1);
	assert_int_equal(apply(state, "route: 10.1.0.0/16\norigin: AS1\n" TAIL "delete: x\n"), AL_OK);
	assert_int_equal(al_state_references(state, AL_AUT_NUM, AL_S("AS1")), 0);
	assert_int_equal(al_state_references(state, AL_MNTNER, AL_S("A-MNT")), 8);
	assert_int_equal(al_state_references(state, AL_MNTNER, AL_S("B-MNT")), 0);
	al_state_free(state);
}

static void wrong_entries_change_nothing(void **arg)
{
	struct seen seen = { 0, 0, 0 };
	struct al_state *state = sample(&seen);
	struct al_entry entry = { .index = 7, .time = 5000, .kind = AL_S("other") };
	struct al_buf bytes;

	(void)arg;
	al_buf_init(&bytes, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	assert_int_equal(al_state_apply(state, al_buf_view(&bytes)), AL_EINVAL); /* not the next index */
	al_buf_reset(&bytes);
	entry.index = 4;
	entry.time = 10;
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	assert_int_equal(al_state_apply(state, al_buf_view(&bytes)), AL_EINVAL); /* time goes back */
	al_buf_reset(&bytes);
	entry.time = 5000;
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	assert_int_equal(al_state_apply(state, al_buf_view(&bytes)), AL_OK); /* an unknown kind is skipped */
	assert_int_equal(al_state_size(state), 5);
	assert_int_equal(apply(state, "aut-num: AS2\n" TAIL), AL_EINVAL);
	assert_int_equal(al_state_size(state), 5);
	assert_int_equal(seen.creates, 9);
	al_buf_release(&bytes);
	al_state_free(state);
}

#define MANY 10000u

static bool in_order(const struct al_object *object, void *arg)
{
	unsigned *next = arg;
	char name[32];

	(void)snprintf(name, sizeof(name), "M%u-MNT", *next);
	assert_true(al_slice_is(al_object_key(object), name));
	++*next;
	return true;
}

/* Each is named by the one before it, and so before it exists. They are visited in the order in which they came. */
static void many_keys(void **unused)
{
	struct seen seen = { 0 };
	struct al_state *state;
	char text[256], name[32];
	unsigned next = 0;

	(void)unused;
	assert_int_equal(al_state_new(&state), AL_OK);
	al_state_observe(state, on_change, &seen);
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(text, sizeof(text), "mntner: M%u-MNT\nmnt-by: M%u-MNT\nsource: X1\n", i, i + 1);
		assert_int_equal(apply(state, text), AL_OK);
	}
	for (unsigned i = 0; i <= MANY; i++) {
		(void)snprintf(name, sizeof(name), "M%u-MNT", i);
		assert_int_equal(al_state_references(state, AL_MNTNER, al_slice_str(name)), i > 0);
		assert_int_equal(al_state_version(state, AL_MNTNER, al_slice_str(name)) != NULL, i < MANY);
		/* Of another class there is none of that name. */
		assert_null(al_state_version(state, AL_PERSON, al_slice_str(name)));
		assert_int_equal(al_state_references(state, AL_PERSON, al_slice_str(name)), 0);
	}
	al_state_each(state, AL_MNTNER, in_order, &next);
	assert_int_equal(next, MANY);
	assert_int_equal(al_state_count(state, AL_MNTNER), MANY);
	assert_int_equal(seen.creates, MANY);
	al_state_free(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_and_tombstones),
		cmocka_unit_test(coverage),
		cmocka_unit_test(references),
		cmocka_unit_test(visits),
		cmocka_unit_test(routes_of_one_prefix),
		cmocka_unit_test(wrong_entries_change_nothing),
		cmocka_unit_test(many_keys),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
