/* SPDX-License-Identifier: MIT */
/* audit_cheats.h -- the ways in which a registry cheats that has the log's key, but no member's. For tests only. */
#ifndef UNIT_RULES_AUDIT_CHEATS_H
#define UNIT_RULES_AUDIT_CHEATS_H

#include "audit_story.h"

typedef void (*mutate_fn)(struct log *log, const struct story *s);

static inline void auto_set(struct log *log, size_t at, size_t number, const char *value)
{
	struct al_entry entry = leaf_get(log, at);

	assert_true(number < entry.auto_count);
	entry.autos[number].value = al_slice_str(value);
	leaf_put(log, at, &entry);
}

static inline void result_changed(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "\nresult m\n", "\nresult c\n");
}

static inline void result_short(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 9, "\nresult ccccc\n", "\nresult cccc\n");
}

static inline void asn_other(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 0, "AS4252660150");
}

static inline void asn_reserved(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 0, "AS4252660105");
}

static inline void block_out_of_order(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 1, "fca1:100:9::/48");
}

static inline void block_of_another(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 1, "fca1:100::/48");
}

static inline void block_larger(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 1, "fca1:110::/44");
}

static inline void blocks_exchanged(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 2, 1, "fca1:100:2::/48");
	auto_set(log, 3, 1, "fca1:100:1::/48");
}

static inline void auto_dropped(struct log *log, const struct story *s)
{
	struct al_entry entry = leaf_get(log, 9);

	(void)s;
	entry.auto_count--;
	leaf_put(log, 9, &entry);
}

static inline void auto_added(struct log *log, const struct story *s)
{
	struct al_entry entry = leaf_get(log, 4);

	(void)s;
	entry.autos[entry.auto_count++] = (struct al_auto){ AL_S("AUTO-5"), AL_S("AS4252660150") };
	leaf_put(log, 4, &entry);
}

/* Another text or other signatures in the body of an entry. */
static inline void body_join(struct log *log, size_t at, struct al_slice text, struct al_slice signatures)
{
	struct al_entry entry = leaf_get(log, at);
	struct al_buf body;

	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_slice(&body, text);
	al_buf_slice(&body, signatures);
	entry.body = al_buf_view(&body);
	leaf_put(log, at, &entry);
	al_buf_release(&body);
}

static inline void signature_swapped(struct log *log, const struct story *s)
{
	struct al_slice text = leaf_get(log, 4).body, other = leaf_get(log, 8).body;

	(void)s;
	body_join(log, 4, al_slice_head(text, body_text_len(text)), al_slice_from(other, body_text_len(other)));
}

static inline void signature_removed(struct log *log, const struct story *s)
{
	struct al_slice text = leaf_get(log, 4).body;

	(void)s;
	body_join(log, 4, al_slice_head(text, body_text_len(text)), AL_S(""));
}

/* The first of two: the holder of the address space; the second: of the AS. */
static inline void one_signature_kept(struct log *log, size_t at, bool first)
{
	struct al_slice body = leaf_get(log, at).body;
	size_t text = body_text_len(body), block;

	block = 1 + body_text_len(al_slice_from(body, text + 1));
	body_join(log, at, al_slice_head(body, text),
		  first ? al_slice_head(al_slice_from(body, text), block) : al_slice_from(body, text + block));
}

static inline void origin_removed(struct log *log, const struct story *s)
{
	(void)s;
	one_signature_kept(log, 5, true);
}

static inline void holder_removed(struct log *log, const struct story *s)
{
	(void)s;
	one_signature_kept(log, 5, false);
}

static inline void voucher_removed(struct log *log, const struct story *s)
{
	(void)s;
	one_signature_kept(log, 11, true);
}

static inline void text_changed(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "fca1:100::7", "fca1:100::8");
}

static inline void request_header_added(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "\nprev: 1\n", "\nprev: 1\nnonce: 7\n");
}

static inline void entry_header_added(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "\nresult m\n", "\nresult m\nnote this\n");
}

static inline void line_ends_changed(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "domain: alice.test\n", "domain: alice.test\r\n");
}

static inline void contact_published(struct log *log, const struct story *s)
{
	(void)s;
	body_join(log, 12, leaf_get(log, 12).body, AL_S(CONTACT));
}

static inline void entry_dropped(struct log *log, const struct story *s)
{
	(void)s;
	log_remove(log, 3);
	log_renumber(log);
}

static inline void join_dropped(struct log *log, const struct story *s)
{
	(void)s;
	log_remove(log, 2);
	log_renumber(log);
}

static inline void entry_repeated(struct log *log, const struct story *s)
{
	(void)s;
	log_add(log, al_buf_view(&log->leaf[4]));
	log_renumber(log);
}

static inline void create_repeated(struct log *log, const struct story *s)
{
	(void)s;
	log_add(log, al_buf_view(&log->leaf[6]));
	log_renumber(log);
}

static inline void joins_swapped(struct log *log, const struct story *s)
{
	(void)s;
	log_swap(log, 2, 3);
	log_renumber(log);
}

static inline void swapped_as_they_are(struct log *log, const struct story *s)
{
	(void)s;
	log_swap(log, 2, 3);
}

static inline void time_set(struct log *log, size_t at, uint64_t time)
{
	struct al_entry entry = leaf_get(log, at);

	entry.time = time;
	leaf_put(log, at, &entry);
}

static inline void time_back(struct log *log, const struct story *s)
{
	(void)s;
	time_set(log, 5, START);
}

