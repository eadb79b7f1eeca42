/* SPDX-License-Identifier: MIT */
/*
 * fixture.h -- a small registry in memory: state, index and view, fed with
 * RPSL text the way the log feeds them.
 */
#ifndef WHOIS_FIXTURE_H
#define WHOIS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "closures.h"
#include "index.h"
#include "lookup.h"

#define FIXTURE_TIME 1764547200u /* 2025-12-01T00:00:00Z; entry n comes n seconds later */

struct fixture {
	struct al_state *state;
	struct whois_index *index;
	struct whois_closures *closures;
	struct whois_view view;
};

static inline void fixture_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	const struct fixture *f = arg;

	whois_index_change(f->index, old, now);
	whois_closures_change(f->closures, old, now);
}

/* One object as one log entry. "delete:" makes a tombstone. */
static inline void fixture_put(struct fixture *f, const char *text)
{
	struct al_build build = { .raw = al_slice_str(text) };
	struct al_report report;
	struct al_object *object;
	bool deletes;

	build.index = al_state_size(f->state);
	build.time = FIXTURE_TIME + build.index;
	build.created = build.time;
	al_report_init(&report);
	if (al_object_build(&build, &report, &object, &deletes) != AL_OK) {
		print_error("%s\n%s\n", text, report.count > 0 ? report.items[0].text : "no reason");
		fail();
	}
	al_report_release(&report);
	assert_int_equal(al_state_put(f->state, &object, 1, build.time), AL_OK);
	al_object_unref(object);
	f->view.head.size = al_state_size(f->state);
}

static inline void fixture_puts(struct fixture *f, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		fixture_put(f, *texts);
}

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(al_state_new(&f->state), AL_OK);
	assert_int_equal(whois_index_new(&f->index), AL_OK);
	assert_int_equal(whois_closures_new(&f->closures), AL_OK);
	al_state_observe(f->state, fixture_change, f);
	f->view.state = f->state;
	f->view.index = f->index;
	f->view.closures = f->closures;
}

static inline void fixture_release(struct fixture *f)
{
	assert_int_equal(whois_index_error(f->index), AL_OK);
	al_state_free(f->state);
	whois_index_free(f->index);
	whois_closures_free(f->closures);
}

/* The registry that most tests ask: two families, two members, sets with a loop, nested networks. */
static const char *const fixture_small[] = {
	"mntner: ROOT-MNT\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"mntner: FISHER-MNT\nmnt-by: FISHER-MNT\nadmin-c: FISHER-TEST\nsource: TEST\n",
	"mntner: MILLER-MNT\nmnt-by: MILLER-MNT\nsource: TEST\n",
	"person: Ann Fisher\nnic-hdl: FISHER-TEST\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"as-block: AS64500-AS64999\npolicy: open\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"as-block: AS64500-AS64599\npolicy: ask\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"aut-num: AS64500\nas-name: FISHER-AS\nmnt-by: FISHER-MNT\nmember-of: AS-OPEN\nsource: TEST\n",
	"aut-num: AS64501\nas-name: MILLER-AS\nmnt-by: MILLER-MNT\nmember-of: AS-OPEN\nsource: TEST\n",
	"aut-num: AS64502\nas-name: THIRD-AS\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"inetnum: 10.0.0.0/8\nnetname: TEN\npolicy: open\nmnt-by: ROOT-MNT\n"
	"mnt-lower: FISHER-MNT, MILLER-MNT\nsource: TEST\n",
	"inetnum: 10.1.0.0/16\nnetname: FISHER-TEN\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"inetnum: 10.1.2.0/24\nnetname: FISHER-SUB\nnserver: ns1.fisher.test 10.1.2.53\n"
	"mnt-by: FISHER-MNT\nsource: TEST\n",
	"inetnum: 10.1.3.0/24\nnetname: FISHER-SUB3\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"inet6num: fd00:1::/32\nnetname: SIX\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"inet6num: fd00:1:1::/48\nnetname: FISHER-SIX\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS64500\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS64501\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"route: 10.1.2.0/24\norigin: AS64500\nmnt-by: FISHER-MNT\nmember-of: RS-REF\nsource: TEST\n",
	"route: 10.2.0.0/16\norigin: AS64501\nmnt-by: MILLER-MNT\nmember-of: RS-REF\nsource: TEST\n",
	"route6: fd00:1:1::/48\norigin: AS64500\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"route6: fd00:1:2::/48\norigin: AS64501\nmnt-by: MILLER-MNT\nsource: TEST\n",
	"as-set: AS-FISHER\nmembers: AS64500, AS-INNER\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"as-set: AS-INNER\nmembers: AS64501, AS-FISHER, AS-GONE\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"as-set: AS-OPEN\nmbrs-by-ref: FISHER-MNT\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"as-set: AS-EMPTY\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"as-set: AS64500:AS-CUSTOMERS\nmembers: AS64502\nmnt-by: FISHER-MNT\nsource: TEST\n",
	"route-set: RS-MIX\nmembers: 10.9.0.0/16^+, AS64500, RS-REF\nmp-members: fd00:9::/32^48, AS-INNER\n"
	"mnt-by: ROOT-MNT\nsource: TEST\n",
	"route-set: RS-REF\nmbrs-by-ref: ANY\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"domain: test\nnserver: a.root.test 10.0.2.1\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"domain: fisher.test\nnserver: ns1.fisher.test 10.1.2.53\nnserver: ns2.fisher.test fd00:1:1::53\n"
	"mnt-by: FISHER-MNT\nsource: TEST\n",
	NULL,
};

#endif
