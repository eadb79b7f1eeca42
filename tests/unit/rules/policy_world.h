/* SPDX-License-Identifier: MIT */
/* policy_world.h -- a small registry held in memory, of Alice and Bob, and who asks what of it. For tests only. */
#ifndef UNIT_RULES_POLICY_WORLD_H
#define UNIT_RULES_POLICY_WORLD_H

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
static inline void request_make(struct world *w, const char *text, const char *signers, struct al_buf *out)
{
	al_buf_reset(out);
	al_buf_str(out, text);
	for (; *signers != '\0'; signers++)
		al_sshsig_sign(w->seed[*signers - '0'], NS, al_slice_str(text), out);
	assert_int_equal(out->err, AL_OK);
}

static inline bool decide_raw(struct world *w, struct al_slice raw)
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
static inline bool decide(struct world *w, const char *prev, const char *objects, const char *signers)
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

static inline char *fill(const struct world *w, const char *text)
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	struct world *w = *state;

	book_free(w->book);
	al_buf_release(&w->last);
	free(w);
	return 0;
}

static inline const struct al_object *get(const struct world *w, enum al_class cls, const char *key)
{
	return al_state_get(book_state(w->book), cls, al_slice_str(key));
}

#endif