static inline void time_late(struct log *log, const struct story *s)
{
	(void)s;
	time_set(log, 10, START + 200);
	time_set(log, 11, START + 200);
	time_set(log, 12, START + 200);
}

static inline void time_future(struct log *log, const struct story *s)
{
	(void)s;
	time_set(log, log->count - 1, START + 100000);
}

static inline void noise(struct log *log, const struct story *s)
{
	(void)s;
	log_add(log, AL_S("\x00\xff\x7f entry"));
}

#define BY_MALLORY "mnt-by: MALLORY-MNT\nsource: TEST\n"
/* A forged entry at the end. */
#define FORGED(NAME, RESULT, HEADER, OBJECTS, SIGNERS)                  \
	static inline void NAME(struct log *log, const struct story *s) \
	{                                                               \
		forge(log, s, RESULT, HEADER, OBJECTS, SIGNERS);        \
	}

FORGED(key_swapped, "m", "prev: 8", "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n", "3")
FORGED(key_added_by_other, "m", "prev: 2", "mntner: BOB-MNT\nauth: @2@\nauth: @3@\nmnt-by: BOB-MNT\nsource: TEST\n",
       "3")
FORGED(object_taken_over, "m", "prev: 2", "domain: bob.test\nrecord: @ AAAA fca1:100:2::1\n" BY_MALLORY, "3")
FORGED(deleted_in_use, "d", "prev: 3", "mntner: MALLORY-MNT\nauth: @3@\n" BY_MALLORY "delete: bye\n", "3")
FORGED(deleted_with_routes, "d", "prev: 3",
       "inet6num: fca1:100:2::/48\nnetname: MALLORY-NET\n" BY_MALLORY "delete: x\n", "3")
FORGED(prev_old, "m", "prev: 3", "domain: mallory.test\nrecord: @ AAAA fca1:100:2::9\n" BY_MALLORY, "3")
FORGED(prev_none, "m", "prev: none", "domain: mallory.test\nrecord: @ AAAA fca1:100:2::9\n" BY_MALLORY, "3")
FORGED(prefix_stolen, "c", "prev: none", "inet6num: fca1:100:0:8000::/52\nnetname: STOLEN\n" BY_MALLORY, "3")
FORGED(prefix_around, "c", "prev: none", "inet6num: fca1:100::/44\nnetname: AROUND\n" BY_MALLORY, "3")
FORGED(prefix_too_small, "c", "prev: none", "inet6num: fca1:100:8000::/52\nnetname: SMALL\n" BY_MALLORY, "3")
FORGED(prefix_too_large, "c", "prev: none", "inet6num: fca1:180::/32\nnetname: LARGE\n" BY_MALLORY, "3")
FORGED(prefix_elsewhere, "c", "prev: none", "inet6num: fd00::/48\nnetname: ELSEWHERE\n" BY_MALLORY, "3")
FORGED(asn_closed, "c", "prev: none", "aut-num: AS4252660500\nas-name: MINE\n" BY_MALLORY, "3")
FORGED(route_without_origin, "c", "prev: none", "route6: fca1:100:2::/48\norigin: AS4252660111\n" BY_MALLORY, "3")
FORGED(route_without_holder, "c", "prev: none", "route6: fca1:100:1::/48\norigin: AS4252660112\n" BY_MALLORY, "3")
FORGED(source_changed, "m", "prev: 10",
       "domain: mallory.test\nrecord: @ A 10.0.0.1\nmnt-by: MALLORY-MNT\nsource: OTHER\n", "3")
FORGED(expired, "c", "prev: none\nnot-after: 2020-01-01T00:00:00Z",
       "domain: late.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(placeholder_unknown, "c", "prev: none", "domain: auto.test\nrecord: @ AAAA AUTO-9::1\n" BY_MALLORY, "3")
FORGED(name_reused, "c", "prev: 7", "domain: old.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(name_below, "c", "prev: none", "domain: www.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(name_reserved, "c", "prev: none", "domain: root-servers.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(registry_changed, "m", "prev: 0", "registry: TEST\ntld: mine\nroot-server: a fca1:100:2::1\n" BY_MALLORY, "3")
FORGED(pool_opened, "m", "prev: 0", "inet6num: fca1::/16\nnetname: ALL-NET\npolicy: open\n" BY_MALLORY, "3")
FORGED(unknown_reference, "m", "prev: 10",
       "domain: mallory.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY, "3")
FORGED(dry_run, "c", "prev: none\ndry-run: yes", "domain: dry.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(nothing_done, "n", "prev: 10", "domain: mallory.test\nrecord: @ AAAA fca1:100:2::7\n" BY_MALLORY, "3")

static inline void other_namespace(struct log *log, const struct story *s)
{
	forge_in(log, s, AL_S("registry@other"), "c", "prev: none",
		 "domain: carol2.test\nrecord: @ A 10.0.0.1\nmnt-by: CAROL-MNT\nsource: TEST\n", "4");
}

/* What Alice said, as said by Mallory. */
static inline void signed_by_other(struct log *log, const struct story *s)
{
	struct al_slice text = leaf_get(log, 4).body;
	struct al_buf block;

	al_buf_init(&block, 4096);
	text = al_slice_head(text, body_text_len(text));
	al_sshsig_sign(s->seed[MALLORY], NS, text, &block);
	body_join(log, 4, text, al_buf_view(&block));
	al_buf_release(&block);
}

#endif
