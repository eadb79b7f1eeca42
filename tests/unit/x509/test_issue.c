/* SPDX-License-Identifier: MIT */
/*
 * test_issue.c -- from one publication to the next, with an anchor and keys in memory: what stays, what is made, what is
 * revoked; and what a stranger can do to the texts that lie in a folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "issue.h"
#include "rrdp.h"

#define T0 1795918583u

static struct vrp vrp_of(const char *prefix, uint8_t max, uint32_t asn)
{
	struct vrp vrp = { .asn = asn, .max = max };
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(prefix), &p), AL_OK);
	memcpy(vrp.addr, p.addr, sizeof(vrp.addr));
	vrp.bits = p.bits;
	vrp.len = p.len;
	return vrp;
}

struct rig {
	struct publisher publisher;
	struct ca_key anchor, keys[PUBLISHER_KEYS];
	struct anchor_memory memory;
	struct grant grant;
	struct issued before;
};

/* Made once, since that is what takes the time; a rig has its own references. */
static struct ca_key pool[3];

static void key_copy(struct ca_key *to, const struct ca_key *from)
{
	assert_int_equal(EVP_PKEY_up_ref(from->pkey), 1);
	*to = *from;
}

static int make_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < AL_COUNT(pool); i++)
		assert_int_equal(ca_key_make(&pool[i]), AL_OK);
	return 0;
}

static int forget_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < AL_COUNT(pool); i++)
		ca_key_release(&pool[i]);
	return 0;
}

static void key_add(struct rig *rig, enum publisher_role role)
{
	struct al_buf der;
	struct ca_key public;

	key_copy(&rig->keys[rig->publisher.key_count], &pool[1 + rig->publisher.key_count]);
	al_buf_init(&der, 4096);
	assert_int_equal(ca_key_public_write(&rig->keys[rig->publisher.key_count], &der), AL_OK);
	assert_int_equal(ca_key_public_read(al_buf_view(&der), &public), AL_OK);
	assert_int_equal(publisher_add_key(&rig->publisher, &public, role, T0), AL_OK);
	al_buf_release(&der);
}

static void ceremony(struct rig *rig, uint64_t now)
{
	grant_release(&rig->grant);
	assert_int_equal(anchor_sign(&rig->anchor, &rig->publisher, now, &rig->memory, &rig->grant), AL_OK);
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	const struct al_asn_range range = { 4252660000, 4252669999 };
	char why[PUBLISHER_WHY];
	struct al_skey log;
	struct al_prefix prefix;

	assert_non_null(rig);
	publisher_init(&rig->publisher);
	grant_init(&rig->grant);
	issued_init(&rig->before);
	assert_int_equal(al_skey_generate(AL_S("registry.alamo/log"), &log), AL_OK);
	rig->publisher.log = log.pub;
	assert_int_equal(publisher_set_repository(&rig->publisher, AL_S("rsync://rpki.test/repo"), why), AL_OK);
	assert_int_equal(publisher_set_notify(&rig->publisher, AL_S("https://rpki.test/rrdp/notification.xml"), why),
			 AL_OK);
	assert_int_equal(al_prefix_parse(AL_S("fca1::/16"), &prefix), AL_OK);
	assert_int_equal(resources_add_prefix(&rig->publisher.resources, &prefix), AL_OK);
	assert_int_equal(resources_add_range(&rig->publisher.resources, &range), AL_OK);
	key_copy(&rig->anchor, &pool[0]);
	key_add(rig, PUBLISHER_CURRENT);
	ceremony(rig, T0);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < PUBLISHER_KEYS; i++)
		ca_key_release(&rig->keys[i]);
	ca_key_release(&rig->anchor);
	publisher_release(&rig->publisher);
	grant_release(&rig->grant);
	issued_release(&rig->before);
	free(rig);
	return 0;
}

static struct issue_spec spec_of(const struct rig *rig, const struct vrp_set *set, uint64_t now)
{
	return (struct issue_spec){
		.publisher = &rig->publisher,
		.keys = rig->keys,
		.grant = &rig->grant,
		.set = set,
		.size = set->size,
		.before = &rig->before,
		.now = now,
	};
}

