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

/* Of a difference's VRPs, which stand before its pairs. */
static size_t prefixes_len(const struct vrp *items, size_t count)
{
	size_t i, len = 0;

	for (i = 0; i < count && items[i].bits != VRP_ASPA; i++)
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

/* The cache lets go; routers may still be reading: what they hold counts until the last of them is done. */
static void image_retire(struct rtr_image **slot)
{
	struct rtr_image *image = *slot;

	*slot = NULL;
	if (image == NULL)
		return;
	image->retired = true;
	image->owner->retired_bytes += image->len;
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

/* A list that no router could read is none: nothing is said about that customer then. */
static bool list_ok(size_t providers)
{
	return providers != 0 && providers <= RTR_ASPA_MAX;
}

/* The lists of all customers. */
static void image_put_all_customers(struct rtr_image *image, uint8_t version, const struct vrp_set *set)
{
	const struct vrp *pair;
	struct vrp_walk walk, list;

	vrp_walk_family(&walk, set, VRP_ASPA);
	while ((pair = vrp_walk_peek(&walk)) != NULL) {
		size_t count = vrp_set_providers(set, vrp_customer(pair), &list);

		if (list_ok(count))
			image->len += rtr_put_aspa(image->bytes + image->len, version, vrp_customer(pair), &list,
						   count);
		for (size_t i = 0; i < count; i++)
			(void)vrp_walk_next(&walk);
	}
}

static struct rtr_image *image_of_set(struct rtr_images *images, uint8_t version, const struct vrp_set *set)
{
	size_t pairs = version >= RTR_VERSION_ASPA ? set->count - set->vrps : 0;
	struct rtr_image *image = image_alloc(images, set->count4 * RTR_PREFIX4_LEN +
							      (set->vrps - set->count4) * RTR_PREFIX6_LEN +
							      pairs * (RTR_ASPA_LEN + 4));
	struct vrp_walk walk;

	if (image == NULL)
		return NULL;
	vrp_walk_start(&walk, set);
	for (size_t i = 0; i < set->vrps; i++)
		image_put(image, version, vrp_walk_next(&walk), true);
	if (pairs != 0)
		image_put_all_customers(image, version, set);
	image->announced = image->len;
	image->to = set->serial;
	return image;
}

enum al_err rtr_images_full(struct rtr_images *images, uint8_t version, struct rtr_image **out)
{
	const struct vrp_set *set = images->set;
	struct rtr_image *image = images->full[version];

	if (image == NULL) {
		image = image_of_set(images, version, set);
		if (image == NULL)
			return AL_ENOMEM;
		images->full[version] = image;
	}
	image->refs++;
	*out = image;
	return AL_OK;
}

/* ---- differences ---- */

/* A customer whose pairs differ: what the router has, and what it is to have. */
struct customer {
	uint32_t asn;
	size_t had, has;      /* providers */
	struct vrp_walk list; /* at the first that it has */
};

/* Customers of a difference, ascending: those of its announced and of its withdrawn pairs, merged. */
static size_t customers_of(const struct vrp_delta *delta, const struct vrp_set *set, struct customer *out)
{
	size_t i = 0, j = delta->announced, to = delta->announced + delta->withdrawn, count = 0;

	while (i < delta->announced && delta->items[i].bits != VRP_ASPA)
		i++;
	while (j < to && delta->items[j].bits != VRP_ASPA)
		j++;
	while (i < delta->announced || j < to) {
		uint32_t a = i < delta->announced ? vrp_customer(&delta->items[i]) : UINT32_MAX;
		uint32_t b = j < to ? vrp_customer(&delta->items[j]) : UINT32_MAX;
		struct customer *customer = &out[count++];

		customer->asn = a < b ? a : b;
		customer->has = customer->had = vrp_set_providers(set, customer->asn, &customer->list);
		for (; i < delta->announced && vrp_customer(&delta->items[i]) == customer->asn; i++)
			customer->had--;
		for (; j < to && vrp_customer(&delta->items[j]) == customer->asn; j++)
			customer->had++;
	}
	return count;
}

static size_t customers_len(const struct customer *customers, size_t count)
{
	size_t i, len = 0;

	for (i = 0; i < count; i++)
		len += RTR_ASPA_LEN + (list_ok(customers[i].has) ? 4 * customers[i].has : 0);
	return len;
}

/* Those that come or change, or those that go. */
static void image_put_customers(struct rtr_image *image, uint8_t version, struct customer *customers, size_t count,
				bool announce)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct customer *c = &customers[i];

		if (list_ok(c->has) == announce && (announce || list_ok(c->had)))
			image->len += rtr_put_aspa(image->bytes + image->len, version, c->asn, &c->list,
						   announce ? c->has : 0);
	}
}

/* Announcements first, so that nothing is without its replacement; withdrawals least specific first. */
static struct rtr_image *image_of_parts(struct rtr_images *images, uint8_t version, const struct vrp_delta *delta,
					struct customer *customers, size_t count)
{
	size_t i, end = delta->announced + delta->withdrawn;
	struct rtr_image *image = image_alloc(images,
					      prefixes_len(delta->items, delta->announced) +
						      prefixes_len(delta->items + delta->announced, delta->withdrawn) +
						      customers_len(customers, count));

	if (image == NULL)
		return NULL;
	for (i = 0; i < delta->announced && delta->items[i].bits != VRP_ASPA; i++)
		image_put(image, version, &delta->items[i], true);
	image_put_customers(image, version, customers, count, true);
	image->announced = image->len;
	image->to = delta->to;
	for (i = end; i > delta->announced; i--)
		if (delta->items[i - 1].bits != VRP_ASPA)
			image_put(image, version, &delta->items[i - 1], false);
	image_put_customers(image, version, customers, count, false);
	return image;
}

static struct rtr_image *image_of_delta(struct rtr_images *images, uint8_t version, const struct vrp_delta *delta)
{
	struct customer *customers = calloc(delta->announced + delta->withdrawn + 1, sizeof(*customers));
	struct rtr_image *image = NULL;

	if (customers != NULL)
		image = image_of_parts(images, version, delta, customers,
				       version >= RTR_VERSION_ASPA ? customers_of(delta, images->set, customers) : 0);
	free(customers);
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
