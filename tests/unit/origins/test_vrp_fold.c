/* SPDX-License-Identifier: MIT */
/*
 * test_vrp_fold.c -- the incremental fold against the rule itself, over random logs with holds; and that what is
 * taken together, or a restart, makes no difference to serials and deltas.
 */
#include "routes.h"
#include "vrps.h"

#include "vrp_fold.h"

#define ENTRIES 120

/* A cache: it follows a state and remembers every set that it ever showed. */
struct cache {
	struct vrp_fold *fold;
	struct vrp_history *history;
	const struct vrp_set *set;
};

static void cache_open(struct cache *cache, size_t cap)
{
	cache->set = NULL;
	assert_int_equal(vrp_fold_new(cap, &cache->fold), AL_OK);
	assert_int_equal(vrp_history_new(cap, &cache->history), AL_OK);
}

static void cache_close(struct cache *cache)
{
	vrp_fold_free(cache->fold);
	vrp_history_free(cache->history);
	vrp_set_unref(cache->set);
}

static void cache_take(struct cache *cache, uint64_t size)
{
	const struct vrp_set *next;

	assert_int_equal(vrp_fold_take(cache->fold, size, cache->history, &next), AL_OK);
	vrp_set_unref(cache->set);
	cache->set = next;
}

/* A log: the objects of each entry, so that it can be replayed, and what each size says. */
struct log {
	struct al_state *state;
	struct cache *caches[3];
	size_t cache_count;
	struct entry entry;
	uint64_t seed;
	const struct vrp_set *at[ENTRIES + 1]; /* by log size, straight from the rule */
	struct al_object *objects[ENTRIES * ENTRY_OBJECTS_MAX];
	size_t first[ENTRIES + 1]; /* objects of entry i: [first[i], first[i + 1]) */
};

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct log *log = arg;
	size_t i;

	(void)old;
	for (i = 0; i < log->cache_count; i++)
		assert_int_equal(vrp_fold_change(log->caches[i]->fold, now), AL_OK);
}

static void log_open(struct log *log, uint64_t seed)
{
	*log = (struct log){ .seed = seed };
	assert_int_equal(al_state_new(&log->state), AL_OK);
	al_state_observe(log->state, on_change, log);
}

static void log_close(struct log *log)
{
	size_t i;

	for (i = 0; i < log->first[log->entry.index]; i++)
		al_object_unref(log->objects[i]);
	for (i = 0; i <= ENTRIES; i++)
		vrp_set_unref(log->at[i]);
	al_state_free(log->state);
}

static void log_add_route(struct log *log)
{
	struct vrp vrp = vrp_random(&log->seed);
	struct al_prefix prefix = vrp_prefix(&vrp);
	uint32_t asn = dice(&log->seed, 4) == 0 ? 0 : vrp.asn;
	int max = dice(&log->seed, 2) == 0 ? -1 : (int)(prefix.len + dice(&log->seed, 8));

	entry_add_route(&log->entry, &prefix, asn, max, dice(&log->seed, 3) == 0, dice(&log->seed, 2));
}

static void log_add(struct log *log)
{
	char name[] = "N0:N0";

	name[1] = (char)('0' + dice(&log->seed, 6));
	name[4] = (char)('0' + dice(&log->seed, 6));
	switch (dice(&log->seed, 6)) {
	case 0:
		name[2] = '\0';
		entry_add_text(&log->entry, "node", name, 64500 + dice(&log->seed, 4), dice(&log->seed, 4) == 0,
			       dice(&log->seed, 2));
		break;
	case 1:
		if (name[1] == name[4])
			break;
		entry_add_text(&log->entry, "peering", name, 0, dice(&log->seed, 3) == 0, dice(&log->seed, 2));
		break;
	default:
		log_add_route(log);
		break;
	}
}

static void log_step(struct log *log)
{
	size_t i, n = log->first[log->entry.index], count = dice(&log->seed, ENTRY_OBJECTS_MAX);
	struct vrp_set *set;

	while (log->entry.count < count)
		log_add(log);
	for (i = 0; i < log->entry.count; i++)
		log->objects[n++] = al_object_ref(log->entry.objects[i]);
	entry_put(&log->entry, log->state);
	log->first[log->entry.index] = n;
	assert_int_equal(vrp_build(log->state, log->entry.index, &set), AL_OK);
	log->at[log->entry.index] = set;
}

static const struct vrp_set *log_at_serial(const struct log *log, uint32_t serial)
{
	return log->at[serial]; /* sizes are small here: a serial is a size */
}

