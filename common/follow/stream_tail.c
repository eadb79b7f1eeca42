/* SPDX-License-Identifier: MIT */
/* stream_tail.c -- the newest commits in memory. */
#include "stream_tail.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "alamo/follow/follow.h"

#define TAIL_MAX (4u << 20) /* bytes of pieces kept */

void piece_unref(void *arg)
{
	struct piece *piece = arg;

	if (--piece->refs == 0)
		free(piece);
}

static struct piece *piece_new(uint64_t first, uint64_t end, const struct al_buf *frames)
{
	struct piece *piece = malloc(sizeof(*piece) + frames->len);

	if (piece == NULL)
		return NULL;
	*piece = (struct piece){ .first = first, .end = end, .refs = 1, .len = frames->len };
	memcpy(piece->bytes, frames->ptr, frames->len);
	return piece;
}

static void tail_shorten(struct tail *tail, size_t keep_bytes)
{
	while (tail->pieces != NULL && tail->bytes > keep_bytes) {
		struct piece *oldest = tail->pieces;

		DL_DELETE(tail->pieces, oldest);
		tail->bytes -= oldest->len;
		piece_unref(oldest);
	}
}

void tail_clear(struct tail *tail)
{
	tail_shorten(tail, 0);
}

/* Without memory the tail is dropped whole: it may have no gap, and the store has it all. */
void tail_add(struct tail *tail, const struct al_stream_batch *batch)
{
	struct al_buf frames;
	struct piece *piece;
	size_t done = 0, n;

	al_buf_init(&frames, 2u * AL_FRAME_MAX);
	while (done < batch->count) {
		al_buf_reset(&frames);
		n = al_frame_put_entries(&frames, batch->first + done, batch->entries + done, batch->count - done);
		if (done + n == batch->count)
			al_frame_put(&frames, AL_FRAME_HEAD, batch->note);
		piece = frames.err == AL_OK ? piece_new(batch->first + done, batch->first + done + n, &frames) : NULL;
		if (piece == NULL) {
			tail_clear(tail);
			break;
		}
		DL_APPEND(tail->pieces, piece);
		tail->bytes += piece->len;
		done += n;
	}
	al_buf_release(&frames);
	tail_shorten(tail, TAIL_MAX);
}

/* Followers mostly want the newest. */
struct piece *tail_find(const struct tail *tail, uint64_t first)
{
	struct piece *piece = tail->pieces != NULL ? tail->pieces->prev : NULL;

	while (piece != NULL && piece->first > first)
		piece = piece != tail->pieces ? piece->prev : NULL;
	return piece != NULL && piece->first == first ? piece : NULL;
}
