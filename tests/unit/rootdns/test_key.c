/* SPDX-License-Identifier: MIT */
/*
 * test_key.c -- keys survive in their files, in the form and with the modes
 * that other tools expect; the trust anchor is the root's.
 */
#include "folder.h"

#include "anchors.h"

#include <stdio.h>

#include "../said.h"

static void mode_expect(const char *dir, const char *name, mode_t mode)
{
	struct stat st;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

static void keys_are_kept(void **state)
{
	struct zone_keys first, second;
	struct dname apex;
	char dir[256], name[64];

	(void)snprintf(dir, sizeof(dir), "%s/keys/dns", (const char *)*state);
	assert_int_equal(dname_of_text(AL_S("alamo"), &apex), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &first), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &second), AL_OK);
	assert_memory_equal(zone_keys_active(&first, true)->rdata, zone_keys_active(&second, true)->rdata,
			    DNSKEY_RDATA_LEN);
	assert_memory_equal(zone_keys_active(&first, false)->rdata, zone_keys_active(&second, false)->rdata,
			    DNSKEY_RDATA_LEN);
	assert_memory_not_equal(zone_keys_active(&first, true)->rdata + 4, zone_keys_active(&first, false)->rdata + 4,
				DNSKEY_RDATA_LEN - 4);
	assert_int_equal(al_get_u16(zone_keys_active(&first, true)->rdata), KEY_FLAGS_KSK);
	assert_int_equal(al_get_u16(zone_keys_active(&first, false)->rdata), KEY_FLAGS_ZSK);
	(void)snprintf(name, sizeof(name), "Kalamo.+013+%05u.private", zone_keys_active(&first, true)->tag);
	mode_expect(dir, name, 0400);
	(void)snprintf(name, sizeof(name), "Kalamo.+013+%05u.key", zone_keys_active(&first, false)->tag);
	mode_expect(dir, name, 0444);
	zone_keys_release(&first);
	zone_keys_release(&second);
}

/* Tags below 10000 have zeros in front in a file's name: such keys are found again like others. */
static void every_tag_is_found_again(void **state)
{
	struct zone_keys keys;
	struct dname apex;
	char dir[256], name[32];

	for (unsigned i = 0; i < 60; i++) {
		struct zone_keys again;

		(void)snprintf(dir, sizeof(dir), "%s/tags", (const char *)*state);
		(void)snprintf(name, sizeof(name), "z%u", i);
		assert_int_equal(dname_of_text(al_slice_str(name), &apex), AL_OK);
		assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_OK);
		assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &again), AL_OK);
		assert_int_equal(again.count, 2);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(again.all[k].tag, keys.all[k].tag);
		zone_keys_release(&keys);
		zone_keys_release(&again);
	}
}

/* A pair whose halves do not fit must stop the start, not make the zone bogus. */
static void a_wrong_pair_is_refused(void **state)
{
	struct zone_keys keys;
	struct dname apex;
	char dir[256], from[384], to[384];

	(void)snprintf(dir, sizeof(dir), "%s/wrong", (const char *)*state);
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_OK);
	(void)snprintf(from, sizeof(from), "%s/Kfish.+013+%05u.private", dir, zone_keys_active(&keys, true)->tag);
	(void)snprintf(to, sizeof(to), "%s/Kfish.+013+%05u.private", dir, zone_keys_active(&keys, false)->tag);
	assert_int_equal(rename(from, to), 0);
	zone_keys_release(&keys);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_EVERIFY);
}

static void write_line(const char *path, const char *line)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(line, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The public half is one line, and a DNSKEY of our algorithm's length; other records are no keys. */
static void only_a_dnskey_is_a_key(void **state)
{
	static const char *const lines[] = { "", "fish. 3600 IN A 192.0.2.1\n", "fish. 3600 IN DNSKEY 256 3 13 AAAA\n",
					     "nonsense\n" };
	struct zone_keys keys;
	struct dname apex;
	char dir[256], path[384], line[512] = "";
	FILE *file;

	(void)snprintf(dir, sizeof(dir), "%s/other", (const char *)*state);
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_OK);
	(void)snprintf(path, sizeof(path), "%s/Kfish.+013+%05u.key", dir, zone_keys_active(&keys, false)->tag);
	zone_keys_release(&keys);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line + strlen(line) - 2, "=\n");
	assert_int_equal(fgetc(file), EOF);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < AL_COUNT(lines); i++) {
		assert_int_equal(unlink(path), 0);
		write_line(path, lines[i]);
		assert_int_not_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_OK);
	}
	assert_int_equal(unlink(path), 0);
	write_line(path, line);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_OK);
	zone_keys_release(&keys);
}

/* Keys of a moment have no file, and have signed from its beginning. */
static void keys_without_a_folder(void **state)
{
	struct zone_keys keys;
	struct dname apex;

	(void)state;
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	assert_int_equal(zone_keys_make(&apex, &keys), AL_OK);
	for (size_t i = 0; i < keys.count; i++)
		assert_int_equal(keys.all[i].time.since, 0);
	zone_keys_release(&keys);
}

