/* SPDX-License-Identifier: MIT */
/*
 * A small honest log, and the tools of somebody who has the registry's log key
 * but not the members' keys: he can write any entry, but signs as Mallory only.
 */
#ifndef UNIT_RULES_AUDIT_STORY_H
#define UNIT_RULES_AUDIT_STORY_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit.h"
#include "book.h"

#define NS AL_S("registry@test")
#define START 1700000000u /* 2023-11-14T22:13:20Z */
#define STEP 10u          /* seconds from entry to entry */
#define LEAVES_MAX 32
#define FOUND_MAX 200

enum who { HOSTMASTER, ALICE, BOB, MALLORY, CAROL, SECOND_KEY, PEOPLE };

struct log {
	struct al_buf leaf[LEAVES_MAX];
	size_t count;
};

struct story {
	struct book *book;
	uint8_t seed[PEOPLE][32];
	char auth[PEOPLE][120]; /* value of auth: */
	struct log log;
};

static inline void log_free(struct log *log)
{
	for (size_t i = 0; i < log->count; i++)
		al_buf_release(&log->leaf[i]);
	log->count = 0;
}

static inline void log_add(struct log *log, struct al_slice bytes)
{
	struct al_buf *leaf = &log->leaf[log->count++];

	assert_true(log->count <= LEAVES_MAX);
	al_buf_init(leaf, 2 * AL_ENTRY_MAX);
	al_buf_slice(leaf, bytes);
	assert_int_equal(leaf->err, AL_OK);
}

static inline void log_copy(const struct log *from, struct log *to)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++)
		log_add(to, al_buf_view(&from->leaf[i]));
}

static inline void log_remove(struct log *log, size_t at)
{
	al_buf_release(&log->leaf[at]);
	log->count--;
	memmove(&log->leaf[at], &log->leaf[at + 1], (log->count - at) * sizeof(log->leaf[0]));
}

static inline void log_swap(struct log *log, size_t a, size_t b)
{
	struct al_buf kept = log->leaf[a];

	log->leaf[a] = log->leaf[b];
	log->leaf[b] = kept;
}

static inline struct al_entry leaf_get(const struct log *log, size_t at)
{
	struct al_entry entry;

	assert_int_equal(al_entry_decode(al_buf_view(&log->leaf[at]), &entry), AL_OK);
	return entry;
}

static inline void leaf_put(struct log *log, size_t at, const struct al_entry *entry)
{
	struct al_buf made;

	al_buf_init(&made, 2 * AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(entry, &made), AL_OK);
	al_buf_release(&log->leaf[at]);
	log->leaf[at] = made;
}

/* Indexes and times as if nothing had ever happened. */
static inline void log_renumber(struct log *log)
{
	for (size_t i = 0; i < log->count; i++) {
		struct al_entry entry = leaf_get(log, i);

		entry.index = i;
		entry.time = START + i * STEP;
		leaf_put(log, i, &entry);
	}
}

/* `now` in place of the first `was` in an entry's bytes. */
static inline void leaf_edit(struct log *log, size_t at, const char *was, const char *now)
{
	char text[8192];
	struct al_slice bytes = al_buf_view(&log->leaf[at]);
	char *found;

	assert_int_equal(al_slice_copy(bytes, text, sizeof(text)), AL_OK);
	found = strstr(text, was);
	assert_non_null(found);
	bytes = al_slice_str(text);
	struct al_buf made;

	al_buf_init(&made, 2 * AL_ENTRY_MAX);
	al_buf_slice(&made, al_slice_head(bytes, (size_t)(found - text)));
	al_buf_str(&made, now);
	al_buf_str(&made, found + strlen(was));
	al_buf_release(&log->leaf[at]);
	log->leaf[at] = made;
}

/* The signatures of a body, which begin at the first block. */
static inline size_t body_text_len(struct al_slice body)
{
	size_t at = 0;

	while (at < body.len && !al_slice_starts(al_slice_from(body, at), "-----BEGIN"))
		at++;
	return at;
}

/* ---- requests ---- */

/* "@1@" becomes the auth: value of person 1. */
static inline void story_fill(const struct story *s, const char *text, struct al_buf *out)
{
	for (; *text != '\0'; text++)
		if (*text == '@' && text[1] >= '0' && text[1] < '0' + PEOPLE && text[2] == '@') {
			al_buf_str(out, s->auth[text[1] - '0']);
			text += 2;
		} else {
			al_buf_u8(out, (uint8_t)*text);
		}
}

