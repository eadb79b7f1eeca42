/* SPDX-License-Identifier: MIT */
/*
 * test_origin_head.c -- the signed head: the published vector, and every lie by its name.
 */
#include "vrps.h"

#include "../read_file.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/witness.h"
#include "origin_head.h"
#include "origin_set.h"
#include "vrp_build.h"

#define NOW 1764000000u

/* Whoever may sign: the log, its route-origin key, and a stranger with the names of both. */
struct world {
	struct al_skey log, roa, other_log, other_roa;
	struct al_buf set;
};

static int setup(void **state)
{
	static struct world world;
	struct vrp items[] = { vrp_of("172.20.0.0/24", 28, 1), vrp_of("fca1:100::/48", 48, 2) };
	struct vrp_set *set;

	assert_int_equal(al_skey_generate(AL_S("x/log"), &world.log), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("x/roa"), &world.roa), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("x/log"), &world.other_log), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("x/roa"), &world.other_roa), AL_OK);
	assert_int_equal(vrp_set_new(items, 2, 26, &set), AL_OK);
	al_buf_init(&world.set, 10000);
	origin_set_write(set, &world.set);
	vrp_set_unref(set);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	al_buf_release(&world->set);
	return 0;
}

/* What a head is made of; an attack changes some of it. */
struct recipe {
	const struct al_skey *signer, *key, *key_signer, *checkpoint_signer;
	uint64_t version, not_after, rule, size, changed, generated, expires, checkpoint_size;
	uint8_t root, checkpoint_root;
	const char *log;
	bool other_set;
};

static struct recipe honest(const struct world *world)
{
	return (struct recipe){ .signer = &world->roa,
				.key = &world->roa,
				.key_signer = &world->log,
				.checkpoint_signer = &world->log,
				.version = 2,
				.not_after = NOW + 1000000,
				.rule = VRP_RULE_VERSION,
				.size = 30,
				.changed = 26,
				.generated = NOW - 10,
				.expires = NOW + 86400,
				.checkpoint_size = 30,
				.root = 7,
				.checkpoint_root = 7,
				.log = "x/log" };
}

static void note_of(const struct al_skey *key, struct al_buf *text, struct al_buf *out)
{
	al_buf_reset(out);
	al_note_sign(al_buf_view(text), key, out);
	assert_int_equal(out->err, AL_OK);
	al_buf_release(text);
}

static void head_of(const struct world *world, const struct recipe *recipe, struct origin_head *head)
{
	struct vrp_set *set;
	struct origin_key key = { .version = recipe->version, .not_after = recipe->not_after, .key = recipe->key->pub };
	struct al_checkpoint cp = { .size = recipe->checkpoint_size };
	struct al_buf text;

	origin_head_init(head);
	assert_int_equal(origin_set_read(al_buf_view(&world->set), recipe->changed, &set), AL_OK);
	strcpy(head->origin, recipe->signer->pub.name);
	strcpy(head->log, recipe->log);
	strcpy(key.log, recipe->log);
	head->cp.size = recipe->size;
	memset(head->cp.root.b, recipe->root, sizeof(head->cp.root.b));
	memset(cp.root.b, recipe->checkpoint_root, sizeof(cp.root.b));
	head->generated = recipe->generated;
	head->expires = recipe->expires;
	origin_head_describe(head, set, al_buf_view(&world->set));
	head->rule = recipe->rule;
	head->digest.b[0] ^= recipe->other_set ? 1 : 0;
	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(recipe->checkpoint_signer->pub.name), &cp, &text);
	note_of(recipe->checkpoint_signer, &text, &head->checkpoint);
	al_buf_init(&text, AL_NOTE_MAX);
	origin_key_format(&key, &text);
	note_of(recipe->key_signer, &text, &head->key);
	vrp_set_unref(set);
}

static enum origin_fault judge(const struct world *world, const struct recipe *recipe, const struct origin_pin *pin)
{
	struct origin_head head, out;
	struct al_buf text, note;
	enum origin_fault fault;

	head_of(world, recipe, &head);
	origin_head_init(&out);
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	origin_head_format(&head, &text);
	note_of(recipe->signer, &text, &note);
	fault = origin_head_open(al_buf_view(&note), pin, &out, NULL);
	al_buf_release(&note);
	origin_head_release(&head);
	origin_head_release(&out);
	return fault;
}

#define assert_fault(fault, want) assert_string_equal(origin_fault_name(fault), origin_fault_name(want))

