/* SPDX-License-Identifier: MIT */
/*
 * test_conf_keys.c -- every key: the range of numbers, what may be empty, and what must
 * fit together.
 */
#include "conf_file.h"

#include <inttypes.h>

/* The next "key = value" of what al_conf_print() writes, with its section. */
static bool next_key(struct al_slice *rest, struct al_slice *section, struct al_slice *key, struct al_slice *value)
{
	struct al_slice line;

	while (al_slice_line(rest, &line)) {
		if (al_slice_starts(line, "["))
			*section = al_slice_head(al_slice_from(line, 1), line.len - 2);
		if (line.len == 0 || line.ptr[0] == '[' || line.ptr[0] == '#')
			continue;
		*value = line;
		(void)al_slice_cut(value, '=', key);
		*key = al_slice_trim(*key);
		*value = al_slice_trim(*value);
		return true;
	}
	return false;
}

static bool accepted(struct al_slice section, struct al_slice key, const char *value)
{
	struct al_conf *conf = NULL;
	char text[300];
	bool good;

	snprintf(text, sizeof(text), "[%.*s]\n%.*s = %s\n", AL_FMT(section), AL_FMT(key), value);
	write_conf(text, strlen(text));
	good = al_conf_load(path, &conf, message, sizeof(message)) == AL_OK;
	al_conf_free(conf);
	return good;
}

static bool number_accepted(const char *section, const char *key, uint64_t number)
{
	char value[24];

	snprintf(value, sizeof(value), "%" PRIu64, number);
	return accepted(al_slice_str(section), al_slice_str(key), value);
}

/* As alamo.conf(5) has them; ports are from 0 to 65535. */
static const struct range {
	const char *section, *key;
	uint64_t min, max;
} ranges[] = {
	{ "log", "stale-seconds", 1, 31536000 },
	{ "registry", "stream-connections", 1, 1000000 },
	{ "registry", "stream-per-source", 1, 1000000 },
	{ "registry", "stream-reads", 1, 64 },
	{ "registry", "sign-seconds", 1, 86400 },
	{ "registry", "max-connections", 1, 1000000 },
	{ "registry", "max-per-source", 1, 1000000 },
	{ "registry", "idle-seconds", 1, 86400 },
	{ "registry", "budget-source", 0, 1000000 },
	{ "registry", "budget-network", 0, 1000000 },
	{ "registry", "budget-key", 0, 1000000 },
	{ "registry", "budget-maintainer", 0, 1000000 },
	{ "registry", "queue-share", 1, 10000 },
	{ "registry", "queue-days", 0, 3650 },
	{ "registry", "clock-jump-seconds", 0, 315360000 },
	{ "registry", "min-free-disk", 0, 1000000000 },
	{ "registry", "max-memory", 0, 1000000000 },
	{ "whois", "workers", 0, 256 },
	{ "whois", "max-connections", 1, 1000000 },
	{ "whois", "max-per-source", 1, 1000000 },
	{ "whois", "idle-seconds", 1, 86400 },
	{ "whois", "past-versions", 0, UINT32_MAX },
	{ "dns", "responses-per-second", 0, 1000000 },
	{ "dns", "workers", 0, 256 },
	{ "dns", "signature-days", 2, 365 },
	{ "dns", "zonemd-names", 0, 10000000 },
	{ "dns", "max-connections", 1, 1000000 },
	{ "dns", "max-per-source", 1, 1000000 },
	{ "dns", "idle-seconds", 1, 86400 },
	{ "rpki", "max-connections", 1, 1000000 },
	{ "rpki", "max-per-source", 1, 1000000 },
	{ "rpki", "notify-seconds", 0, 3600 },
	{ "rpki", "rtr-version", 1, 2 },
	{ "rpki", "history", 1, 65536 },
	{ "rpki", "stale-seconds", 1, 31536000 },
	{ "rpki", "refresh", 1, 86400 },
	{ "rpki", "retry", 1, 7200 },
	{ "rpki", "expire", 600, 172800 },
	{ "rpki", "brake-percent", 1, 100 },
	{ "rpki", "brake-seconds", 0, 31536000 },
	{ "rpki", "signed-seconds", 600, 31536000 },
};