static ldns_rr *anchor_read(const char *dir, const char *name)
{
	ldns_rr *rr = NULL;
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(ldns_rr_new_frm_fp(&rr, file, NULL, NULL, NULL), LDNS_STATUS_OK);
	(void)fclose(file);
	return rr;
}

static void trust_anchor_fits_the_key(void **state)
{
	struct dname apex = { .len = 1, .b = { 0 } };
	const char *dir = *state;
	ldns_rr *key, *ds, *made;
	struct zone_keys keys;

	assert_int_equal(zone_keys_make(&apex, &keys), AL_OK);
	assert_int_equal(anchors_write(&keys, &apex, dir), AL_OK);
	key = anchor_read(dir, "trust-anchor.key");
	ds = anchor_read(dir, "trust-anchor.ds");
	made = ldns_key_rr2ds(key, LDNS_SHA256);
	assert_int_equal(ldns_rr_compare(made, ds), 0);
	assert_int_equal(ldns_calc_keytag(key), zone_keys_active(&keys, true)->tag);
	ldns_rr_free(key);
	ldns_rr_free(ds);
	ldns_rr_free(made);
	zone_keys_release(&keys);
}

/* Where a key stands is what the file says, not what this start would make of it. */
static void states_are_kept(void **state)
{
	struct zone_keys keys;
	struct dname apex;
	char dir[256], path[384], lines[128];

	(void)snprintf(dir, sizeof(dir), "%s/states", (const char *)*state);
	(void)snprintf(path, sizeof(path), "%s/Kfish.+states", dir);
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_OK);
	/* One of the two is from before, and a third was taken away. */
	(void)snprintf(lines, sizeof(lines), "256 %u active %u\n257 %u active %u\n257 %u retired 5\n",
		       zone_keys_active(&keys, false)->tag, FIXTURE_NOW - 100, zone_keys_active(&keys, true)->tag,
		       FIXTURE_NOW, (zone_keys_active(&keys, true)->tag + 1) % 65536);
	zone_keys_release(&keys);
	assert_int_equal(unlink(path), 0);
	write_line(path, lines);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW + 1000, &keys), AL_OK);
	assert_int_equal(keys.count, 2);
	assert_int_equal(zone_keys_active(&keys, false)->time.since, FIXTURE_NOW - 100);
	assert_int_equal(zone_keys_active(&keys, true)->time.since, FIXTURE_NOW);
	zone_keys_release(&keys);
}

static void what_is_no_state_is_named(void **state)
{
	static const char *const lines[] = {
		"",
		"257 1 active",
		"257 1 active 1 1",
		"257 1 asleep 1",
		"257 1 1 1",
		"x 1 active 1",
		"65536 1 active 1",
		"257 65536 active 1",
		"257 x active 1",
		"257 1 active x",
	};
	struct zone_keys keys;
	struct dname apex;
	char dir[256], path[384], text[128];

	(void)snprintf(dir, sizeof(dir), "%s/nostates", (const char *)*state);
	(void)snprintf(path, sizeof(path), "%s/Kfish.+states", dir);
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_OK);
	zone_keys_release(&keys);
	for (size_t i = 0; i < AL_COUNT(lines); i++) {
		struct said said;
		enum al_err err;

		assert_int_equal(unlink(path), 0);
		(void)snprintf(text, sizeof(text), "257 1 active 1\n%s\n257 1 active 1\n", lines[i]);
		write_line(path, text);
		said_begin(&said);
		err = zone_keys_load(dir, &apex, FIXTURE_NOW, &keys);
		assert_non_null(strstr(said_end(&said), "/Kfish.+states line=2 why="));
		assert_int_equal(err, AL_EINVAL);
	}
}

static void fish_load(const char *dir, struct zone_keys *keys)
{
	struct dname apex;

	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, keys), AL_OK);
}

/* Other files of the folder, however like a key's their names are. */
static void other_files_are_no_keys(void **state)
{
	static const char *const names[] = { "Kfish.+013+0001.private",        "Kfish.+013+000011.private",
					     "Kfish.+013+0001x.private",       "Kfish.+013+x0001.private",
					     "Kfish.+008+00001.private",       "Kfishes.+013+00001.private",
					     "Kfish.+013+00001.privates",      "Kfish.+013+00001.private.old",
					     "Kfish.+013+00001/private",       "kfish.+013+00001.private",
					     "Ksmall.fish.+013+00001.private", "Kfish.+013+00001.Private" };
	struct zone_keys keys;
	char dir[256], path[384];

	(void)snprintf(dir, sizeof(dir), "%s/others", (const char *)*state);
	fish_load(dir, &keys);
	zone_keys_release(&keys);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (strchr(names[i], '/') == NULL)
			write_line(path, "no key\n");
		fish_load(dir, &keys);
		assert_int_equal(keys.count, 2);
		zone_keys_release(&keys);
	}
}

