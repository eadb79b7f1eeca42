/* SPDX-License-Identifier: MIT */
/* test_contact.c -- who answers for an object: the nearest abuse-c, and only without one the nearest contact of another kind. */
#include "fixture.h"

#include "contact.h"

static const char *const registry[] = {
	"mntner: ROOT-MNT\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"person: Ann\nnic-hdl: ANN-TEST\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"role: Desk\nnic-hdl: DESK-TEST\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"role: Own\nnic-hdl: OWN-TEST\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"mntner: ANN-MNT\nadmin-c: ANN-TEST\nmnt-by: ANN-MNT\nsource: TEST\n",
	"mntner: BOB-MNT\nabuse-c: OWN-TEST\nmnt-by: BOB-MNT\nsource: TEST\n",
	"as-block: AS64500-AS64599\npolicy: open\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"aut-num: AS64500\nas-name: ANN-AS\nmnt-by: ANN-MNT\nsource: TEST\n",
	"inetnum: 10.0.0.0/8\nnetname: TEN\nabuse-c: DESK-TEST\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"inetnum: 10.1.0.0/16\nnetname: ANN-TEN\nadmin-c: ANN-TEST\nmnt-by: ANN-MNT\nsource: TEST\n",
	"inetnum: 10.2.0.0/16\nnetname: BOB-TEN\nadmin-c: ANN-TEST\nmnt-by: BOB-MNT\nsource: TEST\n",
	"inetnum: 10.3.0.0/16\nnetname: OWN-TEN\nabuse-c: ANN-TEST\nmnt-by: BOB-MNT\nsource: TEST\n",
	"role: Their desk\nnic-hdl: THEIRS-TEST\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"organisation: ORG-BOB\norg-name: Bob's\nabuse-c: THEIRS-TEST\nmnt-by: BOB-MNT\nsource: TEST\n",
	"organisation: ORG-ANN\norg-name: Ann's\nadmin-c: OWN-TEST\nmnt-by: ANN-MNT\nsource: TEST\n",
	"inetnum: 10.4.0.0/16\nnetname: ORG-TEN\norg: ORG-BOB\nmnt-by: BOB-MNT\nsource: TEST\n",
	"inetnum: 10.4.1.0/24\nnetname: ORG-SUB\nmnt-by: ANN-MNT\nsource: TEST\n",
	"inetnum: 10.5.0.0/16\nnetname: BOTH-TEN\norg: ORG-BOB\nabuse-c: ANN-TEST\nmnt-by: BOB-MNT\nsource: TEST\n",
	"inet6num: fd00:3::/32\nnetname: ORG-SIX\norg: ORG-ANN\nmnt-by: ANN-MNT\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS64500\nmnt-by: ANN-MNT\nsource: TEST\n",
	"inet6num: fd00:1::/32\nnetname: SIX\nmnt-by: ANN-MNT\nsource: TEST\n",
	"inet6num: fd00:2::/32\nnetname: NONE\nmnt-by: ROOT-MNT\nsource: TEST\n",
	NULL,
};

static void test_nearest(void **state)
{
	static const struct {
		enum al_class cls;
		const char *key, *want;
	} rows[] = {
		{ AL_INETNUM, "10.0.0.0/8", "DESK-TEST" },       { AL_INETNUM, "10.1.0.0/16", "DESK-TEST" },
		{ AL_INETNUM, "10.2.0.0/16", "OWN-TEST" },       { AL_INETNUM, "10.3.0.0/16", "ANN-TEST" },
		{ AL_ROUTE, "10.1.0.0/16AS64500", "DESK-TEST" }, { AL_AUT_NUM, "AS64500", "ANN-TEST" },
		{ AL_INET6NUM, "fd00:1::/32", "ANN-TEST" },      { AL_INET6NUM, "fd00:2::/32", "" },
		{ AL_INETNUM, "10.4.0.0/16", "THEIRS-TEST" },    { AL_INETNUM, "10.4.1.0/24", "THEIRS-TEST" },
		{ AL_INETNUM, "10.5.0.0/16", "ANN-TEST" },       { AL_INET6NUM, "fd00:3::/32", "OWN-TEST" },
		{ AL_ORGANISATION, "ORG-BOB", "THEIRS-TEST" },
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, registry);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const struct al_object *object = al_state_get(f.state, rows[i].cls, al_slice_str(rows[i].key));
		struct al_slice handle;

		assert_non_null(object);
		handle = whois_contact_of(&f.view, object);
		if (!al_slice_is(handle, rows[i].want))
			fail_msg("%s: %.*s, not %s", rows[i].key, AL_FMT(handle), rows[i].want);
	}
	fixture_release(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_nearest) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
