/*
 * self.c -- see self.h. Once, at start.
 */
#include "self.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "alamo/base/log.h"
#include "kept.h"
#include "tsig.h"

#define COOKIE_FILE "cookie-secret"
#define COOKIE_TEXT_MAX (2 * COOKIE_KEY_LEN + 1)

/* The secret of all servers of one anycast address is the same file (RFC 9018 section 3): 32 hex digits. */
static enum al_err cookie_key_load(const char *keys_dir, uint8_t key[static COOKIE_KEY_LEN])
{
	char hex[COOKIE_TEXT_MAX + 1];
	struct al_slice digits;
	struct al_buf text;
	size_t len = 0;
	enum al_err err = kept_dir(keys_dir);

	if (err != AL_OK)
		return err;
	al_buf_init(&text, COOKIE_TEXT_MAX);
	err = kept_get(keys_dir, COOKIE_FILE, &text);
	digits = al_slice_trim(al_buf_view(&text));
	if (err == AL_ENOTFOUND) {
		randombytes_buf(key, COOKIE_KEY_LEN);
		(void)sodium_bin2hex(hex, sizeof(hex), key, COOKIE_KEY_LEN);
		hex[COOKIE_TEXT_MAX - 1] = '\n';
		err = kept_put(keys_dir, COOKIE_FILE, 0400, hex, COOKIE_TEXT_MAX);
	} else if (err == AL_ELIMIT || (err == AL_OK && (sodium_hex2bin(key, COOKIE_KEY_LEN, digits.ptr, digits.len,
									NULL, &len, NULL) != 0 ||
							 len != COOKIE_KEY_LEN))) {
		al_log(AL_LOG_ERROR, "cookie-secret", "file=%s/" COOKIE_FILE " why=\"not 32 hex digits\"", keys_dir);
		err = AL_EINVAL;
	}
	al_buf_release(&text);
	return err;
}

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

enum al_err self_new(const struct al_conf *conf, const char *keys_dir, struct dns_self **out)
{
	struct dns_self *self = calloc(1, sizeof(*self));
	enum al_err err;

	if (self == NULL)
		return AL_ENOMEM;
	self->cookies = true;
	self->keepalive = (uint16_t)(al_conf_u64(conf, "dns", "idle-seconds") * 10 > UINT16_MAX
					     ? UINT16_MAX
					     : al_conf_u64(conf, "dns", "idle-seconds") * 10);
	nsid_set(al_conf_str(conf, "dns", "nsid"), self);
	err = cookie_key_load(keys_dir, self->cookie_key);
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