static bool due(const struct rig *rig, const struct vrp_set *set, uint64_t now)
{
	struct issue_spec spec = spec_of(rig, set, now);
	bool out = false;

	assert_int_equal(issue_due(&spec, &out), AL_OK);
	return out;
}

/* Makes the next publication, which becomes `before`; how many objects were signed. Its text reads as it was written. */
static size_t step(struct rig *rig, const struct vrp_set *set, uint64_t now)
{
	struct issue_spec spec = spec_of(rig, set, now);
	struct issue issue;
	struct issued again;
	struct al_buf text, twice;
	size_t made;

	assert_true(due(rig, set, now));
	assert_int_equal(issue_make(&spec, &issue), AL_OK);
	made = issue.made;
	if (rig->before.number == 0)
		rrdp_session(&rig->publisher.log, issue.next.number, issue.next.session);
	else
		memcpy(issue.next.session, rig->before.session, sizeof(issue.next.session));
	al_buf_init(&text, ISSUED_TEXT_MAX);
	al_buf_init(&twice, ISSUED_TEXT_MAX);
	issued_format(&issue.next, &text);
	issued_init(&again);
	assert_int_equal(issued_parse(al_buf_view(&text), &again), AL_OK);
	issued_format(&again, &twice);
	assert_true(al_slice_eq(al_buf_view(&text), al_buf_view(&twice)));
	issued_release(&rig->before);
	rig->before = again;
	al_buf_release(&text);
	al_buf_release(&twice);
	issue_release(&issue);
	return made;
}

static struct vrp_set *set_of(const struct vrp *items, size_t count, uint64_t size)
{
	struct vrp_set *set;

	assert_int_equal(vrp_set_new(items, count, size, &set), AL_OK);
	return set;
}

static bool is_revoked(const struct issued *issued, const char *serial)
{
	for (size_t i = 0; i < issued->revoked_count; i++)
		if (strcmp(issued->revoked[i].serial, serial) == 0)
			return true;
	return false;
}

static void what_is_right_stays(void **state)
{
	struct rig *rig = *state;
	const struct vrp items[] = { vrp_of("fca1:1::/48", 48, 4252660001), vrp_of("fca1:2::/48", 48, 4252660002),
				     vrp_of("fca1:3::/48", 48, 4252660003) };
	struct vrp_set *two = set_of(items, 2, 5), *three = set_of(items, 3, 6), *one = set_of(items + 2, 1, 7);
	struct issued_file first;

	assert_int_equal(step(rig, two, T0), 3); /* with the manifest */
	first = *issued_find(&rig->before, "ca/AS4252660001.roa");
	assert_false(due(rig, two, T0 + 60));
	assert_true(due(rig, two, T0 + ISSUE_LIFE_S / 3));
	assert_int_equal(step(rig, three, T0 + 60), 2);
	assert_memory_equal(issued_find(&rig->before, "ca/AS4252660001.roa"), &first, sizeof(first));
	assert_int_equal(rig->before.revoked_count, 1); /* the first manifest's certificate */
	assert_int_equal(rig->before.number, T0 + 1);
	assert_int_equal(step(rig, one, T0 + 120), 1);
	assert_null(issued_find(&rig->before, "ca/AS4252660001.roa"));
	assert_int_equal(rig->before.revoked_count, 4);
	assert_true(is_revoked(&rig->before, first.serial));
	/* Revoked is what could still be believed, no longer. */
	assert_int_equal(step(rig, one, T0 + 2 * ISSUE_LIFE_S), 1);
	assert_int_equal(rig->before.revoked_count, 2);
	/* A third of a route origin's life: it is made again, with a new key. */
	first = *issued_find(&rig->before, "ca/AS4252660003.roa");
	assert_int_equal(step(rig, one, T0 + 120 + ISSUE_ROA_LIFE_S / 3), 2);
	assert_string_not_equal(issued_find(&rig->before, "ca/AS4252660003.roa")->serial, first.serial);
	vrp_set_unref(one);
	vrp_set_unref(two);
	vrp_set_unref(three);
}