static void honest_head(void **state)
{
	const struct world *world = *state;
	struct origin_pin pin = { .log = &world->log.pub, .now = NOW };
	struct recipe recipe = honest(world);
	struct origin_head last;

	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	/* The same again, a later one without a change, and one with. */
	head_of(world, &recipe, &last);
	pin.last = &last;
	pin.key_version = 2;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	recipe.generated++;
	recipe.size = recipe.checkpoint_size = 31;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	recipe.changed = 31;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	/* Without a clock nothing is too old. */
	pin.now = 0;
	recipe.expires = 1;
	recipe.not_after = 1;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	origin_head_release(&last);
}

static void lies_without_a_past(void **state)
{
	const struct world *world = *state;
	struct origin_pin pin = { .log = &world->log.pub, .now = NOW };
	struct recipe good = honest(world), recipe;

#define LIE(want, ...)                                             \
	do {                                                       \
		recipe = good;                                     \
		__VA_ARGS__;                                       \
		assert_fault(judge(world, &recipe, &pin), (want)); \
	} while (0)
	LIE(ORIGIN_WRONG_KEY, recipe.signer = &world->other_roa);
	LIE(ORIGIN_WRONG_KEY, recipe.signer = recipe.key = &world->other_roa; recipe.key_signer = &world->other_log);
	LIE(ORIGIN_WRONG_KEY, recipe.key_signer = &world->roa);
	LIE(ORIGIN_WRONG_KEY, recipe.signer = &world->log);
	LIE(ORIGIN_WRONG_KEY, recipe.log = "y/log");
	LIE(ORIGIN_WRONG_LOG, recipe.checkpoint_signer = &world->other_log);
	LIE(ORIGIN_WRONG_LOG, recipe.checkpoint_size = 29);
	LIE(ORIGIN_WRONG_LOG, recipe.checkpoint_root = 8);
	LIE(ORIGIN_KEY_EXPIRED, recipe.not_after = NOW);
	LIE(ORIGIN_OTHER_RULE, recipe.rule = VRP_RULE_VERSION + 1);
	LIE(ORIGIN_FUTURE, recipe.generated = NOW + ORIGIN_FUTURE_S + 1);
	LIE(ORIGIN_FROZEN, recipe.expires = NOW);
	LIE(ORIGIN_MALFORMED, recipe.changed = 31);
	pin.key_version = 3;
	LIE(ORIGIN_KEY_REVOKED, (void)0);
}

static void lies_about_the_past(void **state)
{
	const struct world *world = *state;
	struct recipe good = honest(world), recipe;
	struct origin_pin pin = { .log = &world->log.pub, .now = NOW };
	struct origin_head last;

	head_of(world, &good, &last);
	pin.last = &last;
	LIE(ORIGIN_ROLLED_BACK, recipe.size = recipe.checkpoint_size = 29);
	LIE(ORIGIN_ROLLED_BACK, recipe.changed = 25);
	LIE(ORIGIN_ROLLED_BACK, recipe.generated--);
	LIE(ORIGIN_EQUIVOCATION, recipe.root = recipe.checkpoint_root = 8);
	LIE(ORIGIN_EQUIVOCATION, recipe.other_set = true);
	LIE(ORIGIN_EQUIVOCATION, recipe.size = recipe.checkpoint_size = 40; recipe.other_set = true);
	LIE(ORIGIN_EQUIVOCATION, recipe.size = recipe.checkpoint_size = 40; recipe.changed = 28);
	LIE(ORIGIN_SOUND, recipe.size = recipe.checkpoint_size = 40; recipe.changed = 31; recipe.other_set = true);
	origin_head_release(&last);
}

static void witnesses(void **state)
{
	const struct world *world = *state;
	struct recipe recipe = honest(world);
	struct origin_pin pin = { .log = &world->log.pub, .now = NOW };
	struct al_policy *policy;
	struct al_skey witness;
	struct al_buf text;
	char message[128];

	assert_int_equal(al_witness_skey_generate(AL_S("w.example"), &witness), AL_OK);
	al_buf_init(&text, 1000);
	al_buf_str(&text, "witness w ");
	al_witness_vkey_format(&witness.pub, &text);
	al_buf_str(&text, "\nquorum w\n");
	assert_int_equal(al_policy_parse(al_buf_view(&text), &policy, message, sizeof(message)), AL_OK);
	pin.witnesses = policy;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_UNWITNESSED);
	al_policy_free(policy);
	al_buf_release(&text);
}