static const struct range *range_of(struct al_slice section, struct al_slice key)
{
	static const struct range port = { "", "", 0, 65535 };

	for (size_t i = 0; i < AL_COUNT(ranges); i++)
		if (al_slice_is(section, ranges[i].section) && al_slice_is(key, ranges[i].key))
			return &ranges[i];
	return al_slice_is(key, "port") || al_slice_ends(key, "-port") ? &port : NULL;
}

static void test_every_number_has_its_range(void **state)
{
	char *text = printed(load(""));
	struct al_slice rest = al_slice_str(text), section, key, value;
	uint64_t number;
	size_t seen = 0;

	(void)state;
	while (next_key(&rest, &section, &key, &value)) {
		const struct range *range = range_of(section, key);
		char names[2][40];

		assert_int_equal(range != NULL, al_slice_u64(value, UINT64_MAX, &number) == AL_OK);
		if (range == NULL)
			continue;
		snprintf(names[0], sizeof(names[0]), "%.*s", AL_FMT(section));
		snprintf(names[1], sizeof(names[1]), "%.*s", AL_FMT(key));
		seen += range->section[0] != '\0';
		assert_true(number_accepted(names[0], names[1], range->min));
		assert_true(number_accepted(names[0], names[1], range->max));
		assert_false(number_accepted(names[0], names[1], range->max + 1));
		if (range->min > 0)
			assert_false(number_accepted(names[0], names[1], range->min - 1));
	}
	assert_int_equal(seen, AL_COUNT(ranges));
	free(text);
}

static void test_what_may_be_empty(void **state)
{
	static const char *const empty[] = {
		"registry witnesses",
		"registry publish",
		"registry listen",
		"whois listen",
		"whois rdap-url",
		"whois registry-url",
		"dns listen",
		"dns tsig-keys",
		"dns notify",
		"dns notify-key",
		"dns nsid",
		"dns origin-zone",
		"dns xdp",
		"rpki listen",
		"rpki source",
		"rpki tls-certificate",
		"rpki tls-key",
		"rpki tls-client-ca",
	};
	char *text = printed(load(""));
	struct al_slice rest = al_slice_str(text), section, key, value;
	size_t seen = 0;

	(void)state;
	while (next_key(&rest, &section, &key, &value)) {
		char name[80];
		bool may = false;

		snprintf(name, sizeof(name), "%.*s %.*s", AL_FMT(section), AL_FMT(key));
		for (size_t i = 0; i < AL_COUNT(empty); i++)
			may = may || strcmp(name, empty[i]) == 0;
		seen += may;
		assert_int_equal(accepted(section, key, ""), may);
	}
	assert_int_equal(seen, AL_COUNT(empty));
	free(text);
}

static void test_yes_and_no(void **state)
{
	struct al_conf *conf = load("");

	(void)state;
	assert_true(al_conf_bool(conf, "whois", "history"));
	al_conf_free(conf);
	conf = load("[whois]\nhistory = yes\n");
	assert_true(al_conf_bool(conf, "whois", "history"));
	al_conf_free(conf);
	conf = load("[whois]\nhistory = no\n");
	assert_false(al_conf_bool(conf, "whois", "history"));
	al_conf_free(conf);
	assert_refused("[whois]\nhistory = on\n", ":2: history: \"on\" is neither yes nor no");
}

/* RFC 8210 section 6: a router asks again before what it has expires. */
static void test_expire_is_the_longest(void **state)
{
	static const char why[] = ": [rpki] expire must be longer than refresh and retry";

	(void)state;
	al_conf_free(load("[rpki]\nexpire = 601\nrefresh = 600\nretry = 600\n"));
	assert_refused("[rpki]\nexpire = 601\nrefresh = 601\n", why);
	assert_refused("[rpki]\nexpire = 601\nretry = 601\n", why);
	assert_refused("[rpki]\nexpire = 601\nrefresh = 602\nretry = 30\n", why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_number_has_its_range),
		cmocka_unit_test(test_what_may_be_empty),
		cmocka_unit_test(test_yes_and_no),
		cmocka_unit_test(test_expire_is_the_longest),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