/* From every serial that is kept, the difference leads from what the rule says there to the newest set. */
static size_t assert_history(const struct log *log, const struct cache *cache)
{
	struct vrp_delta *net;
	size_t kept = 0;
	uint32_t from;

	for (from = 1; from < cache->set->serial; from++) {
		if (vrp_history_net(cache->history, from, &net) != AL_OK)
			continue;
		assert_leads(log_at_serial(log, from), net, cache->set);
		free(net);
		kept++;
	}
	return kept;
}

static void assert_same(const struct cache *a, const struct cache *b)
{
	uint32_t from;

	assert_true(vrp_set_eq(a->set, b->set));
	assert_int_equal(a->set->serial, b->set->serial);
	assert_int_equal(a->set->size, b->set->size);
	for (from = 1; from < a->set->serial; from++)
		assert_int_equal(vrp_history_has(a->history, from), vrp_history_has(b->history, from));
}

static void run(uint64_t seed, size_t cap)
{
	struct cache each, some, late;
	struct log log;
	size_t kept = 0;
	int i;

	log_open(&log, seed);
	cache_open(&each, cap);
	cache_open(&some, cap);
	log.caches[0] = &each;
	log.caches[1] = &some;
	log.cache_count = 2;
	for (i = 0; i < ENTRIES; i++) {
		log_step(&log);
		cache_take(&each, log.entry.index);
		assert_true(vrp_set_eq(each.set, log.at[log.entry.index]));
		assert_true(vrp_set_eq(each.set, log_at_serial(&log, each.set->serial)));
		if (dice(&log.seed, 5) != 0)
			continue;
		cache_take(&some, log.entry.index);
		assert_same(&each, &some);
		kept = assert_history(&log, &some);
		assert_int_equal(assert_history(&log, &each), kept);
	}
	cache_take(&some, log.entry.index);
	assert_in_range(kept, 1, cap);

	/* A restart: the whole log at once. */
	log.cache_count = 1;
	log.caches[0] = &late;
	cache_open(&late, cap);
	al_state_free(log.state);
	assert_int_equal(al_state_new(&log.state), AL_OK);
	al_state_observe(log.state, on_change, &log);
	for (i = 0; i < ENTRIES; i++)
		assert_int_equal(al_state_put(log.state, log.objects + log.first[i], log.first[i + 1] - log.first[i],
					      1764000000),
				 AL_OK);
	cache_take(&late, ENTRIES);
	assert_same(&each, &late);
	assert_same(&some, &late);
	(void)assert_history(&log, &late);
	cache_close(&each);
	cache_close(&some);
	cache_close(&late);
	log_close(&log);
}

static void fold_is_the_rule(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 12; seed++)
		run(seed, 16);
	run(77, 3);
	run(78, 1000);
}

static void entry_route(struct log *log, const char *prefix, uint32_t asn, int max, bool gone, uint32_t remark)
{
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(prefix), &p), AL_OK);
	entry_add_route(&log->entry, &p, asn, max, gone, remark);
}

static void a_change_without_effect_publishes_nothing(void **state)
{
	const struct vrp_set *before;
	struct cache cache;
	struct log log;

	(void)state;
	log_open(&log, 1);
	cache_open(&cache, 8);
	log.caches[0] = &cache;
	log.cache_count = 1;
	entry_route(&log, "10.0.0.0/24", 1, 28, false, 0);
	entry_route(&log, "10.0.1.0/24", 0, -1, false, 0);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 1);
	assert_int_equal(cache.set->serial, 1);
	assert_int_equal(cache.set->count, 2);
	before = cache.set;
	entry_route(&log, "10.0.0.0/24", 1, 28, false, 1); /* another remark */
	entry_put(&log.entry, log.state);
	entry_route(&log, "10.0.1.0/24", 5, -1, false, 0); /* behind a hold */
	entry_put(&log.entry, log.state);
	entry_route(&log, "10.0.9.0/24", 5, -1, true, 0); /* of what never was */
	entry_put(&log.entry, log.state);
	cache_take(&cache, 4);
	assert_ptr_equal(cache.set, before);
	assert_int_equal(vrp_history_count(cache.history), 0);
	cache_close(&cache);
	log_close(&log);
}

