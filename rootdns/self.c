/* SPDX-License-Identifier: MIT */
/*
 * self.c -- see self.h.
 */
#include "self.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "kept.h"
#include "tsig.h"

#define COOKIE_FILE "cookie-secret"

static void nsid_set(const char *text, struct dns_self *self)
{
	char host[NSID_MAX + 1] = "";

	if (*text == '\0' && gethostname(host, sizeof(host) - 1) == 0)
		text = host;
	self->nsid_len = (uint8_t)strnlen(text, NSID_MAX);
	memcpy(self->nsid, text, self->nsid_len);
}

static enum al_err keys_load(const struct al_conf *conf, struct dns_self *self)
{
	const char *file = al_conf_str(conf, "dns", "tsig-keys");
	struct tsig_keys *keys = NULL;
	struct access *transfer = NULL;
	char path[PATH_MAX];
	enum al_err err = AL_OK;

	if (*file != '\0') {
		err = al_conf_path(conf, file, path, sizeof(path));
		if (err == AL_OK)
			err = tsig_keys_load(path, &keys);
	}
	self->keys = keys;
	if (err == AL_OK)
		err = access_new(al_slice_str(al_conf_str(conf, "dns", "allow-transfer")), keys, &transfer);
	self->transfer = transfer;
	return err;
}

static void keepalive_set(const struct al_conf *conf, struct dns_self *self)
{
	uint64_t tenths = al_conf_u64(conf, "dns", "idle-seconds") * 10;

	self->keepalive = (uint16_t)(tenths > UINT16_MAX ? UINT16_MAX : tenths);
}

enum al_err self_reload(struct dns_self *self, const struct al_conf *conf)
{
	struct access *old = (struct access *)(uintptr_t)self->transfer, *transfer = NULL;
	enum al_err err = access_new(al_slice_str(al_conf_str(conf, "dns", "allow-transfer")), self->keys, &transfer);

	if (err != AL_OK)
		return err;
	self->transfer = transfer;
	access_free(old);
	keepalive_set(conf, self);
	return AL_OK;
}

enum al_err self_new(const struct al_conf *conf, const char *keys_dir, struct dns_self **out)
{
	struct dns_self *self = calloc(1, sizeof(*self));
	enum al_err err;

	if (self == NULL)
		return AL_ENOMEM;
	self->cookies = true;
	keepalive_set(conf, self);
	nsid_set(al_conf_str(conf, "dns", "nsid"), self);
	/* The secret of all servers of one anycast address is the same file (RFC 9018 section 3). */
	err = kept_dir(keys_dir);
	if (err == AL_OK)
		err = kept_secret(keys_dir, COOKIE_FILE, self->cookie_key, COOKIE_KEY_LEN);
	if (err == AL_OK)
		err = keys_load(conf, self);
	if (err != AL_OK)
		self_free(self);
	else
		*out = self;
	return err;
}

void self_free(struct dns_self *self)
{
	if (self == NULL)
		return;
	access_free((struct access *)(uintptr_t)self->transfer);
	tsig_keys_free((struct tsig_keys *)(uintptr_t)self->keys);
	sodium_memzero(self, sizeof(*self));
	free(self);
}
