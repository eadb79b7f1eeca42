/* SPDX-License-Identifier: MIT */
/*
 * test_self.c -- what a server is beside its zones, as the configuration says
 * it: its name, the secret of its cookies, keys, and who may take zones.
 */
#include "folder.h"

#include <sodium.h>

#include "access.h"
#include "self.h"
#include "tsig.h"

#define FILLER "0123456789012345678901234567890123456789012345678901234567890123" /* 64 */

static void file_write(const char *dir, const char *name, const char *text)
{
	char path[96];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* `lines` of [dns], with the secret in DIR/keys. */
static enum al_err made(const char *dir, const char *lines, struct dns_self **out)
{
	char path[96], keys[96], text[512], why[256];
	struct al_conf *conf;
	enum al_err err;

	(void)snprintf(text, sizeof(text), "[dns]\n%s", lines);
	(void)snprintf(path, sizeof(path), "%s/alamo.conf", dir);
	(void)snprintf(keys, sizeof(keys), "%s/keys", dir);
	file_write(dir, "alamo.conf", text);
	assert_int_equal(al_conf_load(path, &conf, why, sizeof(why)), AL_OK);
	*out = NULL;
	err = self_new(conf, keys, out);
	al_conf_free(conf);
	assert_int_equal(*out != NULL, err == AL_OK);
	return err;
}

/* RFC 5001: what the configuration says, else the host's name; no more than there is room for. */
static void it_has_a_name(void **state)
{
	char host[128] = "";
	struct dns_self *self;

	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	assert_int_equal(made(*state, "", &self), AL_OK);
	assert_int_equal(self->nsid_len, strnlen(host, NSID_MAX));
	assert_memory_equal(self->nsid, host, self->nsid_len);
	self_free(self);
	assert_int_equal(made(*state, "nsid = ns1.vie\n", &self), AL_OK);
	assert_int_equal(self->nsid_len, 7);
	assert_memory_equal(self->nsid, "ns1.vie", 7);
	self_free(self);
	assert_int_equal(made(*state, "nsid = " FILLER "x\n", &self), AL_OK);
	assert_int_equal(self->nsid_len, NSID_MAX);
	assert_memory_equal(self->nsid, FILLER, NSID_MAX);
	self_free(self);
	self_free(NULL);
}

/* RFC 7828 counts tenths of a second in 16 bits; RFC 9018 wants one secret for all servers of an address. */
static void it_keeps_what_it_says(void **state)
{
	static const struct {
		const char *lines;
		unsigned keepalive;
	} rows[] = { { "", 200 },
		     { "idle-seconds = 1\n", 10 },
		     { "idle-seconds = 6553\n", 65530 },
		     { "idle-seconds = 6554\n", 65535 },
		     { "idle-seconds = 86400\n", 65535 } };
	uint8_t secret[COOKIE_KEY_LEN] = { 0 };
	struct dns_self *self;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(made(*state, rows[i].lines, &self), AL_OK);
		assert_int_equal(self->keepalive, rows[i].keepalive);
		assert_true(self->cookies);
		if (i > 0)
			assert_memory_equal(self->cookie_key, secret, sizeof(secret));
		memcpy(secret, self->cookie_key, sizeof(secret));
		assert_null(self->keys);
		self_free(self);
	}
}

static void keys_and_lists(void **state)
{
	const struct client client = { .addr_len = 4, .addr = { 10, 1, 2, 3 } };
	struct dns_self *self;
	struct dname name;

	file_write(*state, "tsig", "hmac-sha256:k:MTIzNDU2Nzg5MGFiY2RlZg==\n");
	file_write(*state, "torn", "hmac-sha256:k\n");
	assert_int_equal(dname_of_text(AL_S("k"), &name), AL_OK);
	assert_int_equal(made(*state, "", &self), AL_OK);
	assert_true(access_allows(self->transfer, &client, NULL));
	self_free(self);
	assert_int_equal(made(*state, "tsig-keys = tsig\nallow-transfer = key:k\n", &self), AL_OK);
	assert_non_null(tsig_key_find(self->keys, &name));
	assert_false(access_allows(self->transfer, &client, NULL));
	self_free(self);
	assert_int_equal(made(*state, "allow-transfer = key:k\n", &self), AL_EINVAL);
	assert_int_equal(made(*state, "tsig-keys = torn\n", &self), AL_EINVAL);
	assert_int_not_equal(made(*state, "tsig-keys = missing\n", &self), AL_OK);
}

/* A secret that is damaged is not replaced: other servers have it too. */
static void a_damaged_secret(void **state)
{
	struct dns_self *self;

	assert_int_equal(made(*state, "", &self), AL_OK);
	self_free(self);
	file_write(*state, "keys/cookie-secret", "not hex\n");
	assert_int_equal(made(*state, "", &self), AL_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_a_name),
		cmocka_unit_test(it_keeps_what_it_says),
		cmocka_unit_test(keys_and_lists),
		cmocka_unit_test(a_damaged_secret),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
