/* SPDX-License-Identifier: MIT */
/*
 * test_rtr_image.c -- what a router would make of the images; sharing, and old ones going when they are let go.
 */
#include "../origins/vrps.h"

#include "alamo/base/wire.h"
#include "rtr_image.h"

/* Apply the PDUs to a plain list as a strict router does. */
struct router {
	struct vrp items[200];
	size_t count;
};

static size_t router_find(const struct router *router, const struct vrp *vrp)
{
	size_t i;

	for (i = 0; i < router->count; i++)
		if (vrp_cmp(&router->items[i], vrp) == 0)
			break;
	return i;
}

/* The whole list of a customer, or none: what is there of it is replaced. */
static size_t router_aspa(struct router *router, const uint8_t *p, bool *withdrawing)
{
	uint32_t len = al_get_u32(p + 4), customer = al_get_u32(p + 8), before = 0;
	size_t had = 0;

	for (size_t i = 0; i < router->count;) {
		if (router->items[i].bits != VRP_ASPA || vrp_customer(&router->items[i]) != customer) {
			i++;
			continue;
		}
		router->items[i] = router->items[--router->count];
		had++;
	}
	assert_int_equal(p[3], 0);
	if (p[2] == 0) {
		*withdrawing = true;
		assert_int_equal(len, 12);
		assert_int_not_equal(had, 0);
		return len;
	}
	assert_int_equal(p[2], 1);
	assert_in_range(len, 16, 65535);
	for (size_t at = 12; at < len; at += 4) {
		assert_in_range(al_get_u32(p + at), before + 1, UINT32_MAX);
		before = al_get_u32(p + at);
		router->items[router->count++] = vrp_pair(customer, before);
	}
	return len;
}

static size_t router_pdu(struct router *router, uint8_t version, const uint8_t *p, bool *withdrawing)
{
	struct vrp vrp = { 0 };
	uint32_t len = al_get_u32(p + 4);
	size_t at;

	assert_int_equal(p[0], version);
	if (p[1] == RTR_ASPA) {
		assert_int_equal(version, 2);
		assert_false(*withdrawing && p[2] == 1);
		return router_aspa(router, p, withdrawing);
	}
	assert_int_equal(al_get_u16(p + 2), 0);
	vrp.bits = p[1] == RTR_IPV4_PREFIX ? 32 : 128;
	assert_int_equal(p[1], vrp.bits == 32 ? RTR_IPV4_PREFIX : RTR_IPV6_PREFIX);
	assert_int_equal(len, vrp.bits == 32 ? 20 : 32);
	vrp.len = p[9];
	vrp.max = p[10];
	assert_int_equal(p[11], 0);
	memcpy(vrp.addr, p + 12, vrp.bits / 8);
	vrp.asn = al_get_u32(p + 12 + vrp.bits / 8);
	at = router_find(router, &vrp);
	if (p[8] == 1) {
		assert_false(*withdrawing);
		assert_int_equal(at, router->count);
		router->items[router->count++] = vrp;
	} else {
		assert_int_equal(p[8], 0);
		*withdrawing = true;
		assert_true(at < router->count);
		router->items[at] = router->items[--router->count];
	}
	return len;
}

static void router_image(struct router *router, uint8_t version, const struct rtr_image *image)
{
	bool withdrawing = false;
	size_t at = 0;

	while (at < image->len)
		at += router_pdu(router, version, image->bytes + at, &withdrawing);
	assert_int_equal(at, image->len);
}

/* Routers of a version without ASPAs have the VRPs. */
static void assert_router(const struct router *router, uint8_t version, const struct vrp_set *set)
{
	size_t i, count = version >= RTR_VERSION_ASPA ? set->count : set->vrps;
	struct vrp_walk walk;

	assert_int_equal(router->count, count);
	vrp_walk_start(&walk, set);
	for (i = 0; i < count; i++)
		assert_true(router_find(router, vrp_walk_next(&walk)) < router->count);
}

static void routers_arrive_at_the_set(void **state)
{
	uint64_t seed = 4;
	uint8_t version;
	int round;

	(void)state;
	for (round = 0; round < 100; round++) {
		struct vrp_set *a = set_random(&seed, dice(&seed, 60), 10), *b = set_random(&seed, dice(&seed, 60), 12);
		struct vrp_history *history;
		struct rtr_images images;
		struct rtr_image *image;

		assert_int_equal(vrp_history_new(4, &history), AL_OK);
		vrp_history_push(history, delta_between(a, b), SIZE_MAX);
		rtr_images_init(&images);
		for (version = 0; version <= RTR_VERSION_MAX; version++) {
			struct router router = { .count = 0 };

			rtr_images_publish(&images, a, history);
			assert_int_equal(rtr_images_full(&images, version, &image), AL_OK);
			router_image(&router, version, image);
			assert_router(&router, version, a);
			rtr_image_unref(image);
			rtr_images_publish(&images, b, history);
			assert_int_equal(rtr_images_delta(&images, version, 10, &image), AL_OK);
			router_image(&router, version, image);
			assert_router(&router, version, b);
			rtr_image_unref(image);
		}
		assert_int_equal(rtr_images_delta(&images, 1, 9, &image), AL_ENOTFOUND);
		rtr_images_release(&images);
		vrp_history_free(history);
		vrp_set_unref(a);
		vrp_set_unref(b);
	}
}