/* Whatever the clock does, numbers and dates of manifests go on. */
static void time_never_goes_back(void **state)
{
	struct rig *rig = *state;
	const struct vrp items[] = { vrp_of("fca1:1::/48", 48, 4252660001), vrp_of("fca1:2::/48", 48, 4252660002) };
	struct vrp_set *one = set_of(items, 1, 5), *two = set_of(items, 2, 6);
	uint64_t from;

	assert_int_equal(step(rig, one, T0), 2);
	assert_int_equal(rig->before.from, T0 - CERT_BACK_S);
	from = rig->before.from;
	assert_int_equal(step(rig, two, T0 - 5000), 2);
	assert_int_equal(rig->before.from, from + 1);
	assert_int_equal(rig->before.number, T0 + 1);
	vrp_set_unref(one);
	vrp_set_unref(two);
}

/* RFC 6489: nothing is missing at any step. */
static void keys_follow_each_other(void **state)
{
	struct rig *rig = *state;
	const struct vrp items[] = { vrp_of("fca1:1::/48", 48, 4252660001) };
	struct vrp_set *set = set_of(items, 1, 5);
	char path[ISSUED_PATH_MAX];

	assert_int_equal(step(rig, set, T0), 2);
	key_add(rig, PUBLISHER_NEXT);
	ceremony(rig, T0 + 60);
	rig->before.basis.b[0] ^= 1;
	assert_int_equal(step(rig, set, T0 + 60), 2); /* two manifests */
	assert_string_equal(issued_find(&rig->before, "ca/AS4252660001.roa")->key, rig->keys[0].name);
	rig->publisher.keys[0].role = PUBLISHER_OLD;
	rig->publisher.keys[1].role = PUBLISHER_CURRENT;
	assert_int_equal(step(rig, set, T0 + 120), 3);
	assert_string_equal(issued_find(&rig->before, "ca/AS4252660001.roa")->key, rig->keys[1].name);
	(void)snprintf(path, sizeof(path), "ca/%s.mft", rig->keys[0].name);
	assert_non_null(issued_find(&rig->before, path));
	ceremony(rig, T0 + 180);
	assert_int_equal(rig->grant.cert_count, 1);
	vrp_set_unref(set);
}

/* ---- texts in a folder ---- */

static void grant_is_the_anchors(void **state)
{
	struct rig *rig = *state;
	struct al_buf pem;
	char why[PUBLISHER_WHY];
	struct grant got;

	al_buf_init(&pem, GRANT_TEXT_MAX);
	grant_write(&rig->grant, &pem);
	grant_init(&got);
	assert_int_equal(grant_read(al_buf_view(&pem), &rig->publisher, &got, why), AL_OK);
	assert_string_equal(got.anchor.name, rig->anchor.name);
	assert_int_equal(got.next_update, T0 + ANCHOR_LIFE_S);
	grant_release(&got);
	/* One other letter anywhere: refused, or the same bytes. */
	for (size_t i = 0; i < pem.len; i += 37) {
		uint8_t was = pem.ptr[i];

		pem.ptr[i] = was == 'A' ? 'B' : 'A';
		grant_init(&got);
		if (grant_read(al_buf_view(&pem), &rig->publisher, &got, why) == AL_OK) {
			assert_true(al_slice_eq(al_buf_view(&got.cer), al_buf_view(&rig->grant.cer)));
			assert_true(al_slice_eq(al_buf_view(&got.certs[0].der), al_buf_view(&rig->grant.certs[0].der)));
			assert_true(al_slice_eq(al_buf_view(&got.crl), al_buf_view(&rig->grant.crl)));
		}
		grant_release(&got);
		pem.ptr[i] = was;
	}
	/* For another publisher's resources or keys it is none. */
	rig->publisher.resources.ranges[0].last++;
	grant_init(&got);
	assert_int_equal(grant_read(al_buf_view(&pem), &rig->publisher, &got, why), AL_EVERIFY);
	assert_non_null(strstr(why, "other resources"));
	grant_release(&got);
	al_buf_release(&pem);
}