/* One changed byte anywhere in a note is noticed, and so is every cut. */
static void every_byte_counts(void **state)
{
	struct al_buf pub, note, changed;
	struct origin_head head;
	struct al_vkey log;
	struct origin_pin pin = { .log = &log, .now = 1795867200 };
	size_t i;

	(void)state;
	al_buf_init(&pub, 1000);
	al_buf_init(&note, 10000);
	al_buf_init(&changed, 10000);
	assert_true(read_file("vectors/roa/log.pub", &pub) && read_file("vectors/roa/head", &note));
	assert_int_equal(al_vkey_parse(al_slice_trim(al_buf_view(&pub)), &log), AL_OK);
	for (i = 0; i <= 2 * note.len; i++) {
		origin_head_init(&head);
		al_buf_reset(&changed);
		al_buf_slice(&changed,
			     i < note.len ? al_buf_view(&note) : al_slice_head(al_buf_view(&note), i - note.len));
		if (i < note.len)
			changed.ptr[i] ^= 0x01;
		assert_true((origin_head_open(al_buf_view(&changed), &pin, &head, NULL) == ORIGIN_SOUND) ==
			    (i == 2 * note.len));
		origin_head_release(&head);
	}
	al_buf_release(&pub);
	al_buf_release(&note);
	al_buf_release(&changed);
}

static void vector(void **state)
{
	struct al_buf pub, note, set, again;
	struct origin_head head;
	struct vrp_set *records;
	struct al_vkey log;
	struct origin_pin pin = { .log = &log, .now = 1795867200 }; /* 2026-11-28T12:00:00Z */
	uint64_t version;

	(void)state;
	origin_head_init(&head);
	al_buf_init(&pub, 1000);
	al_buf_init(&note, 10000);
	al_buf_init(&set, 10000);
	al_buf_init(&again, 10000);
	assert_true(read_file("vectors/roa/log.pub", &pub) && read_file("vectors/roa/head", &note) &&
		    read_file("vectors/roa/set", &set));
	assert_int_equal(al_vkey_parse(al_slice_trim(al_buf_view(&pub)), &log), AL_OK);
	assert_fault(origin_head_open(al_buf_view(&note), &pin, &head, &version), ORIGIN_SOUND);
	assert_int_equal(version, 1);
	assert_int_equal(head.changed, 26);
	assert_fault(origin_head_match(&head, al_buf_view(&set)), ORIGIN_SOUND);
	assert_int_equal(origin_set_read(al_buf_view(&set), head.changed, &records), AL_OK);
	assert_int_equal(records->count4, head.vrps4);
	assert_int_equal(records->vrps - records->count4, head.vrps6);
	assert_int_equal(records->customers, head.aspas);
	origin_set_write(records, &again);
	assert_true(al_slice_eq(al_buf_view(&again), al_buf_view(&set)));
	assert_fault(origin_head_match(&head, al_slice_head(al_buf_view(&set), set.len - 1)), ORIGIN_TRUNCATED);
	set.ptr[set.len - 2] ^= 1;
	assert_fault(origin_head_match(&head, al_buf_view(&set)), ORIGIN_MISMATCHED);
	vrp_set_unref(records);
	origin_head_release(&head);
	al_buf_release(&pub);
	al_buf_release(&note);
	al_buf_release(&set);
	al_buf_release(&again);
}

/* A log with another key: what was believed before stays so for who kept it, and is told to nobody anew. */
static void an_earlier_key_of_the_log(void **state)
{
	const struct world *world = *state;
	static struct al_keys keys;
	struct al_vkey log = world->other_log.pub;
	struct origin_pin pin = { .log = &log, .now = NOW };
	struct recipe recipe = honest(world);

	keys.log_count = 2;
	keys.log[0] = (struct al_keys_log){ .key = world->log.pub, .closed = true, .until = { .size = 30 } };
	memset(keys.log[0].until.root.b, 7, sizeof(keys.log[0].until.root.b));
	keys.log[1] = (struct al_keys_log){ .key = world->other_log.pub, .from = 30 };
	log.past = &keys;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_WRONG_KEY);
	pin.kept = true;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	recipe.size = recipe.checkpoint_size = 31;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_WRONG_KEY);
	recipe.key_signer = recipe.checkpoint_signer = &world->other_log;
	pin.kept = false;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	/* The new key's word, and a tree of the old one's time. */
	recipe = honest(world);
	recipe.key_signer = &world->other_log;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_SOUND);
	recipe.checkpoint_signer = &world->other_log;
	assert_fault(judge(world, &recipe, &pin), ORIGIN_WRONG_LOG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_earlier_key_of_the_log),
		cmocka_unit_test(honest_head),
		cmocka_unit_test(lies_without_a_past),
		cmocka_unit_test(lies_about_the_past),
		cmocka_unit_test(witnesses),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(vector),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
