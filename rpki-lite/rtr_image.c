/* SPDX-License-Identifier: MIT */
/*
 * rtr_image.c -- builds and keeps the byte images of sets and differences.
 *
 * Thread: the loop's. Cost: one pass over the records, 20 bytes an IPv4 and 32 bytes an IPv6 record.
 */
#include <assert.h>
#include <stdlib.h>

#include "rtr_image.h"

void rtr_images_init(struct rtr_images *images)
{
	*images = (struct rtr_images){ 0 };
}

static size_t records_len(const struct vrp *items, size_t count)
{
	size_t i, len = 0;

	for (i = 0; i < count; i++)
		len += items[i].bits == 32 ? RTR_PREFIX4_LEN : RTR_PREFIX6_LEN;
	return len;
}

static struct rtr_image *image_alloc(struct rtr_images *images, size_t len)
{
	struct rtr_image *image = malloc(sizeof(*image) + len);

	if (image != NULL)
		*image = (struct rtr_image){ .refs = 1, .owner = images };
	return image;
}

void rtr_image_unref(void *arg)
{
	struct rtr_image *image = arg;

	if (image == NULL || --image->refs != 0)
		return;
	if (image->retired)
		image->owner->retired_bytes -= image->len;
	free(image);
}

/* The cache lets go; routers may still be reading. */
static void image_retire(struct rtr_image **slot)
{
	struct rtr_image *image = *slot;

	*slot = NULL;
	if (image == NULL)
		return;
	if (image->refs > 1 && !image->retired) {
		image->retired = true;
		image->owner->retired_bytes += image->len;
	}
	rtr_image_unref(image);
}

static void images_clear(struct rtr_images *images)
{
	size_t i;

	for (i = 0; i < AL_COUNT(images->full); i++)
		image_retire(&images->full[i]);
	for (i = 0; i < AL_COUNT(images->delta); i++)
		image_retire(&images->delta[i].image);
}

void rtr_images_release(struct rtr_images *images)
{
	images_clear(images);
	assert(images->retired_bytes == 0);
	vrp_set_unref(images->set);
	images->set = NULL;
}

void rtr_images_publish(struct rtr_images *images, const struct vrp_set *set, const struct vrp_history *history)
{
	const struct vrp_set *old = images->set;

	images_clear(images);
	images->set = set != NULL ? vrp_set_ref(set) : NULL;
	images->history = history;
	vrp_set_unref(old);
}

static void image_put(struct rtr_image *image, uint8_t version, const struct vrp *vrp, bool announce)
{
	image->len += rtr_put_prefix(image->bytes + image->len, version, vrp, announce);
}

enum al_err rtr_images_full(struct rtr_images *images, uint8_t version, struct rtr_image **out)
{
	const struct vrp_set *set = images->set;
	struct rtr_image *image = images->full[version];
	size_t i;

	if (image == NULL) {
		image = image_alloc(images, records_len(set->items, set->count));
		if (image == NULL)
			return AL_ENOMEM;
		for (i = 0; i < set->count; i++)
			image_put(image, version, &set->items[i], true);
		image->announced = image->len;
		image->to = set->serial;
		images->full[version] = image;
	}
	image->refs++;
	*out = image;
	return AL_OK;
}

/* Announcements first, so that nothing is without its replacement; withdrawals least specific first. */
static struct rtr_image *image_of_delta(struct rtr_images *images, uint8_t version, const struct vrp_delta *delta)
{
	size_t i, count = delta->announced + delta->withdrawn;
	struct rtr_image *image = image_alloc(images, records_len(delta->items, count));

	if (image == NULL)
		return NULL;
	for (i = 0; i < delta->announced; i++)
		image_put(image, version, &delta->items[i], true);
	image->announced = image->len;
	image->to = delta->to;
	for (i = count; i > delta->announced; i--)
		image_put(image, version, &delta->items[i - 1], false);
	return image;
}

enum al_err rtr_images_delta(struct rtr_images *images, uint8_t version, uint32_t from, struct rtr_image **out)
{
	struct vrp_delta *delta;
	struct rtr_image *image;
	enum al_err err;
	size_t i;

	for (i = 0; i < AL_COUNT(images->delta); i++) {
		image = images->delta[i].image;
		if (image != NULL && images->delta[i].version == version && images->delta[i].from == from) {
			image->refs++;
			*out = image;
			return AL_OK;
		}
	}
	err = vrp_history_net(images->history, from, &delta);
	if (err != AL_OK)
		return err;
	image = image_of_delta(images, version, delta);
	free(delta);
	if (image == NULL)
		return AL_ENOMEM;
	i = images->delta_next++ % AL_COUNT(images->delta);
	image_retire(&images->delta[i].image);
	images->delta[i].image = image;
	images->delta[i].version = version;
	images->delta[i].from = from;
	image->refs++;
	*out = image;
	return AL_OK;
}
