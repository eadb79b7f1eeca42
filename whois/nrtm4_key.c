/* SPDX-License-Identifier: MIT */
/* nrtm4_key.c -- keys in files, read each time that something is signed. */
#include "nrtm4_key.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>

#include "alamo/base/log.h"
#include "alamo/base/save.h"

static enum al_err path_of(const char *folder, const char *name, char out[static PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	return len > 0 && len < PATH_MAX ? AL_OK : AL_ELIMIT;
}

enum al_err nrtm4_key_read(const char *folder, const char *name, struct jws_key **out)
{
	char path[PATH_MAX], text[JWS_PEM_MAX];
	enum al_err err = path_of(folder, name, path);
	FILE *file = err == AL_OK ? fopen(path, "re") : NULL;
	size_t len;

	if (file == NULL)
		return err == AL_OK ? AL_ENOTFOUND : err;
	len = fread(text, 1, sizeof(text), file);
	(void)fclose(file);
	err = jws_key_read(al_slice_of(text, len), out);
	sodium_memzero(text, sizeof(text));
	if (err != AL_OK)
		al_log(AL_LOG_WARN, "nrtm4-key", "path=%s why=\"no private key on P-256 in PEM\"", path);
	return err;
}

enum al_err nrtm4_key_public(const char *folder, const char *name, struct al_buf *pem)
{
	struct jws_key *key = NULL;
	enum al_err err = nrtm4_key_read(folder, name, &key);

	if (err == AL_OK)
		err = jws_key_public(key, pem);
	jws_key_free(key);
	return err;
}

static enum al_err key_make(const char *folder)
{
	struct jws_key *key = NULL;
	char path[PATH_MAX];
	struct al_buf pem;
	enum al_err err = path_of(folder, NRTM4_KEY, path);

	al_buf_init(&pem, JWS_PEM_MAX);
	if (err == AL_OK)
		err = jws_key_make(&key);
	if (err == AL_OK)
		err = jws_key_write(key, &pem);
	if (err == AL_OK)
		err = al_save(path, al_buf_view(&pem), 0600, AL_SAVE_SYNCED);
	if (pem.ptr != NULL)
		sodium_memzero(pem.ptr, pem.len);
	al_buf_release(&pem);
	jws_key_free(key);
	return err;
}

void nrtm4_key_ensure(const char *folder)
{
	struct jws_key *key = NULL;
	enum al_err err = nrtm4_key_read(folder, NRTM4_KEY, &key);

	jws_key_free(key);
	if (err == AL_ENOTFOUND)
		err = key_make(folder);
	if (err != AL_OK && err != AL_EINVAL)
		al_log(AL_LOG_WARN, "nrtm4-key", "folder=%s err=%s why=\"there is none, and none can be made\"", folder,
		       al_err_name(err));
}
