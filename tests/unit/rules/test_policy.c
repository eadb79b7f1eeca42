/* SPDX-License-Identifier: MIT */
/*
 * The rule book on a small registry held in memory: founding, joining,
 * refusals by clause, and the attacks that must fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "book.h"

#define NS AL_S("registry@test")

enum who { HOSTMASTER, ALICE, BOB, MALLORY, PEOPLE };

struct world {
	struct book *book;
	uint8_t seed[PEOPLE][32];
	char key[PEOPLE][120]; /* auth: value */
	uint64_t now;
	char clause[64];    /* of the last refusal */
	char token[64];     /* the last placeholder that was filled, as the entry has it */
	struct al_buf last; /* last request, signatures and all */
};

/* Sign by each of `signers` (a string of digits: 0 hostmaster, 1 Alice, ...). */
static void request_make(struct world *w, const char *text, const char *signers, struct al_buf *out)
{
	al_buf_reset(out);
	al_buf_str(out, text);
	for (; *signers != '\0'; signers++)
		al_sshsig_sign(w->seed[*signers - '0'], NS, al_slice_str(text), out);
	assert_int_equal(out->err, AL_OK);
}

static bool decide_raw(struct world *w, struct al_slice raw)
{
	struct decision *d = decision_new();
	bool accepted;

	w->clause[0] = '\0';
	assert_non_null(d);
	assert_int_equal(decision_read(d, raw, NS), AL_OK);
	assert_int_equal(book_decide(w->book, d, w->now), AL_OK);
	accepted = d->accepted;
	for (size_t i = 0; i < d->report.count && w->clause[0] == '\0'; i++)
		if (d->report.items[i].severity == AL_ERROR)
			(void)snprintf(w->clause, sizeof(w->clause), "%s", d->report.items[i].clause);
	if (d->auto_count > 0)
		(void)snprintf(w->token, sizeof(w->token), "%s", d->autos[d->auto_count - 1].token);
	if (accepted && d->changes) {
		struct al_buf entry;

		/* What followers will do with the entry is what the registry does now. */
		al_buf_init(&entry, AL_ENTRY_MAX);
		assert_int_equal(decision_encode(d, &entry), AL_OK);
		assert_int_equal(book_load(w->book, al_buf_view(&entry)), AL_OK);
		for (size_t i = 0; i < d->request.object_count; i++) {
			const struct al_object *now = al_state_version(
				book_state(w->book), (enum al_class)d->objects[i]->cls, al_object_key(d->objects[i]));

			assert_non_null(now);
			assert_true(al_slice_eq(al_object_text(now), al_object_text(d->objects[i])));
			assert_int_equal(now->deleted, d->objects[i]->deleted);
		}
		al_buf_release(&entry);
	}
	decision_free(d);
	return accepted;
}

/* `objects` follow a header with `prev`. */
static bool decide(struct world *w, const char *prev, const char *objects, const char *signers)
{
	static unsigned count;
	char text[8192];

	(void)snprintf(text, sizeof(text), "request: t%u\nprev: %s\n\n%s", count++, prev, objects);
	request_make(w, text, signers, &w->last);
	return decide_raw(w, al_buf_view(&w->last));
}

#define accepts(w, prev, objects, signers)                    \
	do {                                                  \
		if (!decide(w, prev, objects, signers))       \
			fail_msg("refused: %s", (w)->clause); \
	} while (0)
#define refuses(w, prev, objects, signers, with)                 \
	do {                                                     \
		assert_false(decide(w, prev, objects, signers)); \
		assert_string_equal((w)->clause, with);          \
	} while (0)

static char *fill(const struct world *w, const char *text)
{
	static char out[8192];
	size_t at = 0;

	for (; *text != '\0' && at < sizeof(out) - 200; text++)
		if (*text == '@' && text[1] >= '0' && text[1] < '0' + PEOPLE && text[2] == '@') {
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s", w->key[text[1] - '0']);
			text += 2;
		} else {
			out[at++] = *text;
		}
	out[at] = '\0';
	return out;
}