static void images_are_shared_and_let_go(void **state)
{
	uint64_t seed = 4;
	struct vrp_set *a = set_random(&seed, 30, 1), *b = set_random(&seed, 30, 2);
	struct vrp_history *history;
	struct rtr_images images;
	struct rtr_image *first, *second, *other;

	(void)state;
	assert_int_equal(vrp_history_new(4, &history), AL_OK);
	rtr_images_init(&images);
	rtr_images_publish(&images, a, history);
	assert_int_equal(rtr_images_full(&images, 1, &first), AL_OK);
	assert_int_equal(rtr_images_full(&images, 1, &second), AL_OK);
	assert_int_equal(rtr_images_full(&images, 0, &other), AL_OK);
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	rtr_image_unref(second);
	rtr_image_unref(other);
	rtr_images_publish(&images, b, history);
	assert_true(first->retired);
	assert_int_equal(images.retired_bytes, first->len);
	assert_int_equal(first->bytes[0], 1);
	rtr_image_unref(first);
	assert_int_equal(images.retired_bytes, 0);
	/* Differences are shared as well, by version and by where they lead from. */
	vrp_history_push(history, delta_between(a, b), SIZE_MAX);
	assert_int_equal(rtr_images_delta(&images, 1, 1, &first), AL_OK);
	assert_int_equal(rtr_images_delta(&images, 1, 1, &second), AL_OK);
	assert_int_equal(rtr_images_delta(&images, 2, 1, &other), AL_OK);
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	assert_int_equal(rtr_images_delta(&images, 1, 0, &other), AL_ENOTFOUND);
	rtr_image_unref(first);
	rtr_image_unref(second);
	assert_int_equal(rtr_images_delta(&images, 2, 1, &other), AL_OK);
	rtr_image_unref(other);
	rtr_image_unref(other);
	rtr_images_release(&images);
	vrp_history_free(history);
	vrp_set_unref(a);
	vrp_set_unref(b);
}

static void difference_images_are_bounded(void **state)
{
	uint64_t seed = 8;
	struct vrp_set *sets[40];
	struct vrp_history *history;
	struct rtr_images images;
	struct rtr_image *held, *image;
	size_t i;

	(void)state;
	assert_int_equal(vrp_history_new(64, &history), AL_OK);
	for (i = 0; i < AL_COUNT(sets); i++) {
		sets[i] = set_random(&seed, 20, i + 1);
		if (i != 0)
			vrp_history_push(history, delta_between(sets[i - 1], sets[i]), SIZE_MAX);
	}
	rtr_images_init(&images);
	rtr_images_publish(&images, sets[39], history);
	assert_int_equal(rtr_images_delta(&images, 1, 1, &held), AL_OK);
	for (i = 2; i < 40; i++) {
		assert_int_equal(rtr_images_delta(&images, 1, (uint32_t)i, &image), AL_OK);
		rtr_image_unref(image);
	}
	assert_int_equal(images.retired_bytes, held->len);
	assert_int_equal(rtr_images_delta(&images, 1, 1, &image), AL_OK);
	assert_ptr_not_equal(image, held);
	assert_int_equal(image->len, held->len);
	rtr_image_unref(image);
	rtr_image_unref(held);
	rtr_images_release(&images);
	vrp_history_free(history);
	for (i = 0; i < AL_COUNT(sets); i++)
		vrp_set_unref(sets[i]);
}

static struct vrp_set *hub_of(uint32_t providers, uint64_t size)
{
	struct vrp *items = calloc(providers, sizeof(*items));
	struct vrp_set *set;

	assert_non_null(items);
	for (uint32_t i = 0; i < providers; i++)
		items[i] = vrp_pair(64500, 1000000 + i);
	assert_int_equal(vrp_set_new(items, providers, size, &set), AL_OK);
	free(items);
	return set;
}

/* One more than a router can read: the customer has no record, and had one until then. */
static void a_list_too_long_is_none(void **state)
{
	struct vrp_set *most = hub_of(RTR_ASPA_MAX, 10), *more = hub_of(RTR_ASPA_MAX + 1, 12);
	struct vrp_history *history;
	struct rtr_images images;
	struct rtr_image *image;

	(void)state;
	assert_int_equal(vrp_history_new(4, &history), AL_OK);
	vrp_history_push(history, delta_between(most, more), SIZE_MAX);
	rtr_images_init(&images);
	rtr_images_publish(&images, most, history);
	assert_int_equal(rtr_images_full(&images, 2, &image), AL_OK);
	assert_int_equal(image->len, 12 + 4 * RTR_ASPA_MAX);
	rtr_image_unref(image);
	rtr_images_publish(&images, more, history);
	assert_int_equal(rtr_images_full(&images, 2, &image), AL_OK);
	assert_int_equal(image->len, 0);
	rtr_image_unref(image);
	assert_int_equal(rtr_images_delta(&images, 2, 10, &image), AL_OK);
	assert_int_equal(image->len, 12);
	assert_int_equal(image->announced, 0);
	assert_int_equal(al_get_u32(image->bytes + 8), 64500);
	rtr_image_unref(image);
	assert_int_equal(rtr_images_delta(&images, 1, 10, &image), AL_OK);
	assert_int_equal(image->len, 0);
	rtr_image_unref(image);
	rtr_images_release(&images);
	vrp_history_free(history);
	vrp_set_unref(most);
	vrp_set_unref(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_too_long_is_none),
		cmocka_unit_test(routers_arrive_at_the_set),
		cmocka_unit_test(images_are_shared_and_let_go),
		cmocka_unit_test(difference_images_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
