/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_follow_frames.c -- a stream of frames into the verifying half of the
 * follower: nothing may be handed over that the pinned key did not sign, and
 * what is held unverified stays bounded.
 */
#include <stdlib.h>

#include "alamo/follow/follow.h"
#include "alamo/tlog/keys.h"
#include "chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Entries of a well-signed head must give its root. */
static void handed_over(struct chain *chain, const struct al_checkpoint *cp)
{
	struct al_slice rest = al_buf_view(&chain->pending), entry;
	struct al_hash root = al_edge_root(&chain->edge);
	uint64_t count = 0;

	while (chain_next(&rest, &entry))
		count++;
	if (count != chain->pending_count || cp->size != chain->edge.size || !al_hash_eq(&root, &cp->root))
		abort();
	chain_drop(chain);
}

/* The key goes on by what it has signed itself, and to where it is a part of the past. */
static void keys_heard(struct chain *chain, struct al_slice note)
{
	const struct al_vkey before = chain->key;

	if (chain_keys(chain, note) == AL_OK &&
	    (al_keys_signed(note, &before, 1) != 1 || !al_log_key_had(&chain->key, &before)))
		abort();
}

/* As it came, and as the holder of the pinned key would have signed it. */
static void on_keys(struct chain *chain, struct al_slice body, const struct al_skey *pinned)
{
	struct al_buf note;

	keys_heard(chain, body);
	al_buf_init(&note, AL_NOTE_MAX);
	if (al_keys_sign(al_keys_text(body), pinned, &note) == AL_OK)
		keys_heard(chain, al_buf_view(&note));
	al_buf_release(&note);
}

static void on_frame(struct chain *chain, const struct al_frame *frame, const struct al_skey *pinned)
{
	struct al_checkpoint cp;

	if (frame->kind == AL_FRAME_KEYS)
		on_keys(chain, frame->body, pinned);

	if (frame->kind == AL_FRAME_ENTRIES && chain_entries(chain, frame->body) != AL_OK)
		chain_drop(chain);
	if (frame->kind == AL_FRAME_TIP)
		(void)chain_tip(chain, frame->body, &cp);
	if (frame->kind != AL_FRAME_HEAD)
		return;
	switch (chain_head(chain, frame->body, &cp)) {
	case CHAIN_NEW:
		handed_over(chain, &cp);
		break;
	case CHAIN_MISMATCH:
		chain_drop(chain);
		chain_recheck(chain, chain->edge.size > 0);
		break;
	case CHAIN_SOUND:
		chain_drop(chain);
		chain_recheck(chain, false);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A seed that everybody knows, so that the corpus can hold signed heads. */
	static const char pinned[] = "PRIVATE+KEY+fuzz.test/log+c103962b+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct al_slice rest = al_slice_of(data, size);
	struct al_frame frame;
	struct al_skey key;
	struct chain chain;

	if (al_skey_parse(AL_S(pinned), &key) != AL_OK)
		abort();
	chain_init(&chain, &key.pub);
	while (al_frame_next(&rest, &frame) == AL_OK) {
		on_frame(&chain, &frame, &key);
		if (chain.pending.len > CHAIN_PENDING_MAX)
			abort();
	}
	chain_release(&chain);
	return 0;
}