/* Header and objects, signed in `ns` by each of `signers` (digits). */
static inline void story_request(const struct story *s, const char *name, const char *header, const char *objects,
				 const char *signers, struct al_slice ns, struct al_buf *out)
{
	size_t text_len;

	al_buf_printf(out, "request: %s\n%s\n\n", name, header);
	story_fill(s, objects, out);
	text_len = out->len;
	for (; *signers != '\0'; signers++) {
		struct al_buf block;

		al_buf_init(&block, 4096);
		al_sshsig_sign(s->seed[*signers - '0'], ns, al_slice_head(al_buf_view(out), text_len), &block);
		al_buf_slice(out, al_buf_view(&block));
		al_buf_release(&block);
	}
	assert_int_equal(out->err, AL_OK);
}

/* An entry that no registry of good faith would write, at the end. */
static inline void forge_in(struct log *log, const struct story *s, struct al_slice ns, const char *result,
			    const char *header, const char *objects, const char *signers)
{
	struct al_entry entry = { .index = log->count, .time = START + log->count * STEP, .kind = AL_S("request") };
	struct al_buf body, bytes;

	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_init(&bytes, 2 * AL_ENTRY_MAX);
	story_request(s, "forged", header, objects, signers, ns, &body);
	entry.result = al_slice_str(result);
	entry.body = al_buf_view(&body);
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	log_add(log, al_buf_view(&bytes));
	al_buf_release(&body);
	al_buf_release(&bytes);
}

static inline void forge(struct log *log, const struct story *s, const char *result, const char *header,
			 const char *objects, const char *signers)
{
	forge_in(log, s, NS, result, header, objects, signers);
}

/* ---- the honest registry ---- */

/* Bob's address, which the log knows by its hash only. */
#define CONTACT                                                                                  \
	"-----BEGIN CONTACT BOB-TEST-----\nsalt: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n" \
	"e-mail: bob@example.net\n"                                                              \
	"-----END CONTACT BOB-TEST-----\n"
#define CONTACT_HASH "sha256:4Fgup7hElhHVJ1MjmDE9lY1B5rbbRrIh+/BcO5ezyUM="

/* `beside` comes behind the signatures and does not become part of the entry. */
static inline void tell_beside(struct story *s, const char *header, const char *objects, const char *signers,
			       const char *beside)
{
	struct decision *d = decision_new();
	struct al_buf raw, bytes;
	char name[16];

	assert_non_null(d);
	al_buf_init(&raw, AL_REQUEST_MAX);
	al_buf_init(&bytes, AL_ENTRY_MAX);
	(void)snprintf(name, sizeof(name), "r%zu", s->log.count);
	story_request(s, name, header, objects, signers, NS, &raw);
	al_buf_str(&raw, beside);
	assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
	assert_int_equal(book_decide(s->book, d, START + s->log.count * STEP), AL_OK);
	for (size_t i = 0; !d->accepted && i < d->report.count; i++)
		print_message("%s: %s\n", d->report.items[i].clause, d->report.items[i].text);
	assert_true(d->accepted && d->changes);
	assert_int_equal(decision_encode(d, &bytes), AL_OK);
	assert_int_equal(book_load(s->book, al_buf_view(&bytes)), AL_OK);
	log_add(&s->log, al_buf_view(&bytes));
	decision_free(d);
	al_buf_release(&raw);
	al_buf_release(&bytes);
}

static inline void tell(struct story *s, const char *header, const char *objects, const char *signers)
{
	tell_beside(s, header, objects, signers, "");
}

#define JOIN(NAME, KEY)                                                                      \
	"mntner: " NAME "-MNT\nauth: " KEY "\nmnt-by: " NAME "-MNT\nsource: TEST\n\n"        \
	"aut-num: AUTO-1\nas-name: " NAME "-AS\nmnt-by: " NAME "-MNT\nsource: TEST\n\n"      \
	"inet6num: AUTO-2/48\nnetname: " NAME "-NET\nmnt-by: " NAME "-MNT\nsource: TEST\n\n" \
	"route6: AUTO-2/48\norigin: AUTO-1\nmnt-by: " NAME "-MNT\nsource: TEST\n\n"          \
	"domain: " NAME ".test\nrecord: @ AAAA AUTO-2::1\nmnt-by: " NAME "-MNT\nsource: TEST\n"

