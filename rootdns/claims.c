/* SPDX-License-Identifier: MIT */
/*
 * claims.c -- claims on their way and at rest: see claims.h.
 */
#include "claims.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

/* ---- on the way: form, owner and RDATA, each with its length ---- */

void claims_init(struct claims *claims)
{
	al_buf_init(&claims->bytes, UINT32_MAX);
}

void claims_release(struct claims *claims)
{
	al_buf_release(&claims->bytes);
}

void claims_add(struct claims *claims, const struct claim_form *form, const struct dname *owner, const uint8_t *rdata,
		size_t rdata_len)
{
	struct al_buf *out = &claims->bytes;

	al_buf_put(out, form, sizeof(*form));
	al_buf_u8(out, owner->len);
	al_buf_put(out, owner->b, owner->len);
	al_buf_u16(out, (uint16_t)rdata_len);
	al_buf_put(out, rdata, rdata_len);
}

static struct rdata take(struct al_reader *r, size_t len)
{
	return (struct rdata){ (const uint8_t *)al_read_bytes(r, len).ptr, (uint16_t)len };
}

bool claims_next(struct al_slice *rest, struct claim_view *out)
{
	struct al_reader r = al_reader_of(rest->ptr, rest->len);
	struct al_slice form = al_read_bytes(&r, sizeof(out->form));

	if (r.err != AL_OK)
		return false;
	memcpy(&out->form, form.ptr, sizeof(out->form));
	out->owner = take(&r, al_read_u8(&r));
	out->data = take(&r, al_read_u16(&r));
	*rest = al_slice_of((const char *)r.ptr, r.left);
	return true;
}

/* ---- at rest ---- */

static bool is_inside(const struct zone_plan *plan, const struct claim_view *view)
{
	const struct dname *apex = &plan->zones[view->form.zone].apex;

	return view->form.kind == CLAIM_NS && dname_within(view->data.ptr, view->data.len, apex->b, apex->len);
}

/* What follows a claim, and up to the next one. */
static size_t tail_size(bool inside, uint16_t data_len)
{
	size_t len = inside ? sizeof(struct claim_ref) : data_len, unit = sizeof(void *);

	return (len + unit - 1) / unit * unit;
}

/* `to` is zeroed. */
static void claim_fill(struct claim *to, const struct claim_view *view, bool inside, size_t place)
{
	to->ttl = view->form.ttl;
	to->place = (uint32_t)place;
	to->type = view->form.type;
	to->zone = view->form.zone;
	to->kind = view->form.kind;
	to->rank = view->form.rank;
	to->inside = inside;
	to->data_len = inside ? 0 : view->data.len;
	if (to->data_len > 0)
		memcpy(to + 1, view->data.ptr, to->data_len);
}

enum al_err claimant_new(const struct zone_plan *plan, struct al_slice claims, struct al_slice key,
			 struct claimant **out)
{
	struct al_slice rest = claims;
	size_t at = sizeof(struct claimant);
	struct claimant *claimant;
	struct claim_view view;

	while (claims_next(&rest, &view))
		at += sizeof(struct claim) + tail_size(is_inside(plan, &view), view.data.len);
	if (at > UINT32_MAX)
		return AL_ELIMIT;
	claimant = calloc(1, at + key.len);
	if (claimant == NULL)
		return AL_ENOMEM;
	claimant->key_at = (uint32_t)at;
	claimant->key_len = (uint16_t)key.len;
	if (key.len > 0)
		memcpy((uint8_t *)claimant + at, key.ptr, key.len);
	at = sizeof(*claimant);
	for (rest = claims; claims_next(&rest, &view);) {
		bool inside = is_inside(plan, &view);

		claim_fill((struct claim *)(void *)((uint8_t *)claimant + at), &view, inside, at);
		at += sizeof(struct claim) + tail_size(inside, view.data.len);
	}
	*out = claimant;
	return AL_OK;
}

struct claim *claimant_next(struct claimant *claimant, struct claim *claim)
{
	size_t at = sizeof(*claimant);

	if (claim != NULL)
		at = claim->place + sizeof(*claim) + tail_size(claim->inside, claim->data_len);
	return at < claimant->key_at ? (struct claim *)(void *)((uint8_t *)claimant + at) : NULL;
}

void claim_record(const struct claim *claim, const struct dname *owner, struct al_buf *out)
{
	al_buf_put(out, owner->b, owner->len);
	al_buf_u16(out, claim->type);
	al_buf_u16(out, RR_CLASS_IN);
	al_buf_u32(out, claim->ttl);
	al_buf_u16(out, claim->data_len);
	al_buf_put(out, claim_data(claim).ptr, claim->data_len);
}