static const char founding[] =
	"registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\nmnt-by: HOST-MNT\nsource: "
	"TEST\n\n"
	"mntner: HOST-MNT\nauth: @0@\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"as-block: AS4252660000-AS4252669999\npolicy: closed\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"as-block: AS4252660100-AS4252660199\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"as-block: AS4252660100-AS4252660109\npolicy: reserved\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"inet6num: fca1::/16\nnetname: ALL-NET\npolicy: closed\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\nassign-min: 44\nmnt-by: "
	"HOST-MNT\nsource: TEST\n\n"
	"inet6num: fca1:200::/24\nnetname: ASK-NET\npolicy: ask\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"inet6num: fca1:300::/24\nnetname: VOUCH-NET\npolicy: vouch\nmnt-by: HOST-MNT\nsource: TEST\n";

#define JOIN(NAME, KEY)                                                                      \
	"mntner: " NAME "-MNT\nauth: " KEY "\nmnt-by: " NAME "-MNT\nsource: TEST\n\n"        \
	"aut-num: AUTO-1\nas-name: " NAME "-AS\nmnt-by: " NAME "-MNT\nsource: TEST\n\n"      \
	"inet6num: AUTO-2/48\nnetname: " NAME "-NET\nmnt-by: " NAME "-MNT\nsource: TEST\n\n" \
	"route6: AUTO-2/48\norigin: AUTO-1\nmnt-by: " NAME "-MNT\nsource: TEST\n\n"          \
	"domain: " NAME ".test\nrecord: @ AAAA AUTO-2::1\nmnt-by: " NAME "-MNT\nsource: TEST\n"

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(book_new(&w->book), AL_OK);
	al_buf_init(&w->last, 65536);
	w->now = 1700000000;
	for (int i = 0; i < PEOPLE; i++) {
		struct al_sshkey key = { .fido = false };
		uint8_t sk[64];
		struct al_buf text;

		memset(w->seed[i], i + 1, 32);
		crypto_sign_ed25519_seed_keypair(key.pk, sk, w->seed[i]);
		al_buf_init(&text, sizeof(w->key[i]) - 1);
		al_sshkey_format(&key, &text);
		memcpy(w->key[i], text.ptr, text.len);
		al_buf_release(&text);
	}
	accepts(w, "none", fill(w, founding), "0");
	accepts(w, "none", fill(w, JOIN("ALICE", "@1@")), "1");
	accepts(w, "none", fill(w, JOIN("BOB", "@2@")), "2");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	book_free(w->book);
	al_buf_release(&w->last);
	free(w);
	return 0;
}

static const struct al_object *get(const struct world *w, enum al_class cls, const char *key)
{
	return al_state_get(book_state(w->book), cls, al_slice_str(key));
}

static void joining_gets_the_next_of_everything(void **state)
{
	struct world *w = *state;

	assert_non_null(get(w, AL_AUT_NUM, "AS4252660110")); /* 0100..0109 are reserved by a smaller block */
	assert_non_null(get(w, AL_AUT_NUM, "AS4252660111"));
	assert_non_null(get(w, AL_INET6NUM, "fca1:100::/48"));
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:1::/48"));
	assert_non_null(get(w, AL_ROUTE6, "fca1:100:1::/48AS4252660111"));
	assert_true(al_object_has(get(w, AL_DOMAIN, "bob.test"), "record", AL_S("@ AAAA fca1:100:1::1")));
}

static void two_founders_are_one_too_many(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "registry: OTHER\ntld: x\nroot-server: a ::1\nmnt-by: ALICE-MNT\nsource: OTHER\n", "1",
		"SCHEMA-SOURCE");
	refuses(w, "1", "registry: TEST\ntld: mine\nroot-server: a ::1\nmnt-by: MALLORY-MNT\nsource: TEST\n", "3",
		"REQUEST-PREV");
}