static inline void story_tell(struct story *s)
{
	tell(s, "prev: none",
	     "registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\n"
	     "mnt-by: HOST-MNT\nsource: TEST\n\n"
	     "mntner: HOST-MNT\nauth: @0@\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "as-block: AS4252660000-AS4252669999\npolicy: closed\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "as-block: AS4252660100-AS4252660199\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "as-block: AS4252660100-AS4252660109\npolicy: reserved\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "inet6num: fca1::/16\nnetname: ALL-NET\npolicy: closed\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\n"
	     "assign-min: 44\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	     "inet6num: fca1:300::/24\nnetname: VOUCH-NET\npolicy: vouch\nmnt-by: HOST-MNT\nsource: TEST\n",
	     "0");
	tell(s, "prev: none", JOIN("ALICE", "@1@"), "1");   /* AS4252660110, fca1:100::/48 */
	tell(s, "prev: none", JOIN("BOB", "@2@"), "2");     /* AS4252660111, fca1:100:1::/48 */
	tell(s, "prev: none", JOIN("MALLORY", "@3@"), "3"); /* AS4252660112, fca1:100:2::/48 */
	tell(s, "prev: 1", "domain: alice.test\nrecord: @ AAAA fca1:100::7\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	tell(s, "prev: none", "route6: fca1:100:0:1::/64\norigin: AS4252660111\nmnt-by: ALICE-MNT\nsource: TEST\n",
	     "12");
	tell(s, "prev: none", "domain: old.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
	tell(s, "prev: 6", "domain: old.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\ndelete: enough\n",
	     "2");
	tell(s, "prev: 1", "mntner: ALICE-MNT\nauth: @1@\nauth: @5@\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	tell(s, "prev: none", JOIN("CAROL", "@4@"), "4"); /* AS4252660113, fca1:100:3::/48 */
	tell(s, "prev: 3\nnot-after: 2023-11-14T22:15:30Z",
	     "domain: mallory.test\nrecord: @ AAAA fca1:100:2::7\nmnt-by: MALLORY-MNT\nsource: TEST\n", "3");
	tell(s, "prev: none", "inet6num: fca1:300:1::/48\nnetname: BOB-2\nmnt-by: BOB-MNT\nsource: TEST\n", "21");
	tell_beside(s, "prev: none",
		    "person: Bob\nnic-hdl: BOB-TEST\ncontact: " CONTACT_HASH "\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		    CONTACT);
}

static inline int story_setup(void **state)
{
	struct story *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(book_new(&s->book), AL_OK);
	for (int i = 0; i < PEOPLE; i++) {
		struct al_sshkey key = { .fido = false };
		uint8_t sk[64];
		struct al_buf text;

		memset(s->seed[i], i + 1, 32);
		(void)crypto_sign_ed25519_seed_keypair(key.pk, sk, s->seed[i]);
		al_buf_init(&text, sizeof(s->auth[i]) - 1);
		al_sshkey_format(&key, &text);
		assert_int_equal(al_slice_copy(al_buf_view(&text), s->auth[i], sizeof(s->auth[i])), AL_OK);
		al_buf_release(&text);
	}
	story_tell(s);
	*state = s;
	return 0;
}

static inline int story_teardown(void **state)
{
	struct story *s = *state;

	log_free(&s->log);
	book_free(s->book);
	free(s);
	return 0;
}

/* ---- what an audit finds ---- */

struct found {
	size_t count;
	struct {
		uint64_t index;
		enum audit_kind kind;
		const char *clause;
		char text[512];
	} items[FOUND_MAX];
};

static inline void collect(void *arg, const struct audit_finding *finding)
{
	struct found *found = arg;

	assert_true(finding->text.len > 0);
	if (found->count == FOUND_MAX)
		return;
	found->items[found->count].index = finding->index;
	found->items[found->count].kind = finding->kind;
	assert_int_equal(al_slice_copy(finding->text, found->items[found->count].text, sizeof(found->items[0].text)),
			 AL_OK);
	found->items[found->count++].clause = finding->clause;
}

static inline bool judge(const struct log *log, uint64_t latest, struct found *found, struct audit_counts *counts)
{
	struct audit_opts opts = { .ns = NS, .finding = collect, .arg = found };
	struct audit *audit;
	bool clean;

	found->count = 0;
	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	audit_clock(audit, latest);
	for (size_t i = 0; i < log->count; i++) {
		enum al_err err = audit_entry(audit, al_buf_view(&log->leaf[i]));

		assert_true(err == AL_OK || err == AL_ECLOSED);
		if (err == AL_ECLOSED)
			break;
	}
	clean = audit_finish(audit, counts);
	assert_int_equal(clean, found->count == counts->kinds[AUDIT_OLDER]);
	audit_free(audit);
	return clean;
}

#endif