static void there_and_back_under_one_head_has_a_serial(void **state)
{
	struct cache cache;
	struct log log;

	(void)state;
	log_open(&log, 1);
	cache_open(&cache, 8);
	log.caches[0] = &cache;
	log.cache_count = 1;
	entry_route(&log, "10.0.0.0/24", 1, -1, false, 0);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 1);
	entry_route(&log, "10.0.0.0/24", 0, -1, false, 0);
	entry_put(&log.entry, log.state);
	entry_route(&log, "10.0.0.0/24", 0, -1, true, 0);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 3);
	assert_int_equal(cache.set->serial, 3);
	assert_int_equal(cache.set->count, 1);
	assert_true(vrp_history_has(cache.history, 1));
	assert_true(vrp_history_has(cache.history, 2));
	cache_close(&cache);
	log_close(&log);
}

static void what_is_beyond_the_head_waits(void **state)
{
	struct cache cache;
	struct log log;

	(void)state;
	log_open(&log, 1);
	cache_open(&cache, 8);
	log.caches[0] = &cache;
	log.cache_count = 1;
	entry_route(&log, "10.0.0.0/24", 1, -1, false, 0);
	entry_put(&log.entry, log.state);
	entry_route(&log, "10.0.1.0/24", 1, -1, false, 0);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 1);
	assert_int_equal(cache.set->count, 1);
	cache_take(&cache, 2);
	assert_int_equal(cache.set->count, 2);
	assert_int_equal(cache.set->serial, 2);
	cache_close(&cache);
	log_close(&log);
}

static void an_empty_log_is_an_empty_set(void **state)
{
	struct cache cache;

	(void)state;
	cache_open(&cache, 8);
	cache_take(&cache, 5);
	assert_int_equal(cache.set->count, 0);
	assert_int_equal(cache.set->serial, 1);
	cache_close(&cache);
}

/* ---- links ---- */

static void assert_pairs(const struct vrp_set *set, const uint32_t (*pairs)[2], size_t count)
{
	struct vrp *items = set_items(set);

	assert_int_equal(set->count - set->vrps, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(vrp_customer(&items[set->vrps + i]), pairs[i][0]);
		assert_int_equal(items[set->vrps + i].asn, pairs[i][1]);
	}
	free(items);
}

static void entry_node(struct log *log, const char *name, uint32_t asn, bool gone)
{
	entry_add_text(&log->entry, "node", name, asn, gone, 0);
}

static void entry_peering(struct log *log, const char *name, bool gone)
{
	entry_add_text(&log->entry, "peering", name, 0, gone, 0);
}

/* Two ASs are linked as long as one peering of theirs stands, whichever of their nodes it is of. */
static void a_link_lasts_as_long_as_a_peering(void **state)
{
	static const uint32_t two[][2] = { { 1, 2 }, { 2, 1 } };
	static const uint32_t other[][2] = { { 2, 3 }, { 3, 2 } };
	struct cache cache;
	struct log log;

	(void)state;
	log_open(&log, 1);
	cache_open(&cache, 8);
	log.caches[0] = &cache;
	log.cache_count = 1;
	entry_peering(&log, "A1:B1", false); /* before its nodes, in one entry */
	entry_node(&log, "A1", 1, false);
	entry_node(&log, "B1", 2, false);
	entry_node(&log, "A2", 1, false);
	entry_put(&log.entry, log.state);
	entry_peering(&log, "A1:A2", false); /* within one AS */
	entry_peering(&log, "B1:A2", false);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 2);
	assert_pairs(cache.set, two, 2);
	assert_int_equal(cache.set->serial, 1);
	entry_peering(&log, "A1:B1", true);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 3);
	assert_pairs(cache.set, two, 2);
	assert_int_equal(cache.set->serial, 1);
	entry_node(&log, "A2", 3, false); /* another AS has the router */
	entry_put(&log.entry, log.state);
	cache_take(&cache, 4);
	assert_int_equal(cache.set->serial, 4);
	assert_int_equal(cache.set->count, 4);
	assert_int_equal(cache.set->customers, 3); /* A1:A2 is one between two ASs now */
	entry_peering(&log, "A1:A2", true);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 5);
	assert_pairs(cache.set, other, 2);
	entry_node(&log, "A2", 3, true);
	entry_peering(&log, "B1:A2", true);
	entry_put(&log.entry, log.state);
	cache_take(&cache, 6);
	assert_pairs(cache.set, NULL, 0);
	cache_close(&cache);
	log_close(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_lasts_as_long_as_a_peering),
		cmocka_unit_test(fold_is_the_rule),
		cmocka_unit_test(a_change_without_effect_publishes_nothing),
		cmocka_unit_test(there_and_back_under_one_head_has_a_serial),
		cmocka_unit_test(what_is_beyond_the_head_waits),
		cmocka_unit_test(an_empty_log_is_an_empty_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