static void publisher_reads_what_it_writes(void **state)
{
	struct rig *rig = *state;
	struct publisher again;
	struct al_buf text, twice;
	char why[PUBLISHER_WHY];

	al_buf_init(&text, PUBLISHER_TEXT_MAX);
	al_buf_init(&twice, PUBLISHER_TEXT_MAX);
	assert_int_equal(publisher_add_locator(&rig->publisher, AL_S("https://rpki.test/ta.cer"), why), AL_OK);
	assert_int_equal(publisher_format(&rig->publisher, &text), AL_OK);
	publisher_init(&again);
	assert_int_equal(publisher_parse(al_buf_view(&text), &again, why), AL_OK);
	assert_int_equal(publisher_format(&again, &twice), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&text), al_buf_view(&twice)));
	publisher_release(&again);
	al_buf_release(&text);
	al_buf_release(&twice);
}

static void uris_are_what_validators_take(void **state)
{
	static const struct {
		const char *repository, *notify, *locator;
	} bad[] = {
		{ "http://rpki.test/repo", NULL, NULL },
		{ "rsync://rpki.test", NULL, NULL },
		{ "rsync:///repo", NULL, NULL },
		{ "rsync://rpki.test/../x", NULL, NULL },
		{ "rsync://rpki.test//x", NULL, NULL },
		{ "rsync://rpki.test/a,b", NULL, NULL },
		{ "rsync://rpki.test/<a>", NULL, NULL },
		{ NULL, "http://rpki.test/notification.xml", NULL },
		{ NULL, "https://rpki.test/notification", NULL },
		{ NULL, "https://rpki.test/\"/n.xml", NULL },
		{ NULL, NULL, "https://rpki.test/other.cer" },
		{ NULL, NULL, "http://rpki.test/ta.cer" },
	};
	struct rig *rig = *state;
	char why[PUBLISHER_WHY];

	for (size_t i = 0; i < AL_COUNT(bad); i++) {
		enum al_err err = AL_OK;

		why[0] = '\0';
		if (bad[i].repository != NULL)
			err = publisher_set_repository(&rig->publisher, al_slice_str(bad[i].repository), why);
		if (bad[i].notify != NULL)
			err = publisher_set_notify(&rig->publisher, al_slice_str(bad[i].notify), why);
		if (bad[i].locator != NULL)
			err = publisher_add_locator(&rig->publisher, al_slice_str(bad[i].locator), why);
		assert_int_equal(err, AL_EINVAL);
		assert_true(strlen(why) > 0);
	}
	assert_int_equal(publisher_set_repository(&rig->publisher, AL_S("rsync://rpki.test/a\0b/"), why), AL_EINVAL);
}

/* RFC 8182 section 3.3.2: together no larger than the snapshot, and without a gap. */
static void differences_are_kept_while_they_are_worth_it(void **state)
{
	struct issued before, next;
	struct issued_delta delta = { .bytes = 40 };

	(void)state;
	issued_init(&before);
	for (uint64_t n = 2; n <= 200; n++) {
		issued_init(&next);
		next.number = delta.number = n;
		next.snapshot_bytes = n < 100 ? 200 : 1u << 20;
		rrdp_keep(&next, &before, &delta);
		before = next;
		if (n == 99)
			assert_int_equal(next.delta_count, 5);
		for (size_t i = 0; i < next.delta_count; i++)
			assert_int_equal(next.deltas[i].number, n - i);
	}
	assert_int_equal(before.delta_count, ISSUED_DELTAS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_right_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_never_goes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_follow_each_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(grant_is_the_anchors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(publisher_reads_what_it_writes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(uris_are_what_validators_take, set_up, tear_down),
		cmocka_unit_test(differences_are_kept_while_they_are_worth_it),
	};

	return cmocka_run_group_tests(tests, make_keys, forget_keys);
}