/* What is made, and which file cannot be used and why. */
static void keys_are_spoken_of(void **state)
{
	struct zone_keys keys;
	struct dname apex;
	struct said said;
	char dir[256], path[384], moved[384], line[512];
	unsigned tags[2];
	enum al_err err;

	(void)snprintf(dir, sizeof(dir), "%s/spoken", (const char *)*state);
	said_begin(&said);
	fish_load(dir, &keys);
	(void)said_end(&said);
	for (unsigned set = 0; set < 2; set++) {
		tags[set] = zone_keys_active(&keys, set == 1)->tag;
		(void)snprintf(line, sizeof(line), "event=key-made zone=fish. flags=%u tag=%u\n", 256 + set, tags[set]);
		assert_non_null(strstr(said.text, line));
	}
	zone_keys_release(&keys);
	said_begin(&said);
	fish_load(dir, &keys);
	assert_string_equal(said_end(&said), "");
	zone_keys_release(&keys);
	/* One half is not there. */
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	(void)snprintf(path, sizeof(path), "%s/Kfish.+013+%05u.key", dir, tags[0]);
	(void)snprintf(moved, sizeof(moved), "%s/elsewhere", dir);
	assert_int_equal(rename(path, moved), 0);
	said_begin(&said);
	err = zone_keys_load(dir, &apex, FIXTURE_NOW, &keys);
	(void)said_end(&said);
	assert_int_equal(err, AL_ESYS);
	(void)snprintf(line, sizeof(line), "event=key-file call=open path=%s errno=2\n", path);
	assert_non_null(strstr(said.text, line));
	(void)snprintf(line, sizeof(line), "event=key-unusable key=Kfish.+013+%05u err=", tags[0]);
	assert_non_null(strstr(said.text, line));
	assert_int_equal(rename(moved, path), 0);
}

/* The secret half is something else: that is said, and ends the start in order. */
static void only_a_secret_key_is_one(void **state)
{
	static const char *const texts[] = {
		"",
		"nonsense\n",
		"Private-key-format: v1.2\n",
		"Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\n",
		"Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: AAAA\n",
		"Private-key-format: v1.2\nAlgorithm: 15 (ED25519)\n"
		"PrivateKey: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	};
	struct zone_keys keys;
	struct dname apex;
	char dir[256], path[384], line[512];
	unsigned tag;

	(void)snprintf(dir, sizeof(dir), "%s/secret", (const char *)*state);
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	fish_load(dir, &keys);
	tag = zone_keys_active(&keys, true)->tag;
	zone_keys_release(&keys);
	(void)snprintf(path, sizeof(path), "%s/Kfish.+013+%05u.private", dir, tag);
	(void)snprintf(line, sizeof(line), "event=key-unusable key=Kfish.+013+%05u err=", tag);
	for (size_t i = 0; i < AL_COUNT(texts); i++) {
		struct said said;
		enum al_err err;

		assert_int_equal(unlink(path), 0);
		write_line(path, texts[i]);
		said_begin(&said);
		err = zone_keys_load(dir, &apex, FIXTURE_NOW, &keys);
		(void)said_end(&said);
		assert_int_not_equal(err, AL_OK);
		assert_non_null(strstr(said.text, line));
	}
}

/* Sixteen are a zone's keys at most. */
static void so_many_keys(void **state)
{
	struct zone_keys keys;
	struct dname apex;
	struct said said;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/many", (const char *)*state);
	assert_int_equal(dname_of_text(AL_S("fish"), &apex), AL_OK);
	fish_load(dir, &keys);
	for (size_t count = keys.count; count < ZONE_KEYS_MAX; count++) {
		zone_keys_release(&keys);
		assert_int_equal(zone_keys_add(dir, &apex, count % 2 == 0), AL_OK);
		fish_load(dir, &keys);
		assert_int_equal(keys.count, count + 1);
		for (size_t i = 0; i < count; i++)
			assert_true(keys.all[i].tag < keys.all[i + 1].tag);
	}
	zone_keys_release(&keys);
	assert_int_equal(zone_keys_add(dir, &apex, true), AL_OK);
	said_begin(&said);
	assert_int_equal(zone_keys_load(dir, &apex, FIXTURE_NOW, &keys), AL_ELIMIT);
	assert_non_null(strstr(said_end(&said), "event=keys why=\"more than 16\" mend=\"remove the files of keys that "
						"are gone\"\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_kept),
		cmocka_unit_test(every_tag_is_found_again),
		cmocka_unit_test(a_wrong_pair_is_refused),
		cmocka_unit_test(only_a_dnskey_is_a_key),
		cmocka_unit_test(keys_without_a_folder),
		cmocka_unit_test(trust_anchor_fits_the_key),
		cmocka_unit_test(states_are_kept),
		cmocka_unit_test(what_is_no_state_is_named),
		cmocka_unit_test(other_files_are_no_keys),
		cmocka_unit_test(keys_are_spoken_of),
		cmocka_unit_test(so_many_keys),
		cmocka_unit_test(only_a_secret_key_is_one),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