static void keys_cannot_be_swapped_in(void **state)
{
	struct world *w = *state;

	refuses(w, "1", fill(w, "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "3", "AUTH-MNT");
	refuses(w, "none", fill(w, "mntner: MALLORY-MNT\nauth: @1@\nmnt-by: MALLORY-MNT\nsource: TEST\n"), "3",
		"AUTH-MNT");
	refuses(w, "none", "mntner: MALLORY-MNT\nmnt-by: MALLORY-MNT\nsource: TEST\n", "3", "AUTH-MNT");
	/* Alice adds a second key with her first; then the second one speaks for her. */
	accepts(w, "1", fill(w, "mntner: ALICE-MNT\nauth: @1@\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "1");
	accepts(w, "3", fill(w, "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "3");
	refuses(w, "4", fill(w, "mntner: ALICE-MNT\nauth: @1@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "1", "AUTH-MNT");
}

static void nothing_is_replayed(void **state)
{
	struct world *w = *state;
	struct al_buf a_to_b, create;

	al_buf_init(&a_to_b, 65536);
	al_buf_init(&create, 65536);
	/* A -> B -> A, then A -> B again. */
	accepts(w, "1", "domain: alice.test\nrecord: @ AAAA fca1:100::b\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	al_buf_slice(&a_to_b, al_buf_view(&w->last));
	accepts(w, "3", "domain: alice.test\nrecord: @ AAAA fca1:100::1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_false(decide_raw(w, al_buf_view(&a_to_b)));
	assert_string_equal(w->clause, "REQUEST-PREV");
	/* A create, its delete, and the create again. */
	accepts(w, "none", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	al_buf_slice(&create, al_buf_view(&w->last));
	accepts(w, "5", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: enough\n",
		"1");
	assert_null(get(w, AL_DOMAIN, "new.test"));
	assert_false(decide_raw(w, al_buf_view(&create)));
	assert_string_equal(w->clause, "REQUEST-PREV");
	/* The name goes back to Alice, not to Mallory. */
	refuses(w, "6", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-NAME-TAKEN");
	accepts(w, "6", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	al_buf_release(&a_to_b);
	al_buf_release(&create);
}

static void signatures_cover_the_text(void **state)
{
	struct world *w = *state;
	struct al_buf out;
	const char *text =
		"request: s\nprev: none\n\ndomain: s.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n";
	char *at;

	al_buf_init(&out, 65536);
	request_make(w, text, "1", &out);
	al_buf_u8(&out, 0);
	out.len--;
	at = strstr((char *)out.ptr, "10.0.0.1");
	assert_non_null(at);
	at[7] = '2';
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "AUTH-SIGNATURE");
	request_make(w, text, "", &out);
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "AUTH-SIGNATURE");
	/* Signed for another registry. */
	al_buf_reset(&out);
	al_buf_str(&out, text);
	al_sshsig_sign(w->seed[ALICE], AL_S("registry@other"), al_slice_str(text), &out);
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "AUTH-SIGNATURE");
	al_buf_release(&out);
}

static void routes_need_both_holders(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "route6: fca1:100::/48\norigin: AS4252660111\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-ROUTE-ORIGIN");
	refuses(w, "none", "route6: fca1:100::/48\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-ROUTE-HOLDER");
	refuses(w, "none", "route6: fca1:100:0:1::/64\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-ROUTE-HOLDER");
	refuses(w, "none", "route6: fca1:999::/48\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-ROUTE-HOLDER");
	refuses(w, "none", "route6: fca1:100::/48\norigin: AS64512\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"REF-MISSING");
	refuses(w, "none",
		"route6: fca1:100:1::/48\norigin: AS4252660111\nmax-length: 40\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"REQUEST-PREV");
	accepts(w, "none", "route6: fca1:100::/48\norigin: AS4252660111\nmnt-by: ALICE-MNT\nsource: TEST\n", "12");
	accepts(w, "none", "route6: fca1:100::/48\norigin: AS0\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
}

static void parents_decide(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "inet6num: fca1:200:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-ASK");
	accepts(w, "none", "inet6num: fca1:200:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "10");
	refuses(w, "none", "inet6num: fca1:300:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-VOUCH");
	accepts(w, "none", "inet6num: fca1:300:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "12");
	refuses(w, "none", "inet6num: fca1:100:7::/52\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-SIZE");
	refuses(w, "none", "inet6num: fca1:100::/44\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-OVERLAP");
	refuses(w, "none", "inet6num: fca1:100::/52\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-INET-PARENT");
	accepts(w, "none", "inet6num: fca1:100::/52\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "aut-num: AS4252660105\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-ASN-BLOCK");
	refuses(w, "none", "aut-num: AS64512\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", "POLICY-ASN-BLOCK");
	accepts(w, "none", "aut-num: AS4252660150\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "domain: www.bob.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-NAME-PARENT");
	refuses(w, "none", "domain: com\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-NAME-PARENT");
	refuses(w, "none", "domain: root-servers.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-NAME-RESERVED");
}

static void nothing_needed_is_deleted(void **state)
{
	struct world *w = *state;

	refuses(w, "1", fill(w, "mntner: ALICE-MNT\nauth: @1@\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n"), "1",
		"REF-USED");
	refuses(w, "1", "aut-num: AS4252660110\nas-name: ALICE-AS\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n", "1",
		"REF-USED");
	refuses(w, "1", "inet6num: fca1:100::/48\nnetname: ALICE-NET\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n",
		"1", "REF-USED");
	refuses(w, "1", "domain: bob.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n", "1",
		"REQUEST-PREV");
	/* All of it at once may go. */
	accepts(w, "1",
		fill(w, "route6: fca1:100::/48\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"inet6num: fca1:100::/48\nnetname: ALICE-NET\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"aut-num: AS4252660110\nas-name: ALICE-AS\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"mntner: ALICE-MNT\nauth: @1@\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n"),
		"1");
	assert_int_equal(al_state_references(book_state(w->book), AL_MNTNER, AL_S("ALICE-MNT")), 0);
	/* The next to ask gets what was returned. */
	accepts(w, "none", fill(w, JOIN("CAROL", "@3@")), "3");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100::/48"));
	assert_non_null(get(w, AL_AUT_NUM, "AS4252660110"));
}

static void placeholders_play_no_tricks(void **state)
{
	struct world *w = *state;

	refuses(w, "none",
		"aut-num: AUTO-1\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		"aut-num: auto-1\nas-name: X2\nmnt-by: ALICE-MNT\nsource: TEST\n",
		"1", "SCHEMA-AUTO");
	refuses(w, "none", "inet6num: AUTO-1\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", "SCHEMA-AUTO");
	refuses(w, "none", "inet6num: AUTO-1/20\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-FREE");
	refuses(w, "none", "route6: AUTO-1/48\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"SCHEMA-AUTO");
	refuses(w, "none", "inetnum: AUTO-1/27\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-FREE");
	accepts(w, "none", "aut-num: auto-1\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_string_equal(w->token, "AUTO-1");
	/* A refused request holds nothing back. */
	accepts(w, "none", fill(w, JOIN("CAROL", "@3@")), "3");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:2::/48"));
}

static void time_limits_and_no_operation(void **state)
{
	struct world *w = *state;
	uint64_t size = al_state_size(book_state(w->book));
	struct al_buf out;

	al_buf_init(&out, 65536);
	request_make(w,
		     "request: t\nprev: none\nnot-after: 2020-01-01T00:00:00Z\n\ndomain: t.test\nrecord: @ A 10.0.0.1\n"
		     "mnt-by: ALICE-MNT\nsource: TEST\n",
		     "1", &out);
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "REQUEST-EXPIRED");
	accepts(w, "1", "aut-num: AS4252660110\nas-name: ALICE-AS\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_true(al_state_size(book_state(w->book)) == size);
	al_buf_release(&out);
}

static void quotas_bound_what_policy_gives(void **state)
{
	struct world *w = *state;
	const char *one = "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n";
	const char *two = "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
			  "inet6num: AUTO-2/48\nnetname: X2\nmnt-by: ALICE-MNT\nsource: TEST\n";

	accepts(w, "0",
		"inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\nassign-quota: 2\n"
		"mnt-by: HOST-MNT\nsource: TEST\n",
		"0");
	refuses(w, "none", two, "1", "POLICY-QUOTA");
	accepts(w, "none", one, "1");
	refuses(w, "none", one, "1", "POLICY-QUOTA");
	/* Below her own block she is her own registry. */
	accepts(w, "none", "inet6num: fca1:100::/52\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	/* The hostmaster may give more. */
	accepts(w, "none", one, "01");
}

static void steps_leave_room_to_grow(void **state)
{
	struct world *w = *state;

	accepts(w, "0",
		"inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\nassign-min: 44\n"
		"assign-step: 44\nmnt-by: HOST-MNT\nsource: TEST\n",
		"0");
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:10::/48"));
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:20::/48"));
	/* Grow in place: a larger block around her own. */
	accepts(w, "none", "inet6num: fca1:100:10::/44\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "inet6num: fca1:100:20::/44\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-OVERLAP");
}

static void returned_blocks_rest(void **state)
{
	struct world *w = *state;
	const char *again = "inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n";
	const char *number = "aut-num: AS4252660112\nas-name: X1\nmnt-by: BOB-MNT\nsource: TEST\n";

	accepts(w, "0",
		"registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\nquarantine: 30\n"
		"mnt-by: HOST-MNT\nsource: TEST\n",
		"0");
	accepts(w, "none",
		"inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		"aut-num: AUTO-2\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n",
		"1");
	accepts(w, "4",
		"inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n\n"
		"aut-num: AS4252660112\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n",
		"1");
	w->now += 86400;
	refuses(w, "5", again, "2", "POLICY-QUARANTINE");
	refuses(w, "5", number, "2", "POLICY-QUARANTINE");
	refuses(w, "none", "inet6num: fca1:100::/44\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-QUARANTINE");
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:3::/48"));
	/* Its last holder may have it back at any time. */
	accepts(w, "5", "inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	accepts(w, "7", "inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n", "1");
	w->now += 29 * 86400;
	accepts(w, "5", number, "2"); /* 30 days after its return, not after the block's second */
	refuses(w, "8", again, "2", "POLICY-QUARANTINE");
	w->now += 86400;
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
	assert_true(al_object_has(get(w, AL_INET6NUM, "fca1:100:2::/48"), "mnt-by", AL_S("BOB-MNT")));
}

static void lost_keys_are_recovered_by_friends(void **state)
{
	struct world *w = *state;
	const char *fresh = "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n";

	accepts(w, "1",
		fill(w, "mntner: ALICE-MNT\nauth: @1@\nrecover-key: @0@\nrecover-key: @2@\nrecover-need: 2\n"
			"mnt-by: ALICE-MNT\nsource: TEST\n"),
		"1");
	refuses(w, "3", fill(w, fresh), "2", "AUTH-MNT");
	/* The hostmaster's key is one of the two here, and would do alone: try Bob and Mallory first. */
	refuses(w, "3", fill(w, fresh), "23", "AUTH-MNT");
	accepts(w, "3",
		fill(w, "mntner: ALICE-MNT\nauth: @1@\nrecover-key: @2@\nrecover-key: @3@\nrecover-need: 2\n"
			"mnt-by: ALICE-MNT\nsource: TEST\n"),
		"1");
	accepts(w, "4", fill(w, fresh), "23");
	refuses(w, "5", fill(w, fresh), "1", "AUTH-MNT");
	/* Recovery is for the maintainer alone. */
	refuses(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.9\nmnt-by: ALICE-MNT\nsource: TEST\n", "2", "AUTH-MNT");
}

static void nobody_is_named_without_a_word(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "domain: x.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT, BOB-MNT\nsource: TEST\n", "1",
		"AUTH-CONSENT");
	/* A transfer: giver and taker sign. */
	refuses(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "1",
		"AUTH-CONSENT");
	refuses(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "2", "AUTH-MNT");
	accepts(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "12");
	refuses(w, "3", "domain: alice.test\nrecord: @ A 10.0.0.2\nmnt-by: BOB-MNT\nsource: TEST\n", "1", "AUTH-MNT");
}

static void sets_nodes_and_services(void **state)
{
	struct world *w = *state;

	accepts(w, "none",
		"as-set: AS-OPEN\nmbrs-by-ref: ANY\nmnt-by: BOB-MNT\nsource: TEST\n\n"
		"as-set: AS-CLUB\nmbrs-by-ref: BOB-MNT\nmnt-by: BOB-MNT\nsource: TEST\n",
		"2");
	refuses(w, "1",
		"aut-num: AS4252660110\nas-name: ALICE-AS\nmember-of: AS-CLUB\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-SET-MEMBER");
	accepts(w, "1",
		"aut-num: AS4252660110\nas-name: ALICE-AS\nmember-of: AS-OPEN\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "as-set: AS4252660110:AS-X\nmnt-by: BOB-MNT\nsource: TEST\n", "2", "POLICY-NAME-PARENT");
	accepts(w, "none", "as-set: AS4252660110:AS-X\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "node: GW-BOB\norigin: AS4252660110\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-NODE-ORIGIN");
	accepts(w, "none",
		"node: GW-ALICE\norigin: AS4252660110\nendpoint: gw.alice.test 51820\nmnt-by: ALICE-MNT\n"
		"source: TEST\n\nnode: GW-BOB\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n",
		"12");
	refuses(w, "none", "peering: GW-BOB:GW-ALICE\nmnt-by: BOB-MNT\nsource: TEST\n", "2", "POLICY-PEERING-BOTH");
	accepts(w, "none", "peering: GW-BOB:GW-ALICE\nmnt-by: BOB-MNT\nsource: TEST\n", "12");
	assert_non_null(get(w, AL_PEERING, "GW-ALICE:GW-BOB"));
	refuses(w, "6", "node: GW-ALICE\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n", "1",
		"REF-USED");
	refuses(w, "none", "service: CHAT-BOB\nnode: GW-ALICE\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-SERVICE-NODE");
	accepts(w, "none",
		"service: CHAT-BOB\nnode: GW-BOB\nurl: https://chat.bob.test/\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
}

static void contacts_come_with_their_hash(void **state)
{
	static const char text[] = "salt: c2FsdA==\nperson: Alice\ne-mail: alice@alice.test\n";
	struct world *w = *state;
	uint8_t hash[AL_HASH_LEN];
	struct al_buf object;

	(void)crypto_hash_sha256(hash, (const unsigned char *)text, sizeof(text) - 1);
	al_buf_init(&object, 4096);
	al_buf_str(&object, "request: c\nprev: none\n\nperson: Alice\nnic-hdl: ALICE-TEST\ncontact: sha256:");
	al_buf_base64(&object, hash, sizeof(hash));
	al_buf_str(&object, "\nmnt-by: ALICE-MNT\nsource: TEST\n");
	al_buf_u8(&object, 0);
	request_make(w, (const char *)object.ptr, "1", &w->last);
	assert_false(decide_raw(w, al_buf_view(&w->last)));
	assert_string_equal(w->clause, "POLICY-CONTACT");
	al_buf_printf(&w->last, "-----BEGIN CONTACT ALICE-TEST-----\n%sphone: 1\n-----END CONTACT ALICE-TEST-----\n",
		      text);
	assert_false(decide_raw(w, al_buf_view(&w->last)));
	assert_string_equal(w->clause, "POLICY-CONTACT");
	request_make(w, (const char *)object.ptr, "1", &w->last);
	al_buf_printf(&w->last, "-----BEGIN CONTACT ALICE-TEST-----\n%s-----END CONTACT ALICE-TEST-----\n", text);
	assert_true(decide_raw(w, al_buf_view(&w->last)));
	assert_non_null(get(w, AL_PERSON, "ALICE-TEST"));
	al_buf_release(&object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(joining_gets_the_next_of_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(two_founders_are_one_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_cannot_be_swapped_in, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_replayed, setup, teardown),
		cmocka_unit_test_setup_teardown(signatures_cover_the_text, setup, teardown),
		cmocka_unit_test_setup_teardown(routes_need_both_holders, setup, teardown),
		cmocka_unit_test_setup_teardown(parents_decide, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_needed_is_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(placeholders_play_no_tricks, setup, teardown),
		cmocka_unit_test_setup_teardown(time_limits_and_no_operation, setup, teardown),
		cmocka_unit_test_setup_teardown(quotas_bound_what_policy_gives, setup, teardown),
		cmocka_unit_test_setup_teardown(steps_leave_room_to_grow, setup, teardown),
		cmocka_unit_test_setup_teardown(returned_blocks_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_keys_are_recovered_by_friends, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_is_named_without_a_word, setup, teardown),
		cmocka_unit_test_setup_teardown(sets_nodes_and_services, setup, teardown),
		cmocka_unit_test_setup_teardown(contacts_come_with_their_hash, setup, teardown),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
